"""Reads of appraisals: what campaigns say of units, and whether their ballots say so too; cadres' results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ledger.api.appraisals import CadreResult, CampaignTally, Evaluation
from ledger.api.context import Context
from ledger.api.paging import Connection, page_of
from ledger.api.reads.moments import seen_proceedings
from ledger.api.scalars import Position
from ledger.api.types import global_id
from ledger.domain.cadres import CadreFact, CadreGradeDecided, CadreResultComputed
from ledger.domain.evaluation import (
    Campaign,
    EvaluationClosed,
    EvaluationOpened,
    EvaluationTallied,
    SurveyResultImported,
    Tallies,
    evaluation_stream,
    retally,
)
from ledger.domain.facts import Event
from ledger.domain.numbers import exact_text
from ledger.domain.plan_rules import EvaluationRules
from ledger.domain.refusals import Refused
from ledger.domain.tallying import counts_in
from ledger.domain.visibility import Visibility
from ledger.results import AsOf as Moment


class _Opened(NamedTuple):
    """A campaign's opening, and its other events in order, none of a ballot or a token among them."""

    event: Event
    fact: EvaluationOpened
    events: list[Event]


def evaluations(
    context: Context, cycle_id: str, at: Moment, *, first: int, after: str | None
) -> Connection[Evaluation]:
    """A page of the campaigns of a cycle, with the tallies of the units whose totals the viewer may see."""
    context.visibility()
    answers = context.service.answers
    versions = answers.cycle(cycle_id, at.position).versions
    rules = versions[-1].plan.evaluation if versions else None
    kinds = (EvaluationOpened, SurveyResultImported, EvaluationClosed, EvaluationTallied)
    found: dict[str, _Opened] = {}
    for event in answers.proceedings(cycle_id, kinds, at=at.position):
        match event.fact:
            case EvaluationOpened() as fact:
                found[fact.campaign_id] = _Opened(event, fact, [])
            case SurveyResultImported() | EvaluationClosed() | EvaluationTallied() as fact:
                found[fact.campaign_id].events.append(event)
            case _:
                pass
    nodes = [_evaluation(context, opened, rules, at) for opened in found.values()]
    return page_of(nodes, first=first, at=at, after=after, place=lambda node: node.position)


def _evaluation(context: Context, opened: _Opened, rules: EvaluationRules | None, at: Moment) -> Evaluation:
    visibility, fact = context.visibility(), opened.fact
    closed = next((e.position for e in opened.events if isinstance(e.fact, EvaluationClosed)), None)
    campaign = None
    if visibility.all_scores:
        stream = evaluation_stream(fact.cycle_id, fact.campaign_id)
        _, campaign = context.service.store.load(stream, at=at.position)
    inspected = campaign if visibility.refusals else None
    return Evaluation(
        id=global_id("Evaluation", opened.event.position),
        position=Position(opened.event.position),
        campaign_id=fact.campaign_id,
        rater_class=fact.rater_class,
        group_id=fact.group_id,
        eligible_count=fact.eligible_count,
        opens_on=fact.opens_on,
        closes_on=fact.closes_on,
        closed_position=Position(closed) if closed is not None else None,
        tallies=list(_tallies(opened, rules, visibility)),
        reproduced=_reproduced(context, campaign, fact.cycle_id, at) if campaign else None,
        ballots=len(inspected.ballots) if inspected else None,
        invalid_ballots=len(inspected.invalidated) if inspected else None,
    )


def _tallies(opened: _Opened, rules: EvaluationRules | None, visibility: Visibility) -> Iterator[CampaignTally]:
    """The latest figure of each unit whose total the viewer may see, by unit."""
    tallies = Tallies()
    for event in opened.events:
        tallies = tallies.evolve(event)
    rater_class = opened.fact.rater_class
    weight = next((each for each in rules.classes if each.rater_class is rater_class), None) if rules else None
    for unit_id in sorted(filter(visibility.sees_total, tallies.by_unit)):
        tally = tallies.of(unit_id)[rater_class]
        counts = rules is not None and weight is not None and counts_in(rules, tally, weight)
        told = tally.mean is not None and (counts or tally.survey or visibility.refusals)
        yield CampaignTally(
            unit_id=unit_id,
            position=Position(tally.position),
            n=tally.n,
            n_valid=tally.n_valid,
            mean=exact_text(tally.mean) if told and tally.mean is not None else None,
            counts=counts,
            trimmed=tally.trimmed,
            survey=tally.survey,
        )


def _reproduced(context: Context, campaign: Campaign, cycle_id: str, at: Moment) -> bool | None:
    """Whether the ballots give the recorded tally under the plan version it names; None without a tally."""
    tallied = campaign.tallied
    if tallied is None:
        return None
    versions = context.service.answers.cycle(cycle_id, at.position).versions
    rules = next((v.plan.evaluation for v in versions if v.plan_version == tallied.plan_version), None)
    if rules is None:
        return False
    try:
        count = retally(campaign, rules)
    except Refused:
        return False
    return count.units == tallied.units and frozenset(count.invalid) == campaign.invalidated


def cadre_results(
    context: Context, cycle_id: str, person_id: str | None, at: Moment, *, first: int, after: str | None
) -> Connection[CadreResult]:
    """A page of the latest results of the cadres whom the viewer may see."""
    latest: dict[str, CadreResult] = {}
    for event in seen_proceedings(context, cycle_id, CadreFact, at=at):
        match event.fact:
            case CadreResultComputed() as fact:
                latest.pop(fact.subject_id, None)
                latest[fact.subject_id] = CadreResult(
                    id=global_id("CadreResult", event.position),
                    position=Position(event.position),
                    subject_id=fact.subject_id,
                    computed=fact,
                    grade=None,
                    graded_position=None,
                )
            case CadreGradeDecided() as fact:
                result = latest[fact.subject_id]
                result.grade, result.graded_position = fact.grade, Position(event.position)
            case _:
                pass
    found = [result for result in latest.values() if person_id in (None, result.subject_id)]
    return page_of(found, first=first, at=at, after=after, place=lambda node: node.position)

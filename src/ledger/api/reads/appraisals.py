"""Reads of appraisals: what campaigns say of units, and whether their ballots say so too; cadres' results."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
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
    evaluation_stream,
    retally,
)
from ledger.domain.facts import Event
from ledger.domain.numbers import exact_text
from ledger.domain.refusals import Refused
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
    answers.cycle(cycle_id, at.position)
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
    nodes = [_evaluation(context, opened, at) for opened in found.values()]
    return page_of(nodes, first=first, at=at, after=after, place=lambda node: node.position)


def _evaluation(context: Context, opened: _Opened, at: Moment) -> Evaluation:
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
        tallies=[tally for tally in _tallies(opened.events) if visibility.sees_total(tally.unit_id)],
        reproduced=_reproduced(context, campaign, fact.cycle_id, at) if campaign else None,
        ballots=len(inspected.ballots) if inspected else None,
        invalid_ballots=len(inspected.invalidated) if inspected else None,
    )


def _tallies(events: list[Event]) -> Iterator[CampaignTally]:
    """The latest figure of each unit, by unit."""
    latest: dict[str, CampaignTally] = {}
    for event in events:
        position = Position(event.position)
        if isinstance(event.fact, SurveyResultImported):
            fact = event.fact
            latest[fact.unit_id] = CampaignTally(
                unit_id=fact.unit_id,
                position=position,
                n=fact.sample,
                n_valid=fact.sample,
                mean=exact_text(Fraction(fact.value)),
                trimmed=False,
                survey=True,
            )
        elif isinstance(event.fact, EvaluationTallied):
            for unit in event.fact.units:
                latest[unit.unit_id] = CampaignTally(
                    unit_id=unit.unit_id,
                    position=position,
                    n=unit.n,
                    n_valid=unit.n_valid,
                    mean=unit.mean,
                    trimmed=unit.trimmed,
                    survey=False,
                )
    return (latest[unit_id] for unit_id in sorted(latest))


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

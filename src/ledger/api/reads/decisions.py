"""Reads of rewards and punishments, and of what the rules still ask for."""

from __future__ import annotations

from datetime import date

from ledger.api.context import Context
from ledger.api.decisions import Decision, DecisionFilter, ObligationFilter
from ledger.api.paging import Connection, page_of
from ledger.domain.cadres import CadreFact
from ledger.domain.decision import DecisionFact
from ledger.domain.facts import Event
from ledger.domain.grading import GradingFact
from ledger.domain.obligations import Duties, Obligation
from ledger.domain.veto import VetoFact
from ledger.results import AsOf as Moment


def decisions(
    context: Context, cycle_id: str, wanted: DecisionFilter, at: Moment, *, first: int, after: str | None
) -> Connection[Decision]:
    """A page of the decisions about units and persons whose results the viewer may see."""
    visibility = context.visibility()
    duties, events = _duties(context, cycle_id, at)
    timelines: dict[int, list[Event]] = {}
    for event in events:
        if isinstance(event.fact, DecisionFact):
            timelines.setdefault(getattr(event.fact, "decision_position", event.position), []).append(event)
    nodes = [
        Decision.of(decision, duties, timelines[decision.position])
        for decision in duties.decisions
        if visibility.sees_result(decision.fact.unit_id, decision.fact.subject_id)
    ]
    fitting = [node for node in nodes if wanted.fits(node)]
    return page_of(fitting, first=first, at=at, after=after, place=lambda node: node.position)


def obligations(
    context: Context,
    cycle_id: str,
    wanted: ObligationFilter,
    at: Moment,
    *,
    on: date,
    first: int,
    after: str | None,
) -> Connection[Obligation]:
    """A page of what there is to do on a day about units, persons and cadres whose results the viewer may see."""
    visibility = context.visibility()
    duties, _ = _duties(context, cycle_id, at)
    due = duties.due(context.service.answers.cycle(cycle_id, at.position).latest.plan, on)
    # Of cadres nothing was folded that the viewer may not see.
    seen = [each for each in due if each.of_cadre or visibility.sees_result(each.unit_id, each.subject_id)]
    return page_of([each for each in seen if wanted.fits(each)], first=first, at=at, after=after)


def _duties(context: Context, cycle_id: str, at: Moment) -> tuple[Duties, list[Event]]:
    """What decisions and obligations follow from: grades of others among it, cadres' only where they may be seen."""
    answers, visibility = context.service.answers, context.visibility()
    answers.cycle(cycle_id, at.position)
    kinds = (GradingFact, VetoFact, DecisionFact, CadreFact)
    known = answers.proceedings(cycle_id, kinds, at=at.position)
    events = [event for event in known if not isinstance(event.fact, CadreFact) or visibility.sees(event)]
    duties = Duties()
    for event in events:
        duties = duties.evolve(event)
    return duties, events

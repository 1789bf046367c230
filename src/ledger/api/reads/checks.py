"""Reads of what was looked at twice: spot checks, gaps between claims and official values, cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from ledger import checking
from ledger.api.checks import Case, CheckedScore, Coverage, Discrepancy, Flag, SpotCheck
from ledger.api.context import Context
from ledger.api.paging import Connection, check_first, page, page_of, place_of
from ledger.api.reads.moments import SCANNED_MAX, seen_proceedings, visible
from ledger.api.scalars import Position
from ledger.api.types import Event, global_id
from ledger.domain import facts, spot_check
from ledger.domain.facts import FACTS
from ledger.domain.inspection_case import CaseFact, FlagRaised, InspectionCaseOpened, case_stream
from ledger.domain.numbers import parse_decimal
from ledger.domain.spot_check import (
    Cell,
    CheckedScoreFact,
    SpotCheckFact,
    SpotCheckRecorded,
    reproduces,
    spot_check_stream,
)
from ledger.results import AsOf as Moment
from ledger.results import EventFilter


def spot_checks(context: Context, cycle_id: str, at: Moment, *, first: int, after: str | None) -> Connection[SpotCheck]:
    """A page of the spot checks, each with the scores that the viewer may see."""
    by_check: dict[str, list[facts.Event]] = {}
    for event in seen_proceedings(context, cycle_id, SpotCheckFact, at=at):
        assert isinstance(event.fact, SpotCheckFact)
        by_check.setdefault(event.fact.check_id, []).append(event)
    nodes = [_spot_check(context, cycle_id, check_id, events, at) for check_id, events in by_check.items()]
    return page_of(nodes, first=first, at=at, after=after, place=lambda node: node.position)


def _spot_check(context: Context, cycle_id: str, check_id: str, events: list[facts.Event], at: Moment) -> SpotCheck:
    state = spot_check_stream(cycle_id, check_id).initial
    for event in events:
        state = state.evolve(event)
    planned = state.planned
    answers = context.service.answers
    frame = checking.frame(answers, planned) if planned else {}
    return SpotCheck(
        id=global_id("SpotCheck", f"{cycle_id}:{check_id}"),
        position=Position(events[0].position),
        check_id=check_id,
        planned_position=Position(events[0].position) if planned else None,
        as_of_position=Position(planned.as_of_position) if planned else None,
        seed=planned.seed if planned else None,
        n=planned.n if planned else None,
        tolerance=planned.tolerance if planned else None,
        sample_reproduces=reproduces(planned, frame) if planned else None,
        coverage=[
            Coverage(**asdict(of_group))
            for of_group in checking.coverage(answers, cycle_id, state, frame, at=at.position)
        ]
        if context.visibility().all_scores
        else [],
        checked=_checked(events, state),
    )


def _checked(events: list[facts.Event], state: spot_check.SpotCheck) -> list[CheckedScore]:
    found = {_cell(each.fact): each for each in state.discrepancies.values()}
    nodes: list[CheckedScore] = []
    for event in events:
        if isinstance(event.fact, SpotCheckRecorded):
            fact, discrepancy = event.fact, found.get(_cell(event.fact))
            nodes.append(
                CheckedScore(
                    position=Position(event.position),
                    unit_id=fact.unit_id,
                    indicator_id=fact.indicator_id,
                    period=fact.period,
                    official_position=Position(fact.official_position),
                    observed=fact.observed,
                    drawn=fact.drawn,
                    gap=discrepancy.fact.gap if discrepancy else None,
                    outcome=discrepancy.outcome if discrepancy else None,
                )
            )
    return nodes


def _cell(fact: CheckedScoreFact) -> Cell:
    return fact.unit_id, fact.indicator_id, fact.period


def discrepancies(
    context: Context, cycle_id: str, gap_min: object, at: Moment, *, first: int, after: str | None
) -> Connection[Discrepancy]:
    """A page of the scores that the viewer may see whose unit claimed another value than the official one."""
    check_first(first)
    answers, visibility = context.service.answers, context.visibility()
    answers.cycle(cycle_id, at.position)
    least = parse_decimal(gap_min, path="min_gap") if gap_min is not None else Decimal(0)

    def fetch(place: int | None, limit: int) -> list[dict[str, Any]]:
        return answers.read(
            "score_value",
            "by_gap",
            cycle_id=cycle_id,
            gap_min=least,
            as_of=at.position,
            after=place,
            before=None,
            limit=limit,
        )

    found, more = visible(
        fetch,
        lambda row: visibility.sees_score(row["unit_id"], row["indicator_id"]),
        lambda row: row["from_position"],
        first=first,
        after=place_of(after),
    )
    nodes = [Discrepancy.of(row) for row in found]
    return page(nodes, lambda node: node.official_position, first=first, at=at, after=after, more=more)


def cases(context: Context, cycle_id: str | None, at: Moment, *, first: int, after: str | None) -> Connection[Case]:
    """A page of the inspection cases with their flags; to anybody but an inspector there are none."""
    check_first(first)
    visibility = context.visibility()
    if not visibility.refusals:
        return page_of([], first=first, at=at, after=after)
    by_case: dict[str, list[facts.Event]] = {}
    for event in _case_events(context, at):
        assert isinstance(event.fact, CaseFact)
        by_case.setdefault(event.fact.case_id, []).append(event)
    nodes = [_case(case_id, of_case) for case_id, of_case in by_case.items()]
    wanted = [node for node in nodes if cycle_id in (None, node.cycle_id)]
    return page_of(wanted, first=first, at=at, after=after, place=lambda node: node.position)


def _case_events(context: Context, at: Moment) -> Iterator[facts.Event]:
    """Every event of any case, in order."""
    types = tuple(name for name, kind in FACTS.items() if issubclass(kind, CaseFact))
    after = None
    while True:
        read = context.service.answers.events(EventFilter(types=types), at=at.position, after=after, limit=SCANNED_MAX)
        yield from read
        if len(read) < SCANNED_MAX:
            return
        after = read[-1].position


def _case(case_id: str, events: list[facts.Event]) -> Case:
    state = case_stream(case_id).initial
    for event in events:
        state = state.evolve(event)
    title = next((event.fact.title for event in events if isinstance(event.fact, InspectionCaseOpened)), None)
    return Case(
        id=global_id("Case", case_id),
        position=Position(events[0].position),
        case_id=case_id,
        cycle_id=state.cycle_id,
        title=title,
        opened=state.opened,
        closed=state.closed,
        flags=[
            Flag(
                position=Position(event.position),
                rule_id=event.fact.rule_id,
                severity=event.fact.severity,
                positions=[Position(position) for position in event.fact.positions],
                disposition=state.flags[event.position],
            )
            for event in events
            if isinstance(event.fact, FlagRaised)
        ],
        finding_positions=[Position(position) for position in state.findings],
        timeline=[Event.of(event) for event in events],
    )

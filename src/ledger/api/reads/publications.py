"""Reads of grades and reports: how far a group is, what was published, and whether it comes out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple, TypeVar

from ledger.api.context import Context
from ledger.api.grades import ComputedResults, Grades, GradesIfOpened, GroupGrading
from ledger.api.paging import Connection, check_first, page, place_of
from ledger.api.paging import page_of as page_of_list
from ledger.api.reports import Publication, PublicationFilter
from ledger.api.scalars import Position
from ledger.api.types import global_id, shown
from ledger.domain.facts import Event
from ledger.domain.grading import (
    Computed,
    GradedUnit,
    GradesOpened,
    GradesRevised,
    Grading,
    ResultRow,
)
from ledger.domain.publication import (
    DueReport,
    PublicationFact,
    Publications,
    Report,
    ReportPublished,
    ReportRestated,
    RestatementOpened,
)
from ledger.domain.refusals import UnknownId
from ledger.domain.results import Results
from ledger.domain.score import Basis
from ledger.domain.tables import graded_units, seat_rows
from ledger.domain.visibility import Visibility
from ledger.reproducing import regraded
from ledger.results import AsOf as Moment

Row = TypeVar("Row", ResultRow, GradedUnit)


def grading(context: Context, cycle_id: str, group_id: str, at: Moment) -> GroupGrading:
    """Where a group's grading stands; of units whose total the viewer may not see nothing is said."""
    visibility = context.visibility()
    results = _results(context, cycle_id, group_id, at.position)
    state = results.slice.rulings.grading(group_id)
    history = [_grades(context, visibility, fact, position) for position, fact in _gradings(context, state)]
    return GroupGrading(
        cycle_id=cycle_id,
        group_id=group_id,
        computed=_computed(visibility, state.computed[-1]) if state.computed else None,
        notice=state.notice,
        noticed=_noticed(visibility, state),
        current=history[-1] if history else None,
        history=history,
        ties=[tie for _, tie in state.ties] if visibility.all_scores else [],
        if_opened=_if_opened(visibility, results),
        as_of=shown(at),
    )


def _results(context: Context, cycle_id: str, group_id: str, at: int) -> Results:
    return context.service.answers.results(cycle_id, group_id, basis=Basis.OFFICIAL, at=at)


def _gradings(context: Context, state: Grading) -> list[tuple[int, GradesOpened | GradesRevised]]:
    positions = [grades.position for grades in state.history]
    events = context.service.answers.events_at(positions)
    facts = ((position, events[position].fact) for position in positions)
    return [(position, fact) for position, fact in facts if isinstance(fact, GradesOpened | GradesRevised)]


def _grades(context: Context, visibility: Visibility, fact: GradesOpened | GradesRevised, position: int) -> Grades:
    again = regraded(fact, position, context.service.answers)
    revised = fact if isinstance(fact, GradesRevised) else None
    return Grades(
        position=Position(position),
        results_position=Position(fact.results_position),
        supersedes_position=Position(revised.supersedes_position) if revised else None,
        restatement=revised.restatement if revised else None,
        policy=revised.policy.value if revised else None,
        quotas=list(fact.seats),
        allocation=_seen(visibility, fact.allocation),
        exceptions=_seen(visibility, fact.exceptions),
        changes=[change for change in revised.changes if visibility.sees_total(change.unit_id)] if revised else [],
        warnings=list(again.warnings),
        reproduces=again.matches,
        differences=[difference for difference in again.differences if visibility.sees_total(difference.unit_id)],
        members=list(again.members),
    )


def _noticed(visibility: Visibility, state: Grading) -> ComputedResults | None:
    """What the notice puts up, on the day it starts and for good: who could object then can still read it."""
    notice = state.notice
    computed = next((each for each in state.computed if notice and each.position == notice.results_position), None)
    if notice is None or computed is None:
        return None
    if notice.audience in visibility.audiences:
        visibility = replace(visibility, all_scores=True)
    return _computed(visibility, computed)


def _computed(visibility: Visibility, computed: Computed) -> ComputedResults:
    fact = computed.fact
    return ComputedResults(
        position=Position(computed.position),
        as_of_position=Position(fact.as_of_position),
        plan_version=fact.plan_version,
        engine_version=fact.engine_version,
        table_hash=fact.table_hash,
        missing=[unit_id for unit_id in fact.missing if visibility.sees_total(unit_id)],
        table=_seen(visibility, fact.table),
    )


def _if_opened(visibility: Visibility, results: Results) -> GradesIfOpened | None:
    opening = results.opening
    if opening is None:
        return None
    allocation = opening.allocation
    tie, veto = (
        refusal.message if refusal is not None and visibility.all_scores else None
        for refusal in (opening.tie.refusal if opening.tie is not None else None, opening.unknown_veto)
    )
    return GradesIfOpened(
        quotas=list(seat_rows(allocation)) if allocation is not None else [],
        allocation=_seen(visibility, graded_units(results, allocation)) if allocation is not None else [],
        unresolved_tie=tie,
        warnings=list(allocation.warnings) if allocation is not None else [],
        unknown_veto=veto,
    )


def _seen(visibility: Visibility, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if visibility.sees_total(row.unit_id)]


def page_of(
    context: Context, cycle_id: str, wanted: PublicationFilter, at: Moment, *, first: int, after: str | None
) -> Connection[Publication]:
    """A page of the reports that are for the viewer's eyes, in the order of publication."""
    check_first(first)
    start = place_of(after) or 0
    published = _published(context, cycle_id, at)
    found = [
        _publication(report, published.restatements)
        for report in published.reports
        if report.position > start and _fits(wanted, report)
    ]
    return page(found[: first + 1], lambda node: node.position, first=first, at=at, after=after)


def by_number(context: Context, cycle_id: str, number: str, at: Moment) -> Publication | None:
    """A report by its number, None if there is none for the viewer's eyes."""
    published = _published(context, cycle_id, at)
    reports = (report for report in published.reports if report.fact.number == number)
    report = next(reports, None)
    return _publication(report, published.restatements) if report is not None else None


def by_position(context: Context, position: int, at: Moment) -> Publication | None:
    """A report by the position of its publication, None if there is none for the viewer's eyes."""
    try:
        fact = context.service.answers.event(position).fact
    except UnknownId:
        return None
    if not isinstance(fact, ReportPublished | ReportRestated):
        return None
    return by_number(context, fact.cycle_id, fact.number, at)


def due(
    context: Context, cycle_id: str, at: Moment, *, on: date, first: int, after: str | None
) -> Connection[DueReport]:
    """A page of the reports that were announced and of which none stands, for everybody: so are announcements."""
    _, state = _folded(context, cycle_id, at)
    return page_of_list(state.due(on), first=first, at=at, after=after)


class _Published(NamedTuple):
    """What was published, as far as the viewer may see it."""

    reports: list[Report]
    restatements: dict[str, RestatementOpened]
    """By number; their causes are seen as far as the reports that were restated in them."""


def _published(context: Context, cycle_id: str, at: Moment) -> _Published:
    visibility = context.visibility()
    events, state = _folded(context, cycle_id, at)
    seen = {event.position for event in events if visibility.sees(event)}
    opened = [event.fact for event in events if isinstance(event.fact, RestatementOpened)]
    reports = [report for report in state.reports if report.position in seen]
    return _Published(reports, {fact.number: fact for fact in opened})


def _folded(context: Context, cycle_id: str, at: Moment) -> tuple[list[Event], Publications]:
    answers = context.service.answers
    answers.cycle(cycle_id, at.position)
    events = answers.proceedings(cycle_id, (PublicationFact,), at=at.position)
    state = Publications()
    for event in events:
        state = state.evolve(event)
    return events, state


def _fits(wanted: PublicationFilter, report: Report) -> bool:
    return (
        (wanted.kind is None or report.fact.kind is wanted.kind)
        and (wanted.audience is None or report.fact.audience is wanted.audience)
        and (report.standing or not wanted.standing_only)
    )


def _publication(report: Report, restatements: Mapping[str, RestatementOpened]) -> Publication:
    fact = report.fact
    restated = fact if isinstance(fact, ReportRestated) else None
    restatement = restatements.get(restated.restatement) if restated else None
    return Publication(
        id=global_id("Publication", report.position),
        position=Position(report.position),
        cycle_id=fact.cycle_id,
        number=fact.number,
        kind=fact.kind,
        audience=fact.audience,
        period=fact.period,
        group_ids=list(fact.group_ids),
        unit_ids=list(fact.unit_ids),
        as_of_position=Position(fact.as_of_position),
        plan_version=fact.plan_version,
        engine_version=fact.engine_version,
        content_hash=fact.content_hash,
        rows=list(fact.rows),
        changes=list(fact.changes),
        approved_by=fact.approved_by,
        restatement=restated.restatement if restated else None,
        restatement_cause=restatement.cause if restatement else None,
        restatement_approved_by=restatement.approved_by if restatement else None,
        supersedes_position=Position(restated.supersedes_position) if restated else None,
        superseded_by_position=Position(report.superseded_by) if report.superseded_by else None,
        retracted_by_position=Position(report.retracted_by) if report.retracted_by else None,
        fact=fact,
    )

"""Revision tables: what a report says otherwise than was said before, and what has moved it since.

Each figure is compared with the report that named its unit last. Source: domain.md 2.4
"Publication", 0.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from ledger.domain.publication import Publications, Report, ReportChange, ReportKind, ReportRow
from ledger.domain.recall import EVERY_UNIT, Move, Recall
from ledger.domain.settlement import concerned, participants

Subject = tuple[str, str | None]
"""A unit, or one of its cadres."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a subject before, and the position it followed from."""

    row: ReportRow
    as_of_position: int


def said_in(report: Report) -> dict[Subject, Said]:
    """What one report says."""
    return {(row.unit_id, row.subject_id): Said(row, report.fact.as_of_position) for row in report.fact.rows}


def said_last(
    publications: Publications, kind: ReportKind, period: str | None, group_ids: Sequence[str]
) -> dict[Subject, Said]:
    """What was said of each subject in the last standing report of this kind and period on these groups."""
    said: dict[Subject, Said] = {}
    for report in publications.standing:
        fact = report.fact
        if (fact.kind, fact.period, set(fact.group_ids)) == (kind, period, set(group_ids)):
            said |= said_in(report)
    return said


def changes_since(
    recall: Recall, cycle_id: str, said: Mapping[Subject, Said], rows: Iterable[ReportRow]
) -> tuple[ReportChange, ...]:
    """Every figure of `rows` that is another than was said, in their order, with what has moved it since."""

    # A group's units are found once, not for each of their figures.
    @cache
    def moved(group_id: str, after: int) -> _Moved:
        return _moved(recall, cycle_id, group_id, after=after)

    return tuple(
        _change(row, figure, _reasons(recall, cycle_id, row, figure.name, moved(row.group_id, before.as_of_position)))
        for row in rows
        if (before := said.get((row.unit_id, row.subject_id))) is not None
        for figure in _other_figures(before.row, row)
    )


class _Figure(NamedTuple):
    name: str
    old: str | None
    new: str | None


class _Moved(NamedTuple):
    """What may have moved something of a group since a position."""

    figures: list[Move]
    """Of its own units."""
    grades: list[Move]
    """Of all units that it competes with."""


def _other_figures(old: ReportRow, new: ReportRow) -> Iterator[_Figure]:
    for name in ("total", "rank", "grade"):
        earlier, later = getattr(old, name), getattr(new, name)
        if earlier != later:
            yield _Figure(name, None if earlier is None else str(earlier), None if later is None else str(later))


def _moved(recall: Recall, cycle_id: str, group_id: str, *, after: int) -> _Moved:
    cycle, rulings = recall.cycle(cycle_id), recall.rulings(cycle_id)
    members = rulings.with_predecessors(unit_id for unit_id, _ in participants(cycle, group_id))
    return _Moved(
        figures=[move for move in recall.moves(cycle_id, members, after=after) if move.figures],
        grades=recall.moves(cycle_id, concerned(cycle, rulings, group_id), after=after),
    )


def _reasons(recall: Recall, cycle_id: str, row: ReportRow, name: str, moved: _Moved) -> list[Move]:
    """What may have moved a figure: a total the unit's own events, a rank or a grade those of all it competes with."""
    if name == "grade":
        return moved.grades
    lineage = {*recall.rulings(cycle_id).with_predecessors([row.unit_id]), EVERY_UNIT}
    own = [move for move in moved.figures if move.unit_id in lineage] if name == "total" else []
    # Where points are given by comparison, a total moves with the figures of its peers.
    return own or moved.figures


def _change(row: ReportRow, figure: _Figure, moves: Sequence[Move]) -> ReportChange:
    return ReportChange(
        unit_id=row.unit_id,
        subject_id=row.subject_id,
        field=figure.name,
        old=figure.old,
        new=figure.new,
        reason_codes=tuple(dict.fromkeys(move.reason_code for move in moves if move.reason_code is not None)),
        moved_by=tuple(dict.fromkeys(move.type for move in moves)),
    )

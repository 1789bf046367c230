"""Registers of grades: how a group was graded, who has which grade and why, its seats and its ties."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from ledger.cli.asked import Asked, Register, verdict
from ledger.cli.output import Record
from ledger.domain.grading import GradedUnit, GradeSeats, GradesOpened, GradesRevised
from ledger.domain.refusals import PlanNotInForce
from ledger.domain.results import Opening, Results
from ledger.domain.tables import graded_units, seat_rows
from ledger.reproducing import regraded


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """Grades that were given to a group, or would be if they were opened now."""

    group_id: str
    seats: tuple[GradeSeats, ...]
    allocation: tuple[GradedUnit, ...]
    exceptions: frozenset[str]
    """The units that are graded outside the quota."""
    warnings: tuple[str, ...]
    position: int | None = None
    """None for what is not opened."""
    fact: GradesOpened | GradesRevised | None = None
    superseded_by: int | None = None
    verdict: str | None = None

    @property
    def standing(self) -> str:
        if self.position is None:
            return "IF_OPENED"
        return "IN_FORCE" if self.superseded_by is None else "SUPERSEDED"


def _grading(asked: Asked) -> Iterator[Record]:
    for given in _all(asked):
        revised = given.fact if isinstance(given.fact, GradesRevised) else None
        yield {
            "position": given.position,
            "group": given.group_id,
            "standing": given.standing,
            "results": given.fact.results_position if given.fact else None,
            "restatement": revised.restatement if revised else None,
            "policy": revised.policy if revised else None,
            "superseded_by": given.superseded_by,
            "changes": "; ".join(f"{c.unit_id} {c.old_grade} -> {c.new_grade}" for c in revised.changes)
            if revised
            else None,
            "verdict": given.verdict,
            "warnings": "; ".join(given.warnings),
        }


def _grades(asked: Asked) -> Iterator[Record]:
    for given in _all(asked):
        for unit in given.allocation:
            yield {
                "position": given.position,
                "group": given.group_id,
                "standing": given.standing,
                "rank": unit.rank,
                "unit": unit.unit_id,
                "grade": unit.grade,
                "exception": unit.unit_id in given.exceptions,
                "reasons": "; ".join(unit.reasons),
            }


def _seats(asked: Asked) -> Iterator[Record]:
    for given in _all(asked):
        for seats in given.seats:
            yield {
                "position": given.position,
                "group": given.group_id,
                "standing": given.standing,
                "grade": seats.grade,
                "seats": seats.seats,
                "unused": seats.unused,
                "over": seats.over,
                "carried": seats.carried,
            }


def _ties(asked: Asked) -> Iterator[Record]:
    rulings = asked.answers.rulings(asked.cycle_id, asked.at)
    for group_id in asked.group_ids:
        for position, tie in rulings.grading(group_id).ties:
            yield {
                "position": position,
                "group": group_id,
                "grade": tie.grade,
                "tied": " ".join(tie.tied),
                "admitted": " ".join(tie.admitted),
                "article": tie.rule.article,
                "criterion": tie.criterion,
            }


def _all(asked: Asked) -> Iterator[_Given]:
    for group_id in asked.group_ids:
        given = list(_given(asked, group_id))
        yield from given or _if_opened(asked, group_id)


def _given(asked: Asked, group_id: str) -> Iterator[_Given]:
    """Every grading of a group, each opened once more and compared."""
    grading = asked.answers.rulings(asked.cycle_id, asked.at).grading(group_id)
    events = asked.answers.events_at([grades.position for grades in grading.history])
    for position, event in events.items():
        fact = event.fact
        assert isinstance(fact, GradesOpened | GradesRevised)
        again = regraded(fact, position, asked.answers)
        differing = (*again.members, *(each.unit_id for each in again.differences))
        yield _Given(
            group_id=group_id,
            position=position,
            fact=fact,
            seats=fact.seats,
            allocation=fact.allocation,
            exceptions=frozenset(unit.unit_id for unit in fact.exceptions),
            warnings=again.warnings,
            superseded_by=grading.superseding(position),
            verdict=verdict(again.matches, differing),
        )


def _if_opened(asked: Asked, group_id: str) -> Iterable[_Given]:
    """The grades of a group without any, as they would be now; none where nothing can be graded yet."""
    with suppress(PlanNotInForce):
        results = asked.answers.results(asked.cycle_id, group_id, at=asked.at)
        if results.opening is not None:
            yield _opened_now(results, results.opening)


def _opened_now(results: Results, opening: Opening) -> _Given:
    allocation = opening.allocation
    if allocation is None:
        why = opening.tie.refusal if opening.tie is not None else opening.unknown_veto
        return _Given(
            group_id=results.slice.group_id,
            seats=(),
            allocation=(),
            exceptions=frozenset(),
            warnings=(why.message,) if why is not None else (),
        )
    return _Given(
        group_id=results.slice.group_id,
        seats=seat_rows(allocation),
        allocation=graded_units(results, allocation),
        exceptions=frozenset(allocation.exceptions),
        warnings=allocation.warnings,
    )


GRADING = Register(
    (
        *("position", "group", "standing", "results", "restatement", "policy", "superseded_by"),
        *("changes", "verdict", "warnings"),
    ),
    _grading,
)
GRADES = Register(("position", "group", "standing", "rank", "unit", "grade", "exception", "reasons"), _grades)
SEATS = Register(("position", "group", "standing", "grade", "seats", "unused", "over", "carried"), _seats)
TIES = Register(("position", "group", "grade", "tied", "admitted", "article", "criterion"), _ties)

"""Tables: results as they are recorded and printed, each figure rounded once.

A table is a function of results, so whoever settles the same slice gets the same fingerprint.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from ledger.domain.allocation import Allocation
from ledger.domain.grading import GradedUnit, GradeSeats, ResultRow
from ledger.domain.numbers import SCALE_MAX, Rounding, rounded
from ledger.domain.publication import ReportRow
from ledger.domain.results import Results, UnitResult

CARRIED_SCALE = SCALE_MAX


def result_rows(results: Results) -> tuple[ResultRow, ...]:
    """The rows of a table of results, in the order of the ranking."""
    return tuple(shown_row(results, row) for row in results.rows)


def shown_row(results: Results, row: UnitResult) -> ResultRow:
    """One unit's figures, each rounded once."""
    plan = results.plan
    points = row.evaluation.points if row.evaluation is not None else None

    def shown(exact: Fraction) -> Decimal:
        return rounded(exact, plan.score_scale, plan.rounding)

    return ResultRow(
        unit_id=row.unit_id,
        participation=row.participation,
        rank=row.rank,
        total=row.total,
        goal=shown(row.goal),
        evaluation=None if points is None else shown(points),
        bonus=shown(row.bonus),
        deduction=shown(row.deduction),
        missing=row.missing,
    )


def report_rows(results: Results, *, unit_ids: Sequence[str] = ()) -> tuple[ReportRow, ...]:
    """The rows of one group in a report; `unit_ids` limits it to some units.

    Grades are those in force, and only the cycle as a whole has them.
    """
    return tuple(
        ReportRow(
            group_id=results.slice.group_id,
            unit_id=row.unit_id,
            rank=row.rank,
            total=row.total,
            grade=grade_in_force(results, row.unit_id),
        )
        for row in results.rows
        if not unit_ids or row.unit_id in unit_ids
    )


def cadre_rows(results: Results, *, unit_ids: Sequence[str] = ()) -> tuple[ReportRow, ...]:
    """The cadres of one group's units in a report, by total; `unit_ids` limits it to some units."""
    units = {row.unit_id for row in results.rows}
    found = [
        ReportRow(
            group_id=results.slice.group_id,
            unit_id=result.fact.unit_id,
            subject_id=subject_id,
            rank=None,
            total=result.fact.total,
            grade=result.grade,
        )
        for subject_id, result in results.slice.rulings.cadres.results.items()
        if result.fact.unit_id in units and (not unit_ids or result.fact.unit_id in unit_ids)
    ]
    return tuple(sorted(found, key=lambda row: (-row.total, row.unit_id, row.subject_id or "")))


def grade_in_force(results: Results, unit_id: str) -> str | None:
    """The grade that was opened or revised last; only the cycle as a whole has one."""
    current = results.slice.rulings.grading(results.slice.group_id).current
    return current.grades.get(unit_id) if current is not None and results.slice.period is None else None


def graded_units(results: Results, allocation: Allocation) -> tuple[GradedUnit, ...]:
    """The grade of every unit of the group that has one, in the order of the ranking."""
    return tuple(
        GradedUnit(
            unit_id=row.unit_id,
            grade=allocation.grades[row.unit_id],
            rank=row.rank,
            reasons=tuple(allocation.reasons.get(row.unit_id, ())),
        )
        for row in results.rows
        if row.unit_id in allocation.grades
    )


def seat_rows(allocation: Allocation) -> tuple[GradeSeats, ...]:
    """What became of the seats of each grade."""
    return tuple(
        GradeSeats(
            grade=grade,
            seats=seats,
            unused=allocation.unused.get(grade, 0),
            over=allocation.over.get(grade, 0),
            carried=rounded(allocation.carried.get(grade, Fraction(0)), CARRIED_SCALE, Rounding.HALF_UP),
        )
        for grade, seats in allocation.seats.items()
    )

"""Given grades: what is recorded where a group's grades are opened or revised, as it follows from its results.

The commands record it, and whoever checks what was recorded lets it follow once more.
"""

from __future__ import annotations

from ledger.domain.allocation import Allocation, held_harmless
from ledger.domain.grading import (
    GradeChange,
    GradedUnit,
    GradesOpened,
    GradesRevised,
    Grading,
    RestatementPolicy,
)
from ledger.domain.quota import GradingRules
from ledger.domain.refusals import PhaseViolation
from ledger.domain.results import Results
from ledger.domain.tables import graded_units, seat_rows


def allocation_of(results: Results) -> Allocation:
    """The grades of the group, and of those that share its quota.

    Raises PhaseViolation, GradeTieUnresolved, and UnknownId for a veto that names no grade of the plan.
    """
    opening = results.opening
    if opening is None:
        raise PhaseViolation(cycle_id=results.slice.cycle_id, hint="The plan has no rules for grades.")
    if opening.tie is not None:
        raise opening.tie.refusal
    if opening.unknown_veto is not None:
        raise opening.unknown_veto
    assert opening.allocation is not None
    return opening.allocation


def opened_grades(results: Results, *, results_position: int) -> GradesOpened:
    """The group's grades opened on its results. Raises PhaseViolation, GradeTieUnresolved."""
    rules, allocation = _rules(results), allocation_of(results)
    units = graded_units(results, allocation)
    return GradesOpened(
        cycle_id=results.slice.cycle_id,
        group_id=results.slice.group_id,
        results_position=results_position,
        rounding=rules.rounding,
        seats=seat_rows(allocation),
        allocation=units,
        exceptions=_outside_quota(units, allocation),
    )


def revised_grades(
    results: Results,
    grading: Grading,
    *,
    results_position: int,
    restatement: str,
    policy: RestatementPolicy,
    at_fault: tuple[str, ...],
) -> GradesRevised:
    """The group's grades, which `grading` says were opened, opened again inside a restatement.

    Raises PhaseViolation, GradeTieUnresolved.
    """
    rules, current = _rules(results), grading.current
    if current is None:
        raise PhaseViolation(group_id=results.slice.group_id, hint="Its grades are not opened.")
    allocation = revised_allocation(results, grading, restatement, policy, at_fault)
    units = graded_units(results, allocation)
    return GradesRevised(
        cycle_id=results.slice.cycle_id,
        group_id=results.slice.group_id,
        results_position=results_position,
        supersedes_position=current.position,
        restatement=restatement,
        policy=policy,
        at_fault=at_fault,
        rounding=rules.rounding,
        seats=seat_rows(allocation),
        allocation=units,
        exceptions=_outside_quota(units, allocation),
        changes=tuple(
            GradeChange(unit_id=unit.unit_id, old_grade=current.grades[unit.unit_id], new_grade=unit.grade)
            for unit in units
            if current.grades.get(unit.unit_id, unit.grade) != unit.grade
        ),
    )


def revised_allocation(
    results: Results, grading: Grading, restatement: str, policy: RestatementPolicy, at_fault: tuple[str, ...]
) -> Allocation:
    """What a restatement makes of the grades that follow. Raises PhaseViolation, GradeTieUnresolved."""
    allocation = allocation_of(results)
    if policy is not RestatementPolicy.HOLD_HARMLESS:
        return allocation
    # What was revised since the restatement opened was never published, so nothing is held against it.
    published = grading.in_force_before(restatement)
    if published is None:
        raise PhaseViolation(group_id=results.slice.group_id, hint="Its grades are not opened.")
    return held_harmless(allocation, published.grades, frozenset(at_fault), _rules(results).names)


def _rules(results: Results) -> GradingRules:
    if results.plan.grading is None:
        raise PhaseViolation(cycle_id=results.slice.cycle_id, hint="The plan has no rules for grades.")
    return results.plan.grading


def _outside_quota(units: tuple[GradedUnit, ...], allocation: Allocation) -> tuple[GradedUnit, ...]:
    return tuple(unit for unit in units if unit.unit_id in allocation.exceptions)

"""Regrading: whether recorded grades follow from the results they cite.

`reproduce` does this for reports; grades are checked the same way, by opening them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.domain.allocation import Allocation
from ledger.domain.comparison import compare
from ledger.domain.fingerprint import fingerprint
from ledger.domain.given_grades import allocation_of, opened_grades, revised_allocation, revised_grades
from ledger.domain.grading import GradedUnit, GradesOpened, GradesRevised, Grading
from ledger.domain.refusals import Refused
from ledger.domain.results import Results
from ledger.domain.tables import result_rows


@dataclass(frozen=True, slots=True)
class GradeDifference:
    """A unit whose recorded grade does not follow."""

    unit_id: str
    recorded: str | None
    follows: str | None


@dataclass(frozen=True, slots=True)
class Regrading:
    """Recorded grades opened again, and whether they come out the same."""

    position: int
    results_position: int
    expected_hash: str
    actual_hash: str
    """Of the table of results the grades stand on."""
    differences: tuple[GradeDifference, ...]
    members: tuple[str, ...] = ()
    """The members of what was recorded that do not come out again, such as `seats`."""
    warnings: tuple[str, ...] = ()
    """What was to be known before the grades stood."""

    @property
    def matches(self) -> bool:
        """Whether the table and everything recorded with the grades are the same."""
        return self.expected_hash == self.actual_hash and not self.differences and not self.members


def regrade(results: Results, grading: Grading, position: int, fact: GradesOpened | GradesRevised) -> Regrading:
    """Open recorded grades again; `results` are settled right before them, `grading` is the state then."""
    computed = grading.results(fact.results_position)
    try:
        again = graded_again(results, grading, fact)
        members = dict.fromkeys(each.member for each in compare(fact, again))
        warnings = _allocation(results, grading, fact).warnings
    except Refused:
        again, members, warnings = None, {"allocation": None}, ()
    recorded, follows = _grades(fact.allocation), _grades(again.allocation if again is not None else ())
    return Regrading(
        warnings=warnings,
        position=position,
        results_position=fact.results_position,
        expected_hash=computed.table_hash if computed is not None else "",
        actual_hash=fingerprint(result_rows(results)),
        differences=tuple(
            GradeDifference(unit_id, recorded.get(unit_id), follows.get(unit_id))
            for unit_id in sorted(recorded.keys() | follows.keys())
            if recorded.get(unit_id) != follows.get(unit_id)
        ),
        members=tuple(members),
    )


def graded_again(
    results: Results, grading: Grading, fact: GradesOpened | GradesRevised
) -> GradesOpened | GradesRevised:
    """What opening or revising the grades once more would record. Raises PhaseViolation, GradeTieUnresolved."""
    if isinstance(fact, GradesOpened):
        return opened_grades(results, results_position=fact.results_position)
    return revised_grades(
        results,
        grading,
        results_position=fact.results_position,
        restatement=fact.restatement,
        policy=fact.policy,
        at_fault=fact.at_fault,
    )


def _allocation(results: Results, grading: Grading, fact: GradesOpened | GradesRevised) -> Allocation:
    if isinstance(fact, GradesOpened):
        return allocation_of(results)
    return revised_allocation(results, grading, fact.restatement, fact.policy, fact.at_fault)


def _grades(units: tuple[GradedUnit, ...]) -> Mapping[str, str]:
    return {unit.unit_id: unit.grade for unit in units}

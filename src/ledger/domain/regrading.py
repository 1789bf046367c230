"""Regrading: whether recorded grades follow from the results they cite.

`reproduce` does this for reports; grades are checked the same way, by opening them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.domain.allocation import held_harmless
from ledger.domain.fingerprint import fingerprint
from ledger.domain.grading import GradesOpened, GradesRevised, Grading, RestatementPolicy
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

    @property
    def matches(self) -> bool:
        """Whether the table and every grade are the same."""
        return self.expected_hash == self.actual_hash and not self.differences


def regrade(results: Results, grading: Grading, position: int, fact: GradesOpened | GradesRevised) -> Regrading:
    """Open recorded grades again; `results` are settled right before them, `grading` is the state then."""
    computed = grading.results(fact.results_position)
    opening = results.opening
    allocation = opening.allocation if opening is not None else None
    rules, current = results.plan.grading, grading.current
    if (
        isinstance(fact, GradesRevised)
        and fact.policy is RestatementPolicy.HOLD_HARMLESS
        and (allocation is not None and rules is not None and current is not None)
    ):
        allocation = held_harmless(allocation, current.grades, frozenset(fact.at_fault), rules.names)
    follows: Mapping[str, str] = allocation.grades if allocation is not None else {}
    recorded = {unit.unit_id: unit.grade for unit in fact.allocation}
    own = {row.unit_id for row in results.rows}
    return Regrading(
        position=position,
        results_position=fact.results_position,
        expected_hash=computed.table_hash if computed is not None else "",
        actual_hash=fingerprint(result_rows(results)),
        differences=tuple(
            GradeDifference(unit_id, recorded.get(unit_id), follows.get(unit_id))
            for unit_id in sorted(recorded.keys() | (follows.keys() & own))
            if recorded.get(unit_id) != follows.get(unit_id)
        ),
    )

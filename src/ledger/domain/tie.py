"""Tie: units level at the cut of a grade, and what the leading group decided on them.

Source: domain.md 3.9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.domain.refusals import GradeTieUnresolved


@dataclass(frozen=True, slots=True)
class Tie:
    """Units that are tied at a cut, where the leading group has to choose."""

    grade: str
    unit_ids: tuple[str, ...]
    """By id."""
    seats: int
    """How many of them can have the grade."""

    @property
    def refusal(self) -> GradeTieUnresolved:
        """What whoever wants the grades is answered."""
        return GradeTieUnresolved(grade=self.grade, tied=", ".join(self.unit_ids), seats=self.seats)


class TieUndecided(Exception):
    """Grades cannot be given out before a tie is decided."""

    def __init__(self, tie: Tie):
        super().__init__(tie)
        self.tie = tie


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who of the units tied at a cut gets the grade; it says nothing of any other tie."""

    position: int
    """What decided it."""
    grade: str
    tied: frozenset[str]
    admitted: frozenset[str]

    def settles(self, tie: Tie) -> bool:
        """Whether it was decided on exactly this tie."""
        decided = (self.grade, self.tied, len(self.admitted))
        return decided == (tie.grade, frozenset(tie.unit_ids), tie.seats)


def decided(tie: Tie, resolutions: Sequence[Resolution]) -> Resolution:
    """Return the last decision on a tie; `resolutions` are in their order. Raises TieUndecided."""
    for resolution in reversed(resolutions):
        if resolution.settles(tie):
            return resolution
    raise TieUndecided(tie)

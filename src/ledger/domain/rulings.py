"""Rulings: what was decided about the units of a cycle besides their scores, as far as results depend on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ledger.domain.facts import Event
from ledger.domain.grading import Grading, GradingFact

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Rulings:
    """The rulings of one cycle, folded from its events in order."""

    gradings: Mapping[str, Grading] = field(default_factory=dict[str, Grading])
    """By group."""

    def evolve(self, event: Event, /) -> Rulings:
        """Return the rulings after `event`; events of other kinds change nothing."""
        fact = event.fact
        if isinstance(fact, GradingFact):
            grading = self.grading(fact.group_id).evolve(event)
            return replace(self, gradings={**self.gradings, fact.group_id: grading})
        return self

    def grading(self, group_id: str) -> Grading:
        """Where a group's grading stands."""
        return self.gradings.get(group_id, Grading())

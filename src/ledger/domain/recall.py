"""Recall: events folded in memory into the facts that settle takes.

The same meaning as the projections have in SQL, written once more in Python, so that anyone
can replay an export on a laptop, and so that each can be tested against the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ledger.domain.cycle import Cycle, CycleFact
from ledger.domain.facts import Event
from ledger.domain.refusals import UnknownId
from ledger.domain.score import (
    Basis,
    ScoreCorrected,
    ScoreEntered,
    ScoreFact,
    ScoreLateEntered,
    ScoreSelfReported,
    ScoreVerified,
    ScoreWithdrawn,
)
from ledger.domain.settlement import Known, Slice
from ledger.domain.targets import TargetAdjusted, TargetSet

Cell = tuple[str, str, str]
"""Unit, indicator and period."""


@dataclass(slots=True)
class _CycleFacts:
    cycle: Cycle = field(default_factory=Cycle)
    values: dict[Basis, dict[Cell, Known]] = field(default_factory=lambda: {basis: {} for basis in Basis})
    targets: dict[tuple[str, str], Known] = field(default_factory=dict[tuple[str, str], Known])


class Recall:
    """What is known after a run of events; `as_of` is the last of them."""

    def __init__(self) -> None:
        self.as_of = 0
        self._cycles: dict[str, _CycleFacts] = {}

    def fold(self, events: Iterable[Event], *, through: int | None = None) -> Recall:
        """Take in events in order of position, up to and including `through`; return self."""
        for event in events:
            if through is not None and event.position > through:
                break
            self._take(event)
        return self

    def _take(self, event: Event) -> None:
        self.as_of = event.position
        fact = event.fact
        if isinstance(fact, ScoreFact):
            for basis, known in effects(event):
                values = self._of(fact.cycle_id).values[basis]
                cell = (fact.unit_id, fact.indicator_id, fact.period)
                if known is None:
                    values.pop(cell, None)
                else:
                    values[cell] = known
        elif isinstance(fact, TargetSet):
            self._of(fact.cycle_id).targets[fact.unit_id, fact.indicator_id] = Known(fact.target, event.position)
        elif isinstance(fact, TargetAdjusted):
            self._of(fact.cycle_id).targets[fact.unit_id, fact.indicator_id] = Known(fact.new_target, event.position)
        elif isinstance(fact, CycleFact):
            facts = self._of(fact.cycle_id)
            facts.cycle = facts.cycle.evolve(event)

    def _of(self, cycle_id: str) -> _CycleFacts:
        facts = self._cycles.get(cycle_id)
        if facts is None:
            facts = self._cycles[cycle_id] = _CycleFacts()
        return facts

    def cycle(self, cycle_id: str) -> Cycle:
        """One cycle. Raises UnknownId."""
        return self._known(cycle_id).cycle

    def values(self, cycle_id: str, basis: Basis) -> dict[Cell, Known]:
        """Every effective value of a cycle on one basis. Raises UnknownId."""
        return self._known(cycle_id).values[basis]

    def targets(self, cycle_id: str) -> dict[tuple[str, str], Known]:
        """Every target of a unit's own, by unit and indicator. Raises UnknownId."""
        return self._known(cycle_id).targets

    def slice(self, cycle_id: str, group_id: str, *, period: str | None, basis: Basis) -> Slice:
        """The facts about one group. Raises UnknownId."""
        facts = self._known(cycle_id)
        return Slice(
            as_of=self.as_of,
            cycle_id=cycle_id,
            cycle=facts.cycle,
            group_id=group_id,
            basis=basis,
            period=period,
            values=facts.values[basis],
            targets=facts.targets,
        )

    def _known(self, cycle_id: str) -> _CycleFacts:
        if cycle_id not in self._cycles:
            raise UnknownId(path="cycle_id", cycle_id=cycle_id)
        return self._cycles[cycle_id]


def effects(event: Event) -> list[tuple[Basis, Known | None]]:
    """Which bases of its score an event sets, and to what; None ends the value.

    A self-report is SELF only. An entry is PROVISIONAL; a verification makes it OFFICIAL, from
    the verification's position on. A correction sets PROVISIONAL and OFFICIAL; a withdrawal
    ends both. Requests, returns and rejections set nothing.
    """
    match event.fact:
        case ScoreSelfReported() as fact:
            return [(Basis.SELF, Known(fact.value, event.position))]
        case ScoreEntered() | ScoreLateEntered() as fact:
            return [(Basis.PROVISIONAL, Known(fact.value, event.position))]
        case ScoreVerified() as fact:
            return [(Basis.OFFICIAL, Known(fact.value, event.position))]
        case ScoreCorrected() as fact:
            known = Known(fact.new_value, event.position)
            return [(Basis.PROVISIONAL, known), (Basis.OFFICIAL, known)]
        case ScoreWithdrawn():
            return [(Basis.PROVISIONAL, None), (Basis.OFFICIAL, None)]
        case _:
            return []

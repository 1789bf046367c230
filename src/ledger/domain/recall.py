"""Recall: events folded in memory into the facts that settle takes.

The same meaning as the projections have in SQL, written once more in Python, so that anyone
can replay an export on a laptop, and so that each can be tested against the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.domain.cycle import CalendarAmended, Cycle, CycleClosed, CycleFact, CycleOpened, EntryClosed
from ledger.domain.evaluation import EvaluationOpened, EvaluationTallied
from ledger.domain.facts import Event, Fact
from ledger.domain.grading import GradingFact, TieResolved
from ledger.domain.refusals import UnknownId
from ledger.domain.results import Known, Slice
from ledger.domain.rulings import Rulings
from ledger.domain.score import (
    Basis,
    CorrectionRejected,
    CorrectionRequested,
    CorrectionRequestWithdrawn,
    ReasonCode,
    ScoreCorrected,
    ScoreFact,
    ScoreLateEntered,
    ScoreWithdrawn,
)
from ledger.domain.targets import TargetAdjusted, TargetSet, schedule_of
from ledger.domain.veto import VetoFact

Cell = tuple[str, str, str]
"""Unit, indicator and period."""


class Move(NamedTuple):
    """An event after which a unit's figures or grade may be others, entries and verifications apart."""

    position: int
    unit_id: str
    """`EVERY_UNIT` where it moved all."""
    type: str
    reason_code: ReasonCode | None = None
    """Of a correction or a withdrawal."""
    figures: bool = True
    """Whether it moved more than grades."""


@dataclass(slots=True)
class _CycleFacts:
    cycle: Cycle = field(default_factory=Cycle)
    values: dict[Basis, dict[Cell, Known]] = field(default_factory=lambda: {basis: {} for basis in Basis})
    targets: dict[tuple[str, str], Known] = field(default_factory=dict[tuple[str, str], Known])
    rulings: Rulings = field(default_factory=Rulings)
    requests: dict[Cell, int] = field(default_factory=dict[Cell, int])
    moved: dict[str, int] = field(default_factory=dict[str, int])
    moves: list[Move] = field(default_factory=list[Move])

    def copy(self) -> _CycleFacts:
        values = {basis: dict(known) for basis, known in self.values.items()}
        return _CycleFacts(
            self.cycle,
            values,
            dict(self.targets),
            self.rulings,
            dict(self.requests),
            dict(self.moved),
            list(self.moves),
        )

    def take_score(self, event: Event, fact: ScoreFact) -> None:
        cell = (fact.unit_id, fact.indicator_id, fact.period)
        if not fact.MOVES:
            if isinstance(fact, CorrectionRequested):
                self.requests[cell] = event.position
            elif isinstance(fact, CorrectionRejected | CorrectionRequestWithdrawn):
                self.requests.pop(cell, None)
            return
        if isinstance(fact, ScoreCorrected | ScoreWithdrawn):
            self.requests.pop(cell, None)
            self.moves.append(Move(event.position, fact.unit_id, event.type, fact.reason_code))
        elif isinstance(fact, ScoreLateEntered):
            self.moves.append(Move(event.position, fact.unit_id, event.type))
        self.moved[fact.unit_id] = event.position
        for basis, known in effects(event):
            if known is None:
                self.values[basis].pop(cell, None)
            else:
                self.values[basis][cell] = known

    def take_move(self, event: Event) -> None:
        fact = event.fact
        if not isinstance(fact, _NO_FIGURE):
            self.moved.update(dict.fromkeys(_units_moved(fact), event.position))
        if not isinstance(fact, _NO_CAUSE):
            figures = not isinstance(fact, _GRADES_ONLY)
            self.moves += (Move(event.position, each, event.type, figures=figures) for each in _units_moved(fact))


EVERY_UNIT = ""
"""Stands for whatever moves the results of every group of a cycle."""
_NO_FIGURE = (GradingFact, CalendarAmended, CycleOpened, EntryClosed, CycleClosed)
"""What moves grades, phases or days, but no figure that a table of results holds."""
_NO_CAUSE = (TargetSet, CalendarAmended, CycleOpened, EntryClosed, CycleClosed)
_GRADES_ONLY = (GradingFact, VetoFact)


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
            self.take(event)
        return self

    def copy(self) -> Recall:
        """The same knowledge, which further folding of this one leaves as it is."""
        twin = Recall()
        twin.as_of = self.as_of
        twin._cycles = {cycle_id: facts.copy() for cycle_id, facts in self._cycles.items()}
        return twin

    def take(self, event: Event) -> None:
        """Take in the next event."""
        self.as_of = event.position
        fact = event.fact
        if isinstance(fact, ScoreFact):
            self._of(fact.cycle_id).take_score(event, fact)
            return
        cycle_id = getattr(fact, "cycle_id", None)
        if not isinstance(cycle_id, str):
            return
        facts = self._of(cycle_id)
        if fact.MOVES:
            facts.take_move(event)
        if isinstance(fact, TargetSet):
            schedule = schedule_of(fact.progress_schedule)
            known = Known(fact.target, event.position, fact.baseline, schedule)
            facts.targets[fact.unit_id, fact.indicator_id] = known
        elif isinstance(fact, TargetAdjusted):
            moved = facts.targets[fact.unit_id, fact.indicator_id]
            known = Known(fact.new_target, event.position, fact.baseline, moved.schedule)
            facts.targets[fact.unit_id, fact.indicator_id] = known
        elif isinstance(fact, CycleFact):
            facts.cycle = facts.cycle.evolve(event)
        else:
            facts.rulings = facts.rulings.evolve(event)

    def _of(self, cycle_id: str) -> _CycleFacts:
        facts = self._cycles.get(cycle_id)
        if facts is None:
            facts = self._cycles[cycle_id] = _CycleFacts()
        return facts

    def cycle(self, cycle_id: str) -> Cycle:
        """One cycle. Raises UnknownId."""
        return self._known(cycle_id).cycle

    def rulings(self, cycle_id: str) -> Rulings:
        """What was decided about a cycle's units besides their scores. Raises UnknownId."""
        return self._known(cycle_id).rulings

    def requests(self, cycle_id: str, unit_ids: Iterable[str]) -> list[int]:
        """The positions of the correction requests about these units that are not decided yet. Raises UnknownId."""
        wanted = set(unit_ids)
        return sorted(p for (unit_id, _, _), p in self._known(cycle_id).requests.items() if unit_id in wanted)

    def moves(self, cycle_id: str, unit_ids: Iterable[str], *, after: int) -> list[Move]:
        """What moved these units' figures or grades after a position, in order. Raises UnknownId."""
        wanted = {*unit_ids, EVERY_UNIT}
        return [move for move in self._known(cycle_id).moves if move.position > after and move.unit_id in wanted]

    def moved(self, cycle_id: str, unit_ids: Iterable[str]) -> int:
        """The last position that may have moved a figure of these units' results. Raises UnknownId."""
        moved = self._known(cycle_id).moved
        return max((moved.get(unit_id, 0) for unit_id in (*unit_ids, EVERY_UNIT)), default=0)

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
            claims=facts.values[Basis.SELF],
            rulings=facts.rulings,
        )

    def _known(self, cycle_id: str) -> _CycleFacts:
        if cycle_id not in self._cycles:
            raise UnknownId(path="cycle_id", cycle_id=cycle_id)
        return self._cycles[cycle_id]


def _units_moved(fact: Fact) -> Iterable[str]:
    """Whose figures a fact moves; the projections, which cannot read what was tallied, take it for every unit's."""
    match fact:
        case CycleFact():
            # It may name a unit, but groups and exemptions move its peers too.
            return (EVERY_UNIT,)
        case TieResolved():
            return fact.tied
        case EvaluationOpened():
            return fact.unit_ids
        case EvaluationTallied():
            return (unit.unit_id for unit in fact.units)
        case VetoFact(unit_id=None):
            # A person's grade is none of a unit's figures.
            return ()
        case _:
            return (getattr(fact, "unit_id", None) or EVERY_UNIT,)


def effects(event: Event) -> list[tuple[Basis, Known | None]]:
    """Which bases of its score an event sets, and to what; None ends the value.

    A self-report is SELF only. An entry is PROVISIONAL; a verification makes it OFFICIAL, from
    the verification's position on. A correction sets PROVISIONAL and OFFICIAL; a withdrawal
    ends both. Requests, returns and rejections set nothing.
    """
    fact = event.fact
    if not isinstance(fact, ScoreFact):
        return []
    known = Known(getattr(fact, fact.VALUE), event.position) if fact.VALUE else None
    return [(basis, known) for basis in fact.SETS]

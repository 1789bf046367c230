"""Causes: which of the events between two moments moved which units of a group.

An event is a cause of what it moved by itself: of the units that stand otherwise right after it
than right before it. So each candidate is settled once more, in the order of the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ledger.domain.cycle import Cycle, CycleFact, PlanVersionIssued, UnitAssignedToGroup
from ledger.domain.facts import Event
from ledger.domain.grade_opening import pool_of
from ledger.domain.movement import Placing, moved, placings
from ledger.domain.refusals import InvalidPeriod, PlanNotInForce, UnknownId
from ledger.domain.reorganisation import UnitsMerged, UnitSplit
from ledger.domain.results import Results, Slice
from ledger.domain.rulings import Rulings
from ledger.domain.score import ScoreFact
from ledger.domain.settlement import Looked, Settling, concerned, looked_at
from ledger.domain.stepping import Step, after_figure, can_move_group
from ledger.domain.targets import TargetFact
from ledger.results import Answers

LINES_SETTLED_MAX = 40_000
"""How many indicators of units are settled to find causes: a second or two of work, 160 events for 14 units by 18."""
CANDIDATES_MAX = 5_000
"""How many events are looked at, most of which move nothing on one basis."""
_REGROUPING = (PlanVersionIssued, UnitAssignedToGroup, UnitsMerged, UnitSplit)
_NOT_YET = (UnknownId, PlanNotInForce, InvalidPeriod)
"""Why a group had no results at some position."""


@dataclass(frozen=True, slots=True)
class Causes:
    """What moved the units of a group."""

    events: tuple[Event, ...]
    """What could have moved them, on the basis of the results."""
    by_unit: Mapping[str, tuple[Event, ...]]
    """What did, by unit, in order."""
    examined: int
    """The last position that was examined."""


def between(answers: Answers, later: Results, *, earlier: int) -> Causes:
    """What moved the units of a group from a position on, up to that of its `later` results."""
    of, examined = later.slice, earlier
    candidates = answers.moves(
        of.cycle_id, _concerned(answers, of, earlier), after=earlier, at=of.as_of, limit=CANDIDATES_MAX + 1
    )
    walk = _Walk(answers, of, earlier)
    steps_left = LINES_SETTLED_MAX // max(1, sum(len(row.lines) for row in later.rows))
    could: list[Event] = []
    did: dict[str, list[Event]] = {}
    for event in candidates[:CANDIDATES_MAX]:
        step = walk.step(event)
        if step.moves:
            if not steps_left:
                break
            steps_left -= 1
            could.append(event)
            for unit_id in walk.settle(step):
                did.setdefault(unit_id, []).append(event)
        examined = event.position
    else:
        examined = of.as_of if len(candidates) <= CANDIDATES_MAX else examined
    return Causes(tuple(could), {unit_id: tuple(events) for unit_id, events in did.items()}, examined)


def _concerned(answers: Answers, of: Slice, earlier: int) -> set[str]:
    """The units whose events could move the group at any position in between."""
    regrouped = answers.proceedings(of.cycle_id, _REGROUPING, at=of.as_of)
    found = concerned(of.cycle, of.rulings, of.group_id)
    for position in (earlier, *(event.position for event in regrouped if event.position > earlier)):
        try:
            cycle, rulings = answers.cycle(of.cycle_id, position), answers.rulings(of.cycle_id, position)
            found |= concerned(cycle, rulings, of.group_id)
        except _NOT_YET:
            continue
    return found


class _Walk:
    """A walk along the events between two moments, with what is known after each of them."""

    def __init__(self, answers: Answers, of: Slice, earlier: int):
        """Begin with what was known at `earlier` of the group, period and basis that `of` is about."""
        self._answers = answers
        self._of = of
        self._settling = Settling()
        self._placings: Mapping[str, Placing] = {}
        self._slice, self._looked = of, Looked(frozenset(), frozenset(), frozenset())
        self._read(earlier)
        self._settle(None)

    def step(self, event: Event) -> Step:
        """Take in the next event, and tell what it changes."""
        fact = event.fact
        if isinstance(fact, ScoreFact | TargetFact):
            step = after_figure(self._slice, self._looked, event, fact)
            self._slice = step.slice
            return step
        whole = self._of.period is None
        if not can_move_group(fact, unit_ids=self._looked.unit_ids, group_ids=self._group_ids(), whole=whole):
            return Step(self._slice)
        known = self._looked
        self._know(event)
        if self._looked != known:
            self._read(event.position)
        return Step(self._slice, moves=True)

    def settle(self, step: Step) -> list[str]:
        """Settle after a step that may have moved something, and return the units that it moved."""
        before = self._placings
        self._settle(step.changed)
        return [each.unit_id for each in moved(before, self._placings)]

    def _group_ids(self) -> tuple[str, ...]:
        cycle = self._slice.cycle
        return pool_of(cycle, self._of.group_id) if cycle.versions else (self._of.group_id,)

    def _know(self, event: Event) -> None:
        """What is known of the cycle and its rulings after an event."""
        if isinstance(event.fact, CycleFact):
            self._slice = replace(self._slice, cycle=self._answers.cycle(self._of.cycle_id, event.position))
        else:
            self._slice = replace(self._slice, rulings=self._answers.rulings(self._of.cycle_id, event.position))
        self._look()

    def _read(self, position: int) -> None:
        """Everything that is known at a position; nothing, where the group has no results yet."""
        of = self._of
        try:
            self._slice = self._answers.results(
                of.cycle_id, of.group_id, period=of.period, basis=of.basis, at=position
            ).slice
        except _NOT_YET:
            self._slice = replace(of, cycle=Cycle(), rulings=Rulings(), values={}, targets={}, claims={})
        self._look()

    def _look(self) -> None:
        of = self._of
        try:
            self._looked = looked_at(self._slice.cycle, self._slice.rulings, of.group_id, (of.period,))
        except _NOT_YET:
            self._looked = Looked(frozenset(), frozenset(), frozenset())

    def _settle(self, changed: tuple[str, str] | None) -> None:
        try:
            self._placings = placings(self._settling.settle(self._slice, changed=changed))
        except _NOT_YET:
            self._placings = {}

"""Stepping: what one more event can change for a group, and the facts after one more value, claim or target.

So that what single events moved is found without reading the facts anew for each of them.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeVar

from ledger.domain.adjustment import AdjustmentFact
from ledger.domain.cycle import CalendarAmended, CycleClosed, CycleOpened, EntryClosed, UnitAssignedToGroup
from ledger.domain.evaluation import EvaluationTallied
from ledger.domain.facts import Event, Fact
from ledger.domain.grading import GradingFact
from ledger.domain.recall import effects
from ledger.domain.results import Known, Slice
from ledger.domain.score import Basis, ScoreFact
from ledger.domain.settlement import Looked
from ledger.domain.targets import TargetAdjusted, TargetFact, TargetSet
from ledger.domain.veto import VetoFact

K = TypeVar("K")
_MOVES_NO_RESULT = (CalendarAmended, CycleOpened, EntryClosed, CycleClosed)


class Step(NamedTuple):
    """The facts after one more event."""

    slice: Slice
    moves: bool = False
    """Whether the results may be others; if not they are the same."""
    changed: tuple[str, str] | None = None
    """The indicator and period, where one value or claim is all that changed."""


def can_move_results(fact: Fact) -> bool:
    """Whether some group's results may be others after the fact; days and phases move none."""
    return fact.MOVES and not isinstance(fact, _MOVES_NO_RESULT)


def can_move_group(fact: Fact, *, unit_ids: Container[str], group_ids: Container[str], whole: bool = True) -> bool:
    """Whether the results of the units of one group, with all that they came from, may be others after the fact.

    `group_ids` is the group with those it shares a quota with; `whole` tells the cycle as a whole
    from a single period, which has no grades, bonus or deduction.
    """
    if not can_move_results(fact) or (not whole and isinstance(fact, AdjustmentFact | VetoFact | GradingFact)):
        return False
    if isinstance(fact, EvaluationTallied):
        return any(each.unit_id in unit_ids for each in fact.units)
    if isinstance(fact, GradingFact):
        return fact.group_id in group_ids
    unit_id = getattr(fact, "unit_id", None)
    # Whoever comes into a group or leaves it moves all that are in it.
    return unit_id is None or unit_id in unit_ids or isinstance(fact, UnitAssignedToGroup)


def after_figure(slice: Slice, looked: Looked, event: Event, fact: ScoreFact | TargetFact) -> Step:
    """The facts after a fact about a score or a target, of which settle looks at `looked`."""
    if fact.unit_id not in looked.unit_ids or fact.indicator_id not in looked.indicator_ids:
        return Step(slice)
    if isinstance(fact, ScoreFact):
        return _after_score(slice, event, fact) if fact.period in looked.periods else Step(slice)
    return _after_target(slice, looked, event, fact)


def _after_score(slice: Slice, event: Event, fact: ScoreFact) -> Step:
    cell, moves = (fact.unit_id, fact.indicator_id, fact.period), False
    claimed = slice.period is None and slice.cycle.in_force(None).plan.dishonesty is not None
    for basis, known in effects(event):
        if basis is slice.basis:
            moves |= _value(slice.values.get(cell)) != _value(known)
            slice = replace(slice, values=_with(slice.values, cell, known))
        if basis is Basis.SELF and claimed:
            moves |= _value(slice.claims.get(cell)) != _value(known)
            slice = replace(slice, claims=_with(slice.claims, cell, known))
    return Step(slice, moves, (fact.indicator_id, fact.period))


def _after_target(slice: Slice, looked: Looked, event: Event, fact: TargetFact) -> Step:
    if not isinstance(fact, TargetSet | TargetAdjusted):
        return Step(slice)
    key = (fact.unit_id, fact.indicator_id)
    target = fact.target if isinstance(fact, TargetSet) else fact.new_target
    known = Known(target, event.position, fact.baseline)
    # Without a figure that is measured against it a target counts for nothing.
    measured = any((*key, period) in slice.values for period in looked.periods)
    return Step(replace(slice, targets=_with(slice.targets, key, known)), moves=measured)


def _value(known: Known | None) -> object:
    return None if known is None else known.value


def _with(known: Mapping[K, Known], key: K, value: Known | None) -> dict[K, Known]:
    """The same facts with one set, or ended."""
    others = {**known}
    others.pop(key, None)
    return others if value is None else others | {key: value}

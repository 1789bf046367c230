"""What if: the slice as it would be had some events not happened.

The results are settle on that slice; nothing here computes a score. Source: domain.md 0.7, 4.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ledger.domain.cycle import Cycle, CycleFact
from ledger.domain.facts import Event
from ledger.domain.grade_opening import pool_of
from ledger.domain.recall import Recall
from ledger.domain.results import Slice
from ledger.domain.rulings import Rulings
from ledger.domain.score import Basis, ScoreEntered, ScoreFact, ScoreLateEntered
from ledger.domain.settlement import concerned
from ledger.domain.stepping import can_move_group, can_move_results
from ledger.domain.targets import TargetFact


def without(
    slice: Slice, streams: Iterable[Sequence[Event]], excluded: frozenset[int], *, proceedings: Sequence[Event] = ()
) -> Slice:
    """The slice had the events at `excluded`, and what stands on them, not happened.

    Of values and targets it holds those of `slice`: where the units or the indicators that count
    are others without the events, `slice` has to hold theirs.

    `streams` are the whole streams of those events; `proceedings` are all the rulings of the
    cycle, where one of them is excluded. A verification or correction of a value falls away
    with the value it cites; a value entered anew does not.
    """
    values, targets, cycle, rulings = dict(slice.values), dict(slice.targets), slice.cycle, slice.rulings
    claims = dict(slice.claims)
    if any(event.position in excluded for event in proceedings):
        rulings = Rulings()
        for event in _kept([event for event in proceedings if event.position <= slice.as_of], excluded):
            rulings = rulings.evolve(event)
    for events in streams:
        kept = _kept([event for event in events if event.position <= slice.as_of], excluded)
        fact = events[0].fact
        recalled = Recall().fold(kept)
        if isinstance(fact, ScoreFact):
            cell = (fact.unit_id, fact.indicator_id, fact.period)
            values.pop(cell, None)
            if kept:
                values |= recalled.values(slice.cycle_id, slice.basis)
            if cell in claims:
                del claims[cell]
                claims |= recalled.values(slice.cycle_id, Basis.SELF) if kept else {}
        elif isinstance(fact, TargetFact):
            targets.pop((fact.unit_id, fact.indicator_id), None)
            targets |= recalled.targets(slice.cycle_id) if kept else {}
        elif isinstance(fact, CycleFact):
            cycle = recalled.cycle(slice.cycle_id) if kept else Cycle()
    return replace(slice, values=values, targets=targets, claims=claims, cycle=cycle, rulings=rulings)


def why_not_excluded(event: Event, stream: Sequence[Event], slice: Slice) -> str | None:
    """Why thinking the event away cannot make a group's results others than those of `slice`; None if it can.

    `stream` is the whole stream of the event: what it cites counts, as a request does by its approval.
    """
    cycle_id = getattr(event.fact, "cycle_id", None)
    if cycle_id is None:
        return "It is about no cycle's results."
    if cycle_id != slice.cycle_id:
        return f"It is about the cycle {cycle_id}."
    if event.position > slice.as_of:
        return "It was recorded after the moment that is asked for."
    known = [each for each in stream if each.position <= slice.as_of]
    kept = {each.position for each in _kept(known, frozenset({event.position}))}
    gone = [each.fact for each in known if each.position not in kept]
    if not any(can_move_results(fact) for fact in gone):
        return "It moves no result, nor does anything that stands on it."
    unit_ids = concerned(slice.cycle, slice.rulings, slice.group_id)
    group_ids = pool_of(slice.cycle, slice.group_id)
    if not any(can_move_group(fact, unit_ids=unit_ids, group_ids=group_ids) for fact in gone):
        return f"It moves no result of the group {slice.group_id}."
    return None


def _kept(events: Sequence[Event], excluded: frozenset[int]) -> list[Event]:
    gone = set(excluded)
    kept: list[Event] = []
    for event in events:
        if event.position in gone or _stands_on(event) & gone:
            gone.add(event.position)
        else:
            kept.append(event)
    return kept


def _stands_on(event: Event) -> set[int]:
    fact = event.fact
    if isinstance(fact, ScoreEntered | ScoreLateEntered):
        return set()
    cited: list[int | None] = [getattr(fact, name, None) for name in (fact.CITES or "", "request_position")]
    return {position for position in cited if position is not None}

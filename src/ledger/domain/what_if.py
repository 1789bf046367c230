"""What if: the slice as it would be had some events not happened.

The results are settle on that slice; nothing here computes a score. Source: domain.md 0.7, 4.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ledger.domain.cycle import Cycle, CycleFact
from ledger.domain.facts import Event
from ledger.domain.recall import Recall
from ledger.domain.results import Slice
from ledger.domain.rulings import Rulings
from ledger.domain.score import Basis, ScoreEntered, ScoreFact, ScoreLateEntered
from ledger.domain.targets import TargetFact


def without(
    slice: Slice, streams: Iterable[Sequence[Event]], excluded: frozenset[int], *, proceedings: Sequence[Event] = ()
) -> Slice:
    """The slice had the events at `excluded`, and what stands on them, not happened.

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

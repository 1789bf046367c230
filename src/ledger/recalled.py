"""Cycles recalled whole, for decisions that rest on results rather than on single streams.

The write side folds a cycle's own events; it never decides on a projection, which may be
behind. What was folded is kept and carried on from where it stopped.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TypeVar

from ledger.domain.facts import Event, State, Stream
from ledger.domain.recall import Recall
from ledger.store import Store, Streams

CYCLES_KEPT_MAX = 8
PASTS_KEPT_MAX = 4
"""States of a cycle at a past position; every record of a spot check asks for that of its draw."""

S = TypeVar("S", bound=State)


class WrittenHistory:
    """What decisions read: single streams, and whole cycles."""

    def __init__(self, streams: Streams, cycles: RecalledCycles):
        self._streams = streams
        self._cycles = cycles

    def load(self, stream: Stream[S]) -> tuple[int, S]:
        """Return a stream's version and state."""
        return self._streams.load(stream)

    def recall(self, cycle_id: str, at: int | None = None) -> Recall:
        """Return what is known of a cycle, now or at a position."""
        return self._cycles.recall(cycle_id, at)

    def event(self, position: int) -> Event | None:
        """Return the event at a position, None if there is none."""
        return self._cycles.event(position)


class RecalledCycles:
    """Everything recorded of a cycle, as known now or at a position; safe to call from several threads."""

    def __init__(self, store: Store):
        self._store = store
        # Guarded by _lock, which is held while a cycle is read: two threads never fold one cycle.
        self._kept: OrderedDict[str, Recall] = OrderedDict()
        self._past: OrderedDict[tuple[str, int], Recall] = OrderedDict()
        self._lock = threading.Lock()

    def event(self, position: int) -> Event | None:
        """Return the event at a position, None if there is none."""
        return self._store.event(position)

    def recall(self, cycle_id: str, at: int | None = None) -> Recall:
        """Return what is known of a cycle; of the present it is the caller's own copy, the past is shared."""
        if at is not None:
            return self._recall_at(cycle_id, at)
        with self._lock:
            recall = self._kept.setdefault(cycle_id, Recall())
            self._kept.move_to_end(cycle_id)
            recall.fold(self._store.events_of_cycle(cycle_id, after=recall.as_of))
            while len(self._kept) > CYCLES_KEPT_MAX:
                self._kept.popitem(last=False)
            return recall.copy()

    def _recall_at(self, cycle_id: str, at: int) -> Recall:
        """What was known at a position; what lies behind the head is never changed, so it is kept."""
        with self._lock:
            recall = self._past.pop((cycle_id, at), None)
            if recall is None:
                recall = self._nearest(cycle_id, at)
                recall.fold(self._store.events_of_cycle(cycle_id, after=recall.as_of, through=at))
                if at > self._store.head:
                    return recall
            self._past[cycle_id, at] = recall
            while len(self._past) > PASTS_KEPT_MAX:
                self._past.popitem(last=False)
            # Never folded further, so it needs no copy.
            return recall

    def _nearest(self, cycle_id: str, at: int) -> Recall:
        """A copy of what is kept of a cycle from as near before a position as there is."""
        past = (recall for (of_cycle, _), recall in self._past.items() if of_cycle == cycle_id)
        kept = [recall for recall in (self._kept.get(cycle_id, Recall()), *past) if recall.as_of <= at]
        return max(kept, key=lambda recall: recall.as_of, default=Recall()).copy()

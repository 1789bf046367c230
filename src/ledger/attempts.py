"""Attempts: privileged refusals on record, so that it can be asked who tried what.

At most one is recorded per person, code and target in 60 seconds; it counts those that this
process saw since the one before. A process that ends takes its uncounted attempts with it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import timedelta
from uuid import UUID, uuid5

from ledger.domain.facts import Actor, Channel
from ledger.domain.opening import CommandRefused, Refusals, refusal_stream
from ledger.domain.refusals import Refused
from ledger.domain.world import Command
from ledger.entries import Draft
from ledger.recorder import Conflict
from ledger.store import Store, Streams

INTERVAL = timedelta(seconds=60)
COUNTS_MAX = 10_000
TARGET_LENGTH_MAX = 300
"""A target is named by whoever sends the command, and has to fit into an index."""
ID_LENGTH_MAX = 64
MESSAGE_LENGTH_MAX = 500


class Attempts:
    """Counts privileged refusals and records them; safe to call from several threads."""

    def __init__(self, store: Store, streams: Streams):
        self._store = store
        self._streams = streams
        # Refusals seen but not recorded yet, by stream; the stalest is forgotten first. Guarded by _lock.
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def record(
        self,
        command: Command,
        refused: Refused,
        *,
        person_id: str,
        on_behalf_of: str | None,
        command_id: UUID,
        channel: Channel,
    ) -> None:
        """Record the refused command, or count it if one like it was recorded less than 60 seconds ago."""
        target = command.about[:TARGET_LENGTH_MAX]
        stream = refusal_stream(person_id, refused.code(), target)
        version, refusals = self._streams.load(stream)
        count = self._counted(stream.name)
        if self._is_recent(refusals):
            return
        attempt = Draft(
            stream=stream.name,
            version=version + 1,
            fact=_fact(command, refused, target=target, person_id=person_id, count=count),
            actor=Actor(person_id, "NONE", None, on_behalf_of),
            command_id=uuid5(command_id, f"refused:{version + 1}"),
            channel=channel,
            correlation_id=command_id,
        )
        try:
            events = self._store.append([attempt])
        except Conflict:
            # Recorded by somebody else since the stream was read; this one stays counted for the next.
            self._streams.forget([stream.name])
            return
        self._streams.advance(events)
        self._uncount(stream.name, count)

    def _is_recent(self, refusals: Refusals) -> bool:
        return refusals.recorded_at is not None and self._store.now() - refusals.recorded_at < INTERVAL

    def _counted(self, stream: str) -> int:
        with self._lock:
            self._counts[stream] = count = self._counts.get(stream, 0) + 1
            self._counts.move_to_end(stream)
            while len(self._counts) > COUNTS_MAX:
                self._counts.popitem(last=False)
        return count

    def _uncount(self, stream: str, recorded: int) -> None:
        with self._lock:
            left = self._counts.pop(stream, 0) - recorded
            if left > 0:
                self._counts[stream] = left


def _fact(command: Command, refused: Refused, *, target: str, person_id: str, count: int) -> CommandRefused:
    return CommandRefused(
        command_type=type(command).__name__,
        target=target,
        code=refused.code(),
        message=refused.message[:MESSAGE_LENGTH_MAX],
        count=count,
        cycle_id=_named(command, "cycle_id"),
        unit_id=_named(command, "unit_id"),
        indicator_id=_named(command, "indicator_id"),
        period=_named(command, "period"),
        person_id=person_id,
    )


def _named(command: Command, field: str) -> str | None:
    """An id of the command, None if it has none or what was sent is too long to be one."""
    value: str | None = getattr(command, field, None)
    return value if value is not None and len(value) <= ID_LENGTH_MAX else None

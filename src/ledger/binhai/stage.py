"""The stage: scripts played in order of time, their commands sent in batches, on a clock of its own.

A script is a generator. It yields an act (who asks for what, and when) and is sent what the
ledger recorded, so that a later act can cite the position of an earlier one; or a moment, to go
on then. Acts of one slot are sent together; an act that is yielded late happens at once.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar
from uuid import NAMESPACE_URL, uuid5

from ledger.binhai.calendar import SLOT
from ledger.commands import Commands, Recorded, Request
from ledger.domain.facts import Channel, Event, State, Stream
from ledger.domain.opening import CommandRefused
from ledger.domain.recall import Recall
from ledger.domain.refusals import Refused
from ledger.domain.world import Command
from ledger.evidence import EvidenceDirectory
from ledger.scripted import ScriptedClock
from ledger.store import Store

S = TypeVar("S", bound=State)

BATCH_MAX = 400
_EPOCH = datetime(2018, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Somebody asks for something at some moment."""

    at: datetime
    by: str
    command: Command | Callable[[], Command]
    """What is asked for, or what makes it when the moment has come."""
    channel: Channel = Channel.WEB
    batch_id: str | None = None
    on_behalf_of: str | None = None
    exact: bool = False
    """Recorded at this very instant rather than with what else happens about then."""
    refused_with: str | None = None
    """The code that the ledger has to refuse it with; None if it has to be recorded."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an act: what it left, or the record that it was refused."""

    events: tuple[Event, ...]

    @property
    def position(self) -> int:
        """The first position that the act left."""
        return self.events[0].position

    @property
    def last(self) -> int:
        """The last position that the act left."""
        return self.events[-1].position


Script = Generator[Act | datetime, Done, None]
"""Yields what is to be done, or the moment until which nothing is."""
NOTHING = Done(())


class OutOfScript(Exception):
    """The ledger answered an act otherwise than the script says."""


class Stage:
    """Plays scripts on one ledger."""

    def __init__(self, store: Store, clock: ScriptedClock, documents: EvidenceDirectory, *, seed: int):
        self.store = store
        self._clock = clock
        self._documents = documents
        self._commands = Commands(store, stored_bytes=documents.size)
        self._known = Recall()
        self._name = f"ledger-demo:{seed}"
        self._numbers = count(1)
        self._waiting: list[tuple[datetime, int, tuple[Script, Act | None] | Callable[[], Iterable[Script]]]] = []
        self._arrivals = count()
        self.kinds: Counter[str] = Counter()
        """How many events of each kind were recorded."""
        self.batches = 0

    def enter(self, *scripts: Script) -> None:
        """Let scripts begin; each waits for its first act's moment."""
        for script in scripts:
            self._advance(script, None)

    def enter_at(self, moment: datetime, scripts: Callable[[], Iterable[Script]]) -> None:
        """Let scripts begin that are only written at that moment."""
        heapq.heappush(self._waiting, (moment, next(self._arrivals), scripts))

    @property
    def now(self) -> datetime:
        """The moment that is being played."""
        return self._clock.now

    @property
    def known(self) -> Recall:
        """What is known by now, as anybody could fold it from the events; not to be folded further."""
        return self._known

    def state(self, stream: Stream[S]) -> S:
        """One stream as it is now."""
        return self.store.load(stream)[1]

    def keep(self, text: str) -> str:
        """Keep a document outside the ledger and return its content hash."""
        return self._documents.put([text.encode()])

    def play(self, progress: Callable[[int], None]) -> None:
        """Play until every script has ended; `progress` is told how many events there are.

        Raises OutOfScript if a command is refused that the script counts on, or not refused as it says.
        """
        while self._waiting:
            moment = self._waiting[0][0]
            self._clock.now = moment
            due = list(self._due(moment))
            if due:
                self._perform(due)
                progress(self.kinds.total())

    def _due(self, moment: datetime) -> Iterable[tuple[Script, Act]]:
        for _ in range(BATCH_MAX):
            if not self._waiting or self._waiting[0][0] > moment:
                return
            _, _, waiting = heapq.heappop(self._waiting)
            if callable(waiting):
                self.enter(*waiting())
                continue
            script, act = waiting
            if act is None:
                self._advance(script, NOTHING)
            else:
                yield script, act

    def _perform(self, due: list[tuple[Script, Act]]) -> None:
        outcomes = self._commands.execute_many([self._request(act) for _, act in due])
        self.batches += 1
        for (script, act), outcome in zip(due, outcomes, strict=True):
            code = outcome.code() if isinstance(outcome, Refused) else None
            if code != act.refused_with:
                raise OutOfScript(f"{act.at:%Y-%m-%d %H:%M} {act.by}: {act.command}: {outcome!r}")
            events = outcome.events if isinstance(outcome, Recorded) else self._attempt(act)
            self.kinds.update(event.type for event in events)
            self._known.fold(events)
            self._advance(script, Done(events))

    def _attempt(self, act: Act) -> tuple[Event, ...]:
        """The record of an attempt that was refused just now, where there is one."""
        last = self.store.event(self.store.head)
        return (last,) if last is not None and isinstance(last.fact, CommandRefused) and act.exact else ()

    def _request(self, act: Act) -> Request:
        return Request(
            command=act.command() if callable(act.command) else act.command,
            command_id=uuid5(NAMESPACE_URL, f"{self._name}:{next(self._numbers)}"),
            person_id=act.by,
            on_behalf_of=act.on_behalf_of,
            channel=act.channel,
            batch_id=act.batch_id,
        )

    def _advance(self, script: Script, done: Done | None) -> None:
        try:
            act = next(script) if done is None else script.send(done)
        except StopIteration:
            return
        if isinstance(act, datetime):
            moment, act = act, None
        else:
            moment = act.at if act.exact else _slot_end(act.at)
        heapq.heappush(self._waiting, (max(moment, self._clock.now), next(self._arrivals), (script, act)))


def _slot_end(moment: datetime) -> datetime:
    slots = -((_EPOCH - moment) // SLOT)
    return _EPOCH + slots * SLOT


def later(moment: datetime, minutes: float) -> datetime:
    """The moment so many minutes later."""
    return moment + timedelta(minutes=minutes)

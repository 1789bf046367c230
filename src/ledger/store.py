"""The store: history in, history out. An eventsourcing application whose events are entries."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

import psycopg
from eventsourcing.application import Application
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment

from ledger.database import APP_ROLE, Database
from ledger.domain.facts import Event, State, Stream
from ledger.domain.persons import ERASURES, SubjectErased
from ledger.domain.refusals import Refused
from ledger.entries import Draft, DraftedEntry, EntryMapper, decode, restored_entries
from ledger.private import PrivateTexts, random_key
from ledger.recorder import CHANNEL, Conflict, Guard, IntegrityError, LedgerFactory, LedgerRecorder, system_clock

S = TypeVar("S", bound=State)

PAGE_POSITIONS_MAX = 5_000
COMMAND_PAGE_EVENTS = 16
STREAMS_CACHED_MAX = 16_000
NOTIFY_INTERVAL_S = 0.02


class LedgerApplication(Application[str]):
    """The eventsourcing library's wiring of mapper, recorder and notification log for one ledger."""

    name = "ledger"
    env: ClassVar[dict[str, str]] = {"CREATE_TABLE": "no"}

    def __init__(self, database: Database, *, ledger_id: int, clock: Callable[[], datetime]):
        self._database = database
        self._ledger_id = ledger_id
        self._clock = clock
        super().__init__()

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Our datastore and recorder; the environment cannot choose others."""
        return LedgerFactory(env, database=self._database, ledger_id=self._ledger_id, clock=self._clock)

    def construct_mapper(self) -> EntryMapper:
        """Entries, without compressor or cipher: the stored bytes are what is verified."""
        return EntryMapper()


class Store:
    """One ledger's history: the only place that appends, and where streams are read."""

    def __init__(
        self,
        database: Database,
        *,
        ledger_id: int = 1,
        clock: Callable[[], datetime] = system_clock,
        data_dir: Path | None = None,
        new_key: Callable[[], bytes] = random_key,
    ):
        self.database = database
        self.ledger_id = ledger_id
        self.clock = clock
        self._application = LedgerApplication(database, ledger_id=ledger_id, clock=clock)
        self._recorder = cast(LedgerRecorder, self._application.recorder)
        self._waker = _Waker(database, ledger_id)
        self.barred: Callable[[], Refused | None] = lambda: None
        """Why nothing may be decided on now; None while it may."""
        self.private = PrivateTexts(data_dir, ledger_id, new_key=new_key)
        """Names and texts about persons; without a data directory they last as long as the store."""

    def close(self) -> None:
        """Send the last wake-up and close every connection."""
        self._waker.close()
        self._application.close()
        self.private.close()

    @property
    def head(self) -> int:
        """The position of the last event, 0 while the ledger is empty."""
        return self._recorder.max_notification_id() or 0

    def now(self) -> datetime:
        """The clock's instant, but never before the last one that this process saw recorded."""
        return self._recorder.now()

    def append(self, drafts: Sequence[Draft], guard: Guard | None = None) -> list[Event]:
        """Record `drafts` in one transaction and return them as events, in order, private texts as commitments.

        Raises Conflict if a stream that was relied on or written has moved, or a command id
        was recorded meanwhile; MalformedInput if a fact has no canonical bytes. All or nothing.
        """
        stamps: list[datetime] = []
        drafts = self.private.conceal(drafts)
        entries = [self._application.mapper.to_stored_event(cast(Any, draft)) for draft in drafts]
        try:
            positions = self._recorder.insert_events(entries, guard=guard, stamp=stamps.append)
        except IntegrityError as error:
            raise Conflict(str(error)) from error
        self._waker.wake()
        if any(isinstance(draft.fact, SubjectErased) for draft in drafts):
            self.replay_erasures()
        return [draft.recorded(position, stamps[0]) for draft, position in zip(drafts, positions, strict=True)]

    def refill(self, entries: Sequence[bytes], recorded_at: datetime) -> None:
        """Record entries of this very ledger again behind the head, byte for byte; all bear the one instant.

        Whether they are the ones that were there is for the caller to know. Raises DamagedEntry, IntegrityError.
        """
        self._recorder.insert_events(restored_entries(entries), recorded_at=recorded_at)

    def replay_erasures(self) -> int:
        """Erase again whomever the ledger says was erased, and return how many had come back."""
        return self.private.erase(self.load(ERASURES)[1].subject_ids)

    def load(self, stream: Stream[S], *, at: int | None = None) -> tuple[int, S]:
        """Return a stream's version and state, as known at position `at` (None: now)."""
        version, state = 0, stream.initial
        for event in self.events_of(stream.name):
            if at is not None and event.position > at:
                break
            version, state = event.version, state.evolve(event)
        return version, state

    def events_of(self, stream: str, *, after_version: int = 0) -> list[Event]:
        """Return the events of one stream, in order."""
        return [decode(stored.state) for stored in self._recorder.select_events(stream, gt=after_version)]

    def event(self, position: int) -> Event | None:
        """Return the event at a position, None if there is none."""
        entry = next(self.entries(after=position - 1, through=position), None)
        return None if entry is None else decode(entry)

    def events_of_cycle(self, cycle_id: str, *, after: int = 0, through: int | None = None) -> Iterator[Event]:
        """Yield the events of one cycle in (after, through], in order."""
        while True:
            with self._recorder.datastore.get_connection() as connection, connection.cursor(binary=True) as cursor:
                cursor.execute(
                    "SELECT position, entry FROM ledger.event WHERE ledger_id = %s AND cycle_id = %s AND position > %s"
                    " AND (%s::bigint IS NULL OR position <= %s) ORDER BY position LIMIT %s",
                    (self.ledger_id, cycle_id, after, through, through, PAGE_POSITIONS_MAX),
                )
                page = cursor.fetchall()
            for row in page:
                yield decode(row["entry"])
            if len(page) < PAGE_POSITIONS_MAX:
                return
            after = page[-1]["position"]

    def load_many(self, streams: Iterable[Stream[Any]]) -> dict[str, tuple[int, State]]:
        """Return the version and state of many streams, read at once."""
        loaded: dict[str, tuple[int, State]] = {stream.name: (0, stream.initial) for stream in streams}
        with self._recorder.datastore.get_connection() as connection, connection.cursor(binary=True) as cursor:
            # Each stream is looked up by itself: asked for all in order, a planner that believes the ledger
            # to be small walks through the whole of it.
            cursor.execute(
                "SELECT e.entry FROM unnest(%s::text[]) AS wanted (stream) CROSS JOIN LATERAL ("
                " SELECT entry FROM ledger.event WHERE ledger_id = %s AND stream = wanted.stream ORDER BY version"
                ") AS e",
                (list(loaded), self.ledger_id),
            )
            for row in cursor:
                event = decode(row["entry"])
                loaded[event.stream] = (event.version, loaded[event.stream][1].evolve(event))
        return loaded

    def versions_of(self, streams: Iterable[str]) -> dict[str, int]:
        """The current version of each named stream, 0 where nothing is recorded."""
        versions = {stream: 0 for stream in streams}
        with self._recorder.datastore.get_connection() as connection:
            rows = connection.execute(
                "SELECT stream, max(version) AS version FROM ledger.event"
                " WHERE ledger_id = %s AND stream = ANY(%s) GROUP BY stream",
                (self.ledger_id, list(versions)),
            ).fetchall()
        return versions | {row["stream"]: row["version"] for row in rows}

    def entries(self, *, after: int = 0, through: int | None = None) -> Iterator[bytes]:
        """Yield the stored bytes of each event in (after, through], in order."""
        while True:
            page = self._recorder.select_notifications(after, PAGE_POSITIONS_MAX, through, inclusive_of_start=False)
            yield from (notification.state for notification in page)
            if len(page) < PAGE_POSITIONS_MAX:
                return
            after = page[-1].id

    def outcomes(self, command_ids: Sequence[UUID]) -> dict[UUID, tuple[int, bytes]]:
        """The first position and the digest of each of these commands that is recorded."""
        with self._recorder.datastore.get_connection() as connection:
            rows = connection.execute(
                "SELECT command_id, position, command_digest FROM ledger.event"
                " WHERE ledger_id = %s AND command_id = ANY(%s) AND command_digest IS NOT NULL",
                (self.ledger_id, list(command_ids)),
            ).fetchall()
        return {row["command_id"]: (row["position"], bytes(row["command_digest"])) for row in rows}

    def command_events(self, command_id: UUID, first: int) -> list[Event]:
        """The events that one recorded command left, from its `first` position on, without a gap."""
        found: list[Event] = []
        while True:
            page = self._recorder.select_notifications(first + len(found), COMMAND_PAGE_EVENTS)
            events = (decode(notification.state) for notification in page)
            own = list(takewhile(lambda event: event.command_id == command_id, events))
            found.extend(own)
            if len(own) < COMMAND_PAGE_EVENTS:
                return found


@dataclass(slots=True)
class _Kept:
    """A stream at its version, and the events that it is to be carried on over when it is read next."""

    version: int
    state: State
    ahead: list[Event] = field(default_factory=list[Event])
    behind: bool = False
    """Whether others have written it since: what is new has to be read."""


class Streams:
    """Streams kept decoded at their version, shared by the threads of one process.

    What is kept may be behind the ledger: the append's guard refuses a decision that relied
    on it, and `forget` makes the next read fresh.
    """

    def __init__(self, store: Store):
        self._store = store
        # Guarded by _lock; the states themselves are immutable.
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def load(self, stream: Stream[S]) -> tuple[int, S]:
        """Return a stream's version and state, read from the store if it is not kept."""
        with self._lock:
            kept = self._kept.get(stream.name)
            if kept is not None and not kept.behind:
                self._kept.move_to_end(stream.name)
                return cast(tuple[int, S], _folded(kept))
            version, state = (0, stream.initial) if kept is None else _folded(kept)
        # Only what is new is read: many raters write one stream at the same time, and it grows long.
        for event in self._store.events_of(stream.name, after_version=version):
            version, state = event.version, state.evolve(event)
        with self._lock:
            self._keep(stream.name, version, state)
        return version, cast(S, state)

    def read_ahead(self, streams: Iterable[Stream[Any]]) -> None:
        """Read all of the streams that are not kept at once."""
        with self._lock:
            missing = [stream for stream in streams if stream.name not in self._kept]
        if len(missing) > 1:
            loaded = self._store.load_many(missing)
            with self._lock:
                for name, (version, state) in loaded.items():
                    self._keep(name, version, state)

    def advance(self, events: Iterable[Event]) -> None:
        """Carry kept streams over events that were just appended, each when it is read next."""
        with self._lock:
            for event in events:
                kept = self._kept.get(event.stream)
                if kept is None:
                    continue
                newest = kept.version + len(kept.ahead)
                if newest == event.version - 1:
                    kept.ahead.append(event)
                elif newest < event.version:
                    kept.behind = True

    def forget(self, streams: Iterable[str]) -> None:
        """Read what is new in these streams next time."""
        with self._lock:
            for stream in streams:
                if stream in self._kept:
                    self._kept[stream].behind = True

    def forget_moved(self, relied_on: dict[str, int]) -> bool:
        """Forget those of the streams that have moved, and say whether any had."""
        versions = self._store.versions_of(relied_on)
        moved = [stream for stream, version in relied_on.items() if versions[stream] != version]
        self.forget(moved)
        return bool(moved)

    def _keep(self, name: str, version: int, state: State) -> None:
        kept = self._kept.get(name)
        if kept is None:
            self._kept[name] = _Kept(version, state)
        elif kept.version + len(kept.ahead) <= version:
            self._kept[name] = _Kept(version, state)
            self._kept.move_to_end(name)
        while len(self._kept) > STREAMS_CACHED_MAX:
            self._kept.popitem(last=False)


def _folded(kept: _Kept) -> tuple[int, State]:
    for event in kept.ahead:
        kept.version, kept.state = event.version, kept.state.evolve(event)
    kept.ahead.clear()
    return kept.version, kept.state


class _Waker:
    """Tells readers that there is something new, outside the append's transaction and coalesced.

    A NOTIFY inside the transaction would more than halve the throughput of eight writers.
    It is only a wake-up: readers go by positions and look for themselves once a second.
    """

    def __init__(self, database: Database, ledger_id: int):
        self._database = database
        self._payload = str(ledger_id)
        self._pending = threading.Event()
        self._closing = threading.Event()
        # Guarded by _lock.
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def wake(self) -> None:
        self._pending.set()
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ledger-waker", daemon=True)
                self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._pending.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        told_last = False
        while not told_last:
            with suppress(psycopg.Error), self._database.connect(APP_ROLE) as connection:
                self._notify_while_connected(connection)
            told_last = self._closing.wait(NOTIFY_INTERVAL_S)
            # What could not be told is told once it can be.
            self._pending.set()

    def _notify_while_connected(self, connection: psycopg.Connection[Any]) -> None:
        told_last = False
        while not told_last:
            self._pending.wait()
            # Asked first: after `close` nothing is appended, so what is told then is told of everything.
            told_last = self._closing.is_set()
            self._pending.clear()
            connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, self._payload))
            self._closing.wait(NOTIFY_INTERVAL_S)


@contextmanager
def open_store(
    database: Database,
    *,
    ledger_id: int = 1,
    clock: Callable[[], datetime] = system_clock,
    data_dir: Path | None = None,
    new_key: Callable[[], bytes] = random_key,
) -> Generator[Store]:
    """A store that is closed when the block ends; nobody who was erased is readable in it."""
    store = Store(database, ledger_id=ledger_id, clock=clock, data_dir=data_dir, new_key=new_key)
    try:
        store.replay_erasures()
        yield store
    finally:
        store.close()


__all__ = ["Conflict", "DraftedEntry", "Guard", "LedgerApplication", "Store", "Streams", "open_store"]

"""The recorder: the one append path, on the eventsourcing library's recorder and our own table.

What is ours: several ledgers in one table; positions without gaps, in commit order, given
out under the lock of the ledger's head row; `recorded_at` that never runs back; decisions
guarded by the versions of every stream they relied on. What we do not use of the library,
and why (each was reproduced on 9.5.6): its insert sends one large parameter in pipeline
mode and can hang for ever; its table lock needs more rights than INSERT and stalls behind
VACUUM; its database function lets a later position be seen before an earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, NamedTuple, cast
from uuid import UUID

import msgspec.json
from eventsourcing.persistence import InfrastructureFactory, IntegrityError, Notification, StoredEvent
from eventsourcing.postgres import (
    PostgresApplicationRecorder,
    PostgresDatastore,
    PostgresFactory,
)
from eventsourcing.utils import EnvType
from msgspec import Struct
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL

from ledger.database import APP_ROLE, Database
from ledger.domain.facts import Fact
from ledger.domain.merkle import CompactRange, leaf_hash
from ledger.entries import Draft, DraftedEntry
from ledger.tiles import LogWriter, fills_tile, peaks_of, tree_of

CHANNEL = "ledger_appended"
WRITERS_MAX = 10
IDLE_IN_TRANSACTION_TIMEOUT_S = 60
AT_ONCE_MAX = 64
"""Up to so many entries the round trips of a transaction cost more than sending entries as text does."""

# In order of position, or a planner that expects a cycle everywhere reads the ledger from its beginning.
_MOVED_ON = (
    "SELECT 1 FROM ledger.event WHERE ledger_id = %s AND position > %s AND cycle_id = %s ORDER BY position LIMIT 1"
)
_NOBODY = UUID(int=0)
# The types of the columns of sql/insert_events.sql, in its order.
_TYPES = (
    *("int4", "int8", "timestamptz", "text", "int4", "text", "uuid", "bytea", "text", "text"),
    *("text", "text", "text", "text", "text", "text", "text", "text"),
    *("int8", "text", "numeric", "numeric", "int8", "bytea"),
)
# Those of them that are copies of the facts' own fields, from cycle_id to baseline.
_SUBJECT = (
    *("cycle_id", "group_id", "unit_id", "indicator_id", "period", "subject_id", "requested_by", "approved_by"),
    *("request_position", "reason_code", "baseline"),
)
_BLANK = (None,) * len(_SUBJECT)

Row = tuple[Any, ...]


class _JsonRow(Struct):
    """A row of sql/insert_events.sql from its stream on, as sql/append_onto.sql takes it."""

    stream: str
    version: int
    type: str
    command_id: UUID
    command_digest: bytes | None
    person_id: str
    on_behalf_of: str | None
    cycle_id: str | None
    group_id: str | None
    unit_id: str | None
    indicator_id: str | None
    period: str | None
    subject_id: str | None
    requested_by: str | None
    approved_by: str | None
    request_position: int | None
    reason_code: str | None
    baseline: Decimal | None
    value: Decimal | None
    cites: int | None
    entry: str


class _Left(NamedTuple):
    """The log and the clock of the ledger as an append left them."""

    tree: CompactRange
    recorded_at: datetime


class Conflict(Exception):
    """Another writer was first: a stream that the decision relied on has moved."""


class Expired(Conflict):
    """The decision could no longer be recorded before its deadline."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Under what condition drafts may still be appended."""

    versions: Mapping[str, int] = field(default_factory=dict[str, int])
    """Streams that were relied on but are not written, each with its version."""
    still: Mapping[str, int] = field(default_factory=dict[str, int])
    """Cycles of which nothing may have been recorded after the position."""
    expires_at: datetime | None = None
    """The append must be stamped before this instant."""


def system_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


class LedgerDatastore(PostgresDatastore):
    """The library's connection pool, connecting as the role that owns nothing."""

    def __init__(self, database: Database):
        parts = conninfo_to_dict(database.as_role(APP_ROLE))
        super().__init__(
            dbname=str(parts.pop("dbname", "")),
            host=str(parts.pop("host", "")),
            port=str(parts.pop("port", "")),
            user=str(parts.pop("user", "")),
            password=str(parts.pop("password", "")),
            pool_size=1,
            max_overflow=WRITERS_MAX - 1,
            connect_timeout=30,
            schema="ledger",
            originator_id_type="text",
            idle_in_transaction_session_timeout=IDLE_IN_TRANSACTION_TIMEOUT_S,
        )
        pool_kwargs = cast(dict[str, Any], self.pool.kwargs)
        given = {name: value for name, value in pool_kwargs.items() if value != ""}
        self.pool.kwargs = given | parts


class LedgerRecorder(PostgresApplicationRecorder):
    """Appends and selects the events of one ledger."""

    def __init__(self, datastore: PostgresDatastore, *, ledger_id: int, clock: Callable[[], datetime] = system_clock):
        super().__init__(datastore, events_table_name="event")
        self.ledger_id = ledger_id
        self.clock = clock
        # The last instant this process saw recorded; not exact while threads append, so only decisions go by it.
        self._recorded_at: datetime | None = None
        self._log = LogWriter(ledger_id)
        # Any thread's last append: where the ledger is by now, only the append itself can tell.
        self._left: _Left | None = None
        self.channel_name = CHANNEL
        self._begin = _statement("begin_append")
        self._move_head = _statement("move_head")
        self._insert = _statement("insert_events")
        self._append_at_once = _statement("append_onto")
        self._select = _statement("select_events")
        self._select_notifications = _statement("select_notifications")

    def create_table(self) -> None:
        """DDL belongs to migrations; this only makes sure the ledger's head row is there."""
        with self.datastore.get_connection() as connection:
            connection.execute(
                "INSERT INTO ledger.ledger (ledger_id) VALUES (%s) ON CONFLICT DO NOTHING", (self.ledger_id,)
            )

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> list[int]:
        """Append in one transaction and return the positions.

        `guard` states what the decision relied on; `stamp` (a callable) is told the instant
        the events were recorded at, which is the clock's unless `recorded_at` says another.
        Raises Conflict or Expired if the guard no longer holds, IntegrityError if a version or
        a command id is taken. Nothing is recorded then. Not retried here: an answer that was
        lost may still have been a commit, and only the command id tells.
        """
        guard: Guard = kwargs.get("guard") or Guard()
        recorded_at: datetime | None = kwargs.get("recorded_at")
        if not stored_events:
            return []
        left = None
        if recorded_at is None and len(stored_events) <= AT_ONCE_MAX:
            left = self._append_onto(self._left, stored_events, guard)
        self._left = left = left or self._append(stored_events, guard, recorded_at)
        self._recorded_at = left.recorded_at
        stamp = kwargs.get("stamp")
        if stamp is not None:
            stamp(left.recorded_at)
        return list(range(left.tree.size - len(stored_events) + 1, left.tree.size + 1))

    def _append(self, stored_events: Sequence[StoredEvent], guard: Guard, now: datetime | None) -> _Left:
        """Append in a transaction of several statements, whatever the ledger's head is."""
        with self.datastore.transaction(commit=True) as cursor:
            streams = {"ledger_id": self.ledger_id, "streams": list(guard.versions)}
            cursor.execute(self._begin, streams, binary=True, prepare=True)
            begun = cursor.fetchone()
            assert begun is not None
            moved = [
                stream
                for (stream, relied_on), version in zip(guard.versions.items(), begun["versions"] or (), strict=True)
                if version != relied_on
            ]
            if moved:
                raise Conflict(", ".join(moved))
            for cycle_id, position in guard.still.items():
                if cursor.execute(_MOVED_ON, (self.ledger_id, position, cycle_id)).fetchone() is not None:
                    raise Conflict(cycle_id)
            self._recorded_at = begun["recorded_at"]
            recorded_at = self._not_before(begun["recorded_at"], now)
            if guard.expires_at is not None and recorded_at >= guard.expires_at:
                raise Expired(guard.expires_at.isoformat())
            entries: list[bytes] = []
            # Rows that are copied are stored and logged by whole pages, and no statement is planned for them.
            with cursor.copy(self._insert) as copy:
                copy.set_types(_TYPES)
                for row in self._rows(stored_events, begun["head"] + 1, recorded_at):
                    copy.write_row(row)
                    entries.append(row[-1])
                # Hashed while the server stores what was sent so far.
                leaves = [leaf_hash(entry) for entry in entries]
            tree = self._log.append(cursor, tree_of(begun["head"], begun["peaks"]), leaves)
            moved_to = {
                "ledger_id": self.ledger_id,
                "head": tree.size,
                "recorded_at": recorded_at,
                "peaks": peaks_of(tree),
            }
            cursor.execute(self._move_head, moved_to, binary=True, prepare=True)
        return _Left(tree, recorded_at)

    def _append_onto(self, left: _Left | None, stored_events: Sequence[StoredEvent], guard: Guard) -> _Left | None:
        """Append in one statement onto the head that this process left, which is where it nearly always is.

        Returns None, and nothing is recorded, if it is elsewhere or a stream has moved, and for what
        takes more than that one statement.
        """
        if left is None or guard.still or fills_tile(left.tree.size, len(stored_events)):
            return None
        recorded_at = self._not_before(left.recorded_at)
        if guard.expires_at is not None and recorded_at >= guard.expires_at:
            return None
        rows = [*self._rows(stored_events, left.tree.size + 1, recorded_at)]
        leaves = [leaf_hash(row[-1]) for row in rows]
        tree = left.tree.extended(leaves)
        arguments = {
            "ledger_id": self.ledger_id,
            "known_head": left.tree.size,
            "known_peaks": peaks_of(left.tree),
            "relied_on": msgspec.json.encode(guard.versions).decode(),
            "recorded_at": recorded_at,
            "peaks": peaks_of(tree),
            "rows": msgspec.json.encode([_JsonRow(*[*row[3:-1], row[-1].decode()]) for row in rows]).decode(),
        }
        with self.datastore.get_connection() as connection:
            appended = connection.execute(self._append_at_once, arguments, prepare=True).fetchone()
        if appended is None or not appended["appended"]:
            return None
        self._log.remember(left.tree, tree, leaves)
        return _Left(tree, recorded_at)

    def now(self) -> datetime:
        """The instant that an append would bear now: never before the last one that this process saw recorded."""
        return self._not_before(self._recorded_at)

    def _not_before(self, previous: datetime | None, now: datetime | None = None) -> datetime:
        now = now or self.clock()
        return now if previous is None else max(now, previous)

    def _rows(self, stored_events: Sequence[StoredEvent], first: int, recorded_at: datetime) -> Iterator[Row]:
        """The rows of sql/insert_events.sql, the entry last."""
        for position, stored in enumerate(stored_events, start=first):
            place = (self.ledger_id, position, recorded_at, stored.originator_id, stored.originator_version)
            if isinstance(stored, DraftedEntry):
                yield (*place, stored.topic, *_subject(stored.draft), stored.sealed(position, recorded_at))
            else:
                yield (*place, stored.topic, _NOBODY, None, "", None, *_BLANK, None, None, stored.state)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StoredEvent]:
        """Return the stored events of one stream."""
        # A stream is short, so its end is cut off here rather than by a second statement.
        ascending = None if desc else limit
        arguments = {
            "ledger_id": self.ledger_id,
            "stream": str(originator_id),
            "gt": gt,
            "lte": lte,
            "limit": ascending,
        }
        with self.datastore.get_connection() as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(self._select, arguments, prepare=True).fetchall()
        found = [StoredEvent(originator_id, row["version"], row["type"], bytes(row["entry"])) for row in rows]
        return found[::-1][:limit] if desc else found

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> list[Notification]:
        """Return at most `limit` events by position."""
        after = (start or 0) - (1 if inclusive_of_start else 0)
        arguments = {
            "ledger_id": self.ledger_id,
            "after": after,
            "through": stop,
            "types": list(topics) or None,
            "limit": limit,
        }
        with self.datastore.get_connection() as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(self._select_notifications, arguments, prepare=True).fetchall()
        return [
            Notification(row["stream"], row["version"], row["type"], bytes(row["entry"]), row["position"])
            for row in rows
        ]

    def max_notification_id(self) -> int | None:
        """The position of the ledger's last event, None while it is empty."""
        with self.datastore.get_connection() as connection:
            row = connection.execute(
                "SELECT head FROM ledger.ledger WHERE ledger_id = %s", (self.ledger_id,)
            ).fetchone()
        return row["head"] or None if row else None


def _subject(draft: Draft) -> Row:
    """Who recorded what about whom: the columns between an event's type and its entry."""
    fact = draft.fact
    subject: list[Any] = [None] * len(_SUBJECT)
    for place, name in _fields_of(type(fact)):
        subject[place] = getattr(fact, name)
    return (
        draft.command_id,
        draft.command_digest,
        draft.actor.person_id,
        draft.actor.on_behalf_of,
        *subject,
        getattr(fact, fact.VALUE) if fact.VALUE else None,
        getattr(fact, fact.CITES) if fact.CITES else None,
    )


@cache
def _fields_of(kind: type[Fact]) -> tuple[tuple[int, str], ...]:
    """Which subject columns a kind of fact fills, each with its place among them."""
    return tuple((place, name) for place, name in enumerate(_SUBJECT) if hasattr(kind, name))


def _statement(name: str) -> SQL:
    """One of the recorder's statements; the package's own SQL is vouched for here and nowhere else in this module."""
    text = (files("ledger") / "sql" / f"{name}.sql").read_text("utf-8")
    return SQL(cast(LiteralString, text))


class LedgerFactory(PostgresFactory):
    """Builds the library's infrastructure around our datastore and recorder."""

    def __init__(self, env: EnvType, *, database: Database, ledger_id: int, clock: Callable[[], datetime]):
        # Not the next class's __init__, which would read the environment and connect to what it names.
        InfrastructureFactory.__init__(self, env)  # pyright: ignore[reportArgumentType, reportUnknownMemberType]
        self.datastore = LedgerDatastore(database)
        self._ledger_id = ledger_id
        self._clock = clock

    def application_recorder(self) -> LedgerRecorder:
        """The recorder of this ledger."""
        recorder = LedgerRecorder(self.datastore, ledger_id=self._ledger_id, clock=self._clock)
        recorder.create_table()
        return recorder


__all__ = [
    "CHANNEL",
    "Conflict",
    "Expired",
    "Guard",
    "IntegrityError",
    "LedgerDatastore",
    "LedgerFactory",
    "LedgerRecorder",
    "system_clock",
]

"""Reading: connections and positions under every answer.

What an answer may include is bounded by the position that all projections have reached; a
question at a later one waits for them, or is told that they are not there yet.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from weakref import WeakSet

from psycopg.rows import BaseRowFactory, dict_row
from psycopg.sql import SQL, Identifier
from psycopg_pool import ConnectionPool

from ledger.database import Connection
from ledger.domain.refusals import MalformedInput, UnknownId
from ledger.once import Once
from ledger.projection import Statement, projections, statement

T = TypeVar("T")

WAIT_S = 5.0
INSTANTS_REMEMBERED_MAX = 4_096
_POLL_S = 0.002
_POLL_MAX_S = 0.05
"""A long wait looks less and less often: what one reader waits for must not cost the others."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """The last position that an answer includes, and when it was recorded (None for position 0)."""

    position: int
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Looked:
    """What the database said when it was last asked for its heads."""

    head: AsOf
    """The last position that every projection has reached."""
    recorded: int
    """The last position of the ledger itself."""
    at: float
    """When it was asked, by the monotonic clock."""
    answered_at: float
    """When the answer was there."""


class NotReached(Exception):
    """The projections have not come to this position in the time given."""

    def __init__(self, *, position: int, reached: int):
        super().__init__(f"{NotReached.__doc__} (asked: {position}, reached: {reached})")
        self.position = position
        self.reached = reached


class Reader:
    """Reads one ledger's projections; safe to call from several threads."""

    def __init__(self, pool: ConnectionPool[Connection], *, ledger_id: int = 1):
        self.ledger_id = ledger_id
        self._pool = pool
        self._projections = projections()
        self._head_query = _HEAD.sql.format(
            checkpoints=SQL(" UNION ALL ").join(
                SQL("SELECT position FROM {}.checkpoint WHERE ledger_id = %(ledger_id)s").format(Identifier(name))
                for name, projection in self._projections.items()
                if not projection.settled
            )
        )
        # Only grows, so a stale look at it merely asks the database once more.
        self._reached = 0
        self._looked: Looked | None = None
        self._instants = Once(INSTANTS_REMEMBERED_MAX)
        self._lock = threading.Lock()
        # Connections whose search path is set; guarded by _lock.
        self._ready: WeakSet[Connection] = WeakSet()

    def head(self) -> AsOf:
        """The position that every projection has reached."""
        return self.look().head

    def look(self) -> Looked:
        """Ask the database how far the projections and the ledger are.

        Of two looks at the same time the one that saw less is forgotten: what the other saw may
        have been told already, and nobody is told of less than before.
        """
        began = time.monotonic()
        with self.connection() as connection:
            reached, recorded_at, recorded = self._head_on(connection)
        looked = Looked(AsOf(reached, recorded_at), recorded or 0, began, time.monotonic())
        with self._lock:
            self._reached = max(self._reached, looked.head.position)
            other = self._looked
            if other is not None and began < other.answered_at and looked.head.position < other.head.position:
                return other
            self._looked = looked
        return looked

    def looked(self, age_s_max: float) -> Looked | None:
        """What the database said last, None if that is longer ago than `age_s_max` seconds."""
        looked = self._looked
        return looked if looked is not None and time.monotonic() - looked.at <= age_s_max else None

    def resolve(self, position: int | None = None, recorded_at: datetime | None = None) -> AsOf:
        """The position that a question means: the one given, the last one recorded by an instant, or the head.

        Raises UnknownId for a position that is not in the ledger and for an instant before its
        first event, MalformedInput if both are given, NotReached.
        """
        if position is not None and recorded_at is not None:
            raise MalformedInput(path="as_of", hint="Name a position or an instant, not both.")
        if recorded_at is not None:
            position = self._position_at(recorded_at)
        elif position is None:
            return self.head()
        recorded = self._recorded_at(position)
        if recorded is None:
            raise UnknownId(path="position", position=position)
        self.wait_for(position)
        return AsOf(position, recorded)

    def wait_for(self, position: int, timeout_s: float = WAIT_S) -> None:
        """Return once every projection has reached `position`.

        Raises NotReached after `timeout_s`, and at once for a position that is not recorded yet: nobody was told
        of it, and who asked for it all the same would keep a thread from others.
        """
        deadline, pause_s = time.monotonic() + timeout_s, _POLL_S
        while position > self._reached:
            looked = self.look()
            reached = looked.head.position
            if position > reached:
                if position > looked.recorded or time.monotonic() >= deadline:
                    raise NotReached(position=position, reached=reached)
                time.sleep(pause_s)
                pause_s = min(pause_s * 1.2, _POLL_MAX_S)

    def read(self, projection: str, read: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of one named read of a projection file.

        Every parameter of the read has to be given but `ledger_id`; positions `after` and
        `before` are not included and may be None. Raises KeyError for an unknown projection
        or read, TypeError for parameters that are not the read's, NotReached.
        """
        return self.read_as(dict_row, projection, read, **parameters)

    def read_as(self, rows: BaseRowFactory[T], projection: str, read: str, **parameters: Any) -> list[T]:
        """The same, each row made by a factory of psycopg's."""
        named = self.named(projection, read)
        given = parameters | {"ledger_id": self.ledger_id}
        if given.keys() != named.parameters | {"ledger_id"}:
            raise TypeError(f"{projection}.{read} takes {', '.join(sorted(named.parameters))}")
        self.require(parameters["as_of"])
        with self.connection() as connection, connection.cursor(binary=True, row_factory=rows) as cursor:
            return cursor.execute(named.sql, given).fetchall()

    def named(self, projection: str, read: str) -> Statement:
        """One named read of a projection file. Raises KeyError."""
        return self._projections[projection].reads[read]

    def require(self, position: int) -> None:
        """Raise NotReached unless the projections have reached `position`."""
        self.wait_for(position, timeout_s=0)

    @contextmanager
    def connection(self) -> Generator[Connection]:
        """A connection whose unqualified names mean the projections' tables. Raises NotReached."""
        with self._pool.connection() as connection:
            with self._lock:
                ready = connection in self._ready
            if not ready:
                path = SQL(", ").join(Identifier(name) for name in self._projections)
                connection.execute(SQL("SET search_path TO {}").format(path))
                self._catch_up_again(connection)
                with self._lock:
                    self._ready.add(connection)
            yield connection

    def _catch_up_again(self, connection: Connection) -> None:
        """Return once a new connection finds the projections where they were. Raises NotReached.

        Folding does not wait for the disk, so if PostgreSQL crashes the last folds are lost, and made again. All
        connections are new then, and none of them tells anybody less, or leaves out what was there before. Of
        an older backup nothing comes again beyond its own head.
        """
        deadline, pause_s = time.monotonic() + WAIT_S, _POLL_S
        while True:
            reached, _, recorded = self._head_on(connection)
            before = min(self._reached, recorded or 0)
            if reached >= before:
                return
            if time.monotonic() >= deadline:
                raise NotReached(position=before, reached=reached)
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.2, _POLL_MAX_S)

    def _head_on(self, connection: Connection) -> tuple[int, datetime | None, int | None]:
        """The last position that every projection has reached, when it was recorded, and the last one of the ledger."""
        row = connection.execute(self._head_query, {"ledger_id": self.ledger_id}).fetchone()
        assert row is not None
        return row[0], row[1], row[2]

    def _position_at(self, instant: datetime) -> int:
        with self.connection() as connection:
            row = connection.execute("SELECT ledger.position_at(%s, %s)", (self.ledger_id, instant)).fetchone()
        if row is None or row[0] == 0:
            raise UnknownId(path="recorded_at", recorded_at=instant.isoformat(), hint="Nothing was recorded by then.")
        return row[0]

    def _recorded_at(self, position: int) -> datetime | None:
        return self._instants.get(position, lambda: self._read_instant(position))

    def _read_instant(self, position: int) -> datetime | None:
        with self.connection() as connection:
            row = connection.execute(
                "SELECT recorded_at FROM ledger.event WHERE ledger_id = %s AND position = %s",
                (self.ledger_id, position),
            ).fetchone()
        return row[0] if row else None


_HEAD = statement("projector_head")

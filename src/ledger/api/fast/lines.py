"""Lines: connections to the database on which the event loop itself waits, without threads in between.

A line speaks to libpq with nothing between but psycopg's loaders of values: a cursor takes twice
as long for a read by a key as the read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, TypeVar, cast

import psycopg
from psycopg import AsyncConnection
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult
from psycopg.sql import SQL

from ledger.database import APP_ROLE, STATEMENT_TIMEOUT_S, Database
from ledger.projection import projections
from ledger.results import Answers

T = TypeVar("T")

LINES_MAX = 8
WAITING_MAX = 256
"""Reads that wait for a line; a later one is told at once that there is none."""
CONNECT_TIMEOUT_S = 5
NAMINGS_KEPT_MAX = 8
"""Of so many moments it is kept what units were called: they are named seldom, and often many together."""

Value = str | int | None
Names = dict[str, str | None]


class Busy(Exception):
    """Too many reads wait for a line."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A read as libpq takes it."""

    name: bytes
    text: bytes
    parameters: tuple[str, ...]
    """In the order of their numbers."""


class Lines:
    """At most so many connections for reading projections, opened as they are needed; for one event loop."""

    def __init__(self, database: Database, answers: Answers):
        self._answers = answers
        self._conninfo = database.as_role(
            APP_ROLE,
            statement_timeout=f"{STATEMENT_TIMEOUT_S}s",
            default_transaction_read_only="on",
            search_path=",".join(projections()),
            # Reads by a key have one good plan; making it anew takes longer than the read.
            plan_cache_mode="force_generic_plan",
        )
        self._prepared: dict[tuple[str, str], _Prepared] = {}
        self._idle: list[_Line] = []
        self._free = LINES_MAX
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._names_since: dict[int | None, Names] = {}
        self._names_at: dict[int | None, Names] = {}

    async def read(
        self, row: Callable[[Sequence[Any]], T], projection: str, read: str, parameters: Mapping[str, Value]
    ) -> list[T]:
        """The rows of one named read of a projection file, each made by `row`. Raises Busy, psycopg.Error."""
        prepared = self._prepared.get((projection, read)) or self._prepare(projection, read)
        given = {**parameters, "ledger_id": self._answers.ledger_id}
        values = [_text(given[name]) for name in prepared.parameters]
        await self._take()
        line = None
        try:
            line = self._kept() or await _Line.connect(self._conninfo)
            found = await line.read(prepared, values, row)
        except BaseException:
            # Broken off, or of a server that is gone.
            if line is not None:
                line.close()
            raise
        else:
            self._idle.append(line)
            return found
        finally:
            self._give_back()

    async def names(self, as_of: int) -> Names:
        """What units are called at a position, as far as it is known; kept by whoever reads tables."""
        names = self._names_at.get(as_of)
        if names is None:
            [(named_position,)] = await self.read(tuple, "unit_registry", "last_named", {"as_of": as_of})
            # The same for every position until a unit is named again.
            names = _remembered(self._names_since, named_position, {})
            _remembered(self._names_at, as_of, names)
        return names

    def _prepare(self, projection: str, read: str) -> _Prepared:
        statement = self._answers.named(projection, read)
        names = tuple(sorted(statement.parameters))
        numbers = {name: SQL(cast(LiteralString, f"${number}")) for number, name in enumerate(names, start=1)}
        text = statement.given(**numbers).as_string(None)
        prepared = _Prepared(f"{projection}.{read}".encode(), text.encode(), names)
        self._prepared[projection, read] = prepared
        return prepared

    def _kept(self) -> _Line | None:
        """An idle line whose server is there still."""
        while self._idle:
            line = self._idle.pop()
            if line.usable:
                return line
            line.close()
        return None

    async def _take(self) -> None:
        """Take the place of one line, waiting in turn for one that is free."""
        if self._free and not self._waiting:
            self._free -= 1
            return
        if len(self._waiting) >= WAITING_MAX:
            raise Busy
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_back()
            else:
                self._waiting.remove(turn)
            raise

    def _give_back(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def close(self) -> None:
        """Close what is idle, from whatever thread."""
        while self._idle:
            self._idle.pop().close()


class _Line:
    """One connection with the statements that were prepared on it; it hears of its answers, and of its end."""

    def __init__(self, connection: AsyncConnection, loop: asyncio.AbstractEventLoop):
        self._pgconn = connection.pgconn
        self._transformer = Transformer(connection)
        self._known: set[bytes] = set()
        self._answered: asyncio.Future[None] | None = None
        """Done when what was asked is answered as a whole."""
        self._ended = False
        self._loop = loop
        # libpq no longer knows it once the server is gone.
        self._socket = connection.pgconn.socket
        # For as long as it lasts: to listen anew for each answer takes as long as to ask.
        loop.add_reader(self._socket, self._arrived)

    @classmethod
    async def connect(cls, conninfo: str) -> _Line:
        connection = await AsyncConnection.connect(conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
        return cls(connection, asyncio.get_running_loop())

    @property
    def usable(self) -> bool:
        """Whether the server is there still, and the loop that hears of it is the one that asks."""
        return not self._ended and self._loop is asyncio.get_running_loop()

    async def read(
        self, prepared: _Prepared, values: Sequence[bytes | None], row: Callable[[Sequence[Any]], T]
    ) -> list[T]:
        """The rows of a statement. Raises psycopg.Error."""
        if prepared.name not in self._known:
            self._pgconn.send_prepare(prepared.name, prepared.text)
            await self._result(ExecStatus.COMMAND_OK)
            self._known.add(prepared.name)
        self._pgconn.send_query_prepared(prepared.name, values, result_format=Format.BINARY)
        result = await self._result(ExecStatus.TUPLES_OK)
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, row)

    async def _result(self, expected: ExecStatus) -> PGresult:
        if self._pgconn.flush():
            raise psycopg.OperationalError("the question did not fit into the connection's buffer")
        found: PGresult | None = None
        while True:
            if self._pgconn.is_busy():
                self._answered = self._loop.create_future()
                await self._answered
            result = self._pgconn.get_result()
            if result is None:
                break
            found = result
        if found is None or found.status != expected:
            raise psycopg.OperationalError(found.error_message.decode("utf-8", "replace") if found else "no answer")
        return found

    def _arrived(self) -> None:
        """Take in what the server has sent."""
        answered = self._answered
        try:
            self._pgconn.consume_input()
        except psycopg.OperationalError as error:
            self._hear_no_more()
            if answered is not None and not answered.done():
                answered.set_exception(error)
            return
        if answered is not None and not answered.done() and not self._pgconn.is_busy():
            answered.set_result(None)

    def _hear_no_more(self) -> None:
        if not self._ended and not self._loop.is_closed():
            self._loop.remove_reader(self._socket)
        self._ended = True

    def close(self) -> None:
        """End the connection; whatever it was doing goes on to its end at the server, and nobody hears of it."""
        self._hear_no_more()
        self._pgconn.finish()


def _remembered(namings: dict[int | None, Names], position: int | None, names: Names) -> Names:
    """The names that are kept for a position, or else these from now on."""
    if position not in namings and len(namings) >= NAMINGS_KEPT_MAX:
        namings.clear()
    return namings.setdefault(position, names)


def _text(value: Value) -> bytes | None:
    if value is None:
        return None
    return value.encode() if isinstance(value, str) else b"%d" % value

"""Lines: connections to the database on which the event loop itself waits, without threads in between."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import BaseRowFactory, TupleRow

from ledger.database import APP_ROLE, STATEMENT_TIMEOUT_S, Database
from ledger.projection import projections
from ledger.results import Answers

IDLE_MAX = 8
CONNECT_TIMEOUT_S = 5

Line = AsyncConnection[TupleRow]


class Lines:
    """Idle connections for reading projections, opened as they are needed."""

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
        self._idle: list[Line] = []

    async def read(
        self, rows: BaseRowFactory[Any], projection: str, read: str, parameters: Mapping[str, Any]
    ) -> list[Any]:
        """The rows of one named read of a projection file, as `Reader.read_as` gives them. Raises psycopg.Error."""
        line = self._idle.pop() if self._idle else await self._connect()
        try:
            async with line.cursor(binary=True, row_factory=rows) as cursor:
                named = self._answers.named(projection, read).sql
                await cursor.execute(named, {**parameters, "ledger_id": self._answers.ledger_id})
                found = await cursor.fetchall()
        except BaseException:
            # Broken off, or of a server that is gone.
            with suppress(psycopg.Error):
                await line.close()
            raise
        if len(self._idle) < IDLE_MAX:
            self._idle.append(line)
        else:
            await line.close()
        return found

    async def _connect(self) -> Line:
        return await AsyncConnection.connect(self._conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)

    def close(self) -> None:
        """Close what is idle, from whatever thread."""
        while self._idle:
            line = self._idle.pop()
            line.pgconn.finish()

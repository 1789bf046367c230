"""Heads: word of every new position that answers include, by one listener for all who wait in this process.

NOTIFY is a wake-up and nothing else. What counts is the position found in the database, so a
lost notification or a restarted PostgreSQL costs time and never an event.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import psycopg
from psycopg.sql import SQL, Identifier

from ledger.database import APP_ROLE, Connection, Database
from ledger.recorder import CHANNEL

POLL_S = 1.0
RECONNECT_S = 0.5
_BEHIND_POLL_S = 0.005
_BEHIND_POLL_MAX_S = 0.05
_BEHIND_S = 1.0
_STOP_CHECK_S = 0.1

logger = logging.getLogger("ledger.api")

Waiter = tuple[int, asyncio.AbstractEventLoop, asyncio.Future[None]]


class Heads:
    """Knows the last position that answers include; listens from the first time that somebody waits for a new one."""

    def __init__(self, database: Database, ledger_id: int, folded: Callable[[], int]):
        self._database = database
        self._ledger_id = ledger_id
        self._folded = folded
        self._stop = threading.Event()
        self._lock = threading.Lock()
        # Guarded by _lock.
        self._head = 0
        self._waiting: set[Waiter] = set()
        self._listener: threading.Thread | None = None

    async def beyond(self, position: int, timeout_s: float) -> bool:
        """Return once answers include a position after this one; False if they do not in the time given."""
        loop = asyncio.get_running_loop()
        waiter = (position, loop, loop.create_future())
        with self._lock:
            if self._head > position:
                return True
            self._waiting.add(waiter)
            if self._listener is None:
                self._listener = threading.Thread(target=self._listen, name="heads", daemon=True)
                self._listener.start()
        try:
            await asyncio.wait_for(waiter[2], timeout_s)
        except TimeoutError:
            return False
        finally:
            with self._lock:
                self._waiting.discard(waiter)
        return True

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        with self._lock:
            listener = self._listener
        if listener is not None:
            listener.join()

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._database.as_role(APP_ROLE), autocommit=True) as connection:
                    connection.execute(SQL("LISTEN {}").format(Identifier(CHANNEL)))
                    self._follow(connection)
            except psycopg.Error as error:
                logger.warning("word of new events is interrupted: %s", error)
                self._stop.wait(RECONNECT_S)

    def _follow(self, connection: Connection) -> None:
        # Whatever was sent before is not heard any more.
        self._look(connection)
        looked_at = time.monotonic()
        while not self._stop.is_set():
            told = [
                each
                for each in connection.notifies(timeout=_STOP_CHECK_S, stop_after=1)
                if each.payload == str(self._ledger_id)
            ]
            if told or time.monotonic() - looked_at > POLL_S:
                self._look(connection)
                looked_at = time.monotonic()

    def _look(self, connection: Connection) -> None:
        """Publish the head, waiting a moment for projections that are still folding what is recorded."""
        row = connection.execute("SELECT head FROM ledger.ledger WHERE ledger_id = %s", (self._ledger_id,)).fetchone()
        recorded: int = row[0] if row else 0
        deadline, pause_s = time.monotonic() + _BEHIND_S, _BEHIND_POLL_S
        while not self._stop.is_set():
            folded = self._folded()
            self._publish(folded)
            if folded >= recorded or time.monotonic() > deadline:
                return
            self._stop.wait(pause_s)
            pause_s = min(pause_s * 1.2, _BEHIND_POLL_MAX_S)

    def _publish(self, head: int) -> None:
        with self._lock:
            if head <= self._head:
                return
            self._head = head
            woken = [waiter for waiter in self._waiting if waiter[0] < head]
        for _, loop, future in woken:
            # A loop that is closed has nobody who waits.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_wake, future)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)

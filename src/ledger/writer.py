"""The writer: commands that arrive while others are being recorded go into the next transaction together.

One append at a time is all that a ledger without gaps admits, and each waits for the disk; so it is not
the single command but whatever has gathered meanwhile that is decided and appended at once. Each command
keeps an outcome of its own: a refusal among them spoils nothing, and what lost a race is decided again.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg
from eventsourcing.persistence import PersistenceError
from msgspec import Struct

from ledger.commands import Commands, Outcome, Request
from ledger.domain.refusals import Refused

WAITING_MAX = 1_000
AT_ONCE_MAX = 200
"""So many commands share a transaction that its cost is spread, and so few that none waits long for the others."""


class TooManyWait(Exception):
    """More commands wait to be recorded than can be soon; send this one again later, under its id."""


class _Waiting(Struct, frozen=True):
    request: Request
    outcome: asyncio.Future[Outcome]


class Writer:
    """Records the commands of one process, first come, first served; used from event loops."""

    def __init__(self, commands: Commands):
        self._commands = commands
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger-writer")
        # Guarded by _lock.
        self._queue: deque[_Waiting] = deque()
        self._writing = False
        self._lock = threading.Lock()

    def close(self) -> None:
        """Wait until everything that was accepted is recorded."""
        self._thread.shutdown()

    async def carry_out(self, request: Request, timeout_s: float) -> Outcome:
        """Carry out one command, together with those that are sent at the same time.

        Raises TooManyWait, TimeoutError after so long, and what `Commands.execute_many` raises. Whoever
        gives up waiting gives up the answer only: the command may be recorded all the same.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(request, loop.create_future())
        with self._lock:
            if len(self._queue) >= WAITING_MAX:
                raise TooManyWait(TooManyWait.__doc__)
            self._queue.append(waiting)
            starts, self._writing = not self._writing, True
        if starts:
            # Not at once: what the loop has read already comes along.
            loop.call_soon(self._thread.submit, self._write)
        # A tenth of what asyncio.timeout takes, which is as much as reading the request.
        timer = loop.call_later(timeout_s, _give_up, waiting.outcome)
        try:
            return await waiting.outcome
        finally:
            timer.cancel()

    def _write(self) -> None:
        while batch := self._taken():
            outcomes = self._outcomes([each.request for each in batch])
            by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting, Outcome | Exception]]] = {}
            for waiting, outcome in zip(batch, outcomes, strict=True):
                by_loop.setdefault(waiting.outcome.get_loop(), []).append((waiting, outcome))
            for loop, settled in by_loop.items():
                # A loop that has ended meanwhile has nobody left who waits.
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_settle, settled)

    def _outcomes(self, requests: Sequence[Request]) -> Sequence[Outcome | Exception]:
        try:
            return self._commands.execute_many(requests)
        except (PersistenceError, psycopg.Error) as error:
            # The database fails one as it fails all.
            return [error] * len(requests)
        except Exception as error:
            if len(requests) == 1:
                return [error]
            # Nobody answers for somebody else's command, whatever is wrong with it.
            return [self._outcomes([request])[0] for request in requests]

    def _taken(self) -> list[_Waiting]:
        """What is to be recorded next; nothing once nobody waits."""
        with self._lock:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), AT_ONCE_MAX))]
            self._writing = bool(batch)
        return batch


def _give_up(outcome: asyncio.Future[Outcome]) -> None:
    if not outcome.done():
        outcome.set_exception(TimeoutError())


def _settle(settled: list[tuple[_Waiting, Outcome | Exception]]) -> None:
    for waiting, outcome in settled:
        future = waiting.outcome
        if future.done():
            continue
        # A refusal is an answer; it is raised where commands are carried out alone.
        if isinstance(outcome, Exception) and not isinstance(outcome, Refused):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

"""The writer: commands that arrive while others are being recorded go into the next transaction together.

One append at a time is all that a ledger without gaps admits, and each waits for the disk; so it is not
the single command but whatever has gathered meanwhile that is appended at once. It is decided as it
arrives, while the append before it is under way. Each command keeps an outcome of its own: a refusal
among them spoils nothing, and what lost a race is decided again.
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

from ledger.batches import Batch
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
        self._decider = ThreadPoolExecutor(1, thread_name_prefix="ledger-decider")
        self._appender = ThreadPoolExecutor(1, thread_name_prefix="ledger-appender")
        # Guarded by _changed.
        self._queue: deque[_Waiting] = deque()
        self._deciding = False
        self._told = False
        self._appending = False
        self._changed = threading.Condition()

    def close(self) -> None:
        """Wait until everything that was accepted is recorded."""
        self._decider.shutdown()
        self._appender.shutdown()

    async def carry_out(self, request: Request, timeout_s: float) -> Outcome:
        """Carry out one command, together with those that are sent at the same time.

        Raises TooManyWait, TimeoutError after so long, and what `Commands.append` raises. Whoever
        gives up waiting gives up the answer only: the command may be recorded all the same.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(request, loop.create_future())
        with self._changed:
            if len(self._queue) >= WAITING_MAX:
                raise TooManyWait(TooManyWait.__doc__)
            self._queue.append(waiting)
            tells, self._told = not self._told, True
        if tells:
            # Not at once: what the loop has read already comes along.
            loop.call_soon(self._tell)
        # A tenth of what asyncio.timeout takes, which is as much as reading the request.
        timer = loop.call_later(timeout_s, _give_up, waiting.outcome)
        try:
            return await waiting.outcome
        finally:
            timer.cancel()

    def _tell(self) -> None:
        """Have what waits decided."""
        with self._changed:
            self._told = False
            starts, self._deciding = not self._deciding, True
            self._changed.notify()
        if starts:
            self._decider.submit(self._decide)

    def _decide(self) -> None:
        """Decide what waits, and hand it on when nothing is being appended; end once nobody waits."""
        gathered = _Gathered(self._commands.begin())
        while self._take(gathered):
            if gathered.new and not gathered.failed:
                try:
                    self._commands.decide([each.request for each in gathered.new], gathered.batch)
                except Exception:
                    # Whose fault it is comes out when they are carried out alone.
                    gathered.failed = True
            gathered.waiting += gathered.new
            with self._changed:
                hands_on, self._appending = not self._appending, True
            if hands_on:
                appended = self._appender.submit(self._append, gathered)
                gathered = _Gathered(self._commands.begin(appended.result))

    def _take(self, gathered: _Gathered) -> bool:
        """Take what waits, once some does or what is gathered may be appended; whether there is any."""
        with self._changed:
            while self._appending and not (self._queue and len(gathered.waiting) < AT_ONCE_MAX):
                self._changed.wait()
            room = min(len(self._queue), AT_ONCE_MAX - len(gathered.waiting))
            gathered.new = [self._queue.popleft() for _ in range(room)]
            self._deciding = bool(gathered.new or gathered.waiting)
            return self._deciding

    def _append(self, gathered: _Gathered) -> None:
        waiting = gathered.waiting
        outcomes = self._outcomes([each.request for each in waiting], None if gathered.failed else gathered.batch)
        with self._changed:
            self._appending = False
            self._changed.notify()
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting, Outcome | Exception]]] = {}
        for each, outcome in zip(waiting, outcomes, strict=True):
            by_loop.setdefault(each.outcome.get_loop(), []).append((each, outcome))
        for loop, settled in by_loop.items():
            # A loop that has ended meanwhile has nobody left who waits.
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, settled)

    def _outcomes(self, requests: Sequence[Request], batch: Batch | None = None) -> Sequence[Outcome | Exception]:
        """What becomes of requests, which the batch has decided on if there is one."""
        try:
            return self._commands.execute_many(requests) if batch is None else self._commands.append(batch)
        except (PersistenceError, psycopg.Error) as error:
            # The database fails one as it fails all.
            return [error] * len(requests)
        except Exception as error:
            if len(requests) == 1:
                return [error]
            # Nobody answers for somebody else's command, whatever is wrong with it.
            return [self._outcomes([request])[0] for request in requests]


class _Gathered:
    """Commands that are decided and wait to be appended."""

    def __init__(self, batch: Batch):
        self.batch = batch
        self.waiting: list[_Waiting] = []
        self.new: list[_Waiting] = []
        """Those that are to be decided next."""
        self.failed = False
        """Whether one of them could not be decided."""


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

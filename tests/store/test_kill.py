"""Writers and the server are killed at any instant, and the ledger is none the worse.

`LEDGER_TEST_KILL_COMMANDS` is the number of commands of each of the eight writers; 2000 is a thorough run.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import killed_writer
import psycopg
import pytest
from hashing import check_log
from killed_writer import NOW, UNITS, command_id, request
from year import Year, entered

from ledger.commands import Commands
from ledger.database import APP_ROLE, Database
from ledger.domain.facts import Event
from ledger.embedded import EmbeddedPostgres
from ledger.entries import decode
from ledger.migrate import migrate
from ledger.store import open_store

WRITERS = 8
COMMANDS = int(os.environ.get("LEDGER_TEST_KILL_COMMANDS", "125"))
SERVER_KILLS = 2
ANSWERS_PER_KILL = max(50, WRITERS * COMMANDS // 100)
"""By progress and not by time, so that a slow machine does not spend itself on starting processes."""
POLL_S = 0.02
WRITER = Path(killed_writer.__file__)


@pytest.fixture
def mortal(server_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A server of the test's own, which may be killed."""
    server = EmbeddedPostgres(server_dir / "mortal")
    yield server
    server.release()


@dataclass
class Reader(threading.Thread):
    """Follows the positions, through every death of the server, and keeps what did not follow on the one before."""

    database: Database
    last: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__()

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                with self.database.connect(APP_ROLE) as connection:
                    self._follow(connection)
            except psycopg.Error:
                time.sleep(0.05)

    def _follow(self, connection: psycopg.Connection[tuple[int]]) -> None:
        while not self.stopped.is_set():
            rows = connection.execute(
                "SELECT position FROM ledger.event WHERE position > %s ORDER BY position", (self.last,)
            )
            for (position,) in rows:
                if position != self.last + 1:
                    self.gaps.append((self.last, position))
                self.last = position

    __hash__ = threading.Thread.__hash__


@dataclass
class Writers:
    """Eight processes, each started again whenever it is killed."""

    conninfo: str
    directory: Path
    alive: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict[int, subprocess.Popen[bytes]])
    kills: int = 0

    def answers(self, writer: int) -> list[int]:
        """The positions that the writer was told, by the number of its command."""
        path = self.directory / f"answers-{writer}"
        return [int(line) for line in path.read_text().splitlines()] if path.exists() else []

    def answered(self) -> int:
        return sum(len(self.answers(writer)) for writer in range(WRITERS))

    def start(self, writer: int) -> None:
        arguments = [self.conninfo, str(writer), str(COMMANDS), str(self.directory / f"answers-{writer}")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        self.alive[writer] = subprocess.Popen([sys.executable, str(WRITER), *arguments], env=environment)

    def kill_one(self) -> None:
        writer = random.choice([*self.alive])
        self.alive[writer].kill()
        if self.alive[writer].wait() == -signal.SIGKILL:
            self.kills += 1
            self.start(writer)

    def let_the_finished_go(self) -> None:
        for writer, process in [*self.alive.items()]:
            if process.poll() is not None:
                assert process.returncode == 0, f"writer {writer} failed"
                del self.alive[writer]

    def end(self) -> None:
        for process in self.alive.values():
            process.kill()
            process.wait()


def kill_server(server: EmbeddedPostgres) -> None:
    """Kill the postmaster outright and start it again; it recovers from its log."""
    postmaster = int((server.root / "data" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    server.release()
    server.start()


def begin(database: Database) -> int:
    """Open a year to write in, and return how many events that took."""
    migrate(database)
    with open_store(database, clock=lambda: NOW) as store:
        Year(Commands(store), uuid4).begin(UNITS)
        return store.head


def test_killed_writers_and_a_killed_server_lose_and_repeat_nothing(mortal: EmbeddedPostgres, tmp_path: Path):
    conninfo = mortal.start()
    database = Database(conninfo)
    begun = begin(database)
    reader, writers = Reader(database), Writers(conninfo, tmp_path)
    servers_to_kill = [WRITERS * COMMANDS * (n + 1) // (SERVER_KILLS + 1) for n in range(SERVER_KILLS)]
    started = time.monotonic()
    reader.start()
    try:
        for writer in range(WRITERS):
            writers.start(writer)
        kill_at = 0
        while writers.alive:
            time.sleep(random.uniform(0, 2 * POLL_S))
            writers.let_the_finished_go()
            answered = writers.answered()
            if servers_to_kill and answered >= servers_to_kill[0]:
                servers_to_kill.pop(0)
                kill_server(mortal)
            elif writers.alive and answered >= kill_at:
                kill_at = answered + random.randint(1, 2 * ANSWERS_PER_KILL)
                writers.kill_one()
    finally:
        writers.end()
        reader.stopped.set()
        reader.join()
    print(
        f"{WRITERS} x {COMMANDS} commands in {time.monotonic() - started:.1f} s, {writers.kills} writers and "
        f"{SERVER_KILLS - len(servers_to_kill)} servers killed, reader at {reader.last}"
    )

    check_log(database)
    with open_store(database) as store:
        events = [decode(stored) for stored in store.entries(after=begun)]
    assert [event.position for event in events] == list(range(begun + 1, begun + WRITERS * COMMANDS + 1))
    assert reader.gaps == []
    assert servers_to_kill == []
    _check_every_answer(events, writers)


def _check_every_answer(events: list[Event], writers: Writers) -> None:
    """Each command is recorded once, where its writer was told, and replaces the value before it."""
    by_id = {event.command_id: event for event in events}
    assert len(by_id) == len(events)
    for writer in range(WRITERS):
        told = [by_id[command_id(writer, number)].position for number in range(COMMANDS)]
        assert told == writers.answers(writer)
    newest: dict[str, int] = {}
    for event in events:
        writer, number = divmod(event.command_id.int, 1 << 64)
        command = request(writer - 1, number).command
        unit_id, value = getattr(command, "unit_id"), str(getattr(command, "value"))  # noqa: B009
        assert event.fact == entered(unit_id, value, replaces_position=newest.get(event.stream))
        newest[event.stream] = event.position

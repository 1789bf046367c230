"""Server, writer and signer are killed at any instant, and nobody is accused.

`LEDGER_TEST_SIGNED_APPENDS` is the number of appends; 1000 is a thorough run.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import killed_writer
import psycopg
import pytest
from killed_writer import NOW, UNITS
from year import Year

from ledger.commands import Commands
from ledger.database import Database
from ledger.domain.merkle import root_at
from ledger.embedded import EmbeddedPostgres
from ledger.migrate import migrate
from ledger.proof.checkpoint import opened
from ledger.proof.note import split_notes
from ledger.proof.published import SigningState, published, read_finding
from ledger.proof.running import sign_once
from ledger.proof.signer import opened_signer
from ledger.settings import Settings
from ledger.store import open_store

APPENDS = int(os.environ.get("LEDGER_TEST_SIGNED_APPENDS", "120"))
APPENDS_PER_ROUND = 20
ROUNDS_PER_SERVER_KILL = 5
WRITER_KILLED = 0.25
"""How often it is the writer that is killed in a round, and not the signer."""
WRITER = Path(killed_writer.__file__)


@pytest.fixture
def mortal(server_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A server of the test's own, which may be killed."""
    server = EmbeddedPostgres(server_dir / "mortal-signed")
    yield server
    server.release()


@dataclass
class Mortals:
    """A writer and a signer, each a process that is started again whenever it is killed."""

    conninfo: str
    directory: Path
    alive: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, subprocess.Popen[bytes]])
    kills: int = 0

    @property
    def settings(self) -> Settings:
        return Settings(data_dir=self.directory, database_url=self.conninfo)

    def write(self, appends: int) -> None:
        """Begin to write until there are so many."""
        self._start("writer", str(WRITER), self.conninfo, "0", str(appends), str(self.directory / "answers"))

    def sign(self) -> None:
        """Begin to sign."""
        self._start("signer", "-m", "ledger", "sign")

    def kill(self, name: str) -> None:
        process = self.alive.pop(name)
        process.kill()
        self.kills += process.wait() == -signal.SIGKILL

    def end(self) -> None:
        for name in [*self.alive]:
            self.kill(name)

    def _start(self, name: str, *arguments: str) -> None:
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "LEDGER_DATABASE_URL": self.conninfo,
            "LEDGER_DATA_DIR": str(self.directory),
        }
        self.alive[name] = subprocess.Popen([sys.executable, *arguments], env=environment, stderr=subprocess.DEVNULL)


def kill_server(server: EmbeddedPostgres) -> None:
    """Kill the postmaster outright and start it again; it recovers from its log."""
    postmaster = int((server.root / "data" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    server.release()
    server.start()


def test_no_kill_makes_the_signer_accuse_anybody(mortal: EmbeddedPostgres, tmp_path: Path):
    conninfo = mortal.start()
    database = Database(conninfo)
    migrate(database)
    with open_store(database, clock=lambda: NOW) as store:
        Year(Commands(store), uuid4).begin(UNITS)
    mortals = Mortals(conninfo, tmp_path)
    rounds = APPENDS // APPENDS_PER_ROUND
    mortals.sign()
    try:
        for number in range(1, rounds + 1):
            mortals.write(number * APPENDS_PER_ROUND)
            # The writer takes about a second to start; the signer is at work as soon as it writes.
            time.sleep(random.uniform(0.5, 1.5))
            if number % ROUNDS_PER_SERVER_KILL == 0:
                kill_server(mortal)
            elif random.random() < WRITER_KILLED:
                mortals.kill("writer")
                mortals.write(number * APPENDS_PER_ROUND)
            else:
                mortals.kill("signer")
                mortals.sign()
            assert mortals.alive["writer"].wait() == 0
            assert read_finding(mortals.settings.signer_dir) is None
    finally:
        mortals.end()
    print(f"{APPENDS} appends, {mortals.kills} kills of processes, {rounds // ROUNDS_PER_SERVER_KILL} of the server")

    sign_once(database, mortals.settings, audit=True)
    _check_every_checkpoint(mortals.settings, database)


def _check_every_checkpoint(settings: Settings, database: Database) -> None:
    with open_store(database) as store:
        head = store.head
    assert published(settings.signer_dir, head).state is SigningState.SIGNED
    with opened_signer(settings.signer_dir) as signer:
        memory = signer.memory
        notes = split_notes((settings.signer_dir / "checkpoints.log").read_bytes())
        checkpoints = [opened(note, memory.keyring.verifiers)[0] for note in notes]
        assert [each.root for each in checkpoints] == [root_at(each.size, memory.leaves.node) for each in checkpoints]
        sizes = [each.size for each in checkpoints]
    assert sizes == sorted(set(sizes))
    assert (sizes[0], sizes[-1]) == (0, head)
    print(f"{len(sizes)} checkpoints, the last of {head}")


def test_the_database_may_be_away_for_a_while(database: Database, tmp_path: Path):
    away = Settings(data_dir=tmp_path, database_url=f"{database.conninfo} dbname=nowhere")

    with pytest.raises(psycopg.OperationalError):
        sign_once(Database(away.database_url or ""), away)

    assert published(away.signer_dir, 0).finding is None
    assert sign_once(database, Settings(data_dir=tmp_path)).text.splitlines()[1] == "0"

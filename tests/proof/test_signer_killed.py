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
SERVER_KILLS = max(1, APPENDS // 250)
APPENDS_PER_KILL = 15
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

    def start(self, name: str) -> None:
        writer = [str(WRITER), self.conninfo, "0", str(APPENDS), str(self.directory / "answers")]
        arguments = writer if name == "writer" else ["-m", "ledger", "sign"]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "LEDGER_DATABASE_URL": self.conninfo,
            "LEDGER_DATA_DIR": str(self.directory),
        }
        self.alive[name] = subprocess.Popen([sys.executable, *arguments], env=environment, stderr=subprocess.DEVNULL)

    def kill(self, name: str) -> None:
        process = self.alive[name]
        process.kill()
        if process.wait() == -signal.SIGKILL:
            self.kills += 1
            self.start(name)

    def answered(self) -> int:
        answers = self.directory / "answers"
        return len(answers.read_bytes().splitlines()) if answers.exists() else 0

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


def test_no_kill_makes_the_signer_accuse_anybody(mortal: EmbeddedPostgres, tmp_path: Path):
    conninfo = mortal.start()
    database = Database(conninfo)
    migrate(database)
    with open_store(database, clock=lambda: NOW) as store:
        Year(Commands(store), uuid4).begin(UNITS)
    mortals = Mortals(conninfo, tmp_path)
    servers_to_kill = [APPENDS * (number + 1) // (SERVER_KILLS + 1) for number in range(SERVER_KILLS)]
    mortals.start("writer")
    mortals.start("signer")
    try:
        kill_at = random.randint(1, APPENDS_PER_KILL)
        while mortals.alive["writer"].poll() is None:
            time.sleep(random.uniform(0, 0.05))
            answered = mortals.answered()
            if servers_to_kill and answered >= servers_to_kill[0]:
                servers_to_kill.pop(0)
                kill_server(mortal)
            elif answered >= kill_at:
                # Long enough for the signer to be at work again, at times in the middle of its writing.
                time.sleep(random.uniform(0, 1.5))
                mortals.kill(random.choice(["signer", "signer", "writer"]))
                kill_at = mortals.answered() + random.randint(1, 2 * APPENDS_PER_KILL)
            assert read_finding(mortals.settings.signer_dir) is None
    finally:
        mortals.end()
    print(f"{APPENDS} appends, {mortals.kills} kills of writer and signer, {SERVER_KILLS} of the server")

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


def test_the_database_may_be_away_for_a_while(database: Database, tmp_path: Path):
    away = Settings(data_dir=tmp_path, database_url=f"{database.conninfo} dbname=nowhere")

    with pytest.raises(psycopg.OperationalError):
        sign_once(Database(away.database_url or ""), away)

    assert published(away.signer_dir, 0).finding is None
    assert sign_once(database, Settings(data_dir=tmp_path)).text.splitlines()[1] == "0"

"""A service keeps a signer beside it, and says what it says."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from client import Client
from drafting import draft

from ledger.api.service import Service, service_on
from ledger.cli import Exit, main
from ledger.database import Database
from ledger.proof.finding import Finding, FindingKind
from ledger.proof.keeping import kept_signer
from ledger.proof.memory import AnotherSigner
from ledger.proof.published import published, published_keys, write_finding
from ledger.proof.running import sign_once
from ledger.settings import Settings
from ledger.store import open_store

PATIENCE_S = 30


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=database.conninfo, origin="city.example/scores/1")


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def signer_process(settings: Settings) -> int | None:
    """The process that holds the signer's lock."""
    inode = (settings.signer_dir / "lock").stat().st_ino
    held = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return next((int(words[4]) for words in held if words[5].endswith(f":{inode}")), None)


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="finds the signer's process in /proc/locks")
def test_a_kept_signer_is_started_again_and_ends_with_its_service(database: Database, settings: Settings):
    with open_store(database) as store, kept_signer(settings):
        store.append([draft("U1")])
        until(lambda: published(settings.signer_dir, 1).size == 1)
        first = signer_process(settings)
        assert first is not None
        assert first != os.getpid()
        os.kill(first, signal.SIGKILL)
        store.append([draft("U2")])
        until(lambda: published(settings.signer_dir, 2).size == 2)
        with pytest.raises(AnotherSigner):
            sign_once(database, settings)

    assert signer_process(settings) is None
    assert (published(settings.signer_dir, 2).note or "").startswith("city.example/scores/1\n2\n")


def test_the_service_says_how_far_it_is_signed_and_answers_on_when_it_is_refused(
    database: Database, settings: Settings
):
    with service_on(database, settings) as service:
        service.store.append([draft("U1")])
        behind = _signature(service)
        sign_once(database, settings)
        signed = _signature(service)
        finding = Finding(FindingKind.REWRITE, "The entry is not the one that was signed.", 1)
        write_finding(settings.signer_dir, finding)
        refused = _signature(service)

    assert behind == {"state": "BEHIND", "size": 0, "finding": None, "unwitnessed_since": None}
    assert signed == {"state": "SIGNED", "size": 1, "finding": None, "unwitnessed_since": None}
    assert refused == {"state": "REFUSED", "size": 1, "finding": str(finding), "unwitnessed_since": None}


def _signature(service: Service) -> object:
    answer = Client(service).http("GET", "/readyz")
    assert answer.status_code == 200
    return answer.json()["signature"]


def test_the_command_line_signs_and_shows_the_key(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("LEDGER_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("LEDGER_DATABASE_URL", database.conninfo)
    monkeypatch.setenv("LEDGER_ORIGIN", "city.example/scores/1")
    with open_store(database) as store:
        store.append([draft("U1")])

    assert main(["sign", "--once"]) == Exit.OK
    assert capsys.readouterr().out == published(settings.signer_dir, 1).note
    assert main(["doctor", "-o", "csv"]) == Exit.OK
    assert f"vkey,yes,{published_keys(settings.signer_dir)[0]}\n" in capsys.readouterr().out
    assert main(["sign", "--rotate"]) == Exit.OK
    assert main(["sign", "--rotate"]) == Exit.USAGE
    capsys.readouterr()
    assert main(["doctor", "-o", "json"]) == Exit.OK
    keys = [str(key) for key in published_keys(settings.signer_dir)]
    told = json.loads(capsys.readouterr().out)
    assert (len(keys), told["vkeys"], told["vkey"]) == (2, keys, keys[-1])

    (settings.signer_dir / "state").write_bytes(b"")
    assert main(["sign", "--once"]) == Exit.DAMAGED
    assert "OWN_STATE_DAMAGED" in capsys.readouterr().err

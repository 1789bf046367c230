"""Erasure, judged by the bytes: nothing of a person's texts is left wherever the ledger keeps anything."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from tabled import Ran, Run

from ledger.cli import main
from ledger.cli.opening import opened_store
from ledger.commands import Commands, Recorded, Request
from ledger.database import Database
from ledger.domain.commands import GrantDelegation, GrantRole, RegisterPerson, RevokeRole
from ledger.domain.commands.founding import OpenLedger
from ledger.domain.periods import local_day
from ledger.domain.roles import Role
from ledger.domain.world import CIVIL_TIMEZONE, Command
from ledger.embedded import find_binaries
from ledger.erased import hash_of
from ledger.settings import Settings
from ledger.store import Store

pytestmark = pytest.mark.skipif(
    "LEDGER_TEST_DATABASE_URL" in os.environ, reason="the files of another server cannot be searched"
)

NAME = "欧阳静文 Quisquiliae"
WHY_LENT = "Serendipitous teapot surgery in the spring"
WHY_TAKEN = "Removed over the teapot affair, see Quisquiliae"
TEXTS = (NAME, WHY_LENT, WHY_TAKEN)
TITLE = "Conspicuous Control Ledger"
"""Not private: the search must find it wherever it looks for the others."""
OPENING = OpenLedger(
    title=TITLE, administrator_id="admin", director_id="director", office_id="office", leading_id="leading"
)
WAL_PAGE_BYTES, WAL_HEADER_BYTES = 8192, (24, 40)
"""The first page of a segment has a longer header than the others (PostgreSQL's access/xlog_internal.h)."""
ERASE = ("erase", "p-7", "--approved-by", "director", "--legal-basis", "PIPL article 47")


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """A ledger in which three texts about one person are recorded, one of them in a refused command too."""
    settings = Settings(data_dir=tmp_path / "data", database_url=database.conninfo)
    with opened_store(settings) as store:
        _tell(store)
    return settings


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("LEDGER_DATABASE_URL", settings.database_url or "")
    monkeypatch.setenv("LEDGER_DATA_DIR", str(settings.data_dir))

    def run(*arguments: object) -> Ran:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


def _tell(store: Store) -> None:
    commands = Commands(store)
    today = local_day(store.now(), CIVIL_TIMEZONE)

    def send(command: Command, by: str) -> int:
        outcome = commands.execute_many([Request(command=command, command_id=uuid4(), person_id=by)])[0]
        return outcome.position if isinstance(outcome, Recorded) else 0

    send(OPENING, "founder")
    send(RegisterPerson(subject_id="p-7", display_name=NAME), "office")
    send(RegisterPerson(subject_id="p-7", display_name=NAME), "admin")
    granted = send(GrantRole(subject_id="p-7", role=Role.SCORER, valid_from=today, approved_by="director"), "admin")
    revoked = RevokeRole(
        subject_id="p-7", granted_position=granted, revoked_from=today, reason=WHY_TAKEN, approved_by="director"
    )
    send(revoked, "admin")
    lent = GrantDelegation(subject_id="p-7", role=Role.OFFICE, valid_from=today, valid_to=today, reason=WHY_LENT)
    send(lent, "office")
    assert store.head == 9 + 5


def found_in(directory: Path, texts: tuple[str | bytes, ...]) -> set[str]:
    """The files that hold one of the texts, in any encoding that something here writes."""
    wanted = [form for text in texts for form in ([text] if isinstance(text, bytes) else _forms(text))]
    files = (path for path in directory.rglob("*") if path.is_file())
    return {path.name for path in files if any(form in data for data in _contents(path) for form in wanted)}


def _contents(path: Path) -> list[bytes]:
    """The bytes of a file; of the write-ahead log also without the headers of its pages, which cut texts in two."""
    data = path.read_bytes()
    if path.parent.name != "pg_wal":
        return [data]
    pages = range(0, len(data), WAL_PAGE_BYTES)
    return [data, b"".join(data[at + WAL_HEADER_BYTES[at == 0] : at + WAL_PAGE_BYTES] for at in pages)]


def _forms(text: str) -> list[bytes]:
    escaped = text.encode("ascii", "backslashreplace")
    hexadecimal = text.encode().hex().encode()
    return [text.encode(), text.encode("utf-16-le"), escaped, hexadecimal, hexadecimal.upper()]


def dump(database: Database, into: Path) -> Path:
    """A fresh dump, as text: what it says of `bytea` is in hexadecimal."""
    into.mkdir()
    program = find_binaries().directory / "pg_dump"
    subprocess.run([program, "--file", into / "dump.sql", database.conninfo], check=True)
    return into


def settled(database: Database) -> Path:
    """The server's files after a checkpoint and a new segment of the write-ahead log."""
    with database.connect() as connection:
        connection.execute("CHECKPOINT")
        connection.execute("SELECT pg_switch_wal()")
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    return Path(row[0])


def test_no_file_holds_a_text_of_somebody_erased(run: Run, database: Database, settings: Settings) -> None:
    keys = private_keys(settings)
    key = keys[hash_of("p-7")]
    assert found_in(settings.data_dir, (key,)) == {"1.sqlite"}

    assert run(*ERASE).code == 0
    assert run("export", settings.data_dir / "export.jsonl").code == 0

    cluster = settled(database)
    assert found_in(cluster / "base", (TITLE,))
    assert found_in(cluster / "pg_wal", (TITLE,))
    assert found_in(cluster, TEXTS) == set()
    dumped = dump(database, settings.data_dir / "dump")
    assert found_in(dumped, (TITLE,)) == {"dump.sql"}
    assert found_in(settings.data_dir, (*TEXTS, key)) == set()
    assert found_in(settings.data_dir / "private", (keys[hash_of("office")],)) == {"1.sqlite"}


def private_keys(settings: Settings) -> dict[str, bytes]:
    with sqlite3.connect(settings.data_dir / "private" / "1.sqlite") as connection:
        keys = dict(connection.execute("SELECT subject, key FROM key").fetchall())
    connection.close()
    return keys


def test_the_entries_stay_as_they_were(run: Run, settings: Settings, tmp_path: Path) -> None:
    run("export", tmp_path / "before.jsonl")
    run(*ERASE)
    run("export", tmp_path / "after.jsonl")

    before, after = ((tmp_path / name).read_bytes() for name in ("before.jsonl", "after.jsonl"))
    assert after.startswith(before)
    assert after.count(b"\n") == before.count(b"\n") + 1


def test_the_ledger_verifies_as_before(run: Run, settings: Settings, tmp_path: Path) -> None:
    """What was signed before the erasure is still signed, and a bundle with openings has none of the erased."""
    assert run("sign", "--once").code == 0
    shutil.copy(settings.signer_dir / "checkpoint", tmp_path / "kept")
    for name, command in (("before", ()), ("after", ERASE)):
        assert not command or run(*command).code == 0
        assert run("sign", "--once").code == 0
        assert run("export", "--bundle", tmp_path / name, "--openings", "--by", "director").code == 0
        assert run("verify", tmp_path / name, "--trusted", tmp_path / "kept").code == 0

    assert found_in(tmp_path / "before", (NAME,)) == {"openings.jsonl"}
    assert found_in(tmp_path / "after", TEXTS) == set()


def test_the_erased_cannot_be_opened_and_the_rest_can(run: Run) -> None:
    name = ("open", "--position", 11, "--field", "display_name", "--by", "director", "-o", "json")
    assert run(*name).json[0]["value"] == NAME

    run(*ERASE)

    assert (run(*name).code, run(*name).out) == (1, "")
    officer = ("open", "--position", 2, "--field", "display_name", "--by", "director", "-o", "json")
    assert run(*officer).json[0]["value"] == "admin"


def test_openings_are_for_those_who_may_see_the_registry_and_are_written_down(run: Run, settings: Settings) -> None:
    name = ("open", "--position", 11, "--field", "display_name", "--by")

    assert run(*name, "p-7").code == 1
    assert not (settings.data_dir / "access.jsonl").exists()
    assert run(*name, "director").code == 0
    assert b'"field":"opening"' in (settings.data_dir / "access.jsonl").read_bytes()


def test_an_older_backup_of_everything_beside_the_list_is_erased_again(
    run: Run, settings: Settings, tmp_path: Path
) -> None:
    shutil.copytree(settings.data_dir / "private", tmp_path / "backup")
    key = private_keys(settings)[hash_of("p-7")]
    run(*ERASE)
    shutil.copytree(tmp_path / "backup", settings.data_dir / "private", dirs_exist_ok=True)
    assert found_in(settings.data_dir, (key,))

    assert run("erase", "--replay").out == "1 erased persons stay erased.\n"

    assert found_in(settings.data_dir, (key,)) == set()


def test_an_erasure_needs_its_decision_and_its_basis(run: Run) -> None:
    assert run("erase", "p-7").code == 2
    assert run("erase", "p-7", "--replay").code == 2
    assert run("erase", "p-7", "--approved-by", "office", "--legal-basis", "PIPL article 47").code == 1

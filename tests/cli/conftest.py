"""The real commands, run in this process on a database of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tabled import PERSONS, SUBJECT, Ran, Run

from ledger.cli import main
from ledger.database import Database


@pytest.fixture
def run(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command line as the console script would."""
    monkeypatch.setenv("LEDGER_DATABASE_URL", database.conninfo)
    monkeypatch.setenv("LEDGER_DATA_DIR", str(tmp_path / "data"))

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def import_(run: Run) -> Run:
    """Imports a table by the two persons and returns what became of it."""

    def import_(table: Path, *options: object) -> Ran:
        return run("import", table, *SUBJECT, *PERSONS, "-o", "json", *options)

    return import_

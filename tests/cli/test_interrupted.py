"""An import that is cut short at any moment is completed by running it again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tabled import PERSONS, SUBJECT, Run, printed_values, write_csv

from ledger.database import Database

ROWS = 3_000
WAIT_S = 30


def test_a_killed_import_is_completed_by_repeating_it(import_: Run, run: Run, tmp_path: Path, database: Database):
    rows = [["unit", "unit_name", "period", "value"]]
    rows += [[f"U{i // 50:03}", f"Unit {i // 50}", str(1960 + i % 50), f"{i}.50"] for i in range(ROWS)]
    file = write_csv(tmp_path / "table.csv", rows)
    command = [sys.executable, "-m", "ledger", "import", str(file), *SUBJECT, *PERSONS, "--reconcile"]
    with subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        # Past the founding and the first entries, before the last verification.
        _await_head(database, 1_000)
        process.kill()
    cut_at = _head(database)

    report = import_(file, "--reconcile")

    assert report.code == 0, report.err
    assert cut_at < _head(database)
    assert run("values", *SUBJECT, "-o", "csv").out == printed_values(rows)
    assert _count(database, "ScoreEntered") == _count(database, "ScoreVerified") == ROWS
    assert _count(database, "ScoreImportStarted") == _count(database, "ScoreImportFinished") == 1
    assert import_(file, "--reconcile").json["unchanged"] == ROWS


def _await_head(database: Database, position: int) -> None:
    deadline = time.monotonic() + WAIT_S
    while _head(database) < position:
        assert time.monotonic() < deadline, "the import did not come that far in time"
        time.sleep(0.01)


def _head(database: Database) -> int:
    with database.connect() as connection:
        row = connection.execute("SELECT coalesce(max(head), 0) FROM ledger.ledger").fetchone()
    assert row is not None
    return row[0]


def _count(database: Database, kind: str) -> int:
    with database.connect() as connection:
        row = connection.execute("SELECT count(*) FROM ledger.event WHERE type = %s", (kind,)).fetchone()
    assert row is not None
    return row[0]

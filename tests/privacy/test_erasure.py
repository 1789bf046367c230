"""Erasure, judged by the bytes: nothing of the person's text is left wherever the ledger keeps anything."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from tabled import Run

from ledger.cli import main
from ledger.database import Database
from ledger.embedded import find_binaries

pytestmark = pytest.mark.skipif(
    "LEDGER_TEST_DATABASE_URL" in os.environ, reason="the files of another server cannot be searched"
)

NAME = "欧阳静文 Quisquiliae"
WHY = "Removed after the affair of the Serendipitous Teapot."
UNIT = "Conspicuous Control Unit"


@pytest.fixture
def run(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("LEDGER_DATABASE_URL", database.conninfo)
    monkeypatch.setenv("LEDGER_DATA_DIR", str(tmp_path / "data"))

"""Roots to start servers on.

Each test has a root of its own below a directory that any user may pass through, because as root the server runs as
another user, who cannot enter pytest's tmp_path.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import assert_nothing_runs_in_the_end, passable_directory, write_program

from ledger.embedded import EmbeddedPostgres, find_binaries


@pytest.fixture(scope="session")
def prepared() -> Iterator[Path]:
    """A root whose data were made once, since making or copying them takes a second."""
    with passable_directory() as place:
        with EmbeddedPostgres(place / "postgres"):
            pass
        yield place / "postgres"


@pytest.fixture
def root(prepared: Path) -> Iterator[Path]:
    """A root with data, not running before and after. Shared: for tests that leave the data sound."""
    assert_nothing_runs_in_the_end(prepared)
    yield prepared
    assert_nothing_runs_in_the_end(prepared)


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory that any user may pass through; in the end nothing runs on a root below it."""
    with passable_directory() as place:
        yield place
        for lease in place.rglob("lease"):
            assert_nothing_runs_in_the_end(lease.parent)


@pytest.fixture
def slow_binaries(root: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PostgreSQL that takes a second before it does anything, as if it had much to recover."""
    slow = place / "bin"
    slow.mkdir()
    real = find_binaries(major=int((root / "data/PG_VERSION").read_text())).directory
    write_program(slow / "initdb", f'exec {real}/initdb "$@"')
    write_program(slow / "postgres", f'[ "$1" = --version ] || sleep 1; exec {real}/postgres "$@"')
    monkeypatch.setenv("LEDGER_PG_BIN", str(slow))
    return slow

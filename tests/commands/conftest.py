"""Fixtures of the tests of carrying out commands; the year itself is in `tests/year`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from clock import Clock
from slow import MEANWHILE
from year import Year

from ledger.commands import Commands
from ledger.database import Database
from ledger.store import Store, open_store


@pytest.fixture
def store(database: Database, clock: Clock, tmp_path: Path) -> Iterator[Store]:
    """The store of an empty ledger, on the test's clock."""
    with open_store(database, clock=clock, data_dir=tmp_path) as opened:
        yield opened


@pytest.fixture
def year(store: Store, new_id: Callable[[], UUID]) -> Year:
    """A year whose entry is open, on `store`."""
    begun = Year(Commands(store), new_id)
    begun.begin()
    return begun


@pytest.fixture
def other(database: Database, clock: Clock, year: Year, tmp_path: Path) -> Iterator[Year]:
    """The same year as another process sees it, with connections and memory of its own."""
    with open_store(database, clock=clock, data_dir=tmp_path) as opened:
        yield year.beside(Commands(opened))


@pytest.fixture
def meanwhile() -> Iterator[list[Callable[[], object]]]:
    """What is to happen during the decisions of slow commands, one thing at each."""
    yield MEANWHILE
    MEANWHILE.clear()

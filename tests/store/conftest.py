"""Fixtures of the tests of the store; the drafts are in `tests/drafting`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.database import Database
from ledger.store import Store, open_store


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """The store of an empty ledger, on the system's clock."""
    with open_store(database) as opened:
        yield opened

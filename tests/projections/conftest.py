"""Fixtures of the tests of projections: a store, a pool of readers, and `folded`, which states the law."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from contents import Tables, empty, tables
from histories import Year, record

from ledger.database import Database
from ledger.folding import connect
from ledger.projector import Projector
from ledger.results import Answers
from ledger.store import Store, open_store


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """The store of an empty ledger."""
    with open_store(database) as opened:
        yield opened


@pytest.fixture
def projector(database: Database) -> Projector:
    """A projector whose tables are there and empty."""
    prepared = Projector(database)
    prepared.prepare()
    return prepared


@pytest.fixture
def answers(database: Database, projector: Projector) -> Iterator[Answers]:
    """Answers from the projections."""
    with database.readers() as pool:
        yield Answers(pool)


@pytest.fixture
def folded(database: Database, store: Store, projector: Projector) -> Callable[[Year], Tables]:
    """Fold a year, cut in every batch size and at random, and return the one answer."""

    def fold(year: Year) -> Tables:
        record(store, year)
        projector.catch_up()
        whole, first, last = tables(database), year.founded, year.city.head
        chance = random.Random(last)
        samples = [sorted(chance.sample(range(1, last), k=6)) for _ in range(5)]
        # One connection for all, because a new one spends its time on reading the catalog.
        with connect(database) as connection:
            for cuts in (*(range(first, last, size) for size in range(1, last - first + 1)), *samples):
                empty(database)
                cut_projector = Projector(database)
                folder = cut_projector._folder(connection)
                for through in (*cuts, last):
                    cut_projector._catch_up(folder, through)
                assert tables(database) == whole, f"cut at {cuts}"
        return whole

    return fold

"""The log, read: every proof from the stored tiles holds, and is the one that the entries alone would give."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest
from drafting import draft

from ledger.database import Database
from ledger.domain.merkle import (
    TILE_BYTES,
    TILE_WIDTH,
    CompactRange,
    Tile,
    hashes_of,
    leaf_hash,
    root_of,
    tiles_of,
    verify_consistency,
    verify_inclusion,
)
from ledger.domain.refusals import UnknownId
from ledger.proof.log import LogReader
from ledger.store import Store, open_store

EVENTS = 3 * TILE_WIDTH + 17
SIZES = [1, 2, 100, TILE_WIDTH - 1, TILE_WIDTH, TILE_WIDTH + 1, 700, 3 * TILE_WIDTH, EVENTS]


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """A ledger of some tiles and a bit."""
    with open_store(database) as opened:
        opened.append([draft(f"U{number}") for number in range(EVENTS)])
        yield opened


@pytest.fixture
def log(store: Store) -> Iterator[LogReader]:
    with store.database.readers() as readers:
        yield LogReader(readers)


@pytest.fixture
def leaves(store: Store) -> list[bytes]:
    return [leaf_hash(entry) for entry in store.entries()]


def test_every_size_has_the_root_over_its_entries(log: LogReader, leaves: list[bytes]):
    assert log.size == EVENTS
    assert [log.root(size) for size in (0, *SIZES)] == [root_of(leaves[:size]) for size in (0, *SIZES)]


def test_an_entry_is_proved_to_be_in_every_tree_that_is_large_enough(log: LogReader, leaves: list[bytes]):
    choose = random.Random(4)
    for size in SIZES:
        root = root_of(leaves[:size])
        for position in {1, size, choose.randint(1, size), choose.randint(1, size)}:
            found = log.inclusion(position, size)
            assert found.leaf == leaves[position - 1]
            verify_inclusion(found.leaf, found.index, found.size, found.path, root)


def test_every_tree_is_proved_to_be_the_beginning_of_a_later_one(log: LogReader, leaves: list[bytes]):
    for size1, size2 in [*pairwise(SIZES), (1, EVENTS), (255, 512), (EVENTS, EVENTS)]:
        path = log.consistency(size1, size2)
        verify_consistency(size1, size2, path, root_of(leaves[:size1]), root_of(leaves[:size2]))


def test_tiles_are_those_of_the_tree(log: LogReader, leaves: list[bytes]):
    found = {tile: hashes_of(log.tile(tile)) for tile in tiles_of(EVENTS)}

    assert found == {
        Tile(0, 0): leaves[:256],
        Tile(0, 1): leaves[256:512],
        Tile(0, 2): leaves[512:768],
        Tile(0, 3, 17): leaves[768:],
        Tile(1, 0, 3): [root_of(leaves[start : start + 256]) for start in (0, 256, 512)],
    }
    assert len(log.tile(Tile(0, 0))) == TILE_BYTES


def test_a_partial_tile_that_has_become_full_is_still_there(log: LogReader, leaves: list[bytes]):
    assert hashes_of(log.tile(Tile(0, 1, 7))) == leaves[256:263]


def test_a_bundle_holds_the_entries_each_after_its_length(log: LogReader, store: Store):
    entries = list(store.entries())
    for index, width in ((0, TILE_WIDTH), (2, TILE_WIDTH), (3, 17), (1, 3)):
        data, found = log.entries(index, width), list[bytes]()
        while data:
            length = int.from_bytes(data[:2])
            found.append(data[2 : 2 + length])
            data = data[2 + length :]
        assert found == entries[index * TILE_WIDTH : index * TILE_WIDTH + width]


def test_what_the_log_has_not_come_to_is_unknown(log: LogReader):
    for ask in (
        lambda: log.root(EVENTS + 1),
        lambda: log.inclusion(5, EVENTS + 1),
        lambda: log.inclusion(6, 5),
        lambda: log.inclusion(0, 5),
        lambda: log.consistency(1, EVENTS + 1),
        lambda: log.consistency(0, 5),
        lambda: log.consistency(6, 5),
        lambda: log.tile(Tile(0, 3, 18)),
        lambda: log.tile(Tile(0, 3)),
        lambda: log.tile(Tile(1, 0, 4)),
        lambda: log.tile(Tile(2, 0, 1)),
        lambda: log.tile(Tile(63, 10**15)),
        lambda: log.entries(3, 18),
    ):
        with pytest.raises(UnknownId):
            ask()


def test_a_deleted_tile_is_hashed_again_from_what_it_was_made_of(log: LogReader, store: Store, leaves: list[bytes]):
    with store.database.connect() as connection:
        connection.execute("ALTER TABLE ledger.tile DISABLE TRIGGER tile_rows_are_immutable")
        connection.execute("DELETE FROM ledger.tile WHERE tile_index = 1")

    assert hashes_of(log.tile(Tile(0, 1))) == leaves[256:512]


def test_an_empty_ledger_has_the_empty_root(database: Database):
    with database.readers() as readers:
        log = LogReader(readers, ledger_id=7)
        assert (log.size, log.root(0)) == (0, CompactRange().root)

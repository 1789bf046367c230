"""The log in the store: written with the events, whole or not at all, and the same however they were appended."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from uuid import UUID

import pytest
from drafting import draft
from hashing import check_log, log_of
from statements import counted_statements

from ledger.database import Database
from ledger.domain.merkle import TILE_WIDTH, CompactRange, leaf_hash
from ledger.migrate import migrate
from ledger.recorder import Conflict, Guard
from ledger.store import Store, open_store
from ledger.tiles import DamagedLog

_numbers = count(1)


def append(store: Store, events: int, *, batch: int = 100) -> None:
    """Append so many events, each of a stream of its own."""
    left = events
    while left:
        store.append([draft(f"U{next(_numbers)}") for _ in range(min(batch, left))])
        left -= min(batch, left)


@pytest.mark.parametrize("batch", [1, 7, 255, 256, 257, 1000])
def test_is_over_the_entries_whatever_the_batch(store: Store, database: Database, batch: int):
    append(store, 3 * TILE_WIDTH + 5, batch=batch)

    check_log(database)
    tiles, peaks = log_of(database)
    assert [(tile.level, tile.tile_index) for tile in tiles] == [(0, 0), (0, 1), (0, 2)]
    expected = CompactRange().extended(leaf_hash(entry) for entry in store.entries())
    assert peaks == b"".join(expected.hashes)


def test_an_empty_ledger_has_an_empty_log(store: Store, database: Database):
    assert store.head == 0
    assert log_of(database) == ([], b"")


def test_a_level_is_filled_from_the_one_below(store: Store, database: Database):
    append(store, TILE_WIDTH * TILE_WIDTH - 50, batch=5_000)
    assert {tile.level for tile in log_of(database)[0]} == {0}

    append(store, 60)

    tiles, _ = log_of(database)
    assert [(tile.level, tile.tile_index) for tile in tiles if tile.level] == [(1, 0)]
    check_log(database)


def test_writers_at_once_leave_one_log(database: Database):
    def write(seed: int) -> None:
        choose = random.Random(seed)
        with open_store(database) as store:
            for _ in range(20):
                append(store, choose.randint(1, 40))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    check_log(database)


def test_a_refused_append_leaves_no_trace_of_itself(store: Store, database: Database):
    append(store, TILE_WIDTH - 1)
    store.append([draft("U1", command_id=UUID(int=1))])
    before = log_of(database)

    for drafts, guard in (
        ([draft(f"V{n}") for n in range(TILE_WIDTH - 1)] + [draft("U1")], None),
        ([draft(f"V{n}") for n in range(TILE_WIDTH)], Guard({draft("U1").stream: 7})),
        ([draft(f"V{n}") for n in range(TILE_WIDTH - 1)] + [draft("V1", command_id=UUID(int=1))], None),
    ):
        with pytest.raises(Conflict):
            store.append(drafts, guard)
        assert log_of(database) == before
    check_log(database)


def test_ledgers_in_one_database_have_logs_of_their_own(database: Database):
    for ledger_id, events in ((1, 300), (2, 600), (3, 10)):
        with open_store(database, ledger_id=ledger_id) as store:
            append(store, events)
    with open_store(database, ledger_id=1) as store:
        append(store, 300)

    for ledger_id, tiles in ((1, 2), (2, 2), (3, 0)):
        check_log(database, ledger_id)
        assert len(log_of(database, ledger_id)[0]) == tiles


def test_an_append_that_fills_no_tile_makes_no_round_trip_for_the_log(store: Store, monkeypatch: pytest.MonkeyPatch):
    append(store, 10)
    with counted_statements(monkeypatch) as statements:
        append(store, 100)
    assert len(statements) == 2

    append(store, TILE_WIDTH - 111)
    with counted_statements(monkeypatch) as statements:
        append(store, 1)
    assert len(statements) == 3


def test_leaves_that_this_process_did_not_append_are_read(store: Store, database: Database):
    append(store, 10)
    with open_store(database) as other:
        append(other, 7)
        append(store, 2)
        append(other, TILE_WIDTH)
        append(store, 2 * TILE_WIDTH)
    check_log(database)


def test_events_from_before_the_log_get_their_part_of_it_by_migrating(store: Store, database: Database):
    append(store, 2 * TILE_WIDTH + 3)
    logged = log_of(database)
    with database.connect() as connection:
        connection.execute("ALTER TABLE ledger.tile DISABLE TRIGGER ALL")
        connection.execute("DELETE FROM ledger.tile")
        connection.execute("UPDATE ledger.ledger SET peaks = ''")
        connection.execute("ALTER TABLE ledger.tile ENABLE ALWAYS TRIGGER tile_rows_are_immutable")

    migrate(database)

    assert log_of(database) == logged
    append(store, TILE_WIDTH)
    check_log(database)


def test_is_not_continued_where_it_does_not_fit_the_events(store: Store, database: Database):
    append(store, TILE_WIDTH - 1)
    with database.connect() as connection:
        connection.execute("ALTER TABLE ledger.event DISABLE TRIGGER event_rows_are_immutable")
        connection.execute("DELETE FROM ledger.event WHERE position = 7")

    with (
        open_store(database) as restarted,
        pytest.raises(DamagedLog, match="of hashes 0 to 254 of level 0 there are 254"),
    ):
        append(restarted, 1)

    with database.connect() as connection:
        connection.execute("UPDATE ledger.ledger SET peaks = substr(peaks, 33)")
    with pytest.raises(DamagedLog, match="do not fit a head of 255"):
        append(store, 1)

"""Positions: without gaps, in commit order, and never seen before the one in front of them."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from drafting import draft, entered

from ledger.database import APP_ROLE, Database
from ledger.domain.refusals import MalformedInput
from ledger.entries import decode
from ledger.recorder import Conflict, Expired, Guard
from ledger.store import Store, open_store

STREAMS = 5


def stream(unit_id: str) -> str:
    return entered(unit_id).stream


def numbered(store: Store) -> list[tuple[int, datetime]]:
    return [(event.position, event.recorded_at) for event in map(decode, store.entries())]


class Watcher(threading.Thread):
    """A reader that counts what it sees, over and over: with a position missing, the count is below the last one."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self.stopped = threading.Event()
        self.seen: list[tuple[int, int]] = []

    def run(self) -> None:
        with self._database.connect(APP_ROLE) as connection:
            while not self.stopped.is_set():
                row = connection.execute("SELECT count(*), coalesce(max(position), 0) FROM ledger.event").fetchone()
                assert row is not None
                self.seen.append((row[0], row[1]))

    def __enter__(self) -> Watcher:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.join()


@pytest.fixture
def stores(database: Database) -> Iterator[list[Store]]:
    """Two stores of one ledger, each with connections of its own."""
    with ExitStack() as stack:
        yield [stack.enter_context(open_store(database)) for _ in range(2)]


def test_are_gap_free_and_in_commit_order_whoever_writes_and_whoever_fails(stores: list[Store], database: Database):
    def write(seed: int) -> int:
        choose, store, accepted = random.Random(seed), stores[seed % 2], 0
        for _ in range(60):
            units = choose.sample(range(STREAMS), choose.randint(1, 3))
            versions = store.versions_of(stream(f"U{unit}") for unit in units)
            drafts = [draft(f"U{unit}", versions[stream(f"U{unit}")] + 1) for unit in units]
            guard = Guard(store.versions_of([stream("U9")]))
            if choose.random() < 0.2:
                guard = Guard({stream("U9"): 7})
            try:
                events = store.append(drafts, guard)
            except Conflict:
                continue
            positions = [event.position for event in events]
            assert positions == list(range(positions[0], positions[0] + len(drafts)))
            accepted += len(drafts)
        return accepted

    with Watcher(database) as watcher, ThreadPoolExecutor(8) as pool:
        accepted = sum(pool.map(write, range(8)))

    found = numbered(stores[0])
    assert [position for position, _ in found] == list(range(1, accepted + 1))
    assert [at for _, at in found] == sorted(at for _, at in found)
    assert 0 < accepted < 8 * 60 * 3, "some writers had to fail"
    assert watcher.seen == sorted(watcher.seen)
    assert {(count, last) for count, last in watcher.seen if count != last} == set()


def test_recorded_at_never_runs_back_even_if_the_clock_does(database: Database):
    noon = datetime(2018, 3, 1, 12, tzinfo=UTC)
    readings = [noon, noon - timedelta(hours=1), noon + timedelta(seconds=1), noon - timedelta(days=900)]
    clock = iter(readings)
    with open_store(database, clock=lambda: next(clock)) as store:
        stamps = [store.append([draft(f"U{n}")])[0].recorded_at for n in range(len(readings))]

    assert stamps == [noon, noon, noon + timedelta(seconds=1), noon + timedelta(seconds=1)]


def test_the_first_instant_of_a_batch_is_that_of_all(store: Store):
    events = store.append([draft("U1"), draft("U2"), draft("U3")])

    assert len({event.recorded_at for event in events}) == 1


def test_ledgers_in_one_database_do_not_touch_each_other(database: Database):
    """They use the same streams, versions and command ids, and are written to at once."""

    def write(ledger_id: int) -> None:
        with open_store(database, ledger_id=ledger_id) as store:
            for version in range(1, 21):
                store.append([draft("U1", version, command_id=UUID(int=version))])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, (1, 2, 3)))

    for ledger_id in (1, 2, 3):
        with open_store(database, ledger_id=ledger_id) as store:
            assert [position for position, _ in numbered(store)] == list(range(1, 21))
            assert store.versions_of([stream("U1")]) == {stream("U1"): 20}
            assert set(store.outcomes([UUID(int=1)])) == {UUID(int=1)}
    with open_store(database, ledger_id=4) as store:
        assert (store.head, numbered(store)) == (0, [])


def test_a_failed_append_burns_no_position_and_leaves_nothing(store: Store):
    store.append([draft("U1", command_id=UUID(int=1))])
    passed = Guard(expires_at=datetime(2000, 1, 1, tzinfo=UTC))
    moved = Guard({stream("U1"): 0})

    for drafts, guard, error in (
        ([draft("U2"), draft("U1", 1)], None, Conflict),
        ([draft("U2"), draft("U2")], None, Conflict),
        ([draft("U2", command_id=UUID(int=1))], None, Conflict),
        ([draft("U2")], moved, Conflict),
        ([draft("U2")], passed, Expired),
        ([draft("U2"), draft("U3", note="长" * 30_000)], None, MalformedInput),
    ):
        with pytest.raises(error):
            store.append(drafts, guard)
        assert (store.head, len(numbered(store))) == (1, 1)

    assert store.append([draft("U2")])[0].position == 2


def test_an_append_of_nothing_records_nothing(store: Store):
    assert (store.append([]), store.head) == ([], 0)


@pytest.mark.parametrize("bound", [2**15 - 1, 2**31 - 1])
def test_go_on_past_the_end_of_the_smaller_integers(store: Store, database: Database, bound: int):
    """The driver sends a number in the smallest type that holds it; sums in that type overflow."""
    _pretend(database, bound - 2)

    positions = [store.append([draft(f"U{n}"), draft(f"V{n}")])[0].position for n in range(3)]

    assert positions == [bound - 1, bound + 1, bound + 3]
    assert store.head == bound + 4


def _pretend(database: Database, head: int) -> None:
    """Make the ledger one of `head` events, of which only the log's open tiles are there."""
    with database.connect() as connection:
        connection.execute(
            "UPDATE ledger.ledger SET head = %s, peaks = decode(repeat('00', %s), 'hex')",
            (head, 32 * head.bit_count()),
        )
        connection.execute(
            "INSERT INTO ledger.event"
            " (ledger_id, position, stream, version, type, recorded_at, command_id, person_id, entry)"
            " SELECT 1, position, position::text, 1, 'Pretended', now(), gen_random_uuid(), 'nobody', ''"
            " FROM generate_series(%s::bigint, %s::bigint) AS position",
            (head - head % 256 + 1, head),
        )
        for level in (1, 2, 3):
            below = head >> 8 * level
            connection.execute(
                "INSERT INTO ledger.tile SELECT 1, %s, place, sha256(''), decode(repeat('00', 8192), 'hex')"
                " FROM generate_series(%s::bigint, %s::bigint - 1) AS place",
                (level - 1, below - below % 256, below),
            )

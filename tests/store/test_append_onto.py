"""Appending in one statement: what is recorded is the same, and nothing is where the head is not as it was left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

import pytest
from any_fact import drafts as any_draft
from drafting import draft
from hashing import check_log, log_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from statements import counted_statements

from ledger.database import APP_ROLE, Database
from ledger.domain.merkle import TILE_WIDTH
from ledger.entries import Draft
from ledger.recorder import AT_ONCE_MAX, Conflict, Expired, Guard
from ledger.store import Store, open_store

NOON = datetime(2018, 3, 1, 12, tzinfo=UTC)
_ledgers = count(100)


@pytest.fixture
def two(database: Database) -> Iterator[tuple[Store, Store]]:
    """Two stores of one ledger, as two processes have them."""
    with ExitStack() as stack:
        yield stack.enter_context(open_store(database)), stack.enter_context(open_store(database))


def at_noon(database: Database, ledger_id: int) -> Store:
    """A store that stamps and conceals as every other of its kind does."""
    return Store(database, ledger_id=ledger_id, clock=lambda: NOON, new_key=lambda: bytes(32))


def rows_of(database: Database, ledger_id: int) -> list[tuple[object, ...]]:
    """Every column of a ledger's events but the ledger."""
    with database.connect(APP_ROLE) as connection:
        rows = connection.execute(
            "SELECT e.* FROM ledger.event AS e WHERE ledger_id = %s ORDER BY position", (ledger_id,)
        )
        return [row[1:] for row in rows]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(any_draft, min_size=1, max_size=12))
def test_the_rows_are_those_of_an_append_in_several_statements(database: Database, found: list[Draft]):
    """Whatever facts hold, in every column, byte for byte."""
    first = draft("U1", command_id=UUID(int=0))
    others = [
        replace(each, stream=f"{number}", version=1, command_id=UUID(int=number), command_digest=bytes([number] * 32))
        for number, each in enumerate(found, start=1)
    ]
    ledgers = next(_ledgers), next(_ledgers)
    for ledger_id, restarts in zip(ledgers, (True, False), strict=True):
        store = at_noon(database, ledger_id)
        store.append([first])
        if restarts:
            # What it left is forgotten, so it has to ask.
            store.close()
            store = at_noon(database, ledger_id)
        store.append(others)
        store.close()

    several, one = (rows_of(database, ledger_id) for ledger_id in ledgers)
    assert one == several
    assert len(one) == 1 + len(others)
    assert log_of(database, ledgers[0]) == log_of(database, ledgers[1])
    check_log(database, ledgers[1])


def test_takes_one_statement_until_there_are_too_many_or_a_tile_is_full(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
):
    sent: list[int] = []
    for place, size in enumerate((1, 1, AT_ONCE_MAX, AT_ONCE_MAX + 1, 1, TILE_WIDTH - 2 * AT_ONCE_MAX - 4, 1)):
        with counted_statements(monkeypatch) as statements:
            store.append([draft(f"U{place}-{number}") for number in range(size)])
        sent.append(len(statements))

    assert sent == [2, 1, 1, 2, 1, 3, 1]
    check_log(database)


def test_the_largest_entries_go_at_once(store: Store):
    store.append([draft()])
    events = store.append([draft(f"U{number}", note='依\\"\n' * 6_000) for number in range(2, AT_ONCE_MAX + 1)])

    assert [event.fact for event in map(store.event, range(2, AT_ONCE_MAX + 1)) if event] == [e.fact for e in events]


def test_another_process_that_was_first_is_appended_after(two: tuple[Store, Store], database: Database):
    positions = [two[number % 3 % 2].append([draft(f"U{number}")])[0].position for number in range(30)]

    assert positions == list(range(1, 31))
    check_log(database)


def test_a_stream_that_another_process_moved_is_a_conflict(two: tuple[Store, Store]):
    stream = draft("U1").stream
    two[0].append([draft("U0")])
    two[1].append([draft("U1")])

    with pytest.raises(Conflict, match=stream):
        two[0].append([draft("U2")], Guard({stream: 0}))
    assert two[0].append([draft("U2")], Guard({stream: 1}))[0].position == 3


@pytest.mark.parametrize(
    ("taken", "guard", "error"),
    [
        (draft("U1"), None, Conflict),
        (draft("U3", command_id=UUID(int=1)), None, Conflict),
        (draft("U3"), Guard({draft("U1").stream: 2}), Conflict),
        (draft("U3"), Guard(still={"2018": 0}), Conflict),
        (draft("U3"), Guard(expires_at=NOON), Expired),
    ],
)
def test_what_is_refused_leaves_nothing(
    store: Store, database: Database, taken: Draft, guard: Guard | None, error: type[Exception]
):
    store.append([draft("U1", command_id=UUID(int=1))])

    with pytest.raises(error):
        store.append([draft("U2"), taken], guard)

    assert store.head == 1
    assert store.append([draft("U2")])[0].position == 2
    check_log(database)


def test_a_backup_that_grew_to_the_same_head_is_not_taken_for_the_ledger(store: Store, database: Database):
    """Its history is another; a log that went on from the old one would prove neither."""
    store.append([draft("U1")])
    store.append([draft("U2")])
    with database.connect() as connection:
        connection.execute("ALTER TABLE ledger.event DISABLE TRIGGER event_rows_are_immutable")
        connection.execute("DELETE FROM ledger.event WHERE position = 2")
        connection.execute("ALTER TABLE ledger.event ENABLE ALWAYS TRIGGER event_rows_are_immutable")
        connection.execute(
            "UPDATE ledger.ledger SET head = 1, peaks = sha256('\\x00'::bytea || e.entry)"
            " FROM ledger.event AS e WHERE e.position = 1"
        )
    check_log(database)
    with open_store(database) as other:
        other.append([draft("V2")])

    assert store.append([draft("U3")])[0].position == 3
    check_log(database)

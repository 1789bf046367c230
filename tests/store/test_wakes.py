"""Readers are woken after every append, the last one too; nobody has to wait until he looks for himself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from drafting import draft

from ledger.database import Connection, Database
from ledger.recorder import CHANNEL
from ledger.store import open_store

WITHIN_S = 5.0


@pytest.fixture
def reader(database: Database) -> Iterator[Connection]:
    """A connection that is told of every append."""
    with database.connect() as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        yield connection


def woken(reader: Connection, within_s: float = WITHIN_S) -> bool:
    """Whether the reader is told anything, as soon as it is; it may be told more than once."""
    return bool([*reader.notifies(timeout=within_s, stop_after=1)])


def heard(reader: Connection) -> set[str]:
    """Of which ledgers the reader is told, until it is told nothing for a while."""
    said = {each.payload for each in reader.notifies(timeout=WITHIN_S, stop_after=1)}
    return said | {each.payload for each in reader.notifies(timeout=0.2)}


def test_by_an_append_after_which_the_store_closes_at_once(database: Database, reader: Connection):
    for ledger_id in range(2, 7):
        with open_store(database, ledger_id=ledger_id) as store:
            store.append([draft()])

        assert heard(reader) == {str(ledger_id)}


def test_by_the_last_of_several_in_a_row(database: Database, reader: Connection):
    """The one before was told just now, so the next word of it would be due after a pause."""
    with open_store(database) as store:
        store.append([draft("U1")])
        assert woken(reader)
        store.append([draft("U2")])

    assert woken(reader)


def test_by_an_append_while_the_connection_was_lost(database: Database, reader: Connection):
    with open_store(database) as store:
        store.append([draft("U1")])
        assert woken(reader)
        reader.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'SELECT pg_notify%'"
        )

        store.append([draft("U2")])

        assert woken(reader)


def test_not_by_a_store_that_appended_nothing(database: Database, reader: Connection):
    with open_store(database):
        pass

    assert not woken(reader, within_s=0.2)

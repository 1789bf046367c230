"""Batches: in order, appended together, none spoilt by another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest
from eventsourcing.persistence import PersistenceError
from slow import slow_entry
from year import (
    CYCLE,
    INDICATOR,
    VERIFIER,
    YEAR,
    Year,
    entered,
    entry,
    facts,
    recorded,
    verification,
    verified,
)

from ledger.commands import Commands, Outcome, Recorded, Request
from ledger.database import APP_ROLE, Database
from ledger.domain.facts import Event
from ledger.domain.refusals import (
    MalformedInput,
    Refused,
)
from ledger.entries import decode
from ledger.store import Store


def test_a_batch_answers_in_order_and_records_what_it_accepts(year: Year, store: Store):
    head = store.head

    outcomes = year.execute_many(
        year.request(entry("U000")),
        year.request(entry("U001", "1.234")),
        year.request(entry("U002")),
        year.request(entry("U000", "13.00")),
        year.request(verification(head + 3), VERIFIER),
    )

    assert [o.code() if isinstance(o, Refused) else (o.position, facts(o)) for o in outcomes] == [
        (head + 1, [entered("U000")]),
        "SCALE_EXCEEDED",
        (head + 2, [entered("U002")]),
        (head + 3, [entered("U000", "13.00", replaces_position=head + 1)]),
        (head + 4, [verified(head + 3, value="13.00")]),
    ]
    assert [event for o in outcomes if isinstance(o, Recorded) for event in o.events] == recorded(store, after=head)


def test_ordinary_refusals_do_not_split_a_batch(year: Year, store: Store, database: Database):
    head = store.head

    year.execute_many(*(year.request(entry(unit_id)) for unit_id in ("U000", "unknown", "U001", "unknown", "U002")))

    with database.connect() as connection:
        transactions = connection.execute(
            "SELECT count(*), count(DISTINCT xmin::text) FROM ledger.event WHERE position > %s", (head,)
        ).fetchone()
    assert transactions == (3, 1)


def test_an_empty_batch_has_no_outcomes(year: Year, store: Store):
    head = store.head

    assert (year.execute_many(), store.head) == ([], head)


def test_a_command_that_cannot_be_read_does_not_spoil_its_batch(year: Year, store: Store):
    head = store.head

    outcomes = year.execute_many(year.request(entry("U000")), year.request(entry("U\x00")), year.request(entry("U002")))

    assert [type(outcome) for outcome in outcomes] == [Recorded, MalformedInput, Recorded]
    assert store.head == head + 2


def test_a_fact_that_is_too_large_does_not_spoil_its_batch(year: Year, store: Store):
    head = store.head
    too_large = replace(entry("U001"), note="长" * 22_000)

    outcomes = year.execute_many(year.request(entry("U000")), year.request(too_large), year.request(entry("U002")))

    assert [type(outcome) for outcome in outcomes] == [Recorded, MalformedInput, Recorded]
    assert [event.stream for event in recorded(store, after=head)] == [
        f"score:{CYCLE}:U000:{INDICATOR}:{YEAR}",
        f"score:{CYCLE}:U002:{INDICATOR}:{YEAR}",
    ]


@pytest.mark.parametrize("unit_id", ["U\x00", "U\ud800", "e\u0301", "\\\x00"], ids=["NUL", "surrogate", "NFD", "\\NUL"])
def test_text_without_a_canonical_form_is_refused(year: Year, store: Store, unit_id: str):
    head = store.head

    with pytest.raises(MalformedInput):
        year.execute(entry(unit_id))

    assert store.head == head


def test_a_batch_cut_off_by_the_database_is_completed_by_sending_it_again(
    year: Year, store: Store, database: Database, meanwhile: list[Callable[[], object]]
):
    """The first entry is recorded before the verification, which reads it, is decided; then the server drops us."""
    head = store.head
    requests = [
        year.request(entry("U000")),
        year.request(verification(head + 1), VERIFIER),
        year.request(slow_entry("U001")),
        year.request(entry("U002")),
    ]
    meanwhile.append(lambda: _drop_connections(database))

    with pytest.raises(PersistenceError):
        year.commands.execute_many(requests)

    assert [event.fact for event in recorded_after_a_drop(database, after=head)] == [entered("U000")]
    outcomes = _insisting(year.commands, requests)
    assert [facts(outcome) for outcome in outcomes] == [
        [entered("U000")],
        [verified(head + 1)],
        [entered("U001")],
        [entered("U002")],
    ]
    assert [outcome.position for outcome in outcomes if isinstance(outcome, Recorded)] == [
        head + 1,
        head + 2,
        head + 3,
        head + 4,
    ]


def _drop_connections(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def recorded_after_a_drop(database: Database, *, after: int) -> list[Event]:
    with database.connect(APP_ROLE) as connection:
        rows = connection.execute("SELECT entry FROM ledger.event WHERE position > %s ORDER BY position", (after,))
        return [decode(entry) for (entry,) in rows]


def _insisting(commands: Commands, requests: list[Request]) -> list[Outcome]:
    """Send again until the connections that were dropped are replaced."""
    for _ in range(10):
        try:
            return commands.execute_many(requests)
        except (PersistenceError, psycopg.Error):
            continue
    raise AssertionError("the connections were not replaced")

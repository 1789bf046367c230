"""The projector at work: woken by NOTIFY, by its own process, or by its own watch."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from forging import forge
from histories import Year, record

from ledger.database import Database
from ledger.projector import Projector
from ledger.results import Answers
from ledger.store import Store

PATIENCE_S = 20.0


@contextmanager
def running(projector: Projector) -> Generator[None]:
    """The projector in a thread, for as long as the block lasts."""
    stop = threading.Event()
    thread = threading.Thread(target=projector.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its own watch the projector hears of events by being woken only."""
    monkeypatch.setattr("ledger.projector.POLL_S", 3600.0)


@pytest.mark.usefixtures("deaf")
def test_an_append_wakes_it(store: Store, projector: Projector, answers: Answers):
    with running(projector):
        answers.wait_for(0)
        record(store, Year())

        answers.wait_for(store.head, PATIENCE_S)


@pytest.mark.usefixtures("deaf")
def test_its_own_process_wakes_it(database: Database, store: Store, projector: Projector, answers: Answers):
    year = Year()
    record(store, year)
    with running(projector):
        answers.wait_for(store.head, PATIENCE_S)
        position = forge(database, 1, {"type": "'LedgerOpened'"})
        projector.wake()

        answers.wait_for(position, PATIENCE_S)


def test_it_looks_for_itself_when_nobody_wakes_it(
    database: Database, store: Store, projector: Projector, answers: Answers
):
    record(store, Year())
    with running(projector):
        answers.wait_for(store.head, PATIENCE_S)
        position = forge(database, 1, {"type": "'LedgerOpened'"})

        answers.wait_for(position, PATIENCE_S)


def test_it_outlives_the_loss_of_every_connection(
    database: Database, store: Store, projector: Projector, answers: Answers
):
    year = Year()
    with running(projector):
        record(store, year)
        answers.wait_for(store.head, PATIENCE_S)
        with database.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'readers'"
                "   AND (application_name = 'ledger-projector' OR query LIKE 'LISTEN%')"
            )
        position = forge(database, 1, {"type": "'LedgerOpened'"})

        answers.wait_for(position, PATIENCE_S)


def test_a_stop_is_reported_and_does_not_end_it(
    database: Database, store: Store, projector: Projector, answers: Answers
):
    record(store, Year())
    with running(projector):
        answers.wait_for(store.head, PATIENCE_S)
        position = forge(database, 1, {"type": "'Invented'"})
        stopped = threading.Event()
        while projector.stopped is None:
            stopped.wait(0.01)

        assert projector.stopped.position == position
        assert answers.head().position == position - 1

"""Looks at how far the ledger is, at the same time: nobody is told of less than somebody was told before."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import psycopg
import pytest
from drafting import draft
from psycopg.sql import SQL, Identifier

from ledger import reading
from ledger.database import Connection, Database
from ledger.projection import projections
from ledger.projector import Projector
from ledger.reading import Looked, NotReached
from ledger.results import Answers
from ledger.store import Store

WITHIN_S = 30.0


class Crash(Protocol):
    """Lets PostgreSQL have lost what was folded after a position."""

    def __call__(self, *, reached: int) -> None: ...


class Slow:
    """Answers of which a look in another thread waits, before it asks or before it says what it heard."""

    def __init__(self, answers: Answers, monkeypatch: pytest.MonkeyPatch, *, asks: bool):
        self.answers = answers
        self.waits, self.goes_on = threading.Event(), threading.Event()
        self._asks = asks
        self._connection = answers.connection
        self._thread = threading.current_thread()
        monkeypatch.setattr(answers, "connection", self.connection)

    def connection(self) -> AbstractContextManager[Connection]:
        return self._connection() if threading.current_thread() is self._thread else self._slow()

    @contextmanager
    def _slow(self) -> Generator[Connection]:
        if not self._asks:
            self._wait()
        with self._connection() as connection:
            yield connection
        if self._asks:
            self._wait()

    def _wait(self) -> None:
        self.waits.set()
        assert self.goes_on.wait(WITHIN_S)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """A thread to look in."""
    with ThreadPoolExecutor(1) as threads:
        yield threads


def recorded(store: Store, projector: Projector, unit_id: str) -> None:
    """One event more, folded."""
    store.append([draft(unit_id)])
    projector.catch_up()


def last(answers: Answers) -> int:
    """The position that is told to whoever asks next and does not look for himself."""
    looked = answers.looked(WITHIN_S)
    assert isinstance(looked, Looked)
    return looked.head.position


def test_one_that_saw_more_counts_though_it_began_first(
    store: Store, projector: Projector, answers: Answers, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
):
    slow = Slow(answers, monkeypatch, asks=False)
    recorded(store, projector, "U1")
    first = pool.submit(answers.look)
    assert slow.waits.wait(WITHIN_S)
    assert answers.look().head.position == 1

    recorded(store, projector, "U2")
    slow.goes_on.set()

    assert first.result().head.position == 2
    assert last(answers) == 2


def test_one_that_saw_less_is_forgotten_once_more_was_told(
    store: Store, projector: Projector, answers: Answers, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
):
    slow = Slow(answers, monkeypatch, asks=True)
    recorded(store, projector, "U1")
    first = pool.submit(answers.look)
    assert slow.waits.wait(WITHIN_S)
    recorded(store, projector, "U2")
    assert answers.look().head.position == 2

    slow.goes_on.set()

    assert first.result().head.position == 2
    assert last(answers) == 2


@pytest.fixture
def crash(database: Database, answers: Answers) -> Crash:
    """Lets PostgreSQL have lost the last fold, as after a crash: every connection is a new one."""

    def crash(*, reached: int) -> None:
        with psycopg.connect(database.conninfo, autocommit=True) as owner:
            for name in projections():
                owner.execute(SQL("UPDATE {}.checkpoint SET position = %s").format(Identifier(name)), (reached,))
        with answers.connection() as connection:
            connection.close()

    return crash


def test_after_a_crash_nobody_is_told_of_less_while_the_last_folds_are_made_again(
    store: Store, projector: Projector, answers: Answers, pool: ThreadPoolExecutor, crash: Crash
):
    for unit_id in ("U1", "U2"):
        recorded(store, projector, unit_id)
    assert answers.look().head.position == 2

    crash(reached=1)
    looks = pool.submit(answers.look)
    assert not wait([looks], timeout=0.3).done
    crash(reached=2)

    assert looks.result(WITHIN_S).head.position == 2


def test_after_a_crash_an_old_position_is_not_answered_without_its_last_events(
    store: Store, projector: Projector, answers: Answers, crash: Crash, monkeypatch: pytest.MonkeyPatch
):
    for unit_id in ("U1", "U2"):
        recorded(store, projector, unit_id)
    answers.require(answers.look().head.position)
    monkeypatch.setattr(reading, "WAIT_S", 0.1)

    crash(reached=1)

    with pytest.raises(NotReached) as refused:
        answers.unit_page(at=2, after=None, limit=10)
    assert (refused.value.position, refused.value.reached) == (2, 1)

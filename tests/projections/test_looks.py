"""Looks at how far the ledger is, at the same time: nobody is told of less than somebody was told before."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import pytest
from drafting import draft

from ledger.database import Connection
from ledger.projector import Projector
from ledger.reading import Looked
from ledger.results import Answers
from ledger.store import Store

WITHIN_S = 30.0


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

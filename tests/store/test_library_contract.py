"""The eventsourcing library's own recorder tests, on our recorder and our table.

Not taken over:
- `test_performance`: prints figures and asserts nothing; `benchmarks/` measures.
- `optional_test_insert_subscribe`: the library's subscription is woken by a NOTIFY inside the append's transaction.
  Ours wakes from outside (see `_Waker`), and readers go by positions.
- The cases of ProcessRecorder and TrackingRecorder: projections keep their own positions.
- The cases of the infrastructure factory: they choose modules, ciphers and compressors by environment variables,
  which ours does not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)

from ledger.database import Database
from ledger.recorder import LedgerDatastore, LedgerRecorder


class _OnOurTable:
    """Gives each of the library's cases a recorder on the test's own database."""

    INITIAL_VERSION = 1
    # The loader takes what can be called, so this leaves the case out.
    test_performance: ClassVar[None] = None
    recorder_class: type[LedgerRecorder] = LedgerRecorder

    @pytest.fixture(autouse=True)
    def _on_our_table(self, database: Database):
        with LedgerDatastore(database) as self.datastore:
            yield

    def new_originator_id(self) -> UUID | str:
        return str(uuid4())

    def create_recorder(self) -> LedgerRecorder:
        recorder = self.recorder_class(self.datastore, ledger_id=1)
        recorder.create_table()
        return recorder


class _CountedFromZero(LedgerRecorder):
    """Our recorder for cases that count versions from 0; the ledger counts them from 1."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Any:
        return super().insert_events([_moved(event, by=1) for event in stored_events], **kwargs)

    def select_events(
        self, originator_id: UUID | str, *, gt: int | None = None, lte: int | None = None, **kwargs: Any
    ) -> list[StoredEvent]:
        bounds = {"gt": None if gt is None else gt + 1, "lte": None if lte is None else lte + 1}
        return [_moved(event, by=-1) for event in super().select_events(originator_id, **bounds, **kwargs)]


class _WithoutPositions(_CountedFromZero):
    """An aggregate recorder answers nothing; ours, an application recorder, answers positions."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        super().insert_events(stored_events, **kwargs)


def _moved(event: StoredEvent, *, by: int) -> StoredEvent:
    return replace(event, originator_version=event.originator_version + by)


class TestAsAggregateRecorder(_OnOurTable, AggregateRecorderTestCase):
    recorder_class = _WithoutPositions


class TestAsApplicationRecorder(_OnOurTable, ApplicationRecorderTestCase[LedgerRecorder]):
    def test_concurrent_no_conflicts(self, initial_position: int = 0) -> None:  # noqa: PT028
        self.recorder_class = _CountedFromZero
        super().test_concurrent_no_conflicts(initial_position)

    def test_concurrent_throughput(self) -> None:
        self.recorder_class = _CountedFromZero
        super().test_concurrent_throughput()


class TestNonInterleavingNotificationIds(_OnOurTable, NonInterleavingNotificationIDsBaseCase):
    recorder_class = _CountedFromZero

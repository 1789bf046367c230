"""The projector: keeps every projection of one ledger at its head, exactly once.

It wakes on NOTIFY, looks for itself once a second, and goes by positions, so a lost wake-up
costs time and nothing else. Several processes may run one; whoever holds a checkpoint's
row folds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial

import psycopg
from psycopg.sql import SQL, Identifier

from ledger.building import Building, OnProgress
from ledger.database import PROJECTOR_ROLE, Connection, Database
from ledger.folding import Folder, NotPrepared, ProjectionStopped, Tables, analyze, connect
from ledger.inspection import Inspection
from ledger.projection import Projection, projections
from ledger.recorder import CHANNEL
from ledger.slices import Cycles

BATCH_POSITIONS_MAX = 100_000
"""Positions folded in one transaction; a live tail is a batch of a few, a catch-up of many."""
ANALYZE_POSITIONS_MIN = 10_000
"""After folding so many at once the planner's statistics are renewed."""
POLL_S = 1.0
RECONNECT_S = 0.5
_STOP_CHECK_S = 0.1

_log = logging.getLogger(__name__)


class Projector:
    """Folds the events of one ledger into every projection."""

    def __init__(self, database: Database, ledger_id: int = 1, *, batch_positions_max: int = BATCH_POSITIONS_MAX):
        self._database = database
        self._ledger_id = ledger_id
        self._batch_positions_max = batch_positions_max
        self._projections = projections()
        self._inspection = Inspection()
        self._cycles = Cycles(ledger_id)
        self._woken = threading.Event()
        # Written by the thread that folds; others only read the newest value.
        self._stops: dict[str, ProjectionStopped] = {}

    @property
    def stopped(self) -> ProjectionStopped | None:
        """The first place where a projection cannot go on, None while all are well."""
        return min(self._stops.values(), key=lambda stop: stop.position, default=None)

    def prepare(self, on_progress: Callable[[str, int, int], None] = lambda name, done, total: None) -> None:
        """Create the projections that are missing, and build anew those of another version.

        `on_progress` is told the projection's name, the positions done and their number.
        """
        with connect(self._database) as connection:
            for name, projection in self._projections.items():
                self._building(connection, projection).build(anew=False, on_progress=partial(on_progress, name))

    def rebuild(self, name: str, on_progress: OnProgress = lambda done, total: None) -> None:
        """Build one projection anew from position 0 while readers go on with the old tables.

        Raises KeyError for an unknown name; ProjectionStopped if the new tables cannot come
        as far as the old ones, which are kept then.
        """
        with connect(self._database) as connection:
            self._building(connection, self._projections[name]).build(anew=True, on_progress=on_progress)

    def _building(self, connection: Connection, projection: Projection) -> Building:
        batch = self._batch_positions_max
        return Building(connection, projection, self._inspection, ledger_id=self._ledger_id, batch=batch)

    def catch_up(self, through: int | None = None) -> int:
        """Fold every projection up to the head, or `through`, and return the position all have reached.

        Raises ProjectionStopped once everything that can be folded is; NotPrepared.
        """
        with connect(self._database) as connection:
            return self._catch_up(self._folder(connection), through)

    def wake(self) -> None:
        """Have `run` look for new events at once."""
        self._woken.set()

    def run(self, stop: threading.Event) -> None:
        """Keep the projections at the head until `stop` is set; outlives restarts of the database.

        A projection that cannot go on is reported by `stopped` and tried again once a second.
        """
        listener = threading.Thread(target=self._listen, args=(stop,), name="ledger-listener", daemon=True)
        listener.start()
        while not stop.is_set():
            try:
                with connect(self._database) as connection:
                    self._run_connected(self._folder(connection), stop)
            except (psycopg.OperationalError, psycopg.InterfaceError, NotPrepared) as error:
                _log.warning("folding is interrupted: %s", error)
                stop.wait(RECONNECT_S)
        listener.join()

    def _run_connected(self, folder: Folder, stop: threading.Event) -> None:
        while not stop.is_set():
            self._woken.clear()
            reported = self.stopped
            try:
                self._catch_up(folder, None)
            except ProjectionStopped as stopped:
                if reported is None or str(reported) != str(stopped):
                    _log.error("%s", stopped)
            deadline = time.monotonic() + POLL_S
            while not stop.is_set() and not self._woken.wait(_STOP_CHECK_S) and time.monotonic() < deadline:
                pass

    def _catch_up(self, folder: Folder, through: int | None) -> int:
        head = folder.head()
        target = head if through is None else min(head, through)
        reached: dict[str, int] = {}
        for name, projection in self._projections.items():
            limit = min([target, *(reached[followed] for followed in projection.follows)])
            try:
                reached[name] = self._fold_through(folder, projection, limit)
            except ProjectionStopped as stopped:
                self._stops[name] = stopped
                reached[name] = stopped.position - 1
        stopped = self.stopped
        if stopped is not None:
            raise stopped
        return min(reached.values())

    def _fold_through(self, folder: Folder, projection: Projection, through: int) -> int:
        tables = Tables(projection, projection.name)
        before = folder.position(tables.schema)
        while True:
            # What stopped once is tried by itself, not with everything that came after it.
            positions_max = 1 if projection.name in self._stops else self._batch_positions_max
            position = folder.fold_next(tables, through=through, positions_max=positions_max)
            self._stops.pop(projection.name, None)
            if position >= through:
                break
        if position - before >= ANALYZE_POSITIONS_MIN:
            analyze(folder.connection, tables.schema)
        return position

    def _folder(self, connection: Connection) -> Folder:
        return Folder(connection, self._ledger_id, self._inspection, self._cycles)

    def _listen(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                with psycopg.connect(self._database.as_role(PROJECTOR_ROLE), autocommit=True) as connection:
                    connection.execute(SQL("LISTEN {}").format(Identifier(CHANNEL)))
                    # Whatever was sent before is not heard any more.
                    self.wake()
                    while not stop.is_set():
                        for notification in connection.notifies(timeout=_STOP_CHECK_S):
                            if notification.payload == str(self._ledger_id):
                                self.wake()
            except psycopg.OperationalError:
                stop.wait(RECONNECT_S)


__all__ = ["BATCH_POSITIONS_MAX", "NotPrepared", "ProjectionStopped", "Projector"]

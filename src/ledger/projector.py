"""The projector: keeps every projection of one ledger at its head, exactly once.

It wakes on NOTIFY, looks for itself once a second, and goes by positions, so a lost wake-up
costs time and nothing else. Several processes may run one; whoever holds a checkpoint's
row folds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence

import psycopg
from psycopg.sql import SQL, Identifier

from ledger.building import Building, build, drop_others
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
SETTLING_PAUSE = 4.0
"""How many times as long as they took to settle standings are left alone, while events keep coming."""
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
        self._folded = [each for each in self._projections.values() if not each.settled]
        self._settled = [each for each in self._projections.values() if each.settled]
        self._woken, self._settle = threading.Event(), threading.Event()
        # Each written by the thread that folds it; others only read the newest value.
        self._stops: dict[str, ProjectionStopped] = {}

    @property
    def stopped(self) -> ProjectionStopped | None:
        """The first place where a projection cannot go on, None while all are well."""
        return min(tuple(self._stops.values()), key=lambda stop: stop.position, default=None)

    def prepare(self) -> None:
        """Create the projections that are missing, build anew those of another version, drop those that are no more."""
        with connect(self._database) as connection:
            drop_others(connection, self._projections)
            outdated = [
                name
                for name, projection in self._projections.items()
                if not self._building(connection, projection).admit()
            ]
        self._build(outdated, anew=False, on_built=lambda name: None)

    def rebuild(self, *names: str, on_built: Callable[[str], None] = lambda name: None) -> None:
        """Build projections anew from position 0, all if none is named, while readers go on with the old tables.

        `on_built` is told each name. Raises KeyError for an unknown one; ProjectionStopped if
        new tables cannot come as far as the old ones, which are kept then.
        """
        self._build(names or self._projections, anew=True, on_built=on_built)

    def _build(self, names: Iterable[str], *, anew: bool, on_built: Callable[[str], None]) -> None:
        chosen = {name: self._projections[name] for name in names}
        build(self._database, chosen, self._building, anew=anew, on_built=on_built)

    def _building(self, connection: Connection, projection: Projection) -> Building:
        batch = self._batch_positions_max
        return Building(connection, projection, self._inspection, ledger_id=self._ledger_id, batch=batch)

    def catch_up(self, through: int | None = None) -> int:
        """Fold every projection up to the head, or `through`, and return the position all have reached.

        Raises ProjectionStopped once everything that can be folded is; NotPrepared.
        """
        with connect(self._database) as connection:
            return self._catch_up(self._folder(connection), through)

    def _catch_up(self, folder: Folder, through: int | None) -> int:
        head = folder.head()
        target = head if through is None else min(head, through)
        reached = min(self._bring(folder, each, target) for each in (self._folded, self._settled))
        stopped = self.stopped
        if stopped is not None:
            raise stopped
        return reached

    def wake(self) -> None:
        """Have `run` look for new events at once."""
        self._woken.set()
        self._settle.set()

    def run(self, stop: threading.Event) -> None:
        """Keep the projections at the head until `stop` is set; outlives restarts of the database.

        What is settled has a thread of its own: nobody waits for it, and it takes a fifth of
        a core at most. A projection that cannot go on is reported by `stopped` and tried
        again once a second.
        """
        beside = [
            threading.Thread(target=self._listen, args=(stop,), name="ledger-listener", daemon=True),
            threading.Thread(
                target=self._keep,
                args=(self._settled, self._settle, stop, SETTLING_PAUSE),
                name="ledger-settler",
                daemon=True,
            ),
        ]
        for thread in beside:
            thread.start()
        self._keep(self._folded, self._woken, stop, 0.0)
        for thread in beside:
            thread.join()

    def _keep(self, chosen: Sequence[Projection], woken: threading.Event, stop: threading.Event, pause: float) -> None:
        """Keep some projections at the head, pausing each time for `pause` times as long as it took."""
        while not stop.is_set():
            try:
                with connect(self._database) as connection:
                    self._keep_connected(self._folder(connection), chosen, woken, stop, pause)
            except (psycopg.OperationalError, psycopg.InterfaceError, NotPrepared) as error:
                _log.warning("folding is interrupted: %s", error)
                stop.wait(RECONNECT_S)

    def _keep_connected(
        self, folder: Folder, chosen: Sequence[Projection], woken: threading.Event, stop: threading.Event, pause: float
    ) -> None:
        while not stop.is_set():
            woken.clear()
            reported, began = self.stopped, time.monotonic()
            self._bring(folder, chosen, folder.head())
            stopped = self.stopped
            if stopped is not None and str(stopped) != str(reported):
                _log.error("%s", stopped)
            stop.wait(pause * (time.monotonic() - began))
            deadline = time.monotonic() + POLL_S
            while not stop.is_set() and not woken.wait(_STOP_CHECK_S) and time.monotonic() < deadline:
                pass

    def _bring(self, folder: Folder, chosen: Sequence[Projection], target: int) -> int:
        """Fold up to `target` whatever can be folded, and return the position that all of these have reached."""
        if chosen is self._folded and folder.fold_together(chosen, target):
            for each in chosen:
                self._stops.pop(each.name, None)
            return target
        reached: dict[str, int] = {}
        for projection in chosen:
            followed = (reached.get(name, 0) or folder.checkpoint(name) for name in projection.follows)
            try:
                reached[projection.name] = self._fold_through(folder, projection, min([target, *followed]))
            except ProjectionStopped as stopped:
                self._stops[projection.name] = stopped
                reached[projection.name] = stopped.position - 1
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

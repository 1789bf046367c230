"""Building: a projection's tables made from position 0 beside those in use, then put in their place.

The first creation, a new version and a rebuild are this one path. Everything there is goes
into the new tables in one statement, then they get their indexes. Readers go on with the
old tables until the switch, which renames two schemas in one transaction.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from graphlib import TopologicalSorter
from typing import LiteralString

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from ledger.database import APP_ROLE, Connection, Database
from ledger.folding import SWITCH_LOCK, Folder, NotPrepared, ProjectionStopped, Tables, analyze, connect, tables_of
from ledger.inspection import Inspection
from ledger.projection import Projection, statement
from ledger.slices import Cycles

BUILD_LOCK = 0x6C65_6462
"""Advisory lock class ("ledb"), so that one process at a time builds a projection."""

BUILT_AT_ONCE = max(2, min(4, os.cpu_count() or 2))
"""As many as there are processors, since each keeps one busy; more keep the longest from being done in time."""
_NEXT, _OLD = "__next", "__old"
_SESSION = {
    "work_mem": "256MB",
    # The keys of an index are sorted faster in pieces that fit the processor's cache than all at once.
    "maintenance_work_mem": "8MB",
}


def build(
    database: Database,
    chosen: Mapping[str, Projection],
    make: Callable[[Connection, Projection], Building],
    *,
    anew: bool,
    on_built: Callable[[str], None],
) -> None:
    """Build projections beside each other, each once those that it follows are built.

    `on_built` is told each name. Raises the first thing that a building raises, once all
    are done that can be.
    """
    followed = {name for projection in chosen.values() for name in projection.follows}
    order = TopologicalSorter({name: chosen.keys() & set(each.follows) for name, each in chosen.items()})
    order.prepare()
    waiting: list[Projection] = []
    building: dict[Future[None], tuple[Projection, Connection]] = {}
    failures: list[Exception] = []
    with ExitStack() as sessions, ThreadPoolExecutor(BUILT_AT_ONCE, "ledger-building") as threads:
        # A session that has read the events once has them mapped into its memory; a new one would begin with that.
        idle = [sessions.enter_context(connect(database, **_SESSION)) for _ in range(min(len(chosen), BUILT_AT_ONCE))]
        while order.is_active():
            waiting += (chosen[name] for name in order.get_ready())
            # First what others wait for, then those others: the longest way is through both.
            waiting.sort(key=lambda each: (each.name not in followed, not each.follows))
            while waiting and idle:
                projection, connection = waiting.pop(0), idle.pop()
                building[threads.submit(make(connection, projection).build, anew=anew)] = projection, connection
            if not building:
                break
            for built in wait(building, return_when=FIRST_COMPLETED).done:
                projection, connection = building.pop(built)
                idle.append(connection)
                try:
                    built.result()
                except Exception as failure:
                    failures.append(failure)
                else:
                    on_built(projection.name)
                    order.done(projection.name)
    if failures:
        raise failures[0]


def drop_others(connection: Connection, known: Collection[str]) -> None:
    """Drop the tables of projections that there are no more."""
    schemas = connection.execute("SELECT nspname FROM pg_namespace WHERE nspowner = current_user::regrole").fetchall()
    for (schema,) in schemas:
        if schema.removesuffix(_NEXT).removesuffix(_OLD) not in known:
            connection.execute(_named("DROP SCHEMA IF EXISTS {} CASCADE", schema))


class Building:
    """The new tables of one projection, for every ledger of the database."""

    def __init__(
        self, connection: Connection, projection: Projection, inspection: Inspection, *, ledger_id: int, batch: int
    ):
        """`ledger_id` has a place in the tables even before anything is recorded in it; `batch` is in positions."""
        self._connection = connection
        self._projection = projection
        self._tables = Tables(projection, f"{projection.name}{_NEXT}")
        self._old_schema = f"{projection.name}{_OLD}"
        self._ledger_id = ledger_id
        self._batch = batch
        self._inspection = inspection
        self._cycles: dict[int, Cycles] = {}

    def admit(self) -> bool:
        """Give every ledger a place in the tables if those of this version are there; return whether they are."""
        with self._alone():
            current = self._is_current()
            if current:
                self._admit(self._projection.name)
            return current

    def build(self, *, anew: bool) -> None:
        """Make the tables and put them in place; unless `anew`, only if none of this version are there.

        An event that cannot be folded ends the filling before it, as it would have ended in
        the old tables; if those came further, they are kept and ProjectionStopped is raised.
        """
        with self._alone():
            if anew or not self._is_current():
                self._create()
                self._load()
                self._index()
                self._fill()
                analyze(self._connection, self._tables.schema)
                self._switch()
            self._admit(self._projection.name)

    @contextmanager
    def _alone(self) -> Generator[None]:
        key = (BUILD_LOCK, self._projection.name)
        self._connection.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", key)
        try:
            yield
        finally:
            if not self._connection.closed:
                self._connection.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", key)

    def _is_current(self) -> bool:
        versions = _named("SELECT DISTINCT version FROM {}.checkpoint", self._projection.name)
        try:
            rows = self._connection.execute(versions).fetchall()
        except psycopg.errors.UndefinedTable:
            return False
        return rows == [(self._projection.version,)]

    def _create(self) -> None:
        schema = self._tables.schema
        with self._connection.transaction():
            self._connection.execute(_named("DROP SCHEMA IF EXISTS {} CASCADE", schema))
            self._connection.execute(_named("CREATE SCHEMA {}", schema))
            self._connection.execute("SELECT set_config('search_path', %s, true)", (schema,))
            self._connection.execute(_CHECKPOINT)
            self._connection.execute(self._projection.sections["table"].sql)
            for table in tables_of(self._connection, schema):
                # As for the events: what is known of the ledgers there are misleads about the next one.
                self._connection.execute(SQL("ALTER TABLE {} ALTER COLUMN ledger_id SET STATISTICS 0").format(table))
            self._connection.execute(_named(f"GRANT USAGE ON SCHEMA {{}} TO {APP_ROLE}", schema))
            self._connection.execute(_named(f"GRANT SELECT ON ALL TABLES IN SCHEMA {{}} TO {APP_ROLE}", schema))
            self._admit(schema)

    def _admit(self, schema: str) -> None:
        """Give every ledger that there is a checkpoint; a new one starts at position 0."""
        version = self._projection.version
        admission = _named(
            "INSERT INTO {}.checkpoint (ledger_id, position, version)"
            " SELECT ledger_id, 0, %s FROM ledger.ledger UNION SELECT %s, 0, %s ON CONFLICT DO NOTHING",
            schema,
        )
        self._connection.execute(admission, (version, self._ledger_id, version))

    def _load(self) -> None:
        """Fold everything there is at once; what cannot be is left to `_fill`."""
        for folder in self._folders():
            folder.load(self._tables, through=self._through(folder))

    def _fill(self) -> None:
        """Fold whatever there is besides."""
        for folder in self._folders():
            through = self._through(folder)
            with suppress(ProjectionStopped):
                while folder.fold_next(self._tables, through=through, positions_max=self._batch) < through:
                    pass

    def _through(self, folder: Folder) -> int:
        return min([folder.head(), *(folder.position(name) for name in self._projection.follows)])

    def _folders(self) -> list[Folder]:
        admitted = _named("SELECT ledger_id FROM {}.checkpoint ORDER BY ledger_id", self._tables.schema)
        ledger_ids: list[int] = [ledger_id for (ledger_id,) in self._connection.execute(admitted)]
        return [
            Folder(self._connection, each, self._inspection, self._cycles.setdefault(each, Cycles(each)))
            for each in ledger_ids
        ]

    def _index(self) -> None:
        index = self._projection.sections.get("index")
        if index is not None:
            with self._connection.transaction():
                self._connection.execute("SELECT set_config('search_path', %s, true)", (self._tables.schema,))
                self._connection.execute(index.sql)

    def _switch(self) -> None:
        name, schema = Identifier(self._projection.name), Identifier(self._tables.schema)
        with self._connection.transaction():
            # From here on nobody folds the old tables, so the new ones can come as far.
            self._connection.execute(
                "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (SWITCH_LOCK, self._projection.name)
            )
            self._admit(self._tables.schema)
            self._fill()
            self._connection.execute(_named("DROP SCHEMA IF EXISTS {} CASCADE", self._old_schema))
            if self._connection.execute("SELECT to_regnamespace(%s)", (self._projection.name,)).fetchone() != (None,):
                self._require_no_loss()
                self._connection.execute(SQL("ALTER SCHEMA {} RENAME TO {}").format(name, Identifier(self._old_schema)))
            self._connection.execute(SQL("ALTER SCHEMA {} RENAME TO {}").format(schema, name))
        # Readers that are still at the old tables are waited for.
        self._connection.execute(_named("DROP SCHEMA IF EXISTS {} CASCADE", self._old_schema))

    def _require_no_loss(self) -> None:
        """Raise ProjectionStopped if the old tables came further than the new ones can."""
        for folder in self._folders():
            try:
                old = folder.position(self._projection.name)
            except NotPrepared:
                continue
            if old > folder.position(self._tables.schema):
                folder.fold_next(self._tables, through=old, positions_max=1)


def _named(text: LiteralString, name: str) -> Composed:
    """A statement of this module about one schema of ours."""
    return SQL(text).format(Identifier(name))


_CHECKPOINT = statement("projector_checkpoint").sql

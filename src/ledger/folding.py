"""Folding: one range of events into one projection, with its checkpoint, in one transaction.

Exactly once: the checkpoint row is locked first, so two workers never fold one range. A
range that cannot be folded is halved until the one bad position is known; everything
before it is folded, nothing after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from ledger.database import PROJECTOR_ROLE, Connection, Database
from ledger.inspection import Damage, Inspection
from ledger.projection import Projection, statement
from ledger.slices import Cycles
from ledger.standings import refresh

SWITCH_LOCK = 0x6C65_6473
"""Advisory lock class ("leds"): shared while a projection is folded, exclusive while its tables are switched."""
SMALL_RANGE_POSITIONS_MAX = 1_000

_SESSION = {
    # A projection can always be folded again, and its checkpoint is lost or kept with its rows.
    "synchronous_commit": "off",
    # The best plan for one event is the worst for a hundred thousand.
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
    "work_mem": "64MB",
    "application_name": "ledger-projector",
}


class ProjectionStopped(Exception):
    """A projection cannot be folded past a position; everything before it is folded."""

    def __init__(self, *, projection: str, position: int, reason: str):
        super().__init__(f"Projection {projection} stopped at position {position}: {reason}")
        self.projection = projection
        self.position = position
        self.reason = reason


class NotPrepared(Exception):
    """The projection's tables are not there, or those of another version are: call `Projector.prepare`."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one projection, in the schema that they live in."""

    projection: Projection
    schema: str

    @property
    def search_path(self) -> str:
        """The schemas in which the projection's statements find their tables."""
        return ", ".join((self.schema, *self.projection.follows))


def connect(database: Database, **settings: str) -> Connection:
    """A connection for folding, in autocommit mode; `settings` are PostgreSQL's, for its session."""
    return psycopg.connect(database.as_role(PROJECTOR_ROLE, **_SESSION | settings), autocommit=True)


class Folder:
    """Folds ranges of one ledger's events, on one connection."""

    def __init__(self, connection: Connection, ledger_id: int, inspection: Inspection, cycles: Cycles):
        self.connection = connection
        self.ledger_id = ledger_id
        self._inspection = inspection
        self._cycles = cycles
        # Another worker may have moved a checkpoint on since.
        self._seen: dict[str, int] = {}
        # What the session's function folds, and where the ledger ended when it was made.
        self._together: Sequence[Projection] = ()
        self._planned_at = 0

    def head(self) -> int:
        """The position of the ledger's last event."""
        row = self.connection.execute(
            "SELECT head FROM ledger.ledger WHERE ledger_id = %s", (self.ledger_id,)
        ).fetchone()
        return row[0] if row else 0

    def position(self, schema: str) -> int:
        """The position that the tables of a schema had reached when last looked at. Raises NotPrepared."""
        if schema not in self._seen:
            self._seen[schema] = self.checkpoint(schema)
        return self._seen[schema]

    def checkpoint(self, schema: str) -> int:
        """The position that the tables of a schema have reached. Raises NotPrepared."""
        with suppress(psycopg.errors.UndefinedTable):
            row = self.connection.execute(
                SQL("SELECT position FROM {}.checkpoint WHERE ledger_id = %s").format(Identifier(schema)),
                (self.ledger_id,),
            ).fetchone()
            if row is not None:
                return row[0]
        raise NotPrepared(schema)

    def load(self, tables: Tables, *, through: int) -> int:
        """Fold everything up to `through` into new tables in one statement, and return the position reached.

        For tables without rows, in which nothing has to be looked up. Where some event cannot
        be folded nothing is, and finding it is left to `fold_next`.
        """
        damage: Damage | None = None
        with self.connection.transaction() as loading:
            if not tables.projection.settled and through > self._others():
                # The planner does not know how large one ledger is among all, and would look up row by row.
                self.connection.execute(
                    "SELECT set_config('enable_indexscan', 'off', true), set_config('enable_bitmapscan', 'off', true),"
                    " set_config('enable_nestloop', 'off', true)"
                )
            if through > 0 and self._attempt(tables, through) is None:
                # Only now, because others that want to know it fold in the meantime.
                damage = self._inspection.first_damage(self.connection, self.ledger_id, after=0, through=through)
                if damage is not None:
                    raise psycopg.Rollback(loading)
        if damage is None:
            return self.position(tables.schema)
        del self._seen[tables.schema]
        return self.load(tables, through=damage.position - 1)

    def _others(self) -> int:
        """How many events the other ledgers of the database have."""
        row = self.connection.execute(
            "SELECT coalesce(sum(head), 0) FROM ledger.ledger WHERE ledger_id <> %s", (self.ledger_id,)
        ).fetchone()
        return row[0] if row else 0

    def fold_together(self, projections: Sequence[Projection], through: int) -> bool:
        """Fold a few positions into projections that have all come equally far, in one transaction.

        Returns False, and folds nothing, if they have not, if it is not a few, if another worker
        was first, or if some event cannot be folded: each of them is for `fold_next` then.
        """
        after = min(self.position(each.name) for each in projections)
        together = all(self.position(each.name) == after for each in projections)
        if not together or not after < through <= after + SMALL_RANGE_POSITIONS_MAX:
            return False
        try:
            # A plan that was made for few events is a bad one for many.
            if projections is not self._together or through >= 2 * self._planned_at:
                self.connection.execute(_together(projections, self._inspection))
                self._together, self._planned_at = projections, through
            # All in one statement: whoever shares the process with much work is let in again rarely.
            self.connection.execute("SELECT pg_temp.fold_together(%s, %s, %s)", (self.ledger_id, after, through))
        except (psycopg.ProgrammingError, psycopg.DataError, psycopg.IntegrityError, psycopg.errors.RaiseException):
            return False
        self._seen |= dict.fromkeys((each.name for each in projections), through)
        return True

    def fold_next(self, tables: Tables, *, through: int, positions_max: int) -> int:
        """Fold the next at most `positions_max` positions up to `through`, and return the position reached.

        Raises ProjectionStopped if the next position cannot be folded, NotPrepared.
        """
        after = self.position(tables.schema)
        upper = min(through, after + positions_max)
        if upper <= after:
            return after
        damage = self._inspection.first_damage(self.connection, self.ledger_id, after=after, through=upper)
        if damage is not None and damage.position <= after + 1:
            raise ProjectionStopped(projection=tables.projection.name, position=damage.position, reason=damage.reason)
        return self._fold_or_narrow(tables, after, damage.position - 1 if damage else upper)

    def _fold_or_narrow(self, tables: Tables, after: int, upper: int) -> int:
        failure = self._attempt(tables, upper)
        if failure is None:
            return self.position(tables.schema)
        good, bad = after, upper
        while bad - good > 1:
            middle = (good + bad) // 2
            failed = self._attempt(tables, middle)
            if failed is None:
                good = middle
            else:
                bad, failure = middle, failed
        # The first line says it; what follows quotes the row.
        reason = f"{type(failure).__name__}: {failure}".splitlines()[0]
        raise ProjectionStopped(projection=tables.projection.name, position=bad, reason=reason) from failure

    def _attempt(self, tables: Tables, upper: int) -> Exception | None:
        """Fold up to `upper`; return what some event provoked, in SQL or while its group was settled."""
        try:
            self.fold(tables, upper)
        except (psycopg.OperationalError, psycopg.InterfaceError, NotPrepared):
            # Not the events' doing: whoever runs this tries again, or is told.
            raise
        except Exception as error:
            return error
        return None

    def fold(self, tables: Tables, upper: int) -> int:
        """Fold (checkpoint, upper] in one transaction and return the checkpoint; another worker may be further."""
        small = upper - self.position(tables.schema) <= SMALL_RANGE_POSITIONS_MAX
        with self.connection.transaction():
            after = self._lock_checkpoint(tables, small=small)
            if after < upper:
                self._fold_range(tables.projection, after, upper)
                self.connection.execute(
                    "UPDATE checkpoint SET position = %s WHERE ledger_id = %s", (upper, self.ledger_id)
                )
        self._seen[tables.schema] = max(after, upper)
        return self._seen[tables.schema]

    def _lock_checkpoint(self, tables: Tables, *, small: bool) -> int:
        # A switch of tables waits for this lock, and after it names mean the new tables. A few
        # events are looked up in the tables' keys, whatever stale statistics say of scanning.
        scans = "off" if small else "on"
        self.connection.execute(
            "SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s)), set_config('search_path', %s, true),"
            " set_config('enable_seqscan', %s, true), set_config('enable_hashjoin', %s, true),"
            " set_config('enable_mergejoin', %s, true)",
            (SWITCH_LOCK, tables.projection.name, tables.search_path, scans, scans, scans),
        )
        try:
            row = self.connection.execute(
                "SELECT position, version FROM checkpoint WHERE ledger_id = %s FOR UPDATE", (self.ledger_id,)
            ).fetchone()
        except psycopg.errors.UndefinedTable:
            row = None
        if row is None or row[1] != tables.projection.version:
            raise NotPrepared(tables.projection.name)
        return row[0]

    def _fold_range(self, projection: Projection, after: int, through: int) -> None:
        fold = projection.sections.get("fold")
        if fold is None:
            refresh(self.connection, projection, self.ledger_id, self._cycles, after=after, through=through)
        else:
            arguments = {"ledger_id": self.ledger_id, "after": after, "through": through}
            self.connection.execute(fold.sql, arguments)


# One checkpoint is moved, or it is in another place or of another version.
_MOVE = """UPDATE {name}.checkpoint SET position = $3 WHERE ledger_id = $1 AND position = $2 AND version = {version};
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another worker was first';
    END IF;"""
_TOGETHER = statement("projector_together").sql


def _together(projections: Sequence[Projection], inspection: Inspection) -> Composed:
    """What makes the function that folds a range into all of these."""
    arguments = {"ledger_id": SQL("$1"), "after": SQL("$2"), "through": SQL("$3")}
    names = [each.name for each in projections]
    moves = [SQL(_MOVE).format(name=Identifier(each.name), version=Literal(each.version)) for each in projections]
    folds = [each.sections["fold"].given(**arguments) + SQL(";") for each in projections]
    return _TOGETHER.format(
        search_path=Literal(", ".join(names)),
        switch_lock=Literal(SWITCH_LOCK),
        names=Literal(names),
        moves=SQL("\n    ").join(moves),
        sound=inspection.sound(**arguments),
        folds=SQL("\n    ").join(folds),
    )


def analyze(connection: Connection, schema: str) -> None:
    """Have the planner learn what is in a schema's tables, as it must after many rows were written at once."""
    for table in tables_of(connection, schema):
        connection.execute(SQL("ANALYZE {}").format(table))


def tables_of(connection: Connection, schema: str) -> list[Identifier]:
    """The tables of a schema."""
    names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall()
    return [Identifier(schema, name) for (name,) in names]

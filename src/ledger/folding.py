"""Folding: one range of events into one projection, with its checkpoint, in one transaction.

Exactly once: the checkpoint row is locked first, so two workers never fold one range. A
range that cannot be folded is halved until the one bad position is known; everything
before it is folded, nothing after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from ledger.database import PROJECTOR_ROLE, Connection, Database
from ledger.inspection import Inspection
from ledger.projection import Projection
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

        For tables without an index, in which nothing could be looked up quickly. Where some
        event cannot be folded nothing is, and finding it is left to `fold_next`.
        """
        damage = self._inspection.first_damage(self.connection, self.ledger_id, after=0, through=through)
        if damage is not None:
            through = damage.position - 1
        if through > 0:
            self._attempt(tables, through)
        return self.position(tables.schema)

    def fold_together(self, projections: Sequence[Projection], through: int) -> bool:
        """Fold a few positions into projections that have all come equally far, in one transaction.

        Returns False, and folds nothing, if they have not, if it is not a few, if another worker
        was first, or if some event cannot be folded: each of them is for `fold_next` then.
        """
        after = min(self.position(each.name) for each in projections)
        together = all(self.position(each.name) == after for each in projections)
        if not together or not after < through <= after + SMALL_RANGE_POSITIONS_MAX:
            return False
        names = {each.name: each.version for each in projections}
        arguments = {"ledger_id": self.ledger_id, "after": after, "through": through}
        try:
            # All in one go: whoever shares the process with much work is let in again rarely.
            with self.connection.pipeline() as pipeline, self.connection.transaction():
                self.connection.execute(_TOGETHER, (SWITCH_LOCK, ", ".join(names), list(names)))
                self.connection.execute(_moving(tuple(names.items())), arguments)
                self._inspection.require_sound(self.connection, self.ledger_id, after=after, through=through)
                for each in projections:
                    self.connection.execute(each.sections["fold"].sql, arguments)
                pipeline.sync()
        except (psycopg.ProgrammingError, psycopg.DataError, psycopg.IntegrityError):
            return False
        self._seen |= dict.fromkeys(names, through)
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


# The plan is made once and holds for all small ranges, which are looked up by keys whatever they are.
_TOGETHER = """
SELECT
    pg_advisory_xact_lock_shared(%s, hashtext(named.name)),
    set_config('search_path', %s, true),
    set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('enable_seqscan', 'off', true),
    set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true)
FROM unnest(%s::text[]) AS named (name)"""


@cache
def _moving(names: tuple[tuple[str, int], ...]) -> Composed:
    """Move the checkpoints of projections, named with their versions; an error unless all were in their place."""
    moves = [
        SQL(
            "{name} AS (UPDATE {name}.checkpoint SET position = %(through)s"
            " WHERE ledger_id = %(ledger_id)s AND position = %(after)s AND version = {version} RETURNING true)"
        ).format(name=Identifier(name), version=Literal(version))
        for name, version in names
    ]
    moved = SQL(" UNION ALL ").join(SQL("SELECT FROM {}").format(Identifier(name)) for name, _ in names)
    return SQL("WITH {} SELECT 1 / (count(*) = {})::integer FROM ({}) AS moved").format(
        SQL(", ").join(moves), Literal(len(names)), moved
    )


def analyze(connection: Connection, schema: str) -> None:
    """Have the planner learn what is in a schema's tables, as it must after many rows were written at once."""
    names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall()
    for (name,) in names:
        connection.execute(SQL("ANALYZE {}").format(Identifier(schema, name)))

"""What is in the tables of every projection, for tests that compare all of it."""

from __future__ import annotations

from psycopg.sql import SQL, Identifier

from ledger.database import PROJECTOR_ROLE, Connection, Database
from ledger.projection import projections

Tables = dict[str, list[str]]
"""The rows of every projection's tables, as text, in order."""


def tables(database: Database) -> Tables:
    """Every row of every projection, its checkpoint included."""
    with database.connect(PROJECTOR_ROLE) as connection:
        return {
            f"{schema}.{table}": [
                row[0]
                for row in connection.execute(
                    SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(Identifier(schema, table))
                )
            ]
            for schema, table in _names(connection)
        }


def listed(database: Database, kind: str, name: str | None = None) -> list[list[int]]:
    """The rows of a timeline's lists, each as the positions in it; all names if none is given."""
    with database.connect(PROJECTOR_ROLE) as connection:
        rows = connection.execute(
            "SELECT positions FROM timeline.timeline WHERE kind = %s AND name = coalesce(%s, name)"
            " ORDER BY first_position",
            (kind, name),
        ).fetchall()
    return [positions for (positions,) in rows]


def empty(database: Database) -> None:
    """Take every projection back to position 0."""
    with database.connect(PROJECTOR_ROLE) as connection, connection.transaction():
        for schema, table in _names(connection):
            if table == "checkpoint":
                connection.execute(SQL("UPDATE {} SET position = 0").format(Identifier(schema, table)))
            else:
                connection.execute(SQL("DELETE FROM {}").format(Identifier(schema, table)))


def _names(connection: Connection) -> list[tuple[str, str]]:
    found = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(%s) ORDER BY 1, 2", (list(projections()),)
    )
    return [(schema, table) for schema, table in found]

"""Migrations: numbered SQL files, applied in order, once, under a lock."""

from __future__ import annotations

from importlib.resources import files
from typing import LiteralString, cast

from psycopg.sql import SQL, Identifier

from ledger.database import PROJECTOR_ROLE, Connection, Database
from ledger.tiles import build_missing

MIGRATION_LOCK = 0x6C65_6467
"""Advisory lock key ("ledg"), so that two starting processes never migrate at once."""


def migrations() -> list[tuple[str, str]]:
    """Every migration's name and SQL, in order."""
    found = [item for item in (files("ledger") / "migrations").iterdir() if item.name.endswith(".sql")]
    return [
        (item.name.removesuffix(".sql"), item.read_text("utf-8")) for item in sorted(found, key=lambda item: item.name)
    ]


def migrate(database: Database) -> list[str]:
    """Bring the database's schema up to date and return the names of what was applied.

    Runs as the owner. Raises psycopg.errors.InsufficientPrivilege if the connecting user
    may not, which for an up-to-date schema cannot happen.
    """
    with database.connect() as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        done = _applied(connection)
        applied: list[str] = []
        for name, text in migrations():
            if name not in done:
                # The files are the package's own source; this is the only place that vouches for them.
                connection.execute(cast(LiteralString, text))
                connection.execute("INSERT INTO ledger_migrations (name) VALUES (%s)", (name,))
                applied.append(name)
        build_missing(connection)
        _let_projector_create(connection)
        return applied


def _let_projector_create(connection: Connection) -> None:
    # A grant on the database itself is lost when the database is copied or restored under
    # another name, so it is looked after each time and is no migration.
    row = connection.execute(
        "SELECT has_database_privilege(%s, current_database(), 'CREATE'), current_database()", (PROJECTOR_ROLE,)
    ).fetchone()
    if row is not None and not row[0]:
        grant = SQL("GRANT CREATE ON DATABASE {} TO {}").format(Identifier(row[1]), Identifier(PROJECTOR_ROLE))
        connection.execute(grant)


def _applied(connection: Connection) -> set[str]:
    exists = connection.execute("SELECT to_regclass('public.ledger_migrations')").fetchone()
    if exists == (None,):
        connection.execute(
            "CREATE TABLE public.ledger_migrations"
            " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
    connection.execute("SET LOCAL search_path TO public")
    return {name for (name,) in connection.execute("SELECT name FROM ledger_migrations").fetchall()}

"""The schema: one picture and one path to it, walked once by whoever comes first."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ledger.database import PROJECTOR_ROLE, Database
from ledger.migrate import migrate, migrations

CATALOG = {
    "columns": """
        SELECT c.relname, c.relkind, c.reloptions, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               l.collname, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, a.attacl, a.attstattarget
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
        LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
        WHERE c.relnamespace = 'ledger'::regnamespace
        ORDER BY c.relname, a.attnum
    """,
    "relations": """
        SELECT relname, relkind, relpersistence, relrowsecurity, reloptions, pg_get_userbyid(relowner), relacl::text
        FROM pg_class WHERE relnamespace = 'ledger'::regnamespace ORDER BY 1
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, contype, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'ledger'::regnamespace ORDER BY 1, 2
    """,
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'ledger' ORDER BY 1, 2",
    "functions": """
        SELECT oid::regprocedure::text, pg_get_functiondef(oid), pg_get_userbyid(proowner), proacl::text
        FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace ORDER BY 1
    """,
    "triggers": """
        SELECT t.tgrelid::regclass::text, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid)
        FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
        WHERE c.relnamespace = 'ledger'::regnamespace ORDER BY 1, 2
    """,
    "types": """
        SELECT typname, typtype, typacl::text FROM pg_type WHERE typnamespace = 'ledger'::regnamespace ORDER BY 1
    """,
    "schemas": """
        SELECT nspname, pg_get_userbyid(nspowner), nspacl::text FROM pg_namespace
        WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' ORDER BY 1
    """,
    "default rights": "SELECT defaclobjtype, defaclacl::text FROM pg_default_acl ORDER BY 1, 2",
}

_numbers = itertools.count(1)


@pytest.fixture
def empty_database(server: str) -> Iterator[Callable[[], Database]]:
    """Makes empty databases, which nothing has migrated yet."""
    names: list[sql.Identifier] = []

    def make() -> Database:
        name = f"schema_{next(_numbers)}"
        names.append(sql.Identifier(name))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(names[-1]))
        return Database(make_conninfo(server, dbname=name))

    with psycopg.connect(server, autocommit=True) as connection:
        yield make
        for name in names:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def catalog(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.connect() as connection:
        connection.execute("SET search_path TO pg_catalog")
        return {subject: connection.execute(query.encode()).fetchall() for subject, query in CATALOG.items()}


def test_the_picture_equals_what_the_migrations_lead_to(empty_database: Callable[[], Database]):
    pictured, migrated = empty_database(), empty_database()
    with pictured.connect() as connection:
        connection.execute((files("ledger") / "schema.sql").read_bytes())
    migrate(migrated)

    picture, path = catalog(pictured), catalog(migrated)

    for subject in CATALOG:
        assert picture[subject] == path[subject], subject
    assert all(picture[subject] for subject in ("columns", "constraints", "indexes", "functions", "triggers"))


def test_every_table_of_ours_leads_with_the_ledger(database: Database):
    """What a distribution of ledgers over servers needs: primary keys and unique constraints begin with its id."""
    with database.connect() as connection:
        first_columns = connection.execute(
            """
            SELECT i.indexrelid::regclass::text, a.attname
            FROM pg_index AS i
            JOIN pg_class AS c ON c.oid = i.indrelid AND c.relnamespace = 'ledger'::regnamespace
            JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
            WHERE i.indisunique
            """
        ).fetchall()
    assert {column for _, column in first_columns} == {"ledger_id"}, first_columns


def test_migrations_are_applied_once(empty_database: Callable[[], Database]):
    database = empty_database()

    assert migrate(database) == [name for name, _ in migrations()]
    before = catalog(database)

    assert migrate(database) == []
    assert catalog(database) == before


def test_the_projector_may_make_schemas_in_any_database_that_is_migrated(empty_database: Callable[[], Database]):
    """A right on the database itself does not come along when it is copied or restored, so it is looked after."""
    database = empty_database()
    migrate(database)
    with database.connect() as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("REVOKE CREATE ON DATABASE {} FROM ledger_projector").format(name))

    migrate(database)

    with database.connect(PROJECTOR_ROLE) as connection:
        connection.execute("CREATE SCHEMA projected")


def test_of_processes_that_start_at_once_one_migrates(empty_database: Callable[[], Database]):
    database, barrier = empty_database(), threading.Barrier(4)

    def start(_: int) -> list[str]:
        barrier.wait()
        return migrate(database)

    with ThreadPoolExecutor(4) as pool:
        applied = sorted(pool.map(start, range(4)))

    assert applied == [[], [], [], [name for name, _ in migrations()]]


def test_databases_of_one_server_are_migrated_at_once(empty_database: Callable[[], Database]):
    """They share the server's roles."""
    databases = [empty_database() for _ in range(4)]
    barrier = threading.Barrier(len(databases))
    with databases[0].connect() as connection:
        for role in ("ledger_app", "ledger_projector"):
            connection.execute(sql.SQL("REVOKE {} FROM CURRENT_USER").format(sql.Identifier(role)))

    def start(database: Database) -> list[str]:
        barrier.wait()
        return migrate(database)

    with ThreadPoolExecutor(len(databases)) as pool:
        applied = list(pool.map(start, databases))

    assert applied == [[name for name, _ in migrations()]] * len(databases)


def test_a_target_that_was_recorded_before_baselines_had_a_column_has_its_own(empty_database: Callable[[], Database]):
    database = empty_database()
    [(first, text), *_] = migrations()
    with database.connect() as connection:
        connection.execute(text.encode())
        connection.execute(
            """
            CREATE TABLE public.ledger_migrations (name text PRIMARY KEY, applied_at timestamptz DEFAULT now());
            INSERT INTO ledger.event (
                ledger_id, position, stream, version, type, recorded_at, command_id, person_id, entry
            )
            SELECT 1, place, 'target', place, 'TargetSet', now(), gen_random_uuid(), 'office', convert_to(entry, 'UTF8')
            FROM (
                VALUES (1, '{"data":{"baseline":"7.50","target":"8"}}'), (2, '{"data":{"baseline":null,"target":"8"}}')
            ) AS recorded (place, entry)
            """
        )
        connection.execute("INSERT INTO public.ledger_migrations (name) VALUES (%s)", (first,))

    migrate(database)

    with database.connect() as connection:
        baselines = connection.execute("SELECT baseline::text FROM ledger.event ORDER BY position").fetchall()
    assert baselines == [("7.50",), (None,)]


def test_a_migration_that_fails_leaves_nothing(empty_database: Callable[[], Database]):
    """It fails in its last step, when the migration's name is noted."""
    database = empty_database()
    with database.connect() as connection:
        connection.execute("CREATE TABLE public.ledger_migrations (name text PRIMARY KEY, applied_at integer NOT NULL)")

        with pytest.raises(psycopg.errors.NotNullViolation):
            migrate(database)

        assert connection.execute("SELECT to_regnamespace('ledger')").fetchone() == (None,)


def test_migrations_are_numbered_without_a_gap_and_named_after_what_they_change():
    names = [name for name, _ in migrations()]

    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert [name for name in names if not re.fullmatch(r"\d{4}_[a-z][a-z0-9]*(_[a-z0-9]+)*", name)] == []

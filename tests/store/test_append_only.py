"""Append only: the service may not change what is recorded, and nobody may by accident."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from drafting import draft

from ledger.database import APP_ROLE, PROJECTOR_ROLE, Connection, Database
from ledger.domain.merkle import TILE_WIDTH
from ledger.store import Store

CHANGES = {
    "UPDATE": "UPDATE ledger.event SET person_id = 'somebody else'",
    "DELETE": "DELETE FROM ledger.event",
    "TRUNCATE": "TRUNCATE ledger.event",
    "TRUNCATE with what refers to it": "TRUNCATE ledger.ledger, ledger.event CASCADE",
    "UPDATE a tile": "UPDATE ledger.tile SET root = sha256('')",
    "DELETE a tile": "DELETE FROM ledger.tile",
    "TRUNCATE the tiles": "TRUNCATE ledger.tile",
}
LOOPHOLES = {
    "disable the triggers": "ALTER TABLE ledger.event DISABLE TRIGGER ALL",
    "disable the tiles' triggers": "ALTER TABLE ledger.tile DISABLE TRIGGER ALL",
    "drop a trigger": "DROP TRIGGER event_rows_are_immutable ON ledger.event",
    "replace the trigger's function": "CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "drop the table": "DROP TABLE ledger.event",
    "drop the schema": "DROP SCHEMA ledger CASCADE",
    "own the table": f"ALTER TABLE ledger.event OWNER TO {APP_ROLE}",
    "switch triggers off": "SET session_replication_role = replica",
    "make a table of its own": "CREATE TABLE ledger.mine (n integer)",
    "remove a ledger": "DELETE FROM ledger.ledger",
    "renumber a ledger": "UPDATE ledger.ledger SET ledger_id = 2",
}


@pytest.fixture
def entries(store: Store) -> Iterator[list[bytes]]:
    """What is recorded before a test, which must be what is recorded after it; enough of it for a tile."""
    store.append([draft(f"U{number}") for number in range(TILE_WIDTH + 1)])
    before = list(store.entries())
    yield before
    assert list(store.entries()) == before


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize("role", [APP_ROLE, PROJECTOR_ROLE])
def test_the_services_roles_may_neither_change_events_nor_get_round_it(database: Database, role: str):
    with database.connect(role) as connection:
        answers = {name: _refusal(connection, statement) for name, statement in (CHANGES | LOOPHOLES).items()}

    assert answers == dict.fromkeys(answers, psycopg.errors.InsufficientPrivilege)


@pytest.mark.usefixtures("entries")
def test_the_projector_may_not_record(database: Database):
    with database.connect(PROJECTOR_ROLE) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("INSERT INTO ledger.event SELECT * FROM ledger.event")


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize("replication_role", ["origin", "replica", "local"])
def test_a_superusers_change_is_refused_by_the_table(database: Database, replication_role: str):
    with database.connect() as connection:
        connection.execute("SELECT set_config('session_replication_role', %s, false)", (replication_role,))
        answers = {name: _refusal(connection, statement) for name, statement in CHANGES.items()}

    assert answers == dict.fromkeys(answers, psycopg.errors.RestrictViolation)


@pytest.mark.usefixtures("entries")
def test_a_merge_that_changes_is_refused(database: Database):
    """The row triggers fire for MERGE and for INSERT ... ON CONFLICT DO UPDATE too."""
    with database.connect() as connection, pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute(
            "MERGE INTO ledger.event AS e USING (VALUES (1)) AS v (n) ON e.position = v.n"
            " WHEN MATCHED THEN UPDATE SET version = e.version + 1"
        )


def test_the_service_owns_nothing(database: Database):
    with database.connect() as connection:
        owned = connection.execute(
            "SELECT classid::regclass::text, objid FROM pg_shdepend"
            " WHERE deptype = 'o' AND refobjid = %s::regrole"
            " AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))",
            (APP_ROLE,),
        ).fetchall()
    assert owned == []


def test_the_projector_owns_nothing_of_the_ledger(database: Database):
    with database.connect() as connection:
        owners = connection.execute(
            """
            SELECT relowner::regrole::text FROM pg_class WHERE relnamespace = 'ledger'::regnamespace
            UNION SELECT proowner::regrole::text FROM pg_proc WHERE pronamespace = 'ledger'::regnamespace
            UNION SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'ledger'
            """
        ).fetchall()
        assert owners == [(connection.info.user,)]


def test_the_services_roles_have_exactly_these_rights(database: Database):
    with database.connect() as connection:
        tables = connection.execute(
            "SELECT grantee, table_name, privilege_type FROM information_schema.table_privileges"
            " WHERE table_schema = 'ledger' AND grantee IN ('PUBLIC', %s, %s) ORDER BY 1, 2, 3",
            (APP_ROLE, PROJECTOR_ROLE),
        ).fetchall()
        columns = connection.execute(
            "SELECT grantee, table_name, column_name FROM information_schema.column_privileges"
            " WHERE table_schema = 'ledger' AND grantee IN ('PUBLIC', %s, %s) AND privilege_type = 'UPDATE'"
            " ORDER BY 1, 2, 3",
            (APP_ROLE, PROJECTOR_ROLE),
        ).fetchall()
    assert tables == [
        (APP_ROLE, "event", "INSERT"),
        (APP_ROLE, "event", "SELECT"),
        (APP_ROLE, "ledger", "INSERT"),
        (APP_ROLE, "ledger", "SELECT"),
        (APP_ROLE, "tile", "INSERT"),
        (APP_ROLE, "tile", "SELECT"),
        (PROJECTOR_ROLE, "event", "SELECT"),
        (PROJECTOR_ROLE, "ledger", "SELECT"),
    ]
    assert columns == [
        (APP_ROLE, "ledger", "head"),
        (APP_ROLE, "ledger", "peaks"),
        (APP_ROLE, "ledger", "recorded_at"),
    ]


def test_the_services_roles_are_nothing_but_roles(database: Database):
    with database.connect() as connection:
        roles = connection.execute(
            "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolcanlogin"
            " FROM pg_roles WHERE rolname = ANY(%s) ORDER BY 1",
            ([APP_ROLE, PROJECTOR_ROLE],),
        ).fetchall()
    assert roles == [(role, False, False, False, False, False, False) for role in (APP_ROLE, PROJECTOR_ROLE)]


def _refusal(connection: Connection, statement: str) -> type[psycopg.Error] | None:
    """How a statement of this module is refused, None if it is not."""
    try:
        connection.execute(statement.encode())
    except psycopg.Error as error:
        return type(error)
    return None

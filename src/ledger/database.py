"""The database: where it is, and connections to it in the right role."""

from __future__ import annotations

import os
import select
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from ledger.settings import Settings

APP_ROLE = "ledger_app"
PROJECTOR_ROLE = "ledger_projector"
SIGNER_ROLE = "ledger_signer"
VERSION_MIN = 150_000
STATEMENT_TIMEOUT_S = 30
READERS_MAX = 8

Connection = psycopg.Connection[TupleRow]


class DatabaseTooOld(Exception):
    """PostgreSQL 15 or newer is needed."""


class UnsafeEnvironment(Exception):
    """POSTGRES_ENABLE_DB_FUNCTIONS is set: with it a later position may be seen before an earlier one. Unset it."""


@dataclass(frozen=True, slots=True)
class Database:
    """One database, and the connection strings of the roles that may use it."""

    conninfo: str
    """As the owner; for migrations only."""

    def as_role(self, role: str, **options: str) -> str:
        """The connection string under which a session acts as `role`."""
        given = conninfo_to_dict(self.conninfo).get("options") or ""
        settings = {"role": role, "timezone": "UTC"} | options
        flags = " ".join([str(given), *(f"-c {name}={value}" for name, value in settings.items())]).strip()
        return make_conninfo(self.conninfo, options=flags)

    def connect(self, role: str | None = None) -> Connection:
        """A new connection in autocommit mode; as the owner if no role is named."""
        return psycopg.connect(self.as_role(role) if role else self.conninfo, autocommit=True)

    def readers(self) -> ConnectionPool[Connection]:
        """A pool of connections for reading, which the caller opens and closes."""
        conninfo = self.as_role(
            APP_ROLE, statement_timeout=f"{STATEMENT_TIMEOUT_S}s", default_transaction_read_only="on"
        )
        return ConnectionPool(
            conninfo,
            min_size=1,
            max_size=READERS_MAX,
            kwargs={"autocommit": True},
            check=_check,
            open=False,
            name="readers",
        )


def _check(connection: Connection) -> None:
    """Have a connection that the server dropped replaced before it is handed out.

    Asking the server each time would double the questions. A lost connection is seen where the
    server's end of it was closed; where that went unheard, a question fails after all.
    """
    sockets = select.poll()
    sockets.register(connection.fileno(), select.POLLIN)
    if sockets.poll(0):
        ConnectionPool.check_connection(connection)


@contextmanager
def open_database(settings: Settings) -> Generator[Database]:
    """Give the configured database, else start or share the embedded one, for as long as the block lasts.

    Raises UnsafeEnvironment, DatabaseTooOld, EmbeddedPostgresError or psycopg.OperationalError.
    """
    if os.environ.get("POSTGRES_ENABLE_DB_FUNCTIONS"):
        raise UnsafeEnvironment(UnsafeEnvironment.__doc__)
    with ExitStack() as stack:
        if settings.database_url is not None:
            database = Database(settings.database_url)
        else:
            from ledger.embedded import EmbeddedPostgres

            database = Database(stack.enter_context(EmbeddedPostgres(settings.data_dir / "postgres")))
        with database.connect() as connection:
            if connection.info.server_version < VERSION_MIN:
                raise DatabaseTooOld(f"{DatabaseTooOld.__doc__} This is {connection.info.server_version // 10000}.")
        yield database

"""A real PostgreSQL for every test: one embedded server per run, one database per test from a template."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from clock import Clock
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ledger.database import Database
from ledger.embedded import EmbeddedPostgres
from ledger.migrate import migrate
from ledger.projector import Projector

TEMPLATE = "ledger_template"


@pytest.fixture
def clock() -> Clock:
    """The test's clock, at noon in Shanghai on 1 March 2018."""
    return Clock(datetime(2018, 3, 1, 4, 0, tzinfo=UTC))


@pytest.fixture
def new_id() -> Callable[[], UUID]:
    """Makes command ids: 1, 2, 3 …"""
    numbers = itertools.count(1)
    return lambda: UUID(int=next(numbers))


@pytest.fixture(scope="session")
def server_dir() -> Iterator[Path]:
    """A directory that an unprivileged server can reach; pytest's own is closed to others."""
    directory = Path(tempfile.mkdtemp(prefix="ledger-tests-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def server(server_dir: Path) -> Iterator[str]:
    """Connection string of the run's PostgreSQL, with a template database that is migrated and has its projections.

    `LEDGER_TEST_DATABASE_URL` names another server to test against.
    """
    given = os.environ.get("LEDGER_TEST_DATABASE_URL")
    if given:
        _make_template(given)
        yield given
        return
    with EmbeddedPostgres(server_dir / "postgres") as conninfo:
        _make_template(conninfo)
        yield conninfo


def _make_template(conninfo: str) -> None:
    name = f"{TEMPLATE}_{os.getpid()}"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    template = Database(make_conninfo(conninfo, dbname=name))
    migrate(template)
    Projector(template).prepare()


_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def new_database(server: str) -> Callable[[], AbstractContextManager[Database]]:
    """Makes migrated, empty databases."""

    @contextmanager
    def made() -> Generator[Database]:
        name = f"test_{os.getpid()}_{next(_numbers)}"
        template = f"{TEMPLATE}_{os.getpid()}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
            )
            copied = Database(make_conninfo(server, dbname=name))
            migrate(copied)
            yield copied
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    return made


@pytest.fixture
def database(new_database: Callable[[], AbstractContextManager[Database]]) -> Iterator[Database]:
    """A migrated, empty database of this test's own."""
    with new_database() as database:
        yield database

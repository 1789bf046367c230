"""The real half of the demo: seven published revisions of one table, imported one after the other.

World GDP by country and year, as the World Bank published it (public domain; data/world_gdp).
Revision 6 put thousands of values under the wrong year, and revision 7 mended it a day later.
Everything goes through the ordinary commands; only the clock is set to each revision's day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from uuid import NAMESPACE_URL, uuid5

from psycopg import connect
from psycopg.conninfo import make_conninfo

from ledger.commands import Commands, Request
from ledger.database import Database
from ledger.domain.commands import GrantRole, RegisterPerson
from ledger.domain.periods import local_day
from ledger.domain.persons import person_stream
from ledger.domain.roles import Role
from ledger.domain.world import CIVIL_TIMEZONE, Command
from ledger.evidence import EvidenceDirectory
from ledger.importing import Order, import_table, read_table
from ledger.importing.founding import find_officers
from ledger.importing.lookups import finished_imports
from ledger.importing.table_plan import GROUP_ID as GROUP_ID
from ledger.scripted import ScriptedClock
from ledger.settings import Settings
from ledger.store import Store

WORLD = "world"
"""The preset that is this table."""
MINI = "mini"
"""The preset that is the golden mini-ledger of `mini_ledger`; the others are cities of `binhai`."""
CYCLE_ID = "world-gdp"
INDICATOR_ID = "gdp"
ENTERED_BY = "chen"
APPROVED_BY = "li"
INSPECTOR = "wang"
"""Reads everything, writes no score."""
RANKING_YEAR = "1979"
"""A year whose largest economies were the same before the mistake and after it."""
YEAR = "1994"
UNIT_ID = "LCN"
"""Latin America and the Caribbean, whose 1994 revision 6 confused with a year of our century."""

_NAME = re.compile(r"revision_(\d+)_(\d{4}-\d\d-\d\d)\.csv")
_NOON = timedelta(hours=4)
"""12:00 in Shanghai, in UTC."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One published state of the table."""

    number: int
    published_at: datetime
    file: Traversable

    @property
    def name(self) -> str:
        """The file's name."""
        return self.file.name


@dataclass(frozen=True, slots=True)
class Imported:
    """A revision in the ledger, and the position at which its import ended."""

    revision: Revision
    position: int


def demo_settings(settings: Settings, preset: str = WORLD) -> Settings:
    """Settings for a ledger of the preset's own, embedded, in `demo` below the data directory."""
    directory = settings.data_dir / "demo" / preset.lower()
    return replace(settings, data_dir=directory, database_url=None, ledger_id=1, signer_home=None)


def revisions() -> list[Revision]:
    """The bundled revisions, in order."""
    found: list[Revision] = []
    for file in (files("ledger") / "data" / "world_gdp").iterdir():
        if match := _NAME.fullmatch(file.name):
            day = datetime.fromisoformat(match[2]).replace(tzinfo=UTC)
            found.append(Revision(int(match[1]), day + _NOON, file))
    return sorted(found, key=lambda revision: revision.number)


def import_revisions(
    store: Store,
    clock: ScriptedClock,
    evidence: EvidenceDirectory,
    *,
    progress: Callable[[Revision], AbstractContextManager[Callable[[int, int], None]]],
) -> Iterator[Imported]:
    """Import the revisions that the ledger does not have yet and yield all of them, in order.

    Raises Refused if a revision cannot be imported, or a row of it.
    """
    finished = finished_imports(store)
    for revision in revisions():
        with as_file(revision.file) as path:
            table = read_table(path)
        clock.now = revision.published_at
        if table.sha256 not in finished:
            order = Order(
                cycle_id=CYCLE_ID,
                indicator_id=INDICATOR_ID,
                by=ENTERED_BY,
                approved_by=APPROVED_BY,
                reconcile=True,
                reason=f"Published revision {revision.number} of {revision.published_at:%Y-%m-%d}",
            )
            with progress(revision) as told:
                report = import_table(store, evidence, table, order, progress=told)
            assert report.last_position is not None
            finished[table.sha256] = report.last_position
        yield Imported(revision, finished[table.sha256])
    admit_inspector(store)


def admit_inspector(store: Store) -> None:
    """Register the inspector with the role that may read every history."""
    officers = find_officers(store)
    today = local_day(store.now(), CIVIL_TIMEZONE)
    if store.load(person_stream(INSPECTOR))[0]:
        return
    admission: list[Command] = [
        RegisterPerson(subject_id=INSPECTOR, display_name=INSPECTOR),
        GrantRole(subject_id=INSPECTOR, role=Role.INSPECTOR, valid_from=today, approved_by=officers.director),
    ]
    commands = Commands(store)
    for command in admission:
        name = f"ledger-demo:{type(command).__name__}"
        commands.execute(
            Request(command=command, command_id=uuid5(NAMESPACE_URL, name), person_id=officers.administrator)
        )


def begin_again(database: Database) -> None:
    """Drop the demo's database and make an empty one. Raises psycopg.errors.ObjectInUse while others use it."""
    with connect(make_conninfo(database.conninfo, dbname="postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE ledger")
        connection.execute("CREATE DATABASE ledger")

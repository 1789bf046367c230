"""`ledger doctor`: is everything there that the ledger needs?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import cast

from ledger.cli import Exit
from ledger.cli.opening import settings_here
from ledger.cli.output import Output, print_json, print_records, record_of
from ledger.database import APP_ROLE, Connection, Database, open_database
from ledger.migrate import migrate, migrations
from ledger.projection import projections
from ledger.projector import Projector
from ledger.proof.published import published, published_keys
from ledger.settings import Settings

FREE_BYTES_MIN = 1 << 30
_COLUMNS = ("check", "ok", "found")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: str
    ok: bool
    found: str


Check = Callable[[Connection, Settings], Finding]


def doctor(*, output: Output = "table") -> int:
    """Check the database, its schema and rights, the projections, the signature, the evidence and the disk.

    As JSON it is one object: `ok`, the `checks`, and as `vkey` the key that verifies the ledger.
    """
    settings = settings_here()
    findings = list(_findings(settings))
    ok = all(finding.ok for finding in findings)
    if output == "json":
        print_json({"ok": ok, **_keys(settings), "checks": [record_of(finding) for finding in findings]})
    else:
        print_records(map(record_of, findings), _COLUMNS, output)
    return Exit.OK if ok else Exit.ENVIRONMENT


def _keys(settings: Settings) -> dict[str, object]:
    """The keys that sign now, as C2SP vkeys: two while one follows the other, and either verifies."""
    keys = [str(key) for key in published_keys(settings.signer_dir)]
    return {"vkey": keys[-1] if keys else None, "vkeys": keys}


def _findings(settings: Settings) -> Iterator[Finding]:
    """Every finding; without a database, only those that need none."""
    yield _evidence(settings)
    yield _disk(settings)
    with ExitStack() as stack:
        try:
            database = stack.enter_context(open_database(settings))
            migrate(database)
            Projector(database, settings.ledger_id).prepare()
            connection = stack.enter_context(database.connect())
        except Exception as error:
            # Whatever keeps the database away is the finding.
            yield Finding("database", False, " ".join(str(error).split()))
            return
        yield _database(connection, settings)
        yield from _schema(connection, settings, database)


def _evidence(settings: Settings) -> Finding:
    place = settings.evidence_dir
    while not place.exists():
        place = place.parent
    return Finding("evidence", os.access(place, os.W_OK | os.X_OK), str(settings.evidence_dir))


def _disk(settings: Settings) -> Finding:
    place = settings.data_dir
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    return Finding("disk", free >= FREE_BYTES_MIN, f"{free >> 20:,} MiB free for {settings.data_dir}")


def _database(connection: Connection, settings: Settings) -> Finding:
    version = connection.info.server_version
    kind = "embedded" if settings.database_url is None else "given"
    return Finding("database", True, f"PostgreSQL {version // 10000}.{version % 10000}, {kind}")


def _schema(connection: Connection, settings: Settings, database: Database) -> Iterator[Finding]:
    applied = {name for (name,) in connection.execute("SELECT name FROM public.ledger_migrations").fetchall()}
    missing = [name for name, _ in migrations() if name not in applied]
    yield Finding("migrations", not missing, f"missing: {', '.join(missing)}" if missing else f"{len(applied)} applied")
    yield _rights(connection)
    yield _triggers(connection)
    row = connection.execute(
        "SELECT head, recorded_at FROM ledger.ledger WHERE ledger_id = %s", (settings.ledger_id,)
    ).fetchone()
    head = row[0] if row else 0
    yield Finding("ledger", True, f"position {head}, recorded {row[1]:%Y-%m-%d %H:%M}" if row and head else "empty")
    yield from _projections(database, settings, head)
    yield from _signature(settings, head)


def _rights(connection: Connection) -> Finding:
    rights = ("UPDATE", "DELETE", "TRUNCATE")
    held = [
        right
        for right in rights
        if connection.execute("SELECT has_table_privilege(%s, 'ledger.event', %s)", (APP_ROLE, right)).fetchone()
        == (True,)
    ]
    return Finding("rights", not held, f"{APP_ROLE} may {', '.join(held)} events" if held else "events only added to")


def _triggers(connection: Connection) -> Finding:
    row = connection.execute(
        "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'ledger.event'::regclass AND tgenabled = 'A'"
    ).fetchone()
    count = cast(int, row[0]) if row else 0
    return Finding("triggers", count == 2, f"{count} of 2 always on")


def _projections(database: Database, settings: Settings, head: int) -> Iterator[Finding]:
    projector = Projector(database, settings.ledger_id)
    projector.catch_up()
    stopped = projector.stopped
    for name in sorted(projections()):
        if stopped is not None and stopped.projection == name:
            yield Finding(f"projection {name}", False, str(stopped))
        else:
            yield Finding(f"projection {name}", True, f"at the head, position {head} or later")


def _signature(settings: Settings, head: int) -> Iterator[Finding]:
    """How far the ledger is signed, and the keys that verify it, as C2SP vkeys."""
    signed = published(settings.signer_dir, head)
    known = f"{signed.state}, {signed.size} of {head} events"
    yield Finding("signature", signed.finding is None, str(signed.finding) if signed.finding else known)
    keys = published_keys(settings.signer_dir)
    yield Finding("vkey", True, " ".join(map(str, keys)) if keys else "none yet: no signer has begun")

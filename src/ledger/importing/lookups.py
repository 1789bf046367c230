"""What an import looks up in the history: runs of streams, earlier imports, the names of units."""

from __future__ import annotations

from ledger.database import APP_ROLE
from ledger.domain.facts import Event
from ledger.domain.imports import ScoreImportFinished, ScoreImportStarted
from ledger.domain.units import Unit, unit_stream
from ledger.entries import decode
from ledger.importing.tables import Table
from ledger.store import Store


def events_under(store: Store, prefix: str) -> list[Event]:
    """The events of every stream whose name begins with `prefix:`, stream by stream."""
    with store.database.connect(APP_ROLE) as connection:
        rows = connection.execute(
            "SELECT entry FROM ledger.event WHERE ledger_id = %s AND stream >= %s AND stream < %s"
            " ORDER BY stream, version",
            (store.ledger_id, f"{prefix}:", f"{prefix};"),
        )
        return [decode(entry) for (entry,) in rows]


def unfinished_import(store: Store, sha256: str, cycle_id: str, indicator_id: str) -> str | None:
    """The id of an import of this very file that has begun and not ended, None if there is none."""
    begun: dict[str, ScoreImportStarted] = {}
    for event in events_under(store, "import"):
        match event.fact:
            case ScoreImportStarted() as fact:
                begun[fact.import_id] = fact
            case ScoreImportFinished() as fact:
                begun.pop(fact.import_id, None)
            case _:
                pass
    wanted = (sha256, cycle_id, indicator_id)
    return next((i for i, f in begun.items() if (f.sha256, f.cycle_id, f.indicator_id) == wanted), None)


def finished_imports(store: Store) -> dict[str, int]:
    """The hash of every file whose import is complete, with the position at which it ended last."""
    hashes: dict[str, str] = {}
    finished: dict[str, int] = {}
    for event in events_under(store, "import"):
        match event.fact:
            case ScoreImportStarted() as fact:
                hashes[fact.import_id] = fact.sha256
            case ScoreImportFinished() as fact:
                sha256 = hashes[fact.import_id]
                finished[sha256] = max(event.position, finished.get(sha256, 0))
            case _:
                pass
    return finished


def new_names(store: Store, table: Table) -> dict[str, str]:
    """Known units that the table calls otherwise than the ledger, with the table's name."""
    named = table.rows.unit_names
    known = store.load_many(unit_stream(unit_id) for unit_id in named)
    renamed: dict[str, str] = {}
    for unit_id, name in named.items():
        version, unit = known[unit_stream(unit_id).name]
        if version and isinstance(unit, Unit) and unit.name_zh != name:
            renamed[unit_id] = name
    return renamed

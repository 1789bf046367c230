"""Building: a preset's cities played on an empty ledger, with the files that go with it.

Beside the ledger stand its export, copies of it to try a verifier on, and the ground truth.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from psycopg.conninfo import make_conninfo

from ledger.binhai.city import City
from ledger.binhai.copies import DAMAGED_EXPORT, EXPORT, RESERIALISED_EXPORT, write_copies
from ledger.binhai.shape import Shape, presets
from ledger.binhai.stage import OutOfScript, Stage
from ledger.binhai.truth import Truth
from ledger.binhai.year import enter_year
from ledger.database import Database
from ledger.evidence import EvidenceDirectory
from ledger.scripted import ScriptedClock
from ledger.settings import Settings
from ledger.store import open_store

GROUND_TRUTH = "ground_truth.jsonl"
BUILT = "built.json"
"""What was built, written last: without it a ledger was cut short."""

OnProgress = Callable[[int, int], None]
"""Told how many events there are, and about how many there will be."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a data directory holds."""

    preset: str
    seed: int
    head: int
    kinds: dict[str, int]
    """How many events of each kind."""
    cycle_id: str
    report_position: int
    """Where the annual report was published first."""
    inspector: str


def built(settings: Settings) -> Built | None:
    """What was built in the data directory; None if nothing was, or not to the end."""
    try:
        return Built(**json.loads((settings.data_dir / BUILT).read_text("utf-8")))
    except FileNotFoundError:
        return None


def build(database: Database, settings: Settings, *, preset: str, seed: int, progress: OnProgress) -> Built:
    """Play the year of a preset's cities on an empty, migrated ledger, and write the files.

    Names and texts about persons are kept under keys that follow from the seed as well, so that
    the same seed gives the same bytes; the persons are nobody. Raises OutOfScript.
    """
    _clear(settings.data_dir)
    clock, shape = ScriptedClock(), presets()[preset]
    # A year that was cut short is built anew, so no commit has to wait for the disk.
    unhurried = Database(make_conninfo(database.conninfo, options="-c synchronous_commit=off"))
    with open_store(
        unhurried,
        ledger_id=settings.ledger_id,
        clock=clock,
        data_dir=settings.data_dir,
        new_key=_keys(seed),
    ) as store:
        stage = Stage(store, clock, EvidenceDirectory(settings.evidence_dir), seed=seed)
        cities = _cities(shape, seed)
        truths = [enter_year(city, stage, host=cities[0]) for city in cities]
        total = shape.events * shape.cities
        stage.play(lambda done: progress(min(done, total), total))
        if shape.stories:
            _require_whole(truths)
        truth = Truth([plant for each in truths for plant in each.plants])
        if shape.cities == 1:
            write_copies([*store.entries()], settings.data_dir, truth, stage.known)
        truth.write(settings.data_dir / GROUND_TRUTH)
        found = _built(preset, seed, store.head, stage.kinds, cities[0])
    (settings.data_dir / BUILT).write_text(json.dumps(asdict(found), ensure_ascii=False), "utf-8")
    return found


def _require_whole(truths: list[Truth]) -> None:
    """Whatever the seed, a whole city's year has all of its stories."""
    lacking = sorted({name for truth in truths for name in truth.lacking()})
    if lacking:
        raise OutOfScript(f"not planted: {', '.join(lacking)}")


def _built(preset: str, seed: int, head: int, kinds: Counter[str], city: City) -> Built:
    inspector, report = city.staff.inspectors[-1], city.books.first_report
    return Built(preset, seed, head, dict(kinds.most_common()), city.cycle_id, report, inspector)


def _clear(directory: Path) -> None:
    """Remove what belongs to the ledger that was there before."""
    for name in (BUILT, GROUND_TRUTH, EXPORT, DAMAGED_EXPORT, RESERIALISED_EXPORT):
        (directory / name).unlink(missing_ok=True)
    for name in ("private", "evidence", "signer"):
        shutil.rmtree(directory / name, ignore_errors=True)
    for erased in directory.glob("erased-*"):
        erased.unlink()


def _cities(shape: Shape, seed: int) -> list[City]:
    if shape.cities == 1:
        return [City(shape, seed=seed)]
    return [
        City(shape, seed=seed, prefix=f"C{number:03}-", title=f"滨海第{number}市")
        for number in range(1, shape.cities + 1)
    ]


def _keys(seed: int) -> Callable[[], bytes]:
    numbers = count()
    return lambda: hashlib.sha256(f"ledger-demo:{seed}:key:{next(numbers)}".encode()).digest()

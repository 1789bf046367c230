"""The town: two cycles planned from tables, one written by people over GraphQL, one by the import of a table."""

from __future__ import annotations

import csv
import hashlib
import json
import random
from dataclasses import dataclass, field
from pathlib import Path

from load.place import Place

SCORER, CHECKER, INSPECTOR, OFFICE = "chen", "li", "inspector", "assessment-office"
MEASURED_IN = "as tabled"
UNITS, MONTHS = 24, 24
_MONTHS = tuple(f"{year}-M{month:02}" for year in (2016, 2017) for month in range(1, 13))[:MONTHS]

Cell = tuple[str, str]
"""Unit and month."""


@dataclass(frozen=True, slots=True)
class TownCycle:
    """A cycle with its one indicator, its units and its months."""

    cycle_id: str
    indicator_id: str
    units: tuple[str, ...]
    months: tuple[str, ...]

    def cell(self, cell: Cell) -> dict[str, str]:
        """A score's name, as commands take it."""
        return {"cycleId": self.cycle_id, "unitId": cell[0], "indicatorId": self.indicator_id, "period": cell[1]}


def _cycle(name: str) -> TownCycle:
    units = tuple(f"{name}-{number:02}" for number in range(1, UNITS + 1))
    return TownCycle(name, name.lower(), units, _MONTHS)


@dataclass
class Table:
    """A table that is imported again and again, each time with a few values that differ."""

    cycle: TownCycle
    path: Path
    values: dict[Cell, str] = field(default_factory=dict[Cell, str])
    corrected: int = 0
    withdrawn: int = 0

    def write(self) -> str:
        """Write it to its file; the hash of the bytes."""
        with self.path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("unit", "unit_name", "period", "value"))
            writer.writerows((unit, f"Unit {unit}", month, value) for (unit, month), value in self.values.items())
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def change(self, chance: random.Random, *, changed: int, gone: int) -> None:
        """Correct some values, leave some rows out, and take in again what was left out."""
        cells = chance.sample(sorted(self.values), changed + gone)
        for cell in cells[:changed]:
            self.values[cell] = other_than(self.values[cell], chance)
        back = [(u, m) for u in self.cycle.units for m in self.cycle.months if (u, m) not in self.values]
        for cell in back:
            self.values[cell] = value(chance)
        for cell in cells[changed:]:
            del self.values[cell]
        self.corrected += changed
        self.withdrawn += gone


@dataclass
class Town:
    """What there is to read and to write."""

    written: TownCycle
    tabled: TownCycle
    table: Table
    evidence: str
    """The hash of a document that corrections may cite."""
    first_position: int = 0

    @property
    def cycles(self) -> tuple[TownCycle, TownCycle]:
        """Both cycles."""
        return self.written, self.tabled


def found(place: Place, chance: random.Random) -> Town:
    """Plan both cycles by importing a table into each."""
    written, tabled = _cycle("WRITTEN"), _cycle("TABLED")
    # Every unit and every month once: most scores are left to be entered by people.
    corner = {(unit, written.months[0]) for unit in written.units} | {(written.units[0], m) for m in written.months}
    few = Table(written, place.directory / "written.csv", {cell: value(chance) for cell in sorted(corner)})
    all_cells = [(unit, month) for unit in tabled.units for month in tabled.months]
    table = Table(tabled, place.directory / "tabled.csv", {cell: value(chance) for cell in all_cells})
    evidence = few.write()
    table.write()
    for each in (few, table):
        done = import_table(place, each)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        position = json.loads(done.stdout)["last_position"]
    return Town(written, tabled, table, evidence, first_position=position)


def import_table(place: Place, table: Table):
    """Import a table as it lies there now."""
    cycle = table.cycle
    subject = ("--cycle", cycle.cycle_id, "--indicator", cycle.indicator_id)
    return place.run(
        "import", table.path, *subject, "--by", SCORER, "--approved-by", CHECKER, "--reconcile", "-o", "json"
    )


def value(chance: random.Random) -> str:
    """Some value."""
    return f"{chance.randint(5_000, 10_000) / 100:.2f}"


def other_than(known: str, chance: random.Random) -> str:
    """Another value."""
    while True:
        found = value(chance)
        if found != known:
            return found

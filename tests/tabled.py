"""Tables for imports: a sample of the bundled revisions, or rows as a test writes them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

SAMPLE = ("ABW", "ALB", "BHS", "CHN", "CYM", "DEU", "EUU", "LCN", "MEA", "RUS", "SSD", "WLD")
"""Units that come, go, are renamed, and whose years revision 6 confused."""
REVISIONS = sorted(file.name for file in (files("ledger") / "data" / "world_gdp").iterdir())
PERSONS = ("--by", "chen", "--approved-by", "li")
SUBJECT = ("--cycle", "gdp", "--indicator", "gdp")


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


def revision(number: int) -> list[list[str]]:
    """The sample's rows of one bundled revision, the heading first."""
    file = files("ledger") / "data" / "world_gdp" / REVISIONS[number - 1]
    heading, *rows = csv.reader(file.read_text("utf-8").splitlines())
    return [heading, *(row for row in rows if row[0] in SAMPLE)]


def write_csv(path: Path, rows: list[list[str]]) -> Path:
    """Write a table and return its path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def table(path: Path, *rows: str, heading: str = "unit,unit_name,period,value") -> Path:
    """Write a table from lines as they stand, and return its path."""
    path.write_text("\n".join([heading, *rows, ""]), encoding="utf-8")
    return path


def printed_values(rows: list[list[str]]) -> str:
    """What `ledger values -o csv` prints for a table."""
    values = sorted((unit, period, value) for unit, _, period, value in rows[1:])
    return "".join(f"{','.join(row)}\n" for row in [("unit", "period", "value"), *values])

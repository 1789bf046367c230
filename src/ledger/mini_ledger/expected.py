"""The tables that the golden mini-ledger has to give: at eight positions, and without a correction."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, NamedTuple

from ledger.domain.results import Results
from ledger.mini_ledger.events import SPECIFIED


class Row(NamedTuple):
    """One unit in a table of the specification."""

    rank: int | None
    unit_id: str
    total: str
    exact: Fraction
    grade: str | None
    """The grade if grades were opened then."""


def table(results: Results) -> list[Row]:
    """What results say, as the specification writes it."""
    return [
        Row(row.rank, row.unit_id, str(row.total), row.exact, results.grade_if_opened(row.unit_id))
        for row in results.rows
    ]


def _told(rows: Iterable[dict[str, Any]]) -> list[Row]:
    return [Row(row["rank"], row["unit"], row["total"], Fraction(row["exact"]), row["grade_if_opened"]) for row in rows]


TABLES = {int(position): _told(rows) for position, rows in SPECIFIED["expect"].items()}
"""The tables of the specification by its positions."""
WITHOUT_THE_CORRECTION = _told(SPECIFIED["counterfactual_without_43_44_at_50"])
"""Its table at 50, had 43 and 44 not happened."""
GRADED = (50, 62, 76)
"""Where grades were opened or revised."""

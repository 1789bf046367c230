"""Rows: kept small, given back as they were."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tabled import table

from ledger.importing import read_table
from ledger.importing.rows import Row, Rows

ROWS = [
    Row(1, "A", "Alpha", "2018-M01", Decimal("1.50")),
    Row(2, "B", "滨海", "2018-M01", Decimal("-0.000001")),
    Row(4, "A", "Alpha 2", "2018-M02", Decimal("999999999999999.999999")),
    Row(5, "B", "滨海", "2018-M03", Decimal("0")),
]


@pytest.fixture
def rows() -> Rows:
    kept = Rows()
    for row in ROWS:
        kept.add(row)
    return kept


def test_are_given_back_as_they_were_added(rows: Rows) -> None:
    assert [*rows] == ROWS
    assert [row.value.as_tuple() for row in rows] == [row.value.as_tuple() for row in ROWS]
    assert (len(rows), rows[-1], rows[1:3], rows[3:9]) == (4, ROWS[3], ROWS[1:3], ROWS[3:])


def test_know_what_they_name(rows: Rows) -> None:
    named = {(unit, period) for unit in "ABC" for period in (*rows.periods, "2018-M04") if rows.names(unit, period)}

    assert named == {(row.unit_id, row.period) for row in ROWS}
    assert rows.numbers() == {(row.unit_id, row.period): row.number for row in ROWS}
    assert (rows.periods, rows.unit_names) == (["2018-M01", "2018-M02", "2018-M03"], {"A": "Alpha 2", "B": "滨海"})


def test_a_row_that_comes_again_names_the_first_readable_or_not(tmp_path: Path) -> None:
    lines = ["A,x,2018,1", "B,x,2018,one", "B,x,2018,2", "C,x,2018,3", "A,x,2018,one", "C,x,2018,4", "D,x,2018,5"]

    read = read_table(table(tmp_path / "t.csv", *lines, "D,x,2018,6"))

    assert [row.number for row in read.rows] == [1, 4, 7]
    assert [(row.number, row.refused.code(), row.refused.facts.get("first_row")) for row in read.refused] == [
        (2, "INVALID_DECIMAL", None),
        (3, "DUPLICATE_ID", 2),
        (5, "DUPLICATE_ID", 1),
        (6, "DUPLICATE_ID", 4),
        (8, "DUPLICATE_ID", 7),
    ]

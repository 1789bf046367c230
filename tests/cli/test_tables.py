"""Tables as offices send them: read strictly, or refused with the place and the reason."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook
from tabled import Run, table

from ledger.domain.refusals import MalformedInput
from ledger.importing import read_table
from ledger.importing.rows import Row
from ledger.importing.tables import COLUMNS

ROW = Row(1, "A", "Alpha", "2018", Decimal("1.50"))


def workbook(path: Path, *rows: list[object]) -> Path:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"unit,unit_name,period,value\nA,Alpha,2018,1.50\n",
        b"unit,unit_name,period,value\r\nA,Alpha,2018,1.50\r\n\r\n",
        b"\xef\xbb\xbfunit,unit_name,period,value\r\nA,Alpha,2018,1.50",
        b'value,period,unit,unit_name\n"1.50",2018,A,"Alpha"\n',
    ],
    ids=["plain", "windows", "byte order mark", "other order"],
)
def test_is_the_same_however_it_is_written(tmp_path: Path, content: bytes):
    file = tmp_path / "t.csv"
    file.write_bytes(content)

    read = read_table(file)

    assert ([*read.rows], read.refused) == ([ROW], [])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"unit,unit_name,period,value\n",
        b"unit,unit_name,value\nA,Alpha,1.50\n",
        b"unit;unit_name;period;value\nA;Alpha;2018;1.50\n",
        b"unit,unit_name,period,value,value\nA,Alpha,2018,1,2\n",
        "unit,unit_name,period,value\nA,滨海,2018,1.50\n".encode("gbk"),
        b'unit,unit_name,period,value\nA,"Alpha,2018,1.50\n',
        b"PK\x03\x04 not a workbook",
        b"\xd0\xcf\x11\xe0 an old workbook",
        bytes(range(256)),
    ],
    ids=[
        "empty",
        "no rows",
        "column missing",
        "semicolons",
        "column twice",
        "gbk",
        "open quote",
        "zip",
        "xls",
        "noise",
    ],
)
def test_nonsense_is_refused_whole_in_one_sentence(import_: Run, run: Run, tmp_path: Path, content: bytes):
    file = tmp_path / "t.csv"
    file.write_bytes(content)

    report = import_(file, "--reconcile")

    assert (report.code, report.out) == (1, "")
    assert report.err.startswith("ledger: MALFORMED_INPUT: ")
    assert report.err.count("\n") == 1
    assert run("export").out == ""


@pytest.mark.parametrize(
    ("line", "column", "code"),
    [
        ("A,Alpha,2018", None, "MALFORMED_INPUT"),
        ("A,Alpha,2018,1.50,surplus", None, "MALFORMED_INPUT"),
        (" A,Alpha,2018,1.50", "unit", "MALFORMED_INPUT"),
        ("A,,2018,1.50", "unit_name", "MALFORMED_INPUT"),
        ("A,Alpha,18,1.50", "period", "INVALID_PERIOD"),
        ("A,Alpha,2018,", "value", "INVALID_DECIMAL"),
        ("A,Alpha,2018,1.5e3", "value", "INVALID_DECIMAL"),
        ("A,Alpha,2018,NaN", "value", "INVALID_DECIMAL"),
        ("A,Alpha,2018,１２", "value", "INVALID_DECIMAL"),
    ],
)
def test_an_unreadable_cell_is_named(tmp_path: Path, line: str, column: str | None, code: str):
    read = read_table(table(tmp_path / "t.csv", line))

    assert [*read.rows] == []
    assert [(r.number, r.column, r.refused.code()) for r in read.refused] == [(1, column, code)]


def test_a_workbook_is_read_as_it_was_written(tmp_path: Path):
    file = workbook(
        tmp_path / "t.xlsx",
        list(COLUMNS),
        ["A", "Alpha", 2018, 872067021.91],
        ["B", "Beta", "2018", "100934712345678.91"],
        [None, None, None, None],
        ["C", "Gamma", 2018, 7],
    )

    read = read_table(file)

    assert [(row.number, row.unit_id, row.period, str(row.value)) for row in read.rows] == [
        (1, "A", "2018", "872067021.91"),
        (2, "B", "2018", "100934712345678.91"),
        (4, "C", "2018", "7"),
    ]
    assert read.refused == []


@pytest.mark.parametrize("cell", ["=1+1", 100934712345678.91, 1e-7, True, None, 1.2345678901234567])
def test_a_cell_that_does_not_say_its_number_for_certain_is_refused(tmp_path: Path, cell: object):
    read = read_table(workbook(tmp_path / "t.xlsx", list(COLUMNS), ["A", "Alpha", 2018, cell]))

    assert [(r.column, r.refused.code()) for r in read.refused] == [("value", "INVALID_DECIMAL")]


def test_a_table_over_the_size_of_evidence_is_refused(tmp_path: Path):
    file = tmp_path / "t.csv"
    file.write_bytes(b"x" * (20 * 1024 * 1024 + 1))

    with pytest.raises(MalformedInput):
        read_table(file)

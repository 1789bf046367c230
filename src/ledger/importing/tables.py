"""Tables of scores as offices send them: CSV or XLSX with the columns unit, unit_name, period, value.

A table is read strictly and never guessed at: what cannot be read is refused with its row and
column. Rows are numbered from 1 after the heading; empty rows are counted, but not read.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from ledger.domain.identifiers import check_id, check_text
from ledger.domain.numbers import parse_decimal
from ledger.domain.periods import parse_period
from ledger.domain.refusals import DuplicateId, InvalidDecimal, MalformedInput, Refused
from ledger.evidence import EVIDENCE_BYTES_MAX
from ledger.importing.rows import Row, Rows

COLUMNS = ("unit", "unit_name", "period", "value")
ROWS_MAX = 1_000_000
UNPACKED_BYTES_MAX = 1 << 30
DIGITS_EXACT_MAX = 15
"""A spreadsheet keeps a number as a binary float, which holds 15 decimal digits for certain."""

_PACKED = b"PK\x03\x04"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?")

Cell = object


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that cannot be read, and where in it the reason stands."""

    number: int
    column: str | None
    refused: Refused
    unit_id: str | None = None
    period: str | None = None
    """Unit and period are known where they, at least, could be read."""


@dataclass(slots=True)
class Table:
    """A table, read whole: at most 20 MiB and a million rows."""

    name: str
    content: bytes
    rows: Rows = field(default_factory=Rows)
    refused: list[RefusedRow] = field(default_factory=list[RefusedRow])

    @property
    def sha256(self) -> str:
        """The hash of the file's bytes, under which it is kept as evidence."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def media_type(self) -> str:
        """What kind of file it is."""
        packed = self.content.startswith(_PACKED)
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" if packed else "text/csv"

    @property
    def names_every_score(self) -> bool:
        """Whether unit and period of every row could be read, so that what is not named is really gone."""
        return all(row.unit_id is not None for row in self.refused)


def read_table(path: Path) -> Table:
    """Return the table in a file. Raises MalformedInput if the file as a whole cannot be read, OSError."""
    with path.open("rb") as file:
        content = file.read(EVIDENCE_BYTES_MAX + 1)
    if len(content) > EVIDENCE_BYTES_MAX:
        raise MalformedInput(path="table", bytes_max=EVIDENCE_BYTES_MAX, hint="Split the table.")
    table = Table(path.name, content)
    lines = _workbook_lines(content) if content.startswith(_PACKED) else _text_lines(content)
    _read_rows(table, lines)
    if not table.rows and not table.refused:
        raise MalformedInput(path="table", hint="The table has no rows.")
    return table


def _text_lines(content: bytes) -> Iterator[list[Cell]]:
    if content.startswith(_OLD_WORKBOOK):
        raise MalformedInput(path="table", hint="This is an old .xls workbook; save it as .xlsx or CSV.")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise MalformedInput(path="table", byte=error.start, hint="Save the table as CSV in UTF-8.") from None
    # Decoded piece by piece; as one text it would take four times its bytes.
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline=""), strict=True)
    try:
        yield from cast("Iterator[list[Cell]]", reader)
    except csv.Error as error:
        raise MalformedInput(path="table", line=reader.line_num, hint=f"This is not CSV: {error}.") from None


def _workbook_lines(content: bytes) -> Iterator[list[Cell]]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(item.file_size for item in archive.infolist()) > UNPACKED_BYTES_MAX:
                raise MalformedInput(path="table", bytes_max=UNPACKED_BYTES_MAX, hint="The workbook is too large.")
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
        for cells in workbook.worksheets[0].iter_rows(values_only=True):
            yield list(cells)
    except Refused:
        raise
    except Exception as error:
        # openpyxl has no error of its own: a damaged workbook raises whatever it stumbles over.
        raise MalformedInput(
            path="table", problem=type(error).__name__, hint="This is not a readable .xlsx workbook."
        ) from None


def _read_rows(table: Table, lines: Iterator[list[Cell]]) -> None:
    places = _places(next(lines, list[Cell]()))
    first_rows = _FirstRows(table.rows)
    for number, cells in enumerate(lines, start=1):
        if number > ROWS_MAX:
            raise MalformedInput(path="table", rows_max=ROWS_MAX, hint="Split the table.")
        if all(cell is None or cell == "" for cell in cells):
            continue
        row = _read_row(number, cells, places)
        if row.unit_id is not None and row.period is not None:
            first = first_rows.of(row.unit_id, row.period)
            if first is not None:
                duplicate = DuplicateId(path="unit", first_row=first, hint="One row for each unit and period.")
                row = RefusedRow(number, "unit", duplicate, row.unit_id, row.period)
            else:
                first_rows.note(row)
        if isinstance(row, Row):
            table.rows.add(row)
        else:
            table.refused.append(row)


class _FirstRows:
    """Which row was the first of a unit and period; of readable rows it is noted only once one came twice."""

    def __init__(self, rows: Rows):
        self._rows = rows
        self._numbers: dict[tuple[str, str], int] = {}
        self._has_all = False

    def of(self, unit_id: str, period: str) -> int | None:
        if not self._has_all and self._rows.names(unit_id, period):
            self._numbers |= self._rows.numbers()
            self._has_all = True
        return self._numbers.get((unit_id, period))

    def note(self, row: Row | RefusedRow) -> None:
        if (self._has_all or isinstance(row, RefusedRow)) and row.unit_id is not None and row.period is not None:
            self._numbers[row.unit_id, row.period] = row.number


def _places(heading: list[Cell]) -> dict[str, int]:
    """Where each column stands. Raises MalformedInput unless exactly the four are there."""
    names = [str(cell) for cell in heading if cell is not None]
    if sorted(names) != sorted(COLUMNS):
        given = ", ".join(names)[:80]
        raise MalformedInput(path="table", columns=given or "none", hint=f"Name the columns {', '.join(COLUMNS)}.")
    return {str(cell): place for place, cell in enumerate(heading) if cell is not None}


def _read_row(number: int, cells: list[Cell], places: dict[str, int]) -> Row | RefusedRow:
    extra = [cell for place, cell in enumerate(cells) if place not in places.values() and cell not in (None, "")]
    unit_id = period = column = None
    try:
        if len(cells) <= max(places.values()) or extra:
            raise MalformedInput(cells=len(cells), hint="The row has more or fewer cells than the heading.")
        column = "unit"
        named = _text(cells[places["unit"]], path=column)
        check_id(named, path=column)
        column = "period"
        dated = _text(cells[places["period"]], path=column)
        parse_period(dated)
        unit_id, period = named, dated
        column = "unit_name"
        unit_name = _text(cells[places["unit_name"]], path=column)
        check_text(unit_name, path=column)
        column = "value"
        value = parse_decimal(_number(cells[places["value"]]), path=column)
        return Row(number, unit_id, unit_name, period, value)
    except Refused as refused:
        return RefusedRow(number, column, refused, unit_id, period)


def _text(cell: Cell, *, path: str) -> str:
    """The text of a cell; a whole number in a workbook, such as a year, is its digits."""
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    if not isinstance(cell, str) or not cell:
        raise MalformedInput(path=path, given=_shown(cell), hint="Write text, or a whole number.")
    if cell.startswith("="):
        raise MalformedInput(path=path, given=_shown(cell), hint="Put the value in place of the formula.")
    return cell


def _number(cell: Cell) -> str:
    """The decimal digits of a cell. Raises InvalidDecimal where a binary float does not tell them for certain."""
    if isinstance(cell, str):
        if cell.startswith("="):
            raise InvalidDecimal(path="value", given=_shown(cell), hint="Put the value in place of the formula.")
        return cell
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise InvalidDecimal(path="value", given=_shown(cell))
    # The shortest decimal that names this float is what was written, as long as it has few enough digits.
    written = repr(cell).removesuffix(".0")
    digits = written.lstrip("-0.").replace(".", "")
    if not _PLAIN_NUMBER.fullmatch(written) or len(digits) > DIGITS_EXACT_MAX:
        hint = f"A spreadsheet keeps {DIGITS_EXACT_MAX} digits for certain; format the cell as text."
        raise InvalidDecimal(path="value", given=_shown(cell), hint=hint)
    return written


def _shown(cell: Cell) -> str:
    return repr(cell)[:40] if cell not in (None, "") else "nothing"

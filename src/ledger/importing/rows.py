"""Rows: a million of them in some thirty megabytes, where objects would take half a gigabyte."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import overload

from msgspec import Struct

from ledger.domain.periods import parse_period


class Row(Struct, frozen=True):
    """One readable row."""

    number: int
    unit_id: str
    unit_name: str
    period: str
    value: Decimal


class _Texts:
    """Texts that recur, each kept once."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        place = self._places.setdefault(text, len(self.texts))
        if place == len(self.texts):
            self.texts.append(text)
        return place

    def known(self, text: str) -> int | None:
        return self._places.get(text)


class Rows(Sequence[Row]):
    """The readable rows of a table, in order; one for each unit and period."""

    def __init__(self) -> None:
        self._numbers = array("I")
        self._unit_places, self._name_places, self._period_places = array("I"), array("I"), array("I")
        self._units, self._names, self._periods = _Texts(), _Texts(), _Texts()
        # The values as they were written, one after the other, and where each ends.
        self._values, self._ends = bytearray(), array("I")
        # Of each unit, a bit for each period that it has a row for.
        self._named: list[int] = []
        self.decimal_places = 0
        """How many decimal places the values have, at most."""

    @property
    def periods(self) -> Sequence[str]:
        """Every period, each once."""
        return self._periods.texts

    @property
    def unit_names(self) -> dict[str, str]:
        """Every unit with its name, the last one where rows differ."""
        names = self._names.texts
        last = dict(zip(self._unit_places, self._name_places, strict=True))
        return {self._units.texts[unit]: names[name] for unit, name in last.items()}

    @property
    def first_periods(self) -> dict[str, str]:
        """Of every unit, the period that begins first."""
        in_order = sorted(range(len(self.periods)), key=lambda place: parse_period(self.periods[place]).starts_on)
        first = (next(place for place in in_order if named >> place & 1) for named in self._named)
        return {unit: self.periods[place] for unit, place in zip(self._units.texts, first, strict=True)}

    def add(self, row: Row) -> None:
        """Append a row whose unit and period no other has."""
        unit, period = self._units.place(row.unit_id), self._periods.place(row.period)
        if unit == len(self._named):
            self._named.append(0)
        self._named[unit] |= 1 << period
        self._numbers.append(row.number)
        self._unit_places.append(unit)
        self._name_places.append(self._names.place(row.unit_name))
        self._period_places.append(period)
        written = format(row.value, "f")
        self.decimal_places = max(self.decimal_places, len(written.partition(".")[2]))
        self._values += written.encode()
        self._ends.append(len(self._values))

    def names(self, unit_id: str, period: str) -> bool:
        """Whether there is a row for the unit and period."""
        unit, place = self._units.known(unit_id), self._periods.known(period)
        return unit is not None and place is not None and bool(self._named[unit] >> place & 1)

    def numbers(self) -> dict[tuple[str, str], int]:
        """The number of every row by its unit and period; large."""
        units, periods = self._units.texts, self._periods.texts
        cells = zip(self._unit_places, self._period_places, self._numbers, strict=True)
        return {(units[unit], periods[period]): number for unit, period, number in cells}

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Row]:
        return (self._row(index) for index in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        numbers = range(len(self))[index]
        return self._row(numbers) if isinstance(numbers, int) else [self._row(number) for number in numbers]

    def _row(self, index: int) -> Row:
        begin = self._ends[index - 1] if index else 0
        return Row(
            self._numbers[index],
            self._units.texts[self._unit_places[index]],
            self._names.texts[self._name_places[index]],
            self._periods.texts[self._period_places[index]],
            Decimal(self._values[begin : self._ends[index]].decode()),
        )

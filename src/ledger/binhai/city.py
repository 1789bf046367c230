"""A city before its year begins: its units with their abilities, its persons, and what is due of whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from random import Random
from typing import TypedDict

from ledger.binhai.index import periods_in
from ledger.binhai.people import Person, Staff, staff_of
from ledger.binhai.shape import IndicatorRow, Shape, names
from ledger.domain.plan import Group, Member, Participation, Plan
from ledger.domain.units import UnitCategory

Cell = tuple[str, str, str]
"""Unit, indicator and period."""


class ScoreKey(TypedDict):
    """How commands name a score."""

    cycle_id: str
    unit_id: str
    indicator_id: str
    period: str


def score_key(cycle_id: str, cell: Cell) -> ScoreKey:
    """The names of a score of a cycle."""
    unit_id, indicator_id, period = cell
    return ScoreKey(cycle_id=cycle_id, unit_id=unit_id, indicator_id=indicator_id, period=period)


@dataclass(frozen=True, slots=True)
class Unit:
    """An organisation of the city, and what it is capable of."""

    unit_id: str
    name: str
    group_id: str
    category: UnitCategory
    participation: Participation
    ability: float
    """About how many standard deviations better than others it does."""
    size: float
    """How large its flows are; 1 is the library's target."""


@dataclass(slots=True)
class Books:
    """What the city's offices know of the running year; scripts write it and read it."""

    figures: dict[Cell, Decimal] = field(default_factory=dict[Cell, Decimal])
    """The value that is entered, or official by now."""
    positions: dict[Cell, int] = field(default_factory=dict[Cell, int])
    """Where the value in force was recorded, which a correction cites."""
    reported: dict[Cell, int] = field(default_factory=dict[Cell, int])
    """Positions of the units' own reports."""
    entered: dict[Cell, int] = field(default_factory=dict[Cell, int])
    """Positions of the last entries."""
    verified: dict[Cell, int] = field(default_factory=dict[Cell, int])
    """Positions of the verifications."""
    targets: dict[tuple[str, str], Decimal] = field(default_factory=dict[tuple[str, str], Decimal])
    stood_for: dict[Cell, tuple[str, str]] = field(default_factory=dict[Cell, tuple[str, str]])
    """Who entered and who verified."""
    plan_version: int = 0
    plan: Plan | None = None
    evidence: dict[str, str] = field(default_factory=dict[str, str])
    """Content hashes by title."""
    grades: dict[str, int] = field(default_factory=dict[str, int])
    """By group, the position of the grading in force."""
    reports: dict[str, int] = field(default_factory=dict[str, int])
    """Positions of published reports, by number; a restated one takes the place of the first."""
    first_report: int = 0
    """The position of the annual report as it was published first."""
    moved: dict[str, tuple[str, Participation]] = field(default_factory=dict[str, tuple[str, Participation]])
    """Units that take part otherwise than the first plan says."""


class City:
    """One city of the ledger, with its own units, persons and cycles."""

    def __init__(self, shape: Shape, *, seed: int, prefix: str = "", title: str | None = None):
        self.shape = shape
        self.seed = seed
        self.prefix = prefix
        self.title = title or str(names()["title"])
        self.cycle_id = f"{prefix}BH-2018"
        self.cycle_before = f"{prefix}BH-2017"
        self.measures_id = f"{prefix}BH-MEASURES"
        self.books = Books()

    def rng(self, *purpose: object) -> Random:
        """A source of chance for one purpose, so that no purpose disturbs another."""
        return Random(":".join(map(str, (self.seed, self.prefix, *purpose))))

    @cached_property
    def units(self) -> dict[str, Unit]:
        """Every unit that the plan names, by id."""
        return {unit.unit_id: unit for unit in self._units()}

    def _units(self) -> Iterator[Unit]:
        rng = self.rng("abilities")
        for group in self.shape.groups:
            ranked = [(name, Participation.RANKED) for name in group.units]
            listed = [(name, Participation.LISTED_SEPARATELY) for name in group.listed]
            for number, (name, participation) in enumerate((*ranked, *listed), start=1):
                unit_id = f"{self.prefix}{group.group_id}-{number:02}"
                yield self._unit(rng, unit_id, name, group.group_id, group.category, participation)
        if self.shape.stories:
            categories = {group.group_id: group.category for group in self.shape.groups}
            for number, successor in enumerate(names()["successors"], start=1):
                group_id, name = successor["group_id"], successor["name"]
                unit_id = f"{self.prefix}{group_id}-N{number}"
                yield self._unit(rng, unit_id, name, group_id, categories[group_id], Participation.NOT_ASSESSED)

    def _unit(
        self,
        rng: Random,
        unit_id: str,
        name: str,
        group_id: str,
        category: UnitCategory,
        participation: Participation,
    ) -> Unit:
        # One group is weaker than the others, so that moving there pays.
        ability = rng.gauss(-0.9 if group_id == "G7" else 0, 1)
        called = name if self.prefix == "" else f"{self.title}{name}"
        return Unit(unit_id, called, group_id, category, participation, ability, rng.uniform(0.4, 1.8))

    @cached_property
    def other_units(self) -> dict[str, tuple[str, str]]:
        """Units that are not assessed: id and name by what they are for."""
        return {key: (f"{self.prefix}{key}", name) for key, name in names()["others"].items()}

    @cached_property
    def staff(self) -> Staff:
        """Everybody who takes part."""
        assessed, later = list[str](), list[str]()
        for unit in self.units.values():
            (later if unit.participation is Participation.NOT_ASSESSED else assessed).append(unit.unit_id)
        others = {key: unit_id for key, (unit_id, _) in self.other_units.items()}
        return staff_of(self, assessed, later, others)

    def row(self, indicator_id: str) -> IndicatorRow:
        """One indicator of the library."""
        return self._rows[indicator_id]

    def rows(self, unit_id: str) -> tuple[IndicatorRow, ...]:
        """The indicators that apply to a unit."""
        return self._rows_of_group[self.units[unit_id].group_id]

    @cached_property
    def _rows(self) -> dict[str, IndicatorRow]:
        return {row.indicator_id: row for row in self.shape.rows}

    @cached_property
    def _rows_of_group(self) -> dict[str, tuple[IndicatorRow, ...]]:
        return {group.group_id: self.shape.rows_of(group) for group in self.shape.groups}

    def ranked(self, group_id: str | None = None) -> list[str]:
        """The units that are ranked at first, of one group or of all."""
        return [
            unit.unit_id
            for unit in self.units.values()
            if unit.participation is Participation.RANKED and group_id in (None, unit.group_id)
        ]

    @property
    def group_ids(self) -> tuple[str, ...]:
        """Every group."""
        return tuple(group.group_id for group in self.shape.groups)

    def groups(self) -> tuple[Group, ...]:
        """The groups as the first plan has them."""
        return tuple(
            Group(
                group_id=group.group_id,
                name=group.name,
                members=tuple(
                    Member(unit_id=unit.unit_id, participation=unit.participation)
                    for unit in self.units.values()
                    if unit.group_id == group.group_id
                ),
            )
            for group in self.shape.groups
        )

    def membership(self) -> dict[str, tuple[str, Participation]]:
        """Where every unit takes part by now."""
        first = {unit.unit_id: (unit.group_id, unit.participation) for unit in self.units.values()}
        return first | self.books.moved

    def members(self, group_id: str) -> list[str]:
        """The units that are ranked in a group by now."""
        membership = self.membership()
        return [unit_id for unit_id in self.units if membership[unit_id] == (group_id, Participation.RANKED)]

    def cells(self) -> Iterator[Cell]:
        """Every score that the first plan asks for."""
        for unit in self.units.values():
            if unit.participation is Participation.NOT_ASSESSED:
                continue
            for row in self.rows(unit.unit_id):
                if row.kind != "EVALUATION" and (
                    unit.participation is Participation.RANKED or row.frequency.value in ("HALF", "YEAR")
                ):
                    for period in periods_in(row.frequency):
                        yield (unit.unit_id, row.indicator_id, period)

    def person(self, person_id: str) -> Person:
        """One person."""
        return self.staff.by_id[person_id]

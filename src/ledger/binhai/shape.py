"""Shapes: how large a city is, by preset, and which units and indicators it has."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from ledger.domain.periods import Frequency
from ledger.domain.units import UnitCategory

_DATA = files("ledger") / "data" / "binhai"


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """One line of the indicator library."""

    indicator_id: str
    name: str
    dimension_id: str
    frequency: Frequency
    kind: str
    uom: str
    scale: int
    audience: str
    """For which kinds of units: D districts, P departments of the city, C units of the centre."""
    target: str
    flow: bool
    """Whether it adds up over the year."""
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupShape:
    """One group of units that are ranked among each other."""

    group_id: str
    name: str
    category: UnitCategory
    audience: str
    units: tuple[str, ...]
    listed: tuple[str, ...] = ()
    """Units that are scored, but neither ranked nor counted in quotas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What one preset makes: its size, and whether the year's scripted stories happen."""

    groups: tuple[GroupShape, ...]
    indicator_ids: tuple[str, ...] | None = None
    """The indicators of every group; None lets the library say which group has which."""
    departments: int
    """How many departments score."""
    verifiers: int
    ballots_per_campaign: int
    key_tasks: int
    stories: bool
    """Whether mergers, plan changes and planted anomalies happen."""
    cities: int = 1
    events: int
    """About how many events a city leaves, for the progress bar."""

    @property
    def rows(self) -> tuple[IndicatorRow, ...]:
        """The indicators that the plan has, in the library's order."""
        wanted = self.indicator_ids
        return tuple(row for row in library() if wanted is None or row.indicator_id in wanted)

    def rows_of(self, group: GroupShape) -> tuple[IndicatorRow, ...]:
        """The indicators that apply to a group."""
        return tuple(row for row in self.rows if self.indicator_ids or group.audience in row.audience)


@cache
def library() -> tuple[IndicatorRow, ...]:
    """The 60 indicators there are."""
    lines = csv.DictReader((_DATA / "index.csv").read_text("utf-8").splitlines())
    return tuple(
        IndicatorRow(
            line["id"],
            line["name"],
            line["dimension"],
            Frequency(line["frequency"]),
            line["kind"],
            line["uom"],
            int(line["scale"]),
            line["audience"],
            line["target"],
            line["flow"] == "yes",
            tuple(line["tags"].split()),
        )
        for line in lines
    )


@cache
def names() -> dict[str, Any]:
    """The names of the city's units as the data file holds them."""
    return tomllib.loads((_DATA / "units.toml").read_text("utf-8"))


@cache
def city_groups() -> tuple[GroupShape, ...]:
    """All groups of the city with all their units."""
    return tuple(
        GroupShape(
            group["group_id"],
            group["name"],
            UnitCategory(group["category"]),
            group["audience"],
            tuple(group["units"]),
            tuple(group.get("listed", ())),
        )
        for group in names()["groups"]
    )


def _some(**sizes: int) -> tuple[GroupShape, ...]:
    """Some of the groups, each with its first units."""
    found = {group.group_id: group for group in city_groups()}
    return tuple(replace(found[name], units=found[name].units[:size], listed=()) for name, size in sizes.items())


@cache
def presets() -> dict[str, Shape]:
    """The cities' shapes by name; mini is none, but the golden mini-ledger. Source: domain.md 6.3."""
    year = _whole_year()
    quarterly = tuple(row.indicator_id for row in library() if row.frequency is Frequency.QUARTER)
    return {
        "XS": Shape(
            groups=_some(G3=5, G6=5, G7=5),
            indicator_ids=("E14", "L02", "L05", "L08", "P07", "G02"),
            departments=4,
            verifiers=4,
            ballots_per_campaign=20,
            key_tasks=6,
            stories=False,
            events=1_400,
        ),
        "S": Shape(
            groups=_some(G4=15, G5=14, G6=8, G7=8),
            indicator_ids=quarterly[:18],
            departments=10,
            verifiers=12,
            ballots_per_campaign=40,
            key_tasks=40,
            stories=False,
            events=14_200,
        ),
        "M": year,
        "L": replace(year, cities=26),
        "XL": replace(year, cities=258),
    }


def _whole_year() -> Shape:
    return Shape(
        groups=city_groups(),
        departments=22,
        verifiers=30,
        ballots_per_campaign=203,
        key_tasks=160,
        stories=True,
        events=39_700,
    )

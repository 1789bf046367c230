"""Units: the assessed organisations, whose ids never change whatever they are called."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from ledger.domain.facts import Audience, Event, Fact, Stream


class UnitCategory(StrEnum):
    """What kind of organisation a unit is."""

    DISTRICT = "DISTRICT"
    """District, county-level city or county."""
    PILOT_AREA = "PILOT_AREA"
    """Pilot area for opening up."""
    DEPARTMENT = "DEPARTMENT"
    """Party, government or mass-organisation department."""
    CENTRAL_UNIT = "CENTRAL_UNIT"
    """Unit under central government stationed in the city."""
    OTHER = "OTHER"
    """Any other organisation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFact(Fact):
    """A fact about one unit."""

    AUDIENCE = Audience.EVERYBODY

    unit_id: str

    @property
    def stream(self) -> str:
        return unit_stream(self.unit_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRegistered(UnitFact):
    """A unit was made known to the ledger."""

    name_zh: str
    name_en: str | None = None
    category: UnitCategory
    level: str | None = None
    parent_unit_id: str | None = None
    effective_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRenamed(UnitFact):
    """A unit is called otherwise from a day on; its id stays."""

    new_name_zh: str
    evidence: tuple[str, ...]
    effective_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDissolved(UnitFact):
    """A unit ceased to be; what is recorded of it stays."""

    cycle_id: str
    """The cycle whose open matters of the unit were settled first."""
    effective_on: date
    duties_to: tuple[str, ...] = ()
    """The units that took over its duties."""
    reason: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """What decisions need to know of a unit."""

    name_zh: str = ""
    name_en: str | None = None
    category: UnitCategory = UnitCategory.OTHER
    parent_unit_id: str | None = None
    effective_on: date | None = None
    dissolved_on: date | None = None
    """The first day on which it is no more."""
    succeeded_by: tuple[str, ...] = ()
    """The units that took over its duties."""

    def active_on(self, day: date) -> bool:
        """Whether the unit exists on the day."""
        begun = self.effective_on is not None and self.effective_on <= day
        return begun and (self.dissolved_on is None or day < self.dissolved_on)

    def evolve(self, event: Event, /) -> Unit:
        """Return the unit after `event`."""
        match event.fact:
            case UnitRegistered() as fact:
                return Unit(fact.name_zh, fact.name_en, fact.category, fact.parent_unit_id, fact.effective_on)
            case UnitRenamed() as fact:
                return replace(self, name_zh=fact.new_name_zh)
            case UnitDissolved() as fact:
                return replace(self, dissolved_on=fact.effective_on, succeeded_by=fact.duties_to)
            case _:
                return self


def unit_stream(unit_id: str) -> Stream[Unit]:
    """The stream of one unit."""
    return Stream(f"unit:{unit_id}", Unit())

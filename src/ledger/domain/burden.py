"""Burden control: what may be asked of the units in a year, and what is asked of them.

Whatever is not on the approved list needs an approval of its own; the list and each unit's
month are capped. Source: domain.md 2.4 "Burden control".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from ledger.domain.facts import Audience, Event, Fact, Stream
from ledger.domain.periods import Frequency
from ledger.domain.units import UnitCategory


@dataclass(frozen=True, slots=True, kw_only=True)
class BurdenFact(Fact):
    """A fact about what is asked of the units in one year."""

    AUDIENCE = Audience.EVERYBODY

    year: int
    """The calendar year."""

    @property
    def stream(self) -> str:
        return burden_stream(self.year).name


@dataclass(frozen=True, slots=True, kw_only=True)
class BurdenCapSet(BurdenFact):
    """What may be asked was limited."""

    items_max: int
    """How many items the list may hold."""
    demands_per_category_max: int | None = None
    """How many data the list may ask of the units of one category."""
    requests_per_unit_month_max: int | None = None
    """How many requests may be due from one unit in one month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentItemFact(BurdenFact):
    """A fact about one item of the list."""

    item_id: str
    """The item of the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentItemProposed(AssessmentItemFact):
    """A department asked for an item on the list."""

    name: str
    legal_basis: str
    """The law, rule or order that the item stands on."""
    categories: tuple[UnitCategory, ...]
    """Of which kinds of units it asks."""
    frequency: Frequency
    """How often it asks."""
    demands: tuple[str, ...]
    """Which data it asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentItemApproved(AssessmentItemFact):
    """The item is on the list."""

    CITES = "proposed_position"

    proposed_position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentItemRejected(AssessmentItemFact):
    """The item does not come onto the list."""

    CITES = "proposed_position"

    proposed_position: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentItemRetired(AssessmentItemFact):
    """The item is off the list."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequestIssued(BurdenFact):
    """Units were asked for data: under an item of the list, or with an approval of its own."""

    item_id: str | None = None
    approved_by: str | None = None
    """Who approved the one request, where no item covers it."""
    evidence: tuple[str, ...] = ()
    unit_ids: tuple[str, ...]
    demands: tuple[str, ...]
    due_on: date


class ItemStatus(StrEnum):
    """Where an item stands."""

    PROPOSED = "PROPOSED"
    ACTIVE = "ACTIVE"
    REJECTED = "REJECTED"
    RETIRED = "RETIRED"


@dataclass(frozen=True, slots=True)
class Item:
    """An assessment item, with the position that proposed it."""

    position: int
    status: ItemStatus
    proposal: AssessmentItemProposed
    persons: frozenset[str]
    """Who proposed it."""


@dataclass(frozen=True, slots=True)
class Burden:
    """What may be asked in a year, and what was."""

    cap: BurdenCapSet | None = None
    items: Mapping[str, Item] = field(default_factory=dict[str, Item])
    requests: tuple[DataRequestIssued, ...] = ()

    @property
    def active(self) -> tuple[Item, ...]:
        """The items on the list."""
        return tuple(item for item in self.items.values() if item.status is ItemStatus.ACTIVE)

    def demands_of(self, category: UnitCategory) -> int:
        """How many data the list asks of the units of a category."""
        return sum(len(item.proposal.demands) for item in self.active if category in item.proposal.categories)

    def requests_of(self, unit_id: str, month: date) -> int:
        """How many requests are due from a unit in the month of a day."""
        return sum(unit_id in request.unit_ids and _same_month(request.due_on, month) for request in self.requests)

    def evolve(self, event: Event, /) -> Burden:
        """Return the state after `event`."""
        match event.fact:
            case BurdenCapSet() as fact:
                return replace(self, cap=fact)
            case AssessmentItemProposed() as fact:
                item = Item(event.position, ItemStatus.PROPOSED, fact, event.actor.persons)
                return replace(self, items={**self.items, fact.item_id: item})
            case AssessmentItemApproved() as fact:
                return self._with(fact.item_id, ItemStatus.ACTIVE)
            case AssessmentItemRejected() as fact:
                return self._with(fact.item_id, ItemStatus.REJECTED)
            case AssessmentItemRetired() as fact:
                return self._with(fact.item_id, ItemStatus.RETIRED)
            case DataRequestIssued() as fact:
                return replace(self, requests=(*self.requests, fact))
            case _:
                return self

    def _with(self, item_id: str, status: ItemStatus) -> Burden:
        return replace(self, items={**self.items, item_id: replace(self.items[item_id], status=status)})


def burden_stream(year: int) -> Stream[Burden]:
    """The stream of what is asked of the units in one year."""
    return Stream(f"burden:{year}", Burden())


def _same_month(day: date, other: date) -> bool:
    return (day.year, day.month) == (other.year, other.month)

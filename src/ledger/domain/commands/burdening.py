"""Commands about what may be asked of the units, and what is asked of them.

Source: domain.md 2.4 "Burden control", C13 of 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, date

from ledger.domain.burden import (
    AssessmentItemApproved,
    AssessmentItemProposed,
    AssessmentItemRejected,
    AssessmentItemRetired,
    Burden,
    BurdenCapSet,
    DataRequestIssued,
    Item,
    ItemStatus,
    burden_stream,
)
from ledger.domain.facts import Fact, Stream
from ledger.domain.identifiers import check_id, check_text
from ledger.domain.periods import Frequency
from ledger.domain.refusals import (
    BurdenCapExceeded,
    DuplicateId,
    ItemNotApproved,
    MalformedInput,
    OutOfRange,
    RequestNotOpen,
    UnknownId,
)
from ledger.domain.roles import Role
from ledger.domain.units import UnitCategory, unit_stream
from ledger.domain.world import Command, World


@dataclass(frozen=True, slots=True, kw_only=True)
class BurdenCommand(Command):
    """A command about what is asked of the units in one year."""

    year: int
    """The calendar year."""

    def stream(self) -> Stream[Burden]:
        return burden_stream(self.year)

    def burden(self, world: World) -> Burden:
        """What may be asked in the year, and what is. Raises MalformedInput for a year that is none."""
        if not 1 <= self.year <= MAXYEAR:
            raise MalformedInput(path="year", given=self.year)
        return world.read(self.stream())


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBurdenCap(BurdenCommand):
    """Limit what may be asked of the units in a year; what is on the list already has to fit."""

    items_max: int
    """How many items the list may hold."""
    demands_per_category_max: int | None = None
    """How many data the list may ask of the units of one category."""
    requests_per_unit_month_max: int | None = None
    """How many requests may be due from one unit in one month."""

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.LEADING)
        active = len(self.burden(world).active)
        given = (self.items_max, self.demands_per_category_max, self.requests_per_unit_month_max)
        if any(cap is not None and cap < 0 for cap in given):
            raise OutOfRange(path="items_max", hint="A cap is not negative.")
        if active > self.items_max:
            raise BurdenCapExceeded(path="items_max", active=active, hint="Retire items first.")
        return [
            BurdenCapSet(
                year=self.year,
                items_max=self.items_max,
                demands_per_category_max=self.demands_per_category_max,
                requests_per_unit_month_max=self.requests_per_unit_month_max,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentItemCommand(BurdenCommand):
    """A command about one item of the list."""

    item_id: str
    """The item of the list."""

    def item(self, world: World, status: ItemStatus) -> Item:
        """The item, which has to stand there. Raises UnknownId, RequestNotOpen, ItemNotApproved."""
        item = self.burden(world).items.get(self.item_id)
        if item is None:
            raise UnknownId(path="item_id", item_id=self.item_id)
        if item.status is not status:
            refusal = RequestNotOpen if status is ItemStatus.PROPOSED else ItemNotApproved
            raise refusal(path="item_id", item_id=self.item_id, status=item.status)
        return item


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeAssessmentItem(AssessmentItemCommand):
    """Ask for an item on the list; one that was rejected or retired may be proposed again."""

    name: str
    legal_basis: str
    """The law, rule or order that the item stands on."""
    categories: tuple[UnitCategory, ...]
    """Of which kinds of units it asks."""
    frequency: Frequency
    """How often it asks."""
    demands: tuple[str, ...]
    """Which data it asks for."""

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, Role.SCORER)
        check_id(self.item_id, path="item_id")
        check_text(self.name, path="name")
        check_text(self.legal_basis, path="legal_basis")
        _check_demands(self.demands)
        if not self.categories:
            raise MalformedInput(path="categories", hint="Name at least one kind of unit.")
        known = self.burden(world).items.get(self.item_id)
        if known is not None and known.status in (ItemStatus.PROPOSED, ItemStatus.ACTIVE):
            raise DuplicateId(path="item_id", item_id=self.item_id)
        return [
            AssessmentItemProposed(
                year=self.year,
                item_id=self.item_id,
                name=self.name,
                legal_basis=self.legal_basis,
                categories=self.categories,
                frequency=self.frequency,
                demands=self.demands,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveAssessmentItem(AssessmentItemCommand):
    """Put a proposed item on the list: by another than who proposed it, and within the cap."""

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.LEADING, Role.DIRECTOR)
        item = self.item(world, ItemStatus.PROPOSED)
        world.differ(item.persons, because="who proposes an item does not approve it")
        self._check_cap(self.burden(world), item)
        return [AssessmentItemApproved(year=self.year, item_id=self.item_id, proposed_position=item.position)]

    def _check_cap(self, burden: Burden, item: Item) -> None:
        cap = burden.cap
        if cap is None:
            return
        if len(burden.active) >= cap.items_max:
            raise BurdenCapExceeded(path="item_id", active=len(burden.active), items_max=cap.items_max)
        limit = cap.demands_per_category_max
        for category in item.proposal.categories:
            demands = burden.demands_of(category) + len(item.proposal.demands)
            if limit is not None and demands > limit:
                raise BurdenCapExceeded(path="item_id", category=category, demands=demands, demands_max=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectAssessmentItem(AssessmentItemCommand):
    """Keep a proposed item off the list."""

    reason: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.LEADING, Role.DIRECTOR)
        item = self.item(world, ItemStatus.PROPOSED)
        world.differ(item.persons, because="who proposes an item does not decide on it")
        reason = world.reason(self.reason, length_min=5)
        return [
            AssessmentItemRejected(year=self.year, item_id=self.item_id, proposed_position=item.position, reason=reason)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireAssessmentItem(AssessmentItemCommand):
    """Take an item off the list."""

    reason: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.LEADING, Role.DIRECTOR)
        self.item(world, ItemStatus.ACTIVE)
        reason = world.reason(self.reason, length_min=5)
        return [AssessmentItemRetired(year=self.year, item_id=self.item_id, reason=reason)]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueDataRequest(BurdenCommand):
    """Ask units for data: under an item of the list, or with an approval of its own."""

    item_id: str | None = None
    """The item of the list that covers the request."""
    approved_by: str | None = None
    """Who approved the one request, where no item covers it."""
    evidence: tuple[str, ...] = ()
    unit_ids: tuple[str, ...]
    """The units that are asked."""
    demands: tuple[str, ...]
    """Which data are asked for."""
    due_on: date

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, Role.SCORER)
        burden = self.burden(world)
        _check_demands(self.demands)
        if self.due_on.year != self.year:
            raise MalformedInput(path="due_on", hint="A request counts in the year in which it is due.")
        if not self.unit_ids or len(set(self.unit_ids)) != len(self.unit_ids):
            raise MalformedInput(path="unit_ids", hint="Name at least one unit, and each once.")
        units = {unit_id: world.exists(unit_stream(unit_id), path="unit_ids") for unit_id in self.unit_ids}
        if self.item_id is None:
            self._require_approval(world)
        else:
            self._require_item(burden, {unit.category for unit in units.values()})
        self._check_cap(burden)
        return [
            DataRequestIssued(
                year=self.year,
                item_id=self.item_id,
                approved_by=self.approved_by,
                evidence=world.evidence(self.evidence, count_min=0 if self.item_id else 1),
                unit_ids=self.unit_ids,
                demands=self.demands,
                due_on=self.due_on,
            )
        ]

    def _require_approval(self, world: World) -> None:
        if self.approved_by is None:
            raise ItemNotApproved(path="item_id", hint="Name an item of the list, or who approved the request.")
        because = "who issues a request does not approve it"
        world.approved(self.approved_by, Role.LEADING, Role.DIRECTOR, because=because)

    def _require_item(self, burden: Burden, categories: set[UnitCategory]) -> None:
        if self.approved_by is not None:
            raise MalformedInput(path="approved_by", hint="An item of the list needs no approval of its own.")
        item = burden.items.get(self.item_id or "")
        if item is None or item.status is not ItemStatus.ACTIVE:
            raise ItemNotApproved(path="item_id", item_id=self.item_id)
        beyond = [demand for demand in self.demands if demand not in item.proposal.demands]
        if beyond:
            raise ItemNotApproved(path="demands", item_id=self.item_id, beyond=", ".join(beyond))
        if categories - set(item.proposal.categories):
            raise ItemNotApproved(path="unit_ids", item_id=self.item_id, hint="The item is not for units of this kind.")

    def _check_cap(self, burden: Burden) -> None:
        limit = burden.cap.requests_per_unit_month_max if burden.cap else None
        for unit_id in self.unit_ids:
            requests = burden.requests_of(unit_id, self.due_on) + 1
            if limit is not None and requests > limit:
                raise BurdenCapExceeded(path="unit_ids", unit_id=unit_id, requests=requests, requests_max=limit)


def _check_demands(demands: tuple[str, ...]) -> None:
    if not demands:
        raise MalformedInput(path="demands", hint="Name at least one figure or document.")
    for demand in demands:
        check_text(demand, path="demands")

"""Adjustments: points added to a unit's total or taken off it, each under an article and for one matter.

A bonus is claimed, then granted or rejected by somebody else; a deduction is imposed at once.
What is granted stays in the record whole: which of it counts is settled in `adjusting`.
Source: domain.md 2.4 "Adjustments", 3.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from ledger.domain.facts import Audience, Event, Fact, Stream
from ledger.domain.plan_rules import AdjustmentKind
from ledger.domain.rule_reference import RuleRef


class AwardLevel(StrEnum):
    """Who gave the award that a bonus is claimed for."""

    NATIONAL = "NATIONAL"
    PROVINCIAL = "PROVINCIAL"
    MUNICIPAL = "MUNICIPAL"


class AdjustmentStatus(StrEnum):
    """Where an adjustment stands."""

    CLAIMED = "CLAIMED"
    """A bonus that awaits its decision."""
    APPROVED = "APPROVED"
    """A bonus in force."""
    REJECTED = "REJECTED"
    """A bonus that was not granted."""
    IMPOSED = "IMPOSED"
    """A deduction in force."""
    REVOKED = "REVOKED"
    """Taken back after it was in force."""
    CARRIED_OVER = "CARRIED_OVER"
    """A bonus that is left to another cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentFact(Fact):
    """A fact about the points added to one unit or taken off it."""

    AUDIENCE = Audience.RESULT

    cycle_id: str
    unit_id: str

    @property
    def stream(self) -> str:
        return adjustment_stream(self.cycle_id, self.unit_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusClaimed(AdjustmentFact):
    """Points were claimed for an award; they count once somebody else has granted them."""

    rule: RuleRef
    matter_id: str
    level: AwardLevel
    points: Decimal
    occurred_on: date
    evidence: tuple[str, ...]
    document_no: str
    issued_on: date
    carried_over_from: str | None = None
    """The cycle that left the matter to this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusApproved(AdjustmentFact):
    """Claimed points were granted, all of them or fewer."""

    MOVES = True
    CITES = "claim_position"

    claim_position: int
    rule: RuleRef
    matter_id: str
    level: AwardLevel
    points_granted: Decimal
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusRejected(AdjustmentFact):
    """Claimed points were not granted."""

    CITES = "claim_position"

    claim_position: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductionImposed(AdjustmentFact):
    """Points were taken off."""

    MOVES = True

    rule: RuleRef
    matter_id: str
    points: Decimal
    occurred_on: date
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentRevoked(AdjustmentFact):
    """A bonus or a deduction is no longer in force."""

    MOVES = True
    CITES = "target_position"

    target_position: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentCarriedOver(AdjustmentFact):
    """A bonus counts in another cycle instead, because its award is dated after this one."""

    MOVES = True
    CITES = "target_position"

    target_position: int
    to_cycle_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """One bonus or deduction, as it stands."""

    positions: tuple[int, ...]
    """Every event about it; the first one, of the claim or the imposition, names it."""
    kind: AdjustmentKind
    unit_id: str
    rule: RuleRef
    matter_id: str
    level: AwardLevel | None
    points_claimed: Decimal
    """As claimed; of a deduction, as imposed."""
    points: Decimal
    """As granted or imposed; as claimed until then."""
    issued_on: date | None
    """The day of the award."""
    status: AdjustmentStatus
    persons: frozenset[str]
    """Who claimed or imposed it."""
    to_cycle_id: str | None = None
    """The cycle it is left to."""

    @property
    def position(self) -> int:
        """The position it is known by."""
        return self.positions[0]

    @property
    def points_granted(self) -> Decimal | None:
        """The points that were granted or imposed, None where none were."""
        return None if self.status in (AdjustmentStatus.CLAIMED, AdjustmentStatus.REJECTED) else self.points

    @property
    def in_force(self) -> bool:
        """Whether it moves the total, as far as caps allow."""
        return self.status in (AdjustmentStatus.APPROVED, AdjustmentStatus.IMPOSED)


@dataclass(frozen=True, slots=True)
class Adjustments:
    """The adjustments of one unit, or of all units of a cycle: whatever was folded."""

    items: Mapping[int, Adjustment] = field(default_factory=dict[int, Adjustment])
    """By the position of the claim or the imposition, in its order."""

    def granted(self, unit_id: str) -> tuple[Adjustment, ...]:
        """One unit's adjustments that were in force at some time; a claim that nobody granted bears on no figure."""
        asked = (AdjustmentStatus.CLAIMED, AdjustmentStatus.REJECTED)
        return tuple(item for item in self.of(unit_id) if item.status not in asked)

    def of(self, unit_id: str) -> tuple[Adjustment, ...]:
        """The adjustments of one unit, in order of position."""
        return tuple(item for item in self.items.values() if item.unit_id == unit_id)

    def item(self, position: int) -> Adjustment | None:
        """The adjustment that the event at `position` is about, None if there is none."""
        return next((item for item in self.items.values() if position in item.positions), None)

    def left_to(self, cycle_id: str, matter_id: str) -> bool:
        """Whether a bonus for the matter was left to that cycle."""
        return any(item.to_cycle_id == cycle_id and item.matter_id == matter_id for item in self.items.values())

    def evolve(self, event: Event, /) -> Adjustments:
        """Return the adjustments after `event`."""
        match event.fact:
            case BonusClaimed() | DeductionImposed() as fact:
                return Adjustments({**self.items, event.position: _begun(fact, event)})
            case BonusApproved() as fact:
                approved = AdjustmentStatus.APPROVED
                return self._after(event, fact.claim_position, status=approved, points=fact.points_granted)
            case BonusRejected() as fact:
                return self._after(event, fact.claim_position, status=AdjustmentStatus.REJECTED)
            case AdjustmentRevoked() as fact:
                return self._after(event, fact.target_position, status=AdjustmentStatus.REVOKED)
            case AdjustmentCarriedOver() as fact:
                carried = AdjustmentStatus.CARRIED_OVER
                return self._after(event, fact.target_position, status=carried, to_cycle_id=fact.to_cycle_id)
            case _:
                return self

    def _after(
        self,
        event: Event,
        cited: int,
        *,
        status: AdjustmentStatus,
        points: Decimal | None = None,
        to_cycle_id: str | None = None,
    ) -> Adjustments:
        item = self.item(cited)
        if item is None:
            return self
        moved = replace(
            item,
            positions=(*item.positions, event.position),
            status=status,
            points=item.points if points is None else points,
            to_cycle_id=to_cycle_id,
        )
        return Adjustments({**self.items, item.position: moved})


def _begun(fact: BonusClaimed | DeductionImposed, event: Event) -> Adjustment:
    claimed = isinstance(fact, BonusClaimed)
    return Adjustment(
        positions=(event.position,),
        kind=AdjustmentKind.BONUS if claimed else AdjustmentKind.DEDUCTION,
        unit_id=fact.unit_id,
        rule=fact.rule,
        matter_id=fact.matter_id,
        level=fact.level if claimed else None,
        points_claimed=fact.points,
        points=fact.points,
        issued_on=fact.issued_on if claimed else None,
        status=AdjustmentStatus.CLAIMED if claimed else AdjustmentStatus.IMPOSED,
        persons=event.actor.persons,
    )


def adjustment_stream(cycle_id: str, unit_id: str) -> Stream[Adjustments]:
    """The stream of one unit's adjustments in one cycle."""
    return Stream(f"adjustment:{cycle_id}:{unit_id}", Adjustments())

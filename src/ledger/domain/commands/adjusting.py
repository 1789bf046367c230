"""Commands that add points to a unit's total or take them off: no document, no points, and no one alone.

Source: domain.md 2.4 "Adjustments", 3.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ledger.domain.adjustment import (
    Adjustment,
    AdjustmentCarriedOver,
    AdjustmentRevoked,
    Adjustments,
    AdjustmentStatus,
    AwardLevel,
    BonusApproved,
    BonusClaimed,
    BonusRejected,
    DeductionImposed,
    adjustment_stream,
)
from ledger.domain.commands.moving import require_movable
from ledger.domain.commands.rules import require_rule
from ledger.domain.cycle import Cycle, cycle_stream
from ledger.domain.facts import Fact, Stream
from ledger.domain.identifiers import check_id, check_text
from ledger.domain.numbers import check_scale
from ledger.domain.phases import EXCHANGING
from ledger.domain.plan import Plan
from ledger.domain.plan_rules import AdjustmentKind
from ledger.domain.refusals import (
    EvidenceRequired,
    NoChange,
    OutOfRange,
    RequestNotOpen,
    RuleNotFound,
    UnknownId,
)
from ledger.domain.reorganisation import reorganisation_stream
from ledger.domain.roles import Role
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.world import Command, World


def cycle_with(world: World, cycle_id: str, unit_id: str) -> Cycle:
    """Return the cycle if the unit takes part and its grade may still move.

    Raises UnknownId, PhaseViolation before the cycle is opened, RestatementRequired once the
    grades of its group, or of a unit that it became, are opened and no restatement covers them.
    """
    cycle = world.exists(cycle_stream(cycle_id), path="cycle_id", cycle_id=cycle_id)
    if unit_id not in cycle.membership:
        raise UnknownId(path="unit_id", unit_id=unit_id)
    heirs = world.read(reorganisation_stream(cycle_id)).heirs(unit_id)
    groups = {cycle.membership[each][0] for each in heirs if each in cycle.membership}
    require_movable(world, cycle_id, sorted(groups), EXCHANGING)
    return cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentCommand(Command):
    """A command about the points added to one unit or taken off it."""

    cycle_id: str
    unit_id: str

    def stream(self) -> Stream[Adjustments]:
        return adjustment_stream(self.cycle_id, self.unit_id)

    def judge(self, world: World) -> Cycle:
        """Act as one who decides about points, for a unit other than one's own."""
        world.act(Role.DIRECTOR, Role.LEADING)
        cycle = cycle_with(world, self.cycle_id, self.unit_id)
        group_id, _ = cycle.membership[self.unit_id]
        world.act(Role.DIRECTOR, Role.LEADING, unit_id=self.unit_id, group_id=group_id)
        world.require_impartial(self.unit_id)
        return cycle

    def item(self, world: World, position: int, *, path: str) -> Adjustment:
        """The adjustment that is known by its claim, its imposition, or its approval. Raises UnknownId."""
        item = world.read(self.stream()).item(position)
        if item is None:
            raise UnknownId(path=path, position=position)
        return item

    def claim(self, world: World, position: int) -> Adjustment:
        """The claim that awaits its decision, made by somebody else. Raises RequestNotOpen, SeparationOfDuties."""
        item = self.item(world, position, path="claim_position")
        if item.status is not AdjustmentStatus.CLAIMED:
            raise RequestNotOpen(path="claim_position", position=position, status=item.status)
        world.differ(item.persons, because="who claims points does not decide about them")
        return item


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimBonus(AdjustmentCommand):
    """Claim points for an award; they count once somebody else has granted them."""

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

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.REPORTER, Role.OFFICE, unit_id=self.unit_id)
        cycle = cycle_with(world, self.cycle_id, self.unit_id)
        require_rule(world, cycle, self.rule)
        _check_points(cycle.latest.plan, self.rule, AdjustmentKind.BONUS, self.points, path="points")
        check_id(self.matter_id, path="matter_id")
        self._check_time(world, cycle)
        self._check_document(today=world.day(cycle.latest.plan))
        return [
            BonusClaimed(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                rule=self.rule,
                matter_id=self.matter_id,
                level=self.level,
                points=self.points,
                occurred_on=self.occurred_on,
                evidence=world.evidence(self.evidence, count_min=1),
                document_no=self.document_no,
                issued_on=self.issued_on,
                carried_over_from=self.carried_over_from,
            )
        ]

    def _check_time(self, world: World, cycle: Cycle) -> None:
        if self.carried_over_from is None:
            _check_inside(cycle, self.occurred_on)
            return
        earlier = world.read(adjustment_stream(self.carried_over_from, self.unit_id))
        if not earlier.left_to(self.cycle_id, self.matter_id):
            raise UnknownId(path="carried_over_from", cycle_id=self.carried_over_from, matter_id=self.matter_id)

    def _check_document(self, *, today: date) -> None:
        if not self.document_no.strip():
            raise EvidenceRequired(path="document_no", hint="No document, no points.")
        check_text(self.document_no, path="document_no")
        if self.issued_on > today:
            raise OutOfRange(path="issued_on", given=self.issued_on, maximum=today)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveBonus(AdjustmentCommand):
    """Grant claimed points, all of them or fewer."""

    claim_position: int
    points_granted: Decimal

    def decide(self, world: World) -> list[Fact]:
        cycle = self.judge(world)
        item = self.claim(world, self.claim_position)
        if item.rule.source is RuleSource.MEASURES:
            # Those of the plan are looked up in its newest version below.
            require_rule(world, cycle, item.rule, path="claim_position")
        _check_points(cycle.latest.plan, item.rule, AdjustmentKind.BONUS, self.points_granted, path="points_granted")
        if self.points_granted > item.points_claimed:
            raise OutOfRange(path="points_granted", given=self.points_granted, maximum=item.points_claimed)
        if _dated_later(item, cycle):
            hint = "The award is dated after the cycle: carry it over."
            raise OutOfRange(path="claim_position", issued_on=item.issued_on, ends_on=cycle.ends_on, hint=hint)
        assert item.level is not None, "every bonus was claimed with the level of its award"
        return [
            BonusApproved(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                claim_position=item.position,
                rule=item.rule,
                matter_id=item.matter_id,
                level=item.level,
                points_granted=self.points_granted,
                approved_by=world.person_id,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectBonus(AdjustmentCommand):
    """Refuse claimed points; nothing changes but the record."""

    claim_position: int
    reason: str

    def decide(self, world: World) -> list[Fact]:
        self.judge(world)
        item = self.claim(world, self.claim_position)
        return [
            BonusRejected(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                claim_position=item.position,
                reason=world.reason(self.reason, length_min=5),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImposeDeduction(AdjustmentCommand):
    """Take points off under an article."""

    rule: RuleRef
    matter_id: str
    points: Decimal
    occurred_on: date
    evidence: tuple[str, ...]

    def decide(self, world: World) -> list[Fact]:
        cycle = self.judge(world)
        require_rule(world, cycle, self.rule)
        _check_points(cycle.latest.plan, self.rule, AdjustmentKind.DEDUCTION, self.points, path="points")
        check_id(self.matter_id, path="matter_id")
        _check_inside(cycle, self.occurred_on)
        return [
            DeductionImposed(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                rule=self.rule,
                matter_id=self.matter_id,
                points=self.points,
                occurred_on=self.occurred_on,
                evidence=world.evidence(self.evidence, count_min=1),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeAdjustment(AdjustmentCommand):
    """Take back a bonus or a deduction that is in force."""

    target_position: int
    reason: str

    def decide(self, world: World) -> list[Fact]:
        self.judge(world)
        item = self.item(world, self.target_position, path="target_position")
        if not item.in_force:
            raise NoChange(path="target_position", status=item.status, hint="Only what is in force is revoked.")
        return [
            AdjustmentRevoked(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                target_position=self.target_position,
                reason=world.reason(self.reason, length_min=5),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryOverAdjustment(AdjustmentCommand):
    """Leave a bonus to another cycle, where it is claimed again: an award dated after this one counts there."""

    target_position: int
    to_cycle_id: str
    reason: str

    def decide(self, world: World) -> list[Fact]:
        cycle = self.judge(world)
        item = self.item(world, self.target_position, path="target_position")
        if item.status not in (AdjustmentStatus.CLAIMED, AdjustmentStatus.APPROVED):
            raise NoChange(path="target_position", status=item.status, hint="Only a bonus not yet ended is left over.")
        if not _dated_later(item, cycle):
            hint = "Only an award dated after the cycle counts in a later one."
            raise OutOfRange(path="target_position", issued_on=item.issued_on, ends_on=cycle.ends_on, hint=hint)
        check_id(self.to_cycle_id, path="to_cycle_id")
        # The later cycle need not be planned yet.
        later = world.read(cycle_stream(self.to_cycle_id))
        earliest = later.starts_on or date.max
        if self.to_cycle_id == self.cycle_id or cycle.ends_on is None or earliest <= cycle.ends_on:
            raise OutOfRange(path="to_cycle_id", given=self.to_cycle_id, hint="Name a cycle that begins later.")
        return [
            AdjustmentCarriedOver(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                target_position=self.target_position,
                to_cycle_id=self.to_cycle_id,
                reason=world.reason(self.reason, length_min=5),
            )
        ]


def _check_points(plan: Plan, rule: RuleRef, kind: AdjustmentKind, points: Decimal, *, path: str) -> None:
    """Refuse points that the article does not give. An article of the measures has its points in the plan."""
    found = plan.adjustments.rule(rule.article)
    if found is None or found.kind is not kind:
        raise RuleNotFound(path="rule", rule_ref=str(rule), hint=f"The plan has no {kind} under this article.")
    check_scale(points, plan.score_scale, path=path)
    if not 0 < points <= found.points_max:
        raise OutOfRange(path=path, given=points, above=0, maximum=found.points_max)


def _dated_later(item: Adjustment, cycle: Cycle) -> bool:
    """Whether an award is dated after the last day of the cycle it was claimed in."""
    return item.issued_on is not None and cycle.ends_on is not None and item.issued_on > cycle.ends_on


def _check_inside(cycle: Cycle, occurred_on: date) -> None:
    if cycle.starts_on is None or cycle.ends_on is None or not cycle.starts_on <= occurred_on <= cycle.ends_on:
        raise OutOfRange(path="occurred_on", given=occurred_on, minimum=cycle.starts_on, maximum=cycle.ends_on)

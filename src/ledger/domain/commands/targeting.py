"""Commands about targets.

Source: domain.md 2.4 "Targets and responsibilities".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ledger.domain.commands.moving import require_phase
from ledger.domain.commands.subjects import check_uom, subject_of
from ledger.domain.facts import Fact
from ledger.domain.formulas import KINDS
from ledger.domain.numbers import check_scale
from ledger.domain.persons import person_stream
from ledger.domain.phases import SETTING_TARGETS, Phase
from ledger.domain.plan import Indicator, Plan
from ledger.domain.plan_check import check_due, check_target
from ledger.domain.refusals import (
    DeadlinePassed,
    FormulaInvalid,
    NoChange,
    NoTarget,
    PhaseViolation,
    SeparationOfDuties,
)
from ledger.domain.roles import Role
from ledger.domain.targets import ScheduleStep, TargetAdjusted, TargetReason, TargetSet, schedule_of, target_stream
from ledger.domain.world import Command, World


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTarget(Command):
    """Set what a unit is to reach on an indicator."""

    cycle_id: str
    unit_id: str
    indicator_id: str
    target: Decimal
    uom: str
    baseline: Decimal | None = None
    stretch: Decimal | None = None
    difficulty: Decimal | None = None
    progress_schedule: tuple[ScheduleStep, ...] = ()

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, unit_id=self.unit_id, indicator_id=self.indicator_id)
        subject = subject_of(world, self.cycle_id, self.unit_id, self.indicator_id)
        old = world.read(target_stream(self.cycle_id, self.unit_id, self.indicator_id))
        require_phase(subject.cycle, SETTING_TARGETS)
        if old.target is not None and subject.cycle.phase is Phase.OPEN:
            raise PhaseViolation(phase=Phase.OPEN, hint="A target that is set moves by adjustTarget only.")
        _before_freeze(world, subject.plan)
        check_uom(subject.indicator, self.uom)
        check_target(subject.indicator, self.target, path="target")
        _check_baseline(subject.indicator, self.baseline)
        check_due(subject.plan, subject.indicator, schedule_of(self.progress_schedule), path="progress_schedule")
        return [
            TargetSet(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                target=self.target,
                uom=self.uom,
                baseline=self.baseline,
                stretch=self.stretch,
                difficulty=self.difficulty,
                progress_schedule=self.progress_schedule,
                replaces_position=old.position,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustTarget(Command):
    """Move a target that is set: the leading group decides, on somebody else's request."""

    cycle_id: str
    unit_id: str
    indicator_id: str
    new_target: Decimal
    reason_code: TargetReason
    reason: str
    evidence: tuple[str, ...]
    requested_by: str
    late_authority: str | None = None

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.LEADING)
        subject = subject_of(world, self.cycle_id, self.unit_id, self.indicator_id)
        old = world.read(target_stream(self.cycle_id, self.unit_id, self.indicator_id))
        require_phase(subject.cycle, SETTING_TARGETS)
        if old.target is None or old.position is None:
            raise NoTarget(path="indicator_id", unit_id=self.unit_id, indicator_id=self.indicator_id)
        if old.target == self.new_target:
            raise NoChange(path="new_target", target=old.target)
        check_target(subject.indicator, self.new_target, path="new_target")
        if self.late_authority is None:
            _before_freeze(world, subject.plan)
        else:
            world.evidence((self.late_authority,), count_min=1)
        world.exists(person_stream(self.requested_by), path="requested_by", person_id=self.requested_by)
        world.require_impartial(self.unit_id)
        if self.requested_by in world.persons:
            raise SeparationOfDuties(path="requested_by", because="who asks for another target does not approve it")
        return [
            TargetAdjusted(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                adjusts_position=old.position,
                old_target=old.target,
                new_target=self.new_target,
                reason_code=self.reason_code,
                reason=world.reason(self.reason, length_min=10),
                evidence=world.evidence(self.evidence, count_min=1),
                requested_by=self.requested_by,
                approved_by=world.person_id,
                late_authority=self.late_authority,
                requester_benefits=self.unit_id in world.own_units(self.requested_by),
                baseline=old.baseline,
            )
        ]


def _before_freeze(world: World, plan: Plan) -> None:
    freeze = plan.calendar.target_freeze_on
    if freeze is not None and world.day(plan) > freeze:
        raise DeadlinePassed(deadline="TARGET_FREEZE", ended=freeze, hint="Later only with a superior's authority.")
    world.before_end_of(freeze, plan.timezone, name="TARGET_FREEZE")


def _check_baseline(indicator: Indicator, baseline: Decimal | None) -> None:
    if baseline is not None:
        check_scale(baseline, indicator.scale, path="baseline")
    elif KINDS[indicator.formula.kind].needs_baseline:
        hint = "The formula scores growth: say from which figure."
        raise FormulaInvalid(path="baseline", kind=indicator.formula.kind, hint=hint)

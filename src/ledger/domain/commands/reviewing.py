"""Commands about a decision that was taken: carried out, suspended, confirmed on revised grades, or revoked.

The leading group alone suspends, resumes, confirms and revokes; the office or the organisation
department records what was carried out.

Source: domain.md 2.4 "Rewards and punishments".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from ledger.domain.commands.deciding import MONEY_SCALE, DecisionCommand, Matter, latest_grade
from ledger.domain.decision import (
    Decision,
    DecisionConfirmed,
    DecisionHonoured,
    DecisionResumed,
    DecisionRevoked,
    DecisionSuspended,
    RecoveryReceived,
    RevocationReason,
    rule_naming,
)
from ledger.domain.facts import Fact
from ledger.domain.grading import GradingFact, grading_stream
from ledger.domain.identifiers import check_text
from ledger.domain.numbers import check_scale
from ledger.domain.obligations import superseding_position
from ledger.domain.periods import local_day
from ledger.domain.refusals import (
    BasisSuperseded,
    DecisionNotInForce,
    NoChange,
    NoRuleForGrade,
    OutOfRange,
    UnknownId,
)
from ledger.domain.roles import Role
from ledger.domain.veto import veto_stream
from ledger.domain.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedCommand(DecisionCommand):
    """A command about a decision that was taken."""

    decision_position: int
    """The position of the decision."""

    def decision(self, world: World) -> Decision:
        """The decision. Raises UnknownId."""
        decision = world.read(self.stream()).at(self.decision_position)
        subject = (self.unit_id, self.subject_id)
        if decision is None or (decision.fact.unit_id, decision.fact.subject_id) != subject:
            raise UnknownId(path="decision_position", decision_position=self.decision_position)
        return decision

    def in_force(self, world: World) -> Decision:
        """The decision, which must not be revoked. Raises UnknownId, DecisionNotInForce."""
        decision = self.decision(world)
        if decision.revoked is not None:
            raise DecisionNotInForce(path="decision_position", revoked_position=decision.revoked.position)
        return decision

    def executed(self, world: World, matter: Matter, executed_on: date, *, since: datetime) -> date:
        """The day on which something was carried out, neither before `since` nor to come. Raises OutOfRange."""
        first, today = local_day(since, matter.plan.timezone), world.day(matter.plan)
        if not first <= executed_on <= today:
            raise OutOfRange(path="executed_on", given=executed_on, first=first, today=today)
        return executed_on


@dataclass(frozen=True, slots=True, kw_only=True)
class HonourDecision(DecidedCommand):
    """Record that a decision was carried out, on a basis that stands; money is paid as it was decided."""

    executed_on: date
    amount: Decimal | None = None
    evidence: tuple[str, ...]

    def decide(self, world: World) -> list[Fact]:
        matter = self.act(world, Role.OFFICE, Role.ORGDEPT)
        decision = self.in_force(world)
        if decision.suspended_position is not None:
            raise DecisionNotInForce(path="decision_position", suspended_position=decision.suspended_position)
        if decision.honoured is not None:
            raise NoChange(path="decision_position", honoured_position=decision.honoured.position)
        self._require_basis(world, decision)
        if self.amount != decision.fact.amount:
            raise OutOfRange(path="amount", given=self.amount, decided=decision.fact.amount)
        return [
            DecisionHonoured(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                decision_position=decision.position,
                executed_on=self.executed(world, matter, self.executed_on, since=decision.decided_at),
                amount=self.amount,
                evidence=world.evidence(self.evidence, count_min=1),
            )
        ]

    def _require_basis(self, world: World, decision: Decision) -> None:
        """Refuse once the grades that the decision stands on are revised, or its veto is lifted (0.8)."""
        basis = world.event(decision.basis_position, path="decision_position").fact
        gradings = (
            {basis.group_id: world.read(grading_stream(self.cycle_id, basis.group_id))}
            if isinstance(basis, GradingFact)
            else {}
        )
        vetoes = world.read(veto_stream(self.cycle_id, self.subject))
        superseding = superseding_position(decision, gradings=gradings, vetoes=vetoes)
        if superseding is not None:
            raise BasisSuperseded(
                path="decision_position",
                basis_position=decision.basis_position,
                superseded_by=superseding,
                hint="Confirm the decision on the latest grades, or revoke it.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendDecision(DecidedCommand):
    """Keep a decision from being carried out, as while an appeal is open."""

    reference: str

    def decide(self, world: World) -> list[Fact]:
        self.lead(world)
        decision = self.in_force(world)
        if decision.suspended_position is not None:
            raise NoChange(path="decision_position", suspended_position=decision.suspended_position)
        check_text(self.reference, path="reference")
        return [
            DecisionSuspended(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                decision_position=decision.position,
                reference=self.reference,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeDecision(DecidedCommand):
    """Let a suspended decision hold again."""

    reference: str

    def decide(self, world: World) -> list[Fact]:
        self.lead(world)
        decision = self.in_force(world)
        if decision.suspended_position is None:
            raise NoChange(path="decision_position")
        check_text(self.reference, path="reference")
        return [
            DecisionResumed(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                decision_position=decision.position,
                reference=self.reference,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmDecision(DecidedCommand):
    """Let a decision stand on revised grades, where its rule still speaks of the subject's grade."""

    basis_position: int

    def decide(self, world: World) -> list[Fact]:
        matter = self.lead(world)
        decision = self.in_force(world)
        grade = latest_grade(matter, self.basis_position)
        if decision.basis_position == self.basis_position:
            raise NoChange(path="basis_position", basis_position=self.basis_position)
        if grade is None or rule_naming(matter.plan, decision.article, grade) is None:
            raise NoRuleForGrade(path="decision_position", rule_ref=str(decision.fact.rule), grade=grade)
        return [
            DecisionConfirmed(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                decision_position=decision.position,
                basis_position=self.basis_position,
                grade=grade,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeDecision(DecidedCommand):
    """End a decision; what was paid under it has to come back, all of it unless a part is named."""

    reason_code: RevocationReason
    reason: str
    recovery: Decimal | None = None
    """What has to be paid back, in CNY; all that was paid if left out."""
    approved_by: str

    def decide(self, world: World) -> list[Fact]:
        matter = self.lead(world)
        decision = self.in_force(world)
        because, subjects = "who revokes does not approve it", {"unit_id": matter.unit_id, "group_id": matter.group_id}
        world.approved(self.approved_by, Role.LEADING, Role.DIRECTOR, because=because, **subjects)
        return [
            DecisionRevoked(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                decision_position=decision.position,
                reason_code=self.reason_code,
                reason=world.reason(self.reason, length_min=10),
                recovery=self._recovery(decision),
                approved_by=self.approved_by,
            )
        ]

    def _recovery(self, decision: Decision) -> Decimal | None:
        paid = decision.honoured.amount if decision.honoured is not None else None
        if self.recovery is None:
            return paid
        check_scale(self.recovery, MONEY_SCALE, path="recovery")
        if not 0 <= self.recovery <= (paid or 0):
            raise OutOfRange(path="recovery", given=self.recovery, paid=paid)
        return self.recovery


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRecovery(DecidedCommand):
    """Record that money paid under a revoked decision came back, all of it or a part."""

    executed_on: date
    amount: Decimal
    evidence: tuple[str, ...]

    def decide(self, world: World) -> list[Fact]:
        matter = self.act(world, Role.OFFICE, Role.ORGDEPT)
        decision = self.decision(world)
        check_scale(self.amount, MONEY_SCALE, path="amount")
        if decision.revoked is None or not 0 < self.amount <= decision.outstanding:
            raise OutOfRange(path="amount", given=self.amount, outstanding=decision.outstanding)
        return [
            RecoveryReceived(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                decision_position=self.decision_position,
                executed_on=self.executed(world, matter, self.executed_on, since=decision.revoked.at),
                amount=self.amount,
                evidence=world.evidence(self.evidence, count_min=1),
            )
        ]

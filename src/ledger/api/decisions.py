"""What clients see of rewards and punishments: what each stands on, what became of it, and what is still to be done."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import strawberry

from ledger.api.derived import enums, output_of
from ledger.api.scalars import Position
from ledger.api.types import Event, Node, global_id, node_of
from ledger.domain import decision as domain
from ledger.domain import obligations, rule_reference
from ledger.domain.decision import DecisionStatus
from ledger.domain.facts import Event as DomainEvent
from ledger.domain.obligations import BasisStatus, Duties, ObligationKind, ObligationStatus, superseding_position
from ledger.domain.plan_rules import DecisionKind

enums(BasisStatus, DecisionKind, DecisionStatus, ObligationKind, ObligationStatus)
if TYPE_CHECKING:
    from ledger.domain.decision import Honoured, Revoked
    from ledger.domain.obligations import Obligation
    from ledger.domain.rule_reference import RuleRef
else:
    Honoured, Revoked = output_of(domain.Honoured), output_of(domain.Revoked)
    Obligation = node_of(obligations.Obligation, "kind", "unit_id", "subject_id", "article", "positions")
    RuleRef = output_of(rule_reference.RuleRef)


@strawberry.input(description="Which decisions are asked for; all conditions hold together.")
class DecisionFilter:
    basis_status: list[BasisStatus] | None = strawberry.field(default=None, description="Only with such a basis.")
    status: list[DecisionStatus] | None = strawberry.field(default=None, description="Only those that stand here.")
    unit_id: str | None = strawberry.field(default=None, description="Only about this unit.")
    person_id: str | None = strawberry.field(default=None, description="Only about this person.")
    subject_under_veto: bool | None = strawberry.field(
        default=None, description="Only about those who are under a veto, or who are not."
    )

    def fits(self, decision: Decision) -> bool:
        """Whether a decision meets every condition."""
        return (
            (self.basis_status is None or decision.basis_status in self.basis_status)
            and (self.status is None or decision.status in self.status)
            and self.unit_id in (None, decision.unit_id)
            and self.person_id in (None, decision.subject_id)
            and self.subject_under_veto in (None, decision.subject_under_veto)
        )


@strawberry.input(description="Which obligations are asked for; all conditions hold together.")
class ObligationFilter:
    kind: list[ObligationKind] | None = strawberry.field(default=None, description="Only of these kinds.")
    status: list[ObligationStatus] | None = strawberry.field(default=None, description="Only open or overdue ones.")
    unit_id: str | None = strawberry.field(default=None, description="Only about this unit.")

    def fits(self, obligation: Obligation) -> bool:
        """Whether an obligation meets every condition."""
        return (
            (self.kind is None or obligation.kind in self.kind)
            and (self.status is None or obligation.status in self.status)
            and self.unit_id in (None, obligation.unit_id)
        )


@strawberry.type(description="A reward or a punishment, and what became of it.")
class Decision(Node):
    position: Position = strawberry.field(description="The event that took it.")
    decided_at: datetime = strawberry.field(description="When it was taken.")
    cycle_id: str = strawberry.field(description="The assessment cycle.")
    unit_id: str | None = strawberry.field(description="The unit it is about; null where it is about a person.")
    subject_id: str | None = strawberry.field(description="The person it is about; null where it is about a unit.")
    reward: bool = strawberry.field(description="Whether it is a reward; otherwise it is a punishment.")
    kind: DecisionKind = strawberry.field(description="What is awarded or imposed.")
    amount: Decimal | None = strawberry.field(description="Money, in CNY.")
    grade: str | None = strawberry.field(description="The grade on the basis it stands on now.")
    rule: RuleRef = strawberry.field(description="The article it stands on.")
    status: DecisionStatus = strawberry.field(description="Where it stands.")
    basis_status: BasisStatus = strawberry.field(description="What it stands on now.")
    basis_position: Position = strawberry.field(description="The grading, the veto or the finding it stands on.")
    superseding_position: Position | None = strawberry.field(
        description="What revised the grades, or lifted the veto, that it stands on."
    )
    subject_under_veto: bool = strawberry.field(description="Whether a veto binds whom it is about.")
    suspended_position: Position | None = strawberry.field(description="What suspended it; null where it is not.")
    honoured: Honoured | None = strawberry.field(description="How it was carried out; null where it was not.")
    revoked: Revoked | None = strawberry.field(description="How it ended; null where it holds.")
    recovery: Decimal | None = strawberry.field(description="What has to be paid back, in CNY; null where it holds.")
    recovered: Decimal = strawberry.field(description="How much of that came back, in CNY.")
    timeline: list[Event] = strawberry.field(description="Every event about it, in order.")

    @classmethod
    def of(cls, decision: domain.Decision, duties: Duties, timeline: Iterable[DomainEvent]) -> Decision:
        """A decision of the domain, with all that it may rest on."""
        fact = decision.fact
        superseding = superseding_position(decision, gradings=duties.gradings, vetoes=duties.vetoes)
        subject = (fact.unit_id, fact.subject_id)
        vetoes = [veto for veto in duties.vetoes.items.values() if veto.active]
        return cls(
            id=global_id("Decision", decision.position),
            position=Position(decision.position),
            decided_at=decision.decided_at,
            cycle_id=fact.cycle_id,
            unit_id=fact.unit_id,
            subject_id=fact.subject_id,
            reward=decision.reward,
            kind=fact.kind,
            amount=fact.amount,
            grade=decision.grade,
            rule=fact.rule,
            status=decision.status,
            basis_status=duties.status(decision),
            basis_position=Position(decision.basis_position),
            superseding_position=Position(superseding) if superseding is not None else None,
            subject_under_veto=any((veto.unit_id, veto.subject_id) == subject for veto in vetoes),
            suspended_position=(
                Position(decision.suspended_position) if decision.suspended_position is not None else None
            ),
            honoured=decision.honoured,
            revoked=decision.revoked,
            recovery=decision.revoked.recovery if decision.revoked else None,
            recovered=decision.recovered,
            timeline=[Event.of(event) for event in timeline],
        )

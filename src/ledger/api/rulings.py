"""What clients see of what is ruled about units besides their scores: adjustments, vetoes, appeals."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

import strawberry

from ledger.api.decisions import RuleRef
from ledger.api.derived import enums
from ledger.api.scalars import Position
from ledger.api.types import Event, Node, global_id
from ledger.domain import adjustment, appeal
from ledger.domain.adjusting import CountedItem, Standing
from ledger.domain.adjustment import AdjustmentStatus, AwardLevel
from ledger.domain.appeal import AppealDecided, AppealKind, AppealOutcome, AppealStatus
from ledger.domain.facts import Event as DomainEvent
from ledger.domain.numbers import exact_text
from ledger.domain.plan import Plan
from ledger.domain.plan_rules import AdjustmentKind

enums(AdjustmentKind, AdjustmentStatus, AppealKind, AppealOutcome, AppealStatus, AwardLevel, Standing)


@strawberry.type(description="A bonus or a deduction: what was claimed, granted and counted, and why.")
class Adjustment(Node):
    position: Position = strawberry.field(description="The event that claimed or imposed it.")
    cycle_id: str = strawberry.field(description="The assessment cycle.")
    unit_id: str = strawberry.field(description="The unit.")
    kind: AdjustmentKind = strawberry.field(description="Whether points are added or removed.")
    matter_id: str = strawberry.field(description="The matter it is for; for one matter the highest counts.")
    level: AwardLevel | None = strawberry.field(description="Who gave the award.")
    issued_on: date | None = strawberry.field(description="The day of the award.")
    rule: RuleRef = strawberry.field(description="The article it stands on.")
    status: AdjustmentStatus = strawberry.field(description="Where it stands.")
    claimed: Decimal = strawberry.field(description="The points claimed, or imposed.")
    granted: Decimal | None = strawberry.field(description="The points granted, or imposed; null where none were.")
    counted: Decimal = strawberry.field(description="The points that count in the total, without a sign.")
    reason: Standing = strawberry.field(description="Why it counts in full, in part or not at all.")
    to_cycle_id: str | None = strawberry.field(description="The cycle it is left to.")
    timeline: list[Event] = strawberry.field(description="Every event about it, in order.")

    @classmethod
    def of(cls, cycle_id: str, counted: CountedItem, timeline: Iterable[DomainEvent]) -> Adjustment:
        """An adjustment of the domain, with what of it counts."""
        item: adjustment.Adjustment = counted.item
        return cls(
            id=global_id("Adjustment", item.position),
            position=Position(item.position),
            cycle_id=cycle_id,
            unit_id=item.unit_id,
            kind=item.kind,
            matter_id=item.matter_id,
            level=item.level,
            issued_on=item.issued_on,
            rule=item.rule,
            status=item.status,
            claimed=item.points_claimed,
            granted=item.points_granted,
            # Sums and caps of decimals end.
            counted=Decimal(exact_text(counted.points)),
            reason=counted.standing,
            to_cycle_id=item.to_cycle_id,
            timeline=[Event.of(event) for event in timeline],
        )


@strawberry.type(description="An appeal: what it is against, who decided it, how, and whether that was carried out.")
class Appeal(Node):
    position: Position = strawberry.field(description="The event that filed it.")
    cycle_id: str = strawberry.field(description="The assessment cycle.")
    unit_id: str | None = strawberry.field(description="The unit that appeals; null where a cadre does.")
    subject_id: str | None = strawberry.field(description="The cadre who appeals; null where a unit does.")
    kind: AppealKind = strawberry.field(description="What it is against.")
    about_position: Position = strawberry.field(description="The event that is contested.")
    indicator_id: str | None = strawberry.field(description="The indicator, of a score.")
    period: str | None = strawberry.field(description="The period, of a score.")
    level: int = strawberry.field(description="Who is asked: 1 is the panel, 2 the leading group.")
    status: AppealStatus = strawberry.field(description="Where it stands.")
    asked_at: datetime = strawberry.field(description="When it was filed, or put to the leading group.")
    answer_due_on: date = strawberry.field(description="The last day for an answer.")
    overdue: bool = strawberry.field(description="Whether it awaits an answer after that day.")
    panel: list[str] = strawberry.field(description="Who decides it; empty while nobody is named.")
    outcome: AppealOutcome | None = strawberry.field(description="The last decision on it.")
    decided_position: Position | None = strawberry.field(description="The event that decided it.")
    decided_late: bool | None = strawberry.field(description="Whether that was after the last day for an answer.")
    directs: str | None = strawberry.field(description="What has to be done; null where nothing has.")
    implemented_by: list[Position] = strawberry.field(description="The events that carried the decision out.")
    timeline: list[Event] = strawberry.field(description="Every event about it, in order.")

    @classmethod
    def of(cls, state: appeal.Appeal, timeline: list[DomainEvent], plan: Plan, on: date) -> Appeal:
        """An appeal of the domain as it stands on the day `on`."""
        fact, verdict = state.fact, state.verdict
        decided = next((e.fact for e in reversed(timeline) if isinstance(e.fact, AppealDecided)), None)
        due_on = state.answer_due_on(plan)
        return cls(
            id=global_id("Appeal", state.position),
            position=Position(state.position),
            cycle_id=fact.cycle_id,
            unit_id=fact.unit_id,
            subject_id=fact.subject_id,
            kind=fact.kind,
            about_position=Position(fact.about_position),
            indicator_id=fact.indicator_id,
            period=fact.period,
            level=state.level,
            status=state.status,
            asked_at=state.asked_at,
            answer_due_on=due_on,
            overdue=state.open and on > due_on,
            panel=sorted(state.panel),
            outcome=verdict.outcome if verdict else None,
            decided_position=Position(verdict.position) if verdict else None,
            decided_late=decided.late if decided else None,
            directs=decided.directs if decided else None,
            implemented_by=[Position(position) for position in state.correction_positions],
            timeline=[Event.of(event) for event in timeline],
        )

"""What clients see of scores: values by basis, histories, corrections."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import strawberry

from ledger.api.derived import enums
from ledger.api.scalars import Position
from ledger.api.types import Actor, AsOf, Node, global_id
from ledger.domain.facts import Event
from ledger.domain.score import Basis, ReasonCode, RequestedFor, ScoreFact, ScoreStatus
from ledger.history import Worth

enums(Basis, ReasonCode, ScoreStatus, RequestedFor)


@strawberry.type(description="A value with the position from which it is effective.")
class EffectiveValue:
    value: Decimal = strawberry.field(description="The value, at the indicator's scale.")
    position: Position = strawberry.field(description="The event that made it effective.")


@strawberry.type(description="The effective value of one unit and period.")
class IndicatorValue(Node):
    unit_id: str = strawberry.field(description="The unit.")
    period: str = strawberry.field(description="The period.")
    value: Decimal = strawberry.field(description="The value, at the indicator's scale.")
    position: Position = strawberry.field(description="The event that made it effective.")


@strawberry.type(description="A correction request that awaits its decision.")
class OpenRequest:
    position: Position = strawberry.field(description="The position of the request.")
    corrects_position: Position = strawberry.field(description="The position of the value to be corrected.")
    proposed_value: Decimal = strawberry.field(description="The value asked for.")
    reason_code: ReasonCode = strawberry.field(description="Why, from the list.")
    requested_for: RequestedFor = strawberry.field(description="On whose account it is asked for.")
    requested_by: str = strawberry.field(description="The person who asked.")


@strawberry.type(description="One event in the edit history of a score.")
class ScoreHistoryEntry(Node):
    position: Position = strawberry.field(description="The place in the whole ledger.")
    recorded_at: datetime = strawberry.field(description="When the ledger recorded it.")
    type: str = strawberry.field(description="The name of the fact.")
    version: int = strawberry.field(description="Its place in the score's history, from 1.")
    actor: Actor = strawberry.field(description="Who acted.")
    basis: Basis | None = strawberry.field(description="The basis whose value it sets; null if it sets none.")
    value: Decimal | None = strawberry.field(
        description="The value the event bears: entered, proposed, verified or new."
    )
    old_value: Decimal | None = strawberry.field(description="The value of that basis before the event.")
    new_value: Decimal | None = strawberry.field(description="The value of that basis after the event.")
    now: Decimal | None = strawberry.field(description="The score's official value as of the answer.")
    cites: Position | None = strawberry.field(
        description="The event it stands on: corrects, verifies, returns, withdraws."
    )
    request_position: Position | None = strawberry.field(description="The correction request it decides.")
    reason_code: ReasonCode | None = strawberry.field(description="Why, from the list.")
    reason: str | None = strawberry.field(description="Why, in words.")
    note: str | None = strawberry.field(description="A remark.")
    evidence: list[str] = strawberry.field(description="Content hashes of the documents it cites.")
    requested_by: str | None = strawberry.field(description="The person who asked for it.")
    approved_by: str | None = strawberry.field(description="The person who approved it.")
    batch_id: str | None = strawberry.field(description="The import batch it belongs to.")

    @classmethod
    def of(cls, event: Event, worth: Worth[Decimal]) -> ScoreHistoryEntry:
        """The next event of a score, which is worth so much before it; what it is worth `now` is said later."""
        fact = cast(ScoreFact, event.fact)
        value = cast(Decimal, getattr(fact, fact.VALUE)) if fact.VALUE else None
        basis, before, after = worth.told(type(fact), value)
        return cls(
            id=global_id("ScoreHistoryEntry", event.position),
            position=Position(event.position),
            recorded_at=event.recorded_at,
            type=event.type,
            version=event.version,
            actor=Actor.of(event.actor),
            basis=basis,
            value=value,
            old_value=before,
            new_value=after,
            now=None,
            cites=_position(getattr(fact, fact.CITES) if fact.CITES else None),
            request_position=_position(getattr(fact, "request_position", None)),
            reason_code=getattr(fact, "reason_code", None),
            reason=getattr(fact, "reason", None) or getattr(fact, "late_reason", None),
            note=getattr(fact, "note", None),
            evidence=list(getattr(fact, "evidence", ())),
            requested_by=getattr(fact, "requested_by", None),
            approved_by=getattr(fact, "approved_by", None),
            batch_id=event.batch_id,
        )


@strawberry.type(description="A correction request, and what became of it as far as the answer knows.")
class Correction(Node):
    request_position: Position = strawberry.field(description="The position of the request.")
    cycle_id: str = strawberry.field(description="The assessment cycle.")
    unit_id: str = strawberry.field(description="The unit.")
    indicator_id: str = strawberry.field(description="The indicator.")
    period: str = strawberry.field(description="The period.")
    corrects_position: Position = strawberry.field(description="The position of the value to be corrected.")
    old_value: Decimal | None = strawberry.field(description="The value at that position.")
    proposed_value: Decimal = strawberry.field(description="The value asked for.")
    reason_code: ReasonCode = strawberry.field(description="Why, from the list.")
    requested_by: str = strawberry.field(description="The person who asked.")
    requested_at: datetime = strawberry.field(description="When it was asked for.")
    outcome: str = strawberry.field(description="OPEN, APPROVED, REJECTED or WITHDRAWN.")
    decided_position: Position | None = strawberry.field(description="The event that decided it.")
    decided_by: str | None = strawberry.field(description="The person who decided it.")
    decided_at: datetime | None = strawberry.field(description="When it was decided.")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Correction:
        """A row of the correction projection."""
        return cls(
            id=global_id("Correction", row["request_position"]),
            request_position=Position(row["request_position"]),
            cycle_id=row["cycle_id"],
            unit_id=row["unit_id"],
            indicator_id=row["indicator_id"],
            period=row["period"],
            corrects_position=Position(row["corrects_position"]),
            old_value=row["corrected_value"],
            proposed_value=row["proposed_value"],
            reason_code=ReasonCode(row["reason_code"]),
            requested_by=row["requested_by"],
            requested_at=row["requested_at"],
            outcome=row["outcome"],
            decided_position=_position(row["decided_position"]),
            decided_by=row["decided_by"],
            decided_at=row["decided_at"],
        )


@strawberry.type(description="One value of one unit, indicator and period, on its three bases.")
class Score(Node):
    cycle_id: str = strawberry.field(description="The assessment cycle.")
    unit_id: str = strawberry.field(description="The unit.")
    indicator_id: str = strawberry.field(description="The indicator.")
    period: str = strawberry.field(description="The period.")
    version: int = strawberry.field(description="How many events the score has, as of the answer.")
    status: ScoreStatus = strawberry.field(description="Where the score stands.")
    self: EffectiveValue | None = strawberry.field(description="What the unit claimed.")
    provisional: EffectiveValue | None = strawberry.field(description="What the scoring department entered.")
    official: EffectiveValue | None = strawberry.field(description="What was verified or corrected.")
    gap: Decimal | None = strawberry.field(description="What the unit claimed minus what is official.")
    correction_count: int = strawberry.field(description="How many corrections were approved.")
    open_request: OpenRequest | None = strawberry.field(description="The correction request that awaits its decision.")
    as_of: AsOf = strawberry.field(description="The last position that the answer includes.")


def _position(given: int | None) -> Position | None:
    return Position(given) if given is not None else None

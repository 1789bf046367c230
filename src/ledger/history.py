"""The edit history of one score: every event of its stream, with the official value before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import cast

from ledger.domain.facts import Event
from ledger.domain.score import Score


@dataclass(frozen=True, slots=True)
class Edit:
    """One event of a score."""

    position: int
    recorded_at: datetime
    event: str
    value: Decimal | None
    """The value that the event bears: entered, verified, asked for or corrected to."""
    official_before: Decimal | None
    official_after: Decimal | None
    by: str
    role: str
    on_behalf_of: str | None
    cites: int | None
    """The position this event stands on."""
    reason_code: str | None
    reason: str | None
    import_id: str | None


def edits(events: Iterable[Event]) -> list[Edit]:
    """The history that the events of one score's stream tell, oldest first."""
    found: list[Edit] = []
    score = Score()
    for event in events:
        before, score = score, score.evolve(event)
        fact = event.fact
        found.append(
            Edit(
                position=event.position,
                recorded_at=event.recorded_at,
                event=event.type,
                value=cast(Decimal, getattr(fact, fact.VALUE)) if fact.VALUE else None,
                official_before=before.official.value if before.official else None,
                official_after=score.official.value if score.official else None,
                by=event.actor.person_id,
                role=event.actor.role,
                on_behalf_of=event.actor.on_behalf_of,
                cites=cast("int | None", getattr(fact, fact.CITES)) if fact.CITES else None,
                reason_code=getattr(fact, "reason_code", None),
                reason=getattr(fact, "reason", None) or getattr(fact, "late_reason", None),
                import_id=event.batch_id,
            )
        )
    return found

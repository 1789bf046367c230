"""The edit history of one score: every event of its stream, with the official value before and after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar, cast

from ledger.domain.facts import Event
from ledger.domain.score import Basis, Score, ScoreFact

V = TypeVar("V")


class Worth(Generic[V]):
    """What a score is worth on each basis, while its events are told one after another."""

    def __init__(self, held: Mapping[Basis, V]):
        """Begin with what is held before the first event."""
        self.held = dict(held)

    def told(self, kind: type[ScoreFact], value: V | None) -> tuple[Basis | None, V | None, V | None]:
        """The basis that the next event is about, and the value of that basis before and after it.

        What sets or ends several bases is told of the strongest one for which that is so.
        """
        held, sets = self.held, kind.SETS
        if not sets:
            return None, None, None
        if value is None:
            basis = next((basis for basis in reversed(sets) if basis in held), sets[-1])
            before = held.get(basis)
            for each in sets:
                held.pop(each, None)
            return basis, before, None
        before = held.get(sets[-1])
        for each in sets:
            held[each] = value
        return sets[-1], before, value


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

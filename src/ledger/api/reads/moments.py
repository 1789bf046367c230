"""Moments and pages: the position an answer speaks of, and what of it the viewer may see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

import strawberry

from ledger.api.context import Context
from ledger.api.types import AsOfInput
from ledger.domain.facts import Event as DomainEvent
from ledger.domain.facts import Fact
from ledger.domain.periods import local_day
from ledger.domain.world import CIVIL_TIMEZONE
from ledger.results import AsOf as Moment

T = TypeVar("T")
P = TypeVar("P")
SCANNED_MAX = 5_000
"""How many entries a page looks at when the viewer may not see them all."""
WAIT_S = 5.0


def moment(context: Context, as_of: AsOfInput | None, at_least: int | None = None) -> Moment:
    """The moment an answer speaks of. Raises UnknownId for a position that is not reached."""
    if at_least is not None:
        context.service.answers.wait_for(at_least, WAIT_S)
    if as_of is None:
        return context.head(at_least or 0)
    position, recorded_at = _given(as_of.position), _given(as_of.recorded_at)
    return context.service.answers.resolve(position=position, recorded_at=recorded_at)


def day_of(context: Context, as_of: AsOfInput | None, at: Moment) -> date:
    """The civil day an answer speaks of: that of the moment asked for, or today."""
    instant = at.recorded_at if as_of is not None else None
    return local_day(instant or context.service.store.clock(), CIVIL_TIMEZONE)


def seen_proceedings(context: Context, cycle_id: str, *kinds: type[Fact], at: Moment) -> list[DomainEvent]:
    """A cycle's events of these kinds of facts that the viewer may see, in order. Raises UnknownId.

    Folded by the domain's own states they make what the viewer may know: whatever is about
    one unit or one person is seen whole or not at all.
    """
    visibility, answers = context.visibility(), context.service.answers
    answers.cycle(cycle_id, at.position)
    return [event for event in answers.proceedings(cycle_id, kinds, at=at.position) if visibility.sees(event)]


def _given(value: T | None) -> T | None:
    return None if value is strawberry.UNSET else value


def visible(
    fetch: Callable[[P | None, int], Sequence[T]],
    sees: Callable[[T], bool],
    place: Callable[[T], P],
    *,
    first: int,
    after: P | None,
) -> tuple[list[T], bool]:
    """Fill a page with what may be seen, looking at a bounded number of entries."""
    found: list[T] = []
    scanned = 0
    while True:
        batch = fetch(after, first + 1)
        for each in batch:
            after = place(each)
            if sees(each):
                found.append(each)
                if len(found) > first:
                    return found[:first], True
        scanned += len(batch)
        if len(batch) <= first:
            return found, False
        if scanned >= SCANNED_MAX:
            return found, True

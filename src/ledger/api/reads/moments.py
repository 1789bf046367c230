"""Moments and pages: the position an answer speaks of, and what of it the viewer may see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import strawberry

from ledger.api.context import Context
from ledger.api.scalars import Position
from ledger.api.types import AsOf, AsOfInput
from ledger.results import AsOf as Moment

T = TypeVar("T")
SCANNED_MAX = 5_000
"""How many entries a page looks at when the viewer may not see them all."""
WAIT_S = 5.0


def moment(context: Context, as_of: AsOfInput | None, at_least: int | None = None) -> Moment:
    """The moment an answer speaks of. Raises UnknownId for a position that is not reached."""
    if at_least is not None:
        context.service.answers.wait_for(at_least, WAIT_S)
    position = _given(as_of.position) if as_of else None
    recorded_at = _given(as_of.recorded_at) if as_of else None
    return context.service.answers.resolve(position=position, recorded_at=recorded_at)


def _given(value: T | None) -> T | None:
    return None if value is strawberry.UNSET else value


def shown(at: Moment) -> AsOf:
    """A moment as clients see it."""
    return AsOf(position=Position(at.position), recorded_at=at.recorded_at)


def visible(
    fetch: Callable[[int | None, int], Sequence[T]],
    sees: Callable[[T], bool],
    place: Callable[[T], int],
    *,
    first: int,
    after: int | None,
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

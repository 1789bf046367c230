"""Posts: which cadre held which post in which unit, for how many months.

Source: domain.md 2.4 "Registry", 3.9 "Cadres".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from ledger.domain.facts import STREAMS_NAMED_MAX, Audience, Event, Fact, Stream

COUNTING_DAY = 15
"""A month counts for the post that is held on this day of it, so that no month counts twice or is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFact(Fact):
    """A fact about the posts of one cadre; appointments are announced, so everybody may see them."""

    AUDIENCE = Audience.EVERYBODY

    subject_id: str
    unit_id: str

    @property
    def stream(self) -> str:
        return post_stream(self.subject_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class PostHeld(PostFact):
    """The cadre took a post."""

    post: str
    from_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLeft(PostFact):
    """The cadre left a post."""

    CITES = "held_position"

    held_position: int
    until_on: date


@dataclass(frozen=True, slots=True)
class Tenure:
    """A post held, with the position that recorded it."""

    position: int
    unit_id: str
    post: str
    from_on: date
    until_on: date | None = None
    """The last day; None while it is held."""

    def covers(self, day: date) -> bool:
        """Whether the post is held on the day."""
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)


@dataclass(frozen=True, slots=True)
class Posts:
    """The posts of one cadre, in the order in which they were recorded."""

    tenures: tuple[Tenure, ...] = ()

    def tenure(self, position: int) -> Tenure | None:
        """The post recorded at a position, None if none was."""
        return next((tenure for tenure in self.tenures if tenure.position == position), None)

    def service(self, first: date, last: date) -> tuple[tuple[str, ...], ...]:
        """The units served in, for each month from `first` to `last`; none or several in some."""
        return tuple(
            tuple({tenure.unit_id: None for tenure in self.tenures if tenure.covers(day)})
            for day in _counting_days(first, last)
        )

    def evolve(self, event: Event, /) -> Posts:
        """Return the state after `event`."""
        match event.fact:
            case PostHeld() as fact:
                return Posts((*self.tenures, Tenure(event.position, fact.unit_id, fact.post, fact.from_on)))
            case PostLeft() as fact:
                tenures = tuple(
                    replace(tenure, until_on=fact.until_on) if tenure.position == fact.held_position else tenure
                    for tenure in self.tenures
                )
                return Posts(tenures)
            case _:
                return self


@lru_cache(maxsize=STREAMS_NAMED_MAX)
def post_stream(person_id: str) -> Stream[Posts]:
    """The stream of one cadre's posts."""
    return Stream(f"post:{person_id}", Posts())


def _counting_days(first: date, last: date) -> Iterator[date]:
    for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        day = date(month // 12, month % 12 + 1, COUNTING_DAY)
        if first <= day <= last:
            yield day

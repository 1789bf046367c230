"""Reads for those who follow the ledger: what comes after a position, as far as answers include it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.api.context import Context
from ledger.api.reads import results
from ledger.api.results import Ranking
from ledger.domain import facts
from ledger.domain.score import Basis
from ledger.domain.visibility import Visibility
from ledger.results import AsOf, EventFilter

BATCH = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """The next events that the viewer may see, and the last position that was looked at for them."""

    events: Sequence[facts.Event]
    through: int
    head: AsOf
    """The last position that answers include."""
    visibility: Visibility

    @property
    def complete(self) -> bool:
        """Whether everything was looked at."""
        return self.through >= self.head.position


def next_events(context: Context, wanted: EventFilter, after: int) -> Batch:
    """The next events after a position that the viewer may see."""
    answers, visibility = context.service.answers, context.visibility()
    head = answers.head()
    if head.position <= after:
        return Batch((), after, head, visibility)
    found = answers.events(wanted, at=head.position, after=after, limit=BATCH)
    through = head.position if len(found) < BATCH else found[-1].position
    return Batch([event for event in found if visibility.sees(event)], through, head, visibility)


@dataclass(frozen=True, slots=True)
class Standings:
    """Whose standings are followed."""

    cycle_id: str
    group_id: str
    period: str | None
    basis: Basis

    def at(self, context: Context, position: int | None) -> Ranking:
        """The ranking as known at a position, or now."""
        at = context.service.answers.resolve(position=position)
        return results.ranking(context, self.cycle_id, self.group_id, self.period, self.basis, at)


def figures(ranking: Ranking) -> object:
    """What a ranking says, whatever the position it is said at."""
    rows = [{**vars(row), "id": None} for row in ranking.found]
    return ranking.plan_version, ranking.complete, rows

"""Subscriptions: the ledger as it grows, read from its tables by position.

There is no queue between the ledger and a client: whoever is ready for more is given what comes
after the position they have. A client that is slow, was away, or lived through a restart of
the database misses nothing and costs no memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from typing import Annotated, TypeVar

import psycopg
import strawberry
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync
from eventsourcing.persistence import InterfaceError, OperationalError
from graphql import GraphQLError

from ledger.api.arguments import AnyPeriod, AskInfo, BasisArgument, CycleId, GroupId
from ledger.api.context import Context, refusals_told
from ledger.api.queries import EventFilter
from ledger.api.reads.following import Standings, figures, next_events
from ledger.api.results import Ranking
from ledger.api.scalars import Position
from ledger.api.shares import Shares, TooMany
from ledger.api.types import Event
from ledger.domain.score import Basis

RENEWED_S = 5.0
"""How long a person goes on seeing what they might: then token and roles are looked at again."""
RETRY_S = 0.5
PAUSE_S = 0.25
"""Standings are settled so often at most; what lies between is passed over."""
THREADS_MAX = 4
"""Threads that read for subscribers; questions have others."""
FOLLOWED_EACH_MAX = 200
"""Subscriptions of one person at once."""

T = TypeVar("T")
ResumeAfter = Annotated[
    Position | None,
    strawberry.argument(description="Resume after this position, without loss; from now on if left out."),
]
_threads: RunVar[CapacityLimiter] = RunVar("subscription_threads")
_followed: RunVar[Shares] = RunVar("subscriptions")


@strawberry.type(description="What can be followed as it happens; over WebSocket or as server-sent events.")
class Subscription:
    @strawberry.subscription(description="Every event that is yours to see, in order, as it is recorded.")
    async def events(
        self,
        info: AskInfo,
        after: ResumeAfter = None,
        filter: Annotated[EventFilter | None, strawberry.argument(description="Which events.")] = None,
    ) -> AsyncGenerator[Event]:
        viewer, wanted = _Viewer(info.context), (filter or EventFilter()).wanted()
        with viewer.follows():
            head = await info.context.ask(info, _head, info.context)
            place = _start(info.context, after, head)
            while True:
                batch = await viewer.read(lambda context, place=place: next_events(context, wanted, place))
                # What is asked about these events is answered as of now too.
                info.context.preset(batch.visibility, batch.head)
                for event in batch.events:
                    info.context.streamed = event.position
                    yield Event.of(event)
                place = batch.through
                if batch.complete:
                    await viewer.wait_beyond(place)

    @strawberry.subscription(description="A group's ranking as it is now, and again whenever it differs.")
    async def standings(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        group_id: GroupId,
        period: AnyPeriod = None,
        basis: BasisArgument = Basis.OFFICIAL,
        after: Annotated[
            Position | None, strawberry.argument(description="Only what differs from the ranking at this position.")
        ] = None,
    ) -> AsyncGenerator[Ranking]:
        viewer, followed = _Viewer(info.context), Standings(cycle_id, group_id, period, basis)
        with viewer.follows():
            head = await info.context.ask(info, _head, info.context)
            known, shown = _start(info.context, after, 0), None
            if known:
                shown = figures(await viewer.read(lambda context: followed.at(context, min(known, head))))
            while True:
                ranking = await viewer.read(lambda context: followed.at(context, None))
                place = ranking.as_of.position
                if figures(ranking) != shown:
                    shown = figures(ranking)
                    info.context.streamed = place
                    yield ranking
                await asyncio.sleep(PAUSE_S)
                await viewer.wait_beyond(place)


def _head(context: Context) -> int:
    context.visibility()
    return context.service.answers.head().position


def _start(context: Context, after: int | None, otherwise: int) -> int:
    """Where a stream goes on: after what the client has of it, else after what it asked for."""
    given = [position for position in (context.resume_after, after) if position is not None]
    return max(given, default=otherwise)


class _Viewer:
    """Reads for one subscriber, who may lose a role or let the token expire meanwhile."""

    def __init__(self, context: Context):
        self._context = context
        self._renewed_at = time.monotonic()

    @contextmanager
    def follows(self) -> Generator[None]:
        """Count as one of the person's subscriptions. Raises GraphQLError if they have too many."""
        try:
            with refusals_told(), _shares().taken(self._context.person_id):
                yield
        except TooMany:
            extensions = {"code": "TOO_MANY_SUBSCRIPTIONS", "retryable": True}
            raise GraphQLError(f"You follow {FOLLOWED_EACH_MAX} streams already.", extensions=extensions) from None

    async def read(self, function: Callable[[Context], T]) -> T:
        """Read in a thread; outlives restarts of the database. Raises GraphQLError for what is refused."""
        while True:
            if time.monotonic() - self._renewed_at > RENEWED_S:
                self._context, self._renewed_at = self._context.renewed(), time.monotonic()
            try:
                with refusals_told():
                    return await run_sync(function, self._context, abandon_on_cancel=True, limiter=_limiter())
            except (psycopg.OperationalError, psycopg.InterfaceError, OperationalError, InterfaceError):
                await asyncio.sleep(RETRY_S)

    async def wait_beyond(self, position: int) -> None:
        """Wait for a new position, and for as long as the person may listen. Raises GraphQLError."""
        while not await self._context.service.heads.beyond(position, RENEWED_S):
            await self.read(Context.visibility)


def _shares() -> Shares:
    shares = _followed.get(None)
    if shares is None:
        shares = Shares(FOLLOWED_EACH_MAX)
        _followed.set(shares)
    return shares


def _limiter() -> CapacityLimiter:
    limiter = _threads.get(None)
    if limiter is None:
        limiter = CapacityLimiter(THREADS_MAX)
        _threads.set(limiter)
    return limiter

"""A rehearsal: commands decided by the same rules on the ledger as it stands, with nothing recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ledger.commands import Outcome, Recorded, Request
from ledger.domain.facts import Event, Fact, State, Stream
from ledger.domain.recall import Recall
from ledger.domain.refusals import Refused
from ledger.domain.world import World
from ledger.entries import Draft, EntryMapper
from ledger.store import Store, Streams

S = TypeVar("S", bound=State)


class Rehearsal:
    """Carries out commands on a copy in memory of the streams they touch.

    It answers as `Commands` would if nobody else wrote meanwhile; the positions it gives out
    follow the head as it was at the beginning.
    """

    def __init__(self, store: Store, *, stored_bytes: Callable[[str], int | None]):
        self._store = store
        self._streams = Streams(store)
        self._stored_bytes = stored_bytes
        self._mapper = EntryMapper()
        self._position = store.head
        self._rehearsed: dict[str, list[Event]] = {}

    def load(self, stream: Stream[S]) -> tuple[int, S]:
        """Return a stream's version and state, what was rehearsed included."""
        version, state = self._streams.load(stream)
        for event in self._rehearsed.get(stream.name, ()):
            version, state = event.version, state.evolve(event)
        return version, state

    def recall(self, cycle_id: str, at: int | None = None) -> Recall:
        """Return what is known of a cycle, what was rehearsed included."""
        rehearsed = (event for events in self._rehearsed.values() for event in events)
        own = (event for event in rehearsed if getattr(event.fact, "cycle_id", None) == cycle_id)
        recorded = Recall().fold(self._store.events_of_cycle(cycle_id, through=at))
        return recorded.fold(sorted(own, key=lambda event: event.position), through=at)

    def event(self, position: int) -> Event | None:
        """Return the event at a position, None if there is none."""
        rehearsed = (event for events in self._rehearsed.values() for event in events if event.position == position)
        return next(rehearsed, None) or self._store.event(position)

    def decide_many(self, requests: Sequence[Request]) -> Callable[[], list[Outcome]]:
        """Decide commands in order and return what tells what would become of each."""
        outcomes = self.execute_many(requests)
        return lambda: outcomes

    def execute_many(self, requests: Sequence[Request]) -> list[Outcome]:
        """Decide commands in order and return what would become of each."""
        self._streams.read_ahead(stream for request in requests for stream in request.command.reads())
        return [self._rehearse(request) for request in requests]

    def _rehearse(self, request: Request) -> Outcome:
        world = World(
            self,
            person_id=request.person_id,
            on_behalf_of=request.on_behalf_of,
            now=self._store.now(),
            stored_bytes=self._stored_bytes,
        )
        try:
            facts = request.command.decide(world)
            return Recorded(tuple([self._take(request, world, fact) for fact in facts]))
        except Refused as refused:
            return refused

    def _take(self, request: Request, world: World, fact: Fact) -> Event:
        """Keep the fact as if it were recorded. Raises MalformedInput if it has no canonical bytes."""
        earlier = self._rehearsed.setdefault(fact.stream, [])
        version = earlier[-1].version if earlier else world.relied_on.get(fact.stream, 0)
        draft = Draft(fact.stream, version + 1, fact, world.actor, request.command_id, request.channel)
        self._mapper.to_stored_event(draft)
        self._position += 1
        earlier.append(draft.recorded(self._position, world.now))
        return earlier[-1]

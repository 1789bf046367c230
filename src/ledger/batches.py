"""Batches: commands that are decided one after the other and appended together.

What a batch decides stands on what it saw, and on nothing that it writes itself: a command that
builds on an earlier one of its batch waits until that one is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from ledger.domain.facts import Channel, Event, State, Stream
from ledger.domain.recall import Recall
from ledger.domain.refusals import Refused
from ledger.domain.world import NOBODY, Command, World
from ledger.entries import Draft
from ledger.recalled import WrittenHistory
from ledger.recorder import Guard
from ledger.store import Store

S = TypeVar("S", bound=State)


class Request(Struct, frozen=True, kw_only=True):
    """A command with who sends it, and how."""

    command: Command
    command_id: UUID
    person_id: str
    on_behalf_of: str | None = None
    channel: Channel = Channel.API
    batch_id: str | None = None
    correlation_id: UUID | None = None
    causation_position: int | None = None

    def unnamed(self) -> Request:
        """The request without its sender where the command is anonymous, otherwise itself."""
        if not self.command.ANONYMOUS:
            return self
        return replace(self, person_id=NOBODY.person_id, on_behalf_of=None)


class Recorded(Struct, frozen=True):
    """The events a command left, now or when it was sent the first time."""

    events: tuple[Event, ...]

    @property
    def position(self) -> int:
        """The last position that the command reached."""
        return self.events[-1].position


Outcome = Recorded | Refused


class Turn(Struct, frozen=True):
    """A request in its place among those of one call, with the digest that a repeat must match."""

    index: int
    request: Request
    digest: bytes


class Undecidable(Exception):
    """The decision asks for what an earlier one of its batch writes: that has to be recorded first."""


class Sight:
    """What the commands of one call see: each stream is read once, until something is appended or found to be old."""

    def __init__(self, store: Store, history: WrittenHistory):
        self._store = store
        self._history = history
        self._seen: dict[str, tuple[int, Any]] = {}
        self.written: set[str] = set()
        """The streams that are decided on, but not recorded yet."""

    def load(self, stream: Stream[S]) -> tuple[int, S]:
        if stream.name in self.written:
            raise Undecidable
        seen = self._seen.get(stream.name)
        if seen is None:
            seen = self._seen[stream.name] = self._history.load(stream)
        return seen

    def recall(self, cycle_id: str, at: int | None = None) -> Recall:
        return self._history.recall(cycle_id, at)

    def event(self, position: int) -> Event | None:
        return self._history.event(position)

    def versions_of(self, streams: Sequence[str]) -> dict[str, int]:
        """The versions of streams of which no more is needed, as they were seen where they were."""
        missing = [stream for stream in streams if stream not in self._seen]
        versions = self._store.versions_of(missing) if missing else {}
        return versions | {stream: self._seen[stream][0] for stream in streams if stream in self._seen}

    def look_again(self) -> None:
        self._seen.clear()
        self.written.clear()


@dataclass(slots=True)
class Batch:
    """The outcomes of commands by index, and the decisions that are not appended yet."""

    sight: Sight
    after: Callable[[], object] = lambda: None
    """Returns when whatever is to be recorded before it is."""
    size: int = 0
    """How many commands it has taken."""
    ids: set[int] = field(default_factory=set[int])
    """Their ids."""
    outcomes: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    decided: list[tuple[Turn, list[Draft]]] = field(default_factory=list[tuple[Turn, list[Draft]]])
    worlds: list[World] = field(default_factory=list[World])
    """Those in which it was decided; all of them saw the same versions."""
    cycles: set[str] = field(default_factory=set[str])

    def world_of(self, request: Request) -> World | None:
        """The world of the last decision, if the request comes from the same person and may be decided there too."""
        world = self.worlds[-1] if self.worlds else None
        # A whole cycle that was recalled is the caller's own copy, of one moment.
        if world is None or world.still:
            return None
        return world if (world.person_id, world.on_behalf_of) == (request.person_id, request.on_behalf_of) else None

    def admits(self, world: World, streams: Sequence[str] = ()) -> bool:
        """Whether facts for these streams, decided in the world, build on nothing that the batch itself writes."""
        return self.cycles.isdisjoint(world.still) and self.sight.written.isdisjoint(streams)

    def add(self, turn: Turn, drafts: list[Draft], streams: Sequence[str], world: World) -> None:
        self.decided.append((turn, drafts))
        if not self.worlds or self.worlds[-1] is not world:
            self.worlds.append(world)
        self.sight.written.update(streams)
        world.written(streams)
        for draft in drafts:
            cycle_id = getattr(draft.fact, "cycle_id", None)
            if cycle_id is not None:
                self.cycles.add(cycle_id)

    def take(self) -> tuple[list[tuple[Turn, list[Draft]]], Guard, set[str]]:
        """Return what is to be appended, its guard and every stream concerned, and begin anew."""
        relied_on: dict[str, int] = {}
        still: dict[str, int] = {}
        for world in self.worlds:
            relied_on.update(world.relied_on)
            still.update(world.still)
        expires_at = min((world.expires_at for world in self.worlds if world.expires_at), default=None)
        written = set(self.sight.written)
        taken = self.decided, guard_of(relied_on, written, still, expires_at), {*relied_on, *written}
        self.decided, self.worlds, self.cycles = [], [], set()
        self.sight.look_again()
        return taken


def guard_of(relied_on: dict[str, int], written: set[str], still: dict[str, int], expires_at: datetime | None) -> Guard:
    """Under what condition decisions that relied on these may be appended."""
    # A written stream is guarded by the uniqueness of its versions.
    versions = {stream: version for stream, version in relied_on.items() if stream not in written}
    return Guard(versions, still, expires_at)

"""Commands carried out: read, decide, append; retry on conflict, answer a repeated command id.

One path for one command and for a batch: everything that can be decided together is
appended in one transaction. Nothing is ever half recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar, cast
from uuid import UUID

from ledger.attempts import Attempts
from ledger.domain.facts import Channel, Event, Fact, State, Stream
from ledger.domain.recall import Recall
from ledger.domain.refusals import IdempotencyConflict, MalformedInput, Refused, StaleExpectedVersion
from ledger.domain.world import NOBODY, Command, World
from ledger.entries import Draft, digest
from ledger.recalled import RecalledCycles, WrittenHistory
from ledger.recorder import Conflict, Guard
from ledger.store import Store, Streams

ATTEMPTS_MAX = 8

S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
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


@dataclass(frozen=True, slots=True)
class Recorded:
    """The events a command left, now or when it was sent the first time."""

    events: tuple[Event, ...]

    @property
    def position(self) -> int:
        """The last position that the command reached."""
        return self.events[-1].position


Outcome = Recorded | Refused


@dataclass(frozen=True, slots=True)
class _Turn:
    """A request in its place among those of one call, with the digest that a repeat must match."""

    index: int
    request: Request
    digest: bytes


class _Undecidable(Exception):
    """The decision asks for what an earlier one of its batch writes: that has to be recorded first."""


class _Sight:
    """What the commands of one call see: each stream is read once, until something is appended or found to be old."""

    def __init__(self, store: Store, history: WrittenHistory):
        self._store = store
        self._history = history
        self._seen: dict[str, tuple[int, State]] = {}
        self.written: set[str] = set()
        """The streams that are decided on, but not recorded yet."""

    def load(self, stream: Stream[S]) -> tuple[int, S]:
        if stream.name in self.written:
            raise _Undecidable
        seen = self._seen.get(stream.name)
        if seen is None:
            seen = self._seen[stream.name] = self._history.load(stream)
        return cast(tuple[int, S], seen)

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
class _Batch:
    """The outcomes of one call by index, and the decisions that are not appended yet."""

    sight: _Sight
    outcomes: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    decided: list[tuple[_Turn, list[Draft]]] = field(default_factory=list[tuple[_Turn, list[Draft]]])
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

    def admits(self, world: World, facts: Sequence[Fact]) -> bool:
        """Whether facts decided in the world can be appended with these: they build on nothing that these write."""
        return self.cycles.isdisjoint(world.still) and not any(fact.stream in self.sight.written for fact in facts)

    def add(self, turn: _Turn, drafts: list[Draft], world: World) -> None:
        self.decided.append((turn, drafts))
        if not self.worlds or self.worlds[-1] is not world:
            self.worlds.append(world)
        streams = [draft.stream for draft in drafts]
        self.sight.written.update(streams)
        world.written(streams)
        for draft in drafts:
            cycle_id = getattr(draft.fact, "cycle_id", None)
            if cycle_id is not None:
                self.cycles.add(cycle_id)

    def take(self) -> tuple[list[tuple[_Turn, list[Draft]]], Guard, set[str]]:
        """Return what is to be appended, its guard and every stream concerned, and begin anew."""
        relied_on: dict[str, int] = {}
        still: dict[str, int] = {}
        for world in self.worlds:
            relied_on.update(world.relied_on)
            still.update(world.still)
        expires_at = min((world.expires_at for world in self.worlds if world.expires_at), default=None)
        written = set(self.sight.written)
        taken = self.decided, _guard(relied_on, written, still, expires_at), {*relied_on, *written}
        self.decided, self.worlds, self.cycles = [], [], set()
        self.sight.look_again()
        return taken


class Commands:
    """Carries out commands on one store; safe to call from several threads."""

    def __init__(self, store: Store, *, stored_bytes: Callable[[str], int | None] = lambda sha256: None):
        self._store = store
        self._streams = Streams(store)
        self._history = WrittenHistory(self._streams, RecalledCycles(store))
        self._attempts = Attempts(store, self._streams)
        self._stored_bytes = stored_bytes

    def execute(self, request: Request) -> Recorded:
        """Carry out one command. Raises Refused; nothing of it is recorded then."""
        outcome = self.execute_many([request])[0]
        if isinstance(outcome, Refused):
            raise outcome
        return outcome

    def execute_many(self, requests: Sequence[Request]) -> list[Outcome]:
        """Carry out commands in order, appended together, and return what became of each.

        A command that reads a stream which an earlier one of the batch writes is decided
        after that one is recorded. If the database fails meanwhile, its error rises and some
        of the commands may be recorded: send them again with the same ids.
        """
        return self.decide_many(requests)()

    def decide_many(self, requests: Sequence[Request]) -> Callable[[], list[Outcome]]:
        """Decide commands as `execute_many` does, and return what appends them and tells the outcomes.

        Another thread may append while this one decides on what comes next, as long as that
        does not build on it: what turns out to have been decided on old streams is decided again.
        """
        barred = self._store.barred()
        if barred is not None:
            return lambda: [barred for _ in requests]
        batch = _Batch(_Sight(self._store, self._history))
        turns = _turns(requests, batch.outcomes)
        named = (turn.request.command.stream() for turn in turns)
        self._streams.read_ahead(stream for stream in named if stream is not None)
        # An id that was recorded before this call is found out by the append: that is dear, but rare.
        ids: set[UUID] = set()
        for turn in turns:
            if turn.request.command_id in ids:
                self._flush(batch)
                batch.outcomes[turn.index] = self._alone(turn)
            else:
                ids.add(turn.request.command_id)
                self._stage(turn, batch)

        def appended() -> list[Outcome]:
            self._flush(batch)
            return [batch.outcomes[index] for index in range(len(requests))]

        return appended

    def _repeated(self, turn: _Turn, earlier: tuple[int, bytes]) -> Outcome:
        position, recorded_digest = earlier
        command_id = turn.request.command_id
        events = self._store.command_events(command_id, position)
        # Before private texts were kept apart, the digest of every command was plain.
        if recorded_digest not in (turn.digest, self._store.private.sealed_digest(turn.digest, events)):
            return IdempotencyConflict(path="command_id", command_id=command_id, position=position)
        return Recorded(tuple(events))

    def _stage(self, turn: _Turn, batch: _Batch) -> None:
        """Decide and put the facts into the batch, or settle the refusal."""
        for _ in range(ATTEMPTS_MAX):
            try:
                world = batch.world_of(turn.request) or self._world(turn.request, batch.sight)
                facts = _facts(turn.request, world, batch.sight)
                if batch.admits(world, facts):
                    batch.add(turn, _drafts(turn, world, facts), world)
                    return
            except _Undecidable:
                pass
            except Refused:
                refused = self._refusal(turn.request, batch)
                if refused is not None:
                    if refused.privileged:
                        # The attempt is recorded in its order, after what came before it.
                        self._flush(batch)
                    batch.outcomes[turn.index] = self._refused(turn, refused)
                    return
            self._flush(batch)
        batch.outcomes[turn.index] = _outrun()

    def _refusal(self, request: Request, batch: _Batch) -> Refused | None:
        """The refusal as it is in a world of its own; None where it rests on what is old, or not recorded yet."""
        world = self._world(request, batch.sight)
        try:
            world.decide(request.command)
        except _Undecidable:
            return None
        except Refused as refused:
            if batch.admits(world, ()) and not self._streams.forget_moved(world.relied_on):
                return refused
        return None

    def _decide(self, request: Request) -> tuple[World, list[Fact] | Refused]:
        """Decide on the streams as they are kept; a refusal is only given on streams that are current."""
        sight = _Sight(self._store, self._history)
        world = self._world(request, sight)
        for _ in range(ATTEMPTS_MAX):
            try:
                return world, _facts(request, world, sight)
            except Refused as refused:
                if not self._streams.forget_moved(world.relied_on):
                    return world, refused
            sight.look_again()
            world = self._world(request, sight)
        return world, _outrun()

    def _world(self, request: Request, sight: _Sight) -> World:
        return World(
            sight,
            person_id=request.person_id,
            on_behalf_of=request.on_behalf_of,
            now=self._store.now(),
            stored_bytes=self._stored_bytes,
        )

    def _refused(self, turn: _Turn, refused: Refused) -> Outcome:
        """Answer a refusal, unless this very command was recorded by another sender before it was decided here."""
        request = turn.request
        earlier = self._store.outcomes([request.command_id]).get(request.command_id)
        if earlier is not None:
            return self._repeated(turn, earlier)
        if refused.privileged:
            self._attempts.record(
                request.command,
                refused,
                person_id=request.person_id,
                on_behalf_of=request.on_behalf_of,
                command_id=request.command_id,
                channel=request.channel,
            )
        return refused

    def _flush(self, batch: _Batch) -> None:
        """Append what is decided; after a conflict decide it again."""
        decided, guard, streams = batch.take()
        if not decided:
            return
        try:
            events = self._store.append([draft for _, drafts in decided for draft in drafts], guard)
        except (Conflict, MalformedInput):
            self._streams.forget(streams)
            self._again([turn for turn, _ in decided], batch)
            return
        self._streams.advance(events)
        start = 0
        for turn, drafts in decided:
            batch.outcomes[turn.index] = Recorded(tuple(events[start : start + len(drafts)]))
            start += len(drafts)

    def _again(self, turns: Sequence[_Turn], batch: _Batch) -> None:
        """Answer those that are recorded already and decide the others together; if there are none, each by itself."""
        recorded = self._store.outcomes([turn.request.command_id for turn in turns])
        for turn in turns:
            earlier = recorded.get(turn.request.command_id)
            if earlier is not None:
                batch.outcomes[turn.index] = self._repeated(turn, earlier)
            elif recorded:
                self._stage(turn, batch)
            else:
                batch.outcomes[turn.index] = self._alone(turn)
        self._flush(batch)

    def _alone(self, turn: _Turn) -> Outcome:
        command_id = turn.request.command_id
        for _ in range(ATTEMPTS_MAX):
            earlier = self._store.outcomes([command_id]).get(command_id)
            if earlier is not None:
                return self._repeated(turn, earlier)
            world, decided = self._decide(turn.request)
            if isinstance(decided, Refused):
                return self._refused(turn, decided)
            drafts = _drafts(turn, world, decided)
            written = {draft.stream for draft in drafts}
            try:
                events = self._store.append(drafts, _guard(world.relied_on, written, world.still, world.expires_at))
            except Conflict:
                self._streams.forget({*world.relied_on, *written})
                continue
            except MalformedInput as malformed:
                return malformed
            self._streams.advance(events)
            return Recorded(tuple(events))
        return _outrun()


def _turns(requests: Sequence[Request], outcomes: dict[int, Outcome]) -> list[_Turn]:
    """Those requests that can be read, in order; the others are refused at once, before their text meets the store."""
    turns: list[_Turn] = []
    for index, request in enumerate(given.unnamed() for given in requests):
        try:
            turns.append(_Turn(index, request, digest(request.command, request.person_id, request.on_behalf_of)))
        except MalformedInput as malformed:
            outcomes[index] = malformed
    return turns


def _facts(request: Request, world: World, sight: _Sight) -> list[Fact]:
    facts = world.decide(request.command)
    # A fact comes after what its stream holds, even if the decision needed nothing of it.
    unread = [fact.stream for fact in facts if fact.stream not in world.relied_on]
    if unread:
        world.relied_on.update(sight.versions_of(unread))
    return facts


def _guard(relied_on: dict[str, int], written: set[str], still: dict[str, int], expires_at: datetime | None) -> Guard:
    # A written stream is guarded by the uniqueness of its versions.
    versions = {stream: version for stream, version in relied_on.items() if stream not in written}
    return Guard(versions, still, expires_at)


def _drafts(turn: _Turn, world: World, facts: list[Fact]) -> list[Draft]:
    request = turn.request
    versions: dict[str, int] = {}
    drafts: list[Draft] = []
    for fact in facts:
        stream = fact.stream
        versions[stream] = versions.get(stream, world.relied_on.get(stream, 0)) + 1
        drafts.append(
            Draft(
                stream=stream,
                version=versions[stream],
                fact=fact,
                actor=world.actor,
                command_id=request.command_id,
                channel=request.channel,
                batch_id=request.batch_id,
                correlation_id=request.correlation_id,
                causation_position=request.causation_position,
                command_digest=None if drafts else turn.digest,
            )
        )
    return drafts


def _outrun() -> Refused:
    return StaleExpectedVersion(hint="Others kept changing the same streams; try again.")

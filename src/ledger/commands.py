"""Commands carried out: read, decide, append; retry on conflict, answer a repeated command id.

One path for one command and for a batch: everything that can be decided together is
appended in one transaction. Nothing is ever half recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ledger.attempts import Attempts
from ledger.batches import Batch, Outcome, Recorded, Request, Sight, Turn, Undecidable, guard_of
from ledger.domain.facts import Fact
from ledger.domain.refusals import IdempotencyConflict, MalformedInput, Refused, StaleExpectedVersion
from ledger.domain.world import World
from ledger.entries import Draft, digest
from ledger.recalled import RecalledCycles, WrittenHistory
from ledger.recorder import Conflict
from ledger.store import Store, Streams

ATTEMPTS_MAX = 8


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
        batch = self.begin()
        self.decide(requests, batch)
        return lambda: self.append(batch)

    def begin(self, after: Callable[[], object] = lambda: None) -> Batch:
        """A batch of commands, none as yet; `after` returns when what comes before it is appended."""
        return Batch(Sight(self._store, self._history), after)

    def decide(self, requests: Sequence[Request], batch: Batch) -> None:
        """Decide commands, in order, after those that the batch has already."""
        first, batch.size = batch.size, batch.size + len(requests)
        barred = self._store.barred()
        if barred is not None:
            batch.outcomes.update(dict.fromkeys(range(first, batch.size), barred))
            return
        turns = _turns(requests, first, batch.outcomes)
        self._streams.read_ahead(stream for turn in turns for stream in turn.request.command.reads())
        # An id that was recorded before this batch is found out by the append: that is dear, but rare.
        for turn in turns:
            if turn.request.command_id.int in batch.ids:
                self._flush(batch)
                batch.outcomes[turn.index] = self._alone(turn)
            else:
                batch.ids.add(turn.request.command_id.int)
                self._stage(turn, batch)

    def append(self, batch: Batch) -> list[Outcome]:
        """Append what the batch has decided on and return what became of each of its commands."""
        self._flush(batch)
        return [batch.outcomes[index] for index in range(batch.size)]

    def _repeated(self, turn: Turn, earlier: tuple[int, bytes]) -> Outcome:
        position, recorded_digest = earlier
        command_id = turn.request.command_id
        events = self._store.command_events(command_id, position)
        # Before private texts were kept apart, the digest of every command was plain.
        if recorded_digest not in (turn.digest, self._store.private.sealed_digest(turn.digest, events)):
            return IdempotencyConflict(path="command_id", command_id=command_id, position=position)
        return Recorded(tuple(events))

    def _stage(self, turn: Turn, batch: Batch) -> None:
        """Decide and put the facts into the batch, or settle the refusal."""
        for _ in range(ATTEMPTS_MAX):
            try:
                world = batch.world_of(turn.request) or self._world(turn.request, batch.sight)
                facts = world.decide(turn.request.command)
                streams = _streams_of(facts, world, batch.sight)
                if batch.admits(world, streams):
                    batch.add(turn, _drafts(turn, world, facts, streams), streams, world)
                    return
            except Undecidable:
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

    def _refusal(self, request: Request, batch: Batch) -> Refused | None:
        """The refusal as it is in a world of its own; None where it rests on what is old, or not recorded yet."""
        world = self._world(request, batch.sight)
        try:
            world.decide(request.command)
        except Undecidable:
            return None
        except Refused as refused:
            if batch.admits(world) and not self._streams.forget_moved(world.relied_on):
                return refused
        return None

    def _decide(self, turn: Turn) -> tuple[World, list[Draft] | Refused]:
        """Decide on the streams as they are kept; a refusal is only given on streams that are current."""
        request, sight = turn.request, Sight(self._store, self._history)
        world = self._world(request, sight)
        for _ in range(ATTEMPTS_MAX):
            try:
                facts = world.decide(request.command)
                return world, _drafts(turn, world, facts, _streams_of(facts, world, sight))
            except Refused as refused:
                if not self._streams.forget_moved(world.relied_on):
                    return world, refused
            sight.look_again()
            world = self._world(request, sight)
        return world, _outrun()

    def _world(self, request: Request, sight: Sight) -> World:
        return World(
            sight,
            person_id=request.person_id,
            on_behalf_of=request.on_behalf_of,
            now=self._store.now(),
            stored_bytes=self._stored_bytes,
        )

    def _refused(self, turn: Turn, refused: Refused) -> Outcome:
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

    def _flush(self, batch: Batch) -> None:
        """Append what is decided; after a conflict decide it again."""
        batch.after()
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

    def _again(self, turns: Sequence[Turn], batch: Batch) -> None:
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

    def _alone(self, turn: Turn) -> Outcome:
        command_id = turn.request.command_id
        for _ in range(ATTEMPTS_MAX):
            earlier = self._store.outcomes([command_id]).get(command_id)
            if earlier is not None:
                return self._repeated(turn, earlier)
            world, decided = self._decide(turn)
            if isinstance(decided, Refused):
                return self._refused(turn, decided)
            written = {draft.stream for draft in decided}
            try:
                events = self._store.append(decided, guard_of(world.relied_on, written, world.still, world.expires_at))
            except Conflict:
                self._streams.forget({*world.relied_on, *written})
                continue
            except MalformedInput as malformed:
                return malformed
            self._streams.advance(events)
            return Recorded(tuple(events))
        return _outrun()


def _turns(requests: Sequence[Request], first: int, outcomes: dict[int, Outcome]) -> list[Turn]:
    """Those requests that can be read, in order; the others are refused at once, before their text meets the store."""
    turns: list[Turn] = []
    for index, request in enumerate((given.unnamed() for given in requests), start=first):
        try:
            turns.append(Turn(index, request, digest(request.command, request.person_id, request.on_behalf_of)))
        except MalformedInput as malformed:
            outcomes[index] = malformed
    return turns


def _streams_of(facts: Sequence[Fact], world: World, sight: Sight) -> list[str]:
    """The streams that facts belong to; each comes after what its stream holds, even if the decision did not ask."""
    streams = [fact.stream for fact in facts]
    unread = [stream for stream in streams if stream not in world.relied_on]
    if unread:
        world.relied_on.update(sight.versions_of(unread))
    return streams


def _drafts(turn: Turn, world: World, facts: Sequence[Fact], streams: Sequence[str]) -> list[Draft]:
    request = turn.request
    versions: dict[str, int] = {}
    drafts: list[Draft] = []
    for fact, stream in zip(facts, streams, strict=True):
        versions[stream] = version = versions.get(stream, world.relied_on.get(stream, 0)) + 1
        drafts.append(
            Draft(
                stream,
                version,
                fact,
                world.actor,
                request.command_id,
                request.channel,
                request.batch_id,
                request.correlation_id,
                request.causation_position,
                None if drafts else turn.digest,
            )
        )
    return drafts


def _outrun() -> Refused:
    return StaleExpectedVersion(hint="Others kept changing the same streams; try again.")


__all__ = ["Commands", "Outcome", "Recorded", "Request"]

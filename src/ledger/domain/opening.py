"""The ledger itself: its first events, and the attempts it refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.domain.facts import Audience, Event, Fact, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerOpened(Fact):
    """The ledger began."""

    AUDIENCE = Audience.EVERYBODY

    title: str

    @property
    def stream(self) -> str:
        return LEDGER_STREAM.name


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRefused(Fact):
    """A privileged attempt was refused; at most one is recorded per actor, code and target in 60 seconds."""

    AUDIENCE = Audience.INSPECTION

    command_type: str
    target: str
    code: str
    message: str
    count: int
    """How many times it was refused since the attempt recorded before, this one included."""
    cycle_id: str | None = None
    unit_id: str | None = None
    indicator_id: str | None = None
    period: str | None = None
    person_id: str

    @property
    def stream(self) -> str:
        return refusal_stream(self.person_id, self.code, self.target).name


@dataclass(frozen=True, slots=True)
class Opened:
    """Whether the ledger has begun."""

    title: str = ""

    def evolve(self, event: Event, /) -> Opened:
        """Return the state after `event`."""
        return Opened(event.fact.title) if isinstance(event.fact, LedgerOpened) else self


@dataclass(frozen=True, slots=True)
class Refusals:
    """When an attempt of one kind was recorded last."""

    recorded_at: datetime | None = None

    def evolve(self, event: Event, /) -> Refusals:
        """Return the state after `event`."""
        return Refusals(event.recorded_at)


LEDGER_STREAM: Stream[Opened] = Stream("ledger", Opened())


def refusal_stream(person_id: str, code: str, target: str) -> Stream[Refusals]:
    """The stream of one person's refused attempts of one kind on one target."""
    return Stream(f"refusal:{person_id}:{code}:{target}", Refusals())

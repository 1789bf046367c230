"""The ledger itself: how it began, what it refused, and how it came back from a backup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.domain.facts import Audience, Event, Fact, Stream
from ledger.domain.refusals import Refused


class LedgerReadOnly(Refused):
    """An older backup was put back: nothing is recorded until what was lost is restored or given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerOpened(Fact):
    """The ledger began."""

    AUDIENCE = Audience.EVERYBODY

    title: str

    @property
    def stream(self) -> str:
        return LEDGER_STREAM.name


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreFact(Fact):
    """A fact about an older backup that was put in the ledger's place."""

    AUDIENCE = Audience.EVERYBODY

    restored_size: int
    """How many entries the backup had."""
    reason: str
    approved_by: str

    @property
    def stream(self) -> str:
        return LEDGER_STREAM.name


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRestored(RestoreFact):
    """What a backup lacked was filled in again from an export, byte for byte."""

    refilled_through: int
    """The last position that was filled in: everything that had been signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReopened(RestoreFact):
    """What a backup lacked is lost; the ledger goes on from the backup, as a log of another name."""

    origin: str
    """The name of the log from now on."""
    previous_origin: str
    lost_through: int
    """The last position that was lost; the first is behind the backup."""
    checkpoint: str
    """The last checkpoint of the log before, as a signed note: what was lost can be recognised by it."""


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

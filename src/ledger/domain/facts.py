"""Facts and events: what can be recorded, and how it is recorded.

A *fact* is what was decided, in the domain's words. An *event* is a fact in its place: its
position in the whole ledger, its version in one stream, who did it, when, on which command.
The name of a fact's class is its type for ever; a changed meaning is a new class.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar, Generic, NamedTuple, Protocol, Self, TypeVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that was decided and is recorded for good."""

    SCHEMA: ClassVar[int] = 1
    VALUE: ClassVar[str | None] = None
    """The field that holds the score's value, where the fact bears one."""
    CITES: ClassVar[str | None] = None
    """The field that holds the position this fact stands on."""
    MOVES: ClassVar[bool] = False
    """Whether a group's results may be others after it: its unit's group, or every group where it names no unit."""
    AUDIENCE: ClassVar[Audience]
    """Who may see it."""
    PRIVATE: ClassVar[tuple[str, ...]] = ()
    """The fields for names of persons and texts about them, which the ledger holds as commitments only."""
    PERSONS: ClassVar[tuple[str, ...]] = ("subject_id",)
    """The fields that say whom those texts are about; where they name nobody, the texts are not private."""

    @property
    def stream(self) -> str:
        """The stream this fact belongs to."""
        raise NotImplementedError

    def __init_subclass__(cls) -> None:
        # dataclass(slots=True) makes each class twice; the second one is the real one.
        FACTS[cls.__name__] = cls


FACTS: dict[str, type[Fact]] = {}
"""Every kind of fact by its type, and the bases they share."""


class Audience(StrEnum):
    """Who may see a fact; the finer rule for scores is in `visibility`."""

    EVERYBODY = "EVERYBODY"
    """Anybody signed in: plans, units, targets, measures."""
    SCORE = "SCORE"
    """Whoever may see the score that the fact is about."""
    REGISTRY = "REGISTRY"
    """Those who run the process and the person concerned: persons, roles, delegations."""
    RESULT = "RESULT"
    """Whoever may see the total of the unit that the fact is about; everything, where it names no unit."""
    PUBLICATION = "PUBLICATION"
    """The audience that the fact itself names; results of persons only whoever may see cadres."""
    CADRE = "CADRE"
    """The leading group, the organisation department, inspectors, and the cadre whom the fact is about."""
    INSPECTION = "INSPECTION"
    """Discipline inspection only: refused attempts, cases and flags."""


class Channel(StrEnum):
    """Which way a command came in."""

    WEB = "WEB"
    API = "API"
    IMPORT = "IMPORT"
    SYSTEM = "SYSTEM"


PERSONS_NAMED_MAX = 1_024
"""For how many actors the set of their persons is kept: nearly every decision asks for it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted, as it was then: later changes of role or unit do not alter history."""

    person_id: str
    role: str
    unit_id: str | None = None
    on_behalf_of: str | None = None

    @property
    def persons(self) -> frozenset[str]:
        """The person who acted and the one they acted for."""
        return _persons(self.person_id, self.on_behalf_of)


@lru_cache(maxsize=PERSONS_NAMED_MAX)
def _persons(person_id: str, on_behalf_of: str | None) -> frozenset[str]:
    return frozenset((person_id, on_behalf_of or person_id))


class Event(NamedTuple):
    """A fact in its place in the ledger.

    A named tuple is made in a third of the time of a frozen dataclass, and histories are long.
    """

    position: int
    recorded_at: datetime
    stream: str
    version: int
    fact: Fact
    actor: Actor
    command_id: UUID
    channel: Channel = Channel.API
    batch_id: str | None = None
    correlation_id: UUID | None = None
    causation_position: int | None = None

    @property
    def type(self) -> str:
        """The name of the fact's class."""
        return type(self.fact).__name__


class State(Protocol):
    """What decisions need to know of one stream, folded from its events."""

    def evolve(self, event: Event, /) -> Self:
        """Return the state after `event`."""
        ...


S = TypeVar("S", bound=State)


STREAMS_NAMED_MAX = 4_096
"""How many streams of one kind are kept by their names: decisions ask for the same few again and again."""


class Stream(NamedTuple, Generic[S]):
    """The name of a stream and the state it starts from."""

    name: str
    initial: S

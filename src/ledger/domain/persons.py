"""Persons: who they are, the roles they hold, and who may act for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from ledger.domain.facts import STREAMS_NAMED_MAX, Audience, Event, Fact, Stream
from ledger.domain.roles import Grant, Role, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFact(Fact):
    """A fact about one person."""

    AUDIENCE = Audience.REGISTRY

    subject_id: str

    @property
    def stream(self) -> str:
        return person_stream(self.subject_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRegistered(PersonFact):
    """A person was made known to the ledger."""

    PRIVATE = ("display_name",)

    display_name: str
    home_unit_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGranted(PersonFact):
    """A role was given to the person, decided by one and executed by another."""

    role: Role
    scope: Scope
    valid_from: date
    valid_to: date | None = None
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRevoked(PersonFact):
    """A role was taken back, from a day on."""

    CITES = "granted_position"
    PRIVATE = ("reason",)

    granted_position: int
    revoked_from: date
    reason: str
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationGranted(PersonFact):
    """The person may act for another, in one of the other's roles, for at most 30 days."""

    # Why somebody lends a role says something about them, such as an illness, and about who stands in.
    PRIVATE = ("reason",)
    PERSONS = ("from_person_id", "subject_id")

    from_person_id: str
    role: Role
    valid_from: date
    valid_to: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationRevoked(PersonFact):
    """The person no longer acts for the other."""

    CITES = "delegated_position"

    from_person_id: str
    delegated_position: int
    revoked_from: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectErased(PersonFact):
    """The person's name and the texts about them were made unreadable for good; the entries stay."""

    legal_basis: str
    """The provision that asks for it; it must not itself tell about the person."""
    approved_by: str

    @property
    def stream(self) -> str:
        # One stream for all, so that every erasure is found at once when an old store of keys comes back.
        return ERASURES.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """A role lent by another person; both days included."""

    from_person_id: str
    role: Role
    position: int
    valid_from: date
    valid_to: date

    def in_force(self, day: date) -> bool:
        """Whether the delegation holds on the local `day`."""
        return self.valid_from <= day <= self.valid_to


@dataclass(frozen=True, slots=True)
class Person:
    """What decisions need to know of a person."""

    display_name: str = ""
    home_unit_id: str | None = None
    grants: tuple[Grant, ...] = ()
    delegations: tuple[Delegation, ...] = ()

    def evolve(self, event: Event, /) -> Person:
        """Return the person after `event`."""
        match event.fact:
            case PersonRegistered() as fact:
                return replace(self, display_name=fact.display_name, home_unit_id=fact.home_unit_id)
            case RoleGranted() as fact:
                grant = Grant(
                    role=fact.role,
                    scope=fact.scope,
                    position=event.position,
                    valid_from=fact.valid_from,
                    valid_to=fact.valid_to,
                )
                return replace(self, grants=(*self.grants, grant))
            case RoleRevoked() as fact:
                grants = tuple(
                    grant.ended_on(fact.revoked_from) if grant.position == fact.granted_position else grant
                    for grant in self.grants
                )
                return replace(self, grants=grants)
            case DelegationGranted() as fact:
                delegation = Delegation(
                    from_person_id=fact.from_person_id,
                    role=fact.role,
                    position=event.position,
                    valid_from=fact.valid_from,
                    valid_to=fact.valid_to,
                )
                return replace(self, delegations=(*self.delegations, delegation))
            case DelegationRevoked() as fact:
                kept = tuple(d for d in self.delegations if d.position != fact.delegated_position)
                return replace(self, delegations=kept)
            case _:
                return self


@dataclass(frozen=True, slots=True)
class Erasures:
    """Who was erased."""

    subject_ids: frozenset[str] = frozenset()

    def evolve(self, event: Event, /) -> Erasures:
        """Return the state after `event`."""
        return Erasures(self.subject_ids | {event.fact.subject_id}) if isinstance(event.fact, SubjectErased) else self


ERASURES: Stream[Erasures] = Stream("erasures", Erasures())


@lru_cache(maxsize=STREAMS_NAMED_MAX)
def person_stream(person_id: str) -> Stream[Person]:
    """The stream of one person."""
    return Stream(f"person:{person_id}", Person())

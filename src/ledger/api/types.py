"""What clients see of the ledger itself: events, actors, instants, units, persons."""

from __future__ import annotations

import base64
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import strawberry
from strawberry.types import Info

from ledger.api.context import Context
from ledger.api.derived import enums, output_of, shape_of
from ledger.api.glossary import summary
from ledger.api.proofs import InclusionProof, TreeSize
from ledger.api.reads import proofs
from ledger.api.scalars import JSON, Position
from ledger.domain import facts as domain_facts
from ledger.domain.facts import Channel
from ledger.domain.persons import Delegation, Person
from ledger.domain.roles import Grant
from ledger.domain.units import UnitCategory
from ledger.entries import plain_data
from ledger.results import AsOf as Moment

enums(Channel, UnitCategory)
if TYPE_CHECKING:
    from ledger.domain.persons import Delegation as DelegationType
    from ledger.domain.roles import Grant as GrantType
else:
    GrantType, DelegationType = output_of(Grant), output_of(Delegation)


@strawberry.interface(description="Something with an id that is unique in the whole ledger.")
class Node:
    id: strawberry.ID = strawberry.field(description="The id, to be handed back to `node`.")


def global_id(kind: str, name: object) -> strawberry.ID:
    """An opaque id that says the type and the name."""
    return strawberry.ID(base64.urlsafe_b64encode(f"{kind}:{name}".encode()).decode())


@cache
def node_of(kind: type, *key: str) -> Any:
    """The GraphQL object type of a domain dataclass, with an id that is made of the key's fields."""

    def id(root: Any) -> strawberry.ID:
        return global_id(kind.__name__, "|".join(str(getattr(root, name)) for name in key))

    def is_type_of(cls: type, value: object, info: object) -> bool:
        return isinstance(value, kind)

    namespace: dict[str, Any] = dict(vars(shape_of(kind, kind.__name__, output_of, optional=False)))
    namespace["id"] = strawberry.field(resolver=id, description="The id, to be handed back to `node`.")
    namespace["is_type_of"] = classmethod(is_type_of)
    node = type(kind.__name__, (Node,), namespace)
    return strawberry.type(node, name=kind.__name__, description=summary(kind))


def read_global_id(id: str) -> tuple[str, str]:
    """The type and the name an id stands for; an id that is none of ours stands for nothing."""
    try:
        kind, _, name = base64.urlsafe_b64decode(id).decode().partition(":")
    except ValueError:
        return "", ""
    return kind, name


@strawberry.type(description="The last position that an answer includes, with its instant.")
class AsOf:
    position: Position = strawberry.field(
        description="The last position that the answer includes; 0 is before the first."
    )
    recorded_at: datetime | None = strawberry.field(description="When that position was recorded.")


def shown(at: Moment | AsOf) -> AsOf:
    """A moment as clients see it."""
    return AsOf(position=Position(at.position), recorded_at=at.recorded_at)


@strawberry.input(one_of=True, description="A moment of the ledger: a position, or an instant.")
class AsOfInput:
    position: Position | None = strawberry.field(
        default=strawberry.UNSET, description="As known at this position, which is included."
    )
    recorded_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="As known at this instant: the last position recorded at or before it."
    )


@strawberry.type(description="Who acted, as it was then: later changes of role or unit do not alter history.")
class Actor:
    person_id: str = strawberry.field(description="The person who acted.")
    role: str = strawberry.field(description="The role they acted in; NONE for a refused attempt.")
    unit_id: str | None = strawberry.field(description="The unit they belonged to.")
    on_behalf_of: str | None = strawberry.field(description="The person acted for.")

    @classmethod
    def of(cls, actor: domain_facts.Actor) -> Actor:
        """The actor of an event."""
        return cls(person_id=actor.person_id, role=actor.role, unit_id=actor.unit_id, on_behalf_of=actor.on_behalf_of)


@strawberry.type(description="A name or a text about persons; the entry holds a commitment in its place.")
class PrivateText:
    field: str = strawberry.field(description="The field of the fact, as it is spelled in the entry.")
    text: str | None = strawberry.field(description="The text; null once a person whom it is about was erased.")


@strawberry.type(description="An immutable fact in its place in the ledger.")
class Event(Node):
    position: Position = strawberry.field(description="The place in the whole ledger, from 1, without gaps.")
    recorded_at: datetime = strawberry.field(description="When the ledger recorded it; never runs back.")
    stream: str = strawberry.field(description="The history it belongs to.")
    version: int = strawberry.field(description="Its place in that history, from 1.")
    type: str = strawberry.field(description="The name of the fact.")
    actor: Actor = strawberry.field(description="Who acted.")
    command_id: UUID = strawberry.field(description="The id the client gave the command.")
    channel: Channel = strawberry.field(description="Which way the command came in.")
    batch_id: str | None = strawberry.field(description="The import batch it belongs to.")
    correlation_id: UUID | None = strawberry.field(description="The process it belongs to.")
    causation_position: Position | None = strawberry.field(description="The event that caused it.")
    fact: strawberry.Private[domain_facts.Fact]

    @strawberry.field(description="What was recorded, as it stands in the entry.")
    def data(self) -> JSON:
        return JSON(plain_data(self.fact))

    @strawberry.field(description="The names and texts about persons that its commitments stand for.")
    async def texts(self, info: Info[Context, None]) -> list[PrivateText]:
        found = await info.context.in_thread(info.context.service.store.private.texts, self.fact)
        return [PrivateText(field=field, text=text) for field, text in found]

    @strawberry.field(description="The proof that it is in the log.")
    async def proof(self, info: Info[Context, None], size: TreeSize = None) -> InclusionProof:
        return await info.context.answer(proofs.inclusion, info.context, self.position, size)

    @classmethod
    def of(cls, event: domain_facts.Event) -> Event:
        """An event of the ledger."""
        return cls(
            id=global_id("Event", event.position),
            position=Position(event.position),
            recorded_at=event.recorded_at,
            stream=event.stream,
            version=event.version,
            type=event.type,
            actor=Actor.of(event.actor),
            command_id=event.command_id,
            channel=event.channel,
            batch_id=event.batch_id,
            correlation_id=event.correlation_id,
            causation_position=Position(event.causation_position) if event.causation_position else None,
            fact=event.fact,
        )


@strawberry.type(name="Person", description="A person known to the ledger.")
class PersonType(Node):
    person_id: str = strawberry.field(description="The person's id, which never changes.")
    display_name: str | None = strawberry.field(description="What the person is called; null once they were erased.")
    home_unit_id: str | None = strawberry.field(description="The unit the person belongs to.")
    roles: list[GrantType] = strawberry.field(description="Every role ever granted, with the position that granted it.")
    delegations: list[DelegationType] = strawberry.field(description="Roles of others the person may act in.")

    @classmethod
    def of(cls, person_id: str, person: Person, display_name: str | None) -> PersonType:
        """A person's state, with the name that its commitment stands for."""
        return cls(
            id=global_id("Person", person_id),
            person_id=person_id,
            display_name=display_name,
            home_unit_id=person.home_unit_id,
            roles=list(person.grants),
            delegations=list(person.delegations),
        )


@strawberry.type(name="Unit", description="An assessed organisation, whose id never changes whatever it is called.")
class UnitType(Node):
    unit_id: str = strawberry.field(description="The unit's id.")
    name_zh: str = strawberry.field(description="The Chinese name, as of the answer.")
    name_en: str | None = strawberry.field(description="The English name.")
    category: UnitCategory = strawberry.field(description="What kind of organisation it is.")
    parent_unit_id: str | None = strawberry.field(description="The unit this one is subordinate to.")
    effective_on: date | None = strawberry.field(description="The day from which it exists.")
    predecessors: list[str] = strawberry.field(description="The units that it came from directly, in any cycle.")
    successors: list[str] = strawberry.field(description="The units that it became directly, in any cycle.")
    as_of: AsOf = strawberry.field(description="The last position that the answer includes.")

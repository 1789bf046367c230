"""What clients see of a person's acts."""

from __future__ import annotations

import strawberry

from ledger.api.scalars import Position
from ledger.api.types import Event, Node


@strawberry.type(description="An event with the capacities in which the person had to do with it.")
class Activity(Node):
    position: Position = strawberry.field(description="The place in the whole ledger.")
    capacities: list[str] = strawberry.field(
        description="ACTED, ACTED_FOR (another acted for them), REQUESTED, APPROVED or CONCERNED."
    )
    event: Event = strawberry.field(description="The event.")


@strawberry.type(description="How often a person had to do with one kind of event in one capacity.")
class ActivityCount:
    type: str = strawberry.field(description="The name of the fact.")
    capacity: str = strawberry.field(description="The capacity.")
    count: int = strawberry.field(description="How many times.")

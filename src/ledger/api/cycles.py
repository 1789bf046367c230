"""What clients see of cycles and plans."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import strawberry

from ledger.api.derived import enums, output_of
from ledger.api.scalars import Position
from ledger.api.types import AsOf, Node, global_id
from ledger.domain import cycle as domain
from ledger.domain import plan
from ledger.domain.phases import Phase
from ledger.domain.plan import Participation

enums(Phase, Participation)
if TYPE_CHECKING:
    from ledger.domain.cycle import Exemption
    from ledger.domain.plan import Plan as PlanContent
else:
    PlanContent, Exemption = output_of(plan.Plan), output_of(domain.Exemption)


@strawberry.type(description="A version of the annual plan, whole, with the position that issued it.")
class PlanVersion:
    plan_version: int = strawberry.field(description="The version of the plan.")
    position: Position = strawberry.field(description="The event that issued it.")
    in_force_from_period: str | None = strawberry.field(description="The first period it holds for; null is all.")
    content_hash: str = strawberry.field(description="SHA-256 over the canonical content, in hexadecimal.")
    content: PlanContent = strawberry.field(description="The plan.")

    @classmethod
    def of(cls, version: domain.PlanVersion) -> PlanVersion:
        """A plan version of the domain."""
        return cls(
            plan_version=version.plan_version,
            position=Position(version.position),
            in_force_from_period=version.in_force_from_period,
            content_hash=version.plan.content_hash(),
            content=version.plan,
        )


@strawberry.type(description="How a unit takes part in a cycle.")
class Membership:
    unit_id: str = strawberry.field(description="The unit.")
    group_id: str = strawberry.field(description="Its group.")
    participation: Participation = strawberry.field(description="How it takes part.")


@strawberry.type(description="One assessment year.")
class Cycle(Node):
    cycle_id: str = strawberry.field(description="The cycle's id.")
    title: str = strawberry.field(description="The title.")
    phase: Phase = strawberry.field(description="Where the cycle stands.")
    starts_on: date | None = strawberry.field(description="The first day.")
    ends_on: date | None = strawberry.field(description="The last day.")
    plan: PlanVersion | None = strawberry.field(description="The plan version issued last.")
    memberships: list[Membership] = strawberry.field(description="Every assessed unit with its group.")
    exemptions: list[Exemption] = strawberry.field(description="Indicators that do not apply to a unit.")
    as_of: AsOf = strawberry.field(description="The last position that the answer includes.")

    @classmethod
    def of(cls, cycle_id: str, cycle: domain.Cycle, phase: Phase, as_of: AsOf) -> Cycle:
        """A cycle of the domain in the phase that it is shown in."""
        members = cycle.membership.items() if cycle.versions else ()
        return cls(
            id=global_id("Cycle", cycle_id),
            cycle_id=cycle_id,
            title=cycle.title,
            phase=phase,
            starts_on=cycle.starts_on,
            ends_on=cycle.ends_on,
            plan=PlanVersion.of(cycle.latest) if cycle.versions else None,
            memberships=[Membership(unit_id=u, group_id=g, participation=p) for u, (g, p) in sorted(members)],
            exemptions=list(cycle.exemptions),
            as_of=as_of,
        )

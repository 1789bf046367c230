"""What a later version of a plan says otherwise than an earlier one, and whom it helped."""

from __future__ import annotations

import strawberry

from ledger.api.arguments import AnyPeriod, AskInfo
from ledger.api.context import Context
from ledger.api.reads import results
from ledger.api.results import Impact
from ledger.api.scalars import Position
from ledger.api.types import AsOf, shown
from ledger.domain.plan_difference import differences
from ledger.results import AsOf as Moment


@strawberry.type(description="One place in which two versions of a plan differ.")
class PlanChange:
    path: str = strawberry.field(
        description="The place, as the plan spells it, such as indicators[GDP].weights[G1].weight."
    )
    old: str | None = strawberry.field(description="What stands there in the earlier version; null if it has no such.")
    new: str | None = strawberry.field(description="What stands there in the later version; null if it has no such.")


@strawberry.type(description="What a later version of a plan says otherwise than an earlier one.")
class PlanDiff:
    from_version: int = strawberry.field(description="The earlier version.")
    to_version: int = strawberry.field(description="The later version.")
    changes: list[PlanChange] = strawberry.field(description="Every place in which they differ, in the plan's order.")
    issued: list[Position] = strawberry.field(
        description="The events that issued the versions after the earlier one, up to the later one."
    )
    as_of: AsOf = strawberry.field(description="The last position that the answer includes.")

    @strawberry.field(description="What each of these events moved when it was recorded, in their order.")
    async def impacts(self, info: AskInfo, period: AnyPeriod = None) -> list[Impact]:
        context = info.context
        return await context.ask(info, lambda: [results.impact(context, position, period) for position in self.issued])


def plan_diff(context: Context, cycle_id: str, from_version: int, to_version: int | None, at: Moment) -> PlanDiff:
    """Two versions of a plan compared; the latest, if no later one is named. Raises PlanNotInForce, UnknownId."""
    context.visibility()
    state = context.service.answers.cycle(cycle_id, at.position)
    earlier, later = state.version(from_version, path="from"), state.version(to_version, path="to")
    return PlanDiff(
        from_version=earlier.plan_version,
        to_version=later.plan_version,
        changes=[PlanChange(path=p, old=old, new=new) for p, old, new in differences(earlier.plan, later.plan)],
        issued=[Position(each.position) for each in state.versions_after(earlier, later)],
        as_of=shown(at),
    )

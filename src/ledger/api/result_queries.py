"""Queries about results: rankings, what moved them, why a total is what it is, and where points are lost."""

from __future__ import annotations

from typing import Annotated

import strawberry

from ledger.api import plan_diffs
from ledger.api.arguments import (
    AnyPeriod,
    AskInfo,
    AsOfArgument,
    AtLeast,
    BasisArgument,
    CycleId,
    GroupId,
    UnitId,
)
from ledger.api.plan_diffs import PlanDiff
from ledger.api.reads import results
from ledger.api.reads.moments import moment
from ledger.api.results import Counterfactual, Impact, IndicatorGap, Ranking, RankingDiff, UnitExplanation
from ledger.api.scalars import Position
from ledger.api.types import AsOfInput
from ledger.domain.score import Basis


@strawberry.type
class ResultQueries:
    @strawberry.field(description="A group's units by total, now or as known at any moment.")
    async def ranking(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        group_id: GroupId,
        period: AnyPeriod = None,
        basis: BasisArgument = Basis.OFFICIAL,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Ranking:
        context = info.context
        return await context.ask(
            info,
            lambda: results.ranking(context, cycle_id, group_id, period, basis, moment(context, as_of, at_least)),
        )

    @strawberry.field(description="What changed in a ranking between two moments, and the events in between.")
    async def ranking_diff(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        group_id: GroupId,
        earlier: Annotated[AsOfInput, strawberry.argument(name="from", description="The earlier moment.")],
        later: Annotated[
            AsOfInput | None, strawberry.argument(name="to", description="The later moment; the present if left out.")
        ] = None,
        period: AnyPeriod = None,
        from_period: Annotated[
            str | None, strawberry.argument(description="The period of the earlier ranking, if it is another.")
        ] = None,
        to_period: Annotated[
            str | None,
            strawberry.argument(
                description="The period of the later ranking, if it is another; causes are what moved that period."
            ),
        ] = None,
        basis: BasisArgument = Basis.OFFICIAL,
    ) -> RankingDiff:
        context = info.context
        return await context.ask(
            info,
            lambda: results.ranking_diff(
                context,
                cycle_id,
                group_id,
                (from_period or period, to_period or period),
                basis,
                (moment(context, earlier), moment(context, later)),
            ),
        )

    @strawberry.field(description="Why a unit's total is what it is, down to the events behind it.")
    async def explain(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        unit_id: UnitId,
        indicator_id: Annotated[
            str | None, strawberry.argument(name="indicator", description="Only this indicator; the total if left out.")
        ] = None,
        period: AnyPeriod = None,
        basis: BasisArgument = Basis.OFFICIAL,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> UnitExplanation | None:
        context = info.context
        return await context.ask(
            info,
            lambda: results.explanation(
                context,
                cycle_id,
                unit_id,
                period,
                basis,
                moment(context, as_of, at_least),
                indicator_id=indicator_id,
            ),
        )

    @strawberry.field(
        description="What a later version of a plan says otherwise than an earlier one, and what it moved."
    )
    async def plan_diff(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        from_version: Annotated[int, strawberry.argument(name="from", description="The earlier version.")],
        to_version: Annotated[
            int | None, strawberry.argument(name="to", description="The later version; the latest if left out.")
        ] = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> PlanDiff:
        context = info.context
        return await context.ask(
            info,
            lambda: plan_diffs.plan_diff(context, cycle_id, from_version, to_version, moment(context, as_of, at_least)),
        )

    @strawberry.field(
        description="What one event moved on the official basis, for every unit of the groups that it bears on."
    )
    async def impact(
        self,
        info: AskInfo,
        position: Annotated[Position, strawberry.argument(description="The event.")],
        period: AnyPeriod = None,
    ) -> Impact:
        context = info.context
        return await context.ask(info, results.impact, context, position, period)

    @strawberry.field(description="The official ranking as it would be had some events not happened.")
    async def counterfactual(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        group_id: GroupId,
        exclude: Annotated[list[Position], strawberry.argument(description="The events to think away, 1 to 100.")],
        period: AnyPeriod = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Counterfactual:
        context = info.context
        return await context.ask(
            info,
            lambda: results.counterfactual(
                context, cycle_id, group_id, period, list(exclude), moment(context, as_of, at_least)
            ),
        )

    @strawberry.field(
        description="Where a unit loses points of its total against the best of its group, the costliest first."
    )
    async def gap_analysis(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        unit_id: UnitId,
        period: AnyPeriod = None,
        basis: BasisArgument = Basis.OFFICIAL,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> list[IndicatorGap]:
        context = info.context
        return await context.ask(
            info,
            lambda: results.gap_analysis(context, cycle_id, unit_id, period, basis, moment(context, as_of, at_least)),
        )

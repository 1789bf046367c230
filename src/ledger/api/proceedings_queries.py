"""Queries about what happens around the scores: rulings, decisions, checks, appraisals and undertakings."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from ledger.api.appraisals import CadreResult, Evaluation
from ledger.api.arguments import AskInfo, AsOfArgument, AtLeast, CycleId, OnDay, PeriodName, UnitId
from ledger.api.checks import Case, Discrepancy, SpotCheck
from ledger.api.decisions import Decision, DecisionFilter, Obligation, ObligationFilter
from ledger.api.paging import After, Connection, First
from ledger.api.reads import appraisals, checks, decisions, progress, rulings, undertakings
from ledger.api.reads.moments import day_of, moment
from ledger.api.rulings import Adjustment, Appeal
from ledger.api.types import node_of
from ledger.api.undertakings import Burden, KeyTask, Progress, Responsibility
from ledger.domain import veto
from ledger.domain.progress import Light

if TYPE_CHECKING:
    from ledger.domain.veto import Veto
else:
    Veto = node_of(veto.Veto, "position")

AnyUnit = Annotated[str | None, strawberry.argument(name="unit", description="The unit; all of them if left out.")]
AnyPerson = Annotated[
    str | None, strawberry.argument(name="person", description="The person; all of them if left out.")
]


@strawberry.type(description="Questions about what happens around the scores.")
class ProceedingQueries:
    @strawberry.field(description="Rewards and punishments that are yours to see, and what became of them.")
    async def decisions(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        first: First,
        after: After = None,
        filter: Annotated[DecisionFilter | None, strawberry.argument(description="Which decisions.")] = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[Decision]:
        context, wanted = info.context, filter or DecisionFilter()
        return await context.ask(
            info,
            lambda: decisions.decisions(
                context, cycle_id, wanted, moment(context, as_of, at_least), first=first, after=after
            ),
        )

    @strawberry.field(description="What the rules ask for and nobody did yet, the most urgent first.")
    async def obligations(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        first: First,
        after: After = None,
        on: OnDay = None,
        filter: Annotated[ObligationFilter | None, strawberry.argument(description="Which obligations.")] = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[Obligation]:
        context, wanted = info.context, filter or ObligationFilter()

        def answer() -> Connection[Obligation]:
            at = moment(context, as_of, at_least)
            day = on or day_of(context, as_of, at)
            return decisions.obligations(context, cycle_id, wanted, at, on=day, first=first, after=after)

        return await context.ask(info, answer)

    @strawberry.field(description="Bonuses and deductions: what was claimed, granted and counted, and why.")
    async def adjustments(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        first: First,
        unit_id: AnyUnit = None,
        after: After = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[Adjustment]:
        context = info.context
        return await context.ask(
            info,
            lambda: rulings.adjustments(
                context, cycle_id, unit_id, moment(context, as_of, at_least), first=first, after=after
            ),
        )

    @strawberry.field(description="Vetoes that are yours to see, lifted ones too.")
    async def vetoes(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        first: First,
        unit_id: AnyUnit = None,
        after: After = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[Veto]:
        context = info.context
        return await context.ask(
            info,
            lambda: rulings.vetoes(
                context, cycle_id, unit_id, moment(context, as_of, at_least), first=first, after=after
            ),
        )

    @strawberry.field(description="Appeals that are yours to see: who decided them, how, and whether in time.")
    async def appeals(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        first: First,
        unit_id: AnyUnit = None,
        after: After = None,
        on: OnDay = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[Appeal]:
        context = info.context

        def answer() -> Connection[Appeal]:
            at = moment(context, as_of, at_least)
            day = on or day_of(context, as_of, at)
            return rulings.appeals(context, cycle_id, unit_id, at, on=day, first=first, after=after)

        return await context.ask(info, answer)

    @strawberry.field(description="Spot checks: how scores were drawn, how much was checked, and what was found.")
    async def spot_checks(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        first: First,
        after: After = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[SpotCheck]:
        context = info.context
        return await context.ask(
            info,
            lambda: checks.spot_checks(context, cycle_id, moment(context, as_of, at_least), first=first, after=after),
        )

    @strawberry.field(description="Scores whose unit claimed another value than the official one.")
    async def discrepancies(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        first: First,
        gap_min: Annotated[
            Decimal | None,
            strawberry.argument(name="minGap", description="How far apart they are at least, either way."),
        ] = None,
        after: After = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[Discrepancy]:
        context = info.context
        return await context.ask(
            info,
            lambda: checks.discrepancies(
                context, cycle_id, gap_min, moment(context, as_of, at_least), first=first, after=after
            ),
        )

    @strawberry.field(description="Appraisal campaigns, and what they say of the units that are yours to see.")
    async def evaluations(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        first: First,
        after: After = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[Evaluation]:
        context = info.context
        return await context.ask(
            info,
            lambda: appraisals.evaluations(
                context, cycle_id, moment(context, as_of, at_least), first=first, after=after
            ),
        )

    @strawberry.field(description="How far units are against what is due of their targets by the end of a period.")
    async def progress(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        period: PeriodName,
        first: First,
        unit_id: AnyUnit = None,
        light: Annotated[list[Light] | None, strawberry.argument(description="Only with one of these lights.")] = None,
        after: After = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[Progress]:
        context = info.context
        return await context.ask(
            info,
            lambda: progress.progress(
                context, cycle_id, unit_id, period, light, moment(context, as_of, at_least), first=first, after=after
            ),
        )

    @strawberry.field(description="What units are to get done besides their figures, step by step.")
    async def key_tasks(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        first: First,
        unit_id: AnyUnit = None,
        overdue: Annotated[
            bool | None, strawberry.argument(description="Only those with a step that is overdue, or without.")
        ] = None,
        after: After = None,
        on: OnDay = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[KeyTask]:
        context = info.context

        def answer() -> Connection[KeyTask]:
            at = moment(context, as_of, at_least)
            day = on or day_of(context, as_of, at)
            return undertakings.tasks(context, cycle_id, unit_id, overdue, at, on=day, first=first, after=after)

        return await context.ask(info, answer)

    @strawberry.field(description="Who answers for the targets of a unit, by indicator.")
    async def responsibilities(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        unit_id: UnitId,
        on: OnDay = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> list[Responsibility]:
        context = info.context

        def answer() -> list[Responsibility]:
            at = moment(context, as_of, at_least)
            day = on or day_of(context, as_of, at)
            return undertakings.responsibilities(context, cycle_id, unit_id, at, on=day)

        return await context.ask(info, answer)

    @strawberry.field(description="What may be asked of the units in a year, and what is asked of them.")
    async def burden(
        self,
        info: AskInfo,
        year: Annotated[int, strawberry.argument(description="The year.")],
        unit_id: AnyUnit = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Burden:
        context = info.context
        return await context.ask(
            info, lambda: undertakings.burden(context, year, unit_id, moment(context, as_of, at_least))
        )

    @strawberry.field(description="What the year of cadres comes to; of those who are yours to see.")
    async def cadre_results(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        first: First,
        person_id: AnyPerson = None,
        after: After = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[CadreResult]:
        context = info.context
        return await context.ask(
            info,
            lambda: appraisals.cadre_results(
                context, cycle_id, person_id, moment(context, as_of, at_least), first=first, after=after
            ),
        )

    @strawberry.field(description="Inspection cases with their flags; there are none but for inspectors.")
    async def cases(
        self,
        info: AskInfo,
        first: First,
        cycle_id: Annotated[
            str | None, strawberry.argument(name="cycle", description="The cycle looked into; any if left out.")
        ] = None,
        after: After = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[Case]:
        context = info.context
        return await context.ask(
            info, lambda: checks.cases(context, cycle_id, moment(context, as_of, at_least), first=first, after=after)
        )

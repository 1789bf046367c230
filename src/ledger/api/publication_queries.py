"""Questions about grades and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from ledger.api.arguments import AskInfo, AsOfArgument, AtLeast, CycleId, GroupId, OnDay
from ledger.api.grades import GroupGrading
from ledger.api.paging import After, Connection, First
from ledger.api.reads import publications
from ledger.api.reads.moments import day_of, moment
from ledger.api.reports import Publication, PublicationFilter
from ledger.api.types import node_of
from ledger.domain import publication

if TYPE_CHECKING:
    from ledger.domain.publication import DueReport
else:
    DueReport = node_of(publication.DueReport, "position")


@strawberry.type(description="Questions about grades and reports.")
class PublicationQueries:
    @strawberry.field(description="Where a group stands between its results and its grades; for those who see totals.")
    async def grading(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        group_id: GroupId,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> GroupGrading:
        context = info.context
        return await context.ask(
            info, lambda: publications.grading(context, cycle_id, group_id, moment(context, as_of, at_least))
        )

    @strawberry.field(description="The reports of a cycle that are for your eyes, in the order of publication.")
    async def publications(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        first: First,
        after: After = None,
        filter: Annotated[PublicationFilter | None, strawberry.argument(description="Which reports.")] = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[Publication]:
        context, wanted = info.context, filter or PublicationFilter()
        return await context.ask(
            info,
            lambda: publications.page_of(
                context, cycle_id, wanted, moment(context, as_of, at_least), first=first, after=after
            ),
        )

    @strawberry.field(description="One report by its number; null if there is none or it is not for your eyes.")
    async def publication(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        number: Annotated[str, strawberry.argument(description="The number.")],
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Publication | None:
        context = info.context
        return await context.ask(
            info, lambda: publications.by_number(context, cycle_id, number, moment(context, as_of, at_least))
        )

    @strawberry.field(description="The reports that were announced and of which none stands, the most urgent first.")
    async def reports_due(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        first: First,
        after: After = None,
        on: OnDay = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[DueReport]:
        context = info.context

        def answer() -> Connection[DueReport]:
            at = moment(context, as_of, at_least)
            day = on or day_of(context, as_of, at)
            return publications.due(context, cycle_id, at, on=day, first=first, after=after)

        return await context.ask(info, answer)

"""Queries: every question that can be asked, one field each."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from ledger.api.activity import Activity, ActivityCount
from ledger.api.arguments import (
    AskInfo,
    AsOfArgument,
    AtLeast,
    BasisArgument,
    CycleId,
    Id,
    IndicatorId,
    PeriodName,
    PersonId,
    UnitId,
)
from ledger.api.cycles import Cycle, PlanVersion
from ledger.api.derived import enums, output_of
from ledger.api.paging import After, Connection, First
from ledger.api.proceedings_queries import ProceedingQueries
from ledger.api.proof_queries import ProofQueries
from ledger.api.publication_queries import PublicationQueries
from ledger.api.reads import events, registry, scores
from ledger.api.reads.moments import moment
from ledger.api.result_queries import ResultQueries
from ledger.api.scalars import Position
from ledger.api.scores import Correction, IndicatorValue, Score, ScoreHistoryEntry
from ledger.api.signing import Signing, signing
from ledger.api.types import AsOf, Event, Node, PersonType, UnitType, shown
from ledger.api.verdict_queries import VerdictQueries
from ledger.domain import commitments
from ledger.domain.score import Basis, ReasonCode
from ledger.results import EventFilter as WantedEvents

enums(ReasonCode)
if TYPE_CHECKING:
    from ledger.domain.commitments import Opening
else:
    Opening = output_of(commitments.Opening)


@strawberry.enum(description="Which events come first.")
class EventOrder(Enum):
    OLDEST_FIRST = strawberry.enum_value("OLDEST_FIRST", description="In the order they were recorded.")
    NEWEST_FIRST = strawberry.enum_value("NEWEST_FIRST", description="The latest first.")


@strawberry.type(description="The ledger itself.")
class Ledger:
    title: str = strawberry.field(description="What the ledger is called.")
    head: AsOf = strawberry.field(description="The last position that answers include.")

    @strawberry.field(description="How far it is signed, and what its signer refuses.")
    async def signing(self, info: AskInfo) -> Signing:
        return await info.context.ask(info, signing, info.context)


@strawberry.input(description="Which events are asked for; all conditions hold together.")
class EventFilter:
    types: list[str] | None = strawberry.field(default=None, description="Only these kinds of facts.")
    cycle_id: str | None = strawberry.field(default=None, description="Only of this cycle.")
    unit_id: str | None = strawberry.field(default=None, description="Only about this unit.")
    person_id: str | None = strawberry.field(default=None, description="Only those this person had to do with.")

    def wanted(self) -> WantedEvents:
        """The filter as the projections take it."""
        return WantedEvents(
            types=tuple(self.types or ()), cycle_id=self.cycle_id, unit_id=self.unit_id, person_id=self.person_id
        )


@strawberry.input(description="Which correction requests are asked for; all conditions hold together.")
class CorrectionFilter:
    cycle_id: str | None = strawberry.field(default=None, description="Only of this cycle.")
    unit_id: str | None = strawberry.field(default=None, description="Only of this unit.")
    indicator_id: str | None = strawberry.field(default=None, description="Only of this indicator.")
    reason_code: ReasonCode | None = strawberry.field(default=None, description="Only for this reason.")
    outcome: str | None = strawberry.field(default=None, description="Only OPEN, APPROVED, REJECTED or WITHDRAWN ones.")


@strawberry.type(description="Everything that can be asked. Pages and answers about figures say what they are as of.")
class Query(ResultQueries, PublicationQueries, ProceedingQueries, ProofQueries, VerdictQueries):
    @strawberry.field(description="The ledger itself.")
    async def ledger(self, info: AskInfo) -> Ledger:
        context = info.context
        title = await context.ask(info, registry.ledger_title, context)
        return Ledger(title=title, head=shown(await context.ask(info, moment, context, None)))

    @strawberry.field(description="An object by its global id; null if there is none or it is not yours to see.")
    async def node(
        self, info: AskInfo, id: Annotated[strawberry.ID, strawberry.argument(description="The id.")]
    ) -> Node | None:
        return await info.context.ask(info, registry.node, info.context, id)

    @strawberry.field(description="One event; null if there is none or it is not yours to see.")
    async def event(
        self, info: AskInfo, position: Annotated[Position, strawberry.argument(description="Its position.")]
    ) -> Event | None:
        return await info.context.ask(info, events.event, info.context, position)

    @strawberry.field(description="Events in the order they were recorded, or newest first.")
    async def events(
        self,
        info: AskInfo,
        first: First,
        after: After = None,
        filter: Annotated[EventFilter | None, strawberry.argument(description="Which events.")] = None,
        order: Annotated[EventOrder, strawberry.argument(description="Which come first.")] = EventOrder.OLDEST_FIRST,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[Event]:
        context, wanted = info.context, (filter or EventFilter()).wanted()
        return await context.ask(
            info,
            lambda: events.events(
                context,
                wanted,
                moment(context, as_of, at_least),
                first=first,
                after=after,
                newest_first=order is EventOrder.NEWEST_FIRST,
            ),
        )

    @strawberry.field(description="A cycle; null if it is not known at that moment.")
    async def cycle(
        self, info: AskInfo, cycle_id: Id, as_of: AsOfArgument = None, at_least: AtLeast = None
    ) -> Cycle | None:
        context = info.context
        return await context.ask(info, lambda: registry.cycle(context, cycle_id, moment(context, as_of, at_least)))

    @strawberry.field(description="A version of a cycle's plan, the latest unless one is named.")
    async def plan(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        plan_version: Annotated[int | None, strawberry.argument(name="version", description="The version.")] = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> PlanVersion | None:
        context = info.context
        return await context.ask(
            info, lambda: registry.plan(context, cycle_id, plan_version, moment(context, as_of, at_least))
        )

    @strawberry.field(description="A unit; null if it is not known at that moment.")
    async def unit(
        self, info: AskInfo, unit_id: Id, as_of: AsOfArgument = None, at_least: AtLeast = None
    ) -> UnitType | None:
        context = info.context
        return await context.ask(info, lambda: registry.unit(context, unit_id, moment(context, as_of, at_least)))

    @strawberry.field(description="Units in the order of their registration.")
    async def units(
        self,
        info: AskInfo,
        first: First,
        after: After = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[UnitType]:
        context = info.context
        return await context.ask(
            info, lambda: registry.units(context, moment(context, as_of, at_least), first=first, after=after)
        )

    @strawberry.field(description="The events about a unit that are yours to see.")
    async def unit_timeline(
        self,
        info: AskInfo,
        unit_id: UnitId,
        first: First,
        after: After = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[Event]:
        context = info.context
        return await context.ask(
            info,
            lambda: events.unit_timeline(context, unit_id, moment(context, as_of, at_least), first=first, after=after),
        )

    @strawberry.field(description="A person with their roles; null if unknown or not yours to see.")
    async def person(self, info: AskInfo, person_id: Id) -> PersonType | None:
        return await info.context.ask(info, registry.person, info.context, person_id)

    @strawberry.field(
        description="The text behind one commitment, with what proves it: for those who may see the registry."
    )
    async def opening(
        self,
        info: AskInfo,
        position: Annotated[Position, strawberry.argument(description="The event.")],
        field: Annotated[str, strawberry.argument(description="The field of the fact, as spelled in the entry.")],
    ) -> Opening:
        return await info.context.ask(info, registry.opening, info.context, position, field)

    @strawberry.field(description="A score on its three bases; null if nothing is recorded or it is not yours to see.")
    async def score(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        unit_id: UnitId,
        indicator_id: IndicatorId,
        period: PeriodName,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Score | None:
        context, key = info.context, (cycle_id, unit_id, indicator_id, period)
        return await context.ask(info, lambda: scores.score(context, key, moment(context, as_of, at_least)))

    @strawberry.field(description="The edit history of a score: who, when, from what to what, why, on whose approval.")
    async def score_history(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        unit_id: UnitId,
        indicator_id: IndicatorId,
        period: PeriodName,
        first: First,
        after: After = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[ScoreHistoryEntry]:
        context, key = info.context, (cycle_id, unit_id, indicator_id, period)
        return await context.ask(
            info,
            lambda: scores.score_history(context, key, moment(context, as_of, at_least), first=first, after=after),
        )

    @strawberry.field(description="Every effective value of an indicator, by unit and period.")
    async def values(
        self,
        info: AskInfo,
        cycle_id: CycleId,
        indicator_id: IndicatorId,
        first: First,
        after: After = None,
        basis: BasisArgument = Basis.OFFICIAL,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[IndicatorValue]:
        context = info.context
        return await context.ask(
            info,
            lambda: scores.values(
                context,
                cycle_id,
                indicator_id,
                basis,
                moment(context, as_of, at_least),
                first=first,
                after=after,
            ),
        )

    @strawberry.field(description="Correction requests and what became of them.")
    async def corrections(
        self,
        info: AskInfo,
        first: First,
        after: After = None,
        filter: Annotated[CorrectionFilter | None, strawberry.argument(description="Which requests.")] = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[Correction]:
        context, wanted = info.context, dict(vars(filter or CorrectionFilter()))
        return await context.ask(
            info,
            lambda: scores.corrections(context, wanted, moment(context, as_of, at_least), first=first, after=after),
        )

    @strawberry.field(description="What a person did, asked for, approved, or had done to their roles.")
    async def actor_activity(
        self,
        info: AskInfo,
        person_id: PersonId,
        first: First,
        after: After = None,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> Connection[Activity]:
        context = info.context
        return await context.ask(
            info,
            lambda: events.actor_activity(
                context, person_id, moment(context, as_of, at_least), first=first, after=after
            ),
        )

    @strawberry.field(description="How often a person did what, in which capacity.")
    async def actor_activity_counts(
        self,
        info: AskInfo,
        person_id: PersonId,
        as_of: AsOfArgument = None,
        at_least: AtLeast = None,
    ) -> list[ActivityCount]:
        context = info.context
        return await context.ask(
            info, lambda: events.actor_activity_counts(context, person_id, moment(context, as_of, at_least))
        )

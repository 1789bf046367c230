"""What clients see of reports: what was published, and whether it comes out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import strawberry

from ledger.api.arguments import AskInfo
from ledger.api.derived import enums, output_of
from ledger.api.scalars import Position
from ledger.api.types import Node
from ledger.domain import publication, reporting
from ledger.domain.grading import ReportAudience
from ledger.domain.publication import ReportKind
from ledger.reproducing import reproduce

enums(ReportAudience, ReportKind)
if TYPE_CHECKING:
    from ledger.domain.publication import ReportChange, ReportRow
    from ledger.domain.reporting import Difference
else:
    ReportChange, ReportRow = output_of(publication.ReportChange), output_of(publication.ReportRow)
    Difference = output_of(reporting.Difference)


@strawberry.type(description="A published report settled again at the position it cites.")
class Reproduction:
    matches: bool = strawberry.field(
        description="Whether the content is the same, byte for byte, and all that was published with it follows."
    )
    expected_hash: str = strawberry.field(description="The hash that was published.")
    actual_hash: str = strawberry.field(description="The hash of what comes out now.")
    recorded_engine: str = strawberry.field(description="The engine version that settled it when it was published.")
    used_engine: str = strawberry.field(description="The engine version that settled it now.")
    differences: list[Difference] = strawberry.field(description="The rows that do not come out as published.")
    members: list[str] = strawberry.field(
        description="The members of what was published that do not come out again, such as rows or changes."
    )


@strawberry.type(description="A published report, bound to a position, a plan version and the hash of its content.")
class Publication(Node):
    position: Position = strawberry.field(description="The event that published it.")
    cycle_id: str = strawberry.field(description="The assessment cycle.")
    number: str = strawberry.field(description="The number; a restated report carries its restatement's too.")
    kind: ReportKind = strawberry.field(description="What it reports.")
    audience: ReportAudience = strawberry.field(description="For whose eyes it is.")
    period: str | None = strawberry.field(description="The period; null is the cycle as a whole.")
    group_ids: list[str] = strawberry.field(description="The groups it is about.")
    unit_ids: list[str] = strawberry.field(description="The units it is about, where it is partial.")
    as_of_position: Position = strawberry.field(description="The position its content follows from.")
    plan_version: int = strawberry.field(description="The plan version it is settled under.")
    engine_version: str = strawberry.field(description="The version of the settling program.")
    content_hash: str = strawberry.field(description="SHA-256 over the canonical rows, in hexadecimal.")
    rows: list[ReportRow] = strawberry.field(description="What it says.")
    changes: list[ReportChange] = strawberry.field(description="What is another than in the report before.")
    approved_by: str | None = strawberry.field(description="Who of the leading group approved it.")
    restatement: str | None = strawberry.field(description="The restatement it was restated in.")
    restatement_cause: str | None = strawberry.field(description="Why that restatement was opened.")
    restatement_approved_by: str | None = strawberry.field(description="Who of the leading group approved opening it.")
    supersedes_position: Position | None = strawberry.field(description="The report it replaced.")
    superseded_by_position: Position | None = strawberry.field(description="The report that replaced it.")
    retracted_by_position: Position | None = strawberry.field(description="The event that took it back.")
    fact: strawberry.Private[publication.ReportPublished | publication.ReportRestated]

    @strawberry.field(description="The report settled again from the ledger, and compared.")
    async def reproduce(self, info: AskInfo) -> Reproduction:
        context = info.context
        again = await context.ask(info, lambda: reproduce(self.fact, context.service.answers))
        return Reproduction(
            matches=again.matches,
            expected_hash=again.expected_hash,
            actual_hash=again.actual_hash,
            recorded_engine=again.recorded_engine,
            used_engine=again.used_engine,
            differences=list(again.differences),
            members=list(again.members),
        )


@strawberry.input(description="Which reports are asked for; all conditions hold together.")
class PublicationFilter:
    kind: ReportKind | None = strawberry.field(default=None, description="Only of this kind.")
    audience: ReportAudience | None = strawberry.field(default=None, description="Only for these eyes.")
    standing_only: bool = strawberry.field(
        default=False, description="Only those that were neither superseded nor retracted."
    )

"""What clients see of grades: how far each group is, and whether its grades come out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import strawberry

from ledger.api.derived import output_of
from ledger.api.scalars import Position
from ledger.api.types import AsOf
from ledger.domain import grading, regrading

if TYPE_CHECKING:
    from ledger.domain.grading import GradeChange, GradedUnit, GradeSeats, Notice, ResultRow, TieResolved
    from ledger.domain.regrading import GradeDifference
else:
    GradeChange, GradedUnit = output_of(grading.GradeChange), output_of(grading.GradedUnit)
    GradeSeats, Notice = output_of(grading.GradeSeats), output_of(grading.Notice)
    ResultRow, TieResolved = output_of(grading.ResultRow), output_of(grading.TieResolved)
    GradeDifference = output_of(regrading.GradeDifference)


@strawberry.type(description="A table of results, bound by hash to the position it follows from.")
class ComputedResults:
    position: Position = strawberry.field(description="The event that computed it.")
    as_of_position: Position = strawberry.field(description="The position it follows from.")
    plan_version: int = strawberry.field(description="The plan version it is settled under.")
    engine_version: str = strawberry.field(description="The version of the settling program.")
    table_hash: str = strawberry.field(description="SHA-256 over the canonical table, in hexadecimal.")
    missing: list[str] = strawberry.field(description="Ranked units that lack a value.")
    table: list[ResultRow] = strawberry.field(description="The rows that are yours to see.")


@strawberry.type(description="Grades that are, or were, in force.")
class Grades:
    position: Position = strawberry.field(description="The event that opened or revised them.")
    results_position: Position = strawberry.field(description="The computed results they stand on.")
    supersedes_position: Position | None = strawberry.field(description="The grades they replaced.")
    restatement: str | None = strawberry.field(description="The restatement they were revised in.")
    policy: str | None = strawberry.field(description="RECOMPUTE_ALL or HOLD_HARMLESS, for revised grades.")
    quotas: list[GradeSeats] = strawberry.field(
        description="What became of the seats of each grade; none where score bands alone decide."
    )
    allocation: list[GradedUnit] = strawberry.field(description="The units that are yours to see, with their grades.")
    exceptions: list[GradedUnit] = strawberry.field(description="Those of them graded outside the quota.")
    warnings: list[str] = strawberry.field(
        description="Grades without any seat in the group, seats left empty by a tie or exceeded, "
        "and ranked units that became others."
    )
    changes: list[GradeChange] = strawberry.field(description="Whose grade became another in the restatement.")
    reproduces: bool = strawberry.field(
        description="Whether the table, every grade and all that was recorded with them come out again."
    )
    differences: list[GradeDifference] = strawberry.field(description="The grades that do not come out again.")
    members: list[str] = strawberry.field(
        description="The members of what was recorded that do not come out again, such as seats or changes."
    )


@strawberry.type(description="The grades as they would be if they were opened now.")
class GradesIfOpened:
    quotas: list[GradeSeats] = strawberry.field(
        description="What would become of the seats of each grade; none where score bands alone decide."
    )
    allocation: list[GradedUnit] = strawberry.field(description="The units that are yours to see, with their grades.")
    unresolved_tie: str | None = strawberry.field(description="A tie at a cut that the leading group has to decide.")
    warnings: list[str] = strawberry.field(
        description="Grades without any seat in the group, seats left empty by a tie or exceeded, "
        "and ranked units that became others."
    )
    unknown_veto: str | None = strawberry.field(description="A veto that names a grade which the plan does not have.")


@strawberry.type(description="Where one group stands between its results and its grades.")
class GroupGrading:
    cycle_id: str = strawberry.field(description="The assessment cycle.")
    group_id: str = strawberry.field(description="The peer group.")
    computed: ComputedResults | None = strawberry.field(description="The results computed last.")
    notice: Notice | None = strawberry.field(description="The public notice started last.")
    noticed: ComputedResults | None = strawberry.field(
        description="The results that it puts up, with every row if one is of those it is for."
    )
    current: Grades | None = strawberry.field(description="The grades in force.")
    history: list[Grades] = strawberry.field(description="Every grading there was, the first one first.")
    ties: list[TieResolved] = strawberry.field(description="Ties at a cut that the leading group decided.")
    if_opened: GradesIfOpened | None = strawberry.field(description="The grades if they were opened now.")
    as_of: AsOf = strawberry.field(description="The last position that the answer includes.")

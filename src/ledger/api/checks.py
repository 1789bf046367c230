"""What clients see of looking twice: spot checks, gaps between claims and official values, inspection cases."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import strawberry

from ledger.api.derived import enums
from ledger.api.scalars import Position
from ledger.api.types import Event, Node, global_id
from ledger.domain.inspection_case import Disposition, Severity
from ledger.domain.spot_check import DiscrepancyOutcome

enums(DiscrepancyOutcome, Disposition, Severity)


@strawberry.type(description="A score that was measured once more.")
class CheckedScore:
    position: Position = strawberry.field(description="The event that recorded it.")
    unit_id: str = strawberry.field(description="The unit.")
    indicator_id: str = strawberry.field(description="The indicator.")
    period: str = strawberry.field(description="The period.")
    official_position: Position = strawberry.field(description="The value that was official then.")
    observed: Decimal = strawberry.field(description="The value that was observed.")
    drawn: bool = strawberry.field(description="Whether the score was drawn by lot; otherwise somebody chose it.")
    gap: Decimal | None = strawberry.field(description="Observed less official, where it is more than is tolerated.")
    outcome: DiscrepancyOutcome | None = strawberry.field(description="How the discrepancy was settled.")


@strawberry.type(description="How much of a group was checked, and how much of that was wrong.")
class Coverage:
    group_id: str = strawberry.field(description="The peer group.")
    scores: int | None = strawberry.field(description="How many scores could be drawn; null where none was drawn.")
    drawn: int | None = strawberry.field(description="How many of them were drawn.")
    checked: int = strawberry.field(description="How many scores were measured once more, drawn or chosen.")
    discrepancies: int = strawberry.field(description="How many of those differ by more than is tolerated.")
    share_checked: Decimal | None = strawberry.field(description="Checked / scores, from 0 to 1.")
    error_rate: Decimal | None = strawberry.field(description="Discrepancies / checked, from 0 to 1.")


@strawberry.type(description="A spot check: how its scores were drawn, and what was found.")
class SpotCheck(Node):
    position: Position = strawberry.field(description="The first event about it that is yours to see.")
    check_id: str = strawberry.field(description="The spot check.")
    planned_position: Position | None = strawberry.field(
        description="The event that drew it; null where scores were chosen, or if not all is yours to see."
    )
    as_of_position: Position | None = strawberry.field(
        description="Every score that had an official value at this position could be drawn."
    )
    seed: str | None = strawberry.field(description="What the lots are drawn with.")
    n: int | None = strawberry.field(description="How many scores are drawn.")
    tolerance: Decimal | None = strawberry.field(description="The share of the official value that may differ.")
    sample_reproduces: bool | None = strawberry.field(
        description="Whether the scores of that position and the seed give the recorded draw again."
    )
    coverage: list[Coverage] = strawberry.field(
        description="How much was checked by group; empty unless all is yours to see."
    )
    checked: list[CheckedScore] = strawberry.field(description="The scores measured once more that are yours to see.")


@strawberry.type(description="A score whose unit claimed another value than the official one.")
class Discrepancy(Node):
    unit_id: str = strawberry.field(description="The unit.")
    indicator_id: str = strawberry.field(description="The indicator.")
    period: str = strawberry.field(description="The period.")
    claimed: Decimal = strawberry.field(description="What the unit claimed.")
    claimed_position: Position = strawberry.field(description="The event of the claim.")
    official: Decimal = strawberry.field(description="The official value.")
    official_position: Position = strawberry.field(description="The event that made it official.")
    gap: Decimal = strawberry.field(description="What the unit claimed minus what is official.")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Discrepancy:
        """A row of the score_value projection."""
        return cls(
            id=global_id("Discrepancy", row["from_position"]),
            unit_id=row["unit_id"],
            indicator_id=row["indicator_id"],
            period=row["period"],
            claimed=row["claimed"],
            claimed_position=Position(row["claimed_position"]),
            official=row["value"],
            official_position=Position(row["from_position"]),
            gap=row["claimed"] - row["value"],
        )


@strawberry.type(description="A rule that pointed at events that deserve a look: a lead, never a verdict.")
class Flag:
    position: Position = strawberry.field(description="The event that raised it.")
    rule_id: str = strawberry.field(description="The red-flag rule.")
    severity: Severity = strawberry.field(description="How grave it is.")
    positions: list[Position] = strawberry.field(description="The events it points at.")
    disposition: Disposition | None = strawberry.field(description="What it was worth; null while nobody said.")


@strawberry.type(description="What discipline inspection looks into; it exists for inspectors only.")
class Case(Node):
    position: Position = strawberry.field(description="The first event of the case.")
    case_id: str = strawberry.field(description="The inspection case.")
    cycle_id: str | None = strawberry.field(description="The cycle looked into; null if it is no single one.")
    title: str | None = strawberry.field(description="What it is about; null while there are only flags.")
    opened: bool = strawberry.field(description="Whether an inspection began.")
    closed: bool = strawberry.field(description="Whether it ended.")
    flags: list[Flag] = strawberry.field(description="The flags of the case.")
    finding_positions: list[Position] = strawberry.field(description="The events that recorded what was found.")
    timeline: list[Event] = strawberry.field(description="Every event about it, in order.")

"""What clients see of appraisals: campaigns and what they say of units, and the results of cadres."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import strawberry

from ledger.api.derived import enums, output_of
from ledger.api.scalars import Position
from ledger.api.types import Node
from ledger.domain import cadres
from ledger.domain.plan_rules import RaterClass

enums(RaterClass)
if TYPE_CHECKING:
    from ledger.domain.cadres import CadreResultComputed
else:
    CadreResultComputed = output_of(cadres.CadreResultComputed)


@strawberry.type(description="What a campaign says of one unit.")
class CampaignTally:
    unit_id: str = strawberry.field(description="The unit.")
    position: Position = strawberry.field(description="The event that says so.")
    n: int = strawberry.field(description="Ballots cast in the campaign, or the sample of a survey.")
    n_valid: int = strawberry.field(description="Valid ballots that mark the unit, or the sample of a survey.")
    mean: str | None = strawberry.field(
        description="Points of 100, exact; null without a valid ballot, and with too few of them but to inspectors."
    )
    counts: bool = strawberry.field(description="Whether there are enough valid ballots, or a large enough sample.")
    trimmed: bool = strawberry.field(description="Whether one highest and one lowest mark were dropped.")
    survey: bool = strawberry.field(description="Whether it is the one figure of an imported survey.")


@strawberry.type(description="A campaign in which one class of raters appraises units, without a word of who they are.")
class Evaluation(Node):
    position: Position = strawberry.field(description="The event that opened it.")
    campaign_id: str = strawberry.field(description="The appraisal campaign.")
    rater_class: RaterClass = strawberry.field(description="From where the units are appraised.")
    group_id: str = strawberry.field(description="The peer group.")
    eligible_count: int = strawberry.field(
        description="How many raters are on the list that is held outside the ledger."
    )
    opens_on: date = strawberry.field(description="The first day on which ballots are cast.")
    closes_on: date = strawberry.field(description="The last day on which ballots are cast.")
    closed_position: Position | None = strawberry.field(description="The event that closed it.")
    tallies: list[CampaignTally] = strawberry.field(description="What it says of the units that are yours to see.")
    reproduced: bool | None = strawberry.field(
        description="Whether the ballots give the recorded tally again; null before it, or if not all is yours to see."
    )
    ballots: int | None = strawberry.field(description="How many ballots were cast; for inspectors only.")
    invalid_ballots: int | None = strawberry.field(description="How many of them do not count; for inspectors only.")


@strawberry.type(description="What a cadre's year comes to, and the grade given for it.")
class CadreResult(Node):
    position: Position = strawberry.field(description="The event that computed it.")
    subject_id: str = strawberry.field(description="The cadre.")
    computed: CadreResultComputed = strawberry.field(description="The total, and what it is made of.")
    grade: str | None = strawberry.field(description="The grade; null while none is decided.")
    graded_position: Position | None = strawberry.field(description="The event that decided the grade.")

"""What clients see of what units undertake: progress against targets, key tasks, who answers, what is asked of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import strawberry

from ledger.api.derived import enums, output_of
from ledger.api.scalars import Position
from ledger.api.types import Event, Node
from ledger.domain import burden, key_tasks, responsibility
from ledger.domain.burden import ItemStatus
from ledger.domain.key_tasks import TaskStatus
from ledger.domain.progress import Light

enums(ItemStatus, Light, TaskStatus)
if TYPE_CHECKING:
    from ledger.domain.burden import AssessmentItemProposed, BurdenCapSet
    from ledger.domain.key_tasks import Milestone
    from ledger.domain.responsibility import ChildTarget, Duty
else:
    Milestone, Duty = output_of(key_tasks.Milestone), output_of(responsibility.Duty)
    ChildTarget, BurdenCapSet = output_of(responsibility.ChildTarget), output_of(burden.BurdenCapSet)
    AssessmentItemProposed = output_of(burden.AssessmentItemProposed)


@strawberry.type(description="How far a unit is towards its target by the end of a period.")
class Progress(Node):
    unit_id: str = strawberry.field(description="The unit.")
    indicator_id: str = strawberry.field(description="The indicator.")
    name: str = strawberry.field(description="What the indicator is called.")
    period: str = strawberry.field(description="The period, spelled as the plan spells it.")
    target: Decimal = strawberry.field(description="The target of the year.")
    target_position: Position | None = strawberry.field(
        description="The event that set or moved the unit's own target; null where the plan's holds."
    )
    share_due: Decimal | None = strawberry.field(
        description="The share of it due by then, from 0 to 1; null for rates and stocks, due whole at any time."
    )
    due: Decimal = strawberry.field(description="The part of the target that is due by then.")
    ytd: Decimal | None = strawberry.field(description="The official figure since the beginning of the year.")
    value_position: Position | None = strawberry.field(description="The event that made the figure official.")
    rate: Decimal | None = strawberry.field(
        description="Done / due, or due / done where lower is better: at least 1 is on time. Null without a divisor."
    )
    gap: Decimal | None = strawberry.field(
        description="Share done minus share due, in percentage points: negative is behind."
    )
    completed: bool | None = strawberry.field(
        description="Whether the year's target is met, on exact figures; null while no figure is known."
    )
    light: Light | None = strawberry.field(description="The plan's light for the rate; null while no figure is known.")


@strawberry.type(description="A step of a key task, and how far it is.")
class KeyTaskStep:
    milestone: Milestone = strawberry.field(description="The step.")
    percent: Decimal = strawberry.field(description="What is verified, of 100.")
    reported_percent: Decimal | None = strawberry.field(description="A report that awaits its verification, of 100.")
    overdue: bool = strawberry.field(description="Whether it was due and is not verified as done.")


@strawberry.type(description="What a unit is to get done besides its figures, step by step.")
class KeyTask(Node):
    position: Position = strawberry.field(description="The event that assigned it.")
    task_id: str = strawberry.field(description="The key task.")
    unit_id: str = strawberry.field(description="The unit that leads it.")
    title: str = strawberry.field(description="What it is called.")
    responsible_person_id: str = strawberry.field(description="The person who answers for it.")
    indicator_id: str | None = strawberry.field(description="The indicator that it serves.")
    tags: list[str] = strawberry.field(description="Campaigns and attributes to report by.")
    status: TaskStatus = strawberry.field(description="Where it stands.")
    progress: Decimal = strawberry.field(description="How much of it is verified, from 0 to 1.")
    overdue: bool = strawberry.field(description="Whether a step of it is.")
    steps: list[KeyTaskStep] = strawberry.field(description="Its steps.")
    timeline: list[Event] = strawberry.field(description="Every event about it, in order.")


@strawberry.type(description="Who answers for the target of a unit on an indicator, and how it is broken down.")
class Responsibility:
    unit_id: str = strawberry.field(description="The unit whose target it is.")
    indicator_id: str = strawberry.field(description="The indicator.")
    duties: list[Duty] = strawberry.field(description="Who leads and who takes part.")
    children: list[ChildTarget] = strawberry.field(description="The parts that units below are to reach.")


@strawberry.type(description="An item of what may be asked of the units.")
class BurdenItem:
    position: Position = strawberry.field(description="The event that proposed it.")
    item_id: str = strawberry.field(description="The item.")
    status: ItemStatus = strawberry.field(description="Where it stands.")
    proposal: AssessmentItemProposed = strawberry.field(description="What was proposed.")


@strawberry.type(description="What is due from the units in one month.")
class MonthlyBurden:
    month: date = strawberry.field(description="The first day of the month.")
    requests: int = strawberry.field(description="How many requests for data are due in it.")
    requests_max: int | None = strawberry.field(description="The most that may be due from one unit.")


@strawberry.type(description="What may be asked of the units in a year, and what is.")
class Burden:
    year: int = strawberry.field(description="The year.")
    cap: BurdenCapSet | None = strawberry.field(description="The limits; null while there are none.")
    active_items: int = strawberry.field(description="How many items are on the list, for the unit if one is named.")
    demands: int = strawberry.field(description="How many data those items ask for.")
    items: list[BurdenItem] = strawberry.field(description="Every item, for the unit if one is named.")
    months: list[MonthlyBurden] = strawberry.field(
        description="Requests by month, to the unit if one is named, to anybody otherwise."
    )

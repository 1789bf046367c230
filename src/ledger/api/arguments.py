"""Arguments that many questions share, each described once."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry
from strawberry.types import Info

from ledger.api.context import Context
from ledger.api.derived import enums
from ledger.api.scalars import Position
from ledger.api.types import AsOfInput
from ledger.domain.score import Basis

enums(Basis)
AskInfo = Info[Context, None]
AsOfArgument = Annotated[
    AsOfInput | None, strawberry.argument(description="The moment to answer for; the present if left out.")
]
AtLeast = Annotated[
    Position | None,
    strawberry.argument(description="Wait, for a bounded time, until this position is included: read your own writes."),
]
CycleId = Annotated[str, strawberry.argument(name="cycle", description="The assessment cycle.")]
UnitId = Annotated[str, strawberry.argument(name="unit", description="The unit.")]
IndicatorId = Annotated[str, strawberry.argument(name="indicator", description="The indicator.")]
PeriodName = Annotated[str, strawberry.argument(description="The period, spelled as the plan spells it.")]
AnyPeriod = Annotated[str | None, strawberry.argument(description="The period; the cycle as a whole if left out.")]
GroupId = Annotated[str, strawberry.argument(name="group", description="The peer group.")]
PersonId = Annotated[str, strawberry.argument(name="person", description="The person.")]
Id = Annotated[str, strawberry.argument(name="id", description="The id.")]
BasisArgument = Annotated[Basis, strawberry.argument(description="Whose word the values are.")]
OnDay = Annotated[
    date | None,
    strawberry.argument(description="The day; if left out that of the moment asked for, or today."),
]

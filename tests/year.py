"""A small assessment year on a real ledger: who takes part, what is assessed, and requests in their names.

Every instant follows the clock of the test, which must lie in 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from ledger.commands import Commands, Outcome, Recorded, Request
from ledger.domain.commands import (
    EnterScore,
    GrantRole,
    IssueMeasures,
    IssuePlanVersion,
    OpenCycle,
    PlanCycle,
    RegisterPerson,
    RegisterUnit,
    VerifyScore,
)
from ledger.domain.commands.founding import OpenLedger
from ledger.domain.facts import Event, Fact
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.periods import Frequency
from ledger.domain.plan import (
    Calendar,
    Deadline,
    DeadlineName,
    Dimension,
    EntryKind,
    Group,
    GroupWeight,
    Indicator,
    Member,
    Plan,
)
from ledger.domain.roles import Role
from ledger.domain.score import ScoreEntered, ScoreVerified
from ledger.domain.units import UnitCategory
from ledger.domain.world import Command
from ledger.entries import decode
from ledger.store import Store

CYCLE, INDICATOR, GROUP = "2018", "GDP", "G1"
YEAR = "2017"
"""A period that is over, so its values can be entered."""
ENTRY_ENDS_ON = date(2018, 3, 31)
SCORERS = tuple(f"scorer-{number}" for number in range(8))
VERIFIER = "verifier"
OPENING = OpenLedger(
    title="Test", administrator_id="admin", director_id="director", office_id="office", leading_id="leading"
)
FOUNDED_EVENTS = 9
"""How many events `OPENING` leaves."""


def plan(unit_ids: Sequence[str], *, scale: int = 2) -> Plan:
    """A plan of one indicator, entered until the end of March."""
    return Plan(
        title="Plan 2018",
        unit_ids=tuple(unit_ids),
        periods=(YEAR,),
        dimensions=(Dimension(dimension_id="D", name="Economy"),),
        groups=(Group(group_id=GROUP, name="Districts", members=tuple(Member(unit_id=unit) for unit in unit_ids)),),
        indicators=(
            Indicator(
                indicator_id=INDICATOR,
                name="Gross product",
                dimension_id="D",
                weights=(GroupWeight(group_id=GROUP, weight=Decimal(100)),),
                formula=Formula(kind=FormulaKind.BEST_RATIO),
                entry_kind=EntryKind.ACTUAL,
                uom="CNY",
                scale=scale,
                frequency=Frequency.YEAR,
            ),
        ),
        calendar=Calendar(deadlines=(Deadline(name=DeadlineName.ENTRY, ends_on=ENTRY_ENDS_ON),)),
    )


def entry(unit_id: str = "U000", value: str = "12.34", *, expected_version: int | None = None) -> EnterScore:
    """The entry of one unit's score."""
    return EnterScore(
        cycle_id=CYCLE,
        unit_id=unit_id,
        indicator_id=INDICATOR,
        period=YEAR,
        value=Decimal(value),
        uom="CNY",
        expected_version=expected_version,
    )


def entered(unit_id: str = "U000", value: str = "12.34", *, replaces_position: int | None = None) -> ScoreEntered:
    """The fact that `entry` leaves."""
    return ScoreEntered(
        cycle_id=CYCLE,
        unit_id=unit_id,
        indicator_id=INDICATOR,
        period=YEAR,
        value=Decimal(value),
        uom="CNY",
        entry_kind=EntryKind.ACTUAL,
        source=entry().source,
        replaces_position=replaces_position,
    )


def verification(position: int, unit_id: str = "U000") -> VerifyScore:
    """The verification of a value that was entered at `position`."""
    return VerifyScore(cycle_id=CYCLE, unit_id=unit_id, indicator_id=INDICATOR, period=YEAR, verified_position=position)


def verified(position: int, unit_id: str = "U000", value: str = "12.34") -> ScoreVerified:
    """The fact that `verification` leaves."""
    return ScoreVerified(
        cycle_id=CYCLE,
        unit_id=unit_id,
        indicator_id=INDICATOR,
        period=YEAR,
        value=Decimal(value),
        verified_position=position,
        method=verification(position).method,
    )


def unit(unit_id: str, *, parent: str | None = None) -> RegisterUnit:
    """The registration of a unit."""
    return RegisterUnit(
        unit_id=unit_id,
        name_zh=unit_id,
        category=UnitCategory.DISTRICT,
        parent_unit_id=parent,
        effective_on=date(2018, 1, 1),
    )


def recorded(store: Store, *, after: int) -> list[Event]:
    """What is recorded behind a position."""
    return [decode(stored) for stored in store.entries(after=after)]


def facts(outcome: Outcome) -> list[Fact]:
    """The facts of a command that must have been recorded."""
    assert isinstance(outcome, Recorded), outcome
    return [event.fact for event in outcome.events]


@dataclass(frozen=True)
class Year:
    """Requests to one process's commands."""

    commands: Commands
    new_id: Callable[[], UUID]

    def request(self, command: Command, by: str = SCORERS[0], *, command_id: UUID | None = None) -> Request:
        """A request of `by`, with a new id unless one is given."""
        return Request(command=command, command_id=command_id or self.new_id(), person_id=by)

    def execute(self, command: Command, by: str = SCORERS[0], *, command_id: UUID | None = None) -> Recorded:
        """Carry out one command."""
        return self.commands.execute(self.request(command, by, command_id=command_id))

    def execute_many(self, *requests: Request) -> list[Outcome]:
        """Carry out requests as one batch."""
        return self.commands.execute_many(requests)

    def begin(self, units: int = 3) -> None:
        """Open the ledger and a cycle with units U000, U001 ..., scorers and a verifier."""
        self.execute(OPENING)
        unit_ids = [f"U{number:03}" for number in range(units)]
        self._lay_out(unit_ids)
        for person, role in (*((scorer, Role.SCORER) for scorer in SCORERS), (VERIFIER, Role.VERIFIER)):
            self.execute(RegisterPerson(subject_id=person, display_name=person), "admin")
            grant = GrantRole(subject_id=person, role=role, valid_from=date(2018, 1, 1), approved_by="director")
            self.execute(grant, "admin")

    def _lay_out(self, unit_ids: Sequence[str]) -> None:
        self.execute(IssueMeasures(measures_id="M", title="Measures", in_force_from=date(2018, 1, 1)), "leading")
        cycle = PlanCycle(
            cycle_id=CYCLE,
            title="Year 2018",
            starts_on=date(2018, 1, 1),
            ends_on=date(2018, 12, 31),
            measures_id="M",
            measures_version=1,
        )
        self.execute(cycle, "office")
        self.execute(IssuePlanVersion(cycle_id=CYCLE, content=plan(unit_ids), summary="First"), "office")
        for unit_id in unit_ids:
            self.execute(unit(unit_id), "office")
        self.execute(OpenCycle(cycle_id=CYCLE), "office")

    def change_plan(self, units: int = 3, *, scale: int = 0) -> Recorded:
        """Issue another plan version, which allows fewer decimal places."""
        content = plan([f"U{number:03}" for number in range(units)], scale=scale)
        second = IssuePlanVersion(
            cycle_id=CYCLE, content=content, based_on=1, summary="Fewer decimal places", approved_by="leading"
        )
        return self.execute(second, "office")

    def beside(self, commands: Commands) -> Year:
        """The same year as another process sees it."""
        return replace(self, commands=commands)

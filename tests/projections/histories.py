"""Histories for the tests of projections: real commands decided in memory, then put into a ledger.

Random histories are drawn as a list of moves. A move that the rules refuse records nothing,
so whatever is drawn is a history that could have happened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypedDict

from city import BECAUSE, CYCLE, EVIDENCE, NOW, PLAN, City, found_city

from ledger.domain.commands import (
    AdjustTarget,
    ApproveCorrection,
    AssignUnitToGroup,
    EndIndicatorExemption,
    EnterScore,
    EnterScoreLate,
    ExemptIndicator,
    IssuePlanVersion,
    RejectCorrection,
    RenameUnit,
    RequestCorrection,
    ReturnScore,
    SelfReportScore,
    SetTarget,
    VerifyScore,
    WithdrawCorrectionRequest,
    WithdrawScore,
)
from ledger.domain.cycle import cycle_stream
from ledger.domain.facts import Event
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.periods import Frequency
from ledger.domain.plan import (
    Calendar,
    EntryKind,
    Group,
    GroupWeight,
    Indicator,
    Member,
    Participation,
)
from ledger.domain.score import ReasonCode
from ledger.domain.targets import TargetReason
from ledger.domain.world import Command
from ledger.entries import Draft
from ledger.store import Store

NORTH, SOUTH = "NORTH", "SOUTH"
GROUPS = (NORTH, SOUTH)
PERIODS = ("2018-Q3", "2018-Q4", "2018-Y")
CELLS = (
    *((unit, "A", "2018-Y") for unit in ("U01", "U02", "U03", "U04", "U05")),
    *((unit, "Q", period) for unit in ("U01", "U02", "U03") for period in ("2018-Q3", "2018-Q4")),
)


def _indicator(indicator_id: str, kind: FormulaKind, frequency: Frequency, **weights: int) -> Indicator:
    return Indicator(
        indicator_id=indicator_id,
        name=indicator_id,
        dimension_id="ECONOMY",
        weights=tuple(GroupWeight(group_id=group, weight=Decimal(weight)) for group, weight in weights.items()),
        formula=Formula(kind=kind),
        entry_kind=EntryKind.ACTUAL,
        uom="%",
        scale=2,
        frequency=frequency,
        value_min=Decimal(0),
    )


TWO_GROUPS = replace(
    PLAN,
    unit_ids=("U01", "U02", "U03", "U04", "U05"),
    periods=PERIODS,
    indicators=(
        _indicator("A", FormulaKind.LINEAR_RATIO, Frequency.YEAR, NORTH=40, SOUTH=100),
        _indicator("Q", FormulaKind.BEST_RATIO, Frequency.QUARTER, NORTH=60),
    ),
    groups=(
        Group(group_id=NORTH, name="North", members=tuple(Member(unit_id=unit) for unit in ("U01", "U02", "U03"))),
        Group(
            group_id=SOUTH,
            name="South",
            members=(Member(unit_id="U04"), Member(unit_id="U05", participation=Participation.LISTED_SEPARATELY)),
        ),
    ),
    calendar=Calendar(deadlines=()),
)
"""One group compares its units, the other has a unit out of the contest; targets are each unit's own."""


@dataclass(frozen=True)
class Move:
    """One thing that somebody tries: what, on which score, with which number."""

    action: str
    cell: int = 0
    number: int = 1


class Year:
    """A year in memory on which moves are tried; every unit has a target, so that every score can be entered."""

    def __init__(self) -> None:
        self.city = found_city(TWO_GROUPS)
        self.given(*(Move("set_target", cell) for cell in range(5)))
        self.founded = self.city.head
        """The last position before anything else happens."""

    @property
    def events(self) -> list[Event]:
        """What was recorded."""
        return self.city.memory.events

    def given(self, *moves: Move) -> Year:
        """Make moves that the rules allow; return self."""
        for move in moves:
            before = self.city.head
            self.tried(move)
            assert self.city.head > before, move
        return self

    def tried(self, *moves: Move) -> Year:
        """Try moves that the rules may refuse; return self."""
        for move in moves:
            attempt = ACTIONS[move.action](self.city, CELLS[move.cell % len(CELLS)], Decimal(move.number))
            if attempt is not None:
                command, by = attempt
                self.city.when(command, by=by, at=NOW)
        return self


Cell = tuple[str, str, str]
Tried = tuple[Command, str] | None


class Named(TypedDict):
    """What a score is called."""

    cycle_id: str
    unit_id: str
    indicator_id: str
    period: str


def named(cell: Cell) -> Named:
    """The names of one cell."""
    return {"cycle_id": CYCLE, "unit_id": cell[0], "indicator_id": cell[1], "period": cell[2]}


def _claim(city: City, cell: Cell, number: Decimal) -> Tried:
    return SelfReportScore(**named(cell), value=number, uom="%"), "reporter"


def _enter(city: City, cell: Cell, number: Decimal) -> Tried:
    return EnterScore(**named(cell), value=number, uom="%"), "scorer"


def _enter_late(city: City, cell: Cell, number: Decimal) -> Tried:
    late = EnterScoreLate(**named(cell), value=number, uom="%", late_reason=BECAUSE, approved_by="director")
    return late, "colleague"


def _return(city: City, cell: Cell, number: Decimal) -> Tried:
    entered = city.score(*cell).entered
    if entered is None:
        return None
    code = ReasonCode.DATA_ENTRY_ERROR
    return ReturnScore(**named(cell), returned_position=entered.position, reason_code=code, reason=BECAUSE), "verifier"


def _verify(city: City, cell: Cell, number: Decimal) -> Tried:
    entered = city.score(*cell).entered
    return entered and (VerifyScore(**named(cell), verified_position=entered.position), "verifier")


def _request(city: City, cell: Cell, number: Decimal) -> Tried:
    official = city.score(*cell).official
    if official is None:
        return None
    request = RequestCorrection(
        **named(cell),
        corrects_position=official.position,
        proposed_value=number,
        reason_code=ReasonCode.SOURCE_DATA_REVISED,
        reason=BECAUSE,
        evidence=EVIDENCE,
    )
    return request, "colleague"


def _approve(city: City, cell: Cell, number: Decimal) -> Tried:
    asked = city.score(*cell).request
    return asked and (ApproveCorrection(**named(cell), request_position=asked.position), "approver")


def _reject(city: City, cell: Cell, number: Decimal) -> Tried:
    asked = city.score(*cell).request
    return asked and (RejectCorrection(**named(cell), request_position=asked.position, reason=BECAUSE), "approver")


def _take_back(city: City, cell: Cell, number: Decimal) -> Tried:
    asked = city.score(*cell).request
    if asked is None:
        return None
    return WithdrawCorrectionRequest(**named(cell), request_position=asked.position, reason=BECAUSE), "colleague"


def _withdraw(city: City, cell: Cell, number: Decimal) -> Tried:
    score = city.score(*cell)
    standing = score.official or score.entered
    if standing is None:
        return None
    withdrawal = WithdrawScore(
        **named(cell),
        withdrawn_position=standing.position,
        reason_code=ReasonCode.WRONG_PERIOD,
        reason=BECAUSE,
        evidence=EVIDENCE,
        approved_by="approver" if score.official else None,
    )
    return withdrawal, "scorer"


def _set_target(city: City, cell: Cell, number: Decimal) -> Tried:
    target = SetTarget(cycle_id=CYCLE, unit_id=cell[0], indicator_id="A", target=number + 5, uom="%")
    return target, "office"


def _adjust_target(city: City, cell: Cell, number: Decimal) -> Tried:
    adjusted = AdjustTarget(
        cycle_id=CYCLE,
        unit_id=cell[0],
        indicator_id="A",
        new_target=number + 6,
        reason_code=TargetReason.POLICY_CHANGE,
        reason=BECAUSE,
        evidence=EVIDENCE,
        requested_by="reporter",
    )
    return adjusted, "leading"


def _exempt(city: City, cell: Cell, number: Decimal) -> Tried:
    exemption = ExemptIndicator(
        cycle_id=CYCLE,
        unit_id=cell[0],
        indicator_id=cell[1],
        periods=(cell[2],) if number > 3 else (),
        reason=BECAUSE,
        evidence=EVIDENCE,
        requested_by="reporter",
    )
    return exemption, "leading"


def _end_exemption(city: City, cell: Cell, number: Decimal) -> Tried:
    exemptions = city.memory.load(cycle_stream(CYCLE))[1].exemptions
    if not exemptions:
        return None
    ended = EndIndicatorExemption(cycle_id=CYCLE, exempted_position=exemptions[-1].position, reason=BECAUSE)
    return ended, "leading"


def _assign(city: City, cell: Cell, number: Decimal) -> Tried:
    group = GROUPS[int(number) % 2]
    return AssignUnitToGroup(cycle_id=CYCLE, unit_id=cell[0], group_id=group, reason=BECAUSE), "leading"


def _rename(city: City, cell: Cell, number: Decimal) -> Tried:
    day = NOW.date()
    return RenameUnit(unit_id=cell[0], new_name_zh=f"新区{number}", evidence=EVIDENCE, effective_on=day), "office"


def _replan(city: City, cell: Cell, number: Decimal) -> Tried:
    newest = city.memory.load(cycle_stream(CYCLE))[1].latest
    content = replace(newest.plan, score_scale=int(number) % 4)
    issued = IssuePlanVersion(
        cycle_id=CYCLE, content=content, based_on=newest.plan_version, summary="Scale", approved_by="leading"
    )
    return issued, "office"


ACTIONS: dict[str, Callable[[City, Cell, Decimal], Tried]] = {
    "claim": _claim,
    "enter": _enter,
    "enter_late": _enter_late,
    "return": _return,
    "verify": _verify,
    "request": _request,
    "approve": _approve,
    "reject": _reject,
    "take_back": _take_back,
    "withdraw": _withdraw,
    "set_target": _set_target,
    "adjust_target": _adjust_target,
    "exempt": _exempt,
    "end_exemption": _end_exemption,
    "assign": _assign,
    "rename": _rename,
    "replan": _replan,
}

EVERYTHING_ONCE = (
    *(Move("enter", cell, cell + 2) for cell in range(8)),
    Move("claim", 3, 9),
    Move("return", 0),
    Move("enter", 0, 7),
    *(Move("verify", cell) for cell in range(8)),
    Move("request", 0, 8),
    Move("approve", 0),
    Move("request", 0, 9),
    Move("reject", 0),
    Move("request", 1, 9),
    Move("take_back", 1),
    Move("withdraw", 0),
    Move("enter_late", 0, 4),
    Move("verify", 0),
    Move("enter", 9, 3),
    Move("withdraw", 9),
    Move("adjust_target", 1, 9),
    Move("exempt", 5),
    Move("end_exemption"),
    Move("rename", 1),
    Move("rename", 1, 2),
    Move("replan", 0, 3),
    Move("assign", 3, 0),
    Move("request", 2, 5),
    Move("approve", 2),
)
"""Every kind of move, each of which succeeds."""


def eventful() -> Year:
    """A year in which everything happens at least once."""
    assert {move.action for move in EVERYTHING_ONCE} | {"set_target"} == ACTIONS.keys()
    return Year().given(*EVERYTHING_ONCE)


def record(store: Store, year: Year) -> None:
    """Put a year that was decided in memory into an empty ledger, at the same positions."""
    events = year.events
    drafts = [Draft(e.stream, e.version, e.fact, e.actor, e.command_id) for e in events]
    recorded = store.append(drafts)
    assert [e.position for e in recorded] == [e.position for e in events]

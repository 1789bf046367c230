"""Moves: what somebody may try in a year, each as a real command that cites what is there at the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypedDict

from city import BECAUSE, CYCLE, EVIDENCE, NOW, City

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
from ledger.domain.score import ReasonCode
from ledger.domain.targets import ScheduleStep, TargetReason
from ledger.domain.world import Command

NORTH, SOUTH = "NORTH", "SOUTH"
GROUPS = (NORTH, SOUTH)


@dataclass(frozen=True)
class Move:
    """One thing that somebody tries: what, on which score, with which number."""

    action: str
    cell: int = 0
    number: int = 1


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


SHARES = (
    ScheduleStep(period="2018-Q3", cumulative_share=Decimal("0.750")),
    ScheduleStep(period="2018-Q4", cumulative_share=Decimal(1)),
)


def _set_target(city: City, cell: Cell, number: Decimal) -> Tried:
    target = SetTarget(
        cycle_id=CYCLE,
        unit_id=cell[0],
        indicator_id="A",
        target=number + 5,
        uom="%",
        baseline=number + 3,
        progress_schedule=(SHARES if number > 3 else ()),
    )
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

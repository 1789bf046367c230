"""Bad input, row by row: the table of domain.md 2.6 as far as it speaks of the domain.

Rows 1, 41 and 42 belong to whoever carries commands out. Rows 32 to 36 and 44 are in
`test_bad_input_results`; 37 and 38 in `test_appeals`, 39 in `test_reorganisation`, 43 in
`test_burden`. The bytes of row 23 are checked where they are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from city import (
    BECAUSE,
    CYCLE,
    EVIDENCE,
    GROUP,
    MIDSUMMER,
    NOW,
    PLAN,
    YEAR,
    City,
    Refusal,
    approve,
    claim,
    enter,
    exempt,
    found_city,
    grant,
    instant,
    plan_with,
    request,
    set_target,
    verify,
    withdraw,
)

from ledger.domain.commands import EnterScore, GrantDelegation, IssuePlanVersion, RequestCorrection
from ledger.domain.facts import Actor, Fact
from ledger.domain.formula import Breakpoint, Formula, FormulaKind
from ledger.domain.grading import GradesOpened
from ledger.domain.periods import Frequency
from ledger.domain.plan import EntryKind, Group, GroupWeight, Indicator, Member, PeriodShare, Plan
from ledger.domain.quota import GradeQuota, GradingRules
from ledger.domain.reading import read_command
from ledger.domain.refusals import Refused, every_refusal
from ledger.domain.roles import Role
from ledger.domain.targets import ScheduleStep
from ledger.domain.world import Command

Outcome = tuple[Fact, ...] | Refusal
A, B, C = PLAN.indicators
ENTRY = {"cycle_id": CYCLE, "unit_id": "U04", "indicator_id": "A", "period": YEAR, "value": "7.4", "uom": "%"}
CORRECTION = {
    "cycle_id": CYCLE,
    "unit_id": "U04",
    "indicator_id": "A",
    "period": YEAR,
    "proposed_value": "8.0",
    "reason_code": "DATA_ENTRY_ERROR",
    "reason": BECAUSE,
    "evidence": list(EVIDENCE),
}


def sent(city: City, kind: type[Command], given: dict[str, object], *, by: str = "scorer") -> Outcome:
    """What becomes of a command that arrives as plain values."""
    try:
        command = read_command(kind, given)
    except Refused as refused:
        return Refusal(refused.code(), refused.path)
    return city.when(command, by=by)


def entry(city: City, value: object) -> Outcome:
    return sent(city, EnterScore, ENTRY | {"value": value})


def correction(city: City, **changed: object) -> Outcome:
    given = CORRECTION | {"corrects_position": city.verified()} | changed
    return sent(city, RequestCorrection, {name: value for name, value in given.items() if value is not ...})


def plan(content: Plan) -> Outcome:
    """A plan issued before entry opens."""
    command = IssuePlanVersion(cycle_id=CYCLE, content=content, based_on=1, summary="Second version")
    return found_city(opened=False).when(command, by="office")


def formula(kind: FormulaKind, **parameters: str) -> Outcome:
    given: dict[str, Any] = {name: Decimal(text) for name, text in parameters.items()}
    return plan(plan_with(replace(A, formula=Formula(kind=kind, **given)), B, C))


def piecewise(*corners: tuple[int, int]) -> Outcome:
    breakpoints = tuple(Breakpoint(actual=Decimal(actual), points=Decimal(points)) for actual, points in corners)
    return plan(plan_with(replace(A, formula=Formula(kind=FormulaKind.PIECEWISE, breakpoints=breakpoints)), B, C))


def quota(*shares: str) -> Outcome:
    grades = tuple(
        GradeQuota(grade=grade, share=Decimal(share))
        for grade, share in zip(("EXCELLENT", "GOOD"), shares, strict=True)
    )
    return plan(replace(PLAN, grading=GradingRules(grades=grades)))


def due(*shares: str) -> Outcome:
    steps = tuple(
        PeriodShare(period=period, share=Decimal(share)) for period, share in zip(PLAN.periods, shares, strict=False)
    )
    return plan(plan_with(replace(A, schedule=steps), B, C))


def weights(weight: str) -> Outcome:
    return plan(plan_with(replace(A, weights=(GroupWeight(group_id=GROUP, weight=Decimal(weight)),)), B, C))


def schedule(city: City, *shares: str) -> Outcome:
    steps = tuple(
        ScheduleStep(period=period, cumulative_share=Decimal(share))
        for period, share in zip(PLAN.periods, shares, strict=False)
    )
    return city.when(replace(set_target("8"), progress_schedule=steps), by="office", at=MIDSUMMER)


def in_city_with(changed: Indicator, command: Command) -> Outcome:
    return found_city(plan_with(changed, B, C)).when(command, by="scorer")


def in_2019(at: datetime) -> Outcome:
    city = found_city(replace(PLAN, periods=("2018-Y", "2019-Y")))
    return city.when(enter("7.4", period="2019-Y"), by="scorer", at=at)


def exempted(city: City) -> Outcome:
    city.given(exempt("U04", "A"), by="director")
    return city.when(enter("7.4"), by="scorer")


def entered_after_verification(city: City) -> Outcome:
    city.verified()
    return city.when(enter("7.5"), by="scorer")


def verified_by_who_entered_it(city: City) -> Outcome:
    entered = city.entered()
    city.give_role("scorer", Role.VERIFIER)
    return city.when(verify(entered), by="scorer")


def verified_by_the_delegate_who_entered_it(city: City) -> Outcome:
    lend(city, "scorer", Role.SCORER)
    entered = city.given(enter("7.4"), by="deputy", on_behalf_of="scorer")
    city.give_role("deputy", Role.VERIFIER)
    return city.when(verify(entered), by="deputy")


def verified_on_behalf_of_who_entered_it(city: City) -> Outcome:
    entered = city.entered()
    city.give_role("scorer", Role.VERIFIER)
    lend(city, "scorer", Role.VERIFIER)
    return city.when(verify(entered), by="deputy", on_behalf_of="scorer")


def verified_after_entry_again(city: City) -> Outcome:
    first = city.entered("7.4")
    city.entered("7.5")
    return city.when(verify(first), by="verifier")


def verified_twice(city: City) -> Outcome:
    return city.when(verify(city.verified()), by="verifier")


def corrected_in_another_stream(city: City) -> Outcome:
    city.verified()
    return city.when(request(city.given(enter("7.4", "U05"), by="scorer"), "8.0"), by="scorer")


def corrected_at_its_verification(city: City) -> Outcome:
    return city.when(request(city.verified() + 1, "8.0"), by="scorer")


def corrected_in_the_future(city: City) -> Outcome:
    return city.when(request(city.verified() + 1000, "8.0"), by="scorer")


def corrected_after_a_correction(city: City) -> Outcome:
    entered = city.verified()
    city.given(approve(city.given(request(entered, "8.0"), by="scorer")), by="approver")
    return city.when(request(entered, "7.9"), by="scorer")


def corrected_to_the_same(city: City, value: str) -> Outcome:
    return city.when(request(city.verified("8.0"), value), by="scorer")


def requested_twice(city: City) -> Outcome:
    entered = city.verified()
    city.given(request(entered, "8.0"), by="scorer")
    return city.when(request(entered, "7.9"), by="office")


def approved_by(city: City, person: str) -> Outcome:
    requested = city.given(request(city.verified(), "8.0"), by="office")
    city.give_role(person, Role.APPROVER)
    return city.when(approve(requested), by=person)


def approved_after_the_value_moved(city: City) -> Outcome:
    entered = city.verified()
    requested = city.given(request(entered, "8.0"), by="scorer")
    city.given(withdraw(entered, approved_by="approver"), by="scorer")
    return city.when(approve(requested), by="approver")


def approved_after_grading(city: City) -> Outcome:
    requested = city.requested()
    opened = GradesOpened(cycle_id=CYCLE, group_id=GROUP, results_position=requested)
    city.memory.record(opened, actor=Actor("leading", "LEADING"), at=NOW)
    return city.when(approve(requested), by="approver")


def lend(city: City, person: str, role: Role) -> None:
    command = GrantDelegation(
        subject_id="deputy", role=role, valid_from=date(2019, 1, 1), valid_to=date(2019, 1, 30), reason="On leave."
    )
    city.given(command, by=person)


QUARTERLY = replace(A, frequency=Frequency.QUARTER)
MONTHS = replace(plan_with(QUARTERLY, B, C), periods=(*PLAN.periods, "2018-M03"))
TWICE = Group(group_id="G2", name="Twice", members=(Member(unit_id="U01"),))

ROWS: list[tuple[str, Callable[[City], Outcome], str, str | None]] = [
    ("2 entry by a reporter", lambda c: c.when(enter("7.4"), by="reporter"), "FORBIDDEN_ROLE", None),
    ("3 claim for another unit", lambda c: c.when(claim("7.4", "U05"), by="reporter"), "OUT_OF_SCOPE_UNIT", None),
    ("4 exponent", lambda c: entry(c, "1e3"), "INVALID_DECIMAL", "value"),
    ("4 full-width digits", lambda c: entry(c, "１２.５"), "INVALID_DECIMAL", "value"),
    ("4 comma", lambda c: entry(c, "12,5"), "INVALID_DECIMAL", "value"),
    ("4 percent sign", lambda c: entry(c, "85%"), "INVALID_DECIMAL", "value"),
    ("4 JSON number", lambda c: entry(c, 85.1), "INVALID_DECIMAL", "value"),
    ("4 empty", lambda c: entry(c, ""), "INVALID_DECIMAL", "value"),
    ("5 more places than declared", lambda c: entry(c, "85.12345"), "SCALE_EXCEEDED", "value"),
    ("6 points", lambda c: c.when(enter("100.01", indicator_id="C"), by="scorer"), "OUT_OF_RANGE", "value"),
    ("6 negative count", lambda c: c.when(enter("-1"), by="scorer"), "OUT_OF_RANGE", "value"),
    ("7", lambda c: c.when(replace(enter("7.4"), uom="万元"), by="scorer"), "UNIT_OF_MEASURE_MISMATCH", "uom"),
    (
        "8",
        lambda c: c.when(replace(enter("7.4"), entry_kind=EntryKind.POINTS), by="scorer"),
        "WRONG_ENTRY_KIND",
        "entry_kind",
    ),
    ("9 fifth quarter", lambda c: c.when(enter("7.4", period="2018-Q5"), by="scorer"), "INVALID_PERIOD", None),
    ("9 thirteenth month", lambda c: c.when(enter("7.4", period="2018-M13"), by="scorer"), "INVALID_PERIOD", None),
    (
        "9 month of a quarterly indicator",
        lambda _: found_city(MONTHS).when(enter("7.4", period="2018-M03"), by="scorer"),
        "INVALID_PERIOD",
        "period",
    ),
    ("10 not begun", lambda _: in_2019(instant("2018-12-31 23:59")), "PERIOD_NOT_STARTED", "period"),
    ("10 not ended", lambda _: in_2019(instant("2019-01-01 00:00")), "PERIOD_NOT_ENDED", "period"),
    (
        "11 unknown unit",
        lambda c: c.when(enter("7.4", "U99"), by="scorer"),
        "UNKNOWN_ID",
        "unit_id",
    ),
    ("11 unknown indicator", lambda c: c.when(enter("7.4", "U04", "Z"), by="scorer"), "UNKNOWN_ID", "indicator_id"),
    (
        "11 unknown cycle",
        lambda c: c.when(replace(enter("7.4"), cycle_id="NONE"), by="scorer"),
        "UNKNOWN_ID",
        "cycle_id",
    ),
    (
        "11 unknown position",
        lambda c: c.when(verify(c.entered() + 1000), by="verifier"),
        "UNKNOWN_ID",
        None,
    ),
    ("12", exempted, "NOT_APPLICABLE", "indicator_id"),
    ("13", lambda _: in_city_with(replace(A, target=None), enter("7.4")), "NO_TARGET", "indicator_id"),
    ("14", entered_after_verification, "ALREADY_ENTERED", None),
    ("15", lambda c: c.when(enter("7.4"), by="scorer", at=instant("2019-01-11 00:00")), "DEADLINE_PASSED", None),
    ("16 themselves", verified_by_who_entered_it, "SEPARATION_OF_DUTIES", None),
    ("16 having entered as a delegate", verified_by_the_delegate_who_entered_it, "SEPARATION_OF_DUTIES", None),
    ("16 through a delegate", verified_on_behalf_of_who_entered_it, "SEPARATION_OF_DUTIES", None),
    ("17", verified_after_entry_again, "STALE_EXPECTED_VERSION", None),
    ("18", verified_twice, "ALREADY_VERIFIED", None),
    ("19 another stream", corrected_in_another_stream, "CORRECTION_TARGET_INVALID", "corrects_position"),
    ("19 an event without a value", corrected_at_its_verification, "CORRECTION_TARGET_INVALID", "corrects_position"),
    ("19 the future", corrected_in_the_future, "CORRECTION_TARGET_INVALID", "corrects_position"),
    ("20", corrected_after_a_correction, "STALE_CORRECTION", "corrects_position"),
    ("21 same", lambda c: corrected_to_the_same(c, "8.0"), "NO_CHANGE", "proposed_value"),
    ("21 same with another scale", lambda c: corrected_to_the_same(c, "8.00"), "NO_CHANGE", "proposed_value"),
    ("22 no reason", lambda c: correction(c, reason=...), "REASON_REQUIRED", "reason"),
    ("22 reason of nothing", lambda c: correction(c, reason=None), "REASON_REQUIRED", "reason"),
    ("22 blank reason", lambda c: correction(c, reason=" \n"), "REASON_REQUIRED", "reason"),
    ("22 one word", lambda c: correction(c, reason="错"), "REASON_TOO_SHORT", "reason"),
    ("22 unknown code", lambda c: correction(c, reason_code="OOPS"), "REASON_CODE_INVALID", "reason_code"),
    ("23 no evidence", lambda c: correction(c, evidence=[]), "EVIDENCE_REQUIRED", "evidence"),
    ("23 unknown hash", lambda c: correction(c, evidence=["f" * 64]), "EVIDENCE_UNKNOWN", "evidence"),
    ("24", requested_twice, "OPEN_REQUEST_EXISTS", None),
    ("25 requester", lambda c: approved_by(c, "office"), "SEPARATION_OF_DUTIES", None),
    ("25 enterer", lambda c: approved_by(c, "scorer"), "SEPARATION_OF_DUTIES", None),
    ("25 verifier", lambda c: approved_by(c, "verifier"), "SEPARATION_OF_DUTIES", None),
    ("26", approved_after_the_value_moved, "STALE_CORRECTION", "request_position"),
    ("27", approved_after_grading, "RESTATEMENT_REQUIRED", None),
    ("28 too little", lambda _: weights("49.99"), "WEIGHTS_NOT_100", "groups.G1.U01"),
    ("28 too much", lambda _: weights("50.01"), "WEIGHTS_NOT_100", "groups.G1.U01"),
    (
        "29 cap below floor",
        lambda _: formula(FormulaKind.LINEAR_RATIO, floor="60", cap="50"),
        "FORMULA_INVALID",
        "indicators.A.formula.cap",
    ),
    (
        "29 figures that do not increase",
        lambda _: piecewise((70, 60), (70, 80)),
        "FORMULA_INVALID",
        "indicators.A.formula.breakpoints",
    ),
    ("29 negative share of units", lambda _: quota("-0.1", "0.4"), "QUOTA_INVALID", "grading.grades"),
    ("29 shares of more than all units", lambda _: quota("0.6", "0.5"), "QUOTA_INVALID", "grading.grades"),
    ("29 negative share in the plan", lambda _: due("-0.1", "1"), "FORMULA_INVALID", "indicators.A.schedule"),
    ("29 plan short of one", lambda _: due("0.5", "0.99"), "FORMULA_INVALID", "indicators.A.schedule"),
    ("29 negative share", lambda c: schedule(c, "-0.1", "1"), "FORMULA_INVALID", "progress_schedule"),
    ("29 shares beyond one", lambda c: schedule(c, "0.5", "1.1"), "FORMULA_INVALID", "progress_schedule"),
    ("29 shares short of one", lambda c: schedule(c, "0.5", "0.99"), "FORMULA_INVALID", "progress_schedule"),
    ("30 in two groups", lambda _: plan(replace(PLAN, groups=(*PLAN.groups, TWICE))), "GROUP_OVERLAP", "groups.G2"),
    ("30 in none", lambda _: plan(replace(PLAN, unit_ids=(*PLAN.unit_ids, "U06"))), "UNIT_WITHOUT_GROUP", "groups"),
    (
        "31",
        lambda c: c.when(IssuePlanVersion(cycle_id=CYCLE, content=PLAN, based_on=1, summary="Second"), by="office"),
        "PLAN_CHANGE_NEEDS_APPROVAL",
        "approved_by",
    ),
    ("40", lambda c: c.when(grant("scorer", Role.INSPECTOR), by="admin"), "SEPARATION_OF_DUTIES", "role"),
]


@pytest.mark.parametrize(("attempt", "code", "path"), [pytest.param(*case, id=name) for name, *case in ROWS])
def test_bad_input_is_refused_with_its_code_and_nothing_is_recorded(
    city: City, attempt: Callable[[City], Outcome], code: str, path: str | None
) -> None:
    assert attempt(city) == Refusal(code, path)


def test_every_row_of_the_table_that_speaks_of_the_domain_is_here() -> None:
    assert {int(name.split()[0]) for name, *_ in ROWS} == {*range(2, 32), 40}


def test_attempts_that_an_inspector_asks_about_are_marked_to_be_recorded() -> None:
    assert {kind.code() for kind in every_refusal() if kind.privileged} == {
        "SEPARATION_OF_DUTIES",
        "FORBIDDEN_ROLE",
        "DEADLINE_PASSED",
        "PHASE_VIOLATION",
        "RESTATEMENT_REQUIRED",
        "CONFLICT_OF_INTEREST",
    }

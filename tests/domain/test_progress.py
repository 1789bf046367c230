"""How far a unit is against what is due by then, and the light that shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from city import PLAN, YEAR
from examples import vector
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.numbers import Rounding, rounded
from ledger.domain.plan import Indicator, PeriodShare
from ledger.domain.plan_rules import LightRules
from ledger.domain.progress import Light, Progress, progress

SHARES = {"2018-Q1": "0.20", "2018-Q2": "0.45", "2018-Q3": "0.72", "2018-Q4": "1"}
A, B, _ = PLAN.indicators
GROWING = replace(
    A, target=None, schedule=tuple(PeriodShare(period=p, share=Decimal(share)) for p, share in SHARES.items())
)
LIMITED = replace(GROWING, formula=B.formula)


def at(
    value: str | None, *, target: str | None = "480", period: str = "2018-Q2", indicator: Indicator = GROWING
) -> Progress | None:
    return progress(
        PLAN,
        indicator,
        target=None if target is None else Decimal(target),
        value=None if value is None else Decimal(value),
        period=period,
    )


def known(found: Progress | None) -> Progress:
    assert found is not None
    return found


def shown(exact: Fraction | None, scale: int = 2) -> str:
    assert exact is not None
    return str(rounded(exact, scale, Rounding.HALF_UP))


def test_e9_progress_is_measured_against_what_is_due_by_then() -> None:
    given, expected = vector("E9")["input"], vector("E9")["expect"]

    half = known(at(given["ytd"], target=given["annual_target"]))

    assert half.share_due == Fraction(given["cumulative_share"])
    assert shown(half.period_target, 1) == expected["period_target"]
    assert half.rate is not None
    assert shown(100 * half.rate) == expected["progress_rate"]
    assert half.share_done is not None
    assert shown(100 * half.share_done) == expected["share_done"]
    assert shown(half.gap) == expected["gap_pp"]
    assert half.light == expected["light"]


@pytest.mark.parametrize(
    ("value", "light"),
    [("216", "GREEN"), ("215.99", "YELLOW"), ("194.40", "YELLOW"), ("194.39", "RED"), ("-1", "RED")],
)
def test_a_light_changes_exactly_at_its_bound(value: str, light: str) -> None:
    assert known(at(value)).light == light


def test_e1c_a_target_is_met_on_the_exact_figure_not_on_the_shown_one() -> None:
    given, expected = vector("E1c")["input"], vector("E1c")["expect"]

    reached = known(at(given["actual"], target=given["target"], period=YEAR))

    assert reached.rate is not None
    assert shown(100 * reached.rate) == expected["score"]
    assert reached.completed is expected["completed"] is False


@pytest.mark.parametrize(
    ("indicator", "value", "target", "completed"),
    [
        (GROWING, "120", "120", True),
        (GROWING, "0", "0", True),
        (GROWING, "2", "0", False),
        (LIMITED, "3.5", "3.5", True),
        (LIMITED, "3.500001", "3.5", False),
        (LIMITED, None, "3.5", None),
    ],
)
def test_a_target_is_met_from_the_side_the_formula_favours(
    indicator: Indicator, value: str | None, target: str, completed: bool | None
) -> None:
    assert known(at(value, target=target, indicator=indicator)).completed is completed


@pytest.mark.parametrize(
    ("value", "light"), [("216", "GREEN"), ("216.01", "YELLOW"), ("240", "YELLOW"), ("241", "RED")]
)
def test_of_a_limit_no_more_is_used_up_than_is_due(value: str, light: str) -> None:
    assert known(at(value, indicator=LIMITED)).light == light


def test_where_lower_is_better_due_is_divided_by_done() -> None:
    used = known(at("240", indicator=LIMITED))

    assert (used.rate, used.gap) == (Fraction(9, 10), 5)


def test_nothing_used_up_of_a_limit_is_green_without_a_rate() -> None:
    unused = known(at("0", indicator=LIMITED))

    assert (unused.rate, unused.light) == (None, Light.GREEN)


def test_the_plan_says_where_the_lights_change() -> None:
    strict = replace(PLAN, lights=LightRules(green_min=Decimal("1.1"), yellow_min=Decimal(1)))

    found = progress(strict, GROWING, target=Decimal(480), value=Decimal(216), period="2018-Q2")

    assert known(found).light is Light.YELLOW


def test_a_target_of_zero_is_a_limit_whatever_the_formula() -> None:
    kept, broken = known(at("0", target="0")), known(at("1", target="0"))

    assert (kept.rate, kept.share_done, kept.gap, kept.light) == (None, None, None, Light.GREEN)
    assert (broken.rate, broken.share_done, broken.gap, broken.light) == (0, None, None, Light.RED)


def test_while_no_value_is_known_there_is_no_light() -> None:
    unknown = known(at(None))

    assert unknown.period_target == 216
    assert (unknown.rate, unknown.share_done, unknown.gap, unknown.light) == (None, None, None, None)


def test_where_nothing_is_due_yet_nothing_is_late() -> None:
    late_starter = replace(GROWING, schedule=(PeriodShare(period="2018-Q2", share=Decimal(0)), *GROWING.schedule[2:]))

    early = known(at("0", indicator=late_starter))

    assert (early.period_target, early.rate, early.gap, early.light) == (0, None, 0, Light.GREEN)


def test_the_target_of_a_rate_or_stock_is_due_whole_at_any_time() -> None:
    rate = known(at("7.6", target="8", indicator=A))

    assert (rate.period_target, rate.rate, rate.light) == (8, Fraction(95, 100), Light.YELLOW)
    assert (rate.share_due, rate.gap) == (None, None)


def test_a_units_own_target_and_schedule_go_before_the_indicators() -> None:
    steps = (("2018-Q2", Decimal("0.3")),)
    own = progress(PLAN, GROWING, target=Decimal(480), schedule=steps, value=Decimal(144), period="2018-Q2")

    assert (known(own).period_target, known(own).light) == (144, Light.GREEN)
    assert known(at("4", target=None, period=YEAR, indicator=A)).period_target == 8


@pytest.mark.parametrize(("period", "due"), [("2018-H1", "216"), ("2018-Y", "480"), ("2018-M03", "96")])
def test_a_schedule_speaks_of_the_days_on_which_its_periods_end(period: str, due: str) -> None:
    assert known(at("1", period=period)).period_target == Fraction(due)


@pytest.mark.parametrize(
    "formula",
    [
        Formula(kind=FormulaKind.BAND, low=Decimal(95), high=Decimal(105), step=Decimal(2)),
        Formula(kind=FormulaKind.DEADLINE, due_on=date(2018, 9, 30), step=Decimal(1)),
    ],
)
def test_of_what_is_right_within_bounds_no_figure_is_further_than_another(formula: Formula) -> None:
    assert at("160", target="100", period=YEAR, indicator=replace(A, formula=formula)) is None


def test_where_nothing_says_what_is_due_there_is_no_progress() -> None:
    assert at("1", target=None) is None
    assert at("1", period="2018-M05") is None


@pytest.mark.parametrize(
    "formula",
    [
        Formula(kind=FormulaKind.EFFICACY, worst=Decimal(90), best=Decimal(50)),
        Formula(kind=FormulaKind.GROUP_RANK, lower_better=True),
    ],
    ids=lambda formula: formula.kind.value,
)
def test_other_formulas_say_themselves_whether_lower_is_better(formula: Formula) -> None:
    assert known(at("1", indicator=replace(GROWING, formula=formula))).lower_better


@given(
    values=st.tuples(*[st.decimals(0, 1000, places=2)] * 2),
    target=st.decimals(0, 1000, places=2),
    limited=st.booleans(),
)
def test_a_better_value_never_shows_a_worse_light(
    values: tuple[Decimal, Decimal], target: Decimal, limited: bool
) -> None:
    indicator = LIMITED if limited else GROWING
    order = [None, Light.RED, Light.YELLOW, Light.GREEN]

    lower, higher = (known(at(str(value), target=str(target), indicator=indicator)) for value in sorted(values))

    worse, better = (higher, lower) if lower.lower_better else (lower, higher)
    assert order.index(better.light) >= order.index(worse.light)

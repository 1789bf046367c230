"""Formulas against the specification's worked examples, and what holds for any value."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from city import GROUP, PLAN, UNITS, YEAR, indicator, plan_with
from examples import vector, vectors
from hypothesis import given
from hypothesis import strategies as st
from settling import slice_of

from ledger.domain.cycle import Cycle, PlanVersion
from ledger.domain.formula import Against, Breakpoint, Formula, FormulaKind, Interval
from ledger.domain.formulas import KINDS, check_actual, points_of
from ledger.domain.numbers import Rounding, RoundingPolicy, rounded
from ledger.domain.plan import Plan
from ledger.domain.refusals import FormulaInvalid, OutOfRange
from ledger.domain.results import Known, Slice, UnitResult
from ledger.domain.score import Basis
from ledger.domain.settlement import settle

NUMBERS = st.decimals(min_value=0, max_value=1000, places=2)
POSITIVE = st.decimals(min_value=Decimal("0.01"), max_value=1000, places=2)


def formula_of(kind: str, given: dict[str, str]) -> Formula:
    names = ("floor", "cap", "full", "zero_below")
    parameters: dict[str, Any] = {name: Decimal(given[name]) for name in names if name in given}
    return Formula(kind=FormulaKind(kind), **parameters)


def score(formula: Formula, actual: str, target: str | None = None, baseline: str | None = None) -> Fraction:
    against = Against(Fraction(target) if target else None, Fraction(baseline) if baseline else None)
    return points_of(formula, Fraction(actual), against._replace(peers=[Fraction(actual).as_integer_ratio()]))


def scores(formula: Formula, actuals: Iterable[str | int]) -> list[Fraction]:
    """The points of a whole group."""
    figures = [Fraction(actual) for actual in actuals]
    peers = Against(peers=[figure.as_integer_ratio() for figure in figures])
    return [points_of(formula, figure, peers) for figure in figures]


def shown(exact: Fraction) -> str:
    return str(rounded(exact, 2, Rounding.HALF_UP))


def settled(plan: Plan, values: dict[str, Decimal]) -> UnitResult:
    """The result of the first unit, whose values are given by indicator."""
    version = PlanVersion(plan_version=1, position=1, plan=plan, in_force_from_period=None)
    known = {("U01", indicator_id, YEAR): Known(value, 2) for indicator_id, value in values.items()}
    cycle = Cycle(versions=(version,))
    row = settle(Slice(2, "CYCLE", cycle, GROUP, Basis.OFFICIAL, None, known, {})).row("U01")
    assert row is not None
    return row


@pytest.mark.parametrize(
    "vector", vectors("LINEAR_RATIO", "INVERSE_DIFF", "INVERSE_RATIO"), ids=lambda vector: vector["id"]
)
def test_a_value_scores_against_its_target_as_specified(vector: dict[str, Any]) -> None:
    given = vector["input"]
    expected = vector["expect"]["score"] if isinstance(vector["expect"], dict) else vector["expect"]

    assert shown(score(formula_of(vector["method"], given), given["actual"], given["target"])) == expected


def test_e1c_what_is_shown_as_full_marks_may_miss_the_target() -> None:
    given = vector("E1c")["input"]
    points = score(Formula(kind=FormulaKind.LINEAR_RATIO), given["actual"], given["target"])

    assert shown(points) == "100.00"
    assert points < 100


def test_e6_the_best_of_the_group_gets_full_marks_and_the_others_in_proportion() -> None:
    [example] = vectors("BEST_RATIO")
    formula = formula_of("BEST_RATIO", example["input"])

    assert [shown(points) for points in scores(formula, example["input"]["values"])] == example["expect"]


def test_where_nobody_has_anything_the_best_gets_nothing() -> None:
    formula = Formula(kind=FormulaKind.BEST_RATIO)

    assert scores(formula, []) == []
    assert scores(formula, [0, -3]) == [0, 0]


@pytest.mark.parametrize("kind", ["LINEAR_RATIO", "INVERSE_DIFF"])
def test_e8b_a_zero_target_costs_a_step_for_each_unit_above(kind: str) -> None:
    [example] = vectors("ZERO_TARGET")
    formula = Formula(kind=FormulaKind(kind), zero_target_step=Decimal(example["input"]["k"]))

    assert [shown(score(formula, actual, "0")) for actual in example["input"]["actuals"]] == example["expect"]
    assert score(formula, "11", "0") == 0


def test_an_actual_of_zero_has_the_cap_where_the_target_is_divided_by_it() -> None:
    assert score(Formula(kind=FormulaKind.INVERSE_RATIO, cap=Decimal(105)), "0", "3.5") == 105


def test_a_rate_at_the_bound_is_not_below_it() -> None:
    formula = Formula(kind=FormulaKind.LINEAR_RATIO, zero_below=Decimal("0.60"))

    assert [score(formula, actual, "120") for actual in ("72", "71.99")] == [60, 0]


def test_awarded_points_score_as_they_are() -> None:
    assert score(Formula(kind=FormulaKind.DIRECT_POINTS), "93.25") == Fraction("93.25")


@pytest.mark.parametrize("example", vectors("ROUND"), ids=lambda vector: vector["id"])
@pytest.mark.parametrize("mode", Rounding)
def test_a_figure_is_rounded_as_specified(example: dict[str, Any], mode: Rounding) -> None:
    given = example["input"]

    assert str(rounded(Fraction(given["x"]), given["scale"], mode)) == example["expect"][mode]


@pytest.mark.parametrize("policy", RoundingPolicy)
def test_e14_the_rounding_policy_of_the_plan_decides_a_total_at_the_cut(policy: RoundingPolicy) -> None:
    """1077/13 and 887/9 are scored as linear ratios, 95 as awarded points."""
    example = vector("E14")
    ratio = Formula(kind=FormulaKind.LINEAR_RATIO)
    weights = [Decimal(weight) for weight in example["input"]["weights"]]
    indicators = tuple(
        replace(i, weights=(replace(i.weights[0], weight=weight),), formula=formula, target=target)
        for i, weight, formula, target in zip(
            PLAN.indicators,
            weights,
            (ratio, ratio, PLAN.indicators[2].formula),
            (Decimal(1300), Decimal(900), None),
            strict=True,
        )
    )
    plan = replace(plan_with(*indicators), rounding_policy=policy)

    row = settled(plan, {"A": Decimal(1077), "B": Decimal(887), "C": Decimal(95)})

    assert [line.indicator.indicator_id for line in row.lines] == ["A", "B", "C"]
    assert str(row.total) == example["expect"][policy]


@given(
    actual=NUMBERS,
    target=POSITIVE,
    floor=NUMBERS,
    room=NUMBERS,
    kind=st.sampled_from(["LINEAR_RATIO", "INVERSE_DIFF", "INVERSE_RATIO"]),
)
def test_points_stay_between_floor_and_cap(
    actual: Decimal, target: Decimal, floor: Decimal, room: Decimal, kind: str
) -> None:
    formula = Formula(kind=FormulaKind(kind), floor=floor, cap=floor + room)

    assert floor <= score(formula, str(actual), str(target)) <= floor + room


@given(better=NUMBERS, worse=NUMBERS, target=POSITIVE)
def test_a_better_value_never_scores_less(better: Decimal, worse: Decimal, target: Decimal) -> None:
    high, low = str(max(better, worse)), str(min(better, worse))
    cap = Decimal(105)
    more_is_better = Formula(kind=FormulaKind.LINEAR_RATIO, cap=cap, zero_below=Decimal("0.6"))
    less_is_better = [Formula(kind=FormulaKind(kind), cap=cap) for kind in ("INVERSE_DIFF", "INVERSE_RATIO")]

    assert score(more_is_better, high, str(target)) >= score(more_is_better, low, str(target))
    for formula in less_is_better:
        assert score(formula, low, str(target)) >= score(formula, high, str(target))


def breakpoints(points: list[list[str]]) -> tuple[Breakpoint, ...]:
    return tuple(Breakpoint(actual=Decimal(actual), points=Decimal(given)) for actual, given in points)


@pytest.mark.parametrize("vector", vectors("PIECEWISE"), ids=lambda vector: vector["id"])
def test_a_piecewise_formula_is_linear_between_its_breakpoints(vector: dict[str, Any]) -> None:
    given = vector["input"]
    formula = Formula(
        kind=FormulaKind.PIECEWISE, breakpoints=breakpoints(given["points"]), below=Decimal(given["below"])
    )

    assert shown(score(formula, given["x"])) == vector["expect"]


@pytest.mark.parametrize("vector", vectors("BAND"), ids=lambda vector: vector["id"])
def test_outside_its_band_a_value_loses_points_by_the_distance(vector: dict[str, Any]) -> None:
    given = vector["input"]
    formula = Formula(
        kind=FormulaKind.BAND, low=Decimal(given["lo"]), high=Decimal(given["hi"]), step=Decimal(given["per_unit"])
    )

    assert shown(score(formula, given["x"])) == vector["expect"]


def test_tied_units_get_the_points_of_the_rank_they_share() -> None:
    given = vector("E5")["input"]
    formula = Formula(kind=FormulaKind.GROUP_RANK, table=tuple(map(Decimal, given["table"])))

    points = scores(formula, given["values"])

    assert [str(point) for point in points] == vector("E5")["expect"]["points"]


def test_units_of_one_figure_share_a_rank_and_the_ranks_after_it_stay_empty() -> None:
    given, expect = vector("E5")["input"], vector("E5")["expect"]
    by_rank = indicator("A", "100", Formula(kind=FormulaKind.GROUP_RANK, table=tuple(map(Decimal, given["table"]))))
    values = {f"{unit_id} A": value for unit_id, value in zip(UNITS, given["values"], strict=True)}

    rows = [settle(slice_of(plan_with(by_rank), values)).row(unit_id) for unit_id in UNITS]

    assert [row and row.rank for row in rows] == expect["ranks"]
    assert [row and row.exact for row in rows] == [Fraction(points) for points in expect["points"]]


def test_where_less_is_better_the_lowest_value_is_first_and_beyond_the_table_there_is_nothing() -> None:
    formula = Formula(kind=FormulaKind.GROUP_RANK, table=(Decimal(10), Decimal(5)), lower_better=True)

    assert scores(formula, [3, 1, 2]) == [0, 10, 5]


def test_efficacy_places_a_value_between_the_worst_and_the_best() -> None:
    given = vector("E7")["input"]
    planned = Formula(
        kind=FormulaKind.EFFICACY,
        base=Decimal(given["base"]),
        span=Decimal(given["span"]),
        worst=Decimal(given["min"]),
        best=Decimal(given["max"]),
    )
    of_the_group = replace(planned, worst=None, best=None, lower_better=True)

    assert shown(score(planned, given["x"])) == vector("E7")["expect"]
    assert scores(of_the_group, [1, 3, 2]) == [100, 60, 80]
    assert score(of_the_group, "7") == 100


def test_each_day_late_costs_a_step_and_after_the_last_day_nothing_is_left() -> None:
    given = vector("E8a")["input"]
    due_on, step = date.fromisoformat(given["due"]), Decimal(given["per_day"])
    formula = Formula(kind=FormulaKind.DEADLINE, due_on=due_on, until=date(2018, 10, 31), step=step)

    assert shown(score(formula, given["done"].replace("-", ""))) == vector("E8a")["expect"]
    assert [score(formula, day) for day in ("20180930", "20181101")] == [100, 0]


def test_each_finding_costs_a_step_until_nothing_is_left() -> None:
    formula = Formula(kind=FormulaKind.CHECKLIST, step=Decimal(30))

    assert [score(formula, count) for count in ("0", "2", "4")] == [100, 40, 0]


def test_a_step_formula_gives_the_points_of_the_interval() -> None:
    intervals = (
        Interval(high=Decimal(60), points=Decimal(0)),
        Interval(low=Decimal(60), high=Decimal(90), points=Decimal(70)),
        Interval(low=Decimal(90), points=Decimal(100)),
    )
    formula = Formula(kind=FormulaKind.STEP, intervals=intervals)

    assert [score(formula, actual) for actual in ("59.99", "60", "90", "1000")] == [0, 70, 100, 100]


def test_linkage_adds_what_the_citys_place_earns() -> None:
    formula = Formula(kind=FormulaKind.LINKAGE, base=Decimal(100), table=(Decimal(2), Decimal(0), Decimal(-3)))

    assert [score(formula, place) for place in ("1", "2", "3", "9")] == [102, 100, 97, 97]


@pytest.mark.parametrize(
    ("formula", "figure"),
    [
        (Formula(kind=FormulaKind.PIECEWISE, breakpoints=breakpoints([["0", "-20"], ["10", "200"]])), "0 5 10"),
        (Formula(kind=FormulaKind.LINKAGE, base=Decimal(0), table=tuple(map(Decimal, (200, 50, -20)))), "3 2 1"),
        (Formula(kind=FormulaKind.GROUP_RANK, table=tuple(map(Decimal, (200, 50, -20)))), "1 2 3"),
        (Formula(kind=FormulaKind.BAND, low=Decimal(0), high=Decimal(0), step=Decimal(60)), "2 0.5 0"),
    ],
    ids=lambda given: given.kind.value if isinstance(given, Formula) else "",
)
def test_every_kind_keeps_to_its_floor_and_its_cap(formula: Formula, figure: str) -> None:
    worst, middle, best = scores(formula, figure.split())
    bounded = replace(formula, floor=Decimal(10), cap=Decimal(90))

    assert (worst < 10, best > 90) == (True, True)
    assert scores(bounded, figure.split()) == [10, middle, 90]


@pytest.mark.parametrize(
    ("formula", "figures"),
    [
        (Formula(kind=FormulaKind.CHECKLIST, step=Decimal(1)), {"0": True, "3": True, "-1": False}),
        (
            Formula(kind=FormulaKind.DEADLINE, due_on=date(2018, 9, 30), step=Decimal(1)),
            {"20181008": True, "20181399": False, "8": False, "20181008.5": False, "0": False},
        ),
        (
            Formula(kind=FormulaKind.LINKAGE, base=Decimal(100), table=(Decimal(2),)),
            {"1": True, "9": True, "0": False, "1.5": False},
        ),
        (Formula(kind=FormulaKind.LINEAR_RATIO), {"-3": True, "0.5": True}),
    ],
    ids=lambda given: given.kind.value if isinstance(given, Formula) else "",
)
def test_a_figure_that_means_nothing_to_the_formula_is_refused(formula: Formula, figures: dict[str, bool]) -> None:
    for figure, meaningful in figures.items():
        with nullcontext() if meaningful else pytest.raises(OutOfRange):
            check_actual(formula, Decimal(figure), path="value")


def test_fewer_than_none_are_no_worse_than_none_where_less_is_better() -> None:
    formula = Formula(kind=FormulaKind.INVERSE_RATIO, cap=Decimal(110))

    assert [score(formula, actual, "3.5") for actual in ("-1", "0")] == [110, 110]


def growth_mix(share: str, *, floor: str = "0", cap: str | None = None) -> Formula:
    return Formula(
        kind=FormulaKind.GROWTH_MIX,
        share=Decimal(share),
        floor=Decimal(floor),
        cap=None if cap is None else Decimal(cap),
    )


@pytest.mark.parametrize(
    ("share", "actual", "points"),
    [
        ("0.4", "110", "66.67"),
        ("1", "110", "91.67"),
        ("0", "110", "50.00"),
        ("0.4", "120", "100.00"),
        ("0.4", "130", "133.33"),
    ],
)
def test_level_and_growth_are_scored_each_against_its_plan(share: str, actual: str, points: str) -> None:
    """The plan is to grow from 100 to 120: 110 is 91.67 % of the level and half of the increment."""
    assert shown(score(growth_mix(share), actual, "120", "100")) == points


def test_floor_and_cap_bound_the_mix_not_its_parts() -> None:
    """At 90 of 120 from 100 the level earns 75 and growth costs 50; at 140 they earn 116.67 and 200."""
    bounded = growth_mix("0.8", cap="120")

    assert score(bounded, "90", "120", "100") == 50
    assert score(bounded, "140", "120", "100") == 120
    assert score(growth_mix("0.2"), "90", "120", "100") == 0


def test_where_no_growth_is_planned_reaching_the_target_is_full_growth() -> None:
    steady, shrinking = ("100", "100"), ("95", "100")

    assert [score(growth_mix("0.5"), actual, *steady) for actual in ("100", "99", "0")] == [100, Fraction("49.5"), 0]
    assert [score(growth_mix("0"), actual, *shrinking) for actual in ("95", "94")] == [100, 0]


@given(better=NUMBERS, worse=NUMBERS, target=NUMBERS, baseline=NUMBERS, share=st.decimals(0, 1, places=2))
def test_more_never_scores_less_for_level_and_growth(
    better: Decimal, worse: Decimal, target: Decimal, baseline: Decimal, share: Decimal
) -> None:
    high, low = str(max(better, worse)), str(min(better, worse))
    formula = growth_mix(str(share), cap="150")

    assert score(formula, high, str(target), str(baseline)) >= score(formula, low, str(target), str(baseline))


@pytest.mark.parametrize(
    "formula",
    [
        Formula(kind=FormulaKind.PIECEWISE, breakpoints=breakpoints([["70", "60"], ["70", "80"]])),
        Formula(kind=FormulaKind.PIECEWISE),
        Formula(kind=FormulaKind.STEP, intervals=(Interval(low=Decimal(0), points=Decimal(1)),)),
        Formula(
            kind=FormulaKind.STEP,
            intervals=(Interval(high=Decimal(5), points=Decimal(0)), Interval(low=Decimal(6), points=Decimal(1))),
        ),
        Formula(kind=FormulaKind.BAND, low=Decimal(5), high=Decimal(4), step=Decimal(1)),
        Formula(kind=FormulaKind.BAND, low=Decimal(4), high=Decimal(5), step=Decimal("-0.1")),
        Formula(kind=FormulaKind.GROUP_RANK, table=(Decimal(1), Decimal(2))),
        Formula(kind=FormulaKind.EFFICACY, base=Decimal(60), span=Decimal(40), worst=Decimal(1)),
        Formula(kind=FormulaKind.DEADLINE, due_on=date(2018, 9, 30), until=date(2018, 9, 29), step=Decimal(1)),
        Formula(kind=FormulaKind.CHECKLIST),
        Formula(kind=FormulaKind.LINKAGE, base=Decimal(100)),
        Formula(kind=FormulaKind.GROWTH_MIX),
        growth_mix("-0.01"),
        growth_mix("1.01"),
        Formula(kind=FormulaKind.EVALUATION, full=Decimal(100)),
        Formula(kind=FormulaKind.DIRECT_POINTS, cap=Decimal(100)),
        Formula(kind=FormulaKind.INVERSE_DIFF, zero_target_step=Decimal(-10)),
        Formula(kind=FormulaKind.LINEAR_RATIO, zero_below=Decimal(-1)),
        Formula(kind=FormulaKind.LINEAR_RATIO, zero_below=Decimal(5)),
        Formula(kind=FormulaKind.LINEAR_RATIO, floor=Decimal(101)),
        Formula(kind=FormulaKind.LINEAR_RATIO, floor=Decimal(50), cap=Decimal(40)),
        Formula(kind=FormulaKind.BEST_RATIO, full=Decimal(6), floor=Decimal(7)),
        Formula(kind=FormulaKind.BEST_RATIO, full=Decimal(0)),
        Formula(kind=FormulaKind.CHECKLIST, full=Decimal(-5), step=Decimal(1)),
        Formula(kind=FormulaKind.CHECKLIST, step=Decimal(-1)),
        Formula(kind=FormulaKind.DEADLINE, due_on=date(2018, 9, 30), step=Decimal(-1)),
        Formula(kind=FormulaKind.EFFICACY, base=Decimal(-60), span=Decimal(40)),
        Formula(kind=FormulaKind.EFFICACY, base=Decimal(60), span=Decimal(40), worst=Decimal(5), best=Decimal(5)),
    ],
    ids=lambda formula: formula.kind.value,
)
def test_parameters_that_do_not_fit_together_are_refused(formula: Formula) -> None:
    with pytest.raises(FormulaInvalid):
        KINDS[formula.kind].check(formula)

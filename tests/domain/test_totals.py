"""A unit's total: goals, appraisal, bonus and deduction, each with its share. Source: domain.md 3.6."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from city import indicator, plan_with
from examples import vector
from settling import adjusted, appraised, bonus, deduction, settled, slice_of

from ledger.domain.explained import FigureKind
from ledger.domain.explanation import explain
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.numbers import RoundingPolicy
from ledger.domain.periods import Frequency
from ledger.domain.plan import PeriodShare
from ledger.domain.plan_rules import (
    AdjustmentKind,
    AdjustmentRule,
    AdjustmentRules,
    ClassWeight,
    DishonestyRule,
    EvaluationRules,
    RaterClass,
)
from ledger.domain.results import Known
from ledger.domain.settlement import settle

POINTS = Formula(kind=FormulaKind.DIRECT_POINTS)
RATERS = EvaluationRules(share=Decimal("0.2"), classes=(ClassWeight(rater_class=RaterClass.PEER, weight=Decimal(100)),))
ARTICLES = AdjustmentRules(
    rules=(
        AdjustmentRule(article="B1", kind=AdjustmentKind.BONUS, points_max=Decimal(5)),
        AdjustmentRule(article="D1", kind=AdjustmentKind.DEDUCTION, points_max=Decimal(200)),
    )
)
BY_POINTS = replace(plan_with(indicator("C", "100", POINTS)), adjustments=ARTICLES)
APPRAISING = replace(BY_POINTS, evaluation=RATERS)
EXAMPLE = vector("E13")


def test_e13_goals_and_appraisal_by_their_shares_with_bonus_and_deduction() -> None:
    given = EXAMPLE["input"]
    rulings = replace(
        adjusted(bonus(given["bonus"]), deduction(given["deduction"])), tallies=appraised(given["evaluation_exact"])
    )

    row = settled(slice_of(APPRAISING, {"U01 C": given["goal"]}, rulings=rulings))

    assert (row.exact, str(row.total)) == (Fraction(EXAMPLE["expect"]["exact"]), EXAMPLE["expect"]["display"])
    assert (row.goal, row.bonus, row.deduction) == (Fraction(given["goal"]), Fraction("3.5"), Fraction("1.2"))
    assert row.complete


def test_each_component_is_rounded_where_the_plan_rounds_each_level() -> None:
    """0.8 x 93.87 = 75.096 and 0.2 x 87.84 = 17.568 are 75.10 and 17.57 before they are added."""
    given = EXAMPLE["input"]
    plan = replace(APPRAISING, rounding_policy=RoundingPolicy.ROUND_EACH_LEVEL)
    rulings = replace(
        adjusted(bonus(given["bonus"]), deduction(given["deduction"])), tallies=appraised(given["evaluation_exact"])
    )

    assert settled(slice_of(plan, {"U01 C": given["goal"]}, rulings=rulings)).exact == Fraction("94.97")


def test_the_evaluation_is_rounded_before_it_is_weighted_where_the_plan_rounds_each_level() -> None:
    """Who adds up what is shown, 0.5 x 80.00 and 0.5 x 87.83 = 43.915, gets 83.92; 87.8251 would give 83.91."""
    halves = replace(APPRAISING, evaluation=replace(RATERS, share=Decimal("0.5")))
    plan = replace(halves, rounding_policy=RoundingPolicy.ROUND_EACH_LEVEL)

    row = settled(slice_of(plan, {"U01 C": "80"}, rulings=replace(adjusted(), tallies=appraised("87.8251"))))

    assert row.evaluation is not None
    assert (row.evaluation.points, row.total) == (Fraction("87.83"), Decimal("83.92"))


def test_e14_rounding_each_level_can_decide_a_grade() -> None:
    example = vector("E14")
    names = ("A", "B", "C")
    parts = dict(zip(names, example["input"]["scores"], strict=True))
    weights = dict(zip(names, example["input"]["weights"], strict=True))
    # A target and an actual whose ratio is the score: 1077/13 of 100 is 1077 of 1300.
    ratio = Formula(kind=FormulaKind.LINEAR_RATIO)
    plan = plan_with(*(indicator(name, weights[name], ratio) for name in names))
    fractions = {name: Fraction(score) for name, score in parts.items()}
    values = {f"U01 {name}": str(score.numerator) for name, score in fractions.items()}
    targets = {f"U01 {name}": str(100 * score.denominator) for name, score in fractions.items()}

    found = {
        policy.value: str(settled(slice_of(replace(plan, rounding_policy=policy), values, targets=targets)).total)
        for policy in RoundingPolicy
    }

    assert found == example["expect"]


def test_a_total_is_not_below_zero_and_has_no_upper_cap() -> None:
    low = settled(slice_of(BY_POINTS, {"U01 C": "60"}, rulings=adjusted(deduction("60.01"))))
    high = settled(slice_of(BY_POINTS, {"U01 C": "99"}, rulings=adjusted(bonus("5"))))

    assert (str(low.total), str(high.total)) == ("0.00", "104.00")


def test_a_missing_appraisal_counts_as_zero_and_the_unit_as_incomplete() -> None:
    row = settled(slice_of(APPRAISING, {"U01 C": "90"}))

    assert (row.exact, row.missing, row.complete) == (72, 1, False)


def test_an_appraisal_without_a_share_counts_for_nothing() -> None:
    plan = replace(APPRAISING, evaluation=replace(RATERS, share=Decimal(0)))
    row = settled(slice_of(plan, {"U01 C": "90"}))

    assert (row.exact, row.evaluation, row.complete) == (90, None, True)


def test_an_indicator_may_be_what_the_raters_say() -> None:
    plan = replace(
        plan_with(indicator("V", "20", Formula(kind=FormulaKind.EVALUATION)), indicator("C", "80", POINTS)),
        evaluation=replace(RATERS, share=Decimal(0)),
    )
    rulings = replace(adjusted(), tallies=appraised("87.835"))

    row = settled(slice_of(plan, {"U01 C": "90"}, rulings=rulings))

    assert (row.exact, row.complete) == (Fraction("0.2") * Fraction("87.835") + 72, True)
    assert settled(slice_of(plan, {"U02 C": "90"}, rulings=rulings), "U02").missing == 1


@pytest.mark.parametrize("period", ["2018-Y", None])
def test_appraisal_bonus_and_deduction_count_in_the_cycle_as_a_whole_only(period: str | None) -> None:
    rulings = replace(adjusted(bonus("2"), deduction("1")), tallies=appraised("50"))

    row = settled(slice_of(APPRAISING, {"U01 C": "90"}, period=period, rulings=rulings))

    assert row.exact == (90 if period else 72 + 10 + 2 - 1)


# ---- dishonest reports

HONEST = replace(
    plan_with(
        indicator("A", "8", Formula(kind=FormulaKind.LINEAR_RATIO, cap=Decimal(110)), target="120"),
        indicator("C", "92", POINTS),
    ),
    dishonesty=DishonestyRule(),
)
FALSE = vector("E25")["input"]


def test_e25_a_report_that_was_better_than_what_was_verified_costs_what_it_would_have_gained() -> None:
    values = {"U01 A": FALSE["verified"], "U01 C": "90"}

    row = settled(slice_of(HONEST, values, claims={"U01 A": FALSE["self"]}))

    [found] = row.overstatements
    assert (found.points, row.deduction) == (Fraction("0.56"), Fraction("0.56"))
    assert round(found.gap * 100, 2) == Fraction(vector("E25")["expect"]["gap_pct"])
    assert row.exact == settled(slice_of(HONEST, values)).exact - Fraction("0.56")
    results = settle(slice_of(HONEST, values, claims={"U01 A": FALSE["self"]}))
    [told] = [each for each in explain(results, results.rows[0]).parts if each.kind is FigureKind.DEDUCTION]
    assert [(each.label, each.formula, each.positions) for each in told.parts] == [
        (
            "Indicator A: reported 7.11 % better than verified",
            "factor 1",
            tuple(sorted({found.claim.position, found.verified.position})),
        )
    ]


@pytest.mark.parametrize(
    ("claim", "points"),
    [("118.2", "0"), ("124.11", "0"), ("100", "0"), ("124.12", "0.3946666"), ("200", "0.92")],
    ids=["honest", "within tolerance", "modest", "just beyond", "beyond the cap"],
)
def test_only_what_goes_beyond_the_tolerance_and_would_have_gained_points_costs_any(claim: str, points: str) -> None:
    row = settled(slice_of(HONEST, {"U01 A": "118.2", "U01 C": "90"}, claims={"U01 A": claim}))

    assert abs(row.deduction - Fraction(points)) < Fraction(1, 10**6)


def test_without_a_rule_no_report_costs_anything() -> None:
    plan = replace(HONEST, dishonesty=None)

    assert settled(slice_of(plan, {"U01 A": "118.2"}, claims={"U01 A": "126.6"})).overstatements == ()


def test_a_report_on_a_value_that_is_missing_costs_nothing_more() -> None:
    assert settled(slice_of(HONEST, {"U01 C": "90"}, claims={"U01 A": "126.6"})).deduction == 0


def test_a_false_report_of_one_quarter_costs_the_part_that_the_quarter_counts() -> None:
    quarters = tuple(
        PeriodShare(period=period, share=Decimal(share))
        for period, share in (("2018-Q1", "0.1"), ("2018-Q2", "0.2"), ("2018-Q3", "0.3"), ("2018-Q4", "0.4"))
    )
    quarterly = replace(HONEST.indicators[0], frequency=Frequency.QUARTER, composition=quarters)
    plan = replace(HONEST, indicators=(quarterly, HONEST.indicators[1]))
    values = {f"U01 A {share.period}": FALSE["verified"] for share in quarters} | {"U01 C": "90"}

    second = settled(slice_of(plan, values, claims={"U01 A 2018-Q2": FALSE["self"]}))
    every = settled(slice_of(plan, values, claims={f"U01 A {share.period}": FALSE["self"] for share in quarters}))

    assert (second.deduction, every.deduction) == (Fraction("0.56") / 5, Fraction("0.56"))
    assert [found.claim for found in second.overstatements] == [Known(Decimal("126.6"), 105)]

"""A plan that contradicts itself is refused, and the path names the place."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from city import GROUP, PLAN, indicator, plan_with

from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.periods import Frequency
from ledger.domain.plan import (
    Calendar,
    Deadline,
    DeadlineName,
    EntryKind,
    Group,
    GroupWeight,
    Member,
    Participation,
    Plan,
)
from ledger.domain.plan_check import check_plan
from ledger.domain.plan_rules import ClassWeight, EvaluationRules, RaterClass
from ledger.domain.refusals import Refused

A, B, C = PLAN.indicators
POINTS = Formula(kind=FormulaKind.DIRECT_POINTS)
DISTRICTS = PLAN.groups[0]


def refusal_of(plan: Plan) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        check_plan(plan)
    return caught.value.code(), caught.value.path


def formula(kind: FormulaKind, **parameters: str) -> Formula:
    given: dict[str, Any] = {name: Decimal(text) for name, text in parameters.items()}
    return Formula(kind=kind, **given)


def weighing(weight: str) -> GroupWeight:
    return GroupWeight(group_id=GROUP, weight=Decimal(weight))


def test_the_citys_plan_contradicts_nothing() -> None:
    check_plan(PLAN)


@pytest.mark.parametrize(
    ("plan", "code", "path"),
    [
        (replace(PLAN, periods=()), "MALFORMED_INPUT", "plan"),
        (replace(PLAN, periods=(*PLAN.periods, "2018-Q1")), "DUPLICATE_ID", "periods"),
        (replace(PLAN, periods=(*PLAN.periods, "2018")), "DUPLICATE_ID", "periods.5"),
        (replace(PLAN, periods=(*PLAN.periods, "2018-Q5")), "INVALID_PERIOD", "periods.5"),
        (replace(PLAN, unit_ids=(*PLAN.unit_ids, "U01")), "DUPLICATE_ID", "unit_ids"),
        (replace(PLAN, dimensions=PLAN.dimensions * 2), "DUPLICATE_ID", "dimensions"),
        (plan_with(A, A, B, C), "DUPLICATE_ID", "indicators"),
        (plan_with(), "MALFORMED_INPUT", "plan"),
        (replace(PLAN, groups=PLAN.groups * 2), "DUPLICATE_ID", "groups"),
        (replace(PLAN, groups=()), "MALFORMED_INPUT", "plan"),
        (replace(PLAN, score_scale=7), "MALFORMED_INPUT", "score_scale"),
        (replace(PLAN, score_scale=-1), "MALFORMED_INPUT", "score_scale"),
        (replace(PLAN, timezone="Mars/Olympus"), "MALFORMED_INPUT", "timezone"),
        (replace(PLAN, timezone=""), "MALFORMED_INPUT", "timezone"),
        (replace(PLAN, timezone="America"), "MALFORMED_INPUT", "timezone"),
        (replace(PLAN, timezone="../etc/passwd"), "MALFORMED_INPUT", "timezone"),
    ],
)
def test_names_are_unique_and_there_is_something_to_assess(plan: Plan, code: str, path: str) -> None:
    assert refusal_of(plan) == (code, path)


@pytest.mark.parametrize(
    ("changed", "code", "path"),
    [
        (replace(A, dimension_id="SPACE"), "UNKNOWN_ID", "indicators.A.dimension_id"),
        (replace(A, scale=7), "MALFORMED_INPUT", "indicators.A.scale"),
        (replace(A, frequency=Frequency.MONTH), "MALFORMED_INPUT", "indicators.A.frequency"),
        (replace(A, weights=(GroupWeight(group_id="G9", weight=Decimal(50)),)), "UNKNOWN_ID", "indicators.A.weights"),
        (replace(A, weights=(weighing("-50"),)), "FORMULA_INVALID", "indicators.A.weights"),
        (replace(A, weights=(weighing("0"),)), "FORMULA_INVALID", "indicators.A.weights"),
        (replace(A, weights=(weighing("25"), weighing("25"))), "DUPLICATE_ID", "indicators.A.weights"),
        (replace(A, entry_kind=EntryKind.POINTS), "FORMULA_INVALID", "indicators.A.entry_kind"),
        (replace(A, formula=POINTS), "FORMULA_INVALID", "indicators.A.entry_kind"),
        (replace(A, target=Decimal(0)), "OUT_OF_RANGE", "indicators.A.target"),
        (replace(A, target=Decimal(-8)), "OUT_OF_RANGE", "indicators.A.target"),
        (replace(A, target=Decimal("8.001")), "SCALE_EXCEEDED", "indicators.A.target"),
    ],
)
def test_an_indicator_fits_the_plan(changed: object, code: str, path: str) -> None:
    assert isinstance(changed, type(A))
    assert refusal_of(plan_with(changed, B, C)) == (code, path)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (formula(FormulaKind.LINEAR_RATIO, floor="50", cap="49.99"), "cap"),
        (formula(FormulaKind.LINEAR_RATIO, cap="-1"), "cap"),
        (formula(FormulaKind.LINEAR_RATIO, full="6"), "full"),
        (formula(FormulaKind.INVERSE_DIFF, zero_below="0.6"), "zero_below"),
        (formula(FormulaKind.INVERSE_RATIO), "cap"),
        (formula(FormulaKind.BEST_RATIO, zero_target_step="10"), "zero_target_step"),
    ],
)
def test_a_formula_has_the_parameters_of_its_kind_and_they_fit_together(given: Formula, path: str) -> None:
    assert refusal_of(plan_with(replace(A, formula=given), B, C)) == ("FORMULA_INVALID", f"indicators.A.formula.{path}")


def test_a_zero_target_is_for_a_formula_that_says_what_it_means() -> None:
    accidents = replace(A, target=Decimal(0), formula=formula(FormulaKind.INVERSE_DIFF, zero_target_step="10"))

    check_plan(plan_with(accidents, B, C))


def test_where_growth_is_scored_each_unit_has_a_target_and_a_baseline_of_its_own() -> None:
    mix = formula(FormulaKind.GROWTH_MIX, share="0.5")

    assert refusal_of(plan_with(replace(A, formula=mix), B, C)) == ("FORMULA_INVALID", "indicators.A.target")
    check_plan(plan_with(replace(A, formula=mix, target=None), B, C))


def test_an_indicator_that_is_evaluated_has_points_and_a_plan_that_says_how() -> None:
    evaluated = replace(C, formula=Formula(kind=FormulaKind.EVALUATION))
    by_superiors = EvaluationRules(classes=(ClassWeight(rater_class=RaterClass.SUPERIOR, weight=Decimal(100)),))
    plan = replace(plan_with(A, B, evaluated), evaluation=by_superiors)
    measured = replace(plan, indicators=(A, B, replace(evaluated, entry_kind=EntryKind.ACTUAL)))

    check_plan(plan)
    assert refusal_of(replace(plan, evaluation=None)) == ("FORMULA_INVALID", "indicators.C.formula")
    assert refusal_of(measured) == ("FORMULA_INVALID", "indicators.C.entry_kind")


@pytest.mark.parametrize("weight", ["49.99", "50.01"])
def test_the_weights_of_a_unit_sum_to_exactly_100(weight: str) -> None:
    with pytest.raises(Refused) as caught:
        check_plan(plan_with(replace(A, weights=(weighing(weight),)), B, C))

    assert (caught.value.code(), caught.value.path) == ("WEIGHTS_NOT_100", "groups.G1.U01")
    assert caught.value.facts == {"unit_id": "U01", "sum": Decimal(weight) + 50}


def test_each_group_has_weights_of_its_own() -> None:
    departments = Group(group_id="G2", name="Departments", members=(Member(unit_id="D01"),))
    shared = tuple(
        replace(i, weights=(*i.weights, GroupWeight(group_id="G2", weight=weight)))
        for i, weight in ((A, Decimal(10)), (C, Decimal(90)))
    )
    plan = replace(PLAN, unit_ids=(*PLAN.unit_ids, "D01"), groups=(DISTRICTS, departments))

    check_plan(replace(plan, indicators=(*shared, B)))
    assert refusal_of(replace(plan, indicators=(shared[0], B, C))) == ("WEIGHTS_NOT_100", "groups.G2.D01")


def test_a_unit_that_is_not_assessed_needs_no_weights() -> None:
    guests = Group(
        group_id="G2", name="Guests", members=(Member(unit_id="D01", participation=Participation.NOT_ASSESSED),)
    )

    check_plan(replace(PLAN, unit_ids=(*PLAN.unit_ids, "D01"), groups=(DISTRICTS, guests)))


def test_groups_divide_the_units_among_them() -> None:
    twice = Group(group_id="G2", name="Twice", members=(Member(unit_id="U01"),))
    stranger = Group(group_id="G2", name="Stranger", members=(Member(unit_id="U99"),))

    assert refusal_of(replace(PLAN, groups=(DISTRICTS, twice))) == ("GROUP_OVERLAP", "groups.G2")
    assert refusal_of(replace(PLAN, groups=(DISTRICTS, stranger))) == ("UNKNOWN_ID", "groups.G2")
    assert refusal_of(replace(PLAN, unit_ids=(*PLAN.unit_ids, "U06"))) == ("UNIT_WITHOUT_GROUP", "groups")


@pytest.mark.parametrize(
    ("deadlines", "code"),
    [
        ([("ENTRY", 10, None), ("VERIFICATION", 9, None)], "MALFORMED_INPUT"),
        ([("SELF_REPORT", 11, None), ("ENTRY", 10, None)], "MALFORMED_INPUT"),
        ([("SELF_REPORT", 11, None), ("VERIFICATION", 10, None)], "MALFORMED_INPUT"),
        ([("VERIFICATION", 10, None), ("ENTRY", 11, "2018-Q1")], "MALFORMED_INPUT"),
        ([("ENTRY", 10, None), ("ENTRY", 11, None)], "DUPLICATE_ID"),
        ([("ENTRY", 10, "2017-Y")], "UNKNOWN_ID"),
    ],
)
def test_deadlines_follow_the_order_of_the_process_in_every_period(
    deadlines: list[tuple[str, int, str | None]], code: str
) -> None:
    calendar = Calendar(
        deadlines=tuple(
            Deadline(name=DeadlineName(name), ends_on=date(2019, 1, day), period=period)
            for name, day, period in deadlines
        )
    )

    assert refusal_of(replace(PLAN, calendar=calendar)) == (code, "calendar.deadlines")


def test_deadlines_may_fall_on_one_day() -> None:
    day = date(2019, 1, 10)

    check_plan(
        replace(PLAN, calendar=Calendar(deadlines=tuple(Deadline(name=name, ends_on=day) for name in DeadlineName)))
    )


def test_the_hash_of_a_plan_follows_its_content() -> None:
    assert PLAN.content_hash() == replace(PLAN).content_hash()
    assert PLAN.content_hash() != replace(PLAN, may_score_own_unit=True).content_hash()
    assert plan_with(A, B, C).content_hash() == PLAN.content_hash()
    assert (
        plan_with(A, B, indicator("C", "20.0", POINTS, dimension_id="LIVELIHOOD")).content_hash() != PLAN.content_hash()
    )


def test_the_least_value_is_not_above_the_greatest() -> None:
    indicator = replace(PLAN.indicators[0], value_min=Decimal(2), value_max=Decimal(1))

    assert refusal_of(replace(PLAN, indicators=(indicator, *PLAN.indicators[1:]))) == (
        "MALFORMED_INPUT",
        "indicators.A.value_max",
    )

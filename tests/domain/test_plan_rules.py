"""What a plan rules beyond its index system contradicts nothing either; the path names the place."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from city import PLAN

from ledger.domain.plan import Plan
from ledger.domain.plan_check import check_plan
from ledger.domain.plan_rules import (
    AdjustmentCategory,
    AdjustmentKind,
    AdjustmentRule,
    AdjustmentRules,
    CadreQuota,
    CadreRules,
    ClassWeight,
    DecisionKind,
    DecisionRule,
    DishonestyRule,
    EvaluationRules,
    LightRules,
    OptionPoints,
    RaterClass,
    SubjectKind,
    TimeLimits,
)
from ledger.domain.quota import CarriedSeats, DimensionMinimum, GradeQuota, GradingRules, SmallGroupRule
from ledger.domain.refusals import Refused

EXCELLENT = GradeQuota(grade="EXCELLENT", share=Decimal("0.2"))
GRADING = GradingRules(grades=(EXCELLENT,))
PEERS = ClassWeight(rater_class=RaterClass.PEER, weight=Decimal(60))
PUBLIC = ClassWeight(rater_class=RaterClass.PUBLIC, weight=Decimal(40))
EVALUATION = EvaluationRules(
    share=Decimal("0.2"),
    classes=(PEERS, PUBLIC),
    options=(OptionPoints(option="good", points=Decimal(85)), OptionPoints(option="poor", points=Decimal(50))),
)
BONUS = AdjustmentRule(article="B1", kind=AdjustmentKind.BONUS, points_max=Decimal(3), category_id="AWARDS")
AWARDS = AdjustmentCategory(category_id="AWARDS", name="Awards", points_max=Decimal(5))
ADJUSTMENTS = AdjustmentRules(rules=(BONUS,), categories=(AWARDS,), bonus_max=Decimal(5))
REWARD = DecisionRule(article="R1", kind=DecisionKind.COMMENDATION, grades=("EXCELLENT",))
CADRES = CadreRules(
    unit_share=Decimal("0.6"),
    personal_share=Decimal("0.4"),
    quotas=(CadreQuota(unit_grade="EXCELLENT", share=Decimal("0.3")),),
)
WHOLE = replace(
    PLAN,
    grading=GRADING,
    evaluation=EVALUATION,
    adjustments=ADJUSTMENTS,
    dishonesty=DishonestyRule(),
    decisions=(REWARD,),
    cadres=CADRES,
    veto_articles=("V1",),
)


def refusal_of(plan: Plan) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        check_plan(plan)
    return caught.value.code(), caught.value.path


def grading(**changed: object) -> Plan:
    return replace(WHOLE, grading=replace(GRADING, **changed))  # pyright: ignore[reportArgumentType]


def evaluation(**changed: object) -> Plan:
    return replace(WHOLE, evaluation=replace(EVALUATION, **changed))  # pyright: ignore[reportArgumentType]


def adjustments(**changed: object) -> Plan:
    return replace(WHOLE, adjustments=replace(ADJUSTMENTS, **changed))  # pyright: ignore[reportArgumentType]


def cadres(**changed: object) -> Plan:
    return replace(WHOLE, cadres=replace(CADRES, **changed))  # pyright: ignore[reportArgumentType]


def option(points: str) -> OptionPoints:
    return OptionPoints(option=f"worth {points}", points=Decimal(points))


def test_a_plan_may_rule_everything_at_once() -> None:
    check_plan(WHOLE)


@pytest.mark.parametrize(
    ("plan", "code", "path"),
    [
        (grading(tie_keys=("Z",)), "UNKNOWN_ID", "grading.tie_keys"),
        (
            grading(
                grades=(
                    replace(EXCELLENT, dimension_minimums=(DimensionMinimum(dimension_id="Z", share=Decimal("0.8")),)),
                )
            ),
            "UNKNOWN_ID",
            "grading.grades.EXCELLENT",
        ),
        (
            grading(
                small_groups=SmallGroupRule.ACCUMULATE,
                brought_forward=(CarriedSeats(group_id="G9", grade="EXCELLENT", seats=Decimal("0.5")),),
            ),
            "UNKNOWN_ID",
            "grading.brought_forward",
        ),
        (grading(grades=(replace(EXCELLENT, share=Decimal("1.1")),)), "QUOTA_INVALID", "grading.grades"),
    ],
    ids=["tie key", "dimension", "group", "share"],
)
def test_rules_for_grades_name_what_the_plan_has(plan: Plan, code: str, path: str) -> None:
    assert refusal_of(plan) == (code, path)


@pytest.mark.parametrize(
    ("plan", "code", "path"),
    [
        (evaluation(classes=(PEERS,)), "FORMULA_INVALID", "evaluation.classes"),
        (
            evaluation(classes=(replace(PEERS, weight=Decimal(100)), replace(PUBLIC, weight=Decimal(0)))),
            "FORMULA_INVALID",
            "evaluation.classes",
        ),
        (
            evaluation(classes=(PEERS, replace(PUBLIC, rater_class=RaterClass.PEER))),
            "DUPLICATE_ID",
            "evaluation.classes",
        ),
        (evaluation(share=Decimal("1.01")), "FORMULA_INVALID", "evaluation.share"),
        (evaluation(share=Decimal("-0.01")), "FORMULA_INVALID", "evaluation.share"),
        (evaluation(options=(option("50"), option("50"))), "DUPLICATE_ID", "evaluation.options"),
        (evaluation(options=(option("50"), option("85"))), "FORMULA_INVALID", "evaluation.options"),
        (evaluation(options=(option("100.01"), option("85"))), "FORMULA_INVALID", "evaluation.options"),
        (evaluation(options=(option("85"), option("-1"))), "FORMULA_INVALID", "evaluation.options"),
    ],
)
def test_an_appraisal_has_whole_weights_and_answers_in_order(plan: Plan, code: str, path: str) -> None:
    assert refusal_of(plan) == (code, path)


@pytest.mark.parametrize(
    ("plan", "code", "path"),
    [
        (adjustments(categories=()), "UNKNOWN_ID", "adjustments.B1"),
        (adjustments(rules=(replace(BONUS, points_max=Decimal(0)),)), "FORMULA_INVALID", "adjustments.B1"),
        (adjustments(bonus_max=Decimal(-1)), "FORMULA_INVALID", "adjustments"),
        (
            adjustments(categories=(replace(AWARDS, points_max=Decimal(-1)),)),
            "FORMULA_INVALID",
            "adjustments",
        ),
        (replace(WHOLE, veto_articles=("V1", "V1")), "DUPLICATE_ID", "articles"),
        (replace(WHOLE, veto_articles=("R1",)), "DUPLICATE_ID", "articles"),
        (replace(WHOLE, decisions=(replace(REWARD, article="B1"),)), "DUPLICATE_ID", "articles"),
        (replace(WHOLE, decisions=(replace(REWARD, grades=("SUPERB",)),)), "QUOTA_INVALID", "decisions.R1"),
        # A grade names no person, so that nobody could be overdue.
        (
            replace(WHOLE, decisions=(replace(REWARD, subject=SubjectKind.PERSON),)),
            "MALFORMED_INPUT",
            "decisions.R1.required",
        ),
    ],
)
def test_one_article_holds_one_rule_that_means_something(plan: Plan, code: str, path: str) -> None:
    assert refusal_of(plan) == (code, path)


@pytest.mark.parametrize(
    ("plan", "code", "path"),
    [
        (replace(WHOLE, dishonesty=DishonestyRule(tolerance=Decimal("-0.05"))), "FORMULA_INVALID", "dishonesty"),
        (replace(WHOLE, dishonesty=DishonestyRule(factor=Decimal(-1))), "FORMULA_INVALID", "dishonesty"),
        (replace(WHOLE, lights=LightRules(green_min=Decimal("0.8"))), "FORMULA_INVALID", "lights"),
        (replace(WHOLE, limits=TimeLimits(notice_working_days=-1)), "OUT_OF_RANGE", "limits.notice_working_days"),
    ],
)
def test_tolerances_lights_and_time_limits_run_the_right_way(plan: Plan, code: str, path: str) -> None:
    assert refusal_of(plan) == (code, path)


@pytest.mark.parametrize(
    ("plan", "code", "path"),
    [
        (cadres(unit_share=Decimal("0.5")), "FORMULA_INVALID", "cadres.personal_share"),
        (
            cadres(unit_share=Decimal("1.1"), personal_share=Decimal("-0.1")),
            "FORMULA_INVALID",
            "cadres.personal_share",
        ),
        (cadres(months_min=13), "FORMULA_INVALID", "cadres.months_min"),
        (cadres(grades=()), "QUOTA_INVALID", "cadres.grades"),
        (cadres(grades=("GOOD", "GOOD")), "QUOTA_INVALID", "cadres.grades"),
        (
            cadres(quotas=(CadreQuota(unit_grade="SUPERB", share=Decimal("0.3")),)),
            "QUOTA_INVALID",
            "cadres.quotas",
        ),
        (
            cadres(quotas=(CadreQuota(unit_grade="EXCELLENT", share=Decimal("1.1")),)),
            "QUOTA_INVALID",
            "cadres.quotas",
        ),
        (cadres(quotas=(*CADRES.quotas, *CADRES.quotas)), "DUPLICATE_ID", "cadres.quotas"),
        (replace(WHOLE, grading=None, decisions=()), "QUOTA_INVALID", "cadres.quotas"),
    ],
)
def test_rules_for_cadres_fit_together_and_the_grades_of_units(plan: Plan, code: str, path: str) -> None:
    assert refusal_of(plan) == (code, path)

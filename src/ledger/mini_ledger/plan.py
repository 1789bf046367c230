"""The plan of the golden mini-ledger: the city's, with bonus, grades by proportion, decisions and vetoes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from city import PLAN

from ledger.domain.plan_rules import AdjustmentKind, AdjustmentRule, AdjustmentRules, DecisionKind, DecisionRule
from ledger.domain.quota import GradeQuota, GradingRules, SeatRounding, TiePolicy

MINI_PLAN = replace(
    PLAN,
    calendar=replace(
        PLAN.calendar,
        holidays=tuple(date(2019, 2, day) for day in range(4, 11)),
        makeup_workdays=(date(2019, 2, 2), date(2019, 2, 3)),
    ),
    adjustments=AdjustmentRules(
        rules=(AdjustmentRule(article="B1", kind=AdjustmentKind.BONUS, points_max=Decimal(3)),),
    ),
    grading=GradingRules(
        grades=(
            GradeQuota(grade="EXCELLENT", share=Decimal("0.20"), total_min=Decimal(90)),
            GradeQuota(grade="GOOD", share=Decimal("0.40"), total_min=Decimal(80)),
        ),
        rounding=SeatRounding.FLOOR,
        tie_keys=("A",),
        tie_policy=TiePolicy.EXCLUDE_ALL,
        refill=True,
    ),
    decisions=(
        DecisionRule(article="R1", kind=DecisionKind.BONUS_PAY, grades=("EXCELLENT",), amount=Decimal("50000.00")),
        DecisionRule(article="R2", kind=DecisionKind.BONUS_PAY, grades=("GOOD",), amount=Decimal("30000.00")),
        DecisionRule(article="P1", kind=DecisionKind.INTERVIEW, grades=("UNQUALIFIED",)),
    ),
    veto_articles=("V1",),
)
RULES = {grade: rule for rule in MINI_PLAN.decisions for grade in rule.grades}
"""What the plan provides for each grade."""

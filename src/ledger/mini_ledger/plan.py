"""The plan of the golden mini-ledger: five districts, three indicators, two grades by proportion."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

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
from ledger.domain.plan_rules import AdjustmentKind, AdjustmentRule, AdjustmentRules, DecisionKind, DecisionRule
from ledger.domain.quota import GradeQuota, GradingRules, SeatRounding, TiePolicy

CYCLE, GROUP, UNITS = "MINI-2018", "G1", ("U01", "U02", "U03", "U04", "U05")
YEAR = "2018-Y"


def indicator(
    indicator_id: str, weight: str, formula: Formula, *, dimension_id: str = "ECONOMY", target: str | None = None
) -> Indicator:
    """A yearly indicator of the one group, measured in percent or awarded in points."""
    awarded = formula.kind is FormulaKind.DIRECT_POINTS
    return Indicator(
        indicator_id=indicator_id,
        name=f"Indicator {indicator_id}",
        dimension_id=dimension_id,
        weights=(GroupWeight(group_id=GROUP, weight=Decimal(weight)),),
        formula=formula,
        entry_kind=EntryKind.POINTS if awarded else EntryKind.ACTUAL,
        uom="points" if awarded else "%",
        scale=2,
        frequency=Frequency.YEAR,
        value_min=Decimal(0),
        target=None if target is None else Decimal(target),
    )


PLAN = Plan(
    title="Annual plan 2018",
    unit_ids=UNITS,
    periods=("2018-Q1", "2018-Q2", "2018-Q3", "2018-Q4", YEAR),
    dimensions=(
        Dimension(dimension_id="ECONOMY", name="Economy"),
        Dimension(dimension_id="LIVELIHOOD", name="Livelihood"),
    ),
    indicators=(
        indicator("A", "50", Formula(kind=FormulaKind.LINEAR_RATIO, cap=Decimal(105)), target="8.0"),
        indicator("B", "30", Formula(kind=FormulaKind.INVERSE_DIFF, cap=Decimal(105)), target="0.50"),
        indicator("C", "20", Formula(kind=FormulaKind.DIRECT_POINTS), dimension_id="LIVELIHOOD"),
    ),
    groups=(Group(group_id=GROUP, name="Districts", members=tuple(Member(unit_id=unit) for unit in UNITS)),),
    calendar=Calendar(
        target_freeze_on=date(2018, 6, 30),
        deadlines=(
            Deadline(name=DeadlineName.SELF_REPORT, ends_on=date(2019, 1, 8)),
            Deadline(name=DeadlineName.ENTRY, ends_on=date(2019, 1, 10)),
            Deadline(name=DeadlineName.VERIFICATION, ends_on=date(2019, 1, 20)),
        ),
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
RULES = {grade: rule for rule in PLAN.decisions for grade in rule.grades}
"""What the plan provides for each grade."""

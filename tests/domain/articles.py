"""The articles of a plan by which points are added and taken off."""

from __future__ import annotations

from decimal import Decimal

from ledger.domain.plan_rules import AdjustmentCategory, AdjustmentKind, AdjustmentRule, AdjustmentRules
from ledger.domain.rule_reference import RuleRef, RuleSource

BONUS, DEDUCTION = AdjustmentKind.BONUS, AdjustmentKind.DEDUCTION
RULES = AdjustmentRules(
    rules=(
        AdjustmentRule(article="21", kind=BONUS, points_max=Decimal(5), category_id="COMMENDATION"),
        AdjustmentRule(article="22", kind=BONUS, points_max=Decimal(5), category_id="RANKING"),
        AdjustmentRule(article="31", kind=DEDUCTION, points_max=Decimal(3)),
        AdjustmentRule(article="32", kind=DEDUCTION, points_max=Decimal(3), cumulative=True),
    ),
    categories=(
        AdjustmentCategory(category_id="COMMENDATION", name="Commendations", points_max=Decimal(5)),
        AdjustmentCategory(category_id="RANKING", name="Rankings", points_max=Decimal(15)),
    ),
    bonus_max=Decimal(8),
)


def article(number: str, version: int = 1) -> RuleRef:
    """The plan's article of that number."""
    return RuleRef(source=RuleSource.PLAN, version=version, article=number)

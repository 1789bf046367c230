"""What a plan may rule about opening grades by proportion."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ledger.domain.quota import (
    CarriedSeats,
    DimensionMinimum,
    GradeQuota,
    GradingRules,
    QuotaBase,
    QuotaScope,
    SeatRounding,
    SmallGroupRule,
    check_rules,
)
from ledger.domain.refusals import QuotaInvalid

EXCELLENT = GradeQuota(grade="EXCELLENT", share=Decimal("0.3"))
GOOD = GradeQuota(grade="GOOD", share=Decimal("0.4"))
RULES = GradingRules(grades=(EXCELLENT, GOOD))
ACCUMULATING = replace(RULES, small_groups=SmallGroupRule.ACCUMULATE)


def sharing(excellent: str, good: str, bottom: str = "0") -> GradingRules:
    grades = (replace(EXCELLENT, share=Decimal(excellent)), replace(GOOD, share=Decimal(good)))
    return replace(RULES, grades=grades, bottom_share=Decimal(bottom))


def carrying(seats: str, grade: str = "EXCELLENT") -> CarriedSeats:
    return CarriedSeats(group_id="G1", grade=grade, seats=Decimal(seats))


def asking(share: str) -> GradeQuota:
    return replace(EXCELLENT, dimension_minimums=(DimensionMinimum(dimension_id="PARTY", share=Decimal(share)),))


@pytest.mark.parametrize(
    "rules",
    [
        RULES,
        sharing("0.3", "0.4", "0.3"),
        replace(RULES, scope=QuotaScope.CITY),
        replace(RULES, base=QuotaBase.ELIGIBLE),
        replace(RULES, small_groups=SmallGroupRule.POOL, rounding=SeatRounding.CEIL),
        replace(ACCUMULATING, brought_forward=(carrying("0.9"), carrying("0.1", "GOOD"))),
        replace(RULES, grades=(asking("0.8"), GOOD)),
    ],
)
def test_rules_that_fit_together_stand(rules: GradingRules) -> None:
    check_rules(rules)


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        (sharing("-0.1", "0.4"), "grades"),
        (sharing("0.6", "0.5"), "grades"),
        (sharing("0.3", "0.4", "0.31"), "grades"),
        (sharing("0.3", "0.4", "-0.1"), "grades"),
        (replace(RULES, grades=(EXCELLENT, EXCELLENT)), "grades"),
        (replace(RULES, passing="GOOD"), "grades"),
        (replace(RULES, grades=(EXCELLENT, replace(GOOD, total_min=Decimal(80)))), "grades"),
        (replace(RULES, grades=(asking("1.01"), GOOD)), "grades.EXCELLENT"),
        (replace(RULES, scope=QuotaScope.CITY, base=QuotaBase.ELIGIBLE), "base"),
        (replace(RULES, small_groups=SmallGroupRule.POOL, base=QuotaBase.ELIGIBLE), "base"),
        (replace(RULES, small_groups=SmallGroupRule.POOL, scope=QuotaScope.CITY), "small_groups"),
        (replace(ACCUMULATING, rounding=SeatRounding.HALF_UP), "rounding"),
        (replace(RULES, brought_forward=(carrying("0.9"),)), "brought_forward"),
        (replace(ACCUMULATING, brought_forward=(carrying("-0.1"),)), "brought_forward"),
        (replace(ACCUMULATING, brought_forward=(carrying("1"),)), "brought_forward"),
        (replace(ACCUMULATING, brought_forward=(carrying("0.9", "QUALIFIED"),)), "brought_forward"),
        (replace(ACCUMULATING, brought_forward=(carrying("0.9"), carrying("0.1"))), "brought_forward"),
    ],
)
def test_rules_that_do_not_fit_together_are_refused(rules: GradingRules, path: str) -> None:
    with pytest.raises(QuotaInvalid) as caught:
        check_rules(rules)

    assert caught.value.path == path

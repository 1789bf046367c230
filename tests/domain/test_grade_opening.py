"""How settled results become grades: who is in the contest, in which order, and what a grade asks for."""

from __future__ import annotations

from dataclasses import replace

from city import indicator
from opening import BY_POINTS, RULES, graded_by
from settling import Figures, slice_of

from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.plan import Plan
from ledger.domain.quota import GradingRules
from ledger.domain.results import Results
from ledger.domain.settlement import settle

POINTS = Formula(kind=FormulaKind.DIRECT_POINTS)
TWO_DIMENSIONS = replace(
    BY_POINTS,
    indicators=(indicator("C", "60", POINTS), indicator("L", "40", POINTS, dimension_id="LIVELIHOOD")),
)
LEVEL = {
    **{"U01 C": "90", "U01 L": "75"},
    **{"U02 C": "80", "U02 L": "90"},
    **{f"U0{number} {each}": str(70 - number) for number in (3, 4, 5) for each in ("C", "L")},
}
"""U01 and U02 both come to 84; U02 is better in L, U01 in C."""


def opened(rules: GradingRules, figures: Figures, plan: Plan = TWO_DIMENSIONS) -> Results:
    """The results under a plan with these rules, with the grades if they were opened now."""
    return settle(slice_of(graded_by(rules, plan), figures))


def test_units_of_one_total_are_listed_in_the_order_in_which_they_get_seats() -> None:
    grades = tuple(replace(quota, total_min=quota.total_min - 10) for quota in RULES.grades)
    for tie_key, first, second in (("L", "U02", "U01"), ("C", "U01", "U02")):
        results = opened(replace(RULES, grades=grades, tie_keys=(tie_key,)), LEVEL)

        assert [(row.rank, row.unit_id) for row in results.rows[:2]] == [(1, first), (1, second)]
        assert [results.grade_if_opened(unit_id) for unit_id in (first, second)] == ["EXCELLENT", "GOOD"]

"""How settled results become grades: who is in the contest, in which order, and what a grade asks for."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from city import indicator
from opening import BY_POINTS, POINTS, RULES, graded_by, vetoed
from settling import Figures, slice_of

from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.plan import Participation, Plan
from ledger.domain.quota import DimensionMinimum, GradingRules
from ledger.domain.results import Results
from ledger.domain.rulings import Rulings
from ledger.domain.settlement import settle
from ledger.domain.veto import Veto, VetoEffect, Vetoes

AWARDED = Formula(kind=FormulaKind.DIRECT_POINTS)
TWO_DIMENSIONS = replace(
    BY_POINTS,
    indicators=(indicator("C", "60", AWARDED), indicator("L", "40", AWARDED, dimension_id="LIVELIHOOD")),
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


def test_units_listed_separately_have_no_grade_and_take_no_part_in_the_shares() -> None:
    """Of five units one is EXCELLENT and two are GOOD; of four ranked ones nobody, and one."""
    [group] = BY_POINTS.groups
    aside = (replace(group.members[0], participation=Participation.LISTED_SEPARATELY), *group.members[1:])
    plan = replace(BY_POINTS, groups=(replace(group, members=aside),))
    results = opened(RULES, {f"{unit_id} C": points for unit_id, points in POINTS.items()}, plan)

    assert results.opening is not None
    assert results.opening.allocation is not None
    assert results.opening.allocation.seats == {"EXCELLENT": 0, "GOOD": 1}
    assert results.opening.allocation.grades == {
        "U02": "GOOD",
        "U03": "QUALIFIED",
        "U04": "QUALIFIED",
        "U05": "QUALIFIED",
    }


@pytest.mark.parametrize(("livelihood", "grade"), [("80", "EXCELLENT"), ("79.99", "GOOD")])
def test_a_grade_may_ask_for_a_part_of_a_dimensions_weight_which_just_suffices(livelihood: str, grade: str) -> None:
    asking = DimensionMinimum(dimension_id="LIVELIHOOD", share=Decimal("0.8"))
    best, good = RULES.grades
    rules = replace(RULES, grades=(replace(best, dimension_minimums=(asking,)), good))

    assert opened(rules, LEVEL | {"U01 C": "100", "U01 L": livelihood}).grade_if_opened("U01") == grade


@pytest.mark.parametrize(("effect", "grade"), [(VetoEffect.MAX_GRADE, "QUALIFIED"), (VetoEffect.FORCE_GRADE, "GOOD")])
def test_a_veto_binds_the_opening(effect: VetoEffect, grade: str) -> None:
    imposed = vetoed("U01", grade, effect)
    veto = Veto(
        position=7,
        unit_id="U01",
        subject_id=None,
        rule=imposed.rule,
        matter=imposed.matter,
        effect=effect,
        grade=grade,
        occurred_on=imposed.occurred_on,
        determined_by=imposed.determined_by,
        evidence=imposed.evidence,
    )
    slice = slice_of(
        graded_by(RULES, TWO_DIMENSIONS), LEVEL | {"U01 C": "100"}, rulings=Rulings(vetoes=Vetoes({7: veto}))
    )

    assert settle(slice).grade_if_opened("U01") == grade

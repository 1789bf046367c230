"""Where a unit loses points: against the best of its group, by what settles if it had the best one's figure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from city import Plan, indicator, plan_with
from settling import Figures, adjusted, appraised, bonus, deduction, exempted, line, row_of, slice_of

from ledger.domain.cycle import NotApplicablePolicy
from ledger.domain.evaluation import Tallies
from ledger.domain.explained import Explained, FigureKind
from ledger.domain.explanation import explain
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.gaps import Gap, GapKind, gaps
from ledger.domain.periods import Frequency
from ledger.domain.plan import PeriodShare
from ledger.domain.plan_rules import (
    AdjustmentKind,
    AdjustmentRule,
    AdjustmentRules,
    ClassWeight,
    EvaluationRules,
    RaterClass,
)
from ledger.domain.results import Slice
from ledger.domain.settlement import settle

RATIO = Formula(kind=FormulaKind.LINEAR_RATIO, cap=Decimal(105))
POINTS = Formula(kind=FormulaKind.DIRECT_POINTS)
HALVES = tuple(
    PeriodShare(period=period, share=Decimal(share)) for period, share in (("2018-Q1", "0.4"), ("2018-Q2", "0.6"))
)
PLAN: Plan = replace(
    plan_with(
        indicator("A", "50", RATIO),
        replace(indicator("B", "30", POINTS), frequency=Frequency.QUARTER, composition=HALVES),
        indicator("C", "20", POINTS),
    ),
    evaluation=EvaluationRules(
        share=Decimal("0.2"), classes=(ClassWeight(rater_class=RaterClass.PEER, weight=Decimal(100)),)
    ),
    adjustments=AdjustmentRules(
        rules=(
            AdjustmentRule(article="B1", kind=AdjustmentKind.BONUS, points_max=Decimal(9)),
            AdjustmentRule(article="D1", kind=AdjustmentKind.DEDUCTION, points_max=Decimal(9)),
        )
    ),
)
VALUES: Figures = {
    "U01 A": "6", "U02 A": "8", "U03 A": "30",
    "U01 B 2018-Q1": "70", "U02 B 2018-Q1": "90", "U02 B 2018-Q2": "80",
    "U01 C": "95", "U02 C": "60", "U03 C": "90",
}  # fmt: skip
TARGETS: Figures = {"U01 A": "8", "U02 A": "8", "U03 A": "40"}


def known(**changed: object) -> Slice:
    return replace(slice_of(PLAN, VALUES, targets=TARGETS, rulings=adjusted()), **changed)  # pyright: ignore


def lost(slice: Slice, unit_id: str = "U01") -> dict[str, Gap]:
    """The gaps of a unit, by indicator or kind."""
    results = settle(slice)
    return {gap.indicator_id or gap.kind.value: gap for gap in gaps(results, row_of(results, unit_id))}


def with_the_figures_of(slice: Slice, unit_id: str, other: str, indicator_id: str) -> Slice:
    """The slice had a unit the values and the target of another."""
    values = {cell: value for cell, value in slice.values.items() if cell[:2] != (unit_id, indicator_id)}
    taken = {(unit_id, *cell[1:]): value for cell, value in slice.values.items() if cell[:2] == (other, indicator_id)}
    targets = {**slice.targets}
    if (other, indicator_id) in targets:
        targets[unit_id, indicator_id] = targets[other, indicator_id]
    return replace(slice, values=values | taken, targets=targets)


@pytest.mark.parametrize("unit_id", ["U01", "U02", "U03", "U04"])
@pytest.mark.parametrize("exemption", [(), (exempted("U01", "C"),)], ids=["all apply", "C is exempt"])
def test_the_points_lost_are_those_that_settling_with_the_figures_of_the_best_gives_back(
    unit_id: str, exemption: tuple[object, ...]
) -> None:
    slice = known()
    slice = replace(slice, cycle=replace(slice.cycle, exemptions=exemption))  # pyright: ignore
    results = settle(slice)
    for gap in gaps(results, row_of(results, unit_id)):
        scores = {r.unit_id: line(r, gap.indicator_id).score for r in results.rows}
        best = next(peer for peer, score in scores.items() if score == gap.best)
        raised = settle(with_the_figures_of(slice, unit_id, best, gap.indicator_id))
        assert row_of(raised, unit_id).exact - row_of(results, unit_id).exact == gap.points_lost


def test_a_weight_is_what_an_explanation_calls_the_weight() -> None:
    results = settle(known())
    row = row_of(results)
    explained = [each.weight for each in _figures(explain(results, row)) if each.kind is FigureKind.INDICATOR]

    found = lost(known())
    assert [found[each].weight for each in "ABC"] == explained == [40, 24, 16]


def _figures(tree: Explained) -> Iterator[Explained]:
    yield tree
    for part in tree.parts:
        yield from _figures(part)


def test_units_of_which_some_periods_are_known_are_peers() -> None:
    """U01 has the first of two periods, 0.4 of the score."""
    gap = lost(known(values={cell: v for cell, v in known().values.items() if cell[:2] != ("U02", "B")}), "U03")["B"]

    assert (gap.own, gap.best, gap.average) == (0, 28, 28)


def test_appraisal_bonus_and_deduction_are_compared_too() -> None:
    tallies = Tallies({**appraised("80").by_unit, **appraised("90", unit_id="U02").by_unit})
    ruled = adjusted(bonus("3", unit_id="U02"), deduction("2"), deduction("1", unit_id="U02", position=61))
    found = lost(known(rulings=replace(ruled, tallies=tallies)))

    assert found["EVALUATION"] == Gap(GapKind.EVALUATION, "", "evaluation", *map(Fraction, (20, 80, 90, 85)))
    assert found["BONUS"] == Gap(GapKind.BONUS, "", "bonus", *map(Fraction, (100, 0, 3, "0.6")))
    assert found["DEDUCTION"] == Gap(GapKind.DEDUCTION, "", "deduction", *map(Fraction, (100, -2, 0, "-0.6")))
    assert [found[kind.value].points_lost for kind in GapKind if kind is not GapKind.INDICATOR] == [2, 3, 2]


def test_together_the_points_lost_lead_to_the_best_in_everything() -> None:
    tallies = Tallies({**appraised("80").by_unit, **appraised("90", unit_id="U02").by_unit})
    slice = known(rulings=replace(adjusted(bonus("3", unit_id="U02"), deduction("2")), tallies=tallies))
    results = settle(slice)
    ideal = {sum(gap.best * gap.weight / 100 for gap in lost(slice, r.unit_id).values()) for r in results.rows}
    [best] = ideal

    for row in results.rows:
        assert sum(gap.points_lost for gap in gaps(results, row)) == best - row.exact


def test_nobody_loses_points_to_worse_ones() -> None:
    """U01 has full marks for an indicator that does not apply to it, and the best of the others fewer."""
    exemption = exempted("U01", "C", policy=NotApplicablePolicy.FULL_MARK)
    slice = known()
    found = lost(replace(slice, cycle=replace(slice.cycle, exemptions=(exemption,))))["C"]

    assert (found.own, found.best, found.average, found.points_lost) == (100, 100, 75, 0)

"""Reports better than the truth: how far a claim may be from what was verified, and in which direction."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from examples import vector

from ledger.domain.adjusting import overstatement
from ledger.domain.formula import Against, Formula, FormulaKind
from ledger.domain.formulas import points_of
from ledger.domain.numbers import Rounding, rounded

TOLERANCE = Decimal("0.05")


def overstated(formula: Formula, reported: str, verified: str, *, target: str | None = None) -> Fraction | None:
    aim = None if target is None else Fraction(target)
    return overstatement(formula, Fraction(reported), Fraction(verified), TOLERANCE, target=aim)


def test_a_report_is_measured_against_what_was_verified() -> None:
    example: dict[str, Any] = vector("E25")
    figures, expected = example["input"], example["expect"]
    formula = Formula(kind=FormulaKind.LINEAR_RATIO, cap=Decimal(figures["cap"]))
    target = Against(Fraction(figures["target"]))
    reported, verified = (points_of(formula, Fraction(figures[name]), target) for name in ("self", "verified"))
    gap = overstated(formula, figures["self"], figures["verified"], target=figures["target"])

    assert gap is not None
    assert str(rounded(gap * 100, 2, Rounding.HALF_UP)) == expected["gap_pct"]
    assert str(rounded(reported - verified, 2, Rounding.HALF_UP)) == expected["score_gap"]


def test_a_report_within_the_tolerance_is_honest() -> None:
    formula = Formula(kind=FormulaKind.LINEAR_RATIO)

    assert overstated(formula, "105", "100") is None
    assert overstated(formula, "105.01", "100") == Fraction("0.0501")


RATE = Formula(kind=FormulaKind.EFFICACY, base=Decimal(60), span=Decimal(40))
PER_CASE = Formula(kind=FormulaKind.CHECKLIST, step=Decimal(2))
INSIDE = Formula(kind=FormulaKind.BAND, low=Decimal(10), high=Decimal(20), step=Decimal(5))


@pytest.mark.parametrize(
    ("formula", "better", "worse"),
    [
        (Formula(kind=FormulaKind.LINEAR_RATIO), "8", "4"),
        (Formula(kind=FormulaKind.BEST_RATIO), "8", "4"),
        (Formula(kind=FormulaKind.DIRECT_POINTS), "90", "80"),
        (Formula(kind=FormulaKind.INVERSE_DIFF), "0.4", "0.5"),
        (Formula(kind=FormulaKind.INVERSE_RATIO, cap=Decimal(100)), "0.4", "0.5"),
        (Formula(kind=FormulaKind.GROUP_RANK, table=(Decimal(100), Decimal(90)), lower_better=True), "4", "8"),
        (RATE, "8", "4"),
        (replace(RATE, worst=Decimal(10), best=Decimal(0)), "4", "8"),
        (PER_CASE, "0", "3"),
        (INSIDE, "20", "24"),
        (INSIDE, "10", "6"),
    ],
)
def test_a_report_is_too_good_in_the_direction_that_its_formula_rewards(
    formula: Formula, better: str, worse: str
) -> None:
    assert overstated(formula, better, worse) is not None
    assert overstated(formula, worse, better) is None
    assert overstated(formula, better, better) is None


def test_with_a_target_of_zero_less_is_better() -> None:
    formula = Formula(kind=FormulaKind.LINEAR_RATIO, zero_target_step=Decimal(10))

    assert overstated(formula, "0", "2", target="0") == 1
    assert overstated(formula, "2", "1", target="0") is None


def test_a_day_is_measured_by_the_points_it_gains() -> None:
    formula = Formula(kind=FormulaKind.DEADLINE, due_on=date(2018, 10, 1), step=Decimal(2))

    assert overstated(formula, "20181001", "20181011") == Fraction(1, 4)
    assert overstated(formula, "20181001", "20181002") is None


def test_of_a_verified_zero_any_excess_is_the_whole() -> None:
    assert overstated(Formula(kind=FormulaKind.DIRECT_POINTS), "3", "0") == 1

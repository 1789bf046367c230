"""A formula in words, and who sets the scale of one that compares the units."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from ledger.domain.formula import Breakpoint, Formula, FormulaKind, Interval
from ledger.domain.formula_text import described, scale_of
from ledger.domain.results import Known

D = Decimal


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (Formula(kind=FormulaKind.DIRECT_POINTS), "DIRECT_POINTS"),
        (
            Formula(kind=FormulaKind.LINEAR_RATIO, cap=D(110), zero_below=D("0.60")),
            "LINEAR_RATIO: floor 0; cap 110; zero below 0.60",
        ),
        (Formula(kind=FormulaKind.BEST_RATIO), "BEST_RATIO: floor 0; full 100"),
        (
            Formula(
                kind=FormulaKind.PIECEWISE,
                breakpoints=(Breakpoint(actual=D(70), points=D(60)), Breakpoint(actual=D(90), points=D(100))),
                below=D(0),
            ),
            "PIECEWISE: below 0; breakpoints 70: 60, 90: 100",
        ),
        (
            Formula(
                kind=FormulaKind.STEP,
                intervals=(Interval(high=D(5), points=D(100)), Interval(low=D(5), points=D(80))),
            ),
            "STEP: intervals below 5: 100, from 5: 80",
        ),
        (
            Formula(kind=FormulaKind.GROUP_RANK, table=(D(60), D("57.5")), lower_better=True),
            "GROUP_RANK: lower is better; table 60, 57.5",
        ),
        (
            Formula(kind=FormulaKind.DEADLINE, due_on=date(2018, 9, 30), step=D(1)),
            "DEADLINE: floor 0; step 1; due on 2018-09-30",
        ),
    ],
)
def test_a_formula_is_told_with_every_parameter_that_decides(formula: Formula, text: str) -> None:
    assert described(formula) == text


FIGURES = {"U01": "8", "U02": "12", "U03": "12", "U04": "5"}


@pytest.mark.parametrize(
    ("formula", "units"),
    [
        (Formula(kind=FormulaKind.LINEAR_RATIO), []),
        (Formula(kind=FormulaKind.BEST_RATIO), ["U02", "U03"]),
        (Formula(kind=FormulaKind.EFFICACY, base=D(60), span=D(40)), ["U02", "U03", "U04"]),
        (Formula(kind=FormulaKind.EFFICACY, base=D(60), span=D(40), worst=D(0), best=D(9)), []),
        (Formula(kind=FormulaKind.GROUP_RANK, table=(D(60),)), ["U02", "U03"]),
        (Formula(kind=FormulaKind.GROUP_RANK, table=(D(60),), lower_better=True), ["U04"]),
    ],
)
def test_the_scale_is_set_by_the_best_by_both_ends_or_by_those_ahead(formula: Formula, units: list[str]) -> None:
    values: Mapping[str, Known] = {unit_id: Known(D(figure), 1) for unit_id, figure in FIGURES.items()}

    assert scale_of(formula, values, "U01") == units

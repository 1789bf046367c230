"""Formulas: how a measured value becomes points of 100. One small class per kind.

Adding a kind: name it and its parameters in `formula`, check it and draw its curve with a class
in `target_formulas`, `group_formulas` or `figure_formulas`, and enter it in `KINDS`; nothing
else has to know. All arithmetic is exact. Source: domain.md 3.2.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from ledger.domain.figure_formulas import (
    Band,
    Checklist,
    Deadline,
    DirectPoints,
    Evaluation,
    Linkage,
    Piecewise,
    Step,
)
from ledger.domain.formula import ALONE, Against, Formula, FormulaKind
from ledger.domain.formula_kind import Kind
from ledger.domain.group_formulas import BestRatio, Efficacy, GroupRank
from ledger.domain.refusals import OutOfRange
from ledger.domain.target_formulas import GrowthMix, InverseDiff, InverseRatio, LinearRatio

KINDS: dict[FormulaKind, Kind] = {
    FormulaKind.LINEAR_RATIO: LinearRatio(),
    FormulaKind.INVERSE_DIFF: InverseDiff(),
    FormulaKind.INVERSE_RATIO: InverseRatio(),
    FormulaKind.BEST_RATIO: BestRatio(),
    FormulaKind.DIRECT_POINTS: DirectPoints(),
    FormulaKind.PIECEWISE: Piecewise(),
    FormulaKind.STEP: Step(),
    FormulaKind.BAND: Band(),
    FormulaKind.GROUP_RANK: GroupRank(),
    FormulaKind.EFFICACY: Efficacy(),
    FormulaKind.CHECKLIST: Checklist(),
    FormulaKind.DEADLINE: Deadline(),
    FormulaKind.LINKAGE: Linkage(),
    FormulaKind.GROWTH_MIX: GrowthMix(),
    FormulaKind.EVALUATION: Evaluation(),
}


def points_of(formula: Formula, actual: Fraction, against: Against = ALONE) -> Fraction:
    """The exact points of one actual."""
    return Fraction(*KINDS[formula.kind].curve(formula, against)(actual.as_integer_ratio()))


def lower_better(formula: Formula, target: Fraction | None) -> bool | None:
    """Whether the lower of two figures is the better one; None where only their points can tell.

    A target of zero is a limit whatever the kind.
    """
    return True if target == 0 else KINDS[formula.kind].lower_better(formula)


def better(formula: Formula, figure: Fraction, other: Fraction, *, target: Fraction | None = None) -> bool:
    """Whether a figure is better for the unit than another, in the formula's favourable direction."""
    lower = lower_better(formula, target)
    if lower is None:
        return points_of(formula, figure) > points_of(formula, other)
    return figure < other if lower else figure > other


def check_actual(formula: Formula, actual: Decimal, *, path: str) -> None:
    """Raise OutOfRange for a figure that means nothing to the formula, such as a day that no calendar has."""
    hint = KINDS[formula.kind].check_actual(formula, actual)
    if hint is not None:
        raise OutOfRange(path=path, given=actual, hint=hint)

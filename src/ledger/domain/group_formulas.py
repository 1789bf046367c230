"""Formulas that score a figure against those of the group. Source: domain.md 3.2."""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from itertools import pairwise

from ledger.domain.curve import Curve, straight
from ledger.domain.formula import Against, Formula
from ledger.domain.formula_kind import HUNDRED, ZERO, Kind, cap_of, floor_of, given, kept
from ledger.domain.numbers import Ratio, over_one, rational
from ledger.domain.refusals import FormulaInvalid


class BestRatio(Kind):
    """The best of the group gets full marks (100 unless `full` says otherwise), the others in proportion."""

    parameters = Kind.parameters | {"full"}

    def group_relative(self, formula: Formula) -> bool:
        return True

    def full_marks(self, formula: Formula) -> Fraction:
        return HUNDRED if formula.full is None else rational(formula.full)

    def curve(self, formula: Formula, against: Against) -> Curve:
        full = self.full_marks(formula)
        actuals, common = over_one(against.peers)
        best = Fraction(max(actuals, default=0), common)
        return straight(full / best if best > 0 else ZERO, ZERO, floor=floor_of(formula), cap=cap_of(formula))


class GroupRank(Kind):
    floored = False
    parameters = Kind.parameters | {"table", "lower_better"}
    required = frozenset({"table"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if any(later > earlier for earlier, later in pairwise(formula.table)):
            raise FormulaInvalid(path="table", hint="A worse rank never earns more.")

    def group_relative(self, formula: Formula) -> bool:
        return True

    def full_marks(self, formula: Formula) -> Fraction:
        return rational(formula.table[0])

    def lower_better(self, formula: Formula) -> bool:
        return bool(formula.lower_better)

    def curve(self, formula: Formula, against: Against) -> Curve:
        actuals, common = over_one(against.peers)
        sign = 1 if formula.lower_better else -1
        best_first = sorted(sign * actual for actual in actuals)
        # Beyond the table there are no points.
        points = [rational(each).as_integer_ratio() for each in formula.table] + [(0, 1)] * len(actuals)

        def read(actual: Ratio) -> Ratio:
            numerator, denominator = actual
            # How many peers are strictly better; the actual is one of the peers, so the division leaves no rest.
            return points[bisect_left(best_first, sign * numerator * (common // denominator))]

        return kept(read, formula)


class Efficacy(Kind):
    parameters = Kind.parameters | {"base", "span", "worst", "best", "lower_better"}
    required = frozenset({"base", "span"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if (formula.worst is None) != (formula.best is None):
            raise FormulaInvalid(path="worst", hint="Give both bounds, or neither to take the group's.")
        if formula.worst is not None and formula.lower_better is not None:
            raise FormulaInvalid(path="lower_better", hint="With bounds of the plan their order says which is better.")
        if formula.worst is not None and formula.worst == formula.best:
            raise FormulaInvalid(path="best", given=formula.best, hint="The worst and the best are the same figure.")

    def full_marks(self, formula: Formula) -> Fraction:
        return given(formula.base) + given(formula.span)

    def group_relative(self, formula: Formula) -> bool:
        return formula.worst is None

    def lower_better(self, formula: Formula) -> bool:
        if formula.worst is not None and formula.best is not None:
            return formula.best < formula.worst
        return bool(formula.lower_better)

    def curve(self, formula: Formula, against: Against) -> Curve:
        worst, best = self._bounds(formula, against)
        base, span = given(formula.base), given(formula.span)
        slope = span / (best - worst) if best != worst else ZERO
        offset = base - slope * worst if slope else base + span
        return straight(slope, offset, floor=floor_of(formula), cap=cap_of(formula))

    def _bounds(self, formula: Formula, against: Against) -> tuple[Fraction, Fraction]:
        if formula.worst is not None and formula.best is not None:
            return rational(formula.worst), rational(formula.best)
        actuals, common = over_one(against.peers)
        least, most = Fraction(min(actuals, default=0), common), Fraction(max(actuals, default=0), common)
        return (most, least) if formula.lower_better else (least, most)

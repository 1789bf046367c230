"""Formulas that score a figure against a target. Source: domain.md 3.2."""

from __future__ import annotations

from fractions import Fraction

from ledger.domain.curve import Curve, Piece, pieced, straight
from ledger.domain.formula import Against, Formula
from ledger.domain.formula_kind import HUNDRED, ONE, ZERO, Kind, cap_of, floor_of, given
from ledger.domain.numbers import Ratio, rational
from ledger.domain.refusals import FormulaInvalid

TWO_HUNDRED = Fraction(200)


class AgainstTarget(Kind):
    """Scores against a target, with the zero-target policy: 100 at zero, minus a step per unit above."""

    parameters = Kind.parameters | {"zero_target_step"}
    needs_target = True

    def curve(self, formula: Formula, against: Against) -> Curve:
        target = against.target
        if target is None:
            raise FormulaInvalid(kind=formula.kind, hint="The formula needs a target.")
        return self.towards(formula, target) if target else _at_zero(formula)

    def towards(self, formula: Formula, target: Fraction) -> Curve:
        """Return the curve for a target that is not zero."""
        raise NotImplementedError


def _at_zero(formula: Formula) -> Curve:
    step = rational(formula.zero_target_step) if formula.zero_target_step is not None else HUNDRED
    above = straight(-step, HUNDRED, floor=floor_of(formula), cap=cap_of(formula))
    return lambda actual: above(actual) if actual[0] else (100, 1)


class LinearRatio(AgainstTarget):
    parameters = AgainstTarget.parameters | {"zero_below"}

    def towards(self, formula: Formula, target: Fraction) -> Curve:
        ratio = straight(HUNDRED / target, ZERO, floor=floor_of(formula), cap=cap_of(formula))
        if formula.zero_below is None:
            return ratio
        least, parts = (rational(formula.zero_below) * target).as_integer_ratio()
        return lambda actual: (0, 1) if actual[0] * parts < least * actual[1] else ratio(actual)


class InverseDiff(AgainstTarget):
    def lower_better(self, formula: Formula) -> bool:
        return True

    def towards(self, formula: Formula, target: Fraction) -> Curve:
        return straight(-HUNDRED / target, TWO_HUNDRED, floor=floor_of(formula), cap=cap_of(formula))


class InverseRatio(AgainstTarget):
    def check(self, formula: Formula) -> None:
        super().check(formula)
        if formula.cap is None:
            raise FormulaInvalid(
                path="cap", kind=formula.kind, hint="At an actual of zero the points are the cap; set it."
            )

    def lower_better(self, formula: Formula) -> bool:
        return True

    def towards(self, formula: Formula, target: Fraction) -> Curve:
        cap = given(formula.cap)
        kept = straight(ONE, ZERO, floor=floor_of(formula), cap=cap)

        def read(actual: Ratio) -> Ratio:
            points = HUNDRED * target / Fraction(*actual) if actual[0] > 0 else cap
            return kept(points.as_integer_ratio())

        return read


class GrowthMix(Kind):
    """Level and increment, so that neither a great district rests nor a small one is out of the running."""

    parameters = Kind.parameters | {"share"}
    required = frozenset({"share"})
    needs_target = needs_baseline = True

    def curve(self, formula: Formula, against: Against) -> Curve:
        target, baseline = against.target, against.baseline
        if target is None or baseline is None:
            raise FormulaInvalid(kind=formula.kind, hint="The formula needs a target and its baseline.")
        level, growth = (share * HUNDRED for share in (given(formula.share), 1 - given(formula.share)))
        slope = offset = reached = ZERO
        if target > 0:
            slope += level / target
        else:
            reached += level
        if target > baseline:
            slope += growth / (target - baseline)
            offset -= growth * baseline / (target - baseline)
        else:
            # Where no growth is planned there is no increment to measure against: it is reached or not.
            reached += growth
        pieces = [Piece(None, slope, offset), Piece(target, slope, offset + reached)]
        return pieced(pieces, floor=floor_of(formula), cap=cap_of(formula))

"""Formulas whose points follow from the figure alone. Source: domain.md 3.2."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from ledger.domain.curve import Curve, Piece, pieced, straight
from ledger.domain.formula import Against, Formula
from ledger.domain.formula_kind import HUNDRED, ZERO, Kind, cap_of, floor_of, given, kept, optional
from ledger.domain.numbers import Ratio, rational
from ledger.domain.refusals import FormulaInvalid


class DirectPoints(Kind):
    parameters = frozenset[str]()
    awarded = True

    def curve(self, formula: Formula, against: Against) -> Curve:
        return lambda actual: actual


class Piecewise(Kind):
    floored = False
    parameters = Kind.parameters | {"breakpoints", "below", "above"}
    required = frozenset({"breakpoints"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        for first, second in pairwise(formula.breakpoints):
            if second.actual <= first.actual:
                raise FormulaInvalid(path="breakpoints", actual=second.actual, hint="Figures strictly increase.")

    def lower_better(self, formula: Formula) -> None:
        return None

    def curve(self, formula: Formula, against: Against) -> Curve:
        corners = [(rational(corner.actual), rational(corner.points)) for corner in formula.breakpoints]
        (_, least), (end, last) = corners[0], corners[-1]
        pieces = [Piece(None, ZERO, least if formula.below is None else rational(formula.below))]
        for (actual, points), (following, then) in pairwise(corners):
            slope = (then - points) / (following - actual)
            pieces.append(Piece(actual, slope, points - slope * actual))
        pieces.append(Piece(end, ZERO, last))
        curve = pieced(pieces)
        if formula.above is None:
            return kept(curve, formula)
        (most, parts), above = end.as_integer_ratio(), rational(formula.above).as_integer_ratio()
        return kept(lambda actual: above if actual[0] * parts > most * actual[1] else curve(actual), formula)


class Step(Kind):
    floored = False
    parameters = Kind.parameters | {"intervals"}
    required = frozenset({"intervals"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if formula.intervals[0].low is not None or formula.intervals[-1].high is not None:
            raise FormulaInvalid(
                path="intervals", hint="Leave the outermost ends open, so that every figure is covered."
            )
        for first, second in pairwise(formula.intervals):
            if first.high is None or first.high != second.low or (first.low is not None and first.high <= first.low):
                raise FormulaInvalid(path="intervals", at=first.high, hint="Each interval begins where the last ended.")

    def lower_better(self, formula: Formula) -> None:
        return None

    def curve(self, formula: Formula, against: Against) -> Curve:
        pieces = [Piece(optional(each.low), ZERO, rational(each.points)) for each in formula.intervals]
        return kept(pieced(pieces), formula)


class Band(Kind):
    parameters = Kind.parameters | {"low", "high", "step"}
    required = frozenset({"low", "high", "step"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if formula.low is not None and formula.high is not None and formula.high < formula.low:
            raise FormulaInvalid(path="high", low=formula.low, high=formula.high)

    def lower_better(self, formula: Formula) -> None:
        return None

    def curve(self, formula: Formula, against: Against) -> Curve:
        low, high, step = given(formula.low), given(formula.high), given(formula.step)
        pieces = [
            Piece(None, step, HUNDRED - step * low),
            Piece(low, ZERO, HUNDRED),
            Piece(high, -step, HUNDRED + step * high),
        ]
        return pieced(pieces, floor=floor_of(formula), cap=cap_of(formula))


class Checklist(Kind):
    parameters = Kind.parameters | {"full", "step"}
    required = frozenset({"step"})

    def check_actual(self, formula: Formula, actual: Decimal) -> str | None:
        return "Findings are counted from 0." if actual < 0 else None

    def full_marks(self, formula: Formula) -> Fraction:
        return HUNDRED if formula.full is None else rational(formula.full)

    def lower_better(self, formula: Formula) -> bool:
        return True

    def curve(self, formula: Formula, against: Against) -> Curve:
        return straight(-given(formula.step), self.full_marks(formula), floor=floor_of(formula), cap=cap_of(formula))


class Deadline(Kind):
    parameters = Kind.parameters | {"due_on", "until", "step"}
    required = frozenset({"due_on", "step"})
    quantity = False

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if formula.until is not None and formula.due_on is not None and formula.until < formula.due_on:
            raise FormulaInvalid(path="until", due_on=formula.due_on, until=formula.until)

    def check_actual(self, formula: Formula, actual: Decimal) -> str | None:
        return None if day_of(actual.as_integer_ratio()) else "Write the day on which it was done as YYYYMMDD."

    def lower_better(self, formula: Formula) -> None:
        return None

    def curve(self, formula: Formula, against: Against) -> Curve:
        by_days = straight(-given(formula.step), HUNDRED, floor=floor_of(formula), cap=cap_of(formula))

        def read(actual: Ratio) -> Ratio:
            done_on = day_of(actual)
            if done_on is None or formula.due_on is None or (formula.until is not None and done_on > formula.until):
                return 0, 1
            return by_days((max(0, (done_on - formula.due_on).days), 1))

        return read


class Linkage(Kind):
    floored = False
    parameters = Kind.parameters | {"base", "table"}
    required = frozenset({"base", "table"})

    def check_actual(self, formula: Formula, actual: Decimal) -> str | None:
        return None if actual >= 1 and actual == int(actual) else "A place is a whole number from 1."

    def lower_better(self, formula: Formula) -> None:
        return None

    def curve(self, formula: Formula, against: Against) -> Curve:
        base = given(formula.base)
        points = [(base + rational(each)).as_integer_ratio() for each in formula.table]

        def read(actual: Ratio) -> Ratio:
            place = Fraction(*actual).__trunc__()
            return points[place - 1] if 1 <= place <= len(points) else points[-1]

        return kept(read, formula)


class Evaluation(Kind):
    """The unit's points come from the evaluation campaigns; settlement takes them from there, no value is scored."""

    parameters = frozenset[str]()
    entered = False
    awarded = True


def day_of(actual: Ratio) -> date | None:
    """The day that a figure such as 20181008 spells, None if it spells none."""
    figure = Fraction(*actual)
    text = str(figure.numerator)
    if figure.denominator != 1 or len(text) != 8 or not text.isdigit():
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None

"""What every kind of formula has: parameters that are checked, and a curve from actuals to points."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from ledger.domain.curve import Curve, straight
from ledger.domain.formula import Against, Formula
from ledger.domain.numbers import rational
from ledger.domain.refusals import FormulaInvalid

ZERO = Fraction(0)
ONE = Fraction(1)
HUNDRED = Fraction(100)
_NOT_NEGATIVE = (Decimal(0), None)
_PART = (Decimal(0), Decimal(1))
_RANGES = {
    **dict.fromkeys(("step", "span", "base", "full", "zero_target_step"), _NOT_NEGATIVE),
    **dict.fromkeys(("share", "zero_below"), _PART),
}
"""The least and the most that a parameter may be."""


class Kind:
    """How one kind of formula is checked, which curve it draws, and which figures it favours."""

    parameters: ClassVar[frozenset[str]] = frozenset({"floor", "cap"})
    required: ClassVar[frozenset[str]] = frozenset()
    needs_target: ClassVar[bool] = False
    needs_baseline: ClassVar[bool] = False
    """Whether a target has to say which figure it grows from, so that each unit has its own."""
    entered: ClassVar[bool] = True
    """Whether values are entered for it."""
    floored: ClassVar[bool] = True
    """Whether its points end at 0 where the formula names no floor."""
    awarded: ClassVar[bool] = False
    """Whether its figures are points already."""
    quantity: ClassVar[bool] = True
    """Whether one figure can be so much of another; a day cannot."""

    def check(self, formula: Formula) -> None:
        """Raise FormulaInvalid unless the parameters fit together."""
        for field in fields(formula):
            absent = getattr(formula, field.name) in (None, ())
            if field.name != "kind" and not absent and field.name not in self.parameters:
                raise FormulaInvalid(path=field.name, kind=formula.kind, hint="This kind has no such parameter.")
            if absent and field.name in self.required:
                raise FormulaInvalid(path=field.name, kind=formula.kind, hint="This kind needs the parameter.")
        for name, (least, most) in _RANGES.items():
            number: Decimal | None = getattr(formula, name)
            if number is not None and (number < least or (most is not None and number > most)):
                raise FormulaInvalid(path=name, given=number, minimum=least, maximum=most)
        if formula.full == 0:
            raise FormulaInvalid(path="full", given=formula.full, hint="Full marks are more than nothing.")
        if formula.cap is not None and formula.cap < floor_of(formula):
            raise FormulaInvalid(path="cap", cap=formula.cap, floor=formula.floor, hint="The cap lies below the floor.")
        if formula.cap is None and formula.floor is not None and formula.floor > self.full_marks(formula):
            raise FormulaInvalid(path="floor", given=formula.floor, hint="The floor lies above full marks.")

    def check_actual(self, formula: Formula, actual: Decimal) -> str | None:
        """What is wrong with a figure that means nothing to the formula, None if it means something."""
        return None

    def full_marks(self, formula: Formula) -> Fraction:
        """What a unit gets that is exempted with full marks."""
        return HUNDRED

    def group_relative(self, formula: Formula) -> bool:
        """Whether one unit's value moves the points of its peers."""
        return False

    def lower_better(self, formula: Formula) -> bool | None:
        """Whether the lower of two figures is the better one; None where only their points can tell."""
        return False

    def curve(self, formula: Formula, against: Against) -> Curve:
        """Return the curve from which the points of any actual are read."""
        raise NotImplementedError


def floor_of(formula: Formula) -> Fraction:
    """The least points there are: 0 unless the formula says otherwise."""
    return ZERO if formula.floor is None else rational(formula.floor)


def cap_of(formula: Formula) -> Fraction | None:
    """The most points there are, None without a limit."""
    return optional(formula.cap)


def kept(curve: Curve, formula: Formula) -> Curve:
    """A curve within the floor and the cap, where the formula has them."""
    if formula.floor is None and formula.cap is None:
        return curve
    within = straight(ONE, ZERO, floor=optional(formula.floor), cap=cap_of(formula))
    return lambda actual: within(curve(actual))


def optional(number: Decimal | None) -> Fraction | None:
    """A parameter that may be left out."""
    return None if number is None else rational(number)


def given(number: Decimal | None) -> Fraction:
    """A parameter that the kind requires."""
    assert number is not None
    return rational(number)

"""What every kind of formula has: parameters that are checked, and a curve from actuals to points."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from ledger.domain.curve import Curve
from ledger.domain.formula import Against, Formula
from ledger.domain.numbers import rational
from ledger.domain.refusals import FormulaInvalid

ZERO = Fraction(0)


class Kind:
    """How one kind of formula is checked, which curve it draws, and which figures it favours."""

    parameters: ClassVar[frozenset[str]] = frozenset()
    required: ClassVar[frozenset[str]] = frozenset()
    needs_target: ClassVar[bool] = False
    needs_baseline: ClassVar[bool] = False
    """Whether a target has to say which figure it grows from, so that each unit has its own."""
    entered: ClassVar[bool] = True
    """Whether values are entered for it."""

    def check(self, formula: Formula) -> None:
        """Raise FormulaInvalid unless the parameters fit together."""
        for field in fields(formula):
            absent = getattr(formula, field.name) in (None, ())
            if field.name != "kind" and not absent and field.name not in self.parameters:
                raise FormulaInvalid(path=field.name, kind=formula.kind, hint="This kind has no such parameter.")
            if absent and field.name in self.required:
                raise FormulaInvalid(path=field.name, kind=formula.kind, hint="This kind needs the parameter.")
        floor = formula.floor if formula.floor is not None else Decimal(0)
        if formula.cap is not None and formula.cap < floor:
            raise FormulaInvalid(path="cap", cap=formula.cap, floor=floor, hint="The cap lies below the floor.")

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


def optional(number: Decimal | None) -> Fraction | None:
    """A parameter that may be left out."""
    return None if number is None else rational(number)


def given(number: Decimal | None) -> Fraction:
    """A parameter that the kind requires."""
    assert number is not None
    return rational(number)


def require_not_negative(name: str, value: Decimal | None) -> None:
    """Raise FormulaInvalid for a parameter below zero."""
    if value is not None and value < 0:
        raise FormulaInvalid(path=name, given=value, hint="It is not negative.")

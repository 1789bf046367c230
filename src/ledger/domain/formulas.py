"""Formulas: how a measured value becomes points of 100. One small class per kind.

Adding a kind touches this module only: name it in `FormulaKind`, say here what its
parameters mean, check them, score with them, and enter it in `KINDS`. All arithmetic is
exact. Source: domain.md 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar

from ledger.domain.refusals import FormulaInvalid

HUNDRED = Fraction(100)
ZERO = Fraction(0)


class FormulaKind(StrEnum):
    """The method by which an indicator's value becomes points."""

    LINEAR_RATIO = "LINEAR_RATIO"
    """100 x actual / target; higher is better."""
    INVERSE_DIFF = "INVERSE_DIFF"
    """100 x (2 - actual / target); lower is better."""
    INVERSE_RATIO = "INVERSE_RATIO"
    """100 x target / actual; lower is better."""
    BEST_RATIO = "BEST_RATIO"
    """full x actual / the best actual of the group."""
    DIRECT_POINTS = "DIRECT_POINTS"
    """Points awarded by the scoring department, 0 to 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A method with its parameters; a kind refuses parameters that it does not use."""

    kind: FormulaKind
    floor: Decimal | None = None
    cap: Decimal | None = None
    full: Decimal | None = None
    zero_below: Decimal | None = None
    zero_target_step: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one unit brings to a formula, exact."""

    actual: Fraction
    target: Fraction | None = None


class Kind:
    """How one kind of formula is checked, and how it scores a whole group at once."""

    parameters: ClassVar[frozenset[str]] = frozenset()
    needs_target: ClassVar[bool] = False
    group_relative: ClassVar[bool] = False
    """Whether one unit's value moves the points of its peers."""

    def check(self, formula: Formula) -> None:
        """Raise FormulaInvalid unless the parameters fit together."""
        for field in fields(formula):
            if field.name != "kind" and getattr(formula, field.name) is not None and field.name not in self.parameters:
                raise FormulaInvalid(path=field.name, kind=formula.kind, hint="This kind has no such parameter.")
        floor = formula.floor if formula.floor is not None else Decimal(0)
        if formula.cap is not None and formula.cap < floor:
            raise FormulaInvalid(path="cap", cap=formula.cap, floor=floor, hint="The cap lies below the floor.")

    def scores(self, formula: Formula, readings: Sequence[Reading]) -> list[Fraction]:
        """Return the exact points of each reading, in order."""
        return [self.score(formula, reading) for reading in readings]

    def score(self, formula: Formula, reading: Reading) -> Fraction:
        """Return the exact points of one reading that depends on no peer."""
        raise NotImplementedError


def _clamped(points: Fraction, formula: Formula) -> Fraction:
    floor = Fraction(formula.floor) if formula.floor is not None else ZERO
    if points < floor:
        return floor
    if formula.cap is not None and points > formula.cap:
        return Fraction(formula.cap)
    return points


class _AgainstTarget(Kind):
    """Scores against a target, with the zero-target policy: 100 at zero, minus a step per unit above."""

    parameters = frozenset({"floor", "cap", "zero_target_step"})
    needs_target = True

    def score(self, formula: Formula, reading: Reading) -> Fraction:
        target = reading.target
        if target is None:
            raise FormulaInvalid(kind=formula.kind, hint="The formula needs a target.")
        if target == 0:
            if reading.actual == 0:
                return HUNDRED
            step = Fraction(formula.zero_target_step) if formula.zero_target_step is not None else HUNDRED
            return _clamped(HUNDRED - step * reading.actual, formula)
        return self.against(formula, reading.actual, target)

    def against(self, formula: Formula, actual: Fraction, target: Fraction) -> Fraction:
        """Return the points for a target that is not zero."""
        raise NotImplementedError


class _LinearRatio(_AgainstTarget):
    parameters = _AgainstTarget.parameters | {"zero_below"}

    def against(self, formula: Formula, actual: Fraction, target: Fraction) -> Fraction:
        rate = actual / target
        if formula.zero_below is not None and rate < formula.zero_below:
            return ZERO
        return _clamped(HUNDRED * rate, formula)


class _InverseDiff(_AgainstTarget):
    def against(self, formula: Formula, actual: Fraction, target: Fraction) -> Fraction:
        return _clamped(HUNDRED * (2 - actual / target), formula)


class _InverseRatio(_AgainstTarget):
    def check(self, formula: Formula) -> None:
        super().check(formula)
        if formula.cap is None:
            raise FormulaInvalid(
                path="cap", kind=formula.kind, hint="At an actual of zero the points are the cap; set it."
            )

    def against(self, formula: Formula, actual: Fraction, target: Fraction) -> Fraction:
        if actual == 0:
            return Fraction(formula.cap) if formula.cap is not None else HUNDRED
        return _clamped(HUNDRED * target / actual, formula)


class _BestRatio(Kind):
    """The best of the group gets full marks (100 unless `full` says otherwise), the others in proportion."""

    parameters = frozenset({"full", "floor", "cap"})
    group_relative = True

    def scores(self, formula: Formula, readings: Sequence[Reading]) -> list[Fraction]:
        full = Fraction(formula.full) if formula.full is not None else HUNDRED
        best = max((reading.actual for reading in readings), default=ZERO)
        if best <= 0:
            return [_clamped(ZERO, formula) for _ in readings]
        share = full / best
        return [_clamped(share * reading.actual, formula) for reading in readings]


class _DirectPoints(Kind):
    def score(self, formula: Formula, reading: Reading) -> Fraction:
        return reading.actual


KINDS: dict[FormulaKind, Kind] = {
    FormulaKind.LINEAR_RATIO: _LinearRatio(),
    FormulaKind.INVERSE_DIFF: _InverseDiff(),
    FormulaKind.INVERSE_RATIO: _InverseRatio(),
    FormulaKind.BEST_RATIO: _BestRatio(),
    FormulaKind.DIRECT_POINTS: _DirectPoints(),
}


def target_met(kind: FormulaKind, reading: Reading) -> bool | None:
    """Whether the target is met, decided on exact values; None where there is no target."""
    if reading.target is None:
        return None
    # With a target of zero, lower is better whatever the kind.
    if kind is FormulaKind.LINEAR_RATIO and reading.target != 0:
        return reading.actual >= reading.target
    return reading.actual <= reading.target

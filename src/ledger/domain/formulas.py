"""Formulas: how a measured value becomes points of 100. One small class per kind.

Adding a kind: name it and its parameters in `formula`, check and score it with a class here,
and enter it in `KINDS`; nothing else has to know. All arithmetic is
exact. Source: domain.md 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import ClassVar

from ledger.domain.formula import Formula, FormulaKind, Reading
from ledger.domain.numbers import rational
from ledger.domain.refusals import FormulaInvalid

HUNDRED = Fraction(100)
TWO_HUNDRED = Fraction(200)
ZERO = Fraction(0)


class Kind:
    """How one kind of formula is checked, and how it scores a whole group at once."""

    parameters: ClassVar[frozenset[str]] = frozenset()
    required: ClassVar[frozenset[str]] = frozenset()
    needs_target: ClassVar[bool] = False
    needs_baseline: ClassVar[bool] = False
    """Whether a target has to say which figure it grows from, so that each unit has its own."""
    entered: ClassVar[bool] = True
    """Whether values are entered for it."""
    group_relative: ClassVar[bool] = False
    """Whether one unit's value moves the points of its peers."""

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

    def scores(self, formula: Formula, readings: Sequence[Reading]) -> list[Fraction]:
        """Return the exact points of each reading, in order."""
        return [self.score(formula, reading) for reading in readings]

    def score(self, formula: Formula, reading: Reading) -> Fraction:
        """Return the exact points of one reading that depends on no peer."""
        raise NotImplementedError


def _percent(part: Fraction, whole: Fraction) -> Fraction:
    """100 x part / whole, reduced once."""
    return Fraction(100 * part.numerator * whole.denominator, part.denominator * whole.numerator)


def _clamped(points: Fraction, formula: Formula) -> Fraction:
    if formula.floor is None:
        if points.numerator < 0:
            return ZERO
    elif points < rational(formula.floor):
        return rational(formula.floor)
    if formula.cap is not None and points > rational(formula.cap):
        return rational(formula.cap)
    return points


class _AgainstTarget(Kind):
    """Scores against a target, with the zero-target policy: 100 at zero, minus a step per unit above."""

    parameters = frozenset({"floor", "cap", "zero_target_step"})
    needs_target = True

    def score(self, formula: Formula, reading: Reading) -> Fraction:
        target = reading.target
        if target is None:
            raise FormulaInvalid(kind=formula.kind, hint="The formula needs a target.")
        if not target:
            if not reading.actual:
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
        if formula.zero_below is not None and actual / target < formula.zero_below:
            return ZERO
        return _clamped(_percent(actual, target), formula)


class _InverseDiff(_AgainstTarget):
    def against(self, formula: Formula, actual: Fraction, target: Fraction) -> Fraction:
        return _clamped(TWO_HUNDRED - _percent(actual, target), formula)


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
        return _clamped(_percent(target, actual), formula)


class _BestRatio(Kind):
    """The best of the group gets full marks (100 unless `full` says otherwise), the others in proportion."""

    parameters = frozenset({"full", "floor", "cap"})
    group_relative = True

    def scores(self, formula: Formula, readings: Sequence[Reading]) -> list[Fraction]:
        full = rational(formula.full) if formula.full is not None else HUNDRED
        best = max((reading.actual for reading in readings), default=ZERO)
        if best <= 0:
            return [_clamped(ZERO, formula) for _ in readings]
        share = full / best
        return [_clamped(share * reading.actual, formula) for reading in readings]


class _DirectPoints(Kind):
    def score(self, formula: Formula, reading: Reading) -> Fraction:
        return reading.actual


class _Piecewise(Kind):
    parameters = frozenset({"breakpoints", "below", "above"})
    required = frozenset({"breakpoints"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        for first, second in pairwise(formula.breakpoints):
            if second.actual <= first.actual:
                raise FormulaInvalid(path="breakpoints", actual=second.actual, hint="Figures strictly increase.")

    def score(self, formula: Formula, reading: Reading) -> Fraction:
        first, last = formula.breakpoints[0], formula.breakpoints[-1]
        if reading.actual < first.actual:
            return Fraction(formula.below if formula.below is not None else first.points)
        if reading.actual > last.actual:
            return Fraction(formula.above if formula.above is not None else last.points)
        for left, right in pairwise(formula.breakpoints):
            if reading.actual <= right.actual:
                share = (reading.actual - rational(left.actual)) / rational(right.actual - left.actual)
                return rational(left.points) + share * rational(right.points - left.points)
        return rational(last.points)


class _Step(Kind):
    parameters = required = frozenset({"intervals"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if formula.intervals[0].low is not None or formula.intervals[-1].high is not None:
            raise FormulaInvalid(
                path="intervals", hint="Leave the outermost ends open, so that every figure is covered."
            )
        for first, second in pairwise(formula.intervals):
            if first.high is None or first.high != second.low or (first.low is not None and first.high <= first.low):
                raise FormulaInvalid(path="intervals", at=first.high, hint="Each interval begins where the last ended.")

    def score(self, formula: Formula, reading: Reading) -> Fraction:
        found = (i for i in formula.intervals if i.high is None or reading.actual < i.high)
        return Fraction(next(found).points)


class _Band(Kind):
    parameters = frozenset({"low", "high", "step", "floor"})
    required = frozenset({"low", "high", "step"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if formula.low is not None and formula.high is not None and formula.high < formula.low:
            raise FormulaInvalid(path="high", low=formula.low, high=formula.high)
        _require_not_negative("step", formula.step)

    def score(self, formula: Formula, reading: Reading) -> Fraction:
        low, high = rational(formula.low or Decimal(0)), rational(formula.high or Decimal(0))
        distance = max(low - reading.actual, reading.actual - high, ZERO)
        return _clamped(HUNDRED - rational(formula.step or Decimal(0)) * distance, formula)


class _GroupRank(Kind):
    parameters = frozenset({"table", "lower_better"})
    required = frozenset({"table"})
    group_relative = True

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if any(later > earlier for earlier, later in pairwise(formula.table)):
            raise FormulaInvalid(path="table", hint="A worse rank never earns more.")

    def scores(self, formula: Formula, readings: Sequence[Reading]) -> list[Fraction]:
        ordered = sorted((reading.actual for reading in readings), reverse=not formula.lower_better)
        place = {actual: index for index, actual in reversed(list(enumerate(ordered)))}
        # Beyond the table there are no points.
        return [
            Fraction(formula.table[place[r.actual]]) if place[r.actual] < len(formula.table) else ZERO for r in readings
        ]


class _Efficacy(Kind):
    parameters = frozenset({"base", "span", "worst", "best", "lower_better", "floor", "cap"})
    required = frozenset({"base", "span"})
    group_relative = True

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if (formula.worst is None) != (formula.best is None):
            raise FormulaInvalid(path="worst", hint="Give both bounds, or neither to take the group's.")
        if formula.worst is not None and formula.lower_better is not None:
            raise FormulaInvalid(path="lower_better", hint="With bounds of the plan their order says which is better.")
        _require_not_negative("span", formula.span)

    def scores(self, formula: Formula, readings: Sequence[Reading]) -> list[Fraction]:
        if not readings:
            return []
        actuals = [reading.actual for reading in readings]
        worst, best = min(actuals), max(actuals)
        if formula.lower_better:
            worst, best = best, worst
        if formula.worst is not None and formula.best is not None:
            worst, best = rational(formula.worst), rational(formula.best)
        base, span = rational(formula.base or Decimal(0)), rational(formula.span or Decimal(0))
        if best == worst:
            return [_clamped(base + span, formula) for _ in readings]
        return [_clamped(base + span * (actual - worst) / (best - worst), formula) for actual in actuals]


class _Checklist(Kind):
    parameters = frozenset({"full", "step", "floor"})
    required = frozenset({"step"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        _require_not_negative("step", formula.step)

    def score(self, formula: Formula, reading: Reading) -> Fraction:
        full = rational(formula.full) if formula.full is not None else HUNDRED
        return _clamped(full - rational(formula.step or Decimal(0)) * reading.actual, formula)


class _Deadline(Kind):
    parameters = frozenset({"due_on", "until", "step", "floor"})
    required = frozenset({"due_on", "step"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if formula.until is not None and formula.due_on is not None and formula.until < formula.due_on:
            raise FormulaInvalid(path="until", due_on=formula.due_on, until=formula.until)
        _require_not_negative("step", formula.step)

    def score(self, formula: Formula, reading: Reading) -> Fraction:
        done_on = day_of(reading.actual)
        if done_on is None or formula.due_on is None or (formula.until is not None and done_on > formula.until):
            return ZERO
        late = max(0, (done_on - formula.due_on).days)
        return _clamped(HUNDRED - rational(formula.step or Decimal(0)) * late, formula)


class _Linkage(Kind):
    parameters = frozenset({"base", "table"})
    required = frozenset({"base", "table"})

    def score(self, formula: Formula, reading: Reading) -> Fraction:
        place = int(reading.actual)
        bonus = formula.table[place - 1] if 1 <= place <= len(formula.table) else formula.table[-1]
        return rational(formula.base or Decimal(0)) + Fraction(bonus)


class _GrowthMix(Kind):
    """Level and increment, so that neither a great district rests nor a small one is out of the running."""

    parameters = frozenset({"share", "floor", "cap"})
    required = frozenset({"share"})
    needs_target = needs_baseline = True

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if formula.share is not None and not 0 <= formula.share <= 1:
            raise FormulaInvalid(path="share", given=formula.share, hint="A share lies between 0 and 1.")

    def score(self, formula: Formula, reading: Reading) -> Fraction:
        actual, target, baseline = reading.actual, reading.target, reading.baseline
        if target is None or baseline is None:
            raise FormulaInvalid(kind=formula.kind, hint="The formula needs a target and its baseline.")
        reached = HUNDRED if actual >= target else ZERO
        level = HUNDRED * actual / target if target > 0 else reached
        # Where no growth is planned there is no increment to measure against.
        growth = HUNDRED * (actual - baseline) / (target - baseline) if target > baseline else reached
        share = rational(formula.share or Decimal(0))
        return _clamped(share * level + (1 - share) * growth, formula)


class _Evaluation(Kind):
    """The unit's points come from the evaluation campaigns; settlement takes them from there, no value is scored."""

    entered = False


def day_of(actual: Fraction) -> date | None:
    """The day that a figure such as 20181008 spells, None if it spells none."""
    text = str(actual.numerator)
    if actual.denominator != 1 or len(text) != 8 or not text.isdigit():
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _require_not_negative(name: str, value: Decimal | None) -> None:
    if value is not None and value < 0:
        raise FormulaInvalid(path=name, given=value, hint="It is not negative.")


KINDS: dict[FormulaKind, Kind] = {
    FormulaKind.LINEAR_RATIO: _LinearRatio(),
    FormulaKind.INVERSE_DIFF: _InverseDiff(),
    FormulaKind.INVERSE_RATIO: _InverseRatio(),
    FormulaKind.BEST_RATIO: _BestRatio(),
    FormulaKind.DIRECT_POINTS: _DirectPoints(),
    FormulaKind.PIECEWISE: _Piecewise(),
    FormulaKind.STEP: _Step(),
    FormulaKind.BAND: _Band(),
    FormulaKind.GROUP_RANK: _GroupRank(),
    FormulaKind.EFFICACY: _Efficacy(),
    FormulaKind.CHECKLIST: _Checklist(),
    FormulaKind.DEADLINE: _Deadline(),
    FormulaKind.LINKAGE: _Linkage(),
    FormulaKind.GROWTH_MIX: _GrowthMix(),
    FormulaKind.EVALUATION: _Evaluation(),
}


def target_met(kind: FormulaKind, reading: Reading) -> bool | None:
    """Whether the target is met, decided on exact values; None where there is no target."""
    if reading.target is None:
        return None
    # With a target of zero, lower is better whatever the kind.
    if kind in (FormulaKind.LINEAR_RATIO, FormulaKind.GROWTH_MIX) and reading.target != 0:
        return reading.actual >= reading.target
    return reading.actual <= reading.target

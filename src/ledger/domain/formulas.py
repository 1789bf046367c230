"""Formulas: how a measured value becomes points of 100. One small class per kind.

Adding a kind: name it and its parameters in `formula`, check it and draw its curve with a class
here, and enter it in `KINDS`; nothing else has to know. All arithmetic is exact. Source:
domain.md 3.2.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date
from fractions import Fraction
from itertools import pairwise

from ledger.domain.curve import Curve, Piece, pieced, straight
from ledger.domain.formula import ALONE, Against, Formula, FormulaKind
from ledger.domain.formula_kind import ZERO, Kind, cap_of, floor_of, given, optional, require_not_negative
from ledger.domain.numbers import Ratio, over_one, rational
from ledger.domain.refusals import FormulaInvalid

ONE = Fraction(1)
HUNDRED = Fraction(100)
TWO_HUNDRED = Fraction(200)


class _AgainstTarget(Kind):
    """Scores against a target, with the zero-target policy: 100 at zero, minus a step per unit above."""

    parameters = frozenset({"floor", "cap", "zero_target_step"})
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


class _LinearRatio(_AgainstTarget):
    parameters = _AgainstTarget.parameters | {"zero_below"}

    def towards(self, formula: Formula, target: Fraction) -> Curve:
        ratio = straight(HUNDRED / target, ZERO, floor=floor_of(formula), cap=cap_of(formula))
        if formula.zero_below is None:
            return ratio
        least, parts = (rational(formula.zero_below) * target).as_integer_ratio()
        return lambda actual: (0, 1) if actual[0] * parts < least * actual[1] else ratio(actual)


class _InverseDiff(_AgainstTarget):
    def lower_better(self, formula: Formula) -> bool:
        return True

    def towards(self, formula: Formula, target: Fraction) -> Curve:
        return straight(-HUNDRED / target, TWO_HUNDRED, floor=floor_of(formula), cap=cap_of(formula))


class _InverseRatio(_AgainstTarget):
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
            points = HUNDRED * target / Fraction(*actual) if actual[0] else cap
            return kept(points.as_integer_ratio())

        return read


class _BestRatio(Kind):
    """The best of the group gets full marks (100 unless `full` says otherwise), the others in proportion."""

    parameters = frozenset({"full", "floor", "cap"})

    def group_relative(self, formula: Formula) -> bool:
        return True

    def curve(self, formula: Formula, against: Against) -> Curve:
        full = HUNDRED if formula.full is None else rational(formula.full)
        actuals, common = over_one(against.peers)
        best = Fraction(max(actuals, default=0), common)
        return straight(full / best if best > 0 else ZERO, ZERO, floor=floor_of(formula), cap=cap_of(formula))


class _DirectPoints(Kind):
    def curve(self, formula: Formula, against: Against) -> Curve:
        return lambda actual: actual


class _Piecewise(Kind):
    parameters = frozenset({"breakpoints", "below", "above"})
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
            return curve
        (most, parts), above = end.as_integer_ratio(), rational(formula.above).as_integer_ratio()
        return lambda actual: above if actual[0] * parts > most * actual[1] else curve(actual)


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

    def lower_better(self, formula: Formula) -> None:
        return None

    def curve(self, formula: Formula, against: Against) -> Curve:
        return pieced([Piece(optional(i.low), ZERO, rational(i.points)) for i in formula.intervals])


class _Band(Kind):
    parameters = frozenset({"low", "high", "step", "floor"})
    required = frozenset({"low", "high", "step"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if formula.low is not None and formula.high is not None and formula.high < formula.low:
            raise FormulaInvalid(path="high", low=formula.low, high=formula.high)
        require_not_negative("step", formula.step)

    def lower_better(self, formula: Formula) -> None:
        return None

    def curve(self, formula: Formula, against: Against) -> Curve:
        low, high, step = given(formula.low), given(formula.high), given(formula.step)
        pieces = [
            Piece(None, step, HUNDRED - step * low),
            Piece(low, ZERO, HUNDRED),
            Piece(high, -step, HUNDRED + step * high),
        ]
        return pieced(pieces, floor=floor_of(formula))


class _GroupRank(Kind):
    parameters = frozenset({"table", "lower_better"})
    required = frozenset({"table"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if any(later > earlier for earlier, later in pairwise(formula.table)):
            raise FormulaInvalid(path="table", hint="A worse rank never earns more.")

    def group_relative(self, formula: Formula) -> bool:
        return True

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

        return read


class _Efficacy(Kind):
    parameters = frozenset({"base", "span", "worst", "best", "lower_better", "floor", "cap"})
    required = frozenset({"base", "span"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if (formula.worst is None) != (formula.best is None):
            raise FormulaInvalid(path="worst", hint="Give both bounds, or neither to take the group's.")
        if formula.worst is not None and formula.lower_better is not None:
            raise FormulaInvalid(path="lower_better", hint="With bounds of the plan their order says which is better.")
        require_not_negative("span", formula.span)

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


class _Checklist(Kind):
    parameters = frozenset({"full", "step", "floor"})
    required = frozenset({"step"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        require_not_negative("step", formula.step)

    def lower_better(self, formula: Formula) -> bool:
        return True

    def curve(self, formula: Formula, against: Against) -> Curve:
        full = HUNDRED if formula.full is None else rational(formula.full)
        return straight(-given(formula.step), full, floor=floor_of(formula))


class _Deadline(Kind):
    parameters = frozenset({"due_on", "until", "step", "floor"})
    required = frozenset({"due_on", "step"})

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if formula.until is not None and formula.due_on is not None and formula.until < formula.due_on:
            raise FormulaInvalid(path="until", due_on=formula.due_on, until=formula.until)
        require_not_negative("step", formula.step)

    def lower_better(self, formula: Formula) -> None:
        return None

    def curve(self, formula: Formula, against: Against) -> Curve:
        by_days = straight(-given(formula.step), HUNDRED, floor=floor_of(formula))

        def read(actual: Ratio) -> Ratio:
            done_on = day_of(actual)
            if done_on is None or formula.due_on is None or (formula.until is not None and done_on > formula.until):
                return 0, 1
            return by_days((max(0, (done_on - formula.due_on).days), 1))

        return read


class _Linkage(Kind):
    parameters = frozenset({"base", "table"})
    required = frozenset({"base", "table"})

    def lower_better(self, formula: Formula) -> None:
        return None

    def curve(self, formula: Formula, against: Against) -> Curve:
        base = given(formula.base)
        points = [(base + rational(each)).as_integer_ratio() for each in formula.table]

        def read(actual: Ratio) -> Ratio:
            place = Fraction(*actual).__trunc__()
            return points[place - 1] if 1 <= place <= len(points) else points[-1]

        return read


class _GrowthMix(Kind):
    """Level and increment, so that neither a great district rests nor a small one is out of the running."""

    parameters = frozenset({"share", "floor", "cap"})
    required = frozenset({"share"})
    needs_target = needs_baseline = True

    def check(self, formula: Formula) -> None:
        super().check(formula)
        if formula.share is not None and not 0 <= formula.share <= 1:
            raise FormulaInvalid(path="share", given=formula.share, hint="A share lies between 0 and 1.")

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


class _Evaluation(Kind):
    """The unit's points come from the evaluation campaigns; settlement takes them from there, no value is scored."""

    entered = False


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

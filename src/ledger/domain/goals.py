"""Goal appraisal: what each indicator contributes to a unit, from values, targets, formulas and weights.

Source: domain.md 3.2 to 3.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from operator import mul
from typing import NamedTuple

from ledger.domain.columns import Columns
from ledger.domain.cycle import NotApplicablePolicy
from ledger.domain.formulas import KINDS
from ledger.domain.numbers import Ratio, RoundingPolicy, exact_sum, over_one, rounded
from ledger.domain.plan import Indicator, Plan
from ledger.domain.results import HUNDRED, NOTHING, ONE, ZERO, Line, LineStatus, Part, Slice

Parts = Sequence[Part]
Counting = tuple[Indicator, tuple[tuple[str, Fraction], ...]]
"""An indicator with the periods whose scores count, each with its part."""


class Counted(NamedTuple):
    """An indicator with the scores of all units for each of the periods that count."""

    indicator: Indicator
    parts: Parts
    shares: tuple[list[int], int]
    """The share of each part, as numerators over one denominator: so many scores are summed with them."""


def counting(due: Iterable[tuple[Indicator, str]]) -> list[Counting]:
    """Gather the periods of each indicator; a single one counts whole, others by the indicator's composition."""
    found: dict[str, tuple[Indicator, list[str]]] = {}
    for indicator, period in due:
        found.setdefault(indicator.indicator_id, (indicator, []))[1].append(period)
    return [(indicator, _parts(indicator, periods)) for indicator, periods in found.values()]


def _parts(indicator: Indicator, periods: list[str]) -> tuple[tuple[str, Fraction], ...]:
    if len(periods) == 1:
        return ((periods[0], ONE),)
    shares = {share.period: Fraction(share.share) for share in indicator.composition}
    return tuple((period, shares[period]) for period in periods)


def with_columns(counted: Iterable[Counting], columns: Columns) -> list[Counted]:
    """Each indicator that counts with the scores of all units for each of its periods."""
    return [
        _counted(indicator, [Part(period, share, columns.of(indicator, period)) for period, share in periods])
        for indicator, periods in counted
    ]


def _counted(indicator: Indicator, parts: Parts) -> Counted:
    return Counted(indicator, parts, over_one([part.share.as_integer_ratio() for part in parts]))


def unit_lines(
    slice: Slice, plan: Plan, unit_id: str, counted: Iterable[Counted], weights: Mapping[str, Fraction]
) -> tuple[Line, ...]:
    """The lines of one unit, in the order of the plan; their weights sum to exactly 100."""
    return tuple(_line(slice, plan, unit_id, each, weights.get(each.indicator.indicator_id)) for each in counted)


def _line(slice: Slice, plan: Plan, unit_id: str, counted: Counted, weight: Fraction | None) -> Line:
    if weight is None:
        parts = counted.parts
        return Line(unit_id, counted.indicator, LineStatus.EXEMPT, ZERO, ZERO, ZERO, parts, [NOTHING] * len(parts))
    indicator, parts, shares = _applying(slice, unit_id, counted)
    found = [column.points.get(unit_id) for _, _, column in parts]
    earned = [points for points in found if points is not None]
    status = LineStatus.SCORED
    if len(earned) < len(found):
        stand_ins = [_assumed(slice, unit_id, indicator, part) for part in parts if unit_id not in part.column.points]
        status = _status(known=len(earned), assumed=len(stand_ins) - stand_ins.count(None), due=len(found))
        waiting = iter(stand_ins)
        earned = [points or next(waiting) or NOTHING for points in found]
    score = _score(earned, *shares)
    points = Fraction(score.numerator * weight.numerator, score.denominator * weight.denominator * 100)
    if plan.rounding_policy is RoundingPolicy.ROUND_EACH_LEVEL:
        score = Fraction(rounded(score, plan.score_scale, plan.rounding))
        points = Fraction(rounded(score * weight / HUNDRED, plan.score_scale, plan.rounding))
    return Line(unit_id, indicator, status, weight, score, points, parts, earned)


def _score(earned: Sequence[Ratio], shares: Sequence[int], whole: int) -> Fraction:
    """The score of all periods, each with its share of the whole."""
    if len(earned) == 1:
        return Fraction(*earned[0])
    points, common = over_one(earned)
    return Fraction(sum(map(mul, points, shares)), common * whole)


def _status(*, known: int, assumed: int, due: int) -> LineStatus:
    if assumed == due:
        return LineStatus.ASSUMED
    if known + assumed == due:
        return LineStatus.SCORED
    return LineStatus.PARTLY if known else LineStatus.MISSING


def _applying(slice: Slice, unit_id: str, counted: Counted) -> Counted:
    """The periods that apply to the unit; those it is exempted from give their part to the others."""
    indicator, parts, _ = counted
    if len(parts) == 1 or not slice.cycle.exemptions:
        return counted
    left = [part for part in parts if not slice.cycle.redistributes(unit_id, indicator.indicator_id, part.period)]
    if len(left) == len(parts):
        return counted
    whole = sum((part.share for part in left), ZERO)
    return _counted(indicator, [part._replace(share=part.share / whole) for part in left])


def _assumed(slice: Slice, unit_id: str, indicator: Indicator, part: Part) -> Ratio | None:
    """What an exemption without redistribution gives in place of a score."""
    exemption = slice.cycle.exemption(unit_id, indicator.indicator_id, part.period)
    if exemption is None:
        return None
    if exemption.policy is NotApplicablePolicy.FULL_MARK:
        return KINDS[indicator.formula.kind].full_marks(indicator.formula).as_integer_ratio()
    peers = part.column.points.values()
    return (exact_sum(peers) / len(peers)).as_integer_ratio() if peers else NOTHING


class Weights:
    """Effective weights of a group's indicators, for each unit those that apply to it; they sum to exactly 100.

    An exempted indicator's weight goes to the others of its dimension in proportion, so the
    dimension keeps its weight; an empty dimension's weight goes to the other dimensions.
    """

    def __init__(self, slice: Slice, group_id: str, counted: list[Counting]):
        self._slice = slice
        self._counted = counted
        indicators = [indicator for indicator, _ in counted]
        self._nominal = {each.indicator_id: Fraction(each.weight_in(group_id) or 0) for each in indicators}
        self._planned = _by_dimension(indicators, self._nominal)

    def of(self, unit_id: str) -> Mapping[str, Fraction]:
        """The weights of those that apply to a unit, by indicator."""
        applies = [indicator for indicator, parts in self._counted if not self._exempted(unit_id, indicator, parts)]
        return self._in_full if len(applies) == len(self._counted) else self._shared_by(applies)

    @cached_property
    def _in_full(self) -> Mapping[str, Fraction]:
        return self._shared_by([indicator for indicator, _ in self._counted])

    def _shared_by(self, applies: list[Indicator]) -> dict[str, Fraction]:
        left = _by_dimension(applies, self._nominal)
        alive = sum((self._planned[dimension_id] for dimension_id in left), ZERO)
        if len(applies) == len(self._counted) and alive == HUNDRED:
            return self._nominal
        return {
            i.indicator_id: self._nominal[i.indicator_id]
            * self._planned[i.dimension_id]
            / left[i.dimension_id]
            * HUNDRED
            / alive
            for i in applies
        }

    def _exempted(self, unit_id: str, indicator: Indicator, parts: tuple[tuple[str, Fraction], ...]) -> bool:
        cycle = self._slice.cycle
        if not cycle.exemptions:
            return False
        return all(cycle.redistributes(unit_id, indicator.indicator_id, period) for period, _ in parts)


def _by_dimension(indicators: Iterable[Indicator], nominal: Mapping[str, Fraction]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for indicator in indicators:
        found[indicator.dimension_id] = found.get(indicator.dimension_id, ZERO) + nominal[indicator.indicator_id]
    return found

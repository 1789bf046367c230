"""Goal appraisal: what each indicator contributes to a unit, from values, targets, formulas and weights.

Source: domain.md 3.2 to 3.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property

from ledger.domain.cycle import NotApplicablePolicy
from ledger.domain.formula import FormulaKind, Reading
from ledger.domain.formulas import KINDS
from ledger.domain.numbers import RoundingPolicy, rational, rounded, weighted_sum
from ledger.domain.periods import parse_period
from ledger.domain.plan import Indicator, Plan
from ledger.domain.reorganisation import CarryPolicy
from ledger.domain.results import HUNDRED, ONE, ZERO, Cell, Known, Line, LineStatus, Scored, Slice
from ledger.domain.succession import Brought, Heritage, added_up, heritage_of, months_of, period_left, weighted
from ledger.domain.tallying import evaluated

Counting = tuple[Indicator, tuple[tuple[str, Fraction], ...]]
"""An indicator with the periods whose scores count, each with its part."""
Found = dict[tuple[int, str], dict[tuple[str, str], dict[str, Scored]]]
"""Of a plan (its position) and a group: of each indicator and period, the scores by unit."""


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


class Scores:
    """The scores of a group's units for every indicator and period that counts.

    All units at once, because some formulas compare the units.
    """

    def __init__(
        self,
        slice: Slice,
        plan: Plan,
        group_id: str,
        unit_ids: Sequence[str],
        counted: Iterable[Counting],
        *,
        plan_position: int,
        found: Found,
    ):
        """`found` is what was scored of the same facts before, for other periods; what is scored now is added."""
        self._slice = slice
        self._shares = {(i.indicator_id, period): share for i, parts in counted for period, share in parts}
        self._plan = plan
        self._unit_ids = unit_ids
        self._plan_position = plan_position
        inherited = ((unit_id, heritage_of(slice.rulings.reorganisations, unit_id)) for unit_id in unit_ids)
        self._heritages = {unit_id: heritage for unit_id, heritage in inherited if heritage is not None}
        # What a successor's score stands for differs between a period and the whole.
        self._scored = {} if self._heritages else found.setdefault((plan_position, group_id), {})

    def of(self, indicator: Indicator, period: str) -> Mapping[str, Scored]:
        """The scores of one indicator and period by unit, of the units that have a value."""
        key = (indicator.indicator_id, period)
        if key not in self._scored:
            if indicator.formula.kind is FormulaKind.EVALUATION:
                self._scored[key] = self._appraised(period)
            else:
                self._scored[key] = self.on(self._slice.values, indicator, period)
        return self._scored[key]

    def on(self, values: Mapping[Cell, Known], indicator: Indicator, period: str) -> dict[str, Scored]:
        """The scores that follow from `values`, which may be others than the slice's."""
        scored = self._alone(values, indicator, period, self._unit_ids)
        for unit_id, heritage in self._heritages.items():
            if heritage.policy_of(indicator.indicator_id) is not CarryPolicy.TIME_WEIGHTED:
                continue
            if self._slice.cycle.exemption(unit_id, indicator.indicator_id, period) is not None:
                continue
            found = self._with_scores(values, indicator, period, scored.get(unit_id), heritage)
            if found is not None:
                scored[unit_id] = found
        return scored

    def _with_scores(
        self, values: Mapping[Cell, Known], indicator: Indicator, period: str, own: Scored | None, heritage: Heritage
    ) -> Scored | None:
        """A successor's score; its own alone where its predecessors left no figure."""
        whole = self._slice.period is None
        before, after = months_of(heritage, self._slice.cycle, indicator, period, whole=whole)
        if not before or (own is None and after):
            return own
        earlier = period_left(self._plan, indicator, heritage, period)
        left = self._alone(values, indicator, earlier, dict.fromkeys((*heritage.shares, *self._unit_ids)))
        if not heritage.shares.keys() <= left.keys():
            return own
        return weighted(own or Scored(period, ONE, ZERO), heritage, left, before=before, after=after)

    def _alone(
        self, values: Mapping[Cell, Known], indicator: Indicator, period: str, unit_ids: Iterable[str]
    ) -> dict[str, Scored]:
        """The scores of these units, each by its own figures and those it adds to them."""
        found: list[Brought] = []
        for unit_id in unit_ids:
            bring = self._with_actuals if unit_id in self._heritages else self._own
            brought = bring(values, indicator, period, unit_id)
            if brought is not None:
                found.append(brought)
        points = KINDS[indicator.formula.kind].scores(indicator.formula, [brought.reading for brought in found])
        share = self._shares.get((indicator.indicator_id, period), ONE)
        return {
            brought.unit_id: Scored(period, share, score, brought.value, brought.target, brought.inherited)
            for brought, score in zip(found, points, strict=True)
        }

    def _own(self, values: Mapping[Cell, Known], indicator: Indicator, period: str, unit_id: str) -> Brought | None:
        """What a unit brings to the formula, None where nothing is known or the indicator does not apply."""
        value = values.get((unit_id, indicator.indicator_id, period))
        if value is None or self._slice.cycle.exemption(unit_id, indicator.indicator_id, period) is not None:
            return None
        kind = KINDS[indicator.formula.kind]
        if not kind.needs_target:
            return Brought(unit_id, Reading(rational(value.value)), value)
        target = self.target(unit_id, indicator)
        # A later plan may score a figure against a target that the unit does not have: then nothing is known.
        if target is None or (kind.needs_baseline and target.baseline is None):
            return None
        return Brought(unit_id, _reading(value, target, _due_share(indicator, period)), value, target)

    def _with_actuals(
        self, values: Mapping[Cell, Known], indicator: Indicator, period: str, unit_id: str
    ) -> Brought | None:
        """What a successor brings: its predecessors' actuals and targets added to its own, if the merger says so."""
        own = self._own(values, indicator, period, unit_id)
        heritage = self._heritages[unit_id]
        if heritage.policy_of(indicator.indicator_id) is not CarryPolicy.SUM_ACTUALS:
            return own
        exemption = self._slice.cycle.exemption(unit_id, indicator.indicator_id, period)
        if own is None and (exemption is not None or not heritage.covers(period)):
            return None
        earlier = period_left(self._plan, indicator, heritage, period)
        left = [self._own(values, indicator, earlier, predecessor) for predecessor in heritage.shares]
        added = [brought for brought in left if brought is not None]
        return added_up(unit_id, own, added, earlier, heritage.position) if added else own

    def target(self, unit_id: str, indicator: Indicator) -> Known | None:
        """The unit's own target, else the one that the plan sets for all."""
        own = self._slice.targets.get((unit_id, indicator.indicator_id))
        if own is None and indicator.target is not None:
            return Known(indicator.target, self._plan_position)
        return own

    def _appraised(self, period: str) -> dict[str, Scored]:
        rules = self._plan.evaluation
        found: dict[str, Scored] = {}
        for unit_id in self._unit_ids:
            points = evaluated(rules, self._slice.rulings.tallies.of(unit_id)).points if rules is not None else None
            if points is not None:
                found[unit_id] = Scored(period, ONE, points)
        return found


def _reading(value: Known, target: Known, share: Fraction) -> Reading:
    if share is ONE and target.baseline is None:
        return Reading(rational(value.value), rational(target.value))
    baseline = rational(target.baseline) * share if target.baseline is not None else None
    return Reading(rational(value.value), rational(target.value) * share, baseline)


def _due_share(indicator: Indicator, period: str) -> Fraction:
    """How much of the year's target is due by the end of the period; all of it where the plan has no schedule."""
    if not indicator.schedule:
        return ONE
    # A second quarter ends with the first half: the day counts, not the name.
    ends_on = parse_period(period).ends_on
    due = (step.share for step in indicator.schedule if parse_period(step.period).ends_on == ends_on)
    return Fraction(next(due, 1))


def unit_lines(
    slice: Slice, plan: Plan, unit_id: str, counted: list[Counting], weights: Weights, scores: Scores
) -> tuple[Line, ...]:
    """The lines of one unit, in the order of the plan; their weights sum to exactly 100."""
    applying = weights.of(unit_id)
    return tuple(
        _line(slice, plan, unit_id, indicator, parts, applying.get(indicator.indicator_id), scores)
        for indicator, parts in counted
    )


def _line(
    slice: Slice,
    plan: Plan,
    unit_id: str,
    indicator: Indicator,
    parts: tuple[tuple[str, Fraction], ...],
    weight: Fraction | None,
    scores: Scores,
) -> Line:
    if weight is None:
        blank = tuple(Scored(period, share, ZERO) for period, share in parts)
        return Line(indicator, LineStatus.EXEMPT, ZERO, ZERO, ZERO, blank)
    periods: list[Scored] = []
    known = assumed = 0
    for period, share in _applying(slice, unit_id, indicator, parts):
        scored = scores.of(indicator, period).get(unit_id)
        if scored is not None:
            known += 1
            periods.append(scored if scored.share is share or scored.share == share else scored._replace(share=share))
        else:
            stand_in = _assumed(slice, unit_id, indicator, period, scores)
            assumed += stand_in is not None
            periods.append(Scored(period, share, ZERO if stand_in is None else stand_in))
    status = _status(known=known, assumed=assumed, due=len(periods))
    score = periods[0].score if len(periods) == 1 else weighted_sum((each.share, each.score) for each in periods)
    points = Fraction(score.numerator * weight.numerator, score.denominator * weight.denominator * 100)
    if plan.rounding_policy is RoundingPolicy.ROUND_EACH_LEVEL:
        score = Fraction(rounded(score, plan.score_scale, plan.rounding))
        points = Fraction(rounded(score * weight / HUNDRED, plan.score_scale, plan.rounding))
    return Line(indicator, status, weight, score, points, tuple(periods))


def _status(*, known: int, assumed: int, due: int) -> LineStatus:
    if assumed == due:
        return LineStatus.ASSUMED
    if known + assumed == due:
        return LineStatus.SCORED
    return LineStatus.PARTLY if known else LineStatus.MISSING


def _applying(
    slice: Slice, unit_id: str, indicator: Indicator, parts: tuple[tuple[str, Fraction], ...]
) -> Iterable[tuple[str, Fraction]]:
    """The periods that apply to the unit; those it is exempted from give their part to the others."""
    if len(parts) == 1 or not slice.cycle.exemptions:
        return parts
    left = [part for part in parts if not _redistributed(slice, unit_id, indicator, part[0])]
    whole = sum((share for _, share in left), ZERO)
    return [(period, share / whole) for period, share in left] if whole else left


def _redistributed(slice: Slice, unit_id: str, indicator: Indicator, period: str) -> bool:
    exemption = slice.cycle.exemption(unit_id, indicator.indicator_id, period)
    return exemption is not None and exemption.policy is NotApplicablePolicy.REDISTRIBUTE


def _assumed(slice: Slice, unit_id: str, indicator: Indicator, period: str, scores: Scores) -> Fraction | None:
    """What an exemption without redistribution gives in place of a score."""
    exemption = slice.cycle.exemption(unit_id, indicator.indicator_id, period)
    if exemption is None:
        return None
    if exemption.policy is NotApplicablePolicy.FULL_MARK:
        return HUNDRED
    peers = [scored.score for scored in scores.of(indicator, period).values()]
    return sum(peers, ZERO) / len(peers) if peers else ZERO


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
        if not self._slice.cycle.exemptions:
            return False
        return all(_redistributed(self._slice, unit_id, indicator, period) for period, _ in parts)


def _by_dimension(indicators: Iterable[Indicator], nominal: Mapping[str, Fraction]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for indicator in indicators:
        found[indicator.dimension_id] = found.get(indicator.dimension_id, ZERO) + nominal[indicator.indicator_id]
    return found

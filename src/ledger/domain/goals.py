"""Goal appraisal: what each indicator contributes to a unit, from values, targets, formulas and weights.

Source: domain.md 3.2 to 3.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from ledger.domain.cycle import NotApplicablePolicy
from ledger.domain.formula import FormulaKind, Reading
from ledger.domain.formulas import KINDS
from ledger.domain.numbers import RoundingPolicy, rounded
from ledger.domain.periods import parse_period
from ledger.domain.plan import Indicator, Plan
from ledger.domain.reorganisation import CarryPolicy, sum_actuals, time_weighted
from ledger.domain.results import HUNDRED, ONE, ZERO, Cell, Inherited, Known, Line, LineStatus, Scored, Slice
from ledger.domain.succession import Heritage, heritage_of, last_period_before, months_of
from ledger.domain.tallying import evaluated

Counting = tuple[Indicator, tuple[tuple[str, Fraction], ...]]
"""An indicator with the periods whose scores count, each with its part."""


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

    def __init__(self, slice: Slice, plan: Plan, unit_ids: Sequence[str], *, plan_position: int):
        self._slice = slice
        self._plan = plan
        self._unit_ids = unit_ids
        self._plan_position = plan_position
        self._scored: dict[tuple[str, str], dict[str, Scored]] = {}
        found = ((unit_id, heritage_of(slice.rulings.reorganisations, unit_id)) for unit_id in unit_ids)
        self._heritages = {unit_id: heritage for unit_id, heritage in found if heritage is not None}

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
            own = scored.get(unit_id)
            if own is not None and heritage.policy_of(indicator.indicator_id) is CarryPolicy.TIME_WEIGHTED:
                scored[unit_id] = self._with_heritage(values, indicator, own, heritage)
        return scored

    def _with_heritage(
        self, values: Mapping[Cell, Known], indicator: Indicator, own: Scored, heritage: Heritage
    ) -> Scored:
        """A successor's score; its own alone where its predecessors left no figure."""
        earlier = last_period_before(self._plan, indicator, heritage)
        before, after = months_of(heritage, own.period)
        if earlier is None or not before:
            return own
        left = self._alone(values, indicator, earlier, dict.fromkeys((*heritage.shares, *self._unit_ids)))
        if not heritage.shares.keys() <= left.keys():
            return own
        return _time_weighted(own, heritage, left, before=before, after=after)

    def _alone(
        self, values: Mapping[Cell, Known], indicator: Indicator, period: str, unit_ids: Iterable[str]
    ) -> dict[str, Scored]:
        """The scores of these units, each by its own figures and those it adds to them."""
        kind = KINDS[indicator.formula.kind]
        share = _due_share(indicator, period)
        found: list[tuple[str, Known, Known | None, tuple[Inherited, ...]]] = []
        readings: list[Reading] = []
        for unit_id in unit_ids:
            value = values.get((unit_id, indicator.indicator_id, period))
            if value is None or self._slice.cycle.exemption(unit_id, indicator.indicator_id, period) is not None:
                continue
            target = self.target(unit_id, indicator) if kind.needs_target else None
            # A later plan may score a figure against a target that the unit does not have: then nothing is known.
            if kind.needs_target and (target is None or (kind.needs_baseline and target.baseline is None)):
                continue
            reading, added = _reading(value, target, share), ()
            if unit_id in self._heritages:
                reading, added = self._summed(values, indicator, unit_id, reading, share)
            found.append((unit_id, value, target, added))
            readings.append(reading)
        points = kind.scores(indicator.formula, readings)
        return {
            unit_id: Scored(period, ONE, score, value, target, added)
            for (unit_id, value, target, added), score in zip(found, points, strict=True)
        }

    def _summed(
        self, values: Mapping[Cell, Known], indicator: Indicator, unit_id: str, own: Reading, share: Fraction
    ) -> tuple[Reading, tuple[Inherited, ...]]:
        """A successor's reading with its predecessors' actuals and targets added, where the merger says so."""
        heritage = self._heritages[unit_id]
        if heritage.policy_of(indicator.indicator_id) is not CarryPolicy.SUM_ACTUALS:
            return own, ()
        earlier = last_period_before(self._plan, indicator, heritage)
        added = tuple(
            Inherited(predecessor, earlier, ONE, None, value, heritage.position)
            for predecessor in heritage.shares
            if earlier is not None and (value := values.get((predecessor, indicator.indicator_id, earlier))) is not None
        )
        actual = sum_actuals((Fraction(each.value.value) for each in added), own.actual)
        if own.target is None:
            return Reading(actual, None), added
        targets = [known for each in added if (known := self.target(each.unit_id, indicator)) is not None]
        target = sum_actuals((Fraction(known.value) * share for known in targets), own.target)
        if own.baseline is None:
            return Reading(actual, target), added
        baselines = (Fraction(known.baseline) * share for known in targets if known.baseline is not None)
        return Reading(actual, target, sum_actuals(baselines, own.baseline)), added

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


def _time_weighted(own: Scored, heritage: Heritage, left: Mapping[str, Scored], *, before: int, after: int) -> Scored:
    """A successor's score: its predecessors' for the months before, its own for those after."""
    part = Fraction(before, before + after)
    inherited: list[Inherited] = []
    for unit_id, share in heritage.shares.items():
        scored = left[unit_id]
        assert scored.value is not None
        inherited.append(Inherited(unit_id, scored.period, share * part, scored.score, scored.value, heritage.position))
    score = time_weighted(
        [(left[unit_id].score, share) for unit_id, share in heritage.shares.items()],
        months_before=before,
        successor=own.score,
        months_after=after,
    )
    return replace(own, score=score, inherited=tuple(inherited))


def _reading(value: Known, target: Known | None, share: Fraction) -> Reading:
    if target is None:
        return Reading(Fraction(value.value), None)
    baseline = Fraction(target.baseline) * share if target.baseline is not None else None
    return Reading(Fraction(value.value), Fraction(target.value) * share, baseline)


def _due_share(indicator: Indicator, period: str) -> Fraction:
    """How much of the year's target is due by the end of the period; all of it where the plan has no schedule."""
    if not indicator.schedule:
        return ONE
    # A second quarter ends with the first half: the day counts, not the name.
    ends_on = parse_period(period).ends_on
    due = (step.share for step in indicator.schedule if parse_period(step.period).ends_on == ends_on)
    return Fraction(next(due, 1))


def unit_lines(
    slice: Slice, plan: Plan, group_id: str, unit_id: str, counted: list[Counting], scores: Scores
) -> tuple[Line, ...]:
    """The lines of one unit, in the order of the plan; their weights sum to exactly 100."""
    weights = _weights(slice, group_id, unit_id, counted)
    return tuple(
        _line(slice, plan, unit_id, indicator, parts, weights.get(indicator.indicator_id), scores)
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
            periods.append(scored if share == 1 else replace(scored, share=share))
        else:
            stand_in = _assumed(slice, unit_id, indicator, period, scores)
            assumed += stand_in is not None
            periods.append(Scored(period, share, ZERO if stand_in is None else stand_in))
    status = _status(known=known, assumed=assumed, due=len(periods))
    score = periods[0].score if len(periods) == 1 else sum((each.share * each.score for each in periods), ZERO)
    points = score * weight / HUNDRED
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


def _weights(slice: Slice, group_id: str, unit_id: str, counted: list[Counting]) -> dict[str, Fraction]:
    """Effective weights of the indicators that apply, summing to exactly 100.

    An exempted indicator's weight goes to the others of its dimension in proportion, so the
    dimension keeps its weight; an empty dimension's weight goes to the other dimensions.
    """
    nominal = {indicator.indicator_id: Fraction(indicator.weight_in(group_id) or 0) for indicator, _ in counted}
    applies = [indicator for indicator, parts in counted if not _exempted(slice, unit_id, indicator, parts)]
    planned = _by_dimension((indicator for indicator, _ in counted), nominal)
    left = _by_dimension(applies, nominal)
    alive = sum((planned[dimension_id] for dimension_id in left), ZERO)
    if len(applies) == len(counted) and alive == HUNDRED:
        return nominal
    return {
        i.indicator_id: nominal[i.indicator_id] * planned[i.dimension_id] / left[i.dimension_id] * HUNDRED / alive
        for i in applies
    }


def _by_dimension(indicators: Iterable[Indicator], nominal: Mapping[str, Fraction]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for indicator in indicators:
        found[indicator.dimension_id] = found.get(indicator.dimension_id, ZERO) + nominal[indicator.indicator_id]
    return found


def _exempted(slice: Slice, unit_id: str, indicator: Indicator, parts: tuple[tuple[str, Fraction], ...]) -> bool:
    if not slice.cycle.exemptions:
        return False
    return all(_redistributed(slice, unit_id, indicator, period) for period, _ in parts)

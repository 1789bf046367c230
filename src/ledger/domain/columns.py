"""Columns: the scores of all units of a group for one indicator and period, from values and targets.

All units at once, because some formulas compare the units, and because a column that is made
in one go costs a third of its scores made one by one. Source: domain.md 3.2, 3.10.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from ledger.domain.curve import Curve
from ledger.domain.cycle import Exemption
from ledger.domain.formula import ALONE, Against
from ledger.domain.formulas import KINDS
from ledger.domain.numbers import Ratio, rational
from ledger.domain.plan import Indicator, Plan
from ledger.domain.reorganisation import CarryPolicy
from ledger.domain.results import NOTHING, ONE, Cell, Column, Known, Scored, Slice
from ledger.domain.schedule import due_share
from ledger.domain.succession import Brought, Heritage, added_up, heritage_of, months_of, period_left, weighted
from ledger.domain.tallying import evaluated

Found = dict[tuple[int, str], dict[tuple[str, str], Column]]
"""Of a plan (its position) and a group: the columns by indicator and period."""
_Drawn = tuple[dict[str, Curve], dict[str, Known]]
"""By unit, the curves that their figures are read from, and the targets that these were drawn for."""


class Columns:
    """The columns of a group, each made when it is first asked for."""

    def __init__(
        self, slice: Slice, plan: Plan, group_id: str, unit_ids: Sequence[str], *, plan_position: int, found: Found
    ):
        """`found` is what was made of the same facts before, for other periods; what is made now is added."""
        self._slice = slice
        self._plan = plan
        self._unit_ids = unit_ids
        self._plan_position = plan_position
        inherited = ((unit_id, heritage_of(slice.rulings.reorganisations, unit_id)) for unit_id in unit_ids)
        self._heritages = {unit_id: heritage for unit_id, heritage in inherited if heritage is not None}
        self._scheduled = {indicator_id for (_, indicator_id), target in slice.targets.items() if target.schedule}
        self._drawn: dict[tuple[str, str], _Drawn] = {}
        # What a successor's score stands for differs between a period and the whole.
        self._found = {} if self._heritages else found.setdefault((plan_position, group_id), {})

    def of(self, indicator: Indicator, period: str) -> Column:
        """The scores of one indicator and period."""
        key = (indicator.indicator_id, period)
        if key not in self._found:
            if KINDS[indicator.formula.kind].entered:
                self._found[key] = self.on(self._slice.values, indicator, period)
            else:
                self._found[key] = self._appraised(indicator, period)
        return self._found[key]

    def on(self, values: Mapping[Cell, Known], indicator: Indicator, period: str) -> Column:
        """The scores that follow from `values`, which may be others than the slice's."""
        column = self._alone(values, indicator, period, self._unit_ids)
        for unit_id, heritage in self._heritages.items():
            if heritage.policy_of(indicator.indicator_id) is not CarryPolicy.TIME_WEIGHTED:
                continue
            if self._exemption(unit_id, indicator, period) is not None:
                continue
            scored = self._with_scores(values, indicator, period, column.of(unit_id, period), heritage)
            if scored is not None:
                column.put(unit_id, scored)
        return column

    def _with_scores(
        self, values: Mapping[Cell, Known], indicator: Indicator, period: str, own: Scored | None, heritage: Heritage
    ) -> Scored | None:
        """A successor's score; its own alone where its predecessors left no figure."""
        whole = self._slice.period is None
        before, after = months_of(heritage, self._slice.cycle, indicator, period, whole=whole)
        if not before or (own is None and after):
            return own
        earlier = period_left(self._plan, indicator, heritage, period)
        column = self._alone(values, indicator, earlier, dict.fromkeys((*heritage.shares, *self._unit_ids)))
        left = {unit_id: column.of(unit_id, earlier) for unit_id in heritage.shares}
        known = {unit_id: scored for unit_id, scored in left.items() if scored is not None}
        if len(known) < len(left):
            return own
        return weighted(own or Scored(period, ONE, NOTHING), heritage, known, before=before, after=after)

    def _alone(
        self, values: Mapping[Cell, Known], indicator: Indicator, period: str, unit_ids: Iterable[str]
    ) -> Column:
        """The scores of these units, each by its own figures and those it adds to them."""
        formula, kind = indicator.formula, KINDS[indicator.formula.kind]
        known = self._known(values, indicator, period, unit_ids)
        added = self._added(values, indicator, period, known, unit_ids) if self._heritages else []
        for brought in added:
            known.pop(brought.unit_id, None)
        actuals = [value.value.as_integer_ratio() for value in known.values()]
        sums = [brought.actual.as_integer_ratio() for brought in added]
        if kind.needs_target:
            own, targets = self._own_curves(indicator, period, known)
            # A later plan may score a figure against a target that the unit does not have: then nothing is known.
            points = {u: own[u](actual) for u, actual in zip(known, actuals, strict=True) if u in own}
            column = Column(points, known, dict(targets), {})
            curves = [kind.curve(formula, brought.against) for brought in added]
        else:
            curve = self._common_curve(indicator, [*actuals, *sums])
            column = Column({u: curve(actual) for u, actual in zip(known, actuals, strict=True)}, known, {}, {})
            curves = [curve] * len(added)
        for curve, total, brought in zip(curves, sums, added, strict=True):
            facts = (brought.value, brought.target, brought.inherited)
            column.put(brought.unit_id, Scored(period, ONE, curve(total), *facts))
        return column

    def _known(
        self, values: Mapping[Cell, Known], indicator: Indicator, period: str, unit_ids: Iterable[str]
    ) -> dict[str, Known]:
        """The figures of these units, where there is one and the indicator applies."""
        indicator_id, of = indicator.indicator_id, values.get
        known = {u: value for u in unit_ids if (value := of((u, indicator_id, period))) is not None}
        if self._slice.cycle.exemptions:
            return {u: value for u, value in known.items() if self._exemption(u, indicator, period) is None}
        return known

    def _common_curve(self, indicator: Indicator, peers: Sequence[Ratio]) -> Curve:
        """The curve that every unit's figure is read from, where none is measured against a target."""
        kind, formula = KINDS[indicator.formula.kind], indicator.formula
        if kind.group_relative(formula):
            return kind.curve(formula, Against(peers=peers))
        curves, _ = self._drawn.setdefault((indicator.indicator_id, ""), ({}, {}))
        if "" not in curves:
            curves[""] = kind.curve(formula, ALONE)
        return curves[""]

    def _own_curves(self, indicator: Indicator, period: str, unit_ids: Iterable[str]) -> _Drawn:
        """The curves to the units' targets; the same for all periods, unless the target is due in parts."""
        in_parts = indicator.schedule or indicator.indicator_id in self._scheduled
        key = (indicator.indicator_id, period if in_parts else "")
        curves, targets = self._drawn.setdefault(key, ({}, {}))
        for unit_id in unit_ids:
            if unit_id not in curves and (found := self._measured(unit_id, indicator, period)) is not None:
                against, targets[unit_id] = found
                curves[unit_id] = KINDS[indicator.formula.kind].curve(indicator.formula, against)
        return curves, targets

    def _measured(self, unit_id: str, indicator: Indicator, period: str) -> tuple[Against, Known] | None:
        """What a unit's figure is measured against, None without the target that it needs."""
        target = self._target(unit_id, indicator)
        if target is None or (KINDS[indicator.formula.kind].needs_baseline and target.baseline is None):
            return None
        share = share_due(indicator, target, period)
        baseline = None if target.baseline is None else rational(target.baseline) * share
        return Against(rational(target.value) * share, baseline), target

    def _target(self, unit_id: str, indicator: Indicator) -> Known | None:
        """The unit's own target, else the one that the plan sets for all."""
        own = self._slice.targets.get((unit_id, indicator.indicator_id))
        if own is None and indicator.target is not None:
            return Known(indicator.target, self._plan_position)
        return own

    def _added(
        self,
        values: Mapping[Cell, Known],
        indicator: Indicator,
        period: str,
        known: Mapping[str, Known],
        unit_ids: Iterable[str],
    ) -> list[Brought]:
        """What successors bring: their predecessors' actuals and targets added to their own, if the merger says so."""
        found: list[Brought] = []
        for unit_id, heritage in self._heritages.items():
            if unit_id not in unit_ids or heritage.policy_of(indicator.indicator_id) is not CarryPolicy.SUM_ACTUALS:
                continue
            own = self._brought(unit_id, known.get(unit_id), indicator, period)
            exemption = self._exemption(unit_id, indicator, period)
            if own is None and (exemption is not None or not heritage.covers(period)):
                continue
            earlier = period_left(self._plan, indicator, heritage, period)
            figures = self._known(values, indicator, earlier, heritage.shares)
            brought = (self._brought(each, value, indicator, earlier) for each, value in figures.items())
            left = [each for each in brought if each is not None]
            if left:
                found.append(added_up(unit_id, own, left, earlier, heritage.position))
        return found

    def _brought(self, unit_id: str, value: Known | None, indicator: Indicator, period: str) -> Brought | None:
        """A figure with what it is measured against; None without the figure, or the target that it needs."""
        if value is None:
            return None
        if not KINDS[indicator.formula.kind].needs_target:
            return Brought(unit_id, rational(value.value), ALONE, value)
        found = self._measured(unit_id, indicator, period)
        return found and Brought(unit_id, rational(value.value), found[0], value, found[1])

    def _appraised(self, indicator: Indicator, period: str) -> Column:
        """The points that the raters gave; no value is behind them."""
        rules, tallies = self._plan.evaluation, self._slice.rulings.tallies
        applies = [u for u in self._unit_ids if self._exemption(u, indicator, period) is None]
        found = {u: evaluated(rules, tallies.of(u)).points for u in applies} if rules is not None else {}
        return Column({u: points.as_integer_ratio() for u, points in found.items() if points is not None}, {}, {}, {})

    def _exemption(self, unit_id: str, indicator: Indicator, period: str) -> Exemption | None:
        return self._slice.cycle.exemption(unit_id, indicator.indicator_id, period)


def share_due(indicator: Indicator, target: Known, period: str) -> Fraction:
    """How much of a target is due by the end of the period: by its own schedule, else by the plan's.

    All of it where there is none, as with rates and stocks.
    """
    schedule = target.schedule or indicator.shares_due
    share = due_share(schedule, period) if schedule else None
    return ONE if share is None else share

"""Settle: the one function that turns a slice of facts into results.

`settle(slice)` gives totals, ranks and the reason for each figure. A ranking now, a ranking
then, an explanation, an impact and a reproduction are this function on different slices;
nothing else computes a score. Source: domain.md 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from ledger.domain.cycle import Cycle
from ledger.domain.formula import Reading
from ledger.domain.formulas import KINDS
from ledger.domain.numbers import RoundingPolicy, rounded
from ledger.domain.plan import Indicator, Participation, Plan
from ledger.domain.refusals import InvalidPeriod, UnknownId
from ledger.domain.score import Basis

ZERO = Fraction(0)
HUNDRED = Fraction(100)


@dataclass(frozen=True, slots=True)
class Known:
    """A value with the position from which it was effective."""

    value: Decimal
    position: int


@dataclass(frozen=True, slots=True)
class Slice:
    """The facts about one group of one cycle, on one basis, known at one position."""

    as_of: int
    cycle_id: str
    cycle: Cycle
    group_id: str
    basis: Basis
    period: str | None
    """The period asked for; None is the cycle as a whole."""
    values: Mapping[tuple[str, str, str], Known]
    """By unit, indicator and period."""
    targets: Mapping[tuple[str, str], Known]
    """Targets of a unit's own, by unit and indicator."""


class LineStatus(StrEnum):
    """Whether an indicator counts for a unit, and with what."""

    SCORED = "SCORED"
    """A value is known and scored."""
    MISSING = "MISSING"
    """No value is known: 0 points, never dropped from the denominator."""
    EXEMPT = "EXEMPT"
    """The indicator does not apply; its weight went to the others."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one indicator contributes to a unit's total, exact."""

    indicator: Indicator
    period: str
    status: LineStatus
    weight: Fraction
    """Effective weight in percentage points, after exemptions."""
    value: Known | None
    target: Known | None
    score: Fraction
    """Points of 100."""
    points: Fraction
    """Contribution to the total: score x weight / 100, or its rounded form if the plan rounds each level."""


@dataclass(frozen=True, slots=True)
class UnitResult:
    """One unit's total and rank, and the lines they come from."""

    unit_id: str
    participation: Participation
    rank: int | None
    exact: Fraction
    total: Decimal
    """The published figure: `exact`, rounded once."""
    lines: tuple[Line, ...]

    @property
    def missing(self) -> int:
        """How many indicators have no value."""
        return sum(line.status is LineStatus.MISSING for line in self.lines)

    @property
    def complete(self) -> bool:
        """Whether every indicator that applies has a value."""
        return self.missing == 0


@dataclass(frozen=True, slots=True)
class Results:
    """The results of one group: units by rank, those without a rank last."""

    slice: Slice
    plan_version: int
    plan: Plan
    rows: tuple[UnitResult, ...]

    @property
    def complete(self) -> bool:
        """Whether every ranked unit has every value."""
        return all(row.complete for row in self.rows if row.participation is Participation.RANKED)

    def row(self, unit_id: str) -> UnitResult | None:
        """The result of one unit, None if it is not in the group."""
        return next((row for row in self.rows if row.unit_id == unit_id), None)


def settle(slice: Slice) -> Results:
    """Return the results that follow from `slice`. Raises UnknownId, PlanNotInForce, InvalidPeriod."""
    version = slice.cycle.in_force(slice.period)
    plan = version.plan
    units = participants(slice.cycle, slice.group_id)
    counted = due(slice.cycle, slice.group_id, slice.period)
    scores = {
        indicator.indicator_id: _indicator_scores(slice, indicator, period, units, plan_position=version.position)
        for indicator, period in counted
    }
    drafts = [_unit_result(slice, plan, unit_id, participation, counted, scores) for unit_id, participation in units]
    return Results(slice, version.plan_version, plan, _ranked(drafts))


def participants(cycle: Cycle, group_id: str) -> list[tuple[str, Participation]]:
    """The units of a group that are assessed, by id. Raises UnknownId, PlanNotInForce."""
    found = sorted(
        (unit_id, participation)
        for unit_id, (of_group, participation) in cycle.membership.items()
        if of_group == group_id and participation is not Participation.NOT_ASSESSED
    )
    if not found and cycle.latest.plan.group(group_id) is None:
        raise UnknownId(path="group_id", group_id=group_id)
    return found


def due(cycle: Cycle, group_id: str, period: str | None) -> list[tuple[Indicator, str]]:
    """The indicators that count for a group, each with the period whose value counts.

    For the cycle as a whole (`period` None) that is an indicator's last period (YEAR_END); for
    one period, the indicators that are scored in it, their weights rescaled to 100.
    Raises PlanNotInForce, InvalidPeriod.
    """
    plan = cycle.in_force(period).plan
    if period is not None and period not in plan.periods:
        raise InvalidPeriod(path="period", given=period)
    weighted = [indicator for indicator in plan.indicators if indicator.weight_in(group_id) is not None]
    if period is None:
        return [(indicator, plan.periods_of(indicator)[-1]) for indicator in weighted]
    return [(indicator, period) for indicator in weighted if period in plan.periods_of(indicator)]


@dataclass(frozen=True, slots=True)
class _Scored:
    score: Fraction
    value: Known
    target: Known | None


def _indicator_scores(
    slice: Slice, indicator: Indicator, period: str, units: Iterable[tuple[str, Participation]], *, plan_position: int
) -> dict[str, _Scored]:
    """Score every unit that has a value, all at once, because some formulas compare the units."""
    kind = KINDS[indicator.formula.kind]
    common = Known(indicator.target, plan_position) if indicator.target is not None else None
    known: list[tuple[str, Known, Known | None]] = []
    for unit_id, _ in units:
        value = slice.values.get((unit_id, indicator.indicator_id, period))
        if value is None or slice.cycle.exempted(unit_id, indicator.indicator_id, period):
            continue
        target = slice.targets.get((unit_id, indicator.indicator_id), common) if kind.needs_target else None
        known.append((unit_id, value, target))
    readings = [
        Reading(Fraction(value.value), Fraction(target.value) if target else None) for _, value, target in known
    ]
    points = kind.scores(indicator.formula, readings)
    return {
        unit_id: _Scored(score, value, target) for (unit_id, value, target), score in zip(known, points, strict=True)
    }


def _unit_result(
    slice: Slice,
    plan: Plan,
    unit_id: str,
    participation: Participation,
    counted: list[tuple[Indicator, str]],
    scores: Mapping[str, Mapping[str, _Scored]],
) -> UnitResult:
    weights = _weights(slice, unit_id, counted)
    lines = tuple(
        _line(plan, indicator, period, weights.get(indicator.indicator_id), scores[indicator.indicator_id].get(unit_id))
        for indicator, period in counted
    )
    exact = sum((line.points for line in lines), ZERO)
    return UnitResult(unit_id, participation, None, exact, rounded(exact, plan.score_scale, plan.rounding), lines)


def _line(plan: Plan, indicator: Indicator, period: str, weight: Fraction | None, scored: _Scored | None) -> Line:
    if weight is None:
        return Line(indicator, period, LineStatus.EXEMPT, ZERO, None, None, ZERO, ZERO)
    if scored is None:
        return Line(indicator, period, LineStatus.MISSING, weight, None, None, ZERO, ZERO)
    score = scored.score
    if plan.rounding_policy is RoundingPolicy.ROUND_EACH_LEVEL:
        score = Fraction(rounded(score, plan.score_scale, plan.rounding))
        points = Fraction(rounded(score * weight / HUNDRED, plan.score_scale, plan.rounding))
    else:
        points = score * weight / HUNDRED
    return Line(indicator, period, LineStatus.SCORED, weight, scored.value, scored.target, score, points)


def _weights(slice: Slice, unit_id: str, counted: list[tuple[Indicator, str]]) -> dict[str, Fraction]:
    """Effective weights of the indicators that apply, summing to exactly 100.

    An exempted indicator's weight goes to the others of its dimension in proportion, so the
    dimension keeps its weight; an empty dimension's weight goes to the other dimensions.
    """
    nominal = {i.indicator_id: Fraction(i.weight_in(slice.group_id) or 0) for i, _ in counted}
    applies = [(i, period) for i, period in counted if not slice.cycle.exempted(unit_id, i.indicator_id, period)]
    planned: dict[str, Fraction] = {}
    left: dict[str, Fraction] = {}
    for indicator, _ in counted:
        planned[indicator.dimension_id] = planned.get(indicator.dimension_id, ZERO) + nominal[indicator.indicator_id]
    for indicator, _ in applies:
        left[indicator.dimension_id] = left.get(indicator.dimension_id, ZERO) + nominal[indicator.indicator_id]
    alive = sum((planned[dimension_id] for dimension_id in left), ZERO)
    return {
        i.indicator_id: nominal[i.indicator_id] * planned[i.dimension_id] / left[i.dimension_id] * HUNDRED / alive
        for i, _ in applies
    }


def _ranked(drafts: list[UnitResult]) -> tuple[UnitResult, ...]:
    """Give standard competition ranks (1, 2, 2, 4) by published total, and order the rows.

    Units listed separately, and units without a single value, have no rank and come last.
    """
    in_contest = [d for d in drafts if d.participation is Participation.RANKED and _has_value(d)]
    in_contest.sort(key=lambda draft: (-draft.total, draft.unit_id))
    ranked: list[UnitResult] = []
    for place, draft in enumerate(in_contest, start=1):
        tied = ranked and ranked[-1].total == draft.total
        ranked.append(_with_rank(draft, ranked[-1].rank if tied else place))
    others = [draft for draft in drafts if draft.participation is not Participation.RANKED or not _has_value(draft)]
    others.sort(key=lambda draft: (not _has_value(draft), -draft.total, draft.unit_id))
    return (*ranked, *others)


def _has_value(draft: UnitResult) -> bool:
    return any(line.status is LineStatus.SCORED for line in draft.lines)


def _with_rank(draft: UnitResult, rank: int | None) -> UnitResult:
    return UnitResult(draft.unit_id, draft.participation, rank, draft.exact, draft.total, draft.lines)

"""Settle: the one function that turns a slice of facts into results.

`settle(slice)` gives totals, ranks, grades and the reason for each figure. A ranking now, a
ranking then, an explanation, an impact and a reproduction are this function on different
slices; nothing else computes a score. Source: domain.md 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from ledger.domain.adjusting import counted as counted_adjustments
from ledger.domain.adjusting import overstatement
from ledger.domain.allocation import precedence
from ledger.domain.columns import Columns, Found
from ledger.domain.cycle import Cycle
from ledger.domain.formula import FormulaKind
from ledger.domain.goals import Weights, counting, unit_lines, with_columns
from ledger.domain.grade_opening import open_grades, pool_of, tie_keys
from ledger.domain.numbers import RoundingPolicy, exact_sum, rounded
from ledger.domain.plan import Indicator, Participation, Plan
from ledger.domain.refusals import InvalidPeriod, UnknownId
from ledger.domain.results import HUNDRED, ZERO, Line, Overstatement, Results, Slice, UnitResult
from ledger.domain.rulings import Rulings
from ledger.domain.succession import heritage_of, periods_left
from ledger.domain.tallying import Evaluated, evaluated, rounded_at_each_level

ENGINE_VERSION = "2"
"""Raised with every change after which some slice settles to other figures; the golden tables pin it."""

_OLDER_ENGINES = frozenset(str(number) for number in range(int(ENGINE_VERSION)))
Participant = tuple[str, Participation]


def engine_of(recorded: str) -> str:
    """The engine that a statement has to name: this one, or the older one that it says recorded it."""
    return recorded if recorded in _OLDER_ENGINES else ENGINE_VERSION


def settle(slice: Slice) -> Results:
    """Return the results that follow from `slice`. Raises UnknownId, PlanNotInForce, InvalidPeriod."""
    return _settle(slice, {})


def settle_each(slice: Slice, periods: Iterable[str | None]) -> dict[str | None, Results]:
    """Settle the facts of one slice for each of several periods (None: the whole), as `settle` does for one.

    A figure that counts for more than one of them is scored once. Raises what `settle` does.
    """
    found: Found = {}
    return {period: _settle(replace(slice, period=period), found) for period in periods}


class Settling:
    """Settles slices that follow one another; the scores that nothing changed in between are made once."""

    def __init__(self) -> None:
        self._found: Found = {}

    def settle(self, slice: Slice, *, changed: tuple[str, str] | None = None) -> Results:
        """Return what `settle` does.

        `changed` is the indicator and period of the one value that is another than in the last
        slice; None if anything else may be.
        """
        if changed is None:
            self._found.clear()
        for columns in self._found.values():
            columns.pop(changed or ("", ""), None)
        return _settle(slice, self._found)


def _settle(slice: Slice, found: Found) -> Results:
    version = slice.cycle.in_force(slice.period)
    plan = version.plan

    def rows(group_id: str) -> tuple[UnitResult, ...]:
        return _rows(slice, plan, group_id, version.position, found)

    if slice.period is not None or plan.grading is None:
        return Results(slice, version.plan_version, plan, rows(slice.group_id))
    pool = {group_id: rows(group_id) for group_id in pool_of(slice.cycle, slice.group_id)}
    opening = open_grades(slice, plan.grading, pool)
    return Results(slice, version.plan_version, plan, pool[slice.group_id], opening)


def participants(cycle: Cycle, group_id: str) -> list[Participant]:
    """The units of a group that are assessed, by id. Raises UnknownId, PlanNotInForce."""
    found = sorted(
        (unit_id, participation)
        for unit_id, (of_group, participation) in cycle.membership.items()
        if of_group == group_id and participation is not Participation.NOT_ASSESSED
    )
    if not found and cycle.latest.plan.group(group_id) is None:
        raise UnknownId(path="group_id", group_id=group_id)
    return found


def concerned(cycle: Cycle, rulings: Rulings, group_id: str) -> set[str]:
    """The units whose events can move a group's grades: its own, those they came from, and those of its pool."""
    members = (unit_id for each in pool_of(cycle, group_id) for unit_id, _ in participants(cycle, each))
    return rulings.with_predecessors(members)


class Looked(NamedTuple):
    """Which values are looked at to settle a group: all of these units, indicators and periods."""

    unit_ids: frozenset[str]
    indicator_ids: frozenset[str]
    periods: frozenset[str]


def looked_at(cycle: Cycle, rulings: Rulings, group_id: str, periods: Iterable[str | None]) -> Looked:
    """Which values a group's results for these periods (None: the whole) follow from.

    Raises UnknownId, PlanNotInForce, InvalidPeriod.
    """
    asked = tuple(periods)
    group_ids = pool_of(cycle, group_id) if None in asked else (group_id,)
    unit_ids = {unit_id for each in group_ids for unit_id, _ in participants(cycle, each)}
    heritages = [left for unit_id in unit_ids if (left := heritage_of(rulings.reorganisations, unit_id)) is not None]
    counted: list[tuple[Indicator, str]] = []
    left_under: set[str] = set()
    for period in asked:
        pairs = [pair for each in (group_ids if period is None else (group_id,)) for pair in due(cycle, each, period)]
        counted += pairs
        left_under.update(periods_left(cycle.in_force(period).plan, pairs, heritages))
    return Looked(
        frozenset(rulings.with_predecessors(unit_ids)),
        frozenset(indicator.indicator_id for indicator, _ in counted),
        frozenset({*left_under, *(period for _, period in counted)}),
    )


def due(cycle: Cycle, group_id: str, period: str | None) -> list[tuple[Indicator, str]]:
    """The indicators that count for a group, each with every period whose value counts.

    For the cycle as a whole (`period` None) that is an indicator's last period (YEAR_END), or
    the periods of its composition (PERIOD_WEIGHTED); for one period, the indicators that are
    scored in it, their weights rescaled to 100. Raises PlanNotInForce, InvalidPeriod.
    """
    plan = cycle.in_force(period).plan
    if period is not None and period not in plan.periods:
        raise InvalidPeriod(path="period", given=period)
    weighted = [indicator for indicator in plan.indicators if indicator.weight_in(group_id) is not None]
    if period is not None:
        return [(indicator, period) for indicator in weighted if period in plan.periods_of(indicator)]
    return [(indicator, each) for indicator in weighted for each in _counted_periods(plan, indicator)]


def _counted_periods(plan: Plan, indicator: Indicator) -> Sequence[str]:
    periods = plan.periods_of(indicator)
    if not indicator.composition:
        return periods[-1:]
    shares = {share.period for share in indicator.composition}
    return [period for period in periods if period in shares]


def _rows(slice: Slice, plan: Plan, group_id: str, plan_position: int, found: Found) -> tuple[UnitResult, ...]:
    units = participants(slice.cycle, group_id)
    counted = counting(due(slice.cycle, group_id, slice.period))
    unit_ids = [unit_id for unit_id, _ in units]
    columns = Columns(slice, plan, group_id, unit_ids, plan_position=plan_position, found=found)
    weights = Weights(slice, group_id, counted)
    parts = with_columns(counted, columns)
    drafts = [
        _unit_result(slice, plan, unit, unit_lines(slice, plan, unit[0], parts, weights.of(unit[0])), columns)
        for unit in units
    ]
    return _ranked(plan, drafts)


def _unit_result(slice: Slice, plan: Plan, unit: Participant, lines: tuple[Line, ...], columns: Columns) -> UnitResult:
    unit_id, participation = unit
    goal = exact_sum(line.points.as_integer_ratio() for line in lines)
    draft = UnitResult(
        unit_id=unit_id,
        participation=participation,
        exact=goal,
        total=rounded(goal, plan.score_scale, plan.rounding),
        goal=goal,
        lines=lines,
    )
    return draft if slice.period is not None else _whole(slice, plan, draft, columns)


def _whole(slice: Slice, plan: Plan, draft: UnitResult, columns: Columns) -> UnitResult:
    """The result for the cycle as a whole: with appraisal, bonus and deduction."""
    rules, rulings = plan.evaluation, slice.rulings
    appraised = None
    if rules is not None and rules.share > 0:
        appraised = evaluated(rules, rulings.tallies.of(draft.unit_id))
        if plan.rounding_policy is RoundingPolicy.ROUND_EACH_LEVEL:
            appraised = rounded_at_each_level(
                appraised, lambda figure: Fraction(rounded(figure, plan.score_scale, plan.rounding))
            )
    draft = replace(
        draft,
        evaluation=appraised,
        awaited=tuple(_awaited(slice, plan, draft)),
        counted=counted_adjustments(plan.adjustments, rulings.adjustments.granted(draft.unit_id)),
        overstatements=tuple(_overstatements(slice, plan, draft, columns)),
    )
    exact = _total(plan, draft, appraised)
    return replace(draft, exact=exact, total=rounded(exact, plan.score_scale, plan.rounding))


def _awaited(slice: Slice, plan: Plan, draft: UnitResult) -> Iterable[str]:
    """The campaigns whose ballots will count, in the total or as an indicator, and are not counted yet."""
    rules = plan.evaluation
    awaited = slice.rulings.tallies.awaited(draft.unit_id)
    scored = any(line.indicator.formula.kind is FormulaKind.EVALUATION for line in draft.lines)
    if rules is None or not (scored or rules.share > 0):
        return
    for of_class in rules.classes:
        if of_class.rater_class in awaited:
            yield awaited[of_class.rater_class]


def _total(plan: Plan, draft: UnitResult, appraised: Evaluated | None) -> Fraction:
    """goal x G + evaluation x V + bonus - deduction, not below 0. Source: domain.md 3.6."""
    share = Fraction(plan.evaluation.share) if plan.evaluation is not None else ZERO
    parts = [draft.goal * (1 - share), draft.bonus, -draft.deduction]
    if appraised is not None and appraised.points is not None:
        parts.append(appraised.points * share)
    if plan.rounding_policy is RoundingPolicy.ROUND_EACH_LEVEL:
        parts = [Fraction(rounded(part, plan.score_scale, plan.rounding)) for part in parts]
    return max(sum(parts, ZERO), ZERO)


def _overstatements(slice: Slice, plan: Plan, draft: UnitResult, columns: Columns) -> Iterable[Overstatement]:
    """What the unit loses for reports that were better than what was verified. Source: domain.md 3.6."""
    rule = plan.dishonesty
    if rule is None:
        return
    for line, scored in ((each, scored) for each in draft.lines for scored in each.periods):
        cell = (draft.unit_id, line.indicator.indicator_id, scored.period)
        claim = slice.claims.get(cell)
        if claim is None or scored.value is None or claim.value == scored.value.value:
            continue
        gap = overstatement(
            line.indicator.formula,
            Fraction(claim.value),
            Fraction(scored.value.value),
            rule.tolerance,
            target=Fraction(scored.target.value) if scored.target is not None else None,
        )
        if gap is None:
            continue
        claimed = columns.on({**slice.values, cell: claim}, line.indicator, scored.period).points[draft.unit_id]
        gained = max(Fraction(*claimed) - scored.score, ZERO) * scored.share
        points = Fraction(rule.factor) * gained * line.weight / HUNDRED
        yield Overstatement(line.indicator, gap, points, claim, scored.value)


def _ranked(plan: Plan, drafts: list[UnitResult]) -> tuple[UnitResult, ...]:
    """Give standard competition ranks (1, 2, 2, 4) by published total, and order the rows.

    Units listed separately, and units without a single value, have no rank and come last.
    """
    ordered = sorted(drafts, key=lambda each: precedence(each.total, tie_keys(plan.grading, each), each.unit_id))
    in_contest = [d for d in ordered if d.participation is Participation.RANKED and d.has_value]
    ranked: list[UnitResult] = []
    for place, draft in enumerate(in_contest, start=1):
        tied = ranked and ranked[-1].total == draft.total
        ranked.append(replace(draft, rank=ranked[-1].rank if tied else place))
    others = [draft for draft in ordered if draft.participation is not Participation.RANKED or not draft.has_value]
    return (*ranked, *sorted(others, key=lambda draft: not draft.has_value))

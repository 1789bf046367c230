"""Reads of results: rankings, what changed between two, and why a total is what it is."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction

from ledger.api.context import Context
from ledger.api.reads.moments import SCANNED_MAX, shown
from ledger.api.results import (
    Counterfactual,
    Explanation,
    Impact,
    IndicatorGap,
    Ranking,
    RankingDiff,
    RankingRow,
    Standing,
    UnitExplanation,
    diff_rows,
)
from ledger.api.scalars import Position
from ledger.api.types import Event
from ledger.domain.cycle import Cycle, CycleFact, cycle_stream
from ledger.domain.explanation import explain
from ledger.domain.facts import Fact
from ledger.domain.formulas import KINDS
from ledger.domain.numbers import exact_text, rounded
from ledger.domain.refusals import InvalidPeriod, MalformedInput, OutOfScopeUnit, PlanNotInForce, UnknownId
from ledger.domain.results import Results
from ledger.domain.rulings import RULING_FACTS, Rulings
from ledger.domain.score import Basis
from ledger.domain.settlement import settle
from ledger.domain.what_if import gaps, without
from ledger.once import Same
from ledger.results import AsOf as Moment
from ledger.results import EventFilter

EXCLUDED_MAX = 100


def ranking(context: Context, cycle_id: str, group_id: str, period: str | None, basis: Basis, at: Moment) -> Ranking:
    """The group's units by total; of units whose total the viewer may not see there is no row."""
    results = _results(context, cycle_id, group_id, period, basis, at)
    return _shown_ranking(context, results, at, key="ranking")


def _shown_ranking(context: Context, results: Results, at: Moment, *, key: str) -> Ranking:
    of = results.slice
    place = f"{key}:{of.cycle_id}:{of.group_id}:{of.period or ''}:{of.basis.value}:{at.position}"
    visibility, shown_once = context.visibility(), context.service.answers.shown
    rows = shown_once.get((Same(results.rows), Same(of.rulings), place), lambda: _rows(context, results, at, place))
    return Ranking(
        cycle_id=of.cycle_id,
        group_id=of.group_id,
        period=of.period,
        basis=of.basis,
        plan_version=results.plan_version,
        complete=results.complete,
        as_of=shown(at),
        found=[row for row in rows if visibility.sees_total(row.unit_id)],
    )


def _rows(context: Context, results: Results, at: Moment, place: str) -> list[RankingRow]:
    """The rows of a table, whoever may see them. What does not depend on the moment is made once."""

    def settled() -> list[RankingRow]:
        return [RankingRow.of(results, row) for row in results.rows]

    rows = context.service.answers.shown.get((Same(results.rows), Same(results.slice.rulings)), settled)
    names = _names(context, [row.unit_id for row in rows], at)
    return [row.placed(place, names.get(row.unit_id)) for row in rows]


def _results(context: Context, cycle_id: str, group_id: str, period: str | None, basis: Basis, at: Moment) -> Results:
    return context.service.answers.results(cycle_id, group_id, period=period, basis=basis, at=at.position)


def _names(context: Context, unit_ids: Iterable[str], at: Moment) -> dict[str, str]:
    found = context.service.answers.units(list(unit_ids), at.position)
    return {unit_id: record.unit.name_en or record.unit.name_zh for unit_id, record in found.items()}


def ranking_diff(
    context: Context, cycle_id: str, group_id: str, period: str | None, basis: Basis, moments: tuple[Moment, Moment]
) -> RankingDiff:
    """What changed in a group between two moments, and the events in between that bear on it."""
    visibility = context.visibility()
    earlier, later = sorted(moments, key=lambda each: each.position)
    rows: list[dict[str, Standing]] = []
    for at in (earlier, later):
        results = _results(context, cycle_id, group_id, period, basis, at)
        rows.append(_seen(context, results))
    members = rows[0].keys() | rows[1].keys()
    found = context.service.answers.events(
        EventFilter(cycle_id=cycle_id), at=later.position, after=earlier.position, limit=SCANNED_MAX
    )
    concerned = [e for e in found if getattr(e.fact, "unit_id", None) in members | {None} and visibility.sees(e)]
    bearing = [e for e in concerned if period is None or getattr(e.fact, "period", period) == period]
    return RankingDiff(
        earlier=shown(earlier),
        later=shown(later),
        rows=diff_rows(rows[0], rows[1], [event for event in bearing if event.fact.MOVES]),
        events=[Event.of(each) for each in bearing[:100]],
    )


def explanation(
    context: Context, cycle_id: str, unit_id: str, period: str | None, basis: Basis, at: Moment
) -> UnitExplanation | None:
    """Why a unit's total is what it is; None where the viewer may not see the total. Raises UnknownId."""
    if not context.visibility().sees_total(unit_id):
        raise OutOfScopeUnit(path="unit_id", unit_id=unit_id)
    version, state = context.service.store.load(cycle_stream(cycle_id), at=at.position)
    if version == 0:
        raise UnknownId(path="cycle_id", cycle_id=cycle_id)
    if unit_id not in state.membership:
        raise UnknownId(path="unit_id", unit_id=unit_id)
    group_id, _ = state.membership[unit_id]
    results = _results(context, cycle_id, group_id, period, basis, at)
    row = results.row(unit_id)
    if row is None:
        return None
    return UnitExplanation(
        cycle_id=cycle_id,
        unit_id=unit_id,
        group_id=group_id,
        basis=basis,
        period=period,
        rank=row.rank,
        total=row.total,
        plan_version=results.plan_version,
        tree=Explanation.of(explain(results, row)),
        as_of=shown(at),
    )


def impact(context: Context, position: int, period: str | None) -> Impact:
    """What an event moved in every group it bears on. Raises UnknownId for an event that is about no figures."""
    answers, visibility = context.service.answers, context.visibility()
    event = answers.event(position)
    cycle_id = getattr(event.fact, "cycle_id", None)
    if cycle_id is None or not visibility.sees(event):
        raise UnknownId(path="position", position=position, hint="It is no event about a cycle's figures.")
    cycle = answers.cycle(cycle_id, position)
    group_ids = _groups_of(event.fact, cycle, answers.rulings(cycle_id, position))
    before: dict[str, Standing] = {}
    after: dict[str, Standing] = {}
    for group_id in group_ids:
        with suppress(UnknownId, PlanNotInForce, InvalidPeriod):
            before |= _seen(context, answers.results(cycle_id, group_id, period=period, at=position - 1))
        after |= _seen(context, answers.results(cycle_id, group_id, period=period, at=position))
    return Impact(
        event=Event.of(event),
        group_ids=group_ids,
        period=period,
        group_relative=_group_relative(event.fact, cycle, period),
        rows=diff_rows(before, after, [event]),
    )


def _groups_of(fact: Fact, cycle: Cycle, rulings: Rulings) -> list[str]:
    """The groups whose results the fact can move: its own, its unit's and its successors', else all."""
    group_id, unit_id = getattr(fact, "group_id", None), getattr(fact, "unit_id", None)
    if group_id is not None:
        return [group_id]
    if unit_id is None or isinstance(fact, CycleFact):
        return [group.group_id for group in cycle.latest.plan.groups] if cycle.versions else []
    heirs = (heir for heir in rulings.reorganisations.heirs(unit_id) if heir in cycle.membership)
    return list(dict.fromkeys(cycle.membership[heir][0] for heir in heirs))


def _group_relative(fact: Fact, cycle: Cycle, period: str | None) -> bool:
    indicator_id = getattr(fact, "indicator_id", None)
    indicator = cycle.in_force(period).plan.indicator(indicator_id) if indicator_id is not None else None
    return indicator is not None and KINDS[indicator.formula.kind].group_relative(indicator.formula)


def counterfactual(
    context: Context, cycle_id: str, group_id: str, period: str | None, excluded: list[int], at: Moment
) -> Counterfactual:
    """The official ranking had the excluded events not happened. Raises UnknownId, MalformedInput."""
    answers, visibility = context.service.answers, context.visibility()
    if not 1 <= len(excluded) <= EXCLUDED_MAX:
        raise MalformedInput(path="exclude", given=len(excluded), hint=f"Name 1 to {EXCLUDED_MAX} positions.")
    found = answers.events_at(excluded)
    hidden = [position for position in excluded if position not in found or not visibility.sees(found[position])]
    if hidden:
        raise UnknownId(path="exclude", position=hidden[0])
    real = _results(context, cycle_id, group_id, period, Basis.OFFICIAL, at)
    streams = [context.service.store.events_of(stream) for stream in {event.stream for event in found.values()}]
    ruled = any(isinstance(event.fact, RULING_FACTS) for event in found.values())
    proceedings = answers.proceedings(cycle_id, RULING_FACTS, at=at.position) if ruled else ()
    thought = settle(without(real.slice, streams, frozenset(excluded), proceedings=proceedings))
    return Counterfactual(
        excluded=[Position(position) for position in sorted(excluded)],
        ranking=_shown_ranking(context, thought, at, key=f"without:{sorted(excluded)}"),
        changes=diff_rows(_seen(context, real), _seen(context, thought)),
    )


def gap_analysis(
    context: Context, cycle_id: str, unit_id: str, period: str | None, basis: Basis, at: Moment
) -> list[IndicatorGap]:
    """Where a unit loses points against the best of its group, the costliest first."""
    if not context.visibility().sees_total(unit_id):
        raise OutOfScopeUnit(path="unit_id", unit_id=unit_id)
    membership = context.service.answers.cycle(cycle_id, at.position).membership
    if unit_id not in membership:
        raise UnknownId(path="unit_id", unit_id=unit_id)
    results = _results(context, cycle_id, membership[unit_id][0], period, basis, at)
    row = results.row(unit_id)
    plan = results.plan

    def figure(exact: Fraction) -> Decimal:
        return rounded(exact, plan.score_scale, plan.rounding)

    return [
        IndicatorGap(
            indicator_id=gap.indicator_id,
            name=gap.name,
            weight=exact_text(gap.weight),
            own=figure(gap.own),
            best=figure(gap.best),
            average=figure(gap.average),
            points_lost=figure(gap.points_lost),
        )
        for gap in (gaps(results, row) if row else [])
    ]


def _seen(context: Context, results: Results) -> dict[str, Standing]:
    visibility = context.visibility()
    return {
        row.unit_id: (row, results.grade_if_opened(row.unit_id))
        for row in results.rows
        if visibility.sees_total(row.unit_id)
    }

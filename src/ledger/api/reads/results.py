"""Reads of results: rankings, what changed between two, and why a total is what it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from ledger import movements
from ledger.api.context import Context
from ledger.api.results import (
    Counterfactual,
    ExplainedGrade,
    Explanation,
    Impact,
    IndicatorGap,
    Ranking,
    RankingDiff,
    RankingDiffRow,
    RankingRow,
    UnitExplanation,
)
from ledger.api.scalars import Position
from ledger.api.types import AsOf, Event, shown
from ledger.domain.explained import size_of
from ledger.domain.explanation import FIGURES_MAX, explain, explain_indicator
from ledger.domain.gaps import gaps
from ledger.domain.grading import GradesOpened, GradesRevised
from ledger.domain.movement import Moved
from ledger.domain.numbers import exact_text, rounded
from ledger.domain.refusals import MalformedInput, OutOfScopeUnit, UnknownId
from ledger.domain.results import Results, UnitResult
from ledger.domain.score import Basis
from ledger.domain.settlement import ENGINE_VERSION
from ledger.once import Same
from ledger.results import AsOf as Moment

CAUSES_MAX = EVENTS_MAX = 100


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
        engine_version=ENGINE_VERSION,
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
    context: Context,
    cycle_id: str,
    group_id: str,
    periods: tuple[str | None, str | None],
    basis: Basis,
    moments: tuple[Moment, Moment],
) -> RankingDiff:
    """What changed in a group between two moments, and the events in between that changed it.

    `periods` are those of the earlier and of the later ranking. Raises what `movements.difference` does.
    """
    visibility = context.visibility()
    earlier, later = moments
    found = movements.difference(
        context.service.answers,
        cycle_id,
        group_id,
        period_before=periods[0],
        period=periods[1],
        basis=basis,
        earlier=earlier.position,
        later=later.position,
    )
    seen = {event.position for event in found.events if visibility.sees(event)}
    causes = {
        unit_id: [event.position for event in events if event.position in seen]
        for unit_id, events in found.causes.items()
    }
    return RankingDiff(
        earlier=shown(earlier),
        later=shown(later),
        plan_version=found.after.plan_version,
        engine_version=ENGINE_VERSION,
        rows=_rows_seen(context, found.rows, causes),
        events=[Event.of(each) for each in found.events if each.position in seen][:EVENTS_MAX],
        truncated=found.truncated or any(len(positions) > CAUSES_MAX for positions in causes.values()),
        examined_through=Position(found.examined),
    )


def _rows_seen(
    context: Context, rows: Iterable[Moved], causes: Mapping[str, Sequence[int]] | None = None
) -> list[RankingDiffRow]:
    """The rows of the units whose totals the viewer may see."""
    visibility = context.visibility()
    return [
        RankingDiffRow.of(row, (causes or {}).get(row.unit_id, ())[:CAUSES_MAX])
        for row in rows
        if visibility.sees_total(row.unit_id)
    ]


def explanation(
    context: Context,
    cycle_id: str,
    unit_id: str,
    period: str | None,
    basis: Basis,
    at: Moment,
    *,
    indicator_id: str | None,
) -> UnitExplanation | None:
    """Why a unit's total is what it is, or what one indicator contributes to it; None if it is not assessed.

    Raises OutOfScopeUnit where the viewer may not see the total, UnknownId, MalformedInput for too large a tree.
    """
    if not context.visibility().sees_total(unit_id):
        raise OutOfScopeUnit(path="unit_id", unit_id=unit_id)
    results, row = context.service.answers.unit_results(cycle_id, unit_id, period=period, basis=basis, at=at.position)
    if row is None:
        return None
    sees = context.visibility().sees_score
    tree = explain(results, row, sees) if indicator_id is None else explain_indicator(results, row, indicator_id, sees)
    if (size := size_of(tree)) > FIGURES_MAX:
        raise MalformedInput(path="indicator", figures=size, figures_max=FIGURES_MAX, hint="Ask for one indicator.")
    figures = Explanation.of(tree)
    return UnitExplanation(
        cycle_id=cycle_id,
        unit_id=unit_id,
        group_id=results.slice.group_id,
        basis=basis,
        period=period,
        rank=row.rank,
        total=row.total,
        plan_version=results.plan_version,
        engine_version=ENGINE_VERSION,
        rounding_policy=results.plan.rounding_policy,
        rounding=results.plan.rounding,
        grade_if_opened=_if_opened(results, row),
        gradings=_gradings(context, results, unit_id) if period is None else [],
        tree=figures[0],
        explained=figures,
        as_of=shown(at),
    )


def _if_opened(results: Results, row: UnitResult) -> ExplainedGrade | None:
    allocation = results.opening.allocation if results.opening is not None else None
    if allocation is None or row.unit_id not in allocation.grades:
        return None
    grade, reasons = allocation.grades[row.unit_id], allocation.reasons[row.unit_id]
    return ExplainedGrade(
        position=None, restatement=None, policy=None, grade=grade, rank=row.rank, reasons=list(reasons)
    )


def _gradings(context: Context, results: Results, unit_id: str) -> list[ExplainedGrade]:
    """The grades that a unit was given in its group, in order."""
    history = results.slice.rulings.grading(results.slice.group_id).history
    events = context.service.answers.events_at([grades.position for grades in history])
    return [
        ExplainedGrade(
            position=Position(position),
            restatement=fact.restatement if isinstance(fact, GradesRevised) else None,
            policy=fact.policy if isinstance(fact, GradesRevised) else None,
            grade=graded.grade,
            rank=graded.rank,
            reasons=list(graded.reasons),
        )
        for position, fact in ((position, event.fact) for position, event in sorted(events.items()))
        if isinstance(fact, GradesOpened | GradesRevised)
        for graded in fact.allocation
        if graded.unit_id == unit_id
    ]


def impact(context: Context, position: int, period: str | None) -> Impact:
    """What an event moved in every group it bears on. Raises UnknownId for an event that is about no figures."""
    answers = context.service.answers
    event = answers.event(position)
    if not context.visibility().sees(event):
        raise UnknownId(path="position", position=position)
    found = movements.impact_of(answers, event, period=period)
    return Impact(
        event=Event.of(event),
        group_ids=list(found.group_ids),
        period=period,
        group_relative=found.group_relative,
        rows=_rows_seen(context, found.rows, {row.unit_id: (position,) for row in found.rows}),
        as_of=AsOf(position=Position(position), recorded_at=event.recorded_at),
        plan_version=found.plan_version,
        engine_version=ENGINE_VERSION,
    )


def counterfactual(
    context: Context, cycle_id: str, group_id: str, period: str | None, excluded: list[int], at: Moment
) -> Counterfactual:
    """The official ranking had the excluded events not happened. Raises UnknownId, MalformedInput."""
    answers, visibility = context.service.answers, context.visibility()
    events = movements.excluded_events(answers, excluded)
    hidden = [position for position, event in events.items() if not visibility.sees(event)]
    if hidden:
        raise UnknownId(path="exclude", position=hidden[0])
    history = context.service.store.events_of
    found = movements.counterfactual(answers, history, cycle_id, group_id, events, period=period, at=at.position)
    return Counterfactual(
        excluded=[Position(position) for position in found.excluded],
        ranking=_shown_ranking(context, found.thought, at, key=f"without:{sorted(excluded)}"),
        changes=_rows_seen(context, found.rows),
        as_of=shown(at),
        plan_version=found.thought.plan_version,
        engine_version=ENGINE_VERSION,
    )


def gap_analysis(
    context: Context, cycle_id: str, unit_id: str, period: str | None, basis: Basis, at: Moment
) -> list[IndicatorGap]:
    """Where a unit loses points against the best of its group, the costliest first."""
    if not context.visibility().sees_total(unit_id):
        raise OutOfScopeUnit(path="unit_id", unit_id=unit_id)
    results, row = context.service.answers.unit_results(cycle_id, unit_id, period=period, basis=basis, at=at.position)
    plan = results.plan

    def figure(exact: Fraction) -> Decimal:
        return rounded(exact, plan.score_scale, plan.rounding)

    return [
        IndicatorGap(
            kind=gap.kind,
            indicator_id=gap.indicator_id,
            name=gap.name,
            weight=exact_text(gap.weight),
            own=figure(gap.own),
            best=figure(gap.best),
            average=figure(gap.average),
            points_lost=figure(gap.points_lost),
            as_of=shown(at),
            plan_version=results.plan_version,
            engine_version=ENGINE_VERSION,
        )
        for gap in (gaps(results, row) if row else [])
    ]

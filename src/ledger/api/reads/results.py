"""Reads of results: rankings, what changed between two, and why a total is what it is."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.api.context import Context
from ledger.api.reads.moments import SCANNED_MAX, shown
from ledger.api.results import Explanation, Ranking, RankingDiff, RankingRow, UnitExplanation, diff_rows
from ledger.api.types import Event
from ledger.domain.cycle import cycle_stream
from ledger.domain.explanation import explain
from ledger.domain.refusals import OutOfScopeUnit, UnknownId
from ledger.domain.score import Basis
from ledger.domain.settlement import Results, UnitResult
from ledger.results import AsOf as Moment
from ledger.results import EventFilter


def ranking(context: Context, cycle_id: str, group_id: str, period: str | None, basis: Basis, at: Moment) -> Ranking:
    """The group's units by total; of units whose total the viewer may not see there is no row."""
    visibility = context.visibility()
    results = _results(context, cycle_id, group_id, period, basis, at)
    rows = [row for row in results.rows if visibility.sees_total(row.unit_id)]
    names = _names(context, [row.unit_id for row in rows], at)
    key = f"{cycle_id}:{group_id}:{period or ''}:{basis.value}:{at.position}"
    return Ranking(
        cycle_id=cycle_id,
        group_id=group_id,
        period=period,
        basis=basis,
        plan_version=results.plan_version,
        complete=results.complete,
        as_of=shown(at),
        found=[RankingRow.of(row, names.get(row.unit_id), key) for row in rows],
    )


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
    rows: list[dict[str, UnitResult]] = []
    for at in (earlier, later):
        results = _results(context, cycle_id, group_id, period, basis, at)
        rows.append({row.unit_id: row for row in results.rows if visibility.sees_total(row.unit_id)})
    members = rows[0].keys() | rows[1].keys()
    found = context.service.answers.events(
        EventFilter(cycle_id=cycle_id), at=later.position, after=earlier.position, limit=SCANNED_MAX
    )
    concerned = [e for e in found if getattr(e.fact, "unit_id", None) in members | {None} and visibility.sees(e)]
    bearing = [e for e in concerned if period is None or getattr(e.fact, "period", period) == period]
    return RankingDiff(
        earlier=shown(earlier),
        later=shown(later),
        rows=diff_rows(rows[0], rows[1]),
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

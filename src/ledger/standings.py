"""Standings: settle the groups that a range of events touched, each once, and write the results.

The part of the projection `standing` that SQL cannot do. What is written depends on the
facts known at the end of the range only, never on where the range was cut.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger.database import Connection
from ledger.domain.cycle import Cycle
from ledger.domain.numbers import exact_text
from ledger.domain.refusals import InvalidPeriod, PlanNotInForce
from ledger.domain.reorganisation import Reorganisations
from ledger.domain.results import Results
from ledger.domain.score import Basis
from ledger.domain.settlement import due, settle_each
from ledger.projection import Projection
from ledger.slices import Cycles, slice_at

WHOLE = ""
"""In `standing`: every unit, every period, or the cycle as a whole."""


@dataclass(slots=True)
class _Touched:
    """The last position of a range that touched each unit and period of a cycle."""

    cycle_wide: int = 0
    positions: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])


def refresh(
    connection: Connection, projection: Projection, ledger_id: int, cycles: Cycles, *, after: int, through: int
) -> None:
    """Settle and write every group and period that the events in (after, through] touched.

    Runs in the caller's transaction; the projections that standings follow are at `through`
    or further.
    """
    arguments = {"ledger_id": ledger_id, "after": after, "through": through}
    touched: dict[str, _Touched] = {}
    for cycle_id, unit_id, period, position in connection.execute(projection.sections["touched"].sql, arguments):
        of_cycle = touched.setdefault(cycle_id, _Touched())
        if unit_id == WHOLE:
            of_cycle.cycle_wide = position
        else:
            of_cycle.positions[unit_id, period] = position
    for cycle_id, of_cycle in sorted(touched.items()):
        cycle = cycles.at(connection, cycle_id, through)
        if not cycle.versions:
            continue
        if of_cycle.cycle_wide:
            connection.execute(projection.sections["clear"].sql, {"ledger_id": ledger_id, "cycle_id": cycle_id})
        rulings = cycles.rulings(connection, cycle_id, through)
        for group_id, positions in sorted(_moved(cycle, rulings.reorganisations, of_cycle).items()):
            periods = [period or None for period in sorted(positions) if _is_scored(cycle, group_id, period or None)]
            if not periods:
                continue
            facts = slice_at(
                connection,
                cycles,
                cycle,
                rulings,
                cycle_id=cycle_id,
                group_id=group_id,
                periods=periods,
                basis=Basis.OFFICIAL,
                as_of=through,
            )
            for settled_period, results in settle_each(facts, periods).items():
                period = settled_period or WHOLE
                subject = {"ledger_id": ledger_id, "cycle_id": cycle_id, "group_id": group_id, "period": period}
                written = subject | {"position": positions[period]} | _columns(results)
                connection.execute(projection.sections["write"].sql, written)


def _moved(cycle: Cycle, reorganisations: Reorganisations, touched: _Touched) -> dict[str, dict[str, int]]:
    """The periods of each group for which results may have moved, with the position that moved them last."""
    plan = cycle.latest.plan
    periods = (WHOLE, *plan.periods)
    group_ids = {group.group_id for group in plan.groups} | {group_id for group_id, _ in cycle.membership.values()}
    whole = {group_id: {period for _, period in due(cycle, group_id, None)} for group_id in group_ids}
    moved: dict[str, dict[str, int]] = {group_id: {} for group_id in group_ids}
    if touched.cycle_wide:
        moved = {group_id: dict.fromkeys(periods, touched.cycle_wide) for group_id in group_ids}
    for (unit_id, period), position in touched.positions.items():
        # A predecessor's figures are part of its successors'.
        for heir_id in reorganisations.heirs(unit_id):
            if heir_id not in cycle.membership:
                continue
            group_id, _ = cycle.membership[heir_id]
            if period == WHOLE or heir_id != unit_id:
                concerned = periods
            elif period in whole[group_id]:
                concerned = (period, WHOLE)
            else:
                concerned = (period,)
            of_group = moved[group_id]
            for each in concerned:
                of_group[each] = max(position, of_group.get(each, 0))
    return moved


def _is_scored(cycle: Cycle, group_id: str, period: str | None) -> bool:
    """Whether the plan in force has anything to score the group by."""
    try:
        return bool(due(cycle, group_id, period))
    except (PlanNotInForce, InvalidPeriod):
        return False


def _columns(results: Results) -> dict[str, list[object]]:
    return {
        "unit_id": [row.unit_id for row in results.rows],
        "participation": [row.participation.value for row in results.rows],
        "rank": [row.rank for row in results.rows],
        "total": [row.total for row in results.rows],
        "exact": [exact_text(row.exact) for row in results.rows],
        "complete": [row.complete for row in results.rows],
        "missing": [row.missing for row in results.rows],
    }

"""Reads of progress: every unit's figures against what is due of its targets by the end of a period."""

from __future__ import annotations

from collections.abc import Collection

from ledger.api.context import Context
from ledger.api.paging import Connection, page_of
from ledger.api.scalars import Position
from ledger.api.types import global_id
from ledger.api.undertakings import Progress
from ledger.domain.progress import Light
from ledger.progress import UnitProgress, progress_of
from ledger.results import AsOf as Moment


def progress(
    context: Context,
    cycle_id: str,
    unit_id: str | None,
    period: str,
    lights: Collection[Light] | None,
    at: Moment,
    *,
    first: int,
    after: str | None,
) -> Connection[Progress]:
    """A page of the progress that the viewer may see, by unit and in the plan's order of indicators.

    Raises UnknownId, PlanNotInForce, InvalidPeriod.
    """
    sees, answers = context.visibility().sees_score, context.service.answers
    rows = progress_of(answers, cycle_id, period, unit_id=unit_id, sees=sees, at=at.position)
    found = [_progress(cycle_id, period, row) for row in rows if lights is None or row.light in lights]
    return page_of(found, first=first, at=at, after=after)


def _progress(cycle_id: str, period: str, row: UnitProgress) -> Progress:
    return Progress(
        id=global_id("Progress", f"{cycle_id}|{row.unit_id}|{row.indicator_id}|{period}"),
        unit_id=row.unit_id,
        indicator_id=row.indicator_id,
        name=row.name,
        period=period,
        target=row.target,
        target_position=Position(row.target_position) if row.target_position is not None else None,
        share_due=row.share_due,
        due=row.due,
        ytd=row.ytd,
        value_position=Position(row.value_position) if row.value_position is not None else None,
        rate=row.rate,
        gap=row.gap,
        completed=row.completed,
        light=row.light,
    )

"""Standings: a group's official table from the projection that keeps it, without settling anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ledger.api.context import Context
from ledger.api.fast.lines import Lines
from ledger.api.types import AsOf, global_id, shown
from ledger.domain.plan import Participation
from ledger.domain.score import Basis
from ledger.results import AsOf as Moment

_TABLE = ("cycleId", "groupId", "period", "basis", "complete", "asOf", "rows")
_ROW = ("id", "rank", "unitId", "unitName", "participation", "total", "exact", "complete", "missing")
_PAGE = {
    "RankingRowConnection": ("edges", "nodes", "pageInfo"),
    "RankingRowEdge": ("cursor", "node"),
    "PageInfo": ("hasNextPage", "hasPreviousPage", "startCursor", "endCursor"),
}
FIELDS = frozenset(
    (kind, name)
    for kind, names in ({"Ranking": _TABLE, "RankingRow": _ROW, "AsOf": ("position", "recordedAt")} | _PAGE).items()
    for name in names
)
"""What a table here can say."""

_PARTICIPATIONS = {each.value: each for each in Participation}


class _Kept(NamedTuple):
    unit_id: str
    participation_name: str
    rank: int | None
    total: str
    exact: str
    complete: bool
    missing: int
    position: int


class Row(_Kept):
    """`RankingRow`, as far as it is kept; a total is a text already, written as its type writes it."""

    unit_name: str | None
    table: str
    """The name of the table it is a row of."""

    @property
    def id(self) -> str:
        """The id that is unique in the whole ledger."""
        return global_id("RankingRow", f"{self.table}:{self.unit_id}")

    @property
    def participation(self) -> Participation:
        """How the unit takes part."""
        return _PARTICIPATIONS[self.participation_name]


@dataclass(slots=True)
class Table:
    """`Ranking`, as far as it is kept."""

    cycle_id: str
    group_id: str
    period: str | None
    complete: bool
    as_of: AsOf
    found: Sequence[Row]
    basis: Basis = Basis.OFFICIAL


async def table(
    context: Context, lines: Lines, cycle_id: str, group_id: str, period: str | None, at: Moment
) -> Table | None:
    """The table as known at a moment; None if nothing is kept that was true then, or nothing at all."""
    parameters = {"cycle_id": cycle_id, "group_id": group_id, "period": period or "", "as_of": at.position}
    rows = await lines.read(Row._make, "standing", "kept", parameters)
    # What is kept is the newest: an event after the moment may have moved any of it.
    if not rows or max([row.position for row in rows]) > at.position:
        return None
    names = await _names(context, lines, rows, at)
    place = f"ranking:{cycle_id}:{group_id}:{period or ''}:{Basis.OFFICIAL.value}:{at.position}"
    for row in rows:
        row.unit_name, row.table = names[row.unit_id], place
    visibility = context.visibility()
    return Table(
        cycle_id=cycle_id,
        group_id=group_id,
        period=period,
        complete=all([row.complete or row.participation is not Participation.RANKED for row in rows]),
        as_of=shown(at),
        found=rows if visibility.all_scores else [row for row in rows if visibility.sees_total(row.unit_id)],
    )


async def _names(context: Context, lines: Lines, rows: Sequence[Row], at: Moment) -> dict[str, str | None]:
    """What the units are called at a moment: read once, until any unit is named again."""
    known = await lines.names(at.position)
    unknown = [row.unit_id for row in rows if row.unit_id not in known]
    if unknown:
        found = await context.in_thread(context.service.answers.units, unknown, at.position)
        for unit_id in unknown:
            each = found.get(unit_id)
            known[unit_id] = None if each is None else each.unit.name_en or each.unit.name_zh
    return known

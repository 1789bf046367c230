"""Slices: the facts about one group as known at a position, read from the projections.

The counterpart in SQL of `domain.recall`. A slice holds what settle looks at and no more:
the values of the group's units, for the indicators and periods that count.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from psycopg.sql import SQL

from ledger.database import Connection
from ledger.domain.cycle import Cycle, cycle_stream
from ledger.domain.refusals import UnknownId
from ledger.domain.score import Basis
from ledger.domain.settlement import Known, Slice, due, participants
from ledger.entries import decode
from ledger.projection import projections

CYCLES_CACHED_MAX = 64


class Cycles:
    """Cycles kept decoded by version, shared by the threads of one process."""

    def __init__(self, ledger_id: int):
        self.ledger_id = ledger_id
        # Guarded by _lock; the cycles themselves are immutable.
        self._kept: OrderedDict[tuple[str, int], Cycle] = OrderedDict()
        self._lock = threading.Lock()

    def at(self, connection: Connection, cycle_id: str, position: int) -> Cycle:
        """Return the cycle as known at `position`. Raises UnknownId if nothing is known of it then."""
        stream = cycle_stream(cycle_id)
        newest = connection.execute(
            "SELECT version FROM ledger.event WHERE ledger_id = %s AND stream = %s AND position <= %s"
            " ORDER BY version DESC LIMIT 1",
            (self.ledger_id, stream.name, position),
        ).fetchone()
        if newest is None:
            raise UnknownId(path="cycle_id", cycle_id=cycle_id)
        version: int = newest[0]
        earlier, cycle = self._nearest(cycle_id, version)
        if earlier < version:
            rows = connection.execute(
                "SELECT entry FROM ledger.event WHERE ledger_id = %s AND stream = %s AND version > %s AND version <= %s"
                " ORDER BY version",
                (self.ledger_id, stream.name, earlier, version),
            )
            for (entry,) in rows:
                cycle = cycle.evolve(decode(bytes(entry)))
            self._keep(cycle_id, version, cycle)
        return cycle

    def _nearest(self, cycle_id: str, version: int) -> tuple[int, Cycle]:
        with self._lock:
            kept = [found for name, found in self._kept if name == cycle_id and found <= version]
            if not kept:
                return 0, cycle_stream(cycle_id).initial
            key = (cycle_id, max(kept))
            self._kept.move_to_end(key)
            return key[1], self._kept[key]

    def _keep(self, cycle_id: str, version: int, cycle: Cycle) -> None:
        with self._lock:
            self._kept[cycle_id, version] = cycle
            while len(self._kept) > CYCLES_CACHED_MAX:
                self._kept.popitem(last=False)


def slice_at(
    connection: Connection,
    ledger_id: int,
    cycle: Cycle,
    *,
    cycle_id: str,
    group_id: str,
    period: str | None,
    basis: Basis,
    as_of: int,
) -> Slice:
    """Return the facts about one group; `cycle` is the cycle as known at `as_of`.

    The connection's search path names the projections `score_value` and `target_value`.
    Raises UnknownId, PlanNotInForce, InvalidPeriod.
    """
    counted = due(cycle, group_id, period)
    arguments = {
        "ledger_id": ledger_id,
        "cycle_id": cycle_id,
        "basis": basis.value,
        "unit_ids": [unit_id for unit_id, _ in participants(cycle, group_id)],
        "indicator_ids": sorted({indicator.indicator_id for indicator, _ in counted}),
        "periods": sorted({counted_period for _, counted_period in counted}),
        "as_of": as_of,
    }
    with connection.cursor(binary=True) as cursor:
        values = {
            (unit_id, indicator_id, of_period): Known(value, position)
            for unit_id, indicator_id, of_period, value, position in cursor.execute(_values(), arguments)
        }
        targets = {
            (unit_id, indicator_id): Known(value, position)
            for unit_id, indicator_id, value, position in cursor.execute(_targets(), arguments)
        }
    return Slice(
        as_of=as_of,
        cycle_id=cycle_id,
        cycle=cycle,
        group_id=group_id,
        basis=basis,
        period=period,
        values=values,
        targets=targets,
    )


def _values() -> SQL:
    return projections()["score_value"].reads["by_group"].sql


def _targets() -> SQL:
    return projections()["target_value"].reads["by_group"].sql

"""Slices: the facts about one group as known at a position, read from the projections.

The counterpart in SQL of `domain.recall`. A slice holds what settle looks at and no more:
the values of the group's units, for the indicators and periods that count.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from psycopg.sql import SQL

from ledger.database import Connection
from ledger.domain.cycle import Cycle, cycle_stream
from ledger.domain.facts import Event
from ledger.domain.refusals import UnknownId
from ledger.domain.results import Cell, Known, Slice
from ledger.domain.rulings import Rulings, ruling_types
from ledger.domain.schedule import Schedule
from ledger.domain.score import Basis
from ledger.domain.settlement import looked_at
from ledger.domain.targets import TargetSet, schedule_of
from ledger.entries import decode
from ledger.projection import projections

STATES_KEPT_MAX = 64
SCHEDULES_KEPT_MAX = 1 << 17

T = TypeVar("T")


class _Kept(Generic[T]):
    """States of cycles by how far they were folded; they are immutable and shared by threads."""

    def __init__(self, initial: T):
        self._initial = initial
        # Guarded by _lock.
        self._states: OrderedDict[tuple[str, int], T] = OrderedDict()
        self._lock = threading.Lock()

    def nearest(self, cycle_id: str, through: int) -> tuple[int, T]:
        """The furthest state not beyond `through`, and how far it is."""
        with self._lock:
            reached = [at for name, at in self._states if name == cycle_id and at <= through]
            if not reached:
                return 0, self._initial
            key = (cycle_id, max(reached))
            self._states.move_to_end(key)
            return key[1], self._states[key]

    def keep(self, cycle_id: str, at: int, state: T) -> None:
        with self._lock:
            self._states[cycle_id, at] = state
            while len(self._states) > STATES_KEPT_MAX:
                self._states.popitem(last=False)


class Cycles:
    """Cycles and their rulings as known at positions, kept decoded and shared by the threads of one process."""

    def __init__(self, ledger_id: int):
        self.ledger_id = ledger_id
        self._cycles = _Kept(Cycle())
        self._rulings = _Kept(Rulings())
        # An event never changes: threads may read one twice, and keep the same.
        self._schedules: dict[int, Schedule] = {}

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
        earlier, cycle = self._cycles.nearest(cycle_id, version)
        if earlier < version:
            rows = connection.execute(
                "SELECT entry FROM ledger.event WHERE ledger_id = %s AND stream = %s AND version > %s AND version <= %s"
                " ORDER BY version",
                (self.ledger_id, stream.name, earlier, version),
            )
            for (entry,) in rows:
                cycle = cycle.evolve(decode(bytes(entry)))
            self._cycles.keep(cycle_id, version, cycle)
        return cycle

    def rulings(self, connection: Connection, cycle_id: str, position: int) -> Rulings:
        """Return what was ruled about a cycle's units by `position`."""
        earlier, rulings = self._rulings.nearest(cycle_id, position)
        reached = earlier
        for event in proceedings(connection, self.ledger_id, cycle_id, ruling_types(), after=earlier, as_of=position):
            rulings, reached = rulings.evolve(event), event.position
        if reached > earlier:
            self._rulings.keep(cycle_id, reached, rulings)
        return rulings

    def schedules(self, connection: Connection, positions: Collection[int]) -> Mapping[int, Schedule]:
        """Return how much of each target is due by when, by the position that set it."""
        found = self._schedules
        if len(found) > SCHEDULES_KEPT_MAX:
            found = self._schedules = {}
        unread = [position for position in positions if position not in found]
        if unread:
            rows = connection.execute(
                "SELECT position, entry FROM ledger.event WHERE ledger_id = %s AND position = ANY(%s)",
                (self.ledger_id, unread),
            )
            for position, entry in rows:
                fact = decode(bytes(entry)).fact
                found[position] = schedule_of(fact.progress_schedule) if isinstance(fact, TargetSet) else ()
        return found


def proceedings(
    connection: Connection, ledger_id: int, cycle_id: str, types: tuple[str, ...], *, after: int = 0, as_of: int
) -> Iterator[Event]:
    """Yield a cycle's events of these types in (after, as_of], in order; not for values, targets and ballots."""
    arguments = {"ledger_id": ledger_id, "cycle_id": cycle_id, "types": list(types), "after": after, "as_of": as_of}
    with connection.cursor(binary=True) as cursor:
        for _, entry in cursor.execute(_read("timeline", "of_cycle"), arguments):
            yield decode(bytes(entry))


def slice_at(
    connection: Connection,
    cycles: Cycles,
    cycle: Cycle,
    rulings: Rulings,
    *,
    cycle_id: str,
    group_id: str,
    periods: Sequence[str | None],
    basis: Basis,
    as_of: int,
) -> Slice:
    """Return the facts about one group for these periods (None: the whole), of which it names the first.

    `cycle` and `rulings` are those known at `as_of`. The connection's search path names the projections'
    tables. Raises UnknownId, PlanNotInForce, InvalidPeriod.
    """
    looked = looked_at(cycle, rulings, group_id, periods)
    arguments = {
        "ledger_id": cycles.ledger_id,
        "cycle_id": cycle_id,
        "basis": basis.value,
        "unit_ids": sorted(looked.unit_ids),
        "indicator_ids": sorted(looked.indicator_ids),
        "periods": sorted(looked.periods),
        "as_of": as_of,
    }
    claimed = None in periods and cycle.in_force(None).plan.dishonesty is not None
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(_read("target_value", "by_group"), arguments).fetchall()
    schedules = cycles.schedules(connection, {set_position for *_, set_position in rows})
    targets = {
        (unit_id, indicator_id): Known(value, position, baseline, schedules[set_position])
        for unit_id, indicator_id, value, position, baseline, set_position in rows
    }
    return Slice(
        as_of=as_of,
        cycle_id=cycle_id,
        cycle=cycle,
        group_id=group_id,
        basis=basis,
        period=periods[0],
        values=_values(connection, arguments),
        targets=targets,
        claims=_values(connection, arguments | {"basis": Basis.SELF.value}) if claimed else {},
        rulings=rulings,
    )


def _values(connection: Connection, arguments: Mapping[str, object]) -> dict[Cell, Known]:
    with connection.cursor(binary=True) as cursor:
        return {
            (unit_id, indicator_id, of_period): Known(value, position)
            for unit_id, indicator_id, of_period, value, position in cursor.execute(
                _read("score_value", "by_group"), arguments
            )
        }


def _read(projection: str, read: str) -> SQL:
    return projections()[projection].reads[read].sql

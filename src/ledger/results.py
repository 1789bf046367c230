"""Answers: what a reader asks, at a position, from the projections.

An answer at a position never changes, so results are remembered by the last position that
can have moved them and are never invalidated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple

from psycopg.sql import SQL
from psycopg_pool import ConnectionPool

from ledger.database import Connection
from ledger.domain.appeal import AppealAssigned, AppealEscalated, AppealFiled, Appeals
from ledger.domain.cycle import Cycle
from ledger.domain.facts import FACTS, Event, Fact
from ledger.domain.refusals import UnknownId
from ledger.domain.results import Known, Results, Slice, UnitResult
from ledger.domain.rulings import Rulings
from ledger.domain.score import Basis
from ledger.domain.settlement import concerned, settle
from ledger.domain.units import Unit
from ledger.entries import decode
from ledger.once import Once
from ledger.projection import statement
from ledger.reading import WAIT_S, AsOf, NotReached, Reader
from ledger.slices import Cycles, proceedings, slice_at

PANEL_TYPES = (AppealFiled.__name__, AppealAssigned.__name__, AppealEscalated.__name__)
"""Of the events about an appeal those that say who is on its panel."""
PANELS_PAGE = 1_000
RESULTS_REMEMBERED_MAX = 128
MOMENTS_REMEMBERED_MAX = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events are asked for; what is given has to hold all at once."""

    types: tuple[str, ...] = ()
    unit_id: str | None = None
    cycle_id: str | None = None
    person_id: str | None = None
    """Somebody who had to do with the event in any capacity."""


@dataclass(frozen=True, slots=True)
class _GroupMoment:
    """What the results of a group as known at a position are settled on."""

    cycle: Cycle
    rulings: Rulings
    touched: int


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """A unit as known at a position, and the events that say so."""

    unit_id: str
    registered_position: int
    named_position: int
    unit: Unit


class ValueRow(NamedTuple):
    """The effective value of one unit and period, with the position that made it so."""

    unit_id: str
    period: str
    value: Decimal
    position: int


class Answers(Reader):
    """Answers questions about one ledger; safe to call from several threads."""

    def __init__(self, pool: ConnectionPool[Connection], *, ledger_id: int = 1):
        super().__init__(pool, ledger_id=ledger_id)
        self._cycles = Cycles(ledger_id)
        self._settled = Once(RESULTS_REMEMBERED_MAX)
        # As known at a position nothing ever changes.
        self._moments = Once(MOMENTS_REMEMBERED_MAX)
        self.shown = Once(RESULTS_REMEMBERED_MAX)
        """What readers make of results, such as the rows of a table."""

    # ---- results

    def cycle(self, cycle_id: str, at: int) -> Cycle:
        """One cycle as known at a position. Raises UnknownId."""
        with self.connection() as connection:
            return self._cycles.at(connection, cycle_id, at)

    def targets(self, cycle_id: str, unit_ids: Sequence[str], at: int) -> dict[tuple[str, str], Known]:
        """The targets of these units' own, by unit and indicator."""
        rows = self.read("target_value", "by_cycle", cycle_id=cycle_id, unit_ids=list(unit_ids), as_of=at)
        with self.connection() as connection:
            schedules = self._cycles.schedules(connection, {row["set_position"] for row in rows})
        return {
            (row["unit_id"], row["indicator_id"]): Known(
                row["value"], row["from_position"], row["baseline"], schedules[row["set_position"]]
            )
            for row in rows
        }

    def touched(self, cycle_id: str, group_id: str, at: int) -> int:
        """The last position, `at` or before, that can have moved a group's results. Raises UnknownId."""
        self.require(at)
        return self._group_moment(cycle_id, group_id, at).touched

    def results(
        self, cycle_id: str, group_id: str, *, period: str | None = None, basis: Basis = Basis.OFFICIAL, at: int
    ) -> Results:
        """The results of one group as known at a position; `period` None is the cycle as a whole.

        Raises UnknownId, PlanNotInForce, InvalidPeriod, NotReached.
        """
        self.require(at)
        moment = self._group_moment(cycle_id, group_id, at)

        def settled() -> Results:
            return settle(
                self.facts(
                    moment.cycle,
                    moment.rulings,
                    cycle_id=cycle_id,
                    group_id=group_id,
                    period=period,
                    basis=basis,
                    at=moment.touched,
                )
            )

        results = self._settled.get((cycle_id, group_id, basis, period, moment.touched), settled)
        # Opening grades moves no figure, so more may be ruled by now than the results were settled on.
        return replace(results, slice=replace(results.slice, as_of=at, rulings=moment.rulings))

    def facts(
        self,
        cycle: Cycle,
        rulings: Rulings,
        *,
        cycle_id: str,
        group_id: str,
        period: str | None,
        basis: Basis,
        at: int,
    ) -> Slice:
        """What results follow from: values and targets known at a position, of what counts under a cycle and rulings.

        Raises UnknownId, PlanNotInForce, InvalidPeriod.
        """
        with self.connection() as connection:
            return slice_at(
                connection,
                self._cycles,
                cycle,
                rulings,
                cycle_id=cycle_id,
                group_id=group_id,
                periods=(period,),
                basis=basis,
                as_of=at,
            )

    def unit_results(
        self, cycle_id: str, unit_id: str, *, period: str | None = None, basis: Basis = Basis.OFFICIAL, at: int
    ) -> tuple[Results, UnitResult | None]:
        """The results of a unit's group as known at a position, and its own; None if it is not assessed.

        Raises what `results` does, UnknownId for a unit that is in no group.
        """
        self.require(at)
        membership = self.cycle(cycle_id, at).membership
        if unit_id not in membership:
            raise UnknownId(path="unit_id", unit_id=unit_id)
        results = self.results(cycle_id, membership[unit_id][0], period=period, basis=basis, at=at)
        return results, results.row(unit_id)

    def _group_moment(self, cycle_id: str, group_id: str, at: int) -> _GroupMoment:
        def read() -> _GroupMoment:
            with self.connection() as connection:
                cycle = self._cycles.at(connection, cycle_id, at)
                rulings = self._cycles.rulings(connection, cycle_id, at)
                touched = self._touched(connection, cycle, rulings, cycle_id, group_id, at)
                return _GroupMoment(cycle, rulings, touched)

        return self._moments.get((cycle_id, group_id, at), read)

    def _touched(
        self, connection: Connection, cycle: Cycle, rulings: Rulings, cycle_id: str, group_id: str, at: int
    ) -> int:
        arguments = {
            "ledger_id": self.ledger_id,
            "cycle_id": cycle_id,
            "unit_ids": sorted(concerned(cycle, rulings, group_id)) if cycle.versions else [],
            "as_of": at,
        }
        row = connection.execute(self.named("timeline", "last_move").sql, arguments).fetchone()
        return row[0] if row and row[0] is not None else 0

    def values(self, cycle_id: str, indicator_id: str, *, basis: Basis = Basis.OFFICIAL, at: int) -> list[ValueRow]:
        """Every effective value of one indicator, by unit and then period, in byte order."""
        self.require(at)
        arguments = {
            "ledger_id": self.ledger_id,
            "cycle_id": cycle_id,
            "indicator_id": indicator_id,
            "basis": basis.value,
            "as_of": at,
        }
        with self.connection() as connection, connection.cursor(binary=True) as cursor:
            rows = cursor.execute(self.named("score_value", "by_indicator").sql, arguments).fetchall()
        return [ValueRow(*row) for row in rows]

    def value_page(
        self, cycle_id: str, indicator_id: str, *, basis: Basis, at: int, after: tuple[str, str] | None, limit: int
    ) -> list[ValueRow]:
        """The next effective values of one indicator after a unit and period, in the order of `values`."""
        unit_id, period = after or ("", "")
        return self.read_as(
            lambda cursor: ValueRow._make,
            "score_value",
            "indicator_page",
            cycle_id=cycle_id,
            indicator_id=indicator_id,
            basis=basis.value,
            as_of=at,
            after_unit_id=unit_id,
            after_period=period,
            limit=limit,
        )

    # ---- proceedings

    def rulings(self, cycle_id: str, at: int) -> Rulings:
        """What was ruled about a cycle's units as known at a position."""
        self.require(at)
        with self.connection() as connection:
            return self._cycles.rulings(connection, cycle_id, at)

    def proceedings(self, cycle_id: str, kinds: Sequence[type[Fact]], *, at: int) -> list[Event]:
        """A cycle's events of these kinds of facts, and of the kinds derived from them, in order.

        Not for values, targets and ballots, of which there are too many to be read whole.
        """
        self.require(at)
        types = tuple(name for name, kind in FACTS.items() if issubclass(kind, tuple(kinds)))
        with self.connection() as connection:
            return list(proceedings(connection, self.ledger_id, cycle_id, types, as_of=at))

    def moves(self, cycle_id: str, unit_ids: Iterable[str], *, after: int, at: int, limit: int) -> list[Event]:
        """The first events in (after, at] that can move the results of some units, in order."""
        arguments = {"cycle_id": cycle_id, "unit_ids": sorted(unit_ids), "after": after, "as_of": at, "limit": limit}
        rows = self.read("timeline", "moves", **arguments)
        return [decode(bytes(row["entry"])) for row in rows]

    # ---- units

    def panels(self, at: int) -> Appeals:
        """The appeals of all cycles, as far as who sits on their panels."""
        appeals, wanted, after = Appeals(), EventFilter(types=PANEL_TYPES), 0
        while page := self.events(wanted, at=at, after=after, limit=PANELS_PAGE):
            for event in page:
                appeals, after = appeals.evolve(event), event.position
        return appeals

    def unit(self, unit_id: str, at: int) -> UnitRecord | None:
        """One unit as known at a position, None if it was not registered by then."""
        return self.units([unit_id], at).get(unit_id)

    def units(self, unit_ids: Sequence[str], at: int) -> dict[str, UnitRecord]:
        """Those of the units that were registered by a position, by id."""
        rows = self.read("unit_registry", "by_id", unit_ids=list(unit_ids), as_of=at)
        return {row["unit_id"]: _unit_record(row) for row in rows}

    def unit_page(self, *, at: int, after: int | None = None, limit: int) -> list[UnitRecord]:
        """The next units in the order of registration; `after` is the last one's registered position."""
        return [_unit_record(row) for row in self.read("unit_registry", "page", as_of=at, after=after, limit=limit)]

    # ---- events

    def event(self, position: int) -> Event:
        """The event at a position. Raises UnknownId."""
        with self.connection() as connection:
            row = connection.execute(
                "SELECT entry FROM ledger.event WHERE ledger_id = %s AND position = %s", (self.ledger_id, position)
            ).fetchone()
        if row is None:
            raise UnknownId(path="position", position=position)
        return decode(row[0])

    def events(
        self,
        filter: EventFilter = EventFilter(),
        *,
        at: int,
        after: int | None = None,
        before: int | None = None,
        limit: int,
        newest_first: bool = False,
    ) -> list[Event]:
        """The next events that fit, of those recorded up to `at`; `after` and `before` are not included."""
        self.require(at)
        direction = SQL("DESC") if newest_first else SQL("ASC")
        listed = _listed(filter)
        if listed is None:
            query = _EVENTS.sql.format(direction=direction)
        else:
            query = _LISTED_EVENTS.sql.format(**listed.where, direction=direction)
        arguments = {
            "ledger_id": self.ledger_id,
            "types": list(set(filter.types)) or None,
            "cycle_id": filter.cycle_id,
            "person_id": filter.person_id,
            "as_of": at,
            "after": after,
            "before": before,
            "limit": limit,
        }
        if listed is not None:
            arguments |= {
                "kind": listed.kind,
                "of_cycle": listed.of_cycle,
                "names": listed.names,
                "filtered": listed.filtered,
            }
        with self.connection() as connection, connection.cursor(binary=True) as cursor:
            return [decode(entry) for (entry,) in cursor.execute(query, arguments)]

    def events_at(self, positions: Iterable[int]) -> dict[int, Event]:
        """The events at these positions, by position in order; a position without an event is left out."""
        with self.connection() as connection, connection.cursor(binary=True) as cursor:
            cursor.execute(
                "SELECT position, entry FROM ledger.event"
                " WHERE ledger_id = %s AND position = ANY(%s) ORDER BY position",
                (self.ledger_id, list(positions)),
            )
            return {position: decode(entry) for position, entry in cursor}


class _Listed(NamedTuple):
    """The lists in which the events that fit are, the fewest others among them."""

    where: Mapping[str, SQL]
    filtered: bool
    """Whether others are among them."""
    kind: str = ""
    of_cycle: str = ""
    names: list[str] | None = None
    """None: all of the kind and cycle."""


def _listed(filter: EventFilter) -> _Listed | None:
    """Where to look for the events that fit; None if every event does."""
    types = list(set(filter.types))
    if filter.unit_id is not None:
        filtered = bool(types or filter.cycle_id or filter.person_id)
        return _Listed(_IN_TIMELINE, filtered, "UNIT", names=[filter.unit_id])
    if filter.person_id is not None:
        return _Listed(_IN_ACTIVITY, filter.cycle_id is not None)
    if filter.cycle_id is not None:
        return _Listed(_IN_TIMELINE, False, "CYCLE", filter.cycle_id, types or None)
    return _Listed(_IN_TIMELINE, False, "TYPE", names=types) if types else None


def _unit_record(row: dict[str, Any]) -> UnitRecord:
    unit = Unit().evolve(decode(row["registered_entry"]))
    if row["named_position"] != row["registered_position"]:
        unit = unit.evolve(decode(row["named_entry"]))
    return UnitRecord(row["unit_id"], row["registered_position"], row["named_position"], unit)


_EVENTS = statement("projector_events")
_LISTED_EVENTS = statement("projector_listed_events")
_IN_TIMELINE = {
    "table": SQL("timeline"),
    "lists": statement("projector_lists_of_timeline").sql,
    "of_list": SQL("t.kind = %(kind)s AND t.cycle_id = %(of_cycle)s AND t.name = list.name"),
}
_IN_ACTIVITY = {
    "table": SQL("person_activity"),
    "lists": statement("projector_lists_of_person").sql,
    "of_list": SQL("t.person_id = %(person_id)s AND t.capacity = list.capacity AND t.type = list.type"),
}

__all__ = ["RESULTS_REMEMBERED_MAX", "WAIT_S", "Answers", "AsOf", "EventFilter", "NotReached", "UnitRecord", "ValueRow"]

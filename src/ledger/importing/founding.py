"""Founding: an empty ledger opened with its institutional persons, and a cycle planned from a table.

What is here decides nothing itself: it lists the commands that are still missing, in the names
of the persons whose business they are, and the domain decides them like any others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from ledger.domain.commands import (
    GrantRole,
    IssueMeasures,
    IssuePlanVersion,
    OpenCycle,
    PlanCycle,
    RegisterPerson,
    RegisterUnit,
)
from ledger.domain.commands.founding import OpenLedger
from ledger.domain.cycle import CyclePlanned, cycle_stream
from ledger.domain.identifiers import NAME_LENGTH_MAX
from ledger.domain.measures import measures_stream
from ledger.domain.periods import local_day, parse_period
from ledger.domain.persons import Person, person_stream
from ledger.domain.phases import Phase
from ledger.domain.plan import Plan
from ledger.domain.refusals import ForbiddenRole
from ledger.domain.roles import Role, Scope
from ledger.domain.units import UnitCategory, unit_stream
from ledger.domain.world import CIVIL_TIMEZONE, Command
from ledger.importing.lookups import events_under
from ledger.importing.table_plan import extended_plan, first_plan
from ledger.importing.tables import Table
from ledger.store import Store

TITLE = "Ledger"
MEASURES_ID = "imported-tables"
"""The measures under which cycles are planned from tables; they mark such a cycle."""


@dataclass(frozen=True, slots=True)
class Officers:
    """The persons who hold the institutional roles, each the first who was given theirs."""

    administrator: str = "administrator"
    director: str = "director"
    office: str = "assessment-office"
    leading: str = "leading-group"


@dataclass(frozen=True, slots=True)
class Errand:
    """A command and the person in whose name it is given."""

    person_id: str
    command: Command


def find_officers(store: Store) -> Officers:
    """Who holds the institutional roles; the usual names while the ledger is empty.

    Raises ForbiddenRole if one of the roles is held by nobody today.
    """
    if store.head == 0:
        return Officers()
    today = local_day(store.now(), CIVIL_TIMEZONE)
    persons: dict[str, Person] = {}
    for event in events_under(store, "person"):
        name = event.stream.removeprefix("person:")
        persons[name] = persons.get(name, Person()).evolve(event)
    held: dict[Role, tuple[int, str]] = {}
    for name, person in persons.items():
        for grant in person.grants:
            if grant.in_force(today):
                held[grant.role] = min(held.get(grant.role, (grant.position, name)), (grant.position, name))
    for role in (Role.SYSADMIN, Role.DIRECTOR, Role.OFFICE, Role.LEADING):
        if role not in held:
            raise ForbiddenRole(needed=role, hint="Nobody holds this role today.")
    return Officers(held[Role.SYSADMIN][1], held[Role.DIRECTOR][1], held[Role.OFFICE][1], held[Role.LEADING][1])


class Founding:
    """The commands that are missing before the rows of a table can be entered."""

    def __init__(self, store: Store, table: Table, *, cycle_id: str, indicator_id: str):
        self._store = store
        self._table = table
        self._cycle_id = cycle_id
        self._indicator_id = indicator_id
        self.officers = find_officers(store)
        _, self.cycle = store.load(cycle_stream(cycle_id))
        self.from_table = self.cycle.phase is Phase.DRAFT or self._planned_from_table()

    def errands(self, *, by: str, approved_by: str | None) -> list[Errand]:
        """What has to be commanded first, in order; nothing for a cycle that was planned otherwise."""
        if not self.from_table:
            return []
        errands: list[Errand] = []
        if self._store.head == 0:
            errands.append(Errand("founder", self._opening()))
        if self.cycle.phase is Phase.DRAFT:
            errands += self._admissions(by, (Role.SCORER,))
            if approved_by is not None:
                errands += self._admissions(approved_by, (Role.VERIFIER, Role.APPROVER))
            errands += self._laying_out()
        errands += self._registrations()
        plan = self._plan()
        if plan is not None:
            errands.append(Errand(self.officers.office, self._issue(plan)))
        if self.cycle.phase in (Phase.DRAFT, Phase.PLANNED):
            errands.append(Errand(self.officers.office, OpenCycle(cycle_id=self._cycle_id)))
        return errands

    def _planned_from_table(self) -> bool:
        planned = next(iter(self._store.events_of(cycle_stream(self._cycle_id).name)), None)
        return (
            planned is not None
            and isinstance(planned.fact, CyclePlanned)
            and planned.fact.measures_id == MEASURES_ID
            and (not self.cycle.versions or self.cycle.latest.plan.indicator(self._indicator_id) is not None)
        )

    def _opening(self) -> OpenLedger:
        return OpenLedger(
            title=TITLE,
            administrator_id=self.officers.administrator,
            director_id=self.officers.director,
            office_id=self.officers.office,
            leading_id=self.officers.leading,
        )

    def _admissions(self, person_id: str, roles: Iterable[Role]) -> Iterator[Errand]:
        """Register a person and give them roles for the indicator, as far as they lack them."""
        version, person = self._store.load(person_stream(person_id))
        if version == 0:
            yield self._administer(RegisterPerson(subject_id=person_id, display_name=person_id))
        today = local_day(self._store.now(), CIVIL_TIMEZONE)
        for role in roles:
            grants = (grant for grant in person.grants if grant.role is role and grant.in_force(today))
            if not any(grant.scope.covers(indicator_id=self._indicator_id) for grant in grants):
                scope = Scope(indicator_ids=(self._indicator_id,))
                director = self.officers.director
                grant = GrantRole(subject_id=person_id, role=role, scope=scope, valid_from=today, approved_by=director)
                yield self._administer(grant)

    def _administer(self, command: Command) -> Errand:
        return Errand(self.officers.administrator, command)

    def _laying_out(self) -> Iterator[Errand]:
        days = [parse_period(period) for period in self._table.rows.periods]
        first = min(period.starts_on for period in days)
        version, _ = self._store.load(measures_stream(MEASURES_ID))
        if version == 0:
            measures = IssueMeasures(measures_id=MEASURES_ID, title="Tables imported from files", in_force_from=first)
            yield Errand(self.officers.leading, measures)
        planned = PlanCycle(
            cycle_id=self._cycle_id,
            title=self._cycle_id,
            starts_on=first,
            ends_on=max(period.ends_on for period in days) - timedelta(days=1),
            measures_id=MEASURES_ID,
            measures_version=1,
        )
        yield Errand(self.officers.office, planned)

    def _registrations(self) -> Iterator[Errand]:
        """Register the units that the ledger does not know, from their first period on."""
        names = self._table.rows.unit_names
        versions = self._store.versions_of(unit_stream(unit_id).name for unit_id in names)
        missing = {unit_id: name for unit_id, name in names.items() if versions[unit_stream(unit_id).name] == 0}
        if missing:
            first_periods = self._table.rows.first_periods
            for unit_id, name in sorted(missing.items()):
                first_day = parse_period(first_periods[unit_id]).starts_on
                register = RegisterUnit(
                    unit_id=unit_id, name_zh=name, category=UnitCategory.OTHER, effective_on=first_day
                )
                yield Errand(self.officers.office, register)

    def _plan(self) -> Plan | None:
        if not self.cycle.versions:
            return first_plan(self._table, cycle_id=self._cycle_id, indicator_id=self._indicator_id)
        plan = self.cycle.latest.plan
        indicator = plan.indicator(self._indicator_id)
        assert indicator is not None, "a cycle planned for another indicator is not extended"
        return extended_plan(plan, indicator, self._table)

    def _issue(self, plan: Plan) -> IssuePlanVersion:
        newest = self.cycle.versions[-1].plan_version if self.cycle.versions else None
        return IssuePlanVersion(
            cycle_id=self._cycle_id,
            content=plan,
            based_on=newest,
            summary=f"Units and periods of {self._table.name}"[:NAME_LENGTH_MAX],
            approved_by=self.officers.leading if self.cycle.phase is Phase.OPEN else None,
        )

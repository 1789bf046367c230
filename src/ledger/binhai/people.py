"""The city's people: who holds which role for what, so that no two duties meet that must not.

Names are put together from signs of the old calendar; nobody is called like that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.domain.roles import EVERYTHING, Role, Scope

if TYPE_CHECKING:
    from ledger.binhai.city import City

_FAMILY = "海云山川江湖溪泉岩松柏竹梅兰菊荷"
_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
_PAIRS = 60
"""After so many steps the ten stems and the twelve branches meet again."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who takes part, with the roles held from the first day on."""

    person_id: str
    name: str
    home_unit_id: str | None
    roles: tuple[tuple[Role, Scope], ...] = ()


@dataclass(slots=True)
class Staff:
    """Everybody by what they do."""

    by_id: dict[str, Person] = field(default_factory=dict[str, Person])
    scoring: dict[str, str] = field(default_factory=dict[str, str])
    """The department that scores each indicator."""
    reporters: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """The two reporters of each unit."""
    heads: dict[str, str] = field(default_factory=dict[str, str])
    cadres: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Who holds a post in each unit, the leading ones first."""
    scorers: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """By department."""
    approvers: dict[str, str] = field(default_factory=dict[str, str])
    """By department."""
    substitutes: dict[str, str] = field(default_factory=dict[str, str])
    """The department that stands in where another would judge itself."""
    verifiers: tuple[str, ...] = ()
    offices: tuple[str, ...] = ()
    leading: tuple[str, ...] = ()
    panel: tuple[str, ...] = ()
    inspectors: tuple[str, ...] = ()
    sysadmin: str = ""
    director: str = ""
    orgdept: str = ""

    def department(self, indicator_id: str, unit_id: str) -> str:
        """The department that judges a unit on an indicator: never the unit itself."""
        department = self.scoring[indicator_id]
        return self.substitutes[department] if department == unit_id else department

    def scorer(self, indicator_id: str, unit_id: str, turn: int = 0) -> str:
        """A scorer for a unit on an indicator."""
        of_department = self.scorers[self.department(indicator_id, unit_id)]
        return of_department[turn % len(of_department)]

    def approver(self, indicator_id: str, unit_id: str) -> str:
        """The approver of corrections for a unit on an indicator."""
        return self.approvers[self.department(indicator_id, unit_id)]


class _Register:
    """Hands out ids and names."""

    def __init__(self, prefix: str, staff: Staff):
        self._prefix = prefix
        self._staff = staff

    def add(self, called: str, home: str | None, *roles: tuple[Role, Scope]) -> str:
        """Register a person and return the id."""
        number = len(self._staff.by_id)
        family = _FAMILY[number // _PAIRS % len(_FAMILY)]
        name = f"{family}{_STEMS[number % 10]}{_BRANCHES[number % 12]}"
        person = Person(f"{self._prefix}{called}", name, home, roles)
        self._staff.by_id[person.person_id] = person
        return person.person_id

    def several(self, count: int, called: str, home: str | None, *roles: tuple[Role, Scope]) -> tuple[str, ...]:
        """Register several persons of one kind."""
        return tuple(self.add(f"{called}-{number:02}", home, *roles) for number in range(1, count + 1))


def staff_of(city: City, unit_ids: Sequence[str], later: Sequence[str], others: Mapping[str, str]) -> Staff:
    """Everybody who takes part in a city's assessment; units that come `later` have their reporters already."""
    staff = Staff()
    register = _Register(city.prefix, staff)
    _institutions(staff, register, others)
    _departments(city, staff, register, unit_ids)
    staff.verifiers = tuple(
        register.add(f"verifier-{number:02}", others["AUDIT"], (Role.VERIFIER, EVERYTHING))
        for number in range(1, city.shape.verifiers + 1)
    )
    for unit_id in unit_ids:
        _unit_people(staff, register, unit_id, city.prefix)
    for unit_id in later:
        own = (Role.REPORTER, Scope(unit_ids=(unit_id,)))
        short = unit_id.removeprefix(city.prefix)
        staff.reporters[unit_id] = (
            register.add(f"reporter-{short}-a", unit_id, own),
            register.add(f"reporter-{short}-b", unit_id, own),
        )
    return staff


def _institutions(staff: Staff, register: _Register, others: Mapping[str, str]) -> None:
    office, inspection = others["OFFICE"], others["INSPECTION"]
    staff.sysadmin = register.add("sysadmin-1", None, (Role.SYSADMIN, EVERYTHING))
    staff.director = register.add("director", office, (Role.DIRECTOR, EVERYTHING))
    staff.offices = register.several(8, "office", office, (Role.OFFICE, EVERYTHING))
    staff.leading = register.several(9, "leading", None, (Role.LEADING, EVERYTHING))
    register.add("sysadmin-2", None, (Role.SYSADMIN, EVERYTHING))
    staff.panel = register.several(6, "panel", None, (Role.PANEL, EVERYTHING))
    staff.inspectors = register.several(6, "inspector", inspection, (Role.INSPECTOR, EVERYTHING))
    staff.orgdept = register.add("organisation-1", None, (Role.ORGDEPT, EVERYTHING))
    register.several(20, "reader", None, (Role.PUBLIC, EVERYTHING))


def _departments(city: City, staff: Staff, register: _Register, unit_ids: Sequence[str]) -> None:
    """Share the indicators out to departments, each of which also stands in for the next one."""
    reorganised = {f"{city.prefix}{unit}" for unit in ("G4-07", "G4-08", "G5-05")}
    judges = [unit_id for unit_id in unit_ids if unit_id not in reorganised and not _is_district(unit_id, city.prefix)]
    departments = judges[: city.shape.departments]
    owned: dict[str, list[str]] = {department: [] for department in departments}
    for number, row in enumerate(city.shape.rows):
        department = departments[number % len(departments)]
        staff.scoring[row.indicator_id] = department
        owned[department].append(row.indicator_id)
    for number, department in enumerate(departments):
        following = departments[(number + 1) % len(departments)]
        staff.substitutes[following] = department
        scope = Scope(indicator_ids=(*owned[department], *owned[following]))
        short = department.removeprefix(city.prefix)
        staff.scorers[department] = register.several(2, f"scorer-{short}", department, (Role.SCORER, scope))
        staff.approvers[department] = register.add(f"approver-{short}", department, (Role.APPROVER, scope))


def _is_district(unit_id: str, prefix: str) -> bool:
    return unit_id.removeprefix(prefix).startswith(("G1-", "G2-", "G8-"))


def _unit_people(staff: Staff, register: _Register, unit_id: str, prefix: str) -> None:
    short, own = unit_id.removeprefix(prefix), Scope(unit_ids=(unit_id,))
    head = register.add(f"head-{short}", unit_id)
    first = register.add(f"reporter-{short}-a", unit_id, (Role.REPORTER, own))
    second = register.add(f"reporter-{short}-b", unit_id, (Role.REPORTER, own))
    deputies = tuple(register.add(f"deputy-{short}-{number}", unit_id) for number in range(1, 4))
    staff.heads[unit_id] = head
    staff.reporters[unit_id] = (first, second)
    staff.cadres[unit_id] = (head, *deputies, first, second)

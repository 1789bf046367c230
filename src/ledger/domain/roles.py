"""Roles: what a person may do, for which units and indicators, and what must not meet in one person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum


class Role(StrEnum):
    """An office held by a person within a scope."""

    OFFICE = "OFFICE"
    """Staff of the assessment office: runs the process, never scores."""
    DIRECTOR = "DIRECTOR"
    """Director of the assessment office."""
    SCORER = "SCORER"
    """Enters scores for a scoring department."""
    REPORTER = "REPORTER"
    """Self-reports for one unit."""
    VERIFIER = "VERIFIER"
    """Confirms entered values against evidence."""
    APPROVER = "APPROVER"
    """Approves corrections for a scoring department."""
    LEADING = "LEADING"
    """Member of the leading group."""
    PANEL = "PANEL"
    """Member of an appeals panel."""
    INSPECTOR = "INSPECTOR"
    """Discipline inspection: reads everything, never writes scores."""
    ASSESSED = "ASSESSED"
    """Head of an assessed unit, or a cadre: own data."""
    PUBLIC = "PUBLIC"
    """Reads what is published."""
    SYSADMIN = "SYSADMIN"
    """Executes decisions about roles; sees no content."""
    ORGDEPT = "ORGDEPT"
    """Organisation department: posts and cadres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a role extends to; an empty list does not limit."""

    unit_ids: tuple[str, ...] = ()
    indicator_ids: tuple[str, ...] = ()
    group_ids: tuple[str, ...] = ()

    def covers(
        self, *, unit_id: str | None = None, indicator_id: str | None = None, group_id: str | None = None
    ) -> bool:
        """Whether every subject that is given lies within the scope."""
        return (
            _within(unit_id, self.unit_ids)
            and _within(indicator_id, self.indicator_ids)
            and _within(group_id, self.group_ids)
        )

    def holds(self, group_ids: Iterable[str]) -> bool:
        """Whether every one of the groups lies within the scope."""
        return not self.group_ids or set(group_ids) <= set(self.group_ids)

    def meets(self, other: Scope) -> bool:
        """Whether some subject lies within both scopes."""
        return (
            _overlap(self.unit_ids, other.unit_ids)
            and _overlap(self.indicator_ids, other.indicator_ids)
            and _overlap(self.group_ids, other.group_ids)
        )


EVERYTHING = Scope()
"""The scope that limits nothing."""


def _within(subject: str | None, allowed: tuple[str, ...]) -> bool:
    return subject is None or not allowed or subject in allowed


def _overlap(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    return not ours or not theirs or bool(set(ours) & set(theirs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role given to a person, with the position that gave it."""

    role: Role
    scope: Scope
    position: int
    valid_from: date
    valid_to: date | None = None

    def in_force(self, day: date) -> bool:
        """Whether the grant holds on the local `day`; `valid_to` is the last day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def overlaps(self, first: date, last: date | None) -> bool:
        """Whether the grant holds on some day from `first` to `last`; None is open-ended."""
        return (self.valid_to is None or first <= self.valid_to) and (last is None or self.valid_from <= last)

    def ended_on(self, day: date) -> Grant:
        """The same grant, valid to the day before `day` at most: an end never moves later."""
        last = date.fromordinal(day.toordinal() - 1)
        return replace(self, valid_to=last if self.valid_to is None else min(self.valid_to, last))


SCORING = frozenset({Role.SCORER, Role.VERIFIER, Role.APPROVER})
_DOMAIN = frozenset(Role) - {Role.SYSADMIN, Role.PUBLIC}

INCOMPATIBLE: dict[Role, frozenset[Role]] = {
    Role.REPORTER: SCORING,
    Role.INSPECTOR: SCORING | {Role.REPORTER},
    Role.SYSADMIN: _DOMAIN,
    Role.PANEL: frozenset({Role.OFFICE, Role.SCORER, Role.VERIFIER, Role.APPROVER}),
    Role.LEADING: frozenset({Role.SCORER}),
}
"""Roles that one person may not hold at one time, whatever the scope. Source: domain.md 7."""


def incompatible(role: Role, scope: Scope, held: Iterable[Grant]) -> Grant | None:
    """Return a held grant that must not meet `role` in one person, or None."""
    for grant in held:
        if grant.role in INCOMPATIBLE.get(role, ()) or role in INCOMPATIBLE.get(grant.role, ()):
            return grant
        # Who enters an indicator's values never verifies values of the same indicator.
        if {role, grant.role} == {Role.SCORER, Role.VERIFIER} and scope.meets(grant.scope):
            return grant
    return None

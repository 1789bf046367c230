"""Commands about units, persons, roles and delegations.

Source: domain.md 2.4 "Registry", 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger.domain.facts import Fact, Stream
from ledger.domain.identifiers import check_id, check_text
from ledger.domain.persons import (
    ERASURES,
    DelegationGranted,
    DelegationRevoked,
    PersonRegistered,
    RoleGranted,
    RoleRevoked,
    SubjectErased,
    person_stream,
)
from ledger.domain.refusals import DuplicateId, MalformedInput, NoChange, SeparationOfDuties, UnknownId
from ledger.domain.roles import EVERYTHING, Role, Scope, incompatible
from ledger.domain.units import UnitCategory, UnitRegistered, UnitRenamed, unit_stream
from ledger.domain.world import NOBODY, Command, World

DELEGATION_DAYS_MAX = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterUnit(Command):
    """Make an organisation known to the ledger, under an id that never changes."""

    unit_id: str
    name_zh: str
    name_en: str | None = None
    category: UnitCategory
    level: str | None = None
    parent_unit_id: str | None = None
    effective_on: date

    def reads(self) -> tuple[Stream[Any], ...]:
        return (unit_stream(self.unit_id),)

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR)
        check_id(self.unit_id, path="unit_id")
        check_text(self.name_zh, path="name_zh")
        world.read(unit_stream(self.unit_id))
        if world.relied_on[f"unit:{self.unit_id}"]:
            raise DuplicateId(path="unit_id", unit_id=self.unit_id)
        if self.parent_unit_id is not None:
            world.exists(unit_stream(self.parent_unit_id), path="parent_unit_id", unit_id=self.parent_unit_id)
        return [
            UnitRegistered(
                unit_id=self.unit_id,
                name_zh=self.name_zh,
                name_en=self.name_en,
                category=self.category,
                level=self.level,
                parent_unit_id=self.parent_unit_id,
                effective_on=self.effective_on,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameUnit(Command):
    """Call a unit otherwise from a day on; its id stays."""

    unit_id: str
    new_name_zh: str
    evidence: tuple[str, ...]
    effective_on: date

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR)
        unit = world.exists(unit_stream(self.unit_id), path="unit_id", unit_id=self.unit_id)
        check_text(self.new_name_zh, path="new_name_zh")
        if unit.name_zh == self.new_name_zh:
            raise NoChange(path="new_name_zh")
        evidence = world.evidence(self.evidence, count_min=1)
        return [
            UnitRenamed(
                unit_id=self.unit_id,
                new_name_zh=self.new_name_zh,
                evidence=evidence,
                effective_on=self.effective_on,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPerson(Command):
    """Make a person known to the ledger."""

    subject_id: str
    display_name: str
    home_unit_id: str | None = None

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.SYSADMIN)
        check_id(self.subject_id, path="subject_id")
        check_text(self.display_name, path="display_name")
        world.read(person_stream(self.subject_id))
        if self.subject_id == NOBODY.person_id or world.relied_on[f"person:{self.subject_id}"]:
            raise DuplicateId(path="subject_id", person_id=self.subject_id)
        if self.home_unit_id is not None:
            world.exists(unit_stream(self.home_unit_id), path="home_unit_id", unit_id=self.home_unit_id)
        return [
            PersonRegistered(subject_id=self.subject_id, display_name=self.display_name, home_unit_id=self.home_unit_id)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRole(Command):
    """Give a person a role: decided by the director, executed by a system administrator."""

    subject_id: str
    role: Role
    scope: Scope = EVERYTHING
    valid_from: date
    valid_to: date | None = None
    approved_by: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.SYSADMIN)
        person = world.exists(person_stream(self.subject_id), path="subject_id", person_id=self.subject_id)
        because = "who executes a grant neither decides nor receives it"
        world.approved(self.approved_by, Role.DIRECTOR, because=because)
        world.differ({self.subject_id}, because=because)
        if self.approved_by == self.subject_id:
            raise SeparationOfDuties(
                path="approved_by", person_id=self.subject_id, because="nobody decides their own role"
            )
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise MalformedInput(path="valid_to", hint="The last day is before the first.")
        meanwhile = [grant for grant in person.grants if grant.overlaps(self.valid_from, self.valid_to)]
        held = incompatible(self.role, self.scope, meanwhile)
        if held is not None:
            raise SeparationOfDuties(path="role", role=self.role, held=held.role, because="the roles are incompatible")
        return [
            RoleGranted(
                subject_id=self.subject_id,
                role=self.role,
                scope=self.scope,
                valid_from=self.valid_from,
                valid_to=self.valid_to,
                approved_by=self.approved_by,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeRole(Command):
    """Take a role back from a day on: decided by the director, executed by a system administrator."""

    subject_id: str
    granted_position: int
    revoked_from: date
    reason: str
    approved_by: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.SYSADMIN)
        person = world.exists(person_stream(self.subject_id), path="subject_id", person_id=self.subject_id)
        because = "who executes a revocation does not decide it"
        world.approved(self.approved_by, Role.DIRECTOR, because=because)
        if all(grant.position != self.granted_position for grant in person.grants):
            raise UnknownId(path="granted_position", position=self.granted_position)
        return [
            RoleRevoked(
                subject_id=self.subject_id,
                granted_position=self.granted_position,
                revoked_from=max(self.revoked_from, world.today),
                reason=world.reason(self.reason, length_min=5),
                approved_by=self.approved_by,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantDelegation(Command):
    """Let another person act in one of one's own roles for at most 30 days."""

    subject_id: str
    role: Role
    valid_from: date
    valid_to: date
    reason: str

    def decide(self, world: World) -> list[Fact]:
        world.act(self.role)
        delegate = world.exists(person_stream(self.subject_id), path="subject_id", person_id=self.subject_id)
        world.differ({self.subject_id}, because="nobody delegates to themselves")
        days = (self.valid_to - self.valid_from).days + 1
        if not 1 <= days <= DELEGATION_DAYS_MAX:
            raise MalformedInput(path="valid_to", days=days, days_max=DELEGATION_DAYS_MAX)
        meanwhile = [grant for grant in delegate.grants if grant.overlaps(self.valid_from, self.valid_to)]
        held = incompatible(self.role, EVERYTHING, meanwhile)
        if held is not None:
            raise SeparationOfDuties(
                path="subject_id", role=self.role, held=held.role, because="the roles are incompatible"
            )
        return [
            DelegationGranted(
                subject_id=self.subject_id,
                from_person_id=world.person_id,
                role=self.role,
                valid_from=self.valid_from,
                valid_to=self.valid_to,
                reason=world.reason(self.reason, length_min=5),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeDelegation(Command):
    """End a delegation given by oneself."""

    subject_id: str
    delegated_position: int

    def decide(self, world: World) -> list[Fact]:
        delegate = world.exists(person_stream(self.subject_id), path="subject_id", person_id=self.subject_id)
        found = [d for d in delegate.delegations if d.position == self.delegated_position]
        if not found or found[0].from_person_id != world.person_id:
            raise UnknownId(path="delegated_position", position=self.delegated_position)
        world.act(found[0].role)
        return [
            DelegationRevoked(
                subject_id=self.subject_id,
                from_person_id=world.person_id,
                delegated_position=self.delegated_position,
                revoked_from=world.today,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseSubject(Command):
    """Make a person's name and the texts about them unreadable for good: decided by the director, executed by others.

    The entries stay as they are; what they hold is a commitment that nobody can open any more.
    """

    subject_id: str
    legal_basis: str
    """The provision that asks for it; it must not itself tell about the person."""
    approved_by: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.SYSADMIN)
        world.exists(person_stream(self.subject_id), path="subject_id", person_id=self.subject_id)
        because = "who executes an erasure neither decides it nor is its subject"
        world.approved(self.approved_by, Role.DIRECTOR, because=because)
        world.differ({self.subject_id}, because=because)
        if self.approved_by == self.subject_id:
            raise SeparationOfDuties(
                path="approved_by", person_id=self.subject_id, because="nobody decides their own erasure"
            )
        if self.subject_id in world.read(ERASURES).subject_ids:
            raise NoChange(path="subject_id", person_id=self.subject_id)
        return [
            SubjectErased(
                subject_id=self.subject_id,
                legal_basis=world.reason(self.legal_basis, length_min=5, path="legal_basis"),
                approved_by=self.approved_by,
            )
        ]

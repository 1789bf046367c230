"""The first command of a ledger: who administers it, before anybody holds a role.

Source: domain.md 2.4 "Ledger", 7.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.facts import Actor, Fact
from ledger.domain.identifiers import check_id, check_text
from ledger.domain.opening import LEDGER_STREAM, LedgerOpened
from ledger.domain.persons import PersonRegistered, RoleGranted
from ledger.domain.refusals import DuplicateId, SeparationOfDuties
from ledger.domain.roles import Role, Scope
from ledger.domain.world import Command, World

FOUNDER = "founder"
"""The actor of the founding facts: whoever first started the program. It holds no role afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLedger(Command):
    """Begin an empty ledger with an administrator, a director, an office and a leading group.

    Not offered over HTTP. Later roles are decided by the director and executed by the
    administrator, like everybody else's.
    """

    title: str = "Ledger"
    administrator_id: str = "administrator"
    director_id: str = "director"
    office_id: str = "assessment-office"
    leading_id: str = "leading-group"

    def decide(self, world: World) -> list[Fact]:
        world.actor = Actor(FOUNDER, "FOUNDER")
        check_text(self.title, path="title")
        world.read(LEDGER_STREAM)
        if world.relied_on[LEDGER_STREAM.name]:
            raise DuplicateId(path="title", hint="This ledger is open already.")
        founders = {
            self.administrator_id: Role.SYSADMIN,
            self.director_id: Role.DIRECTOR,
            self.office_id: Role.OFFICE,
            self.leading_id: Role.LEADING,
        }
        if len(founders) < 4:
            raise SeparationOfDuties(because="the founding roles are four persons")
        facts: list[Fact] = [LedgerOpened(title=self.title)]
        for person_id, role in founders.items():
            check_id(person_id, path="person_id")
            facts.append(PersonRegistered(subject_id=person_id, display_name=person_id))
            facts.append(
                RoleGranted(subject_id=person_id, role=role, scope=Scope(), valid_from=world.today, approved_by=FOUNDER)
            )
        return facts

"""Commands that impose a veto and lift it: the leading group's alone.

Source: domain.md 2.4 "Veto", 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger.domain.commands.adjusting import cycle_with
from ledger.domain.commands.moving import require_phase
from ledger.domain.commands.rules import require_rule
from ledger.domain.cycle import Cycle, cycle_stream
from ledger.domain.facts import Fact, Stream
from ledger.domain.identifiers import check_text
from ledger.domain.persons import person_stream
from ledger.domain.phases import BARRING_PERSONS
from ledger.domain.plan import Plan
from ledger.domain.refusals import (
    ConflictOfInterest,
    MalformedInput,
    NoChange,
    OutOfRange,
    RuleNotFound,
    UnknownId,
)
from ledger.domain.roles import Role
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.veto import VetoEffect, Vetoes, VetoImposed, VetoLifted, veto_stream
from ledger.domain.world import Command, World


@dataclass(frozen=True, slots=True, kw_only=True)
class VetoCommand(Command):
    """A command about the vetoes on one unit or one person."""

    cycle_id: str
    unit_id: str | None = None
    """The unit under veto; leave it out if a person is."""
    subject_id: str | None = None
    """The person under veto; leave it out if a unit is."""

    def stream(self) -> Stream[Vetoes]:
        return veto_stream(self.cycle_id, self.unit_id or self.subject_id or "")

    def lead(self, world: World) -> Cycle:
        """Act for the leading group over the subject, and return the cycle if the subject's grade may still move."""
        world.act(Role.LEADING)
        if (self.unit_id is None) == (self.subject_id is None):
            raise MalformedInput(path="unit_id", hint="Name either a unit or a person.")
        cycle, unit_id = self._over_unit(world) if self.subject_id is None else self._over_person(world)
        # A limited scope holds nobody who belongs to no unit or group: "" lies in none.
        group_id = cycle.membership[unit_id][0] if unit_id in cycle.membership else ""
        world.act(Role.LEADING, unit_id=unit_id, group_id=group_id)
        if self.subject_id is None:
            world.require_impartial(unit_id)
        else:
            self._require_another(world, self.subject_id)
        return cycle

    def _require_another(self, world: World, subject_id: str) -> None:
        if subject_id in world.persons:
            raise ConflictOfInterest(path="subject_id", person_id=subject_id)
        world.require_impartial(*world.own_units(subject_id), path="subject_id")

    def _over_unit(self, world: World) -> tuple[Cycle, str]:
        unit_id = self.unit_id or ""
        return cycle_with(world, self.cycle_id, unit_id), unit_id

    def _over_person(self, world: World) -> tuple[Cycle, str]:
        subject_id = self.subject_id or ""
        cycle = world.exists(cycle_stream(self.cycle_id), path="cycle_id", cycle_id=self.cycle_id)
        require_phase(cycle, BARRING_PERSONS, hint="The cycle is not open, or closed again.")
        person = world.exists(person_stream(subject_id), path="subject_id", person_id=subject_id)
        return cycle, person.home_unit_id or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImposeVeto(VetoCommand):
    """Cap or force the grade of a unit or a person, whatever the score."""

    rule: RuleRef
    matter: str
    occurred_on: date
    effect: VetoEffect
    grade: str
    evidence: tuple[str, ...]
    determined_by: str

    def decide(self, world: World) -> list[Fact]:
        cycle = self.lead(world)
        _check_rule(world, cycle, self.rule)
        self._check_grade(cycle.latest.plan)
        check_text(self.determined_by, path="determined_by")
        today = world.day(cycle.latest.plan)
        if self.occurred_on > today:
            raise OutOfRange(path="occurred_on", given=self.occurred_on, maximum=today)
        return [
            VetoImposed(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                rule=self.rule,
                matter=world.reason(self.matter, length_min=10, path="matter"),
                occurred_on=self.occurred_on,
                effect=self.effect,
                grade=self.grade,
                evidence=world.evidence(self.evidence, count_min=1),
                determined_by=self.determined_by,
            )
        ]

    def _check_grade(self, plan: Plan) -> None:
        """Require a grade of those that units have, or that cadres have if a person is under veto."""
        if self.subject_id is not None:
            grades = plan.cadres.grades if plan.cadres is not None else ()
        else:
            grades = plan.grading.names if plan.grading is not None else ()
        if self.grade not in grades:
            raise UnknownId(path="grade", grade=self.grade, grades=", ".join(grades))


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftVeto(VetoCommand):
    """Let a veto no longer hold; approved by another than who lifts it."""

    veto_position: int
    reason: str
    evidence: tuple[str, ...]
    approved_by: str

    def decide(self, world: World) -> list[Fact]:
        self.lead(world)
        veto = world.read(self.stream()).items.get(self.veto_position)
        if veto is None or (veto.unit_id, veto.subject_id) != (self.unit_id, self.subject_id):
            raise UnknownId(path="veto_position", position=self.veto_position)
        if not veto.active:
            raise NoChange(path="veto_position", lifted_position=veto.lifted_position)
        because = "who lifts a veto does not approve it alone"
        world.approved(self.approved_by, Role.LEADING, Role.DIRECTOR, because=because, unit_id=self.unit_id)
        units = (self.unit_id,) if self.unit_id is not None else world.own_units(self.subject_id or "")
        world.require_impartial(*units, persons=(self.approved_by,), path="approved_by")
        return [
            VetoLifted(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                veto_position=self.veto_position,
                reason=world.reason(self.reason, length_min=10),
                evidence=world.evidence(self.evidence, count_min=1),
                approved_by=self.approved_by,
            )
        ]


def _check_rule(world: World, cycle: Cycle, rule: RuleRef) -> None:
    require_rule(world, cycle, rule)
    if rule.source is RuleSource.PLAN and rule.article not in cycle.latest.plan.veto_articles:
        raise RuleNotFound(path="rule", rule_ref=str(rule), hint="The plan allows no veto under this article.")

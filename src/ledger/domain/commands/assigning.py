"""Commands about who answers for a target, and how it is broken down.

Source: domain.md 2.4 "Targets and responsibilities".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ledger.domain.commands.subjects import subject_of
from ledger.domain.facts import Fact, Stream
from ledger.domain.numbers import check_scale
from ledger.domain.persons import person_stream
from ledger.domain.refusals import DuplicateId, MalformedInput, NoChange, NoTarget, OutOfRange, UnknownId
from ledger.domain.reorganisation import reorganisation_stream
from ledger.domain.responsibility import (
    ChildTarget,
    Duty,
    Responsibilities,
    ResponsibilityAssigned,
    ResponsibilityChanged,
    ResponsibilityRole,
    TargetDecomposed,
    responsibility_stream,
    shortfall,
)
from ledger.domain.roles import Role
from ledger.domain.targets import target_stream
from ledger.domain.units import unit_stream
from ledger.domain.world import Command, World


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsibilityCommand(Command):
    """A command about who answers for the target of one unit on one indicator."""

    cycle_id: str
    unit_id: str
    """The unit whose target it is."""
    indicator_id: str

    def stream(self) -> Stream[Responsibilities]:
        return responsibility_stream(self.cycle_id, self.unit_id, self.indicator_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignResponsibility(ResponsibilityCommand):
    """Make a unit and a person answer for a target: first the one that leads, then those who take part."""

    role: ResponsibilityRole
    """Whether they lead or contribute."""
    responsible_unit_id: str
    responsible_person_id: str
    share: Decimal | None = None
    """The part of the target, from 0 to 1, that a unit takes; those who take part sum to at most 1."""
    due_on: date

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, unit_id=self.unit_id, indicator_id=self.indicator_id)
        subject_of(world, self.cycle_id, self.unit_id, self.indicator_id)
        known = world.read(self.stream())
        if (self.role is ResponsibilityRole.LEAD) == (known.lead is not None):
            lead = known.lead.responsible_unit_id if known.lead else None
            raise MalformedInput(path="role", lead=lead, hint="Exactly one unit leads, and it is assigned first.")
        _check_duty(world, known.duties, self.role, self.responsible_unit_id, self.responsible_person_id, self.share)
        return [
            ResponsibilityAssigned(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                role=self.role,
                responsible_unit_id=self.responsible_unit_id,
                responsible_person_id=self.responsible_person_id,
                share=self.share,
                due_on=self.due_on,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResponsibility(ResponsibilityCommand):
    """Let others answer in the same role, for another share, or until another day."""

    assigned_position: int
    responsible_unit_id: str
    responsible_person_id: str
    share: Decimal | None = None
    """The part of the target, from 0 to 1, that the unit takes from now on."""
    due_on: date
    reason: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, unit_id=self.unit_id, indicator_id=self.indicator_id)
        subject_of(world, self.cycle_id, self.unit_id, self.indicator_id)
        known = world.read(self.stream())
        duty = known.duty(self.assigned_position)
        if duty is None:
            raise UnknownId(path="assigned_position", position=self.assigned_position)
        wanted = (self.responsible_unit_id, self.responsible_person_id, self.share, self.due_on)
        if wanted == (duty.responsible_unit_id, duty.responsible_person_id, duty.share, duty.due_on):
            raise NoChange(path="assigned_position", position=duty.position)
        others = tuple(other for other in known.duties if other is not duty)
        _check_duty(world, others, duty.role, self.responsible_unit_id, self.responsible_person_id, self.share)
        return [
            ResponsibilityChanged(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                assigned_position=duty.position,
                responsible_unit_id=self.responsible_unit_id,
                responsible_person_id=self.responsible_person_id,
                share=self.share,
                due_on=self.due_on,
                reason=world.reason(self.reason, length_min=5),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecomposeTarget(ResponsibilityCommand):
    """Break a target down to units below; parts that sum to less than the whole are recorded as such."""

    children: tuple[ChildTarget, ...]
    """What each unit below is to reach."""

    def decide(self, world: World) -> list[Fact]:
        reorganised = world.read(reorganisation_stream(self.cycle_id))
        lead = world.read(self.stream()).on(world.today, self.indicator_id, reorganised).lead
        leading_unit_id = lead.responsible_unit_id if lead else self.unit_id
        world.act(Role.ASSESSED, Role.REPORTER, unit_id=leading_unit_id, indicator_id=self.indicator_id)
        subject = subject_of(world, self.cycle_id, self.unit_id, self.indicator_id)
        own = world.read(target_stream(self.cycle_id, self.unit_id, self.indicator_id))
        # Who has no target of their own has the plan's, from the position that issued it.
        target, position = own.target, own.position
        if target is None or position is None:
            target, position = subject.indicator.target, subject.cycle.latest.position
        if target is None:
            raise NoTarget(path="indicator_id", unit_id=self.unit_id, indicator_id=self.indicator_id)
        self._check_children(world, subject.indicator.scale)
        return [
            TargetDecomposed(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                target_position=position,
                parent_target=target,
                children=self.children,
                shortfall=shortfall(target, self.children),
            )
        ]

    def _check_children(self, world: World, scale: int) -> None:
        if not self.children:
            raise MalformedInput(path="children", hint="Name at least one unit.")
        if len({child.unit_id for child in self.children}) != len(self.children):
            raise DuplicateId(path="children", hint="Name each unit once.")
        for child in self.children:
            world.exists(unit_stream(child.unit_id), path="children", unit_id=child.unit_id)
            check_scale(child.target, scale, path="children")
            if child.target < 0:
                raise OutOfRange(path="children", unit_id=child.unit_id, given=child.target, minimum=0)


def _check_duty(
    world: World,
    others: tuple[Duty, ...],
    role: ResponsibilityRole,
    unit_id: str,
    person_id: str,
    share: Decimal | None,
) -> None:
    """Refuse a unit that answers already, names nobody knows, and shares beyond the whole."""
    world.exists(unit_stream(unit_id), path="responsible_unit_id", unit_id=unit_id)
    world.exists(person_stream(person_id), path="responsible_person_id", person_id=person_id)
    if any(other.responsible_unit_id == unit_id for other in others):
        raise DuplicateId(path="responsible_unit_id", unit_id=unit_id, hint="The unit answers for it already.")
    taken = sum((other.share or Decimal(0) for other in others if other.role is ResponsibilityRole.CO), Decimal(0))
    total = (share or Decimal(0)) + (taken if role is ResponsibilityRole.CO else Decimal(0))
    if total > 1 or (share is not None and share < 0):
        raise OutOfRange(path="share", given=share, taken=taken, hint="A share is not negative; all sum to at most 1.")

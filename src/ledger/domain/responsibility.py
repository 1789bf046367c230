"""Responsibility: which unit and which person answer for a target, and how it is broken down below them.

Source: domain.md 2.4 "Targets and responsibilities".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from ledger.domain.facts import Audience, Event, Fact, Stream
from ledger.domain.reorganisation import Reorganisations


class ResponsibilityRole(StrEnum):
    """Whether a unit leads or takes part."""

    LEAD = "LEAD"
    """Answers for the target; there is exactly one."""
    CO = "CO"
    """Takes part, for a share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildTarget:
    """The part of a target that a unit below is to reach."""

    unit_id: str
    target: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsibilityFact(Fact):
    """A fact about who answers for the target of one unit on one indicator."""

    AUDIENCE = Audience.EVERYBODY

    cycle_id: str
    unit_id: str
    """The unit whose target it is."""
    indicator_id: str

    @property
    def stream(self) -> str:
        return responsibility_stream(self.cycle_id, self.unit_id, self.indicator_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsibilityAssigned(ResponsibilityFact):
    """A unit and a person were made to answer for the target."""

    role: ResponsibilityRole
    """Whether they lead or contribute."""
    responsible_unit_id: str
    responsible_person_id: str
    share: Decimal | None = None
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsibilityChanged(ResponsibilityFact):
    """Others answer in the same role, for another share, or until another day."""

    CITES = "assigned_position"

    assigned_position: int
    responsible_unit_id: str
    responsible_person_id: str
    share: Decimal | None = None
    due_on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDecomposed(ResponsibilityFact):
    """The target was broken down to units below."""

    CITES = "target_position"

    target_position: int
    parent_target: Decimal
    children: tuple[ChildTarget, ...]
    shortfall: Decimal | None = None
    """By how much the parts sum to less than the target; None where they do not."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Somebody's part in a target, with the position that assigned it."""

    position: int
    role: ResponsibilityRole
    """Whether they lead or contribute."""
    responsible_unit_id: str
    responsible_person_id: str
    share: Decimal | None
    due_on: date
    since_position: int
    """What says so: the assignment, the last change of it, or the transfer of the duty to this unit."""


@dataclass(frozen=True, slots=True)
class Responsibilities:
    """Who answers for one target."""

    duties: tuple[Duty, ...] = ()
    children: tuple[ChildTarget, ...] = ()

    @property
    def lead(self) -> Duty | None:
        """Who leads, None before anybody does."""
        return next((duty for duty in self.duties if duty.role is ResponsibilityRole.LEAD), None)

    def duty(self, position: int) -> Duty | None:
        """The duty assigned at a position, None if none was."""
        return next((duty for duty in self.duties if duty.position == position), None)

    def on(self, day: date, indicator_id: str, reorganisations: Reorganisations) -> Responsibilities:
        """Who answers on a day: duties that were transferred by then are those of the units they went to."""
        return replace(
            self, duties=tuple(_transferred(duty, day, indicator_id, reorganisations) for duty in self.duties)
        )

    def evolve(self, event: Event, /) -> Responsibilities:
        """Return the state after `event`."""
        match event.fact:
            case ResponsibilityAssigned() as fact:
                duty = Duty(
                    event.position,
                    fact.role,
                    fact.responsible_unit_id,
                    fact.responsible_person_id,
                    fact.share,
                    fact.due_on,
                    event.position,
                )
                return replace(self, duties=(*self.duties, duty))
            case ResponsibilityChanged() as fact:
                duties = tuple(
                    _changed(duty, fact, event.position) if duty.position == fact.assigned_position else duty
                    for duty in self.duties
                )
                return replace(self, duties=duties)
            case TargetDecomposed() as fact:
                return replace(self, children=fact.children)
            case _:
                return self


def responsibility_stream(cycle_id: str, unit_id: str, indicator_id: str) -> Stream[Responsibilities]:
    """The stream of who answers for one target."""
    return Stream(f"responsibility:{cycle_id}:{unit_id}:{indicator_id}", Responsibilities())


def shortfall(parent: Decimal, children: Iterable[ChildTarget]) -> Decimal | None:
    """By how much the parts sum to less than the whole, None where they do not."""
    missing = parent - sum((child.target for child in children), Decimal(0))
    return missing if missing > 0 else None


def _transferred(duty: Duty, day: date, indicator_id: str, reorganisations: Reorganisations) -> Duty:
    unit_id, since = reorganisations.transferred(
        duty.responsible_unit_id, indicator_id, since=duty.since_position, on=day
    )
    return replace(duty, responsible_unit_id=unit_id, since_position=since)


def _changed(duty: Duty, fact: ResponsibilityChanged, position: int) -> Duty:
    return replace(
        duty,
        responsible_unit_id=fact.responsible_unit_id,
        responsible_person_id=fact.responsible_person_id,
        share=fact.share,
        due_on=fact.due_on,
        since_position=position,
    )

"""Key tasks and projects: what a unit is to get done besides its figures, milestone by milestone.

Source: domain.md 2.4 "Key tasks and projects".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from ledger.domain.facts import Audience, Event, Fact, Stream

PERCENT_MAX = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A step of a task, and how much of it the step is."""

    milestone_id: str
    title: str
    due_on: date
    share: Decimal
    """The part of the task, above 0; the steps sum to exactly 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTaskFact(Fact):
    """A fact about one key task."""

    AUDIENCE = Audience.RESULT

    cycle_id: str
    task_id: str
    unit_id: str
    """The unit that leads the task."""

    @property
    def stream(self) -> str:
        return task_stream(self.cycle_id, self.task_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTaskAssigned(KeyTaskFact):
    """A unit was given a task."""

    title: str
    responsible_person_id: str
    milestones: tuple[Milestone, ...]
    tags: tuple[str, ...] = ()
    indicator_id: str | None = None
    """The indicator that the task serves, where it serves one."""
    weight: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneFact(KeyTaskFact):
    """A fact about one step of a task."""

    milestone_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneReported(MilestoneFact):
    """The unit said how far a step is done."""

    percent: Decimal
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneVerified(MilestoneFact):
    """A second person confirmed what was reported."""

    CITES = "reported_position"

    reported_position: int
    percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneReturned(MilestoneFact):
    """What was reported was sent back."""

    CITES = "reported_position"

    reported_position: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTaskExtended(MilestoneFact):
    """A step got more time."""

    old_due_on: date
    new_due_on: date
    after_due: bool
    """Whether the step was overdue by then."""
    reason: str
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTaskCompleted(KeyTaskFact):
    """Every step is verified as done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTaskCancelled(KeyTaskFact):
    """The task was dropped."""

    reason: str
    approved_by: str


class TaskStatus(StrEnum):
    """Where a task stands."""

    NONE = "NONE"
    """Nobody was given it."""
    OPEN = "OPEN"
    """It is being worked on."""
    COMPLETED = "COMPLETED"
    """It is done."""
    CANCELLED = "CANCELLED"
    """Nobody has to do it any more."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A report on a step that nobody has verified or returned yet."""

    position: int
    percent: Decimal
    persons: frozenset[str]


@dataclass(frozen=True, slots=True)
class Step:
    """A milestone, and how far it is."""

    milestone: Milestone
    reported: Reported | None = None
    percent: Decimal = Decimal(0)
    """What is verified, of 100."""

    @property
    def done(self) -> bool:
        """Whether the step is verified as done in full."""
        return self.percent >= PERCENT_MAX


@dataclass(frozen=True, slots=True)
class KeyTask:
    """What decisions need to know of a task."""

    status: TaskStatus = TaskStatus.NONE
    unit_id: str = ""
    title: str = ""
    steps: tuple[Step, ...] = ()

    @property
    def progress(self) -> Fraction:
        """How much of the task is verified, exact, from 0 to 1."""
        return sum((Fraction(step.milestone.share) * Fraction(step.percent) / 100 for step in self.steps), Fraction(0))

    def step(self, milestone_id: str) -> Step | None:
        """One step, None if the task has none of this id."""
        return next((step for step in self.steps if step.milestone.milestone_id == milestone_id), None)

    def evolve(self, event: Event, /) -> KeyTask:
        """Return the task after `event`."""
        match event.fact:
            case KeyTaskAssigned() as fact:
                steps = tuple(Step(milestone) for milestone in fact.milestones)
                return KeyTask(TaskStatus.OPEN, fact.unit_id, fact.title, steps)
            case KeyTaskCompleted():
                return replace(self, status=TaskStatus.COMPLETED)
            case KeyTaskCancelled():
                return replace(self, status=TaskStatus.CANCELLED)
            case MilestoneFact() as fact:
                steps = tuple(
                    _evolved(step, event) if step.milestone.milestone_id == fact.milestone_id else step
                    for step in self.steps
                )
                return replace(self, steps=steps)
            case _:
                return self


def task_stream(cycle_id: str, task_id: str) -> Stream[KeyTask]:
    """The stream of one key task."""
    return Stream(f"task:{cycle_id}:{task_id}", KeyTask())


def overdue(task: KeyTask, today: date) -> tuple[Milestone, ...]:
    """The steps of an open task that were due before `today` and are not verified as done."""
    if task.status is not TaskStatus.OPEN:
        return ()
    return tuple(step.milestone for step in task.steps if not step.done and step.milestone.due_on < today)


def _evolved(step: Step, event: Event) -> Step:
    match event.fact:
        case MilestoneReported() as fact:
            return replace(step, reported=Reported(event.position, fact.percent, event.actor.persons))
        case MilestoneVerified() as fact:
            return replace(step, reported=None, percent=fact.percent)
        case MilestoneReturned():
            return replace(step, reported=None)
        case KeyTaskExtended() as fact:
            return replace(step, milestone=replace(step.milestone, due_on=fact.new_due_on))
        case _:
            return step

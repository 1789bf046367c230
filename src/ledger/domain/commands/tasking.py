"""Commands about key tasks: assigned by the office, reported by the unit, verified by another.

Source: domain.md 2.4 "Key tasks and projects".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ledger.domain.cycle import cycle_stream
from ledger.domain.facts import Fact, Stream
from ledger.domain.identifiers import check_id, check_text
from ledger.domain.key_tasks import (
    PERCENT_MAX,
    KeyTask,
    KeyTaskAssigned,
    KeyTaskCancelled,
    KeyTaskCompleted,
    KeyTaskExtended,
    Milestone,
    MilestoneReported,
    MilestoneReturned,
    MilestoneVerified,
    Reported,
    Step,
    TaskStatus,
    task_stream,
)
from ledger.domain.persons import person_stream
from ledger.domain.refusals import (
    AlreadyVerified,
    DuplicateId,
    MalformedInput,
    NotEntered,
    NotVerified,
    OutOfRange,
    StaleExpectedVersion,
    TaskClosed,
    UnknownId,
)
from ledger.domain.roles import Role
from ledger.domain.world import Command, World


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTaskCommand(Command):
    """A command about one key task."""

    cycle_id: str
    task_id: str

    def stream(self) -> Stream[KeyTask]:
        return task_stream(self.cycle_id, self.task_id)

    def act(self, world: World, *roles: Role) -> KeyTask:
        """Act in one of `roles` for the unit that leads the task, which is open. Raises UnknownId, TaskClosed."""
        task = world.exists(self.stream(), path="task_id", task_id=self.task_id)
        world.act(*roles, unit_id=task.unit_id)
        if task.status is not TaskStatus.OPEN:
            raise TaskClosed(path="task_id", status=task.status)
        return task

    def approved(self, world: World, approved_by: str) -> str:
        """Who approved, which is another person than who acts, and may."""
        because = "who records it does not approve it"
        return world.approved(approved_by, Role.DIRECTOR, Role.LEADING, because=because)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignKeyTask(KeyTaskCommand):
    """Give a unit a task, with the steps it is done in."""

    unit_id: str
    title: str
    responsible_person_id: str
    milestones: tuple[Milestone, ...]
    """The steps of the task, whose shares sum to exactly 1."""
    tags: tuple[str, ...] = ()
    """Campaigns to report by."""
    indicator_id: str | None = None
    weight: Decimal | None = None
    """How much the task counts among the unit's tasks, above 0."""

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, unit_id=self.unit_id)
        cycle = world.exists(cycle_stream(self.cycle_id), path="cycle_id", cycle_id=self.cycle_id)
        check_id(self.task_id, path="task_id")
        check_text(self.title, path="title")
        if world.read(self.stream()).status is not TaskStatus.NONE:
            raise DuplicateId(path="task_id", task_id=self.task_id)
        if self.unit_id not in cycle.membership:
            raise UnknownId(path="unit_id", unit_id=self.unit_id)
        world.exists(person_stream(self.responsible_person_id), path="responsible_person_id")
        if self.indicator_id is not None and cycle.latest.plan.indicator(self.indicator_id) is None:
            raise UnknownId(path="indicator_id", indicator_id=self.indicator_id)
        if self.weight is not None and self.weight <= 0:
            raise OutOfRange(path="weight", given=self.weight)
        self._check_milestones()
        return [
            KeyTaskAssigned(
                cycle_id=self.cycle_id,
                task_id=self.task_id,
                unit_id=self.unit_id,
                title=self.title,
                responsible_person_id=self.responsible_person_id,
                milestones=self.milestones,
                tags=self.tags,
                indicator_id=self.indicator_id,
                weight=self.weight,
            )
        ]

    def _check_milestones(self) -> None:
        for milestone in self.milestones:
            check_id(milestone.milestone_id, path="milestones")
            check_text(milestone.title, path="milestones")
        if len({milestone.milestone_id for milestone in self.milestones}) != len(self.milestones):
            raise DuplicateId(path="milestones", hint="Each step has one id.")
        total = sum((milestone.share for milestone in self.milestones), Decimal(0))
        if total != 1 or any(milestone.share <= 0 for milestone in self.milestones):
            raise MalformedInput(path="milestones", sum=total, hint="The shares are above 0 and sum to exactly 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneCommand(KeyTaskCommand):
    """A command about one step of a task."""

    milestone_id: str

    def step(self, task: KeyTask) -> Step:
        """The step that the command is about. Raises UnknownId."""
        step = task.step(self.milestone_id)
        if step is None:
            raise UnknownId(path="milestone_id", milestone_id=self.milestone_id)
        return step


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMilestone(MilestoneCommand):
    """Say how far a step is done; a new report takes the place of one that waits for verification."""

    percent: Decimal
    """How much of the step is done, of 100; more than what is verified."""
    evidence: tuple[str, ...] = ()

    def decide(self, world: World) -> list[Fact]:
        task = self.act(world, Role.REPORTER, Role.ASSESSED)
        step = self.step(task)
        if step.done:
            raise AlreadyVerified(path="milestone_id", milestone_id=self.milestone_id)
        if not step.percent < self.percent <= PERCENT_MAX:
            raise OutOfRange(path="percent", given=self.percent, verified=step.percent, maximum=PERCENT_MAX)
        return [
            MilestoneReported(
                cycle_id=self.cycle_id,
                task_id=self.task_id,
                unit_id=task.unit_id,
                milestone_id=self.milestone_id,
                percent=self.percent,
                evidence=world.evidence(self.evidence, count_min=0),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyMilestone(MilestoneCommand):
    """Confirm what was reported of a step: by another person than who reported it."""

    reported_position: int

    def decide(self, world: World) -> list[Fact]:
        task = self.act(world, Role.VERIFIER, Role.OFFICE, Role.DIRECTOR)
        reported = _reported(self.step(task), self.reported_position)
        world.differ(reported.persons, because="who reports a step does not verify it")
        return [
            MilestoneVerified(
                cycle_id=self.cycle_id,
                task_id=self.task_id,
                unit_id=task.unit_id,
                milestone_id=self.milestone_id,
                reported_position=reported.position,
                percent=reported.percent,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnMilestone(MilestoneCommand):
    """Send what was reported of a step back."""

    reported_position: int
    reason: str

    def decide(self, world: World) -> list[Fact]:
        task = self.act(world, Role.VERIFIER, Role.OFFICE, Role.DIRECTOR)
        reported = _reported(self.step(task), self.reported_position)
        return [
            MilestoneReturned(
                cycle_id=self.cycle_id,
                task_id=self.task_id,
                unit_id=task.unit_id,
                milestone_id=self.milestone_id,
                reported_position=reported.position,
                reason=world.reason(self.reason, length_min=5),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendKeyTask(MilestoneCommand):
    """Give a step more time, with another person's approval; that it was overdue is recorded."""

    new_due_on: date
    """The last day on which the step is due from now on."""
    reason: str
    approved_by: str

    def decide(self, world: World) -> list[Fact]:
        task = self.act(world, Role.OFFICE, Role.DIRECTOR)
        step = self.step(task)
        if step.done:
            raise AlreadyVerified(path="milestone_id", milestone_id=self.milestone_id)
        due_on = step.milestone.due_on
        if self.new_due_on <= due_on:
            raise MalformedInput(path="new_due_on", due_on=due_on, hint="An extension moves the day later.")
        return [
            KeyTaskExtended(
                cycle_id=self.cycle_id,
                task_id=self.task_id,
                unit_id=task.unit_id,
                milestone_id=self.milestone_id,
                old_due_on=due_on,
                new_due_on=self.new_due_on,
                after_due=world.day(world.read(cycle_stream(self.cycle_id)).latest.plan) > due_on,
                reason=world.reason(self.reason, length_min=5),
                approved_by=self.approved(world, self.approved_by),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteKeyTask(KeyTaskCommand):
    """End a task of which every step is verified as done."""

    def decide(self, world: World) -> list[Fact]:
        task = self.act(world, Role.OFFICE, Role.DIRECTOR)
        missing = [step.milestone.milestone_id for step in task.steps if not step.done]
        if missing:
            raise NotVerified(path="task_id", milestones=", ".join(missing), hint="Verify every step first.")
        return [KeyTaskCompleted(cycle_id=self.cycle_id, task_id=self.task_id, unit_id=task.unit_id)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelKeyTask(KeyTaskCommand):
    """Drop a task, with another person's approval."""

    reason: str
    approved_by: str

    def decide(self, world: World) -> list[Fact]:
        task = self.act(world, Role.OFFICE, Role.DIRECTOR)
        return [
            KeyTaskCancelled(
                cycle_id=self.cycle_id,
                task_id=self.task_id,
                unit_id=task.unit_id,
                reason=world.reason(self.reason, length_min=5),
                approved_by=self.approved(world, self.approved_by),
            )
        ]


def _reported(step: Step, position: int) -> Reported:
    """The report cited, which must be the one that waits for verification. Raises NotEntered, StaleExpectedVersion."""
    if step.reported is None:
        raise NotEntered(path="reported_position", position=position, hint="No report waits for verification.")
    if step.reported.position != position:
        raise StaleExpectedVersion(path="reported_position", cited=position, newest=step.reported.position)
    return step.reported

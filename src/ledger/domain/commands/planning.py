"""Commands about measures, cycles, plan versions, calendars and groups.

Source: domain.md 2.3, 2.4 "Measures and plan", C1 to C3 of 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from ledger.domain.commands.bringing import require_carried
from ledger.domain.commands.exempting import require_weights
from ledger.domain.commands.moving import graded_among, require_movable, require_phase
from ledger.domain.cycle import (
    CalendarAmended,
    Cycle,
    CycleOpened,
    CyclePlanned,
    EntryClosed,
    PlanVersion,
    PlanVersionIssued,
    UnitAssignedToGroup,
    cycle_stream,
)
from ledger.domain.facts import Fact
from ledger.domain.identifiers import check_id, check_text
from ledger.domain.measures import Article, MeasuresIssued, MeasuresRepealed, MeasuresRevised, measures_stream
from ledger.domain.phases import CHANGING_PLAN, ENTERING, FIXING_CALENDAR, MOVING_UNITS, OPENING, Phase
from ledger.domain.plan import Deadline, Participation, Plan
from ledger.domain.plan_change import (
    check_change,
    check_deadlines_kept,
    check_vetoes_kept,
    fixes_calendar,
    grades_given_up,
)
from ledger.domain.plan_check import check_calendar, check_plan
from ledger.domain.refusals import (
    DuplicateId,
    InvalidPeriod,
    MalformedInput,
    NoChange,
    PlanChangeNeedsApproval,
    ReferencedEntityInUse,
    RuleNotFound,
    RuleNotInForce,
    StaleExpectedVersion,
    UnknownId,
)
from ledger.domain.roles import Role
from ledger.domain.units import unit_stream
from ledger.domain.world import Command, World


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueMeasures(Command):
    """Issue a version of the standing implementation measures, whole."""

    measures_id: str
    title: str
    articles: tuple[Article, ...] = ()
    in_force_from: date
    evidence: tuple[str, ...] = ()

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.LEADING)
        check_id(self.measures_id, path="measures_id")
        check_text(self.title, path="title")
        measures = world.read(measures_stream(self.measures_id))
        kind = MeasuresRevised if measures.versions else MeasuresIssued
        return [
            kind(
                measures_id=self.measures_id,
                measures_version=len(measures.versions) + 1,
                title=self.title,
                articles=self.articles,
                in_force_from=self.in_force_from,
                evidence=world.evidence(self.evidence, count_min=0),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepealMeasures(Command):
    """Repeal standing measures from a day on."""

    measures_id: str
    repealed_from: date

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.LEADING)
        measures = world.exists(measures_stream(self.measures_id), path="measures_id", measures_id=self.measures_id)
        if measures.repealed_from is not None:
            raise NoChange(path="measures_id")
        return [MeasuresRepealed(measures_id=self.measures_id, repealed_from=self.repealed_from)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCycle(Command):
    """Lay out an assessment year under a version of the measures."""

    cycle_id: str
    title: str
    starts_on: date
    ends_on: date
    measures_id: str
    measures_version: int

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR)
        check_id(self.cycle_id, path="cycle_id")
        check_text(self.title, path="title")
        if world.read(cycle_stream(self.cycle_id)).phase is not Phase.DRAFT:
            raise DuplicateId(path="cycle_id", cycle_id=self.cycle_id)
        if self.ends_on < self.starts_on:
            raise MalformedInput(path="ends_on", hint="The cycle ends before it starts.")
        measures = world.read(measures_stream(self.measures_id))
        version = measures.version(self.measures_version)
        if version is None:
            raise RuleNotFound(path="measures_version", measures_id=self.measures_id, version=self.measures_version)
        if measures.repealed_from is not None and measures.repealed_from <= world.today:
            raise RuleNotInForce(path="measures_id", measures_id=self.measures_id, repealed_from=measures.repealed_from)
        if version.in_force_from > max(self.starts_on, world.today):
            raise RuleNotInForce(path="measures_version", in_force_from=version.in_force_from)
        return [
            CyclePlanned(
                cycle_id=self.cycle_id,
                title=self.title,
                starts_on=self.starts_on,
                ends_on=self.ends_on,
                measures_id=self.measures_id,
                measures_version=self.measures_version,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePlanVersion(Command):
    """Issue a version of the plan, whole; once entry is open the leading group has to approve it.

    After entry closed a version changes nothing but the calendar, until a restatement of every
    graded group lets any of it change; the grades are then to be revised.
    """

    cycle_id: str
    content: Plan
    based_on: int | None = None
    in_force_from_period: str | None = None
    summary: str
    approved_by: str | None = None

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR)
        cycle = _cycle(world, self.cycle_id)
        newest = cycle.versions[-1].plan_version if cycle.versions else None
        if self.based_on != newest:
            raise StaleExpectedVersion(path="based_on", based_on=self.based_on, newest=newest)
        check_text(self.summary, path="summary")
        check_plan(self.content)
        if self.in_force_from_period is not None and self.in_force_from_period not in self.content.periods:
            raise InvalidPeriod(path="in_force_from_period", given=self.in_force_from_period)
        self._check_change(world, cycle)
        require_carried(world, cycle, self.content)
        issued = PlanVersion(
            plan_version=(newest or 0) + 1,
            position=0,
            plan=self.content,
            in_force_from_period=self.in_force_from_period,
        )
        require_weights(replace(cycle, versions=(*cycle.versions, issued), assigned=()), path="content.indicators")
        return [
            PlanVersionIssued(
                cycle_id=self.cycle_id,
                plan_version=(newest or 0) + 1,
                based_on=self.based_on,
                content=self.content,
                content_hash=self.content.content_hash(),
                in_force_from_period=self.in_force_from_period,
                summary=self.summary,
                approved_by=self.approved_by,
            )
        ]

    def _check_change(self, world: World, cycle: Cycle) -> None:
        if self.approved_by is not None:
            because = "who issues a plan version does not approve it"
            world.approved(self.approved_by, Role.LEADING, because=because)
        if cycle.phase is Phase.PLANNED:
            return
        self._require_changeable(world, cycle)
        if self.approved_by is None:
            raise PlanChangeNeedsApproval(path="approved_by", cycle_id=self.cycle_id)
        old = cycle.latest.plan
        check_change(old, self.content, in_force_from_period=self.in_force_from_period, today=world.day(old))
        given_up = grades_given_up(old, self.content)
        if any(given_up):
            # Only then is the whole cycle looked at: a veto may be on anybody.
            check_vetoes_kept(given_up, world.recall(self.cycle_id).rulings(self.cycle_id).vetoes)
        for unit_id in self.content.unit_ids:
            world.exists(unit_stream(unit_id), path="content.unit_ids", unit_id=unit_id)

    def _require_changeable(self, world: World, cycle: Cycle) -> None:
        """Refuse after entry closed what changes more than the calendar, unless a restatement covers all that it moves.

        A plan is one for all groups: whichever are graded have to be restated together.
        """
        groups = [group.group_id for group in cycle.latest.plan.groups]
        graded = graded_among(world, self.cycle_id, groups)
        fixes = fixes_calendar(cycle, self.content, in_force_from_period=self.in_force_from_period)
        hint = "After entry closed a version changes the calendar and nothing else; the rest only inside a restatement."
        phases = FIXING_CALENDAR if fixes or graded else CHANGING_PLAN
        require_movable(world, self.cycle_id, groups, phases, hint=hint)
        for group_id in graded:
            if self.content.group(group_id) is None:
                raise ReferencedEntityInUse(path="content.groups", id=group_id, hint="Its grades are opened.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendCalendar(Command):
    """Move deadlines, or name the days off and the make-up workdays anew; a passed deadline never moves backwards."""

    cycle_id: str
    deadlines: tuple[Deadline, ...]
    """Those that move, each for one period or for all; none if only days off change."""
    holidays: tuple[date, ...] | None = None
    """Every day off from now on; leave out to keep them."""
    makeup_workdays: tuple[date, ...] | None = None
    """Every weekend day that is worked from now on; leave out to keep them."""
    reason: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.DIRECTOR)
        cycle = _cycle(world, self.cycle_id)
        plan = cycle.latest.plan
        check_deadlines_kept(plan, self.deadlines, today=world.day(plan), path="deadlines")
        amended = CalendarAmended(
            cycle_id=self.cycle_id,
            deadlines=self.deadlines,
            holidays=self.holidays,
            makeup_workdays=self.makeup_workdays,
            reason=world.reason(self.reason, length_min=5),
        )
        versions = [(version, version.amended(amended)) for version in cycle.versions]
        check_calendar(versions[-1][1].plan)
        if all(old.plan.calendar.says_as(new.plan.calendar) for old, new in versions):
            raise NoChange(path="deadlines", hint="The calendar has these days already.")
        return [amended]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignUnitToGroup(Command):
    """Let a unit take part in another group, or in another way; during entry the leading group decides."""

    cycle_id: str
    unit_id: str
    group_id: str
    participation: Participation = Participation.RANKED
    reason: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, Role.LEADING)
        cycle = _cycle(world, self.cycle_id)
        require_phase(cycle, MOVING_UNITS)
        if cycle.phase is Phase.OPEN:
            world.act(Role.LEADING)
        if self.unit_id not in cycle.membership:
            raise UnknownId(path="unit_id", unit_id=self.unit_id)
        if cycle.latest.plan.group(self.group_id) is None:
            raise UnknownId(path="group_id", group_id=self.group_id)
        if cycle.membership[self.unit_id] == (self.group_id, self.participation):
            raise NoChange(path="group_id")
        others = tuple(assigned for assigned in cycle.assigned if assigned[0] != self.unit_id)
        assigned = (self.unit_id, self.group_id, self.participation)
        require_weights(replace(cycle, assigned=(*others, assigned)), path="group_id")
        return [
            UnitAssignedToGroup(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                group_id=self.group_id,
                participation=self.participation,
                reason=world.reason(self.reason, length_min=5),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCycle(Command):
    """Begin the entry of scores."""

    cycle_id: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR)
        cycle = _cycle(world, self.cycle_id)
        require_phase(cycle, OPENING, hint="A cycle opens once.")
        for unit_id in cycle.latest.plan.unit_ids:
            world.exists(unit_stream(unit_id), path="cycle_id", unit_id=unit_id, hint="Register it first.")
        return [CycleOpened(cycle_id=self.cycle_id)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseEntry(Command):
    """End the entry of scores; verification and corrections go on."""

    cycle_id: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR)
        cycle = _cycle(world, self.cycle_id)
        require_phase(cycle, ENTERING, hint="Entry is not open.")
        return [EntryClosed(cycle_id=self.cycle_id)]


def _cycle(world: World, cycle_id: str) -> Cycle:
    return world.exists(cycle_stream(cycle_id), path="cycle_id", cycle_id=cycle_id)

"""Commands from computed results over public notice to opened and revised grades.

Source: domain.md 2.3, 2.4 "Results and grades", 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger.domain.commands.moving import require_movable, require_phase
from ledger.domain.commands.rules import require_rule
from ledger.domain.cycle import Cycle, cycle_stream
from ledger.domain.facts import Fact, Stream
from ledger.domain.given_grades import allocation_of
from ledger.domain.grading import (
    GradeExceptionGranted,
    Grading,
    PublicNoticeEnded,
    PublicNoticeStarted,
    ReportAudience,
    ResultsComputed,
    TieResolved,
    grading_stream,
)
from ledger.domain.identifiers import check_text
from ledger.domain.periods import end_of
from ledger.domain.phases import COMPUTING, GRADING
from ledger.domain.plan import Participation
from ledger.domain.quota import GradingRules
from ledger.domain.recall import Recall
from ledger.domain.refusals import (
    GradesAlreadyOpened,
    MalformedInput,
    NoChange,
    OutOfRange,
    PhaseViolation,
    QuotaExceeded,
    UnknownId,
)
from ledger.domain.reporting import computed_results
from ledger.domain.results import Results
from ledger.domain.roles import Role
from ledger.domain.rule_reference import RuleRef
from ledger.domain.score import Basis
from ledger.domain.settlement import participants, settle
from ledger.domain.working_days import after_working_days
from ledger.domain.world import Command, World


@dataclass(frozen=True, slots=True, kw_only=True)
class GradingCommand(Command):
    """A command about the results and grades of one group."""

    cycle_id: str
    group_id: str

    def stream(self) -> Stream[Grading]:
        return grading_stream(self.cycle_id, self.group_id)

    def cycle(self, world: World) -> Cycle:
        """The cycle, which has the group. Raises UnknownId."""
        cycle = world.exists(cycle_stream(self.cycle_id), path="cycle_id", cycle_id=self.cycle_id)
        if cycle.latest.plan.group(self.group_id) is None:
            raise UnknownId(path="group_id", group_id=self.group_id)
        return cycle

    def grading(self, world: World) -> Grading:
        """Where the group's grading stands."""
        return world.read(self.stream())

    def settled(self, world: World, basis: Basis = Basis.OFFICIAL) -> tuple[Recall, Results]:
        """Everything known of the cycle now, and the group's results that follow from it."""
        recall = world.recall(self.cycle_id)
        return recall, settle(recall.slice(self.cycle_id, self.group_id, period=None, basis=basis))


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeResults(GradingCommand):
    """Settle a group's results as of now and bind them by hash to the position they follow from."""

    basis: Basis = Basis.OFFICIAL

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, group_id=self.group_id)
        self.cycle(world)
        require_movable(world, self.cycle_id, (self.group_id,), COMPUTING)
        _, results = self.settled(world, self.basis)
        return [computed_results(results)]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPublicNotice(GradingCommand):
    """Put computed results up for objections, for at least the plan's number of working days."""

    results_position: int
    audience: ReportAudience = ReportAudience.PUBLIC
    until_on: date | None = None
    """The last day; the shortest notice that the plan allows if left out."""

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, group_id=self.group_id)
        cycle, grading = self.cycle(world), self.grading(world)
        if grading.graded:
            raise GradesAlreadyOpened(cycle_id=self.cycle_id, group_id=self.group_id)
        require_phase(cycle, GRADING, hint="A notice follows when entry is closed.")
        results = computed_at(grading, self.results_position)
        if results.basis is not Basis.OFFICIAL:
            raise MalformedInput(path="results_position", basis=results.basis, hint="Only official results are shown.")
        if grading.notice is not None and grading.notice.ended_position is None:
            raise NoChange(path="results_position", hint="A notice is running; end it first.")
        plan = cycle.latest.plan
        today = world.day(plan)
        shortest = after_working_days(today, plan.limits.notice_working_days, plan.calendar)
        if self.until_on is not None and self.until_on < shortest:
            raise OutOfRange(path="until_on", given=self.until_on, earliest=shortest)
        return [
            PublicNoticeStarted(
                cycle_id=self.cycle_id,
                group_id=self.group_id,
                results_position=self.results_position,
                from_on=today,
                until_on=self.until_on or shortest,
                audience=self.audience,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPublicNotice(GradingCommand):
    """Record that the time for objections is over."""

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, group_id=self.group_id)
        cycle, notice = self.cycle(world), self.grading(world).notice
        if notice is None or notice.ended_position is not None:
            raise PhaseViolation(cycle_id=self.cycle_id, group_id=self.group_id, hint="No notice is running.")
        ends_at = end_of(notice.until_on, cycle.latest.plan.timezone)
        if world.now < ends_at:
            raise PhaseViolation(until_on=notice.until_on, hint="The notice is still running.")
        return [PublicNoticeEnded(cycle_id=self.cycle_id, group_id=self.group_id, started_position=notice.position)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveTie(GradingCommand):
    """Decide who of the units that are tied at a cut gets the grade."""

    grade: str
    admitted: tuple[str, ...]
    criterion: str
    rule: RuleRef
    evidence: tuple[str, ...]

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.LEADING, group_id=self.group_id)
        require_rule(world, self.cycle(world), self.rule)
        require_movable(world, self.cycle_id, (self.group_id,), GRADING)
        check_text(self.criterion, path="criterion")
        _, results = self.settled(world)
        tie = results.opening.tie if results.opening is not None else None
        if tie is None or tie.grade != self.grade:
            raise MalformedInput(path="grade", given=self.grade, hint="No units are tied at this cut.")
        if len(self.admitted) != tie.seats or len(set(self.admitted) & set(tie.unit_ids)) != len(self.admitted):
            raise QuotaExceeded(path="admitted", tied=", ".join(tie.unit_ids), seats=tie.seats)
        return [
            TieResolved(
                cycle_id=self.cycle_id,
                group_id=self.group_id,
                grade=self.grade,
                tied=tie.unit_ids,
                admitted=self.admitted,
                criterion=self.criterion,
                rule=self.rule,
                evidence=world.evidence(self.evidence, count_min=1),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantGradeException(GradingCommand):
    """Give a unit a grade outside the quota, under a rule; it is counted and reported apart."""

    unit_id: str
    grade: str
    rule: RuleRef
    reason: str
    evidence: tuple[str, ...]

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.LEADING, group_id=self.group_id)
        cycle, grading = self.cycle(world), self.grading(world)
        rules = rules_of(cycle)
        require_rule(world, cycle, self.rule)
        require_movable(world, self.cycle_id, (self.group_id,), GRADING)
        if self.grade not in rules.names:
            raise UnknownId(path="grade", grade=self.grade)
        if dict(participants(cycle, self.group_id)).get(self.unit_id) is not Participation.RANKED:
            raise UnknownId(path="unit_id", unit_id=self.unit_id, hint="It is not ranked in this group.")
        if any(granted.unit_id == self.unit_id for _, granted in grading.exceptions):
            raise NoChange(path="unit_id", hint="It has an exception already.")
        self._require_one_left(world, cycle, rules)
        self._require_raised(world, rules)
        return [
            GradeExceptionGranted(
                cycle_id=self.cycle_id,
                group_id=self.group_id,
                unit_id=self.unit_id,
                grade=self.grade,
                rule=self.rule,
                reason=world.reason(self.reason, length_min=10),
                evidence=world.evidence(self.evidence, count_min=1),
            )
        ]

    def _require_one_left(self, world: World, cycle: Cycle, rules: GradingRules) -> None:
        """Refuse more exceptions than the plan allows, in all groups together. Raises QuotaExceeded."""
        groups = (group.group_id for group in cycle.latest.plan.groups)
        granted = sum(len(world.read(grading_stream(self.cycle_id, group_id)).exceptions) for group_id in groups)
        if granted >= rules.exceptions_max:
            raise QuotaExceeded(path="grade", granted=granted, exceptions_max=rules.exceptions_max)

    def _require_raised(self, world: World, rules: GradingRules) -> None:
        """Refuse an exception that leaves the unit its grade. Raises NoChange, and GradeTieUnresolved before it."""
        _, results = self.settled(world)
        allocation = allocation_of(results)
        without, limit = allocation.grades[self.unit_id], allocation.limits.get(self.unit_id)
        place = rules.names.index
        if place(self.grade) >= place(without):
            raise NoChange(path="grade", given=self.grade, without=without, hint="The unit has this grade anyway.")
        if limit is not None and place(self.grade) < place(limit):
            raise NoChange(path="grade", given=self.grade, best=limit, hint="A veto keeps the unit from this grade.")


def rules_of(cycle: Cycle) -> GradingRules:
    """How the plan opens grades. Raises PhaseViolation where it opens none."""
    rules = cycle.latest.plan.grading
    if rules is None:
        raise PhaseViolation(hint="The plan has no rules for grades.")
    return rules


def computed_at(grading: Grading, position: int) -> ResultsComputed:
    """The results computed at a position. Raises UnknownId."""
    results = grading.results(position)
    if results is None:
        raise UnknownId(path="results_position", position=position, hint="No results were computed there.")
    return results

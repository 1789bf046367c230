"""Commands that give grades: opened once on computed results, revised inside a restatement.

Source: domain.md 2.4 "Results and grades", 3.9, 3.11.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.commands.grading import GradingCommand, computed_at
from ledger.domain.commands.moving import require_phase, require_restatement
from ledger.domain.facts import Fact
from ledger.domain.fingerprint import fingerprint
from ledger.domain.given_grades import allocation_of, opened_grades, revised_grades
from ledger.domain.grade_opening import pool_of
from ledger.domain.grading import GradedUnit, Grading, RestatementPolicy, grading_stream
from ledger.domain.phases import GRADING
from ledger.domain.plan import Participation
from ledger.domain.recall import Recall
from ledger.domain.refusals import (
    DuplicateId,
    GradesAlreadyOpened,
    MalformedInput,
    PhaseViolation,
    QuotaExceeded,
    ResultsIncomplete,
    ResultsStale,
    UnknownId,
)
from ledger.domain.reporting import recalled
from ledger.domain.results import Results
from ledger.domain.roles import Role
from ledger.domain.score import Basis
from ledger.domain.settlement import ENGINE_VERSION, concerned
from ledger.domain.tables import result_rows
from ledger.domain.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeGiven:
    """A unit with the grade that the sender expects it to get."""

    unit_id: str
    grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGrades(GradingCommand):
    """Open a group's grades on computed results, strictly by the plan's proportions."""

    results_position: int
    allocation: tuple[GradeGiven, ...] = ()
    """The grades that the minutes say, compared with the recomputation; nothing is compared if left out."""

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.LEADING, group_id=self.group_id)
        cycle, grading = self.cycle(world), self.grading(world)
        if grading.graded:
            raise GradesAlreadyOpened(cycle_id=self.cycle_id, group_id=self.group_id)
        require_phase(cycle, GRADING, hint="Close entry first.")
        if grading.notice is None or grading.notice.ended_position is None:
            raise PhaseViolation(group_id=self.group_id, hint="Grades are opened after the public notice has ended.")
        results = _recomputed(self, world, grading)
        opened = opened_grades(results, results_position=self.results_position)
        _compare(self.allocation, opened.allocation)
        _require_shared(world, self, results)
        return [opened]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseGrades(GradingCommand):
    """Open a group's grades again inside a restatement."""

    results_position: int
    supersedes_position: int
    policy: RestatementPolicy = RestatementPolicy.RECOMPUTE_ALL
    at_fault: tuple[str, ...] = ()

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.LEADING, group_id=self.group_id)
        self.cycle(world)
        grading = self.grading(world)
        restatement = require_restatement(world, self.cycle_id, self.group_id)
        current = grading.current
        if current is None or current.position != self.supersedes_position:
            latest = current.position if current is not None else None
            raise MalformedInput(path="supersedes_position", given=self.supersedes_position, latest=latest)
        results = _recomputed(self, world, grading)
        for unit_id in self.at_fault:
            if results.row(unit_id) is None:
                raise UnknownId(path="at_fault", unit_id=unit_id)
        return [
            revised_grades(
                results,
                grading,
                results_position=self.results_position,
                restatement=restatement,
                policy=self.policy,
                at_fault=self.at_fault,
            )
        ]


def _recomputed(command: OpenGrades | ReviseGrades, world: World, grading: Grading) -> Results:
    """The results as of now, which are those cited, and on which grades can be opened. Source: domain.md C5."""
    cited = computed_at(grading, command.results_position)
    if cited.basis is not Basis.OFFICIAL:
        raise MalformedInput(path="results_position", basis=cited.basis, hint="Only official results are graded.")
    recall, results = command.settled(world)
    unit_ids = concerned(results.slice.cycle, results.slice.rulings, command.group_id)
    moved = recall.moved(command.cycle_id, unit_ids)
    if cited.as_of_position < moved:
        raise ResultsStale(path="results_position", as_of=cited.as_of_position, moved_at=moved)
    if fingerprint(result_rows(results)) != cited.table_hash:
        raise ResultsStale(path="results_position", engine=ENGINE_VERSION, computed_with=cited.engine_version)
    _require_settled(command, recall, results, unit_ids)
    return results


def _require_settled(command: OpenGrades | ReviseGrades, recall: Recall, results: Results, unit_ids: set[str]) -> None:
    """Refuse while a score or a tally is missing, a correction is asked for, or an appeal is open.

    Of groups that share a quota each has to be settled: all compete for its seats.
    """
    others = recalled(recall, command.cycle_id, _sharing(command, results))
    rows = [row for each in (results, *others) for row in each.rows if row.participation is Participation.RANKED]
    campaigns = {each for row in rows for each in row.awaited}
    if campaigns:
        hint = "Close the campaigns and tally them first."
        raise ResultsIncomplete(path="results_position", campaigns=", ".join(sorted(campaigns)), hint=hint)
    lacking = [row.unit_id for row in rows if not row.complete]
    if lacking:
        raise ResultsIncomplete(path="results_position", missing=", ".join(lacking))
    requests = recall.requests(command.cycle_id, unit_ids)
    if requests:
        raise ResultsIncomplete(correction_requests=", ".join(map(str, requests)))
    appeals = recall.rulings(command.cycle_id).appeals.open_in(unit_ids)
    if appeals and not results.plan.graded_subject_to_appeal:
        raise ResultsIncomplete(appeals=", ".join(str(appeal.position) for appeal in appeals))


def _sharing(command: OpenGrades | ReviseGrades, results: Results) -> list[str]:
    """The other groups that share the group's quota."""
    return [each for each in pool_of(results.slice.cycle, command.group_id) if each != command.group_id]


def _require_shared(world: World, command: OpenGrades, results: Results) -> None:
    """Refuse if a group that shares the quota was graded before and would now be graded otherwise."""
    allocation = allocation_of(results)
    for group_id in _sharing(command, results):
        earlier = world.read(grading_stream(command.cycle_id, group_id)).current
        for unit_id, grade in earlier.grades.items() if earlier is not None else ():
            if allocation.grades.get(unit_id, grade) != grade:
                hint = f"{group_id} shares the quota and was graded before; restate it first."
                raise QuotaExceeded(unit_id=unit_id, given=grade, follows=allocation.grades[unit_id], hint=hint)


def _compare(given: tuple[GradeGiven, ...], units: tuple[GradedUnit, ...]) -> None:
    """Refuse an allocation that differs from the recomputation; one that is left out differs from nothing."""
    follows = {unit.unit_id: unit.grade for unit in units}
    said = {each.unit_id: each.grade for each in given}
    if len(said) != len(given):
        raise DuplicateId(path="allocation", hint="One grade for each unit.")
    for unit_id in sorted(said.keys() | follows.keys()) if given else ():
        if said.get(unit_id) != follows.get(unit_id):
            raise QuotaExceeded(
                path="allocation", unit_id=unit_id, given=said.get(unit_id), follows=follows.get(unit_id)
            )

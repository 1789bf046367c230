"""Commands of those who judge appeals: the office lets them in, others than those who decided before decide.

Source: domain.md 2.4 "Appeals".
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from ledger.domain.appeal import (
    PANEL_LEVEL,
    Appeal,
    AppealAccepted,
    AppealAssigned,
    AppealDecided,
    AppealHeard,
    AppealImplemented,
    AppealInadmissible,
    AppealKind,
    AppealOutcome,
    AppealStatus,
    PanelMember,
)
from ledger.domain.commands.appealing import AppealStepCommand
from ledger.domain.cycle import Cycle
from ledger.domain.facts import Fact, Stream
from ledger.domain.grading import GradesRevised
from ledger.domain.periods import local_day
from ledger.domain.refusals import (
    AppealNotOpen,
    ConflictOfInterest,
    ForbiddenRole,
    MalformedInput,
    OutOfRange,
    ReasonRequired,
    UnknownId,
)
from ledger.domain.roles import Role
from ledger.domain.score import Score, ScoreFact, score_stream
from ledger.domain.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptAppeal(AppealStepCommand):
    """Let an appeal be looked into."""

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, unit_id=self.unit_id)
        self.cycle(world)
        appeal = self.appeal(world, AppealStatus.FILED)
        return [
            AppealAccepted(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                appeal_position=appeal.position,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareAppealInadmissible(AppealStepCommand):
    """Turn an appeal away without looking into it."""

    reason: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, unit_id=self.unit_id)
        self.cycle(world)
        appeal = self.appeal(world, AppealStatus.FILED)
        return [
            AppealInadmissible(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                appeal_position=appeal.position,
                reason=world.reason(self.reason, length_min=10),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignAppeal(AppealStepCommand):
    """Name the panel that decides an appeal, each member with a declaration of no conflict."""

    panel: tuple[PanelMember, ...]

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, unit_id=self.unit_id)
        self.cycle(world)
        appeal = self.appeal(world, AppealStatus.ACCEPTED)
        if appeal.level != PANEL_LEVEL:
            raise AppealNotOpen(path="appeal_position", level=appeal.level, hint="The leading group decides it itself.")
        members = [member.person_id for member in self.panel]
        if not members or len(set(members)) < len(members):
            raise MalformedInput(path="panel", hint="Name at least one person, and nobody twice.")
        for member in self.panel:
            world.require_holder(member.person_id, Role.PANEL, path="panel", unit_id=self.unit_id)
            world.evidence((member.declaration,), count_min=1)
        _require_impartial(world, appeal, members, path="panel")
        return [
            AppealAssigned(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                appeal_position=appeal.position,
                panel=self.panel,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class HearAppeal(AppealStepCommand):
    """Note that whoever appeals was heard."""

    heard_on: date
    evidence: tuple[str, ...]

    def decide(self, world: World) -> list[Fact]:
        cycle, appeal = _judged(self, world, AppealStatus.ACCEPTED)
        today = world.day(cycle.latest.plan)
        if not local_day(appeal.asked_at, cycle.latest.plan.timezone) <= self.heard_on <= today:
            raise OutOfRange(path="heard_on", given=self.heard_on, maximum=today)
        return [
            AppealHeard(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                appeal_position=appeal.position,
                heard_on=self.heard_on,
                evidence=world.evidence(self.evidence, count_min=1),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideAppeal(AppealStepCommand):
    """Decide an appeal: the panel at level 1, the leading group at level 2, in whichever direction."""

    outcome: AppealOutcome
    findings: str
    directs: str | None = None
    evidence: tuple[str, ...]

    def decide(self, world: World) -> list[Fact]:
        cycle, appeal = _judged(self, world, AppealStatus.ACCEPTED, AppealStatus.HEARD)
        if self.directs is not None and self.outcome is AppealOutcome.DISMISSED:
            raise MalformedInput(path="directs", hint="An appeal that is dismissed leaves everything as it is.")
        if self.directs is None and self.outcome is not AppealOutcome.DISMISSED:
            raise ReasonRequired(path="directs", hint="Say what has to be done.")
        plan = cycle.latest.plan
        directs = self.directs
        return [
            AppealDecided(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                appeal_position=appeal.position,
                level=appeal.level,
                outcome=self.outcome,
                findings=world.reason(self.findings, length_min=10, path="findings"),
                directs=None if directs is None else world.reason(directs, length_min=5, path="directs"),
                late=world.day(plan) > appeal.answer_due_on(plan),
                evidence=world.evidence(self.evidence, count_min=1),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplementAppeal(AppealStepCommand):
    """Note by which later events a decision on an appeal was carried out."""

    correction_positions: tuple[int, ...]

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, unit_id=self.unit_id)
        cycle = self.cycle(world)
        appeal = self.appeal(world, AppealStatus.DECIDED)
        if appeal.verdict is None or not appeal.verdict.grants or appeal.correction_positions:
            raise AppealNotOpen(path="appeal_position", hint="There is nothing left to carry out.")
        if not self.correction_positions:
            raise MalformedInput(path="correction_positions", hint="Cite what was done.")
        for position in self.correction_positions:
            event = world.event(position, path="correction_positions")
            if position < appeal.verdict.position or not self._carries_out(world, cycle, appeal, event.fact, position):
                raise UnknownId(path="correction_positions", position=position, hint="It does not carry this out.")
        return [
            AppealImplemented(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                appeal_position=appeal.position,
                correction_positions=self.correction_positions,
            )
        ]

    def _carries_out(self, world: World, cycle: Cycle, appeal: Appeal, fact: Fact, position: int) -> bool:
        """Whether a fact changes what was contested: the score's value, else something about whoever appealed."""
        if appeal.fact.kind is AppealKind.SCORE:
            return _contested_score(fact, appeal) and position in world.read(_score(appeal)).value_positions
        if isinstance(fact, GradesRevised) and self.unit_id is not None:
            return (fact.cycle_id, fact.group_id) == (self.cycle_id, cycle.membership[self.unit_id][0])
        return self.concerns(fact)


def _judged(command: AppealStepCommand, world: World, *statuses: AppealStatus) -> tuple[Cycle, Appeal]:
    """Act as who judges at the appeal's level; return the cycle and the appeal.

    Raises ForbiddenRole, AppealNotOpen, ConflictOfInterest.
    """
    world.act(Role.PANEL, Role.LEADING, unit_id=command.unit_id)
    cycle = command.cycle(world)
    appeal = command.appeal(world, *statuses)
    world.act(Role.PANEL if appeal.level == PANEL_LEVEL else Role.LEADING, unit_id=command.unit_id)
    if appeal.panel and not world.persons & appeal.panel:
        raise ForbiddenRole(person_id=world.person_id, hint="The panel that was named judges this appeal.")
    _require_impartial(world, appeal, world.persons)
    return cycle, appeal


def _require_impartial(world: World, appeal: Appeal, persons: Collection[str], *, path: str | None = None) -> None:
    """Raise ConflictOfInterest if somebody had a hand in what is contested, or belongs to whoever contests it."""
    involved = _involved(world, appeal)
    for person_id in sorted(persons):
        if person_id in involved:
            raise ConflictOfInterest(path=path, person_id=person_id, because="had a hand in what is contested")
        if person_id == appeal.fact.subject_id:
            raise ConflictOfInterest(path=path, person_id=person_id, because="appeals")
    units = {appeal.fact.unit_id} if appeal.fact.subject_id is None else world.own_units(appeal.fact.subject_id)
    world.require_impartial(*filter(None, units), persons=persons, path=path)


def _involved(world: World, appeal: Appeal) -> frozenset[str]:
    """Who had a hand in what is contested; the leading group may look again at its own acts."""
    if appeal.fact.kind is AppealKind.SCORE:
        return world.read(_score(appeal)).stood_for
    if appeal.level != PANEL_LEVEL:
        return frozenset()
    event = world.event(appeal.fact.about_position, path="appeal_position")
    approved_by: str | None = getattr(event.fact, "approved_by", None)
    return event.actor.persons if approved_by is None else event.actor.persons | {approved_by}


def _contested_score(fact: Fact, appeal: Appeal) -> bool:
    return isinstance(fact, ScoreFact) and fact.stream == _score(appeal).name


def _score(appeal: Appeal) -> Stream[Score]:
    filed = appeal.fact
    return score_stream(filed.cycle_id, filed.unit_id or "", filed.indicator_id or "", filed.period or "")

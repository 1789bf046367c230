"""Commands of those who appeal: a unit speaks through its reporter or its head, a cadre for themself.

Source: domain.md 2.4 "Appeals".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ledger.domain.adjustment import BonusApproved, BonusRejected, DeductionImposed
from ledger.domain.appeal import (
    LEADING_LEVEL,
    PANEL_LEVEL,
    Appeal,
    AppealEscalated,
    AppealFiled,
    AppealKind,
    AppealOutcome,
    Appeals,
    AppealStatus,
    AppealWithdrawn,
    appeal_stream,
)
from ledger.domain.cadres import CadreGradeDecided
from ledger.domain.cycle import Cycle, cycle_stream
from ledger.domain.decision import Decided
from ledger.domain.facts import Event, Fact, Stream
from ledger.domain.grading import GradesOpened, GradesRevised, Grading, grading_stream
from ledger.domain.periods import end_of, local_day
from ledger.domain.persons import person_stream
from ledger.domain.refusals import (
    AppealNotOpen,
    AppealNotStanding,
    AppealWindowClosed,
    BasisSuperseded,
    DuplicateAppeal,
    MalformedInput,
    OutOfRange,
    PhaseViolation,
    StaleCorrection,
    UnknownId,
)
from ledger.domain.roles import Role
from ledger.domain.score import ScoreCorrected, ScoreEntered, ScoreFact, ScoreLateEntered, ScoreWithdrawn, score_stream
from ledger.domain.veto import VetoImposed
from ledger.domain.working_days import after_working_days
from ledger.domain.world import Command, World

_OF_THE_PANEL = frozenset({AppealKind.SCORE, AppealKind.ADJUSTMENT})
"""What the panel judges first; vetoes, grades and decisions are the leading group's own acts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealCommand(Command):
    """A command about the appeals of one unit, or of one person."""

    cycle_id: str
    unit_id: str | None = None
    """The unit that appeals; null where a cadre does."""
    subject_id: str | None = None
    """The cadre who appeals; null where a unit does."""

    def stream(self) -> Stream[Appeals]:
        return appeal_stream(self.cycle_id, self.unit_id or self.subject_id or "")

    def cycle(self, world: World) -> Cycle:
        """The cycle, once it is clear who appeals. Raises MalformedInput, UnknownId."""
        if (self.unit_id is None) == (self.subject_id is None):
            raise MalformedInput(path="unit_id", hint="Name either a unit or a person.")
        cycle = world.exists(cycle_stream(self.cycle_id), path="cycle_id", cycle_id=self.cycle_id)
        if self.unit_id is not None and self.unit_id not in cycle.membership:
            raise UnknownId(path="unit_id", unit_id=self.unit_id)
        return cycle

    def concerns(self, fact: Fact) -> bool:
        """Whether a fact is about whoever appeals, in this cycle."""
        if getattr(fact, "cycle_id", None) != self.cycle_id:
            return False
        # A fact about a cadre may name the unit they belong to as well; it is not about the unit.
        subject_id: str | None = getattr(fact, "subject_id", None)
        return subject_id == self.subject_id and (
            subject_id is not None or getattr(fact, "unit_id", "") == self.unit_id
        )

    def require_standing(self, world: World) -> None:
        """Act for the unit or the cadre itself. Raises ForbiddenRole, AppealNotStanding."""
        principal = world.on_behalf_of or world.person_id
        if self.unit_id is None:
            world.act(Role.ASSESSED)
            if principal != self.subject_id:
                raise AppealNotStanding(person_id=principal, subject_id=self.subject_id)
            return
        role = world.act(Role.REPORTER, Role.ASSESSED)
        person = world.read(person_stream(principal))
        grants = (g for g in person.grants if g.role in (Role.REPORTER, Role.ASSESSED) and g.in_force(world.today))
        # A grant that names no unit means the person's home unit, as for what they may see.
        if not any(self.unit_id in (grant.scope.unit_ids or (person.home_unit_id,)) for grant in grants):
            raise AppealNotStanding(person_id=principal, role=role, unit_id=self.unit_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealStepCommand(AppealCommand):
    """A command about one appeal, named by the position that filed it."""

    appeal_position: int

    def appeal(self, world: World, *statuses: AppealStatus) -> Appeal:
        """The appeal, which must stand at one of `statuses`. Raises UnknownId, AppealNotOpen."""
        appeal = world.read(self.stream()).at(self.appeal_position)
        if appeal is None:
            raise UnknownId(path="appeal_position", position=self.appeal_position)
        if appeal.status not in statuses:
            raise AppealNotOpen(path="appeal_position", status=appeal.status, needed=" or ".join(statuses))
        return appeal


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAppeal(AppealCommand):
    """Contest a score, an adjustment, a veto, a grade, a reward or a punishment, each by its position."""

    about_position: int
    level: int = PANEL_LEVEL
    """1 is the panel, 2 the leading group; a score or an adjustment goes to the panel first."""
    grounds: str
    remedy: str
    evidence: tuple[str, ...] = ()

    def decide(self, world: World) -> list[Fact]:
        self.require_standing(world)
        cycle = self.cycle(world)
        event = world.event(self.about_position, path="about_position")
        kind = self._kind(world, cycle, event)
        if self.level not in (PANEL_LEVEL, LEADING_LEVEL):
            raise OutOfRange(path="level", given=self.level, minimum=PANEL_LEVEL, maximum=LEADING_LEVEL)
        if self.level == LEADING_LEVEL and kind in _OF_THE_PANEL:
            raise MalformedInput(path="level", hint="The panel decides first; then escalate the appeal.")
        earlier = world.read(self.stream()).about(self.about_position, self.level)
        if earlier is not None:
            raise DuplicateAppeal(path="about_position", appeal_position=earlier.position)
        _within_window(world, cycle, _last_day(world, cycle, self, kind, event))
        score = event.fact if isinstance(event.fact, ScoreFact) else None
        return [
            AppealFiled(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                kind=kind,
                about_position=self.about_position,
                indicator_id=score.indicator_id if score else None,
                period=score.period if score else None,
                level=self.level,
                grounds=world.reason(self.grounds, length_min=10, path="grounds"),
                remedy=world.reason(self.remedy, length_min=5, path="remedy"),
                evidence=world.evidence(self.evidence, count_min=0),
            )
        ]

    def _kind(self, world: World, cycle: Cycle, event: Event) -> AppealKind:
        """What is contested, which must be about whoever appeals and must still stand."""
        match event.fact:
            case ScoreEntered() | ScoreLateEntered() | ScoreCorrected() | ScoreWithdrawn() as fact if self.concerns(
                fact
            ):
                _require_effective(world, fact, event.position)
                return AppealKind.SCORE
            case BonusApproved() | BonusRejected() | DeductionImposed() as fact if self.concerns(fact):
                return AppealKind.ADJUSTMENT
            case VetoImposed() as fact if self.concerns(fact):
                return AppealKind.VETO
            case Decided() as fact if self.concerns(fact):
                return AppealKind.DECISION
            case CadreGradeDecided() as fact if self.concerns(fact):
                return AppealKind.GRADE
            case GradesOpened() | GradesRevised() as fact if (
                fact.cycle_id == self.cycle_id and self.unit_id is not None
            ):
                current = _grading(world, cycle, self.cycle_id, self.unit_id).current
                if self.unit_id not in {graded.unit_id for graded in fact.allocation}:
                    raise UnknownId(path="about_position", position=event.position)
                if current is None or current.position != event.position:
                    raise BasisSuperseded(path="about_position", latest=current.position if current else None)
                return AppealKind.GRADE
            case _:
                raise UnknownId(path="about_position", position=event.position)


def _require_effective(world: World, fact: ScoreFact, position: int) -> None:
    score = world.read(score_stream(fact.cycle_id, fact.unit_id, fact.indicator_id, fact.period))
    effective = score.official.position if score.official else score.withdrawn_position
    if effective != position:
        raise StaleCorrection(path="about_position", cited=position, effective=effective)


def _last_day(world: World, cycle: Cycle, command: AppealCommand, kind: AppealKind, event: Event) -> date:
    """The last day on which the matter may be appealed against. Raises PhaseViolation before results are shown.

    A score or an adjustment shows in the notice and again in the grades; whichever window
    ends later counts. Everything else is known from its own day on.
    """
    plan = cycle.latest.plan
    if kind not in _OF_THE_PANEL or command.unit_id is None:
        return _decision_window(cycle, event.recorded_at)
    grading = _grading(world, cycle, command.cycle_id, command.unit_id)
    days: list[date] = []
    if grading.notice is not None:
        days.append(after_working_days(grading.notice.from_on, plan.limits.appeal_working_days, plan.calendar))
    if grading.current is not None:
        graded = world.event(grading.current.position, path="about_position")
        days.append(_decision_window(cycle, graded.recorded_at))
    if not days:
        raise PhaseViolation(phase=cycle.phase, hint="Results have not been put up yet; ask for a correction.")
    return max(days)


def _decision_window(cycle: Cycle, decided_at: datetime) -> date:
    plan = cycle.latest.plan
    return local_day(decided_at, plan.timezone) + timedelta(days=plan.limits.appeal_decision_days)


def _within_window(world: World, cycle: Cycle, last: date) -> None:
    timezone = cycle.latest.plan.timezone
    if world.now >= end_of(last, timezone):
        raise AppealWindowClosed(last_day=last)
    world.before_end_of(last, timezone, name="APPEAL")


def _grading(world: World, cycle: Cycle, cycle_id: str, unit_id: str) -> Grading:
    group_id, _ = cycle.membership[unit_id]
    return world.read(grading_stream(cycle_id, group_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawAppeal(AppealStepCommand):
    """Take one's own appeal back."""

    reason: str

    def decide(self, world: World) -> list[Fact]:
        self.require_standing(world)
        self.cycle(world)
        appeal = self.appeal(world, AppealStatus.FILED, AppealStatus.ACCEPTED, AppealStatus.HEARD)
        return [
            AppealWithdrawn(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                appeal_position=appeal.position,
                reason=world.reason(self.reason, length_min=5),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalateAppeal(AppealStepCommand):
    """Put an appeal that the panel did not uphold in full to the leading group."""

    grounds: str

    def decide(self, world: World) -> list[Fact]:
        self.require_standing(world)
        cycle = self.cycle(world)
        appeal = self.appeal(world, AppealStatus.DECIDED)
        if appeal.was_at(LEADING_LEVEL):
            raise DuplicateAppeal(path="appeal_position", hint="The leading group's decision is the last.")
        verdict = appeal.verdict
        if verdict is None or verdict.outcome is AppealOutcome.UPHELD:
            raise AppealNotOpen(path="appeal_position", hint="It was upheld in full.")
        _within_window(world, cycle, _decision_window(cycle, verdict.decided_at))
        return [
            AppealEscalated(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                subject_id=self.subject_id,
                appeal_position=appeal.position,
                grounds=world.reason(self.grounds, length_min=10, path="grounds"),
            )
        ]

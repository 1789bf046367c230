"""Commands that give a score its value: self-report, entry, return, verification, withdrawal, late entry."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ledger.domain.cycle import Cycle, Phase, cycle_stream
from ledger.domain.facts import Fact, Stream
from ledger.domain.formulas import KINDS
from ledger.domain.grading import grading_stream
from ledger.domain.numbers import check_scale
from ledger.domain.periods import end_of, parse_period, start_of
from ledger.domain.persons import person_stream
from ledger.domain.plan import ApproverIndependence, DeadlineName, EntryKind, Indicator, Participation, Plan
from ledger.domain.refusals import (
    AlreadyEntered,
    AlreadyVerified,
    ForbiddenRole,
    InvalidPeriod,
    NotApplicable,
    NoTarget,
    NotEntered,
    OutOfRange,
    PeriodNotEnded,
    PeriodNotStarted,
    PhaseViolation,
    ReasonRequired,
    RestatementRequired,
    ScoreIsWithdrawn,
    SeparationOfDuties,
    StaleExpectedVersion,
    UnitOfMeasureMismatch,
    UnknownId,
    WrongEntryKind,
)
from ledger.domain.roles import Role
from ledger.domain.score import (
    EntrySource,
    ReasonCode,
    Score,
    ScoreEntered,
    ScoreLateEntered,
    ScoreReturned,
    ScoreSelfReported,
    ScoreStatus,
    ScoreVerified,
    ScoreWithdrawn,
    Standing,
    VerificationMethod,
    score_stream,
)
from ledger.domain.targets import target_stream
from ledger.domain.world import Command, World

POINTS_MAX = Decimal(100)
POINTS_UNREMARKABLE_MIN = Decimal(60)
POINTS_UNREMARKABLE_MAX = Decimal(95)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a score is about, once its names are known to be right."""

    cycle: Cycle
    plan: Plan
    indicator: Indicator
    group_id: str


def subject_of(world: World, cycle_id: str, unit_id: str, indicator_id: str, period: str | None = None) -> Subject:
    """Resolve the names of a score. Raises UnknownId, PlanNotInForce, InvalidPeriod, NotApplicable."""
    cycle = world.exists(cycle_stream(cycle_id), path="cycle_id", cycle_id=cycle_id)
    plan = cycle.in_force(parse_period(period).period if period is not None else None).plan
    indicator = plan.indicator(indicator_id)
    if indicator is None:
        raise UnknownId(path="indicator_id", indicator_id=indicator_id)
    if unit_id not in cycle.membership:
        raise UnknownId(path="unit_id", unit_id=unit_id)
    if period is not None and period not in plan.periods_of(indicator):
        raise InvalidPeriod(path="period", given=period, frequency=indicator.frequency)
    group_id, participation = cycle.membership[unit_id]
    exempted = period is not None and cycle.exempted(unit_id, indicator_id, period)
    if participation is Participation.NOT_ASSESSED or indicator.weight_in(group_id) is None or exempted:
        raise NotApplicable(path="indicator_id", unit_id=unit_id, indicator_id=indicator_id)
    return Subject(cycle, plan, indicator, group_id)


def check_uom(indicator: Indicator, uom: str) -> None:
    """Raise UnitOfMeasureMismatch unless `uom` is the indicator's."""
    if uom != indicator.uom:
        raise UnitOfMeasureMismatch(path="uom", given=uom, expected=indicator.uom)


def check_value(indicator: Indicator, value: Decimal, *, path: str = "value") -> None:
    """Raise ScaleExceeded or OutOfRange unless `value` is one the indicator allows."""
    check_scale(value, indicator.scale, path=path)
    low, high = indicator.value_min, indicator.value_max
    if indicator.entry_kind is EntryKind.POINTS:
        low, high = low or Decimal(0), high or POINTS_MAX
    if (low is not None and value < low) or (high is not None and value > high):
        raise OutOfRange(path=path, given=value, minimum=low, maximum=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCommand(Command):
    """A command about one score."""

    cycle_id: str
    unit_id: str
    indicator_id: str
    period: str
    expected_version: int | None = None

    def stream(self) -> Stream[Score]:
        return score_stream(self.cycle_id, self.unit_id, self.indicator_id, self.period)

    def act(self, world: World, *roles: Role) -> Role:
        """Act in one of `roles` for this unit and indicator."""
        return world.act(*roles, unit_id=self.unit_id, indicator_id=self.indicator_id)

    def subject(self, world: World) -> Subject:
        """Resolve what the score is about."""
        return subject_of(world, self.cycle_id, self.unit_id, self.indicator_id, self.period)

    def score(self, world: World) -> Score:
        """The score as it stands, at the version the sender expects."""
        stream = self.stream()
        score = world.read(stream)
        world.expect(stream, self.expected_version)
        return score

    def require_phase(self, world: World, subject: Subject, *phases: Phase) -> None:
        """Refuse unless the cycle is in one of `phases`, and the group's grades are not opened."""
        if world.read(grading_stream(self.cycle_id, subject.group_id)).graded:
            raise RestatementRequired(cycle_id=self.cycle_id, group_id=subject.group_id)
        if subject.cycle.phase not in phases:
            raise PhaseViolation(phase=subject.cycle.phase, allowed=" or ".join(phases))

    def require_period(self, world: World, subject: Subject, *, interim: bool) -> None:
        """Refuse a value for a period that has not begun, or not ended unless it is meant as interim."""
        period = parse_period(self.period)
        if world.now < start_of(period.starts_on, subject.plan.timezone):
            raise PeriodNotStarted(path="period", starts_on=period.starts_on)
        if not interim and world.now < start_of(period.ends_on, subject.plan.timezone):
            raise PeriodNotEnded(path="period", ends_before=period.ends_on)


EXCHANGE_PHASES = (Phase.OPEN, Phase.ENTRY_CLOSED, Phase.COMPUTED, Phase.NOTICE)
"""The phases in which values may still be verified, corrected, withdrawn or entered late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ValueCommand(ScoreCommand):
    value: Decimal
    uom: str
    entry_kind: EntryKind = EntryKind.ACTUAL

    def check_entry(self, world: World, subject: Subject, *, note: str | None) -> None:
        """Refuse a value that the indicator does not take."""
        if self.entry_kind is not subject.indicator.entry_kind:
            raise WrongEntryKind(path="entry_kind", given=self.entry_kind, expected=subject.indicator.entry_kind)
        check_uom(subject.indicator, self.uom)
        check_value(subject.indicator, self.value)
        awarded = self.entry_kind is EntryKind.POINTS
        if (
            awarded
            and not POINTS_UNREMARKABLE_MIN <= self.value <= POINTS_UNREMARKABLE_MAX
            and not (note or "").strip()
        ):
            raise ReasonRequired(path="note", points=self.value, hint="Points below 60 or above 95 need a note.")

    def check_scorer(self, world: World, subject: Subject) -> None:
        """Refuse a scorer of their own unit, and a value that no target gives a meaning to."""
        homes = {world.read(person_stream(person_id)).home_unit_id for person_id in world.persons}
        if self.unit_id in homes and not subject.plan.may_score_own_unit:
            raise SeparationOfDuties(path="unit_id", person_id=world.person_id, because="nobody scores their own unit")
        if KINDS[subject.indicator.formula.kind].needs_target and subject.indicator.target is None:
            own = world.read(target_stream(self.cycle_id, self.unit_id, self.indicator_id))
            if own.target is None:
                raise NoTarget(path="indicator_id", unit_id=self.unit_id, indicator_id=self.indicator_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfReportScore(_ValueCommand):
    """Claim a value for one's own unit; it is kept apart and never becomes official by itself."""

    interim: bool = False
    note: str | None = None
    evidence: tuple[str, ...] = ()

    def decide(self, world: World) -> list[Fact]:
        self.act(world, Role.REPORTER)
        subject = self.subject(world)
        self.require_phase(world, subject, Phase.OPEN)
        self.check_entry(world, subject, note="self-report")
        self.require_period(world, subject, interim=self.interim)
        ends_on = subject.plan.calendar.deadline(DeadlineName.SELF_REPORT, self.period)
        world.before_end_of(ends_on, subject.plan.timezone, name=DeadlineName.SELF_REPORT)
        self.score(world)
        return [
            ScoreSelfReported(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                period=self.period,
                value=self.value,
                uom=self.uom,
                entry_kind=self.entry_kind,
                interim=self.interim,
                note=self.note,
                evidence=world.evidence(self.evidence, count_min=0),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterScore(_ValueCommand):
    """Enter the value of a score for the scoring department; before verification it may be entered again."""

    source: EntrySource = EntrySource.SCORING_DEPT
    source_ref: str | None = None
    interim: bool = False
    note: str | None = None
    evidence: tuple[str, ...] = ()

    def decide(self, world: World) -> list[Fact]:
        self.act(world, Role.SCORER)
        subject = self.subject(world)
        score = self.score(world)
        self.require_phase(world, subject, Phase.OPEN)
        self.check_entry(world, subject, note=self.note)
        self.require_period(world, subject, interim=self.interim)
        ends_on = subject.plan.calendar.deadline(DeadlineName.ENTRY, self.period)
        world.before_end_of(ends_on, subject.plan.timezone, name=DeadlineName.ENTRY)
        self.check_scorer(world, subject)
        if score.status in (ScoreStatus.VERIFIED, ScoreStatus.CORRECTED):
            raise AlreadyEntered(unit_id=self.unit_id, indicator_id=self.indicator_id, period=self.period)
        if score.status is ScoreStatus.WITHDRAWN:
            raise ScoreIsWithdrawn(withdrawn_position=score.withdrawn_position)
        return [
            ScoreEntered(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                period=self.period,
                value=self.value,
                uom=self.uom,
                entry_kind=self.entry_kind,
                source=self.source,
                source_ref=self.source_ref,
                self_report_position=score.claimed.position if score.claimed else None,
                replaces_position=score.entered.position if score.entered else None,
                interim=self.interim,
                note=self.note,
                evidence=world.evidence(self.evidence, count_min=subject.indicator.evidence_count_min),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnScore(ScoreCommand):
    """Send an entered value back to who entered it."""

    returned_position: int
    reason_code: ReasonCode
    reason: str

    def decide(self, world: World) -> list[Fact]:
        self.act(world, Role.VERIFIER)
        subject = self.subject(world)
        score = self.score(world)
        self.require_phase(world, subject, *EXCHANGE_PHASES)
        _awaiting(score, self.returned_position)
        return [
            ScoreReturned(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                period=self.period,
                returned_position=self.returned_position,
                reason_code=self.reason_code,
                reason=world.reason(self.reason, length_min=5),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyScore(ScoreCommand):
    """Confirm an entered value as a second person; it is official from then on."""

    verified_position: int
    method: VerificationMethod = VerificationMethod.DOCUMENT
    note: str | None = None

    def decide(self, world: World) -> list[Fact]:
        self.act(world, Role.VERIFIER)
        subject = self.subject(world)
        score = self.score(world)
        self.require_phase(world, subject, *EXCHANGE_PHASES)
        entered = _awaiting(score, self.verified_position)
        ends_on = subject.plan.calendar.deadline(DeadlineName.VERIFICATION, self.period)
        world.before_end_of(ends_on, subject.plan.timezone, name=DeadlineName.VERIFICATION)
        world.differ(entered.entered_by, because="nobody verifies what they entered")
        return [
            ScoreVerified(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                period=self.period,
                value=entered.value,
                verified_position=self.verified_position,
                method=self.method,
                note=self.note,
            )
        ]


def _awaiting(score: Score, position: int) -> Standing:
    """The entered value that awaits verification, which must be the one cited."""
    entered = score.entered
    if score.status in (ScoreStatus.VERIFIED, ScoreStatus.CORRECTED):
        raise AlreadyVerified(position=position)
    if score.status is ScoreStatus.WITHDRAWN:
        raise ScoreIsWithdrawn(withdrawn_position=score.withdrawn_position)
    if entered is None:
        raise NotEntered()
    if position != entered.position:
        if position in score.value_positions:
            raise StaleExpectedVersion(cited=position, latest=entered.position, hint="The value was entered again.")
        raise UnknownId(position=position, hint="This is not a value of this score.")
    if score.status is ScoreStatus.RETURNED:
        raise NotEntered(position=position, hint="It was returned and has to be entered again.")
    return entered


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawScore(ScoreCommand):
    """Withdraw a value: who entered it before verification; afterwards with approval, like a correction."""

    withdrawn_position: int
    reason_code: ReasonCode
    reason: str
    evidence: tuple[str, ...] = ()
    approved_by: str | None = None

    def decide(self, world: World) -> list[Fact]:
        self.act(world, Role.SCORER)
        subject = self.subject(world)
        score = self.score(world)
        self.require_phase(world, subject, *EXCHANGE_PHASES)
        standing = score.official or score.entered
        if score.status is ScoreStatus.WITHDRAWN:
            raise ScoreIsWithdrawn(withdrawn_position=score.withdrawn_position)
        if standing is None:
            raise NotEntered()
        if standing.position != self.withdrawn_position:
            raise StaleExpectedVersion(cited=self.withdrawn_position, latest=standing.position)
        if score.official is not None:
            self._require_approval(world, subject, standing)
        elif not world.persons & standing.entered_by:
            raise ForbiddenRole(person_id=world.person_id, hint="Before verification only who entered it withdraws it.")
        return [
            ScoreWithdrawn(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                period=self.period,
                withdrawn_position=self.withdrawn_position,
                reason_code=self.reason_code,
                reason=world.reason(self.reason, length_min=10 if score.official else 5),
                evidence=world.evidence(self.evidence, count_min=1 if score.official else 0),
                approved_by=self.approved_by if score.official else None,
            )
        ]

    def _require_approval(self, world: World, subject: Subject, standing: Standing) -> None:
        if self.approved_by is None:
            raise SeparationOfDuties(path="approved_by", because="a verified value is withdrawn with approval only")
        role = approving_role(subject.cycle.phase)
        world.require_holder(
            self.approved_by, role, path="approved_by", unit_id=self.unit_id, indicator_id=self.indicator_id
        )
        require_independent({self.approved_by}, world.persons, standing, subject.plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterScoreLate(_ValueCommand):
    """Enter a value after the deadline, or after a withdrawal, with the director's approval."""

    source: EntrySource = EntrySource.SCORING_DEPT
    source_ref: str | None = None
    note: str | None = None
    evidence: tuple[str, ...] = ()
    late_reason: str
    approved_by: str

    def decide(self, world: World) -> list[Fact]:
        self.act(world, Role.SCORER)
        subject = self.subject(world)
        score = self.score(world)
        self.require_phase(world, subject, *EXCHANGE_PHASES)
        self.check_entry(world, subject, note=self.note)
        self.require_period(world, subject, interim=False)
        self.check_scorer(world, subject)
        if score.status in (ScoreStatus.VERIFIED, ScoreStatus.CORRECTED):
            raise AlreadyEntered(unit_id=self.unit_id, indicator_id=self.indicator_id, period=self.period)
        if score.status is not ScoreStatus.WITHDRAWN and not self._is_late(world, subject):
            raise PhaseViolation(phase=subject.cycle.phase, hint="Entry is still open; enter the score in time.")
        world.require_holder(self.approved_by, Role.DIRECTOR, path="approved_by")
        world.differ({self.approved_by}, because="who enters late does not approve it")
        return [
            ScoreLateEntered(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                period=self.period,
                value=self.value,
                uom=self.uom,
                entry_kind=self.entry_kind,
                source=self.source,
                source_ref=self.source_ref,
                replaces_position=score.withdrawn_position or (score.entered.position if score.entered else None),
                note=self.note,
                evidence=world.evidence(self.evidence, count_min=subject.indicator.evidence_count_min),
                late_reason=world.reason(self.late_reason, length_min=10, path="late_reason"),
                approved_by=self.approved_by,
            )
        ]

    def _is_late(self, world: World, subject: Subject) -> bool:
        if subject.cycle.phase is not Phase.OPEN:
            return True
        ends_on = subject.plan.calendar.deadline(DeadlineName.ENTRY, self.period)
        return ends_on is not None and world.now >= end_of(ends_on, subject.plan.timezone)


def approving_role(phase: Phase) -> Role:
    """Who approves a change of an official value: the department's approver while entry is open, then the director."""
    return Role.APPROVER if phase is Phase.OPEN else Role.DIRECTOR


def require_independent(
    approvers: frozenset[str] | set[str], requesters: frozenset[str], standing: Standing, plan: Plan
) -> None:
    """Raise SeparationOfDuties unless the approvers had no part in the request or in the value (S5)."""
    parts = [
        ("who requests does not approve", requesters),
        ("who entered the value does not approve", standing.entered_by),
    ]
    if plan.approver_independence is ApproverIndependence.FULL:
        parts.append(("who verified the value does not approve its change", standing.verified_by))
    for because, persons in parts:
        same = frozenset(approvers) & persons
        if same:
            raise SeparationOfDuties(person_id=", ".join(sorted(same)), because=because)

"""Commands that give a score its value in time: self-report, entry, return, verification.

Source: domain.md 2.4 "Score", S1, S2, S6, S8 to S10 and C4 of 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ledger.domain.commands.subjects import ScoreCommand, Subject, check_uom, check_value
from ledger.domain.facts import Fact
from ledger.domain.formulas import KINDS
from ledger.domain.phases import ENTERING, EXCHANGING
from ledger.domain.plan import DeadlineName, EntryKind
from ledger.domain.refusals import (
    AlreadyEntered,
    AlreadyVerified,
    NoTarget,
    NotEntered,
    OutOfScopeUnit,
    ReasonRequired,
    ScoreIsWithdrawn,
    StaleExpectedVersion,
    UnknownId,
    WrongEntryKind,
)
from ledger.domain.roles import Role
from ledger.domain.score import (
    EntrySource,
    ReasonCode,
    Score,
    ScoreEntered,
    ScoreReturned,
    ScoreSelfReported,
    ScoreStatus,
    ScoreVerified,
    Standing,
    VerificationMethod,
)
from ledger.domain.targets import target_stream
from ledger.domain.world import World

POINTS_UNREMARKABLE_MIN = Decimal(60)
POINTS_UNREMARKABLE_MAX = Decimal(95)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueCommand(ScoreCommand):
    """A command that gives a score a value."""

    value: Decimal
    uom: str
    entry_kind: EntryKind = EntryKind.ACTUAL

    def check_entry(self, world: World, subject: Subject, *, note: str | None) -> None:
        """Refuse a value that the indicator does not take."""
        kind = subject.indicator.formula.kind
        if not KINDS[kind].entered:
            raise WrongEntryKind(path="entry_kind", kind=kind, hint="Its points come from the evaluation campaigns.")
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
        """Refuse a scorer of their own unit or of another department, and a value that no target gives a meaning to."""
        self.require_impartial(world, subject)
        department = subject.indicator.scoring_unit_id
        # Nobody judges their own unit, so others stand in where the department itself is scored.
        if department not in (None, self.unit_id) and not any(
            department in world.own_units(person) for person in world.persons
        ):
            hint = "Only persons of the department that scores the indicator enter it, by home or by post."
            raise OutOfScopeUnit(path="indicator_id", scoring_unit_id=department, hint=hint)
        kind = KINDS[subject.indicator.formula.kind]
        if kind.needs_target and subject.indicator.target is None:
            own = world.read(target_stream(self.cycle_id, self.unit_id, self.indicator_id))
            if own.target is None or (kind.needs_baseline and own.baseline is None):
                raise NoTarget(path="indicator_id", unit_id=self.unit_id, indicator_id=self.indicator_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfReportScore(ValueCommand):
    """Claim a value for one's own unit; it is kept apart and never becomes official by itself."""

    interim: bool = False
    note: str | None = None
    evidence: tuple[str, ...] = ()

    def decide(self, world: World) -> list[Fact]:
        self.act(world, Role.REPORTER)
        subject = self.subject(world)
        self.require_phase(world, subject, ENTERING)
        self.check_entry(world, subject, note="self-report")
        self.require_period(world, subject, interim=self.interim)
        self.require_in_time(world, DeadlineName.SELF_REPORT)
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
class EnterScore(ValueCommand):
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
        self.require_phase(world, subject, ENTERING)
        self.check_entry(world, subject, note=self.note)
        self.require_period(world, subject, interim=self.interim)
        self.require_in_time(world, DeadlineName.ENTRY)
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
        self.require_phase(world, subject, EXCHANGING)
        _awaiting(score, self.returned_position)
        self.require_impartial(world, subject)
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
        self.require_phase(world, subject, EXCHANGING)
        entered = _awaiting(score, self.verified_position)
        self.require_in_time(world, DeadlineName.VERIFICATION)
        world.differ(entered.entered_by, because="nobody verifies what they entered")
        self.require_impartial(world, subject)
        return [self.verified(score)]

    def verified(self, score: Score) -> ScoreVerified:
        """The verification of the value that awaits it, which must be the one cited. Raises what such a value lacks."""
        return ScoreVerified(
            cycle_id=self.cycle_id,
            unit_id=self.unit_id,
            indicator_id=self.indicator_id,
            period=self.period,
            value=_awaiting(score, self.verified_position).value,
            verified_position=self.verified_position,
            method=self.method,
            note=self.note,
        )


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

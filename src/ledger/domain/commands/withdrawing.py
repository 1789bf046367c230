"""Commands that take a value back, and that enter one after the deadline or after a withdrawal.

Source: domain.md 2.4 "Score", S7, S9 and C4 of 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.commands.correcting import approving_role, require_independent
from ledger.domain.commands.scoring import ValueCommand
from ledger.domain.commands.subjects import ScoreCommand, Subject
from ledger.domain.facts import Fact
from ledger.domain.periods import end_of
from ledger.domain.phases import EXCHANGING, Phase
from ledger.domain.plan import DeadlineName
from ledger.domain.refusals import (
    AlreadyEntered,
    ForbiddenRole,
    NotEntered,
    PhaseViolation,
    ScoreIsWithdrawn,
    SeparationOfDuties,
    StaleExpectedVersion,
)
from ledger.domain.roles import Role
from ledger.domain.score import EntrySource, ReasonCode, ScoreLateEntered, ScoreStatus, ScoreWithdrawn, Standing
from ledger.domain.world import World


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
        self.require_phase(world, subject, EXCHANGING)
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
        self.require_impartial(world, subject)
        self.require_impartial(world, subject, persons=(self.approved_by,), path="approved_by")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterScoreLate(ValueCommand):
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
        self.require_phase(world, subject, EXCHANGING)
        self.check_entry(world, subject, note=self.note)
        self.require_period(world, subject, interim=False)
        self.check_scorer(world, subject)
        if score.status in (ScoreStatus.VERIFIED, ScoreStatus.CORRECTED):
            raise AlreadyEntered(unit_id=self.unit_id, indicator_id=self.indicator_id, period=self.period)
        if score.status is not ScoreStatus.WITHDRAWN and not self._is_late(world, subject):
            raise PhaseViolation(phase=subject.cycle.phase, hint="Entry is still open; enter the score in time.")
        world.approved(self.approved_by, Role.DIRECTOR, because="who enters late does not approve it")
        self.require_impartial(world, subject, persons=(self.approved_by,), path="approved_by")
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

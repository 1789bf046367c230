"""Commands that change an official value: a request, then another person's decision.

Source: domain.md 2.4 "Score", S3 to S7 of 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ledger.domain.commands.subjects import ScoreCommand, Subject, check_value
from ledger.domain.facts import Fact
from ledger.domain.formulas import better
from ledger.domain.numbers import rational
from ledger.domain.phases import EXCHANGING, Phase
from ledger.domain.plan import ApproverIndependence, Plan
from ledger.domain.refusals import (
    CorrectionTargetInvalid,
    ForbiddenRole,
    NoChange,
    NotVerified,
    OpenRequestExists,
    OutOfRange,
    RequestNotOpen,
    ScoreIsWithdrawn,
    SeparationOfDuties,
    StaleCorrection,
)
from ledger.domain.roles import Role
from ledger.domain.score import (
    CorrectionClass,
    CorrectionRejected,
    CorrectionRequested,
    CorrectionRequestWithdrawn,
    OpenRequest,
    ReasonCode,
    RequestedFor,
    Score,
    ScoreCorrected,
    Standing,
)
from ledger.domain.targets import target_stream
from ledger.domain.world import World

_CLASS_OF = {
    ReasonCode.SOURCE_DATA_REVISED: CorrectionClass.REVISION,
    ReasonCode.APPEAL_UPHELD: CorrectionClass.ADJUDICATION,
    ReasonCode.FRAUD_FINDING: CorrectionClass.SANCTION,
    ReasonCode.INSPECTION_ORDER: CorrectionClass.SANCTION,
    ReasonCode.SPOT_CHECK_FINDING: CorrectionClass.SANCTION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCorrection(ScoreCommand):
    """Ask for another value in place of the effective one; the request has no effect on any figure."""

    corrects_position: int
    proposed_value: Decimal
    reason_code: ReasonCode
    reason: str
    evidence: tuple[str, ...]
    requested_for: RequestedFor = RequestedFor.DEPARTMENT
    case_ref: str | None = None

    def decide(self, world: World) -> list[Fact]:
        self.act(world, Role.SCORER, Role.REPORTER, Role.OFFICE, Role.DIRECTOR, Role.PANEL, Role.INSPECTOR)
        subject = self.subject(world)
        score = self.score(world)
        self.require_phase(world, subject, EXCHANGING)
        effective = _effective(score, self.corrects_position)
        if score.request is not None:
            raise OpenRequestExists(request_position=score.request.position)
        check_value(subject.indicator, self.proposed_value, path="proposed_value")
        if self.proposed_value == effective.value:
            raise NoChange(path="proposed_value", value=effective.value)
        self._require_fair(world, subject, effective)
        return [
            CorrectionRequested(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                period=self.period,
                corrects_position=self.corrects_position,
                proposed_value=self.proposed_value,
                reason_code=self.reason_code,
                reason=world.reason(self.reason, length_min=10),
                evidence=world.evidence(self.evidence, count_min=1),
                requested_for=self.requested_for,
                case_ref=self.case_ref,
            )
        ]

    def _require_fair(self, world: World, subject: Subject, effective: Standing) -> None:
        """Refuse an appeal that ends worse for the unit, where the plan does not allow it (reformatio in peius)."""
        if self.requested_for is not RequestedFor.APPEAL or subject.plan.appeal_may_lower:
            return
        own = world.read(target_stream(self.cycle_id, self.unit_id, self.indicator_id)).target
        target = own if own is not None else subject.indicator.target
        worse = better(
            subject.indicator.formula,
            rational(effective.value),
            rational(self.proposed_value),
            target=None if target is None else rational(target),
        )
        if worse:
            raise OutOfRange(
                path="proposed_value", given=self.proposed_value, hint="Under this plan an appeal never lowers a score."
            )


def _effective(score: Score, position: int) -> Standing:
    """The official value, which must be the one cited."""
    if position not in score.value_positions:
        raise CorrectionTargetInvalid(path="corrects_position", position=position)
    if score.official is None:
        if score.withdrawn_position is not None:
            raise ScoreIsWithdrawn(withdrawn_position=score.withdrawn_position)
        raise NotVerified(position=position, hint="Before verification the value is simply entered again.")
    if score.official.position != position:
        raise StaleCorrection(path="corrects_position", cited=position, effective=score.official.position)
    return score.official


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveCorrection(ScoreCommand):
    """Approve a correction request: the proposed value is effective from then on."""

    request_position: int

    def decide(self, world: World) -> list[Fact]:
        score, _ = _decidable(self, world, self.request_position)
        request, standing = _requested(score, self.request_position)
        subject = self.subject(world)
        require_independent(world.persons, request.persons, standing, subject.plan)
        restatement = self.restatement(world, subject)
        return [self.corrected(score, approved_by=world.person_id, restatement=restatement)]

    def corrected(self, score: Score, *, approved_by: str, restatement: str | None) -> ScoreCorrected:
        """The correction that follows from the request and the effective value.

        Raises RequestNotOpen, StaleCorrection.
        """
        request, standing = _requested(score, self.request_position)
        return ScoreCorrected(
            cycle_id=self.cycle_id,
            unit_id=self.unit_id,
            indicator_id=self.indicator_id,
            period=self.period,
            request_position=request.position,
            corrects_position=request.corrects_position,
            old_value=standing.value,
            new_value=request.proposed_value,
            reason_code=request.reason_code,
            correction_class=_CLASS_OF.get(request.reason_code, CorrectionClass.ERROR),
            requested_by=request.requested_by,
            approved_by=approved_by,
            evidence=request.evidence,
            restatement=restatement,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectCorrection(ScoreCommand):
    """Refuse a correction request; nothing changes but the record."""

    request_position: int
    reason: str

    def decide(self, world: World) -> list[Fact]:
        _, request = _decidable(self, world, self.request_position)
        world.differ(request.persons, because="who requests does not decide")
        return [
            CorrectionRejected(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                period=self.period,
                request_position=request.position,
                reason=world.reason(self.reason, length_min=5),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawCorrectionRequest(ScoreCommand):
    """Take one's own correction request back."""

    request_position: int
    reason: str

    def decide(self, world: World) -> list[Fact]:
        self.act(world, Role.SCORER, Role.REPORTER, Role.OFFICE, Role.DIRECTOR, Role.PANEL, Role.INSPECTOR)
        request = _open_request(self.score(world), self.request_position)
        if not world.persons & request.persons:
            raise ForbiddenRole(person_id=world.person_id, hint="Only who made the request takes it back.")
        return [
            CorrectionRequestWithdrawn(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                period=self.period,
                request_position=request.position,
                reason=world.reason(self.reason, length_min=5),
            )
        ]


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


def _decidable(command: ScoreCommand, world: World, request_position: int) -> tuple[Score, OpenRequest]:
    """Act in the role that decides in this phase; return the score and the request."""
    command.act(world, Role.APPROVER, Role.DIRECTOR)
    subject = command.subject(world)
    score = command.score(world)
    command.require_phase(world, subject, EXCHANGING)
    command.act(world, approving_role(subject.cycle.phase))
    command.require_impartial(world, subject)
    return score, _open_request(score, request_position)


def _requested(score: Score, request_position: int) -> tuple[OpenRequest, Standing]:
    """The open request and the effective value, which must be the one that it cites."""
    request, standing = _open_request(score, request_position), score.official
    if standing is None or standing.position != request.corrects_position:
        effective = standing.position if standing else None
        raise StaleCorrection(path="request_position", cited=request.corrects_position, effective=effective)
    return request, standing


def _open_request(score: Score, position: int) -> OpenRequest:
    if score.request is None or score.request.position != position:
        raise RequestNotOpen(path="request_position", position=position)
    return score.request

"""The score: one value of one unit, indicator and period, and everything that happens to it.

Three bases are kept apart: SELF (what the unit claimed), PROVISIONAL (what the scoring
department entered) and OFFICIAL (verified, or corrected with a second person's approval).
States: NONE -> SELF_REPORTED -> ENTERED <-> RETURNED -> VERIFIED -> (CORRECTED)* -> WITHDRAWN.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, NamedTuple

from ledger.domain.facts import Audience, Event, Fact, Stream
from ledger.domain.plan import EntryKind


class Basis(StrEnum):
    """Whose word a value is."""

    SELF = "SELF"
    """What the unit claimed."""
    PROVISIONAL = "PROVISIONAL"
    """What the scoring department entered."""
    OFFICIAL = "OFFICIAL"
    """What was verified, or corrected with approval."""


class ScoreStatus(StrEnum):
    """Where a score stands."""

    NONE = "NONE"
    """Nothing is recorded of it."""
    SELF_REPORTED = "SELF_REPORTED"
    """The unit claims a value; nobody has entered one."""
    ENTERED = "ENTERED"
    """A value waits for its verification."""
    RETURNED = "RETURNED"
    """The value was sent back to whoever entered it."""
    VERIFIED = "VERIFIED"
    """A second person confirmed the value."""
    CORRECTED = "CORRECTED"
    """Another value was approved in place of a verified one."""
    WITHDRAWN = "WITHDRAWN"
    """The value was taken back; only a late entry sets another."""


class EntrySource(StrEnum):
    """Where an entered value comes from."""

    SCORING_DEPT = "SCORING_DEPT"
    SYSTEM_FEED = "SYSTEM_FEED"
    IMPORT = "IMPORT"


class VerificationMethod(StrEnum):
    """How a value was verified."""

    DOCUMENT = "DOCUMENT"
    SITE_VISIT = "SITE_VISIT"
    CROSS_SYSTEM = "CROSS_SYSTEM"
    STATISTICS = "STATISTICS"


class ReasonCode(StrEnum):
    """Why a score is returned, corrected or withdrawn."""

    # After the list of reasons that Ofqual accepts. Source: domain.md 2.4.
    DATA_ENTRY_ERROR = "DATA_ENTRY_ERROR"
    TRANSCRIPTION_ERROR = "TRANSCRIPTION_ERROR"
    ADDITION_ERROR = "ADDITION_ERROR"
    WRONG_UNIT_OF_MEASURE = "WRONG_UNIT_OF_MEASURE"
    WRONG_PERIOD = "WRONG_PERIOD"
    WRONG_ASSESSED_UNIT = "WRONG_ASSESSED_UNIT"
    DUPLICATE_ENTRY = "DUPLICATE_ENTRY"
    MISSING_MATERIAL_FOUND = "MISSING_MATERIAL_FOUND"
    SOURCE_DATA_REVISED = "SOURCE_DATA_REVISED"
    DEFINITION_APPLIED_WRONGLY = "DEFINITION_APPLIED_WRONGLY"
    RULE_MISAPPLIED = "RULE_MISAPPLIED"
    SYSTEM_ERROR = "SYSTEM_ERROR"
    KNOCK_ON_OF_OTHER_CHANGE = "KNOCK_ON_OF_OTHER_CHANGE"
    APPEAL_UPHELD = "APPEAL_UPHELD"
    SPOT_CHECK_FINDING = "SPOT_CHECK_FINDING"
    FRAUD_FINDING = "FRAUD_FINDING"
    INSPECTION_ORDER = "INSPECTION_ORDER"
    REORGANISATION = "REORGANISATION"


class CorrectionClass(StrEnum):
    """What kind of change a correction is."""

    ERROR = "ERROR"
    REVISION = "REVISION"
    ADJUDICATION = "ADJUDICATION"
    SANCTION = "SANCTION"


class RequestedFor(StrEnum):
    """On whose account a correction is asked for."""

    UNIT = "UNIT"
    DEPARTMENT = "DEPARTMENT"
    APPEAL = "APPEAL"
    INSPECTION = "INSPECTION"
    SPOT_CHECK = "SPOT_CHECK"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreFact(Fact):
    """A fact about one score."""

    AUDIENCE = Audience.SCORE
    SETS: ClassVar[tuple[Basis, ...]] = ()
    """The bases that it sets to the value it bears, or whose value it ends if it bears none; the strongest is last."""

    cycle_id: str
    unit_id: str
    indicator_id: str
    period: str

    @property
    def stream(self) -> str:
        return f"score:{self.cycle_id}:{self.unit_id}:{self.indicator_id}:{self.period}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSelfReported(ScoreFact):
    """The unit itself claimed a value; it never becomes official by itself."""

    MOVES = True
    SETS = (Basis.SELF,)
    VALUE = "value"

    value: Decimal
    uom: str
    entry_kind: EntryKind
    interim: bool = False
    note: str | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreEntered(ScoreFact):
    """The scoring department entered a value."""

    MOVES = True
    SETS = (Basis.PROVISIONAL,)
    VALUE = "value"
    CITES = "replaces_position"

    value: Decimal
    uom: str
    entry_kind: EntryKind
    source: EntrySource
    source_ref: str | None = None
    self_report_position: int | None = None
    replaces_position: int | None = None
    interim: bool = False
    note: str | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreReturned(ScoreFact):
    """The verifier sent the entered value back."""

    CITES = "returned_position"

    returned_position: int
    reason_code: ReasonCode
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreVerified(ScoreFact):
    """A second person confirmed the entered value, which is official from here on."""

    MOVES = True
    SETS = (Basis.OFFICIAL,)
    VALUE = "value"
    CITES = "verified_position"

    value: Decimal
    verified_position: int
    method: VerificationMethod
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRequested(ScoreFact):
    """Somebody asked for another value; the request has no effect on any figure."""

    VALUE = "proposed_value"
    CITES = "corrects_position"

    corrects_position: int
    proposed_value: Decimal
    reason_code: ReasonCode
    reason: str
    evidence: tuple[str, ...]
    requested_for: RequestedFor
    case_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRejected(ScoreFact):
    """A correction request was refused by the approver."""

    CITES = "request_position"

    request_position: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRequestWithdrawn(ScoreFact):
    """A correction request was taken back by who made it."""

    CITES = "request_position"

    request_position: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCorrected(ScoreFact):
    """A correction was approved: from here on the new value is the effective one."""

    MOVES = True
    SETS = (Basis.PROVISIONAL, Basis.OFFICIAL)
    VALUE = "new_value"
    CITES = "corrects_position"

    request_position: int
    corrects_position: int
    old_value: Decimal
    new_value: Decimal
    reason_code: ReasonCode
    correction_class: CorrectionClass
    requested_by: str
    approved_by: str
    evidence: tuple[str, ...]
    restatement: str | None = None
    """The restatement that allowed it, where results were published already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreWithdrawn(ScoreFact):
    """The value was withdrawn; the score counts as missing until a late entry."""

    MOVES = True
    SETS = (Basis.PROVISIONAL, Basis.OFFICIAL)
    CITES = "withdrawn_position"

    withdrawn_position: int
    reason_code: ReasonCode
    reason: str
    evidence: tuple[str, ...] = ()
    approved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLateEntered(ScoreFact):
    """A value was entered after the deadline, or after a withdrawal, with the director's approval."""

    MOVES = True
    SETS = (Basis.PROVISIONAL,)
    VALUE = "value"
    CITES = "replaces_position"

    value: Decimal
    uom: str
    entry_kind: EntryKind
    source: EntrySource
    source_ref: str | None = None
    replaces_position: int | None = None
    note: str | None = None
    evidence: tuple[str, ...] = ()
    late_reason: str
    approved_by: str


class Standing(NamedTuple):
    """A value with the position that gave it and the persons who stood for it."""

    value: Decimal
    position: int
    entered_by: frozenset[str]
    verified_by: frozenset[str] = frozenset()


class OpenRequest(NamedTuple):
    """A correction request that awaits its decision."""

    position: int
    corrects_position: int
    proposed_value: Decimal
    reason_code: ReasonCode
    requested_for: RequestedFor
    requested_by: str
    persons: frozenset[str]
    evidence: tuple[str, ...]


class Score(NamedTuple):
    """What decisions need to know of a score; a named tuple, because each of its events makes a new one."""

    status: ScoreStatus = ScoreStatus.NONE
    claimed: Standing | None = None
    entered: Standing | None = None
    """The value entered last, verified or not."""
    official: Standing | None = None
    """The effective value: the head of the chain that corrections cite."""
    request: OpenRequest | None = None
    withdrawn_position: int | None = None
    value_positions: frozenset[int] = frozenset()
    """Every position of this score that bore a value."""
    stood_for: frozenset[str] = frozenset()
    """Everybody who ever entered, verified, approved or withdrew a value of this score."""

    def evolve(self, event: Event, /) -> Score:
        """Return the score after `event`."""
        match event.fact:
            case ScoreSelfReported() as fact:
                status = ScoreStatus.SELF_REPORTED if self.status is ScoreStatus.NONE else self.status
                claimed = Standing(fact.value, event.position, event.actor.persons)
                return self._replace(status=status, claimed=claimed)
            case ScoreEntered() | ScoreLateEntered() as fact:
                return self._replace(
                    status=ScoreStatus.ENTERED,
                    entered=Standing(fact.value, event.position, event.actor.persons),
                    withdrawn_position=None,
                    value_positions=self.value_positions | {event.position},
                    stood_for=self.stood_for | event.actor.persons | _approver(fact),
                )
            case ScoreReturned():
                return self._replace(status=ScoreStatus.RETURNED)
            case ScoreVerified() if self.entered is not None:
                official = self.entered._replace(verified_by=event.actor.persons)
                stood_for = self.stood_for | event.actor.persons
                return self._replace(
                    status=ScoreStatus.VERIFIED, entered=official, official=official, stood_for=stood_for
                )
            case CorrectionRequested() as fact:
                return self._replace(request=_request(fact, event))
            case CorrectionRejected() | CorrectionRequestWithdrawn():
                return self._replace(request=None)
            case ScoreCorrected() as fact:
                # A correction has a requester and an approver; nobody entered or verified it.
                official = Standing(fact.new_value, event.position, frozenset())
                return self._replace(
                    status=ScoreStatus.CORRECTED,
                    official=official,
                    request=None,
                    value_positions=self.value_positions | {event.position},
                    stood_for=self.stood_for | event.actor.persons,
                )
            case ScoreWithdrawn() as fact:
                return self._replace(
                    status=ScoreStatus.WITHDRAWN,
                    entered=None,
                    official=None,
                    withdrawn_position=event.position,
                    value_positions=self.value_positions | {event.position},
                    stood_for=self.stood_for | event.actor.persons | _approver(fact),
                )
            case _:
                return self


def _approver(fact: ScoreEntered | ScoreLateEntered | ScoreWithdrawn) -> frozenset[str]:
    approved_by = None if isinstance(fact, ScoreEntered) else fact.approved_by
    return frozenset() if approved_by is None else frozenset({approved_by})


def _request(fact: CorrectionRequested, event: Event) -> OpenRequest:
    return OpenRequest(
        position=event.position,
        corrects_position=fact.corrects_position,
        proposed_value=fact.proposed_value,
        reason_code=fact.reason_code,
        requested_for=fact.requested_for,
        requested_by=event.actor.person_id,
        persons=event.actor.persons,
        evidence=fact.evidence,
    )


UNTOUCHED = Score()
"""A score before anything happened to it."""


def score_stream(cycle_id: str, unit_id: str, indicator_id: str, period: str) -> Stream[Score]:
    """The stream of one score."""
    return Stream(f"score:{cycle_id}:{unit_id}:{indicator_id}:{period}", UNTOUCHED)

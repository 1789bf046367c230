"""Decisions: rewards and punishments, each tied to a grade, to a rule and to a place in the ledger.

A decision is named by its position. It holds from then on: honoured, suspended, confirmed on
a later grading or revoked, but never edited. Source: domain.md 2.4 "Rewards and punishments", C8, C9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from ledger.domain.facts import Audience, Event, Fact, Stream
from ledger.domain.plan import Plan
from ledger.domain.plan_rules import DecisionKind, DecisionRule
from ledger.domain.rule_reference import RuleRef

CURRENCY = "CNY"


class RevocationReason(StrEnum):
    """Why a decision was revoked."""

    BASIS_SUPERSEDED = "BASIS_SUPERSEDED"
    """The grade it stood on is no longer the subject's."""
    FRAUD_FINDING = "FRAUD_FINDING"
    APPEAL_UPHELD = "APPEAL_UPHELD"
    ERROR = "ERROR"


class DecisionStatus(StrEnum):
    """Where a decision stands."""

    DECIDED = "DECIDED"
    SUSPENDED = "SUSPENDED"
    """It is not carried out until it is resumed."""
    CONFIRMED = "CONFIRMED"
    """It was reviewed and stands on a later grading."""
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFact(Fact):
    """A fact about the rewards and punishments of one unit, or of one person, in a cycle."""

    AUDIENCE = Audience.RESULT

    cycle_id: str
    unit_id: str | None = None
    """The unit it is about; null where it is about a person."""
    subject_id: str | None = None
    """The person it is about; null where it is about a unit."""

    @property
    def stream(self) -> str:
        return decision_stream(self.cycle_id, self.unit_id or self.subject_id or "").name


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided(DecisionFact):
    """What rewards and punishments have in common."""

    CITES = "basis_position"
    PRIVATE = ("deviation_reason",)

    answering_unit_id: str | None = None
    """The unit whose grade the person answers for; null where it is about a unit."""
    kind: DecisionKind
    amount: Decimal | None = None
    """Money, where there is any."""
    currency: str = CURRENCY
    grade: str | None = None
    """The grade it follows from; null for a punishment that does not wait for the grades."""
    basis_position: int
    rule: RuleRef
    plan_version: int
    trace: str
    """How the amount follows from the rule."""
    deviation_reason: str | None = None
    evidence: tuple[str, ...]
    """The minutes."""
    proposed_by: str
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardDecided(Decided):
    """A reward was decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PunishmentDecided(Decided):
    """A punishment was decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionHonoured(DecisionFact):
    """A decision was carried out: paid, announced, executed."""

    CITES = "decision_position"

    decision_position: int
    executed_on: date
    amount: Decimal | None = None
    """What was paid, in CNY."""
    evidence: tuple[str, ...]
    """The voucher or the document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionSuspended(DecisionFact):
    """A decision is not to be carried out for now."""

    CITES = "decision_position"

    decision_position: int
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionResumed(DecisionFact):
    """A suspended decision holds again."""

    CITES = "decision_position"

    decision_position: int
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionConfirmed(DecisionFact):
    """A decision was reviewed after the grades were revised, and stands."""

    CITES = "decision_position"

    decision_position: int
    basis_position: int
    grade: str
    """The subject's grade on the new basis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRevoked(DecisionFact):
    """A decision no longer holds."""

    CITES = "decision_position"
    PRIVATE = ("reason",)

    decision_position: int
    reason_code: RevocationReason
    reason: str
    recovery: Decimal | None = None
    """What has to be paid back, in CNY."""
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryReceived(DecisionFact):
    """Money paid under a revoked decision came back, all of it or a part."""

    CITES = "decision_position"

    decision_position: int
    executed_on: date
    amount: Decimal
    """What came back, in CNY."""
    evidence: tuple[str, ...]
    """The voucher."""


@dataclass(frozen=True, slots=True)
class Honoured:
    """How a decision was carried out."""

    position: int
    executed_on: date
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Revoked:
    """How a decision ended."""

    position: int
    at: datetime
    """When it was revoked."""
    reason_code: RevocationReason
    recovery: Decimal


@dataclass(frozen=True, slots=True)
class Decision:
    """A reward or a punishment, and what became of it."""

    position: int
    decided_at: datetime
    fact: Decided
    basis_position: int
    """The grading, the veto or the finding that it stands on now."""
    grade: str | None
    """The grade on that basis."""
    confirmed: bool = False
    suspended_position: int | None = None
    honoured: Honoured | None = None
    revoked: Revoked | None = None
    recovered: Decimal = Decimal(0)
    """How much of the recovery came back."""

    @property
    def article(self) -> str:
        """The article of the plan that it stands on."""
        return self.fact.rule.article

    @property
    def graded_unit_id(self) -> str | None:
        """The unit whose grade counts: the subject, or the one that the person answers for; None of old entries."""
        return self.fact.unit_id or self.fact.answering_unit_id

    @property
    def reward(self) -> bool:
        """Whether it is a reward; otherwise it is a punishment."""
        return isinstance(self.fact, RewardDecided)

    @property
    def status(self) -> DecisionStatus:
        """Where it stands."""
        if self.revoked is not None:
            return DecisionStatus.REVOKED
        if self.suspended_position is not None:
            return DecisionStatus.SUSPENDED
        return DecisionStatus.CONFIRMED if self.confirmed else DecisionStatus.DECIDED

    @property
    def outstanding(self) -> Decimal:
        """What has still to be paid back, in CNY."""
        return self.revoked.recovery - self.recovered if self.revoked is not None else Decimal(0)


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions about one subject, or about every subject of a cycle."""

    items: Mapping[int, Decision] = field(default_factory=dict[int, Decision])
    """By the position that took them, in its order."""

    def __iter__(self) -> Iterator[Decision]:
        return iter(self.items.values())

    def at(self, position: int) -> Decision | None:
        """The decision taken at a position, None if none was."""
        return self.items.get(position)

    def standing(self, article: str, *, unit_id: str | None, subject_id: str | None) -> Decision | None:
        """The decision under an article that is not revoked; there is at most one for each subject."""
        for decision in self:
            subject = (decision.fact.unit_id, decision.fact.subject_id)
            if decision.revoked is None and decision.article == article and subject == (unit_id, subject_id):
                return decision
        return None

    def evolve(self, event: Event, /) -> Decisions:
        """Return the decisions after `event`; events of other kinds change nothing."""
        if not isinstance(event.fact, DecisionFact):
            return self
        decision = self._after(event, event.fact)
        return self if decision is None else Decisions({**self.items, decision.position: decision})

    def _after(self, event: Event, fact: DecisionFact) -> Decision | None:
        match fact:
            case Decided():
                return Decision(event.position, event.recorded_at, fact, fact.basis_position, fact.grade)
            case DecisionHonoured():
                honoured = Honoured(event.position, fact.executed_on, fact.amount)
                return replace(self.items[fact.decision_position], honoured=honoured)
            case DecisionSuspended():
                return replace(self.items[fact.decision_position], suspended_position=event.position)
            case DecisionResumed():
                return replace(self.items[fact.decision_position], suspended_position=None)
            case DecisionConfirmed():
                earlier = self.items[fact.decision_position]
                return replace(earlier, confirmed=True, basis_position=fact.basis_position, grade=fact.grade)
            case DecisionRevoked():
                revoked = Revoked(event.position, event.recorded_at, fact.reason_code, fact.recovery or Decimal(0))
                return replace(self.items[fact.decision_position], revoked=revoked)
            case RecoveryReceived():
                earlier = self.items[fact.decision_position]
                return replace(earlier, recovered=earlier.recovered + fact.amount)
            case _:
                return None


def decision_stream(cycle_id: str, subject: str) -> Stream[Decisions]:
    """The stream of everything decided about one unit or one person in one cycle."""
    return Stream(f"decision:{cycle_id}:{subject}", Decisions())


def rule_naming(plan: Plan, article: str, grade: str | None) -> DecisionRule | None:
    """The rule of an article if it speaks of the grade, else None.

    Without a grade a rule is meant that names none: it holds before grades are opened.
    """
    for rule in plan.decisions:
        if rule.article == article and (grade in rule.grades if grade is not None else not rule.grades):
            return rule
    return None

"""Refusals: what a command may be answered with instead of being recorded.

Every class is one reason. Its name is the code (`SeparationOfDuties` is
`SEPARATION_OF_DUTIES`), the first line of its docstring is the message, the facts of the
case are attributes. A refused command records nothing, except a `CommandRefused` fact for
the privileged reasons: "who tried to change a score after the deadline" is a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar


class Refused(Exception):
    """The command was refused."""

    retryable: ClassVar[bool] = False
    privileged: ClassVar[bool] = False
    """Whether the attempt itself is recorded in the ledger as a `CommandRefused`."""

    def __init__(
        self, *, path: str | None = None, rule_ref: str | None = None, hint: str | None = None, **facts: object
    ):
        super().__init__()
        self.path = path
        self.rule_ref = rule_ref
        self.hint = hint
        self.facts = facts

    @classmethod
    def code(cls) -> str:
        """The stable name that clients branch on."""
        return re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__).upper()

    @property
    def message(self) -> str:
        """What stood in the way, with the values of this case and what to do next."""
        parts = [(self.__doc__ or "").strip().split("\n")[0]]
        known = [f"{name}: {value}" for name, value in self.facts.items() if value is not None]
        if known:
            parts.append(f"({', '.join(known)})")
        if self.hint:
            parts.append(self.hint)
        return " ".join(parts)

    @property
    def current_version(self) -> int | None:
        """The version the stream has now, where the refusal is about versions."""
        version = self.facts.get("current_version")
        return version if isinstance(version, int) else None

    def __str__(self) -> str:
        return f"{self.code()}: {self.message}"

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), self.path, self.rule_ref, self.hint, self.facts)


def _restore(
    kind: type[Refused], path: str | None, rule_ref: str | None, hint: str | None, facts: dict[str, object]
) -> Refused:
    return kind(path=path, rule_ref=rule_ref, hint=hint, **facts)


def every_refusal(root: type[Refused] = Refused) -> Iterator[type[Refused]]:
    """Every reason there is, in the order of this module."""
    for kind in root.__subclasses__():
        yield kind
        yield from every_refusal(kind)


# ---- who


class Unauthenticated(Refused):
    """Nobody is signed in; send a valid bearer token."""


class ForbiddenRole(Refused):
    """None of the person's roles in force allows this."""

    privileged = True


class OutOfScopeUnit(Refused):
    """The person holds the role, but not for this unit, indicator or group."""


class SeparationOfDuties(Refused):
    """Another person has to do this: two pairs of eyes, or incompatible roles."""

    privileged = True


class ConflictOfInterest(Refused):
    """The person is a party to the matter."""

    privileged = True


# ---- the command itself


class StaleExpectedVersion(Refused):
    """Somebody else was first; read again and repeat."""

    retryable = True


class IdempotencyConflict(Refused):
    """The command id was used before for another command; make a new id."""


class UnknownId(Refused):
    """There is nothing with this id."""


class DuplicateId(Refused):
    """The id is taken."""


class MalformedInput(Refused):
    """The input does not fit together, or cannot be read."""


# ---- values


class InvalidDecimal(Refused):
    """A number is written as plain digits with at most one point, such as 84.50."""


class ScaleExceeded(Refused):
    """The value has more decimal places than the indicator declares; it is never rounded silently."""


class OutOfRange(Refused):
    """The value lies outside what the plan allows."""


class UnitOfMeasureMismatch(Refused):
    """The value is given in another unit of measure than the indicator's."""


class WrongEntryKind(Refused):
    """The indicator takes the other kind of entry (measured ACTUAL or awarded POINTS)."""


class InvalidPeriod(Refused):
    """The indicator has no such period in this cycle."""


class PeriodNotStarted(Refused):
    """It has not begun."""


class PeriodNotEnded(Refused):
    """The period has not ended; say interim if it is meant so."""


class NoChange(Refused):
    """It is so already, or there is nothing to do."""


# ---- process


class PhaseViolation(Refused):
    """The cycle's phase does not allow this now."""

    privileged = True


class DeadlinePassed(Refused):
    """The deadline has passed."""

    privileged = True


class NotApplicable(Refused):
    """The indicator does not apply to this unit."""


class NoTarget(Refused):
    """No target is set for this unit and indicator."""


class NotEntered(Refused):
    """No value is entered for this score."""


class AlreadyEntered(Refused):
    """The score is verified; it changes by correction only."""


class AlreadyVerified(Refused):
    """The value is verified already."""


class NotVerified(Refused):
    """The score has no verified value."""


class ScoreIsWithdrawn(Refused):
    """The score was withdrawn; only a late entry brings it back."""

    @classmethod
    def code(cls) -> str:
        """`SCORE_WITHDRAWN`: the class is named apart from the fact `ScoreWithdrawn`."""
        return "SCORE_WITHDRAWN"


class OpenRequestExists(Refused):
    """A correction of this score is being asked for already; decide that request first."""


class RequestNotOpen(Refused):
    """The request, claim or discrepancy is decided or withdrawn already."""


class StaleCorrection(Refused):
    """The value to be corrected is no longer the effective one."""


class CorrectionTargetInvalid(Refused):
    """The cited position is not a value of this score."""


class TaskClosed(Refused):
    """The task is completed or cancelled."""


class RestatementRequired(Refused):
    """Grades are opened: values change inside an open restatement only."""

    privileged = True


# ---- justification


class ReasonRequired(Refused):
    """A reason has to be given."""


class ReasonCodeInvalid(Refused):
    """The reason code is not one of the list."""


class ReasonTooShort(Refused):
    """The reason is too short to be understood by somebody else."""


class EvidenceRequired(Refused):
    """At least one registered piece of evidence has to be cited."""


class EvidenceUnknown(Refused):
    """No evidence is registered or stored under this hash; upload and register it first."""


class EvidenceHashMismatch(Refused):
    """The bytes do not have the hash they were announced with."""


class RuleNotFound(Refused):
    """The cited rule does not exist in that version of the measures or the plan."""


class RuleNotInForce(Refused):
    """The cited rule is not in force."""


# ---- plan


class PlanNotInForce(Refused):
    """No plan version is in force for this period."""


class WeightsNot100(Refused):
    """The weights that apply to a unit must sum to exactly 100."""


class FormulaInvalid(Refused):
    """The formula's parameters do not fit together."""


class QuotaInvalid(Refused):
    """The shares do not fit together."""


class GroupOverlap(Refused):
    """A unit belongs to more than one group."""


class UnitWithoutGroup(Refused):
    """A unit belongs to no group."""


class ReferencedEntityInUse(Refused):
    """Something recorded still refers to it."""


class PlanChangeNeedsApproval(Refused):
    """Entry has begun: a new plan version needs the leading group's approval."""


# ---- results


class GradeTieUnresolved(Refused):
    """More units are tied at the cut than seats are left; the leading group has to decide."""


class ResultsIncomplete(Refused):
    """Scores or tallies are missing, a correction is asked for, or an appeal is open; settle those first."""


class ResultsStale(Refused):
    """Something that moves the results was recorded after they were computed; compute them again."""

    retryable = True


class QuotaExceeded(Refused):
    """The grades given are not those that the plan's proportions allow."""


class GradesAlreadyOpened(Refused):
    """The grades are opened; they are revised inside a restatement only."""


class BasisSuperseded(Refused):
    """The grading or the veto that this stands on is no longer in force."""


class NoRuleForGrade(Refused):
    """The cited article says nothing for this grade."""


class DuplicateDecision(Refused):
    """The subject has a decision under this rule already; revoke that first."""


class DecisionNotInForce(Refused):
    """The decision is revoked or suspended."""


class RestatementAlreadyOpen(Refused):
    """A restatement of the cycle is open; publish or close it first."""


class PublicationNotReproducible(Refused):
    """The report does not follow from the ledger at the position it cites."""


class AudienceViolation(Refused):
    """The audience may not see what the report holds."""


# ---- appeals


class AppealWindowClosed(Refused):
    """The time for an appeal has passed."""


class AppealNotStanding(Refused):
    """Only the unit or cadre concerned may appeal."""


class DuplicateAppeal(Refused):
    """The matter was appealed against at this level already."""


class AppealNotOpen(Refused):
    """The appeal is not, or no longer, at the stage where this can be done."""


# ---- inspection


class CaseNotOpen(Refused):
    """The case is closed, or not opened yet."""


# ---- burden


class BurdenCapExceeded(Refused):
    """The cap on assessment items is reached."""


class ItemNotApproved(Refused):
    """Data are asked for outside the approved list of assessment items."""

"""Inspection cases: what discipline inspection looks into, and what it found.

A case begins with a flag, which is a lead and never a verdict, or is opened outright. Everything
in it is for inspectors only: to anybody else the case does not exist. Source: domain.md 2.4
"Inspection", 4.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ledger.domain.facts import Audience, Event, Fact, Stream


class Severity(StrEnum):
    """How grave a flag is."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class Disposition(StrEnum):
    """What became of a flag."""

    ESCALATED = "ESCALATED"
    """It is looked into."""
    EXPLAINED = "EXPLAINED"
    FALSE_POSITIVE = "FALSE_POSITIVE"


class FindingKind(StrEnum):
    """What an inspection found."""

    FRAUD = "FRAUD"
    """A figure was made up or changed on purpose."""
    OVERSTATEMENT = "OVERSTATEMENT"
    """A figure was reported better than it was."""
    CONCEALMENT = "CONCEALMENT"
    """Something that had to be reported was not."""
    NEGLIGENCE = "NEGLIGENCE"
    """A duty of care was not met."""
    NO_BREACH = "NO_BREACH"
    """Nothing was wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFact(Fact):
    """A fact about one inspection case."""

    AUDIENCE = Audience.INSPECTION

    case_id: str
    cycle_id: str | None = None
    """The cycle looked into; null if it is no single one."""

    @property
    def stream(self) -> str:
        return case_stream(self.case_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRaised(CaseFact):
    """A rule pointed at events that deserve a look."""

    CITES = "as_of_position"

    rule_id: str
    ruleset_version: str
    severity: Severity
    positions: tuple[int, ...]
    as_of_position: int
    """The last position that the rule looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagDispositioned(CaseFact):
    """Somebody looked at a flag and said what it was worth."""

    CITES = "flag_position"

    flag_position: int
    disposition: Disposition
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionCaseOpened(CaseFact):
    """An inspection began."""

    title: str
    reason: str
    positions: tuple[int, ...] = ()
    """The events that gave rise to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySealed(CaseFact):
    """An answer of the ledger was bound to its question and position, so that a finding can cite it."""

    CITES = "as_of_position"

    query: str
    as_of_position: int
    """The position at which the question was asked."""
    result_hash: str
    """SHA-256 over the answer, in hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRecorded(CaseFact):
    """An inspection came to a finding."""

    PRIVATE = ("findings",)
    PERSONS = ("person_ids",)

    kind: FindingKind
    unit_ids: tuple[str, ...]
    """The units it is about."""
    person_ids: tuple[str, ...]
    """The persons it is about."""
    positions: tuple[int, ...]
    """The events it stands on, sealed queries among them."""
    standard: str
    """The rule or duty that was breached."""
    findings: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed(CaseFact):
    """An inspection ended."""

    reason: str


@dataclass(frozen=True, slots=True)
class InspectionCase:
    """What decisions need to know of a case."""

    cycle_id: str | None = None
    opened: bool = False
    closed: bool = False
    flags: Mapping[int, Disposition | None] = field(default_factory=dict[int, Disposition | None])
    """What became of each flag, by its position; None while nothing has."""
    findings: Mapping[int, FindingRecorded] = field(default_factory=dict[int, FindingRecorded])
    """By position."""

    def evolve(self, event: Event, /) -> InspectionCase:
        """Return the case after `event`."""
        match event.fact:
            case FlagRaised() as fact:
                return replace(self, cycle_id=fact.cycle_id, flags={**self.flags, event.position: None})
            case FlagDispositioned() as fact:
                return replace(self, flags={**self.flags, fact.flag_position: fact.disposition})
            case InspectionCaseOpened() as fact:
                return replace(self, cycle_id=fact.cycle_id, opened=True)
            case FindingRecorded() as fact:
                return replace(self, findings={**self.findings, event.position: fact})
            case CaseClosed():
                return replace(self, closed=True)
            case _:
                return self


def case_stream(case_id: str) -> Stream[InspectionCase]:
    """The stream of one case."""
    return Stream(f"case:{case_id}", InspectionCase())

"""Publication: reports bound to the position they follow from, and the restatements that alone may change them.

All reports and restatements of a cycle are one stream, so numbers follow each other and at
most one restatement is open. Source: domain.md 2.4 "Publication" and "Restatement", 3.11.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from ledger.domain.facts import STREAMS_NAMED_MAX, Audience, Event, Fact, Stream
from ledger.domain.grading import ReportAudience
from ledger.domain.score import ReasonCode


class ReportKind(StrEnum):
    """What a report reports."""

    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    NOTICE = "NOTICE"
    ANNUAL = "ANNUAL"
    CADRE = "CADRE"
    """Results of persons; for the leadership only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One unit, or one cadre, in a report."""

    group_id: str
    unit_id: str
    subject_id: str | None = None
    """The person, in a report on cadres; the unit is then the one served in longest."""
    rank: int | None
    total: Decimal
    grade: str | None
    """The grade in force; null before grades are opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportChange:
    """A figure that is another than in the report before."""

    unit_id: str
    subject_id: str | None = None
    field: str
    """`total`, `rank` or `grade`."""
    old: str | None
    new: str | None
    reason_codes: tuple[ReasonCode, ...] = ()
    """Why values were corrected in between: of a total those of the unit, of a rank or a grade those of all."""
    moved_by: tuple[str, ...] = ()
    """The types of the events that moved it, corrections, vetoes and others; none where values came in only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationFact(Fact):
    """A fact about the reports and restatements of one cycle."""

    AUDIENCE = Audience.RESULT

    cycle_id: str

    @property
    def stream(self) -> str:
        return publication_stream(self.cycle_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDueSet(PublicationFact):
    """A report was announced for a day."""

    AUDIENCE = Audience.EVERYBODY

    kind: ReportKind
    period: str | None = None
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPublished(PublicationFact):
    """A report was published."""

    AUDIENCE = Audience.PUBLICATION
    CITES = "as_of_position"

    number: str
    kind: ReportKind
    audience: ReportAudience
    period: str | None = None
    """The period reported on; None is the cycle as a whole."""
    group_ids: tuple[str, ...]
    unit_ids: tuple[str, ...] = ()
    """The units reported on, where not all of the groups are."""
    as_of_position: int
    plan_version: int
    engine_version: str
    rows: tuple[ReportRow, ...]
    content_hash: str
    """SHA-256 over the canonical JSON of the rows, in hex."""
    changes: tuple[ReportChange, ...] = ()
    """What is another than in the last standing report of this kind, period and groups that named the unit."""
    approved_by: str | None = None
    """Who of the leading group approved it; null where no approval was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRestated(PublicationFact):
    """A published report was replaced inside a restatement, which ends with it."""

    AUDIENCE = Audience.PUBLICATION
    CITES = "supersedes_position"

    number: str
    """The first report's number with the restatement's, such as 2018-A(R1)."""
    restatement: str
    supersedes_position: int
    kind: ReportKind
    audience: ReportAudience
    period: str | None = None
    group_ids: tuple[str, ...]
    unit_ids: tuple[str, ...] = ()
    as_of_position: int
    plan_version: int
    engine_version: str
    rows: tuple[ReportRow, ...]
    content_hash: str
    changes: tuple[ReportChange, ...]
    """Every figure that is another, old and new."""
    approved_by: str | None = None
    """Who of the leading group approved it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRetracted(PublicationFact):
    """A published report was taken back."""

    AUDIENCE = Audience.EVERYBODY
    CITES = "published_position"

    published_position: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestatementOpened(PublicationFact):
    """Published results may be corrected: the only door to it."""

    number: str
    """R1, R2, … in order."""
    cause: str
    group_ids: tuple[str, ...]
    """The groups whose values may be corrected."""
    evidence: tuple[str, ...]
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestatementClosed(PublicationFact):
    """A restatement ended without a restated report."""

    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """A published report and what became of it."""

    position: int
    fact: ReportPublished | ReportRestated
    superseded_by: int | None = None
    retracted_by: int | None = None

    @property
    def standing(self) -> bool:
        """Whether it was neither superseded nor retracted."""
        return self.superseded_by is None and self.retracted_by is None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReport:
    """A report that was announced for a day and is not published."""

    position: int
    """The event that announced it for this day."""
    kind: ReportKind
    """What it will report."""
    period: str | None
    """The period; null is the cycle as a whole."""
    due_on: date
    """The last day for it."""
    overdue: bool = False
    """Whether that day has passed."""


@dataclass(frozen=True, slots=True)
class OpenRestatement:
    """A restatement that is open."""

    number: str
    position: int
    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Publications:
    """The reports and restatements of a cycle."""

    reports: tuple[Report, ...] = ()
    announced: tuple[DueReport, ...] = ()
    """Every report that was announced, for the day that was named last."""
    restatements: int = 0
    """How many restatements were ever opened."""
    restating: OpenRestatement | None = None

    def report(self, position: int) -> Report | None:
        """The report published at a position, None if none was."""
        return next((report for report in self.reports if report.position == position), None)

    @property
    def standing(self) -> Iterator[Report]:
        """The reports that were neither superseded nor retracted, in the order of publication."""
        return (report for report in self.reports if report.standing)

    def due(self, today: date) -> tuple[DueReport, ...]:
        """The announced reports of which none of this kind and period stands, the most urgent first."""
        published = {(report.fact.kind, report.fact.period) for report in self.standing}
        due = (
            replace(each, overdue=each.due_on < today)
            for each in self.announced
            if (each.kind, each.period) not in published
        )
        return tuple(sorted(due, key=lambda each: (each.due_on, each.position)))

    def restates(self, group_id: str) -> str | None:
        """The number of the open restatement that covers the group, None if none does."""
        covered = self.restating is not None and group_id in self.restating.group_ids
        return self.restating.number if self.restating is not None and covered else None

    def evolve(self, event: Event, /) -> Publications:
        """Return the state after `event`."""
        match event.fact:
            case ReportDueSet() as fact:
                due = DueReport(position=event.position, kind=fact.kind, period=fact.period, due_on=fact.due_on)
                others = (each for each in self.announced if (each.kind, each.period) != (fact.kind, fact.period))
                return replace(self, announced=(*others, due))
            case ReportPublished() as fact:
                return replace(self, reports=(*self.reports, Report(event.position, fact)))
            case ReportRestated() as fact:
                earlier = tuple(
                    replace(report, superseded_by=event.position)
                    if report.position == fact.supersedes_position
                    else report
                    for report in self.reports
                )
                return replace(self, reports=(*earlier, Report(event.position, fact)), restating=None)
            case ReportRetracted() as fact:
                reports = tuple(
                    replace(report, retracted_by=event.position)
                    if report.position == fact.published_position
                    else report
                    for report in self.reports
                )
                return replace(self, reports=reports)
            case RestatementOpened() as fact:
                restating = OpenRestatement(fact.number, event.position, fact.group_ids)
                return replace(self, restatements=self.restatements + 1, restating=restating)
            case RestatementClosed():
                return replace(self, restating=None)
            case _:
                return self


@lru_cache(maxsize=STREAMS_NAMED_MAX)
def publication_stream(cycle_id: str) -> Stream[Publications]:
    """The stream of a cycle's reports and restatements."""
    return Stream(f"publication:{cycle_id}", Publications())

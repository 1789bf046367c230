"""Commands about reports and restatements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypedDict

from ledger.domain.cycle import Cycle, CycleClosed, Phase, cycle_stream
from ledger.domain.facts import Fact, Stream
from ledger.domain.grading import ReportAudience, grading_stream
from ledger.domain.identifiers import check_id
from ledger.domain.publication import OpenRestatement as Restating
from ledger.domain.publication import (
    Publications,
    Report,
    ReportDueSet,
    ReportKind,
    ReportPublished,
    ReportRestated,
    ReportRetracted,
    RestatementClosed,
    RestatementOpened,
    publication_stream,
)
from ledger.domain.recall import Recall
from ledger.domain.refusals import (
    AudienceViolation,
    DuplicateId,
    MalformedInput,
    NoChange,
    PhaseViolation,
    PublicationNotReproducible,
    RestatementAlreadyOpen,
    RestatementRequired,
    ResultsIncomplete,
    ResultsStale,
    UnknownId,
)
from ledger.domain.reporting import Content, recalled, report_content
from ledger.domain.roles import Role
from ledger.domain.settlement import ENGINE_VERSION, participants
from ledger.domain.tables import report_changes
from ledger.domain.world import Command, World


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationCommand(Command):
    """A command about the reports and restatements of one cycle."""

    cycle_id: str

    def stream(self) -> Stream[Publications]:
        return publication_stream(self.cycle_id)

    def cycle(self, world: World) -> Cycle:
        """The cycle. Raises UnknownId."""
        return world.exists(cycle_stream(self.cycle_id), path="cycle_id", cycle_id=self.cycle_id)

    def publications(self, world: World) -> Publications:
        """What was published."""
        return world.read(self.stream())


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReportDue(PublicationCommand):
    """Announce a report for a day."""

    kind: ReportKind
    period: str | None = None
    due_on: date

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR)
        plan = self.cycle(world).latest.plan
        if self.period is not None and self.period not in plan.periods:
            raise UnknownId(path="period", period=self.period)
        return [ReportDueSet(cycle_id=self.cycle_id, kind=self.kind, period=self.period, due_on=self.due_on)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishReport(PublicationCommand):
    """Publish results, bound to the position they follow from and to the hash of what is said."""

    number: str
    kind: ReportKind
    audience: ReportAudience
    group_ids: tuple[str, ...]
    unit_ids: tuple[str, ...] = ()
    """Only these units, where the report is partial."""
    period: str | None = None
    as_of_position: int | None = None
    """The position the results follow from; now if left out."""
    content_hash: str | None = None
    """The hash of the table as it was printed; it has to be reproduced."""

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR)
        check_id(self.number, path="number")
        cycle, publications = self.cycle(world), self.publications(world)
        if any(report.fact.number == self.number for report in publications.reports):
            raise DuplicateId(path="number", number=self.number)
        _check_audience(self.kind, self.audience)
        for group_id in self.group_ids:
            if cycle.latest.plan.group(group_id) is None:
                raise UnknownId(path="group_ids", group_id=group_id)
        if not self.group_ids:
            raise MalformedInput(path="group_ids", hint="A report is about at least one group.")
        if self.kind is ReportKind.ANNUAL:
            self._require_graded(world)
        recall = _known_at(world, self.cycle_id, self.as_of_position)
        results = recalled(recall, self.cycle_id, self.group_ids, period=self.period)
        content = report_content(results, unit_ids=self.unit_ids)
        if self.content_hash is not None and self.content_hash != content.content_hash:
            raise PublicationNotReproducible(
                path="content_hash", given=self.content_hash, reproduced=content.content_hash, as_of=recall.as_of
            )
        previous = _previous(publications, self)
        return [
            ReportPublished(
                cycle_id=self.cycle_id,
                number=self.number,
                kind=self.kind,
                audience=self.audience,
                period=self.period,
                group_ids=self.group_ids,
                unit_ids=self.unit_ids,
                as_of_position=recall.as_of,
                plan_version=content.plan_version,
                engine_version=ENGINE_VERSION,
                rows=content.rows,
                content_hash=content.content_hash,
                changes=report_changes(previous.fact.rows, content.rows) if previous is not None else (),
            )
        ]

    def _require_graded(self, world: World) -> None:
        for group_id in self.group_ids:
            if not world.read(grading_stream(self.cycle_id, group_id)).graded:
                raise PhaseViolation(path="group_ids", group_id=group_id, hint="Its grades are not opened.")
        if self.period is not None:
            raise MalformedInput(path="period", hint="An annual report is about the cycle as a whole.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractReport(PublicationCommand):
    """Take a published report back; it stays in the record."""

    published_position: int
    reason: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.LEADING)
        report = _standing(self.publications(world), self.published_position, path="published_position")
        reason = world.reason(self.reason, length_min=10)
        return [ReportRetracted(cycle_id=self.cycle_id, published_position=report.position, reason=reason)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRestatement(PublicationCommand):
    """Open the only door through which graded results are corrected; numbers follow each other."""

    cause: str
    group_ids: tuple[str, ...]
    evidence: tuple[str, ...]
    approved_by: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, Role.LEADING)
        publications = self.publications(world)
        self.cycle(world)
        if publications.restating is not None:
            raise RestatementAlreadyOpen(number=publications.restating.number)
        world.require_holder(self.approved_by, Role.LEADING, path="approved_by")
        world.differ({self.approved_by}, because="who opens a restatement does not approve it")
        if not self.group_ids:
            raise MalformedInput(path="group_ids", hint="Say whose results may be corrected.")
        for group_id in self.group_ids:
            if not world.read(grading_stream(self.cycle_id, group_id)).graded:
                raise PhaseViolation(path="group_ids", group_id=group_id, hint="Its grades are not opened; correct it.")
        return [
            RestatementOpened(
                cycle_id=self.cycle_id,
                number=f"R{publications.restatements + 1}",
                cause=world.reason(self.cause, length_min=10, path="cause"),
                group_ids=self.group_ids,
                evidence=world.evidence(self.evidence, count_min=1),
                approved_by=self.approved_by,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRestatement(PublicationCommand):
    """End a restatement that changed nothing published."""

    reason: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, Role.LEADING)
        restating = _restating(self.publications(world), self.cycle_id)
        _require_regraded(world.recall(self.cycle_id), self.cycle_id, restating.group_ids)
        reason = world.reason(self.reason, length_min=10)
        return [RestatementClosed(cycle_id=self.cycle_id, number=restating.number, reason=reason)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestateReports(PublicationCommand):
    """Replace published reports by what the restated results say; the restatement ends with it."""

    supersedes_positions: tuple[int, ...]

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, Role.LEADING)
        publications = self.publications(world)
        restating = _restating(publications, self.cycle_id)
        if not self.supersedes_positions:
            raise MalformedInput(path="supersedes_positions", hint="Name at least one report.")
        recall = world.recall(self.cycle_id)
        _require_regraded(recall, self.cycle_id, restating.group_ids)
        return [
            self._restated(publications, position, restating.number, recall) for position in self.supersedes_positions
        ]

    def _restated(self, publications: Publications, position: int, restatement: str, recall: Recall) -> ReportRestated:
        report = _standing(publications, position, path="supersedes_positions")
        content, scope = _content_again(recall, report)
        since = report.fact.as_of_position
        return ReportRestated(
            cycle_id=self.cycle_id,
            number=f"{_first_number(publications, report)}({restatement})",
            restatement=restatement,
            supersedes_position=position,
            as_of_position=recall.as_of,
            plan_version=content.plan_version,
            engine_version=ENGINE_VERSION,
            rows=content.rows,
            content_hash=content.content_hash,
            changes=report_changes(
                report.fact.rows, content.rows, reason_codes=recall.correction_reasons(self.cycle_id, after=since)
            ),
            **scope,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCycle(Command):
    """Close a cycle for good; only a restatement touches it from then on."""

    cycle_id: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.DIRECTOR, Role.LEADING)
        cycle = world.exists(cycle_stream(self.cycle_id), path="cycle_id", cycle_id=self.cycle_id)
        if cycle.phase is not Phase.ENTRY_CLOSED:
            raise PhaseViolation(phase=cycle.phase, hint="A cycle is closed once, after entry was closed.")
        publications = world.read(publication_stream(self.cycle_id))
        if publications.restating is not None:
            raise RestatementAlreadyOpen(number=publications.restating.number)
        for group in cycle.latest.plan.groups:
            if not world.read(grading_stream(self.cycle_id, group.group_id)).graded and cycle.latest.plan.grading:
                raise ResultsIncomplete(group_id=group.group_id, hint="Its grades are not opened.")
        open_appeals = world.recall(self.cycle_id).rulings(self.cycle_id).appeals.open_in(set(cycle.membership))
        if open_appeals:
            raise ResultsIncomplete(appeals=", ".join(str(appeal.position) for appeal in open_appeals))
        return [CycleClosed(cycle_id=self.cycle_id)]


class _Scope(TypedDict):
    kind: ReportKind
    audience: ReportAudience
    period: str | None
    group_ids: tuple[str, ...]
    unit_ids: tuple[str, ...]


def _content_again(recall: Recall, report: Report) -> tuple[Content, _Scope]:
    fact = report.fact
    scope = _Scope(
        kind=fact.kind,
        audience=fact.audience,
        period=fact.period,
        group_ids=fact.group_ids,
        unit_ids=fact.unit_ids,
    )
    results = recalled(recall, fact.cycle_id, fact.group_ids, period=fact.period)
    return report_content(results, unit_ids=fact.unit_ids), scope


def _check_audience(kind: ReportKind, audience: ReportAudience) -> None:
    # Results of persons are for the leadership's eyes only.
    if kind is ReportKind.CADRE and audience is not ReportAudience.LEADERSHIP:
        raise AudienceViolation(path="audience", kind=kind, given=audience)


def _known_at(world: World, cycle_id: str, position: int | None) -> Recall:
    if position is None:
        return world.recall(cycle_id)
    recall = world.recall_at(cycle_id, position)
    if position < 1 or position > world.recall(cycle_id).as_of:
        raise UnknownId(path="as_of_position", position=position, hint="Nothing of this cycle is recorded there.")
    return recall


def _previous(publications: Publications, command: PublishReport) -> Report | None:
    """The last report of the same kind, period and groups."""
    alike = (
        report
        for report in reversed(publications.reports)
        if (report.fact.kind, report.fact.group_ids) == (command.kind, command.group_ids)
    )
    return next(alike, None)


def _standing(publications: Publications, position: int, *, path: str) -> Report:
    """A report that was neither superseded nor retracted. Raises UnknownId, NoChange."""
    report = publications.report(position)
    if report is None:
        raise UnknownId(path=path, position=position, hint="No report was published there.")
    if report.superseded_by is not None or report.retracted_by is not None:
        raise NoChange(path=path, superseded_by=report.superseded_by, retracted_by=report.retracted_by)
    return report


def _first_number(publications: Publications, report: Report) -> str:
    """The number under which the report was published first."""
    while isinstance(report.fact, ReportRestated):
        earlier = publications.report(report.fact.supersedes_position)
        assert earlier is not None
        report = earlier
    return report.fact.number


def _restating(publications: Publications, cycle_id: str) -> Restating:
    if publications.restating is None:
        raise RestatementRequired(cycle_id=cycle_id, hint="No restatement is open.")
    return publications.restating


def _require_regraded(recall: Recall, cycle_id: str, group_ids: tuple[str, ...]) -> None:
    """Refuse while grades in force rest on results that something has moved since."""
    cycle, rulings = recall.cycle(cycle_id), recall.rulings(cycle_id)
    for group_id in group_ids:
        grading = rulings.grading(group_id)
        current = grading.current
        computed = grading.results(current.results_position) if current is not None else None
        moved = recall.moved(cycle_id, [unit_id for unit_id, _ in participants(cycle, group_id)])
        if computed is not None and computed.as_of_position < moved:
            raise ResultsStale(group_id=group_id, as_of=computed.as_of_position, moved_at=moved)

"""Commands about reports and restatements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger.domain.cycle import Cycle, CycleClosed, Phase, cycle_stream
from ledger.domain.facts import Fact, Stream
from ledger.domain.grade_opening import pool_of
from ledger.domain.grading import ReportAudience, grading_stream
from ledger.domain.identifiers import check_id
from ledger.domain.publication import (
    Publications,
    Report,
    ReportChange,
    ReportDueSet,
    ReportKind,
    ReportPublished,
    ReportRetracted,
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
    ResultsIncomplete,
    ResultsStale,
    UnknownId,
)
from ledger.domain.reporting import Content, recalled, report_content
from ledger.domain.roles import Role
from ledger.domain.settlement import ENGINE_VERSION, concerned
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
        self._check_groups(cycle)
        recall = _known_at(world, self.cycle_id, self.as_of_position)
        if self.kind is ReportKind.ANNUAL:
            self._require_graded(recall)
        report = self.written(recall, publications)
        if self.content_hash is not None and self.content_hash != report.content_hash:
            raise PublicationNotReproducible(
                path="content_hash", given=self.content_hash, reproduced=report.content_hash, as_of=recall.as_of
            )
        return [report]

    def written(self, recall: Recall, publications: Publications) -> ReportPublished:
        """The report that follows from what is recalled and from the publications before it. Raises UnknownId."""
        results = recalled(recall, self.cycle_id, self.group_ids, period=self.period)
        content = report_content(results, self.kind, unit_ids=self.unit_ids)
        previous = _previous(publications, self)
        return ReportPublished(
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
            changes=changes_since(recall, previous, content) if previous is not None else (),
        )

    def _check_groups(self, cycle: Cycle) -> None:
        for group_id in self.group_ids:
            if cycle.latest.plan.group(group_id) is None:
                raise UnknownId(path="group_ids", group_id=group_id)
        if not self.group_ids:
            raise MalformedInput(path="group_ids", hint="A report is about at least one group.")
        if len(set(self.group_ids)) != len(self.group_ids):
            raise DuplicateId(path="group_ids", hint="Name each group once.")

    def _require_graded(self, recall: Recall) -> None:
        """Refuse unless the grades known then are opened, and those that follow from the results known then."""
        if self.period is not None:
            raise MalformedInput(path="period", hint="An annual report is about the cycle as a whole.")
        for group_id in self.group_ids:
            if not recall.rulings(self.cycle_id).grading(group_id).graded:
                raise PhaseViolation(path="group_ids", group_id=group_id, hint="Its grades are not opened.")
        require_regraded(recall, self.cycle_id, self.group_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractReport(PublicationCommand):
    """Take a published report back; it stays in the record."""

    published_position: int
    reason: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.LEADING)
        report = standing_report(self.publications(world), self.published_position, path="published_position")
        reason = world.reason(self.reason, length_min=10)
        return [ReportRetracted(cycle_id=self.cycle_id, published_position=report.position, reason=reason)]


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
        appeals = [appeal for appeal in world.recall(self.cycle_id).rulings(self.cycle_id).appeals if appeal.open]
        if appeals:
            raise ResultsIncomplete(appeals=", ".join(str(appeal.position) for appeal in appeals))
        return [CycleClosed(cycle_id=self.cycle_id)]


def changes_since(recall: Recall, previous: Report, content: Content) -> tuple[ReportChange, ...]:
    """What a report says otherwise than an earlier one, with the reasons recorded in between."""
    fact = previous.fact
    cycle, rulings = recall.cycle(fact.cycle_id), recall.rulings(fact.cycle_id)
    units = {unit_id for group_id in fact.group_ids for unit_id in concerned(cycle, rulings, group_id)}
    reasons = recall.correction_reasons(fact.cycle_id, units, after=fact.as_of_position)
    return report_changes(fact.rows, content.rows, reason_codes=reasons)


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
        if (report.fact.kind, report.fact.period, report.fact.group_ids)
        == (command.kind, command.period, command.group_ids)
    )
    return next(alike, None)


def standing_report(publications: Publications, position: int, *, path: str) -> Report:
    """A report that was neither superseded nor retracted. Raises UnknownId, NoChange."""
    report = publications.report(position)
    if report is None:
        raise UnknownId(path=path, position=position, hint="No report was published there.")
    if report.superseded_by is not None or report.retracted_by is not None:
        raise NoChange(path=path, superseded_by=report.superseded_by, retracted_by=report.retracted_by)
    return report


def require_regraded(recall: Recall, cycle_id: str, group_ids: tuple[str, ...]) -> None:
    """Refuse while grades in force rest on results, or on decisions about grades, that something has moved since."""
    cycle, rulings = recall.cycle(cycle_id), recall.rulings(cycle_id)
    for group_id in group_ids:
        grading = rulings.grading(group_id)
        current = grading.current
        computed = grading.results(current.results_position) if current is not None else None
        if current is None or computed is None:
            continue
        moved = recall.moved(cycle_id, concerned(cycle, rulings, group_id))
        if computed.as_of_position < moved:
            raise ResultsStale(group_id=group_id, as_of=computed.as_of_position, moved_at=moved)
        sharing = [rulings.grading(each) for each in pool_of(cycle, group_id)]
        decided = max((position for each in sharing for position, _ in (*each.ties, *each.exceptions)), default=0)
        if current.position < decided:
            raise ResultsStale(group_id=group_id, as_of=current.position, moved_at=decided)

"""Commands about reports and restatements.

Source: domain.md 2.4 "Publication", C10 of 2.5.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from ledger.domain.commands.moving import require_phase
from ledger.domain.cycle import Cycle, CycleClosed, cycle_stream
from ledger.domain.facts import Fact, Stream
from ledger.domain.grade_opening import pool_of
from ledger.domain.grading import ReportAudience, grading_stream
from ledger.domain.identifiers import check_id
from ledger.domain.periods import Frequency, local_day, parse_period
from ledger.domain.phases import CLOSING
from ledger.domain.publication import (
    Publications,
    Report,
    ReportDueSet,
    ReportKind,
    ReportPublished,
    ReportRestated,
    ReportRetracted,
    publication_stream,
)
from ledger.domain.recall import Recall
from ledger.domain.refusals import (
    AudienceViolation,
    BasisSuperseded,
    DuplicateId,
    InvalidPeriod,
    MalformedInput,
    NoChange,
    OutOfRange,
    PhaseViolation,
    PublicationNotReproducible,
    RestatementAlreadyOpen,
    ResultsIncomplete,
    ResultsStale,
    SeparationOfDuties,
    UnknownId,
)
from ledger.domain.reporting import recalled, report_content
from ledger.domain.revision import changes_since, said_last
from ledger.domain.roles import Role
from ledger.domain.rulings import Rulings
from ledger.domain.settlement import ENGINE_VERSION, concerned
from ledger.domain.world import Command, World

APPROVED_KINDS = frozenset({ReportKind.ANNUAL, ReportKind.CADRE})
"""What the leading group approves before it is published: what opens grades to others, and results of persons."""
_FREQUENCIES = {ReportKind.MONTHLY: Frequency.MONTH, ReportKind.QUARTERLY: Frequency.QUARTER}


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
    """Announce a report for a day, or for another day than before."""

    kind: ReportKind
    period: str | None = None
    due_on: date

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR)
        plan = self.cycle(world).latest.plan
        _check_period(self.kind, self.period)
        if self.period is not None and self.period not in plan.periods:
            raise UnknownId(path="period", period=self.period)
        today = local_day(world.now, plan.timezone)
        if self.due_on < today:
            raise OutOfRange(path="due_on", given=self.due_on, earliest=today)
        due = ((each.kind, each.period, each.due_on) for each in self.publications(world).announced)
        if (self.kind, self.period, self.due_on) in due:
            raise NoChange(path="due_on", hint="It is announced for this day already.")
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
    approved_by: str | None = None
    """Another person, of the leading group, who approved it; an annual report and one on cadres need it."""

    def decide(self, world: World) -> list[Fact]:
        world.act(*publishers({self.kind}), group_ids=self.group_ids)
        check_id(self.number, path="number")
        cycle, publications = self.cycle(world), self.publications(world)
        if any(report.fact.number == self.number for report in publications.reports):
            raise DuplicateId(path="number", number=self.number)
        _check_audience(self.kind, self.audience)
        _check_period(self.kind, self.period)
        check_groups(cycle, self.group_ids, hint="A report is about at least one group.")
        approved_by = self._approved(world)
        recall = _known_at(world, self.cycle_id, self.as_of_position)
        self._require_grades_in_force(world, publications, recall.as_of)
        report = self.written(recall, publications, approved_by=approved_by)
        if self.content_hash is not None and self.content_hash != report.content_hash:
            raise PublicationNotReproducible(
                path="content_hash", given=self.content_hash, reproduced=report.content_hash, as_of=recall.as_of
            )
        return [report]

    def written(self, recall: Recall, publications: Publications, *, approved_by: str | None) -> ReportPublished:
        """The report that follows from what is recalled and from the publications before it. Raises UnknownId."""
        results = recalled(recall, self.cycle_id, self.group_ids, period=self.period)
        content = report_content(results, self.kind, unit_ids=self.unit_ids)
        said = said_last(publications, self.kind, self.period, self.group_ids)
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
            changes=changes_since(recall, self.cycle_id, said, content.rows),
            approved_by=approved_by,
        )

    def _approved(self, world: World) -> str | None:
        if self.approved_by is None and self.kind not in APPROVED_KINDS:
            return None
        return approved(world, self.approved_by, group_ids=self.group_ids)

    def _require_grades_in_force(self, world: World, publications: Publications, as_of: int) -> None:
        """Refuse to show grades that were revised since, or that are being restated and not revised yet.

        An annual report shows grades or nothing.
        """
        recall = world.recall(self.cycle_id)
        rulings, restating = recall.rulings(self.cycle_id), publications.restating
        graded = graded_groups(rulings, self, as_of)
        ungraded = [group_id for group_id in self.group_ids if group_id not in graded]
        if self.kind is ReportKind.ANNUAL and ungraded:
            raise PhaseViolation(path="group_ids", group_id=ungraded[0], hint="Its grades are not opened.")
        for group_id in graded:
            grading = rulings.grading(group_id)
            latest = grading.current.position if grading.current is not None else 0
            if grading.in_force(as_of) != grading.current:
                hint = "Its grades were revised; publish them as of then or later."
                raise BasisSuperseded(path="as_of_position", group_id=group_id, latest=latest, hint=hint)
            if restating is not None and group_id in restating.group_ids and latest < restating.position:
                hint = "Its grades are being restated: revise them, or close the restatement, first."
                raise RestatementAlreadyOpen(path="group_ids", number=restating.number, group_id=group_id, hint=hint)
        require_regraded(recall, self.cycle_id, graded)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractReport(PublicationCommand):
    """Take a published report back; it stays in the record."""

    published_position: int
    reason: str

    def decide(self, world: World) -> list[Fact]:
        publications = self.publications(world)
        report = publications.report(self.published_position)
        world.act(Role.LEADING, group_ids=report.fact.group_ids if report is not None else ())
        report = standing_report(publications, self.published_position, path="published_position")
        reason = world.reason(self.reason, length_min=10)
        return [ReportRetracted(cycle_id=self.cycle_id, published_position=report.position, reason=reason)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCycle(Command):
    """Close a cycle for good; only a restatement touches it from then on."""

    cycle_id: str

    def decide(self, world: World) -> list[Fact]:
        cycle = world.exists(cycle_stream(self.cycle_id), path="cycle_id", cycle_id=self.cycle_id)
        world.act(Role.DIRECTOR, Role.LEADING, group_ids=[group.group_id for group in cycle.latest.plan.groups])
        require_phase(cycle, CLOSING, hint="A cycle is closed once, after entry was closed.")
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


def publishers(kinds: Collection[ReportKind]) -> tuple[Role, ...]:
    """The roles in which reports of these kinds are published: nobody publishes results of persons unseen."""
    return (Role.ORGDEPT, Role.LEADING) if ReportKind.CADRE in kinds else (Role.OFFICE, Role.DIRECTOR)


def approved(world: World, approved_by: str | None, *, group_ids: Iterable[str]) -> str:
    """Return who of the leading group approved a report. Raises SeparationOfDuties, ForbiddenRole, OutOfScopeUnit."""
    if approved_by is None:
        because = "such a report is published with the leading group's approval only"
        raise SeparationOfDuties(path="approved_by", because=because)
    because = "who publishes a report does not approve it"
    return world.approved(approved_by, Role.LEADING, because=because, group_ids=group_ids)


def check_groups(cycle: Cycle, group_ids: Sequence[str], *, hint: str) -> None:
    """Require at least one group, each of the plan and named once. Raises MalformedInput, UnknownId, DuplicateId."""
    if not group_ids:
        raise MalformedInput(path="group_ids", hint=hint)
    for group_id in group_ids:
        if cycle.latest.plan.group(group_id) is None:
            raise UnknownId(path="group_ids", group_id=group_id)
    if len(set(group_ids)) != len(group_ids):
        raise DuplicateId(path="group_ids", hint="Name each group once.")


def _check_audience(kind: ReportKind, audience: ReportAudience) -> None:
    # Results of persons are for the leadership's eyes only.
    if kind is ReportKind.CADRE and audience is not ReportAudience.LEADERSHIP:
        raise AudienceViolation(path="audience", kind=kind, given=audience)


def _check_period(kind: ReportKind, period: str | None) -> None:
    """Require what the kind reports on. Raises MalformedInput, InvalidPeriod."""
    if kind in (ReportKind.ANNUAL, ReportKind.CADRE) and period is not None:
        raise MalformedInput(path="period", kind=kind, hint="Such a report is about the cycle as a whole; name none.")
    frequency = _FREQUENCIES.get(kind)
    if frequency is not None and (period is None or parse_period(period).frequency is not frequency):
        hint = "A monthly report is about a month such as 2018-M07, a quarterly one about a quarter such as 2018-Q3."
        raise InvalidPeriod(path="period", kind=kind, given=period, hint=hint)


def _known_at(world: World, cycle_id: str, position: int | None) -> Recall:
    if position is None:
        return world.recall(cycle_id)
    recall = world.recall_at(cycle_id, position)
    if position < 1 or position > world.recall(cycle_id).as_of:
        raise UnknownId(path="as_of_position", position=position, hint="Nothing of this cycle is recorded there.")
    return recall


def standing_report(publications: Publications, position: int, *, path: str) -> Report:
    """A report that was neither superseded nor retracted. Raises UnknownId, NoChange."""
    report = publications.report(position)
    if report is None:
        raise UnknownId(path=path, position=position, hint="No report was published there.")
    if not report.standing:
        raise NoChange(path=path, superseded_by=report.superseded_by, retracted_by=report.retracted_by)
    return report


def graded_groups(rulings: Rulings, report: PublishReport | ReportPublished | ReportRestated, as_of: int) -> list[str]:
    """The groups of whose grades a report as of a position speaks: those graded by then, if it is about the cycle."""
    if report.period is not None or report.kind is ReportKind.CADRE:
        return []
    return [group_id for group_id in report.group_ids if rulings.grading(group_id).in_force(as_of) is not None]


def require_regraded(recall: Recall, cycle_id: str, group_ids: Iterable[str]) -> None:
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

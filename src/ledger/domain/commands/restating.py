"""Commands about restatements: the only door through which graded results and published reports change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from ledger.domain.commands.publishing import PublicationCommand, changes_since, require_regraded, standing_report
from ledger.domain.facts import Fact
from ledger.domain.grade_opening import pool_of
from ledger.domain.grading import ReportAudience, grading_stream
from ledger.domain.publication import OpenRestatement as Restating
from ledger.domain.publication import (
    Publications,
    Report,
    ReportKind,
    ReportRestated,
    RestatementClosed,
    RestatementOpened,
)
from ledger.domain.recall import Recall
from ledger.domain.refusals import (
    DuplicateId,
    MalformedInput,
    PhaseViolation,
    RestatementAlreadyOpen,
    RestatementRequired,
)
from ledger.domain.reporting import Content, recalled, report_content
from ledger.domain.roles import Role
from ledger.domain.settlement import ENGINE_VERSION
from ledger.domain.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRestatement(PublicationCommand):
    """Open the only door through which graded results are corrected; numbers follow each other."""

    cause: str
    group_ids: tuple[str, ...]
    evidence: tuple[str, ...]
    approved_by: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, Role.LEADING)
        cycle, publications = self.cycle(world), self.publications(world)
        if publications.restating is not None:
            raise RestatementAlreadyOpen(number=publications.restating.number)
        world.require_holder(self.approved_by, Role.LEADING, path="approved_by")
        world.differ({self.approved_by}, because="who opens a restatement does not approve it")
        if not self.group_ids:
            raise MalformedInput(path="group_ids", hint="Say whose results may be corrected.")
        for group_id in self.group_ids:
            if not self._graded(world, group_id):
                raise PhaseViolation(path="group_ids", group_id=group_id, hint="Its grades are not opened; correct it.")
            for other in pool_of(cycle, group_id):
                if other not in self.group_ids and self._graded(world, other):
                    hint = f"It shares a quota with {group_id}: their grades are restated together."
                    raise MalformedInput(path="group_ids", group_id=other, hint=hint)
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

    def _graded(self, world: World, group_id: str) -> bool:
        return world.read(grading_stream(self.cycle_id, group_id)).graded


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRestatement(PublicationCommand):
    """End a restatement that changed nothing published."""

    reason: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, Role.LEADING)
        publications = self.publications(world)
        restating = _restating(publications, self.cycle_id)
        recall = world.recall(self.cycle_id)
        require_regraded(recall, self.cycle_id, restating.group_ids)
        _require_none_outdated(world, recall, publications, restating)
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
        named = self.supersedes_positions
        if not named:
            raise MalformedInput(path="supersedes_positions", hint="Name at least one report.")
        if len(set(named)) != len(named):
            raise DuplicateId(path="supersedes_positions", hint="Name each report once.")
        recall = world.recall(self.cycle_id)
        require_regraded(recall, self.cycle_id, restating.group_ids)
        reports = [standing_report(publications, position, path="supersedes_positions") for position in named]
        _require_none_outdated(world, recall, publications, restating, but=named)
        return [restated(publications, report, restating.number, recall) for report in reports]


def restated(publications: Publications, report: Report, restatement: str, recall: Recall) -> ReportRestated:
    """What follows from what is recalled in place of a published report. Raises UnknownId."""
    content, scope = _content_again(recall, report), _scope(report)
    return ReportRestated(
        cycle_id=report.fact.cycle_id,
        number=f"{_first_number(publications, report)}({restatement})",
        restatement=restatement,
        supersedes_position=report.position,
        as_of_position=recall.as_of,
        plan_version=content.plan_version,
        engine_version=ENGINE_VERSION,
        rows=content.rows,
        content_hash=content.content_hash,
        changes=changes_since(recall, report, content),
        **scope,
    )


def _restating(publications: Publications, cycle_id: str) -> Restating:
    if publications.restating is None:
        raise RestatementRequired(cycle_id=cycle_id, hint="No restatement is open.")
    return publications.restating


def _first_number(publications: Publications, report: Report) -> str:
    """The number under which the report was published first."""
    while isinstance(report.fact, ReportRestated):
        earlier = publications.report(report.fact.supersedes_position)
        assert earlier is not None
        report = earlier
    return report.fact.number


class _Scope(TypedDict):
    kind: ReportKind
    audience: ReportAudience
    period: str | None
    group_ids: tuple[str, ...]
    unit_ids: tuple[str, ...]


def _scope(report: Report) -> _Scope:
    fact = report.fact
    return _Scope(
        kind=fact.kind,
        audience=fact.audience,
        period=fact.period,
        group_ids=fact.group_ids,
        unit_ids=fact.unit_ids,
    )


def _content_again(recall: Recall, report: Report) -> Content:
    fact = report.fact
    results = recalled(recall, fact.cycle_id, fact.group_ids, period=fact.period)
    return report_content(results, fact.kind, unit_ids=fact.unit_ids)


def _require_none_outdated(
    world: World, recall: Recall, publications: Publications, restating: Restating, *, but: Sequence[int] = ()
) -> None:
    """Refuse while a report on opened grades says what the restatement has made wrong."""
    before: Recall | None = None
    for report in publications.reports:
        fact = report.fact
        standing = report.superseded_by is None and report.retracted_by is None
        if fact.kind is not ReportKind.ANNUAL or not standing or report.position in but:
            continue
        if set(fact.group_ids) & set(restating.group_ids):
            before = before or world.recall_at(fact.cycle_id, restating.position)
            if _content_again(before, report) != _content_again(recall, report):
                raise PhaseViolation(number=fact.number, hint="What it says is no longer so; restate it.")

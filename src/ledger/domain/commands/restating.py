"""Commands about restatements: the only door through which graded results and published reports change.

Source: domain.md 2.4 "Restatement", 3.11, C11 of 2.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from ledger.domain.commands.publishing import (
    PublicationCommand,
    approved,
    check_groups,
    graded_groups,
    require_regraded,
    standing_report,
)
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
from ledger.domain.reporting import recalled, report_content, rows_of
from ledger.domain.revision import changes_since, said_in
from ledger.domain.roles import Role
from ledger.domain.settlement import ENGINE_VERSION
from ledger.domain.world import World

RESTATERS = (Role.OFFICE, Role.DIRECTOR, Role.LEADING)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRestatement(PublicationCommand):
    """Open the only door through which graded results are corrected; numbers follow each other."""

    cause: str
    group_ids: tuple[str, ...]
    evidence: tuple[str, ...]
    approved_by: str

    def decide(self, world: World) -> list[Fact]:
        world.act(*RESTATERS, group_ids=self.group_ids)
        cycle, publications = self.cycle(world), self.publications(world)
        if publications.restating is not None:
            raise RestatementAlreadyOpen(number=publications.restating.number)
        check_groups(cycle, self.group_ids, hint="Say whose results may be corrected.")
        because = "who opens a restatement does not approve it"
        world.approved(self.approved_by, Role.LEADING, because=because, group_ids=self.group_ids)
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
        publications = self.publications(world)
        restating = publications.restating
        world.act(*RESTATERS, group_ids=restating.group_ids if restating is not None else ())
        restating = _restating(publications, self.cycle_id)
        recall = world.recall(self.cycle_id)
        require_regraded(recall, self.cycle_id, restating.group_ids)
        _require_none_outdated(recall, publications, restating)
        reason = world.reason(self.reason, length_min=10)
        return [RestatementClosed(cycle_id=self.cycle_id, number=restating.number, reason=reason)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestateReports(PublicationCommand):
    """Replace published reports by what the restated results say; the restatement ends with it."""

    supersedes_positions: tuple[int, ...]
    approved_by: str | None = None
    """Another person, of the leading group, who approved it; it cannot be left out."""

    def decide(self, world: World) -> list[Fact]:
        publications, named = self.publications(world), self.supersedes_positions
        group_ids = self._act(world, publications)
        restating = _restating(publications, self.cycle_id)
        if not named:
            raise MalformedInput(path="supersedes_positions", hint="Name at least one report.")
        if len(set(named)) != len(named):
            raise DuplicateId(path="supersedes_positions", hint="Name each report once.")
        reports = [standing_report(publications, position, path="supersedes_positions") for position in named]
        for report in reports:
            if not set(report.fact.group_ids) & set(restating.group_ids):
                hint = f"{restating.number} restates none of its groups; restate those to replace it."
                raise RestatementRequired(path="supersedes_positions", number=report.fact.number, hint=hint)
        approved_by = approved(world, self.approved_by, group_ids=group_ids)
        recall = world.recall(self.cycle_id)
        require_regraded(recall, self.cycle_id, restating.group_ids)
        _require_none_outdated(recall, publications, restating, but=named)
        return [restated(publications, report, restating.number, recall, approved_by=approved_by) for report in reports]

    def _act(self, world: World, publications: Publications) -> set[str]:
        """Act for every group of the restatement and of the reports, and return them."""
        found = (publications.report(position) for position in self.supersedes_positions)
        reports = [report.fact for report in found if report is not None]
        group_ids = {group_id for report in reports for group_id in report.group_ids}
        if publications.restating is not None:
            group_ids |= {*publications.restating.group_ids}
        # Who may not see results of persons does not write them anew either.
        of_persons = any(report.kind is ReportKind.CADRE for report in reports)
        world.act(*((Role.LEADING,) if of_persons else RESTATERS), group_ids=group_ids)
        return group_ids


def restated(
    publications: Publications, report: Report, restatement: str, recall: Recall, *, approved_by: str | None
) -> ReportRestated:
    """What follows from what is recalled in place of a published report. Raises UnknownId."""
    fact = report.fact
    results = recalled(recall, fact.cycle_id, fact.group_ids, period=fact.period)
    content, scope = report_content(results, fact.kind, unit_ids=fact.unit_ids), _scope(report)
    return ReportRestated(
        cycle_id=fact.cycle_id,
        number=f"{_first_number(publications, report)}({restatement})",
        restatement=restatement,
        supersedes_position=report.position,
        as_of_position=recall.as_of,
        plan_version=content.plan_version,
        engine_version=ENGINE_VERSION,
        rows=content.rows,
        content_hash=content.content_hash,
        changes=changes_since(recall, fact.cycle_id, said_in(report), content.rows),
        approved_by=approved_by,
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


def _require_none_outdated(
    recall: Recall, publications: Publications, restating: Restating, *, but: Sequence[int] = ()
) -> None:
    """Refuse while a standing report says of grades being restated what is not so."""
    for report in publications.standing:
        if report.position not in but and _outdated(recall, report, restating.group_ids):
            raise PhaseViolation(number=report.fact.number, hint="What it says is no longer so; restate it.")


def _outdated(recall: Recall, report: Report, restated: Sequence[str]) -> bool:
    """Whether a report's rows on the restated groups of whose grades it speaks would be others now."""
    fact = report.fact
    graded = graded_groups(recall.rulings(fact.cycle_id), fact, fact.as_of_position)
    groups = [group_id for group_id in graded if group_id in restated]
    said = tuple(row for row in fact.rows if row.group_id in groups)
    return said != rows_of(recalled(recall, fact.cycle_id, groups), fact.kind, unit_ids=fact.unit_ids)

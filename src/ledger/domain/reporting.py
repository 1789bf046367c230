"""Reporting: what a report says, recomputed from the ledger at the position it cites.

Publishing, restating and reproducing are this one function at different positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ledger.domain.comparison import compare
from ledger.domain.fingerprint import fingerprint
from ledger.domain.grading import ResultsComputed
from ledger.domain.plan import Participation
from ledger.domain.publication import ReportChange, ReportKind, ReportPublished, ReportRestated, ReportRow
from ledger.domain.recall import Recall
from ledger.domain.refusals import UnknownId
from ledger.domain.results import Results
from ledger.domain.score import Basis
from ledger.domain.settlement import ENGINE_VERSION, engine_of, settle
from ledger.domain.tables import cadre_rows, report_rows, result_rows


@dataclass(frozen=True, slots=True)
class Content:
    """What a report says, and under which plan."""

    rows: tuple[ReportRow, ...]
    plan_version: int

    @property
    def content_hash(self) -> str:
        """SHA-256 over the canonical JSON of the rows, in hex."""
        return fingerprint(self.rows)


def report_content(results: Sequence[Results], kind: ReportKind, *, unit_ids: Sequence[str] = ()) -> Content:
    """What a report on these groups, or on their cadres, says; `unit_ids` limits it to some units. Raises UnknownId."""
    rows = rows_of(results, kind, unit_ids=unit_ids)
    missing = set(unit_ids) - {row.unit_id for row in rows}
    if missing:
        raise UnknownId(path="unit_ids", unit_id=min(missing), hint="It is in none of the groups.")
    return Content(rows, max((of_group.plan_version for of_group in results), default=0))


def rows_of(results: Sequence[Results], kind: ReportKind, *, unit_ids: Sequence[str] = ()) -> tuple[ReportRow, ...]:
    """The rows of a report on these groups, or on their cadres, without a word about units that are not there."""
    of_group_rows = cadre_rows if kind is ReportKind.CADRE else report_rows
    return tuple(row for of_group in results for row in of_group_rows(of_group, unit_ids=unit_ids))


def computed_results(results: Results) -> ResultsComputed:
    """A table of results as it is recorded, bound by hash to the position that the results are known at."""
    table, known = result_rows(results), results.slice
    return ResultsComputed(
        cycle_id=known.cycle_id,
        group_id=known.group_id,
        as_of_position=known.as_of,
        plan_version=results.plan_version,
        engine_version=ENGINE_VERSION,
        basis=known.basis,
        table=table,
        table_hash=fingerprint(table),
        missing=tuple(row.unit_id for row in table if row.missing and row.participation is Participation.RANKED),
    )


def recalled(recall: Recall, cycle_id: str, group_ids: Sequence[str], *, period: str | None = None) -> list[Results]:
    """The official results of these groups as known to `recall`. Raises UnknownId, PlanNotInForce, InvalidPeriod."""
    return [settle(recall.slice(cycle_id, group_id, period=period, basis=Basis.OFFICIAL)) for group_id in group_ids]


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that does not come out as it was published."""

    unit_id: str
    published: ReportRow | None
    reproduced: ReportRow | None


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A published report settled again, and whether it comes out the same, byte for byte."""

    number: str
    as_of_position: int
    expected_hash: str
    actual_hash: str
    recorded_engine: str
    """The engine version that settled the report when it was published."""
    used_engine: str
    """The engine version that settled it now."""
    differences: tuple[Difference, ...]
    members: tuple[str, ...] = ()
    """The members of what was published that do not come out again, such as `rows`."""

    @property
    def matches(self) -> bool:
        """Whether the content is the same, and what was published with it follows."""
        return self.expected_hash == self.actual_hash and not self.differences and not self.members


def reproduce(results: Sequence[Results], report: ReportPublished | ReportRestated) -> Reproduction:
    """Write a report again; `results` are those of its groups, settled at the position it cites.

    Of what it says has changed, only the new figures are compared: the old ones and the reasons
    follow from other reports and other events, which `ledger replay recount` reads as well.
    """
    content = report_content(results, report.kind, unit_ids=report.unit_ids)
    again = replace(
        report,
        rows=content.rows,
        content_hash=content.content_hash,
        plan_version=content.plan_version,
        engine_version=engine_of(report.engine_version),
        changes=tuple(_as_it_is(change, content.rows) for change in report.changes),
    )
    return Reproduction(
        number=report.number,
        as_of_position=report.as_of_position,
        expected_hash=report.content_hash,
        actual_hash=content.content_hash,
        recorded_engine=report.engine_version,
        used_engine=ENGINE_VERSION,
        differences=tuple(_differences(report.rows, content.rows)),
        members=tuple(dict.fromkeys(each.member for each in compare(report, again))),
    )


def _as_it_is(change: ReportChange, rows: Sequence[ReportRow]) -> ReportChange:
    """The change with the figure that the rows have."""
    about = (change.unit_id, change.subject_id)
    figures = (getattr(row, change.field, None) for row in rows if (row.unit_id, row.subject_id) == about)
    figure = next(figures, None)
    return replace(change, new=None if figure is None else str(figure))


def _differences(published: Sequence[ReportRow], reproduced: Sequence[ReportRow]) -> list[Difference]:
    said = {(row.unit_id, row.subject_id or ""): row for row in published}
    found = {(row.unit_id, row.subject_id or ""): row for row in reproduced}
    return [
        Difference(key[0], said.get(key), found.get(key))
        for key in sorted(said.keys() | found.keys())
        if said.get(key) != found.get(key)
    ]

"""Reporting: what a report says, recomputed from the ledger at the position it cites.

Publishing, restating and reproducing are this one function at different positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.domain.fingerprint import fingerprint
from ledger.domain.publication import ReportKind, ReportPublished, ReportRestated, ReportRow
from ledger.domain.recall import Recall
from ledger.domain.refusals import UnknownId
from ledger.domain.results import Results
from ledger.domain.score import Basis
from ledger.domain.settlement import ENGINE_VERSION, settle
from ledger.domain.tables import cadre_rows, report_rows


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
    of_group_rows = cadre_rows if kind is ReportKind.CADRE else report_rows
    rows = [row for of_group in results for row in of_group_rows(of_group, unit_ids=unit_ids)]
    missing = set(unit_ids) - {row.unit_id for row in rows}
    if missing:
        raise UnknownId(path="unit_ids", unit_id=min(missing), hint="It is in none of the groups.")
    return Content(tuple(rows), max((of_group.plan_version for of_group in results), default=0))


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

    @property
    def matches(self) -> bool:
        """Whether the content is the same."""
        return self.expected_hash == self.actual_hash


def reproduce(results: Sequence[Results], report: ReportPublished | ReportRestated) -> Reproduction:
    """Write a report again; `results` are those of its groups, settled at the position it cites."""
    content = report_content(results, report.kind, unit_ids=report.unit_ids)
    return Reproduction(
        number=report.number,
        as_of_position=report.as_of_position,
        expected_hash=report.content_hash,
        actual_hash=content.content_hash,
        recorded_engine=report.engine_version,
        used_engine=ENGINE_VERSION,
        differences=tuple(_differences(report.rows, content.rows)),
    )


def _differences(published: Sequence[ReportRow], reproduced: Sequence[ReportRow]) -> list[Difference]:
    said = {(row.unit_id, row.subject_id or ""): row for row in published}
    found = {(row.unit_id, row.subject_id or ""): row for row in reproduced}
    return [
        Difference(key[0], said.get(key), found.get(key))
        for key in sorted(said.keys() | found.keys())
        if said.get(key) != found.get(key)
    ]

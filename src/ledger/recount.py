"""Recount: every table, grade, tally and report of an export settled again, and compared with what was recorded.

Needs the export and nothing else, so anybody can check on a laptop that what was published
follows from what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ledger.domain.evaluation import Campaign, EvaluationFact, EvaluationTallied, retally
from ledger.domain.facts import Event
from ledger.domain.fingerprint import fingerprint
from ledger.domain.grading import GradesOpened, GradesRevised, ResultsComputed
from ledger.domain.plan_rules import EvaluationRules
from ledger.domain.publication import ReportPublished, ReportRestated
from ledger.domain.recall import Recall
from ledger.domain.regrading import regrade
from ledger.domain.reporting import recalled, reproduce
from ledger.domain.settlement import ENGINE_VERSION, settle
from ledger.domain.tables import result_rows
from ledger.replay import read_export


@dataclass(frozen=True, slots=True)
class Recounted:
    """One recorded statement, and whether it comes out again."""

    position: int
    statement: str
    """The type of the event."""
    subject: str
    """The report's number, the group or the campaign."""
    as_of_position: int
    """The position it is settled at."""
    expected_hash: str
    actual_hash: str
    recorded_engine: str
    used_engine: str
    differences: tuple[str, ...] = ()

    @property
    def matches(self) -> bool:
        """Whether it comes out the same, byte for byte."""
        return self.expected_hash == self.actual_hash and not self.differences


@dataclass(slots=True)
class _Reader:
    recall: Recall = field(default_factory=Recall)
    campaigns: dict[str, Campaign] = field(default_factory=dict[str, Campaign])
    newest: dict[str, int] = field(default_factory=dict[str, int])
    """The last position of each cycle."""


def recount(export: Path, *, cycle_id: str | None = None, through: int | None = None) -> Iterator[Recounted]:
    """Yield each statement of an export in order, settled again right before it was recorded.

    Raises DamagedExport, UnknownId if the export ends before `through`, OSError.
    """
    reader = _Reader()
    for event in read_export(export, through=through):
        of_cycle = getattr(event.fact, "cycle_id", None)
        if isinstance(of_cycle, str) and cycle_id in (None, of_cycle):
            yield from _again(reader, event, export, of_cycle)
            reader.newest[of_cycle] = event.position
        reader.recall.fold((event,))
        if isinstance(event.fact, EvaluationFact):
            campaign = reader.campaigns.get(event.stream, Campaign())
            reader.campaigns[event.stream] = campaign.evolve(event)


def _again(reader: _Reader, event: Event, export: Path, cycle_id: str) -> Iterable[Recounted]:
    match event.fact:
        case ResultsComputed() as fact:
            recall = reader.recall.slice(cycle_id, fact.group_id, period=None, basis=fact.basis)
            found = fingerprint(result_rows(settle(recall)))
            yield _recounted(event, fact.group_id, fact.as_of_position, fact.table_hash, found, fact.engine_version)
        case GradesOpened() | GradesRevised() as fact:
            grading = reader.recall.rulings(cycle_id).grading(fact.group_id)
            results = recalled(reader.recall, cycle_id, [fact.group_id])[0]
            again = regrade(results, grading, event.position, fact)
            wrong = (f"{d.unit_id}: {d.recorded}, where {d.follows} follows" for d in again.differences)
            computed = grading.results(fact.results_position)
            engine = computed.engine_version if computed is not None else ""
            yield _recounted(
                event,
                fact.group_id,
                event.position - 1,
                again.expected_hash,
                again.actual_hash,
                engine,
                differences=tuple(wrong),
            )
        case ReportPublished() | ReportRestated() as fact:
            recall = reader.recall
            if fact.as_of_position != reader.newest.get(cycle_id):
                # Published as of an earlier position: what was known then is read again.
                recall = Recall().fold(read_export(export, through=fact.as_of_position))
            written = reproduce(recalled(recall, cycle_id, fact.group_ids, period=fact.period), fact)
            wrong = (f"{each.unit_id}" for each in written.differences)
            yield _recounted(
                event,
                fact.number,
                fact.as_of_position,
                written.expected_hash,
                written.actual_hash,
                written.recorded_engine,
                differences=tuple(wrong),
            )
        case EvaluationTallied() as fact:
            rules = _plan_rules(reader.recall, cycle_id, fact.plan_version)
            found = retally(reader.campaigns[event.stream], rules).units if rules is not None else ()
            expected, actual = fingerprint(fact.units), fingerprint(found)
            yield _recounted(event, fact.campaign_id, event.position - 1, expected, actual, ENGINE_VERSION)
        case _:
            return


def _plan_rules(recall: Recall, cycle_id: str, plan_version: int) -> EvaluationRules | None:
    versions = (v.plan for v in recall.cycle(cycle_id).versions if v.plan_version == plan_version)
    plan = next(versions, None)
    return plan.evaluation if plan is not None else None


def _recounted(
    event: Event,
    subject: str,
    as_of_position: int,
    expected_hash: str,
    actual_hash: str,
    engine: str,
    *,
    differences: tuple[str, ...] = (),
) -> Recounted:
    return Recounted(
        event.position,
        event.type,
        subject,
        as_of_position,
        expected_hash,
        actual_hash,
        engine,
        ENGINE_VERSION,
        differences,
    )

"""Registers of reports: what was published, whether it comes out again, and what is due."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.cli.asked import Asked, Register, verdict
from ledger.cli.output import Record
from ledger.domain.publication import (
    PublicationFact,
    Publications,
    Report,
    ReportRestated,
    RestatementOpened,
)
from ledger.reproducing import reproduce


def _publications(asked: Asked) -> Iterator[Record]:
    """Every report, settled again at the position it cites."""
    published, causes = _folded(asked)
    for report in published.reports:
        fact = report.fact
        if asked.group_id is not None and asked.group_id not in fact.group_ids:
            continue
        restatement = fact.restatement if isinstance(fact, ReportRestated) else None
        again = reproduce(fact, asked.answers)
        yield {
            "position": report.position,
            "number": fact.number,
            "kind": fact.kind,
            "audience": fact.audience,
            "period": fact.period,
            "groups": " ".join(fact.group_ids),
            "status": _status(report),
            "superseded_by": report.superseded_by,
            "retracted_by": report.retracted_by,
            "restatement": restatement,
            "cause": causes.get(restatement) if restatement is not None else None,
            "approved_by": fact.approved_by,
            "as_of": fact.as_of_position,
            "plan_version": fact.plan_version,
            "engine": fact.engine_version,
            "used_engine": again.used_engine,
            "hash": again.expected_hash,
            "actual_hash": again.actual_hash,
            "verdict": verdict(again.matches, (*again.members, *(each.unit_id for each in again.differences))),
        }


def _status(report: Report) -> str:
    if report.retracted_by is not None:
        return "RETRACTED"
    return "STANDING" if report.standing else "SUPERSEDED"


def _due(asked: Asked) -> Iterator[Record]:
    published, _ = _folded(asked)
    for report in published.due(asked.today):
        yield {
            "position": report.position,
            "kind": report.kind,
            "period": report.period,
            "due": report.due_on,
            "overdue": report.overdue,
        }


def _folded(asked: Asked) -> tuple[Publications, dict[str, str]]:
    """The reports of the cycle, and the causes of its restatements by number."""
    published, causes = Publications(), dict[str, str]()
    for event in asked.answers.proceedings(asked.cycle_id, (PublicationFact,), at=asked.at):
        published = published.evolve(event)
        if isinstance(event.fact, RestatementOpened):
            causes[event.fact.number] = event.fact.cause
    return published, causes


PUBLICATIONS = Register(
    (
        *("position", "number", "kind", "audience", "period", "groups", "status", "superseded_by", "retracted_by"),
        *("restatement", "cause", "approved_by", "as_of", "plan_version", "engine", "used_engine"),
        *("hash", "actual_hash", "verdict"),
    ),
    _publications,
)
DUE = Register(("position", "kind", "period", "due", "overdue"), _due)

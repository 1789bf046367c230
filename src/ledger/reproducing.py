"""Reproducing: published reports and grades settled again from the projections, and compared."""

from __future__ import annotations

from ledger.domain.grading import GradesOpened, GradesRevised
from ledger.domain.publication import ReportPublished, ReportRestated
from ledger.domain.regrading import Regrading, regrade
from ledger.domain.reporting import Reproduction
from ledger.domain.reporting import reproduce as written_again
from ledger.results import Answers


def reproduce(fact: ReportPublished | ReportRestated, answers: Answers) -> Reproduction:
    """Settle a report's groups again at the position it cites, and compare what it says."""
    results = [
        answers.results(fact.cycle_id, group_id, period=fact.period, at=fact.as_of_position)
        for group_id in fact.group_ids
    ]
    return written_again(results, fact)


def regraded(fact: GradesOpened | GradesRevised, position: int, answers: Answers) -> Regrading:
    """Open recorded grades again on what was known right before them, and compare."""
    before = answers.results(fact.cycle_id, fact.group_id, at=position - 1)
    return regrade(before, before.slice.rulings.grading(fact.group_id), position, fact)

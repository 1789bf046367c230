"""The phase that a cycle is shown in: what it records, and how far the results of its groups have come.

A cycle is as far as the group that is least far, of those that are assessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ledger.domain.cycle import Cycle
from ledger.domain.grading import Grading
from ledger.domain.phases import Phase
from ledger.domain.plan import Participation
from ledger.domain.publication import Publications, ReportKind
from ledger.domain.score import Basis

_IN_ORDER = tuple(Phase)


def phase_shown(cycle: Cycle, gradings: Mapping[str, Grading], publications: Publications) -> Phase:
    """Where a cycle stands, given the gradings of its groups and its reports and restatements."""
    if publications.restating is not None:
        return Phase.RESTATING
    if cycle.phase is not Phase.ENTRY_CLOSED:
        return cycle.phase
    reached = (_reached(cycle, gradings.get(each, Grading()), each, publications) for each in _assessed(cycle))
    return min(reached, key=_IN_ORDER.index, default=cycle.phase)


def _assessed(cycle: Cycle) -> Iterable[str]:
    """The groups in which units are assessed."""
    taking_part = cycle.membership.values()
    return {group_id for group_id, how in taking_part if how is not Participation.NOT_ASSESSED}


def _reached(cycle: Cycle, grading: Grading, group_id: str, publications: Publications) -> Phase:
    if grading.graded:
        return Phase.PUBLISHED if _published(publications, group_id) else Phase.GRADED
    if grading.notice is not None:
        return Phase.NOTICE
    closed_position = cycle.entry_closed_position or 0
    # What is computed while entry is open is provisional.
    final = (each for each in grading.computed if each.position > closed_position)
    computed = any(each.fact.basis is Basis.OFFICIAL for each in final)
    return Phase.COMPUTED if computed else Phase.ENTRY_CLOSED


def _published(publications: Publications, group_id: str) -> bool:
    """Whether an annual report about the group, whole or partial, stands."""
    return any(
        report.fact.kind is ReportKind.ANNUAL
        and group_id in report.fact.group_ids
        and report.superseded_by is None
        and report.retracted_by is None
        for report in publications.reports
    )

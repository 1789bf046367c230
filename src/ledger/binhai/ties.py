"""Ties: wherever units are level at a cut, the leading group has to choose before grades are opened."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from ledger.binhai.city import City
from ledger.binhai.stage import Act, Script, Stage
from ledger.binhai.standing import results_of
from ledger.domain.commands import ResolveTie
from ledger.domain.results import Results
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.tie import Tie

FAVOURED = "PARTY_BUILDING"
"""The dimension that decides between units with one total."""


def chosen(city: City, stage: Stage, group_id: str, when: datetime) -> Script:
    """Have every tie of a group decided, if there is one; a story may have made it, or chance."""
    yield when
    while (tie := _tie(results := results_of(city, stage, group_id))) is not None:
        tied = sorted(tie.unit_ids, key=lambda unit_id: -_favour(results, unit_id))
        resolved = ResolveTie(
            cycle_id=city.cycle_id,
            group_id=group_id,
            grade=tie.grade,
            admitted=tuple(tied[: tie.seats]),
            criterion="党的建设得分较高者优先",
            rule=RuleRef(source=RuleSource.MEASURES, version=1, article="A4"),
            evidence=(city.books.evidence["会议纪要"],),
        )
        yield Act(at=when, by=city.staff.leading[0], command=resolved)


def _tie(results: Results) -> Tie | None:
    return results.opening.tie if results.opening is not None else None


def _favour(results: Results, unit_id: str) -> Fraction:
    row = results.row(unit_id)
    lines = row.lines if row is not None else ()
    return sum((line.points for line in lines if line.indicator.dimension_id == FAVOURED), Fraction(0))

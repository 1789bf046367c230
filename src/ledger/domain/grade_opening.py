"""Opening grades on results: who is eligible for what, how many seats there are, and who gets them.

Source: domain.md 3.7 and 3.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from ledger.domain.allocation import Candidate, allocate
from ledger.domain.cycle import Cycle
from ledger.domain.plan import Participation
from ledger.domain.quota import GradeQuota, GradingRules
from ledger.domain.reason_path import Shortfall
from ledger.domain.refusals import UnknownId
from ledger.domain.results import ZERO, Opening, Slice, UnitResult
from ledger.domain.seats import seats_for
from ledger.domain.tie import Resolution, TieUndecided


def pool_of(cycle: Cycle, group_id: str) -> tuple[str, ...]:
    """The groups that share one quota with this one; normally just itself."""
    rules, counts = cycle.latest.plan.grading, ranked_counts(cycle)
    if rules is None or group_id not in counts:
        return (group_id,)
    return seats_for(rules, counts, group_id).pool


def ranked_counts(cycle: Cycle) -> dict[str, int]:
    """How many ranked units each group has."""
    counts = {group.group_id: 0 for group in cycle.latest.plan.groups}
    for group_id, participation in cycle.membership.values():
        counts[group_id] = counts.get(group_id, 0) + (participation is Participation.RANKED)
    return counts


def open_grades(slice: Slice, rules: GradingRules, pool: Mapping[str, Sequence[UnitResult]]) -> Opening:
    """Open the grades of the groups that share one quota, as if it were done now."""
    seats = seats_for(rules, ranked_counts(slice.cycle), slice.group_id)
    try:
        candidates = [
            _candidate(slice, rules, row)
            for rows in pool.values()
            for row in rows
            if row.participation is Participation.RANKED
        ]
    except UnknownId as veto:
        return Opening(None, unknown_veto=veto)
    gradings = [slice.rulings.grading(group_id) for group_id in pool]
    ties = sorted((decided for grading in gradings for decided in grading.ties), key=lambda decided: decided[0])
    resolutions = [
        Resolution(position, tie.grade, frozenset(tie.tied), frozenset(tie.admitted)) for position, tie in ties
    ]
    exceptions = {granted.unit_id: granted.grade for grading in gradings for _, granted in grading.exceptions}
    try:
        allocation = allocate(rules, candidates, resolutions=resolutions, seats=seats.by_grade, exceptions=exceptions)
    except TieUndecided as undecided:
        return Opening(None, undecided.tie)
    days = {each.unit_id: slice.rulings.reorganisations.ended_on(each.unit_id) for each in candidates}
    ended = {unit_id: day for unit_id, day in days.items() if day is not None}
    return Opening(replace(allocation, carried=seats.carried, ended=ended))


def tie_keys(rules: GradingRules | None, row: UnitResult) -> tuple[Fraction, ...]:
    """The scores that part the unit from others of its total; none where the plan names no indicators for that."""
    if rules is None or not rules.tie_keys:
        return ()
    scores = {line.indicator.indicator_id: line.score for line in row.lines}
    return tuple(scores.get(indicator_id, ZERO) for indicator_id in rules.tie_keys)


def _candidate(slice: Slice, rules: GradingRules, row: UnitResult) -> Candidate:
    forced_grade, grade_max, _ = slice.rulings.vetoes.bounds(rules.names, row.unit_id)
    return Candidate(
        row.unit_id,
        row.total,
        tie_keys(rules, row),
        forced_grade=forced_grade,
        grade_max=grade_max,
        vetoes=slice.rulings.vetoes.of(row.unit_id),
        shortfalls=tuple(shortfall for quota in rules.grades for shortfall in _shortfalls(quota, row)),
    )


def _shortfalls(quota: GradeQuota, row: UnitResult) -> Iterable[Shortfall]:
    """The dimensions in which the unit does not reach what the grade asks for."""
    for minimum in quota.dimension_minimums:
        lines = [line for line in row.lines if line.indicator.dimension_id == minimum.dimension_id]
        weight = sum((line.weight for line in lines), ZERO)
        points = sum((line.points for line in lines), ZERO)
        if points < Fraction(minimum.share) * weight:
            yield Shortfall(quota.grade, minimum.dimension_id, minimum.share, points / weight)

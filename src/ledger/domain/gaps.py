"""Gaps: where a unit loses points of its total against the best of its group.

Source: domain.md 4.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from ledger.domain.results import HUNDRED, ONE, ZERO, LineStatus, Results, UnitResult


class GapKind(StrEnum):
    """What the units of a group are compared in."""

    INDICATOR = "INDICATOR"
    """The points of one indicator."""
    EVALUATION = "EVALUATION"
    """The points of the appraisal by raters."""
    BONUS = "BONUS"
    """Points added."""
    DEDUCTION = "DEDUCTION"
    """Points removed, as a negative figure."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Where a unit stands in one respect, against its group."""

    kind: GapKind
    indicator_id: str
    """The indicator; empty for what is none."""
    name: str
    weight: Fraction
    """How many points of the total hang on 100 of these: what an explanation calls the weight."""
    own: Fraction
    """The unit's points."""
    best: Fraction
    """The best points of the group."""
    average: Fraction
    """The mean of the group's units that have a value."""

    @property
    def points_lost(self) -> Fraction:
        """What the distance to the best costs in the total, before any level of it is rounded."""
        return (self.best - self.own) * self.weight / HUNDRED


def gaps(results: Results, row: UnitResult) -> list[Gap]:
    """Where a unit loses points against the best of its group, the costliest first.

    Every part of the total is compared, so that together the points lost lead from the unit's
    total to the best in everything.
    """
    found = [*_of_indicators(results, row), *_of_the_rest(results, row)]
    return sorted(found, key=lambda gap: (-gap.points_lost, gap.kind is not GapKind.INDICATOR, gap.indicator_id))


def _of_indicators(results: Results, row: UnitResult) -> Iterable[Gap]:
    for place, line in enumerate(row.lines):
        if line.status is LineStatus.EXEMPT:
            continue
        lines = [peer.lines[place] for peer in results.rows]
        known = [each.score for each in lines if each.status in (LineStatus.SCORED, LineStatus.PARTLY)]
        indicator, weight = line.indicator, line.weight * results.goal_share
        yield _gap(GapKind.INDICATOR, indicator.indicator_id, indicator.name, weight, line.score, known)


def _of_the_rest(results: Results, row: UnitResult) -> Iterable[Gap]:
    """The appraisal, bonus and deduction, as far as anybody in the group has them."""
    peers = results.rows
    appraised = [peer.evaluation.points for peer in peers if peer.evaluation and peer.evaluation.points is not None]
    if row.evaluation is not None and appraised:
        weight = (ONE - results.goal_share) * HUNDRED
        yield _gap(GapKind.EVALUATION, "", "evaluation", weight, row.evaluation.points or ZERO, appraised)
    bonuses, deductions = [peer.bonus for peer in peers], [-peer.deduction for peer in peers]
    if any(bonuses):
        yield _gap(GapKind.BONUS, "", "bonus", HUNDRED, row.bonus, bonuses)
    if any(deductions):
        yield _gap(GapKind.DEDUCTION, "", "deduction", HUNDRED, -row.deduction, deductions)


def _gap(
    kind: GapKind, indicator_id: str, name: str, weight: Fraction, own: Fraction, peers: Sequence[Fraction]
) -> Gap:
    # A unit that gets full marks because the indicator does not apply may be above all that have a value.
    best = max(own, *peers) if peers else own
    return Gap(kind, indicator_id, name, weight, own, best, sum(peers, ZERO) / len(peers) if peers else own)

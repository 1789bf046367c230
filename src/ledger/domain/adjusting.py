"""Adjusting: which points of the bonuses and deductions in force count, and why the others do not.

Caps and "the highest only" are applied here and never when points are granted, so that the
record stays complete and a new plan version may weigh it anew. Source: domain.md 3.6.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from ledger.domain.adjustment import Adjustment, AdjustmentStatus
from ledger.domain.formula import Formula
from ledger.domain.formulas import KINDS, better, points_of
from ledger.domain.plan_rules import AdjustmentKind, AdjustmentRules

ZERO = Fraction(0)


class Standing(StrEnum):
    """Why an adjustment counts in full, in part or not at all."""

    COUNTED = "counted"
    """Every point counts."""
    SAME_MATTER = "same matter, a higher one counts"
    """Another adjustment for the same matter has as many points or more."""
    CAPPED_BY_RULE = "capped by the rule"
    """The deductions for the matter reach the most that the article takes off."""
    CAPPED_BY_CATEGORY = "capped by category"
    """The earlier bonuses of the category leave no more points."""
    CAPPED_OVERALL = "capped overall"
    """The earlier bonuses of the unit leave no more points."""
    NOT_APPROVED = "not approved"
    """Nobody granted it, or not yet."""
    REVOKED = "revoked"
    """It is no longer in force."""
    CARRIED_OVER = "carried over"
    """It is left to another cycle."""


@dataclass(frozen=True, slots=True)
class CountedItem:
    """What one adjustment contributes, without its sign."""

    item: Adjustment
    points: Fraction
    standing: Standing


@dataclass(frozen=True, slots=True)
class Counted:
    """What all adjustments of a unit add and take off, exact, and what each contributes."""

    bonus: Fraction
    deduction: Fraction
    items: tuple[CountedItem, ...]
    """In order of position."""


_Points = dict[int, tuple[Fraction, Standing]]
"""What counts of the adjustments in force, by position."""

_WITHOUT_EFFECT = {
    AdjustmentStatus.CLAIMED: Standing.NOT_APPROVED,
    AdjustmentStatus.REJECTED: Standing.NOT_APPROVED,
    AdjustmentStatus.REVOKED: Standing.REVOKED,
    AdjustmentStatus.CARRIED_OVER: Standing.CARRIED_OVER,
}


def counted(rules: AdjustmentRules, items: Sequence[Adjustment]) -> Counted:
    """Return what counts of one unit's adjustments.

    Where a cap leaves less than was granted, the adjustments recorded first count first.
    """
    ordered = sorted(items, key=lambda item: item.position)
    points = _bonuses(rules, [item for item in ordered if item.in_force and item.kind is AdjustmentKind.BONUS])
    points |= _deductions(rules, [item for item in ordered if item.in_force and item.kind is AdjustmentKind.DEDUCTION])
    lines = tuple(
        CountedItem(item, *points[item.position])
        if item.in_force
        else CountedItem(item, ZERO, _WITHOUT_EFFECT[item.status])
        for item in ordered
    )
    return Counted(_sum(lines, AdjustmentKind.BONUS), _sum(lines, AdjustmentKind.DEDUCTION), lines)


def _sum(lines: Iterable[CountedItem], kind: AdjustmentKind) -> Fraction:
    return sum((line.points for line in lines if line.item.kind is kind), ZERO)


def _bonuses(rules: AdjustmentRules, items: Sequence[Adjustment]) -> _Points:
    """The highest for each matter, under whatever article, then the caps of the categories, then the overall one."""
    points = _highest(items, lambda item: item.matter_id)
    for category in rules.categories:
        of_category = [item for item in items if _category_id(rules, item) == category.category_id]
        _cap(points, of_category, category.points_max, Standing.CAPPED_BY_CATEGORY)
    if rules.bonus_max is not None:
        _cap(points, items, rules.bonus_max, Standing.CAPPED_OVERALL)
    return points


def _category_id(rules: AdjustmentRules, item: Adjustment) -> str | None:
    rule = rules.rule(item.rule.article)
    return rule.category_id if rule is not None else None


def _deductions(rules: AdjustmentRules, items: Sequence[Adjustment]) -> _Points:
    """The highest for each matter under one article, or their sum up to the article's maximum if they add up."""
    cumulative = {rule.article for rule in rules.rules if rule.cumulative}
    points = _highest(
        items,
        lambda item: item.position if item.rule.article in cumulative else (item.rule.article, item.matter_id),
    )
    for rule in rules.rules:
        of_rule = [item for item in items if item.rule.article == rule.article]
        for matter_id in {item.matter_id for item in of_rule}:
            of_matter = [item for item in of_rule if item.matter_id == matter_id]
            _cap(points, of_matter, rule.points_max, Standing.CAPPED_BY_RULE)
    return points


def _highest(items: Sequence[Adjustment], alike: Callable[[Adjustment], Hashable]) -> _Points:
    """Count the highest of those that are alike, the earliest of equals."""
    best: dict[Hashable, Adjustment] = {}
    for item in items:
        rival = best.get(alike(item))
        if rival is None or item.points > rival.points:
            best[alike(item)] = item
    chosen = {item.position for item in best.values()}
    return {
        item.position: (Fraction(item.points), Standing.COUNTED)
        if item.position in chosen
        else (ZERO, Standing.SAME_MATTER)
        for item in items
    }


def _cap(points: _Points, items: Sequence[Adjustment], cap: Decimal, standing: Standing) -> None:
    """Let no more than `cap` count of these, the earlier ones first."""
    left = Fraction(cap)
    for item in items:
        own, _ = points[item.position]
        if own > left:
            own = left
            points[item.position] = own, standing
        left -= own


def overstatement(
    formula: Formula, reported: Fraction, verified: Fraction, tolerance: Decimal, *, target: Fraction | None = None
) -> Fraction | None:
    """By which part of the verified figure a unit's report was better, None if not beyond the tolerance.

    A day is no quantity: there the part is one of the points. Of a verified zero any
    excess is the whole.
    """
    if not better(formula, reported, verified, target=target):
        return None
    if not KINDS[formula.kind].quantity:
        reported, verified = points_of(formula, reported), points_of(formula, verified)
    gap = abs(reported - verified) / abs(verified) if verified else Fraction(1)
    return gap if gap > tolerance else None

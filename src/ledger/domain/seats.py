"""Seats: how many units of a group may have each grade, counted over the group, a pool, or the whole city.

All arithmetic is exact, and a share is rounded once. Source: domain.md 3.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ledger.domain.quota import GradingRules, QuotaBase, QuotaScope, SeatRounding, SmallGroupRule


@dataclass(frozen=True, slots=True)
class Seats:
    """What a group has to give out."""

    by_grade: Mapping[str, int]
    """Of the failing grade: how many have it by the bottom share. Empty where only eligible units count."""
    pool: tuple[str, ...]
    """The groups whose units compete for these seats; just the group itself, unless small groups pool."""
    carried: Mapping[str, Fraction]
    """By grade, the part of a seat that goes to the next cycle; empty unless a small group accumulates."""


def seats_for(rules: GradingRules, counts: Mapping[str, int], group_id: str) -> Seats:
    """Return the seats of one group; `counts` says how many ranked units each group of the city has.

    Where the base is the eligible units, the group's candidates have to be known, so
    `allocate` counts the seats itself.
    """
    alone = (group_id,)
    if rules.base is QuotaBase.ELIGIBLE:
        return Seats({}, alone, {})
    if rules.scope is QuotaScope.CITY:
        city = {grade: apportion(counts, share, rules.rounding) for grade, share in rules.shares.items()}
        return Seats({grade: seats[group_id] for grade, seats in city.items()}, alone, {})
    small = counts[group_id] < rules.group_size_min
    if rules.small_groups is SmallGroupRule.ACCUMULATE:
        return _accumulated(rules, counts[group_id], group_id, carries=small)
    pool = alone
    if rules.small_groups is SmallGroupRule.POOL and small:
        others = (other for other, count in counts.items() if 0 < count < rules.group_size_min)
        pool = tuple(sorted({group_id, *others}))
    count = sum(counts[member] for member in pool)
    return Seats({g: seats_of(count, share, rules.rounding) for g, share in rules.shares.items()}, pool, {})


def _accumulated(rules: GradingRules, count: int, group_id: str, *, carries: bool) -> Seats:
    # What a group brings is its own even if it is small no longer; then it carries nothing on.
    brought = {c.grade: Fraction(c.seats) for c in rules.brought_forward if c.group_id == group_id}
    exact = {grade: count * Fraction(share) + brought.get(grade, 0) for grade, share in rules.shares.items()}
    whole = {grade: number.numerator // number.denominator for grade, number in exact.items()}
    carried = {grade: exact[grade] - whole[grade] for grade in exact} if carries else {}
    return Seats(whole, (group_id,), carried)


def seats_of(count: int, share: Decimal, rounding: SeatRounding) -> int:
    """How many of `count` units a share is."""
    exact = count * Fraction(share)
    whole = exact.numerator // exact.denominator
    part = exact - whole
    if rounding is SeatRounding.CEIL:
        return whole + (part > 0)
    if rounding is SeatRounding.HALF_UP:
        return whole + (part >= Fraction(1, 2))
    return whole


def apportion(counts: Mapping[str, int], share: Decimal, rounding: SeatRounding) -> dict[str, int]:
    """Seats of a whole city shared out to its groups by largest remainder.

    Equal remainders go to the larger group, then to the group that comes first by name.
    """
    exact = {group_id: count * Fraction(share) for group_id, count in counts.items()}
    seats = {group_id: value.numerator // value.denominator for group_id, value in exact.items()}
    left = seats_of(sum(counts.values()), share, rounding) - sum(seats.values())
    by_remainder = sorted(counts, key=lambda g: (-(exact[g] - seats[g]), -counts[g], g))
    for group_id in by_remainder[:left]:
        seats[group_id] += 1
    return seats

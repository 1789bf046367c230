"""Quota: grades opened strictly by proportion, and the reason path of every unit.

Every parameter is data of the plan: shares, rounding, tie policy, refill, base, and whether
grades are forced at all. There is no national rule for any of them, so none is hard-coded.
Source: domain.md 3.9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from ledger.domain.refusals import GradeTieUnresolved, QuotaInvalid


class SeatRounding(StrEnum):
    """How many seats a share of the units is, where it is no whole number."""

    FLOOR = "FLOOR"
    """Not more than the share."""
    HALF_UP = "HALF_UP"
    """The nearest whole number, a half upwards."""
    CEIL = "CEIL"
    """Not fewer than the share."""


class TiePolicy(StrEnum):
    """What happens when more units are tied at the cut than seats are left."""

    EXCLUDE_ALL = "EXCLUDE_ALL"
    """None of them gets the grade; the seats stay empty."""
    INCLUDE_ALL = "INCLUDE_ALL"
    """All of them get the grade; how many are over is recorded."""
    COMMITTEE = "COMMITTEE"
    """The leading group decides which of them."""


class QuotaBase(StrEnum):
    """Of how many units the shares are taken."""

    RANKED = "RANKED"
    """Of all ranked units, barred ones included."""
    ELIGIBLE = "ELIGIBLE"
    """Of those that may have the best grade."""


class QuotaScope(StrEnum):
    """Over which units the seats of a share are counted."""

    GROUP = "GROUP"
    """Over each group by itself."""
    CITY = "CITY"
    """Over all ranked units of the city, shared out to the groups by largest remainder."""


class SmallGroupRule(StrEnum):
    """What a group below the least size does with its seats."""

    OWN = "OWN"
    """It has its own share, like any other."""
    POOL = "POOL"
    """All small groups share one quota, and compete for it by total."""
    ACCUMULATE = "ACCUMULATE"
    """What is less than a whole seat is carried to the next cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionMinimum:
    """The least part of a dimension's weight that a grade asks for."""

    dimension_id: str
    share: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedSeats:
    """A part of a seat that a small group did not use in the last cycle."""

    group_id: str
    grade: str
    seats: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeQuota:
    """A grade that is given to a share of the units, best grade first."""

    grade: str
    share: Decimal
    """The share of the units that may have it, from 0 to 1."""
    total_min: Decimal = Decimal(0)
    """The least total that may have it."""
    dimension_minimums: tuple[DimensionMinimum, ...] = ()
    """What it asks for in single dimensions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradingRules:
    """How grades are opened."""

    grades: tuple[GradeQuota, ...]
    """The grades given by share, best first."""
    passing: str = "QUALIFIED"
    """The grade of the rest."""
    failing: str = "UNQUALIFIED"
    """The grade of those below the passing total."""
    passing_total_min: Decimal = Decimal(60)
    """The least total that passes."""
    rounding: SeatRounding = SeatRounding.FLOOR
    """How many seats a share is."""
    tie_policy: TiePolicy = TiePolicy.EXCLUDE_ALL
    """What happens to a tie at the cut."""
    refill: bool = True
    """Whether the seat of a barred unit passes to the next."""
    base: QuotaBase = QuotaBase.RANKED
    """Of how many units the shares are taken."""
    forced: bool = True
    """Whether shares limit the grades; otherwise the least totals alone decide."""
    tie_keys: tuple[str, ...] = ()
    """Indicators whose scores part units of one total, in this order."""
    bottom_share: Decimal = Decimal(0)
    """The share of the units that has the failing grade, whatever its total."""
    scope: QuotaScope = QuotaScope.GROUP
    """Over which units the seats are counted."""
    group_size_min: int = 5
    """Below this many ranked units a group is small."""
    small_groups: SmallGroupRule = SmallGroupRule.OWN
    """What a small group does with its seats."""
    brought_forward: tuple[CarriedSeats, ...] = ()
    """What small groups carried over from the last cycle."""
    exceptions_max: int = 0
    """How many grades may be granted outside the quota."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every grade, best first."""
        return (*(quota.grade for quota in self.grades), self.passing, self.failing)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ranked unit as it comes to the opening of grades."""

    unit_id: str
    total: Decimal
    tie_keys: tuple[Fraction, ...] = ()
    """Figures that part units of one total, the greater first."""
    forced_grade: str | None = None
    """The grade a veto forces."""
    grade_max: str | None = None
    """The best grade a veto leaves."""
    barred_from: frozenset[str] = frozenset()
    """Grades whose other conditions the unit does not meet."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """The grade of every unit, the seats, and what became of them."""

    grades: Mapping[str, str]
    reasons: Mapping[str, tuple[str, ...]]
    """Why each unit has its grade, step by step."""
    seats: Mapping[str, int]
    unused: Mapping[str, int]
    over: Mapping[str, int]


@dataclass(slots=True)
class _Opening:
    rules: GradingRules
    order: Sequence[str]
    grades: dict[str, str] = field(default_factory=dict[str, str])
    reasons: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    seats: dict[str, int] = field(default_factory=dict[str, int])
    unused: dict[str, int] = field(default_factory=dict[str, int])
    over: dict[str, int] = field(default_factory=dict[str, int])

    def give(self, candidate: Candidate, grade: str, reason: str) -> None:
        self.grades[candidate.unit_id] = grade
        self.explain(candidate, reason)

    def explain(self, candidate: Candidate, reason: str) -> None:
        self.reasons.setdefault(candidate.unit_id, []).append(reason)


def check_rules(rules: GradingRules) -> None:
    """Raise QuotaInvalid unless the shares fit together."""
    if any(quota.share < 0 for quota in rules.grades) or sum((q.share for q in rules.grades), Decimal(0)) > 1:
        raise QuotaInvalid(path="grades", hint="Shares are not negative and sum to at most 1.")
    if len(set(rules.names)) != len(rules.names):
        raise QuotaInvalid(path="grades", hint="Each grade has one name.")
    if any(later.total_min > earlier.total_min for earlier, later in zip(rules.grades, rules.grades[1:], strict=False)):
        raise QuotaInvalid(path="grades", hint="A lower grade never asks for a greater total.")


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


def allocate(
    rules: GradingRules,
    candidates: Sequence[Candidate],
    *,
    resolved: Mapping[str, frozenset[str]] | None = None,
    seats: Mapping[str, int] | None = None,
) -> Allocation:
    """Open the grades of one group.

    `resolved` names the units that the leading group admitted at a tied cut, by grade;
    `seats` gives the seats by grade where they are not the group's own share (a pool or a
    whole city). Raises GradeTieUnresolved where the policy is COMMITTEE and nothing is decided.
    """
    ordered = sorted(candidates, key=lambda c: (c.total, c.tie_keys), reverse=True)
    opening = _Opening(rules, rules.names)
    for candidate in ordered:
        if candidate.forced_grade is not None:
            opening.give(candidate, candidate.forced_grade, f"forced to {candidate.forced_grade} by veto")
    remaining = [candidate for candidate in ordered if candidate.forced_grade is None]
    for quota in rules.grades:
        count = _base(rules, ordered, quota, opening.order)
        number = (seats or {}).get(quota.grade, seats_of(count, quota.share, rules.rounding))
        opening.seats[quota.grade] = number if rules.forced else len(ordered)
        remaining = _fill(opening, quota, remaining, (resolved or {}).get(quota.grade, frozenset()))
    for candidate in remaining:
        _give_rest(opening, candidate)
    reasons = {unit_id: tuple(steps) for unit_id, steps in opening.reasons.items()}
    return Allocation(opening.grades, reasons, opening.seats, opening.unused, opening.over)


def _base(rules: GradingRules, ordered: Sequence[Candidate], quota: GradeQuota, ladder: Sequence[str]) -> int:
    if rules.base is QuotaBase.RANKED:
        return len(ordered)
    return sum(c.forced_grade is None and not _bars(c, quota, ladder) for c in ordered)


def _bars(candidate: Candidate, quota: GradeQuota, ladder: Sequence[str]) -> list[str]:
    """Why the candidate may not have the grade; empty if it may."""
    bars: list[str] = []
    if candidate.grade_max is not None and ladder.index(quota.grade) < ladder.index(candidate.grade_max):
        bars.append(f"not above {candidate.grade_max} by veto")
    if candidate.total < quota.total_min:
        bars.append(f"total {candidate.total} below {quota.total_min} for {quota.grade}")
    if quota.grade in candidate.barred_from:
        bars.append(f"does not meet a condition of {quota.grade}")
    return bars


def _fill(
    opening: _Opening, quota: GradeQuota, remaining: list[Candidate], resolved: frozenset[str]
) -> list[Candidate]:
    """Give the grade's seats to tie blocks in order, and return who is left."""
    seats = opening.seats[quota.grade]
    looked_at = remaining if opening.rules.refill else remaining[:seats]
    pool: list[Candidate] = []
    for candidate in looked_at:
        bars = _bars(candidate, quota, opening.order)
        for reason in bars:
            opening.explain(candidate, reason)
        if not bars:
            pool.append(candidate)
    left = seats
    admitted: set[str] = set()
    for block in _blocks(pool):
        chosen = block if len(block) <= left else _at_the_cut(opening, quota, block, left, resolved)
        for candidate in chosen:
            opening.give(candidate, quota.grade, f"{quota.grade} within {seats} seats")
            admitted.add(candidate.unit_id)
        left -= len(chosen)
        if len(chosen) < len(block) or left <= 0:
            break
    opening.unused[quota.grade] = max(left, 0)
    if left < 0:
        opening.over[quota.grade] = -left
    return [candidate for candidate in remaining if candidate.unit_id not in admitted]


def _blocks(pool: Sequence[Candidate]) -> list[list[Candidate]]:
    blocks: list[list[Candidate]] = []
    for candidate in pool:
        if blocks and (blocks[-1][0].total, blocks[-1][0].tie_keys) == (candidate.total, candidate.tie_keys):
            blocks[-1].append(candidate)
        else:
            blocks.append([candidate])
    return blocks


def _at_the_cut(
    opening: _Opening, quota: GradeQuota, block: list[Candidate], left: int, resolved: frozenset[str]
) -> list[Candidate]:
    """Who of a tie block that is larger than the seats left gets the grade."""
    tied = sorted(candidate.unit_id for candidate in block)
    if left <= 0:
        return []
    match opening.rules.tie_policy:
        case TiePolicy.INCLUDE_ALL:
            return block
        case TiePolicy.EXCLUDE_ALL:
            for candidate in block:
                opening.explain(candidate, f"tied at the cut of {quota.grade} with {len(block) - 1} others")
            return []
        case TiePolicy.COMMITTEE:
            chosen = [candidate for candidate in block if candidate.unit_id in resolved]
            if len(chosen) != left:
                raise GradeTieUnresolved(grade=quota.grade, tied=", ".join(tied), seats=left)
            return chosen


def _give_rest(opening: _Opening, candidate: Candidate) -> None:
    rules = opening.rules
    if candidate.total >= rules.passing_total_min and candidate.grade_max != rules.failing:
        opening.give(candidate, rules.passing, f"{rules.passing}: the rest, total {candidate.total}")
    else:
        opening.give(candidate, rules.failing, f"{rules.failing}: total {candidate.total}")

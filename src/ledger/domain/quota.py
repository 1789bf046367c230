"""Quota: what a plan rules about opening grades by proportion.

Every parameter is data of the plan: shares, rounding, tie policy, refill, base, scope, and
whether grades are forced at all. There is no national rule for any of them, so none is
hard-coded. Seats are counted in `seats` and given out in `allocation`. Source: domain.md 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from ledger.domain.refusals import QuotaInvalid


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
    """Of those that may have the grade: each grade counts them anew, those with a better grade among them."""


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
    """The least part, from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedSeats:
    """A part of a seat that a small group did not use in the last cycle."""

    group_id: str
    grade: str
    seats: Decimal
    """The part, from 0 to less than 1."""
    graded_position: int | None = None
    """The grading that carried it on; only plans from before it had to be cited lack it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeQuota:
    """A grade that is given to a share of the units, best grade first."""

    # No condition says that the unit's head must have no open discipline case, on purpose: the
    # reason of a grade is read by many, and that a case exists by inspectors alone. If the leading
    # group is told and the grade has to wait, it imposes a veto MAX_GRADE, with the competent
    # authority that determined it. Source: domain.md 2.4 "Inspection", 3.7.

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
    """The share of the units that fails as the last of all, whatever their totals; none where grades are not forced."""
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

    @property
    def shares(self) -> dict[str, Decimal]:
        """The share of every grade that has one, that of the failing grade included where there is a bottom share."""
        bottom = {self.failing: self.bottom_share} if self.bottom_share else {}
        return {quota.grade: quota.share for quota in self.grades} | bottom


def check_rules(rules: GradingRules) -> None:
    """Raise QuotaInvalid unless the shares fit together, and the rules for small groups with the others."""
    if len(set(rules.names)) != len(rules.names):
        raise QuotaInvalid(path="grades", hint="Each grade has one name.")
    if any(share < 0 for share in rules.shares.values()) or sum(rules.shares.values()) > 1:
        raise QuotaInvalid(path="grades", hint="Shares are not negative and sum to at most 1, the bottom included.")
    if any(later.total_min > earlier.total_min for earlier, later in pairwise(rules.grades)):
        raise QuotaInvalid(path="grades", hint="A lower grade never asks for a greater total.")
    for quota in rules.grades:
        if any(not 0 <= minimum.share <= 1 for minimum in quota.dimension_minimums):
            raise QuotaInvalid(path=f"grades.{quota.grade}", hint="A part of a weight lies between 0 and 1.")
    _check_small_groups(rules)
    _check_brought_forward(rules)


def _check_small_groups(rules: GradingRules) -> None:
    if rules.small_groups is SmallGroupRule.OWN:
        if rules.scope is QuotaScope.CITY and rules.base is QuotaBase.ELIGIBLE:
            raise QuotaInvalid(path="base", hint="Only the ranked units are counted over the whole city.")
        return
    if rules.scope is QuotaScope.CITY:
        raise QuotaInvalid(path="small_groups", hint="Over the whole city no group is small.")
    if rules.base is QuotaBase.ELIGIBLE:
        raise QuotaInvalid(path="base", hint="Small groups pool or carry the shares of their ranked units only.")
    if rules.small_groups is SmallGroupRule.ACCUMULATE and rules.rounding is not SeatRounding.FLOOR:
        raise QuotaInvalid(path="rounding", hint="A part of a seat is carried only where it is not rounded away.")


def _check_brought_forward(rules: GradingRules) -> None:
    if rules.brought_forward and rules.small_groups is not SmallGroupRule.ACCUMULATE:
        raise QuotaInvalid(path="brought_forward", hint="Only small groups that accumulate bring anything forward.")
    for carried in rules.brought_forward:
        if carried.grade not in rules.shares:
            raise QuotaInvalid(path="brought_forward", grade=carried.grade, hint="The grade has no share.")
        if not 0 <= carried.seats < 1:
            raise QuotaInvalid(path="brought_forward", seats=carried.seats, hint="A part of a seat is less than one.")
    keys = [(carried.group_id, carried.grade) for carried in rules.brought_forward]
    if len(set(keys)) != len(keys):
        raise QuotaInvalid(path="brought_forward", hint="One figure for each group and grade.")

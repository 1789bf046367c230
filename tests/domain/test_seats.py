"""How many units may have each grade: over a group, a pool of small groups, or the whole city."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from examples import QUOTAS
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.quota import (
    CarriedSeats,
    GradeQuota,
    GradingRules,
    QuotaBase,
    QuotaScope,
    SeatRounding,
    SmallGroupRule,
)
from ledger.domain.seats import Seats, apportion, seats_for, seats_of

RULES = GradingRules(
    grades=(
        GradeQuota(grade="EXCELLENT", share=Decimal("0.2")),
        GradeQuota(grade="GOOD", share=Decimal("0.4")),
    )
)
COUNTS = {"G1": 10, "G2": 4, "G3": 3, "G4": 0}
"""Two groups are small, and one has nobody to rank."""


@pytest.mark.parametrize(
    "case", [case for case in QUOTAS if "n" in case], ids=lambda case: f"{case['n']} x {case['p']}"
)
def test_a_share_is_as_many_seats_as_the_rounding_says(case: dict[str, Any]) -> None:
    assert case["n"] * Fraction(case["p"]) == Fraction(case["exact"])
    for rounding in SeatRounding:
        assert seats_of(case["n"], Decimal(case["p"]), rounding) == case[rounding.value]


def test_a_citys_seats_are_shared_out_by_largest_remainder() -> None:
    (case,) = (case for case in QUOTAS if "groups" in case)
    rules = replace(RULES, scope=QuotaScope.CITY, rounding=SeatRounding.HALF_UP)

    apportioned = apportion(case["groups"], Decimal(case["p"]), SeatRounding.HALF_UP)

    assert (apportioned, sum(apportioned.values())) == (case["expect"], case["total_seats"])
    for group_id, seats in case["expect"].items():
        assert seats_for(rules, case["groups"], group_id).by_grade["EXCELLENT"] == seats


def test_a_group_has_its_own_share_however_small_unless_the_plan_says_otherwise() -> None:
    assert seats_for(RULES, COUNTS, "G1") == Seats({"EXCELLENT": 2, "GOOD": 4}, ("G1",), {})
    assert seats_for(RULES, COUNTS, "G3") == Seats({"EXCELLENT": 0, "GOOD": 1}, ("G3",), {})


def test_small_groups_share_one_quota() -> None:
    rules = replace(RULES, small_groups=SmallGroupRule.POOL)

    for group_id in ("G2", "G3"):
        assert seats_for(rules, COUNTS, group_id) == Seats({"EXCELLENT": 1, "GOOD": 2}, ("G2", "G3"), {})
    assert seats_for(rules, COUNTS, "G1") == Seats({"EXCELLENT": 2, "GOOD": 4}, ("G1",), {})


def test_a_small_group_carries_the_part_of_a_seat_to_the_next_cycle() -> None:
    first = replace(RULES, small_groups=SmallGroupRule.ACCUMULATE)
    brought = tuple(
        CarriedSeats(group_id="G2", grade=grade, seats=Decimal(seats))
        for grade, seats in (("EXCELLENT", "0.8"), ("GOOD", "0.6"))
    )
    second = replace(first, brought_forward=brought)

    assert seats_for(first, COUNTS, "G2") == Seats(
        {"EXCELLENT": 0, "GOOD": 1}, ("G2",), {"EXCELLENT": Fraction("0.8"), "GOOD": Fraction("0.6")}
    )
    assert seats_for(second, COUNTS, "G2") == Seats(
        {"EXCELLENT": 1, "GOOD": 2}, ("G2",), {"EXCELLENT": Fraction("0.6"), "GOOD": Fraction("0.2")}
    )


def test_a_group_that_has_grown_takes_what_it_brings_and_carries_nothing_on() -> None:
    brought = (CarriedSeats(group_id="G2", grade="EXCELLENT", seats=Decimal("0.8")),)
    rules = replace(RULES, small_groups=SmallGroupRule.ACCUMULATE, brought_forward=brought)

    assert seats_for(rules, {"G1": 10, "G2": 6}, "G2") == Seats({"EXCELLENT": 2, "GOOD": 2}, ("G2",), {})


def test_what_one_group_brings_is_no_other_groups() -> None:
    brought = (CarriedSeats(group_id="G2", grade="EXCELLENT", seats=Decimal("0.8")),)
    rules = replace(RULES, small_groups=SmallGroupRule.ACCUMULATE, brought_forward=brought)

    assert seats_for(rules, COUNTS, "G3").carried["EXCELLENT"] == Fraction("0.6")


def test_a_group_of_the_least_size_is_not_small() -> None:
    counts = {"G1": 5, "G2": 4, "G3": 3}
    pooling, accumulating = (
        replace(RULES, small_groups=rule) for rule in (SmallGroupRule.POOL, SmallGroupRule.ACCUMULATE)
    )

    assert seats_for(pooling, counts, "G1").pool == ("G1",)
    assert seats_for(pooling, counts, "G2").pool == ("G2", "G3")
    assert seats_for(accumulating, counts, "G1").carried == {}


def test_of_equal_remainders_the_larger_groups_counts_and_then_the_one_that_comes_first_by_name() -> None:
    half = Decimal("0.5")

    assert apportion({"G1": 1, "G2": 3}, half, SeatRounding.FLOOR) == {"G1": 0, "G2": 2}
    assert apportion({"G2": 3, "G1": 3}, half, SeatRounding.FLOOR) == {"G1": 2, "G2": 1}


def test_a_bottom_share_is_seats_of_the_failing_grade() -> None:
    rules = replace(RULES, bottom_share=Decimal("0.1"))

    assert seats_for(rules, COUNTS, "G1").by_grade == {"EXCELLENT": 2, "GOOD": 4, "UNQUALIFIED": 1}


def test_where_only_eligible_units_count_the_seats_wait_for_the_candidates() -> None:
    assert seats_for(replace(RULES, base=QuotaBase.ELIGIBLE), COUNTS, "G1") == Seats({}, ("G1",), {})


@given(
    counts=st.dictionaries(st.sampled_from([f"G{n}" for n in range(9)]), st.integers(0, 40), min_size=1),
    share=st.decimals(0, "0.6", places=2),
    rounding=st.sampled_from(SeatRounding),
)
def test_the_seats_of_all_groups_sum_to_the_rounded_seats_of_the_city(
    counts: dict[str, int], share: Decimal, rounding: SeatRounding
) -> None:
    grades = (GradeQuota(grade="EXCELLENT", share=share), GradeQuota(grade="GOOD", share=Decimal("0.4")))
    rules = replace(RULES, grades=grades, scope=QuotaScope.CITY, rounding=rounding)

    by_group = [seats_for(rules, counts, group_id).by_grade for group_id in counts]

    for quota in grades:
        assert sum(seats[quota.grade] for seats in by_group) == seats_of(sum(counts.values()), quota.share, rounding)


@given(count=st.integers(0, 4), share=st.decimals("0.01", "0.6", places=2), cycles=st.integers(1, 12))
def test_what_a_small_group_carries_is_never_lost(count: int, share: Decimal, cycles: int) -> None:
    rules = replace(RULES, grades=(GradeQuota(grade="EXCELLENT", share=share),), small_groups=SmallGroupRule.ACCUMULATE)
    given_out = 0
    for _ in range(cycles):
        seats = seats_for(rules, {"G1": count}, "G1")
        given_out += seats.by_grade["EXCELLENT"]
        left = seats.carried["EXCELLENT"]
        carried = CarriedSeats(group_id="G1", grade="EXCELLENT", seats=Decimal(left.numerator) / left.denominator)
        rules = replace(rules, brought_forward=(carried,))

    assert given_out + Fraction(rules.brought_forward[0].seats) == cycles * count * Fraction(share)

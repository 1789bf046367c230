"""Grades of several groups: over the whole city, in a pool of small groups, and carried to the next cycle."""

from __future__ import annotations

from dataclasses import replace

from city import City, Refusal
from opening import (
    COMMITTEE,
    NORTH,
    OPENED,
    POINTS,
    RULES,
    SOUTH,
    TIED,
    ask,
    compute,
    correct,
    grades_in,
    grading_of,
    open_grades,
    put_up,
    resolve,
    scored_city,
    seats,
    two_groups,
)

from ledger.domain.grading import GradesOpened
from ledger.domain.quota import QuotaScope, SmallGroupRule

POOLED = replace(RULES, small_groups=SmallGroupRule.POOL)


def opened_in(city: City, *group_ids: str) -> list[GradesOpened]:
    """Given opened grades of each group; what was opened."""
    computed = put_up(city, *group_ids)
    for group_id, results in zip(group_ids, computed, strict=True):
        city.given(open_grades(results, group_id), by="leading", at=OPENED)
    found = (city.memory.events[-count].fact for count in range(len(group_ids), 0, -1))
    return [fact for fact in found if isinstance(fact, GradesOpened)]


def test_over_the_whole_city_seats_are_shared_out_by_largest_remainder() -> None:
    """Of five units one is EXCELLENT and two are GOOD; by itself neither group has a seat for EXCELLENT."""
    city = scored_city(two_groups(replace(RULES, scope=QuotaScope.CITY)))
    north, south = opened_in(city, NORTH, SOUTH)

    assert grades_in(north) == {"U01": "EXCELLENT", "U02": "GOOD", "U03": "QUALIFIED"}
    assert grades_in(south) == {"U04": "GOOD", "U05": "QUALIFIED"}
    assert north.seats == (seats("EXCELLENT", 1), seats("GOOD", 1))
    assert south.seats == (seats("EXCELLENT", 0), seats("GOOD", 1))


def test_small_groups_compete_for_one_quota() -> None:
    city = scored_city(two_groups(POOLED), POINTS | {"U04": "95"})
    north, south = opened_in(city, NORTH, SOUTH)

    assert grades_in(north) == {"U01": "GOOD", "U02": "GOOD", "U03": "QUALIFIED"}
    assert grades_in(south) == {"U04": "EXCELLENT", "U05": "QUALIFIED"}


def test_none_of_the_groups_that_share_a_quota_is_graded_before_all_are_settled() -> None:
    """Otherwise the first would take seats that belong to the others."""
    missing = scored_city(two_groups(POOLED), {unit: POINTS[unit] for unit in ("U01", "U02", "U03", "U04")})
    [results] = put_up(missing, NORTH)
    refusal = Refusal("RESULTS_INCOMPLETE", "results_position")
    assert missing.when(open_grades(results, NORTH), by="leading", at=OPENED) == refusal

    asked = scored_city(two_groups(POOLED))
    [results] = put_up(asked, NORTH)
    ask(asked, "U05", "75", at=OPENED)
    assert asked.when(open_grades(results, NORTH), by="leading", at=OPENED) == Refusal("RESULTS_INCOMPLETE")

    moved = scored_city(two_groups(POOLED))
    [results] = put_up(moved, NORTH)
    correct(moved, "U05", "75", at=OPENED)
    refusal = Refusal("RESULTS_STALE", "results_position")
    assert moved.when(open_grades(results, NORTH), by="leading", at=OPENED) == refusal


def test_another_groups_values_move_nothing_where_no_quota_is_shared() -> None:
    city = scored_city(two_groups(RULES))
    [results] = put_up(city, NORTH)
    correct(city, "U05", "75", at=OPENED)

    city.given(open_grades(results, NORTH), by="leading", at=OPENED)


def test_a_seat_is_not_given_twice_in_groups_that_share_a_quota() -> None:
    """U05 overtakes U03 after U03's group was graded: the north has to be restated before the south is graded."""
    city = scored_city(two_groups(POOLED))
    north, _ = put_up(city, NORTH, SOUTH)
    city.given(open_grades(north, NORTH), by="leading", at=OPENED)
    correct(city, "U05", "86", at=OPENED)
    results = city.given(compute(SOUTH), by="office", at=OPENED)

    assert city.when(open_grades(results, SOUTH), by="leading", at=OPENED) == Refusal("QUOTA_EXCEEDED")


def test_a_tie_between_groups_that_share_a_quota_is_resolved_in_either() -> None:
    committee = replace(COMMITTEE, small_groups=SmallGroupRule.POOL)
    city = scored_city(two_groups(committee), TIED)
    north, south = put_up(city, NORTH, SOUTH)
    assert city.when(open_grades(south, SOUTH), by="leading", at=OPENED) == Refusal("GRADE_TIE_UNRESOLVED")

    city.given(resolve("U04", group_id=SOUTH), by="leading", at=OPENED)

    city.given(open_grades(north, NORTH), by="leading", at=OPENED)
    city.given(open_grades(south, SOUTH), by="leading", at=OPENED)
    in_force = [grading_of(city, group_id).current for group_id in (NORTH, SOUTH)]
    assert [grades.grades for grades in in_force if grades is not None] == [
        {"U01": "EXCELLENT", "U02": "GOOD", "U03": "QUALIFIED"},
        {"U04": "GOOD", "U05": "QUALIFIED"},
    ]


def test_what_a_small_group_does_not_use_of_a_seat_is_carried_to_the_next_cycle() -> None:
    city = scored_city(two_groups(replace(RULES, small_groups=SmallGroupRule.ACCUMULATE)))
    [fact] = opened_in(city, NORTH)

    assert grades_in(fact) == {"U01": "GOOD", "U02": "QUALIFIED", "U03": "QUALIFIED"}
    assert fact.seats == (seats("EXCELLENT", 0, carried="0.6"), seats("GOOD", 1, carried="0.2"))

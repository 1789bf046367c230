"""Grades opened strictly by proportion: ties, vetoes, refills and exceptions, and what always holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from examples import GRADINGS
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.allocation import Allocation, Candidate, allocate, held_harmless
from ledger.domain.quota import GradeQuota, GradingRules, QuotaBase, SeatRounding, TiePolicy
from ledger.domain.reason_path import Shortfall
from ledger.domain.tie import Resolution, Tie, TieUndecided

RULES = GradingRules(
    grades=(
        GradeQuota(grade="EXCELLENT", share=Decimal("0.3")),
        GradeQuota(grade="GOOD", share=Decimal("0.4")),
    )
)


def rules_of(given: dict[str, Any]) -> GradingRules:
    grades = tuple(
        GradeQuota(grade=grade["grade"], share=Decimal(grade["p"]), total_min=Decimal(grade["min"]))
        for grade in given["grades"]
    )
    return GradingRules(
        grades=grades,
        rounding=SeatRounding(given["round"]),
        tie_policy=TiePolicy(given["tie"]),
        refill=given["refill"],
    )


def candidates_of(case: dict[str, Any]) -> list[Candidate]:
    return [
        Candidate(
            unit_id=(unit := f"D{number:02}"),
            total=Decimal(total),
            grade_max=case["constraints"].get(unit, {}).get("max_grade"),
        )
        for number, total in enumerate(case["totals"], start=1)
    ]


def having(allocation: Allocation, grade: str) -> list[str]:
    """The units that have a grade, by id."""
    return sorted(unit_id for unit_id, given in allocation.grades.items() if given == grade)


def totals(*figures: str) -> list[Candidate]:
    return [Candidate(f"D{number:02}", Decimal(total)) for number, total in enumerate(figures, start=1)]


TEN = totals("96", "95", "94", "93", "92", "91", "90", "89", "88", "87")


@pytest.mark.parametrize(
    "case", [case for case in GRADINGS if "error" not in case["expect"]], ids=lambda case: case["id"]
)
def test_grades_are_opened_as_specified(case: dict[str, Any]) -> None:
    allocation = allocate(rules_of(case["rules"]), candidates_of(case))

    assert allocation.grades == case["expect"]["grades"]
    assert allocation.seats == case["expect"]["report"]["quota"]
    assert allocation.unused == case["expect"]["report"]["unused"]
    assert allocation.over == case["expect"]["report"]["over"]


RESOLVED = Resolution(7, "EXCELLENT", tied=frozenset({"D03", "D04"}), admitted=frozenset({"D04"}))
"""What the leading group decided on the two units that are tied for the last seat."""


def test_a_tie_at_the_cut_is_the_committees_to_resolve() -> None:
    (case,) = (case for case in GRADINGS if case["expect"].get("error") == "GRADE_TIE_UNRESOLVED")

    with pytest.raises(TieUndecided):
        allocate(rules_of(case["rules"]), candidates_of(case))

    decided = allocate(rules_of(case["rules"]), candidates_of(case), resolutions=[RESOLVED])
    assert [unit for unit, grade in decided.grades.items() if grade == "EXCELLENT"] == ["D01", "D02", "D04"]


def test_who_was_admitted_of_one_tie_is_not_chosen_in_another() -> None:
    """A third unit has come level with the two that were decided on, or one of them is out of it."""
    committee = replace(RULES, tie_policy=TiePolicy.COMMITTEE)
    tie = totals("96", "95", "94", "94", "92", "91", "90", "89", "88", "87")
    joined = [*tie[:4], replace(tie[4], total=Decimal(94)), *tie[5:]]
    other = [*tie[:2], replace(tie[2], total=Decimal(93)), tie[3], replace(tie[4], total=Decimal(94)), *tie[5:]]

    for candidates, tied in ((joined, ("D03", "D04", "D05")), (other, ("D04", "D05"))):
        with pytest.raises(TieUndecided) as caught:
            allocate(committee, candidates, resolutions=[RESOLVED])
        assert caught.value.tie == Tie("EXCELLENT", tied, seats=1)


def test_of_two_decisions_on_one_tie_the_later_holds() -> None:
    committee = replace(RULES, tie_policy=TiePolicy.COMMITTEE)
    tie = totals("96", "95", "94", "94", "92", "91", "90", "89", "88", "87")
    again = replace(RESOLVED, position=9, admitted=frozenset({"D03"}))

    assert having(allocate(committee, tie, resolutions=[RESOLVED, again]), "EXCELLENT") == ["D01", "D02", "D03"]


def test_seats_that_a_tie_leaves_empty_are_warned_of() -> None:
    """G-all-tied: legal, but nobody may open such grades unawares."""
    allocation = allocate(RULES, totals(*["90"] * 10))

    assert allocation.warnings == (
        "EXCELLENT: 3 of 3 seats left empty by a tie",
        "GOOD: 4 of 4 seats left empty by a tie",
    )
    assert allocate(RULES, TEN).warnings == ()


def test_a_tie_at_the_bottom_is_warned_of_unless_all_of_it_fails_anyway() -> None:
    rules = replace(RULES, bottom_share=Decimal("0.2"))
    best = ("96", "95", "94", "93", "92", "91", "90")

    spared = allocate(rules, totals(*best, "88", "88", "87"))
    assert spared.warnings == ("UNQUALIFIED: 1 of 2 seats left empty by a tie",)
    assert allocate(rules, totals(*best, "58", "58", "57")).warnings == ()


def test_seats_that_nobody_may_have_are_empty_without_a_warning() -> None:
    best, good = RULES.grades
    allocation = allocate(replace(RULES, grades=(replace(best, total_min=Decimal(95)), good)), TEN)

    assert (allocation.unused["EXCELLENT"], allocation.warnings) == (1, ())


def test_more_on_a_grade_than_it_has_seats_is_warned_of() -> None:
    tied = totals("96", "95", "94", "94", "92", "91", "90", "89", "88", "87")
    included = allocate(replace(RULES, tie_policy=TiePolicy.INCLUDE_ALL), tied)
    held = held_harmless(allocate(RULES, tied), {"D03": "EXCELLENT", "D08": "GOOD"}, frozenset(), RULES.names)

    assert included.warnings == ("EXCELLENT: 1 over 3 seats",)
    assert held.warnings == ()
    assert held_harmless(allocate(RULES, TEN), BEFORE, frozenset(), RULES.names).warnings == ("GOOD: 2 over 4 seats",)


def test_a_grade_without_a_seat_is_warned_of() -> None:
    assert allocate(RULES, totals("96", "95", "94")).warnings == ("EXCELLENT: no seat at all",)


def test_a_forced_grade_leaves_the_contest_and_stays_in_the_base() -> None:
    candidates = [Candidate(f"D{n:02}", Decimal(100 - n)) for n in range(10)]
    candidates[0] = replace(candidates[0], forced_grade="UNQUALIFIED")

    allocation = allocate(RULES, candidates)

    assert allocation.grades["D00"] == "UNQUALIFIED"
    assert allocation.seats == {"EXCELLENT": 3, "GOOD": 4}
    assert [unit for unit, grade in allocation.grades.items() if grade == "EXCELLENT"] == ["D01", "D02", "D03"]


def test_without_forced_distribution_the_least_totals_alone_decide() -> None:
    bands = GradingRules(
        grades=(
            GradeQuota(grade="EXCELLENT", share=Decimal(0), total_min=Decimal(90)),
            GradeQuota(grade="GOOD", share=Decimal(0), total_min=Decimal(80)),
        ),
        forced=False,
    )

    allocation = allocate(bands, [Candidate(f"D{total}", Decimal(total)) for total in (95, 91, 85, 61, 59)])

    assert allocation.grades == {
        "D95": "EXCELLENT",
        "D91": "EXCELLENT",
        "D85": "GOOD",
        "D61": "QUALIFIED",
        "D59": "UNQUALIFIED",
    }


def test_a_tie_at_the_cut_is_a_tie_also_where_seats_do_not_pass_on() -> None:
    """Two units on the third of three places: which of them was named first must not matter."""
    tied = totals("96", "95", "94", "94", "92", "91", "90", "89", "88", "87")
    strict = replace(RULES, refill=False)

    assert having(allocate(strict, tied), "EXCELLENT") == ["D01", "D02"]
    assert having(allocate(replace(strict, tie_policy=TiePolicy.INCLUDE_ALL), tied), "EXCELLENT") == [
        *("D01", "D02", "D03", "D04")
    ]


def test_a_barred_unit_of_a_tie_leaves_its_seat_empty_where_seats_do_not_pass_on() -> None:
    tied = totals("96", "95", "95", "95", "92", "91", "90", "89", "88", "87")
    tied[1] = replace(tied[1], grade_max="GOOD")

    assert having(allocate(replace(RULES, refill=False), tied), "EXCELLENT") == ["D01"]
    assert having(allocate(RULES, tied), "EXCELLENT") == ["D01", "D03", "D04"]


def test_tie_keys_part_units_of_one_total() -> None:
    tied = totals("96", "95", "94", "94", "92", "91", "90", "89", "88", "87")
    tied[2] = replace(tied[2], tie_keys=(Fraction(90), Fraction(1)))
    tied[3] = replace(tied[3], tie_keys=(Fraction(90), Fraction(2)))

    assert having(allocate(RULES, tied), "EXCELLENT") == ["D01", "D02", "D04"]


def test_where_only_eligible_units_count_a_share_is_of_those_that_may_have_the_grade() -> None:
    """Five of ten reach 92, and one of them is out of the contest: four may be EXCELLENT, nine GOOD."""
    best, good = RULES.grades
    grades = (replace(best, share=Decimal("0.4"), total_min=Decimal(92)), good)
    rules = replace(RULES, grades=grades, base=QuotaBase.ELIGIBLE)

    allocation = allocate(rules, [replace(TEN[0], forced_grade="UNQUALIFIED"), *TEN[1:]])

    assert allocation.seats == {"EXCELLENT": 1, "GOOD": 3}


def test_the_passing_total_itself_passes() -> None:
    assert allocate(RULES, totals("60.00", "59.99")).grades == {"D01": "QUALIFIED", "D02": "UNQUALIFIED"}


def test_a_bottom_share_fails_nobody_where_grades_are_not_forced() -> None:
    grades = tuple(replace(quota, total_min=Decimal(95)) for quota in RULES.grades)
    bands = allocate(replace(RULES, grades=grades, forced=False, bottom_share=Decimal("0.2")), TEN)

    assert having(bands, "EXCELLENT") == ["D01", "D02"]
    assert len(having(bands, "QUALIFIED")) == 8


def test_a_bottom_share_fails_the_last_whatever_their_totals() -> None:
    allocation = allocate(replace(RULES, bottom_share=Decimal("0.2")), TEN)

    assert having(allocation, "UNQUALIFIED") == ["D09", "D10"]
    assert (allocation.seats["UNQUALIFIED"], allocation.unused["UNQUALIFIED"]) == (2, 0)
    assert allocation.reasons["D10"] == ("UNQUALIFIED: among the last 2",)


def test_who_is_below_the_passing_total_fails_beyond_the_bottom_share() -> None:
    poor = totals("96", "95", "94", "93", "92", "91", "90", "59", "58", "57")

    assert having(allocate(replace(RULES, bottom_share=Decimal("0.2")), poor), "UNQUALIFIED") == ["D08", "D09", "D10"]


def test_tied_units_are_spared_where_they_are_more_than_the_seats_left_at_the_bottom() -> None:
    tied = totals("96", "95", "94", "93", "92", "91", "90", "88", "88", "87")
    allocation = allocate(replace(RULES, bottom_share=Decimal("0.2")), tied)

    assert having(allocation, "UNQUALIFIED") == ["D10"]
    assert allocation.unused["UNQUALIFIED"] == 1
    assert allocation.reasons["D08"] == (
        "spared at the bottom, tied with 1 other",
        "QUALIFIED: the rest, total 88",
    )


def test_who_has_a_seat_never_fails_by_the_bottom_share() -> None:
    rules = replace(RULES, rounding=SeatRounding.CEIL, bottom_share=Decimal("0.3"))

    assert allocate(rules, totals("96", "95")).grades == {"D01": "EXCELLENT", "D02": "GOOD"}


def test_seats_that_are_not_the_groups_own_share_are_named() -> None:
    rules = replace(RULES, bottom_share=Decimal("0.1"))

    allocation = allocate(rules, TEN, seats={"EXCELLENT": 1, "GOOD": 5, "UNQUALIFIED": 2})

    assert allocation.seats == {"EXCELLENT": 1, "GOOD": 5, "UNQUALIFIED": 2}
    assert [len(having(allocation, grade)) for grade in RULES.names] == [1, 5, 2, 2]


def test_an_exception_comes_on_top_of_the_quota() -> None:
    """Nobody loses a seat by it, and the seat of the unit itself passes to nobody."""
    allocation = allocate(RULES, TEN, exceptions={"D04": "EXCELLENT", "D09": "GOOD", "D01": "GOOD"})

    assert having(allocation, "EXCELLENT") == ["D01", "D02", "D03", "D04"]
    assert having(allocation, "GOOD") == ["D05", "D06", "D07", "D09"]
    assert allocation.exceptions == {"D04": "EXCELLENT", "D09": "GOOD"}
    assert (allocation.unused, allocation.over) == ({"EXCELLENT": 0, "GOOD": 0}, {})
    assert allocation.reasons["D04"] == ("GOOD within 4 seats", "EXCELLENT outside the quota by exception")
    assert allocation.reasons["D01"] == ("EXCELLENT within 3 seats",)


def test_no_exception_goes_above_a_veto() -> None:
    vetoed = [replace(TEN[0], grade_max="GOOD"), replace(TEN[1], forced_grade="UNQUALIFIED"), *TEN[2:]]

    allocation = allocate(RULES, vetoed, exceptions={"D01": "EXCELLENT", "D02": "QUALIFIED", "D99": "GOOD"})

    assert (allocation.grades["D01"], allocation.grades["D02"]) == ("GOOD", "UNQUALIFIED")
    assert allocation.exceptions == {}
    assert allocation.reasons["D02"] == (
        "forced to UNQUALIFIED by veto",
        "QUALIFIED was granted outside the quota, but not above UNQUALIFIED by veto",
    )


BEFORE = {"D01": "EXCELLENT", "D02": "EXCELLENT", "D08": "GOOD", "D10": "GOOD"}
"""Grades that were published before a restatement."""


def test_a_unit_that_is_not_at_fault_keeps_the_grade_it_had() -> None:
    held = held_harmless(allocate(RULES, TEN), BEFORE, frozenset({"D10"}), RULES.names)

    assert (held.grades["D08"], held.grades["D10"]) == ("GOOD", "QUALIFIED")
    assert (held.unused, held.over) == ({"EXCELLENT": 0, "GOOD": 0}, {"GOOD": 1})
    assert held.reasons["D08"] == ("QUALIFIED: the rest, total 89", "GOOD: held harmless")


def test_a_seat_that_a_held_unit_leaves_stays_empty_and_an_empty_one_is_not_exceeded() -> None:
    tied = totals("96", "95", "94", "94", "92", "91", "90", "89", "88", "87")

    held = held_harmless(allocate(RULES, tied), {"D03": "EXCELLENT"}, frozenset(), RULES.names)

    assert having(held, "EXCELLENT") == ["D01", "D02", "D03"]
    assert having(held, "GOOD") == ["D04", "D05", "D06"]
    assert (held.unused, held.over) == ({"EXCELLENT": 0, "GOOD": 1}, {})


def test_nobody_is_held_above_a_veto() -> None:
    vetoed = [replace(TEN[0], forced_grade="UNQUALIFIED"), replace(TEN[1], grade_max="QUALIFIED"), *TEN[2:]]

    held = held_harmless(allocate(RULES, vetoed), BEFORE, frozenset(), RULES.names)

    assert (held.grades["D01"], held.grades["D02"]) == ("UNQUALIFIED", "QUALIFIED")


def test_a_unit_held_above_its_exception_stands_on_it_no_more() -> None:
    opened = allocate(RULES, TEN, exceptions={"D10": "GOOD"})

    held = held_harmless(opened, {"D10": "EXCELLENT"}, frozenset(), RULES.names)

    assert (held.grades["D10"], held.exceptions) == ("EXCELLENT", {})
    assert (held.unused, held.over) == ({"EXCELLENT": 0, "GOOD": 0}, {"EXCELLENT": 1})


def test_a_grade_that_the_plan_no_longer_has_holds_nobody() -> None:
    opened = allocate(RULES, TEN)

    assert held_harmless(opened, {"D10": "OUTSTANDING"}, frozenset(), RULES.names) == opened


SHORT = Shortfall("EXCELLENT", "PARTY", asked=Decimal("0.8"), reached=Fraction(7, 9))
UNIT_IDS = [f"D{number:02}" for number in range(14)]
GRADES = st.sampled_from(RULES.names)


@st.composite
def contests(draw: st.DrawFn) -> list[Candidate]:
    """Units with many ties, some of them under a veto or short of a condition."""
    return [
        Candidate(
            unit_id,
            Decimal(draw(st.integers(56, 64))),
            tie_keys=(Fraction(draw(st.integers(0, 1))),),
            forced_grade=draw(st.none() | st.none() | GRADES),
            grade_max=draw(st.none() | st.none() | GRADES),
            shortfalls=draw(st.sampled_from([(), (SHORT,)])),
        )
        for unit_id in UNIT_IDS[: draw(st.integers(1, len(UNIT_IDS)))]
    ]


RULES_OF_ALL_KINDS = st.builds(
    lambda tie_policy, refill, rounding, bottom: replace(
        RULES, tie_policy=tie_policy, refill=refill, rounding=rounding, bottom_share=bottom
    ),
    st.sampled_from([TiePolicy.EXCLUDE_ALL, TiePolicy.INCLUDE_ALL]),
    st.booleans(),
    st.sampled_from(SeatRounding),
    st.sampled_from([Decimal(0), Decimal("0.1"), Decimal("0.3")]),
)
NAMED = st.dictionaries(st.sampled_from(UNIT_IDS), GRADES)
"""A grade for some of the units: granted outside the quota, or had before."""


ROUNDED: dict[SeatRounding, Callable[[Fraction], int]] = {
    SeatRounding.FLOOR: math.floor,
    SeatRounding.HALF_UP: lambda exact: math.floor(exact + Fraction(1, 2)),
    SeatRounding.CEIL: math.ceil,
}


def holders(allocation: Allocation, candidates: Sequence[Candidate], grade: str) -> list[Candidate]:
    """Who holds a seat of the grade, which nobody does by veto or exception."""
    named = set(having(allocation, grade)) - allocation.exceptions.keys()
    return [each for each in candidates if each.forced_grade is None and each.unit_id in named]


@given(candidates=contests(), rules=RULES_OF_ALL_KINDS)
def test_a_quota_is_never_exceeded_but_by_a_recorded_tie(candidates: list[Candidate], rules: GradingRules) -> None:
    allocation = allocate(rules, candidates)

    for quota in rules.grades:
        seats = ROUNDED[rules.rounding](len(candidates) * Fraction(quota.share))
        held = holders(allocation, candidates, quota.grade)
        assert allocation.seats[quota.grade] == seats
        assert allocation.over.get(quota.grade, 0) == max(len(held) - seats, 0)
        assert allocation.unused[quota.grade] == max(seats - len(held), 0)
        if len(held) > seats:
            # The last of them are tied at the cut: without them a seat is left.
            worst = min((each.total, each.tie_keys) for each in held)
            assert len([each for each in held if (each.total, each.tie_keys) > worst]) < seats
    assert rules.tie_policy is TiePolicy.INCLUDE_ALL or not allocation.over
    assert sorted(allocation.grades) == sorted(allocation.reasons) == [candidate.unit_id for candidate in candidates]


@given(candidates=contests(), rules=RULES_OF_ALL_KINDS, exceptions=NAMED, seed=st.randoms(use_true_random=False))
def test_the_order_in_which_units_are_named_changes_nothing(
    candidates: list[Candidate], rules: GradingRules, exceptions: dict[str, str], seed: Any
) -> None:
    shuffled = list(candidates)
    seed.shuffle(shuffled)

    assert allocate(rules, shuffled, exceptions=exceptions) == allocate(rules, candidates, exceptions=exceptions)


@given(candidates=contests(), rules=RULES_OF_ALL_KINDS, exceptions=NAMED)
def test_an_exception_moves_nobody_but_its_unit_upwards(
    candidates: list[Candidate], rules: GradingRules, exceptions: dict[str, str]
) -> None:
    without, opened = allocate(rules, candidates), allocate(rules, candidates, exceptions=exceptions)

    assert (opened.seats, opened.unused, opened.over) == (without.seats, without.unused, without.over)
    assert opened.grades == {**without.grades, **opened.exceptions}
    assert opened.exceptions.items() <= exceptions.items()
    assert all(rules.names.index(opened.grades[u]) < rules.names.index(without.grades[u]) for u in opened.exceptions)


@given(candidates=contests(), rules=RULES_OF_ALL_KINDS)
def test_vetoes_are_satisfied(candidates: list[Candidate], rules: GradingRules) -> None:
    everything = dict.fromkeys(UNIT_IDS, "EXCELLENT")
    opened = allocate(rules, candidates, exceptions=everything)

    held = held_harmless(opened, everything, frozenset(), rules.names)

    for candidate in candidates:
        for grade in (opened.grades[candidate.unit_id], held.grades[candidate.unit_id]):
            assert candidate.forced_grade in (None, grade)
            if candidate.forced_grade is None and candidate.grade_max is not None:
                assert rules.names.index(grade) >= rules.names.index(candidate.grade_max)


@given(
    candidates=contests(),
    rules=RULES_OF_ALL_KINDS,
    exceptions=NAMED,
    previous=NAMED,
    at_fault=st.frozensets(st.sampled_from(UNIT_IDS)),
)
def test_a_restatement_lowers_nobody_who_is_not_at_fault_and_records_what_goes_over(
    candidates: list[Candidate],
    rules: GradingRules,
    exceptions: dict[str, str],
    previous: dict[str, str],
    at_fault: frozenset[str],
) -> None:
    opened = allocate(rules, candidates, exceptions=exceptions)

    held = held_harmless(opened, previous, at_fault, rules.names)

    for unit_id, grade in held.grades.items():
        if unit_id in at_fault or unit_id not in previous:
            assert grade == opened.grades[unit_id]
        elif unit_id not in opened.limits:
            assert rules.names.index(grade) <= rules.names.index(previous[unit_id])
    for quota in rules.grades:
        now, before = (balance(each, quota.grade) for each in (held, opened))
        moved = len(holders(held, candidates, quota.grade)) - len(holders(opened, candidates, quota.grade))
        assert now - before == moved


def balance(allocation: Allocation, grade: str) -> int:
    return allocation.over.get(grade, 0) - allocation.unused[grade]

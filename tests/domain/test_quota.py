"""Grades opened strictly by proportion: seats, ties, vetoes and refills, and what always holds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from examples import GRADINGS, QUOTAS
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.quota import (
    Candidate,
    GradeQuota,
    GradingRules,
    SeatRounding,
    TiePolicy,
    allocate,
    apportion,
    check_rules,
    seats_of,
)
from ledger.domain.refusals import GradeTieUnresolved, QuotaInvalid

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


@pytest.mark.parametrize(
    "case", [case for case in QUOTAS if "n" in case], ids=lambda case: f"{case['n']} x {case['p']}"
)
def test_a_share_is_as_many_seats_as_the_rounding_says(case: dict[str, Any]) -> None:
    for rounding in SeatRounding:
        assert seats_of(case["n"], Decimal(case["p"]), rounding) == case[rounding.value]


def test_a_citys_seats_are_shared_out_by_largest_remainder() -> None:
    (case,) = (case for case in QUOTAS if "groups" in case)

    assert apportion(case["groups"], Decimal(case["p"]), SeatRounding.HALF_UP) == case["expect"]


@pytest.mark.parametrize(
    "case", [case for case in GRADINGS if "error" not in case["expect"]], ids=lambda case: case["id"]
)
def test_grades_are_opened_as_specified(case: dict[str, Any]) -> None:
    allocation = allocate(rules_of(case["rules"]), candidates_of(case))

    assert allocation.grades == case["expect"]["grades"]
    assert allocation.seats == case["expect"]["report"]["quota"]
    assert allocation.unused == case["expect"]["report"]["unused"]
    assert allocation.over == case["expect"]["report"]["over"]


def test_a_tie_at_the_cut_is_the_committees_to_resolve() -> None:
    (case,) = (case for case in GRADINGS if case["expect"].get("error") == "GRADE_TIE_UNRESOLVED")

    with pytest.raises(GradeTieUnresolved):
        allocate(rules_of(case["rules"]), candidates_of(case))

    decided = allocate(rules_of(case["rules"]), candidates_of(case), resolved={"EXCELLENT": frozenset({"D04"})})
    assert [unit for unit, grade in decided.grades.items() if grade == "EXCELLENT"] == ["D01", "D02", "D04"]


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


@pytest.mark.parametrize("shares", [("-0.1", "0.4"), ("0.6", "0.5")])
def test_shares_that_do_not_fit_together_are_refused(shares: tuple[str, str]) -> None:
    grades = tuple(GradeQuota(grade=name, share=Decimal(share)) for name, share in zip("AB", shares, strict=True))

    with pytest.raises(QuotaInvalid):
        check_rules(GradingRules(grades=grades))


TOTALS = st.lists(st.decimals(min_value=50, max_value=100, places=1), min_size=1, max_size=30)


@given(totals=TOTALS, policy=st.sampled_from([TiePolicy.EXCLUDE_ALL, TiePolicy.INCLUDE_ALL]), refill=st.booleans())
def test_a_quota_is_never_exceeded_but_by_a_recorded_tie(
    totals: list[Decimal], policy: TiePolicy, refill: bool
) -> None:
    candidates = [Candidate(f"D{number:02}", total) for number, total in enumerate(totals)]

    allocation = allocate(replace(RULES, tie_policy=policy, refill=refill), candidates)

    given_out = list(allocation.grades.values())
    for grade, seats in allocation.seats.items():
        assert given_out.count(grade) == seats - allocation.unused[grade] + allocation.over.get(grade, 0)
    assert policy is TiePolicy.INCLUDE_ALL or not allocation.over
    assert sorted(allocation.grades) == sorted(allocation.reasons) == [candidate.unit_id for candidate in candidates]


@given(totals=TOTALS, seed=st.randoms(use_true_random=False))
def test_the_order_in_which_units_are_named_changes_nothing(totals: list[Decimal], seed: Any) -> None:
    candidates = [Candidate(f"D{number:02}", total) for number, total in enumerate(totals)]
    shuffled = list(candidates)
    seed.shuffle(shuffled)

    assert allocate(RULES, shuffled).grades == allocate(RULES, candidates).grades

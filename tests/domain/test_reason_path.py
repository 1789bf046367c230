"""Why a unit has its grade: each condition it failed, with what was asked, and every decision by its position."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from city import CYCLE, EVIDENCE, GROUP, City
from opening import (
    ARTICLE,
    BY_POINTS,
    COMMITTEE,
    NOTICED,
    OPENED,
    RULES,
    TIED,
    graded_at,
    graded_by,
    open_grades,
    put_up,
    resolve,
    scored_city,
    vetoed,
)

from ledger.domain.allocation import Allocation, Candidate, allocate
from ledger.domain.commands import GrantGradeException
from ledger.domain.quota import GradeQuota, GradingRules, TiePolicy
from ledger.domain.reason_path import Shortfall
from ledger.domain.veto import VetoEffect

SHARES = GradingRules(
    grades=(
        GradeQuota(grade="EXCELLENT", share=Decimal("0.2"), total_min=Decimal(80)),
        GradeQuota(grade="GOOD", share=Decimal("0.4")),
    )
)


def reasons_of(city: City) -> dict[str, tuple[str, ...]]:
    """The reasons in the grades that are opened, by unit."""
    [results] = put_up(city, GROUP)
    opened = graded_at(city, city.given(open_grades(results), by="leading", at=OPENED))
    return {unit.unit_id: unit.reasons for unit in opened.allocation}


def given_out(rules: GradingRules, *totals: str, **of_first: object) -> Allocation:
    """The grades of U01 and on by their totals; `of_first` says more of U01."""
    units = [Candidate(f"U{number:02}", Decimal(total)) for number, total in enumerate(totals, start=1)]
    return allocate(rules, [replace(units[0], **of_first), *units[1:]])


def test_each_minimum_that_was_failed_is_named_with_what_was_reached() -> None:
    """What is reached is cut off, so that it never shows as enough."""
    shortfall = Shortfall("EXCELLENT", "LIVELIHOOD", asked=Decimal("0.80"), reached=Fraction(79999, 100000))

    assert given_out(SHARES, "79.5", "70", "60", shortfalls=(shortfall,)).reasons["U01"] == (
        "total 79.5 below 80 for EXCELLENT",
        "LIVELIHOOD at 79.99 % of its weight, below 80 % for EXCELLENT",
        "GOOD within 1 seat",
    )


def test_who_is_below_the_passing_total_reads_by_how_much() -> None:
    assert given_out(SHARES, "90", "59.99").reasons["U02"] == (
        "total 59.99 below 80 for EXCELLENT",
        "UNQUALIFIED: total 59.99 below 60 for QUALIFIED",
    )


def test_each_veto_is_named_by_its_position() -> None:
    city = scored_city(BY_POINTS)
    capped = city.given(vetoed("U01", "QUALIFIED"), by="leading", at=NOTICED)
    forced = city.given(vetoed("U02", "UNQUALIFIED", VetoEffect.FORCE_GRADE), by="leading", at=NOTICED)
    reasons = reasons_of(city)

    assert reasons["U01"] == (
        f"EXCELLENT: not above QUALIFIED by veto (MAX_GRADE QUALIFIED at position {capped})",
        f"GOOD: not above QUALIFIED by veto (MAX_GRADE QUALIFIED at position {capped})",
        "QUALIFIED: the rest, total 94.00",
    )
    assert reasons["U02"] == (f"forced to UNQUALIFIED by veto (FORCE_GRADE UNQUALIFIED at position {forced})",)


def test_an_exception_that_a_later_veto_outweighs_reads_so() -> None:
    city = scored_city(graded_by(replace(RULES, exceptions_max=1)))
    granted = GrantGradeException(
        cycle_id=CYCLE,
        group_id=GROUP,
        unit_id="U04",
        grade="GOOD",
        rule=ARTICLE,
        reason="A national model, promoted outside the quota.",
        evidence=EVIDENCE,
    )
    city.given(granted, by="leading", at=NOTICED)
    capped = city.given(vetoed("U04", "QUALIFIED"), by="leading", at=NOTICED)

    assert reasons_of(city)["U04"][-1] == (
        "GOOD was granted outside the quota, "
        f"but not above QUALIFIED by veto (MAX_GRADE QUALIFIED at position {capped})"
    )


def test_a_unit_that_passes_by_its_total_reads_that_a_veto_fails_it() -> None:
    assert given_out(SHARES, "90", "80", grade_max="UNQUALIFIED").reasons["U01"][-1] == (
        "QUALIFIED: not above UNQUALIFIED by veto"
    )


def test_whoever_was_tied_reads_whom_the_leading_group_chose_and_where() -> None:
    city = scored_city(graded_by(COMMITTEE), TIED)
    decided = city.given(resolve("U04"), by="leading", at=NOTICED)
    reasons = {unit_id: steps[1:] for unit_id, steps in reasons_of(city).items()}

    assert reasons["U04"] == (f"tied at the cut of GOOD with 1 other, admitted by the decision at position {decided}",)
    assert reasons["U03"] == (
        f"tied at the cut of GOOD with 1 other, not admitted by the decision at position {decided}",
        "QUALIFIED: the rest, total 80.00",
    )


def test_who_is_included_over_the_seats_reads_so() -> None:
    rules = replace(SHARES, tie_policy=TiePolicy.INCLUDE_ALL)

    assert given_out(rules, "95", "95", "95", "70", "60").reasons["U02"] == (
        "tied at the cut of EXCELLENT with 2 others, all of them included, 2 over the 1 seat",
    )


def test_a_tie_counts_barred_units_where_they_take_up_seats() -> None:
    """Without refill the seat is the barred unit's as much as the other's; with refill nobody is tied."""
    strict = replace(SHARES, refill=False)

    tied = "tied at the cut of EXCELLENT with 1 other"
    assert given_out(strict, "95", "95", "70", "65", "60", grade_max="GOOD").reasons["U02"] == (
        tied,
        "GOOD within 2 seats",
    )
    assert given_out(SHARES, "95", "95", "70", "65", "60", grade_max="GOOD").reasons["U02"] == (
        "EXCELLENT within 1 seat",
    )


def test_score_bands_speak_of_totals_and_count_no_seats() -> None:
    bands = given_out(replace(SHARES, forced=False), "85", "70", "55")

    assert bands.reasons == {
        "U01": ("EXCELLENT: total 85 of at least 80",),
        "U02": ("total 70 below 80 for EXCELLENT", "GOOD: total 70 of at least 0"),
        "U03": ("total 55 below 80 for EXCELLENT", "GOOD: total 55 of at least 0"),
    }
    assert (bands.seats, bands.unused, bands.over) == ({}, {}, {})

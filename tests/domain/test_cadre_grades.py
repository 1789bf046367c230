"""Grades of cadres: what they stand on, the quota of the best one, and what binds whoever decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from city import CYCLE, EVIDENCE, City, Refusal, found_city
from serving import CADRE_PLAN, PEOPLE, compute, decide, graded, lifting, moved, peopled, served, veto

from ledger.domain.appeal import LEADING_LEVEL, AppealOutcome
from ledger.domain.cadres import NOT_GRADED, CadreGradeDecided
from ledger.domain.commands import AcceptAppeal, DecideAppeal, FileAppeal, ImplementAppeal
from ledger.domain.roles import Role
from ledger.domain.veto import VetoEffect


@pytest.fixture
def city() -> City:
    """The city with three cadres, an organisation department, and a plan that says how cadres are assessed."""
    return peopled(found_city(CADRE_PLAN))


def test_the_leading_group_decides_on_what_the_department_computed(city: City) -> None:
    served(city, "chen", "U01", date(2018, 1, 1))
    graded(city)
    position = city.given(compute("chen"), by="orgdept")
    command = decide("chen", position, "COMPETENT")
    city.give_role("orgdept", Role.LEADING)
    city.give_role("chen", Role.LEADING)

    assert city.when(command, by="office") == Refusal("FORBIDDEN_ROLE")
    assert city.when(command, by="orgdept") == Refusal("SEPARATION_OF_DUTIES")
    assert city.when(command, by="chen") == Refusal("SEPARATION_OF_DUTIES")
    assert city.when(replace(command, grade="GOOD"), by="leading") == Refusal("MALFORMED_INPUT", "grade")
    assert city.when(command, by="leading") == (
        CadreGradeDecided(
            cycle_id=CYCLE,
            unit_id="U01",
            subject_id="chen",
            result_position=position,
            grade="COMPETENT",
            unit_grade="EXCELLENT",
            share=Decimal("0.30"),
            seats=0,
            requested_by="orgdept",
            approved_by="leading",
            evidence=EVIDENCE,
        ),
    )
    assert city.when(command, by="leading") == Refusal("DUPLICATE_DECISION", "subject_id")


def test_the_best_grade_is_given_within_the_quota_of_the_units_grade(city: City) -> None:
    for person in PEOPLE:
        served(city, person, "U02", date(2018, 1, 1))
    graded(city)
    positions = [city.given(compute(person), by="orgdept") for person in PEOPLE]

    # Half of three cadres of a qualified unit, rounded down.
    city.given(decide("chen", positions[0], "EXCELLENT", "U02"), by="leading")
    second = decide("li", positions[1], "EXCELLENT", "U02")
    assert city.when(second, by="leading") == Refusal("QUOTA_EXCEEDED", "grade")
    city.given(replace(second, grade="COMPETENT"), by="leading")


def test_who_served_too_short_gives_no_seat(city: City) -> None:
    served(city, "chen", "U02", date(2018, 1, 1))
    served(city, "li", "U02", date(2018, 8, 1))
    graded(city)
    position, _ = (city.given(compute(person), by="orgdept") for person in ("chen", "li"))

    # Half of one, rounded down; of two it would be one.
    assert city.when(decide("chen", position, "EXCELLENT", "U02"), by="leading") == Refusal("QUOTA_EXCEEDED", "grade")


def test_under_a_grade_without_a_quota_nobody_has_the_best_grade(city: City) -> None:
    served(city, "chen", "U03", date(2018, 1, 1))
    graded(city)
    position = city.given(compute("chen"), by="orgdept")

    assert city.when(decide("chen", position, "EXCELLENT", "U03"), by="leading") == Refusal("QUOTA_EXCEEDED", "grade")


def test_a_decision_stands_on_the_latest_result_and_the_grades_in_force(city: City) -> None:
    served(city, "chen", "U01", date(2018, 1, 1))
    graded(city)
    first = city.given(compute("chen"), by="orgdept")
    second = city.given(compute("chen", "95.00"), by="orgdept")

    assert city.when(decide("chen", first, "COMPETENT"), by="leading") == Refusal("BASIS_SUPERSEDED", "result_position")
    assert city.when(decide("li", second, "COMPETENT"), by="leading") == Refusal("UNKNOWN_ID", "subject_id")
    graded(city)
    late = decide("chen", second, "COMPETENT")
    assert city.when(late, by="leading") == Refusal("BASIS_SUPERSEDED", "result_position")
    city.given(decide("chen", city.given(compute("chen"), by="orgdept"), "COMPETENT"), by="leading")


# ---- one cadre, one grade


def test_a_cadre_who_turns_out_to_have_served_elsewhere_is_graded_there_only(city: City) -> None:
    """C9."""
    held = served(city, "chen", "U01", date(2018, 1, 1))
    graded(city)
    first = city.given(compute("chen"), by="orgdept")
    moved(city, "chen", held, "U02", date(2018, 2, 1))
    there = decide("chen", first, "COMPETENT", "U01")

    assert city.when(there, by="leading") == Refusal("BASIS_SUPERSEDED", "result_position")
    second = city.given(compute("chen"), by="orgdept")
    assert city.when(there, by="leading") == Refusal("BASIS_SUPERSEDED", "result_position")
    mixed = replace(there, result_position=second)
    assert city.when(mixed, by="leading") == Refusal("BASIS_SUPERSEDED", "result_position")
    city.given(decide("chen", second, "COMPETENT", "U02"), by="leading")
    assert city.when(there, by="leading") == Refusal("BASIS_SUPERSEDED", "result_position")


def test_of_several_results_the_latest_counts_also_where_the_posts_are_what_they_were(city: City) -> None:
    held = served(city, "chen", "U01", date(2018, 1, 1))
    graded(city)
    first = city.given(compute("chen"), by="orgdept")
    elsewhere = moved(city, "chen", held, "U02", date(2018, 2, 1))
    second = city.given(compute("chen"), by="orgdept")
    moved(city, "chen", elsewhere, "U01", date(2018, 2, 2))

    for position in (first, second):
        stale = decide("chen", position, "COMPETENT")
        assert city.when(stale, by="leading") == Refusal("BASIS_SUPERSEDED", "result_position")
    city.given(decide("chen", city.given(compute("chen"), by="orgdept"), "COMPETENT"), by="leading")


def test_whoever_is_graded_elsewhere_gives_the_old_unit_no_seat(city: City) -> None:
    people = (*PEOPLE, "deputy")
    held = {person: served(city, person, "U02", date(2018, 1, 1)) for person in people}
    graded(city)
    positions = {person: city.given(compute(person), by="orgdept") for person in people}
    moved(city, "chen", held["chen"], "U01", date(2018, 2, 1))
    city.given(compute("chen"), by="orgdept")

    # Half of the three who are left, rounded down; of four it would be two.
    city.given(decide("li", positions["li"], "EXCELLENT", "U02"), by="leading")
    second = decide("wang", positions["wang"], "EXCELLENT", "U02")
    assert city.when(second, by="leading") == Refusal("QUOTA_EXCEEDED", "grade")


# ---- what was decided


@pytest.fixture
def chen(city: City) -> int:
    """Given a cadre who was graded; the position of the grade."""
    served(city, "chen", "U01", date(2018, 1, 1))
    graded(city)
    position = city.given(compute("chen"), by="orgdept")
    return city.given(decide("chen", position, "COMPETENT"), by="leading")


def test_who_computes_does_not_take_a_grade_away_that_others_decided(city: City, chen: int) -> None:
    again = compute("chen", "60.00")

    assert city.when(again, by="orgdept") == Refusal("DUPLICATE_DECISION", "subject_id")
    served(city, "chen", "U02", date(2018, 1, 1))
    assert city.when(again, by="orgdept") == Refusal("DUPLICATE_DECISION", "subject_id")


def test_a_cadre_is_graded_again_on_the_revised_grades_of_the_unit(city: City, chen: int) -> None:
    graded(city)

    position = city.given(compute("chen"), by="orgdept")
    city.given(decide("chen", position, "INCOMPETENT"), by="leading")
    assert city.when(compute("chen"), by="orgdept") == Refusal("DUPLICATE_DECISION", "subject_id")


def test_a_cadre_is_graded_again_after_a_veto_and_after_its_end(city: City, chen: int) -> None:
    imposed = city.given(veto("chen", VetoEffect.FORCE_GRADE, "INCOMPETENT"), by="leading")

    position = city.given(compute("chen"), by="orgdept")
    city.given(decide("chen", position, "INCOMPETENT"), by="leading")
    assert city.when(compute("chen"), by="orgdept") == Refusal("DUPLICATE_DECISION", "subject_id")
    city.given(lifting("chen", imposed), by="leading")
    city.given(compute("chen"), by="orgdept")


def test_a_veto_on_somebody_else_opens_no_grade_again(city: City, chen: int) -> None:
    city.given(veto("li", VetoEffect.FORCE_GRADE, "INCOMPETENT"), by="leading")

    assert city.when(compute("chen"), by="orgdept") == Refusal("DUPLICATE_DECISION", "subject_id")


@pytest.mark.parametrize("outcome", AppealOutcome)
def test_a_cadre_is_graded_again_once_an_appeal_is_upheld(city: City, chen: int, outcome: AppealOutcome) -> None:
    city.give_role("chen", Role.ASSESSED)
    dismissed = outcome is AppealOutcome.DISMISSED
    filed = city.given(
        FileAppeal(
            cycle_id=CYCLE,
            subject_id="chen",
            about_position=chen,
            level=LEADING_LEVEL,
            grounds="My own part was copied from another row.",
            remedy="Compute it again.",
        ),
        by="chen",
    )
    city.given(AcceptAppeal(cycle_id=CYCLE, subject_id="chen", appeal_position=filed), by="office")
    assert city.when(compute("chen"), by="orgdept") == Refusal("DUPLICATE_DECISION", "subject_id")
    judged = DecideAppeal(
        cycle_id=CYCLE,
        subject_id="chen",
        appeal_position=filed,
        outcome=outcome,
        findings="The minutes were read together.",
        directs=None if dismissed else "Compute it again.",
        evidence=EVIDENCE,
    )
    city.given(judged, by="leading")

    if dismissed:
        assert city.when(compute("chen"), by="orgdept") == Refusal("DUPLICATE_DECISION", "subject_id")
        return
    position = city.given(compute("chen"), by="orgdept")
    anew = city.given(decide("chen", position, "COMPETENT"), by="leading")
    done = ImplementAppeal(cycle_id=CYCLE, subject_id="chen", appeal_position=filed, correction_positions=(anew,))
    city.given(done, by="office")
    assert city.when(compute("chen"), by="orgdept") == Refusal("DUPLICATE_DECISION", "subject_id")


# ---- vetoes


def test_a_veto_on_a_cadre_binds_the_grade_until_it_is_lifted(city: City) -> None:
    for person in PEOPLE:
        served(city, person, "U02", date(2018, 1, 1))
    graded(city)
    position, *_ = (city.given(compute(person), by="orgdept") for person in PEOPLE)
    best = decide("chen", position, "EXCELLENT", "U02")
    capped = city.given(veto("chen", VetoEffect.MAX_GRADE, "COMPETENT"), by="leading")
    forced = city.given(veto("chen", VetoEffect.FORCE_GRADE, "INCOMPETENT"), by="leading")

    assert city.when(best, by="leading") == Refusal("OUT_OF_RANGE", "grade")
    assert city.when(replace(best, grade="COMPETENT"), by="leading") == Refusal("OUT_OF_RANGE", "grade")
    city.given(lifting("chen", forced), by="leading")
    assert city.when(best, by="leading") == Refusal("OUT_OF_RANGE", "grade")
    city.given(lifting("chen", capped), by="leading")
    city.given(best, by="leading")


def test_a_cadre_under_veto_gets_what_the_veto_leaves_and_others_are_free(city: City) -> None:
    for person in PEOPLE:
        served(city, person, "U02", date(2018, 1, 1))
    graded(city)
    chen, li, _ = [city.given(compute(person), by="orgdept") for person in PEOPLE]
    city.given(veto("chen", VetoEffect.MAX_GRADE, "BASICALLY_COMPETENT"), by="leading")

    city.given(decide("chen", chen, "INCOMPETENT", "U02"), by="leading")
    city.given(decide("li", li, "EXCELLENT", "U02"), by="leading")


def test_who_served_too_short_is_not_graded_whatever_a_veto_says(city: City) -> None:
    served(city, "chen", "U01", date(2018, 8, 1))
    graded(city)
    position = city.given(compute("chen"), by="orgdept")
    city.given(veto("chen", VetoEffect.FORCE_GRADE, "INCOMPETENT"), by="leading")

    city.given(decide("chen", position, NOT_GRADED), by="leading")

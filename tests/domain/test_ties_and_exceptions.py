"""Ties at a cut and grades outside the quota: what the leading group decides, and only it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from city import CYCLE, EVIDENCE, GROUP, LATE, Refusal
from opening import (
    ARTICLE,
    BY_POINTS,
    COMMITTEE,
    GRADES,
    NORTH,
    NOTICED,
    OPENED,
    POINTS,
    RULES,
    SOUTH,
    TIED,
    correct,
    graded_by,
    graded_city,
    grades_in,
    open_grades,
    put_up,
    reopen,
    resolve,
    scored_city,
    seats,
    two_groups,
    vetoed,
)

from ledger.domain.commands import CloseEntry, GrantGradeException, ResolveTie
from ledger.domain.grading import (
    GradedUnit,
    GradeExceptionGranted,
    GradesOpened,
    TieResolved,
)
from ledger.domain.plan import Participation

EXCEPTION = GrantGradeException(
    cycle_id=CYCLE,
    group_id=GROUP,
    unit_id="U04",
    grade="GOOD",
    rule=ARTICLE,
    reason="A national model, promoted outside the quota.",
    evidence=EVIDENCE,
)


# ---- ties


def test_a_tie_at_the_cut_is_the_committees_to_resolve() -> None:
    city = scored_city(graded_by(COMMITTEE), TIED)
    [results] = put_up(city, GROUP)
    assert city.when(open_grades(results), by="leading", at=OPENED) == Refusal("GRADE_TIE_UNRESOLVED")

    assert city.when(resolve("U04"), by="office", at=OPENED) == Refusal("FORBIDDEN_ROLE")
    assert city.when(resolve("U04"), by="leading", at=OPENED) == (
        TieResolved(
            cycle_id=CYCLE,
            group_id=GROUP,
            grade="GOOD",
            tied=("U03", "U04"),
            admitted=("U04",),
            criterion="The faster growth of the two.",
            rule=ARTICLE,
            evidence=EVIDENCE,
        ),
    )
    opened = city.when(open_grades(results), by="leading", at=OPENED)
    assert isinstance(opened, tuple)
    assert grades_in(opened[0]) == GRADES | {"U03": "QUALIFIED", "U04": "GOOD"}


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (resolve("U03", "U04"), Refusal("QUOTA_EXCEEDED", "admitted")),
        (resolve(), Refusal("QUOTA_EXCEEDED", "admitted")),
        (resolve("U02"), Refusal("QUOTA_EXCEEDED", "admitted")),
        (resolve("U04", grade="EXCELLENT"), Refusal("MALFORMED_INPUT", "grade")),
        (replace(resolve("U04"), criterion=" "), Refusal("MALFORMED_INPUT", "criterion")),
        (replace(resolve("U04"), rule=replace(ARTICLE, article="R9")), Refusal("RULE_NOT_FOUND", "rule")),
        (replace(resolve("U04"), evidence=()), Refusal("EVIDENCE_REQUIRED", "evidence")),
    ],
)
def test_as_many_as_there_are_seats_are_admitted_of_those_that_are_tied(command: ResolveTie, refusal: Refusal) -> None:
    assert scored_city(graded_by(COMMITTEE), TIED).when(command, by="leading", at=NOTICED) == refusal


def test_nobody_is_admitted_twice() -> None:
    """Two of three tied units: one of them named twice would leave the tie as it was."""
    tied = POINTS | {"U02": "80", "U03": "80"}
    city = scored_city(graded_by(COMMITTEE), tied)

    refusal = Refusal("QUOTA_EXCEEDED", "admitted")
    assert city.when(resolve("U02", "U02"), by="leading", at=NOTICED) == refusal
    city.given(resolve("U02", "U04"), by="leading", at=NOTICED)


def test_only_real_ties_are_resolved() -> None:
    untied = scored_city(graded_by(COMMITTEE))
    assert untied.when(resolve("U03"), by="leading", at=NOTICED) == Refusal("MALFORMED_INPUT", "grade")

    strict = scored_city(graded_by(RULES), TIED)
    assert strict.when(resolve("U03"), by="leading", at=NOTICED) == Refusal("MALFORMED_INPUT", "grade")

    resolved = scored_city(graded_by(COMMITTEE), TIED)
    resolved.given(resolve("U03"), by="leading", at=NOTICED)
    assert resolved.when(resolve("U04"), by="leading", at=NOTICED) == Refusal("MALFORMED_INPUT", "grade")


def test_a_tie_that_has_changed_is_resolved_again() -> None:
    city = scored_city(graded_by(COMMITTEE), TIED)
    city.given(resolve("U04"), by="leading", at=NOTICED)
    correct(city, "U04", "79", at=NOTICED)
    correct(city, "U05", "85", at=NOTICED)
    correct(city, "U03", "85", at=NOTICED)
    [results] = put_up(city, GROUP)

    assert city.when(open_grades(results), by="leading", at=OPENED) == Refusal("GRADE_TIE_UNRESOLVED")
    city.given(resolve("U05"), by="leading", at=OPENED)
    opened = city.when(open_grades(results), by="leading", at=OPENED)
    assert isinstance(opened, tuple)
    assert grades_in(opened[0]) == GRADES | {"U03": "QUALIFIED", "U05": "GOOD"}


def test_a_decision_on_one_tie_decides_no_other() -> None:
    """U05 comes level with the two of whom U04 was admitted: nobody has chosen among the three."""
    city = scored_city(graded_by(COMMITTEE), TIED)
    city.given(resolve("U04"), by="leading", at=NOTICED)
    correct(city, "U05", "80", at=NOTICED)
    [results] = put_up(city, GROUP)

    assert city.when(open_grades(results), by="leading", at=OPENED) == Refusal("GRADE_TIE_UNRESOLVED")
    city.given(resolve("U05"), by="leading", at=OPENED)
    opened = city.when(open_grades(results), by="leading", at=OPENED)
    assert isinstance(opened, tuple)
    assert grades_in(opened[0]) == GRADES | {"U03": "QUALIFIED", "U05": "GOOD"}


def test_no_tie_is_resolved_while_entry_is_open() -> None:
    """Before anything is entered all units are level, and whoever is chosen then was chosen for nothing."""
    city = scored_city(graded_by(COMMITTEE), TIED, closed=False)

    assert city.when(resolve("U04"), by="leading") == Refusal("PHASE_VIOLATION")
    city.given(CloseEntry(cycle_id=CYCLE), by="office", at=LATE)
    city.given(resolve("U04"), by="leading", at=LATE)


# ---- exceptions


def test_an_exception_comes_on_top_of_the_quota_and_is_counted_apart() -> None:
    city = scored_city(graded_by(replace(RULES, exceptions_max=1)))
    [results] = put_up(city, GROUP)

    assert city.when(EXCEPTION, by="office", at=OPENED) == Refusal("FORBIDDEN_ROLE")
    assert city.when(EXCEPTION, by="leading", at=OPENED) == (
        GradeExceptionGranted(
            cycle_id=CYCLE,
            group_id=GROUP,
            unit_id="U04",
            grade="GOOD",
            rule=ARTICLE,
            reason="A national model, promoted outside the quota.",
            evidence=EVIDENCE,
        ),
    )
    outcome = city.when(open_grades(results), by="leading", at=OPENED)

    assert isinstance(outcome, tuple)
    [opened] = outcome
    assert isinstance(opened, GradesOpened)
    assert grades_in(opened) == GRADES | {"U04": "GOOD"}
    assert opened.seats == (seats("EXCELLENT", 1), seats("GOOD", 2))
    assert opened.exceptions == (
        GradedUnit(
            unit_id="U04",
            grade="GOOD",
            rank=4,
            reasons=(
                "total 80.00 below 90 for EXCELLENT",
                "QUALIFIED: the rest, total 80.00",
                "GOOD outside the quota by exception",
            ),
        ),
    )


def test_no_more_exceptions_are_granted_than_the_plan_allows() -> None:
    assert scored_city().when(EXCEPTION, by="leading", at=NOTICED) == Refusal("QUOTA_EXCEEDED", "grade")

    city = scored_city(graded_by(replace(RULES, exceptions_max=1)))
    for refused, refusal in (
        (replace(EXCEPTION, grade="SUPERB"), Refusal("UNKNOWN_ID", "grade")),
        (replace(EXCEPTION, unit_id="U99"), Refusal("UNKNOWN_ID", "unit_id")),
        (replace(EXCEPTION, reason="Because"), Refusal("REASON_TOO_SHORT", "reason")),
        (replace(EXCEPTION, rule=replace(ARTICLE, article="R9")), Refusal("RULE_NOT_FOUND", "rule")),
    ):
        assert city.when(refused, by="leading", at=NOTICED) == refusal
    city.given(EXCEPTION, by="leading", at=NOTICED)
    assert city.when(EXCEPTION, by="leading", at=NOTICED) == Refusal("NO_CHANGE", "unit_id")
    other = replace(EXCEPTION, unit_id="U05")
    assert city.when(other, by="leading", at=NOTICED) == Refusal("QUOTA_EXCEEDED", "grade")


def test_the_plan_allows_so_many_exceptions_in_all_groups_together() -> None:
    city = scored_city(two_groups(replace(RULES, exceptions_max=1)))
    north = replace(EXCEPTION, group_id=NORTH, unit_id="U03")
    city.given(north, by="leading", at=NOTICED)

    south = replace(EXCEPTION, group_id=SOUTH, unit_id="U05")
    assert city.when(south, by="leading", at=NOTICED) == Refusal("QUOTA_EXCEEDED", "grade")


def test_an_exception_raises_its_unit() -> None:
    """U02 and U04 have these grades by their totals, or better ones."""
    city = scored_city(graded_by(replace(RULES, exceptions_max=1)))
    for unit_id, grade in (("U02", "GOOD"), ("U02", "QUALIFIED"), ("U04", "UNQUALIFIED")):
        command = replace(EXCEPTION, unit_id=unit_id, grade=grade)
        assert city.when(command, by="leading", at=NOTICED) == Refusal("NO_CHANGE", "grade")

    city.given(vetoed("U04", "QUALIFIED"), by="leading", at=NOTICED)
    assert city.when(EXCEPTION, by="leading", at=NOTICED) == Refusal("NO_CHANGE", "grade")


def test_no_exception_is_granted_before_it_is_known_which_grade_the_unit_has_without_it() -> None:
    entering = scored_city(graded_by(replace(RULES, exceptions_max=1)), closed=False)
    assert entering.when(EXCEPTION, by="leading") == Refusal("PHASE_VIOLATION")

    tied = scored_city(graded_by(replace(COMMITTEE, exceptions_max=1)), TIED)
    assert tied.when(EXCEPTION, by="leading", at=NOTICED) == Refusal("GRADE_TIE_UNRESOLVED")


def test_a_unit_listed_separately_has_no_grade_to_be_raised_from() -> None:
    [group] = BY_POINTS.groups
    aside = tuple(
        replace(member, participation=Participation.LISTED_SEPARATELY) if member.unit_id == "U04" else member
        for member in group.members
    )
    plan = replace(graded_by(replace(RULES, exceptions_max=1)), groups=(replace(group, members=aside),))

    assert scored_city(plan).when(EXCEPTION, by="leading", at=NOTICED) == Refusal("UNKNOWN_ID", "unit_id")


def test_once_grades_are_opened_an_exception_needs_a_restatement() -> None:
    city, _ = graded_city(graded_by(replace(RULES, exceptions_max=1)))

    assert city.when(EXCEPTION, by="leading", at=OPENED) == Refusal("RESTATEMENT_REQUIRED")
    city.given(reopen(), by="office", at=OPENED)
    city.given(EXCEPTION, by="leading", at=OPENED)

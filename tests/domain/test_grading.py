"""From computed results over public notice to opened grades."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from city import BECAUSE, CYCLE, EVIDENCE, GROUP, LATE, UNITS, Refusal, enter, found_city, verify
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opening import (
    BY_POINTS,
    ENDED,
    GRADES,
    LAST_DAY,
    NOTICED,
    OPENED,
    POINTS,
    RESTATED,
    RULES,
    ask,
    compute,
    correct,
    end_notice,
    graded_at,
    graded_by,
    graded_city,
    grades_in,
    grading_of,
    notice,
    open_grades,
    put_up,
    reopen,
    revised,
    scored_city,
    seats,
)
from settling import slice_of

from ledger.domain.appeal import AppealFiled, AppealKind
from ledger.domain.commands import CloseEntry
from ledger.domain.commands.grade_giving import GradeGiven
from ledger.domain.facts import Actor
from ledger.domain.fingerprint import fingerprint
from ledger.domain.grading import (
    GradedUnit,
    GradesOpened,
    Notice,
    PublicNoticeEnded,
    PublicNoticeStarted,
    ReportAudience,
    ResultRow,
    ResultsComputed,
)
from ledger.domain.plan import Participation
from ledger.domain.quota import GradeQuota, GradingRules, SeatRounding, TiePolicy
from ledger.domain.score import Basis
from ledger.domain.settlement import ENGINE_VERSION, settle


def given_grades(**grades: str) -> tuple[GradeGiven, ...]:
    return tuple(GradeGiven(unit_id=unit_id, grade=grade) for unit_id, grade in grades.items())


def row(unit_id: str, rank: int | None, total: str, *, missing: int = 0) -> ResultRow:
    points = Decimal(total)
    return ResultRow(
        unit_id=unit_id,
        participation=Participation.RANKED,
        rank=rank,
        total=points,
        goal=points,
        evaluation=None,
        bonus=Decimal("0.00"),
        deduction=Decimal("0.00"),
        missing=missing,
    )


# ---- results


def test_results_are_bound_to_the_position_and_the_plan_they_follow_from() -> None:
    city = scored_city()
    table = (
        row("U01", 1, "94.00"),
        row("U02", 2, "88.00"),
        row("U03", 3, "85.00"),
        row("U04", 4, "80.00"),
        row("U05", 5, "70.00"),
    )

    known = city.head
    assert city.when(compute(), by="scorer", at=NOTICED) == Refusal("FORBIDDEN_ROLE")
    assert city.when(compute(), by="office", at=NOTICED) == (
        ResultsComputed(
            cycle_id=CYCLE,
            group_id=GROUP,
            as_of_position=known,
            plan_version=1,
            engine_version=ENGINE_VERSION,
            basis=Basis.OFFICIAL,
            table=table,
            table_hash=fingerprint(table),
        ),
    )


def test_while_entry_is_open_results_name_the_units_that_lack_a_value() -> None:
    city = found_city(BY_POINTS)
    city.given(verify(city.given(enter("94", "U01", "C"), by="scorer"), "U01", "C"), by="verifier")
    city.given(enter("88", "U02", "C"), by="scorer")

    city.given(compute(), by="office")
    city.given(compute(basis=Basis.PROVISIONAL), by="office")

    official, provisional = (computed.fact for computed in grading_of(city).computed)
    assert official.missing == ("U02", "U03", "U04", "U05")
    assert provisional.missing == ("U03", "U04", "U05")
    assert provisional.table[1] == row("U02", 2, "88.00")


def test_the_same_facts_give_the_same_hash() -> None:
    city = scored_city()
    city.given(compute(), by="office", at=NOTICED)
    city.given(compute(), by="director", at=OPENED)

    first, second = (computed.fact for computed in grading_of(city).computed)
    assert (first.table_hash, first.as_of_position + 1) == (second.table_hash, second.as_of_position)


def test_results_of_a_group_that_is_not_in_the_plan_are_nobodys() -> None:
    assert scored_city().when(compute("G9"), by="office", at=NOTICED) == Refusal("UNKNOWN_ID", "group_id")


# ---- public notice


def test_a_notice_ends_after_five_working_days_of_the_plans_calendar() -> None:
    city = scored_city()
    results = city.given(compute(), by="office", at=NOTICED)

    assert city.when(notice(results), by="office", at=NOTICED) == (
        PublicNoticeStarted(
            cycle_id=CYCLE,
            group_id=GROUP,
            results_position=results,
            from_on=date(2019, 1, 28),
            until_on=LAST_DAY,
            audience=ReportAudience.PUBLIC,
        ),
    )
    started = city.head
    too_early = ENDED - timedelta(microseconds=1)
    assert city.when(end_notice(), by="office", at=too_early) == Refusal("PHASE_VIOLATION")
    assert city.when(end_notice(), by="office", at=ENDED) == (
        PublicNoticeEnded(cycle_id=CYCLE, group_id=GROUP, started_position=started),
    )
    assert grading_of(city).notice == Notice(
        started, results, date(2019, 1, 28), LAST_DAY, ReportAudience.PUBLIC, ended_position=started + 1
    )
    assert city.when(end_notice(), by="office", at=ENDED) == Refusal("PHASE_VIOLATION")


def test_a_notice_may_be_longer_but_not_shorter_than_the_plan_says() -> None:
    city = scored_city()
    results = city.given(compute(), by="office", at=NOTICED)
    shorter = notice(results, until_on=LAST_DAY - timedelta(days=1))

    assert city.when(shorter, by="office", at=NOTICED) == Refusal("OUT_OF_RANGE", "until_on")
    city.given(notice(results, until_on=date(2019, 2, 15)), by="office", at=NOTICED)
    assert city.when(end_notice(), by="office", at=OPENED) == Refusal("PHASE_VIOLATION")


def test_official_results_are_put_up_once_entry_is_closed() -> None:
    city = scored_city(closed=False)
    results = city.given(compute(), by="office")
    assert city.when(notice(results), by="office") == Refusal("PHASE_VIOLATION")

    city = scored_city()
    provisional = city.given(compute(basis=Basis.PROVISIONAL), by="office", at=NOTICED)
    results = city.given(compute(), by="office", at=NOTICED)
    assert city.when(notice(provisional), by="office", at=NOTICED) == Refusal("MALFORMED_INPUT", "results_position")
    assert city.when(notice(results - 2), by="office", at=NOTICED) == Refusal("UNKNOWN_ID", "results_position")
    city.given(notice(results), by="office", at=NOTICED)
    assert city.when(notice(results), by="office", at=NOTICED) == Refusal("NO_CHANGE", "results_position")


# ---- opening


def test_grades_are_opened_strictly_by_the_plans_proportions() -> None:
    city = scored_city()
    [results] = put_up(city, GROUP)
    above = "total 70.00 below 80 for GOOD"

    assert city.when(open_grades(results), by="office", at=OPENED) == Refusal("FORBIDDEN_ROLE")
    assert city.when(open_grades(results), by="leading", at=OPENED) == (
        GradesOpened(
            cycle_id=CYCLE,
            group_id=GROUP,
            results_position=results,
            rounding=SeatRounding.FLOOR,
            seats=(seats("EXCELLENT", 1), seats("GOOD", 2)),
            allocation=(
                GradedUnit(unit_id="U01", grade="EXCELLENT", rank=1, reasons=("EXCELLENT within 1 seat",)),
                GradedUnit(unit_id="U02", grade="GOOD", rank=2, reasons=(_below("88"), "GOOD within 2 seats")),
                GradedUnit(unit_id="U03", grade="GOOD", rank=3, reasons=(_below("85"), "GOOD within 2 seats")),
                GradedUnit(
                    unit_id="U04", grade="QUALIFIED", rank=4, reasons=(_below("80"), "QUALIFIED: the rest, total 80.00")
                ),
                GradedUnit(
                    unit_id="U05",
                    grade="QUALIFIED",
                    rank=5,
                    reasons=(_below("70"), above, "QUALIFIED: the rest, total 70.00"),
                ),
            ),
        ),
    )


def _below(total: str) -> str:
    return f"total {total}.00 below 90 for EXCELLENT"


def test_opened_and_revised_grades_say_how_their_seats_were_rounded() -> None:
    city, opened = graded_city(graded_by(replace(RULES, rounding=SeatRounding.HALF_UP)))
    city.given(reopen(), by="office", at=RESTATED)

    assert graded_at(city, opened).rounding is SeatRounding.HALF_UP
    assert graded_at(city, revised(city, opened)).rounding is SeatRounding.HALF_UP


def test_grades_are_opened_after_the_notice_has_ended_and_once() -> None:
    city = scored_city()
    results = city.given(compute(), by="office", at=NOTICED)
    assert city.when(open_grades(results), by="leading", at=NOTICED) == Refusal("PHASE_VIOLATION")
    city.given(notice(results), by="office", at=NOTICED)
    assert city.when(open_grades(results), by="leading", at=OPENED) == Refusal("PHASE_VIOLATION")
    city.given(end_notice(), by="office", at=OPENED)
    assert city.when(open_grades(results - 1), by="leading", at=OPENED) == Refusal("UNKNOWN_ID", "results_position")

    city.given(open_grades(results), by="leading", at=OPENED)

    assert city.when(open_grades(results), by="leading", at=OPENED) == Refusal("GRADES_ALREADY_OPENED")
    assert city.when(notice(results), by="office", at=OPENED) == Refusal("GRADES_ALREADY_OPENED")
    assert city.when(compute(), by="office", at=OPENED) == Refusal("RESTATEMENT_REQUIRED")


def test_the_minutes_are_compared_with_the_recomputation() -> None:
    city = scored_city()
    [results] = put_up(city, GROUP)
    differing = Refusal("QUOTA_EXCEEDED", "allocation")

    swapped = given_grades(**GRADES | {"U01": "GOOD", "U02": "EXCELLENT"})
    assert city.when(open_grades(results, allocation=swapped), by="leading", at=OPENED) == differing
    assert city.when(open_grades(results, allocation=given_grades(**GRADES)[1:]), by="leading", at=OPENED) == differing
    stranger = given_grades(**GRADES, U99="GOOD")
    assert city.when(open_grades(results, allocation=stranger), by="leading", at=OPENED) == differing
    twice = (*given_grades(**GRADES), *given_grades(U01="GOOD"))
    refusal = Refusal("DUPLICATE_ID", "allocation")
    assert city.when(open_grades(results, allocation=twice), by="leading", at=OPENED) == refusal

    opened = city.when(open_grades(results, allocation=given_grades(**GRADES)), by="leading", at=OPENED)
    assert isinstance(opened, tuple)
    assert grades_in(opened[0]) == GRADES


def test_results_that_something_moved_since_are_stale() -> None:
    city = scored_city()
    [results] = put_up(city, GROUP)
    correct(city, "U05", "71", at=OPENED)

    assert city.when(open_grades(results), by="leading", at=OPENED) == Refusal("RESULTS_STALE", "results_position")
    city.given(open_grades(city.given(compute(), by="office", at=OPENED)), by="leading", at=OPENED)


def test_a_value_that_moved_there_and_back_makes_results_stale_all_the_same() -> None:
    city = scored_city()
    [results] = put_up(city, GROUP)
    correct(city, "U05", "71", at=OPENED)
    correct(city, "U05", "70", at=OPENED)

    assert city.when(open_grades(results), by="leading", at=OPENED) == Refusal("RESULTS_STALE", "results_position")


def test_results_computed_while_entry_was_open_stand_if_nothing_was_entered_since() -> None:
    city = scored_city(closed=False)
    early = city.given(compute(), by="office")
    city.given(CloseEntry(cycle_id=CYCLE), by="office", at=LATE)
    put_up(city, GROUP)

    city.given(open_grades(early), by="leading", at=OPENED)


def test_provisional_results_open_no_grades() -> None:
    city = scored_city()
    put_up(city, GROUP)
    provisional = city.given(compute(basis=Basis.PROVISIONAL), by="office", at=OPENED)

    refusal = Refusal("MALFORMED_INPUT", "results_position")
    assert city.when(open_grades(provisional), by="leading", at=OPENED) == refusal


def test_no_grades_are_opened_while_a_verified_value_is_missing() -> None:
    city = scored_city(points={unit: POINTS[unit] for unit in ("U01", "U02", "U03", "U04")})
    [results] = put_up(city, GROUP)

    assert city.when(open_grades(results), by="leading", at=OPENED) == Refusal("RESULTS_INCOMPLETE", "results_position")


def test_no_grades_are_opened_while_a_correction_is_asked_for() -> None:
    city = scored_city()
    [results] = put_up(city, GROUP)
    ask(city, "U05", "75", at=OPENED)

    assert city.when(open_grades(results), by="leading", at=OPENED) == Refusal("RESULTS_INCOMPLETE")


@pytest.mark.parametrize("allowed", [False, True])
def test_no_grades_are_opened_while_an_appeal_is_open_unless_the_plan_allows_it(allowed: bool) -> None:
    city = scored_city(replace(BY_POINTS, graded_subject_to_appeal=allowed))
    [results] = put_up(city, GROUP)
    appeal = AppealFiled(
        cycle_id=CYCLE,
        unit_id="U04",
        kind=AppealKind.SCORE,
        about_position=1,
        level=1,
        grounds=BECAUSE,
        remedy=BECAUSE,
        evidence=EVIDENCE,
    )
    city.memory.record(appeal, actor=Actor("reporter", "REPORTER"), at=OPENED)

    outcome = city.when(open_grades(results), by="leading", at=OPENED)
    assert isinstance(outcome, tuple) if allowed else outcome == Refusal("RESULTS_INCOMPLETE")


def test_a_plan_without_rules_for_grades_opens_none() -> None:
    city = scored_city(replace(BY_POINTS, grading=None, decisions=()))
    [results] = put_up(city, GROUP)

    assert city.when(open_grades(results), by="leading", at=OPENED) == Refusal("PHASE_VIOLATION")


def test_without_forced_distribution_the_totals_alone_decide() -> None:
    bands = replace(
        RULES,
        forced=False,
        grades=(
            GradeQuota(grade="EXCELLENT", share=Decimal(0), total_min=Decimal(85)),
            GradeQuota(grade="GOOD", share=Decimal(0), total_min=Decimal(80)),
        ),
        passing_total_min=Decimal(75),
    )
    city, opened = graded_city(graded_by(bands))

    assert grades_in(city.memory.events[opened - 1].fact) == {
        "U01": "EXCELLENT",
        "U02": "EXCELLENT",
        "U03": "EXCELLENT",
        "U04": "GOOD",
        "U05": "UNQUALIFIED",
    }


# ---- what always holds


@settings(max_examples=60)
@example(points=[91, 91, 85, 85, 85], renamed=list(reversed(UNITS)), rules=RULES)
@given(
    # Of five units with three totals two are level: what they are called could decide between them.
    points=st.lists(st.sampled_from((91, 85, 59)), min_size=5, max_size=5),
    renamed=st.permutations(UNITS),
    rules=st.builds(
        replace,
        st.just(RULES),
        forced=st.booleans(),
        refill=st.booleans(),
        rounding=st.sampled_from(SeatRounding),
        tie_policy=st.sampled_from((TiePolicy.EXCLUDE_ALL, TiePolicy.INCLUDE_ALL)),
    ),
)
def test_what_the_units_are_called_changes_no_grade(points: list[int], renamed: list[str], rules: GradingRules) -> None:
    name = dict(zip(UNITS, renamed, strict=True))
    awarded = {f"{unit} C": str(each) for unit, each in zip(UNITS, points, strict=True)}
    here = settle(slice_of(graded_by(rules), awarded))
    there = settle(slice_of(graded_by(rules), {f"{name[cell[:3]]} C": each for cell, each in awarded.items()}))

    for unit_id in UNITS:
        assert here.grade_if_opened(unit_id) == there.grade_if_opened(name[unit_id])

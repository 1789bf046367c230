"""After grades are opened: the restatement as the only door, grades revised and reports replaced in it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from city import CYCLE, EVIDENCE, GROUP, City, Refusal, approve, enter, enter_late, request, verify
from opening import (
    ARTICLE,
    BY_POINTS,
    COMMITTEE,
    GRADES,
    NORTH,
    OPENED,
    RESTATED,
    RULES,
    SOUTH,
    compute,
    correct,
    graded_at,
    graded_by,
    graded_city,
    grades_in,
    grading_of,
    official,
    open_grades,
    publications_of,
    put_up,
    reopen,
    resolve,
    restate,
    restating_city,
    revise,
    revised,
    scored_city,
    seats,
    two_groups,
)

from ledger.domain.commands import CloseRestatement, GrantGradeException, WithdrawScore
from ledger.domain.grading import GradeChange, GradesRevised, RestatementPolicy
from ledger.domain.publication import OpenRestatement as Restating
from ledger.domain.publication import RestatementClosed, RestatementOpened
from ledger.domain.quota import SmallGroupRule
from ledger.domain.score import ReasonCode, ScoreCorrected

CLOSE = CloseRestatement(cycle_id=CYCLE, reason="Nothing published was touched.")
AFTER = {"U01": "GOOD", "U02": "GOOD", "U03": "QUALIFIED", "U04": "EXCELLENT", "U05": "QUALIFIED"}
"""What follows once U04 has 95 points."""


def revised_at(city: City, position: int) -> GradesRevised:
    fact = graded_at(city, position)
    assert isinstance(fact, GradesRevised)
    return fact


def withdrawal(position: int) -> WithdrawScore:
    return WithdrawScore(
        cycle_id=CYCLE,
        unit_id="U04",
        indicator_id="C",
        period="2018-Y",
        withdrawn_position=position,
        reason_code=ReasonCode.WRONG_PERIOD,
        reason="It is another year's figure.",
        evidence=EVIDENCE,
        approved_by="director",
    )


# ---- the door


def test_once_grades_are_opened_no_value_changes_outside_a_restatement() -> None:
    city, _ = graded_city()
    cited = official(city, "U04")
    wrong = withdrawal(cited)
    refusal = Refusal("RESTATEMENT_REQUIRED")

    assert city.when(request(cited, "95", "U04", "C"), by="scorer", at=OPENED) == refusal
    assert city.when(wrong, by="scorer", at=OPENED) == refusal
    assert city.when(enter("90", "U04", "C"), by="scorer", at=OPENED) == refusal
    assert city.when(revise(1, 1), by="leading", at=OPENED) == refusal

    city.given(reopen(), by="office", at=RESTATED)
    city.given(wrong, by="scorer", at=RESTATED)


def test_a_correction_inside_a_restatement_bears_its_number() -> None:
    city, _, _ = restating_city()
    cited = official(city, "U04")

    asked = city.given(request(cited, "95", "U04", "C"), by="scorer", at=RESTATED)
    assert city.when(approve(asked, "U04", "C"), by="approver", at=RESTATED) == Refusal("FORBIDDEN_ROLE")
    outcome = city.when(approve(asked, "U04", "C"), by="director", at=RESTATED)

    assert isinstance(outcome, tuple)
    [corrected] = outcome
    assert isinstance(corrected, ScoreCorrected)
    assert (corrected.restatement, corrected.old_value, corrected.new_value) == ("R1", Decimal(80), Decimal(95))


def test_a_correction_before_grades_are_opened_bears_no_number() -> None:
    city = scored_city()
    corrected = city.memory.events[correct(city, "U04", "95", at=OPENED) - 1].fact

    assert isinstance(corrected, ScoreCorrected)
    assert corrected.restatement is None


def test_inside_a_restatement_values_are_put_right_but_not_entered_as_if_entry_were_open() -> None:
    """The plan has no deadline that would refuse it."""
    timeless = replace(BY_POINTS, calendar=replace(BY_POINTS.calendar, deadlines=()))
    city, _ = graded_city(timeless)
    cited = official(city, "U04")
    city.given(reopen(), by="office", at=RESTATED)
    city.given(withdrawal(cited), by="scorer", at=RESTATED)

    assert city.when(enter("90", "U04", "C"), by="scorer", at=RESTATED) == Refusal("PHASE_VIOLATION")
    late = replace(enter_late("90"), indicator_id="C", uom="points", entry_kind=enter("90", "U04", "C").entry_kind)
    entered = city.given(late, by="scorer", at=RESTATED)
    city.given(verify(entered, "U04", "C"), by="verifier", at=RESTATED)


def test_a_restatement_of_one_group_opens_no_other() -> None:
    city = scored_city(two_groups(RULES))
    for group_id, results in zip((NORTH, SOUTH), put_up(city, NORTH, SOUTH), strict=True):
        city.given(open_grades(results, group_id), by="leading", at=OPENED)
    city.given(reopen(SOUTH), by="office", at=RESTATED)

    asked = request(official(city, "U01"), "95", "U01", "C")
    assert city.when(asked, by="scorer", at=RESTATED) == Refusal("RESTATEMENT_REQUIRED")
    correct(city, "U04", "95", at=RESTATED)


def test_a_restatement_is_approved_by_another_for_groups_whose_grades_are_opened() -> None:
    city = scored_city()
    assert city.when(reopen(), by="office", at=OPENED) == Refusal("PHASE_VIOLATION", "group_ids")

    city, _ = graded_city()
    assert city.when(reopen(), by="approver", at=OPENED) == Refusal("FORBIDDEN_ROLE")
    assert city.when(reopen(), by="leading", at=OPENED) == Refusal("SEPARATION_OF_DUTIES", "approved_by")
    unapproved = reopen(approved_by="director")
    assert city.when(unapproved, by="office", at=OPENED) == Refusal("FORBIDDEN_ROLE", "approved_by")
    assert city.when(replace(reopen(), group_ids=()), by="office", at=OPENED) == Refusal("MALFORMED_INPUT", "group_ids")
    assert city.when(reopen("G9"), by="office", at=OPENED) == Refusal("UNKNOWN_ID", "group_ids")
    assert city.when(reopen(GROUP, GROUP), by="office", at=OPENED) == Refusal("DUPLICATE_ID", "group_ids")
    assert city.when(replace(reopen(), evidence=()), by="office", at=OPENED) == Refusal("EVIDENCE_REQUIRED", "evidence")
    assert city.when(replace(reopen(), cause="It is"), by="office", at=OPENED) == Refusal("REASON_TOO_SHORT", "cause")
    assert city.when(reopen(), by="office", at=OPENED) == (
        RestatementOpened(
            cycle_id=CYCLE,
            number="R1",
            cause="A published figure proved wrong.",
            group_ids=(GROUP,),
            evidence=EVIDENCE,
            approved_by="leading",
        ),
    )


def test_restatements_are_numbered_in_order_and_at_most_one_is_open() -> None:
    city, _ = graded_city()
    first = city.given(reopen(), by="office", at=RESTATED)
    assert publications_of(city).restating == Restating("R1", first, (GROUP,))
    assert city.when(reopen(), by="office", at=RESTATED) == Refusal("RESTATEMENT_ALREADY_OPEN")

    assert city.when(replace(CLOSE, reason=""), by="office", at=RESTATED) == Refusal("REASON_REQUIRED", "reason")
    assert city.when(replace(CLOSE, reason="It is."), by="office", at=RESTATED) == Refusal("REASON_TOO_SHORT", "reason")
    assert city.when(CLOSE, by="office", at=RESTATED) == (
        RestatementClosed(cycle_id=CYCLE, number="R1", reason="Nothing published was touched."),
    )

    assert city.when(CLOSE, by="office", at=RESTATED) == Refusal("RESTATEMENT_REQUIRED")
    second = city.given(reopen(), by="office", at=RESTATED)
    assert publications_of(city).restating == Restating("R2", second, (GROUP,))


# ---- revised grades


def test_revised_grades_are_opened_again_for_the_whole_group() -> None:
    city, opened, _ = restating_city()
    correct(city, "U04", "95", at=RESTATED)

    position = revised(city, opened)

    fact = revised_at(city, position)
    assert grades_in(fact) == AFTER
    assert (fact.restatement, fact.policy, fact.supersedes_position) == ("R1", RestatementPolicy.RECOMPUTE_ALL, opened)
    assert fact.seats == (seats("EXCELLENT", 1), seats("GOOD", 2))
    assert fact.changes == (
        GradeChange(unit_id="U04", old_grade="QUALIFIED", new_grade="EXCELLENT"),
        GradeChange(unit_id="U01", old_grade="EXCELLENT", new_grade="GOOD"),
        GradeChange(unit_id="U03", old_grade="GOOD", new_grade="QUALIFIED"),
    )
    current = grading_of(city).current
    assert current is not None
    assert (current.position, current.supersedes, current.grades) == (position, opened, AFTER)


def test_units_that_are_not_at_fault_are_held_harmless_and_what_goes_over_is_recorded() -> None:
    city, opened, _ = restating_city()
    correct(city, "U04", "95", at=RESTATED)

    fact = revised_at(city, revised(city, opened, policy=RestatementPolicy.HOLD_HARMLESS, at_fault=("U03",)))

    assert grades_in(fact) == AFTER | {"U01": "EXCELLENT"}
    assert fact.at_fault == ("U03",)
    assert fact.seats == (seats("EXCELLENT", 1, over=1), seats("GOOD", 2, unused=1))
    assert fact.changes == (
        GradeChange(unit_id="U04", old_grade="QUALIFIED", new_grade="EXCELLENT"),
        GradeChange(unit_id="U03", old_grade="GOOD", new_grade="QUALIFIED"),
    )


def test_units_are_held_at_the_grades_from_before_the_restatement_whatever_was_revised_in_it() -> None:
    city, opened, _ = restating_city()
    correct(city, "U04", "95", at=RESTATED)
    recomputed = revised(city, opened)

    held = revised_at(city, revised(city, recomputed, policy=RestatementPolicy.HOLD_HARMLESS))

    assert grades_in(held) == GRADES | {"U04": "EXCELLENT"}
    assert held.seats == (seats("EXCELLENT", 1, over=1), seats("GOOD", 2))
    assert held.changes == (
        GradeChange(unit_id="U01", old_grade="GOOD", new_grade="EXCELLENT"),
        GradeChange(unit_id="U03", old_grade="QUALIFIED", new_grade="GOOD"),
    )


def test_nobody_is_held_at_a_grade_that_a_mistake_mended_in_the_same_restatement_gave() -> None:
    city, opened, _ = restating_city()
    correct(city, "U05", "99", at=RESTATED)
    lifted = revised(city, opened, policy=RestatementPolicy.HOLD_HARMLESS)
    assert grades_in(revised_at(city, lifted))["U05"] == "EXCELLENT"
    correct(city, "U05", "70", at=RESTATED)

    mended = revised_at(city, revised(city, lifted, policy=RestatementPolicy.HOLD_HARMLESS))

    assert grades_in(mended) == GRADES


def test_the_next_restatement_holds_units_at_the_grades_that_the_last_one_left() -> None:
    city, opened, published = restating_city()
    correct(city, "U04", "95", at=RESTATED)
    first = revised(city, opened)
    city.given(restate(published), by="office", at=RESTATED)
    city.given(reopen(), by="office", at=RESTATED)
    correct(city, "U04", "80", at=RESTATED)

    second = revised_at(city, revised(city, first, policy=RestatementPolicy.HOLD_HARMLESS))

    assert grades_in(second) == GRADES | {"U04": "EXCELLENT"}


def test_grades_are_revised_on_the_latest_ones_and_on_results_computed_since() -> None:
    city, opened, _ = restating_city()
    before = grading_of(city).computed[-1].position
    correct(city, "U04", "95", at=RESTATED)

    stale = Refusal("RESULTS_STALE", "results_position")
    assert city.when(revise(before, opened), by="leading", at=RESTATED) == stale
    results = city.given(compute(), by="office", at=RESTATED)
    superseded = Refusal("MALFORMED_INPUT", "supersedes_position")
    assert city.when(revise(results, opened - 1), by="leading", at=RESTATED) == superseded
    stranger = revise(results, opened, at_fault=("U99",))
    assert city.when(stranger, by="leading", at=RESTATED) == Refusal("UNKNOWN_ID", "at_fault")
    assert city.when(revise(results, opened), by="office", at=RESTATED) == Refusal("FORBIDDEN_ROLE")
    again = city.given(revise(results, opened), by="leading", at=RESTATED)
    assert city.when(revise(results, opened), by="leading", at=RESTATED) == superseded
    assert revised_at(city, city.given(revise(results, again), by="leading", at=RESTATED)).changes == ()


def test_a_tie_that_a_restatement_brings_is_resolved_inside_it() -> None:
    city, opened = graded_city(graded_by(COMMITTEE))
    assert city.when(resolve("U03"), by="leading", at=OPENED) == Refusal("RESTATEMENT_REQUIRED")
    city.given(reopen(), by="office", at=RESTATED)
    correct(city, "U04", "85", at=RESTATED)
    results = city.given(compute(), by="office", at=RESTATED)
    assert city.when(revise(results, opened), by="leading", at=RESTATED) == Refusal("GRADE_TIE_UNRESOLVED")

    city.given(resolve("U04"), by="leading", at=RESTATED)

    fact = revised_at(city, city.given(revise(results, opened), by="leading", at=RESTATED))
    assert grades_in(fact) == GRADES | {"U03": "QUALIFIED", "U04": "GOOD"}
    city.given(CLOSE, by="office", at=RESTATED)


# ---- reports replaced


def test_reports_are_replaced_only_after_grades_were_revised() -> None:
    city, opened, published = restating_city()
    correct(city, "U04", "95", at=RESTATED)
    assert city.when(restate(published), by="office", at=RESTATED) == Refusal("RESULTS_STALE")
    results = city.given(compute(), by="office", at=RESTATED)
    assert city.when(restate(published), by="office", at=RESTATED) == Refusal("RESULTS_STALE")
    assert city.when(CLOSE, by="office", at=RESTATED) == Refusal("RESULTS_STALE")

    city.given(revise(results, opened), by="leading", at=RESTATED)

    city.given(restate(published), by="office", at=RESTATED)
    assert publications_of(city).restating is None


def test_an_exception_granted_after_grades_were_revised_is_not_left_out() -> None:
    city, opened = graded_city(graded_by(replace(RULES, exceptions_max=1)))
    city.given(reopen(), by="office", at=RESTATED)
    exception = GrantGradeException(
        cycle_id=CYCLE,
        group_id=GROUP,
        unit_id="U05",
        grade="GOOD",
        rule=ARTICLE,
        reason="A national model, promoted outside the quota.",
        evidence=EVIDENCE,
    )
    city.given(exception, by="leading", at=RESTATED)
    assert city.when(CLOSE, by="office", at=RESTATED) == Refusal("RESULTS_STALE")

    results = grading_of(city).computed[-1].position
    assert grades_in(revised_at(city, city.given(revise(results, opened), by="leading", at=RESTATED)))["U05"] == "GOOD"
    city.given(CLOSE, by="office", at=RESTATED)


def test_only_standing_reports_are_replaced_and_each_once() -> None:
    city, _, published = restating_city()
    named = "supersedes_positions"

    assert city.when(restate(published), by="approver", at=RESTATED) == Refusal("FORBIDDEN_ROLE")
    assert city.when(restate(), by="office", at=RESTATED) == Refusal("MALFORMED_INPUT", named)
    assert city.when(restate(published, published), by="office", at=RESTATED) == Refusal("DUPLICATE_ID", named)
    assert city.when(restate(published - 1), by="office", at=RESTATED) == Refusal("UNKNOWN_ID", named)
    city.given(restate(published), by="office", at=RESTATED)
    assert city.when(restate(published), by="office", at=RESTATED) == Refusal("RESTATEMENT_REQUIRED")
    city.given(reopen(), by="office", at=RESTATED)
    assert city.when(restate(published), by="office", at=RESTATED) == Refusal("NO_CHANGE", named)


def test_a_report_restated_again_keeps_its_first_number() -> None:
    city, _, published = restating_city()
    first = city.given(restate(published), by="office", at=RESTATED)
    city.given(reopen(), by="office", at=RESTATED)
    city.given(restate(first), by="office", at=RESTATED)

    assert [report.fact.number for report in publications_of(city).reports] == ["2018-A", "2018-A(R1)", "2018-A(R2)"]


# ---- quotas shared by groups


def pooled_and_graded() -> tuple[City, dict[str, int]]:
    """Two groups that share a quota, both graded; the positions of their grades."""
    city = scored_city(two_groups(replace(RULES, small_groups=SmallGroupRule.POOL)))
    opened: dict[str, int] = {}
    for group_id, results in zip((NORTH, SOUTH), put_up(city, NORTH, SOUTH), strict=True):
        opened[group_id] = city.given(open_grades(results, group_id), by="leading", at=OPENED)
    return city, opened


def test_groups_that_share_a_quota_are_restated_together() -> None:
    city, opened = pooled_and_graded()
    assert city.when(reopen(SOUTH), by="office", at=RESTATED) == Refusal("MALFORMED_INPUT", "group_ids")
    city.given(reopen(NORTH, SOUTH), by="office", at=RESTATED)
    correct(city, "U05", "86", at=RESTATED)
    south = city.given(compute(SOUTH), by="office", at=RESTATED)
    city.given(revise(south, opened[SOUTH], SOUTH), by="leading", at=RESTATED)
    assert city.when(CLOSE, by="office", at=RESTATED) == Refusal("RESULTS_STALE")

    north = city.given(compute(NORTH), by="office", at=RESTATED)
    city.given(revise(north, opened[NORTH], NORTH), by="leading", at=RESTATED)
    city.given(CLOSE, by="office", at=RESTATED)

    in_force = [grading_of(city, group_id).current for group_id in (NORTH, SOUTH)]
    assert [grades.grades for grades in in_force if grades is not None] == [
        {"U01": "EXCELLENT", "U02": "GOOD", "U03": "QUALIFIED"},
        {"U05": "GOOD", "U04": "QUALIFIED"},
    ]

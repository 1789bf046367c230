"""Revision tables: what a report says otherwise than was said before, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from city import CYCLE, EVIDENCE, GROUP, UNITS, City, approve, enter, found_city, indicator, plan_with, request, verify
from opening import (
    ARTICLE,
    BY_POINTS,
    NORTH,
    OPENED,
    POINTS,
    PUBLISHED,
    RESTATED,
    RULES,
    SOUTH,
    correct,
    graded_by,
    graded_city,
    official,
    publications_of,
    publish,
    reopen,
    restate,
    restating_city,
    revised,
    scored_city,
    two_groups,
)

from ledger.domain.commands import GrantGradeException, ImposeVeto, RetractReport
from ledger.domain.evaluation import EvaluationTallied, UnitTally
from ledger.domain.facts import Actor, Fact
from ledger.domain.fingerprint import fingerprint
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.grading import ReportAudience, TieResolved
from ledger.domain.plan_rules import RaterClass
from ledger.domain.publication import ReportChange, ReportKind, ReportRestated, ReportRow
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.score import ReasonCode
from ledger.domain.settlement import ENGINE_VERSION
from ledger.domain.veto import VetoEffect, VetoLifted

ERROR, SOURCE = ReasonCode.DATA_ENTRY_ERROR, ReasonCode.SOURCE_DATA_REVISED
NOTICE = publish("N-1", kind=ReportKind.NOTICE)

VETO = ImposeVeto(
    cycle_id=CYCLE,
    unit_id="U01",
    rule=RuleRef(source=RuleSource.PLAN, version=1, article="V1"),
    matter="A grave accident.",
    occurred_on=date(2018, 12, 1),
    effect=VetoEffect.MAX_GRADE,
    grade="QUALIFIED",
    evidence=EVIDENCE,
    determined_by="Safety",
)
EXCEPTION = GrantGradeException(
    cycle_id=CYCLE,
    group_id=GROUP,
    unit_id="U05",
    grade="GOOD",
    rule=ARTICLE,
    reason="A national model, promoted outside the quota.",
    evidence=EVIDENCE,
)


def row(unit_id: str, rank: int, total: str, grade: str) -> ReportRow:
    return ReportRow(group_id=GROUP, unit_id=unit_id, rank=rank, total=Decimal(total), grade=grade)


def change(
    unit_id: str, field: str, old: str, new: str, *reasons: ReasonCode, moved_by: tuple[str, ...] = ("ScoreCorrected",)
) -> ReportChange:
    return ReportChange(unit_id=unit_id, field=field, old=old, new=new, reason_codes=reasons, moved_by=moved_by)


def changes_at(city: City, position: int) -> tuple[ReportChange, ...]:
    report = publications_of(city).report(position)
    assert report is not None
    return report.fact.changes


def revise_source(city: City, unit_id: str, points: str) -> None:
    """Given points that are corrected because their source was revised."""
    asked = replace(request(official(city, unit_id), points, unit_id, "C"), reason_code=SOURCE)
    at = city.memory.events[-1].recorded_at
    city.given(approve(city.given(asked, by="scorer", at=at), unit_id, "C"), by="director", at=at)


# ---- what is compared


def test_a_report_says_what_has_changed_since_the_last_one_of_its_kind() -> None:
    city = scored_city()
    city.given(NOTICE, by="office", at=OPENED)
    correct(city, "U04", "86", at=OPENED)
    city.given(publish("N-2", kind=ReportKind.NOTICE, period="2018-Y"), by="office", at=OPENED)

    again = city.given(replace(NOTICE, number="N-3"), by="office", at=OPENED)

    assert changes_at(city, again) == (
        change("U04", "total", "80.00", "86.00", ERROR),
        change("U04", "rank", "4", "3", ERROR),
        change("U03", "rank", "3", "4", ERROR),
    )


def test_reports_on_different_periods_or_groups_are_not_compared() -> None:
    city = scored_city(two_groups(RULES))
    notice = replace(NOTICE, group_ids=(NORTH,))
    city.given(notice, by="office", at=OPENED)
    correct(city, "U01", "80", at=OPENED)

    of_a_period, wider = {"period": "2018-Y"}, {"group_ids": (SOUTH, NORTH)}
    for number, changed in (("N-2", of_a_period), ("N-3", wider)):
        other = replace(notice, number=number, **changed)  # pyright: ignore[reportArgumentType]
        assert changes_at(city, city.given(other, by="office", at=OPENED)) == ()


def test_it_does_not_matter_in_which_order_the_groups_are_named() -> None:
    city = scored_city(two_groups(RULES))
    city.given(replace(NOTICE, group_ids=(NORTH, SOUTH)), by="office", at=OPENED)
    correct(city, "U01", "93", at=OPENED)

    other = replace(NOTICE, number="N-2", group_ids=(SOUTH, NORTH))

    total = change("U01", "total", "94.00", "93.00", ERROR)
    assert changes_at(city, city.given(other, by="office", at=OPENED)) == (total,)


def test_each_unit_is_compared_with_the_report_that_named_it_last() -> None:
    city = scored_city()
    city.given(NOTICE, by="office", at=OPENED)
    correct(city, "U04", "79", at=OPENED)
    city.given(replace(NOTICE, number="N-2", unit_ids=("U01", "U05")), by="office", at=OPENED)
    correct(city, "U05", "71", at=OPENED)

    changes = changes_at(city, city.given(replace(NOTICE, number="N-3"), by="office", at=OPENED))

    assert changes == (
        change("U04", "total", "80.00", "79.00", ERROR),
        change("U05", "total", "70.00", "71.00", ERROR),
    )


def test_nothing_is_compared_with_a_report_that_was_taken_back() -> None:
    city = scored_city()
    city.given(NOTICE, by="office", at=OPENED)
    correct(city, "U04", "79", at=OPENED)
    second = city.given(replace(NOTICE, number="N-2"), by="office", at=OPENED)
    retract = RetractReport(cycle_id=CYCLE, published_position=second, reason="It names the wrong year.")
    city.given(retract, by="leading", at=OPENED)

    changes = changes_at(city, city.given(replace(NOTICE, number="N-3"), by="office", at=OPENED))

    assert changes == (change("U04", "total", "80.00", "79.00", ERROR),)


def test_a_new_report_is_compared_with_the_restated_one_not_with_what_that_replaced() -> None:
    city, opened, published = restating_city()
    correct(city, "U04", "95", at=RESTATED)
    revised(city, opened)
    city.given(restate(published), by="office", at=RESTATED)

    assert changes_at(city, city.given(publish("2018-B"), by="office", at=RESTATED)) == ()


def test_a_restated_report_says_every_figure_old_and_new() -> None:
    city, opened, published = restating_city()
    correct(city, "U04", "95", at=RESTATED)
    again = revised(city, opened)

    outcome = city.when(restate(published), by="office", at=RESTATED)

    rows = (
        row("U04", 1, "95.00", "EXCELLENT"),
        row("U01", 2, "94.00", "GOOD"),
        row("U02", 3, "88.00", "GOOD"),
        row("U03", 4, "85.00", "QUALIFIED"),
        row("U05", 5, "70.00", "QUALIFIED"),
    )
    assert outcome == (
        ReportRestated(
            cycle_id=CYCLE,
            number="2018-A(R1)",
            restatement="R1",
            supersedes_position=published,
            kind=ReportKind.ANNUAL,
            audience=ReportAudience.PUBLIC,
            group_ids=(GROUP,),
            as_of_position=again,
            plan_version=1,
            engine_version=ENGINE_VERSION,
            rows=rows,
            content_hash=fingerprint(rows),
            changes=(
                change("U04", "total", "80.00", "95.00", ERROR),
                change("U04", "rank", "4", "1", ERROR),
                change("U04", "grade", "QUALIFIED", "EXCELLENT", ERROR),
                change("U01", "rank", "1", "2", ERROR),
                change("U01", "grade", "EXCELLENT", "GOOD", ERROR),
                change("U02", "rank", "2", "3", ERROR),
                change("U03", "rank", "3", "4", ERROR),
                change("U03", "grade", "GOOD", "QUALIFIED", ERROR),
            ),
            approved_by="leading",
        ),
    )


# ---- why


def test_a_total_bears_its_own_units_reasons_and_ranks_and_grades_those_of_all() -> None:
    city, opened, published = restating_city()
    correct(city, "U04", "95", at=RESTATED)
    revise_source(city, "U05", "71")
    revised(city, opened)

    changes = changes_at(city, city.given(restate(published), by="office", at=RESTATED))

    assert [each for each in changes if each.field == "total"] == [
        change("U04", "total", "80.00", "95.00", ERROR),
        change("U05", "total", "70.00", "71.00", SOURCE),
    ]
    assert {each.reason_codes for each in changes if each.field != "total"} == {(ERROR, SOURCE)}


def test_what_moved_another_group_is_no_reason() -> None:
    city = scored_city(two_groups(RULES))
    notice = replace(NOTICE, group_ids=(NORTH, SOUTH))
    city.given(notice, by="office", at=OPENED)
    correct(city, "U01", "86", at=OPENED)
    revise_source(city, "U05", "71")

    changes = changes_at(city, city.given(replace(notice, number="N-2"), by="office", at=OPENED))

    assert changes == (
        change("U02", "rank", "2", "1", ERROR),
        change("U01", "total", "94.00", "86.00", ERROR),
        change("U01", "rank", "1", "2", ERROR),
        change("U05", "total", "70.00", "71.00", SOURCE),
    )


def test_where_points_are_given_by_comparison_a_total_bears_the_reasons_of_its_peers() -> None:
    city = found_city(plan_with(indicator("A", "100", Formula(kind=FormulaKind.BEST_RATIO))))
    entered = {unit_id: city.given(enter(actual, unit_id), by="scorer") for unit_id, actual in POINTS.items()}
    for unit_id, position in entered.items():
        city.given(verify(position, unit_id), by="verifier")
    city.given(NOTICE, by="office")
    city.given(approve(city.given(request(entered["U01"], "88", "U01"), by="scorer"), "U01"), by="approver")

    changes = changes_at(city, city.given(replace(NOTICE, number="N-2"), by="office"))

    assert change("U02", "total", "93.62", "100.00", ERROR) in changes


def test_a_grade_that_a_veto_took_says_so_and_no_other_figure_does() -> None:
    city, opened = graded_city(replace(BY_POINTS, veto_articles=("V1",)))
    published = city.given(publish(), by="office", at=PUBLISHED)
    city.given(reopen(), by="office", at=RESTATED)
    correct(city, "U05", "81", at=RESTATED)
    city.given(VETO, by="leading", at=RESTATED)
    revised(city, opened)

    changes = changes_at(city, city.given(restate(published), by="office", at=RESTATED))

    assert changes == (
        change("U01", "grade", "EXCELLENT", "QUALIFIED", ERROR, moved_by=("ScoreCorrected", "VetoImposed")),
        change("U05", "total", "70.00", "81.00", ERROR),
        change("U05", "rank", "5", "4", ERROR),
        change("U04", "rank", "4", "5", ERROR),
    )


def test_a_grade_given_outside_the_quota_says_so_though_nothing_was_corrected() -> None:
    city, opened = graded_city(graded_by(replace(RULES, exceptions_max=1)))
    published = city.given(publish(), by="office", at=PUBLISHED)
    city.given(reopen(), by="office", at=RESTATED)
    city.given(EXCEPTION, by="leading", at=RESTATED)
    revised(city, opened)

    changes = changes_at(city, city.given(restate(published), by="office", at=RESTATED))

    assert changes == (change("U05", "grade", "QUALIFIED", "GOOD", moved_by=("GradeExceptionGranted",)),)


TIE = TieResolved(
    cycle_id=CYCLE,
    group_id=GROUP,
    grade="GOOD",
    tied=("U01", "U02"),
    admitted=("U01",),
    criterion="The faster growth of the two.",
    rule=ARTICLE,
    evidence=EVIDENCE,
)
TALLY = EvaluationTallied(
    cycle_id=CYCLE,
    campaign_id="PEERS",
    rater_class=RaterClass.PEER,
    group_id=GROUP,
    plan_version=1,
    units=(UnitTally(unit_id="U01", n=3, n_valid=3, mean="90", trimmed=False),),
)
LIFTED = VetoLifted(
    cycle_id=CYCLE,
    subject_id="reporter",
    veto_position=1,
    reason="Another person was meant.",
    evidence=EVIDENCE,
    approved_by="leading",
)


@pytest.mark.parametrize(("fact", "moved"), [(TIE, {"U01", "U02"}), (TALLY, {"U01"}), (LIFTED, set[str]())])
def test_what_is_about_some_units_or_a_person_moved_no_other_unit(fact: Fact, moved: set[str]) -> None:
    city = scored_city()
    before = city.head
    city.memory.record(fact, actor=Actor("leading", "LEADING"), at=OPENED)

    recall = city.memory.recall(CYCLE)

    assert {unit_id for unit_id in UNITS if recall.moves(CYCLE, [unit_id], after=before)} == moved

"""Reports: bound to a position and to what they say, partial, retracted, and the end of a cycle."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from city import BECAUSE, CYCLE, EVIDENCE, GROUP, City, Refusal
from opening import (
    BY_POINTS,
    NORTH,
    OPENED,
    PUBLISHED,
    RESTATED,
    RULES,
    SOUTH,
    compute,
    correct,
    graded_city,
    publications_of,
    publish,
    published_city,
    reopen,
    restate,
    restating_city,
    revise,
    scored_city,
    two_groups,
)

from ledger.domain.appeal import AppealFiled, AppealKind
from ledger.domain.commands import CloseCycle, RetractReport, SetReportDue
from ledger.domain.cycle import CycleClosed, cycle_stream
from ledger.domain.facts import Actor
from ledger.domain.fingerprint import fingerprint
from ledger.domain.grading import ReportAudience
from ledger.domain.phases import Phase
from ledger.domain.publication import (
    ReportKind,
    ReportPublished,
    ReportRestated,
    ReportRetracted,
    ReportRow,
)
from ledger.domain.roles import Role
from ledger.domain.settlement import ENGINE_VERSION

CLOSE = CloseCycle(cycle_id=CYCLE)


def row(unit_id: str, rank: int, total: str, grade: str | None, group_id: str = GROUP) -> ReportRow:
    return ReportRow(group_id=group_id, unit_id=unit_id, rank=rank, total=Decimal(total), grade=grade)


ROWS = (
    row("U01", 1, "94.00", "EXCELLENT"),
    row("U02", 2, "88.00", "GOOD"),
    row("U03", 3, "85.00", "GOOD"),
    row("U04", 4, "80.00", "QUALIFIED"),
    row("U05", 5, "70.00", "QUALIFIED"),
)


def report_at(city: City, position: int) -> ReportPublished | ReportRestated:
    report = publications_of(city).report(position)
    assert report is not None
    return report.fact


def retract(position: int) -> RetractReport:
    return RetractReport(cycle_id=CYCLE, published_position=position, reason="It names the wrong year.")


# ---- publishing


def test_a_report_is_bound_to_the_position_it_follows_from_and_to_what_it_says() -> None:
    city, opened = graded_city()

    assert city.when(publish(), by="leading", at=PUBLISHED) == Refusal("FORBIDDEN_ROLE")
    assert city.when(publish(), by="office", at=PUBLISHED) == (
        ReportPublished(
            cycle_id=CYCLE,
            number="2018-A",
            kind=ReportKind.ANNUAL,
            audience=ReportAudience.PUBLIC,
            group_ids=(GROUP,),
            as_of_position=opened,
            plan_version=1,
            engine_version=ENGINE_VERSION,
            rows=ROWS,
            content_hash=fingerprint(ROWS),
            approved_by="leading",
        ),
    )


def test_a_report_may_be_published_as_of_an_earlier_position() -> None:
    city, opened = graded_city()
    city.given(SetReportDue(cycle_id=CYCLE, kind=ReportKind.ANNUAL, due_on=date(2019, 3, 1)), by="office", at=PUBLISHED)

    assert report_at(city, city.given(publish(as_of_position=opened), by="office", at=PUBLISHED)).rows == ROWS


@pytest.mark.parametrize("position", [0, -1, 10_000])
def test_a_report_cites_no_position_at_which_nothing_was_known(position: int) -> None:
    city, _ = graded_city()

    refusal = Refusal("UNKNOWN_ID", "as_of_position")
    assert city.when(publish(as_of_position=position), by="office", at=PUBLISHED) == refusal


def test_an_annual_report_says_the_grades_that_were_in_force_at_its_position() -> None:
    ungraded = scored_city()
    assert ungraded.when(publish(), by="office", at=PUBLISHED) == Refusal("PHASE_VIOLATION", "group_ids")

    city, opened = graded_city()
    early = publish(as_of_position=opened - 1)
    assert city.when(early, by="office", at=PUBLISHED) == Refusal("PHASE_VIOLATION", "group_ids")
    of_a_period = publish(period="2018-Y")
    assert city.when(of_a_period, by="office", at=PUBLISHED) == Refusal("MALFORMED_INPUT", "period")


def test_before_grades_are_opened_a_report_has_none() -> None:
    city = scored_city()
    internal = publish("N-1", kind=ReportKind.NOTICE, audience=ReportAudience.INTERNAL)

    rows = report_at(city, city.given(internal, by="office", at=OPENED)).rows

    assert rows == tuple(replace(each, grade=None) for each in ROWS)


def test_a_report_on_one_period_has_no_grades() -> None:
    city, _ = graded_city()
    of_the_year = publish("2018-Y", kind=ReportKind.NOTICE, period="2018-Y")

    rows = report_at(city, city.given(of_the_year, by="office", at=PUBLISHED)).rows

    assert {each.grade for each in rows} == {None}


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"group_ids": ()}, Refusal("MALFORMED_INPUT", "group_ids")),
        ({"group_ids": ("G9",)}, Refusal("UNKNOWN_ID", "group_ids")),
        ({"group_ids": (GROUP, GROUP)}, Refusal("DUPLICATE_ID", "group_ids")),
        ({"unit_ids": ("U01", "U99")}, Refusal("UNKNOWN_ID", "unit_ids")),
        ({"number": "2018 A"}, Refusal("MALFORMED_INPUT", "number")),
        ({"kind": ReportKind.QUARTERLY, "period": "2019-Q1"}, Refusal("INVALID_PERIOD", "period")),
        ({"kind": ReportKind.QUARTERLY, "period": "2018-Y"}, Refusal("INVALID_PERIOD", "period")),
        ({"kind": ReportKind.QUARTERLY}, Refusal("INVALID_PERIOD", "period")),
        ({"kind": ReportKind.MONTHLY, "period": "2018-Q1"}, Refusal("INVALID_PERIOD", "period")),
        ({"kind": ReportKind.MONTHLY}, Refusal("INVALID_PERIOD", "period")),
    ],
)
def test_a_report_names_what_there_is(changed: dict[str, object], refusal: Refusal) -> None:
    city, _ = graded_city()

    assert city.when(replace(publish(), **changed), by="office", at=PUBLISHED) == refusal  # pyright: ignore[reportArgumentType]


def test_numbers_are_given_once() -> None:
    city, _, published = published_city()
    assert city.when(publish(), by="office", at=PUBLISHED) == Refusal("DUPLICATE_ID", "number")

    city.given(retract(published), by="leading", at=PUBLISHED)
    assert city.when(publish(), by="office", at=PUBLISHED) == Refusal("DUPLICATE_ID", "number")


def test_a_table_that_does_not_follow_from_the_ledger_is_not_published() -> None:
    city, _ = graded_city()
    refusal = Refusal("PUBLICATION_NOT_REPRODUCIBLE", "content_hash")

    assert city.when(publish(content_hash="0" * 64), by="office", at=PUBLISHED) == refusal
    city.given(publish(content_hash=fingerprint(ROWS)), by="office", at=PUBLISHED)


def test_results_of_persons_are_published_by_who_may_see_them_and_for_the_leadership_only() -> None:
    city, _ = graded_city()
    city.give_role("deputy", Role.ORGDEPT)
    of_persons = publish(kind=ReportKind.CADRE, audience=ReportAudience.LEADERSHIP)

    for audience in (ReportAudience.PUBLIC, ReportAudience.INTERNAL):
        wider = replace(of_persons, audience=audience)
        assert city.when(wider, by="deputy", at=PUBLISHED) == Refusal("AUDIENCE_VIOLATION", "audience")
    for clerk in ("office", "director"):
        assert city.when(of_persons, by=clerk, at=PUBLISHED) == Refusal("FORBIDDEN_ROLE")
    city.given(of_persons, by="deputy", at=PUBLISHED)


def test_a_report_may_say_the_results_of_some_units_only() -> None:
    city, _ = graded_city()
    partial = publish(unit_ids=("U04", "U01"))

    fact = report_at(city, city.given(partial, by="office", at=PUBLISHED))

    assert (fact.rows, fact.unit_ids) == ((ROWS[0], ROWS[3]), ("U04", "U01"))


def test_a_report_on_several_groups_ranks_each_by_itself() -> None:
    city = scored_city(two_groups(RULES))
    internal = publish(kind=ReportKind.NOTICE, group_ids=(SOUTH, NORTH))

    rows = report_at(city, city.given(internal, by="office", at=OPENED)).rows

    assert rows == (
        row("U04", 1, "80.00", None, SOUTH),
        row("U05", 2, "70.00", None, SOUTH),
        row("U01", 1, "94.00", None, NORTH),
        row("U02", 2, "88.00", None, NORTH),
        row("U03", 3, "85.00", None, NORTH),
    )


# ---- retracting


def test_a_report_is_taken_back_by_the_leading_group_and_stays_in_the_record() -> None:
    city, _, published = published_city()

    assert city.when(retract(published), by="office", at=PUBLISHED) == Refusal("FORBIDDEN_ROLE")
    unknown = Refusal("UNKNOWN_ID", "published_position")
    assert city.when(retract(published - 1), by="leading", at=PUBLISHED) == unknown
    assert city.when(retract(published), by="leading", at=PUBLISHED) == (
        ReportRetracted(cycle_id=CYCLE, published_position=published, reason="It names the wrong year."),
    )
    report = publications_of(city).report(published)
    assert report is not None
    assert (report.retracted_by, report.fact.rows) == (city.head, ROWS)
    gone = Refusal("NO_CHANGE", "published_position")
    assert city.when(retract(published), by="leading", at=PUBLISHED) == gone


def test_a_report_that_was_taken_back_is_not_restated() -> None:
    city, _, published = restating_city()
    city.given(retract(published), by="leading", at=RESTATED)

    assert city.when(restate(published), by="office", at=RESTATED) == Refusal("NO_CHANGE", "supersedes_positions")


# ---- closing the cycle


def test_a_cycle_is_closed_once_its_grades_are_opened() -> None:
    ungraded = scored_city()
    assert ungraded.when(CLOSE, by="director", at=OPENED) == Refusal("RESULTS_INCOMPLETE")
    assert scored_city(closed=False).when(CLOSE, by="director") == Refusal("PHASE_VIOLATION")

    city, _, _ = published_city()
    assert city.when(CLOSE, by="office", at=PUBLISHED) == Refusal("FORBIDDEN_ROLE")
    assert city.when(CLOSE, by="director", at=PUBLISHED) == (CycleClosed(cycle_id=CYCLE),)
    assert city.memory.load(cycle_stream(CYCLE))[1].phase is Phase.CLOSED
    assert city.when(CLOSE, by="director", at=PUBLISHED) == Refusal("PHASE_VIOLATION")


def test_a_cycle_of_a_plan_that_opens_no_grades_is_closed_without_them() -> None:
    city = scored_city(replace(BY_POINTS, grading=None, decisions=()))

    city.given(CLOSE, by="leading", at=OPENED)


@pytest.mark.parametrize("subject", [{"unit_id": "U04"}, {"subject_id": "reporter"}], ids=["unit", "cadre"])
def test_no_cycle_is_closed_while_an_appeal_is_open(subject: dict[str, str]) -> None:
    city, opened = graded_city()
    appeal = AppealFiled(
        cycle_id=CYCLE,
        kind=AppealKind.GRADE,
        about_position=opened,
        level=1,
        grounds=BECAUSE,
        remedy=BECAUSE,
        evidence=EVIDENCE,
        **subject,
    )
    city.memory.record(appeal, actor=Actor("reporter", "REPORTER"), at=PUBLISHED)

    assert city.when(CLOSE, by="director", at=PUBLISHED) == Refusal("RESULTS_INCOMPLETE")


def test_no_cycle_is_closed_while_a_restatement_is_open() -> None:
    city, _, _ = restating_city()

    assert city.when(CLOSE, by="director", at=RESTATED) == Refusal("RESTATEMENT_ALREADY_OPEN")


def test_after_a_cycle_was_closed_a_restatement_opens_and_ends_like_before() -> None:
    city, opened, published = published_city()
    city.given(CLOSE, by="director", at=PUBLISHED)
    assert city.when(compute(), by="office", at=PUBLISHED) == Refusal("RESTATEMENT_REQUIRED")

    city.given(reopen(), by="office", at=RESTATED)
    city.given(restate(published), by="office", at=RESTATED)
    city.given(reopen(), by="office", at=RESTATED)
    correct(city, "U04", "95", at=RESTATED)
    results = city.given(compute(), by="office", at=RESTATED)
    city.given(revise(results, opened), by="leading", at=RESTATED)

    assert city.memory.load(cycle_stream(CYCLE))[1].phase is Phase.CLOSED

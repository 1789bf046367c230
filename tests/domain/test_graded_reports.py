"""Reports that speak of grades: they say those in force, and none stays that a restatement made wrong."""

from __future__ import annotations

from dataclasses import replace

from city import CYCLE, GROUP, LATE, City, Refusal
from opening import (
    BY_POINTS,
    NORTH,
    OPENED,
    PUBLISHED,
    RESTATED,
    RULES,
    SOUTH,
    correct,
    graded_city,
    open_grades,
    publications_of,
    publish,
    published_city,
    put_up,
    reopen,
    restate,
    restating_city,
    revised,
    scored_city,
    two_groups,
)

from ledger.domain.commands import CloseRestatement
from ledger.domain.facts import Actor
from ledger.domain.plan import Group, Member, Participation
from ledger.domain.publication import ReportKind

CLOSE = CloseRestatement(cycle_id=CYCLE, reason="Nothing published was touched.")
NOTICE = publish("N-1", kind=ReportKind.NOTICE)
NAMED = "supersedes_positions"


def standing(city: City) -> list[str]:
    return [report.fact.number for report in publications_of(city).standing]


def both_graded() -> City:
    """Two groups, both graded."""
    city = scored_city(two_groups(RULES))
    for group_id, results in zip((NORTH, SOUTH), put_up(city, NORTH, SOUTH), strict=True):
        city.given(open_grades(results, group_id), by="leading", at=OPENED)
    return city


# ---- published first


def test_grades_that_are_being_restated_are_published_once_they_are_revised() -> None:
    city, opened, _ = restating_city()
    unrevised = Refusal("RESTATEMENT_ALREADY_OPEN", "group_ids")
    assert city.when(NOTICE, by="office", at=RESTATED) == unrevised
    correct(city, "U04", "95", at=RESTATED)
    for report in (publish("2018-B"), NOTICE, replace(NOTICE, as_of_position=opened)):
        assert city.when(report, by="office", at=RESTATED) == unrevised
    of_a_period = publish("N-2", kind=ReportKind.NOTICE, period="2018-Y")
    city.given(of_a_period, by="office", at=RESTATED)

    revised(city, opened)

    city.given(NOTICE, by="office", at=RESTATED)
    correct(city, "U05", "71", at=RESTATED)
    assert city.when(publish("2018-B"), by="office", at=RESTATED) == Refusal("RESULTS_STALE")


def test_while_one_group_is_restated_reports_on_others_are_published() -> None:
    city = both_graded()
    city.given(reopen(SOUTH), by="office", at=RESTATED)

    city.given(publish("N-A", group_ids=(NORTH,)), by="office", at=RESTATED)


def test_superseded_grades_are_not_published() -> None:
    city, opened, published = restating_city()
    before = city.head
    correct(city, "U04", "95", at=RESTATED)
    revised(city, opened)
    superseded = Refusal("BASIS_SUPERSEDED", "as_of_position")

    for report in (publish("2018-B"), NOTICE):
        assert city.when(replace(report, as_of_position=before), by="office", at=RESTATED) == superseded
    city.given(restate(published), by="office", at=RESTATED)
    assert city.when(publish("2018-B", as_of_position=before), by="office", at=RESTATED) == superseded


# ---- outdated by a restatement


def test_every_report_whose_grades_a_restatement_made_wrong_is_restated_whatever_its_kind() -> None:
    city, opened, published = published_city()
    notice = city.given(NOTICE, by="office", at=PUBLISHED)
    unmoved = city.given(publish("N-2", kind=ReportKind.NOTICE, unit_ids=("U05",)), by="office", at=PUBLISHED)
    city.given(reopen(), by="office", at=RESTATED)
    correct(city, "U04", "95", at=RESTATED)
    revised(city, opened)

    assert city.when(CLOSE, by="office", at=RESTATED) == Refusal("PHASE_VIOLATION")
    for incomplete in (published, notice):
        assert city.when(restate(incomplete), by="office", at=RESTATED) == Refusal("PHASE_VIOLATION")
    city.given(restate(published, notice), by="office", at=RESTATED)

    assert standing(city) == ["N-2", "2018-A(R1)", "N-1(R1)"]
    report = publications_of(city).report(unmoved)
    assert report is not None
    assert report.standing


def test_the_total_of_a_unit_that_is_listed_separately_is_put_right_too() -> None:
    """Its row bears no grade, but it stands in a report on a group that is graded."""
    apart = Member(unit_id="U05", participation=Participation.LISTED_SEPARATELY)
    members = (*BY_POINTS.groups[0].members[:-1], apart)
    plan = replace(BY_POINTS, groups=(Group(group_id=GROUP, name="Districts", members=members),))
    city, opened = graded_city(plan)
    partial = city.given(replace(NOTICE, unit_ids=("U05",)), by="office", at=PUBLISHED)
    city.given(reopen(), by="office", at=RESTATED)
    correct(city, "U05", "71", at=RESTATED)
    revised(city, opened)

    assert city.when(CLOSE, by="office", at=RESTATED) == Refusal("PHASE_VIOLATION")
    city.given(restate(partial), by="office", at=RESTATED)


def test_a_report_published_after_the_revision_needs_no_restating() -> None:
    city, opened, published = restating_city()
    correct(city, "U04", "95", at=RESTATED)
    revised(city, opened)
    city.given(publish("2018-B"), by="office", at=RESTATED)

    city.given(restate(published), by="office", at=RESTATED)

    assert standing(city) == ["2018-B", "2018-A(R1)"]


def test_a_report_that_showed_superseded_grades_from_the_start_does_not_survive_the_next_restatement() -> None:
    """Ledgers from before the rule may hold one."""
    city, opened, published = restating_city()
    wrong = publications_of(city).reports[0].fact
    correct(city, "U04", "95", at=RESTATED)
    revised(city, opened)
    city.given(restate(published), by="office", at=RESTATED)
    city.memory.record(replace(wrong, number="2018-OLD"), actor=Actor("office", "OFFICE"), at=RESTATED)
    stale = city.head

    city.given(reopen(), by="office", at=RESTATED)

    assert city.when(CLOSE, by="office", at=RESTATED) == Refusal("PHASE_VIOLATION")
    city.given(restate(stale), by="office", at=RESTATED)


def test_a_wrong_report_on_other_groups_does_not_keep_a_restatement_open() -> None:
    """It could not be replaced in it either."""
    city = both_graded()
    city.given(publish(group_ids=(NORTH,)), by="office", at=PUBLISHED)
    right = publications_of(city).reports[0].fact
    wrong = replace(right, number="2018-OLD", rows=right.rows[::-1])
    city.memory.record(wrong, actor=Actor("office", "OFFICE"), at=PUBLISHED)

    city.given(reopen(SOUTH), by="office", at=RESTATED)
    city.given(CLOSE, by="office", at=RESTATED)
    city.given(reopen(NORTH), by="office", at=RESTATED)
    assert city.when(CLOSE, by="office", at=RESTATED) == Refusal("PHASE_VIOLATION")


def test_a_report_from_before_grades_were_opened_stays_as_it_was() -> None:
    city = scored_city()
    city.given(NOTICE, by="office", at=LATE)
    [results] = put_up(city, GROUP)
    opened = city.given(open_grades(results), by="leading", at=OPENED)
    city.given(reopen(), by="office", at=RESTATED)
    correct(city, "U04", "95", at=RESTATED)
    revised(city, opened)

    city.given(CLOSE, by="office", at=RESTATED)


def test_a_restatement_does_not_ask_for_what_happened_to_other_groups() -> None:
    """The south was graded after the report, which said nothing of its grades."""
    city = scored_city(two_groups(RULES))
    north, south = put_up(city, NORTH, SOUTH)
    city.given(open_grades(north, NORTH), by="leading", at=OPENED)
    city.given(replace(NOTICE, group_ids=(NORTH, SOUTH)), by="office", at=OPENED)
    city.given(open_grades(south, SOUTH), by="leading", at=PUBLISHED)

    city.given(reopen(NORTH), by="office", at=RESTATED)
    city.given(CLOSE, by="office", at=RESTATED)


def test_a_restatement_replaces_reports_on_its_own_groups_only() -> None:
    city = both_graded()
    north = city.given(publish("N-A", group_ids=(NORTH,)), by="office", at=PUBLISHED)
    both = city.given(publish("2018-A", group_ids=(NORTH, SOUTH)), by="office", at=PUBLISHED)
    city.given(reopen(SOUTH), by="office", at=RESTATED)

    assert city.when(restate(north), by="office", at=RESTATED) == Refusal("RESTATEMENT_REQUIRED", NAMED)
    assert city.when(restate(both, north), by="office", at=RESTATED) == Refusal("RESTATEMENT_REQUIRED", NAMED)
    city.given(restate(both), by="office", at=RESTATED)

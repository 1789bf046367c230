"""Who publishes and restates: within the scope of the role, and with the approval of the leading group."""

from __future__ import annotations

from dataclasses import replace

import pytest
from city import CYCLE, City, Refusal
from opening import (
    NORTH,
    OPENED,
    PUBLISHED,
    RESTATED,
    RULES,
    SOUTH,
    graded_city,
    open_grades,
    publications_of,
    publish,
    put_up,
    reopen,
    restate,
    restating_city,
    scored_city,
    two_groups,
)

from ledger.domain.commands import CloseCycle, CloseRestatement, RetractReport
from ledger.domain.grading import ReportAudience
from ledger.domain.publication import ReportKind
from ledger.domain.roles import Role, Scope

CLOSE = CloseRestatement(cycle_id=CYCLE, reason="Nothing published was touched.")
OUT_OF_SCOPE = Refusal("OUT_OF_SCOPE_UNIT")


def northern(role: Role) -> City:
    """Two graded groups, and a deputy who holds a role for the northern one."""
    city = scored_city(two_groups(RULES))
    for group_id, results in zip((NORTH, SOUTH), put_up(city, NORTH, SOUTH), strict=True):
        city.given(open_grades(results, group_id), by="leading", at=OPENED)
    city.give_role("deputy", role, Scope(group_ids=(NORTH,)))
    return city


# ---- scope


def test_reports_are_published_for_the_groups_of_the_role_only() -> None:
    city = northern(Role.OFFICE)

    for group_ids in ((SOUTH,), (NORTH, SOUTH)):
        assert city.when(publish(group_ids=group_ids), by="deputy", at=PUBLISHED) == OUT_OF_SCOPE
    city.given(publish(group_ids=(NORTH,)), by="deputy", at=PUBLISHED)


def test_restatements_are_opened_and_ended_for_the_groups_of_the_role_only() -> None:
    city = northern(Role.OFFICE)
    south = city.given(publish(group_ids=(SOUTH,)), by="office", at=PUBLISHED)
    both = city.given(publish("2018-B", group_ids=(NORTH, SOUTH)), by="office", at=PUBLISHED)

    assert city.when(reopen(SOUTH), by="deputy", at=RESTATED) == OUT_OF_SCOPE
    assert city.when(reopen(NORTH, SOUTH), by="deputy", at=RESTATED) == OUT_OF_SCOPE
    city.given(reopen(SOUTH), by="office", at=RESTATED)
    assert city.when(CLOSE, by="deputy", at=RESTATED) == OUT_OF_SCOPE
    assert city.when(restate(south), by="deputy", at=RESTATED) == OUT_OF_SCOPE
    city.given(CLOSE, by="office", at=RESTATED)
    city.given(reopen(NORTH), by="deputy", at=RESTATED)
    assert city.when(restate(both), by="deputy", at=RESTATED) == OUT_OF_SCOPE
    city.given(CLOSE, by="deputy", at=RESTATED)


def test_the_leading_group_takes_back_and_approves_within_the_scope_of_the_role_only() -> None:
    city = northern(Role.LEADING)
    south = replace(publish(group_ids=(SOUTH,)), approved_by="deputy")
    out_of_scope = Refusal("OUT_OF_SCOPE_UNIT", "approved_by")

    assert city.when(south, by="office", at=PUBLISHED) == out_of_scope
    published = city.given(publish(group_ids=(SOUTH,)), by="office", at=PUBLISHED)
    taken_back = RetractReport(cycle_id=CYCLE, published_position=published, reason="It names the wrong year.")
    assert city.when(taken_back, by="deputy", at=PUBLISHED) == OUT_OF_SCOPE
    assert city.when(reopen(SOUTH, approved_by="deputy"), by="office", at=RESTATED) == out_of_scope
    city.given(reopen(SOUTH), by="office", at=RESTATED)
    approved = replace(restate(published), approved_by="deputy")
    assert city.when(approved, by="office", at=RESTATED) == out_of_scope


def test_a_cycle_is_closed_by_who_directs_all_of_its_groups() -> None:
    city = northern(Role.DIRECTOR)

    assert city.when(CloseCycle(cycle_id=CYCLE), by="deputy", at=PUBLISHED) == OUT_OF_SCOPE
    city.given(CloseCycle(cycle_id=CYCLE), by="director", at=PUBLISHED)


# ---- approval


@pytest.mark.parametrize(
    ("approved_by", "refusal"),
    [
        (None, Refusal("SEPARATION_OF_DUTIES", "approved_by")),
        ("director", Refusal("FORBIDDEN_ROLE", "approved_by")),
        ("nobody", Refusal("UNKNOWN_ID", "approved_by")),
    ],
)
def test_the_leading_group_approves_annual_and_restated_reports(approved_by: str | None, refusal: Refusal) -> None:
    city, _ = graded_city()
    assert city.when(publish(approved_by=approved_by), by="office", at=PUBLISHED) == refusal

    city, _, published = restating_city()
    restated = replace(restate(published), approved_by=approved_by)
    assert city.when(restated, by="office", at=RESTATED) == refusal
    assert city.when(restated, by="director", at=RESTATED) == refusal


def test_nobody_approves_their_own_report() -> None:
    city, _, published = restating_city()
    itself = Refusal("SEPARATION_OF_DUTIES", "approved_by")
    assert city.when(restate(published), by="leading", at=RESTATED) == itself
    of_persons = publish("C-1", kind=ReportKind.CADRE, audience=ReportAudience.LEADERSHIP)
    assert city.when(of_persons, by="leading", at=RESTATED) == itself

    city.give_role("deputy", Role.LEADING)
    city.given(replace(restate(published), approved_by="deputy"), by="leading", at=RESTATED)


def test_a_notice_needs_no_approval_but_says_who_gave_one() -> None:
    city = scored_city()
    notice = publish("N-1", kind=ReportKind.NOTICE, approved_by=None)
    by_a_clerk = replace(notice, number="N-2", approved_by="director")

    city.given(notice, by="office", at=OPENED)
    assert city.when(by_a_clerk, by="office", at=OPENED) == Refusal("FORBIDDEN_ROLE", "approved_by")
    city.given(replace(notice, number="N-2", approved_by="leading"), by="office", at=OPENED)

    assert [report.fact.approved_by for report in publications_of(city).reports] == [None, "leading"]


def test_who_may_not_see_results_of_persons_does_not_restate_them() -> None:
    city, _ = graded_city()
    city.give_role("deputy", Role.LEADING)
    of_persons = publish(kind=ReportKind.CADRE, audience=ReportAudience.LEADERSHIP)
    published = city.given(of_persons, by="deputy", at=PUBLISHED)
    city.given(reopen(), by="office", at=RESTATED)

    assert city.when(restate(published), by="office", at=RESTATED) == Refusal("FORBIDDEN_ROLE")
    city.given(restate(published), by="deputy", at=RESTATED)

"""What of a plan still changes once entry closed: the calendar, and inside a restatement everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from city import CYCLE, GROUP, LATE, City, Refusal, found_city
from opening import (
    BY_POINTS,
    NORTH,
    OPENED,
    RESTATED,
    RULES,
    SOUTH,
    compute,
    graded_at,
    grades_in,
    open_grades,
    put_up,
    reopen,
    restate,
    restating_city,
    revise,
    scored_city,
    two_groups,
)

from ledger.domain.commands import AssignUnitToGroup, CloseCycle, CloseEntry, CloseRestatement, IssuePlanVersion
from ledger.domain.cycle import cycle_stream
from ledger.domain.plan import Deadline, DeadlineName, Member, Participation, Plan
from ledger.domain.quota import GradeQuota

HOLIDAYS = (date(2019, 2, 4), date(2019, 2, 5))
FIXED = replace(BY_POINTS, calendar=replace(BY_POINTS.calendar, holidays=HOLIDAYS))
"""The plan with another calendar and nothing else changed."""
STRICTER = replace(
    BY_POINTS, grading=replace(RULES, grades=(replace(RULES.grades[0], total_min=Decimal(95)), RULES.grades[1]))
)
"""The plan with a best grade that takes 95 points, which no unit has."""


def version(content: Plan, **changed: object) -> IssuePlanVersion:
    """A second version of the plan."""
    command = IssuePlanVersion(
        cycle_id=CYCLE, content=content, based_on=1, summary="Second version", approved_by="leading"
    )
    return replace(command, **changed)


def plan_of(city: City) -> Plan:
    """The plan as issued last."""
    return city.memory.load(cycle_stream(CYCLE))[1].latest.plan


def test_after_entry_closed_the_calendar_is_fixed_with_the_leading_groups_approval() -> None:
    city = scored_city()

    assert city.when(version(FIXED, approved_by=None), by="office", at=LATE) == Refusal(
        "PLAN_CHANGE_NEEDS_APPROVAL", "approved_by"
    )
    city.given(version(FIXED), by="office", at=LATE)
    assert plan_of(city).calendar.holidays == HOLIDAYS


@pytest.mark.parametrize(
    "command",
    [
        version(BY_POINTS),
        version(STRICTER),
        version(replace(FIXED, grading=STRICTER.grading)),
        version(replace(FIXED, groups=(replace(FIXED.groups[0], name="All districts"),))),
        version(FIXED, in_force_from_period="2018-Q3"),
    ],
    ids=["nothing", "grades", "calendar and grades", "a group's name", "from a period"],
)
def test_after_entry_closed_nothing_but_the_calendar_changes(command: IssuePlanVersion) -> None:
    city = scored_city()

    assert city.when(command, by="office", at=LATE) == Refusal("PHASE_VIOLATION")


def test_a_calendar_that_is_fixed_leaves_each_unit_where_it_was_assigned() -> None:
    city = scored_city(closed=False)
    assign = AssignUnitToGroup(
        cycle_id=CYCLE,
        unit_id="U05",
        group_id=GROUP,
        participation=Participation.LISTED_SEPARATELY,
        reason="A pilot area now.",
    )
    city.given(assign, by="leading")
    city.given(CloseEntry(cycle_id=CYCLE), by="office", at=LATE)
    members = tuple(
        replace(member, participation=Participation.LISTED_SEPARATELY) if member == Member(unit_id="U05") else member
        for member in FIXED.groups[0].members
    )

    assert city.when(version(FIXED), by="office", at=LATE) == Refusal("PHASE_VIOLATION")
    as_assigned = replace(FIXED, groups=(replace(FIXED.groups[0], members=members),))
    city.given(version(as_assigned), by="office", at=LATE)


def test_a_passed_deadline_moves_back_in_no_version() -> None:
    city = scored_city()
    earlier = BY_POINTS.calendar.amended((Deadline(name=DeadlineName.ENTRY, ends_on=date(2019, 1, 9)),))

    refusal = city.when(version(replace(BY_POINTS, calendar=earlier)), by="office", at=LATE)
    assert refusal == Refusal("DEADLINE_PASSED", "content.calendar.deadlines")


def test_inside_a_restatement_the_plan_changes_and_the_grades_follow_it() -> None:
    city, opened, published = restating_city()
    city.given(version(STRICTER), by="office", at=RESTATED)

    unchanged = CloseRestatement(cycle_id=CYCLE, reason="Nothing was changed here.")
    for ending in (unchanged, restate(published)):
        assert city.when(ending, by="office", at=RESTATED) == Refusal("RESULTS_STALE")
    results = city.given(compute(), by="office", at=RESTATED)
    revised = city.given(revise(results, opened), by="leading", at=RESTATED)
    city.given(restate(published), by="office", at=RESTATED)
    assert grades_in(graded_at(city, opened))["U01"] == "EXCELLENT"
    assert grades_in(graded_at(city, revised))["U01"] == "GOOD"


def test_once_grades_are_opened_no_version_comes_without_a_restatement_of_every_graded_group() -> None:
    plan = two_groups(RULES)
    city = scored_city(plan)
    for group_id, results in zip((NORTH, SOUTH), put_up(city, NORTH, SOUTH), strict=True):
        city.given(open_grades(results, group_id), by="leading", at=OPENED)
    fixed = replace(plan, calendar=FIXED.calendar)

    assert city.when(version(fixed), by="office", at=OPENED) == Refusal("RESTATEMENT_REQUIRED")
    city.given(reopen(NORTH), by="office", at=OPENED)
    assert city.when(version(fixed), by="office", at=OPENED) == Refusal("RESTATEMENT_REQUIRED")
    city.given(CloseRestatement(cycle_id=CYCLE, reason="Nothing was changed here."), by="office", at=OPENED)
    city.given(reopen(NORTH, SOUTH), by="office", at=RESTATED)
    city.given(version(fixed), by="office", at=RESTATED)


def test_a_graded_group_stays_in_the_plan() -> None:
    city, _, _ = restating_city()
    [group] = BY_POINTS.groups
    weights = tuple(replace(weight, group_id="G9") for weight in BY_POINTS.indicators[0].weights)
    renamed = replace(
        BY_POINTS,
        groups=(replace(group, group_id="G9"),),
        indicators=(replace(BY_POINTS.indicators[0], weights=weights),),
    )

    assert city.when(version(renamed), by="office", at=RESTATED) == Refusal(
        "REFERENCED_ENTITY_IN_USE", "content.groups"
    )


def test_the_plan_of_a_closed_cycle_without_grades_is_closed_too() -> None:
    plan = replace(BY_POINTS, grading=None, decisions=())
    city = scored_city(plan)
    city.given(CloseCycle(cycle_id=CYCLE), by="director", at=OPENED)

    fixed = replace(plan, calendar=FIXED.calendar)
    assert city.when(version(fixed), by="office", at=OPENED) == Refusal("PHASE_VIOLATION")


def test_before_entry_opens_a_version_needs_no_approval() -> None:
    city = found_city(BY_POINTS, opened=False)
    more = replace(RULES, grades=(*RULES.grades, GradeQuota(grade="FAIR", share=Decimal("0.10"))))

    city.given(version(replace(BY_POINTS, grading=more), approved_by=None), by="office")

"""The assessment year: measures, phases, plan versions in force, the calendar, groups and exemptions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from city import (
    CYCLE,
    FOUNDED,
    GROUP,
    LATE,
    PLAN,
    YEAR,
    City,
    Refusal,
    enter,
    found_city,
    instant,
)

from ledger.domain.commands import (
    AmendCalendar,
    AssignUnitToGroup,
    CloseEntry,
    IssueMeasures,
    IssuePlanVersion,
    OpenCycle,
    PlanCycle,
    RepealMeasures,
)
from ledger.domain.cycle import (
    CalendarAmended,
    Cycle,
    CycleOpened,
    CyclePlanned,
    EntryClosed,
    PlanVersionIssued,
    UnitAssignedToGroup,
    cycle_stream,
)
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.measures import Article, MeasuresIssued, MeasuresRepealed, MeasuresRevised
from ledger.domain.periods import Frequency
from ledger.domain.phases import Phase
from ledger.domain.plan import Deadline, DeadlineName, GroupWeight, Indicator, Participation, Plan
from ledger.domain.score import Basis
from ledger.domain.working_days import after_working_days

ENTRY = DeadlineName.ENTRY


def plan_cycle(cycle_id: str = "NEXT") -> PlanCycle:
    return PlanCycle(
        cycle_id=cycle_id,
        title="Assessment 2019",
        starts_on=date(2019, 1, 1),
        ends_on=date(2019, 12, 31),
        measures_id="M-1",
        measures_version=1,
    )


def second_version(content: Plan, **more: str) -> IssuePlanVersion:
    return IssuePlanVersion(cycle_id=CYCLE, content=content, based_on=1, summary="Second version", **more)


def move(*deadlines: Deadline) -> AmendCalendar:
    return AmendCalendar(cycle_id=CYCLE, deadlines=deadlines, reason="The yearbook is late.")


def cycle_of(city: City) -> Cycle:
    return city.memory.load(cycle_stream(CYCLE))[1]


# Measures.


def test_measures_are_issued_revised_and_repealed_by_the_leading_group(city: City) -> None:
    articles = (Article(article="12", title="Grades"),)
    issue = IssueMeasures(measures_id="M-2", title="Trial", articles=articles, in_force_from=date(2019, 1, 1))
    repeal = RepealMeasures(measures_id="M-2", repealed_from=date(2019, 6, 1))

    assert city.when(issue, by="office") == Refusal("FORBIDDEN_ROLE")
    for version, kind in ((1, MeasuresIssued), (2, MeasuresRevised)):
        assert city.when(issue, by="leading") == (
            kind(
                measures_id="M-2",
                measures_version=version,
                title="Trial",
                articles=articles,
                in_force_from=date(2019, 1, 1),
            ),
        )
    assert city.when(repeal, by="leading") == (MeasuresRepealed(measures_id="M-2", repealed_from=date(2019, 6, 1)),)
    assert city.when(repeal, by="leading") == Refusal("NO_CHANGE", "measures_id")


def test_a_cycle_is_laid_out_once_under_measures_in_force(city: City) -> None:
    assert city.when(replace(plan_cycle(), measures_version=2), by="office") == Refusal(
        "RULE_NOT_FOUND", "measures_version"
    )
    assert city.when(replace(plan_cycle(), ends_on=date(2018, 12, 31)), by="office") == Refusal(
        "MALFORMED_INPUT", "ends_on"
    )
    assert city.when(plan_cycle(), by="office") == (
        CyclePlanned(
            cycle_id="NEXT",
            title="Assessment 2019",
            starts_on=date(2019, 1, 1),
            ends_on=date(2019, 12, 31),
            measures_id="M-1",
            measures_version=1,
        ),
    )
    assert city.when(plan_cycle(), by="office") == Refusal("DUPLICATE_ID", "cycle_id")
    city.given(RepealMeasures(measures_id="M-1", repealed_from=date(2019, 1, 5)), by="leading")
    assert city.when(plan_cycle("LATER"), by="office") == Refusal("RULE_NOT_IN_FORCE", "measures_id")


# Phases.


def test_phases_only_move_forward() -> None:
    city = found_city(opened=False)
    assert city.when(CloseEntry(cycle_id=CYCLE), by="office") == Refusal("PHASE_VIOLATION")
    assert city.when(enter("7.4"), by="scorer") == Refusal("PHASE_VIOLATION")

    assert city.when(OpenCycle(cycle_id=CYCLE), by="office") == (CycleOpened(cycle_id=CYCLE),)
    assert city.when(OpenCycle(cycle_id=CYCLE), by="office") == Refusal("PHASE_VIOLATION")
    assert city.when(CloseEntry(cycle_id=CYCLE), by="office") == (EntryClosed(cycle_id=CYCLE),)
    assert city.when(CloseEntry(cycle_id=CYCLE), by="office") == Refusal("PHASE_VIOLATION")
    assert city.when(OpenCycle(cycle_id=CYCLE), by="office") == Refusal("PHASE_VIOLATION")
    assert cycle_of(city).phase is Phase.ENTRY_CLOSED


def test_a_cycle_opens_with_a_plan_and_registered_units_only(city: City) -> None:
    city.given(plan_cycle(), by="office")
    assert city.when(OpenCycle(cycle_id="NEXT"), by="office") == Refusal("PLAN_NOT_IN_FORCE")

    stranger = replace(
        PLAN.groups[0], members=tuple(replace(member, unit_id="U99") for member in PLAN.groups[0].members[:1])
    )
    content = replace(PLAN, unit_ids=("U99",), groups=(stranger,))
    city.given(IssuePlanVersion(cycle_id="NEXT", content=content, summary="First"), by="office")
    assert city.when(OpenCycle(cycle_id="NEXT"), by="office") == Refusal("UNKNOWN_ID", "cycle_id")


# Plan versions.


def test_a_plan_version_is_recorded_whole_with_its_hash() -> None:
    city = found_city(opened=False)
    content = replace(PLAN, title="Revised plan 2018")

    assert city.when(second_version(content), by="office", at=FOUNDED) == (
        PlanVersionIssued(
            cycle_id=CYCLE,
            plan_version=2,
            based_on=1,
            content=content,
            content_hash=content.content_hash(),
            summary="Second version",
        ),
    )
    assert content.content_hash() != PLAN.content_hash()


def test_a_plan_version_is_based_on_the_newest(city: City) -> None:
    for based_on in (None, 2):
        command = replace(second_version(PLAN, approved_by="leading"), based_on=based_on)
        assert city.when(command, by="office") == Refusal("STALE_EXPECTED_VERSION", "based_on")


def test_once_entry_is_open_the_leading_group_approves_a_plan_version(city: City) -> None:
    assert city.when(second_version(PLAN), by="office") == Refusal("PLAN_CHANGE_NEEDS_APPROVAL", "approved_by")
    assert city.when(second_version(PLAN, approved_by="director"), by="office") == Refusal(
        "FORBIDDEN_ROLE", "approved_by"
    )
    city.given(second_version(PLAN, approved_by="leading"), by="office")


def test_an_approval_that_is_claimed_is_checked_even_where_none_is_needed() -> None:
    city = found_city(opened=False)

    assert city.when(second_version(PLAN, approved_by="nobody"), by="office") == Refusal("UNKNOWN_ID", "approved_by")
    assert city.when(second_version(PLAN, approved_by="scorer"), by="office") == Refusal(
        "FORBIDDEN_ROLE", "approved_by"
    )


def quarterly(name: str, target: str) -> Plan:
    measured = Indicator(
        indicator_id="Q",
        name=name,
        dimension_id="ECONOMY",
        weights=(GroupWeight(group_id=GROUP, weight=Decimal(100)),),
        formula=Formula(kind=FormulaKind.LINEAR_RATIO),
        entry_kind=PLAN.indicators[0].entry_kind,
        uom="%",
        scale=2,
        frequency=Frequency.QUARTER,
        target=Decimal(target),
    )
    return replace(PLAN, indicators=(measured,))


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (
            replace(
                PLAN,
                unit_ids=PLAN.unit_ids[:-1],
                groups=(replace(PLAN.groups[0], members=PLAN.groups[0].members[:-1]),),
            ),
            "content.unit_ids",
        ),
        (replace(PLAN, periods=PLAN.periods[1:]), "content.periods"),
        (
            replace(PLAN, indicators=(replace(PLAN.indicators[0], indicator_id="D"), *PLAN.indicators[1:])),
            "content.indicators",
        ),
    ],
    ids=["unit", "period", "indicator"],
)
def test_once_entry_is_open_nothing_that_scores_may_refer_to_disappears(city: City, content: Plan, path: str) -> None:
    refusal = city.when(second_version(content, approved_by="leading"), by="office")

    assert refusal == Refusal("REFERENCED_ENTITY_IN_USE", path)


def test_an_indicator_may_disappear_from_a_period_on(city: City) -> None:
    content = replace(PLAN, indicators=(replace(PLAN.indicators[0], indicator_id="D"), *PLAN.indicators[1:]))

    city.given(second_version(content, approved_by="leading", in_force_from_period=YEAR), by="office")


def test_a_new_plan_version_never_moves_a_passed_deadline_backwards(city: City) -> None:
    earlier = Deadline(name=ENTRY, ends_on=date(2019, 1, 9))
    content = replace(PLAN, calendar=PLAN.calendar.amended((earlier,)))

    refusal = city.when(second_version(content, approved_by="leading"), by="office", at=LATE)

    assert refusal == Refusal("DEADLINE_PASSED", "content.calendar.deadlines")


def test_a_cycle_is_not_laid_out_under_measures_that_begin_later(city: City) -> None:
    later = IssueMeasures(measures_id="M-2", title="Later", in_force_from=date(2020, 1, 1))
    city.given(later, by="leading")

    refusal = city.when(replace(plan_cycle(), measures_id="M-2"), by="office")

    assert refusal == Refusal("RULE_NOT_IN_FORCE", "measures_version")


def test_a_version_in_force_from_a_period_leaves_earlier_periods_under_the_older_one() -> None:
    city = found_city(quarterly("Old", "4"))
    content = quarterly("New", "8")
    city.given(second_version(content, approved_by="leading", in_force_from_period="2018-Q3"), by="office", at=FOUNDED)
    for quarter in ("2018-Q2", "2018-Q3"):
        city.given(enter("4", indicator_id="Q", period=quarter), by="scorer")

    assert [cycle_of(city).in_force(quarter).plan_version for quarter in PLAN.periods] == [1, 1, 2, 2, 2]
    totals = [city.results(Basis.PROVISIONAL, period=quarter).rows[0].total for quarter in ("2018-Q2", "2018-Q3")]
    assert totals == [Decimal("100.00"), Decimal("50.00")]


def test_a_version_is_in_force_from_a_period_of_its_own(city: City) -> None:
    command = second_version(PLAN, approved_by="leading", in_force_from_period="2019-Q1")

    assert city.when(command, by="office") == Refusal("INVALID_PERIOD", "in_force_from_period")


def test_before_any_version_covers_a_period_there_is_no_plan_for_it() -> None:
    city = found_city(opened=False)
    city.given(plan_cycle(), by="office")
    content = replace(PLAN, periods=("2018-Q3", "2018-Q4", "2018-Y"))
    city.given(
        IssuePlanVersion(cycle_id="NEXT", content=content, summary="First", in_force_from_period="2018-Q3"),
        by="office",
    )
    city.given(OpenCycle(cycle_id="NEXT"), by="office")

    early = replace(enter("7.4", period="2018-Q1"), cycle_id="NEXT")
    assert city.when(early, by="scorer") == Refusal("PLAN_NOT_IN_FORCE")


# The calendar.


def test_the_director_moves_a_deadline(city: City) -> None:
    later = Deadline(name=ENTRY, ends_on=date(2019, 1, 15))

    assert city.when(move(later), by="office") == Refusal("FORBIDDEN_ROLE")
    assert city.when(move(later), by="director") == (
        CalendarAmended(cycle_id=CYCLE, deadlines=(later,), reason="The yearbook is late."),
    )
    city.given(enter("7.4"), by="scorer", at=instant("2019-01-15 23:59"))
    assert city.when(enter("7.5"), by="scorer", at=instant("2019-01-16 00:00")) == Refusal("DEADLINE_PASSED")


def test_a_passed_deadline_never_moves_backwards_but_may_move_on(city: City) -> None:
    earlier, later = (Deadline(name=ENTRY, ends_on=date(2019, 1, day)) for day in (9, 12))

    assert city.when(move(earlier), by="director", at=LATE) == Refusal("DEADLINE_PASSED", "deadlines")
    city.given(move(later), by="director", at=LATE)
    city.given(enter("7.4"), by="scorer", at=LATE)


def test_the_calendar_is_not_amended_to_what_it_says_already(city: City) -> None:
    as_it_is = Deadline(name=ENTRY, ends_on=date(2019, 1, 10))

    for nothing in (move(), move(as_it_is), replace(move(), holidays=(), makeup_workdays=())):
        assert city.when(nothing, by="director") == Refusal("NO_CHANGE", "deadlines")


def test_days_off_and_makeup_workdays_are_named_anew_when_the_government_announces_them() -> None:
    """T2 of domain.md 5: a notice under a calendar that learns of the festival, then of what makes up for it."""
    city = found_city()
    festival = tuple(date(2019, 2, day) for day in range(4, 11))
    named = replace(move(), holidays=festival)
    monday = date(2019, 1, 28)

    def ends_on() -> date:
        return after_working_days(monday, 5, cycle_of(city).latest.plan.calendar)

    assert ends_on() == date(2019, 2, 4)
    assert city.when(named, by="director") == (
        CalendarAmended(cycle_id=CYCLE, deadlines=(), holidays=festival, reason="The yearbook is late."),
    )
    assert ends_on() == date(2019, 2, 11)
    made_up = replace(move(), makeup_workdays=(date(2019, 2, 2), date(2019, 2, 3)))
    city.given(made_up, by="director")
    assert ends_on() == date(2019, 2, 2)
    assert cycle_of(city).latest.plan.calendar.holidays == festival


def test_a_day_off_is_no_makeup_workday(city: City) -> None:
    saturday = (date(2019, 2, 2),)

    refusal = city.when(replace(move(), holidays=saturday, makeup_workdays=saturday), by="director")
    assert refusal == Refusal("MALFORMED_INPUT", "calendar.makeup_workdays")


def test_deadlines_keep_their_order(city: City) -> None:
    past_verification = Deadline(name=ENTRY, ends_on=date(2019, 1, 21))

    assert city.when(move(past_verification), by="director") == Refusal("MALFORMED_INPUT", "calendar.deadlines")


def test_a_period_may_have_a_deadline_of_its_own(city: City) -> None:
    own = Deadline(name=ENTRY, ends_on=date(2019, 1, 9), period="2018-Y")
    city.given(move(own), by="director")

    assert city.when(enter("7.4"), by="scorer", at=instant("2019-01-10 00:00")) == Refusal("DEADLINE_PASSED")
    unknown = Deadline(name=ENTRY, ends_on=date(2019, 1, 9), period="2017-Y")
    assert city.when(move(unknown), by="director") == Refusal("UNKNOWN_ID", "calendar.deadlines")


def test_a_deadline_moves_for_periods_under_an_older_plan_version_too() -> None:
    city = found_city(quarterly("Old", "4"))
    newer = second_version(quarterly("New", "8"), approved_by="leading", in_force_from_period="2018-Q3")
    city.given(newer, by="office", at=FOUNDED)
    city.given(move(Deadline(name=ENTRY, ends_on=date(2019, 1, 15))), by="director")

    for quarter in ("2018-Q1", "2018-Q3"):
        city.given(enter("4", indicator_id="Q", period=quarter), by="scorer", at=instant("2019-01-15 12:00"))


def test_a_new_indicator_takes_values_for_the_year_that_its_plan_version_settles(city: City) -> None:
    added = tuple(replace(i, indicator_id="D") if i.indicator_id == "B" else i for i in PLAN.indicators)
    newer = second_version(replace(PLAN, indicators=added), approved_by="leading", in_force_from_period="2018-Q3")
    city.given(newer, by="office")

    city.given(enter("0.50", indicator_id="D"), by="scorer")
    assert city.results(Basis.PROVISIONAL).plan_version == 2


# Groups.


def assign(
    unit_id: str, group_id: str = GROUP, participation: Participation = Participation.LISTED_SEPARATELY
) -> AssignUnitToGroup:
    return AssignUnitToGroup(
        cycle_id=CYCLE, unit_id=unit_id, group_id=group_id, participation=participation, reason="A pilot area now."
    )


def test_while_entry_is_open_only_the_leading_group_moves_a_unit(city: City) -> None:
    assert city.when(assign("U05"), by="office") == Refusal("FORBIDDEN_ROLE")
    assert city.when(assign("U05"), by="leading") == (
        UnitAssignedToGroup(
            cycle_id=CYCLE,
            unit_id="U05",
            group_id=GROUP,
            participation=Participation.LISTED_SEPARATELY,
            reason="A pilot area now.",
        ),
    )
    assert city.when(assign("U05"), by="leading") == Refusal("NO_CHANGE", "group_id")
    assert city.when(assign("U99"), by="leading") == Refusal("UNKNOWN_ID", "unit_id")
    assert city.when(assign("U05", "G9"), by="leading") == Refusal("UNKNOWN_ID", "group_id")


def test_before_entry_the_office_moves_a_unit_and_after_it_nobody_does() -> None:
    city = found_city(opened=False)
    city.given(assign("U05"), by="office")
    city.given(OpenCycle(cycle_id=CYCLE), by="office")
    city.given(CloseEntry(cycle_id=CYCLE), by="office")

    assert city.when(assign("U04"), by="leading") == Refusal("PHASE_VIOLATION")


def test_a_unit_that_is_not_assessed_has_no_scores(city: City) -> None:
    city.given(assign("U05", participation=Participation.NOT_ASSESSED), by="leading")

    assert city.when(enter("7.4", "U05"), by="scorer") == Refusal("NOT_APPLICABLE", "indicator_id")

"""Parts of seats that a plan brings forward: what the grading of an earlier cycle carried on, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from city import City, Refusal
from opening import (
    NORTH,
    OPENED,
    RESTATED,
    RULES,
    SOUTH,
    compute,
    open_grades,
    put_up,
    reopen,
    revise,
    scored_city,
    two_groups,
)

from ledger.domain.commands import IssuePlanVersion, PlanCycle
from ledger.domain.cycle import PlanVersionIssued
from ledger.domain.quota import CarriedSeats, SmallGroupRule

NEXT = "MINI-2019"
ACCUMULATING = replace(RULES, small_groups=SmallGroupRule.ACCUMULATE)
PATH = "content.grading.brought_forward"


def graded_north() -> tuple[City, int]:
    """A city whose north carries 0.6 of a seat for EXCELLENT on, and the position that says so; 2019 is planned."""
    city = scored_city(two_groups(ACCUMULATING))
    [results] = put_up(city, NORTH)
    graded = city.given(open_grades(results, NORTH), by="leading", at=OPENED)
    city.given(cycle_planned(NEXT, 2019), by="office", at=OPENED)
    return city, graded


def cycle_planned(cycle_id: str, year: int) -> PlanCycle:
    return PlanCycle(
        cycle_id=cycle_id,
        title=f"Assessment {year}",
        starts_on=date(year, 1, 1),
        ends_on=date(year, 12, 31),
        measures_id="M-1",
        measures_version=1,
    )


def bringing(*carried: CarriedSeats, cycle_id: str = NEXT, based_on: int | None = None) -> IssuePlanVersion:
    """A plan that brings parts of seats forward."""
    plan = two_groups(replace(ACCUMULATING, brought_forward=carried))
    return IssuePlanVersion(cycle_id=cycle_id, content=plan, based_on=based_on, summary="What small groups bring")


def part(seats: str, graded: int | None, *, group_id: str = NORTH, grade: str = "EXCELLENT") -> CarriedSeats:
    return CarriedSeats(group_id=group_id, grade=grade, seats=Decimal(seats), graded_position=graded)


def test_a_plan_brings_forward_what_the_cited_grading_carried_on() -> None:
    city, graded = graded_north()

    outcome = city.when(bringing(part("0.6", graded), part("0.2", graded, grade="GOOD")), by="office", at=OPENED)

    assert isinstance(outcome, tuple)
    assert isinstance(outcome[0], PlanVersionIssued)


@pytest.mark.parametrize(
    ("carried", "refusal"),
    [
        (part("0.6", None), Refusal("MALFORMED_INPUT", PATH)),
        (part("0.9", 0), Refusal("QUOTA_INVALID", PATH)),
        (part("0.6", 0, grade="GOOD"), Refusal("QUOTA_INVALID", PATH)),
        (part("0.6", 0, group_id=SOUTH), Refusal("UNKNOWN_ID", PATH)),
        (part("0.6", -1), Refusal("UNKNOWN_ID", PATH)),
        (part("0.6", 1_000), Refusal("UNKNOWN_ID", PATH)),
    ],
)
def test_a_part_that_no_grading_carried_on_is_not_brought_forward(carried: CarriedSeats, refusal: Refusal) -> None:
    """Positions of the parts are counted from the grading."""
    city, graded = graded_north()
    if carried.graded_position is not None:
        carried = replace(carried, graded_position=graded + carried.graded_position)

    assert city.when(bringing(carried), by="office", at=OPENED) == refusal


def test_a_part_is_brought_forward_from_an_earlier_cycle_only() -> None:
    city, graded = graded_north()
    city.given(cycle_planned("MINI-2018-B", 2018), by="office", at=OPENED)

    same_year = bringing(part("0.6", graded), cycle_id="MINI-2018-B")
    assert city.when(same_year, by="office", at=OPENED) == Refusal("OUT_OF_RANGE", PATH)


def test_a_part_is_brought_forward_from_the_grades_in_force() -> None:
    city, graded = graded_north()
    city.given(reopen(NORTH), by="office", at=RESTATED)
    results = city.given(compute(NORTH), by="office", at=RESTATED)
    again = city.given(revise(results, graded, NORTH), by="leading", at=RESTATED)

    assert city.when(bringing(part("0.6", graded)), by="office", at=RESTATED) == Refusal("BASIS_SUPERSEDED", PATH)
    city.given(bringing(part("0.6", again)), by="office", at=RESTATED)


def test_what_an_earlier_version_brings_forward_stands_without_a_citation() -> None:
    """A plan that was recorded before anything had to be cited can still be issued anew."""
    city, _ = graded_north()
    before = bringing(part("0.4", None))
    recorded = PlanVersionIssued(
        cycle_id=NEXT,
        plan_version=1,
        based_on=None,
        content=before.content,
        content_hash=before.content.content_hash(),
        in_force_from_period=None,
        summary=before.summary,
        approved_by=None,
    )
    city.memory.record(recorded, actor=city.memory.events[-1].actor, at=OPENED)

    city.given(bringing(part("0.4", None), based_on=1), by="office", at=OPENED)
    refusal = Refusal("MALFORMED_INPUT", PATH)
    assert city.when(bringing(part("0.5", None), based_on=2), by="office", at=OPENED) == refusal

"""What moves results: in which phases of a cycle it may be recorded, and what the cycle is shown as."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from city import CYCLE, EVIDENCE, LATE, YEAR, City, Refusal, enter, found_city, request, verify
from opening import (
    BY_POINTS,
    NORTH,
    NOTICED,
    OPENED,
    POINTS,
    PUBLISHED,
    RESTATED,
    RULES,
    SOUTH,
    compute,
    correct,
    end_notice,
    graded_city,
    notice,
    open_grades,
    publications_of,
    publish,
    put_up,
    reopen,
    restate,
    revised,
    scored_city,
    two_groups,
)

from ledger.domain.commands import (
    AdjustTarget,
    CloseCycle,
    CloseEntry,
    ComputeResults,
    EnterScoreLate,
    ImposeDeduction,
    MergeUnits,
    RetractReport,
)
from ledger.domain.phase_shown import phase_shown
from ledger.domain.phases import Phase
from ledger.domain.plan import EntryKind, Participation
from ledger.domain.recall import Recall
from ledger.domain.reorganisation import CarryPolicy, UnitShare
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.score import Basis
from ledger.domain.targets import TargetReason
from ledger.domain.world import Command

MERGE = MergeUnits(
    cycle_id=CYCLE,
    predecessors=(
        UnitShare(unit_id="U01", share=Decimal("0.5")),
        UnitShare(unit_id="U02", share=Decimal("0.5")),
    ),
    successor_id="U05",
    carry=CarryPolicy.TIME_WEIGHTED,
    effective_on=date(2018, 8, 1),
    reason="Order 12 of the committee",
    evidence=EVIDENCE,
)
DEDUCTION = ImposeDeduction(
    cycle_id=CYCLE,
    unit_id="U04",
    rule=RuleRef(source=RuleSource.PLAN, version=1, article="D1"),
    matter_id="M-1",
    points=Decimal(1),
    occurred_on=date(2018, 5, 5),
    evidence=EVIDENCE,
)
LATE_ENTRY = EnterScoreLate(
    cycle_id=CYCLE,
    unit_id="U04",
    indicator_id="C",
    period=YEAR,
    value=Decimal(90),
    uom="points",
    entry_kind=EntryKind.POINTS,
    late_reason="The statistics office published late.",
    approved_by="director",
)
ADJUSTED = AdjustTarget(
    cycle_id=CYCLE,
    unit_id="U04",
    indicator_id="C",
    new_target=Decimal(9),
    reason_code=TargetReason.POLICY_CHANGE,
    reason="The ministry changed the policy.",
    evidence=EVIDENCE,
    requested_by="office",
)
MOVING: tuple[tuple[str, Command, str], ...] = (
    ("verify", verify(1, "U04", "C"), "verifier"),
    ("correct", request(1, "90", "U04", "C"), "scorer"),
    ("enter late", LATE_ENTRY, "scorer"),
    ("deduct", DEDUCTION, "leading"),
    ("merge", MERGE, "leading"),
    ("compute", ComputeResults(cycle_id=CYCLE, group_id="G1"), "office"),
)
BOUND_TO_ENTRY: tuple[tuple[str, Command, str], ...] = (
    ("enter", enter("90", "U04", "C"), "scorer"),
    ("adjust a target", ADJUSTED, "leading"),
)
NAMES = [name for name, _, _ in MOVING]


@pytest.mark.parametrize(("_name", "command", "by"), MOVING, ids=NAMES)
def test_what_moves_results_takes_a_restatement_once_grades_are_opened(_name: str, command: Command, by: str) -> None:
    city, _ = graded_city()

    assert city.when(command, by=by, at=OPENED) == Refusal("RESTATEMENT_REQUIRED")
    city.given(reopen(), by="office", at=RESTATED)
    assert city.when(command, by=by, at=RESTATED) != Refusal("RESTATEMENT_REQUIRED")


@pytest.mark.parametrize(("_name", "command", "by"), MOVING, ids=NAMES)
def test_a_closed_cycle_without_grades_has_no_door_left(_name: str, command: Command, by: str) -> None:
    city = closed_without_grades()

    assert city.when(command, by=by, at=OPENED) == Refusal("PHASE_VIOLATION")


@pytest.mark.parametrize(("_name", "command", "by"), BOUND_TO_ENTRY, ids=[name for name, _, _ in BOUND_TO_ENTRY])
def test_what_belongs_to_entry_is_over_with_it(_name: str, command: Command, by: str) -> None:
    city = scored_city()

    assert city.when(command, by=by, at=LATE) == Refusal("PHASE_VIOLATION")


@pytest.mark.parametrize("phase", ["PLANNED", "CLOSED"])
def test_results_are_computed_from_the_opening_of_entry_until_the_cycle_is_closed(phase: str) -> None:
    city = found_city(BY_POINTS, opened=False) if phase == "PLANNED" else closed_without_grades()

    computed = ComputeResults(cycle_id=CYCLE, group_id="G1")
    assert city.when(computed, by="office", at=OPENED) == Refusal("PHASE_VIOLATION")


def test_points_of_a_unit_rest_once_the_unit_that_it_became_is_graded() -> None:
    city = scored_city(two_groups(RULES), closed=False)
    city.given(MERGE, by="leading")
    city.given(CloseEntry(cycle_id=CYCLE), by="office", at=LATE)
    [results] = put_up(city, SOUTH)
    city.given(open_grades(results, SOUTH), by="leading", at=OPENED)

    of_north, of_heir = (replace(DEDUCTION, unit_id=unit_id) for unit_id in ("U03", "U01"))
    assert city.when(of_north, by="leading", at=OPENED) == Refusal("RULE_NOT_FOUND", "rule")
    assert city.when(of_heir, by="leading", at=OPENED) == Refusal("RESTATEMENT_REQUIRED")


def shown(city: City) -> Phase:
    """The phase that the city's cycle is shown in."""
    recall = Recall().fold(city.memory.events)
    return phase_shown(recall.cycle(CYCLE), recall.rulings(CYCLE).gradings, publications_of(city))


def test_a_cycle_is_shown_in_the_phase_that_its_results_have_reached() -> None:
    city = scored_city(closed=False)
    city.given(compute(), by="office")
    assert shown(city) is Phase.OPEN
    city.given(CloseEntry(cycle_id=CYCLE), by="office", at=LATE)
    assert shown(city) is Phase.ENTRY_CLOSED
    city.given(compute(basis=Basis.PROVISIONAL), by="office", at=NOTICED)
    assert shown(city) is Phase.ENTRY_CLOSED
    results = city.given(compute(), by="office", at=NOTICED)
    assert shown(city) is Phase.COMPUTED
    city.given(notice(results), by="office", at=NOTICED)
    assert shown(city) is Phase.NOTICE
    city.given(end_notice(), by="office", at=OPENED)
    opened = city.given(open_grades(results), by="leading", at=OPENED)
    assert shown(city) is Phase.GRADED
    published = city.given(publish(), by="office", at=PUBLISHED)
    assert shown(city) is Phase.PUBLISHED
    city.given(CloseCycle(cycle_id=CYCLE), by="director", at=PUBLISHED)
    assert shown(city) is Phase.CLOSED
    city.given(reopen(), by="office", at=RESTATED)
    assert shown(city) is Phase.RESTATING
    correct(city, "U04", "95", at=RESTATED)
    revised(city, opened)
    city.given(restate(published), by="office", at=RESTATED)
    assert shown(city) is Phase.CLOSED


def test_a_cycle_is_as_far_as_the_group_that_is_least_far() -> None:
    city = scored_city(two_groups(RULES))
    north, south = put_up(city, NORTH, SOUTH)
    city.given(open_grades(north, NORTH), by="leading", at=OPENED)
    assert shown(city) is Phase.NOTICE
    city.given(open_grades(south, SOUTH), by="leading", at=OPENED)
    city.given(publish(group_ids=(NORTH,)), by="office", at=PUBLISHED)
    assert shown(city) is Phase.GRADED
    report = city.given(publish("2018-B", group_ids=(SOUTH,)), by="office", at=PUBLISHED)
    assert shown(city) is Phase.PUBLISHED
    retract = RetractReport(cycle_id=CYCLE, published_position=report, reason="The wrong table was printed.")
    city.given(retract, by="leading", at=PUBLISHED)
    assert shown(city) is Phase.GRADED


def test_a_group_in_which_no_unit_is_assessed_keeps_nothing_waiting() -> None:
    plan = two_groups(RULES)
    north, south = plan.groups
    idle = tuple(replace(member, participation=Participation.NOT_ASSESSED) for member in south.members)
    points = {unit_id: POINTS[unit_id] for unit_id in ("U01", "U02", "U03")}
    city = scored_city(replace(plan, groups=(north, replace(south, members=idle))), points)
    [results] = put_up(city, NORTH)

    city.given(open_grades(results, NORTH), by="leading", at=OPENED)
    assert shown(city) is Phase.GRADED


def closed_without_grades() -> City:
    """A city whose plan opens no grades, and whose cycle is closed."""
    city = scored_city(replace(BY_POINTS, grading=None, decisions=()))
    city.given(CloseCycle(cycle_id=CYCLE), by="director", at=LATE)
    return city

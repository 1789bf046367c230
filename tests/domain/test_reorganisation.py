"""Units that merge, split, dissolve and hand over duties, and what their successors take over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from city import (
    CYCLE,
    EVIDENCE,
    FOUNDED,
    GROUP,
    LATE,
    MIDSUMMER,
    MINI_PLAN,
    NOW,
    PLAN,
    City,
    Refusal,
    enter,
    found_city,
    set_target,
)
from examples import vector

from ledger.domain.appeal import AppealFiled, AppealKind
from ledger.domain.commands import (
    AssignUnitToGroup,
    CloseEntry,
    DissolveUnit,
    MergeUnits,
    RegisterUnit,
    SplitUnit,
    TransferDuty,
)
from ledger.domain.facts import Actor
from ledger.domain.grading import GradesOpened
from ledger.domain.numbers import Rounding, rounded
from ledger.domain.periods import Frequency
from ledger.domain.plan import Member, Participation, PeriodShare, Plan
from ledger.domain.publication import RestatementOpened
from ledger.domain.recall import Recall
from ledger.domain.reorganisation import (
    AllocatedTarget,
    CarryPolicy,
    DutyTransferred,
    IndicatorCarry,
    Merger,
    Reorganisations,
    Split,
    UnitShare,
    UnitsMerged,
    UnitSplit,
    months_around,
    sum_actuals,
    time_weighted,
)
from ledger.domain.targets import TargetSet
from ledger.domain.units import Unit, UnitCategory, UnitDissolved, unit_stream

AUGUST = date(2018, 8, 1)
REASON = "Order 12 of the municipal committee."


def shares(**of: str) -> tuple[UnitShare, ...]:
    return tuple(UnitShare(unit_id=unit_id, share=Decimal(share)) for unit_id, share in of.items())


MERGE = MergeUnits(
    cycle_id=CYCLE,
    predecessors=shares(U01="0.6", U02="0.4"),
    successor_id="U06",
    carry=CarryPolicy.TIME_WEIGHTED,
    effective_on=AUGUST,
    reason=REASON,
    evidence=EVIDENCE,
)
SPLIT = SplitUnit(
    cycle_id=CYCLE,
    predecessor_id="U01",
    successors=shares(U06="0.7", U07="0.3"),
    effective_on=AUGUST,
    reason=REASON,
    evidence=EVIDENCE,
)
DISSOLVE = DissolveUnit(cycle_id=CYCLE, unit_id="U04", effective_on=AUGUST, reason=REASON, evidence=EVIDENCE)
TRANSFER = TransferDuty(
    cycle_id=CYCLE,
    indicator_ids=("A", "B"),
    from_unit_id="U01",
    to_unit_id="U02",
    effective_on=AUGUST,
    reason=REASON,
    evidence=EVIDENCE,
)


@pytest.fixture
def city() -> City:
    """The city with two units more, which the plan knows nothing of."""
    return with_new_units(found_city())


def with_new_units(city: City) -> City:
    for unit_id in ("U06", "U07"):
        registered = RegisterUnit(
            unit_id=unit_id, name_zh=unit_id, category=UnitCategory.DISTRICT, effective_on=date(2018, 7, 1)
        )
        city.given(registered, by="office", at=FOUNDED)
    return city


def reorganisations(city: City) -> Reorganisations:
    return Recall().fold(city.memory.events).rulings(CYCLE).reorganisations


def unit(city: City, unit_id: str) -> Unit:
    return city.memory.load(unit_stream(unit_id))[1]


def dissolved(unit_id: str, *duties_to: str) -> UnitDissolved:
    return UnitDissolved(
        unit_id=unit_id,
        cycle_id=CYCLE,
        effective_on=AUGUST,
        duties_to=duties_to,
        reason=REASON,
        evidence=EVIDENCE,
    )


# ---- arithmetic


def test_a_successors_score_is_weighted_by_months_exactly_as_in_the_example() -> None:
    given = vector("E22")["input"]
    predecessors = [(Fraction(given[unit]), Fraction(given[f"share_{unit}"])) for unit in ("A", "B")]

    exact = time_weighted(
        predecessors,
        months_before=given["months_before"],
        successor=Fraction(given["C"]),
        months_after=given["months_after"],
    )

    assert exact == Fraction("90.8925")
    assert str(rounded(exact, 2, Rounding.HALF_UP)) == vector("E22")["expect"]


def test_flows_of_predecessors_add_up_with_the_successors_own() -> None:
    assert sum_actuals([Fraction(12), Fraction("3.5")], Fraction(4)) == Fraction("19.5")
    assert sum_actuals([], Fraction(4)) == 4


@pytest.mark.parametrize(
    ("effective_on", "months"),
    [
        (date(2018, 8, 1), (7, 5)),
        (date(2018, 8, 31), (7, 5)),
        (date(2018, 1, 1), (0, 12)),
        (date(2017, 10, 1), (0, 12)),
        (date(2018, 12, 31), (11, 1)),
    ],
)
def test_the_month_of_the_change_counts_for_the_successor(effective_on: date, months: tuple[int, int]) -> None:
    assert months_around(effective_on, starts_on=date(2018, 1, 1), ends_on=date(2018, 12, 31)) == months


# ---- mergers


def test_the_leading_group_merges_units_and_the_several_end_with_it(city: City) -> None:
    command = replace(MERGE, carry_otherwise=(IndicatorCarry(indicator_id="A", carry=CarryPolicy.SUM_ACTUALS),))

    assert city.when(command, by="office") == Refusal("FORBIDDEN_ROLE")
    assert city.when(command, by="leading") == (
        UnitsMerged(
            cycle_id=CYCLE,
            predecessors=shares(U01="0.6", U02="0.4"),
            successor_id="U06",
            carry=CarryPolicy.TIME_WEIGHTED,
            carry_otherwise=(IndicatorCarry(indicator_id="A", carry=CarryPolicy.SUM_ACTUALS),),
            effective_on=AUGUST,
            reason=REASON,
            evidence=EVIDENCE,
        ),
        dissolved("U01", "U06"),
        dissolved("U02", "U06"),
    )


def test_a_predecessor_shows_who_succeeded_it_and_is_active_until_the_day(city: City) -> None:
    city.given(MERGE, by="leading")

    assert unit(city, "U01").succeeded_by == ("U06",)
    assert unit(city, "U01").active_on(date(2018, 7, 31))
    assert not unit(city, "U01").active_on(AUGUST)


def test_results_find_the_merger_that_a_unit_came_from(city: City) -> None:
    carry = (IndicatorCarry(indicator_id="A", carry=CarryPolicy.SUM_ACTUALS),)
    before = city.head
    city.given(replace(MERGE, carry_otherwise=carry), by="leading")

    merger = reorganisations(city).merger_into("U06")

    assert merger is not None
    assert merger == Merger(
        position=before + 1,
        effective_on=AUGUST,
        successor_id="U06",
        shares={"U01": Fraction(3, 5), "U02": Fraction(2, 5)},
        policy=CarryPolicy.TIME_WEIGHTED,
        by_indicator={"A": CarryPolicy.SUM_ACTUALS},
    )
    assert (merger.policy_of("A"), merger.policy_of("B")) == (CarryPolicy.SUM_ACTUALS, CarryPolicy.TIME_WEIGHTED)
    assert reorganisations(city).merger_into("U01") is None


def test_a_units_lineage_goes_back_through_every_merger_and_split(city: City) -> None:
    city.given(SPLIT, by="leading")
    again = replace(MERGE, predecessors=shares(U06="0.5", U02="0.5"), successor_id="U05")
    city.given(again, by="leading")
    found = reorganisations(city)

    assert found.lineage("U05") == ("U05", "U06", "U02", "U01")
    assert found.lineage("U03") == ("U03",)
    assert found.predecessors_of("U05") == ("U06", "U02")
    assert found.successors_of("U01") == ("U06", "U07")
    assert (found.heir_of("U02"), found.heir_of("U01"), found.heir_of("U03")) == ("U05", "U01", "U03")


def already_a_successor(city: City) -> None:
    city.given(replace(MERGE, predecessors=shares(U03="0.5", U04="0.5")), by="leading")


def ended(city: City) -> None:
    city.given(replace(DISSOLVE, unit_id="U01"), by="leading")


def nothing(city: City) -> None:
    return None


POINTS_SUMMED = replace(MERGE, carry=CarryPolicy.SUM_ACTUALS)
TWICE_CARRIED = (IndicatorCarry(indicator_id="A", carry=CarryPolicy.SUM_ACTUALS),) * 2
UNKNOWN_CARRIED = (IndicatorCarry(indicator_id="Z", carry=CarryPolicy.SUM_ACTUALS),)


@pytest.mark.parametrize(
    ("given", "command", "refusal"),
    [
        (
            nothing,
            replace(MERGE, predecessors=shares(U01="0.6", U02="0.3")),
            Refusal("MALFORMED_INPUT", "predecessors"),
        ),
        (nothing, replace(MERGE, successor_id="U01"), Refusal("MALFORMED_INPUT", "successor_id")),
        (nothing, replace(MERGE, cycle_id="MINI-2017"), Refusal("UNKNOWN_ID", "cycle_id")),
        (nothing, replace(MERGE, predecessors=shares(U01="1")), Refusal("MALFORMED_INPUT", "predecessors")),
        (nothing, replace(MERGE, predecessors=shares(U01="1", U02="0")), Refusal("MALFORMED_INPUT", "predecessors")),
        (nothing, replace(MERGE, predecessors=shares(U01="0.5") * 2), Refusal("DUPLICATE_ID", "predecessors")),
        (nothing, replace(MERGE, predecessors=shares(U01="0.5", U9="0.5")), Refusal("UNKNOWN_ID", "predecessors")),
        (nothing, replace(MERGE, successor_id="U99"), Refusal("UNKNOWN_ID", "successor_id")),
        (nothing, replace(MERGE, effective_on=date(2019, 1, 1)), Refusal("MALFORMED_INPUT", "effective_on")),
        (nothing, replace(MERGE, effective_on=date(2018, 6, 30)), Refusal("MALFORMED_INPUT", "successor_id")),
        (nothing, replace(MERGE, evidence=()), Refusal("EVIDENCE_REQUIRED", "evidence")),
        (nothing, replace(MERGE, carry_otherwise=TWICE_CARRIED), Refusal("DUPLICATE_ID", "carry_otherwise")),
        (nothing, replace(MERGE, carry_otherwise=UNKNOWN_CARRIED), Refusal("UNKNOWN_ID", "carry_otherwise")),
        (nothing, POINTS_SUMMED, Refusal("MALFORMED_INPUT", "carry_otherwise")),
        (ended, MERGE, Refusal("MALFORMED_INPUT", "predecessors")),
        (already_a_successor, MERGE, Refusal("DUPLICATE_ID", "successor_id")),
    ],
)
def test_a_merger_that_contradicts_itself_is_refused(
    city: City, given: Callable[[City], None], command: MergeUnits, refusal: Refusal
) -> None:
    given(city)

    assert city.when(command, by="leading") == refusal


def graded(city: City) -> None:
    opened = GradesOpened(cycle_id=CYCLE, group_id=GROUP, results_position=1)
    city.memory.record(opened, actor=Actor("leading", "LEADING"), at=NOW)


def test_once_grades_are_opened_units_merge_inside_a_restatement_only(city: City) -> None:
    graded(city)
    assert city.when(MERGE, by="leading") == Refusal("RESTATEMENT_REQUIRED")

    restatement = RestatementOpened(
        cycle_id=CYCLE,
        number="R1",
        cause="A merger was overlooked.",
        group_ids=(GROUP,),
        evidence=EVIDENCE,
        approved_by="leading",
    )
    city.memory.record(restatement, actor=Actor("director", "DIRECTOR"), at=NOW)
    city.given(MERGE, by="leading")


def test_a_unit_that_became_another_has_no_figures_of_later_periods() -> None:
    quarterly = replace(PLAN.indicators[2], frequency=Frequency.QUARTER)
    city = with_new_units(found_city(replace(PLAN, indicators=(*PLAN.indicators[:2], quarterly))))
    city.given(MERGE, by="leading")

    for period in ("2018-Q3", "2018-Q2"):
        city.given(enter("80", "U01", "C", period), by="scorer")
    assert city.when(enter("80", "U01", "C", "2018-Q4"), by="scorer") == Refusal("NOT_APPLICABLE", "period")
    assert city.when(enter("80", "U03", "C", "2018-Q4"), by="scorer") != Refusal("NOT_APPLICABLE", "period")


def test_grades_warn_of_units_that_ended_and_are_ranked_all_the_same(city: City) -> None:
    def warnings() -> tuple[str, ...]:
        opening = city.results().opening
        assert opening is not None
        assert opening.allocation is not None
        return opening.allocation.warnings

    city = with_new_units(found_city(replace(PLAN, grading=MINI_PLAN.grading)))
    assert warnings() == ()

    city.given(MERGE, by="leading")

    assert warnings()[-2:] == (
        "U01 ended on 2018-08-01 and is still ranked",
        "U02 ended on 2018-08-01 and is still ranked",
    )
    for unit_id in ("U01", "U02"):
        gone = AssignUnitToGroup(
            cycle_id=CYCLE,
            unit_id=unit_id,
            group_id=GROUP,
            participation=Participation.NOT_ASSESSED,
            reason="It was merged.",
        )
        city.given(gone, by="leading")
    assert not any("ended" in warning for warning in warnings())


# ---- splits


def plan_of_successors() -> Plan:
    """The plan with the successors in its group, and indicator A a flow that is due in two steps."""
    flow = replace(
        PLAN.indicators[0],
        schedule=(
            PeriodShare(period="2018-Q2", share=Decimal("0.5")),
            PeriodShare(period="2018-Y", share=Decimal(1)),
        ),
    )
    units = (*PLAN.unit_ids, "U06", "U07")
    group = replace(PLAN.groups[0], members=tuple(Member(unit_id=unit_id) for unit_id in units))
    return replace(PLAN, unit_ids=units, groups=(group,), indicators=(flow, *PLAN.indicators[1:]))


def allocation(**of: str) -> tuple[AllocatedTarget, ...]:
    return tuple(AllocatedTarget(indicator_id="A", unit_id=u, target=Decimal(t)) for u, t in of.items())


def test_a_split_sets_the_targets_of_the_successors() -> None:
    city = found_city(plan_of_successors())
    targets = allocation(U06="5.6", U07="2.4")
    before = city.head
    split = replace(SPLIT, targets=targets)

    def target_set(unit_id: str, target: str) -> TargetSet:
        return TargetSet(cycle_id=CYCLE, unit_id=unit_id, indicator_id="A", target=Decimal(target), uom="%")

    assert city.when(split, by="leading", at=MIDSUMMER) == (
        UnitSplit(
            cycle_id=CYCLE,
            predecessor_id="U01",
            successors=shares(U06="0.7", U07="0.3"),
            targets=targets,
            effective_on=AUGUST,
            reason=REASON,
            evidence=EVIDENCE,
        ),
        target_set("U06", "5.6"),
        target_set("U07", "2.4"),
        dissolved("U01", "U06", "U07"),
    )
    assert reorganisations(city).split_into("U07") == Split(
        position=before + 1,
        effective_on=AUGUST,
        predecessor_id="U01",
        shares={"U06": Fraction(7, 10), "U07": Fraction(3, 10)},
    )


def test_targets_of_a_flow_add_up_to_the_predecessors_own() -> None:
    city = found_city(plan_of_successors())
    city.given(set_target("9.00", "U01"), by="office", at=MIDSUMMER)

    short = replace(SPLIT, targets=allocation(U06="5.6", U07="2.4"))
    assert city.when(short, by="leading", at=MIDSUMMER) == Refusal("MALFORMED_INPUT", "targets")
    city.given(replace(SPLIT, targets=allocation(U06="6.3", U07="2.7")), by="leading", at=MIDSUMMER)


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (replace(SPLIT, successors=shares(U06="0.7", U07="0.4")), Refusal("MALFORMED_INPUT", "successors")),
        (replace(SPLIT, successors=shares(U06="0.7", U01="0.3")), Refusal("MALFORMED_INPUT", "successors")),
        (replace(SPLIT, predecessor_id="U99"), Refusal("UNKNOWN_ID", "predecessor_id")),
        (replace(SPLIT, targets=allocation(U06="4", U03="4")), Refusal("UNKNOWN_ID", "targets")),
        (replace(SPLIT, targets=allocation(U06="4") * 2), Refusal("DUPLICATE_ID", "targets")),
        (replace(SPLIT, targets=allocation(U06="4.001", U07="3.999")), Refusal("SCALE_EXCEEDED", "targets")),
    ],
)
def test_a_split_that_contradicts_itself_is_refused(command: SplitUnit, refusal: Refusal) -> None:
    assert found_city(plan_of_successors()).when(command, by="leading", at=MIDSUMMER) == refusal


def test_after_entry_closed_a_split_sets_no_targets() -> None:
    city = found_city(plan_of_successors())
    city.given(CloseEntry(cycle_id=CYCLE), by="office", at=LATE)

    late = replace(SPLIT, targets=allocation(U06="5.6", U07="2.4"))
    assert city.when(late, by="leading", at=LATE) == Refusal("PHASE_VIOLATION", "targets")
    city.given(SPLIT, by="leading", at=LATE)


# ---- ends and duties


def test_a_unit_is_dissolved_once(city: City) -> None:
    assert city.when(DISSOLVE, by="office") == Refusal("FORBIDDEN_ROLE")
    assert city.when(DISSOLVE, by="leading") == (dissolved("U04"),)
    assert city.when(DISSOLVE, by="leading") == Refusal("MALFORMED_INPUT", "unit_id")


def test_a_unit_with_an_open_appeal_is_not_dissolved(city: City) -> None:
    appeal = AppealFiled(
        cycle_id=CYCLE,
        unit_id="U04",
        kind=AppealKind.SCORE,
        about_position=city.verified(),
        level=1,
        grounds="The yearbook says otherwise.",
        remedy="The figure of the yearbook.",
        evidence=EVIDENCE,
    )
    city.memory.record(appeal, actor=Actor("reporter", "REPORTER", "U04"), at=NOW)

    assert city.when(DISSOLVE, by="leading") == Refusal("RESULTS_INCOMPLETE", "unit_id")
    merge = replace(MERGE, predecessors=shares(U01="0.6", U04="0.4"))
    assert city.when(merge, by="leading") == Refusal("RESULTS_INCOMPLETE", "unit_id")
    assert city.when(replace(SPLIT, predecessor_id="U04"), by="leading") == Refusal("RESULTS_INCOMPLETE", "unit_id")


def test_corrections_asked_for_go_to_whoever_takes_over_the_duties(city: City) -> None:
    city.requested()

    assert city.when(DISSOLVE, by="leading") == Refusal("RESULTS_INCOMPLETE", "duties_to")
    assert city.when(replace(DISSOLVE, duties_to=("U04",)), by="leading") == Refusal("MALFORMED_INPUT", "duties_to")
    city.given(replace(DISSOLVE, duties_to=("U05",)), by="leading")
    assert unit(city, "U04").succeeded_by == ("U05",)


def test_a_duty_moves_from_a_day_on_and_may_move_again(city: City) -> None:
    assert city.when(TRANSFER, by="leading") == (
        DutyTransferred(
            cycle_id=CYCLE,
            indicator_ids=("A", "B"),
            from_unit_id="U01",
            to_unit_id="U02",
            effective_on=AUGUST,
            reason=REASON,
            evidence=EVIDENCE,
        ),
    )
    october = date(2018, 10, 1)
    city.given(
        replace(TRANSFER, indicator_ids=("A",), from_unit_id="U02", to_unit_id="U03", effective_on=october),
        by="leading",
    )
    found = reorganisations(city)

    def holder(indicator_id: str, on: date, since: int = 0) -> str:
        return found.transferred("U01", indicator_id, since=since, on=on)[0]

    assert [holder("A", day) for day in (date(2018, 7, 31), AUGUST, october)] == ["U01", "U02", "U03"]
    assert [holder(indicator_id, october) for indicator_id in ("B", "C")] == ["U02", "U01"]
    assert holder("A", october, since=city.head) == "U01"


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (replace(TRANSFER, to_unit_id="U01"), Refusal("NO_CHANGE", "to_unit_id")),
        (replace(TRANSFER, indicator_ids=()), Refusal("MALFORMED_INPUT", "indicator_ids")),
        (replace(TRANSFER, indicator_ids=("Z",)), Refusal("UNKNOWN_ID", "indicator_ids")),
        (replace(TRANSFER, from_unit_id="U99"), Refusal("UNKNOWN_ID", "from_unit_id")),
        (replace(TRANSFER, to_unit_id="U99"), Refusal("UNKNOWN_ID", "to_unit_id")),
        (replace(TRANSFER, reason="x"), Refusal("REASON_TOO_SHORT", "reason")),
    ],
)
def test_a_transfer_that_means_nothing_is_refused(city: City, command: TransferDuty, refusal: Refusal) -> None:
    assert city.when(command, by="leading") == refusal

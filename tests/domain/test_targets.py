"""What a unit is to reach, and how that moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from city import (
    CYCLE,
    EVIDENCE,
    LATE,
    MIDSUMMER,
    PLAN,
    City,
    Refusal,
    exempt,
    found_city,
    instant,
    plan_with,
    set_target,
    verify,
)

from ledger.domain.commands import AdjustTarget, CloseEntry, IssuePlanVersion, OpenCycle
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.periods import end_of
from ledger.domain.recall import Recall
from ledger.domain.results import Known, LineStatus
from ledger.domain.targets import (
    ScheduleStep,
    Target,
    TargetAdjusted,
    TargetReason,
    TargetSet,
    schedule_of,
    target_stream,
)

FROZEN = instant("2018-07-01 00:00")


def adjust(target: str, *, requested_by: str = "reporter", late_authority: str | None = None) -> AdjustTarget:
    return AdjustTarget(
        cycle_id=CYCLE,
        unit_id="U04",
        indicator_id="A",
        new_target=Decimal(target),
        reason_code=TargetReason.POLICY_CHANGE,
        reason="The province lowered its own target.",
        evidence=EVIDENCE,
        requested_by=requested_by,
        late_authority=late_authority,
    )


def schedule(*steps: tuple[str, str]) -> tuple[ScheduleStep, ...]:
    return tuple(ScheduleStep(period=period, cumulative_share=Decimal(share)) for period, share in steps)


@pytest.fixture
def aimed(city: City) -> City:
    """The city with a target of its own for U04.A."""
    city.given(set_target("8.00"), by="office", at=MIDSUMMER)
    return city


def test_the_office_sets_a_target_with_its_schedule(city: City) -> None:
    steps = schedule(("2018-Q1", "0.20"), ("2018-Q2", "0.45"), ("2018-Q3", "0.72"), ("2018-Q4", "1"))
    command = replace(set_target("8.00"), baseline=Decimal("7.5"), progress_schedule=steps)

    assert city.when(command, by="scorer", at=MIDSUMMER) == Refusal("FORBIDDEN_ROLE")
    assert city.when(command, by="office", at=MIDSUMMER) == (
        TargetSet(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            target=Decimal("8.00"),
            uom="%",
            baseline=Decimal("7.5"),
            progress_schedule=steps,
        ),
    )


def test_before_entry_a_target_is_set_again_and_afterwards_only_adjusted() -> None:
    city = found_city(opened=False)
    first = city.given(set_target("8.0"), by="office", at=MIDSUMMER)
    city.given(set_target("8.1"), by="office", at=MIDSUMMER)
    fact = city.memory.events[-1].fact
    assert isinstance(fact, TargetSet)
    assert fact.replaces_position == first
    city.given(OpenCycle(cycle_id=CYCLE), by="office", at=MIDSUMMER)

    assert city.when(set_target("8.2"), by="office", at=MIDSUMMER) == Refusal("PHASE_VIOLATION")
    city.given(set_target("8.2", "U05"), by="office", at=MIDSUMMER)


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (set_target("-1"), Refusal("OUT_OF_RANGE", "target")),
        (set_target("0"), Refusal("OUT_OF_RANGE", "target")),
        (set_target("8.001"), Refusal("SCALE_EXCEEDED", "target")),
        (replace(set_target("8"), uom="‰"), Refusal("UNIT_OF_MEASURE_MISMATCH", "uom")),
        (set_target("8", unit_id="U99"), Refusal("UNKNOWN_ID", "unit_id")),
        (set_target("8", indicator_id="Z"), Refusal("UNKNOWN_ID", "indicator_id")),
        (
            replace(set_target("8"), progress_schedule=schedule(("2018-Q1", "0.5"), ("2018-Q2", "0.99"))),
            Refusal("FORMULA_INVALID", "progress_schedule"),
        ),
        (
            replace(set_target("8"), progress_schedule=schedule(("2018-Q1", "0.5"), ("2018-Q2", "0.4"))),
            Refusal("FORMULA_INVALID", "progress_schedule"),
        ),
        (
            replace(set_target("8"), progress_schedule=schedule(("2018-Q4", "0.5"), ("2018-Q1", "1"))),
            Refusal("FORMULA_INVALID", "progress_schedule"),
        ),
        (
            replace(set_target("8"), progress_schedule=schedule(("2018-Q1", "0.2"), ("2018-Q1", "1"))),
            Refusal("FORMULA_INVALID", "progress_schedule"),
        ),
        (
            replace(set_target("8"), progress_schedule=schedule(("2017-Q1", "1"))),
            Refusal("INVALID_PERIOD", "progress_schedule"),
        ),
    ],
)
def test_a_target_that_means_nothing_is_refused(city: City, command: object, refusal: Refusal) -> None:
    assert isinstance(command, type(set_target("8")))
    assert city.when(command, by="office", at=MIDSUMMER) == refusal


def test_a_zero_target_is_set_where_the_formula_says_what_it_means() -> None:
    accidents = replace(
        PLAN.indicators[0],
        formula=Formula(kind=FormulaKind.INVERSE_DIFF, zero_target_step=Decimal(10)),
    )
    city = found_city(plan_with(accidents, *PLAN.indicators[1:]))

    city.given(set_target("0"), by="office", at=MIDSUMMER)


def growing() -> City:
    """A city in which A scores level and growth, so that every unit has a target of its own."""
    mix = Formula(kind=FormulaKind.GROWTH_MIX, share=Decimal("0.5"))
    return found_city(plan_with(replace(PLAN.indicators[0], formula=mix, target=None), *PLAN.indicators[1:]))


def test_where_growth_is_scored_a_target_says_from_which_figure() -> None:
    city = growing()

    assert city.when(set_target("8"), by="office", at=MIDSUMMER) == Refusal("FORMULA_INVALID", "baseline")
    city.given(replace(set_target("8"), baseline=Decimal(6)), by="office", at=MIDSUMMER)

    city.given(verify(city.entered("7")), by="verifier")
    row = city.results().row("U04")
    assert row is not None
    # Half of the level, 7 of 8, and half of the growth, half of the way from 6 to 8.
    assert row.lines[0].score == Fraction("43.75") + 25


def test_a_baseline_has_the_decimal_places_of_its_indicator(city: City) -> None:
    command = replace(set_target("8"), baseline=Decimal("7.501"))

    assert city.when(command, by="office", at=MIDSUMMER) == Refusal("SCALE_EXCEEDED", "baseline")


def test_an_adjustment_moves_neither_the_baseline_nor_the_shares_due() -> None:
    city, steps = growing(), schedule(("2018-Q2", "0.45"), ("2018-Q4", "1"))
    command = replace(set_target("8"), baseline=Decimal("6.5"), progress_schedule=steps)
    city.given(command, by="office", at=MIDSUMMER)

    city.given(adjust("7.5"), by="leading", at=MIDSUMMER)

    assert city.memory.load(target_stream(CYCLE, "U04", "A"))[1] == Target(
        target=Decimal("7.5"), position=city.head, baseline=Decimal("6.5"), schedule=steps
    )
    assert Recall().fold(city.memory.events).targets(CYCLE) == {
        ("U04", "A"): Known(Decimal("7.5"), city.head, Decimal("6.5"), schedule_of(steps))
    }


def test_the_leading_group_adjusts_a_target_on_somebody_elses_request(aimed: City) -> None:
    position = aimed.head

    assert aimed.when(adjust("7.50"), by="office", at=MIDSUMMER) == Refusal("FORBIDDEN_ROLE")
    assert aimed.when(adjust("7.50"), by="leading", at=MIDSUMMER) == (
        TargetAdjusted(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            adjusts_position=position,
            old_target=Decimal("8.00"),
            new_target=Decimal("7.50"),
            reason_code=TargetReason.POLICY_CHANGE,
            reason="The province lowered its own target.",
            evidence=EVIDENCE,
            requested_by="reporter",
            approved_by="leading",
            requester_benefits=True,
        ),
    )


def test_who_asks_from_another_unit_does_not_benefit(aimed: City) -> None:
    aimed.given(adjust("7.50", requested_by="scorer"), by="leading", at=MIDSUMMER)

    fact = aimed.memory.events[-1].fact
    assert isinstance(fact, TargetAdjusted)
    assert not fact.requester_benefits


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (adjust("7.5", requested_by="leading"), Refusal("SEPARATION_OF_DUTIES", "requested_by")),
        (adjust("7.5", requested_by="nobody"), Refusal("UNKNOWN_ID", "requested_by")),
        (adjust("8"), Refusal("NO_CHANGE", "new_target")),
        (adjust("0"), Refusal("OUT_OF_RANGE", "new_target")),
        (replace(adjust("7.5"), reason="不知道"), Refusal("REASON_TOO_SHORT", "reason")),
        (replace(adjust("7.5"), evidence=()), Refusal("EVIDENCE_REQUIRED", "evidence")),
        (replace(adjust("7.5"), unit_id="U05"), Refusal("NO_TARGET", "indicator_id")),
        (adjust("7.5", late_authority="f" * 64), Refusal("EVIDENCE_UNKNOWN", "evidence")),
    ],
)
def test_an_adjustment_is_refused(aimed: City, command: object, refusal: Refusal) -> None:
    assert isinstance(command, AdjustTarget)
    assert aimed.when(command, by="leading", at=MIDSUMMER) == refusal


def test_after_the_freeze_day_a_target_moves_with_a_superiors_authority_only(aimed: City) -> None:
    last_moment = FROZEN - timedelta(microseconds=1)

    assert aimed.when(set_target("8", "U05"), by="office", at=FROZEN) == Refusal("DEADLINE_PASSED")
    assert aimed.when(adjust("7.5"), by="leading", at=FROZEN) == Refusal("DEADLINE_PASSED")
    aimed.given(adjust("7.5"), by="leading", at=last_moment)
    aimed.given(adjust("7.4", late_authority=EVIDENCE[0]), by="leading", at=FROZEN)


def test_a_decision_before_the_freeze_is_recorded_before_it_or_not_at_all(aimed: City) -> None:
    world = aimed.world("leading", at=MIDSUMMER)
    adjust("7.5").decide(world)

    assert world.expires_at == FROZEN == end_of(MIDSUMMER.date().replace(day=30), PLAN.timezone)


def test_after_entry_closed_targets_stand(aimed: City) -> None:
    aimed.given(CloseEntry(cycle_id=CYCLE), by="office", at=LATE)

    late = adjust("7.5", late_authority=EVIDENCE[0])
    assert aimed.when(late, by="leading", at=LATE) == Refusal("PHASE_VIOLATION")
    assert aimed.when(set_target("8", "U05"), by="office", at=LATE) == Refusal("PHASE_VIOLATION")


def test_an_exempted_indicator_may_keep_its_target_for_when_it_applies_again(city: City) -> None:
    city.given(exempt("U04", "A"), by="director", at=MIDSUMMER)

    city.given(set_target("8"), by="office", at=MIDSUMMER)


@pytest.mark.parametrize(
    "formula",
    [PLAN.indicators[0].formula, Formula(kind=FormulaKind.GROWTH_MIX, share=Decimal("0.5"))],
    ids=lambda formula: formula.kind.value,
)
def test_a_value_whose_target_a_later_plan_takes_away_is_missing(city: City, formula: Formula) -> None:
    """Settling must go on: readers of the earlier results are not to be shut out by a plan."""
    city.verified()
    content = plan_with(replace(PLAN.indicators[0], formula=formula, target=None), *PLAN.indicators[1:])
    issued = IssuePlanVersion(cycle_id=CYCLE, content=content, based_on=1, summary="Targets", approved_by="leading")

    city.given(issued, by="office")

    row = city.results().row("U04")
    assert row is not None
    assert [line.status for line in row.lines] == [LineStatus.MISSING] * 3

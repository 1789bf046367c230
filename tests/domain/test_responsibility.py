"""Who answers for a target, and how it is broken down."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from city import CYCLE, EVIDENCE, MIDSUMMER, PLAN, City, Refusal, found_city, plan_with, set_target

from ledger.domain.commands import AssignResponsibility, ChangeResponsibility, DecomposeTarget, TransferDuty
from ledger.domain.cycle import cycle_stream
from ledger.domain.reorganisation import reorganisation_stream
from ledger.domain.responsibility import (
    ChildTarget,
    Duty,
    Responsibilities,
    ResponsibilityAssigned,
    ResponsibilityChanged,
    ResponsibilityRole,
    TargetDecomposed,
    responsibility_stream,
)

DUE = date(2018, 12, 31)
LEAD = AssignResponsibility(
    cycle_id=CYCLE,
    unit_id="U04",
    indicator_id="A",
    role=ResponsibilityRole.LEAD,
    responsible_unit_id="U04",
    responsible_person_id="reporter",
    due_on=DUE,
)


def co(unit_id: str, share: str | None) -> AssignResponsibility:
    return replace(
        LEAD,
        role=ResponsibilityRole.CO,
        responsible_unit_id=unit_id,
        share=None if share is None else Decimal(share),
    )


def change(position: int, unit_id: str, share: str | None = None) -> ChangeResponsibility:
    return ChangeResponsibility(
        cycle_id=CYCLE,
        unit_id="U04",
        indicator_id="A",
        assigned_position=position,
        responsible_unit_id=unit_id,
        responsible_person_id="reporter",
        share=None if share is None else Decimal(share),
        due_on=DUE,
        reason="The duty moved to another office.",
    )


def decompose(**children: str) -> DecomposeTarget:
    parts = tuple(ChildTarget(unit_id=unit_id, target=Decimal(target)) for unit_id, target in children.items())
    return DecomposeTarget(cycle_id=CYCLE, unit_id="U04", indicator_id="A", children=parts)


def responsibilities(city: City) -> Responsibilities:
    return city.memory.load(responsibility_stream(CYCLE, "U04", "A"))[1]


def test_the_office_assigns_who_leads_first(city: City) -> None:
    assert city.when(co("U05", "0.4"), by="office") == Refusal("MALFORMED_INPUT", "role")
    assert city.when(LEAD, by="scorer") == Refusal("FORBIDDEN_ROLE")
    assert city.when(LEAD, by="office") == (
        ResponsibilityAssigned(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            role=ResponsibilityRole.LEAD,
            responsible_unit_id="U04",
            responsible_person_id="reporter",
            due_on=DUE,
        ),
    )


def test_exactly_one_unit_leads(city: City) -> None:
    city.given(LEAD, by="office")

    assert city.when(replace(LEAD, responsible_unit_id="U05"), by="office") == Refusal("MALFORMED_INPUT", "role")


def test_the_shares_of_those_who_take_part_sum_to_at_most_one(city: City) -> None:
    city.given(LEAD, by="office")
    city.given(co("U01", "0.6"), by="office")

    assert city.when(co("U02", "0.41"), by="office") == Refusal("OUT_OF_RANGE", "share")
    assert city.when(co("U02", "-0.1"), by="office") == Refusal("OUT_OF_RANGE", "share")
    city.given(co("U02", "0.4"), by="office")
    city.given(co("U03", None), by="office")


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (co("U04", None), Refusal("DUPLICATE_ID", "responsible_unit_id")),
        (co("U99", None), Refusal("UNKNOWN_ID", "responsible_unit_id")),
        (replace(co("U05", None), responsible_person_id="nobody"), Refusal("UNKNOWN_ID", "responsible_person_id")),
        (replace(co("U05", None), unit_id="U99"), Refusal("UNKNOWN_ID", "unit_id")),
        (replace(co("U05", None), indicator_id="Z"), Refusal("UNKNOWN_ID", "indicator_id")),
    ],
)
def test_a_responsibility_that_means_nothing_is_refused(
    city: City, command: AssignResponsibility, refusal: Refusal
) -> None:
    city.given(LEAD, by="office")

    assert city.when(command, by="office") == refusal


def test_a_responsibility_changes_hands_and_keeps_its_role(city: City) -> None:
    lead = city.given(LEAD, by="office")
    share = city.given(co("U01", "0.6"), by="office")

    assert city.when(change(lead, "U05"), by="office") == (
        ResponsibilityChanged(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            assigned_position=lead,
            responsible_unit_id="U05",
            responsible_person_id="reporter",
            due_on=DUE,
            reason="The duty moved to another office.",
        ),
    )
    city.given(change(share, "U01", "1"), by="office")
    assert responsibilities(city).duties == (
        Duty(lead, ResponsibilityRole.LEAD, "U05", "reporter", None, DUE, city.head - 1),
        Duty(share, ResponsibilityRole.CO, "U01", "reporter", Decimal(1), DUE, city.head),
    )


def test_a_change_that_changes_nothing_is_refused(city: City) -> None:
    lead = city.given(LEAD, by="office")
    city.given(co("U01", "0.6"), by="office")

    assert city.when(change(lead, "U04"), by="office") == Refusal("NO_CHANGE", "assigned_position")
    assert city.when(change(lead, "U01"), by="office") == Refusal("DUPLICATE_ID", "responsible_unit_id")
    assert city.when(change(1, "U05"), by="office") == Refusal("UNKNOWN_ID", "assigned_position")


def test_the_leading_unit_breaks_its_target_down_and_what_falls_short_is_recorded(city: City) -> None:
    target = city.given(set_target("8.00"), by="office", at=MIDSUMMER)

    assert city.when(decompose(U01="5", U02="2.50"), by="office") == Refusal("FORBIDDEN_ROLE")
    assert city.when(decompose(U01="5", U02="2.50"), by="reporter") == (
        TargetDecomposed(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            target_position=target,
            parent_target=Decimal("8.00"),
            children=(
                ChildTarget(unit_id="U01", target=Decimal("5")),
                ChildTarget(unit_id="U02", target=Decimal("2.50")),
            ),
            shortfall=Decimal("0.50"),
        ),
    )


def test_parts_that_reach_the_plans_target_fall_short_of_nothing(city: City) -> None:
    city.given(decompose(U01="5", U02="3"), by="reporter")

    fact = city.memory.events[-1].fact
    assert isinstance(fact, TargetDecomposed)
    assert (fact.parent_target, fact.shortfall) == (Decimal("8.0"), None)
    assert fact.target_position == city.memory.load(cycle_stream(CYCLE))[1].latest.position


def test_only_the_unit_that_leads_breaks_the_target_down(city: City) -> None:
    city.given(replace(LEAD, responsible_unit_id="U05"), by="office")

    assert city.when(decompose(U01="8"), by="reporter") == Refusal("OUT_OF_SCOPE_UNIT")


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (decompose(), Refusal("MALFORMED_INPUT", "children")),
        (decompose(U99="8"), Refusal("UNKNOWN_ID", "children")),
        (decompose(U01="-1"), Refusal("OUT_OF_RANGE", "children")),
        (decompose(U01="1.001"), Refusal("SCALE_EXCEEDED", "children")),
        (replace(decompose(), children=decompose(U01="1").children * 2), Refusal("DUPLICATE_ID", "children")),
    ],
)
def test_parts_that_mean_nothing_are_refused(city: City, command: DecomposeTarget, refusal: Refusal) -> None:
    assert city.when(command, by="reporter") == refusal


def test_without_a_target_there_is_nothing_to_break_down() -> None:
    city = found_city(plan_with(replace(PLAN.indicators[0], target=None), *PLAN.indicators[1:]))

    assert city.when(decompose(U01="8"), by="reporter") == Refusal("NO_TARGET", "indicator_id")


def test_a_duty_that_is_transferred_is_the_other_units_from_the_day_on(city: City) -> None:
    assigned = city.given(LEAD, by="office")
    august = date(2018, 8, 1)
    transfer = TransferDuty(
        cycle_id=CYCLE,
        indicator_ids=("A",),
        from_unit_id="U04",
        to_unit_id="U05",
        effective_on=august,
        reason="Order 12 of the municipal committee.",
        evidence=EVIDENCE,
    )

    def lead(on: date) -> tuple[str, int]:
        reorganised = city.memory.load(reorganisation_stream(CYCLE))[1]
        duty = responsibilities(city).on(on, "A", reorganised).lead
        assert duty is not None
        return duty.responsible_unit_id, duty.since_position

    assert city.when(decompose(U01="1"), by="reporter") != Refusal("OUT_OF_SCOPE_UNIT")
    transferred = city.given(transfer, by="leading")

    assert (lead(date(2018, 7, 31)), lead(august)) == (("U04", assigned), ("U05", transferred))
    assert city.when(decompose(U01="2"), by="reporter") == Refusal("OUT_OF_SCOPE_UNIT")
    given_back = city.given(change(assigned, "U04", "0.5"), by="office")
    assert lead(august) == ("U04", given_back)

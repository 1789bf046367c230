"""Who takes part in a decision, and who must not: the leading group, and nobody in their own unit's matter."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from city import CYCLE, EVIDENCE, City, Refusal, found_city
from rewarding import (
    DECIDED,
    GRADED,
    NOTICE,
    PAID,
    REVIEWED,
    REWARDING,
    confirm,
    graded_city,
    honour,
    impose_veto,
    punish,
    revise_grades,
    revoke,
    reward,
    rewarded_city,
)

from ledger.domain.commands import (
    GrantDelegation,
    RecordRecovery,
    RegisterPerson,
    ResumeDecision,
    SuspendDecision,
)
from ledger.domain.facts import Actor
from ledger.domain.inspection_case import FindingKind, FindingRecorded
from ledger.domain.roles import Role
from ledger.domain.world import Command

LED = ("revoke", "suspend", "resume", "confirm")


def reviewing(name: str) -> tuple[City, Command]:
    """A city with a reward of U04 whose grades were revised, and the command that reviews the reward."""
    city, basis, position = rewarded_city()
    suspend = SuspendDecision(cycle_id=CYCLE, unit_id="U04", decision_position=position, reference="Appeal of U02")
    if name == "resume":
        city.given(suspend, by="leading", at=DECIDED)
    revised = revise_grades(city, basis, U04="GOOD")
    resume = ResumeDecision(cycle_id=CYCLE, unit_id="U04", decision_position=position, reference="Appeal of U02")
    commands: dict[str, Command] = {
        "revoke": revoke("U04", position),
        "suspend": suspend,
        "resume": resume,
        "confirm": confirm("U04", position, revised),
    }
    return city, commands[name]


@pytest.mark.parametrize("name", LED)
@pytest.mark.parametrize("by", ["office", "director", "approver"])
def test_the_leading_group_alone_reviews_a_decision(name: str, by: str) -> None:
    city, command = reviewing(name)

    assert city.when(command, by=by, at=REVIEWED) == Refusal("FORBIDDEN_ROLE")
    city.given(command, by="leading", at=REVIEWED)


@pytest.mark.parametrize("name", LED)
def test_nobody_reviews_a_decision_about_their_own_unit(name: str) -> None:
    city, command = reviewing(name)
    city.given(RegisterPerson(subject_id="mayor", display_name="Mayor", home_unit_id="U04"), by="admin", at=REVIEWED)
    city.give_role("mayor", Role.LEADING, at=REVIEWED)

    assert city.when(command, by="mayor", at=REVIEWED) == Refusal("CONFLICT_OF_INTEREST", "unit_id")


def recovery(position: int) -> RecordRecovery:
    """The record that a part of what was paid for U04 came back."""
    return RecordRecovery(
        cycle_id=CYCLE,
        unit_id="U04",
        decision_position=position,
        executed_on=REVIEWED.date(),
        amount=Decimal(20000),
        evidence=EVIDENCE,
    )


@pytest.mark.parametrize(
    ("change", "by", "refusal"),
    [
        ({}, "leading", Refusal("FORBIDDEN_ROLE")),
        ({}, "director", Refusal("FORBIDDEN_ROLE")),
        ({"amount": Decimal("0.001")}, "office", Refusal("SCALE_EXCEEDED", "amount")),
        ({"amount": Decimal(0)}, "office", Refusal("OUT_OF_RANGE", "amount")),
        ({"executed_on": REVIEWED.date() - timedelta(days=1)}, "office", Refusal("OUT_OF_RANGE", "executed_on")),
        ({"executed_on": REVIEWED.date() + timedelta(days=1)}, "office", Refusal("OUT_OF_RANGE", "executed_on")),
        ({"evidence": ()}, "office", Refusal("EVIDENCE_REQUIRED", "evidence")),
    ],
    ids=["leading", "director", "scale", "nothing", "before it was revoked", "to come", "no voucher"],
)
def test_money_comes_back_to_those_who_pay_it_once_the_decision_is_revoked(
    change: dict[str, object], by: str, refusal: Refusal
) -> None:
    city, _, position = rewarded_city()
    city.given(honour("U04", position), by="office", at=PAID)
    city.given(revoke("U04", position), by="leading", at=REVIEWED)

    assert city.when(replace(recovery(position), **change), by=by, at=REVIEWED) == refusal
    city.given(recovery(position), by="office", at=REVIEWED)


def test_nobody_decides_through_a_delegate_what_they_proposed() -> None:
    city, basis = graded_city()
    lend = GrantDelegation(
        subject_id="deputy",
        role=Role.LEADING,
        valid_from=DECIDED.date(),
        valid_to=DECIDED.date(),
        reason="On leave.",
    )
    city.given(lend, by="leading", at=DECIDED)
    city.give_role("leading", Role.OFFICE, at=DECIDED)
    own = replace(reward("U04", "EXCELLENT", basis), proposed_by="leading")

    refusal = city.when(own, by="deputy", at=DECIDED, on_behalf_of="leading")
    assert refusal == Refusal("SEPARATION_OF_DUTIES", "proposed_by")
    city.given(replace(own, proposed_by="office"), by="deputy", at=DECIDED, on_behalf_of="leading")


@pytest.mark.parametrize(("cycle_id", "stands"), [(CYCLE, True), (None, True), ("MINI-2017", False)])
def test_a_finding_of_another_cycle_is_no_basis(cycle_id: str | None, stands: bool) -> None:
    city = found_city(REWARDING)
    finding = FindingRecorded(
        case_id="C-1",
        cycle_id=cycle_id,
        kind=FindingKind.FRAUD,
        unit_ids=("U04",),
        person_ids=(),
        positions=(1,),
        standard="Measures, article 9",
        findings="The figure was made up.",
        evidence=EVIDENCE,
    )
    position = city.memory.record(finding, actor=Actor("inspector", "INSPECTOR"), at=GRADED).position

    answer = city.when(punish("U04", None, position, NOTICE), by="leading", at=DECIDED)
    assert (answer == Refusal("PHASE_VIOLATION")) is not stands


def test_nobody_is_punished_before_entry_has_opened() -> None:
    city = found_city(REWARDING, opened=False)
    veto = impose_veto(city, at=GRADED)

    refusal = city.when(punish("U04", None, veto, NOTICE), by="leading", at=DECIDED)
    assert refusal == Refusal("PHASE_VIOLATION")

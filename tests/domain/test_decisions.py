"""Rewards and punishments: what a decision has to stand on, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from city import CYCLE, EVIDENCE, Refusal, found_city
from rewarding import (
    DECIDED,
    FIRST,
    GRADED,
    NOTICE,
    PRAISE,
    REVIEWED,
    REWARDING,
    TALK,
    WARNING,
    article,
    decision_at,
    graded_city,
    impose_veto,
    lift_veto,
    open_grades,
    punish,
    revise_grades,
    revoke,
    reward,
    rewarded_city,
)

from ledger.domain.commands import (
    DecideReward,
    IssuePlanVersion,
    RegisterPerson,
)
from ledger.domain.decision import (
    PunishmentDecided,
    RewardDecided,
    decision_stream,
)
from ledger.domain.facts import Actor
from ledger.domain.inspection_case import FindingKind, FindingRecorded
from ledger.domain.plan_rules import DecisionKind
from ledger.domain.roles import Role
from ledger.domain.rule_reference import RuleSource
from ledger.domain.veto import VetoEffect


def test_the_leading_group_rewards_what_the_office_proposed() -> None:
    city, basis = graded_city()

    assert city.when(reward("U04", "EXCELLENT", basis), by="office", at=DECIDED) == Refusal("FORBIDDEN_ROLE")
    assert city.when(reward("U04", "EXCELLENT", basis), by="leading", at=DECIDED) == (
        RewardDecided(
            cycle_id=CYCLE,
            unit_id="U04",
            kind=DecisionKind.BONUS_PAY,
            amount=Decimal("50000.00"),
            currency="CNY",
            grade="EXCELLENT",
            basis_position=basis,
            rule=article("R1"),
            plan_version=1,
            trace="plan 1, article R1: BONUS_PAY for EXCELLENT, 50000.00 CNY",
            evidence=EVIDENCE,
            proposed_by="office",
            approved_by="leading",
        ),
    )


REWARD = reward("U04", "EXCELLENT", 0)
"""The reward of U04, once the position of its grading is filled in."""


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (replace(REWARD, grade="GOOD"), Refusal("MALFORMED_INPUT", "grade")),
        (replace(REWARD, unit_id="U02", grade="EXCELLENT"), Refusal("MALFORMED_INPUT", "grade")),
        (replace(REWARD, unit_id="U02", grade="QUALIFIED"), Refusal("NO_RULE_FOR_GRADE", "rule")),
        (replace(REWARD, rule=article("R9")), Refusal("NO_RULE_FOR_GRADE", "rule")),
        (
            replace(REWARD, rule=replace(article("R1"), source=RuleSource.MEASURES)),
            Refusal("NO_RULE_FOR_GRADE", "rule"),
        ),
        (replace(REWARD, rule=replace(article("R1"), version=2)), Refusal("RULE_NOT_FOUND", "rule")),
        (replace(REWARD, amount=Decimal(40000)), Refusal("OUT_OF_RANGE", "amount")),
        (replace(REWARD, amount=None), Refusal("OUT_OF_RANGE", "amount")),
        (replace(REWARD, amount=None, deviation_reason="No money this year."), Refusal("OUT_OF_RANGE", "amount")),
        (replace(REWARD, amount=Decimal(-1), deviation_reason="It has to pay."), Refusal("OUT_OF_RANGE", "amount")),
        (replace(REWARD, amount=Decimal("50000.001")), Refusal("SCALE_EXCEEDED", "amount")),
        (
            replace(REWARD, amount=Decimal(40000), deviation_reason="less"),
            Refusal("REASON_TOO_SHORT", "deviation_reason"),
        ),
        (replace(REWARD, evidence=()), Refusal("EVIDENCE_REQUIRED", "evidence")),
        (replace(REWARD, evidence=("f" * 64,)), Refusal("EVIDENCE_UNKNOWN", "evidence")),
        (replace(REWARD, proposed_by="leading"), Refusal("FORBIDDEN_ROLE", "proposed_by")),
        (replace(REWARD, proposed_by="nobody"), Refusal("UNKNOWN_ID", "proposed_by")),
        (replace(REWARD, unit_id="U99"), Refusal("UNKNOWN_ID", "unit_id")),
        (replace(REWARD, unit_id=None), Refusal("MALFORMED_INPUT", "unit_id")),
        (replace(REWARD, subject_id="reporter"), Refusal("MALFORMED_INPUT", "unit_id")),
        (replace(REWARD, cycle_id="MINI-2017"), Refusal("UNKNOWN_ID", "cycle_id")),
    ],
)
def test_a_reward_without_its_grade_its_rule_or_its_minutes_is_refused(command: DecideReward, refusal: Refusal) -> None:
    city, basis = graded_city()

    assert city.when(replace(command, basis_position=basis), by="leading", at=DECIDED) == refusal


def test_another_amount_than_the_rules_takes_a_reason() -> None:
    city, basis = graded_city()
    less = replace(
        reward("U04", "EXCELLENT", basis), amount=Decimal(40000), deviation_reason="The budget was cut in December."
    )

    city.given(less, by="leading", at=DECIDED)

    fact = decision_at(city, city.head).fact
    assert (fact.amount, fact.deviation_reason) == (Decimal(40000), "The budget was cut in December.")
    assert fact.trace == "plan 1, article R1: BONUS_PAY for EXCELLENT, 50000.00 CNY"


def test_nobody_decides_what_they_proposed() -> None:
    city = found_city(REWARDING)
    city.give_role("leading", Role.OFFICE)
    basis = open_grades(city, FIRST)

    own = replace(reward("U04", "EXCELLENT", basis), proposed_by="leading")
    assert city.when(own, by="leading", at=DECIDED) == Refusal("SEPARATION_OF_DUTIES", "proposed_by")


def test_rewards_wait_for_the_grades() -> None:
    city = found_city(REWARDING)

    assert city.when(REWARD, by="leading", at=DECIDED) == Refusal("PHASE_VIOLATION")


def test_only_the_latest_grading_is_a_basis() -> None:
    city, basis, _ = rewarded_city()
    latest = revise_grades(city, basis, U02="GOOD", U03="QUALIFIED")

    superseded = Refusal("BASIS_SUPERSEDED", "basis_position")
    assert city.when(reward("U01", "GOOD", basis), by="leading", at=REVIEWED) == superseded
    assert city.when(reward("U01", "GOOD", 1), by="leading", at=REVIEWED) == superseded
    city.given(reward("U01", "GOOD", latest), by="leading", at=REVIEWED)


def test_only_the_newest_plan_version_is_cited() -> None:
    city = found_city(REWARDING)
    version = IssuePlanVersion(
        cycle_id=CYCLE, content=REWARDING, based_on=1, summary="Second version", approved_by="leading"
    )
    city.given(version, by="office")
    basis = open_grades(city, FIRST)

    assert city.when(reward("U01", "GOOD", basis), by="leading", at=DECIDED) == Refusal("RULE_NOT_IN_FORCE", "rule")
    newest = replace(reward("U01", "GOOD", basis), rule=replace(article("R1"), version=2))
    city.given(newest, by="leading", at=DECIDED)
    fact = city.memory.events[-1].fact
    assert isinstance(fact, RewardDecided)
    assert fact.plan_version == 2


def test_one_subject_has_one_decision_under_one_article() -> None:
    city, basis, position = rewarded_city()
    again = reward("U04", "EXCELLENT", basis)

    assert city.when(again, by="leading", at=DECIDED) == Refusal("DUPLICATE_DECISION", "rule")
    city.given(reward("U04", "EXCELLENT", basis, PRAISE), by="leading", at=DECIDED)
    city.given(reward("U01", "GOOD", basis), by="leading", at=DECIDED)
    city.given(revoke("U04", position), by="leading", at=DECIDED)
    city.given(again, by="leading", at=DECIDED)


def test_a_reward_never_punishes_and_a_punishment_never_rewards() -> None:
    city, basis = graded_city({**FIRST, "U05": "UNQUALIFIED"})

    unfit = Refusal("MALFORMED_INPUT", "rule")
    assert city.when(reward("U05", "UNQUALIFIED", basis, TALK), by="leading", at=DECIDED) == unfit
    assert city.when(punish("U04", "EXCELLENT", basis, PRAISE), by="leading", at=DECIDED) == unfit
    assert city.when(punish("U05", "UNQUALIFIED", basis, WARNING), by="leading", at=DECIDED) == unfit
    city.given(punish("U05", "UNQUALIFIED", basis), by="leading", at=DECIDED)


def test_a_person_answers_for_the_grade_of_their_unit() -> None:
    city, basis = graded_city({**FIRST, "U04": "UNQUALIFIED"})
    warning = replace(punish("U04", "UNQUALIFIED", basis, WARNING), unit_id=None, subject_id="reporter")

    assert city.when(replace(warning, rule=article("P1")), by="leading", at=DECIDED) == Refusal(
        "MALFORMED_INPUT", "rule"
    )
    assert city.when(replace(warning, subject_id="nobody"), by="leading", at=DECIDED) == Refusal(
        "UNKNOWN_ID", "subject_id"
    )
    assert city.when(replace(warning, subject_id="verifier"), by="leading", at=DECIDED) == Refusal(
        "UNKNOWN_ID", "subject_id"
    )
    city.given(warning, by="leading", at=DECIDED)
    fact = city.memory.events[-1].fact
    assert isinstance(fact, PunishmentDecided)
    assert (fact.unit_id, fact.subject_id, fact.kind) == (None, "reporter", DecisionKind.ADMONITION)
    assert fact.stream == decision_stream(CYCLE, "reporter").name


def test_a_veto_is_a_basis_of_punishments_before_there_are_grades() -> None:
    city = found_city(REWARDING)
    veto = impose_veto(city, VetoEffect.MAX_GRADE, at=GRADED)

    notice = punish("U04", None, veto, NOTICE)
    assert city.when(punish("U04", "UNQUALIFIED", veto), by="leading", at=DECIDED) == Refusal(
        "MALFORMED_INPUT", "grade"
    )
    assert city.when(punish("U04", None, veto), by="leading", at=DECIDED) == Refusal("NO_RULE_FOR_GRADE", "rule")
    assert city.when(replace(notice, unit_id="U05"), by="leading", at=DECIDED) == Refusal("PHASE_VIOLATION")
    assert city.when(reward("U04", "UNQUALIFIED", veto), by="leading", at=DECIDED) == Refusal("PHASE_VIOLATION")
    city.given(notice, by="leading", at=DECIDED)
    assert decision_at(city, city.head).grade is None


def test_a_veto_that_forces_a_grade_is_a_basis_for_it() -> None:
    city = found_city(REWARDING)
    veto = impose_veto(city, at=GRADED)

    city.given(punish("U04", "UNQUALIFIED", veto), by="leading", at=DECIDED)


def test_a_lifted_veto_is_no_basis() -> None:
    city = found_city(REWARDING)
    veto = impose_veto(city, at=GRADED)
    lift_veto(city, veto, at=DECIDED)

    refused = Refusal("BASIS_SUPERSEDED", "basis_position")
    assert city.when(punish("U04", None, veto, NOTICE), by="leading", at=DECIDED) == refused


def test_a_finding_is_a_basis_of_punishments_against_those_it_names() -> None:
    city = found_city(REWARDING)
    finding = FindingRecorded(
        case_id="C-1",
        cycle_id=CYCLE,
        kind=FindingKind.FRAUD,
        unit_ids=("U04",),
        person_ids=("reporter",),
        positions=(1,),
        standard="Measures, article 9",
        findings="The figure was made up.",
        evidence=EVIDENCE,
    )
    inspector = Actor("inspector", "INSPECTOR")
    position = city.memory.record(finding, actor=inspector, at=GRADED).position
    cleared = replace(finding, kind=FindingKind.NO_BREACH)
    harmless = city.memory.record(cleared, actor=inspector, at=GRADED).position
    notice = punish("U04", None, position, NOTICE)

    refused = Refusal("PHASE_VIOLATION")
    assert city.when(replace(notice, unit_id="U05"), by="leading", at=DECIDED) == refused
    assert city.when(replace(notice, basis_position=harmless), by="leading", at=DECIDED) == refused
    assert city.when(replace(notice, basis_position=999), by="leading", at=DECIDED) == Refusal(
        "UNKNOWN_ID", "basis_position"
    )
    city.given(notice, by="leading", at=DECIDED)


def test_nobody_decides_on_their_own_unit_or_on_who_proposed() -> None:
    city = found_city(REWARDING)
    city.given(RegisterPerson(subject_id="mayor", display_name="Mayor", home_unit_id="U04"), by="admin")
    city.give_role("mayor", Role.LEADING)
    city.give_role("reporter", Role.OFFICE)
    basis = open_grades(city, {**FIRST, "U04": "UNQUALIFIED"})

    talk = punish("U04", "UNQUALIFIED", basis)
    assert city.when(talk, by="mayor", at=DECIDED) == Refusal("CONFLICT_OF_INTEREST", "unit_id")
    warning = punish("U04", "UNQUALIFIED", basis, WARNING)
    own = replace(warning, unit_id=None, subject_id="reporter", proposed_by="reporter")
    assert city.when(own, by="leading", at=DECIDED) == Refusal("CONFLICT_OF_INTEREST", "subject_id")

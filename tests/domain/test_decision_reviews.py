"""What becomes of a decision: honoured, suspended, confirmed on revised grades, or revoked and paid back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from city import CYCLE, EVIDENCE, Refusal, found_city
from rewarding import (
    DECIDED,
    FIRST,
    GRADED,
    NOTICE,
    PAID,
    REVIEWED,
    REVISED,
    REWARDING,
    TALK,
    WARNING,
    confirm,
    decision_at,
    graded_city,
    honour,
    impose_veto,
    lift_veto,
    open_grades,
    punish,
    revise_grades,
    revoke,
    reward,
    rewarded_city,
)

from ledger.domain.commands import RecordRecovery, ResumeDecision, SuspendDecision
from ledger.domain.decision import (
    DecisionConfirmed,
    DecisionHonoured,
    DecisionResumed,
    DecisionRevoked,
    Decisions,
    DecisionStatus,
    DecisionSuspended,
    RecoveryReceived,
    RevocationReason,
)
from ledger.domain.roles import Role


def test_a_decision_is_honoured_once_and_as_it_was_decided() -> None:
    city, _, position = rewarded_city()

    assert city.when(honour("U04", position), by="leading", at=PAID) == Refusal("FORBIDDEN_ROLE")
    assert city.when(honour("U04", position, "50000.01"), by="office", at=PAID) == Refusal("OUT_OF_RANGE", "amount")
    assert city.when(honour("U04", position, None), by="office", at=PAID) == Refusal("OUT_OF_RANGE", "amount")
    assert city.when(replace(honour("U04", position), evidence=()), by="office", at=PAID) == Refusal(
        "EVIDENCE_REQUIRED", "evidence"
    )
    assert city.when(honour("U04", position), by="office", at=PAID) == (
        DecisionHonoured(
            cycle_id=CYCLE,
            unit_id="U04",
            decision_position=position,
            executed_on=PAID.date(),
            amount=Decimal("50000.00"),
            evidence=EVIDENCE,
        ),
    )
    assert city.when(honour("U04", position), by="office", at=PAID) == Refusal("NO_CHANGE", "decision_position")


def test_the_organisation_department_honours_too() -> None:
    city = found_city(REWARDING)
    city.give_role("deputy", Role.ORGDEPT)
    position = city.given(reward("U04", "EXCELLENT", open_grades(city, FIRST)), by="leading", at=DECIDED)

    city.given(honour("U04", position), by="deputy", at=PAID)


def test_a_decision_is_carried_out_after_it_was_taken_and_not_in_days_to_come() -> None:
    city, _, position = rewarded_city()

    for day in (PAID.date() + timedelta(days=1), DECIDED.date() - timedelta(days=1)):
        late = replace(honour("U04", position), executed_on=day)
        assert city.when(late, by="office", at=PAID) == Refusal("OUT_OF_RANGE", "executed_on")


def test_nothing_is_carried_out_on_revised_grades_until_the_decision_is_confirmed() -> None:
    city, basis, position = rewarded_city()
    revised = revise_grades(city, basis, U04="GOOD")
    pay = replace(honour("U04", position), executed_on=REVIEWED.date())

    assert city.when(pay, by="office", at=REVIEWED) == Refusal("BASIS_SUPERSEDED", "decision_position")
    city.given(confirm("U04", position, revised), by="leading", at=REVIEWED)
    city.given(pay, by="office", at=REVIEWED)


def test_nothing_is_carried_out_against_a_person_whose_units_grade_was_revised() -> None:
    city, basis = graded_city({**FIRST, "U04": "UNQUALIFIED"})
    warning = replace(punish("U04", "UNQUALIFIED", basis, WARNING), unit_id=None, subject_id="reporter")
    position = city.given(warning, by="leading", at=DECIDED)
    revise_grades(city, basis, U04="GOOD")

    executed = replace(honour("U04", position, None), unit_id=None, subject_id="reporter")
    assert city.when(executed, by="office", at=REVIEWED) == Refusal("BASIS_SUPERSEDED", "decision_position")


def test_a_punishment_on_a_veto_is_carried_out_while_the_veto_holds() -> None:
    city = found_city(REWARDING)
    veto = impose_veto(city, at=GRADED)
    notice, talk = (
        city.given(punish("U04", grade, veto, rule), by="leading", at=GRADED)
        for grade, rule in ((None, NOTICE), ("UNQUALIFIED", TALK))
    )
    executed = replace(honour("U04", notice, None), executed_on=DECIDED.date())

    city.given(executed, by="office", at=DECIDED)
    lift_veto(city, veto, at=DECIDED)
    later = replace(executed, decision_position=talk)
    assert city.when(later, by="office", at=PAID) == Refusal("BASIS_SUPERSEDED", "decision_position")


def test_a_decision_is_known_by_its_position_and_its_subject() -> None:
    city, basis, position = rewarded_city()

    unknown = Refusal("UNKNOWN_ID", "decision_position")
    assert city.when(honour("U04", basis), by="office", at=PAID) == unknown
    assert city.when(honour("U01", position), by="office", at=PAID) == unknown
    of_person = replace(honour("U04", position), unit_id=None, subject_id="reporter")
    assert city.when(of_person, by="office", at=PAID) == unknown
    of_both = replace(of_person, unit_id="U04")
    assert city.when(of_both, by="office", at=PAID) == Refusal("MALFORMED_INPUT", "unit_id")


def test_a_suspended_decision_is_not_carried_out_until_it_is_resumed() -> None:
    city, _, position = rewarded_city()
    suspend = SuspendDecision(cycle_id=CYCLE, unit_id="U04", decision_position=position, reference="Appeal 7")
    resume = ResumeDecision(cycle_id=CYCLE, unit_id="U04", decision_position=position, reference="Appeal 7")

    assert city.when(resume, by="leading", at=DECIDED) == Refusal("NO_CHANGE", "decision_position")
    assert city.when(replace(suspend, reference=" "), by="leading", at=DECIDED) == Refusal(
        "MALFORMED_INPUT", "reference"
    )
    assert city.when(suspend, by="leading", at=DECIDED) == (
        DecisionSuspended(cycle_id=CYCLE, unit_id="U04", decision_position=position, reference="Appeal 7"),
    )
    assert decision_at(city, position).status is DecisionStatus.SUSPENDED
    assert city.when(suspend, by="leading", at=DECIDED) == Refusal("NO_CHANGE", "decision_position")
    assert city.when(honour("U04", position), by="office", at=PAID) == Refusal(
        "DECISION_NOT_IN_FORCE", "decision_position"
    )
    assert city.when(resume, by="leading", at=PAID) == (
        DecisionResumed(cycle_id=CYCLE, unit_id="U04", decision_position=position, reference="Appeal 7"),
    )
    assert decision_at(city, position).status is DecisionStatus.DECIDED
    city.given(honour("U04", position), by="office", at=PAID)


def test_a_decision_is_confirmed_on_revised_grades_that_its_rule_names() -> None:
    city, basis, position = rewarded_city()

    assert city.when(confirm("U04", position, basis), by="leading", at=DECIDED) == Refusal(
        "NO_CHANGE", "basis_position"
    )
    revised = revise_grades(city, basis, U04="GOOD")
    assert city.when(confirm("U04", position, basis), by="leading", at=REVIEWED) == Refusal(
        "BASIS_SUPERSEDED", "basis_position"
    )
    assert city.when(confirm("U04", position, revised), by="leading", at=REVIEWED) == (
        DecisionConfirmed(
            cycle_id=CYCLE, unit_id="U04", decision_position=position, basis_position=revised, grade="GOOD"
        ),
    )
    decision = decision_at(city, position)
    assert (decision.status, decision.basis_position, decision.grade) == (DecisionStatus.CONFIRMED, revised, "GOOD")


def test_a_decision_whose_rule_no_longer_names_the_grade_is_revoked_not_confirmed() -> None:
    city, basis, position = rewarded_city()
    revised = revise_grades(city, basis, U04="QUALIFIED")

    assert city.when(confirm("U04", position, revised), by="leading", at=REVIEWED) == Refusal(
        "NO_RULE_FOR_GRADE", "decision_position"
    )
    assert city.when(revoke("U04", position), by="leading", at=REVIEWED) == (
        DecisionRevoked(
            cycle_id=CYCLE,
            unit_id="U04",
            decision_position=position,
            reason_code=RevocationReason.BASIS_SUPERSEDED,
            reason="The grade was revised after an appeal.",
            approved_by="director",
        ),
    )


def test_a_revocation_takes_another_person_and_a_reason() -> None:
    city, _, position = rewarded_city()
    command = revoke("U04", position)

    for wrong, refusal in (
        (replace(command, approved_by="leading"), Refusal("SEPARATION_OF_DUTIES", "approved_by")),
        (replace(command, approved_by="scorer"), Refusal("FORBIDDEN_ROLE", "approved_by")),
        (replace(command, reason="wrong"), Refusal("REASON_TOO_SHORT", "reason")),
        (replace(command, recovery=Decimal(1)), Refusal("OUT_OF_RANGE", "recovery")),
    ):
        assert city.when(wrong, by="leading", at=DECIDED) == refusal


def test_nothing_more_is_done_about_a_revoked_decision() -> None:
    city, basis, position = rewarded_city()
    city.given(revoke("U04", position), by="leading", at=PAID)

    over = Refusal("DECISION_NOT_IN_FORCE", "decision_position")
    assert city.when(honour("U04", position), by="office", at=PAID) == over
    assert city.when(confirm("U04", position, basis), by="leading", at=PAID) == over
    assert city.when(revoke("U04", position), by="leading", at=PAID) == over


def test_what_was_paid_under_a_revoked_decision_comes_back() -> None:
    city, basis, position = rewarded_city()
    city.given(honour("U04", position), by="office", at=PAID)
    revise_grades(city, basis, U04="QUALIFIED")
    back = RecordRecovery(
        cycle_id=CYCLE,
        unit_id="U04",
        decision_position=position,
        executed_on=REVIEWED.date(),
        amount=Decimal(20000),
        evidence=EVIDENCE,
    )

    assert city.when(back, by="office", at=REVIEWED) == Refusal("OUT_OF_RANGE", "amount")
    too_much = revoke("U04", position, recovery="50000.01")
    assert city.when(too_much, by="leading", at=REVIEWED) == Refusal("OUT_OF_RANGE", "recovery")
    city.given(revoke("U04", position), by="leading", at=REVIEWED)
    assert decision_at(city, position).outstanding == Decimal("50000.00")

    assert city.when(back, by="office", at=REVIEWED) == (
        RecoveryReceived(
            cycle_id=CYCLE,
            unit_id="U04",
            decision_position=position,
            executed_on=REVIEWED.date(),
            amount=Decimal(20000),
            evidence=EVIDENCE,
        ),
    )
    assert decision_at(city, position).outstanding == Decimal("30000.00")
    more = replace(back, amount=Decimal("30000.01"))
    assert city.when(more, by="office", at=REVIEWED) == Refusal("OUT_OF_RANGE", "amount")


def test_a_part_of_what_was_paid_may_be_left() -> None:
    city, _, position = rewarded_city()
    city.given(honour("U04", position), by="office", at=PAID)
    city.given(revoke("U04", position, recovery="10000"), by="leading", at=REVISED)

    assert decision_at(city, position).outstanding == Decimal(10000)


def test_the_decisions_of_the_mini_ledger_follow_its_gradings() -> None:
    """Events 50 to 83 of domain.md 3.12, as far as they decide; one article names both grades."""
    city, opened = graded_city()
    u04, u01, u03 = (
        city.given(reward(unit_id, FIRST[unit_id], opened), by="leading", at=DECIDED)
        for unit_id in ("U04", "U01", "U03")
    )
    first = revise_grades(city, opened, U02="GOOD", U03="QUALIFIED")
    city.given(revoke("U03", u03), by="leading", at=REVIEWED)
    u02 = city.given(reward("U02", "GOOD", first), by="leading", at=REVIEWED)
    city.given(confirm("U04", u04, first), by="leading", at=REVIEWED)
    city.given(confirm("U01", u01, first), by="leading", at=REVIEWED)
    second = revise_grades(city, first, at=REVIEWED, U02="EXCELLENT", U03="GOOD", U04="UNQUALIFIED")
    fraud = replace(revoke("U04", u04), reason_code=RevocationReason.FRAUD_FINDING)
    city.given(fraud, by="leading", at=REVIEWED)
    punished = city.given(punish("U04", "UNQUALIFIED", second), by="leading", at=REVIEWED)
    city.given(revoke("U02", u02), by="leading", at=REVIEWED)
    u02_again = city.given(reward("U02", "EXCELLENT", second), by="leading", at=REVIEWED)
    u03_again = city.given(reward("U03", "GOOD", second), by="leading", at=REVIEWED)
    city.given(confirm("U01", u01, second), by="leading", at=REVIEWED)

    decisions = Decisions()
    for event in city.memory.events:
        decisions = decisions.evolve(event)
    assert [(d.position, d.fact.unit_id, d.grade, d.basis_position, d.status) for d in decisions] == [
        (u04, "U04", "EXCELLENT", first, DecisionStatus.REVOKED),
        (u01, "U01", "GOOD", second, DecisionStatus.CONFIRMED),
        (u03, "U03", "GOOD", opened, DecisionStatus.REVOKED),
        (u02, "U02", "GOOD", first, DecisionStatus.REVOKED),
        (punished, "U04", "UNQUALIFIED", second, DecisionStatus.DECIDED),
        (u02_again, "U02", "EXCELLENT", second, DecisionStatus.DECIDED),
        (u03_again, "U03", "GOOD", second, DecisionStatus.DECIDED),
    ]

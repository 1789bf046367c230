"""How an official value changes: a request, then another person's decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from city import (
    BECAUSE,
    CYCLE,
    EVIDENCE,
    GROUP,
    LATE,
    PLAN,
    YEAR,
    City,
    Refusal,
    approve,
    claim,
    enter,
    found_city,
    grant,
    request,
    verify,
    withdraw,
)

from ledger.domain.commands import CloseEntry, GrantDelegation, RejectCorrection, WithdrawCorrectionRequest
from ledger.domain.facts import Actor
from ledger.domain.grading import GradesOpened
from ledger.domain.plan import ApproverIndependence
from ledger.domain.roles import EVERYTHING, Role
from ledger.domain.score import (
    Basis,
    CorrectionClass,
    CorrectionRejected,
    CorrectionRequested,
    CorrectionRequestWithdrawn,
    ReasonCode,
    RequestedFor,
    ScoreCorrected,
    ScoreStatus,
)


def reject(position: int) -> RejectCorrection:
    return RejectCorrection(
        cycle_id=CYCLE,
        unit_id="U04",
        indicator_id="A",
        period=YEAR,
        request_position=position,
        reason="The yearbook confirms 7.4.",
    )


def take_back(position: int) -> WithdrawCorrectionRequest:
    return WithdrawCorrectionRequest(
        cycle_id=CYCLE,
        unit_id="U04",
        indicator_id="A",
        period=YEAR,
        request_position=position,
        reason="It was right after all.",
    )


def close_entry(city: City) -> None:
    city.given(CloseEntry(cycle_id=CYCLE), by="office", at=LATE)


def test_a_correction_is_requested_by_one_person_and_approved_by_another(city: City) -> None:
    entered = city.verified("7.4")
    requested = city.given(request(entered, "8.0"), by="scorer")
    corrected = city.given(approve(requested), by="approver")

    assert [event.fact for event in city.memory.events[requested - 1 :]] == [
        CorrectionRequested(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            corrects_position=entered,
            proposed_value=Decimal("8.0"),
            reason_code=ReasonCode.DATA_ENTRY_ERROR,
            reason=BECAUSE,
            evidence=EVIDENCE,
            requested_for=RequestedFor.DEPARTMENT,
        ),
        ScoreCorrected(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            request_position=requested,
            corrects_position=entered,
            old_value=Decimal("7.4"),
            new_value=Decimal("8.0"),
            reason_code=ReasonCode.DATA_ENTRY_ERROR,
            correction_class=CorrectionClass.ERROR,
            requested_by="scorer",
            approved_by="approver",
            evidence=EVIDENCE,
        ),
    ]
    assert corrected == requested + 1
    assert city.score().status is ScoreStatus.CORRECTED


def test_a_request_changes_no_figure_until_it_is_approved(city: City) -> None:
    requested = city.requested("8.0")
    assert [city.value(basis) for basis in (Basis.PROVISIONAL, Basis.OFFICIAL)] == ["7.4", "7.4"]

    city.given(approve(requested), by="approver")
    assert [city.value(basis) for basis in (Basis.PROVISIONAL, Basis.OFFICIAL)] == ["8.0", "8.0"]


@pytest.mark.parametrize(
    ("code", "correction_class"),
    [
        (ReasonCode.TRANSCRIPTION_ERROR, CorrectionClass.ERROR),
        (ReasonCode.SOURCE_DATA_REVISED, CorrectionClass.REVISION),
        (ReasonCode.APPEAL_UPHELD, CorrectionClass.ADJUDICATION),
        (ReasonCode.FRAUD_FINDING, CorrectionClass.SANCTION),
    ],
)
def test_the_reason_code_decides_the_class_of_a_correction(
    city: City, code: ReasonCode, correction_class: CorrectionClass
) -> None:
    requested = city.given(replace(request(city.verified(), "8.0"), reason_code=code), by="scorer")
    city.given(approve(requested), by="approver")

    fact = city.memory.events[-1].fact
    assert isinstance(fact, ScoreCorrected)
    assert fact.correction_class is correction_class


def test_before_verification_there_is_nothing_to_correct(city: City) -> None:
    assert city.when(request(city.entered(), "8.0"), by="scorer") == Refusal("NOT_VERIFIED")


# The invariants of one score, domain.md 2.5.


def test_s3_a_correction_cites_the_value_that_is_effective_now(city: City) -> None:
    first = city.verified("7.4")
    second = city.given(approve(city.given(request(first, "8.0"), by="scorer")), by="approver")

    assert city.when(request(first, "7.9"), by="scorer") == Refusal("STALE_CORRECTION", "corrects_position")
    third = city.given(approve(city.given(request(second, "7.9"), by="scorer")), by="approver")
    fact = city.memory.events[third - 1].fact
    assert isinstance(fact, ScoreCorrected)
    assert (fact.corrects_position, fact.old_value, fact.new_value) == (second, Decimal("8.0"), Decimal("7.9"))


def test_s3_a_correction_of_nothing_is_refused_however_it_is_written(city: City) -> None:
    entered = city.verified("8.0")

    assert city.when(request(entered, "8.0"), by="scorer") == Refusal("NO_CHANGE", "proposed_value")
    assert city.when(request(entered, "8.00"), by="scorer") == Refusal("NO_CHANGE", "proposed_value")


def test_s4_a_score_has_at_most_one_open_request(city: City) -> None:
    entered = city.verified()
    requested = city.given(request(entered, "8.0"), by="scorer")

    assert city.when(request(entered, "7.9"), by="colleague") == Refusal("OPEN_REQUEST_EXISTS")
    city.given(reject(requested), by="approver")
    city.given(request(entered, "7.9"), by="colleague")


@pytest.mark.parametrize("part", ["scorer", "verifier", "office"])
def test_s5_whoever_entered_verified_or_requested_does_not_approve(city: City, part: str) -> None:
    """Even where the roles were once allowed to meet in one person, the two pairs of eyes are checked."""
    requested = city.given(request(city.verified(), "8.0"), by="office")
    city.give_role(part, Role.APPROVER)

    assert city.when(approve(requested), by=part) == Refusal("SEPARATION_OF_DUTIES")


def test_s5_an_office_of_two_persons_may_let_the_verifier_approve() -> None:
    city = found_city(replace(PLAN, approver_independence=ApproverIndependence.REQUESTER))
    requested = city.requested("8.0")
    city.give_role("verifier", Role.APPROVER)
    city.give_role("scorer", Role.APPROVER)

    assert city.when(approve(requested), by="scorer") == Refusal("SEPARATION_OF_DUTIES")
    city.given(approve(requested), by="verifier")


def test_s5_holds_for_who_is_acted_for_as_well(city: City) -> None:
    requested = city.requested("8.0")
    city.give_role("verifier", Role.APPROVER)
    lend = GrantDelegation(
        subject_id="deputy",
        role=Role.APPROVER,
        valid_from=date(2019, 1, 1),
        valid_to=date(2019, 1, 30),
        reason="On leave.",
    )
    city.given(lend, by="verifier")
    city.given(lend, by="approver")

    assert city.when(approve(requested), by="deputy", on_behalf_of="verifier") == Refusal("SEPARATION_OF_DUTIES")
    city.given(approve(requested), by="deputy", on_behalf_of="approver")
    assert city.memory.events[-1].actor == Actor("deputy", "APPROVER", None, "approver")


def test_s7_a_request_gives_a_reason_and_evidence(city: City) -> None:
    command = request(city.verified(), "8.0")

    assert city.when(replace(command, reason=""), by="scorer") == Refusal("REASON_REQUIRED", "reason")
    assert city.when(replace(command, reason="  错  "), by="scorer") == Refusal("REASON_TOO_SHORT", "reason")
    assert city.when(replace(command, reason="长" * 2001), by="scorer") == Refusal("REASON_TOO_SHORT", "reason")
    assert city.when(replace(command, evidence=()), by="scorer") == Refusal("EVIDENCE_REQUIRED", "evidence")
    assert city.when(replace(command, evidence=("f" * 64,)), by="scorer") == Refusal("EVIDENCE_UNKNOWN", "evidence")


def test_s8_a_corrected_value_keeps_to_the_plan(city: City) -> None:
    entered = city.verified()

    assert city.when(request(entered, "8.001"), by="scorer") == Refusal("SCALE_EXCEEDED", "proposed_value")
    assert city.when(request(entered, "-1"), by="scorer") == Refusal("OUT_OF_RANGE", "proposed_value")


def test_s10_a_claim_made_after_a_correction_leaves_it_alone(city: City) -> None:
    city.corrected("8.0")
    city.given(claim("9.9"), by="reporter")

    assert city.value(Basis.OFFICIAL) == "8.0"


# Deciding a request.


def test_a_request_is_decided_once(city: City) -> None:
    requested = city.requested()
    city.given(approve(requested), by="approver")

    for command in (approve(requested), reject(requested)):
        assert city.when(command, by="approver") == Refusal("REQUEST_NOT_OPEN", "request_position")
    assert city.when(take_back(requested), by="scorer") == Refusal("REQUEST_NOT_OPEN", "request_position")


def test_a_rejected_request_leaves_the_value_and_the_record(city: City) -> None:
    requested = city.requested("8.0")

    assert city.when(reject(requested), by="approver") == (
        CorrectionRejected(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            request_position=requested,
            reason="The yearbook confirms 7.4.",
        ),
    )
    assert city.value(Basis.OFFICIAL) == "7.4"


def test_who_requests_does_not_reject(city: City) -> None:
    requested = city.given(request(city.verified(), "8.0"), by="office")
    city.give_role("office", Role.APPROVER)

    assert city.when(reject(requested), by="office") == Refusal("SEPARATION_OF_DUTIES")


def test_only_who_made_a_request_takes_it_back(city: City) -> None:
    requested = city.requested()

    assert city.when(take_back(requested), by="colleague") == Refusal("FORBIDDEN_ROLE")
    assert city.when(take_back(requested), by="scorer") == (
        CorrectionRequestWithdrawn(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            request_position=requested,
            reason="It was right after all.",
        ),
    )


def test_a_request_for_a_value_withdrawn_meanwhile_is_not_approved(city: City) -> None:
    entered = city.verified()
    requested = city.given(request(entered, "8.0"), by="scorer")
    city.given(withdraw(entered, approved_by="approver"), by="scorer")

    assert city.when(approve(requested), by="approver") == Refusal("STALE_CORRECTION", "request_position")
    city.given(reject(requested), by="approver")


# Who decides, and until when.


def test_while_entry_is_open_the_departments_approver_decides_not_the_director(city: City) -> None:
    requested = city.requested()

    assert city.when(approve(requested), by="director") == Refusal("FORBIDDEN_ROLE")
    city.given(approve(requested), by="approver")


def test_after_entry_closed_the_director_decides_not_the_departments_approver(city: City) -> None:
    requested = city.requested()
    close_entry(city)

    assert city.when(approve(requested), by="approver", at=LATE) == Refusal("FORBIDDEN_ROLE")
    city.given(approve(requested), by="director", at=LATE)


def test_verification_goes_on_after_entry_closed(city: City) -> None:
    entered = city.entered()
    close_entry(city)

    city.given(verify(entered), by="verifier", at=LATE)


def test_once_grades_are_opened_nothing_about_a_score_moves_outside_a_restatement(city: City) -> None:
    entered = city.verified()
    requested = city.given(request(entered, "8.0"), by="scorer")
    close_entry(city)
    opened = GradesOpened(cycle_id=CYCLE, group_id=GROUP, results_position=city.head)
    city.memory.record(opened, actor=Actor("leading", "LEADING"), at=LATE)

    for command, by in (
        (approve(requested), "director"),
        (reject(requested), "director"),
        (request(entered, "8.1"), "scorer"),
        (withdraw(entered, approved_by="director"), "scorer"),
        (enter("7.5"), "scorer"),
        (claim("7.5"), "reporter"),
        (verify(entered), "verifier"),
    ):
        assert city.when(command, by=by, at=LATE) == Refusal("RESTATEMENT_REQUIRED")


@pytest.mark.parametrize("person", ["scorer", "reporter", "office", "director", "panel", "inspector"])
def test_a_correction_may_be_asked_for_by(city: City, person: str) -> None:
    city.given(request(city.verified(), "8.0"), by=person)


@pytest.mark.parametrize("person", ["verifier", "approver", "leading", "admin", "deputy"])
def test_a_correction_may_not_be_asked_for_by(city: City, person: str) -> None:
    assert city.when(request(city.verified(), "8.0"), by=person) == Refusal("FORBIDDEN_ROLE")


def test_a_reporter_asks_for_their_own_unit_only(city: City) -> None:
    entered = city.given(enter("7.9", "U02"), by="scorer")
    city.given(verify(entered, "U02"), by="verifier")

    assert city.when(request(entered, "8.0", "U02"), by="reporter") == Refusal("OUT_OF_SCOPE_UNIT")


def test_a_role_for_another_indicator_does_not_approve_this_one(city: City) -> None:
    requested = city.requested()
    city.given(grant("deputy", Role.APPROVER, replace(EVERYTHING, indicator_ids=("B",))), by="admin")

    assert city.when(approve(requested), by="deputy") == Refusal("OUT_OF_SCOPE_UNIT")

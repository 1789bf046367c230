"""The life of a score: claimed, entered, returned, verified, withdrawn, entered late."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from city import (
    BECAUSE,
    CYCLE,
    EVIDENCE,
    LATE,
    NOW,
    PLAN,
    YEAR,
    City,
    Refusal,
    claim,
    enter,
    enter_late,
    exempt,
    found_city,
    grant,
    instant,
    plan_with,
    request,
    set_target,
    verify,
    withdraw,
)
from examples import time_vector

from ledger.domain.commands import CloseEntry, OpenCycle, RegisterPerson, ReturnScore
from ledger.domain.facts import Actor
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.periods import end_of
from ledger.domain.plan import Calendar, EntryKind
from ledger.domain.plan_rules import ClassWeight, EvaluationRules, RaterClass
from ledger.domain.roles import Role
from ledger.domain.score import (
    Basis,
    EntrySource,
    ReasonCode,
    ScoreEntered,
    ScoreLateEntered,
    ScoreReturned,
    ScoreSelfReported,
    ScoreStatus,
    ScoreVerified,
    ScoreWithdrawn,
    VerificationMethod,
)


def give_back(position: int) -> ReturnScore:
    return ReturnScore(
        cycle_id=CYCLE,
        unit_id="U04",
        indicator_id="A",
        period=YEAR,
        returned_position=position,
        reason_code=ReasonCode.TRANSCRIPTION_ERROR,
        reason="The yearbook says 7.6.",
    )


def close_entry(city: City) -> None:
    city.given(CloseEntry(cycle_id=CYCLE), by="office", at=LATE)


def bases(city: City) -> list[str | None]:
    return [city.value(basis) for basis in (Basis.SELF, Basis.PROVISIONAL, Basis.OFFICIAL)]


def test_a_score_is_claimed_entered_returned_entered_again_and_verified(city: City) -> None:
    claimed = city.given(claim("8.4"), by="reporter")
    first = city.given(enter("7.4"), by="scorer")
    city.given(give_back(first), by="verifier")
    second = city.given(enter("7.6"), by="scorer")
    city.given(verify(second), by="verifier")

    assert [event.fact for event in city.memory.events[claimed - 1 :]] == [
        ScoreSelfReported(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            value=Decimal("8.4"),
            uom="%",
            entry_kind=EntryKind.ACTUAL,
        ),
        ScoreEntered(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            value=Decimal("7.4"),
            uom="%",
            entry_kind=EntryKind.ACTUAL,
            source=EntrySource.SCORING_DEPT,
            self_report_position=claimed,
        ),
        ScoreReturned(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            returned_position=first,
            reason_code=ReasonCode.TRANSCRIPTION_ERROR,
            reason="The yearbook says 7.6.",
        ),
        ScoreEntered(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            value=Decimal("7.6"),
            uom="%",
            entry_kind=EntryKind.ACTUAL,
            source=EntrySource.SCORING_DEPT,
            self_report_position=claimed,
            replaces_position=first,
        ),
        ScoreVerified(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            value=Decimal("7.6"),
            verified_position=second,
            method=VerificationMethod.DOCUMENT,
        ),
    ]
    assert bases(city) == ["8.4", "7.6", "7.6"]


def test_each_step_moves_the_score_to_its_status(city: City) -> None:
    statuses = [city.score().status]
    city.given(claim("8.4"), by="reporter")
    statuses.append(city.score().status)
    entered = city.entered()
    statuses.append(city.score().status)
    city.given(give_back(entered), by="verifier")
    statuses.append(city.score().status)
    verified = city.verified()
    statuses.append(city.score().status)
    city.given(withdraw(verified, approved_by="approver"), by="scorer")
    statuses.append(city.score().status)

    assert statuses == [
        ScoreStatus.NONE,
        ScoreStatus.SELF_REPORTED,
        ScoreStatus.ENTERED,
        ScoreStatus.RETURNED,
        ScoreStatus.VERIFIED,
        ScoreStatus.WITHDRAWN,
    ]


def test_an_event_names_who_acted_in_which_role_and_from_which_unit(city: City) -> None:
    city.given(claim("8.4"), by="reporter")

    assert city.memory.events[-1].actor == Actor("reporter", "REPORTER", "U04")


def test_a_returned_value_is_verified_only_after_it_is_entered_again(city: City) -> None:
    entered = city.entered()
    city.given(give_back(entered), by="verifier")

    assert city.when(verify(entered), by="verifier") == Refusal("NOT_ENTERED")
    assert city.when(give_back(entered), by="verifier") == Refusal("NOT_ENTERED")


def test_a_score_that_was_only_claimed_is_not_verified(city: City) -> None:
    claimed = city.given(claim("8.4"), by="reporter")

    assert city.when(verify(claimed), by="verifier") == Refusal("NOT_ENTERED")


def test_who_expects_an_older_version_of_the_score_is_told_so(city: City) -> None:
    city.entered("7.4")

    stale = replace(enter("7.5"), expected_version=0)
    assert city.when(stale, by="colleague") == Refusal("STALE_EXPECTED_VERSION", "expected_version")
    city.given(replace(enter("7.5"), expected_version=1), by="colleague")


# The invariants of one score, domain.md 2.5.


def test_s1_no_value_is_entered_without_a_target() -> None:
    city = found_city(plan_with(replace(PLAN.indicators[0], target=None), *PLAN.indicators[1:]), opened=False)
    city.given(set_target("8.0", "U01"), by="office", at=instant("2018-03-01 12:00"))
    city.given(OpenCycle(cycle_id=CYCLE), by="office", at=instant("2018-03-02 12:00"))

    assert city.when(enter("7.4", "U04"), by="scorer") == Refusal("NO_TARGET", "indicator_id")
    city.given(enter("7.4", "U01"), by="scorer")


def test_no_value_is_entered_where_the_points_come_from_evaluation() -> None:
    evaluated = replace(PLAN.indicators[2], formula=Formula(kind=FormulaKind.EVALUATION))
    by_superiors = EvaluationRules(classes=(ClassWeight(rater_class=RaterClass.SUPERIOR, weight=Decimal(100)),))
    city = found_city(replace(plan_with(*PLAN.indicators[:2], evaluated), evaluation=by_superiors))

    assert city.when(enter("90", indicator_id="C"), by="scorer") == Refusal("WRONG_ENTRY_KIND", "entry_kind")


def test_s1_no_value_is_entered_or_claimed_where_the_indicator_does_not_apply(city: City) -> None:
    city.given(exempt("U04", "A"), by="director")

    assert city.when(enter("7.4"), by="scorer") == Refusal("NOT_APPLICABLE", "indicator_id")
    assert city.when(claim("7.4"), by="reporter") == Refusal("NOT_APPLICABLE", "indicator_id")


def test_s2_a_value_is_verified_once(city: City) -> None:
    entered = city.verified()

    assert city.when(verify(entered), by="verifier") == Refusal("ALREADY_VERIFIED")


def test_s2_nobody_verifies_what_they_entered(city: City) -> None:
    city.given(grant("deputy", Role.SCORER), by="admin")
    entered = city.given(enter("7.4"), by="deputy")
    # Roles change hands, the memory of who entered does not.
    city.give_role("deputy", Role.VERIFIER)

    assert city.when(verify(entered), by="deputy") == Refusal("SEPARATION_OF_DUTIES")


def test_s6_a_verified_score_is_not_entered_again(city: City) -> None:
    city.verified()

    assert city.when(enter("7.5"), by="scorer") == Refusal("ALREADY_ENTERED")
    assert city.when(enter_late("7.5"), by="scorer", at=LATE) == Refusal("ALREADY_ENTERED")


def test_s7_a_verified_value_is_withdrawn_with_a_reason_and_evidence_only(city: City) -> None:
    command = withdraw(city.verified(), approved_by="approver")

    assert city.when(replace(command, reason=" "), by="scorer") == Refusal("REASON_REQUIRED", "reason")
    assert city.when(replace(command, reason="Wrong"), by="scorer") == Refusal("REASON_TOO_SHORT", "reason")
    assert city.when(replace(command, evidence=()), by="scorer") == Refusal("EVIDENCE_REQUIRED", "evidence")


@pytest.mark.parametrize(
    ("value", "uom", "refusal"),
    [
        ("7.455", "%", Refusal("SCALE_EXCEEDED", "value")),
        ("-0.01", "%", Refusal("OUT_OF_RANGE", "value")),
        ("7.4", "亿元", Refusal("UNIT_OF_MEASURE_MISMATCH", "uom")),
    ],
)
def test_s8_a_value_has_the_scale_range_and_unit_of_measure_of_the_plan(
    city: City, value: str, uom: str, refusal: Refusal
) -> None:
    assert city.when(replace(enter(value), uom=uom), by="scorer") == refusal
    assert city.when(replace(claim(value), uom=uom), by="reporter") == refusal


def test_s8_a_value_at_the_bound_is_within_the_range() -> None:
    bounded = replace(PLAN.indicators[0], value_min=Decimal("1"), value_max=Decimal("9"))
    city = found_city(plan_with(bounded, *PLAN.indicators[1:]))

    assert city.when(enter("9.01"), by="scorer") == Refusal("OUT_OF_RANGE", "value")
    assert city.when(enter("0.99"), by="scorer") == Refusal("OUT_OF_RANGE", "value")
    city.given(enter("9.00"), by="scorer")
    city.given(enter("1"), by="scorer")


def test_s9_a_withdrawn_score_comes_back_by_a_late_entry_that_cites_the_withdrawal(city: City) -> None:
    withdrawn = city.given(withdraw(city.verified(), approved_by="approver"), by="scorer")

    assert bases(city) == [None, None, None]
    assert city.when(enter("7.5"), by="scorer") == Refusal("SCORE_WITHDRAWN")
    assert city.when(withdraw(withdrawn), by="scorer") == Refusal("SCORE_WITHDRAWN")
    assert city.when(verify(withdrawn), by="verifier") == Refusal("SCORE_WITHDRAWN")
    assert city.when(request(withdrawn, "7.5"), by="scorer") == Refusal("SCORE_WITHDRAWN")
    assert city.when(enter_late("7.5"), by="scorer") == (
        ScoreLateEntered(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            value=Decimal("7.5"),
            uom="%",
            entry_kind=EntryKind.ACTUAL,
            source=EntrySource.SCORING_DEPT,
            replaces_position=withdrawn,
            late_reason="The statistics office published late.",
            approved_by="director",
        ),
    )


def test_s10_what_a_unit_claims_never_alters_the_official_value(city: City) -> None:
    city.verified("7.4")
    city.given(claim("9.9"), by="reporter")

    assert bases(city) == ["9.9", "7.4", "7.4"]
    assert city.score().status is ScoreStatus.VERIFIED


# Withdrawal.


def test_before_verification_who_entered_a_value_withdraws_it_alone(city: City) -> None:
    entered = city.entered()

    assert city.when(withdraw(entered), by="colleague") == Refusal("FORBIDDEN_ROLE")
    assert city.when(withdraw(entered), by="scorer") == (
        ScoreWithdrawn(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            withdrawn_position=entered,
            reason_code=ReasonCode.WRONG_PERIOD,
            reason=BECAUSE,
            evidence=EVIDENCE,
        ),
    )


def test_a_withdrawal_before_verification_names_no_approver_that_nobody_asked(city: City) -> None:
    city.given(withdraw(city.entered(), approved_by="nobody-at-all"), by="scorer")

    [withdrawn] = [event.fact for event in city.memory.events if isinstance(event.fact, ScoreWithdrawn)]
    assert withdrawn.approved_by is None


@pytest.mark.parametrize(
    ("approved_by", "refusal"),
    [
        (None, Refusal("SEPARATION_OF_DUTIES", "approved_by")),
        ("scorer", Refusal("FORBIDDEN_ROLE", "approved_by")),
        ("director", Refusal("FORBIDDEN_ROLE", "approved_by")),
        ("nobody", Refusal("UNKNOWN_ID", "approved_by")),
    ],
)
def test_after_verification_a_withdrawal_needs_the_departments_approver(
    city: City, approved_by: str | None, refusal: Refusal
) -> None:
    assert city.when(withdraw(city.verified(), approved_by=approved_by), by="scorer") == refusal


def test_after_entry_closed_a_withdrawal_needs_the_director(city: City) -> None:
    entered = city.verified()
    close_entry(city)

    assert city.when(withdraw(entered, approved_by="approver"), by="scorer", at=LATE) == Refusal(
        "FORBIDDEN_ROLE", "approved_by"
    )
    city.given(withdraw(entered, approved_by="director"), by="scorer", at=LATE)


@pytest.mark.parametrize("person", ["scorer", "verifier", "colleague"])
def test_who_entered_verified_or_withdraws_a_value_does_not_approve_its_withdrawal(city: City, person: str) -> None:
    entered = city.verified()
    city.give_role(person, Role.APPROVER)

    assert city.when(withdraw(entered, approved_by=person), by="colleague") == Refusal("SEPARATION_OF_DUTIES")


def test_only_the_value_that_stands_is_withdrawn(city: City) -> None:
    first = city.entered("7.4")
    city.entered("7.5")

    assert city.when(withdraw(first), by="scorer") == Refusal("STALE_EXPECTED_VERSION")
    assert city.when(replace(withdraw(first), unit_id="U01"), by="scorer") == Refusal("NOT_ENTERED")


# Deadlines and late entry.


def test_t1_a_deadline_day_ends_at_midnight_in_the_city(city: City) -> None:
    given = time_vector("T1")
    accepted, refused = (datetime.fromisoformat(given[each]) for each in ("accepted", "refused"))
    assert end_of(date.fromisoformat(given["deadline"]), given["tz"]) == refused
    assert PLAN.timezone == given["tz"]

    assert city.when(enter("7.4"), by="scorer", at=refused) == Refusal(given["error"])
    city.given(enter("7.4"), by="scorer", at=accepted)


def test_claims_and_verifications_have_deadlines_of_their_own(city: City) -> None:
    assert city.when(claim("7.4"), by="reporter", at=instant("2019-01-09 00:00")) == Refusal("DEADLINE_PASSED")
    entered = city.given(enter("7.4"), by="scorer", at=instant("2019-01-10 23:59"))
    assert city.when(verify(entered), by="verifier", at=instant("2019-01-21 00:00")) == Refusal("DEADLINE_PASSED")
    city.given(verify(entered), by="verifier", at=instant("2019-01-20 23:59"))


def test_a_decision_before_a_deadline_is_recorded_before_it_or_not_at_all(city: City) -> None:
    world = city.world("scorer")
    enter("7.4").decide(world)

    assert world.expires_at == end_of(date(2019, 1, 10), PLAN.timezone)


def test_without_a_calendar_there_are_no_deadlines() -> None:
    city = found_city(replace(PLAN, calendar=Calendar()))

    city.given(enter("7.4"), by="scorer", at=instant("2031-01-01 00:00"))


def test_a_late_entry_is_for_when_the_deadline_has_passed(city: City) -> None:
    assert city.when(enter_late("7.4"), by="scorer", at=NOW) == Refusal("PHASE_VIOLATION")
    city.given(enter_late("7.4"), by="scorer", at=instant("2019-01-11 00:00"))


def test_a_late_entry_is_possible_after_entry_closed_where_a_timely_one_is_not(city: City) -> None:
    close_entry(city)

    assert city.when(enter("7.4"), by="scorer", at=LATE) == Refusal("PHASE_VIOLATION")
    late = city.given(enter_late("7.4"), by="scorer", at=LATE)
    city.given(verify(late), by="verifier", at=LATE)
    assert bases(city) == [None, "7.4", "7.4"]


def test_a_late_entry_needs_the_director_and_a_reason(city: City) -> None:
    late = enter_late("7.4")

    assert city.when(replace(late, approved_by="approver"), by="scorer", at=LATE) == Refusal(
        "FORBIDDEN_ROLE", "approved_by"
    )
    assert city.when(replace(late, late_reason="Late"), by="scorer", at=LATE) == Refusal(
        "REASON_TOO_SHORT", "late_reason"
    )


def test_a_director_who_enters_late_does_not_approve_it(city: City) -> None:
    city.give_role("director", Role.SCORER)

    assert city.when(enter_late("7.4"), by="director", at=LATE) == Refusal("SEPARATION_OF_DUTIES", "approved_by")


def test_a_late_entry_for_a_period_that_has_not_ended_is_refused(city: City) -> None:
    assert city.when(enter_late("7.4"), by="scorer", at=instant("2018-12-31 23:59")) == Refusal(
        "PERIOD_NOT_ENDED", "period"
    )


def test_a_period_ends_at_midnight_in_the_city_unless_the_value_is_interim(city: City) -> None:
    last_minute = instant("2018-12-31 23:59")
    assert city.when(enter("7.4"), by="scorer", at=last_minute) == Refusal("PERIOD_NOT_ENDED", "period")
    city.given(replace(enter("7.4"), interim=True), by="scorer", at=last_minute)
    city.given(enter("7.4"), by="scorer", at=instant("2019-01-01 00:00"))


# Entry rules of the plan.


def test_nobody_scores_their_own_unit_unless_the_plan_allows_it() -> None:
    for allowed in (False, True):
        city = found_city(replace(PLAN, may_score_own_unit=allowed))
        city.given(RegisterPerson(subject_id="local", display_name="Local", home_unit_id="U04"), by="admin")
        city.given(grant("local", Role.SCORER), by="admin")

        outcome = city.when(enter("7.4", "U04"), by="local")

        assert isinstance(outcome, tuple) if allowed else outcome == Refusal("SEPARATION_OF_DUTIES", "unit_id")
        city.given(enter("7.4", "U05"), by="local")


def test_the_department_that_scores_an_indicator_alone_enters_it() -> None:
    city = found_city(plan_with(replace(PLAN.indicators[0], scoring_unit_id="U05"), *PLAN.indicators[1:]))
    city.given(RegisterPerson(subject_id="clerk", display_name="Clerk", home_unit_id="U05"), by="admin")
    city.given(grant("clerk", Role.SCORER), by="admin")

    assert city.when(enter("7.4"), by="scorer") == Refusal("OUT_OF_SCOPE_UNIT", "indicator_id")
    city.given(enter("7.4"), by="clerk")
    city.given(enter("0.5", indicator_id="B"), by="scorer")
    # Of the department itself others judge.
    city.given(enter("7.4", "U05"), by="scorer")
    assert city.when(enter_late("7.4"), by="scorer", at=LATE) == Refusal("OUT_OF_SCOPE_UNIT", "indicator_id")


@pytest.mark.parametrize(("points", "needs_note"), [("59.99", True), ("60", False), ("95", False), ("95.01", True)])
def test_remarkable_points_need_a_note(city: City, points: str, needs_note: bool) -> None:
    award = enter(points, indicator_id="C")

    outcome = city.when(award, by="scorer")
    assert outcome == Refusal("REASON_REQUIRED", "note") if needs_note else isinstance(outcome, tuple)
    city.given(replace(award, note="Two national prizes."), by="scorer")


def test_an_entry_cites_as_many_different_documents_as_the_indicator_wants() -> None:
    two = replace(PLAN.indicators[0], evidence_count_min=2)
    city = found_city(plan_with(two, *PLAN.indicators[1:]))

    assert city.when(replace(enter("7.4"), evidence=EVIDENCE), by="scorer") == Refusal("EVIDENCE_REQUIRED", "evidence")
    assert city.when(replace(enter("7.4"), evidence=EVIDENCE * 2), by="scorer") == Refusal(
        "EVIDENCE_REQUIRED", "evidence"
    )

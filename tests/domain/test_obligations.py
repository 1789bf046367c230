"""What the rules ask for and nobody did yet, and what was done that no rule carries any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from city import CYCLE, NOW, City, found_city
from rewarding import (
    DECIDED,
    FIRST,
    GRADED,
    NOTICE,
    PAID,
    PRAISE,
    REVIEWED,
    REVISED,
    REWARDING,
    WARNING,
    confirm,
    graded_city,
    honour,
    impose_veto,
    lift_veto,
    punish,
    revise_grades,
    revoke,
    reward,
    rewarded_city,
)
from serving import CADRE_PLAN, compute, decide, graded, peopled, served, veto

from ledger.domain.commands import RecordRecovery, SuspendDecision
from ledger.domain.decision import Decision, PunishmentDecided
from ledger.domain.facts import Actor
from ledger.domain.obligations import (
    CADRES,
    BasisStatus,
    Duties,
    Obligation,
    ObligationKind,
    ObligationStatus,
    basis_status,
)
from ledger.domain.plan import Calendar, Plan
from ledger.domain.veto import VetoEffect, Vetoes

MONEY = Decimal("50000.00")
HOLIDAY = date(2019, 3, 6)
TODAY = NOW.date()
PLAN = replace(REWARDING, calendar=replace(REWARDING.calendar, holidays=(HOLIDAY,)))


def duties_of(city: City) -> Duties:
    """The duties that all events of the city leave."""
    duties = Duties()
    for event in city.memory.events:
        duties = duties.evolve(event)
    return duties


def due(city: City, today: date, plan: Plan = PLAN) -> list[Obligation]:
    """What there is to do about U04 on a day."""
    return [obligation for obligation in duties_of(city).due(plan, today) if obligation.unit_id == "U04"]


def kinds(city: City, today: date) -> list[ObligationKind]:
    """The kinds of what there is to do about U04 on a day."""
    return [obligation.kind for obligation in due(city, today)]


def undecided(basis: int) -> Obligation:
    """The reward that U04 is owed since the grades were opened."""
    return Obligation(
        kind=ObligationKind.DUE_UNDECIDED,
        unit_id="U04",
        article="R1",
        grade="EXCELLENT",
        amount=MONEY,
        positions=(basis,),
        since_on=GRADED.date(),
        due_on=GRADED.date() + timedelta(days=30),
    )


def test_grades_that_a_required_rule_names_have_to_be_decided_on() -> None:
    city, basis = graded_city()

    found = duties_of(city).due(PLAN, GRADED.date())

    assert found == tuple(
        replace(undecided(basis), unit_id=unit_id, grade=FIRST[unit_id]) for unit_id in ("U01", "U03", "U04")
    )


def test_a_duty_is_overdue_the_day_after_its_last_one() -> None:
    city, basis = graded_city()
    last = date(2019, 3, 3)

    assert due(city, last) == [undecided(basis)]
    assert due(city, last + timedelta(days=1)) == [replace(undecided(basis), status=ObligationStatus.OVERDUE)]


def test_before_grades_are_opened_nothing_is_due() -> None:
    assert duties_of(found_city(REWARDING)).due(PLAN, GRADED.date()) == ()


def test_a_revision_that_keeps_a_grade_within_its_rule_gives_no_new_time() -> None:
    city, basis = graded_city()
    revise_grades(city, basis, U04="GOOD")

    assert due(city, GRADED.date()) == [replace(undecided(basis), grade="GOOD")]


def test_a_grade_that_is_new_to_a_rule_is_due_since_the_revision() -> None:
    city, basis = graded_city({**FIRST, "U04": "QUALIFIED"})
    assert due(city, GRADED.date()) == []
    revised = revise_grades(city, basis, U04="EXCELLENT")

    since = replace(undecided(revised), since_on=REVISED.date(), due_on=date(2019, 3, 31))
    assert due(city, GRADED.date()) == [since]


def test_a_decision_has_to_be_carried_out_in_time() -> None:
    city, _, position = rewarded_city()
    expected = Obligation(
        kind=ObligationKind.DECIDED_NOT_EXECUTED,
        unit_id="U04",
        article="R1",
        grade="EXCELLENT",
        amount=MONEY,
        positions=(position,),
        since_on=DECIDED.date(),
        due_on=date(2019, 4, 12),
    )

    assert due(city, date(2019, 4, 12)) == [expected]
    assert due(city, date(2019, 4, 13)) == [replace(expected, status=ObligationStatus.OVERDUE)]
    city.given(honour("U04", position), by="office", at=PAID)
    assert due(city, date(2019, 4, 13)) == []


def test_a_suspended_decision_is_not_to_be_carried_out() -> None:
    city, _, position = rewarded_city()
    suspend = SuspendDecision(cycle_id=CYCLE, unit_id="U04", decision_position=position, reference="Appeal 7")
    city.given(suspend, by="leading", at=DECIDED)

    assert due(city, PAID.date()) == []


def test_a_decision_on_revised_grades_has_to_be_reviewed_within_working_days() -> None:
    city, basis, position = rewarded_city()
    revised = revise_grades(city, basis)
    expected = Obligation(
        kind=ObligationKind.BASIS_SUPERSEDED,
        unit_id="U04",
        article="R1",
        grade="EXCELLENT",
        amount=MONEY,
        positions=(position, revised),
        since_on=REVISED.date(),
        due_on=date(2019, 3, 18),
    )

    assert due(city, REVISED.date()) == [expected]
    assert due(city, date(2019, 3, 19)) == [replace(expected, status=ObligationStatus.OVERDUE)]
    without_holiday = replace(PLAN, calendar=Calendar())
    assert due(city, REVISED.date(), without_holiday) == [replace(expected, due_on=date(2019, 3, 15))]


def test_the_review_is_due_since_the_first_revision_that_was_not_looked_at() -> None:
    city, basis, position = rewarded_city()
    revised = revise_grades(city, basis)
    latest = revise_grades(city, revised, at=REVIEWED)

    assert [obligation.positions for obligation in due(city, REVIEWED.date())] == [(position, revised)]
    city.given(confirm("U04", position, latest), by="leading", at=REVIEWED)
    assert kinds(city, REVIEWED.date()) == [ObligationKind.DECIDED_NOT_EXECUTED]


def test_a_decision_whose_rule_no_longer_names_the_grade_stands_without_a_rule() -> None:
    city, basis, position = rewarded_city()
    revise_grades(city, basis, U04="QUALIFIED")

    found = due(city, REVISED.date())

    assert [obligation.kind for obligation in found] == [
        ObligationKind.BASIS_SUPERSEDED,
        ObligationKind.DECIDED_WITHOUT_RULE,
    ]
    assert found[1] == Obligation(
        kind=ObligationKind.DECIDED_WITHOUT_RULE,
        unit_id="U04",
        article="R1",
        grade="QUALIFIED",
        amount=MONEY,
        positions=(position,),
        since_on=DECIDED.date(),
        due_on=None,
    )


def test_a_person_answers_for_the_grade_in_force_of_their_unit() -> None:
    city, basis = graded_city({**FIRST, "U04": "UNQUALIFIED"})
    warning = replace(punish("U04", "UNQUALIFIED", basis, WARNING), unit_id=None, subject_id="reporter")
    position = city.given(warning, by="leading", at=DECIDED)
    revise_grades(city, basis, U04="GOOD")

    found = [each for each in duties_of(city).due(PLAN, REVISED.date()) if each.subject_id == "reporter"]

    assert [(each.kind, each.positions[0], each.grade) for each in found] == [
        (ObligationKind.BASIS_SUPERSEDED, position, "GOOD"),
        (ObligationKind.DECIDED_WITHOUT_RULE, position, "GOOD"),
    ]


def test_a_decision_about_a_person_from_before_units_were_recorded_keeps_the_grade_it_was_taken_on() -> None:
    city, basis = graded_city({**FIRST, "U04": "UNQUALIFIED"})
    warning = replace(punish("U04", "UNQUALIFIED", basis, WARNING), unit_id=None, subject_id="reporter")
    [decided] = warning.decide(city.world("leading", at=DECIDED))
    assert isinstance(decided, PunishmentDecided)
    assert decided.answering_unit_id == "U04"
    city.memory.record(replace(decided, answering_unit_id=None), actor=Actor("leading", "LEADING"), at=DECIDED)
    revise_grades(city, basis, U04="GOOD")

    found = [each for each in duties_of(city).due(PLAN, REVISED.date()) if each.subject_id == "reporter"]

    assert [(each.kind, each.grade) for each in found] == [(ObligationKind.BASIS_SUPERSEDED, "UNQUALIFIED")]


def test_a_decision_whose_rule_left_the_plan_stands_without_a_rule_and_without_a_day() -> None:
    city, _, _ = rewarded_city()

    found = due(city, PAID.date(), replace(PLAN, decisions=(PRAISE,)))

    assert [(obligation.kind, obligation.due_on) for obligation in found] == [
        (ObligationKind.DECIDED_WITHOUT_RULE, None),
        (ObligationKind.DECIDED_NOT_EXECUTED, None),
    ]


def test_another_amount_than_the_rules_is_shown_as_without_a_rule() -> None:
    city, basis = graded_city()
    less = replace(
        reward("U04", "EXCELLENT", basis), amount=Decimal(40000), deviation_reason="The budget was cut in December."
    )
    city.given(less, by="leading", at=DECIDED)

    assert kinds(city, PAID.date()) == [ObligationKind.DECIDED_NOT_EXECUTED, ObligationKind.DECIDED_WITHOUT_RULE]


def test_money_paid_under_a_revoked_decision_is_owed_until_it_came_back() -> None:
    city, basis, position = rewarded_city()
    city.given(honour("U04", position), by="office", at=PAID)
    revise_grades(city, basis, U04="QUALIFIED")
    revoked = city.given(revoke("U04", position), by="leading", at=REVIEWED)
    expected = Obligation(
        kind=ObligationKind.RECOVERY,
        unit_id="U04",
        article="R1",
        grade="QUALIFIED",
        amount=MONEY,
        positions=(position, revoked),
        since_on=REVIEWED.date(),
        due_on=date(2019, 5, 4),
    )
    part = RecordRecovery(
        cycle_id=CYCLE,
        unit_id="U04",
        decision_position=position,
        executed_on=REVIEWED.date(),
        amount=Decimal("20000.00"),
        evidence=honour("U04", position).evidence,
    )

    assert due(city, date(2019, 5, 5)) == [replace(expected, status=ObligationStatus.OVERDUE)]
    city.given(part, by="office", at=REVIEWED)
    assert due(city, REVIEWED.date()) == [replace(expected, amount=Decimal("30000.00"))]
    city.given(replace(part, amount=Decimal("30000.00")), by="office", at=REVIEWED)
    assert due(city, REVIEWED.date()) == []


def test_a_revoked_decision_leaves_the_grade_undecided_again() -> None:
    city, basis, position = rewarded_city()
    city.given(revoke("U04", position), by="leading", at=PAID)

    assert due(city, PAID.date()) == [undecided(basis)]


def test_the_most_urgent_comes_first() -> None:
    city, basis, position = rewarded_city()
    first = duties_of(city).due(PLAN, PAID.date())

    assert [(o.unit_id, o.positions) for o in first] == [("U01", (basis,)), ("U03", (basis,)), ("U04", (position,))]


def decision(city: City) -> Decision:
    """The last decision that was taken."""
    return list(duties_of(city).decisions)[-1]


def test_a_basis_is_current_until_the_grades_are_revised() -> None:
    city, basis, _ = rewarded_city()

    assert duties_of(city).status(decision(city)) is BasisStatus.CURRENT
    revise_grades(city, basis)
    assert duties_of(city).status(decision(city)) is BasisStatus.SUPERSEDED


def test_a_decision_without_a_grading_or_a_veto_misses_its_basis() -> None:
    city, _, _ = rewarded_city()

    assert basis_status(decision(city), gradings={}, vetoes=Vetoes()) is BasisStatus.MISSING


def test_a_punishment_on_a_veto_is_to_be_reviewed_once_the_veto_is_lifted() -> None:
    city = found_city(REWARDING)
    veto = impose_veto(city, at=GRADED)
    position = city.given(punish("U04", None, veto, NOTICE), by="leading", at=DECIDED)

    assert duties_of(city).status(decision(city)) is BasisStatus.CURRENT
    assert kinds(city, DECIDED.date()) == [ObligationKind.DECIDED_NOT_EXECUTED]
    lifted = lift_veto(city, veto, at=REVISED)
    assert duties_of(city).status(decision(city)) is BasisStatus.SUPERSEDED
    assert [(o.kind, o.positions) for o in due(city, REVISED.date())] == [
        (ObligationKind.BASIS_SUPERSEDED, (position, lifted))
    ]


def test_the_obligations_of_the_mini_ledger_after_its_first_restatement() -> None:
    """Position 62 of domain.md 3.12: two rewards to review, one to revoke, one to decide on."""
    city, opened = graded_city()
    for unit_id in ("U04", "U01", "U03"):
        city.given(reward(unit_id, FIRST[unit_id], opened), by="leading", at=DECIDED)
    revise_grades(city, opened, U02="GOOD", U03="QUALIFIED")

    found = duties_of(city).due(PLAN, REVISED.date())

    assert [(o.kind, o.unit_id, o.grade) for o in found] == [
        (ObligationKind.BASIS_SUPERSEDED, "U04", "EXCELLENT"),
        (ObligationKind.BASIS_SUPERSEDED, "U01", "GOOD"),
        (ObligationKind.BASIS_SUPERSEDED, "U03", "QUALIFIED"),
        (ObligationKind.DUE_UNDECIDED, "U02", "GOOD"),
        (ObligationKind.DECIDED_WITHOUT_RULE, "U03", "QUALIFIED"),
    ]


# ---- cadres


def test_a_cadre_is_to_be_graded_anew_once_the_grades_of_a_unit_served_in_are_revised() -> None:
    city = peopled(found_city(CADRE_PLAN))
    served(city, "chen", "U01", date(2018, 1, 1), date(2018, 3, 31))
    served(city, "chen", "U02", date(2018, 4, 1))
    graded(city)
    computed = city.given(compute("chen"), by="orgdept")
    assert of_cadres(city) == []
    decided = city.given(decide("chen", computed, "COMPETENT", "U02"), by="leading")
    assert of_cadres(city) == []
    revised = graded(city)
    expected = Obligation(
        kind=ObligationKind.BASIS_SUPERSEDED,
        subject_id="chen",
        article=CADRES,
        grade="COMPETENT",
        positions=(decided, revised),
        since_on=NOW.date(),
        due_on=date(2019, 1, 18),
    )

    assert of_cadres(city) == [expected]
    assert of_cadres(city, date(2019, 1, 19)) == [replace(expected, status=ObligationStatus.OVERDUE)]
    city.given(compute("chen"), by="orgdept")
    again = city.given(compute("chen", "95.00"), by="orgdept")
    assert of_cadres(city) == [expected]
    city.given(decide("chen", again, "COMPETENT", "U02"), by="leading")
    assert of_cadres(city) == []


def test_a_cadre_is_to_be_graded_anew_once_a_veto_changes() -> None:
    city = peopled(found_city(CADRE_PLAN))
    served(city, "chen", "U01", date(2018, 1, 1))
    graded(city)
    decided = city.given(decide("chen", city.given(compute("chen"), by="orgdept"), "COMPETENT"), by="leading")
    city.given(veto("li", VetoEffect.FORCE_GRADE, "INCOMPETENT"), by="leading")
    assert of_cadres(city) == []

    imposed = city.given(veto("chen", VetoEffect.FORCE_GRADE, "INCOMPETENT"), by="leading")
    assert [obligation.positions for obligation in of_cadres(city)] == [(decided, imposed)]


def test_a_cadre_whose_result_was_computed_anew_on_an_appeal_is_to_be_graded_anew() -> None:
    city = peopled(found_city(CADRE_PLAN))
    served(city, "chen", "U01", date(2018, 1, 1))
    graded(city)
    computed = city.given(compute("chen"), by="orgdept")
    decided = city.given(decide("chen", computed, "COMPETENT"), by="leading")
    event = city.memory.events[computed - 1]
    anew = city.memory.record(event.fact, actor=event.actor, at=NOW).position

    assert [(each.positions, each.grade) for each in of_cadres(city)] == [((decided, anew), "COMPETENT")]


def of_cadres(city: City, today: date = TODAY) -> list[Obligation]:
    """What there is to do about the grades of cadres."""
    return [obligation for obligation in duties_of(city).due(CADRE_PLAN, today) if obligation.of_cadre]

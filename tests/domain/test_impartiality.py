"""Nobody acts in the matter of a unit they belong to, by home or by post."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from articles import RULES as ADJUSTMENTS
from articles import article
from belonging import Tie, insider, posted
from city import (
    BECAUSE,
    CYCLE,
    EVIDENCE,
    LATE,
    MIDSUMMER,
    NOW,
    YEAR,
    City,
    Refusal,
    approve,
    enter,
    enter_late,
    found_city,
    set_target,
    verify,
    withdraw,
)
from serving import CADRE_PLAN, compute, decide, graded, peopled, served, veto

from ledger.domain.commands import (
    AdjustTarget,
    GrantDelegation,
    ImposeDeduction,
    LiftVeto,
    RegisterPerson,
    RejectCorrection,
    ReturnScore,
)
from ledger.domain.impartiality import own_units
from ledger.domain.persons import Person
from ledger.domain.posts import Posts, Tenure
from ledger.domain.roles import Role
from ledger.domain.score import ReasonCode
from ledger.domain.targets import TargetReason
from ledger.domain.veto import VetoEffect
from ledger.domain.world import Command

PLAN = replace(CADRE_PLAN, adjustments=ADJUSTMENTS)
SEPARATED = Refusal("SEPARATION_OF_DUTIES", "unit_id")
CONFLICT = Refusal("CONFLICT_OF_INTEREST", "unit_id")


@pytest.fixture
def city() -> City:
    """The city whose plan has articles for points, vetoes and cadres."""
    return found_city(PLAN)


def test_somebody_belongs_to_the_home_unit_and_to_those_of_the_posts_held_that_day() -> None:
    day = date(2019, 1, 5)
    posts = Posts(
        (
            Tenure(1, "U01", "Head", date(2012, 3, 1), date(2019, 1, 4)),
            Tenure(2, "U02", "Deputy head", date(2018, 3, 1), day),
            Tenure(3, "U03", "Adviser", day),
            Tenure(4, "U04", "Head", date(2019, 1, 6)),
        )
    )

    assert own_units(Person(home_unit_id="U05"), posts, day) == {"U02", "U03", "U05"}
    assert own_units(Person(), Posts(), day) == frozenset()


# ---- scores


def give_back(city: City) -> Command:
    return ReturnScore(
        cycle_id=CYCLE,
        unit_id="U04",
        indicator_id="A",
        period=YEAR,
        returned_position=city.entered(),
        reason_code=ReasonCode.TRANSCRIPTION_ERROR,
        reason="The yearbook says 7.6.",
    )


def reject(city: City) -> Command:
    return RejectCorrection(
        cycle_id=CYCLE,
        unit_id="U04",
        indicator_id="A",
        period=YEAR,
        request_position=city.requested(),
        reason="The yearbook confirms 7.4.",
    )


ABOUT_A_SCORE = [
    (Role.SCORER, lambda _: enter("7.4")),
    (Role.VERIFIER, lambda city: verify(city.entered())),
    (Role.VERIFIER, give_back),
    (Role.APPROVER, lambda city: approve(city.requested())),
    (Role.APPROVER, reject),
]


@pytest.mark.parametrize("tie", Tie)
@pytest.mark.parametrize(("role", "asked"), ABOUT_A_SCORE)
def test_nobody_scores_verifies_or_corrects_for_their_own_unit(
    city: City, tie: Tie, role: Role, asked: Callable[[City], Command]
) -> None:
    assert city.when(asked(city), by=insider(city, role, tie)) == SEPARATED


@pytest.mark.parametrize(("role", "asked"), ABOUT_A_SCORE)
def test_a_plan_may_let_units_be_scored_by_their_own(role: Role, asked: Callable[[City], Command]) -> None:
    city = found_city(replace(PLAN, may_score_own_unit=True))

    city.given(asked(city), by=insider(city, role))


@pytest.mark.parametrize("tie", Tie)
def test_nobody_of_the_unit_approves_that_a_value_comes_late_or_is_withdrawn(city: City, tie: Tie) -> None:
    refusal = Refusal("SEPARATION_OF_DUTIES", "approved_by")
    position = city.verified()
    approver = insider(city, Role.APPROVER, tie)

    assert city.when(withdraw(position, approved_by=approver), by="scorer") == refusal
    city.given(withdraw(position, approved_by="approver"), by="scorer")
    city.give_role(approver, Role.DIRECTOR)
    late = enter_late("7.4")
    assert city.when(replace(late, approved_by=approver), by="scorer", at=LATE) == refusal
    city.given(late, by="scorer", at=LATE)


@pytest.mark.parametrize("tie", Tie)
def test_nobody_of_the_unit_enters_late_or_withdraws_what_is_verified(city: City, tie: Tie) -> None:
    position = city.verified()
    scorer = insider(city, Role.SCORER, tie)

    assert city.when(withdraw(position, approved_by="approver"), by=scorer) == SEPARATED
    city.given(withdraw(position, approved_by="approver"), by="scorer")
    assert city.when(enter_late("7.4"), by=scorer, at=LATE) == SEPARATED


def test_a_post_that_was_left_is_no_bar_and_one_to_come_is_none_yet(city: City) -> None:
    posted(city, "verifier", date(2012, 3, 1), date(2019, 1, 4))
    posted(city, "verifier", date(2019, 1, 6))
    entered = city.entered()

    city.given(verify(entered), by="verifier")
    posted(city, "colleague", date(2019, 1, 5))
    assert city.when(enter("7.4", indicator_id="B"), by="colleague") == SEPARATED


def test_nobody_of_the_unit_acts_for_another_nor_another_for_them(city: City) -> None:
    entered = city.entered()
    local = insider(city, Role.VERIFIER, Tie.POST)
    city.given(RegisterPerson(subject_id="stranger", display_name="stranger"), by="admin")

    def lent(lender: str, to: str) -> GrantDelegation:
        first, last = NOW.date(), date(2019, 1, 30)
        return GrantDelegation(subject_id=to, role=Role.VERIFIER, valid_from=first, valid_to=last, reason="On leave.")

    city.given(lent(local, "stranger"), by=local)
    city.given(lent("verifier", local), by="verifier")
    assert city.when(verify(entered), by="stranger", on_behalf_of=local) == SEPARATED
    assert city.when(verify(entered), by=local, on_behalf_of="verifier") == SEPARATED


# ---- what is decided about a unit


DEDUCTION = ImposeDeduction(
    cycle_id=CYCLE,
    unit_id="U04",
    rule=article("31"),
    matter_id="m9",
    points=Decimal("0.5"),
    occurred_on=date(2018, 9, 1),
    evidence=EVIDENCE,
)
VETO = replace(veto("chen", VetoEffect.MAX_GRADE, "QUALIFIED"), unit_id="U04", subject_id=None)


def lift(city: City) -> Command:
    return LiftVeto(
        cycle_id=CYCLE,
        unit_id="U04",
        veto_position=city.given(VETO, by="leading"),
        reason=BECAUSE,
        evidence=EVIDENCE,
        approved_by="director",
    )


def adjust(city: City) -> Command:
    city.given(set_target("9"), by="office", at=MIDSUMMER)
    return AdjustTarget(
        cycle_id=CYCLE,
        unit_id="U04",
        indicator_id="A",
        new_target=Decimal("7.5"),
        reason_code=TargetReason.POLICY_CHANGE,
        reason="The province lowered its own target.",
        evidence=EVIDENCE,
        requested_by="reporter",
        late_authority=EVIDENCE[0],
    )


@pytest.mark.parametrize("tie", Tie)
@pytest.mark.parametrize("asked", [lambda _: DEDUCTION, lambda _: VETO, lift, adjust])
def test_nobody_of_the_leading_group_decides_about_their_own_unit(
    city: City, tie: Tie, asked: Callable[[City], Command]
) -> None:
    command = asked(city)

    assert city.when(command, by=insider(city, Role.LEADING, tie)) == CONFLICT
    city.given(command, by="leading")


def test_nobody_of_the_unit_approves_that_a_veto_ends(city: City) -> None:
    lifting = lift(city)
    director = insider(city, Role.DIRECTOR)

    assert city.when(replace(lifting, approved_by=director), by="leading") == Refusal(
        "CONFLICT_OF_INTEREST", "approved_by"
    )


@pytest.mark.parametrize("tie", Tie)
def test_nobody_vetoes_themselves_or_somebody_of_their_own_unit(city: City, tie: Tie) -> None:
    local = insider(city, Role.LEADING, tie)
    refusal = Refusal("CONFLICT_OF_INTEREST", "subject_id")

    assert city.when(veto("reporter", VetoEffect.MAX_GRADE, "COMPETENT"), by=local) == refusal
    assert city.when(veto("leading", VetoEffect.MAX_GRADE, "COMPETENT"), by="leading") == refusal
    city.given(veto("scorer", VetoEffect.MAX_GRADE, "COMPETENT"), by=local)


def test_nobody_grades_the_cadres_of_their_own_unit() -> None:
    city = peopled(found_city(PLAN))
    served(city, "chen", "U01", date(2018, 1, 1))
    served(city, "leading", "U01", date(2018, 1, 1))
    graded(city)
    position = city.given(compute("chen"), by="orgdept")

    assert city.when(decide("chen", position, "COMPETENT"), by="leading") == CONFLICT

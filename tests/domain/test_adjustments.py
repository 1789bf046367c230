"""Points added and taken off: who claims, who grants, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from articles import BONUS, RULES, article
from city import BECAUSE, CYCLE, EVIDENCE, GROUP, NOW, PLAN, City, Refusal, found_city, grant

from ledger.domain.adjusting import counted
from ledger.domain.adjustment import (
    Adjustment,
    AdjustmentCarriedOver,
    AdjustmentRevoked,
    Adjustments,
    AdjustmentStatus,
    AwardLevel,
    BonusApproved,
    BonusClaimed,
    BonusRejected,
    DeductionImposed,
    adjustment_stream,
)
from ledger.domain.commands import (
    ApproveBonus,
    CarryOverAdjustment,
    ClaimBonus,
    ImposeDeduction,
    IssueMeasures,
    OpenCycle,
    PlanCycle,
    RegisterPerson,
    RejectBonus,
    RevokeAdjustment,
)
from ledger.domain.commands.planning import IssuePlanVersion, RepealMeasures
from ledger.domain.facts import Actor
from ledger.domain.grading import GradesOpened
from ledger.domain.measures import Article
from ledger.domain.publication import RestatementOpened
from ledger.domain.roles import Role, Scope
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.rulings import Rulings
from ledger.domain.world import Command

CLAIM = ClaimBonus(
    cycle_id=CYCLE,
    unit_id="U04",
    rule=article("21"),
    matter_id="m1",
    level=AwardLevel.NATIONAL,
    points=Decimal("1.5"),
    occurred_on=date(2018, 9, 1),
    evidence=EVIDENCE,
    document_no="国发〔2018〕12号",
    issued_on=date(2018, 12, 1),
)
IMPOSE = ImposeDeduction(
    cycle_id=CYCLE,
    unit_id="U04",
    rule=article("31"),
    matter_id="m9",
    points=Decimal("0.5"),
    occurred_on=date(2018, 9, 1),
    evidence=EVIDENCE,
)


def approving(position: int, points: str = "1.5") -> ApproveBonus:
    return ApproveBonus(cycle_id=CYCLE, unit_id="U04", claim_position=position, points_granted=Decimal(points))


def rejecting(position: int, reason: str = "No award of this kind.") -> RejectBonus:
    return RejectBonus(cycle_id=CYCLE, unit_id="U04", claim_position=position, reason=reason)


def revoking(position: int) -> RevokeAdjustment:
    return RevokeAdjustment(cycle_id=CYCLE, unit_id="U04", target_position=position, reason=BECAUSE)


def carrying(position: int, to_cycle_id: str = "MINI-2019") -> CarryOverAdjustment:
    return CarryOverAdjustment(
        cycle_id=CYCLE, unit_id="U04", target_position=position, to_cycle_id=to_cycle_id, reason=BECAUSE
    )


@pytest.fixture
def city() -> City:
    """The city whose plan has articles for points."""
    return found_city(replace(PLAN, adjustments=RULES))


def adjustments(city: City, cycle_id: str = CYCLE) -> Adjustments:
    return city.memory.load(adjustment_stream(cycle_id, "U04"))[1]


def granted(city: City, claim: ClaimBonus = CLAIM) -> int:
    return city.given(approving(city.given(claim, by="reporter"), str(claim.points)), by="director")


def test_a_bonus_is_claimed_with_its_document_and_granted_by_another(city: City) -> None:
    assert city.when(CLAIM, by="reporter") == (
        BonusClaimed(
            cycle_id=CYCLE,
            unit_id="U04",
            rule=article("21"),
            matter_id="m1",
            level=AwardLevel.NATIONAL,
            points=Decimal("1.5"),
            occurred_on=date(2018, 9, 1),
            evidence=EVIDENCE,
            document_no="国发〔2018〕12号",
            issued_on=date(2018, 12, 1),
        ),
    )
    claimed = city.head

    assert city.when(approving(claimed, "1.2"), by="leading") == (
        BonusApproved(
            cycle_id=CYCLE,
            unit_id="U04",
            claim_position=claimed,
            rule=article("21"),
            matter_id="m1",
            level=AwardLevel.NATIONAL,
            points_granted=Decimal("1.2"),
            approved_by="leading",
        ),
    )
    assert adjustments(city).of("U04") == (
        Adjustment(
            positions=(claimed, claimed + 1),
            kind=BONUS,
            unit_id="U04",
            rule=article("21"),
            matter_id="m1",
            level=AwardLevel.NATIONAL,
            points_claimed=Decimal("1.5"),
            points=Decimal("1.2"),
            issued_on=date(2018, 12, 1),
            status=AdjustmentStatus.APPROVED,
            persons=frozenset({"reporter"}),
        ),
    )


def test_a_reporter_claims_for_their_own_unit_and_the_office_for_any(city: City) -> None:
    elsewhere = replace(CLAIM, unit_id="U03")

    assert city.when(elsewhere, by="reporter") == Refusal("OUT_OF_SCOPE_UNIT")
    assert city.when(elsewhere, by="scorer") == Refusal("FORBIDDEN_ROLE")
    city.given(elsewhere, by="office")


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (replace(CLAIM, rule=article("99")), Refusal("RULE_NOT_FOUND", "rule")),
        (replace(CLAIM, rule=article("21", version=2)), Refusal("RULE_NOT_FOUND", "rule")),
        (replace(CLAIM, rule=article("31")), Refusal("RULE_NOT_FOUND", "rule")),
        (replace(CLAIM, points=Decimal("5.01")), Refusal("OUT_OF_RANGE", "points")),
        (replace(CLAIM, points=Decimal(0)), Refusal("OUT_OF_RANGE", "points")),
        (replace(CLAIM, points=Decimal("1.005")), Refusal("SCALE_EXCEEDED", "points")),
        (replace(CLAIM, occurred_on=date(2017, 12, 31)), Refusal("OUT_OF_RANGE", "occurred_on")),
        (replace(CLAIM, occurred_on=date(2019, 1, 1)), Refusal("OUT_OF_RANGE", "occurred_on")),
        (replace(CLAIM, issued_on=date(2019, 1, 6)), Refusal("OUT_OF_RANGE", "issued_on")),
        (replace(CLAIM, evidence=()), Refusal("EVIDENCE_REQUIRED", "evidence")),
        (replace(CLAIM, evidence=("f" * 64,)), Refusal("EVIDENCE_UNKNOWN", "evidence")),
        (replace(CLAIM, document_no=" "), Refusal("EVIDENCE_REQUIRED", "document_no")),
        (replace(CLAIM, matter_id="m 1"), Refusal("MALFORMED_INPUT", "matter_id")),
        (replace(CLAIM, carried_over_from="MINI-2017"), Refusal("UNKNOWN_ID", "carried_over_from")),
        (replace(CLAIM, cycle_id="MINI-2019"), Refusal("UNKNOWN_ID", "cycle_id")),
        (replace(CLAIM, unit_id="U99"), Refusal("UNKNOWN_ID", "unit_id")),
    ],
)
def test_a_claim_without_rule_time_or_document_is_refused(city: City, command: Command, refusal: Refusal) -> None:
    assert city.when(command, by="office") == refusal


def test_an_article_of_the_measures_earns_the_points_that_the_plan_has_for_it(city: City) -> None:
    articles = tuple(Article(article=number, title=number) for number in ("21", "40"))
    revised = IssueMeasures(
        measures_id="M-1", title="Measures", articles=articles, in_force_from=date(2019, 1, 1), evidence=EVIDENCE
    )
    city.given(revised, by="leading")
    known, unknown = (RuleRef(source=RuleSource.MEASURES, version=2, article=number) for number in ("21", "40"))

    assert city.when(replace(CLAIM, rule=unknown), by="reporter") == Refusal("RULE_NOT_FOUND", "rule")
    assert city.when(replace(CLAIM, rule=replace(known, version=1)), by="reporter") == Refusal("RULE_NOT_FOUND", "rule")
    city.given(replace(CLAIM, rule=known), by="reporter")


def test_nobody_grants_or_rejects_what_they_claimed(city: City) -> None:
    city.given(grant("office", Role.DIRECTOR), by="admin")
    claimed = city.given(CLAIM, by="office")

    assert city.when(approving(claimed), by="office") == Refusal("SEPARATION_OF_DUTIES")
    assert city.when(rejecting(claimed), by="office") == Refusal("SEPARATION_OF_DUTIES")
    assert city.when(approving(claimed), by="verifier") == Refusal("FORBIDDEN_ROLE")


def test_nobody_decides_about_points_of_their_own_unit(city: City) -> None:
    city.given(RegisterPerson(subject_id="head", display_name="head", home_unit_id="U04"), by="admin")
    city.given(grant("head", Role.LEADING), by="admin")
    claimed = city.given(CLAIM, by="reporter")

    assert city.when(approving(claimed), by="head") == Refusal("CONFLICT_OF_INTEREST", "unit_id")
    assert city.when(IMPOSE, by="head") == Refusal("CONFLICT_OF_INTEREST", "unit_id")


def test_points_are_decided_about_within_the_groups_of_ones_scope(city: City) -> None:
    claimed = city.given(CLAIM, by="office")
    for person, group_id in (("here", GROUP), ("elsewhere", "G9")):
        city.given(RegisterPerson(subject_id=person, display_name=person), by="admin")
        city.give_role(person, Role.DIRECTOR, Scope(group_ids=(group_id,)))

    assert city.when(approving(claimed), by="elsewhere") == Refusal("OUT_OF_SCOPE_UNIT")
    city.given(approving(claimed), by="here")


def test_no_more_is_granted_than_was_claimed(city: City) -> None:
    claimed = city.given(CLAIM, by="reporter")

    assert city.when(approving(claimed, "1.51"), by="director") == Refusal("OUT_OF_RANGE", "points_granted")
    assert city.when(approving(claimed, "0"), by="director") == Refusal("OUT_OF_RANGE", "points_granted")
    assert city.when(approving(claimed, "1.125"), by="director") == Refusal("SCALE_EXCEEDED", "points_granted")
    assert city.when(approving(claimed - 1), by="director") == Refusal("UNKNOWN_ID", "claim_position")


def test_a_claim_is_decided_once(city: City) -> None:
    claimed = city.given(CLAIM, by="reporter")

    assert city.when(rejecting(claimed, "No"), by="director") == Refusal("REASON_TOO_SHORT", "reason")
    assert city.when(rejecting(claimed), by="director") == (
        BonusRejected(cycle_id=CYCLE, unit_id="U04", claim_position=claimed, reason="No award of this kind."),
    )
    assert city.when(approving(claimed), by="director") == Refusal("REQUEST_NOT_OPEN", "claim_position")
    assert city.when(rejecting(claimed), by="leading") == Refusal("REQUEST_NOT_OPEN", "claim_position")
    assert city.when(revoking(claimed), by="director") == Refusal("NO_CHANGE", "target_position")


def test_a_deduction_is_imposed_on_evidence(city: City) -> None:
    assert city.when(IMPOSE, by="office") == Refusal("FORBIDDEN_ROLE")
    assert city.when(replace(IMPOSE, rule=article("21")), by="director") == Refusal("RULE_NOT_FOUND", "rule")
    assert city.when(replace(IMPOSE, points=Decimal("3.5")), by="director") == Refusal("OUT_OF_RANGE", "points")
    assert city.when(replace(IMPOSE, evidence=()), by="director") == Refusal("EVIDENCE_REQUIRED", "evidence")
    late = replace(IMPOSE, occurred_on=date(2019, 1, 2))
    assert city.when(late, by="director") == Refusal("OUT_OF_RANGE", "occurred_on")
    assert city.when(IMPOSE, by="director") == (
        DeductionImposed(
            cycle_id=CYCLE,
            unit_id="U04",
            rule=article("31"),
            matter_id="m9",
            points=Decimal("0.5"),
            occurred_on=date(2018, 9, 1),
            evidence=EVIDENCE,
        ),
    )


def test_what_is_in_force_is_revoked_once_by_the_position_of_claim_or_approval(city: City) -> None:
    approved = granted(city)
    imposed = city.given(IMPOSE, by="director")

    assert city.when(revoking(approved), by="director") == (
        AdjustmentRevoked(cycle_id=CYCLE, unit_id="U04", target_position=approved, reason=BECAUSE),
    )
    city.given(revoking(imposed), by="leading")
    assert city.when(revoking(approved - 1), by="director") == Refusal("NO_CHANGE", "target_position")
    assert city.when(revoking(imposed), by="director") == Refusal("NO_CHANGE", "target_position")
    assert city.when(revoking(1), by="director") == Refusal("UNKNOWN_ID", "target_position")


def test_an_award_dated_after_the_cycle_counts_in_the_next_one(city: City) -> None:
    dated_later = replace(CLAIM, issued_on=date(2019, 1, 3))
    claimed = city.given(dated_later, by="reporter")
    assert city.when(approving(claimed), by="director") == Refusal("OUT_OF_RANGE", "claim_position")

    assert city.when(carrying(claimed, CYCLE), by="director") == Refusal("OUT_OF_RANGE", "to_cycle_id")
    assert city.when(carrying(claimed), by="director") == (
        AdjustmentCarriedOver(
            cycle_id=CYCLE, unit_id="U04", target_position=claimed, to_cycle_id="MINI-2019", reason=BECAUSE
        ),
    )
    assert city.when(carrying(claimed), by="director") == Refusal("NO_CHANGE", "target_position")
    assert city.when(approving(claimed), by="director") == Refusal("REQUEST_NOT_OPEN", "claim_position")

    begin_next_year(city)
    again = replace(dated_later, cycle_id="MINI-2019", carried_over_from=CYCLE)
    other = replace(again, matter_id="m2")
    assert city.when(replace(again, carried_over_from=None), by="reporter") == Refusal("OUT_OF_RANGE", "occurred_on")
    assert city.when(other, by="reporter") == Refusal("UNKNOWN_ID", "carried_over_from")
    city.given(replace(approving(city.given(again, by="reporter")), cycle_id="MINI-2019"), by="director")

    assert [item.status for item in adjustments(city).of("U04")] == [AdjustmentStatus.CARRIED_OVER]
    assert [item.status for item in adjustments(city, "MINI-2019").of("U04")] == [AdjustmentStatus.APPROVED]


def test_an_award_of_the_cycle_itself_is_not_left_to_another(city: City) -> None:
    claimed = city.given(CLAIM, by="reporter")

    assert city.when(carrying(claimed), by="director") == Refusal("OUT_OF_RANGE", "target_position")
    assert city.when(carrying(granted(city, replace(CLAIM, matter_id="m2"))), by="director") == Refusal(
        "OUT_OF_RANGE", "target_position"
    )


def test_points_are_not_granted_under_measures_that_were_repealed_meanwhile(city: City) -> None:
    articles = (Article(article="21", title="Awards", text_sha256="1" * 64),)
    revised = IssueMeasures(measures_id="M-1", title="M", in_force_from=date(2018, 1, 1), articles=articles)
    city.given(revised, by="leading")
    rule = RuleRef(source=RuleSource.MEASURES, version=2, article="21")
    claimed = city.given(replace(CLAIM, rule=rule), by="reporter")
    city.given(RepealMeasures(measures_id="M-1", repealed_from=date(2019, 1, 5)), by="leading")

    assert city.when(approving(claimed), by="director") == Refusal("RULE_NOT_IN_FORCE", "claim_position")


def begin_next_year(city: City) -> None:
    """Given another cycle under the same articles, open for entry."""
    planned = PlanCycle(
        cycle_id="MINI-2019",
        title="Assessment 2019",
        starts_on=date(2019, 1, 1),
        ends_on=date(2019, 12, 31),
        measures_id="M-1",
        measures_version=1,
    )
    content = replace(PLAN, adjustments=RULES)
    city.given(planned, by="office")
    city.given(IssuePlanVersion(cycle_id="MINI-2019", content=content, summary="First version"), by="office")
    city.given(OpenCycle(cycle_id="MINI-2019"), by="office")


@pytest.mark.parametrize("command", [CLAIM, IMPOSE])
def test_points_wait_until_the_cycle_is_opened(command: Command) -> None:
    city = found_city(replace(PLAN, adjustments=RULES), opened=False)

    by = "reporter" if command is CLAIM else "director"
    assert city.when(command, by=by) == Refusal("PHASE_VIOLATION")


def test_after_grades_are_opened_points_move_inside_a_restatement_of_the_group_only(city: City) -> None:
    claimed = city.given(CLAIM, by="reporter")
    approved = granted(city, replace(CLAIM, matter_id="m2"))
    leading = Actor("leading", "LEADING")
    opened = GradesOpened(cycle_id=CYCLE, group_id=GROUP, results_position=claimed)
    city.memory.record(opened, actor=leading, at=NOW)

    for command, by in (
        (CLAIM, "reporter"),
        (approving(claimed), "director"),
        (rejecting(claimed), "director"),
        (IMPOSE, "director"),
        (revoking(approved), "director"),
        (carrying(approved), "director"),
    ):
        assert city.when(command, by=by) == Refusal("RESTATEMENT_REQUIRED")

    restating = RestatementOpened(
        cycle_id=CYCLE,
        number="R1",
        cause="Appeal",
        group_ids=("G2",),
        evidence=EVIDENCE,
        approved_by="leading",
    )
    city.memory.record(restating, actor=leading, at=NOW)
    assert city.when(IMPOSE, by="director") == Refusal("RESTATEMENT_REQUIRED")
    city.memory.record(replace(restating, group_ids=(GROUP,)), actor=leading, at=NOW)
    city.given(IMPOSE, by="director")
    city.given(approving(claimed), by="director")


def test_the_adjustments_of_a_whole_cycle_fold_into_those_of_each_unit(city: City) -> None:
    approved = granted(city)
    elsewhere = city.given(replace(IMPOSE, unit_id="U03"), by="director")
    city.given(revoking(approved), by="leading")
    rulings = Rulings()
    for event in city.memory.events:
        rulings = rulings.evolve(event)

    assert rulings.adjustments.of("U04") == adjustments(city).of("U04")
    assert [item.position for item in rulings.adjustments.of("U03")] == [elsewhere]


def test_a_bonus_of_the_mini_ledger_counts_as_granted(city: City) -> None:
    """Event 40: U03 +1.5."""
    claimed = city.given(replace(CLAIM, unit_id="U03"), by="office")
    city.given(replace(approving(claimed), unit_id="U03"), by="director")
    _, folded = city.memory.load(adjustment_stream(CYCLE, "U03"))

    assert counted(RULES, folded.of("U03")).bonus == Fraction("1.5")

"""Moves about what is ruled besides the scores: points added and removed, vetoes, surveys, results, a merger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from city import BECAUSE, CYCLE, EVIDENCE, City
from moves import Cell, Tried

from ledger.domain.adjustment import AdjustmentStatus, AwardLevel, adjustment_stream
from ledger.domain.commands import (
    ApproveBonus,
    ClaimBonus,
    ComputeResults,
    ImportSurveyResult,
    ImposeDeduction,
    ImposeVeto,
    LiftVeto,
    MergeUnits,
    OpenEvaluation,
    RevokeAdjustment,
)
from ledger.domain.cycle import cycle_stream
from ledger.domain.evaluation import evaluation_stream
from ledger.domain.plan_rules import RaterClass
from ledger.domain.reorganisation import CarryPolicy, UnitShare
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.veto import VetoEffect, veto_stream

CAMPAIGN = "PUBLIC-NORTH"


def _rule(city: City, article: str) -> RuleRef:
    newest = city.memory.load(cycle_stream(CYCLE))[1].latest.plan_version
    return RuleRef(source=RuleSource.PLAN, version=newest, article=article)


def _claim_bonus(city: City, cell: Cell, number: Decimal) -> Tried:
    claim = ClaimBonus(
        cycle_id=CYCLE,
        unit_id=cell[0],
        rule=_rule(city, "21"),
        matter_id=f"m{number}",
        level=AwardLevel.PROVINCIAL,
        points=Decimal(2),
        occurred_on=date(2018, 5, 1),
        evidence=EVIDENCE,
        document_no="2018-7",
        issued_on=date(2018, 6, 1),
    )
    return claim, "office"


def _approve_bonus(city: City, cell: Cell, number: Decimal) -> Tried:
    items = city.memory.load(adjustment_stream(CYCLE, cell[0]))[1].of(cell[0])
    claimed = [item for item in items if item.status is AdjustmentStatus.CLAIMED]
    if not claimed:
        return None
    granted = ApproveBonus(
        cycle_id=CYCLE, unit_id=cell[0], claim_position=claimed[0].position, points_granted=Decimal("1.5")
    )
    return granted, "leading"


def _deduct(city: City, cell: Cell, number: Decimal) -> Tried:
    deduction = ImposeDeduction(
        cycle_id=CYCLE,
        unit_id=cell[0],
        rule=_rule(city, "31"),
        matter_id=f"m{number}",
        points=Decimal(1),
        occurred_on=date(2018, 5, 1),
        evidence=EVIDENCE,
    )
    return deduction, "leading"


def _revoke(city: City, cell: Cell, number: Decimal) -> Tried:
    items = [item for item in city.memory.load(adjustment_stream(CYCLE, cell[0]))[1].of(cell[0]) if item.in_force]
    if not items:
        return None
    revoked = RevokeAdjustment(cycle_id=CYCLE, unit_id=cell[0], target_position=items[0].position, reason=BECAUSE)
    return revoked, "leading"


def _veto(city: City, cell: Cell, number: Decimal) -> Tried:
    veto = ImposeVeto(
        cycle_id=CYCLE,
        unit_id=cell[0],
        rule=_rule(city, "41"),
        matter=BECAUSE,
        occurred_on=date(2018, 5, 1),
        effect=VetoEffect.MAX_GRADE if number % 2 else VetoEffect.FORCE_GRADE,
        grade="GOOD" if number % 2 else "UNQUALIFIED",
        evidence=EVIDENCE,
        determined_by="Court",
    )
    return veto, "leading"


def _lift(city: City, cell: Cell, number: Decimal) -> Tried:
    active = city.memory.load(veto_stream(CYCLE, cell[0]))[1].of(cell[0])
    if not active:
        return None
    lifted = LiftVeto(
        cycle_id=CYCLE,
        unit_id=cell[0],
        veto_position=active[0].position,
        reason=BECAUSE,
        evidence=EVIDENCE,
        approved_by="director",
    )
    return lifted, "leading"


def _campaign(city: City, cell: Cell, number: Decimal) -> Tried:
    opened = OpenEvaluation(
        cycle_id=CYCLE,
        campaign_id=CAMPAIGN,
        rater_class=RaterClass.PUBLIC,
        group_id="NORTH",
        unit_ids=("U01", "U02", "U03"),
        eligible_count=400,
        eligible_hash="f" * 64,
        opens_on=date(2019, 1, 1),
        closes_on=date(2019, 1, 31),
    )
    return opened, "office"


def _survey(city: City, cell: Cell, number: Decimal) -> Tried:
    known = city.memory.load(evaluation_stream(CYCLE, CAMPAIGN))[1].surveys.get(cell[0])
    survey = ImportSurveyResult(
        cycle_id=CYCLE,
        campaign_id=CAMPAIGN,
        unit_id=cell[0],
        value=70 + number,
        sample=400,
        method="telephone",
        evidence=EVIDENCE,
        replaces_position=None if known is None else known.position,
        reason=BECAUSE,
    )
    return survey, "office"


def _compute(city: City, cell: Cell, number: Decimal) -> Tried:
    group_id = city.memory.load(cycle_stream(CYCLE))[1].membership[cell[0]][0]
    return ComputeResults(cycle_id=CYCLE, group_id=group_id), "office"


def _merge(city: City, cell: Cell, number: Decimal) -> Tried:
    merger = MergeUnits(
        cycle_id=CYCLE,
        effective_on=date(2018, 10, 1),
        predecessors=(
            UnitShare(unit_id="U01", share=Decimal("0.6")),
            UnitShare(unit_id="U02", share=Decimal("0.4")),
        ),
        successor_id="U03",
        carry=CarryPolicy.TIME_WEIGHTED if number % 2 else CarryPolicy.SUM_ACTUALS,
        reason=BECAUSE,
        evidence=EVIDENCE,
    )
    return merger, "leading"


RULING_ACTIONS: dict[str, Callable[[City, Cell, Decimal], Tried]] = {
    "claim_bonus": _claim_bonus,
    "approve_bonus": _approve_bonus,
    "deduct": _deduct,
    "revoke_adjustment": _revoke,
    "veto": _veto,
    "lift_veto": _lift,
    "campaign": _campaign,
    "survey": _survey,
    "compute": _compute,
    "merge": _merge,
}

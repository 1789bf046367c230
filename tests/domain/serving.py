"""Cadres for the domain's tests: who served where, what the units reached, and the words to compute and decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from city import BECAUSE, CYCLE, EVIDENCE, GROUP, NOW, PLAN, City, grant

from ledger.domain.cadres import CadreResultComputed
from ledger.domain.commands import (
    ComputeCadreResult,
    DecideCadreGrade,
    HoldPost,
    ImposeVeto,
    LeavePost,
    LiftVeto,
    RegisterPerson,
)
from ledger.domain.facts import Actor
from ledger.domain.grading import GradedUnit, GradesOpened, ResultRow, ResultsComputed
from ledger.domain.plan import Participation
from ledger.domain.plan_rules import CadreQuota, CadreRules
from ledger.domain.quota import GradeQuota, GradingRules
from ledger.domain.roles import Role
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.score import Basis
from ledger.domain.veto import VetoEffect

RULES = CadreRules(
    unit_share=Decimal("0.6"),
    personal_share=Decimal("0.4"),
    quotas=(
        CadreQuota(unit_grade="EXCELLENT", share=Decimal("0.30")),
        CadreQuota(unit_grade="QUALIFIED", share=Decimal("0.50")),
    ),
)
CADRE_PLAN = replace(
    PLAN,
    grading=GradingRules(grades=(GradeQuota(grade="EXCELLENT", share=Decimal("0.2")),)),
    cadres=RULES,
    veto_articles=("41",),
)
TOTALS = {"U01": ("92.45", "EXCELLENT"), "U02": ("86.20", "QUALIFIED"), "U03": ("80.00", "UNQUALIFIED")}
PEOPLE = ("chen", "li", "wang")


def peopled(city: City) -> City:
    """Given three cadres and an organisation department."""
    for person in ("orgdept", *PEOPLE):
        city.given(RegisterPerson(subject_id=person, display_name=person), by="admin")
    city.given(grant("orgdept", Role.ORGDEPT), by="admin")
    return city


def hold(person: str, unit_id: str, from_on: date = date(2017, 3, 1)) -> HoldPost:
    """A post of a cadre."""
    return HoldPost(subject_id=person, unit_id=unit_id, post="Deputy head", from_on=from_on)


def served(city: City, person: str, unit_id: str, from_on: date, until_on: date | None = None) -> int:
    """Given a post of a cadre; the position that recorded it."""
    held = city.given(hold(person, unit_id, from_on), by="orgdept")
    if until_on is not None:
        city.given(LeavePost(subject_id=person, held_position=held, until_on=until_on), by="orgdept")
    return held


def moved(city: City, person: str, held: int, unit_id: str, on: date) -> int:
    """Given that a cadre left a post for one in another unit; the position that recorded the new one."""
    city.given(LeavePost(subject_id=person, held_position=held, until_on=on - timedelta(days=1)), by="orgdept")
    return served(city, person, unit_id, on)


def graded(city: City) -> int:
    """Given opened grades; their position."""
    rows = tuple(
        ResultRow(
            unit_id=unit_id,
            participation=Participation.RANKED,
            rank=rank,
            total=Decimal(total),
            goal=Decimal(total),
            evaluation=None,
            bonus=Decimal(0),
            deduction=Decimal(0),
            missing=0,
        )
        for rank, (unit_id, (total, _)) in enumerate(TOTALS.items(), start=1)
    )
    results = ResultsComputed(
        cycle_id=CYCLE,
        group_id=GROUP,
        as_of_position=city.head,
        plan_version=1,
        engine_version="1",
        basis=Basis.OFFICIAL,
        table=rows,
        table_hash="0" * 64,
    )
    position = city.memory.record(results, actor=Actor("office", "OFFICE"), at=NOW).position
    allocation = tuple(GradedUnit(unit_id=u, grade=grade, rank=None) for u, (_, grade) in TOTALS.items())
    opened = GradesOpened(cycle_id=CYCLE, group_id=GROUP, results_position=position, allocation=allocation)
    return city.memory.record(opened, actor=Actor("leading", "LEADING"), at=NOW).position


def compute(person: str, personal_part: str = "94.10") -> ComputeCadreResult:
    """What a cadre's year comes to, with this personal part."""
    return ComputeCadreResult(
        cycle_id=CYCLE, subject_id=person, personal_part=Decimal(personal_part), evidence=EVIDENCE
    )


def decide(person: str, position: int, grade: str, unit_id: str = "U01") -> DecideCadreGrade:
    """A grade on the result at a position."""
    return DecideCadreGrade(
        cycle_id=CYCLE,
        unit_id=unit_id,
        subject_id=person,
        result_position=position,
        grade=grade,
        evidence=EVIDENCE,
    )


def result(city: City) -> CadreResultComputed:
    """The result computed last."""
    fact = city.memory.events[-1].fact
    assert isinstance(fact, CadreResultComputed)
    return fact


def veto(person: str, effect: VetoEffect, grade: str) -> ImposeVeto:
    """A veto on a cadre."""
    return ImposeVeto(
        cycle_id=CYCLE,
        subject_id=person,
        rule=RuleRef(source=RuleSource.PLAN, version=1, article="41"),
        matter="Took bribes, as the court found.",
        occurred_on=date(2018, 5, 5),
        effect=effect,
        grade=grade,
        evidence=EVIDENCE,
        determined_by="The court",
    )


def lifting(person: str, veto_position: int) -> LiftVeto:
    """The end of a veto on a cadre."""
    return LiftVeto(
        cycle_id=CYCLE,
        subject_id=person,
        veto_position=veto_position,
        reason=BECAUSE,
        evidence=EVIDENCE,
        approved_by="director",
    )

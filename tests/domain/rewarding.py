"""A city whose grades are opened under a plan that rewards and punishes, and the words to decide in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from city import BECAUSE, CYCLE, EVIDENCE, GROUP, PLAN, City, found_city, instant

from ledger.domain.commands import ConfirmDecision, DecidePunishment, DecideReward, HonourDecision, RevokeDecision
from ledger.domain.decision import Decision, RevocationReason, decision_stream
from ledger.domain.facts import Actor
from ledger.domain.grading import GradedUnit, GradesOpened, GradesRevised, RestatementPolicy
from ledger.domain.plan_rules import DecisionKind, DecisionRule, SubjectKind
from ledger.domain.quota import GradeQuota, GradingRules, SeatRounding
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.veto import VetoEffect, VetoImposed, VetoLifted

GRADED = instant("2019-02-01 09:00")
DECIDED = instant("2019-02-11 09:00")
PAID = instant("2019-02-20 09:00")
REVISED = instant("2019-03-01 09:00")
REVIEWED = instant("2019-03-05 09:00")

BONUS = DecisionRule(
    article="R1", kind=DecisionKind.BONUS_PAY, grades=("EXCELLENT", "GOOD"), amount=Decimal("50000.00")
)
PRAISE = DecisionRule(article="R2", kind=DecisionKind.COMMENDATION, grades=("EXCELLENT",), required=False)
TALK = DecisionRule(article="P1", kind=DecisionKind.INTERVIEW, grades=("UNQUALIFIED",))
NOTICE = DecisionRule(article="P2", kind=DecisionKind.CRITICISM_NOTICE, grades=())
WARNING = DecisionRule(
    article="P3",
    kind=DecisionKind.ADMONITION,
    grades=("UNQUALIFIED",),
    subject=SubjectKind.PERSON,
    required=False,
)
REWARDING = replace(
    PLAN,
    grading=GradingRules(
        grades=(GradeQuota(grade="EXCELLENT", share=Decimal("0.20")), GradeQuota(grade="GOOD", share=Decimal("0.40")))
    ),
    decisions=(BONUS, PRAISE, TALK, NOTICE, WARNING),
    veto_articles=("V1",),
)
FIRST = {"U01": "GOOD", "U02": "QUALIFIED", "U03": "GOOD", "U04": "EXCELLENT", "U05": "QUALIFIED"}
"""The grades that are opened first, as the mini-ledger has them at 50."""


def graded_city(grades: Mapping[str, str] = FIRST) -> tuple[City, int]:
    """A city whose grades are opened, and the position that opened them."""
    city = found_city(REWARDING)
    return city, open_grades(city, grades)


def rewarded_city() -> tuple[City, int, int]:
    """A city, the position that opened its grades, and the one that rewarded U04 for them."""
    city, basis = graded_city()
    return city, basis, city.given(reward("U04", "EXCELLENT", basis), by="leading", at=DECIDED)


def open_grades(city: City, grades: Mapping[str, str], *, at: datetime = GRADED) -> int:
    """Given opened grades; their position."""
    opened = GradesOpened(cycle_id=CYCLE, group_id=GROUP, results_position=1, allocation=_allocation(grades))
    return city.memory.record(opened, actor=Actor("leading", "LEADING"), at=at).position


def revise_grades(city: City, supersedes: int, *, at: datetime = REVISED, **changes: str) -> int:
    """Given grades revised for some units, by unit; their position."""
    earlier = city.memory.events[supersedes - 1].fact
    assert isinstance(earlier, GradesOpened | GradesRevised)
    grades = {graded.unit_id: graded.grade for graded in earlier.allocation} | changes
    revised = GradesRevised(
        cycle_id=CYCLE,
        group_id=GROUP,
        results_position=1,
        supersedes_position=supersedes,
        restatement="R1",
        policy=RestatementPolicy.RECOMPUTE_ALL,
        rounding=SeatRounding.FLOOR,
        seats=(),
        allocation=_allocation(grades),
    )
    return city.memory.record(revised, actor=Actor("leading", "LEADING"), at=at).position


def _allocation(grades: Mapping[str, str]) -> tuple[GradedUnit, ...]:
    return tuple(GradedUnit(unit_id=unit_id, grade=grade, rank=None) for unit_id, grade in grades.items())


def impose_veto(city: City, effect: VetoEffect = VetoEffect.FORCE_GRADE, *, at: datetime) -> int:
    """Given a veto on U04 that caps its grade at, or forces it to, UNQUALIFIED; its position."""
    veto = VetoImposed(
        cycle_id=CYCLE,
        unit_id="U04",
        rule=article("V1"),
        matter="A fatal accident was concealed.",
        occurred_on=at.date(),
        effect=effect,
        grade="UNQUALIFIED",
        evidence=EVIDENCE,
        determined_by="Safety commission",
    )
    return city.memory.record(veto, actor=Actor("leading", "LEADING"), at=at).position


def lift_veto(city: City, position: int, *, at: datetime) -> int:
    """Given that a veto on U04 was lifted; the position of that."""
    lifted = VetoLifted(
        cycle_id=CYCLE,
        unit_id="U04",
        veto_position=position,
        reason=BECAUSE,
        evidence=EVIDENCE,
        approved_by="director",
    )
    return city.memory.record(lifted, actor=Actor("leading", "LEADING"), at=at).position


def article(number: str) -> RuleRef:
    """An article of the plan's first version."""
    return RuleRef(source=RuleSource.PLAN, version=1, article=number)


def reward(unit_id: str, grade: str, basis_position: int, rule: DecisionRule = BONUS) -> DecideReward:
    """The reward that a rule provides for."""
    return DecideReward(
        cycle_id=CYCLE,
        unit_id=unit_id,
        grade=grade,
        basis_position=basis_position,
        rule=article(rule.article),
        amount=rule.amount,
        evidence=EVIDENCE,
        proposed_by="office",
    )


def punish(unit_id: str, grade: str | None, basis_position: int, rule: DecisionRule = TALK) -> DecidePunishment:
    """The punishment that a rule provides for."""
    return DecidePunishment(
        cycle_id=CYCLE,
        unit_id=unit_id,
        grade=grade,
        basis_position=basis_position,
        rule=article(rule.article),
        evidence=EVIDENCE,
        proposed_by="office",
    )


def honour(unit_id: str, decision_position: int, amount: str | None = "50000.00") -> HonourDecision:
    """The record that a decision was carried out on the day of `PAID`."""
    return HonourDecision(
        cycle_id=CYCLE,
        unit_id=unit_id,
        decision_position=decision_position,
        executed_on=PAID.date(),
        amount=None if amount is None else Decimal(amount),
        evidence=EVIDENCE,
    )


def confirm(unit_id: str, decision_position: int, basis_position: int) -> ConfirmDecision:
    """The confirmation of a decision on another grading."""
    return ConfirmDecision(
        cycle_id=CYCLE, unit_id=unit_id, decision_position=decision_position, basis_position=basis_position
    )


def revoke(unit_id: str, decision_position: int, *, recovery: str | None = None) -> RevokeDecision:
    """The revocation of a decision whose grade is no longer the subject's."""
    return RevokeDecision(
        cycle_id=CYCLE,
        unit_id=unit_id,
        decision_position=decision_position,
        reason_code=RevocationReason.BASIS_SUPERSEDED,
        reason="The grade was revised after an appeal.",
        recovery=None if recovery is None else Decimal(recovery),
        approved_by="director",
    )


def decision_at(city: City, position: int) -> Decision:
    """A decision about U04 as commands see it."""
    _, decisions = city.memory.load(decision_stream(CYCLE, "U04"))
    found = decisions.at(position)
    assert found is not None
    return found

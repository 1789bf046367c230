"""Days inside a plan are those of its own time zone, whatever they are in the city."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from articles import RULES, article
from city import CYCLE, EVIDENCE, PLAN, City, Refusal, found_city, instant

from ledger.domain.adjustment import AwardLevel
from ledger.domain.commands import AssignKeyTask, ClaimBonus, ExtendKeyTask, ImposeVeto
from ledger.domain.key_tasks import KeyTaskExtended, Milestone
from ledger.domain.quota import GradeQuota, GradingRules
from ledger.domain.veto import VetoEffect

MORNING = instant("2019-01-05 09:00")
"""Evening of the day before in New York."""
THERE, HERE = date(2019, 1, 4), date(2019, 1, 5)
AMERICAN = replace(
    PLAN,
    timezone="America/New_York",
    adjustments=RULES,
    grading=GradingRules(grades=(GradeQuota(grade="EXCELLENT", share=Decimal("0.2")),)),
    veto_articles=("V1",),
)
VETO = ImposeVeto(
    cycle_id=CYCLE,
    unit_id="U04",
    rule=article("V1"),
    matter="A fatal accident was concealed.",
    occurred_on=THERE,
    effect=VetoEffect.MAX_GRADE,
    grade="QUALIFIED",
    evidence=EVIDENCE,
    determined_by="Safety commission",
)
CLAIM = ClaimBonus(
    cycle_id=CYCLE,
    unit_id="U04",
    rule=article("21"),
    matter_id="M-1",
    level=AwardLevel.NATIONAL,
    points=Decimal(1),
    occurred_on=date(2018, 5, 5),
    evidence=EVIDENCE,
    document_no="No. 12",
    issued_on=THERE,
)


@pytest.fixture
def city() -> City:
    """A city whose plan counts its days in New York."""
    return found_city(AMERICAN)


def test_a_matter_under_veto_has_happened_by_the_day_of_the_plan(city: City) -> None:
    to_come = replace(VETO, occurred_on=HERE)

    assert city.when(to_come, by="leading", at=MORNING) == Refusal("OUT_OF_RANGE", "occurred_on")
    city.given(VETO, by="leading", at=MORNING)


def test_an_award_is_issued_by_the_day_of_the_plan(city: City) -> None:
    to_come = replace(CLAIM, issued_on=HERE)

    assert city.when(to_come, by="office", at=MORNING) == Refusal("OUT_OF_RANGE", "issued_on")
    city.given(CLAIM, by="office", at=MORNING)


@pytest.mark.parametrize(("due_on", "after_due"), [(THERE, False), (THERE - timedelta(days=1), True)])
def test_a_step_is_overdue_by_the_day_of_the_plan(city: City, due_on: date, after_due: bool) -> None:
    step = Milestone(milestone_id="START", title="Break ground", due_on=due_on, share=Decimal(1))
    assign = AssignKeyTask(
        cycle_id=CYCLE,
        task_id="T-1",
        unit_id="U04",
        title="Open the new port terminal",
        responsible_person_id="reporter",
        milestones=(step,),
    )
    city.given(assign, by="office")
    extend = ExtendKeyTask(
        cycle_id=CYCLE,
        task_id="T-1",
        milestone_id="START",
        new_due_on=date(2019, 3, 1),
        reason="The ground froze early.",
        approved_by="director",
    )

    [extended] = extend.decide(city.world("office", at=MORNING))
    assert isinstance(extended, KeyTaskExtended)
    assert extended.after_due is after_due

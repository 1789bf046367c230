"""Years decided in memory and served over HTTP: the mini-ledger of the specification, and one of everything else."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import groupby

from city import (
    CYCLE,
    EVIDENCE,
    FOUNDED,
    GROUP,
    MIDSUMMER,
    NOW,
    PLAN,
    UNITS,
    City,
    claim,
    enter,
    found_city,
    grant,
    verify,
)
from client import Client
from clock import Clock

from ledger.api.service import service_on
from ledger.database import Database
from ledger.domain.cadres import CadreGradeDecided, CadreResultComputed, PostPart
from ledger.domain.commands import (
    AdjustTarget,
    ApproveAssessmentItem,
    AssignKeyTask,
    AssignResponsibility,
    CastBallot,
    CloseEvaluation,
    IssueBallotTokens,
    IssueDataRequest,
    OpenEvaluation,
    PlanSpotCheck,
    ProposeAssessmentItem,
    RecordSpotCheck,
    RegisterPerson,
    ReportMilestone,
    SetBurdenCap,
    SetTarget,
    TallyEvaluation,
    VerifyMilestone,
)
from ledger.domain.evaluation import token_hash
from ledger.domain.facts import Actor
from ledger.domain.key_tasks import Milestone
from ledger.domain.periods import Frequency
from ledger.domain.plan import PeriodShare
from ledger.domain.plan_rules import ClassWeight, EvaluationRules, OptionPoints, RaterClass
from ledger.domain.responsibility import ResponsibilityRole
from ledger.domain.roles import EVERYTHING, Role, Scope
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.score import VerificationMethod
from ledger.domain.tallying import BallotAnswer, BallotRule
from ledger.domain.targets import ScheduleStep, TargetReason
from ledger.domain.units import UnitCategory
from ledger.domain.veto import VetoEffect, VetoImposed
from ledger.entries import Draft
from ledger.mini_ledger.events import DOCUMENT, MINUTES
from ledger.mini_ledger.story import FOUNDED as TOLD_FROM
from ledger.mini_ledger.story import OPENING, MiniLedger
from ledger.settings import Settings
from ledger.store import Store

CITIZEN, STATISTICIAN = "citizen", "statistician"
CHECK, CAMPAIGN, TASK = "S-1", "PEERS", "T-1"
TOKENS = tuple(f"token-{number}" for number in range(4))
VALUES = {"U01": "8.2", "U02": "8.0", "U03": "7.0", "U04": "7.4", "U05": "6.0"}
"""What is official for A."""


@contextmanager
def served(city: City, database: Database, settings: Settings) -> Generator[Client]:
    """Serve an empty ledger into which is put what was decided in a city's memory."""
    clock = Clock(city.memory.events[0].recorded_at)
    with service_on(database, settings, clock=clock) as service:
        record(service.store, clock, city)
        service.projector.catch_up()
        yield Client(service)


def record(store: Store, clock: Clock, city: City) -> None:
    """Put what was decided in memory into an empty ledger, at the same positions and instants."""
    for instant, events in groupby(city.memory.events, lambda event: event.recorded_at):
        clock.now = instant
        store.append([Draft(e.stream, e.version, e.fact, e.actor, e.command_id) for e in events])
    assert store.head == city.head


@cache
def told() -> tuple[City, dict[int, int]]:
    """The whole mini-ledger, and our positions by those of the specification."""
    city = City()
    city.stored[MINUTES] = len(DOCUMENT)
    city.given(OPENING, by="founder", at=TOLD_FROM)
    _invite(city, "administrator", at=TOLD_FROM)
    return city, MiniLedger(city).tell(83).at


@cache
def undertaken() -> City:
    """A year with targets, tasks, duties, requests, an appraisal, a spot check, and cadres."""
    city = found_city(_PLAN)
    _invite(city, "admin", at=FOUNDED)
    _set_out(city)
    for unit_id, value in VALUES.items():
        city.given(verify(city.given(enter(value, unit_id), by="scorer"), unit_id), by="verifier")
    city.given(claim("8.9"), by="reporter")
    _appraise(city)
    _check(city)
    _assess_cadre(city)
    return city


def _invite(city: City, administrator: str, *, at: datetime) -> None:
    """Somebody of the public who has a token, and somebody who scores one indicator of every unit."""
    for person, role, scope in (
        (CITIZEN, Role.PUBLIC, EVERYTHING),
        (STATISTICIAN, Role.SCORER, Scope(indicator_ids=("A",))),
    ):
        city.given(RegisterPerson(subject_id=person, display_name=person), by=administrator, at=at)
        city.given(grant(person, role, scope), by=administrator, at=at)


_SCHEDULE = (("2018-Q1", "0.2"), ("2018-Q2", "0.45"), ("2018-Q3", "0.72"), ("2018-Y", "1"))
_PLAN = replace(
    PLAN,
    indicators=(
        replace(PLAN.indicators[0], schedule=tuple(PeriodShare(period=p, share=Decimal(s)) for p, s in _SCHEDULE)),
        *PLAN.indicators[1:],
    ),
    evaluation=EvaluationRules(
        classes=(ClassWeight(rater_class=RaterClass.PEER, weight=Decimal(100)),),
        options=tuple(
            OptionPoints(option=option, points=Decimal(points)) for option, points in (("GOOD", 85), ("POOR", 50))
        ),
    ),
)


def _set_out(city: City) -> None:
    """Targets, key tasks, responsibilities and data requests."""
    half = tuple(
        ScheduleStep(period=period, cumulative_share=Decimal(share))
        for period, share in (("2018-Q2", "0.5"), ("2018-Y", "1"))
    )
    target = SetTarget(
        cycle_id=CYCLE, unit_id="U04", indicator_id="A", target=Decimal("9.0"), uom="%", progress_schedule=half
    )
    city.given(target, by="office", at=FOUNDED)
    for unit_id in ("U04", "U05"):
        city.given(duty_of(unit_id), by="office", at=FOUNDED)
        city.given(_task(unit_id), by="office", at=FOUNDED)
    city.given(SetBurdenCap(year=2019, items_max=5, requests_per_unit_month_max=2), by="leading", at=FOUNDED)
    item = ProposeAssessmentItem(
        year=2019,
        item_id="I-1",
        name="Farmland",
        legal_basis="Regulation 7",
        categories=(UnitCategory.DISTRICT,),
        frequency=Frequency.QUARTER,
        demands=("Area planted", "Area fallow"),
    )
    city.given(item, by="office", at=FOUNDED)
    city.given(ApproveAssessmentItem(year=2019, item_id="I-1"), by="leading", at=FOUNDED)
    request = IssueDataRequest(
        year=2019, item_id="I-1", unit_ids=("U01", "U04"), demands=("Area planted",), due_on=date(2019, 3, 10)
    )
    city.given(request, by="office", at=FOUNDED)
    adjusted = AdjustTarget(
        cycle_id=CYCLE,
        unit_id="U04",
        indicator_id="A",
        new_target=Decimal("8.0"),
        reason_code=TargetReason.POLICY_CHANGE,
        reason="The province moved the target of the whole region.",
        evidence=EVIDENCE,
        requested_by="office",
    )
    city.given(adjusted, by="leading", at=MIDSUMMER)
    report = ReportMilestone(cycle_id=CYCLE, task_id=f"{TASK}-U04", milestone_id="START", percent=Decimal(80))
    reported = city.given(report, by="reporter", at=MIDSUMMER)
    verified = VerifyMilestone(cycle_id=CYCLE, task_id=f"{TASK}-U04", milestone_id="START", reported_position=reported)
    city.given(verified, by="office", at=MIDSUMMER)


def duty_of(unit_id: str) -> AssignResponsibility:
    """A unit made to lead on its own target."""
    return AssignResponsibility(
        cycle_id=CYCLE,
        unit_id=unit_id,
        indicator_id="A",
        role=ResponsibilityRole.LEAD,
        responsible_unit_id=unit_id,
        responsible_person_id="reporter",
        due_on=date(2018, 12, 31),
    )


def _task(unit_id: str) -> AssignKeyTask:
    steps = (("START", "0.5", date(2018, 6, 30)), ("FINISH", "0.5", date(2019, 6, 30)))
    return AssignKeyTask(
        cycle_id=CYCLE,
        task_id=f"{TASK}-{unit_id}",
        unit_id=unit_id,
        title=f"Port of {unit_id}",
        responsible_person_id="reporter",
        milestones=tuple(
            Milestone(milestone_id=name, title=name, share=Decimal(share), due_on=day) for name, share, day in steps
        ),
    )


def _appraise(city: City) -> None:
    """A campaign of four raters, one of whom marks everybody alike."""
    opened = OpenEvaluation(
        cycle_id=CYCLE,
        campaign_id=CAMPAIGN,
        rater_class=RaterClass.PEER,
        group_id=GROUP,
        unit_ids=UNITS,
        eligible_count=len(TOKENS),
        eligible_hash="1" * 64,
        opens_on=NOW.date(),
        closes_on=date(2019, 1, 10),
        invalidated_by=(BallotRule.ALL_SAME,),
    )
    city.given(opened, by="office")
    hashes = tuple(map(token_hash, TOKENS))
    city.given(IssueBallotTokens(cycle_id=CYCLE, campaign_id=CAMPAIGN, token_hashes=hashes), by="office")
    for number, token in enumerate(TOKENS):
        options = ("GOOD",) * 5 if number == 0 else ("GOOD", "POOR", "GOOD", "POOR", "GOOD")
        answers = tuple(BallotAnswer(unit_id=unit, option=option) for unit, option in zip(UNITS, options, strict=True))
        city.given(CastBallot(cycle_id=CYCLE, campaign_id=CAMPAIGN, token=token, answers=answers), by="deputy")
    city.given(CloseEvaluation(cycle_id=CYCLE, campaign_id=CAMPAIGN), by="office")
    city.given(TallyEvaluation(cycle_id=CYCLE, campaign_id=CAMPAIGN), by="office")


def _check(city: City) -> None:
    """Two scores are drawn of five; U04 and U05 are measured once more, and U04 differs."""
    planned = PlanSpotCheck(cycle_id=CYCLE, check_id=CHECK, seed="lottery 2019012", n=2, tolerance=Decimal("0.05"))
    city.given(planned, by="office")
    for unit_id, observed in (("U04", "6.0"), ("U05", "6.0")):
        measured = RecordSpotCheck(
            cycle_id=CYCLE,
            check_id=CHECK,
            unit_id=unit_id,
            indicator_id="A",
            period="2018-Y",
            observed=Decimal(observed),
            uom="%",
            method=VerificationMethod.SITE_VISIT,
            inspectors=("inspector", "deputy"),
            evidence=EVIDENCE,
        )
        city.given(measured, by="inspector")


def _assess_cadre(city: City) -> None:
    """The result of one cadre with the grade, and a veto that came too late for it.

    How they follow is the subject of the domain's tests.
    """
    part = PostPart(unit_id="U04", months=12, total=Decimal("92.45"), grade="EXCELLENT", graded_position=1)
    computed = CadreResultComputed(
        cycle_id=CYCLE,
        unit_id="U04",
        subject_id="deputy",
        graded_position=1,
        plan_version=1,
        posts=(part,),
        months=12,
        gradable=True,
        unit_grade="EXCELLENT",
        unit_part=Decimal("92.45"),
        personal_part=Decimal("94.10"),
        total=Decimal("93.11"),
        evidence=EVIDENCE,
    )
    position = city.memory.record(computed, actor=Actor("orgdept", "ORGDEPT"), at=NOW).position
    decided = CadreGradeDecided(
        cycle_id=CYCLE,
        unit_id="U04",
        subject_id="deputy",
        result_position=position,
        grade="EXCELLENT",
        unit_grade="EXCELLENT",
        share=Decimal("0.3"),
        seats=1,
        requested_by="orgdept",
        approved_by="leading",
        evidence=EVIDENCE,
    )
    leading = Actor("leading", "LEADING")
    city.memory.record(decided, actor=leading, at=NOW)
    imposed = VetoImposed(
        cycle_id=CYCLE,
        subject_id="deputy",
        rule=RuleRef(source=RuleSource.PLAN, version=1, article="41"),
        matter="Took bribes, as the court found.",
        occurred_on=date(2018, 5, 5),
        effect=VetoEffect.FORCE_GRADE,
        grade="INCOMPETENT",
        evidence=EVIDENCE,
        determined_by="The court",
    )
    city.memory.record(imposed, actor=leading, at=NOW)

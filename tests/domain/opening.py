"""A city on its way from points to grades and reports, and the words for each step.

Its one indicator is awarded in points, so a unit's total is what it was awarded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from city import (
    CYCLE,
    EVIDENCE,
    GROUP,
    LATE,
    NOW,
    PLAN,
    City,
    approve,
    enter,
    found_city,
    indicator,
    instant,
    plan_with,
    request,
    verify,
)

from ledger.domain.commands import (
    CloseEntry,
    ComputeResults,
    EndPublicNotice,
    ImposeVeto,
    OpenGrades,
    OpenRestatement,
    PublishReport,
    ResolveTie,
    RestateReports,
    ReviseGrades,
    StartPublicNotice,
)
from ledger.domain.facts import Fact
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.grading import GradeSeats, GradesOpened, GradesRevised, Grading, ReportAudience, grading_stream
from ledger.domain.plan import Group, GroupWeight, Member, Plan
from ledger.domain.plan_rules import DecisionKind, DecisionRule
from ledger.domain.publication import Publications, ReportKind, publication_stream
from ledger.domain.quota import GradeQuota, GradingRules, TiePolicy
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.veto import VetoEffect

NOTICED = instant("2019-01-28 09:00")
"""A Monday; with the festival of 2019 the fifth working day after it is a Saturday, 2 February."""
LAST_DAY = date(2019, 2, 2)
ENDED = instant("2019-02-03 00:00")
OPENED = instant("2019-02-11 09:00")
PUBLISHED = instant("2019-02-12 09:00")
RESTATED = instant("2019-03-04 09:00")

RULES = GradingRules(
    grades=(
        GradeQuota(grade="EXCELLENT", share=Decimal("0.20"), total_min=Decimal(90)),
        GradeQuota(grade="GOOD", share=Decimal("0.40"), total_min=Decimal(80)),
    )
)
BY_POINTS = replace(
    plan_with(indicator("C", "100", Formula(kind=FormulaKind.DIRECT_POINTS))),
    calendar=replace(
        PLAN.calendar,
        holidays=tuple(date(2019, 2, day) for day in range(4, 11)),
        makeup_workdays=(date(2019, 2, 2), date(2019, 2, 3)),
    ),
    grading=RULES,
    decisions=(DecisionRule(article="R1", kind=DecisionKind.COMMENDATION, grades=("EXCELLENT",), required=False),),
    veto_articles=("V1",),
)
POINTS = {"U01": "94", "U02": "88", "U03": "85", "U04": "80", "U05": "70"}
GRADES = {"U01": "EXCELLENT", "U02": "GOOD", "U03": "GOOD", "U04": "QUALIFIED", "U05": "QUALIFIED"}
"""What follows from `POINTS`: one seat for EXCELLENT, two for GOOD."""
COMMITTEE = replace(RULES, tie_policy=TiePolicy.COMMITTEE)
TIED = POINTS | {"U03": "80"}
"""U03 and U04 are tied for the last seat of GOOD."""
ARTICLE = RuleRef(source=RuleSource.PLAN, version=1, article="R1")
NORTH, SOUTH = "NORTH", "SOUTH"


def graded_by(rules: GradingRules, plan: Plan = BY_POINTS) -> Plan:
    """The plan with other rules for grades."""
    return replace(plan, grading=rules)


def two_groups(rules: GradingRules) -> Plan:
    """The plan with its units in two groups, three in the north and two in the south."""
    groups = tuple(
        Group(group_id=group_id, name=group_id, members=tuple(Member(unit_id=unit_id) for unit_id in units))
        for group_id, units in ((NORTH, ("U01", "U02", "U03")), (SOUTH, ("U04", "U05")))
    )
    weights = tuple(GroupWeight(group_id=group.group_id, weight=Decimal(100)) for group in groups)
    indicators = tuple(replace(each, weights=weights) for each in BY_POINTS.indicators)
    return replace(BY_POINTS, groups=groups, indicators=indicators, grading=rules)


def scored_city(plan: Plan = BY_POINTS, points: Mapping[str, str] = POINTS, *, closed: bool = True) -> City:
    """A city whose units have verified points, and whose entry is closed unless told otherwise."""
    city = found_city(plan)
    for unit_id, awarded in points.items():
        entered = city.given(enter(awarded, unit_id, "C"), by="scorer")
        city.given(verify(entered, unit_id, "C"), by="verifier")
    if closed:
        city.given(CloseEntry(cycle_id=CYCLE), by="office", at=LATE)
    return city


def compute(group_id: str = GROUP, **changed: Any) -> ComputeResults:
    """The computation of a group's results."""
    return replace(ComputeResults(cycle_id=CYCLE, group_id=group_id), **changed)


def notice(results_position: int, group_id: str = GROUP, **changed: Any) -> StartPublicNotice:
    """The notice of computed results."""
    command = StartPublicNotice(cycle_id=CYCLE, group_id=group_id, results_position=results_position)
    return replace(command, **changed)


def end_notice(group_id: str = GROUP) -> EndPublicNotice:
    """The end of a notice."""
    return EndPublicNotice(cycle_id=CYCLE, group_id=group_id)


def open_grades(results_position: int, group_id: str = GROUP, **changed: Any) -> OpenGrades:
    """The opening of grades on computed results."""
    return replace(OpenGrades(cycle_id=CYCLE, group_id=group_id, results_position=results_position), **changed)


def revise(results_position: int, supersedes: int, group_id: str = GROUP, **changed: Any) -> ReviseGrades:
    """The revision of grades on results computed anew."""
    command = ReviseGrades(
        cycle_id=CYCLE, group_id=group_id, results_position=results_position, supersedes_position=supersedes
    )
    return replace(command, **changed)


def publish(number: str = "2018-A", **changed: Any) -> PublishReport:
    """The annual report on the city's group."""
    command = PublishReport(
        cycle_id=CYCLE,
        number=number,
        kind=ReportKind.ANNUAL,
        audience=ReportAudience.PUBLIC,
        group_ids=(GROUP,),
        approved_by="leading",
    )
    return replace(command, **changed)


def reopen(*group_ids: str, approved_by: str = "leading") -> OpenRestatement:
    """The opening of a restatement, of the city's group unless others are named."""
    return OpenRestatement(
        cycle_id=CYCLE,
        cause="A published figure proved wrong.",
        group_ids=group_ids or (GROUP,),
        evidence=EVIDENCE,
        approved_by=approved_by,
    )


def restate(*positions: int) -> RestateReports:
    """The replacement of published reports."""
    return RestateReports(cycle_id=CYCLE, supersedes_positions=positions, approved_by="leading")


def resolve(*admitted: str, grade: str = "GOOD", group_id: str = GROUP) -> ResolveTie:
    """The decision on a tie at a cut."""
    return ResolveTie(
        cycle_id=CYCLE,
        group_id=group_id,
        grade=grade,
        admitted=admitted,
        criterion="The faster growth of the two.",
        rule=ARTICLE,
        evidence=EVIDENCE,
    )


def vetoed(unit_id: str, grade: str, effect: VetoEffect = VetoEffect.MAX_GRADE) -> ImposeVeto:
    """A veto on a unit's grade."""
    return ImposeVeto(
        cycle_id=CYCLE,
        unit_id=unit_id,
        rule=replace(ARTICLE, article="V1"),
        matter="A serious accident happened there.",
        occurred_on=date(2018, 5, 5),
        effect=effect,
        grade=grade,
        evidence=EVIDENCE,
        determined_by="The safety board",
    )


def put_up(city: City, *group_ids: str) -> list[int]:
    """Given results that were put up for their time, of each group; the positions that computed them."""
    computed = [city.given(compute(group_id), by="office", at=NOTICED) for group_id in group_ids]
    for group_id, results in zip(group_ids, computed, strict=True):
        city.given(notice(results, group_id), by="office", at=NOTICED)
    for group_id in group_ids:
        city.given(end_notice(group_id), by="office", at=OPENED)
    return computed


def graded_city(plan: Plan = BY_POINTS, points: Mapping[str, str] = POINTS) -> tuple[City, int]:
    """A city whose one group has opened grades, and the position that opened them."""
    city = scored_city(plan, points)
    [results] = put_up(city, GROUP)
    return city, city.given(open_grades(results), by="leading", at=OPENED)


def published_city() -> tuple[City, int, int]:
    """A city, the position that opened its grades, and the one that published them."""
    city, opened = graded_city()
    return city, opened, city.given(publish(), by="office", at=PUBLISHED)


def restating_city() -> tuple[City, int, int]:
    """A published city that has opened a restatement."""
    city, opened, published = published_city()
    city.given(reopen(), by="office", at=RESTATED)
    return city, opened, published


def official(city: City, unit_id: str) -> int:
    """The position of a unit's official points."""
    found = city.score(unit_id, "C").official
    assert found is not None
    return found.position


def ask(city: City, unit_id: str, points: str, *, at: datetime = NOW) -> int:
    """Given a request to correct a unit's points; its position."""
    return city.given(request(official(city, unit_id), points, unit_id, "C"), by="scorer", at=at)


def correct(city: City, unit_id: str, points: str, *, at: datetime) -> int:
    """Given corrected points of a unit; the position of the correction."""
    return city.given(approve(ask(city, unit_id, points, at=at), unit_id, "C"), by="director", at=at)


def revised(city: City, opened: int, *, at: datetime = RESTATED, **changed: Any) -> int:
    """Given grades revised on results computed anew; their position."""
    results = city.given(compute(), by="office", at=at)
    return city.given(revise(results, opened, **changed), by="leading", at=at)


def grading_of(city: City, group_id: str = GROUP) -> Grading:
    """Where a group's grading stands."""
    return city.memory.load(grading_stream(CYCLE, group_id))[1]


def publications_of(city: City) -> Publications:
    """What was published."""
    return city.memory.load(publication_stream(CYCLE))[1]


def seats(grade: str, number: int, *, unused: int = 0, over: int = 0, carried: str = "0") -> GradeSeats:
    """What became of the seats of a grade."""
    return GradeSeats(grade=grade, seats=number, unused=unused, over=over, carried=Decimal(carried))


def graded_at(city: City, position: int) -> GradesOpened | GradesRevised:
    """The grades that were opened or revised at a position."""
    fact = city.memory.events[position - 1].fact
    assert isinstance(fact, GradesOpened | GradesRevised)
    return fact


def grades_in(fact: Fact) -> dict[str, str]:
    """The grades that were opened or revised, by unit."""
    assert isinstance(fact, GradesOpened | GradesRevised)
    return {unit.unit_id: unit.grade for unit in fact.allocation}

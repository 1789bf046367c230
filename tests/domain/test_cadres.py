"""Posts and cadres: months served, the result of a person's year, and the quota of the best grade."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from city import CYCLE, EVIDENCE, GROUP, NOW, PLAN, City, Refusal, found_city, grant
from examples import vector

from ledger.domain.cadres import (
    NOT_GRADED,
    CadreGradeDecided,
    CadreResultComputed,
    PostPart,
    cadre_total,
    tenure_weighted,
)
from ledger.domain.commands import (
    ComputeCadreResult,
    DecideCadreGrade,
    HoldPost,
    LeavePost,
    MergeUnits,
    RegisterPerson,
    RegisterUnit,
)
from ledger.domain.facts import Actor
from ledger.domain.grading import GradedUnit, GradesOpened, ResultRow, ResultsComputed
from ledger.domain.numbers import Rounding, rounded
from ledger.domain.plan import Participation, Plan
from ledger.domain.plan_check import check_plan
from ledger.domain.plan_rules import CadreQuota, CadreRules
from ledger.domain.posts import PostHeld, PostLeft, post_stream
from ledger.domain.quota import GradeQuota, GradingRules
from ledger.domain.refusals import Refused
from ledger.domain.reorganisation import CarryPolicy, UnitShare
from ledger.domain.roles import Role
from ledger.domain.score import Basis
from ledger.domain.units import UnitCategory

RULES = CadreRules(
    unit_share=Decimal("0.6"),
    personal_share=Decimal("0.4"),
    quotas=(
        CadreQuota(unit_grade="EXCELLENT", share=Decimal("0.30")),
        CadreQuota(unit_grade="QUALIFIED", share=Decimal("0.50")),
    ),
)
CADRE_PLAN = replace(
    PLAN, grading=GradingRules(grades=(GradeQuota(grade="EXCELLENT", share=Decimal("0.2")),)), cadres=RULES
)
TOTALS = {"U01": ("92.45", "EXCELLENT"), "U02": ("86.20", "QUALIFIED"), "U03": ("80.00", "UNQUALIFIED")}
PEOPLE = ("chen", "li", "wang")


@pytest.fixture
def city() -> City:
    """The city with three cadres, an organisation department, and a plan that says how cadres are assessed."""
    return peopled(found_city(CADRE_PLAN))


def peopled(city: City) -> City:
    for person in ("orgdept", *PEOPLE):
        city.given(RegisterPerson(subject_id=person, display_name=person), by="admin")
    city.given(grant("orgdept", Role.ORGDEPT), by="admin")
    return city


def hold(person: str, unit_id: str, from_on: date = date(2017, 3, 1)) -> HoldPost:
    return HoldPost(subject_id=person, unit_id=unit_id, post="Deputy head", from_on=from_on)


def served(city: City, person: str, unit_id: str, from_on: date, until_on: date | None = None) -> None:
    """Given a post of a cadre."""
    held = city.given(hold(person, unit_id, from_on), by="orgdept")
    if until_on is not None:
        city.given(LeavePost(subject_id=person, held_position=held, until_on=until_on), by="orgdept")


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
    return ComputeCadreResult(
        cycle_id=CYCLE, subject_id=person, personal_part=Decimal(personal_part), evidence=EVIDENCE
    )


def decide(person: str, position: int, grade: str, unit_id: str = "U01") -> DecideCadreGrade:
    return DecideCadreGrade(
        cycle_id=CYCLE,
        unit_id=unit_id,
        subject_id=person,
        result_position=position,
        grade=grade,
        evidence=EVIDENCE,
    )


def result(city: City) -> CadreResultComputed:
    fact = city.memory.events[-1].fact
    assert isinstance(fact, CadreResultComputed)
    return fact


# ---- arithmetic


def test_a_cadres_total_mixes_unit_and_person_as_in_the_example() -> None:
    given = {name: Fraction(value) for name, value in vector("E23")["input"].items()}

    exact = cadre_total(
        unit_part=given["unit"],
        unit_share=given["unit_share"],
        personal_part=given["personal"],
        personal_share=given["personal_share"],
    )

    assert exact == Fraction("93.11")
    assert str(rounded(exact, 2, Rounding.HALF_UP)) == vector("E23")["expect"]


def test_units_are_weighted_by_months_as_in_the_example() -> None:
    exact = tenure_weighted([(Fraction(total), months) for total, months in vector("E23b")["input"]["posts"]])

    assert exact == Fraction(2711, 30)
    assert str(rounded(exact, 2, Rounding.HALF_UP)) == vector("E23b")["expect"]


# ---- posts


def test_the_organisation_department_records_posts(city: City) -> None:
    assert city.when(hold("chen", "U01"), by="office") == Refusal("FORBIDDEN_ROLE")
    assert city.when(hold("chen", "U01"), by="orgdept") == (
        PostHeld(subject_id="chen", unit_id="U01", post="Deputy head", from_on=date(2017, 3, 1)),
    )
    held = city.head
    leave = LeavePost(subject_id="chen", held_position=held, until_on=date(2018, 8, 31))

    assert city.when(hold("chen", "U01", date(2018, 1, 1)), by="orgdept") == Refusal("DUPLICATE_ID", "post")
    assert city.when(replace(leave, until_on=date(2017, 2, 28)), by="orgdept") == Refusal("MALFORMED_INPUT", "until_on")
    assert city.when(replace(leave, held_position=1), by="orgdept") == Refusal("UNKNOWN_ID", "held_position")
    assert city.when(leave, by="orgdept") == (
        PostLeft(subject_id="chen", unit_id="U01", held_position=held, until_on=date(2018, 8, 31)),
    )
    assert city.when(leave, by="orgdept") == Refusal("NO_CHANGE", "held_position")
    city.given(hold("chen", "U01", date(2018, 9, 1)), by="orgdept")


def test_a_month_counts_where_its_fifteenth_day_was_served(city: City) -> None:
    served(city, "chen", "U01", date(2017, 3, 1), date(2018, 2, 14))
    served(city, "chen", "U02", date(2018, 2, 15), date(2018, 3, 31))
    posts = city.memory.load(post_stream("chen"))[1]

    assert posts.service(date(2018, 1, 1), date(2018, 4, 30)) == (("U01",), ("U02",), ("U02",), ())


# ---- results


def test_a_result_follows_from_the_posts_the_units_totals_and_the_persons_own_part(city: City) -> None:
    served(city, "chen", "U01", date(2017, 3, 1), date(2018, 8, 31))
    served(city, "chen", "U02", date(2018, 9, 1))
    opened = graded(city)

    assert city.when(compute("chen"), by="leading") == Refusal("FORBIDDEN_ROLE")
    assert city.when(compute("chen"), by="orgdept") == (
        CadreResultComputed(
            cycle_id=CYCLE,
            unit_id="U01",
            subject_id="chen",
            graded_position=opened,
            plan_version=1,
            posts=(
                PostPart(unit_id="U01", months=8, total=Decimal("92.45"), grade="EXCELLENT", graded_position=opened),
                PostPart(unit_id="U02", months=4, total=Decimal("86.20"), grade="QUALIFIED", graded_position=opened),
            ),
            months=12,
            gradable=True,
            unit_grade="EXCELLENT",
            unit_part=Decimal("90.37"),
            personal_part=Decimal("94.10"),
            # 90.3666... x 0.6 + 94.10 x 0.4, rounded once.
            total=Decimal("91.86"),
            evidence=EVIDENCE,
        ),
    )


def test_who_served_under_six_months_is_not_graded(city: City) -> None:
    served(city, "chen", "U01", date(2018, 8, 1))
    graded(city)
    position = city.given(compute("chen"), by="orgdept")

    assert (result(city).months, result(city).gradable) == (5, False)
    assert city.when(decide("chen", position, "COMPETENT"), by="leading") == Refusal("MALFORMED_INPUT", "grade")
    city.given(decide("chen", position, NOT_GRADED), by="leading")


def test_two_posts_at_once_are_one_month_of_service_each(city: City) -> None:
    served(city, "chen", "U01", date(2018, 9, 1))
    served(city, "chen", "U02", date(2018, 9, 1))
    graded(city)
    city.given(compute("chen"), by="orgdept")

    assert [(part.unit_id, part.months) for part in result(city).posts] == [("U01", 4), ("U02", 4)]
    assert (result(city).months, result(city).gradable, result(city).unit_id) == (4, False, "U02")


def test_service_in_a_unit_that_was_merged_counts_for_what_it_became(city: City) -> None:
    merge = MergeUnits(
        cycle_id=CYCLE,
        predecessors=tuple(UnitShare(unit_id=unit_id, share=Decimal("0.5")) for unit_id in ("U04", "U05")),
        successor_id="U01",
        carry=CarryPolicy.TIME_WEIGHTED,
        effective_on=date(2018, 10, 1),
        reason="Order 12 of the committee.",
        evidence=EVIDENCE,
    )
    city.given(merge, by="leading")
    served(city, "chen", "U04", date(2018, 1, 1), date(2018, 9, 30))
    served(city, "chen", "U01", date(2018, 10, 1))
    graded(city)
    city.given(compute("chen"), by="orgdept")

    assert [(part.unit_id, part.months) for part in result(city).posts] == [("U01", 12)]


def test_only_assessed_units_count(city: City) -> None:
    registered = RegisterUnit(
        unit_id="U90", name_zh="School", category=UnitCategory.OTHER, effective_on=date(2018, 1, 1)
    )
    city.given(registered, by="office")
    served(city, "chen", "U90", date(2018, 1, 1))
    graded(city)

    assert city.when(compute("chen"), by="orgdept") == Refusal("NOT_APPLICABLE", "subject_id")


def test_a_result_waits_for_the_units_grades(city: City) -> None:
    served(city, "chen", "U01", date(2018, 1, 1))
    assert city.when(compute("chen"), by="orgdept") == Refusal("RESULTS_INCOMPLETE", "subject_id")
    graded(city)

    assert city.when(compute("li"), by="orgdept") == Refusal("UNKNOWN_ID", "subject_id")
    assert city.when(compute("chen", "100.01"), by="orgdept") == Refusal("OUT_OF_RANGE", "personal_part")
    assert city.when(compute("chen", "90.001"), by="orgdept") == Refusal("SCALE_EXCEEDED", "personal_part")
    assert city.when(compute("orgdept"), by="orgdept") == Refusal("SEPARATION_OF_DUTIES")
    city.given(compute("chen"), by="orgdept")


def test_without_rules_for_cadres_nothing_is_computed() -> None:
    assert peopled(found_city()).when(compute("chen"), by="orgdept") == Refusal("RULE_NOT_FOUND", "cycle_id")


# ---- grades


def test_the_leading_group_decides_on_what_the_department_computed(city: City) -> None:
    served(city, "chen", "U01", date(2018, 1, 1))
    graded(city)
    position = city.given(compute("chen"), by="orgdept")
    command = decide("chen", position, "COMPETENT")
    city.give_role("orgdept", Role.LEADING)
    city.give_role("chen", Role.LEADING)

    assert city.when(command, by="office") == Refusal("FORBIDDEN_ROLE")
    assert city.when(command, by="orgdept") == Refusal("SEPARATION_OF_DUTIES")
    assert city.when(command, by="chen") == Refusal("SEPARATION_OF_DUTIES")
    assert city.when(replace(command, grade="GOOD"), by="leading") == Refusal("MALFORMED_INPUT", "grade")
    assert city.when(command, by="leading") == (
        CadreGradeDecided(
            cycle_id=CYCLE,
            unit_id="U01",
            subject_id="chen",
            result_position=position,
            grade="COMPETENT",
            unit_grade="EXCELLENT",
            share=Decimal("0.30"),
            seats=0,
            requested_by="orgdept",
            approved_by="leading",
            evidence=EVIDENCE,
        ),
    )
    assert city.when(command, by="leading") == Refusal("DUPLICATE_DECISION", "subject_id")


def test_the_best_grade_is_given_within_the_quota_of_the_units_grade(city: City) -> None:
    for person in PEOPLE:
        served(city, person, "U02", date(2018, 1, 1))
    graded(city)
    positions = [city.given(compute(person), by="orgdept") for person in PEOPLE]

    # Half of three cadres of a qualified unit, rounded down.
    city.given(decide("chen", positions[0], "EXCELLENT", "U02"), by="leading")
    second = decide("li", positions[1], "EXCELLENT", "U02")
    assert city.when(second, by="leading") == Refusal("QUOTA_EXCEEDED", "grade")
    city.given(replace(second, grade="COMPETENT"), by="leading")


def test_under_a_grade_without_a_quota_nobody_has_the_best_grade(city: City) -> None:
    served(city, "chen", "U03", date(2018, 1, 1))
    graded(city)
    position = city.given(compute("chen"), by="orgdept")

    assert city.when(decide("chen", position, "EXCELLENT", "U03"), by="leading") == Refusal("QUOTA_EXCEEDED", "grade")


def test_a_decision_stands_on_the_latest_result_and_the_grades_in_force(city: City) -> None:
    served(city, "chen", "U01", date(2018, 1, 1))
    graded(city)
    first = city.given(compute("chen"), by="orgdept")
    second = city.given(compute("chen", "95.00"), by="orgdept")

    assert city.when(decide("chen", first, "COMPETENT"), by="leading") == Refusal("BASIS_SUPERSEDED", "result_position")
    assert city.when(decide("li", second, "COMPETENT"), by="leading") == Refusal("UNKNOWN_ID", "subject_id")
    graded(city)
    late = decide("chen", second, "COMPETENT")
    assert city.when(late, by="leading") == Refusal("BASIS_SUPERSEDED", "result_position")
    city.given(decide("chen", city.given(compute("chen"), by="orgdept"), "COMPETENT"), by="leading")


# ---- the plan


def with_rules(rules: CadreRules) -> Plan:
    return replace(CADRE_PLAN, cadres=rules)


@pytest.mark.parametrize(
    ("plan", "refusal"),
    [
        (with_rules(replace(RULES, unit_share=Decimal("0.7"))), Refusal("FORMULA_INVALID", "cadres.personal_share")),
        (with_rules(replace(RULES, months_min=13)), Refusal("FORMULA_INVALID", "cadres.months_min")),
        (with_rules(replace(RULES, grades=())), Refusal("QUOTA_INVALID", "cadres.grades")),
        (
            with_rules(replace(RULES, quotas=(CadreQuota(unit_grade="GOOD", share=Decimal("0.2")),))),
            Refusal("QUOTA_INVALID", "cadres.quotas"),
        ),
        (
            with_rules(replace(RULES, quotas=(CadreQuota(unit_grade="EXCELLENT", share=Decimal("1.1")),))),
            Refusal("QUOTA_INVALID", "cadres.quotas"),
        ),
        (with_rules(replace(RULES, quotas=RULES.quotas * 2)), Refusal("DUPLICATE_ID", "cadres.quotas")),
        (replace(CADRE_PLAN, grading=None), Refusal("QUOTA_INVALID", "cadres.quotas")),
    ],
)
def test_rules_for_cadres_that_contradict_themselves_are_refused(plan: Plan, refusal: Refusal) -> None:
    with pytest.raises(Refused) as refused:
        check_plan(plan)

    assert Refusal(refused.value.code(), refused.value.path) == refusal

"""Posts and cadres: months served, and the result of a person's year."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from city import CYCLE, EVIDENCE, City, Refusal, found_city
from examples import vector
from serving import CADRE_PLAN, RULES, compute, decide, graded, hold, peopled, result, served

from ledger.domain.cadres import (
    NOT_GRADED,
    CadreResultComputed,
    PostPart,
    cadre_total,
    tenure_weighted,
)
from ledger.domain.commands import (
    LeavePost,
    MergeUnits,
    RegisterUnit,
)
from ledger.domain.numbers import Rounding, rounded
from ledger.domain.plan import Plan
from ledger.domain.plan_check import check_plan
from ledger.domain.plan_rules import CadreQuota, CadreRules
from ledger.domain.posts import PostHeld, PostLeft, post_stream
from ledger.domain.refusals import Refused
from ledger.domain.reorganisation import CarryPolicy, UnitShare
from ledger.domain.units import UnitCategory


@pytest.fixture
def city() -> City:
    """The city with three cadres, an organisation department, and a plan that says how cadres are assessed."""
    return peopled(found_city(CADRE_PLAN))


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


def test_six_months_are_enough_for_a_grade(city: City) -> None:
    served(city, "chen", "U01", date(2018, 7, 1))
    graded(city)
    position = city.given(compute("chen"), by="orgdept")

    assert (result(city).months, result(city).gradable) == (6, True)
    city.given(decide("chen", position, "COMPETENT"), by="leading")


def test_a_total_is_rounded_once(city: City) -> None:
    served(city, "chen", "U01", date(2018, 1, 1), date(2018, 8, 31))
    served(city, "chen", "U02", date(2018, 9, 1))
    graded(city)
    city.given(compute("chen", "94.11"), by="orgdept")

    # 90.3666... x 0.6 + 94.11 x 0.4 is 91.864; from the 90.37 that is shown it would be 91.866.
    assert (result(city).unit_part, result(city).total) == (Decimal("90.37"), Decimal("91.86"))


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

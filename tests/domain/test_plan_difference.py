"""What one version of a plan says otherwise than another, place by place."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal

import pytest
from city import PLAN, indicator

from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.plan import Deadline, DeadlineName, GroupWeight, Member, Participation, Plan
from ledger.domain.plan_difference import Difference, differences
from ledger.domain.quota import SeatRounding
from ledger.mini_ledger.plan import PLAN as MINI_PLAN

A, B, C = PLAN.indicators
assert MINI_PLAN.grading is not None
GRADING = MINI_PLAN.grading


def with_indicators(*indicators: object) -> Plan:
    return replace(PLAN, indicators=indicators)


def weighing(points: str) -> tuple[GroupWeight, ...]:
    return (GroupWeight(group_id="G1", weight=Decimal(points)),)


def test_a_plan_differs_from_itself_in_nothing() -> None:
    assert differences(PLAN, replace(PLAN)) == []
    assert differences(MINI_PLAN, MINI_PLAN) == []


def test_a_weight_that_is_another_is_one_difference() -> None:
    later = with_indicators(replace(A, weights=weighing("60")), B, replace(C, weights=weighing("10")))

    assert differences(PLAN, later) == [
        Difference("indicators[A].weights[G1].weight", "50", "60"),
        Difference("indicators[C].weights[G1].weight", "20", "10"),
    ]


def test_a_new_indicator_moves_none_of_the_others() -> None:
    new = indicator("D", "20", Formula(kind=FormulaKind.DIRECT_POINTS))
    found = differences(PLAN, with_indicators(new, A, B, C))

    assert {difference.path.split(".")[0] for difference in found} == {"indicators[D]"}
    assert {difference.old for difference in found} == {None}
    assert Difference("indicators[D].weights[G1].weight", None, "20") in found
    assert differences(with_indicators(new, A, B, C), PLAN) == [
        Difference(path, new_text, old_text) for path, old_text, new_text in found
    ]


def test_a_parameter_that_comes_or_goes_is_told_with_nothing_on_the_other_side() -> None:
    uncapped = replace(A, formula=replace(A.formula, cap=None))

    assert differences(PLAN, with_indicators(uncapped, B, C)) == [Difference("indicators[A].formula.cap", "105", None)]


def test_a_unit_that_takes_part_otherwise_is_found_by_its_id() -> None:
    group = PLAN.groups[0]
    members = (*group.members[:-1], Member(unit_id="U05", participation=Participation.NOT_ASSESSED))
    later = replace(PLAN, groups=(replace(group, members=members),))

    assert differences(PLAN, later) == [
        Difference("groups[G1].members[U05].participation", "RANKED", "NOT_ASSESSED"),
    ]


def test_a_deadline_is_found_by_its_name_and_period() -> None:
    of_june = Deadline(name=DeadlineName.ENTRY, period="2018-Q2", ends_on=date(2018, 7, 10))
    earlier = replace(PLAN, calendar=replace(PLAN.calendar, deadlines=(*PLAN.calendar.deadlines, of_june)))
    moved = replace(of_june, ends_on=date(2018, 7, 15))
    later = replace(PLAN, calendar=replace(PLAN.calendar, deadlines=(moved, *PLAN.calendar.deadlines)))

    assert differences(earlier, later) == [
        Difference("calendar.deadlines[ENTRY 2018-Q2].ends_on", "2018-07-10", "2018-07-15"),
    ]


def test_rules_of_grading_are_told_whole_where_the_earlier_plan_had_none() -> None:
    found = dict((path, (old, new)) for path, old, new in differences(PLAN, replace(PLAN, grading=MINI_PLAN.grading)))

    assert found["grading.grades[EXCELLENT].share"] == (None, "0.20")
    assert found["grading.refill"] == (None, "true")
    assert found["grading.tie_keys[A]"] == (None, "A")


def test_the_order_of_tie_keys_is_a_difference() -> None:
    orders = ("A", "B"), ("B", "A")
    earlier, later = (replace(MINI_PLAN, grading=replace(GRADING, tie_keys=keys)) for keys in orders)

    assert differences(earlier, later) == [Difference("grading.tie_keys", "A, B", "B, A")]


@pytest.mark.parametrize("field", [field.name for field in fields(Plan)])
def test_whatever_differs_is_told(field: str) -> None:
    other = replace(
        MINI_PLAN,
        title="Another plan",
        unit_ids=("U01",),
        periods=("2018-Y",),
        dimensions=PLAN.dimensions[:1],
        indicators=(A,),
        groups=(),
        timezone="UTC",
        score_scale=1,
        rounding=type(PLAN.rounding)("HALF_EVEN"),
        rounding_policy=type(PLAN.rounding_policy)("ROUND_EACH_LEVEL"),
        approver_independence=type(PLAN.approver_independence)("REQUESTER"),
        may_score_own_unit=True,
        graded_subject_to_appeal=True,
        appeal_may_lower=False,
        grading=replace(GRADING, rounding=SeatRounding.HALF_UP),
        decisions=(),
        veto_articles=("V1", "V2"),
    )
    changed = replace(MINI_PLAN, **{field: getattr(other, field)})

    assert bool(differences(MINI_PLAN, changed)) is (changed != MINI_PLAN)
    assert all(path.startswith(field) for path, _, _ in differences(MINI_PLAN, changed))

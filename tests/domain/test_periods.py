"""The year from its periods, and one period by itself. Source: domain.md 3.3."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from city import YEAR, indicator, plan_with
from examples import vector
from settling import exempted, line, row_of, settled, slice_of

from ledger.domain.cycle import NotApplicablePolicy, PlanVersion
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.periods import Frequency
from ledger.domain.plan import PeriodShare
from ledger.domain.plan_check import check_plan
from ledger.domain.refusals import FormulaInvalid
from ledger.domain.results import Known, LineStatus, Slice
from ledger.domain.settlement import settle, settle_each

POINTS = Formula(kind=FormulaKind.DIRECT_POINTS)
RATIO = Formula(kind=FormulaKind.LINEAR_RATIO)
QUARTERS = ("2018-Q1", "2018-Q2", "2018-Q3", "2018-Q4")


def shares(*parts: str) -> tuple[PeriodShare, ...]:
    return tuple(PeriodShare(period=period, share=Decimal(part)) for period, part in zip(QUARTERS, parts, strict=True))


WEIGHTED = replace(
    indicator("Q", "100", POINTS), frequency=Frequency.QUARTER, composition=shares("0.1", "0.2", "0.3", "0.4")
)
BY_QUARTERS = plan_with(WEIGHTED)
FLOW = replace(
    indicator("F", "100", RATIO, target="480"), frequency=Frequency.QUARTER, schedule=shares("0.2", "0.45", "0.72", "1")
)
BY_FLOW = plan_with(FLOW)


def quarterly(*points: str) -> dict[str, str]:
    return {f"U01 Q {period}": value for period, value in zip(QUARTERS, points, strict=False)}


def test_e10_each_period_counts_with_its_share() -> None:
    example = vector("E10")
    [first, *_] = settle(slice_of(BY_QUARTERS, quarterly(*example["input"]["scores"]))).rows

    assert (first.unit_id, str(first.total)) == ("U01", example["expect"])
    found = line(first, "Q")
    assert [(each.period, each.share, each.score) for each in found.periods] == [
        ("2018-Q1", Fraction("0.1"), 98),
        ("2018-Q2", Fraction("0.2"), Fraction("101.5")),
        ("2018-Q3", Fraction("0.3"), 96),
        ("2018-Q4", Fraction("0.4"), 103),
    ]
    assert (found.status, found.period, found.value) == (LineStatus.SCORED, "2018-Q4", Known(Decimal(103), 103))


def test_without_a_composition_only_the_last_period_counts() -> None:
    plan = plan_with(replace(WEIGHTED, composition=()))

    assert settled(slice_of(plan, quarterly("10", "20", "30", "40"))).exact == 40


def test_a_period_that_lacks_a_value_earns_nothing_and_is_not_dropped() -> None:
    row = settled(slice_of(BY_QUARTERS, quarterly("100", "100", "100")))

    assert (row.exact, line(row, "Q").status, row.complete) == (60, LineStatus.PARTLY, False)
    assert settled(slice_of(BY_QUARTERS, {}), "U01").missing == 1


@pytest.mark.parametrize(
    ("gone", "exact"),
    [
        (("2018-Q4",), (10 + 16 + 18) / Fraction("0.6")),
        (("2018-Q1", "2018-Q2"), (18 + 40) / Fraction("0.7")),
        (QUARTERS[1:], Fraction(100)),
    ],
    ids=["the last", "the first two", "all but the first"],
)
def test_periods_that_do_not_apply_give_their_part_to_the_others_in_proportion(
    gone: tuple[str, ...], exact: Fraction
) -> None:
    values = quarterly("100", "80", "60", "100")

    row = settled(slice_of(BY_QUARTERS, values, exemptions=(exempted("U01", "Q", *gone),)))

    assert (row.exact, row.complete) == (exact, True)
    assert sum((each.share for each in line(row, "Q").periods), Fraction(0)) == 1


def test_an_indicator_that_applies_in_no_period_gives_its_weight_away() -> None:
    plan = plan_with(
        replace(WEIGHTED, weights=(replace(WEIGHTED.weights[0], weight=Decimal(40)),)), indicator("C", "60", POINTS)
    )

    row = settled(slice_of(plan, {"U01 C": "90"}, exemptions=(exempted("U01", "Q"),)))

    assert (row.exact, row.complete, line(row, "Q").status) == (90, True, LineStatus.EXEMPT)


def test_full_marks_for_one_period_count_with_its_share() -> None:
    full = exempted("U01", "Q", "2018-Q1", policy=NotApplicablePolicy.FULL_MARK)

    row = settled(slice_of(BY_QUARTERS, quarterly("0", "50", "50", "50"), exemptions=(full,)))

    assert (row.exact, line(row, "Q").status) == (10 + 45, LineStatus.SCORED)


def test_one_period_is_scored_against_what_is_due_by_then() -> None:
    """E9: of 480 a year 45 % are due by the second quarter, which is 216."""
    example = vector("E9")
    values = {"U01 F 2018-Q2": example["input"]["ytd"], "U01 F 2018-Q4": "480"}

    half = settled(slice_of(BY_FLOW, values, period="2018-Q2"))
    year = settled(slice_of(BY_FLOW, values))

    assert str(half.total) == example["expect"]["progress_rate"]
    assert line(half, "F").target == Known(Decimal(480), 1)
    assert year.exact == 100


def test_a_units_own_target_is_due_in_the_same_parts() -> None:
    row = settled(slice_of(BY_FLOW, {"U01 F 2018-Q1": "10"}, targets={"U01 F": "100"}, period="2018-Q1"))

    assert row.exact == 50


def test_a_schedule_of_the_targets_own_goes_before_the_plans() -> None:
    facts = slice_of(BY_FLOW, {"U01 F 2018-Q1": "10"}, targets={"U01 F": "100"}, period="2018-Q1")
    own = {cell: replaced(target) for cell, target in facts.targets.items()}

    assert settled(replace(facts, targets=own)).exact == 100


def replaced(target: Known) -> Known:
    """The same target, of which a tenth is due by the first quarter."""
    return target._replace(schedule=(("2018-Q1", Decimal("0.1")), ("2018-Q4", Decimal(1))))


def test_a_schedule_leaves_out_no_period_that_counts() -> None:
    halves = tuple(PeriodShare(period=period, share=Decimal(s)) for period, s in (("2018-Q2", "0.4"), ("2018-Y", "1")))
    plan = plan_with(replace(FLOW, schedule=halves))
    composed = plan_with(replace(FLOW, schedule=halves, composition=shares("0.1", "0.2", "0.3", "0.4")))

    check_plan(plan)
    with pytest.raises(FormulaInvalid) as refused:
        check_plan(composed)
    assert (refused.value.path, refused.value.facts["period"]) == ("indicators.F.schedule", "2018-Q1")


def test_in_a_composition_each_period_is_scored_against_its_own_part_of_the_target() -> None:
    plan = plan_with(replace(FLOW, composition=shares("0.1", "0.2", "0.3", "0.4")))
    on_schedule = dict(zip((f"U01 F {period}" for period in QUARTERS), ("96", "216", "345.6", "480"), strict=True))

    assert settled(slice_of(plan, on_schedule)).exact == 100


def test_a_ranking_of_one_period_knows_only_what_is_scored_in_it() -> None:
    plan = plan_with(
        replace(WEIGHTED, weights=(replace(WEIGHTED.weights[0], weight=Decimal(40)),)), indicator("C", "60", POINTS)
    )
    values = {"U01 Q 2018-Q1": "80", "U01 C": "10", "U02 Q 2018-Q1": "90"}

    results = settle(slice_of(plan, values, period="2018-Q1"))

    assert [(row.unit_id, row.exact, row.rank) for row in results.rows[:2]] == [("U02", 90, 1), ("U01", 80, 2)]
    assert row_of(results).lines[0].periods[0].share == 1
    assert settled(slice_of(plan, values, period=YEAR)).exact == 10


def changed_in_the_third_quarter() -> Slice:
    """The points of a quarter are doubled from the third on; the year as a whole goes by the latest plan."""
    facts = slice_of(BY_QUARTERS, quarterly("10", "20", "30", "40"))
    doubled = replace(WEIGHTED, formula=Formula(kind=FormulaKind.LINEAR_RATIO), target=Decimal(50))
    later = PlanVersion(plan_version=2, position=2, plan=plan_with(doubled), in_force_from_period="2018-Q3")
    return replace(facts, cycle=replace(facts.cycle, versions=(*facts.cycle.versions, later)))


@pytest.mark.parametrize(
    "facts", [slice_of(BY_QUARTERS, quarterly("10", "20", "30", "40")), changed_in_the_third_quarter()]
)
def test_periods_that_are_settled_together_come_out_as_each_by_itself(facts: Slice) -> None:
    together = settle_each(facts, (None, *QUARTERS))

    assert together == {period: settle(replace(facts, period=period)) for period in (None, *QUARTERS)}

"""Results: totals, ranks, weights after exemptions, and what always holds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from city import (
    CYCLE,
    GROUP,
    MIDSUMMER,
    PLAN,
    UNITS,
    YEAR,
    City,
    enter,
    exempt,
    found_city,
    indicator,
    plan_with,
    set_target,
    withdraw,
)
from examples import vector
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.commands import AssignUnitToGroup
from ledger.domain.cycle import Cycle, Exemption, PlanVersion
from ledger.domain.explained import rounding_difference
from ledger.domain.explanation import explain
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.numbers import Rounding, RoundingPolicy
from ledger.domain.periods import Frequency
from ledger.domain.plan import Participation, Plan
from ledger.domain.results import Known, LineStatus, Results, Slice
from ledger.domain.score import Basis
from ledger.domain.settlement import settle

POINTS = Formula(kind=FormulaKind.DIRECT_POINTS)
POINTS_ONLY = plan_with(indicator("C", "100", POINTS))
BEST_ONLY = plan_with(indicator("A", "100", Formula(kind=FormulaKind.BEST_RATIO)))

Cells = dict[tuple[str, str], str]
"""Values by unit and indicator, all for the year."""


def slice_of(plan: Plan, values: Cells, *, exempted: tuple[tuple[str, str], ...] = ()) -> Slice:
    """The facts of the city's group without the events behind them."""
    version = PlanVersion(plan_version=1, position=1, plan=plan, in_force_from_period=None)
    exemptions = tuple(
        Exemption(unit_id=unit, indicator_id=indicator_id, periods=(), position=2) for unit, indicator_id in exempted
    )
    known = {
        (unit, indicator_id, YEAR): Known(Decimal(value), position)
        for position, ((unit, indicator_id), value) in enumerate(sorted(values.items()), start=3)
    }
    cycle = Cycle(versions=(version,), exemptions=exemptions)
    return Slice(3 + len(known), CYCLE, cycle, GROUP, Basis.OFFICIAL, None, known, {})


def standing(results: Results) -> list[tuple[int | None, str, str]]:
    return [(row.rank, row.unit_id, str(row.total)) for row in results.rows]


def points_of(*points: str) -> Results:
    cells = {(unit, "C"): value for unit, value in zip(UNITS, points, strict=False)}
    return settle(slice_of(POINTS_ONLY, cells))


# Ranks.


def test_units_with_one_total_share_a_rank_and_the_next_rank_is_skipped() -> None:
    assert standing(points_of("92", "93.10", "95.20", "93.10", "91")) == [
        (1, "U03", "95.20"),
        (2, "U02", "93.10"),
        (2, "U04", "93.10"),
        (4, "U01", "92.00"),
        (5, "U05", "91.00"),
    ]


def test_totals_that_show_alike_rank_alike() -> None:
    """Half a point of a scale nobody sees decides no rank: the published total does."""
    plan = replace(BEST_ONLY, score_scale=0)
    rows = settle(slice_of(plan, {("U01", "A"): "999", ("U02", "A"): "1000"})).rows

    assert [(row.rank, row.exact) for row in rows[:2]] == [(1, Fraction("99.9")), (1, Fraction(100))]


def test_a_unit_without_any_value_has_no_rank_and_comes_last() -> None:
    results = points_of("60", "80")

    assert standing(results) == [
        (1, "U02", "80.00"),
        (2, "U01", "60.00"),
        (None, "U03", "0.00"),
        (None, "U04", "0.00"),
        (None, "U05", "0.00"),
    ]
    assert not results.complete


def test_a_value_of_zero_is_a_value() -> None:
    assert standing(points_of("0", "0"))[:3] == [(1, "U01", "0.00"), (1, "U02", "0.00"), (None, "U03", "0.00")]


def test_a_unit_listed_separately_is_scored_without_a_rank(city: City) -> None:
    for unit, value in zip(UNITS, ("8", "7", "6", "5", "4"), strict=True):
        city.given(enter(value, unit), by="scorer")
    before = city.head
    aside = AssignUnitToGroup(
        cycle_id=CYCLE,
        unit_id="U01",
        group_id=GROUP,
        participation=Participation.LISTED_SEPARATELY,
        reason="A pilot area now.",
    )
    city.given(aside, by="leading")

    provisional = Basis.PROVISIONAL
    assert [(rank, unit) for rank, unit, _ in city.ranking(provisional)] == [
        (1, "U02"),
        (2, "U03"),
        (3, "U04"),
        (4, "U05"),
        (None, "U01"),
    ]
    assert city.results(provisional).row("U01") == replace(
        city.results(provisional, as_of=before).rows[0], rank=None, participation=Participation.LISTED_SEPARATELY
    )


def test_units_listed_separately_that_have_a_value_come_before_those_that_have_none() -> None:
    aside = tuple(replace(member, participation=Participation.LISTED_SEPARATELY) for member in PLAN.groups[0].members)
    plan = replace(POINTS_ONLY, groups=(replace(PLAN.groups[0], members=aside),))

    assert standing(settle(slice_of(plan, {("U05", "C"): "0", ("U04", "C"): "70"})))[:3] == [
        (None, "U04", "70.00"),
        (None, "U05", "0.00"),
        (None, "U01", "0.00"),
    ]


def test_a_unit_that_is_not_assessed_is_not_in_the_results(city: City) -> None:
    aside = AssignUnitToGroup(
        cycle_id=CYCLE,
        unit_id="U01",
        group_id=GROUP,
        participation=Participation.NOT_ASSESSED,
        reason="It was dissolved.",
    )
    city.given(aside, by="leading")

    assert city.results().row("U01") is None


# Missing values and weights.


def test_a_missing_value_counts_as_zero_and_is_never_dropped(city: City) -> None:
    city.verified("8.0")
    row = city.results().row("U04")
    assert row is not None

    assert (str(row.total), row.missing, row.complete) == ("50.00", 2, False)
    assert [(line.status, line.weight) for line in row.lines] == [
        (LineStatus.SCORED, 50),
        (LineStatus.MISSING, 30),
        (LineStatus.MISSING, 20),
    ]


def test_a_withdrawn_value_is_missing(city: City) -> None:
    city.given(withdraw(city.verified("8.0"), approved_by="approver"), by="scorer")

    assert city.ranking()[3] == (None, "U04", "0.00")


def test_e11_an_exempted_indicators_weight_goes_to_its_siblings_in_proportion() -> None:
    example = vector("E11")
    weights, scores, [gone] = (example["input"][name] for name in ("weights", "scores", "na"))
    livelihood = [indicator(name, weight, POINTS, dimension_id="LIVELIHOOD") for name, weight in weights.items()]
    plan = plan_with(indicator("A", "80", POINTS), *livelihood)
    values = {("U01", name): score for name, score in scores.items()}

    row = settle(slice_of(plan, values, exempted=(("U01", gone),))).row("U01")

    assert row is not None
    assert {line.indicator.indicator_id: line.weight for line in row.lines} == {
        "A": 80,
        gone: 0,
        **{name: Fraction(weight) for name, weight in example["expect"]["weights"].items()},
    }
    assert str(row.total) == example["expect"]["points"]
    assert (row.missing, row.lines[-1].status) == (1, LineStatus.EXEMPT)


def test_an_empty_dimensions_weight_goes_to_the_other_dimensions(city: City) -> None:
    city.given(exempt("U04", "C"), by="leading")
    city.verified("8.0")

    row = city.results().row("U04")
    assert row is not None
    assert [line.weight for line in row.lines] == [Fraction(125, 2), Fraction(75, 2), 0]
    assert str(row.total) == "62.50"


def test_a_value_of_an_exempted_indicator_does_not_move_its_peers() -> None:
    values = {("U01", "A"): "50", ("U02", "A"): "100"}

    assert standing(settle(slice_of(BEST_ONLY, values)))[1] == (2, "U01", "50.00")
    assert standing(settle(slice_of(BEST_ONLY, values, exempted=(("U02", "A"),))))[0] == (1, "U01", "100.00")


def test_a_unit_exempted_from_everything_has_nothing_and_no_rank() -> None:
    results = settle(slice_of(BEST_ONLY, {("U01", "A"): "50"}, exempted=(("U01", "A"),)))

    assert standing(results) == [(None, unit, "0.00") for unit in UNITS]


def test_a_target_of_a_units_own_goes_before_the_plans(city: City) -> None:
    target = city.given(set_target("10"), by="office", at=MIDSUMMER)
    entered = city.verified("8.0")

    row = city.results().row("U04")
    assert row is not None
    line = row.lines[0]
    assert (line.value, line.target) == (Known(Decimal("8.0"), entered + 1), Known(Decimal(10), target))
    assert (line.score, line.points) == (80, 40)


# Periods.


def quarterly_plan() -> Plan:
    quarterly = replace(indicator("Q", "40", POINTS), frequency=Frequency.QUARTER)
    monthly = replace(indicator("P", "10", POINTS, dimension_id="LIVELIHOOD"), frequency=Frequency.QUARTER)
    return plan_with(quarterly, monthly, indicator("C", "50", POINTS))


def test_a_ranking_of_one_period_rescales_the_weights_that_are_due_in_it() -> None:
    city = found_city(quarterly_plan())
    _award(city, "Q", "90", "2018-Q1")
    _award(city, "P", "80", "2018-Q1")

    row = city.results(Basis.PROVISIONAL, period="2018-Q1").rows[0]

    assert [(line.indicator.indicator_id, line.weight) for line in row.lines] == [("Q", 80), ("P", 20)]
    assert (row.unit_id, row.rank, str(row.total)) == ("U04", 1, "88.00")


def test_the_year_takes_the_last_period_of_each_indicator() -> None:
    city = found_city(quarterly_plan())
    _award(city, "Q", "90", "2018-Q1")
    _award(city, "Q", "70", "2018-Q4")
    _award(city, "C", "80", YEAR)

    row = city.results(Basis.PROVISIONAL).rows[0]

    assert [(line.period, line.status) for line in row.lines] == [
        ("2018-Q4", LineStatus.SCORED),
        ("2018-Q4", LineStatus.MISSING),
        (YEAR, LineStatus.SCORED),
    ]
    assert str(row.total) == "68.00"


def _award(city: City, indicator_id: str, points: str, period: str) -> None:
    awarded = replace(enter(points, indicator_id="C"), indicator_id=indicator_id, period=period)
    city.given(awarded, by="scorer")


# What always holds.

CELLS = st.dictionaries(
    st.tuples(st.sampled_from(UNITS), st.sampled_from(["A", "B", "C"])),
    st.decimals(min_value=0, max_value=100, places=2).map(str),
)
EXEMPTED = st.lists(st.tuples(st.sampled_from(UNITS), st.sampled_from(["A", "B", "C"])), max_size=6).map(tuple)
PLANS = st.builds(
    replace,
    st.sampled_from(
        [PLAN, plan_with(replace(PLAN.indicators[0], formula=BEST_ONLY.indicators[0].formula), *PLAN.indicators[1:])]
    ),
    rounding=st.sampled_from(Rounding),
    rounding_policy=st.sampled_from(RoundingPolicy),
)


@given(plan=PLANS, cells=CELLS, exempted=EXEMPTED, renamed=st.permutations(UNITS))
def test_what_the_units_are_called_changes_no_total_and_no_rank(
    plan: Plan, cells: Cells, exempted: tuple[tuple[str, str], ...], renamed: list[str]
) -> None:
    name = dict(zip(UNITS, renamed, strict=True))
    there = settle(
        slice_of(
            plan,
            {(name[unit], indicator_id): value for (unit, indicator_id), value in cells.items()},
            exempted=tuple((name[unit], indicator_id) for unit, indicator_id in exempted),
        )
    )

    for row in settle(slice_of(plan, cells, exempted=exempted)).rows:
        other = there.row(name[row.unit_id])
        assert other is not None
        assert (other.rank, other.exact, other.total) == (row.rank, row.exact, row.total)


@given(plan=PLANS, cells=CELLS, exempted=EXEMPTED)
def test_the_weights_that_apply_sum_to_exactly_100(
    plan: Plan, cells: Cells, exempted: tuple[tuple[str, str], ...]
) -> None:
    for row in settle(slice_of(plan, cells, exempted=exempted)).rows:
        applies = [line.weight for line in row.lines if line.status is not LineStatus.EXEMPT]
        assert sum(applies, Fraction(0)) == (100 if applies else 0)


@given(plan=PLANS, cells=CELLS, exempted=EXEMPTED)
def test_a_rank_is_one_more_than_the_number_of_units_with_a_greater_total(
    plan: Plan, cells: Cells, exempted: tuple[tuple[str, str], ...]
) -> None:
    rows = settle(slice_of(plan, cells, exempted=exempted)).rows
    ranked = [row for row in rows if row.rank is not None]

    assert [row.rank for row in ranked] == [1 + sum(other.total > row.total for other in ranked) for row in ranked]
    assert rows[: len(ranked)] == tuple(ranked)


@given(plan=PLANS, cells=CELLS, exempted=EXEMPTED)
def test_an_explanation_adds_up_to_the_exact_total_and_cites_every_value(
    plan: Plan, cells: Cells, exempted: tuple[tuple[str, str], ...]
) -> None:
    """Of every value of the unit itself; peers that set a scale are cited besides where they may be seen."""
    results = settle(slice_of(plan, cells, exempted=exempted))
    for row in results.rows:
        tree = explain(results, row, lambda unit_id, _, own=row.unit_id: unit_id == own)
        assert set(tree.positions) <= set(explain(results, row).positions)

        assert (tree.exact, tree.shown) == (row.exact, row.total)
        assert sum((part.exact for part in tree.parts), Fraction(0)) == row.exact
        for dimension in tree.parts:
            assert sum((part.exact for part in dimension.parts), Fraction(0)) == dimension.exact
        assert sum((part.shown for part in tree.parts), Decimal(0)) + rounding_difference(tree) == tree.shown
        known = {figure.position for line in row.lines for figure in (line.value, line.target) if figure is not None}
        assert set(tree.positions) == known | {2 for unit_id, _ in exempted if unit_id == row.unit_id}

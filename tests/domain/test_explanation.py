"""Why a total is what it is: trees whose figures add up exactly, down to the events behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from city import PLAN, UNITS, YEAR, indicator, plan_with
from hypothesis import given, settings
from hypothesis import strategies as st
from settling import adjusted, appraised, bonus, deduction, exempted, row_of, slice_of

from ledger.domain.adjustment import Adjustment, AdjustmentStatus
from ledger.domain.cycle import NotApplicablePolicy
from ledger.domain.evaluation import Tallies
from ledger.domain.explained import SUMMED, Explained, FigureKind, rounding_difference
from ledger.domain.explanation import explain, explain_indicator
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.numbers import Rounding, RoundingPolicy, rounded
from ledger.domain.periods import Frequency
from ledger.domain.plan import Indicator, PeriodShare, Plan
from ledger.domain.plan_rules import (
    AdjustmentKind,
    AdjustmentRule,
    AdjustmentRules,
    ClassWeight,
    DishonestyRule,
    EvaluationRules,
    RaterClass,
)
from ledger.domain.reorganisation import CarryPolicy, Merger, Reorganisations
from ledger.domain.results import Known, Results, Slice
from ledger.domain.rulings import Rulings
from ledger.domain.settlement import settle
from ledger.domain.tallying import Tally

POINTS = Formula(kind=FormulaKind.DIRECT_POINTS)
QUARTERS = ("2018-Q1", "2018-Q2", "2018-Q3", "2018-Q4")
WEIGHTED = tuple(
    PeriodShare(period=period, share=Decimal(share))
    for period, share in zip(QUARTERS, ("0.1", "0.2", "0.3", "0.4"), strict=True)
)
RATERS = EvaluationRules(
    share=Decimal("0.2"),
    classes=(
        ClassWeight(rater_class=RaterClass.PEER, weight=Decimal(70)),
        ClassWeight(rater_class=RaterClass.SUPERIOR, weight=Decimal(30)),
    ),
)
ARTICLES = AdjustmentRules(
    rules=(
        AdjustmentRule(article="B1", kind=AdjustmentKind.BONUS, points_max=Decimal(9)),
        AdjustmentRule(article="D1", kind=AdjustmentKind.DEDUCTION, points_max=Decimal(90), cumulative=True),
    ),
    bonus_max=Decimal(5),
)
MERGED = 40


def figures_of(tree: Explained) -> Iterator[Explained]:
    """The figure and every figure below it."""
    yield tree
    for part in tree.parts:
        yield from figures_of(part)


# ---- examples

APPRAISING = replace(plan_with(indicator("C", "100", POINTS)), evaluation=RATERS, adjustments=ARTICLES)


def test_every_figure_is_what_it_contributes_to_the_total() -> None:
    """Goals count 80 %, the raters 20 %; the overall cap leaves 5 of 6 bonus points."""
    tallies = Tallies(
        {
            "U01": {
                RaterClass.PEER: Tally(70, 5, 4, Fraction(90), True),
                RaterClass.SUPERIOR: Tally(71, 3, 3, Fraction(80), False),
            }
        }
    )
    rulings = replace(adjusted(bonus("6"), deduction("2")), tallies=tallies)
    results = settle(slice_of(APPRAISING, {"U01 C": "95"}, rulings=rulings))

    tree = explain(results, row_of(results))

    assert [_told(each) for each in figures_of(tree)] == [
        ("TOTAL", "U01", "96.4", None, None),
        ("GOAL", "goal appraisal", "76", "80", None),
        ("DIMENSION", "Economy", "76", "80", None),
        ("INDICATOR", "Indicator C 2018-Y", "76", "80", "DIRECT_POINTS: 95 points of 100"),
        ("VALUE", "value in points", "95", None, None),
        ("EVALUATION", "evaluation", "17.4", "20", None),
        ("RATERS", "peer", "12.6", "14", "90 points of 100, 4 of 5 valid, trimmed"),
        ("RATERS", "superior", "4.8", "6", "80 points of 100, 3 of 3 valid"),
        ("BONUS", "bonus", "5", None, None),
        ("ADJUSTMENT", "m50: capped overall", "5", None, "plan 1, article B1"),
        ("DEDUCTION", "deduction", "-2", None, None),
        ("ADJUSTMENT", "m60: counted", "-2", None, "plan 1, article D1"),
    ]
    assert tree.positions == (50, 60, 70, 71, 100)


def _told(figure: Explained) -> tuple[str, str, str, str | None, str | None]:
    weight = None if figure.weight is None else _decimal(figure.weight)
    return figure.kind.value, figure.label, _decimal(figure.exact), weight, figure.formula


def _decimal(exact: Fraction) -> str:
    return f"{Decimal(exact.numerator) / exact.denominator:f}"


def test_rounding_at_a_level_is_a_part_of_its_own() -> None:
    """0.8 x 93.87 is 75.096, which goes into the total as 75.10."""
    plan = replace(APPRAISING, rounding_policy=RoundingPolicy.ROUND_EACH_LEVEL)
    results = settle(slice_of(plan, {"U01 C": "93.87"}, rulings=replace(adjusted(), tallies=appraised("0"))))

    [goals, _] = explain(results, row_of(results)).parts

    assert goals.exact == Fraction("75.10")
    assert [(part.kind, part.exact) for part in goals.parts] == [
        (FigureKind.DIMENSION, Fraction("75.096")),
        (FigureKind.ROUNDING, Fraction("0.004")),
    ]


def test_what_keeps_a_total_from_falling_below_zero_is_a_part_of_it() -> None:
    results = settle(slice_of(APPRAISING, {"U01 C": "50"}, rulings=adjusted(deduction("60"))))

    tree = explain(results, row_of(results))

    assert (tree.exact, tree.parts[-1].kind, tree.parts[-1].exact) == (0, FigureKind.FLOOR, 20)


def test_shown_figures_that_do_not_add_up_have_a_rounding_difference() -> None:
    """Two indicators of one third and two thirds: 33.3333 and 66.6666 are shown as 33.33 and 66.67."""
    thirds = plan_with(
        indicator("A", "50", Formula(kind=FormulaKind.BEST_RATIO), dimension_id="ECONOMY"),
        indicator("B", "50", Formula(kind=FormulaKind.BEST_RATIO), dimension_id="LIVELIHOOD"),
    )
    values = {"U01 A": "1", "U01 B": "1", "U02 A": "3", "U02 B": "3"}
    results = settle(slice_of(thirds, values))

    tree = explain(results, row_of(results))

    assert [str(part.shown) for part in tree.parts] == ["16.67", "16.67"]
    assert (str(tree.shown), rounding_difference(tree)) == ("33.33", Decimal("-0.01"))


def test_an_exemption_is_cited_where_it_took_or_lent_weight() -> None:
    plan = plan_with(indicator("A", "50", POINTS), indicator("B", "50", POINTS))
    gone = exempted("U01", "B", position=7)
    results = settle(slice_of(plan, {"U01 A": "90"}, exemptions=(gone,)))

    [economy] = explain(results, row_of(results)).parts

    assert [(part.formula, part.weight, part.positions) for part in economy.parts] == [
        ("DIRECT_POINTS: 90 points of 100", 100, (100,)),
        ("EXEMPT", 0, (7,)),
    ]


def test_an_indicator_that_the_raters_score_cites_their_tallies() -> None:
    plan = replace(
        plan_with(indicator("V", "100", Formula(kind=FormulaKind.EVALUATION))),
        evaluation=replace(RATERS, share=Decimal(0)),
    )
    results = settle(slice_of(plan, {}, rulings=replace(adjusted(), tallies=appraised("87"))))

    [economy] = explain(results, row_of(results)).parts

    [valued] = economy.parts
    assert (valued.exact, valued.positions, [part.exact for part in valued.parts]) == (87, (70,), [87])


def test_a_successors_figure_cites_its_predecessors_and_the_merger() -> None:
    merger = Merger(MERGED, date(2018, 8, 1), "U01", {"U02": Fraction(1)}, CarryPolicy.TIME_WEIGHTED, {})
    rulings = Rulings(reorganisations=Reorganisations(mergers=(merger,)))
    plan = plan_with(indicator("A", "100", Formula(kind=FormulaKind.LINEAR_RATIO)))
    targets = {"U01 A": "10", "U02 A": "20"}
    results = settle(slice_of(plan, {"U01 A": "10", "U02 A": "10"}, targets=targets, rulings=rulings))

    [economy] = explain(results, row_of(results)).parts

    inherited = economy.parts[0].parts[-1]
    assert (inherited.label, inherited.kind) == ("U02 2018-Y", FigureKind.INHERITED)
    assert (inherited.exact, inherited.weight) == (50, Fraction(700, 12))
    assert inherited.positions == (101, 103, MERGED)


def test_peers_that_set_the_scale_are_named_with_their_events_as_far_as_they_may_be_seen() -> None:
    """Between the worst and the best of the group: U02 has 10, U03 has 50, and U01 30."""
    plan = plan_with(indicator("A", "100", Formula(kind=FormulaKind.EFFICACY, base=Decimal(60), span=Decimal(40))))
    results = settle(slice_of(plan, {"U01 A": "30", "U02 A": "10", "U03 A": "50", "U04 A": "40"}))

    [economy] = explain(results, row_of(results)).parts
    [indicated] = economy.parts
    assert [(part.kind, part.label, part.exact, part.positions) for part in indicated.parts] == [
        (FigureKind.VALUE, "value in %", 30, (100,)),
        (FigureKind.PEER, "U02", 10, (101,)),
        (FigureKind.PEER, "U03", 50, (102,)),
    ]
    assert (indicated.method, indicated.points) == ("EFFICACY: floor 0; base 60; span 40", 80)
    own_only = explain_indicator(results, row_of(results), "A", lambda unit_id, _: unit_id == "U01")
    assert [part.kind for part in own_only.parts] == [FigureKind.VALUE]
    assert own_only.positions == (100,)


def test_the_part_of_a_target_that_was_due_is_told() -> None:
    due = (PeriodShare(period="2018-Q2", share=Decimal("0.45")), PeriodShare(period=YEAR, share=Decimal(1)))
    ratio = replace(indicator("A", "100", Formula(kind=FormulaKind.LINEAR_RATIO), target="480"), schedule=due)
    plan = plan_with(replace(ratio, frequency=Frequency.QUARTER))
    results = settle(slice_of(plan, {"U01 A 2018-Q2": "216"}, period="2018-Q2"))

    indicated = explain_indicator(results, row_of(results), "A")

    assert [(part.kind, part.exact, str(part.shown)) for part in indicated.parts] == [
        (FigureKind.VALUE, 216, "216"),
        (FigureKind.TARGET, 480, "480"),
        (FigureKind.DUE, Fraction("0.45"), "0.4500"),
    ]
    assert indicated.points == 100


def test_growth_is_explained_from_its_baseline() -> None:
    plan = plan_with(indicator("A", "100", Formula(kind=FormulaKind.GROWTH_MIX, share=Decimal("0.5"))))
    slice = slice_of(plan, {"U01 A": "10"})
    results = settle(replace(slice, targets={("U01", "A"): Known(Decimal(10), 7, Decimal(5))}))

    indicated = explain_indicator(results, row_of(results), "A")

    assert [(part.kind, part.exact, part.positions) for part in indicated.parts] == [
        (FigureKind.VALUE, 10, (100,)),
        (FigureKind.TARGET, 10, (7,)),
        (FigureKind.BASELINE, 5, (7,)),
    ]


# ---- what always holds


def _indicators() -> st.SearchStrategy[tuple[Indicator, ...]]:
    ratio = Formula(kind=FormulaKind.LINEAR_RATIO, cap=Decimal(105))
    last = st.sampled_from([POINTS, Formula(kind=FormulaKind.EVALUATION)])
    quarterly = replace(indicator("Q", "30", POINTS), frequency=Frequency.QUARTER)
    return st.tuples(
        st.just(indicator("A", "50", ratio, target="7.0")),
        st.sampled_from([quarterly, replace(quarterly, composition=WEIGHTED)]),
        last.map(lambda formula: indicator("C", "20", formula, dimension_id="LIVELIHOOD")),
    )


PLANS = st.builds(
    lambda indicators, share, policy, rounding, dishonest: replace(
        PLAN,
        indicators=indicators,
        evaluation=replace(RATERS, share=Decimal(share)),
        adjustments=ARTICLES,
        dishonesty=DishonestyRule() if dishonest else None,
        rounding_policy=policy,
        rounding=rounding,
    ),
    _indicators(),
    st.sampled_from(["0", "0.2", "1"]),
    st.sampled_from(RoundingPolicy),
    st.sampled_from(Rounding),
    st.booleans(),
)
CELLS = [f"{unit} {cell}" for unit in UNITS[:3] for cell in ("A", "C", *(f"Q {period}" for period in QUARTERS))]
FIGURES = st.dictionaries(st.sampled_from(CELLS), st.decimals(0, 100, places=2).map(str))
CLAIMS = st.dictionaries(st.sampled_from(CELLS), st.decimals(0, 100, places=2).map(str), max_size=4)
NEAR = st.dictionaries(st.sampled_from(CELLS), st.decimals("0.9", "1.2", places=2), max_size=4)
"""How many times what was verified is claimed: what is a little better than it is an overstatement."""
STATUSES = (AdjustmentStatus.APPROVED, AdjustmentStatus.CLAIMED, AdjustmentStatus.REVOKED)


@st.composite
def _adjustments(draw: st.DrawFn) -> list[Adjustment]:
    items: list[Adjustment] = []
    for position in range(50, 50 + draw(st.integers(0, 4))):
        points = str(draw(st.decimals("0.001", 40, places=3)))
        if draw(st.booleans()):
            items.append(replace(bonus(points, position=position), status=draw(st.sampled_from(STATUSES))))
        else:
            items.append(deduction(points, position=position))
    return items


@st.composite
def _rulings(draw: st.DrawFn) -> Rulings:
    means = draw(st.lists(st.none() | st.fractions(0, 100, max_denominator=7), min_size=2, max_size=2))
    tallies = {
        rater_class: Tally(70 + number, 4, draw(st.integers(2, 4)), mean, False)
        for number, (rater_class, mean) in enumerate(zip((RaterClass.PEER, RaterClass.SUPERIOR), means, strict=True))
    }
    mergers: tuple[Merger, ...] = ()
    if draw(st.booleans()):
        shares = {"U02": Fraction(1, 3), "U03": Fraction(2, 3)}
        policy = draw(st.sampled_from([CarryPolicy.TIME_WEIGHTED, CarryPolicy.SUCCESSOR_ONLY]))
        by_indicator = {"A": draw(st.sampled_from(CarryPolicy))}
        month = draw(st.integers(1, 12))
        mergers = (Merger(MERGED, date(2018, month, 15), "U01", shares, policy, by_indicator),)
    return Rulings(
        adjustments=adjusted(*draw(_adjustments())).adjustments,
        tallies=Tallies({"U01": tallies}),
        reorganisations=Reorganisations(mergers=mergers),
    )


@st.composite
def slices(draw: st.DrawFn) -> Slice:
    """What may be known of a group, under whatever plan."""
    plan: Plan = draw(PLANS)
    exemptions = draw(
        st.lists(
            st.tuples(st.sampled_from("AC"), st.sampled_from(NotApplicablePolicy)), max_size=2, unique_by=lambda e: e[0]
        )
    )
    figures = draw(FIGURES)
    near = {cell: f"{Decimal(figures[cell]) * times:.2f}" for cell, times in draw(NEAR).items() if cell in figures}
    return slice_of(
        plan,
        figures,
        period=draw(st.none() | st.none() | st.sampled_from(plan.periods)),
        claims=draw(CLAIMS) | near,
        exemptions=tuple(
            exempted("U01", indicator_id, policy=policy, position=number)
            for number, (indicator_id, policy) in enumerate(exemptions, start=2)
        ),
        rulings=draw(_rulings()),
    )


def known_positions(slice: Slice) -> set[int]:
    rulings = slice.rulings
    return {
        *(version.position for version in slice.cycle.versions),
        *(exemption.position for exemption in slice.cycle.exemptions),
        *(known.position for known in slice.values.values()),
        *(known.position for known in slice.claims.values()),
        *rulings.adjustments.items,
        *(tally.position for tally in rulings.tallies.of("U01").values()),
        *(merger.position for merger in rulings.reorganisations.mergers),
    }


def test_the_mean_of_too_few_ballots_is_not_told() -> None:
    """It would tell what the few said."""
    said = {
        RaterClass.PEER: Tally(70, 2, 2, Fraction(90), False),
        RaterClass.SUPERIOR: Tally(71, 3, 3, Fraction(80), False),
    }
    rulings = replace(adjusted(), tallies=Tallies({"U01": said}))
    results = settle(slice_of(APPRAISING, {"U01 C": "95"}, rulings=rulings))

    raters = [each for each in figures_of(explain(results, row_of(results))) if each.kind is FigureKind.RATERS]

    assert [(each.label, each.formula) for each in raters] == [
        ("peer", "too few valid ballots, 2 of 2 valid"),
        ("superior", "80 points of 100, 3 of 3 valid"),
    ]


@settings(max_examples=60)
@given(slice=slices())
def test_the_parts_of_every_summed_figure_add_up_to_it_exactly(slice: Slice) -> None:
    results = settle(slice)
    for row in results.rows:
        tree = explain(results, row)
        assert (tree.exact, tree.shown) == (row.exact, row.total)
        for figure in figures_of(tree):
            if figure.kind in SUMMED:
                assert sum((part.exact for part in figure.parts), Fraction(0)) == figure.exact
                shown = sum((part.shown for part in figure.parts), Decimal(0))
                assert rounding_difference(figure) == figure.shown - shown


@settings(max_examples=60)
@given(slice=slices())
def test_every_figure_is_shown_rounded_once_and_stands_on_events_that_are_known(slice: Slice) -> None:
    results: Results = settle(slice)
    plan, known = results.plan, known_positions(slice)
    for row in results.rows:
        for figure in figures_of(explain(results, row)):
            if figure.kind not in (FigureKind.VALUE, FigureKind.TARGET, FigureKind.PEER):
                assert figure.shown == rounded(figure.exact, plan.score_scale, plan.rounding)
            assert known.issuperset(figure.positions)
            for part in figure.parts:
                assert set(part.positions) <= set(figure.positions)


@settings(max_examples=40)
@given(slice=slices())
def test_floors_and_roundings_stand_only_where_they_belong(slice: Slice) -> None:
    results = settle(slice)
    for row in results.rows:
        for figure in figures_of(explain(results, row)):
            if figure.kind is FigureKind.FLOOR:
                assert row.exact == 0
                assert figure.exact > 0
            if figure.kind is FigureKind.ROUNDING:
                assert results.plan.rounding_policy is RoundingPolicy.ROUND_EACH_LEVEL
                assert abs(figure.exact) <= Fraction(1, 200)

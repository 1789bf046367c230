"""What a successor's score owes to the units it came from. Source: domain.md 3.10."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from city import (
    CYCLE,
    EVIDENCE,
    GROUP,
    LATE,
    NOW,
    City,
    Refusal,
    approve,
    enter,
    found_city,
    indicator,
    plan_with,
    request,
    verify,
)
from examples import vector
from opening import OPENED, RESTATED, RULES, compute, open_grades, put_up, reopen, revise
from settling import Figures, exempted, line, row_of, settled, slice_of

from ledger.domain.commands import (
    AssignUnitToGroup,
    CloseEntry,
    MergeUnits,
)
from ledger.domain.facts import Fact
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.periods import Frequency
from ledger.domain.plan import Participation, PeriodShare, Plan
from ledger.domain.reorganisation import CarryPolicy, Merger, Reorganisations, Split, UnitShare
from ledger.domain.results import Inherited, Known, LineStatus, UnitResult
from ledger.domain.rulings import Rulings
from ledger.domain.settlement import settle, settle_each

POINTS = Formula(kind=FormulaKind.DIRECT_POINTS)
QUARTERS = ("2018-Q1", "2018-Q2", "2018-Q3", "2018-Q4")
AUGUST = date(2018, 8, 1)
MERGED = 40
"""The position of the merger."""
QUARTERLY = replace(indicator("Q", "100", POINTS), frequency=Frequency.QUARTER)
YEARLY = indicator("Y", "100", POINTS)
EXAMPLE = vector("E22")
A, B, C = (EXAMPLE["input"][name] for name in "ABC")


def merged(policy: CarryPolicy = CarryPolicy.TIME_WEIGHTED, on: date = AUGUST, **otherwise: CarryPolicy) -> Rulings:
    """U01 and U02 became U05, with shares of 0.6 and 0.4."""
    shares = {"U01": Fraction("0.6"), "U02": Fraction("0.4")}
    merger = Merger(MERGED, on, "U05", shares, policy, otherwise)
    return Rulings(reorganisations=Reorganisations(mergers=(merger,)))


def successor(plan: Plan, values: Figures, rulings: Rulings | None = None, **known: Figures) -> UnitResult:
    return settled(slice_of(plan, values, rulings=rulings or merged(), **known), "U05")  # pyright: ignore[reportArgumentType]


def shares(*parts: str) -> tuple[PeriodShare, ...]:
    return tuple(PeriodShare(period=period, share=Decimal(part)) for period, part in zip(QUARTERS, parts, strict=True))


# ---- scores weighted by time


def test_e22_predecessors_count_for_the_months_before_and_the_successor_for_those_after() -> None:
    """What counts is the last quarter that had ended: the predecessors did not see the third one out."""
    values = {"U01 Q 2018-Q1": "10", "U01 Q 2018-Q2": A, "U02 Q 2018-Q2": B, "U05 Q 2018-Q4": C}

    row = successor(plan_with(QUARTERLY), values)

    assert (row.exact, str(row.total), row.complete) == (Fraction("90.8925"), EXAMPLE["expect"], True)
    [scored] = line(row, "Q").periods
    assert (scored.period, scored.value) == ("2018-Q4", Known(Decimal(C), 103))
    assert scored.inherited == (
        Inherited("U01", "2018-Q2", Fraction("0.6") * 7 / 12, Fraction(A), Known(Decimal(A), 101), MERGED),
        Inherited("U02", "2018-Q2", Fraction("0.4") * 7 / 12, Fraction(B), Known(Decimal(B), 102), MERGED),
    )


def test_of_a_yearly_indicator_counts_what_the_predecessors_left_for_the_year_itself() -> None:
    row = successor(plan_with(YEARLY), {"U01 Y": A, "U02 Y": B, "U05 Y": C})

    assert row.exact == Fraction("90.8925")


def test_predecessors_that_left_no_figure_leave_the_successor_its_own() -> None:
    alone = successor(plan_with(QUARTERLY), {"U01 Q 2018-Q2": A, "U05 Q 2018-Q4": C})

    assert (alone.exact, line(alone, "Q").periods[0].inherited) == (Fraction(C), ())


def test_predecessors_do_not_stand_in_for_what_the_successor_owes() -> None:
    row = successor(plan_with(QUARTERLY), {"U01 Q 2018-Q2": A, "U02 Q 2018-Q2": B})

    assert (row.exact, line(row, "Q").status) == (0, LineStatus.MISSING)


@pytest.mark.parametrize(("on", "exact"), [(date(2018, 1, 1), C), (date(2017, 7, 1), C)])
def test_a_unit_that_began_with_the_year_owes_nothing_to_others(on: date, exact: str) -> None:
    values = {"U01 Q 2018-Q2": A, "U02 Q 2018-Q2": B, "U05 Q 2018-Q4": C}

    assert successor(plan_with(QUARTERLY), values, merged(on=on)).exact == Fraction(exact)


def test_in_a_composition_each_period_is_weighted_by_its_own_months() -> None:
    """Two quarters are the predecessors' whole, July of the third is, and nothing of the fourth."""
    plan = plan_with(replace(QUARTERLY, composition=shares("0.1", "0.2", "0.3", "0.4")))
    values = {f"{unit} Q {period}": "60" for unit in ("U01", "U02") for period in QUARTERS[:2]}
    values |= {"U05 Q 2018-Q3": "90", "U05 Q 2018-Q4": "100"}

    row = successor(plan, values)

    assert [each.score for each in line(row, "Q").periods] == [60, 60, 80, 100]
    assert (row.exact, row.complete) == (6 + 12 + 24 + 40, True)


def test_a_ranking_of_a_period_before_the_merger_knows_the_successor_by_its_predecessors() -> None:
    values = {"U01 Q 2018-Q1": "80", "U02 Q 2018-Q1": "90"}

    row = settled(slice_of(plan_with(QUARTERLY), values, period="2018-Q1", rulings=merged()), "U05")

    assert (row.exact, row.rank, row.complete) == (84, 2, True)


def test_what_does_not_apply_to_the_successor_is_not_inherited() -> None:
    plan = plan_with(replace(QUARTERLY, composition=shares("0.1", "0.2", "0.3", "0.4")))
    values = {f"{unit} Q {period}": "60" for unit in ("U01", "U02") for period in QUARTERS[:2]}
    values |= {"U05 Q 2018-Q3": "90", "U05 Q 2018-Q4": "100"}
    first = exempted("U05", "Q", "2018-Q1")

    row = settled(slice_of(plan, values, exemptions=(first,), rulings=merged()), "U05")

    assert row.exact == (12 + 24 + 40) / Fraction("0.9")


def test_predecessors_are_compared_with_the_group_as_it_was() -> None:
    """In the second quarter U03 was the best with 80, in the fourth U05 is with 50."""
    plan = plan_with(replace(QUARTERLY, formula=Formula(kind=FormulaKind.BEST_RATIO)))
    values = {
        **{"U01 Q 2018-Q2": "40", "U02 Q 2018-Q2": "20", "U03 Q 2018-Q2": "80"},
        **{"U05 Q 2018-Q4": "50", "U03 Q 2018-Q4": "25"},
    }

    row = successor(plan, values)

    assert row.exact == (7 * (Fraction("0.6") * 50 + Fraction("0.4") * 25) + 5 * 100) / 12


# ---- actuals added up

FLOW = replace(
    indicator("F", "100", Formula(kind=FormulaKind.LINEAR_RATIO)),
    frequency=Frequency.QUARTER,
    schedule=shares("0.2", "0.5", "0.8", "1"),
)


def test_actuals_and_what_was_due_of_the_targets_are_added_up() -> None:
    """By June half of the predecessors' targets were due: 50 and 100; the successor was to do 150 more."""
    values = {"U01 F 2018-Q2": "45", "U02 F 2018-Q2": "90", "U05 F 2018-Q4": "135"}
    targets = {"U01 F": "100", "U02 F": "200", "U05 F": "150"}

    row = successor(plan_with(FLOW), values, merged(CarryPolicy.SUM_ACTUALS), targets=targets)

    assert row.exact == Fraction(100) * (45 + 90 + 135) / (50 + 100 + 150)
    assert [(each.unit_id, each.score, each.target) for each in line(row, "F").periods[0].inherited] == [
        ("U01", None, Known(Decimal(100), 103)),
        ("U02", None, Known(Decimal(200), 104)),
    ]


def test_of_a_yearly_flow_the_parts_of_the_year_are_added_up() -> None:
    yearly = plan_with(indicator("Y", "100", Formula(kind=FormulaKind.LINEAR_RATIO)))
    values = {"U01 Y": "45", "U02 Y": "90", "U05 Y": "135"}
    targets = {"U01 Y": "50", "U02 Y": "100", "U05 Y": "150"}

    assert successor(yearly, values, merged(CarryPolicy.SUM_ACTUALS), targets=targets).exact == 90


def test_in_a_composition_of_a_flow_the_periods_before_are_the_predecessors_sums() -> None:
    plan = plan_with(replace(FLOW, composition=shares("0.1", "0.2", "0.3", "0.4")))
    due = {"2018-Q1": ("20", "40"), "2018-Q2": ("50", "100")}
    values = {
        f"{unit} F {period}": done
        for period, both in due.items()
        for unit, done in zip(("U01", "U02"), both, strict=True)
    }
    values |= {"U05 F 2018-Q3": "120", "U05 F 2018-Q4": "150"}
    targets = {"U01 F": "100", "U02 F": "200", "U05 F": "150"}

    row = successor(plan, values, merged(CarryPolicy.SUM_ACTUALS), targets=targets)

    assert [each.score for each in line(row, "F").periods] == [100, 100, 100, 100]
    assert row.complete


def test_a_quarter_settled_with_the_year_stands_for_its_own_months_alone() -> None:
    values = {"U01 Q 2018-Q2": A, "U02 Q 2018-Q2": B, "U05 Q 2018-Q4": C}
    facts = slice_of(plan_with(QUARTERLY), values, rulings=merged())

    together = settle_each(facts, (None, "2018-Q4"))

    assert together[None] == settle(facts)
    assert together["2018-Q4"] == settle(replace(facts, period="2018-Q4"))
    assert row_of(together[None], "U05").exact != row_of(together["2018-Q4"], "U05").exact


def test_nothing_is_taken_over_where_only_the_successor_counts() -> None:
    values = {"U01 Q 2018-Q2": A, "U02 Q 2018-Q2": B, "U05 Q 2018-Q4": C}

    assert successor(plan_with(QUARTERLY), values, merged(CarryPolicy.SUCCESSOR_ONLY)).exact == Fraction(C)


def test_an_indicator_may_be_taken_over_otherwise_than_the_rest() -> None:
    half = [replace(each, weights=(replace(each.weights[0], weight=Decimal(50)),)) for each in (QUARTERLY, FLOW)]
    values = {"U01 Q 2018-Q2": A, "U02 Q 2018-Q2": B, "U05 Q 2018-Q4": C}
    values |= {"U01 F 2018-Q2": "45", "U02 F 2018-Q2": "90", "U05 F 2018-Q4": "135"}
    targets = {"U01 F": "100", "U02 F": "200", "U05 F": "150"}

    row = successor(plan_with(*half), values, merged(F=CarryPolicy.SUM_ACTUALS), targets=targets)

    assert row.exact == (Fraction("90.8925") + 90) / 2


# ---- units split


def test_every_part_of_a_split_unit_inherits_its_score_for_the_months_before() -> None:
    split = Split(MERGED, AUGUST, "U01", {"U04": Fraction("0.7"), "U05": Fraction("0.3")})
    rulings = Rulings(reorganisations=Reorganisations(splits=(split,)))
    values = {"U01 Q 2018-Q2": "60", "U04 Q 2018-Q4": "72", "U05 Q 2018-Q4": "96"}

    results = settle(slice_of(plan_with(QUARTERLY), values, rulings=rulings))

    found = {row.unit_id: row.exact for row in results.rows if row.unit_id in ("U04", "U05")}
    assert found == {"U04": (7 * 60 + 5 * Fraction(72)) / 12, "U05": (7 * 60 + 5 * Fraction(96)) / 12}


# ---- corrections after the merger


def merged_city() -> City:
    """U01 and U02 had 60 and 80 points by June, merged into U05, and take part no more; entry is closed."""
    city = found_city(replace(plan_with(QUARTERLY), grading=RULES))
    for unit_id, points, period in (
        *(("U01", "60", "2018-Q2"), ("U02", "80", "2018-Q2")),
        *(("U03", "70", "2018-Q4"), ("U04", "75", "2018-Q4"), ("U05", "92", "2018-Q4")),
    ):
        entered = city.given(replace(enter(points, unit_id, "C", period), indicator_id="Q"), by="scorer")
        city.given(replace(verify(entered, unit_id, "Q"), period=period), by="verifier")
    merge = MergeUnits(
        cycle_id=CYCLE,
        predecessors=(
            UnitShare(unit_id="U01", share=Decimal("0.6")),
            UnitShare(unit_id="U02", share=Decimal("0.4")),
        ),
        successor_id="U05",
        carry=CarryPolicy.TIME_WEIGHTED,
        effective_on=AUGUST,
        reason="Order 12 of the municipal committee.",
        evidence=EVIDENCE,
    )
    city.given(merge, by="leading")
    for unit_id in ("U01", "U02"):
        aside = AssignUnitToGroup(
            cycle_id=CYCLE,
            unit_id=unit_id,
            group_id=GROUP,
            participation=Participation.NOT_ASSESSED,
            reason="It is U05 now.",
        )
        city.given(aside, by="leading")
    city.given(CloseEntry(cycle_id=CYCLE), by="office", at=LATE)
    return city


def ask(city: City, *, at: datetime) -> tuple[Fact, ...] | Refusal:
    """What becomes of a request to correct what U01 had in June."""
    official = city.score("U01", "Q", "2018-Q2").official
    assert official is not None
    return city.when(replace(request(official.position, "72", "U01", "Q"), period="2018-Q2"), by="scorer", at=at)


def decide(city: City, *, at: datetime) -> None:
    """Given that the request was approved."""
    city.given(replace(approve(city.head, "U01", "Q"), period="2018-Q2"), by="director", at=at)


def total(city: City) -> Fraction:
    return row_of(city.results(), "U05").exact


def test_a_correction_of_a_predecessor_flows_into_the_successor() -> None:
    city = merged_city()
    [results] = put_up(city, GROUP)
    assert total(city) == (7 * Fraction(68) + 5 * 92) / 12

    assert isinstance(ask(city, at=OPENED), tuple)
    assert city.when(open_grades(results), by="leading", at=OPENED) == Refusal("RESULTS_INCOMPLETE")
    decide(city, at=OPENED)

    assert total(city) == (7 * Fraction("75.2") + 5 * 92) / 12
    assert city.when(open_grades(results), by="leading", at=OPENED) == Refusal("RESULTS_STALE", "results_position")


def test_once_the_successor_is_graded_a_predecessor_is_corrected_in_a_restatement_only() -> None:
    city = merged_city()
    [results] = put_up(city, GROUP)
    opened = city.given(open_grades(results), by="leading", at=OPENED)
    assert ask(city, at=OPENED) == Refusal("RESTATEMENT_REQUIRED")
    city.given(reopen(), by="office", at=RESTATED)

    assert isinstance(ask(city, at=RESTATED), tuple)
    decide(city, at=RESTATED)

    assert city.score("U01", "Q", "2018-Q2").official is not None
    again = city.given(compute(), by="office", at=RESTATED)
    city.given(revise(again, opened), by="leading", at=RESTATED)


def test_a_unit_that_takes_no_part_and_became_no_other_has_nothing_to_correct() -> None:
    city = found_city(plan_with(QUARTERLY))
    entered = city.given(replace(enter("60", "U01", "C", "2018-Q2"), indicator_id="Q"), by="scorer")
    city.given(replace(verify(entered, "U01", "Q"), period="2018-Q2"), by="verifier")
    aside = AssignUnitToGroup(
        cycle_id=CYCLE,
        unit_id="U01",
        group_id=GROUP,
        participation=Participation.NOT_ASSESSED,
        reason="It was dissolved.",
    )
    city.given(aside, by="leading")

    assert ask(city, at=NOW) == Refusal("NOT_APPLICABLE", "indicator_id")

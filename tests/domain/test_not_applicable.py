"""Indicators that do not apply to a unit, and what it gets instead. Source: domain.md 3.4."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from city import UNITS, indicator, plan_with
from hypothesis import given, settings
from hypothesis import strategies as st
from settling import Figures, appraised, exempted, line, row_of, settled, slice_of

from ledger.domain.cycle import Exemption, NotApplicablePolicy
from ledger.domain.evaluation import Tallies
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.plan_rules import ClassWeight, EvaluationRules, RaterClass
from ledger.domain.results import LineStatus
from ledger.domain.rulings import Rulings
from ledger.domain.settlement import settle

POINTS = Formula(kind=FormulaKind.DIRECT_POINTS)
PLAN = plan_with(
    indicator("A", "50", POINTS), indicator("B", "30", POINTS), indicator("C", "20", POINTS, dimension_id="LIVELIHOOD")
)
VALUES = {
    **{"U01 A": "90", "U01 C": "70"},
    **{"U02 A": "80", "U02 B": "60", "U02 C": "80"},
    **{"U03 A": "70", "U03 B": "90", "U03 C": "90"},
}
REDISTRIBUTE, AVERAGE, FULL = NotApplicablePolicy


def of(policy: NotApplicablePolicy, indicator_id: str = "B") -> Exemption:
    return exempted("U01", indicator_id, policy=policy)


def test_the_other_indicators_of_the_dimension_share_the_weight() -> None:
    row = settled(slice_of(PLAN, VALUES, exemptions=(of(REDISTRIBUTE),)))

    assert [(each.status, each.weight) for each in row.lines] == [
        (LineStatus.SCORED, 80),
        (LineStatus.EXEMPT, 0),
        (LineStatus.SCORED, 20),
    ]
    assert (row.exact, row.complete) == (72 + 14, True)


def test_the_unit_gets_the_average_of_the_groups_other_units() -> None:
    row = settled(slice_of(PLAN, VALUES, exemptions=(of(AVERAGE),)))

    found = line(row, "B")
    assert (found.status, found.weight, found.score) == (LineStatus.ASSUMED, 30, 75)
    assert (row.exact, row.complete) == (45 + Fraction("22.5") + 14, True)


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (REDISTRIBUTE, (LineStatus.EXEMPT, 0, 0)),
        (AVERAGE, (LineStatus.ASSUMED, 20, 85)),
        (FULL, (LineStatus.ASSUMED, 20, 100)),
    ],
)
def test_an_appraisal_that_does_not_apply_counts_neither_for_the_unit_nor_in_the_average(
    policy: NotApplicablePolicy, found: tuple[LineStatus, int, int]
) -> None:
    raters = EvaluationRules(share=Decimal(0), classes=(ClassWeight(rater_class=RaterClass.PEER, weight=Decimal(100)),))
    by_raters = indicator("V", "20", Formula(kind=FormulaKind.EVALUATION))
    plan = replace(plan_with(indicator("A", "80", POINTS), by_raters), evaluation=raters)
    marks = {"U01": "40", "U02": "80", "U03": "90"}
    rulings = Rulings(tallies=Tallies({unit_id: appraised(mark).of("U01") for unit_id, mark in marks.items()}))

    row = settled(slice_of(plan, {"U01 A": "90"}, exemptions=(of(policy, "V"),), rulings=rulings))

    assert line(row, "V")[2:5] == found


@pytest.mark.parametrize(
    ("formula", "full_marks"),
    [
        (Formula(kind=FormulaKind.BEST_RATIO, full=Decimal(6)), 6),
        (Formula(kind=FormulaKind.GROUP_RANK, table=(Decimal(60), Decimal(57), Decimal(54))), 60),
        (Formula(kind=FormulaKind.EFFICACY, base=Decimal(60), span=Decimal(30)), 90),
        (Formula(kind=FormulaKind.CHECKLIST, full=Decimal(20), step=Decimal(1)), 20),
        (POINTS, 100),
    ],
    ids=lambda given: given.kind.value if isinstance(given, Formula) else "",
)
def test_full_marks_are_those_of_the_formula(formula: Formula, full_marks: int) -> None:
    plan = plan_with(indicator("A", "50", POINTS), indicator("B", "50", formula))

    row = settled(slice_of(plan, VALUES, exemptions=(of(FULL),)))

    assert line(row, "B").score == full_marks


def test_the_average_is_of_those_that_have_a_value_and_that_the_indicator_applies_to() -> None:
    exemptions = (of(AVERAGE), exempted("U03", "B", policy=AVERAGE, position=3))

    results = settle(slice_of(PLAN, VALUES | {"U01 B": "1"}, exemptions=exemptions))

    assert [line(row_of(results, unit), "B").score for unit in ("U01", "U03")] == [60, 60]


def test_where_nobody_has_a_value_the_average_is_zero() -> None:
    assert line(settled(slice_of(PLAN, {"U01 A": "90"}, exemptions=(of(AVERAGE),))), "B").score == 0


def test_the_unit_gets_full_marks() -> None:
    row = settled(slice_of(PLAN, VALUES, exemptions=(of(FULL),)))

    assert (line(row, "B").status, row.exact) == (LineStatus.ASSUMED, 45 + 30 + 14)


def test_what_is_assumed_is_no_value_of_the_units_own() -> None:
    everything = tuple(of(FULL, indicator_id) for indicator_id in ("A", "B", "C"))

    row = settled(slice_of(PLAN, VALUES, exemptions=everything))

    assert (row.exact, row.rank, row.has_value) == (100, None, False)


def test_a_value_that_does_not_apply_moves_no_peer() -> None:
    best = plan_with(indicator("A", "100", Formula(kind=FormulaKind.BEST_RATIO)))
    for policy in NotApplicablePolicy:
        results = settle(slice_of(best, {"U01 A": "100", "U02 A": "50"}, exemptions=(of(policy, "A"),)))
        assert row_of(results, "U02").exact == 100


@pytest.mark.parametrize("policy", NotApplicablePolicy)
def test_an_exemption_for_other_periods_changes_nothing(policy: NotApplicablePolicy) -> None:
    elsewhere = exempted("U01", "A", "2018-Q1", policy=policy)

    assert settle(slice_of(PLAN, VALUES, exemptions=(elsewhere,))).rows == settle(slice_of(PLAN, VALUES)).rows


CELLS = st.dictionaries(
    st.builds("{} {}".format, st.sampled_from(UNITS), st.sampled_from("ABC")),
    st.integers(0, 100).map(str),
    max_size=15,
)
EXEMPTIONS = st.lists(
    st.builds(
        lambda unit_id, indicator_id, policy: exempted(unit_id, indicator_id, policy=policy),
        st.sampled_from(UNITS),
        st.sampled_from("ABC"),
        st.sampled_from(NotApplicablePolicy),
    ),
    max_size=6,
    unique_by=lambda exemption: (exemption.unit_id, exemption.indicator_id),
).map(tuple)


@settings(max_examples=50)
@given(values=CELLS, exemptions=EXEMPTIONS, renamed=st.permutations(UNITS))
def test_what_the_units_are_called_changes_no_total(
    values: Figures, exemptions: tuple[Exemption, ...], renamed: list[str]
) -> None:
    name = dict(zip(UNITS, renamed, strict=True))
    there = settle(
        slice_of(
            PLAN,
            {f"{name[cell[:3]]}{cell[3:]}": value for cell, value in values.items()},
            exemptions=tuple(
                exempted(name[each.unit_id], each.indicator_id, policy=each.policy) for each in exemptions
            ),
        )
    )

    for row in settle(slice_of(PLAN, values, exemptions=exemptions)).rows:
        other = row_of(there, name[row.unit_id])
        assert (other.rank, other.exact, other.missing) == (row.rank, row.exact, row.missing)


@settings(max_examples=50)
@given(values=CELLS, exemptions=EXEMPTIONS)
def test_the_weights_that_count_sum_to_exactly_100(values: Figures, exemptions: tuple[Exemption, ...]) -> None:
    for row in settle(slice_of(PLAN, values, exemptions=exemptions)).rows:
        counted = [each.weight for each in row.lines if each.status is not LineStatus.EXEMPT]
        assert sum(counted, Fraction(0)) == (100 if counted else 0)

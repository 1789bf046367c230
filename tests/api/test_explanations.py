"""Why a total is what it is, asked over GraphQL down to the values and the events behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from city import City, enter, found_city, indicator, plan_with, verify
from client import Client
from served import told

from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.periods import Frequency
from ledger.domain.plan import PeriodShare
from ledger.domain.plan_rules import ClassWeight, EvaluationRules, RaterClass

Serve = Callable[[City], Client]
SHARES = (("2018-Q1", "0.1"), ("2018-Q2", "0.2"), ("2018-Q3", "0.3"), ("2018-Q4", "0.4"))
RATIO = Formula(kind=FormulaKind.LINEAR_RATIO, cap=Decimal(105))
PLAN = replace(
    plan_with(
        replace(
            indicator("A", "60", RATIO, target="10"),
            frequency=Frequency.QUARTER,
            composition=tuple(PeriodShare(period=period, share=Decimal(share)) for period, share in SHARES),
        ),
        indicator("C", "40", Formula(kind=FormulaKind.DIRECT_POINTS), dimension_id="LIVELIHOOD"),
    ),
    evaluation=EvaluationRules(
        share=Decimal("0.2"), classes=(ClassWeight(rater_class=RaterClass.PEER, weight=Decimal(100)),)
    ),
)
FIELDS = "label kind exact shown weight formula positions roundingDifference place parent"
NESTED = (f"{{ {FIELDS} parts " * 5) + f"{{ {FIELDS} }}" + " }" * 5


def valued() -> City:
    """A city in which U01 has a verified value of A for each quarter, and of C for the year."""
    city = found_city(PLAN)
    for number, (period, _) in enumerate(SHARES, start=6):
        entered = city.given(enter(str(number), "U01", "A", period), by="scorer")
        city.given(replace(verify(entered, "U01", "A"), period=period), by="verifier")
    city.given(verify(city.given(enter("90", "U01", "C"), by="scorer"), "U01", "C"), by="verifier")
    return city


@pytest.fixture
def client(serve: Serve) -> Client:
    return serve(valued())


def figures(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """The figures of a tree, each right before its parts."""
    own = {name: value for name, value in tree.items() if name != "parts"}
    return [own, *(figure for part in tree.get("parts", ()) for figure in figures(part))]


def test_a_total_is_explained_down_to_the_values_of_each_period_of_a_plan_with_an_appraisal(client: Client) -> None:
    explained = client.ask(f'{{ explain(cycle: "MINI-2018", unit: "U01") {{ tree {NESTED} figures {{ {FIELDS} }} }} }}')

    path = explained["tree"]
    steps = [path["kind"]]
    while path.get("parts"):
        path = path["parts"][0]
        steps.append(path["kind"])
    assert steps == ["TOTAL", "GOAL", "DIMENSION", "INDICATOR", "PERIOD", "VALUE"]
    assert figures(explained["tree"]) == explained["figures"]
    assert [figure["place"] for figure in explained["figures"]] == list(range(len(explained["figures"])))


def test_the_figures_of_a_kind_are_listed_with_the_place_of_what_they_are_parts_of(client: Client) -> None:
    explained = client.ask(
        """{ explain(cycle: "MINI-2018", unit: "U01") {
          periods: figures(kinds: [PERIOD]) { place label exact weight }
          values: figures(kinds: [VALUE]) { parent exact }
        } }"""
    )

    periods = {each["place"]: (each["label"], each["exact"], each["weight"]) for each in explained["periods"]}
    assert list(periods.values()) == [
        ("2018-Q1", "60", "10"), ("2018-Q2", "70", "20"), ("2018-Q3", "80", "30"), ("2018-Q4", "90", "40"),
    ]  # fmt: skip
    assert [(periods[each["parent"]][0], each["exact"]) for each in explained["values"][:4]] == [
        ("2018-Q1", "6"), ("2018-Q2", "7"), ("2018-Q3", "8"), ("2018-Q4", "9"),
    ]  # fmt: skip


def test_one_indicator_is_explained_by_itself(client: Client) -> None:
    document = """query($indicator: String!) {
      explain(cycle: "MINI-2018", unit: "U01", indicator: $indicator) { total tree { kind exact parts { label } } }
    }"""

    assert client.ask(document, indicator="A") == {
        "total": "67.20",
        "tree": {"kind": "INDICATOR", "exact": "38.4", "parts": [{"label": period} for period, _ in SHARES]},
    }
    refused = client.raw(document, indicator="B")["errors"][0]["extensions"]
    assert (refused["code"], refused["path"]) == ("UNKNOWN_ID", "indicator_id")


def test_a_tree_larger_than_any_plan_makes_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.api.reads.results.FIGURES_MAX", 10)

    refused = client.raw('{ explain(cycle: "MINI-2018", unit: "U01") { total } }')["errors"][0]["extensions"]

    assert (refused["code"], refused["path"]) == ("MALFORMED_INPUT", "indicator")


def test_how_figures_are_rounded_and_what_a_formula_takes_is_told(client: Client) -> None:
    explained = client.ask(
        """{ explain(cycle: "MINI-2018", unit: "U01") {
          roundingPolicy rounding gradings { grade } gradeIfOpened { grade }
          figures(kinds: [INDICATOR]) { method points }
        } }"""
    )

    assert explained == {
        "roundingPolicy": "EXACT_THEN_ROUND",
        "rounding": "HALF_UP",
        "gradings": [],
        "gradeIfOpened": None,
        "figures": [
            {"method": "LINEAR_RATIO: floor 0; cap 105", "points": "80"},
            {"method": "DIRECT_POINTS", "points": "90"},
        ],
    }


def test_a_restated_grade_is_explained_with_both_allocations(story: Client) -> None:
    at = told()[1]
    document = """query($at: Position!) { explain(cycle: "MINI-2018", unit: "U03", asOf: {position: $at}) {
      gradings { position restatement policy grade rank reasons } gradeIfOpened { grade reasons }
    } }"""

    explained = story.ask(document, by="p-inspector", at=str(at[62]))

    first, second = explained["gradings"]
    assert (first["position"], first["restatement"], first["grade"]) == (str(at[50]), None, "GOOD")
    assert (second["position"], second["policy"], second["grade"]) == (str(at[62]), "RECOMPUTE_ALL", "QUALIFIED")
    assert second["restatement"] is not None
    assert first["reasons"] != second["reasons"] == explained["gradeIfOpened"]["reasons"]


def test_of_the_peers_that_set_the_scale_only_those_are_told_whose_scores_may_be_seen(serve: Serve) -> None:
    plan = plan_with(indicator("A", "100", Formula(kind=FormulaKind.BEST_RATIO)))
    city = found_city(plan)
    for unit_id, value in (("U04", "6"), ("U05", "8")):
        city.given(verify(city.given(enter(value, unit_id), by="scorer"), unit_id), by="verifier")
    client = serve(city)
    document = """{ explain(cycle: "MINI-2018", unit: "U04") {
      total figures(kinds: [VALUE, PEER]) { kind label exact positions }
    } }"""

    inspected = client.ask(document, by="inspector")
    own = client.ask(document, by="reporter")

    assert [(each["label"], each["exact"]) for each in inspected["figures"]] == [("value in %", "6"), ("U05", "8")]
    assert (own["total"], own["figures"]) == (inspected["total"], inspected["figures"][:1])


@pytest.mark.parametrize(
    "field",
    [
        'events(first: 1, asOf: {position: "60"})',
        'units(first: 1, asOf: {position: "60"})',
        'publications(cycle: "MINI-2018", first: 1, asOf: {position: "60"})',
        'scoreHistory(cycle: "MINI-2018", unit: "U04", indicator: "A", period: "2018-Y", first: 1, '
        'asOf: {position: "60"})',
        'gapAnalysis(cycle: "MINI-2018", unit: "U04", asOf: {position: "60"})',
        'counterfactual(cycle: "MINI-2018", group: "G1", exclude: [EXCLUDED], asOf: {position: "60"})',
    ],
)
def test_an_answer_says_what_it_is_as_of(story: Client, field: str) -> None:
    excluded = f'"{told()[1][24]}"'
    answer = story.ask(f"{{ {field.replace('EXCLUDED', excluded)} {{ asOf {{ position }} }} }}", by="p-inspector")

    assert (answer[0] if isinstance(answer, list) else answer) == {"asOf": {"position": "60"}}

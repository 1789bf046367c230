"""The specification's worked examples: each is read by a test, and the plan of the mini-ledger is the one it gives."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from examples import INDICATORS, MINI_LEDGER, TIMES

from ledger.mini_ledger.events import SPECIFIED
from ledger.mini_ledger.plan import PLAN as MINI_PLAN

TESTS = sorted(set(Path(__file__).parent.glob("test_*.py")) - {Path(__file__)})
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in TESTS)
METHODS = {method for named in re.findall(r"\bvectors\(([^)]*)\)", SOURCES) for method in re.findall(r'"(\w+)"', named)}


@pytest.mark.parametrize("example", INDICATORS, ids=lambda vector: vector["id"])
def test_every_example_of_a_figure_is_read_by_a_test(example: dict[str, str]) -> None:
    assert example["method"] in METHODS or f'vector("{example["id"]}")' in SOURCES


@pytest.mark.parametrize("example", TIMES, ids=lambda vector: vector["id"])
def test_every_example_of_instants_and_days_is_read_by_a_test(example: dict[str, str]) -> None:
    assert f'time_vector("{example["id"]}")' in SOURCES


def test_the_mini_ledger_is_the_specifications() -> None:
    assert SPECIFIED == MINI_LEDGER


def test_the_mini_ledgers_plan_has_the_formulas_targets_and_weights_that_the_specification_gives() -> None:
    told = {
        indicator.indicator_id: {
            "method": indicator.formula.kind.value,
            "target": indicator.target,
            "cap": indicator.formula.cap,
            "weight": indicator.weights[0].weight,
        }
        for indicator in MINI_PLAN.indicators
    }

    for indicator_id, given in MINI_LEDGER["plan"]["indicators"].items():
        figures = {name: Decimal(given[name]) for name in ("target", "cap", "weight") if name in given}
        shown = {name: figure for name, figure in told.pop(indicator_id).items() if figure is not None}
        assert shown == figures | {"method": given["method"]}
    assert not told


def test_the_mini_ledgers_plan_grades_as_the_specification_says() -> None:
    rules = MINI_PLAN.grading
    assert rules is not None
    grades = [f"{each.grade} {each.share:.0%} {rules.rounding} min {each.total_min}" for each in rules.grades]
    ties = f"ties by {rules.tie_keys[0]} score then {rules.tie_policy}"

    assert "; ".join((*grades, ties, "refill" if rules.refill else "")) == MINI_LEDGER["plan"]["grades"]

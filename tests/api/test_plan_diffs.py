"""What a later version of a plan says otherwise, and whom it helped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from city import CYCLE, City
from client import Client
from opening import BY_POINTS, RULES, graded_by, scored_city

from ledger.domain.commands import IssuePlanVersion
from ledger.domain.quota import GradingRules

Serve = Callable[[City], Client]
ASKED = """query($earlier: Int!, $later: Int) { planDiff(cycle: "MINI-2018", from: $earlier, to: $later) {
  fromVersion toVersion issued changes { path old new }
  impacts { event { position } rows { unitId gradeBefore gradeAfter } }
} }"""


def issue(city: City, based_on: int, rules: GradingRules) -> int:
    """Given the next version of the plan with these rules of grading; its position."""
    version = IssuePlanVersion(
        cycle_id=CYCLE,
        content=graded_by(rules),
        based_on=based_on,
        summary=f"Version {based_on + 1}",
        approved_by="leading",
    )
    return city.given(version, by="office")


@pytest.fixture
def replanned(serve: Serve) -> tuple[Client, int, int]:
    """A city in which the share of GOOD was halved, and then the minimum of EXCELLENT raised."""
    city = scored_city(BY_POINTS, closed=False)
    excellent, good = RULES.grades
    halved = replace(RULES, grades=(excellent, replace(good, share=Decimal("0.20"))))
    second = issue(city, 1, halved)
    raised = (replace(excellent, total_min=Decimal(95)), halved.grades[1])
    third = issue(city, 2, replace(RULES, grades=raised))
    return serve(city), second, third


def test_it_tells_every_place_and_whom_each_version_helped(replanned: tuple[Client, int, int]) -> None:
    client, second, third = replanned

    found = client.raw(ASKED, earlier=1)["data"]["planDiff"]

    assert (found["fromVersion"], found["toVersion"], found["issued"]) == (1, 3, [str(second), str(third)])
    assert [tuple(change.values()) for change in found["changes"]] == [
        ("grading.grades[EXCELLENT].total_min", "90", "95"),
        ("grading.grades[GOOD].share", "0.40", "0.20"),
    ]
    assert [[tuple(row.values()) for row in impact["rows"]] for impact in found["impacts"]] == [
        [("U03", "GOOD", "QUALIFIED")],
        [("U01", "EXCELLENT", "GOOD"), ("U02", "GOOD", "QUALIFIED")],
    ]


def test_it_compares_the_two_versions_that_are_named(replanned: tuple[Client, int, int]) -> None:
    client, second, _ = replanned

    found = client.raw(ASKED, earlier=1, later=2)["data"]["planDiff"]
    backwards = client.raw(ASKED, earlier=3, later=2)["data"]["planDiff"]

    assert (found["issued"], [change["new"] for change in found["changes"]]) == ([str(second)], ["0.20"])
    assert (backwards["issued"], backwards["impacts"]) == ([], [])
    assert [tuple(change.values()) for change in backwards["changes"]] == [
        ("grading.grades[EXCELLENT].total_min", "95", "90"),
    ]


def test_a_cycle_that_there_is_not_is_refused(replanned: tuple[Client, int, int]) -> None:
    client, _, _ = replanned

    [error] = client.raw('{ planDiff(cycle: "NOPE", from: 1) { toVersion } }')["errors"]

    assert error["extensions"]["code"] == "UNKNOWN_ID"


@pytest.mark.parametrize(
    ("asked", "path"),
    [((0, None), "from"), ((1, 4), "to")],
)
def test_a_version_that_there_is_not_is_refused(
    replanned: tuple[Client, int, int], asked: tuple[int, int | None], path: str
) -> None:
    client, _, _ = replanned

    [error] = client.raw(ASKED, earlier=asked[0], later=asked[1])["errors"]

    assert (error["extensions"]["code"], error["extensions"]["path"]) == ("UNKNOWN_ID", path)

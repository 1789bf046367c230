"""What clients see of opened grades, and of those that would be opened now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from city import City
from client import Client
from opening import NORTH, OPENED, RULES, open_grades, put_up, scored_city, two_groups

from ledger.domain.quota import SmallGroupRule

GRADING = """
{ grading(cycle: "MINI-2018", group: "NORTH") {
    current { quotas { grade seats unused carried } warnings }
    ifOpened { quotas { grade seats unused carried } warnings }
} }
"""


def test_seats_and_warnings_are_the_same_before_and_after_grades_are_opened(serve: Callable[[City], Client]) -> None:
    """All three units of the north are tied for its one seat, and it carries parts of seats on."""
    rules = replace(RULES, small_groups=SmallGroupRule.ACCUMULATE)
    city = scored_city(two_groups(rules), dict.fromkeys(("U01", "U02", "U03", "U04", "U05"), "95"))
    [results] = put_up(city, NORTH)
    city.given(open_grades(results, NORTH), by="leading", at=OPENED)

    grading = serve(city).ask(GRADING)

    assert grading["current"] == grading["ifOpened"]
    assert grading["current"] == {
        "quotas": [
            {"grade": "EXCELLENT", "seats": 0, "unused": 0, "carried": "0.600000"},
            {"grade": "GOOD", "seats": 1, "unused": 1, "carried": "0.200000"},
        ],
        "warnings": ["EXCELLENT: no seat at all", "GOOD: 1 of 1 seat left empty by a tie"],
    }

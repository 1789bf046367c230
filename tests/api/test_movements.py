"""What moved a ranking: one event, the events between two moments, and events thought away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from city import City, approve, request
from client import Client
from opening import NORTH, RULES, SOUTH, scored_city, two_groups

from ledger.domain.quota import SmallGroupRule

Serve = Callable[[City], Client]
FIGURES = "unitId rankBefore rankAfter totalBefore totalAfter gradeBefore gradeAfter"
POOLED = two_groups(replace(RULES, small_groups=SmallGroupRule.POOL))


def corrected(city: City, value: str, unit_id: str = "U04") -> int:
    """Given a corrected value of C; the position of the correction."""
    verified = next(e for e in city.memory.events if e.type == "ScoreVerified" and e.fact.unit_id == unit_id)  # pyright: ignore
    asked = city.given(request(verified.position - 1, value, unit_id, "C"), by="scorer")
    return city.given(approve(asked, unit_id, "C"), by="approver")


def test_the_impact_of_a_correction_names_the_peers_of_every_group_in_the_pool(serve: Serve) -> None:
    city = scored_city(POOLED, closed=False)
    position = corrected(city, "99")

    impact = serve(city).ask(
        f'{{ impact(position: "{position}") {{ groupIds rows {{ unitId gradeBefore gradeAfter }} }} }}'
    )

    assert impact["groupIds"] == [SOUTH, NORTH]
    assert [tuple(row.values()) for row in impact["rows"]] == [
        ("U01", "EXCELLENT", "GOOD"),
        ("U03", "GOOD", "QUALIFIED"),
        ("U04", "QUALIFIED", "EXCELLENT"),
    ]

"""What moved a ranking: one event, the events between two moments, and events thought away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from city import BECAUSE, CYCLE, LATE, City, approve, enter, found_city, request, verify
from client import Client
from opening import BY_POINTS, NORTH, POINTS, RULES, SOUTH, scored_city, two_groups
from test_succession import merged_city

from ledger.domain.commands import AssignUnitToGroup, CloseEntry
from ledger.domain.periods import Frequency
from ledger.domain.plan import Participation
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


DIFF = """query($group: String!, $from: Position!, $to: Position!, $basis: Basis!) {
  rankingDiff(cycle: "MINI-2018", group: $group, from: {position: $from}, to: {position: $to}, basis: $basis) {
    rows { unitId causes } events { type position } truncated examinedThrough
  }
}"""


def diff(client: Client, city: City, after: int, *, group: str, basis: str = "OFFICIAL") -> dict[str, Any]:
    asked = {"group": group, "from": str(after), "to": str(city.head), "basis": basis}
    found = client.raw(DIFF, **asked)["data"]["rankingDiff"]
    return found | {"rows": {row["unitId"]: [int(each) for each in row["causes"]] for row in found["rows"]}}


def test_what_moves_nothing_on_the_basis_is_no_cause(serve: Serve) -> None:
    """An entry waits for its verification, and the end of entry moves nobody: only the correction of U04 does."""
    city = scored_city(BY_POINTS, {unit: POINTS[unit] for unit in ("U01", "U02", "U03", "U04")}, closed=False)
    after = city.head
    city.given(enter("95", "U05", "C"), by="scorer")
    position = corrected(city, "90")
    city.given(CloseEntry(cycle_id=CYCLE), by="office", at=LATE)
    client = serve(city)

    official = diff(client, city, after, group="G1")
    assert official["rows"] == {unit: [position] for unit in ("U02", "U03", "U04")}
    assert [event["position"] for event in official["events"]] == [str(position)]
    assert (official["truncated"], official["examinedThrough"]) == (False, str(city.head))
    provisional = diff(client, city, after, group="G1", basis="PROVISIONAL")
    assert provisional["rows"]["U05"] == [after + 1]


def test_the_verification_of_a_peer_is_the_cause_of_a_lost_place_beside_the_units_own(serve: Serve) -> None:
    city = scored_city(BY_POINTS, {"U01": "94", "U02": "88"}, closed=False)
    after = city.head
    own = corrected(city, "87", "U02")
    entered = city.given(enter("90", "U03", "C"), by="scorer")
    peers = city.given(verify(entered, "U03", "C"), by="verifier")

    assert diff(serve(city), city, after, group="G1")["rows"]["U02"] == [own, peers]


def test_in_a_pool_an_event_of_the_other_group_is_a_cause_and_without_one_it_is_none(serve: Serve) -> None:
    city = scored_city(POOLED, closed=False)
    after = city.head
    position = corrected(city, "99")

    assert diff(serve(city), city, after, group=NORTH)["rows"] == {"U01": [position], "U03": [position]}


def test_the_correction_of_a_predecessor_is_the_cause_of_what_its_successor_gains(serve: Serve) -> None:
    city = merged_city()
    entered = next(e for e in city.memory.events if e.type == "ScoreEntered" and e.fact.unit_id == "U01")  # pyright: ignore
    asked = city.given(replace(request(entered.position, "20", "U01", "Q"), period="2018-Q2"), by="scorer", at=LATE)
    approved = replace(approve(asked, "U01", "Q"), period="2018-Q2")
    position = city.given(approved, by="director", at=LATE)

    assert diff(serve(city), city, asked, group="G1")["rows"]["U05"] == [position]


def test_the_earlier_moment_comes_first(serve: Serve) -> None:
    city = scored_city(BY_POINTS)

    asked = {"group": "G1", "from": str(city.head), "to": str(city.head - 3), "basis": "OFFICIAL"}
    refused = serve(city).raw(DIFF, **asked)["errors"][0]["extensions"]

    assert (refused["code"], refused["path"]) == ("MALFORMED_INPUT", "from")


def test_two_periods_can_be_compared(serve: Serve) -> None:
    """Both at the same moment: U01 has 90 in the first quarter and 70 in the second."""
    quarterly = replace(BY_POINTS.indicators[0], frequency=Frequency.QUARTER)
    city = found_city(replace(BY_POINTS, indicators=(quarterly,)))
    for unit_id, values in (("U01", ("90", "70")), ("U02", ("80", "80"))):
        for period, value in zip(("2018-Q1", "2018-Q2"), values, strict=True):
            entered = city.given(enter(value, unit_id, "C", period), by="scorer")
            city.given(replace(verify(entered, unit_id, "C"), period=period), by="verifier")

    found = serve(city).ask(
        f"""{{ rankingDiff(cycle: "MINI-2018", group: "G1", fromPeriod: "2018-Q1", toPeriod: "2018-Q2",
          from: {{position: "{city.head}"}}) {{ rows {{ unitId rankBefore rankAfter totalDelta causes }} }} }}"""
    )

    assert [tuple(row.values()) for row in found["rows"]] == [("U01", 1, 2, "-20.00", []), ("U02", 2, 1, "0.00", [])]


WITHOUT = """query($exclude: [Position!]!, $group: String!, $at: Position!) {
  counterfactual(cycle: "MINI-2018", group: $group, exclude: $exclude, asOf: {position: $at}) {
    excluded changes { unitId totalBefore totalAfter }
  }
}"""


@pytest.fixture
def parted(serve: Serve) -> tuple[Client, City]:
    """Two groups whose units have points, with a correction of U04 in the south."""
    city = scored_city(two_groups(RULES), closed=False)
    corrected(city, "90")
    city.given(CloseEntry(cycle_id=CYCLE), by="office", at=LATE)
    return serve(city), city


def test_what_can_move_no_result_of_the_group_is_not_thought_away(parted: tuple[Client, City]) -> None:
    client, city = parted
    head = city.head
    entered = next(e.position for e in city.memory.events if e.type == "ScoreEntered")

    def refused(*exclude: int, group: str = NORTH, at: int = head) -> tuple[str, str, str]:
        asked: dict[str, Any] = {"exclude": [str(each) for each in exclude], "group": group, "at": str(at)}
        error = client.raw(WITHOUT, **asked)["errors"][0]
        assert str(exclude[-1]) in error["message"]
        return error["extensions"]["code"], error["extensions"]["path"], error["message"].split(") ")[1]

    assert refused(1) == ("MALFORMED_INPUT", "exclude", "It is about no cycle's results.")
    assert refused(head)[2] == "It moves no result, nor does anything that stands on it."
    assert refused(head - 1)[2] == "It moves no result of the group NORTH."
    assert refused(head - 1, group=SOUTH, at=head - 2)[2] == "It was recorded after the moment that is asked for."
    assert refused(entered, entered)[2] == "It is named twice."


def test_a_request_is_thought_away_with_its_approval_and_an_event_without_effect_may_be(
    parted: tuple[Client, City],
) -> None:
    client, city = parted
    request_position, approval = city.head - 2, city.head - 1

    asked: dict[str, Any] = {"group": SOUTH, "at": str(city.head)}
    for exclude in ([request_position], [approval], [request_position, approval]):
        found = client.ask(WITHOUT, exclude=[str(each) for each in exclude], **asked)
        assert found["changes"] == [{"unitId": "U04", "totalBefore": "90.00", "totalAfter": "80.00"}]


def test_without_an_assignment_a_unit_is_back_in_its_group_with_its_figures(serve: Serve) -> None:
    city = scored_city(two_groups(RULES), closed=False)
    assigned = AssignUnitToGroup(
        cycle_id=CYCLE, unit_id="U03", group_id=SOUTH, participation=Participation.RANKED, reason=BECAUSE
    )
    position = city.given(assigned, by="leading")

    found = serve(city).ask(WITHOUT, exclude=[str(position)], group=NORTH, at=str(position))

    assert found["changes"][-1] == {"unitId": "U03", "totalBefore": None, "totalAfter": "85.00"}


@pytest.mark.parametrize(
    ("literal", "says"),
    [
        ('event(position: "12345678901234567890123") { type }', "from 0 to 9007199254740991"),
        ('events(first: 1, asOf: {recordedAt: "2019"}) { nodes { type } }', "RFC 3339"),
        ('obligations(cycle: "c", first: 1, on: "tomorrow") { nodes { kind } }', "2019-02-26"),
    ],
)
def test_a_text_that_is_no_position_instant_or_day_is_refused_with_a_code(
    story: Client, literal: str, says: str
) -> None:
    error = story.raw(f"{{ {literal} }}", by="p-inspector")["errors"][0]

    assert (error["extensions"]["code"], says in error["message"]) == ("MALFORMED_INPUT", True)


def test_a_refusal_says_nothing_of_what_was_left_out(story: Client) -> None:
    error = story.raw(
        '{ ranking(cycle: "MINI-2018", group: "G1", asOf: {position: "1"}) { complete } }', by="p-inspector"
    )["errors"][0]

    assert "None" not in error["message"]

"""Questions about the golden mini-ledger's first 44 events: who changed what, why a total is what it is, what if."""

from __future__ import annotations

from decimal import Decimal

from client import Client

from ledger.mini_ledger.events import MINUTES
from ledger.mini_ledger.expected import TABLES
from ledger.mini_ledger.story import MiniLedger


def test_who_changed_this_score_is_answered_in_one_query(client: Client, mini: MiniLedger) -> None:
    mini.tell(44)

    history = client.ask(
        """
        query { scoreHistory(cycle: "MINI-2018", unit: "U04", indicator: "A", period: "2018-Y", first: 10) {
            nodes {
              type actor { personId role } oldValue newValue now
              reasonCode reason requestedBy approvedBy evidence
            }
        } }
        """
    )["nodes"]

    steps = [(entry["type"], entry["actor"]["personId"], entry["oldValue"], entry["newValue"]) for entry in history]
    assert steps == [
        ("ScoreEntered", "p-scorer", None, "7.4"),
        ("ScoreVerified", "p-verifier", None, "7.4"),
        ("CorrectionRequested", "p-scorer", None, None),
        ("ScoreCorrected", "p-lead", "7.4", "8.0"),
    ]
    assert {entry["now"] for entry in history} == {"8.0"}
    request, correction = history[2:]
    assert (request["reasonCode"], request["reason"], request["evidence"]) == (
        "DATA_ENTRY_ERROR",
        "The figure is not the one in the yearbook.",
        [MINUTES],
    )
    assert (correction["requestedBy"], correction["approvedBy"]) == ("p-scorer", "p-lead")


def test_a_total_is_explained_down_to_the_positions_and_adds_up(client: Client, mini: MiniLedger) -> None:
    at = mini.tell(44).at

    explained = client.ask(
        """
        query($at: Position!) { explain(cycle: "MINI-2018", unit: "U04", asOf: {position: $at}) {
            rank total tree { exact shown roundingDifference positions parts { exact parts {
                label weight formula exact shown positions parts { kind exact positions } } } }
        } }
        """,
        at=str(at[44]),
    )

    indicators = [part for dimension in explained["tree"]["parts"] for part in dimension["parts"]]
    assert explained["total"] == "98.20"
    assert sum(Decimal(part["exact"]) for part in indicators) == Decimal(explained["tree"]["exact"]) == Decimal("98.2")
    value = next(part for part in indicators[0]["parts"] if part["kind"] == "VALUE")
    assert (value["exact"], value["positions"]) == ("8", [str(at[44])])


def test_what_a_person_did_is_answered_with_the_capacity(client: Client, mini: MiniLedger) -> None:
    mini.tell(44)

    activity = client.ask('{ actorActivity(person: "p-lead", first: 10) { nodes { capacities event { type } } } }')[
        "nodes"
    ]
    counts = client.ask('{ actorActivityCounts(person: "p-verifier") { type capacity count } }')

    assert [(each["event"]["type"], each["capacities"]) for each in activity] == [
        ("PersonRegistered", ["CONCERNED"]),
        ("RoleGranted", ["CONCERNED"]),
        ("BonusApproved", ["ACTED", "APPROVED"]),
        ("ScoreCorrected", ["ACTED", "APPROVED"]),
    ]
    assert {(each["type"], each["capacity"]): each["count"] for each in counts} == {
        ("PersonRegistered", "CONCERNED"): 1,
        ("RoleGranted", "CONCERNED"): 1,
        ("ScoreVerified", "ACTED"): 15,
    }


def test_corrections_can_be_asked_for_by_outcome_and_reason(client: Client, mini: MiniLedger) -> None:
    mini.tell(44)
    document = """
    query($filter: CorrectionFilter!) {
      corrections(first: 10, filter: $filter) { nodes { unitId oldValue proposedValue outcome requestedBy decidedBy } }
    }
    """
    approved = {
        "unitId": "U04",
        "oldValue": "7.4",
        "proposedValue": "8.0",
        "outcome": "APPROVED",
        "requestedBy": "p-scorer",
        "decidedBy": "p-lead",
    }

    assert client.ask(document, filter={"outcome": "APPROVED", "reasonCode": "DATA_ENTRY_ERROR"})["nodes"] == [approved]
    assert client.ask(document, filter={"outcome": "OPEN"})["nodes"] == []
    assert client.ask(document, filter={"reasonCode": "APPEAL_UPHELD"})["nodes"] == []


def test_units_cycles_plans_and_scores_are_answered_as_they_were(client: Client, mini: MiniLedger) -> None:
    at = mini.tell(44).at
    document = """
    query($at: Position!) {
      cycle(id: "MINI-2018", asOf: {position: $at}) { phase memberships { unitId groupId } }
    }
    """
    score = """
    query($at: Position!) {
      score(cycle: "MINI-2018", unit: "U04", indicator: "A", period: "2018-Y", asOf: {position: $at}) {
        status provisional { value } official { value position } correctionCount openRequest { proposedValue }
      }
    }
    """

    entered = client.ask(score, at=str(at[24]))
    requested = client.ask(score, at=str(at[43]))
    corrected = client.ask(score, at=str(at[44]))

    phases = [client.ask(document, at=str(at[name]))["phase"] for name in (39, 41, 44)]
    assert phases == ["OPEN", "ENTRY_CLOSED", "COMPUTED"]
    assert (entered["status"], entered["provisional"], entered["official"]) == ("ENTERED", {"value": "7.4"}, None)
    assert (requested["status"], requested["openRequest"]) == ("VERIFIED", {"proposedValue": "8.0"})
    assert corrected == {
        "status": "CORRECTED",
        "provisional": {"value": "8.0"},
        "official": {"value": "8.0", "position": str(at[44])},
        "correctionCount": 1,
        "openRequest": None,
    }
    units = client.ask("{ units(first: 3) { nodes { unitId nameZh } pageInfo { hasNextPage } } }")
    assert [unit["unitId"] for unit in units["nodes"]] == ["U01", "U02", "U03"]
    timeline = client.ask('{ unitTimeline(unit: "U04", first: 20) { nodes { type } } }')["nodes"]
    assert [event["type"] for event in timeline].count("ScoreVerified") == 3
    plan = client.ask('{ plan(cycle: "MINI-2018") { planVersion content { indicators { indicatorId } } } }')
    assert [indicator["indicatorId"] for indicator in plan["content"]["indicators"]] == ["A", "B", "C"]


def test_what_a_correction_moved_is_said_for_every_unit_of_the_group(client: Client, mini: MiniLedger) -> None:
    at = mini.tell(44).at
    document = """
    query($at: Position!) {
      impact(position: $at) {
        groupIds period groupRelative rows { unitId rankBefore rankAfter gradeBefore gradeAfter }
      }
    }
    """

    impact = client.ask(document, at=str(at[44]))

    assert (impact["groupIds"], impact["period"], impact["groupRelative"]) == (["G1"], None, False)
    assert {row["unitId"]: tuple(row.values())[1:] for row in impact["rows"]} == {
        "U04": (4, 2, "QUALIFIED", "GOOD"),
        "U02": (3, 4, "GOOD", "QUALIFIED"),
        "U03": (2, 3, "GOOD", "GOOD"),
    }
    assert client.ask(document, at=str(at[43]))["rows"] == []
    plan = client.raw(document, at="1")
    assert plan["errors"][0]["extensions"]["code"] == "UNKNOWN_ID"


def test_a_ranking_is_thought_again_without_a_bonus_or_an_entry(client: Client, mini: MiniLedger) -> None:
    at = mini.tell(44).at
    document = """
    query($exclude: [Position!]!, $at: Position!) {
      counterfactual(cycle: "MINI-2018", group: "G1", exclude: $exclude, asOf: {position: $at}) {
        ranking { rows(first: 10) { nodes { rank unitId total gradeIfOpened } } }
        changes { unitId rankBefore rankAfter }
      }
    }
    """

    without_bonus = client.ask(document, exclude=[str(at[40])], at=str(at[42]))
    without_entry = client.ask(document, exclude=[str(at[24])], at=str(at[44]))

    rows = [tuple(row.values()) for row in without_bonus["ranking"]["rows"]["nodes"]]
    assert rows == [(row.rank, row.unit_id, row.total, row.grade) for row in TABLES[39]]
    assert {row["unitId"]: (row["rankBefore"], row["rankAfter"]) for row in without_bonus["changes"]} == {
        "U02": (3, 2),
        "U03": (2, 3),
    }
    # With an entry its verification falls away: the score of U05 is missing then.
    assert [row["unitId"] for row in without_entry["changes"]] == ["U05"]
    assert tuple(without_entry["ranking"]["rows"]["nodes"][-1].values()) == (5, "U05", "61.50", "QUALIFIED")


def test_where_a_unit_loses_points_is_listed_the_costliest_first(client: Client, mini: MiniLedger) -> None:
    mini.tell(44)

    gaps = client.ask(
        '{ gapAnalysis(cycle: "MINI-2018", unit: "U05") { indicatorId own best average pointsLost kind } }'
    )

    assert [gap.pop("kind") for gap in gaps] == ["INDICATOR", "INDICATOR", "INDICATOR", "BONUS"]
    assert gaps == [
        {"indicatorId": "A", "own": "75.00", "best": "102.50", "average": "94.25", "pointsLost": "13.75"},
        {"indicatorId": "B", "own": "80.00", "best": "102.00", "average": "95.20", "pointsLost": "6.60"},
        {"indicatorId": "C", "own": "85.00", "best": "94.00", "average": "90.60", "pointsLost": "1.80"},
        {"indicatorId": "", "own": "0.00", "best": "1.50", "average": "0.30", "pointsLost": "1.50"},
    ]


def test_an_impact_is_the_difference_of_two_rankings(client: Client, mini: MiniLedger) -> None:
    at = mini.tell(50).at
    figures = "unitId rankBefore rankAfter totalBefore totalAfter gradeBefore gradeAfter"
    impact = f"query($at: Position!) {{ impact(position: $at) {{ rows {{ {figures} }} }} }}"
    difference = f"""
    query($before: Position!, $at: Position!) {{
      rankingDiff(cycle: "MINI-2018", group: "G1", from: {{position: $before}}, to: {{position: $at}}) {{
        rows {{ {figures} }}
      }}
    }}
    """

    for event in (25, 39, 40, 44, 47, 50):
        position = at[event]
        moved = client.ask(impact, at=str(position))["rows"]
        assert moved == client.ask(difference, before=str(position - 1), at=str(position))["rows"]
        assert bool(moved) == (event != 50)

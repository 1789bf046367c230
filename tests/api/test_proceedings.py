"""What is asked about what happens around the scores: rulings, decisions, checks, appraisals and undertakings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from city import CYCLE, EVIDENCE, FOUNDED, City, found_city
from client import Client
from served import CAMPAIGN, CHECK, TASK, duty_of, told

from ledger.domain.commands import TransferDuty
from ledger.domain.facts import Actor
from ledger.domain.reorganisation import CarryPolicy, UnitShare, UnitsMerged, UnitSplit

Serve = Callable[[City], Client]


def at(position: int) -> str:
    """Our position of one of the specification's, as clients see it."""
    return str(told()[1][position])


def tell(client: Client, field: str, nodes: str, arguments: str = "", *, by: str = "p-inspector") -> list[Any]:
    """The nodes of a register of the mini-ledger's cycle."""
    return client.ask(f'{{ {field}(cycle: "MINI-2018", first: 20{arguments}) {{ nodes {{ {nodes} }} }} }}', by=by)[
        "nodes"
    ]


DECISIONS = "position unitId kind amount grade rule { article } status basisStatus basisPosition supersedingPosition"


def test_a_decision_is_shown_with_what_it_stands_on_now_and_what_superseded_it(story: Client) -> None:
    decisions = {each.pop("position"): each for each in tell(story, "decisions", DECISIONS)}

    assert list(decisions) == [at(position) for position in (52, 53, 54, 65, 79, 81, 82)]
    assert decisions[at(52)] == {
        "unitId": "U04",
        "kind": "BONUS_PAY",
        "amount": "50000.00",
        "grade": "EXCELLENT",
        "rule": {"article": "R1"},
        "status": "REVOKED",
        "basisStatus": "SUPERSEDED",
        "basisPosition": at(62),
        "supersedingPosition": at(76),
    }
    assert decisions[at(53)] == {
        "unitId": "U01",
        "kind": "BONUS_PAY",
        "amount": "30000.00",
        "grade": "GOOD",
        "rule": {"article": "R2"},
        "status": "CONFIRMED",
        "basisStatus": "CURRENT",
        "basisPosition": at(76),
        "supersedingPosition": None,
    }


@pytest.mark.parametrize(
    ("wanted", "positions"),
    [
        ("basisStatus: [MISSING, SUPERSEDED]", (52, 54, 65)),
        ("status: [CONFIRMED]", (53,)),
        ('unitId: "U02"', (65, 81)),
        ('personId: "p-lead"', ()),
        ("subjectUnderVeto: true", (52, 53, 79)),
        ('subjectUnderVeto: true, unitId: "U04", status: [DECIDED]', (79,)),
    ],
)
def test_decisions_are_filtered_by_what_inspectors_ask_for(
    story: Client, wanted: str, positions: tuple[int, ...]
) -> None:
    found = tell(story, "decisions", "position", f", filter: {{{wanted}}}")

    assert [each["position"] for each in found] == [at(position) for position in positions]


def test_a_revoked_decision_tells_its_whole_history_as_far_as_it_was_known(story: Client) -> None:
    nodes = "status basisPosition revoked { position reasonCode } recovery timeline { type position }"

    (revoked,) = tell(story, "decisions", nodes, ', filter: {unitId: "U04", status: [REVOKED]}')
    (earlier,) = tell(story, "decisions", nodes, f', filter: {{unitId: "U04"}}, asOf: {{position: "{at(61)}"}}')

    assert (revoked["revoked"], revoked["recovery"]) == (
        {"position": at(78), "reasonCode": "BASIS_SUPERSEDED"},
        "0",
    )
    assert [(event["type"], event["position"]) for event in revoked["timeline"]] == [
        ("RewardDecided", at(52)),
        ("DecisionConfirmed", at(66)),
        ("DecisionRevoked", at(78)),
    ]
    assert earlier == {
        "status": "DECIDED",
        "basisPosition": at(50),
        "revoked": None,
        "recovery": None,
        "timeline": [{"type": "RewardDecided", "position": at(52)}],
    }


def test_decisions_are_paged_by_their_positions(story: Client) -> None:
    document = """
    query($after: String) { decisions(cycle: "MINI-2018", first: 4, after: $after) {
        nodes { position } pageInfo { hasNextPage endCursor }
    } }
    """

    first = story.ask(document, by="p-inspector")
    second = story.ask(document, by="p-inspector", after=first["pageInfo"]["endCursor"])

    assert [each["position"] for each in first["nodes"]] == [at(position) for position in (52, 53, 54, 65)]
    assert [each["position"] for each in second["nodes"]] == [at(position) for position in (79, 81, 82)]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)


def test_obligations_follow_from_the_grades_and_fall_due(story: Client) -> None:
    nodes = "kind status unitId article grade amount positions sinceOn dueOn"

    overdue = tell(story, "obligations", nodes, ", filter: {status: [OVERDUE]}")
    before = tell(story, "obligations", "kind unitId", f', asOf: {{position: "{at(51)}"}}')
    on_time = tell(story, "obligations", "unitId", ', on: "2019-04-14", filter: {status: [OVERDUE]}')
    later = tell(story, "obligations", "unitId", ', on: "2019-07-15", filter: {kind: [DECIDED_NOT_EXECUTED]}')

    assert overdue == [
        {
            "kind": "DECIDED_NOT_EXECUTED",
            "status": "OVERDUE",
            "unitId": "U01",
            "article": "R2",
            "grade": "GOOD",
            "amount": "30000.00",
            "positions": [at(53)],
            "sinceOn": "2019-02-13",
            "dueOn": "2019-04-14",
        }
    ]
    assert [(each["kind"], each["unitId"]) for each in before] == [
        ("DUE_UNDECIDED", "U01"),
        ("DUE_UNDECIDED", "U03"),
        ("DUE_UNDECIDED", "U04"),
    ]
    assert on_time == []
    assert [each["unitId"] for each in later] == ["U01", "U04", "U02", "U03"]


def test_a_bonus_is_shown_as_claimed_granted_and_counted_with_the_reason(story: Client) -> None:
    nodes = "unitId kind matterId level rule { article } status claimed granted counted reason timeline { type }"

    granted = {
        "unitId": "U03",
        "kind": "BONUS",
        "matterId": "AWARD-1",
        "level": "PROVINCIAL",
        "rule": {"article": "B1"},
        "status": "APPROVED",
        "claimed": "1.5",
        "granted": "1.5",
        "counted": "1.5",
        "reason": "COUNTED",
        "timeline": [{"type": "BonusClaimed"}, {"type": "BonusApproved"}],
    }
    claimed = granted | {
        "status": "CLAIMED",
        "granted": None,
        "counted": "0",
        "reason": "NOT_APPROVED",
        "timeline": [{"type": "BonusClaimed"}],
    }
    assert tell(story, "adjustments", nodes) == [granted]
    assert tell(story, "adjustments", nodes, f', asOf: {{position: "{int(at(40)) - 1}"}}') == [claimed]
    assert tell(story, "adjustments", nodes, ', unit: "U01"') == []


def test_vetoes_say_what_they_bind_to(story: Client) -> None:
    vetoes = tell(story, "vetoes", "position unitId effect grade rule { article } liftedPosition")

    assert [(each["position"], each["unitId"], each["effect"], each["grade"]) for each in vetoes] == [
        (at(47), "U01", "MAX_GRADE", "GOOD"),
        (at(74), "U04", "FORCE_GRADE", "UNQUALIFIED"),
    ]
    assert [each["liftedPosition"] for each in vetoes] == [None, None]
    assert [each["unitId"] for each in tell(story, "vetoes", "unitId", ', unit: "U04"')] == ["U04"]


def test_an_appeal_says_who_asked_what_how_it_ended_and_whether_in_time(story: Client) -> None:
    nodes = "unitId kind aboutPosition indicatorId status answerDueOn overdue outcome decidedLate timeline { type }"
    steps = [{"type": "AppealFiled"}, {"type": "AppealAccepted"}, {"type": "AppealDecided"}]
    appeal = {
        "unitId": "U02",
        "kind": "SCORE",
        "aboutPosition": at(14),
        "indicatorId": "B",
        "status": "DECIDED",
        "answerDueOn": "2019-02-28",
        "overdue": False,
        "outcome": "UPHELD",
        "decidedLate": False,
        "timeline": steps,
    }
    awaited = appeal | {
        "status": "ACCEPTED",
        "overdue": True,
        "outcome": None,
        "decidedLate": None,
        "timeline": steps[:2],
    }

    assert tell(story, "appeals", nodes) == [appeal]
    assert tell(story, "appeals", nodes, f', asOf: {{position: "{at(56)}"}}, on: "2019-03-01"') == [awaited]


def test_a_score_that_was_chosen_is_no_sample(story: Client) -> None:
    nodes = "plannedPosition sampleReproduces checked { unitId observed drawn gap outcome }"

    assert tell(story, "spotChecks", nodes) == [
        {
            "plannedPosition": None,
            "sampleReproduces": None,
            "checked": [{"unitId": "U04", "observed": "7.4", "drawn": False, "gap": "-0.6", "outcome": None}],
        }
    ]


def test_a_draw_is_drawn_again_and_its_coverage_counted_by_group(year: Client) -> None:
    nodes = """
    checkId seed n tolerance sampleReproduces
    coverage { groupId scores drawn checked discrepancies shareChecked errorRate }
    checked { unitId drawn gap }
    """

    (check,) = tell(year, "spotChecks", nodes, by="inspector")

    assert (check["checkId"], check["seed"], check["n"], check["tolerance"]) == (CHECK, "lottery 2019012", 2, "0.05")
    assert check["sampleReproduces"]
    assert check["coverage"] == [
        {
            "groupId": "G1",
            "scores": 5,
            "drawn": 2,
            "checked": 2,
            "discrepancies": 1,
            "shareChecked": "0.4000",
            "errorRate": "0.5000",
        }
    ]
    assert check["checked"] == [
        {"unitId": "U04", "drawn": False, "gap": "-1.4"},
        {"unitId": "U05", "drawn": True, "gap": None},
    ]


def test_what_a_unit_claimed_is_compared_with_what_is_official(year: Client) -> None:
    nodes = "unitId indicatorId claimed official gap"
    gap = {"unitId": "U04", "indicatorId": "A", "claimed": "8.9", "official": "7.4", "gap": "1.5"}

    assert tell(year, "discrepancies", nodes, by="inspector") == [gap]
    assert tell(year, "discrepancies", nodes, ', minGap: "1.5"', by="inspector") == [gap]
    assert tell(year, "discrepancies", nodes, ', minGap: "1.51"', by="inspector") == []
    wrong = year.raw('{ discrepancies(cycle: "MINI-2018", first: 1, minGap: "much") { nodes { gap } } }')
    assert wrong["errors"][0]["extensions"]["code"] == "INVALID_DECIMAL"


def test_a_campaign_is_counted_again_from_its_ballots(year: Client) -> None:
    nodes = "campaignId raterClass reproduced ballots invalidBallots tallies { unitId n nValid mean }"

    (campaign,) = tell(year, "evaluations", nodes, by="inspector")

    tallies = campaign.pop("tallies")
    assert campaign == {
        "campaignId": CAMPAIGN,
        "raterClass": "PEER",
        "reproduced": True,
        "ballots": 4,
        "invalidBallots": 1,
    }
    assert [(each["unitId"], each["n"], each["nValid"], each["mean"]) for each in tallies] == [
        ("U01", 4, 3, "85"),
        ("U02", 4, 3, "50"),
        ("U03", 4, 3, "85"),
        ("U04", 4, 3, "50"),
        ("U05", 4, 3, "85"),
    ]


def test_progress_is_measured_against_the_units_own_target_and_schedule(year: Client) -> None:
    nodes = "indicatorId target shareDue due ytd rate gap light"
    own = ', unit: "U04", period: "2018-{}"'

    end = tell(year, "progress", nodes, own.format("Y"), by="inspector")
    half = tell(year, "progress", nodes, own.format("Q2"), by="inspector")

    assert end[0] == {
        "indicatorId": "A",
        "target": "8.0",
        "shareDue": "1.0000",
        "due": "8.00",
        "ytd": "7.4",
        "rate": "0.9250",
        "gap": "-7.50",
        "light": "YELLOW",
    }
    # The schedule is that of the target before it was moved.
    assert half[0] == {
        "indicatorId": "A",
        "target": "8.0",
        "shareDue": "0.5000",
        "due": "4.00",
        "ytd": None,
        "rate": None,
        "gap": None,
        "light": None,
    }


def test_red_and_yellow_units_are_listed(year: Client) -> None:
    found = tell(year, "progress", "unitId rate light", ', period: "2018-Y", light: [RED, YELLOW]', by="inspector")

    assert [(each["unitId"], each["rate"], each["light"]) for each in found] == [
        ("U03", "0.8750", "RED"),
        ("U04", "0.9250", "YELLOW"),
        ("U05", "0.7500", "RED"),
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [('period: "2019-Y"', "INVALID_PERIOD"), ('period: "2018-Y", unit: "U99"', "UNKNOWN_ID")],
)
def test_progress_of_what_is_not_in_the_plan_is_refused(year: Client, arguments: str, code: str) -> None:
    answer = year.raw(f'{{ progress(cycle: "MINI-2018", first: 1, {arguments}) {{ nodes {{ unitId }} }} }}')

    assert answer["errors"][0]["extensions"]["code"] == code


def test_key_tasks_show_what_is_verified_and_what_is_overdue(year: Client) -> None:
    nodes = "taskId status progress overdue steps { milestone { milestoneId } percent overdue }"

    tasks = tell(year, "keyTasks", nodes, ', unit: "U04"', by="inspector")
    early = tell(year, "keyTasks", "taskId", ', overdue: true, on: "2018-06-30"', by="inspector")

    assert tasks == [
        {
            "taskId": f"{TASK}-U04",
            "status": "OPEN",
            "progress": "0.4000",
            "overdue": True,
            "steps": [
                {"milestone": {"milestoneId": "START"}, "percent": "80", "overdue": True},
                {"milestone": {"milestoneId": "FINISH"}, "percent": "0", "overdue": False},
            ],
        }
    ]
    assert early == []


def test_a_duty_that_was_transferred_is_listed_under_the_unit_that_has_it(serve: Serve) -> None:
    city = found_city()
    city.given(duty_of("U04"), by="office")
    transfer = TransferDuty(
        cycle_id=CYCLE,
        indicator_ids=("A",),
        from_unit_id="U04",
        to_unit_id="U05",
        effective_on=date(2018, 8, 1),
        reason="Order 12 of the municipal committee.",
        evidence=EVIDENCE,
    )
    transferred = city.given(transfer, by="leading")
    client = serve(city)

    def answering(on: str) -> list[tuple[str, str]]:
        asked = f"""{{ responsibilities(cycle: "MINI-2018", unit: "U04", on: "{on}") {{
            duties {{ responsibleUnitId sincePosition }} }} }}"""
        return [tuple(duty.values()) for each in client.ask(asked) for duty in each["duties"]]

    assert answering("2018-07-31") == [("U04", str(transferred - 1))]
    assert answering("2018-08-01") == [("U05", str(transferred))]


def test_who_answers_for_a_units_targets_is_listed_by_indicator(year: Client) -> None:
    document = """
    { responsibilities(cycle: "MINI-2018", unit: "U04") {
        indicatorId duties { role responsibleUnitId responsiblePersonId dueOn } children { unitId }
    } }
    """

    assert year.ask(document) == [
        {
            "indicatorId": "A",
            "duties": [
                {
                    "role": "LEAD",
                    "responsibleUnitId": "U04",
                    "responsiblePersonId": "reporter",
                    "dueOn": "2018-12-31",
                }
            ],
            "children": [],
        }
    ]


@pytest.mark.parametrize(("unit", "requests"), [("", 1), (', unit: "U04"', 1), (', unit: "U02"', 0)])
def test_burden_counts_what_is_asked_of_a_unit_by_month(year: Client, unit: str, requests: int) -> None:
    document = "activeItems demands cap { itemsMax } items { status } months { month requests requestsMax }"

    burden = year.ask(f"{{ burden(year: 2019{unit}) {{ {document} }} }}")

    assert (burden["activeItems"], burden["demands"], burden["cap"]) == (1, 2, {"itemsMax": 5})
    assert burden["items"] == [{"status": "ACTIVE"}]
    assert burden["months"][2] == {"month": "2019-03-01", "requests": requests, "requestsMax": 2}
    assert len(burden["months"]) == 12
    no_year = year.raw("{ burden(year: 10000) { year } }")
    assert no_year["errors"][0]["extensions"]["code"] == "OUT_OF_RANGE"


def test_a_cadres_result_is_shown_with_its_grade(year: Client) -> None:
    nodes = "subjectId computed { total posts { unitId months } } grade"

    assert tell(year, "cadreResults", nodes, ', person: "deputy"', by="inspector") == [
        {
            "subjectId": "deputy",
            "computed": {"total": "93.11", "posts": [{"unitId": "U04", "months": 12}]},
            "grade": "EXCELLENT",
        }
    ]
    assert tell(year, "cadreResults", nodes, ', person: "reporter"', by="inspector") == []


def test_a_case_is_listed_with_what_was_found(story: Client) -> None:
    assert tell(story, "cases", "caseId title opened closed flags { position } findingPositions timeline { type }") == [
        {
            "caseId": "CASE-1",
            "title": "A corrected figure",
            "opened": True,
            "closed": False,
            "flags": [],
            "findingPositions": [at(70)],
            "timeline": [{"type": "InspectionCaseOpened"}, {"type": "FindingRecorded"}],
        }
    ]


def test_a_unit_names_those_it_came_from_and_those_it_became(serve: Serve) -> None:
    city = found_city()
    half = [UnitShare(unit_id=unit_id, share=Decimal("0.5")) for unit_id in ("U01", "U02", "U04", "U05")]
    facts = (
        UnitsMerged(
            cycle_id="MINI-2018",
            effective_on=FOUNDED.date(),
            reason="Two became one.",
            evidence=(),
            predecessors=(half[0], half[1]),
            successor_id="U03",
            carry=CarryPolicy.SUM_ACTUALS,
        ),
        UnitSplit(
            cycle_id="MINI-2018",
            effective_on=FOUNDED.date(),
            reason="One became two.",
            evidence=(),
            predecessor_id="U03",
            successors=(half[2], half[3]),
        ),
    )
    for fact in facts:
        city.memory.record(fact, actor=Actor("leading", "LEADING"), at=FOUNDED)
    client = serve(city)

    units = client.ask("{ units(first: 5) { nodes { unitId predecessors successors } } }")["nodes"]

    lineage = {"U01": ([], ["U03"]), "U02": ([], ["U03"]), "U03": (["U01", "U02"], ["U04", "U05"])}
    lineage |= {"U04": (["U03"], []), "U05": (["U03"], [])}
    assert {each["unitId"]: (each["predecessors"], each["successors"]) for each in units} == lineage
    assert client.ask('{ unit(id: "U03", asOf: {position: "30"}) { predecessors successors } }') == {
        "predecessors": [],
        "successors": [],
    }
    assert client.ask('{ unit(id: "U03") { predecessors } }') == {"predecessors": ["U01", "U02"]}


@pytest.mark.parametrize(
    "field", ["decisions", "obligations", "adjustments", "vetoes", "appeals", "spotChecks", "evaluations", "keyTasks"]
)
def test_a_cycle_that_nobody_planned_is_unknown(year: Client, field: str) -> None:
    answer = year.raw(f'{{ {field}(cycle: "MINI-2019", first: 1) {{ pageInfo {{ hasNextPage }} }} }}')

    assert answer["errors"][0]["extensions"]["code"] == "UNKNOWN_ID"


def test_a_cycle_is_shown_in_the_phase_that_its_results_have_reached(story: Client) -> None:
    document = 'query($at: Position!) { cycle(id: "MINI-2018", asOf: {position: $at}) { phase } }'

    phases = [
        (41, "ENTRY_CLOSED"),
        (42, "COMPUTED"),
        (46, "NOTICE"),
        (50, "GRADED"),
        (51, "PUBLISHED"),
        (58, "RESTATING"),
        (63, "PUBLISHED"),
        (71, "RESTATING"),
        (77, "PUBLISHED"),
    ]
    assert [(position, story.ask(document, at=at(position))["phase"]) for position, _ in phases] == phases

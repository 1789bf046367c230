"""Who sees what of what happens around the scores: the same predicate as for the events that made it."""

from __future__ import annotations

from typing import Any

import pytest
from client import Client
from served import CITIZEN, STATISTICIAN

ALL = {"U01", "U02", "U03", "U04", "U05"}
DECIDED_ON = {"U01", "U02", "U03", "U04"}
SHAPES = {
    "spotChecks": "checked { unitId }",
    "evaluations": "tallies { unitId }",
    "cadreResults": "computed { unitId }",
    "cases": "timeline { type }",
}
"""Where the answer tells of units otherwise than in `unitId`."""


def page(client: Client, field: str, *, by: str, arguments: str = "", first: int = 100) -> dict[str, Any]:
    document = f"nodes {{ {SHAPES.get(field, 'unitId')} }} pageInfo {{ hasNextPage endCursor }}"
    return client.ask(f'{{ {field}(cycle: "MINI-2018", first: {first}{arguments}) {{ {document} }} }}', by=by)


def units(found: Any) -> set[str]:
    """Every unit that an answer names, wherever it does."""
    if isinstance(found, dict):
        return {found["unitId"]} if "unitId" in found else units(list(found.values()))
    return set().union(*map(units, found)) if isinstance(found, list) else set()


@pytest.mark.parametrize(
    ("field", "everything", "own"),
    [
        ("decisions", DECIDED_ON, {"U02"}),
        ("obligations", DECIDED_ON, {"U02"}),
        ("adjustments", {"U03"}, set[str]()),
        ("vetoes", {"U01", "U04"}, set[str]()),
        ("appeals", {"U02"}, {"U02"}),
        ("spotChecks", {"U04"}, set[str]()),
    ],
)
def test_a_reporter_sees_what_was_ruled_about_their_own_unit_and_the_public_nothing(
    story: Client, field: str, everything: set[str], own: set[str]
) -> None:
    seen = {by: units(page(story, field, by=by)) for by in ("p-inspector", "office", "p-reporter", CITIZEN)}

    assert seen == {"p-inspector": everything, "office": everything, "p-reporter": own, CITIZEN: set()}


@pytest.mark.parametrize(
    ("field", "arguments", "everything", "of_indicator"),
    [
        ("discrepancies", "", {"U04"}, {"U04"}),
        ("progress", ', period: "2018-Y"', ALL, ALL),
        ("keyTasks", "", {"U04", "U05"}, set[str]()),
        ("evaluations", "", ALL, set[str]()),
        ("spotChecks", "", {"U04", "U05"}, {"U04", "U05"}),
    ],
)
def test_who_sees_a_score_sees_its_progress_and_its_checks_and_who_sees_a_total_the_rest(
    year: Client, field: str, arguments: str, everything: set[str], of_indicator: set[str]
) -> None:
    wanted = {
        "inspector": everything,
        "leading": everything,
        "reporter": {"U04"},
        STATISTICIAN: of_indicator,
        CITIZEN: set[str](),
        "admin": set[str](),
    }

    assert {by: units(page(year, field, by=by, arguments=arguments)) for by in wanted} == wanted


def test_nobody_learns_from_a_page_that_there_is_more_than_they_may_see(story: Client) -> None:
    everything = page(story, "decisions", by="p-inspector", first=2)
    own = page(story, "decisions", by="p-reporter", first=2)
    nothing = page(story, "decisions", by=CITIZEN, first=2)

    assert everything["pageInfo"]["hasNextPage"]
    assert not own["pageInfo"]["hasNextPage"]
    assert nothing == {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}


def test_a_draw_and_what_it_covers_are_for_those_who_see_everything(year: Client) -> None:
    document = """
    { spotChecks(cycle: "MINI-2018", first: 5) {
        nodes { plannedPosition asOfPosition seed n sampleReproduces coverage { groupId } }
    } }
    """

    assert year.ask(document, by="office")["nodes"][0]["coverage"] == [{"groupId": "G1"}]
    assert year.ask(document, by="reporter")["nodes"] == [
        {
            "plannedPosition": None,
            "asOfPosition": None,
            "seed": None,
            "n": None,
            "sampleReproduces": None,
            "coverage": [],
        }
    ]
    assert year.ask(document, by=CITIZEN)["nodes"] == []


def test_ballots_are_counted_for_inspectors_only(year: Client) -> None:
    document = """
    { evaluations(cycle: "MINI-2018", first: 5) { nodes { ballots invalidBallots reproduced } } }
    """
    seen = {by: year.ask(document, by=by)["nodes"] for by in ("inspector", "office", "reporter", CITIZEN)}

    hidden = [{"ballots": None, "invalidBallots": None, "reproduced": None}]
    assert seen == {
        "inspector": [{"ballots": 4, "invalidBallots": 1, "reproduced": True}],
        "office": [{"ballots": None, "invalidBallots": None, "reproduced": True}],
        "reporter": hidden,
        CITIZEN: hidden,
    }


def test_a_cadres_result_is_for_few_and_for_the_cadre(year: Client) -> None:
    viewers = ("leading", "inspector", "deputy", "office", "director", "reporter", CITIZEN)

    seen = {by: len(page(year, "cadreResults", by=by)["nodes"]) for by in viewers}

    assert seen == {"leading": 1, "inspector": 1, "deputy": 1, "office": 0, "director": 0, "reporter": 0, CITIZEN: 0}
    counts = '{ actorActivityCounts(person: "deputy") { type } }'
    counted = {by for by in viewers if {"type": "CadreGradeDecided"} in year.ask(counts, by=by)}
    assert counted == {"leading", "inspector", "deputy"}


def test_that_a_cadre_is_to_be_graded_anew_is_for_few_and_for_the_cadre(year: Client) -> None:
    viewers = ("leading", "inspector", "deputy", "office", "director", "reporter", CITIZEN)
    document = '{ obligations(cycle: "MINI-2018", first: 20) { nodes { kind subjectId unitId article grade } } }'

    seen = {by: year.ask(document, by=by)["nodes"] for by in viewers}

    anew = {
        "kind": "BASIS_SUPERSEDED",
        "subjectId": "deputy",
        "unitId": None,
        "article": "cadres",
        "grade": "EXCELLENT",
    }
    assert {by: anew in found for by, found in seen.items()} == {
        "leading": True,
        "inspector": True,
        "deputy": True,
        "office": False,
        "director": False,
        "reporter": False,
        CITIZEN: False,
    }


def test_a_case_exists_for_inspectors_only(story: Client) -> None:
    viewers = ("p-inspector", "office", "leading", "director", "p-reporter", CITIZEN)

    seen = {by: len(page(story, "cases", by=by)["nodes"]) for by in viewers}

    assert seen == {by: int(by == "p-inspector") for by in viewers}


def test_a_timeline_holds_only_events_that_are_the_viewers_to_see(story: Client) -> None:
    document = '{ decisions(cycle: "MINI-2018", first: 20) { nodes { timeline { position } } } }'
    event = "query($at: Position!) { event(position: $at) { position } }"

    shown = [each["position"] for node in story.ask(document, by="p-reporter")["nodes"] for each in node["timeline"]]

    assert shown
    assert [story.ask(event, by="p-reporter", at=position) for position in shown] == [
        {"position": position} for position in shown
    ]


@pytest.mark.parametrize("field", ["decisions", "progress", "spotChecks", "evaluations", "cadreResults", "cases"])
def test_without_a_token_nothing_is_answered(year: Client, field: str) -> None:
    period = ', period: "2018-Y"' if field == "progress" else ""

    answer = year.raw(f'{{ {field}(cycle: "MINI-2018", first: 1{period}) {{ pageInfo {{ hasNextPage }} }} }}', by=None)

    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"

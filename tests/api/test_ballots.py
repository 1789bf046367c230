"""Ballots over HTTP: the token on the ballot is the credential, and nothing tells who sent it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from city import CYCLE, PLAN
from client import Client
from clock import Clock
from sending import as_input

from ledger.api.access_log import ACCESS_LOG
from ledger.commands import Request
from ledger.domain.commands import CastBallot
from ledger.domain.evaluation import evaluation_stream, token_hash
from ledger.domain.refusals import StaleExpectedVersion
from ledger.domain.tallying import BallotAnswer
from ledger.entries import decode

UNITS = ["U01", "U02", "U03", "U04", "U05"]
TOKENS = [f"token-{number}" for number in range(24)]
PEERS = {"cycleId": CYCLE, "campaignId": "PEERS"}
EVENTS = '{ events(first: 100, filter: {types: ["BallotCast", "BallotInvalidated"]}) { nodes { type data } } }'
BY_ACTOR = "query($person: String!) { actorActivity(person: $person, first: 100) { nodes { event { type } } } }"
AFTERWARDS = f"""query($p: Position!) {{
    evaluations(cycle: "{CYCLE}", first: 5, atLeast: $p) {{ nodes {{ campaignId }} }}
    ranking(cycle: "{CYCLE}", group: "G1", atLeast: $p) {{ complete }} }}"""
EVALUATION = {
    "share": "0.2",
    "classes": [{"raterClass": "PEER", "weight": "100"}],
    "options": [{"option": "GOOD", "points": "90"}, {"option": "POOR", "points": "60"}],
}


def ballot(*options: str, token: str = TOKENS[0]) -> dict[str, Any]:
    answers = [{"unitId": unit, "option": option} for unit, option in zip(UNITS, options, strict=True)]
    return PEERS | {"token": token, "answers": answers}


BALLOT = ballot("GOOD", "GOOD", "POOR", "POOR", "POOR")
NUMBER = UUID(int=77)


@pytest.fixture
def voting(client: Client, clock: Clock) -> Client:
    """A cycle with a campaign that takes ballots; `rater` is a person with a role and a token of their own."""
    client.record("issueMeasures", {"measuresId": "M-1", "title": "M", "inForceFrom": "2018-01-01"}, by="leading")
    for unit in UNITS:
        given = {"unitId": unit, "nameZh": unit, "category": "DISTRICT", "effectiveOn": "2018-01-01"}
        client.record("registerUnit", given, by="office")
    cycle = {"cycleId": CYCLE, "title": "Mini", "startsOn": "2018-01-01", "endsOn": "2018-12-31"}
    client.record("planCycle", cycle | {"measuresId": "M-1", "measuresVersion": 1}, by="office")
    content = as_input(PLAN) | {"evaluation": EVALUATION}
    client.record("issuePlanVersion", {"cycleId": CYCLE, "content": content, "summary": "First"}, by="office")
    clock.now = datetime(2019, 1, 5, 4, tzinfo=UTC)
    client.record("openCycle", {"cycleId": CYCLE}, by="office")
    client.grant("rater", "REPORTER", unitIds=["U01"])
    campaign = {"raterClass": "PEER", "groupId": "G1", "unitIds": UNITS, "eligibleCount": 24, "eligibleHash": "1" * 64}
    days = {"opensOn": "2019-01-05", "closesOn": "2019-01-10"}
    client.record("openEvaluation", PEERS | campaign | days, by="office")
    client.record("issueBallotTokens", PEERS | {"tokenHashes": [token_hash(token) for token in TOKENS]}, by="office")
    return client


def last_entry(client: Client) -> bytes:
    return list(client.service.store.entries(after=client.service.store.head - 1))[-1]


def test_a_ballot_needs_no_bearer_token_and_its_answer_says_that_it_was_taken_and_not_where(voting: Client) -> None:
    outcome = voting.tell("castBallot", BALLOT, by=None)

    assert outcome == {"__typename": "Recorded", "position": "0", "events": []}
    assert decode(last_entry(voting)).type == "BallotCast"


@pytest.mark.parametrize("fast", [True, False])
def test_what_raters_ask_after_their_ballots_does_not_name_the_ballots_in_the_access_log(
    voting: Client, fast: bool
) -> None:
    """They ask for answers at least as new as what they recorded, by the position they were told or the true one."""
    client = Client(replace(voting.service, settings=replace(voting.service.settings, fast=fast)))
    told = client.tell("castBallot", BALLOT, by="rater", command_id=NUMBER)["position"]
    cast_at = client.service.store.head
    assert decode(last_entry(client)).type == "BallotCast"

    for position in (told, str(cast_at)):
        assert "errors" not in client.raw(AFTERWARDS, by="rater", p=position)
    assert "errors" not in client.raw("query($p: Position!) { event(position: $p) { type } }", by="rater", p=told)

    lines = (client.service.settings.data_dir / ACCESS_LOG).read_text().splitlines()
    asked = [json.loads(line) for line in lines if '"rater"' in line]
    assert sorted(line["field"] for line in asked) == ["evaluations"] * 2 + ["event"] + ["ranking"] * 2
    assert [line for line in asked if str(cast_at) in map(str, line["arguments"].values())] == []


def test_a_ballot_sent_by_somebody_signed_in_names_nobody_anywhere(voting: Client) -> None:
    activity = voting.ask(BY_ACTOR, person="rater")
    log = (voting.service.settings.data_dir / ACCESS_LOG).read_text()

    voting.record("castBallot", BALLOT, by="rater", behalf="office")

    entry = last_entry(voting)
    assert (decode(entry).type, decode(entry).actor.person_id) == ("BallotCast", "anonymous")
    assert b"rater" not in entry
    assert b"office" not in entry
    assert (voting.service.settings.data_dir / ACCESS_LOG).read_text() == log
    assert voting.ask(BY_ACTOR, person="rater") == activity


def test_who_repeats_a_ballot_is_not_compared_with_who_sent_it_first(voting: Client) -> None:
    """The digest that a repeated command id has to match bears no person, so nobody can be tried against it."""
    first = voting.tell("castBallot", BALLOT, by="rater", command_id=NUMBER)

    assert voting.tell("castBallot", BALLOT, by=None, command_id=NUMBER) == first
    assert voting.tell("castBallot", BALLOT, by="office", command_id=NUMBER, behalf="director") == first


def test_a_bearer_token_that_is_not_valid_does_not_matter_to_a_ballot(voting: Client) -> None:
    document = (
        "mutation($id: UUID!, $input: CastBallotInput!) { castBallot(commandId: $id, input: $input) { __typename } }"
    )
    body = {"query": document, "variables": {"id": str(NUMBER), "input": BALLOT}}

    answer = voting.http("POST", "/graphql", json=body, headers={"authorization": "Bearer forged"}).json()

    assert answer == {"data": {"castBallot": {"__typename": "Recorded"}}}


def test_a_refused_ballot_names_nobody_either_and_keeps_its_token_secret(voting: Client, clock: Clock) -> None:
    clock.now = datetime(2019, 1, 10, 16, tzinfo=UTC)

    refusal = voting.refuse("castBallot", BALLOT, by="rater", behalf="office")

    assert (refusal["code"], refusal["recorded"]) == ("DEADLINE_PASSED", ["CommandRefused"])
    entry = last_entry(voting)
    assert decode(entry).actor.person_id == "anonymous"
    assert [word for word in (b"rater", b"office", TOKENS[0].encode()) if word in entry] == []


def test_a_token_is_good_for_one_ballot_and_its_hash_for_none(voting: Client) -> None:
    voting.record("castBallot", BALLOT, by="rater")

    again = voting.refuse("castBallot", BALLOT, by="rater")
    hashed = voting.refuse("castBallot", BALLOT | {"token": token_hash(TOKENS[1])}, by=None)

    assert (again["code"], again["path"], again["recorded"]) == ("DUPLICATE_ID", "token", [])
    assert (hashed["code"], hashed["path"], hashed["recorded"]) == ("UNKNOWN_ID", "token", [])


def test_everything_else_about_a_campaign_needs_somebody_signed_in(voting: Client) -> None:
    assert voting.refuse("closeEvaluation", PEERS, by=None)["code"] == "UNAUTHENTICATED"
    assert voting.refuse("tallyEvaluation", PEERS, by=None)["code"] == "UNAUTHENTICATED"


def test_the_office_tallies_ballots_without_seeing_one(voting: Client) -> None:
    voting.tell("castBallot", BALLOT, by=None)
    voting.tell("castBallot", ballot(*["GOOD"] * 5, token=TOKENS[1]), by=None)
    voting.record("closeEvaluation", PEERS, by="office")

    outcome = voting.tell("tallyEvaluation", PEERS, by="office")

    assert [event["type"] for event in outcome["events"]] == ["EvaluationTallied"]
    assert [unit["mean"] for unit in outcome["events"][0]["data"]["units"]] == ["90", "90", "60", "60", "60"]
    assert voting.ask(EVENTS, by="office")["nodes"] == []
    seen = [event["type"] for event in voting.ask(EVENTS, by="inspector")["nodes"]]
    assert seen == ["BallotCast", "BallotCast", "BallotInvalidated"]


def test_the_mean_of_too_few_ballots_is_for_inspectors_only(voting: Client) -> None:
    voting.tell("castBallot", BALLOT, by=None)
    voting.record("closeEvaluation", PEERS, by="office")
    voting.record("tallyEvaluation", PEERS, by="office")
    document = (
        f'{{ evaluations(cycle: "{CYCLE}", first: 5) {{ nodes {{ tallies {{ unitId nValid counts mean }} }} }} }}'
    )

    told = {by: voting.ask(document, by=by)["nodes"][0]["tallies"][0] for by in ("inspector", "office", "rater")}

    hidden = {"unitId": "U01", "nValid": 1, "counts": False, "mean": None}
    assert told == {"inspector": hidden | {"mean": "90"}, "office": hidden, "rater": hidden}


def test_raters_who_vote_at_the_same_time_are_counted_once_each(voting: Client) -> None:
    answers = tuple(BallotAnswer(unit_id=unit, option="GOOD") for unit in UNITS)

    def cast(token: str) -> None:
        command = CastBallot(cycle_id=CYCLE, campaign_id="PEERS", token=token, answers=answers)
        request = Request(command=command, command_id=uuid4(), person_id="rater")
        with suppress(StaleExpectedVersion):
            voting.service.commands.execute(request)
            return
        cast(token)

    with ThreadPoolExecutor(4) as raters:
        list(raters.map(cast, TOKENS))

    version, campaign = voting.service.store.load(evaluation_stream(CYCLE, "PEERS"))
    assert set(campaign.ballots) == {token_hash(token) for token in TOKENS}
    assert version == 2 + len(TOKENS)

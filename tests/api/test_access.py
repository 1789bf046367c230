"""Who may ask: tokens, roles read from the ledger, and history that is never visible where the value is not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from client import Client

from ledger.api.access_log import ACCESS_LOG
from ledger.api.service import open_service
from ledger.database import Database
from ledger.domain.opening import LEDGER_STREAM
from ledger.mini_ledger.story import MiniLedger
from ledger.settings import Settings

LEDGER = "{ ledger { title } }"
HISTORY = """
query($unit: String!) {
  scoreHistory(cycle: "MINI-2018", unit: $unit, indicator: "A", period: "2018-Y", first: 10) { nodes { type } }
}
"""
SCORE = """
query($unit: String!) {
  score(cycle: "MINI-2018", unit: $unit, indicator: "A", period: "2018-Y") { official { value } }
}
"""
EVENTS = '{ events(first: 100, filter: {cycleId: "MINI-2018"}) { nodes { type data } } }'
ROWS = '{ ranking(cycle: "MINI-2018", group: "G1") { rows(first: 10) { nodes { unitId } } } }'


def code_of(answer: dict[str, Any]) -> str:
    return answer["errors"][0]["extensions"]["code"]


def test_a_query_without_credentials_is_unauthenticated(client: Client) -> None:
    assert code_of(client.raw(LEDGER, by=None)) == "UNAUTHENTICATED"


def test_a_command_without_credentials_is_unauthenticated_and_records_nothing(client: Client) -> None:
    refusal = client.refuse("closeEntry", {"cycleId": "MINI-2018"}, by=None)

    assert (refusal["code"], refusal["recorded"]) == ("UNAUTHENTICATED", [])


def forged(client: Client, **changes: object) -> str:
    key = client.service.key.key
    claims = {"sub": "inspector", "aud": "ledger", "exp": datetime.now(UTC) + timedelta(hours=1)} | changes
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm="HS256")


@pytest.mark.parametrize(
    "changes",
    [{"exp": datetime(2020, 1, 1, tzinfo=UTC)}, {"aud": "other"}, {"exp": None}, {"sub": None}],
    ids=["expired", "for another service", "without an end", "without a person"],
)
def test_a_token_that_is_not_whole_is_refused(client: Client, changes: dict[str, object]) -> None:
    headers = {"authorization": f"Bearer {forged(client, **changes)}"}

    answer = client.http("POST", "/graphql", json={"query": LEDGER}, headers=headers).json()

    assert code_of(answer) == "UNAUTHENTICATED"


@pytest.mark.parametrize("algorithm", ["none", "HS384"])
def test_a_token_of_another_algorithm_is_refused(client: Client, algorithm: str) -> None:
    key = "" if algorithm == "none" else client.service.key.key
    claims = {"sub": "inspector", "aud": "ledger", "exp": datetime.now(UTC) + timedelta(hours=1)}
    headers = {"authorization": f"Bearer {jwt.encode(claims, key, algorithm=algorithm)}"}

    answer = client.http("POST", "/graphql", json={"query": LEDGER}, headers=headers).json()

    assert code_of(answer) == "UNAUTHENTICATED"


@pytest.fixture
def city(client: Client, mini: MiniLedger) -> Client:
    mini.tell(44)
    client.grant("reporter-u01", "REPORTER", unitIds=["U01"])
    client.grant("scorer-b", "SCORER", indicatorIds=["B"])
    client.grant("nobody", "PUBLIC")
    return client


def test_history_is_visible_exactly_where_the_value_is(city: Client) -> None:
    cases = {
        ("inspector", "U04"): True,
        ("office", "U04"): True,
        ("p-scorer", "U04"): True,
        ("reporter-u01", "U01"): True,
        ("reporter-u01", "U04"): False,
        ("scorer-b", "U04"): False,
        ("nobody", "U04"): False,
        ("administrator", "U04"): False,
    }

    value = {case: city.ask(SCORE, by=case[0], unit=case[1]) is not None for case in cases}
    history = {case: bool(city.ask(HISTORY, by=case[0], unit=case[1])["nodes"]) for case in cases}

    assert (value, history) == (cases, cases)


def test_a_reporter_sees_only_their_own_units_rows_and_events(city: Client) -> None:
    rows = city.ask(ROWS, by="reporter-u01")["rows"]["nodes"]
    events = city.ask(EVENTS, by="reporter-u01")["nodes"]

    assert rows == [{"unitId": "U01"}]
    assert {event["data"].get("unit_id") for event in events if event["type"].startswith("Score")} == {"U01"}


def test_roles_are_those_of_today_in_the_ledger_not_of_the_token(city: Client) -> None:
    person = city.ask('{ person(id: "scorer-b") { roles { role position } } }', by="inspector")
    granted = person["roles"][0]["position"]
    given = {
        "subjectId": "scorer-b",
        "grantedPosition": granted,
        "revokedFrom": "2018-01-01",
        "reason": "Moved on.",
        "approvedBy": "director",
    }
    document = HISTORY.replace('"A"', '"B"')
    before = city.ask(document, by="scorer-b", unit="U04")["nodes"]

    city.record("revokeRole", given, by="administrator")

    assert before
    assert city.ask(document, by="scorer-b", unit="U04")["nodes"] == []


def test_only_an_inspector_sees_refused_attempts(city: Client) -> None:
    score = {
        "cycleId": "MINI-2018",
        "unitId": "U01",
        "indicatorId": "A",
        "period": "2018-Y",
        "value": "1",
        "uom": "unit",
    }

    refusal = city.refuse("enterScore", score, by="reporter-u01")

    seen = '{ events(first: 5, order: NEWEST_FIRST, filter: {types: ["CommandRefused"]}) { nodes { data } } }'
    assert (refusal["code"], refusal["recorded"]) == ("FORBIDDEN_ROLE", ["CommandRefused"])
    assert city.ask(seen, by="inspector")["nodes"][0]["data"]["person_id"] == "reporter-u01"
    assert city.ask(seen, by="office")["nodes"] == []
    counts = '{ actorActivityCounts(person: "reporter-u01") { type } }'
    assert {"type": "CommandRefused"} in city.ask(counts, by="inspector")
    for by in ("office", "reporter-u01"):
        assert {"type": "CommandRefused"} not in city.ask(counts, by=by)


def test_evidence_is_taken_only_with_its_own_hash_and_a_token(client: Client) -> None:
    document = b"minutes"
    sha256 = hashlib.sha256(document).hexdigest()
    headers = client.headers("inspector")

    assert client.http("PUT", f"/evidence/{sha256}", content=document).status_code == 401
    wrong = client.http("PUT", f"/evidence/{sha256}", content=b"other", headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "EVIDENCE_HASH_MISMATCH")
    assert client.service.evidence.size(sha256) is None
    assert client.http("PUT", f"/evidence/{sha256}", content=document, headers=headers).status_code == 204
    assert client.service.evidence.size(sha256) == len(document)


def test_whoever_looks_is_written_down_with_what_they_asked_for(city: Client) -> None:
    city.ask(HISTORY, by="p-scorer", unit="U04")

    lines = (city.service.settings.data_dir / ACCESS_LOG).read_text().splitlines()
    last = json.loads(lines[-1])
    assert (last["person_id"], last["field"]) == ("p-scorer", "scoreHistory")
    assert last["arguments"]["unit"] == "U04"


def test_an_empty_ledger_is_opened_once_when_it_is_served(settings: Settings, database: Database) -> None:
    served = replace(settings, database_url=database.conninfo)

    with open_service(served) as first, open_service(served) as second:
        assert first.store.head == second.store.head == 9
        assert second.store.load(LEDGER_STREAM)[1].title == "Ledger"

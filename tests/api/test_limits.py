"""Limits: what is beyond them is refused before it costs anything, and what is within them is answered."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from client import Client
from graphql import get_introspection_query
from hostile_documents import HOSTILE

from ledger.api.documents import Documents, open_registry, prepared
from ledger.api.rates import BURST_S, Rates
from ledger.api.schema import documents, schema

GRAPH = schema._schema
TITLE = "{ ledger { title } }"


@pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_document_is_refused_before_it_runs(document: str) -> None:
    assert prepared(GRAPH, document).errors


def test_the_question_that_tools_ask_about_the_schema_is_within_the_limits() -> None:
    question = prepared(GRAPH, get_introspection_query(True, True, True, True, True))

    assert question.errors == ()
    assert question.is_about_schema(None)


def test_a_page_costs_what_it_may_hold() -> None:
    literal = prepared(GRAPH, "{ events(first: 10) { nodes { position type } } }")
    variable = prepared(GRAPH, "query($first: Int!) { events(first: $first) { nodes { position type } } }")

    assert literal.cost(None) == 1 + 1 + 10 * 2
    assert variable.cost(None) == 1 + 1 + 100 * 2


def test_a_document_is_prepared_once() -> None:
    of_schema = Documents(GRAPH)

    assert of_schema.prepared(TITLE) is of_schema.prepared(TITLE)


def test_prepared_documents_are_forgotten_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.api.documents.KEPT_CHARACTERS_MAX", 100)
    of_schema = Documents(GRAPH)
    first = of_schema.prepared(TITLE)
    for number in range(10):
        of_schema.prepared(f"{{ ledger {{ a{number}: title }} }}")

    assert of_schema._characters <= 100
    assert of_schema.prepared(TITLE) is not first


def test_what_is_asked_about_the_schema_is_answered_from_memory(client: Client) -> None:
    asked = get_introspection_query()
    first = client.raw(asked)

    assert client.raw(asked) == first
    assert documents.answer(asked, "IntrospectionQuery") is not None


def with_settings(client: Client, **changed: object) -> Client:
    """The same ledger, served with other settings."""
    settings = replace(client.service.settings, **changed)  # pyright: ignore[reportArgumentType]
    return Client(replace(client.service, settings=settings))


def test_a_registered_document_is_asked_by_the_hash_of_its_text(client: Client, tmp_path: Path) -> None:
    (tmp_path / "title.graphql").write_text(TITLE)
    digest = hashlib.sha256(TITLE.encode()).hexdigest()
    serving, headers = with_settings(client, documents=tmp_path), client.headers("inspector")

    posted = serving.http("POST", "/graphql", json={"documentId": f"sha256:{digest}"}, headers=headers)
    got = serving.http("GET", "/graphql", params={"documentId": digest}, headers=headers)
    unknown = serving.http("POST", "/graphql", json={"documentId": "sha256:00"}, headers=headers)
    both = serving.http("POST", "/graphql", json={"documentId": digest, "query": TITLE}, headers=headers)

    assert posted.json() == got.json() == {"data": {"ledger": {"title": "Binhai"}}}
    assert (unknown.status_code, unknown.json()["errors"][0]["extensions"]) == (400, {"code": "UNKNOWN_DOCUMENT"})
    assert both.status_code == 400


def test_a_registry_may_be_the_file_that_relay_compiler_writes(tmp_path: Path) -> None:
    file = tmp_path / "documents.json"
    file.write_text(json.dumps({"abc": TITLE}))

    assert open_registry(file).text("abc") == open_registry(file).text("sha256:abc") == TITLE


@pytest.mark.parametrize("content", ["[]", "{", '{"abc": 1}'])
def test_a_registry_that_is_none_is_not_served(tmp_path: Path, content: str) -> None:
    file = tmp_path / "documents.json"
    file.write_text(content)

    with pytest.raises(ValueError, match="LEDGER_DOCUMENTS"):
        open_registry(file)


def test_where_only_registered_documents_are_answered_inspectors_may_ask_anything(client: Client) -> None:
    client.grant("citizen", "PUBLIC")
    serving = with_settings(client, registered_only=True)
    ask = {"query": TITLE}

    inspector = serving.http("POST", "/graphql", json=ask, headers=client.headers("inspector"))
    citizen = serving.http("POST", "/graphql", json=ask, headers=client.headers("citizen"))
    anybody = serving.http("POST", "/graphql", json=ask)

    assert inspector.json() == {"data": {"ledger": {"title": "Binhai"}}}
    assert [each.status_code for each in (citizen, anybody)] == [403, 403]
    assert citizen.json()["errors"][0]["extensions"] == {"code": "FREE_DOCUMENT"}


def test_a_person_who_asks_too_much_is_told_when_to_come_again_and_others_are_answered(client: Client) -> None:
    client.grant("citizen", "PUBLIC")
    serving, ask = with_settings(client, requests_per_s=0.1), {"query": TITLE}

    first, second = (serving.http("POST", "/graphql", json=ask, headers=client.headers("inspector")) for _ in range(2))
    other = serving.http("POST", "/graphql", json=ask, headers=client.headers("citizen"))

    assert [each.status_code for each in (first, second, other)] == [200, 429, 200]
    assert 0 < int(second.headers["retry-after"]) <= BURST_S


def test_a_bucket_fills_again_and_a_large_answer_takes_more_of_it() -> None:
    now = [0.0]
    rates = Rates(2, lambda: now[0])

    assert [rates.wait_s("chen", 0) for _ in range(20)] == [0.0] * 20
    assert rates.wait_s("chen", 0) == 0.5
    now[0] = 1.0
    assert rates.wait_s("chen", 20_000) == 1.5
    assert rates.wait_s("zhao", 20_000) == 0.0
    assert Rates(0).wait_s("chen", 10**9) == 0.0


def test_somebody_who_is_not_signed_in_may_send_less(client: Client) -> None:
    content = json.dumps({"query": TITLE, "variables": {"x": "y" * 100_000}}).encode()
    headers = {"content-type": "application/json"}

    nobody = client.http("POST", "/graphql", content=content, headers=headers)
    signed_in = client.http("POST", "/graphql", content=content, headers=headers | client.headers("inspector"))

    assert [nobody.status_code, signed_in.status_code] == [413, 200]


def test_what_is_asked_beyond_what_can_be_in_hand_is_asked_to_come_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.api.http.REQUESTS_MAX", 0)

    answer = Client(client.service).http("POST", "/graphql", json={"query": TITLE})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_what_takes_too_long_is_given_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.api.http.TIMEOUT_S", 0)
    ask = {"query": TITLE}

    answer = client.http("POST", "/graphql", json=ask, headers=client.headers("inspector"))

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]) == (504, {"code": "TIMEOUT"})

"""GraphQL over HTTP: media types, status codes, methods, and what nonsense is answered with."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from client import Client

from ledger.api.context import Context

QUERY = {"query": "{ ledger { title } }"}


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/graphql-response+json", "application/graphql-response+json"),
        ("application/json;q=0.5, application/graphql-response+json", "application/graphql-response+json"),
        ("text/html, application/*;q=0.1", "application/json"),
    ],
)
def test_the_answer_comes_in_the_media_type_that_is_asked_for(client: Client, accept: str | None, media: str) -> None:
    headers = client.headers("inspector") | ({"accept": accept} if accept else {"accept": ""})

    response = client.http("POST", "/graphql", json=QUERY, headers=headers)

    assert (response.status_code, response.headers["content-type"]) == (200, f"{media}; charset=utf-8")
    assert response.json() == {"data": {"ledger": {"title": "Binhai"}}}


def test_a_client_that_accepts_neither_form_is_told_so(client: Client) -> None:
    response = client.http("POST", "/graphql", json=QUERY, headers={"accept": "text/html"})

    assert response.status_code == 406


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{}", "application/json", 400),
        (b"not json", "application/json", 400),
        (b'"a string"', "application/json", 400),
        (b"5", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"query": 1}', "application/json", 400),
        (b'{"query": "{ledger{title}}", "variables": 3}', "application/json", 400),
        (b"{ ledger { title } }", "text/plain", 415),
        (b"query=%7Bledger%7Btitle%7D%7D", "application/x-www-form-urlencoded", 415),
        (b"{}", "application/jsonx", 415),
        (b'{"query": "' + b" " * (1024 * 1024) + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_is_no_graphql_request_is_a_client_error(
    client: Client, content: bytes, content_type: str, status: int
) -> None:
    response = client.http("POST", "/graphql", content=content, headers={"content-type": content_type})

    assert response.status_code == status
    assert list(response.json()) == ["errors"]


def test_queries_may_be_read_by_get_and_mutations_may_not(client: Client) -> None:
    headers = client.headers("inspector")

    query = client.http("GET", "/graphql", params=QUERY, headers=headers)
    mutation = client.http("GET", "/graphql", params={"query": "mutation { __typename }"}, headers=headers)

    assert query.json() == {"data": {"ledger": {"title": "Binhai"}}}
    assert (mutation.status_code, mutation.headers["allow"]) == (405, "POST")


def test_other_methods_are_answered_with_the_allowed_ones(client: Client) -> None:
    response = client.http("DELETE", "/graphql")

    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize("query", ["{", "{ nothing }", "query($at: Position!) { event(position: $at) { type } }"])
def test_a_request_error_has_no_data_and_is_400_in_the_newer_media_type(client: Client, query: str) -> None:
    headers = client.headers("inspector") | {"accept": "application/graphql-response+json"}

    response = client.http("POST", "/graphql", json={"query": query}, headers=headers)

    assert response.status_code == 400
    assert list(response.json()) == ["errors"]


def test_a_document_that_is_too_deep_or_too_long_is_refused_before_it_runs(client: Client) -> None:
    long = client.raw("{ " + "ledger { title } " * 1_000 + "}")
    deep = client.raw("{ __schema { types " + "{ fields { type " * 10 + "{ name }" + " } }" * 10 + " } }")

    assert "errors" in long
    assert "data" not in long
    assert "errors" in deep
    assert "data" not in deep


def test_an_internal_error_is_masked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("password=secret")

    monkeypatch.setattr(type(client.service.answers), "resolve", broken)

    answer = client.raw("{ ledger { title } }")

    assert [error["message"] for error in answer["errors"]] == ["Something went wrong here; it has been logged."]


def test_the_service_says_whether_it_lives_and_is_ready(client: Client) -> None:
    ready = client.http("GET", "/readyz").json()

    assert client.http("GET", "/livez").json() == {"alive": True}
    assert (ready["ready"], ready["head"]) == (True, client.service.store.head)


def test_the_service_is_not_ready_while_the_database_does_not_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hanging(*args: object) -> None:
        time.sleep(0.5)

    monkeypatch.setattr("ledger.api.app.READY_TIMEOUT_S", 0.05)
    monkeypatch.setattr(type(client.service.answers), "head", hanging)

    ready = client.http("GET", "/readyz")

    assert (ready.status_code, ready.json()["ready"]) == (503, False)


def test_a_client_s_errors_are_not_logged(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    for query in ("{", "{ nothing }", '{ event(position: "x") { type } }', '{ cycle(id: "none") { status } }'):
        client.raw(query)

    assert [record for record in caplog.records if record.name.startswith(("ledger", "strawberry"))] == []


def test_the_console_page_loads_nothing_from_elsewhere(client: Client) -> None:
    page = client.http("GET", "/").text

    assert "<textarea" in page
    assert "http://" not in page
    assert "https://" not in page


def test_the_fields_of_one_answer_speak_of_one_position(client: Client) -> None:
    """They are answered by several threads, of which each had asked for the head itself."""
    context, together = Context(client.service, "inspector"), Barrier(8)

    def head(number: int) -> int:
        together.wait()
        return id(context.head())

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(head, range(8)))) == 1

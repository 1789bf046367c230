"""Connections: whoever takes a place and asks nothing does not keep it from the others."""

from __future__ import annotations

import json
import socket as sockets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from client import Client
from listening import PATIENCE_S, PROTOCOL, listening, socket
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from ledger.api.server import CONNECTIONS_MAX, OTHER_FILES_MAX, _connections_max

APART_S = 0.1
"""So long after it a part is not taken for one with the next."""
FOLLOW = 'subscription { events(filter: {types: ["UnitRegistered"]}) { type } }'


@pytest.fixture
def address(client: Client) -> Iterator[str]:
    with listening(client) as address:
        yield address


def said(address: str, *parts: bytes, patience_s: float = PATIENCE_S) -> bytes:
    """What is answered to bytes that are sent just so, until the server closes the connection. Raises TimeoutError."""
    host, port = address.partition("/")[0].split(":")
    with sockets.create_connection((host, int(port)), timeout=patience_s) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(APART_S)
        answer = b""
        while more := connection.recv(4096):
            answer += more
    return answer


HEAD = b"POST /graphql HTTP/1.1\r\nHost: x\r\n"
ASKED = b"GET /livez HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize("sent", [b"\r\n", HEAD, HEAD + b"Content-Length: 9\r\n\r\n{"])
@pytest.mark.parametrize("before", [b"", ASKED])
def test_a_connection_that_does_not_say_what_it_asks_is_closed(
    address: str, before: bytes, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.api.patience.HEAD_TIMEOUT_S", 0.2)
    monkeypatch.setattr("ledger.api.patience.BODY_TIMEOUT_S", 0.2)

    began = time.monotonic()

    assert said(address, before, sent).count(b"HTTP/1.1 ") == before.count(ASKED)
    # Uvicorn itself ends a connection after 5 s that has been answered and says nothing more.
    assert time.monotonic() - began < 4


def test_a_request_that_arrives_in_parts_is_waited_for_no_longer(
    client: Client, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.api.patience.HEAD_TIMEOUT_S", 0.3)
    monkeypatch.setattr("ledger.api.patience.BODY_TIMEOUT_S", 0.3)
    body = json.dumps({"query": "subscription { events(after: 1) { type } }"}).encode()
    token = client.headers("inspector")["authorization"].encode()
    head = HEAD + b"Authorization: %s\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n" % token

    with pytest.raises(TimeoutError):
        said(address, head, b"Content-Length: %d\r\n\r\n" % len(body), body, patience_s=1.5)


def test_a_head_without_an_end_is_refused(address: str) -> None:
    endless = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(70))

    assert said(address, b"GET /livez HTTP/1.1\r\n", endless).startswith(b"HTTP/1.1 400 ")


def test_a_large_body_is_not_taken_for_a_head(client: Client, address: str) -> None:
    token = client.headers("inspector")["authorization"].encode()
    body = json.dumps({"query": "{ ledger { title } }", "variables": {"pad": "x" * 100_000}}).encode()
    head = b"POST /graphql HTTP/1.1\r\nAuthorization: %s\r\nContent-Type: application/json\r\n" % token

    answer = said(address, head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)

    assert answer.startswith(b"HTTP/1.1 200 ")


def test_there_are_descriptors_for_more_than_connections() -> None:
    resource = pytest.importorskip("resource")

    connections_max = _connections_max()

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert connections_max == min(CONNECTIONS_MAX, soft - OTHER_FILES_MAX)


def closed_with(address: str, headers: dict[str, str]) -> int | None:
    """The code that one more connection is closed with."""
    with connect(f"ws://{address}", subprotocols=[PROTOCOL], additional_headers=headers) as connection:
        try:
            connection.send('{"type":"connection_init"}')
            while True:
                connection.recv(timeout=PATIENCE_S)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


def test_nobody_takes_every_place_with_connections(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.api.http.CONNECTIONS_EACH_MAX", 2)
    inspector, office = client.headers("inspector"), client.headers("office")

    with listening(client) as address, ExitStack() as open_ones:
        for _ in range(2):
            open_ones.enter_context(socket(address, inspector))
        assert closed_with(address, inspector) == 1013
        # Those who have not said who they are have a share in common.
        for _ in range(2):
            open_ones.enter_context(connect(f"ws://{address}", subprotocols=[PROTOCOL]))
        assert closed_with(address, office) == 1013
        open_ones.close()
        assert told(address, office) == "connection_ack"


def told(address: str, headers: dict[str, str]) -> str:
    with connect(f"ws://{address}", subprotocols=[PROTOCOL], additional_headers=headers) as connection:
        connection.send('{"type":"connection_init"}')
        return json.loads(connection.recv(timeout=PATIENCE_S))["type"]


def test_nobody_follows_more_streams_than_their_share(
    client: Client, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.api.subscriptions.FOLLOWED_EACH_MAX", 2)

    with socket(address, client.headers("inspector")) as following:
        for number in range(3):
            following.subscribe(FOLLOW, id=str(number))
        assert code(following.hear()) == ("2", "TOO_MANY_SUBSCRIPTIONS")
        assert following.hear() == {"id": "2", "type": "complete"}
        following.say("complete", id="0")
        following.subscribe("subscription { events(after: 0) { position } }", id="3")
        assert following.next("3") == {"data": {"events": {"position": "1"}}}


def test_who_says_much_is_read_more_slowly_and_as_a_whole(
    client: Client, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.api.sockets.MESSAGES_PER_S_MAX", 10)

    with socket(address, client.headers("inspector")) as following:
        began = time.monotonic()
        for _ in range(25):
            following.say("ping")
        heard = [following.hear() for _ in range(25)]

    assert heard == [{"type": "pong"}] * 25
    assert time.monotonic() - began > 1


def code(message: dict[str, Any]) -> tuple[str, str]:
    """Which operation was refused, and why."""
    return message["id"], message["payload"]["errors"][0]["extensions"]["code"]


def test_a_position_that_is_not_recorded_is_not_waited_for(client: Client) -> None:
    answer = client.raw("{ events(first: 1, atLeast: 999999) { nodes { type } } }", by=None)

    assert answer["errors"][0]["extensions"]["code"] == "NOT_REACHED"


@pytest.mark.parametrize("given", ["a\0b", "\0"])
def test_a_text_that_no_column_holds_is_malformed(client: Client, given: str) -> None:
    answer = client.raw("query($id: String!) { unit(id: $id) { unitId } }", id=given)

    assert answer["errors"][0]["extensions"]["code"] == "MALFORMED_INPUT"


@pytest.mark.parametrize(
    "body",
    [
        b'{"query":"\xff"}',
        b'{"query":"{ ledger { title } }","variables":{"x":' + b"[" * 3_000 + b"]" * 3_000 + b"}}",
    ],
)
def test_a_body_that_cannot_be_read_is_the_clients_mistake(client: Client, body: bytes) -> None:
    headers = client.headers("inspector") | {"content-type": "application/json"}

    answer = client.http("POST", "/graphql", content=body, headers=headers)

    assert (answer.status_code, list(answer.json())) == (400, ["errors"])

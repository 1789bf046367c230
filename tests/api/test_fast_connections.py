"""Connections of the fast path: what was asked is answered, in order, whether it was asked before or not."""

from __future__ import annotations

import json
import socket as sockets
import time
from collections.abc import Iterator
from itertools import count

import pytest
from client import Client
from listening import PATIENCE_S, listening

from ledger.api.access_log import ACCESS_LOG
from ledger.api.fast.endpoint import FastEndpoint
from ledger.api.fast.requests import Request

TITLE = "{ ledger { title } }"
NOW = '{ ranking(cycle: "MINI-2018", group: "G1") { rows(first: 3) { nodes { unitId } } asOf { position } } }'
REFUSED = '{ ranking(cycle: "NONE", group: "G1") { rows(first: 3) { nodes { unitId } } } }'
THEN = NOW.replace('"G1"', '"G1", asOf: {position: "80"}')
LIVE = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
_spaces = count(1)


class Connection:
    """A connection over which requests are sent as bytes, and answers read one by one."""

    def __init__(self, address: str):
        host, port = address.partition("/")[0].split(":")
        self._socket = sockets.create_connection((host, int(port)), timeout=PATIENCE_S)
        self._read = self._socket.makefile("rb")

    def send(self, *requests: bytes) -> None:
        self._socket.sendall(b"".join(requests))

    def answer(self) -> tuple[int, str]:
        """The status and the body of the next answer."""
        status, length = int(self._read.readline().split()[1]), 0
        while (line := self._read.readline().strip().lower()) != b"":
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return status, self._read.read(length).decode()

    def close(self) -> None:
        self._read.close()
        self._socket.close()


@pytest.fixture
def connection(story: Client) -> Iterator[Connection]:
    with listening(story) as address:
        connection = Connection(address)
        yield connection
        connection.close()


def asked(story: Client, document: str, by: str = "office", head: bytes = b"") -> bytes:
    token = story.headers(by)["authorization"].encode()
    body = json.dumps({"query": document}).encode()
    return (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: %s\r\n%s"
        b"Content-Length: %d\r\n\r\n%s" % (token, head, len(body), body)
    )


def new(document: str) -> str:
    """The same question in a text that nobody sent before."""
    return document.replace("{ nodes", "{" + " " * next(_spaces) + "nodes")


def test_the_same_bytes_are_answered_alike_and_written_down_each_time(story: Client, connection: Connection) -> None:
    log = story.service.settings.data_dir / ACCESS_LOG
    request = asked(story, new(NOW))
    connection.send(request)
    first = connection.answer()
    before = len(log.read_text().splitlines())

    for _ in range(4):
        connection.send(request)
        assert connection.answer() == first

    assert first[0] == 200
    assert len(log.read_text().splitlines()) == before + 4


def test_the_same_bytes_but_for_the_token_are_another_persons(story: Client, connection: Connection) -> None:
    rows: list[int] = []
    for by in ("office", "office", "citizen", "office", "citizen"):
        connection.send(asked(story, THEN, by))
        rows.append(len(json.loads(connection.answer()[1])["data"]["ranking"]["rows"]["nodes"]))

    assert rows == [3, 3, 0, 3, 0]


def test_another_question_below_a_head_that_is_known(
    story: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    alike, unparsed = FastEndpoint.alike, list[bytes]()

    def told(endpoint: FastEndpoint, text: bytes) -> Request | None:
        request = alike(endpoint, text)
        unparsed.extend([] if request is None else [request.key[1]])
        return request

    monkeypatch.setattr(FastEndpoint, "alike", told)
    first = asked(story, new(NOW))
    connection.send(first)
    connection.answer()
    head, _, body = first.partition(b"\r\n\r\n")
    fewer, wrong = body.replace(b"first: 3", b"first: 2"), body.replace(b"unitId", b"unitIt")
    assert len(fewer) == len(wrong) == len(body)
    sent = [fewer, wrong, body[:-1] + b" ", body]

    found: list[tuple[int, str]] = []
    for each in sent:
        connection.send(head, b"\r\n\r\n", each)
        found.append(connection.answer())

    assert [status for status, _ in found] == [200, 200, 400, 200]
    assert [answer.count('"unitId"') for _, answer in found] == [2, 0, 0, 3]
    assert unparsed == sent


def test_half_of_a_question_below_a_head_that_is_known(story: Client, connection: Connection) -> None:
    request = asked(story, new(NOW))
    other = request.replace(b"first: 3", b"first: 2")
    connection.send(request)
    connection.answer()

    connection.send(other[:-20])
    time.sleep(0.1)
    connection.send(other[-20:], request)

    assert [connection.answer()[1].count('"unitId"') for _ in range(2)] == [2, 3]


@pytest.mark.parametrize("apart", [False, True])
def test_requests_sent_before_the_answer_are_answered_in_order(
    story: Client, connection: Connection, *, apart: bool
) -> None:
    documents = [new(NOW), TITLE, new(NOW), NOW, new(REFUSED), NOW, NOW]
    requests = [request for each in documents for request in (asked(story, each), LIVE)]

    for request in requests if apart else [b"".join(requests)]:
        connection.send(request)
    bodies = [connection.answer()[1] for _ in requests]

    assert [json.loads(each) for each in bodies[1::2]] == [{"alive": True}] * len(documents)
    wanted = ["ranking", "ledger", "ranking", "ranking", "errors", "ranking", "ranking"]
    assert [next(name for name in ("errors", "ranking", "ledger") if f'"{name}"' in each) for each in bodies[::2]] == (
        wanted
    )


def test_a_request_in_parts_after_one_that_is_known(story: Client, connection: Connection) -> None:
    request = asked(story, NOW)
    connection.send(*[request] * 3)
    whole = [connection.answer() for _ in range(3)]

    connection.send(request, request[:40])
    first = connection.answer()
    connection.send(request[40:-10])
    connection.send(request[-10:])

    assert whole == [first, connection.answer(), first]


def test_what_the_executor_refuses_is_refused_over_a_connection_too(story: Client, connection: Connection) -> None:
    for _ in range(3):
        connection.send(asked(story, REFUSED))
        status, body = connection.answer()
        assert (status, json.loads(body)["errors"][0]["extensions"]["code"]) == (200, "UNKNOWN_ID")


def test_a_connection_whose_client_wants_it_closed_is_closed(story: Client, connection: Connection) -> None:
    connection.send(asked(story, NOW))
    connection.answer()

    connection.send(asked(story, NOW, head=b"Connection: close\r\n"))

    assert connection.answer()[0] == 200
    assert connection._read.read() == b""

"""Connections that answer what is remembered by themselves: nobody can tell it from the application's answer."""

from __future__ import annotations

import json
import socket
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from client import Client
from listening import listening

from ledger.api.access_log import ACCESS_LOG

QUESTION = '{ ranking(cycle: "MINI-2018", group: "G1") { rows(first: 9) { nodes { unitId total } } } }'
LIVEZ = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"

Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def address(story: Client) -> Iterator[str]:
    with listening(story) as address:
        yield address


@contextmanager
def connection(address: str) -> Generator[socket.socket]:
    host, port = address.partition("/")[0].split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connected:
        yield connected


def asked(client: Client, body: dict[str, Any] | None = None, headers: Mapping[str, str] = {}) -> bytes:
    """A question by GET, or a body by POST."""
    given = client.headers("office") | dict(headers)
    target, content = f"/graphql?{urlencode({'query': QUESTION})}", b""
    if body is not None:
        target, content = "/graphql", json.dumps(body).encode()
        given |= {"content-type": "application/json", "content-length": str(len(content))}
    lines = [
        f"{'GET' if body is None else 'POST'} {target} HTTP/1.1",
        "host: x",
        *(f"{n}: {v}" for n, v in given.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def answers(connected: socket.socket, count: int) -> list[Answer]:
    """The next answers on a connection, in the order in which they come."""
    found: list[Answer] = []
    stream = connected.makefile("rb")
    while len(found) < count:
        status = int(stream.readline().split()[1])
        headers: dict[str, str] = {}
        while line := stream.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name] = value
        found.append((status, headers, stream.read(int(headers.get("content-length", 0)))))
    return found


def looked(client: Client) -> int:
    return len((client.service.settings.data_dir / ACCESS_LOG).read_text().splitlines())


def test_a_remembered_answer_is_the_same_and_written_down(story: Client, address: str) -> None:
    with connection(address) as connected:
        connected.sendall(asked(story))
        ((status, headers, body),) = answers(connected, 1)
        before = looked(story)
        connected.sendall(asked(story))
        ((status_again, headers_again, body_again),) = answers(connected, 1)
        connected.sendall(asked(story, headers={"if-none-match": headers["etag"]}))
        ((unchanged, _, nothing),) = answers(connected, 1)

    assert (status_again, body_again) == (status, body)
    assert headers_again | {"date": ""} == headers | {"date": ""}
    assert (unchanged, nothing) == (304, b"")
    assert looked(story) - before == 2


def test_answers_come_in_the_order_of_the_questions_whoever_gives_them(story: Client, address: str) -> None:
    question = {"query": QUESTION}
    with connection(address) as connected:
        connected.sendall(asked(story, question))
        (first,) = answers(connected, 1)
        connected.sendall(asked(story, question) + LIVEZ + asked(story, question) + asked(story, {"query": "{"}))
        found = answers(connected, 4)

    assert [(status, body) for status, _, body in found[:3]] == [
        (200, first[2]),
        (200, b'{"alive":true}'),
        (200, first[2]),
    ]
    assert b"Syntax Error" in found[3][2]


@pytest.mark.parametrize("parts", [2, 7])
def test_a_question_that_arrives_in_parts_is_answered(story: Client, address: str, parts: int) -> None:
    whole = asked(story, {"query": QUESTION})
    size = -(-len(whole) // parts)
    with connection(address) as connected:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(whole), size):
            connected.sendall(whole[start : start + size])
        connected.sendall(LIVEZ)
        found = answers(connected, 2)

    assert [status for status, _, _ in found] == [200, 200]
    assert len(json.loads(found[0][2])["data"]["ranking"]["rows"]["nodes"]) == 5


def test_a_question_that_is_too_long_to_be_held_back_is_answered(story: Client, address: str) -> None:
    body = {"query": QUESTION, "variables": {"unused": "x" * 100_000}}
    with connection(address) as connected:
        connected.sendall(asked(story, body))
        ((status, _, answer),) = answers(connected, 1)

    assert (status, len(json.loads(answer)["data"]["ranking"]["rows"]["nodes"])) == (200, 5)


def test_a_connection_is_closed_if_the_client_says_so(story: Client, address: str) -> None:
    with connection(address) as connected:
        connected.sendall(asked(story))
        answers(connected, 1)
        connected.sendall(asked(story, headers={"connection": "close"}))
        answers(connected, 1)

        assert connected.recv(1) == b""


def test_somebody_else_s_answer_is_not_given(story: Client, address: str) -> None:
    with connection(address) as connected:
        connected.sendall(asked(story))
        answers(connected, 1)
        connected.sendall(asked(story, headers=story.headers("citizen")))
        ((_, _, hidden),) = answers(connected, 1)
        connected.sendall(asked(story, headers={"authorization": "Bearer nonsense"}))
        ((_, _, refused),) = answers(connected, 1)

    assert json.loads(hidden)["data"]["ranking"]["rows"]["nodes"] == []
    assert b"UNAUTHENTICATED" in refused

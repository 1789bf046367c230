"""Following the ledger: everything that is recorded arrives once, in order, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack
from typing import Any, cast

import httpx
import psycopg
import pytest
from client import Client
from graphql.execution.collect_fields import CollectedFields
from listening import PATIENCE_S, PROTOCOL, Socket, events, listening, socket
from starlette.types import Message
from starlette.websockets import WebSocket
from strawberry.http.exceptions import WebSocketDisconnected
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from ledger.api.http import LedgerGraphQL
from ledger.api.schema import schema
from ledger.api.sockets import SLOW, TextSocket
from ledger.api.sse import EventStream
from ledger.domain.refusals import Unauthenticated
from ledger.mini_ledger.story import MiniLedger

FOLLOW = "subscription($after: Position) { events(after: $after) { position type } }"
STANDINGS = """subscription {
  standings(cycle: "MINI-2018", group: "G1") { asOf { position } rows(first: 9) { nodes { unitId total } } }
}"""


@pytest.fixture
def address(client: Client) -> Iterator[str]:
    with listening(client) as address:
        yield address


@pytest.fixture
def inspector(client: Client, address: str) -> Iterator[Socket]:
    with socket(address, client.headers("inspector")) as following:
        yield following


def register(client: Client, *unit_ids: str) -> list[int]:
    """Record one event for each."""
    given = {"category": "DISTRICT", "effectiveOn": "2018-01-01"}
    return [client.record("registerUnit", given | {"unitId": each, "nameZh": each}, by="office") for each in unit_ids]


def positions(following: Socket, count: int) -> list[int]:
    return [int(following.next()["data"]["events"]["position"]) for _ in range(count)]


def test_a_subscriber_is_told_what_is_recorded_from_now_on(client: Client, inspector: Socket) -> None:
    client.service.answers.wait_for(client.service.store.head)
    inspector.subscribe(FOLLOW)
    while not client.service.heads._waiting:
        time.sleep(0.01)

    recorded = register(client, "X1", "X2", "X3")

    assert positions(inspector, 3) == recorded


def test_a_subscription_resumes_after_a_position_without_loss(client: Client, inspector: Socket) -> None:
    head = client.service.store.head
    register(client, *(f"X{number}" for number in range(5)))

    inspector.subscribe(FOLLOW, after="2")

    assert positions(inspector, head + 3) == list(range(3, head + 6))


def test_what_was_sent_is_forgotten_while_the_subscription_goes_on(client: Client, inspector: Socket) -> None:
    events = client.service.store.head
    inspector.subscribe("subscription($after: Position) { events(after: $after) { actor { personId } } }", after="0")

    for _ in range(events):
        inspector.next()

    assert sum(type(each) is CollectedFields for each in gc.get_objects()) < events


def test_a_subscriber_is_told_only_what_they_may_see(client: Client, address: str) -> None:
    client.grant("citizen", "PUBLIC")
    visible = [int(node["position"]) for node in seen(client, by="citizen")]

    with socket(address, client.headers("citizen")) as citizen:
        citizen.subscribe(FOLLOW, after="0")

        assert positions(citizen, len(visible)) == visible
    assert len(visible) < client.service.store.head


def seen(client: Client, *, by: str) -> list[dict[str, Any]]:
    return client.ask("{ events(first: 100) { nodes { position } } }", by=by)["nodes"]


def test_the_token_may_be_sent_when_connecting(client: Client, address: str) -> None:
    token = client.headers("inspector")["authorization"]

    with socket(address, {}, Authorization=token) as following:
        following.subscribe(FOLLOW, after="0")

        assert following.next()["data"]["events"] == {"position": "1", "type": "LedgerOpened"}


def test_nobody_subscribes_without_a_token(address: str) -> None:
    with socket(address, {}) as following:
        following.subscribe(FOLLOW)

        assert following.next()["errors"][0]["extensions"]["code"] == Unauthenticated.code()


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (['{"type":"connection_init","payload":{"authorization":"Bearer forged"}}'], 4403),
        (['{"type":"subscribe","id":"1","payload":{"query":"{ ledger { title } }"}}'], 4401),
        (['{"type":"connection_init"}'] * 2, 4429),
        (["[]"], 4400),
        (["{"], 4400),
        (['{"type":"connection_init"}', '{"type":"subscribe","id":"1","payload":"{}"}'], 4400),
        (['{"type":"subscribe"}'], 4400),
        (["x" * 2**21], 1009),
    ],
)
def test_a_connection_that_breaks_the_protocol_is_closed(address: str, messages: list[str], code: int) -> None:
    with connect(f"ws://{address}", subprotocols=[PROTOCOL]) as connection:
        for message in messages:
            connection.send(message)
        assert closed_with(connection) == code


def closed_with(connection: ClientConnection) -> int | None:
    """The code that the server closes the connection with."""
    try:
        while True:
            connection.recv(timeout=PATIENCE_S)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def test_the_legacy_protocol_is_not_spoken(address: str) -> None:
    with connect(f"ws://{address}", subprotocols=["graphql-ws"]) as connection:  # pyright: ignore[reportArgumentType]
        assert closed_with(connection) == 4406


def test_a_connection_that_says_nothing_is_closed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.api.http.INIT_TIMEOUT_S", 0.1)

    with listening(client) as address, connect(f"ws://{address}", subprotocols=[PROTOCOL]) as connection:
        assert closed_with(connection) == 4408


def test_a_socket_answers_queries_and_refuses_what_is_wrong(inspector: Socket) -> None:
    inspector.subscribe("{ ledger { title } }")
    assert inspector.next() == {"data": {"ledger": {"title": "Binhai"}}}
    assert inspector.hear() == {"id": "1", "type": "complete"}

    inspector.subscribe("{ nothing }", id="2")
    refused = inspector.hear()
    assert (refused["type"], refused["id"]) == ("error", "2")

    inspector.subscribe("{", id="3")
    assert inspector.hear()["type"] == "error"


def test_a_subscriber_outlives_a_restart_of_the_database(client: Client, inspector: Socket) -> None:
    head = client.service.store.head
    inspector.subscribe(FOLLOW, after=str(head - 1))
    assert positions(inspector, 1) == [head]

    with psycopg.connect(client.service.database.conninfo, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    head += 1
    recorded = register_again(client, "X1")

    assert positions(inspector, 1) == [recorded] == [head]


def register_again(client: Client, unit_id: str) -> int:
    """Record an event, though connections were cut."""
    for _ in range(20):
        try:
            return register(client, unit_id)[0]
        except AssertionError:
            continue
    raise AssertionError("the database does not come back")


def test_server_sent_events_have_positions_as_ids_and_resume_after_the_last(client: Client, address: str) -> None:
    query, headers = "subscription { events(after: 0) { type } }", client.headers("inspector")
    with events(address, query, headers) as following:
        first = [next(following) for _ in range(3)]

    with events(address, query, headers | {"last-event-id": first[-1][0]}) as following:
        fourth, _ = next(following)

    assert [id for id, _ in first] == ["1", "2", "3"]
    assert first[0][1] == {"data": {"events": {"type": "LedgerOpened"}}}
    assert fourth == "4"


def test_a_server_that_ends_does_not_wait_for_those_who_follow_a_stream(client: Client) -> None:
    with ExitStack() as followers:
        with listening(client, patient=True) as address:
            query = "subscription { events(after: 0) { type } }"
            following = followers.enter_context(events(address, query, client.headers("inspector")))
            next(following)

        with pytest.raises(httpx.RemoteProtocolError):
            list(following)


def test_a_subscription_by_plain_post_is_refused(client: Client) -> None:
    answer = client.http(
        "POST", "/graphql", json={"query": "subscription { events { type } }"}, headers=client.headers("inspector")
    )

    assert (answer.status_code, list(answer.json())) == (406, ["errors"])


def test_a_query_is_json_although_events_are_accepted(client: Client) -> None:
    headers = client.headers("inspector") | {"accept": "application/json, text/event-stream"}

    answer = client.http("POST", "/graphql", json={"query": "{ ledger { title } }"}, headers=headers)

    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json() == {"data": {"ledger": {"title": "Binhai"}}}


def test_standings_are_told_at_once_and_whenever_they_differ(mini: MiniLedger, client: Client) -> None:
    mini.tell(30)
    with listening(client) as address, socket(address, client.headers("inspector")) as following:
        following.subscribe(STANDINGS)
        before = following.next()["data"]["standings"]
        mini.tell(40)
        after = following.next()["data"]["standings"]

    assert int(before["asOf"]["position"]) < int(after["asOf"]["position"])
    assert before["rows"] != after["rows"]


def test_every_subscription_is_in_the_access_log(client: Client, inspector: Socket) -> None:
    inspector.subscribe(FOLLOW, after="0")
    positions(inspector, 1)

    lines = (client.service.settings.data_dir / "access.jsonl").read_text().splitlines()

    assert '"field":"events","arguments":{"after"' in lines[-1]


def never_read(told: list[str]) -> WebSocket:
    """A connection that is accepted, whose client then reads nothing."""

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        if message["type"] == "websocket.send":
            await asyncio.sleep(PATIENCE_S)
        told.append(f"{message['type']} {message.get('code', '')} {message.get('reason', '')}".strip())

    return WebSocket({"type": "websocket", "headers": []}, receive, send)


def test_a_client_that_reads_too_slowly_is_closed_and_told_how_to_go_on(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.api.sockets.SLOW_S", 0.05)
    told: list[str] = []

    async def send() -> None:
        connection = never_read(told)
        await connection.accept()
        unread = TextSocket(cast(Any, LedgerGraphQL(schema, client.service)), connection, connection)
        with pytest.raises(WebSocketDisconnected):
            await unread.send_json({"type": "next"})

    asyncio.run(send())

    assert told == ["websocket.accept", f"websocket.close 1013 {SLOW}"]


def test_a_stream_of_events_that_nobody_reads_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.api.sse.SLOW_S", 0.05)
    ended: list[bool] = []

    async def endless() -> AsyncGenerator[str]:
        try:
            while True:
                yield ": still here\n\n"
        finally:
            ended.append(True)

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.sleep(PATIENCE_S)

    asyncio.run(EventStream(endless(), {}).stream_response(send))

    assert ended == [True]

"""A service that listens on a port, and clients that follow it there."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from client import Client
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from ledger.api.app import create_app
from ledger.api.fast.connection import protocol_of

PATIENCE_S = 20.0
PROTOCOL = Subprotocol("graphql-transport-ws")


@contextmanager
def listening(client: Client, *, patient: bool = False) -> Generator[str]:
    """Serve a client's service over TCP; the address, without a scheme. A patient one ends as `ledger serve` does."""
    application = create_app(client.service)
    config = uvicorn.Config(
        application, port=0, log_level="error", lifespan="off", ws_max_size=2**20, http=protocol_of(application)
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + PATIENCE_S
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield f"{host}:{port}/graphql"
    finally:
        server.should_exit, server.force_exit = True, not patient
        thread.join(PATIENCE_S)
        ended, server.force_exit = not thread.is_alive(), True
        thread.join()
        assert ended


@dataclass
class Socket:
    """A `graphql-transport-ws` client."""

    connection: ClientConnection

    def say(self, type: str, **rest: Any) -> None:
        self.connection.send(json.dumps({"type": type} | rest))

    def hear(self) -> dict[str, Any]:
        message = self.connection.recv(timeout=PATIENCE_S)
        assert isinstance(message, str), "JavaScript clients take text frames only"
        return json.loads(message)

    def subscribe(self, query: str, id: str = "1", **variables: Any) -> None:
        self.say("subscribe", id=id, payload={"query": query, "variables": variables})

    def next(self, id: str = "1") -> dict[str, Any]:
        """What the subscription says next."""
        message = self.hear()
        assert (message["type"], message["id"]) == ("next", id), message
        return message["payload"]


@contextmanager
def socket(address: str, headers: dict[str, str], **params: str) -> Generator[Socket]:
    """A connection that is acknowledged."""
    with connect(f"ws://{address}", subprotocols=[PROTOCOL], additional_headers=headers) as connection:
        found = Socket(connection)
        found.say("connection_init", payload=params)
        assert found.hear() == {"type": "connection_ack"}
        yield found


@contextmanager
def events(address: str, query: str, headers: dict[str, str]) -> Generator[Iterator[tuple[str, Any]]]:
    """The server-sent events of a subscription, each with its id."""
    asked = {"query": query}
    accepting = headers | {"accept": "text/event-stream"}
    with httpx.stream("POST", f"http://{address}", json=asked, headers=accepting, timeout=PATIENCE_S) as response:
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield _framed(response)


def _framed(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    text = ""
    for chunk in response.iter_text():
        assert "\r" not in chunk
        text += chunk
        *frames, text = text.split("\n\n")
        for frame in frames:
            lines = [line.partition(": ") for line in frame.split("\n")]
            fields = {name: value for name, _, value in lines}
            if fields.get("event") == "next":
                yield fields.get("id", ""), json.loads(fields["data"])

"""Followers: subscribers over WebSocket and server-sent events, who go on after the last position they have."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from load.asking import DOCUMENTS, Question, Remembered, Session, Told
from load.findings import Findings
from load.town import INSPECTOR

AGAIN_S = 0.3
SILENCE_S = 60.0
CUT_OFF = "a subscription ends only when its client, the server or the database ends"
ORDER = "a subscriber is told positions in order, none twice"
DIFFERS = "standings are told only where they differ from those before"
EVENTS = "subscription Follow($after: Position) { events(after: $after) { position type } }"
STANDINGS = (
    'subscription Follow($after: Position, $cycle: String!) { ranking: standings(cycle: $cycle, group: "all",'
    " after: $after) { asOf { position recordedAt } planVersion complete"
    " rows(first: 100) { nodes { rank unitId unitName total complete } } } }"
)
assert "unitName total complete" in DOCUMENTS["ranking"][1], "told standings are compared with asked rankings"

Told_ = tuple[int, dict[str, Any]]


class CutOff(Exception):
    """The stream is over."""


@dataclass
class Follower:
    """One subscriber."""

    session: Session
    told: Told
    findings: Findings
    cycle_id: str | None = None
    """Whose standings are followed; every event if there is none."""
    over_http: bool = False
    hop_s: float = float("inf")
    """How long it stays before it hangs up and comes again."""
    after: int = 0
    seen: list[int] = field(default_factory=list[int])
    last: dict[str, Any] = field(default_factory=dict[str, Any])
    resumed: int = 0

    @property
    def follows_everything(self) -> bool:
        """Whether there is no event that it is not told of."""
        return self.cycle_id is None and self.session.person_id == INSPECTOR

    async def run(self, over: Callable[[], bool]) -> None:
        """Follow until it is over."""
        while not over():
            try:
                stream = self._sse() if self.over_http else self._websocket()
                async with aclosing(stream), asyncio.timeout(self.hop_s if self.hop_s < 1e9 else None):
                    async for position, data in stream:
                        self._take(position, data)
                        if over():
                            return
            except TimeoutError:
                pass
            except (CutOff, OSError, httpx.TransportError, WebSocketException) as error:
                self.findings.hold(
                    CUT_OFF, self.session.place.troubled or over(), f"{self.session.person_id}: {error!r}"
                )
                await asyncio.sleep(AGAIN_S)
            self.resumed += 1

    def _take(self, position: int, data: dict[str, Any]) -> None:
        known = self.seen[-1] if self.seen else self.after
        self.findings.hold(ORDER, position > known, f"{known}, then {position}")
        self.seen.append(position)
        if self.cycle_id is None:
            self.told.arrived(position, troubled=self.session.place.troubled)
            return
        same = {name: value for name, value in data["ranking"].items() if name != "asOf"}
        self.findings.hold(DIFFERS, same != self.last, f"after {known} at {position}: {same}")
        self.last = same
        question = Question("ranking", {"cycle": self.cycle_id})
        self.told.remembered.append(Remembered(self.session.person_id, question, position, data))

    @property
    def _asked(self) -> dict[str, Any]:
        known = self.seen[-1] if self.seen else self.after
        if self.cycle_id is None:
            return {"query": EVENTS, "variables": {"after": str(known)}}
        after = {"after": str(known)} if known else {}
        return {"query": STANDINGS, "variables": after | {"cycle": self.cycle_id}}

    async def _websocket(self) -> AsyncGenerator[Told_]:
        url = self.session.place.url.replace("http", "ws", 1) + "/graphql"
        async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], max_size=None) as connection:
            await connection.send(json.dumps({"type": "connection_init", "payload": self.session.authorization}))
            await connection.recv()
            await connection.send(json.dumps({"type": "subscribe", "id": "1", "payload": self._asked}))
            async for text in connection:
                message = json.loads(text)
                if message["type"] != "next" or message["payload"].get("errors"):
                    raise CutOff(text[:300])
                data = message["payload"]["data"]
                yield _position(data), data
        raise CutOff("closed")

    async def _sse(self) -> AsyncGenerator[Told_]:
        headers = self.session.authorization | {"accept": "text/event-stream"}
        asked = self._asked
        if self.seen and self.cycle_id is None:
            # What the client has is said by the header; the question stays as it was.
            asked["variables"]["after"] = str(self.after)
            headers["last-event-id"] = str(self.seen[-1])
        async with (
            httpx.AsyncClient(timeout=SILENCE_S, trust_env=False) as client,
            client.stream("POST", f"{self.session.place.url}/graphql", json=asked, headers=headers) as response,
        ):
            if response.status_code != 200:
                raise CutOff(f"{response.status_code} {(await response.aread())[:200]!r}")
            fields: dict[str, str] = {}
            async for line in response.aiter_lines():
                if line:
                    name, _, value = line.partition(":")
                    fields[name] = value.strip()
                    continue
                if fields.get("event") == "next":
                    payload = json.loads(fields["data"])
                    if payload.get("errors"):
                        raise CutOff(fields["data"][:300])
                    self.findings.hold(ORDER, int(fields["id"]) == _position(payload["data"]), fields["data"][:200])
                    yield _position(payload["data"]), payload["data"]
                fields = {}
        raise CutOff("ended")


def _position(data: dict[str, Any]) -> int:
    return int(data["events"]["position"] if "events" in data else data["ranking"]["asOf"]["position"])

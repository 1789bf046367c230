"""Asking: questions that state the position of their answer, and sessions that outlive what is restarted."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import httpx

from load.findings import Findings
from load.place import Place

AWAY_S = 0.2
TIMEOUT_S = 60.0
REMEMBERED_MAX = 4_000
ERRORS = "nobody is told of an error while nothing is being restarted"
ONE_POSITION = "one answer speaks of one position"

_RANKED = """ranking(cycle: $cycle, group: "all", period: $period, asOf: $at, atLeast: $atLeast) {
    asOf { position recordedAt } planVersion complete %s }"""
_ROWS = "rows(first: 100) { nodes { rank unitId unitName total complete } }"
_ARGUMENTS = "$cycle: String!, $period: String, $at: AsOfInput, $atLeast: Position"
DOCUMENTS = {
    "ranking": (_ARGUMENTS, _RANKED % _ROWS),
    "scoreHistory": (
        f"{_ARGUMENTS}, $unit: String!, $indicator: String!, $month: String!",
        _RANKED % ""
        + """
        scoreHistory(cycle: $cycle, unit: $unit, indicator: $indicator, period: $month, first: 100, asOf: $at,
            atLeast: $atLeast) {
        nodes { position type version value oldValue newValue now cites reason actor { personId role } } }""",
    ),
    "events": (
        _ARGUMENTS,
        _RANKED % ""
        + """
        events(first: 20, order: NEWEST_FIRST, asOf: $at, atLeast: $atLeast) {
        nodes { position recordedAt type stream version commandId } }""",
    ),
    "corrections": (
        f"{_ARGUMENTS}, $unit: String!",
        _RANKED % ""
        + """
        corrections(first: 20, filter: {cycleId: $cycle, unitId: $unit}, asOf: $at, atLeast: $atLeast) {
        nodes { requestPosition period correctsPosition oldValue proposedValue outcome decidedPosition decidedBy } }""",
    ),
}
"""What is asked: the arguments and the fields of each question. Each states its position by a ranking."""


def document(kind: str, *, whole: bool = False) -> str:
    """The text of a question; `whole` asks for the ledger's head too, which no plan of the fast path knows."""
    arguments, fields = DOCUMENTS[kind]
    head = "ledger { head { position } }" if whole else ""
    return " ".join(f"query Asked({arguments}) {{ {fields} {head} }}".split())


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asked, apart from the moment."""

    kind: str
    variables: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer with the position that it states, to be asked for once more at that position."""

    person_id: str
    question: Question
    position: int
    answer: dict[str, Any]


@dataclass
class Told:
    """What all clients together know of the ledger."""

    head: int = 0
    """The last position that anybody was told of."""
    first: int = 0
    """The first position that may be asked about."""
    remembered: deque[Remembered] = field(default_factory=lambda: deque(maxlen=REMEMBERED_MAX))
    asked: int = 0
    unchanged: int = 0
    lags_s: list[float] = field(default_factory=list[float])
    """How long after a writer was answered the first subscriber was told, where it was not before."""
    _answered_at: dict[int, float] = field(default_factory=dict[int, float])

    def acknowledge(self, position: int) -> None:
        """Take note of a position that a writer was told of."""
        self.hear(position)
        self._answered_at[position] = time.monotonic()

    def arrived(self, position: int, *, troubled: bool) -> None:
        """Take note of a position that a subscriber was told of, the first one who was."""
        answered = self._answered_at.pop(position, None)
        if answered is not None and not troubled:
            self.lags_s.append(time.monotonic() - answered)

    def hear(self, position: int) -> None:
        """Take note of a position."""
        self.head = max(self.head, position)

    def any_remembered(self, person_id: str, chance: random.Random) -> Remembered | None:
        """One of the answers that this person had."""
        for _ in range(8):
            if not self.remembered:
                return None
            found = self.remembered[chance.randrange(len(self.remembered))]
            if found.person_id == person_id:
                return found
        return None


class Away(Exception):
    """The service is not there, or says that it cannot."""


class Session:
    """One person's connection."""

    def __init__(self, place: Place, person_id: str, findings: Findings):
        self.place = place
        self.person_id = person_id
        self._findings = findings
        self.authorization = {"authorization": f"Bearer {place.token(person_id)}"}
        self._http = httpx.AsyncClient(
            base_url=place.url, headers=self.authorization, timeout=TIMEOUT_S, trust_env=False
        )

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()

    async def ask(self, text: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data of an answer; asked again until there is one."""
        body = {"query": text, "variables": variables}
        while True:
            try:
                return self.data(await self.send("POST", "/graphql", json=body))
            except Away as away:
                await self.wait(away)

    async def wait(self, away: Away) -> None:
        """Wait a moment for the service to come back."""
        self._findings.hold(ERRORS, self.place.troubled, f"{self.person_id}: {away}")
        await asyncio.sleep(AWAY_S)

    async def send(self, method: str, url: str, **rest: Any) -> httpx.Response:
        """One request. Raises Away."""
        try:
            response = await self._http.request(method, url, **rest)
        except httpx.TransportError as error:
            raise Away(repr(error)) from None
        if response.status_code >= 500 or response.status_code == 429:
            raise Away(f"{response.status_code} {response.text[:200]}")
        return response

    def data(self, response: httpx.Response) -> dict[str, Any]:
        """The data of an answer. Raises Away for one that has none."""
        answer = response.json()
        if response.status_code != 200 or answer.get("errors"):
            raise Away(f"{response.status_code} {json.dumps(answer.get('errors', answer))[:300]}")
        self._findings.hold(ERRORS, True)
        return answer["data"]


def position_of(answer: dict[str, Any], findings: Findings, *, current: bool) -> int:
    """The position that an answer states; the head that it was asked for besides is taken off it.

    `current` says that nothing in the question named a moment, so that all of it has to speak of one.
    """
    position = int(answer["ranking"]["asOf"]["position"])
    if "ledger" in answer:
        head = int(answer.pop("ledger")["head"]["position"])
        if current:
            findings.hold(ONE_POSITION, head == position, f"head {head}, ranking as of {position}")
    return position

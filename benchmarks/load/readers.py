"""Readers: they ask about now and about any earlier moment, with and without a tag, and once more what they asked."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

from load.asking import Away, Question, Remembered, Session, Told, document, position_of
from load.findings import Findings
from load.town import Town

PACE_S = 0.7
LOOKS = 3
KEPT_SHARE = 0.5
BACKWARDS = "what one client is told of the present never runs back"
SAME = "an answer that states a position is the answer as of that position, asked for once more"
PINNED = "an answer as of a position states that position"
UNCHANGED = "304 is said only to somebody whose answer is not older than what they know"


class Reader:
    """One client."""

    def __init__(self, session: Session, town: Town, told: Told, findings: Findings, seed: int):
        self._session = session
        self._town = town
        self._told = told
        self._findings = findings
        self._chance = random.Random(seed)
        self._known = 0
        # By address: the tag and the answer that it stands for.
        self._held: dict[str, tuple[str, dict[str, Any]]] = {}

    async def run(self, over: Callable[[], bool]) -> None:
        """Ask until it is over."""
        while not over():
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * PACE_S)
            ask = self._chance.choice((self._ask_now, self._ask_now, self._ask_by_tag, self._ask_past, self._again))
            try:
                await ask()
                self._told.asked += 1
            except Away as away:
                await self._session.wait(away)

    async def _ask_now(self) -> None:
        question = self._question()
        await self._told_of_now(question, await self._sent(question, whole=self._chance.random() < 0.2))

    async def _ask_by_tag(self) -> None:
        """Ask by GET with the tag of the answer that is held, and look again at once, as pages do."""
        question = Question("ranking", {"cycle": self._chance.choice(self._town.cycles).cycle_id})
        parameters = {"query": document(question.kind), "variables": json.dumps(question.variables)}
        for _ in range(LOOKS):
            held = self._held.get(parameters["variables"])
            headers = {"if-none-match": held[0]} if held else {}
            response = await self._session.send("GET", "/graphql", params=parameters, headers=headers)
            if response.status_code == 304 and held is not None:
                self._told.unchanged += 1
                known, position = self._known, int(held[1]["ranking"]["asOf"]["position"])
                self._findings.hold(UNCHANGED, position >= known, f"known {known}, held {position}")
            else:
                # While the database restarts an answer is an error, and has no tag.
                answer = self._session.data(response)
                held = response.headers["etag"], answer
                self._held[parameters["variables"]] = held
            await self._told_of_now(question, held[1])

    async def _ask_past(self) -> None:
        question = self._question()
        at = self._chance.randint(self._town.first_position, max(self._told.head, self._town.first_position))
        answer = await self._sent(question, at=at)
        position = position_of(answer, self._findings, current=False)
        self._findings.hold(PINNED, position == at, f"asked for {at}, stated {position}")
        self._keep(question, at, answer)

    async def _again(self) -> None:
        """Ask for an answer that somebody had, as of the position that it stated."""
        earlier = self._told.any_remembered(self._session.person_id, self._chance)
        if earlier is None:
            return
        answer = await self._sent(earlier.question, at=earlier.position, whole=self._chance.random() < 0.2)
        position_of(answer, self._findings, current=False)
        self._findings.hold(SAME, answer == earlier.answer, f"{earlier} and then {answer}")

    async def _told_of_now(self, question: Question, answer: dict[str, Any]) -> None:
        position = position_of(answer, self._findings, current=True)
        self._findings.hold(BACKWARDS, position >= self._known, f"{self._known}, then {position}")
        self._known = position
        self._told.hear(position)
        self._keep(question, position, answer)

    def _keep(self, question: Question, position: int, answer: dict[str, Any]) -> None:
        if self._chance.random() < KEPT_SHARE:
            self._told.remembered.append(Remembered(self._session.person_id, question, position, answer))

    async def _sent(self, question: Question, *, at: int | None = None, whole: bool = False) -> dict[str, Any]:
        moment = {} if at is None else {"at": {"position": str(at)}}
        body = {"query": document(question.kind, whole=whole), "variables": question.variables | moment}
        return self._session.data(await self._session.send("POST", "/graphql", json=body))

    def _question(self) -> Question:
        cycle = self._chance.choice(self._town.cycles)
        kind = self._chance.choice(("ranking", "scoreHistory", "events", "corrections"))
        variables: dict[str, Any] = {"cycle": cycle.cycle_id}
        if kind == "ranking" and self._chance.random() < 0.5:
            variables["period"] = self._chance.choice(cycle.months)
        if kind in ("scoreHistory", "corrections"):
            variables["unit"] = self._chance.choice(cycle.units)
        if kind == "scoreHistory":
            variables |= {"indicator": cycle.indicator_id, "month": self._chance.choice(cycle.months)}
        return Question(kind, variables)

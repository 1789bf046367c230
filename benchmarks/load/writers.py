"""Writers: they enter, verify and correct scores over GraphQL, send commands twice, and hang up too early."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

from load.asking import Away, Question, Session, Told, document, position_of
from load.findings import Findings
from load.place import Place
from load.town import CHECKER, MEASURED_IN, SCORER, Cell, Town, other_than, value

PACE_S = 0.5
IMPATIENT_S = 0.004
CORRECTIONS = 4
OUTCOME = "a command is answered as the rules have it"
REPEATED = "a command sent again under its id is answered as the first time"
CONFLICT = "an id is not taken for another command"
READ_BACK = "who asks for at least a position that was acknowledged is not answered of less, and finds it"
RETRYABLE = {"STALE_EXPECTED_VERSION"}
"""What a command meets that others kept overtaking; it is sent again under its id."""
_ANSWER = "{ __typename ... on Recorded { position } ... on Refusal { code message retryable } }"


@dataclass
class Acknowledged:
    """What became of every command, by its id: the position it reached, or None where it was refused."""

    commands: dict[UUID, int | None] = field(default_factory=dict[UUID, int | None])
    refusals: dict[str, int] = field(default_factory=dict[str, int])


class Writer:
    """Two persons at work: one enters and asks, the other verifies and approves."""

    def __init__(
        self,
        place: Place,
        town: Town,
        told: Told,
        findings: Findings,
        *,
        acknowledged: Acknowledged,
        share: tuple[int, int],
    ):
        number, writers = share
        self._town = town
        self._told = told
        self._findings = findings
        self._acknowledged = acknowledged
        self._chance = random.Random(1_000 + number)
        self._sessions = {person: Session(place, person, findings) for person in (SCORER, CHECKER)}
        # The table has the first unit and the first month already.
        units, months = town.written.units[1:], town.written.months[1:]
        self._cells: list[Cell] = [(unit, month) for unit in units[number::writers] for month in months[:-1]]
        # Entered by everybody at once and never verified.
        self._contested: list[Cell] = [(unit, months[-1]) for unit in units[:2]]
        self._chance.shuffle(self._cells)

    async def run(self, over: Callable[[], bool]) -> None:
        """Take score after score from its entry through its corrections until it is over."""
        standing: dict[Cell, tuple[int, str] | None] = {}
        for cell in cycle(self._cells):
            if cell not in standing:
                standing[cell] = await self._enter(cell)
            for _ in range(CORRECTIONS):
                known = standing[cell]
                if over() or known is None:
                    break
                standing[cell] = await self._correct(cell, *known)
            if over():
                return

    async def close(self) -> None:
        """Hang up."""
        for session in self._sessions.values():
            await session.close()

    # ---- what they do

    async def _enter(self, cell: Cell) -> tuple[int, str] | None:
        """Enter a score, perhaps once more, and verify it; its position and value, None if a command went wrong."""
        if self._chance.random() < 0.5:
            await self._enter_contested()
        number = value(self._chance)
        position = await self._recorded(SCORER, "enterScore", self._entry(cell, number))
        if self._chance.random() < 0.3:
            number = other_than(number, self._chance)
            position = await self._recorded(SCORER, "enterScore", self._entry(cell, number))
        given = self._town.written.cell(cell) | {"verifiedPosition": str(position)}
        verified = await self._recorded(CHECKER, "verifyScore", given)
        await self._refused(SCORER, "enterScore", self._entry(cell, number), "ALREADY_ENTERED")
        await self._read_back(cell, verified)
        return (position, number) if verified else None

    async def _correct(self, cell: Cell, position: int, number: str) -> tuple[int, str] | None:
        """Ask for a correction and have it approved or rejected; what stands then, None if a command went wrong."""
        named = self._town.written.cell(cell)
        proposed = other_than(number, self._chance)
        asked = named | {
            "correctsPosition": str(position),
            "proposedValue": proposed,
            "reasonCode": "SOURCE_DATA_REVISED",
            "reason": "The yearbook says otherwise.",
            "evidence": [self._town.evidence],
        }
        request = await self._recorded(SCORER, "requestCorrection", asked)
        if not request:
            return None
        decided = named | {"requestPosition": str(request)}
        chance = self._chance.random()
        if chance < 0.05:
            await self._refused(SCORER, "approveCorrection", decided, "FORBIDDEN_ROLE")
        if chance > 0.9:
            await self._recorded(CHECKER, "rejectCorrection", decided | {"reason": "The yearbook is wrong."})
            return position, number
        approved = await self._recorded(CHECKER, "approveCorrection", decided)
        if chance > 0.8:
            await self._refused(SCORER, "requestCorrection", asked, "STALE_CORRECTION")
        if chance > 0.6:
            await self._read_back(cell, approved)
        return (approved, proposed) if approved else None

    async def _enter_contested(self) -> None:
        cell = self._chance.choice(self._contested)
        await self._recorded(SCORER, "enterScore", self._entry(cell, value(self._chance)))

    def _entry(self, cell: Cell, number: str) -> dict[str, Any]:
        return self._town.written.cell(cell) | {"value": number, "uom": MEASURED_IN}

    async def _read_back(self, cell: Cell, position: int) -> None:
        """Ask for at least the position that was just acknowledged, over another connection."""
        written = self._town.written
        variables = {"cycle": written.cycle_id, "unit": cell[0], "indicator": written.indicator_id, "month": cell[1]}
        question = Question("scoreHistory", variables)
        text = document(question.kind, whole=self._chance.random() < 0.3)
        answer = await self._sessions[CHECKER].ask(text, variables | {"atLeast": str(position)})
        stated = position_of(answer, self._findings, current=False)
        positions = [int(node["position"]) for node in answer["scoreHistory"]["nodes"]]
        found = position in positions or len(positions) == 100
        self._findings.hold(READ_BACK, stated >= position and found, f"{position}: stated {stated}, found {positions}")

    # ---- how they say it

    async def _recorded(self, person: str, mutation: str, given: dict[str, Any]) -> int:
        outcome = await self._tell(person, mutation, given)
        self._findings.hold(OUTCOME, "position" in outcome, f"{mutation} {given}: {outcome}")
        return int(outcome.get("position", 0))

    async def _refused(self, person: str, mutation: str, given: dict[str, Any], code: str) -> None:
        if self._chance.random() < 0.3:
            outcome = await self._tell(person, mutation, given)
            self._findings.hold(OUTCOME, outcome.get("code") == code, f"{mutation} {given}: {outcome}, not {code}")

    async def _tell(self, person: str, mutation: str, given: dict[str, Any]) -> dict[str, Any]:
        """Send a command until it is answered, in one of the ways in which clients do."""
        await asyncio.sleep(self._chance.uniform(0.5, 1.5) * PACE_S)
        command_id, send = uuid4(), self._sessions[person].ask
        name = mutation[0].upper() + mutation[1:]
        arguments = f"$id: UUID!, $input: {name}Input!"
        text = f"mutation Tell({arguments}) {{ told: {mutation}(commandId: $id, input: $input) {_ANSWER} }}"
        variables = {"id": str(command_id), "input": given}
        manner = self._chance.random()
        if manner < 0.1:
            await self._hang_up(person, text, variables)
        if 0.1 <= manner < 0.2:
            first, second = [
                each["told"] for each in await asyncio.gather(send(text, variables), send(text, variables))
            ]
            self._findings.hold(REPEATED, first == second, f"{mutation} at once: {first}, {second}")
        outcome = (await send(text, variables))["told"]
        while outcome.get("code") in RETRYABLE and outcome["retryable"]:
            outcome = (await send(text, variables))["told"]
        self._note(command_id, outcome)
        if manner > 0.9 and "position" in outcome:
            again = (await send(text, variables))["told"]
            self._findings.hold(REPEATED, again == outcome, f"{mutation}: {outcome}, then {again}")
        if manner > 0.97 and "position" in outcome:
            other = (await send(text, variables | {"input": given | {"expectedVersion": 999}}))["told"]
            self._findings.hold(CONFLICT, other.get("code") == "IDEMPOTENCY_CONFLICT", other)
        return outcome

    async def _hang_up(self, person: str, text: str, variables: dict[str, Any]) -> None:
        """Send a command and go away before it is answered."""
        passing = Session(self._sessions[person].place, person, self._findings)
        try:
            async with asyncio.timeout(self._chance.uniform(0, 10) * IMPATIENT_S):
                await passing.send("POST", "/graphql", json={"query": text, "variables": variables})
        except (TimeoutError, Away):
            pass
        finally:
            await passing.close()

    def _note(self, command_id: UUID, outcome: dict[str, Any]) -> None:
        position = int(outcome["position"]) if "position" in outcome else None
        self._acknowledged.commands[command_id] = position
        if position is not None:
            self._told.acknowledge(position)
        else:
            code = outcome["code"]
            self._acknowledged.refusals[code] = self._acknowledged.refusals.get(code, 0) + 1

"""Judging: what was acknowledged, told and answered, compared with the export, which needs no database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from ledger.domain.facts import Channel, Event
from ledger.domain.opening import CommandRefused
from ledger.domain.persons import Person, PersonFact
from ledger.domain.recall import Recall
from ledger.domain.score import (
    Basis,
    CorrectionRejected,
    CorrectionRequested,
    ScoreCorrected,
    ScoreWithdrawn,
    score_stream,
)
from ledger.domain.settlement import settle
from ledger.domain.visibility import Visibility, visibility_of
from ledger.replay import read_export
from load.asking import Remembered
from load.findings import Findings
from load.followers import Follower
from load.town import Table
from load.writers import Acknowledged

JUDGED_MAX = 1_500
PAGE = 20
EXACTLY_ONCE = "every acknowledged command is in the log exactly once, at the position that was said"
NOTHING_ELSE = "nothing is in the log that nobody was told of, and nothing of what was refused"
IMPORTED = "the log has each change of the imported table once"
EVERYTHING = "subscribers were told every position that is theirs to see, once and in order"
COMPUTED = "an answer that states a position is the one that the export gives as of it"


class Judge:
    """Everything that the export says."""

    def __init__(self, export: Path, findings: Findings):
        self._findings = findings
        # Reading proves positions 1, 2, 3 … and versions 1, 2, 3 … in each stream.
        self.events = list(read_export(export))
        self._histories: dict[str, list[Event]] = defaultdict(list)
        self._asked: dict[tuple[str, str], list[tuple[int, CorrectionRequested]]] = defaultdict(list)
        self._decided: dict[int, tuple[str, int]] = {}
        for event in self.events:
            self._histories[event.stream].append(event)
            match event.fact:
                case CorrectionRequested() as fact:
                    self._asked[fact.cycle_id, fact.unit_id].append((event.position, fact))
                case ScoreCorrected() as fact if fact.request_position is not None:
                    self._decided[fact.request_position] = "APPROVED", event.position
                case CorrectionRejected() as fact:
                    self._decided[fact.request_position] = "REJECTED", event.position
                case _:
                    pass

    def commands(self, acknowledged: Acknowledged) -> None:
        """Whether what writers were told is what is recorded."""
        recorded: dict[UUID, list[int]] = defaultdict(list)
        for event in self.events:
            recorded[event.command_id].append(event.position)
        for command_id, position in acknowledged.commands.items():
            found = recorded.get(command_id, [])
            if position is None:
                self._findings.hold(NOTHING_ELSE, not found, f"{command_id} was refused: {found}")
            else:
                self._findings.hold(EXACTLY_ONCE, found == [position], f"{command_id} at {position}: {found}")

    def unknown(self, acknowledged: Acknowledged, after: int) -> None:
        """Whether anything came in over GraphQL that nobody was told of; attempts on record are of refused commands."""
        for event in self.events[after:]:
            if event.channel is Channel.API:
                command = event.correlation_id if isinstance(event.fact, CommandRefused) else event.command_id
                self._findings.hold(NOTHING_ELSE, command in acknowledged.commands, f"{event.position} {event.type}")

    def imports(self, table: Table) -> None:
        """Whether the imported cycle holds the table, and got there with as many events as it changed."""
        recall = Recall().fold(self.events)
        known = recall.values(table.cycle.cycle_id, Basis.OFFICIAL)
        found = {(unit, period): format(value.value, "f") for (unit, _, period), value in known.items()}
        differing = {cell: (found.get(cell), said) for cell, said in table.values.items() if found.get(cell) != said}
        self._findings.hold(IMPORTED, not differing and len(found) == len(table.values), differing)
        facts = [e.fact for e in self.events if getattr(e.fact, "cycle_id", None) == table.cycle.cycle_id]
        counts = Counter(type(fact) for fact in facts)
        for kind, wanted in ((ScoreCorrected, table.corrected), (ScoreWithdrawn, table.withdrawn)):
            self._findings.hold(IMPORTED, counts[kind] == wanted, f"{kind.__name__}: {counts[kind]}, not {wanted}")

    def followers(self, followers: Iterable[Follower], day: date) -> None:
        """Whether subscribers to events were told all of them."""
        for follower in followers:
            if follower.cycle_id is not None:
                continue
            visibility = self.visibility(follower.session.person_id, day)
            wanted = [e.position for e in self.events[follower.after :] if visibility.sees(e)]
            missing, extra = set(wanted) - set(follower.seen), set(follower.seen) - set(wanted)
            self._findings.looked[EVERYTHING] += len(wanted)
            self._findings.hold(
                EVERYTHING,
                follower.seen == wanted,
                f"{follower.session.person_id}: missing {sorted(missing)[:9]}, extra {sorted(extra)[:9]}",
            )

    def visibility(self, person_id: str, day: date) -> Visibility:
        """What a person may see, from the events about them."""
        person = Person()
        for event in self.events:
            if isinstance(event.fact, PersonFact) and event.fact.subject_id == person_id:
                person = person.evolve(event)
        return visibility_of(person_id, person, day)

    # ---- answers

    def answers(self, remembered: list[Remembered], day: date) -> None:
        """Whether answers are what the export gives as of the positions that they state."""
        chosen = sorted(remembered, key=lambda each: each.position)
        chosen = chosen[:: max(1, len(chosen) // JUDGED_MAX)]
        visible = {person: self.visibility(person, day) for person in {each.person_id for each in chosen}}
        recall, reached = Recall(), 0
        for each in chosen:
            recall.fold(self.events[reached : each.position])
            reached = each.position
            wanted = self._wanted(each, recall, visible[each.person_id])
            told = _told(each)
            self._findings.hold(COMPUTED, told == wanted, f"{each.question} at {reached}: {told}, export: {wanted}")

    def _wanted(self, each: Remembered, recall: Recall, visibility: Visibility) -> list[tuple[Any, ...]]:
        variables = each.question.variables
        match each.question.kind:
            case "ranking":
                found = settle(
                    recall.slice(variables["cycle"], "all", period=variables.get("period"), basis=Basis.OFFICIAL)
                )
                rows = [row for row in found.rows if visibility.sees_total(row.unit_id)]
                return [(row.rank, row.unit_id, format(row.total, "f"), row.complete) for row in rows]
            case "scoreHistory":
                if not visibility.sees_score(variables["unit"], variables["indicator"]):
                    return []
                stream = score_stream(
                    variables["cycle"], variables["unit"], variables["indicator"], variables["month"]
                ).name
                return [(e.position, e.type) for e in self._histories[stream] if e.position <= each.position][:100]
            case "events":
                newest = (e for e in reversed(self.events[: each.position]) if visibility.sees(e))
                return [(e.position, e.type, str(e.command_id)) for e in islice(newest, PAGE)]
            case _:
                return list(islice(self._corrections(each, visibility), PAGE))

    def _corrections(self, each: Remembered, visibility: Visibility) -> Iterator[tuple[Any, ...]]:
        wanted = each.question.variables
        for position, fact in self._asked[wanted["cycle"], wanted["unit"]]:
            if position <= each.position and visibility.sees_score(fact.unit_id, fact.indicator_id):
                outcome, at = self._decided.get(position, ("OPEN", 0))
                known = 0 < at <= each.position
                yield (
                    position,
                    fact.period,
                    format(fact.proposed_value, "f"),
                    *((outcome, at) if known else ("OPEN", None)),
                )


def _told(each: Remembered) -> list[tuple[Any, ...]]:
    answer, kind = each.answer, each.question.kind
    if kind == "ranking":
        nodes = answer["ranking"]["rows"]["nodes"]
        return [(node["rank"], node["unitId"], node["total"], node["complete"]) for node in nodes]
    nodes = answer[kind]["nodes"]
    if kind == "scoreHistory":
        return [(int(node["position"]), node["type"]) for node in nodes]
    if kind == "events":
        return [(int(node["position"]), node["type"], node["commandId"]) for node in nodes]
    return [
        (
            int(node["requestPosition"]),
            node["period"],
            node["proposedValue"],
            node["outcome"],
            int(node["decidedPosition"]) if node["decidedPosition"] else None,
        )
        for node in nodes
    ]

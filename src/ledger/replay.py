"""Replay: an export read, checked and answered from, without any database.

Whoever holds the export gets the published figures again on a laptop. While reading, the order
is proved: positions 1, 2, 3 …, an instant that never runs back, versions 1, 2, 3 … in every
stream. Whether an entry was rewritten in its place is for the log's proofs to show, not here.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import cast

from ledger.domain.facts import Event
from ledger.domain.recall import Recall
from ledger.domain.refusals import UnknownId
from ledger.domain.results import Results
from ledger.domain.score import Basis, score_stream
from ledger.domain.settlement import settle
from ledger.domain.units import Unit, UnitFact
from ledger.entries import DamagedEntry, decode
from ledger.history import Edit, edits


class DamagedExport(Exception):
    """A line of an export is not the entry that has to stand there."""

    def __init__(self, line: int, reason: str):
        # Line n holds position n, so one number names both.
        super().__init__(f"line {line} (position {line}): {reason}")
        self.line = line
        self.reason = reason


@dataclass(slots=True)
class Replay:
    """What an export tells, up to one position."""

    recall: Recall = field(default_factory=Recall)
    names: dict[str, str] = field(default_factory=dict[str, str])
    """What each unit is called, by its id."""

    def results(self, cycle_id: str, group_id: str, *, period: str | None, basis: Basis) -> Results:
        """The results of one group. Raises UnknownId, PlanNotInForce."""
        found = self.recall.slice(cycle_id, group_id, period=period, basis=basis)
        if found.cycle.latest.plan.group(group_id) is None:
            raise UnknownId(path="group", group_id=group_id)
        return settle(found)

    def values(self, cycle_id: str, indicator_id: str) -> list[tuple[str, str, Decimal]]:
        """The official values of one indicator: unit, period and value, in byte order. Raises UnknownId."""
        if self.recall.cycle(cycle_id).latest.plan.indicator(indicator_id) is None:
            raise UnknownId(path="indicator", indicator_id=indicator_id)
        known = self.recall.values(cycle_id, Basis.OFFICIAL)
        return sorted((u, p, value.value) for (u, i, p), value in known.items() if i == indicator_id)


def replay(export: Path, *, through: int | None = None) -> Replay:
    """Fold an export up to and including position `through` (None: all of it).

    Raises DamagedExport, UnknownId if the export ends before `through`, OSError.
    """
    found, units = Replay(), dict[str, Unit]()
    # A million events make many objects and no cycles; looking for some takes an eighth of the time.
    gc.disable()
    try:
        for event in read_export(export, through=through):
            found.recall.take(event)
            fact = event.fact
            if isinstance(fact, UnitFact):
                unit = units[fact.unit_id] = units.get(fact.unit_id, Unit()).evolve(event)
                found.names[fact.unit_id] = unit.name_zh
    finally:
        gc.enable()
    return found


def replay_edits(
    export: Path, *, cycle_id: str, unit_id: str, indicator_id: str, period: str, through: int | None = None
) -> list[Edit]:
    """The edit history of one score from an export. Raises what `replay` does; empty if nothing is known of it."""
    stream = score_stream(cycle_id, unit_id, indicator_id, period).name
    return edits(event for event in read_export(export, through=through) if event.stream == stream)


def read_export(export: Path, *, through: int | None = None) -> Iterator[Event]:
    """Yield the events of an export in order, each checked against those before it."""
    previous = datetime.min.replace(tzinfo=UTC)
    versions: dict[str, int] = {}
    position = 0
    with export.open("rb") as lines:
        for line in lines:
            if position == through:
                return
            position += 1
            try:
                event = decode(line.removesuffix(b"\n"))
            except DamagedEntry as damaged:
                raise DamagedExport(position, damaged.reason) from None
            version = versions.get(event.stream, 0) + 1
            _check(event, position, version, previous)
            previous, versions[event.stream] = event.recorded_at, version
            yield event
    if through is not None and position < through:
        raise UnknownId(path="as_of", position=through, hint=f"The export ends at position {position}.")


def _check(event: Event, position: int, version: int, previous: datetime) -> None:
    fact = event.fact
    if event.position != position:
        hint = "; an export is replayed from position 1 on, without gaps" if event.position > position else ""
        raise DamagedExport(position, f"it says position {event.position}{hint}")
    if event.recorded_at < previous:
        raise DamagedExport(position, f"recorded_at runs back from {previous.isoformat()}")
    if event.version != version or event.stream != fact.stream:
        raise DamagedExport(position, f"version {event.version} of {event.stream}, where version {version} is due")
    value = cast("Decimal | None", getattr(fact, fact.VALUE)) if fact.VALUE else None
    if value is not None and not value.is_finite():
        raise DamagedExport(position, f"{value} is not a number")

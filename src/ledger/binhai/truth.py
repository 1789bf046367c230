"""The truth: what was planted where, and what an honest rule has to say of it.

A look-alike is innocent, though it looks much the same. What the ordinary commands refused
stands here as such. Source: domain.md 6.2.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.domain.facts import Event

STORIES = tuple(f"P{number}" for number in range(1, 23) if number != 20)
"""What happens in a whole city's year; P20 happens to a copy of its export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One anomaly, or its innocent look-alike."""

    plant: str
    """P1 to P22."""
    look_alike: bool = False
    expected: tuple[str, ...] = ()
    """The rules that have to fire; none for a look-alike."""
    subject: Mapping[str, str]
    positions: tuple[tuple[int, str], ...]
    """The events concerned: position and type."""
    refused_with: str | None = None
    """The code with which the ledger refused what was tried: it could not be planted."""
    note: str


@dataclass(slots=True)
class Truth:
    """Everything that was planted, in the order it happened."""

    plants: list[Plant] = field(default_factory=list[Plant])

    def plant(
        self,
        plant: str,
        events: Iterable[Event | tuple[int, str]],
        *,
        note: str,
        expected: tuple[str, ...] = (),
        refused_with: str | None = None,
        **subject: str,
    ) -> None:
        """Note an anomaly with the rules that have to fire."""
        self.plants.append(
            Plant(
                plant=plant,
                expected=expected,
                subject=subject,
                positions=_placed(events),
                refused_with=refused_with,
                note=note,
            )
        )

    def look_alike(self, plant: str, events: Iterable[Event | tuple[int, str]], *, note: str, **subject: str) -> None:
        """Note what is innocent, though it looks like an anomaly."""
        self.plants.append(Plant(plant=plant, look_alike=True, subject=subject, positions=_placed(events), note=note))

    def lacking(self) -> list[str]:
        """The anomalies of a whole city's year that are not planted, or not beside a look-alike."""
        planted = {(plant.plant, plant.look_alike) for plant in self.plants}
        return [name for name in STORIES if not {(name, False), (name, True)} <= planted]

    def write(self, path: Path) -> None:
        """Write one plant a line, ordered by name."""
        ordered = sorted(self.plants, key=lambda plant: (int(plant.plant[1:]), plant.look_alike, plant.positions))
        lines = (json.dumps(_record(plant), ensure_ascii=False) for plant in ordered)
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def _placed(events: Iterable[Event | tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    return tuple((event.position, event.type) if isinstance(event, Event) else event for event in events)


def _record(plant: Plant) -> dict[str, Any]:
    record: dict[str, Any] = {
        "plant": plant.plant,
        "look_alike": plant.look_alike,
        "expected": list(plant.expected),
        "subject": dict(plant.subject),
        "positions": [{"position": position, "type": kind} for position, kind in plant.positions],
        "note": plant.note,
    }
    return record | ({"refused_with": plant.refused_with} if plant.refused_with else {})

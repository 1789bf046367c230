"""Copies of the export to try a verifier on: one with a byte turned, one that says the same in other bytes (P20)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from ledger.binhai.standing import with_values
from ledger.binhai.truth import Truth
from ledger.domain.facts import Event
from ledger.domain.recall import Recall
from ledger.domain.score import Basis, ScoreVerified
from ledger.domain.settlement import due, settle
from ledger.entries import decode

EXPORT, DAMAGED_EXPORT, RESERIALISED_EXPORT = "export.jsonl", "export_damaged.jsonl", "export_reserialised.jsonl"
DAMAGED_FROM = 12_345
"""The first position whose bytes may be turned, if the ledger is that long. Source: domain.md 6.2."""
_FIRST_DIGIT = re.compile(rb'"value":"-?(\d)')


def write_copies(entries: Sequence[bytes], directory: Path, truth: Truth, known: Recall) -> None:
    """Write the export, a damaged copy and a copy in other bytes, and note them in the truth."""
    event = next(_decisive(entries, known))
    place = event.position - 1
    _write_lines(directory / EXPORT, entries)
    _write_lines(directory / DAMAGED_EXPORT, (*entries[:place], turned(entries[place]), *entries[place + 1 :]))
    _write_lines(directory / RESERIALISED_EXPORT, (_said_otherwise(entry) for entry in entries))
    note = f"the first digit of the value at position {event.position} of {DAMAGED_EXPORT}; the ledger itself is whole"
    truth.plant("P20", [event], expected=("A32", "A29"), note=note, file=DAMAGED_EXPORT)
    note = f"{RESERIALISED_EXPORT} says the same in other bytes"
    truth.look_alike("P20", [event], note=note, file=RESERIALISED_EXPORT)


def turned(entry: bytes) -> bytes:
    """The entry with the first digit of its value turned."""
    found = _FIRST_DIGIT.search(entry)
    assert found is not None
    return entry[: found.start(1)] + (b"2" if found[1] == b"1" else b"1") + entry[found.end(1) :]


def _decisive(entries: Sequence[bytes], known: Recall) -> Iterator[Event]:
    """The verifications that some unit's total for the year rests on, the first one that may be turned first."""
    later = entries[DAMAGED_FROM - 1 :]
    for entry in (*later, *reversed(entries[: DAMAGED_FROM - 1])):
        event = decode(entry)
        if isinstance(event.fact, ScoreVerified) and _counts(event, event.fact, known):
            other = decode(turned(entry)).fact
            assert isinstance(other, ScoreVerified)
            if _moves(event.fact, other.value, known):
                yield event


def _counts(event: Event, fact: ScoreVerified, known: Recall) -> bool:
    """Whether the value is in force to the end, for a period that counts for the year."""
    in_force = known.values(fact.cycle_id, Basis.OFFICIAL).get((fact.unit_id, fact.indicator_id, fact.period))
    cycle = known.cycle(fact.cycle_id)
    if in_force is None or in_force.position != event.position or fact.unit_id not in cycle.membership:
        return False
    counting = due(cycle, cycle.membership[fact.unit_id][0], None)
    return any((each.indicator_id, period) == (fact.indicator_id, fact.period) for each, period in counting)


def _moves(fact: ScoreVerified, value: Decimal, known: Recall) -> bool:
    group_id, _ = known.cycle(fact.cycle_id).membership[fact.unit_id]
    results = settle(known.slice(fact.cycle_id, group_id, period=None, basis=Basis.OFFICIAL))
    others = with_values(results, [((fact.unit_id, fact.indicator_id, fact.period), value)])
    row, other = results.row(fact.unit_id), others.row(fact.unit_id)
    return row is not None and other is not None and row.total != other.total


def _write_lines(path: Path, lines: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(line + b"\n" for line in lines)


def _said_otherwise(entry: bytes) -> bytes:
    said: dict[str, Any] = msgspec.json.decode(entry)
    return msgspec.json.encode(dict(reversed(said.items())))

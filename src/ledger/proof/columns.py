"""An entry and the typed columns beside it: folds read the columns, so both have to say the same."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from ledger.domain.facts import FACTS

SUBJECT = (
    *("cycle_id", "group_id", "unit_id", "indicator_id", "period", "subject_id", "requested_by", "approved_by"),
    *("request_position", "reason_code", "baseline"),
)
"""The columns that are named as the facts' own fields."""


class Row(NamedTuple):
    """An event as it is stored, its columns in the order of sql/signer_rows.sql."""

    position: int
    recorded_at: datetime
    entry: bytes
    stream: str
    version: int
    type: str
    command_id: UUID
    person_id: str
    on_behalf_of: str | None
    cycle_id: str | None
    group_id: str | None
    unit_id: str | None
    indicator_id: str | None
    period: str | None
    subject_id: str | None
    requested_by: str | None
    approved_by: str | None
    request_position: int | None
    reason_code: str | None
    baseline: Decimal | None
    value: Decimal | None
    cites: int | None


class _Actor(msgspec.Struct):
    person_id: str
    on_behalf_of: str | None = None


class Envelope(msgspec.Struct):
    """What an entry itself says; `data` as it is written, so that no kind of fact has to be known."""

    position: int
    recorded_at: datetime
    stream: str
    version: int
    type: str
    command_id: UUID
    actor: _Actor
    data: dict[str, Any]


_decoder = msgspec.json.Decoder(Envelope)


def read_entry(entry: bytes) -> Envelope | None:
    """What the entry says, None if it is none."""
    try:
        return _decoder.decode(entry)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return None


def differing_column(row: Row, said: Envelope) -> str | None:
    """The first column that does not say what the entry says, None if all do."""
    pairs: list[tuple[str, object]] = [
        ("position", said.position),
        ("recorded_at", said.recorded_at),
        ("stream", said.stream),
        ("version", said.version),
        ("type", said.type),
        ("command_id", said.command_id),
        ("person_id", said.actor.person_id),
        ("on_behalf_of", said.actor.on_behalf_of),
        *((name, said.data.get(name)) for name in SUBJECT),
    ]
    kind = FACTS.get(said.type)
    if kind is not None:
        pairs.append(("value", said.data.get(kind.VALUE) if kind.VALUE else None))
        pairs.append(("cites", said.data.get(kind.CITES) if kind.CITES else None))
    return next((name for name, value in pairs if not _same(getattr(row, name), value)), None)


def _same(column: object, said: object) -> bool:
    if isinstance(column, Decimal) and isinstance(said, str):
        try:
            return column == Decimal(said)
        except InvalidOperation:
            return False
    return column == said

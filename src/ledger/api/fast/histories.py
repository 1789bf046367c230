"""Histories: the events of a score as its entries tell them, in one read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from ledger.api.types import global_id
from ledger.domain.facts import FACTS
from ledger.domain.score import Basis, ReasonCode, ScoreFact
from ledger.history import Worth

_KINDS = cast(Mapping[str, type[ScoreFact]], FACTS)
"""In the stream of a score there are no other facts."""


class _Actor(msgspec.Struct):
    person_id: str
    role: str
    unit_id: str | None = None
    on_behalf_of: str | None = None


class _Data(msgspec.Struct):
    """What a fact about a score may say. Figures are texts: those of scores are written without an exponent."""

    value: str | None = None
    proposed_value: str | None = None
    new_value: str | None = None
    replaces_position: int | None = None
    returned_position: int | None = None
    verified_position: int | None = None
    corrects_position: int | None = None
    withdrawn_position: int | None = None
    request_position: int | None = None
    reason_code: ReasonCode | None = None
    reason: str | None = None
    late_reason: str | None = None
    note: str | None = None
    evidence: tuple[str, ...] = ()
    requested_by: str | None = None
    approved_by: str | None = None


class Told(msgspec.Struct):
    """`ScoreHistoryEntry`: what an entry says, and what the score was worth before and after it.

    The instant is a text already, written as its type writes it.
    """

    actor: _Actor
    data: _Data
    position: int
    recorded_at: str
    type: str
    version: int
    batch_id: str | None = None

    # Not of the entry.
    basis: Basis | None = None
    old_value: str | None = None
    new_value: str | None = None
    now: str | None = None

    @property
    def kind(self) -> type[ScoreFact]:
        """The kind of its fact."""
        return _KINDS[self.type]

    @property
    def id(self) -> str:
        """The id that is unique in the whole ledger."""
        return global_id("ScoreHistoryEntry", self.position)

    @property
    def value(self) -> str | None:
        """The value the event bears."""
        field = self.kind.VALUE
        return cast("str | None", getattr(self.data, field)) if field else None

    @property
    def cites(self) -> int | None:
        """The event it stands on."""
        field = self.kind.CITES
        return cast("int | None", getattr(self.data, field)) if field else None

    @property
    def request_position(self) -> int | None:
        """The correction request it decides."""
        return self.data.request_position

    @property
    def reason(self) -> str | None:
        """Why, in words."""
        return self.data.reason or self.data.late_reason

    @property
    def reason_code(self) -> ReasonCode | None:
        """Why, from the list."""
        return self.data.reason_code

    @property
    def note(self) -> str | None:
        """A remark."""
        return self.data.note

    @property
    def evidence(self) -> tuple[str, ...]:
        """Content hashes of the documents it cites."""
        return self.data.evidence

    @property
    def requested_by(self) -> str | None:
        """The person who asked for it."""
        return self.data.requested_by

    @property
    def approved_by(self) -> str | None:
        """The person who approved it."""
        return self.data.approved_by


_entries = msgspec.json.Decoder(list[Told])


def told(rows: Sequence[Sequence[Any]], worth: Worth[str]) -> list[Told]:
    """The rows of the read `history`, of a score that is worth so much before them."""
    # One text of all entries is decoded in half the time of each by itself.
    history = _entries.decode(b"[%s]" % b",".join([row[0] for row in rows]))
    for entry in history:
        kind = _KINDS[entry.type]
        value = getattr(entry.data, kind.VALUE) if kind.VALUE else None
        entry.basis, entry.old_value, entry.new_value = worth.told(kind, value)
    return history

"""Histories: the events of a score as its projection and its entries tell them, in one read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ledger.api.types import global_id
from ledger.domain.score import Basis, ReasonCode


class _Actor(msgspec.Struct):
    person_id: str
    role: str
    unit_id: str | None = None
    on_behalf_of: str | None = None


class _Data(msgspec.Struct):
    """What a fact about a score may say in words."""

    reason_code: ReasonCode | None = None
    reason: str | None = None
    late_reason: str | None = None
    note: str | None = None
    evidence: tuple[str, ...] = ()


class Told(msgspec.Struct):
    """`ScoreHistoryEntry`: what an entry says, and what the projection knows of it besides.

    Figures and the instant are texts already, written as their types write them.
    """

    actor: _Actor
    data: _Data
    position: int
    recorded_at: str
    type: str
    version: int
    batch_id: str | None = None

    # Not of the entry but of the projection.
    basis_name: str | None = None
    value: str | None = None
    old_value: str | None = None
    new_value: str | None = None
    now: str | None = None
    cites: int | None = None
    request_position: int | None = None
    requested_by: str | None = None
    approved_by: str | None = None

    @property
    def id(self) -> str:
        """The id that is unique in the whole ledger."""
        return global_id("ScoreHistoryEntry", self.position)

    @property
    def basis(self) -> Basis | None:
        """The basis whose value the event sets."""
        return Basis(self.basis_name) if self.basis_name else None

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


_entries = msgspec.json.Decoder(list[Told])


def told(rows: Sequence[Sequence[Any]]) -> list[Told]:
    """The rows of the read `history`."""
    # One text of all entries is decoded in half the time of each by itself.
    history = _entries.decode(b"[%s]" % b",".join([row[0] for row in rows]))
    for entry, row in zip(history, rows, strict=True):
        (
            _,
            entry.basis_name,
            entry.value,
            entry.old_value,
            entry.new_value,
            entry.now,
            entry.cites,
            entry.request_position,
            entry.requested_by,
            entry.approved_by,
        ) = row
    return history

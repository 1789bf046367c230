"""Drafts for the tests of the store, which asks no rule of them."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid4

from ledger.domain.facts import Actor
from ledger.domain.plan import EntryKind
from ledger.domain.score import EntrySource, ScoreEntered
from ledger.entries import Draft

SCORER = Actor("scorer", "SCORER", "U-HOME")


def entered(unit_id: str = "U1", *, value: str = "12.34", note: str | None = None) -> ScoreEntered:
    """A value of one unit's score."""
    return ScoreEntered(
        cycle_id="2018",
        unit_id=unit_id,
        indicator_id="GDP",
        period="2018-Y",
        value=Decimal(value),
        uom="亿元",
        entry_kind=EntryKind.ACTUAL,
        source=EntrySource.SCORING_DEPT,
        note=note,
    )


def draft(
    unit_id: str = "U1",
    version: int = 1,
    *,
    value: str = "12.34",
    note: str | None = None,
    command_id: UUID | None = None,
) -> Draft:
    """The only fact of a command, for the stream of one unit's score."""
    fact = entered(unit_id, value=value, note=note)
    return Draft(fact.stream, version, fact, SCORER, command_id or uuid4(), command_digest=bytes(32))

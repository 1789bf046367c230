"""Source revisions: a figure that its source revised after publication, noted without effect.

Where the plan says that later revisions are ignored, they are at least on record. Source:
domain.md 5, "Late facts".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ledger.domain.score import ScoreFact


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRevisionNoted(ScoreFact):
    """The source of an official value revised it; the value stands."""

    CITES = "official_position"

    official_position: int
    """The value that the source revised."""
    revised_value: Decimal
    uom: str
    revised_on: date
    source_ref: str
    evidence: tuple[str, ...]

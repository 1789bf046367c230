"""What is asked of an import, and what became of it, row by row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from ledger.domain.imports import RejectedRow
from ledger.domain.refusals import Refused
from ledger.domain.score import ReasonCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be imported where, and in whose names."""

    cycle_id: str
    indicator_id: str
    by: str
    """Enters, requests, withdraws."""
    approved_by: str | None = None
    """Verifies and approves; without anybody, values are only entered."""
    reconcile: bool = False
    """Whether the table has the last word: also correct what changed and withdraw what is gone."""
    reason_code: ReasonCode = ReasonCode.SOURCE_DATA_REVISED
    reason: str | None = None


class Verdict(StrEnum):
    """What became of a row."""

    ENTERED = "ENTERED"
    CORRECTED = "CORRECTED"
    WITHDRAWN = "WITHDRAWN"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """What became of one row; a score that is gone from the table has no row number."""

    row: int | None
    unit: str | None
    period: str | None
    verdict: Verdict
    column: str | None = None
    code: str | None = None
    message: str | None = None


@dataclass(slots=True)
class Report:
    """What became of a table."""

    keeps_all: bool
    """Whether every verdict is kept, or only those of refused rows."""
    import_id: str | None = None
    counts: Counter[Verdict] = field(default_factory=Counter[Verdict])
    verdicts: list[RowVerdict] = field(default_factory=list[RowVerdict])
    first_position: int | None = None
    last_position: int | None = None
    """The last position recorded; where nothing was, the head that the table was compared with."""

    def add(self, row: int | None, unit: str | None, period: str | None, verdict: Verdict) -> None:
        """Note a row that was not refused."""
        self.counts[verdict] += 1
        if self.keeps_all:
            self.verdicts.append(RowVerdict(row, unit, period, verdict))

    def refuse(self, row: int | None, unit: str | None, period: str | None, column: str | None, why: Refused) -> None:
        """Note a refused row."""
        self.counts[Verdict.REFUSED] += 1
        self.verdicts.append(RowVerdict(row, unit, period, Verdict.REFUSED, column, why.code(), why.message))

    @property
    def rejected_rows(self) -> tuple[RejectedRow, ...]:
        """The refused rows as the ledger records them."""
        return tuple(
            RejectedRow(row=verdict.row, code=verdict.code)
            for verdict in self.verdicts
            if verdict.row is not None and verdict.code is not None
        )

"""What a table and the ledger differ in, and which commands make them agree.

The table is compared with the scores as they stand, some rows at a time, and never with what an
earlier run of the same import meant to do: so an import that was cut short is completed by
running it again, and one that is complete finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from importlib.resources import files
from typing import LiteralString, cast

from msgspec import Struct
from psycopg.rows import class_row
from psycopg.sql import SQL

from ledger.database import APP_ROLE
from ledger.domain.score import score_stream
from ledger.importing.rows import Row
from ledger.importing.tables import Table
from ledger.store import Store

Key = tuple[str, str]
"""Unit and period."""

_SCORES = SQL(cast(LiteralString, (files("ledger") / "sql" / "select_scores.sql").read_text("utf-8")))
_ANYTHING = (
    "SELECT 1 FROM ledger.event WHERE ledger_id = %(ledger_id)s AND indicator_id = %(indicator_id)s"
    " AND stream >= 'score:' || %(cycle_id)s::text || ':' AND stream < 'score:' || %(cycle_id)s::text || ';' LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class ScoreThere:
    """A score as the ledger has it; the columns of sql/select_scores.sql."""

    unit_id: str
    period: str
    type: str
    position: int
    value: Decimal | None
    request_position: int | None
    proposed_value: Decimal | None

    @property
    def official(self) -> bool:
        """Whether its value is verified or corrected."""
        return self.type in ("ScoreVerified", "ScoreCorrected")

    @property
    def awaits_verification(self) -> bool:
        """Whether a value is entered that nobody has verified or returned."""
        return self.type in ("ScoreEntered", "ScoreLateEntered")

    @property
    def withdrawn(self) -> bool:
        """Whether its value was taken back."""
        return self.type == "ScoreWithdrawn"


class ScoresThere:
    """The scores of one indicator as they stand, asked for a few rows at a time; closed by whoever opened it."""

    def __init__(self, store: Store, cycle_id: str, indicator_id: str):
        self._connection = store.database.connect(APP_ROLE)
        self._subject = cycle_id, indicator_id
        self._arguments = {"ledger_id": store.ledger_id, "cycle_id": cycle_id, "indicator_id": indicator_id}
        anything = self._connection.execute(_ANYTHING, self._arguments).fetchone()
        self._empty = anything is None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def of(self, rows: Sequence[Row]) -> dict[Key, ScoreThere]:
        """Those that some rows are about, as far as they were ever entered."""
        if self._empty:
            return {}
        cycle_id, indicator_id = self._subject
        streams = [score_stream(cycle_id, row.unit_id, indicator_id, row.period).name for row in rows]
        with self._connection.cursor(binary=True, row_factory=class_row(ScoreThere)) as cursor:
            found = cursor.execute(_SCORES, self._arguments | {"streams": streams})
            return {(score.unit_id, score.period): score for score in found}

    def besides(self, table: Table) -> list[ScoreThere]:
        """Those that were not withdrawn, and whose unit and period no row names, readable or not."""
        refused = {(row.unit_id, row.period) for row in table.refused}
        # Fetched piece by piece: nearly all of them are named.
        with (
            self._connection.transaction(),
            self._connection.cursor("scores", row_factory=class_row(ScoreThere)) as cursor,
        ):
            gone = [
                score
                for score in cursor.execute(_SCORES, self._arguments | {"streams": None})
                if not score.withdrawn
                and not table.rows.names(score.unit_id, score.period)
                and (score.unit_id, score.period) not in refused
            ]
        return sorted(gone, key=lambda score: (score.unit_id, score.period))


class Act(StrEnum):
    """What is done about one score."""

    ENTER = "ENTER"
    """Enter the value, then verify it."""
    ENTER_AGAIN = "ENTER_AGAIN"
    """Enter a value that had been withdrawn, then verify it."""
    VERIFY = "VERIFY"
    """Verify the value that is entered already."""
    CORRECT = "CORRECT"
    """Ask for the new value, then approve it."""
    APPROVE = "APPROVE"
    """Approve the new value, which is asked for already."""
    WITHDRAW = "WITHDRAW"
    """Take back the value, which the table no longer has."""


class Step(Struct, frozen=True, eq=False):
    """One score that has to change."""

    act: Act
    unit_id: str
    period: str
    row: Row | None
    """What the table says; None when it is gone from the table."""
    there: ScoreThere | None
    """What the ledger says; None when it has nothing."""

    @property
    def value(self) -> Decimal:
        """The value that the table gives."""
        assert self.row is not None
        return self.row.value

    @property
    def position(self) -> int:
        """The position of the value that the ledger has."""
        assert self.there is not None
        return self.there.position

    @property
    def request_position(self) -> int:
        """The position of the correction request that awaits its decision."""
        assert self.there is not None
        assert self.there.request_position is not None
        return self.there.request_position


def differences(
    rows: Sequence[Row], there: dict[Key, ScoreThere], *, reconcile: bool, verify: bool
) -> Iterator[Step | Row]:
    """Yield, for each row, the step it needs, or the row itself if it needs none.

    With `reconcile` the table has the last word. Without, it may only enter: what is official
    already is entered all the same, so that the domain says why it cannot be.
    """
    for row in rows:
        score = there.get((row.unit_id, row.period))
        act = _act(row, score, reconcile=reconcile, verify=verify)
        yield Step(act, row.unit_id, row.period, row, score) if act else row


def withdrawals(gone: Iterable[ScoreThere]) -> list[Step]:
    """The steps that take back what a table no longer has."""
    return [Step(Act.WITHDRAW, score.unit_id, score.period, None, score) for score in gone]


def _act(row: Row, score: ScoreThere | None, *, reconcile: bool, verify: bool) -> Act | None:
    if score is None:
        return Act.ENTER
    if score.withdrawn:
        return Act.ENTER_AGAIN if reconcile else Act.ENTER
    if score.value == row.value and score.awaits_verification:
        return Act.VERIFY if verify else None
    if not score.official:
        return Act.ENTER
    if score.value == row.value:
        return None
    if not reconcile:
        return Act.ENTER
    return Act.APPROVE if score.proposed_value == row.value else Act.CORRECT

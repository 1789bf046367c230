"""Recount: what an export says of tables, grades, tallies, reports and cadres, settled again and compared.

Needs the export and nothing else, so anybody can check on a laptop that what was published
follows from what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from ledger.domain.facts import Event
from ledger.domain.grading import ResultsComputed
from ledger.domain.publication import ReportPublished, ReportRestated
from ledger.domain.refusals import Refused
from ledger.domain.settlement import ENGINE_VERSION
from ledger.replay import read_export
from ledger.statements import LINKS, Again, Told, again, subject_of


@dataclass(frozen=True, slots=True)
class Recounted:
    """One recorded statement, and whether it comes out again."""

    position: int
    statement: str
    """The type of the event."""
    subject: str
    """The report's number, the group, the campaign or the person; of a value its unit, indicator and period."""
    as_of_position: int
    """The position it is settled at."""
    expected_hash: str
    actual_hash: str
    recorded_engine: str
    """The version of the engine that recorded it; empty where no engine settles it."""
    used_engine: str
    """The version that settled it now."""
    differences: tuple[str, ...] = ()
    """Each member that does not come out again, or why nothing does."""

    @property
    def matches(self) -> bool:
        """Whether it comes out the same, to the letter."""
        return self.expected_hash == self.actual_hash and not self.differences


class Recount:
    """The statements of an export in order, each settled again right before its command was recorded.

    Iterating raises DamagedExport, UnknownId if the export ends before `through`, OSError.
    """

    def __init__(self, export: Path, *, cycle_id: str | None = None, through: int | None = None):
        self.read = 0
        """The last position that was read."""
        self.last_recorded_at: datetime | None = None
        self.values_compared = 0
        """How many verified and corrected values were compared with what they repeat; those that follow are no rows."""
        self._export = export
        self._cycle_id = cycle_id
        self._through = through

    def __iter__(self) -> Iterator[Recounted]:
        """Read the export once, from its beginning."""
        told = Told()
        for _, events in groupby(read_export(self._export, through=self._through), key=lambda event: event.command_id):
            command = tuple(events)
            for event in command:
                if self._asked(event):
                    yield from self._compared(event, told, command)
            for event in command:
                yield from self._taken(event, told)
            self.read, self.last_recorded_at = command[-1].position, command[-1].recorded_at

    def _asked(self, event: Event) -> bool:
        cycle_id = getattr(event.fact, "cycle_id", None)
        return self._cycle_id in (None, cycle_id) and subject_of(event.fact) is not None

    def _compared(self, event: Event, told: Told, command: Sequence[Event]) -> Iterator[Recounted]:
        if isinstance(event.fact, LINKS):
            self.values_compared += 1
        # An export may say anything, and what cannot be settled at all does not come out again either.
        try:
            found = again(event, told, command, lambda position: read_export(self._export, through=position))
        except Exception as error:
            yield _recounted(event, command[0].position - 1, Again((_reason(error),), "", ""))
            return
        if found is not None and (found.differences or not isinstance(event.fact, LINKS)):
            yield _recounted(event, command[0].position - 1, found)

    def _taken(self, event: Event, told: Told) -> Iterator[Recounted]:
        # Nor does what nothing before it allows for.
        try:
            told.take(event)
        except Exception as error:
            yield _recounted(event, event.position - 1, Again((_reason(error),), "", ""))


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, Refused) else f"nothing follows: {type(error).__name__}: {error}"


def _recounted(event: Event, before: int, found: Again) -> Recounted:
    fact = event.fact
    cites = isinstance(fact, ResultsComputed | ReportPublished | ReportRestated)
    return Recounted(
        event.position,
        event.type,
        subject_of(fact) or event.stream,
        fact.as_of_position if cites else before,
        found.expected_hash,
        found.actual_hash,
        found.engine,
        ENGINE_VERSION,
        found.differences,
    )

"""Imports: a batch of rows from one file, named so that each row's events can be found together."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.facts import Audience, Event, Fact, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that was refused: its number in the file, from 1 after the heading, and the code."""

    row: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFact(Fact):
    """A fact about one import batch."""

    AUDIENCE = Audience.SCORE

    import_id: str

    @property
    def stream(self) -> str:
        return import_stream(self.import_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreImportStarted(ImportFact):
    """The import of a file began."""

    cycle_id: str
    indicator_id: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreImportFinished(ImportFact):
    """The import of a file ended."""

    cycle_id: str
    indicator_id: str
    accepted: int
    rejected: int
    rejected_rows: tuple[RejectedRow, ...]
    """The first rejected rows; the importer was shown all of them."""


@dataclass(frozen=True, slots=True)
class Import:
    """Whether a batch has begun and ended."""

    started: ScoreImportStarted | None = None
    finished: bool = False

    def evolve(self, event: Event, /) -> Import:
        """Return the state after `event`."""
        match event.fact:
            case ScoreImportStarted() as fact:
                return Import(fact)
            case ScoreImportFinished():
                return Import(self.started, True)
            case _:
                return self


def import_stream(import_id: str) -> Stream[Import]:
    """The stream of one import batch."""
    return Stream(f"import:{import_id}", Import())

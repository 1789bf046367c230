"""Evidence: documents known to the ledger by the hash of their bytes, which stay outside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from ledger.domain.facts import STREAMS_NAMED_MAX, Audience, Event, Fact, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRegistered(Fact):
    """A document was registered by its content hash."""

    AUDIENCE = Audience.SCORE

    sha256: str
    media_type: str
    size: int
    title: str
    document_no: str | None = None
    issuer: str | None = None
    issued_on: date | None = None

    @property
    def stream(self) -> str:
        return evidence_stream(self.sha256).name


@dataclass(frozen=True, slots=True)
class Evidence:
    """Whether a document is registered."""

    registered: bool = False

    def evolve(self, event: Event, /) -> Evidence:
        """Return the state after `event`."""
        return Evidence(True) if isinstance(event.fact, EvidenceRegistered) else self


@lru_cache(maxsize=STREAMS_NAMED_MAX)
def evidence_stream(sha256: str) -> Stream[Evidence]:
    """The stream of one document."""
    return Stream(f"evidence:{sha256}", Evidence())

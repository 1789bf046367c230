"""Papers: the documents that acts rest on, kept by their content hash and registered before they are cited."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime

from ledger.binhai.calendar import ZONE
from ledger.binhai.city import City
from ledger.binhai.stage import Act, Done, Stage
from ledger.domain.commands import RegisterEvidence


def paper(
    stage: Stage,
    city: City,
    title: str,
    *,
    by: str,
    at: datetime,
    issued_on: date | None = None,
    document_no: str | None = None,
    exact: bool = False,
) -> Generator[Act, Done, str]:
    """Register a document, once for each title, and return its content hash."""
    known = city.books.evidence.get(title)
    if known is not None:
        return known
    issued = issued_on or at.astimezone(ZONE).date()
    sha256 = stage.keep(f"{city.title}（虚构）\n{title}\n{issued}\n{city.cycle_id} {city.seed}\n")
    command = RegisterEvidence(
        sha256=sha256,
        media_type="text/plain",
        title=title,
        document_no=document_no,
        issuer=city.title,
        issued_on=issued,
    )
    yield Act(at=at, by=by, command=command, exact=exact)
    city.books.evidence[title] = sha256
    return sha256

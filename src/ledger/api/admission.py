"""Admission: which documents are answered, to whom, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from cross_web import HTTPException
from strawberry.http import GraphQLRequestData

from ledger.api.context import Context
from ledger.api.documents import Prepared, UnknownDocument, open_registry
from ledger.api.rates import Rates
from ledger.domain.refusals import Unauthenticated
from ledger.settings import Settings

REQUESTS_MAX = 256
"""Requests in hand at once; a later one is asked to come again."""
STREAMS_MAX = 1_000
"""Server-sent streams and WebSocket connections at once."""
TIMEOUT_S = 40
"""Longer than a statement may take, so that what is given up on has ended."""
BUSY_S = 1


class TurnedAway(HTTPException):
    """The request is not carried out."""

    def __init__(self, status_code: int, reason: str, code: str | None = None, headers: Mapping[str, str] = {}):
        super().__init__(status_code, reason)
        self.code = code
        self.headers = headers

    @property
    def error(self) -> dict[str, Any]:
        """As an error of an answer."""
        return {"message": self.reason} | ({"extensions": {"code": self.code}} if self.code else {})


class TookTooLong(TurnedAway):
    """The request was given up."""

    def __init__(self):
        super().__init__(
            504, f"It took longer than {TIMEOUT_S} s. A command may be sent again under its id.", "TIMEOUT"
        )


@dataclass
class Asked(GraphQLRequestData):
    """A request, with its document found."""

    registered: bool = False
    """Whether the document was asked by id."""


class Seats:
    """A bounded number of places, each held by a `with`; for use by one event loop."""

    def __init__(self, seats_max: int):
        self._free = seats_max

    def __enter__(self) -> None:
        """Take a place. Raises TurnedAway if there is none."""
        if self._free == 0:
            raise TurnedAway(503, "Too much is asked at once.", "BUSY", {"retry-after": str(BUSY_S)})
        self._free -= 1

    def __exit__(self, *raised: object) -> None:
        """Leave it to others."""
        self._free += 1


class Admission:
    """Says no before anything is carried out."""

    def __init__(self, settings: Settings):
        self._registry = open_registry(settings.documents)
        self._registered_only = settings.registered_only
        self._rates = Rates(settings.requests_per_s)

    def asked(self, given: Mapping[str, Any]) -> Asked:
        """A request as it was sent, with the document that it names. Raises TurnedAway."""
        for name, kind in _KINDS.items():
            if given.get(name) is not None and not isinstance(given[name], kind):
                raise TurnedAway(400, f"`{name}` has to be {_CALLED[kind]}.")
        query, document_id = given.get("query"), given.get("documentId")
        if (query is None) == (document_id is None):
            raise TurnedAway(400, "Send a `query`, or the `documentId` of a registered one.")
        if document_id is not None:
            try:
                query = self._registry.text(document_id)
            except UnknownDocument as unknown:
                raise TurnedAway(400, f"{UnknownDocument.__doc__} ({unknown})", "UNKNOWN_DOCUMENT") from None
        return Asked(
            query=query,
            variables=given.get("variables"),
            operation_name=given.get("operationName"),
            extensions=given.get("extensions"),
            registered=document_id is not None,
        )

    def registered(self, document_id: str) -> str | None:
        """The document of an id, None if there is none."""
        try:
            return self._registry.text(document_id)
        except UnknownDocument:
            return None

    def admits_at_once(self, person_id: str, cost: int, *, registered: bool) -> bool:
        """Whether somebody may be answered without further ado; if not, `admit` knows why, or better."""
        return (registered or not self._registered_only) and not self._rates.wait_s(f"person {person_id}", cost)

    async def admit(self, context: Context, asked: Asked, prepared: Prepared, host: str) -> None:
        """Let the request pass. Raises TurnedAway."""
        cost = prepared.cost(asked.operation_name)
        wait_s = self._rates.wait_s(_asker(context, host), cost)
        if wait_s:
            retry_after = {"retry-after": str(ceil(wait_s))}
            raise TurnedAway(429, f"You ask too much; come again in {wait_s:.1f} s.", "TOO_MANY_REQUESTS", retry_after)
        if self._registered_only and not asked.registered and not await _inspects(context):
            raise TurnedAway(403, "Only registered documents are answered here; send a `documentId`.", "FREE_DOCUMENT")


def _asker(context: Context, host: str) -> str:
    return f"person {context.credentials}" if context.credentials else f"host {host}"


async def _inspects(context: Context) -> bool:
    try:
        return (await context.in_thread(context.visibility)).refusals
    except Unauthenticated:
        return False


_KINDS: Mapping[str, type] = {
    "query": str,
    "documentId": str,
    "operationName": str,
    "variables": dict,
    "extensions": dict,
}
_CALLED: Mapping[type, str] = {str: "a string", dict: "an object"}

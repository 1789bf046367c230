"""Requests: what a client sent, as far as the fast path understands it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Message, Receive

from ledger.api.negotiation import negotiate

BODY_BYTES_MAX = 16_384
_PLAIN_JSON = b"application/json"

Headers = list[tuple[bytes, bytes]]
Key = tuple[bool, bytes]
"""Whether a request came by GET, and its query string or body."""


class Request(msgspec.Struct, frozen=True):
    """A request as it was sent."""

    key: Key
    """What it has in common with others that ask the same."""
    authorization: bytes
    media: str
    """What it is answered as."""
    if_none_match: bytes

    def with_body(self, body: bytes) -> Request:
        """What is asked by the same head before another body."""
        return Request((False, body), self.authorization, self.media, self.if_none_match)


class Asked(msgspec.Struct, frozen=True):
    """A query as it was sent."""

    query: str | None
    document_id: str | None
    """The id of a registered document, in place of a text."""
    variables: Mapping[str, Any]
    operation_name: str | None


class _Body(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    query: str | None = None
    document_id: str | None = None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


async def read_body(receive: Receive) -> tuple[bytes | None, Receive]:
    """The body of a request, None if it is long or broken off, and what hands it out once more."""
    messages: list[Message] = []
    body = b""
    while True:
        message = await receive()
        messages.append(message)
        body += message.get("body", b"")
        if message["type"] != "http.request" or len(body) > BODY_BYTES_MAX:
            whole = None
            break
        if not message.get("more_body"):
            whole = body
            break

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return whole, again


def request_of(method: bytes, query_string: bytes, given: Headers, body: bytes) -> Request | None:
    """A request; None for one that is left to the executor."""
    headers = dict(given)
    # Which of two headers of one name counts is not decided here.
    key = _key(method, query_string, headers, body) if len(headers) == len(given) else None
    media = _accepted(headers.get(b"accept", b"")) if key is not None else None
    if key is None or media is None:
        return None
    return Request(key, headers.get(b"authorization", b""), media, headers.get(b"if-none-match", b""))


def _key(method: bytes, query_string: bytes, headers: Mapping[bytes, bytes], body: bytes) -> Key | None:
    if method == b"GET":
        return (True, query_string) if not body else None
    if method == b"POST" and not query_string:
        media = headers.get(b"content-type", b"")
        if media == _PLAIN_JSON or media.partition(b";")[0].strip().lower() == _PLAIN_JSON:
            return False, body
    return None


@lru_cache(256)
def _accepted(accept: bytes) -> str | None:
    return negotiate(accept.decode("latin-1"))


def asked_of(request: Request) -> Asked | None:
    """What a request asks, None if it is not a plain query."""
    by_get, text = request.key
    try:
        body = msgspec.convert(_parameters(text), _Body) if by_get else msgspec.json.decode(text, type=_Body)
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError, RecursionError):
        return None
    if (body.query is None) == (body.document_id is None):
        return None
    return Asked(body.query, body.document_id, body.variables or {}, body.operation_name)


def _parameters(query_string: bytes) -> dict[str, Any]:
    pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    given: dict[str, Any] = dict(pairs)
    if len(given) < len(pairs):
        raise ValueError("a parameter is given twice")
    if "variables" in given:
        given["variables"] = msgspec.json.decode(given["variables"])
    return given

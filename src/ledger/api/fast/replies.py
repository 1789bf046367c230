"""Replies: an answer as it is remembered, and as it is sent to whoever asks for it."""

from __future__ import annotations

import msgspec

from ledger.api.admission import TurnedAway
from ledger.api.fast.requests import Headers, Request
from ledger.api.http import request_error
from ledger.api.negotiation import PLAIN_JSON, RESPONSE_JSON

IMMUTABLE = b"private, max-age=31536000, immutable"
REVALIDATED = b"private, no-cache"
UNSTORED = b"no-store"

_CONTENT_TYPES = {media: b"%s; charset=utf-8" % media.encode() for media in (PLAIN_JSON, RESPONSE_JSON)}


class Reply(msgspec.Struct, frozen=True):
    """An answer as it is sent."""

    status: int
    headers: Headers
    body: bytes
    head: bytes
    """The headers as they stand before the body."""


class Answer(msgspec.Struct, frozen=True):
    """An answer as it is remembered."""

    body: bytes
    tag: bytes
    """What tells it from other answers."""
    pinned: bool
    """Whether it never changes."""
    _replies: dict[tuple[str, bool, bool], Reply] = msgspec.field(default_factory=dict[tuple[str, bool, bool], Reply])

    def reply(self, request: Request) -> Reply:
        """As it is sent to who asked so; without the body to who has it."""
        by_get, media = request.key[0], request.media
        etag = b'"%s%s"' % (b"" if media == PLAIN_JSON else b"r", self.tag)
        known = by_get and etag in request.if_none_match
        reply = self._replies.get((media, by_get, known))
        if reply is None:
            reply = self._replies[media, by_get, known] = self._made(etag, media, by_get=by_get, known=known)
        return reply

    def _made(self, etag: bytes, media: str, *, by_get: bool, known: bool) -> Reply:
        control = UNSTORED if not by_get else IMMUTABLE if self.pinned else REVALIDATED
        headers = [(b"vary", b"Accept, Authorization"), (b"cache-control", control), (b"etag", etag)]
        if known:
            return _reply(304, headers, b"")
        content = [(b"content-type", _CONTENT_TYPES[media]), (b"content-length", b"%d" % len(self.body))]
        return _reply(200, headers + content, self.body)


def turned_away(away: TurnedAway, media: str) -> Reply:
    """What is said to somebody who is turned away."""
    said = request_error(away, media)
    return _reply(said.status_code, said.raw_headers, bytes(said.body))


def carried_out(body: bytes, media: str) -> Reply:
    """What is said once of a command that was carried out, or refused."""
    headers = [
        (b"vary", b"Accept, Authorization"),
        (b"cache-control", UNSTORED),
        (b"content-type", _CONTENT_TYPES[media]),
        (b"content-length", b"%d" % len(body)),
    ]
    return _reply(200, headers, body)


def _reply(status: int, headers: Headers, body: bytes) -> Reply:
    return Reply(status, headers, body, b"".join([b"%s: %s\r\n" % header for header in headers]) + b"\r\n")

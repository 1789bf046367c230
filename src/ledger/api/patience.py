"""Patience: how long a request may take to arrive, and how large its head may be.

Uvicorn (0.54) waits for ever, and takes heads of any size. What reads a body may give up earlier.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_TIMEOUT_S = 15.0
HEAD_BYTES_MAX = 64 * 1024
BODY_TIMEOUT_S = 60.0
"""Evidence of 20 MB arrives in it at 3 Mbit/s."""


class PatientProtocol(HttpToolsProtocol):
    """A connection that is closed if it does not say in time, and briefly, what it asks."""

    _in_head = _in_body = _upgraded = False
    _messages = _head_bytes = 0
    _timeout_s: float | None = None
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait(HEAD_TIMEOUT_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; a request that is there as a whole, as most are, costs no timer."""
        between, before = not (self._in_head or self._in_body), self._messages
        super().data_received(data)
        if self._upgraded:
            self._wait(None)
        elif self._in_body:
            self._wait(BODY_TIMEOUT_S)
        elif self._in_head or (between and self._messages == before):
            # Empty lines between requests are no request either.
            self._wait(HEAD_TIMEOUT_S)
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self.send_400_response("The head of the request is too large.")
        else:
            self._wait(None)

    def on_message_begin(self) -> None:
        """Begin with a head."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._messages += 1

    def on_headers_complete(self) -> None:
        """Go on with a body."""
        self._in_head, self._in_body = False, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Have the request as a whole."""
        self._in_body = False
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to those who hold it from now on."""
        self._upgraded = True
        super().handle_websocket_upgrade()

    def _wait(self, timeout_s: float | None) -> None:
        """Close the connection after so long, counted from when it was first said."""
        if timeout_s == self._timeout_s:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timeout_s = timeout_s
        self._timer = None if timeout_s is None else self.loop.call_later(timeout_s, self.transport.close)

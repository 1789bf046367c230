"""Connections: what is remembered is answered as soon as it is asked, and everything else by the application.

Uvicorn (0.54) makes a task, a scope and several messages of every request, which takes longer than to
find an answer that is there already. Here a small request that has arrived as a whole is held back until the
endpoint was asked for what it remembers; if that is nothing, it goes the ordinary way.
"""

from __future__ import annotations

from typing import ClassVar, cast

from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from ledger.api.fast.endpoint import FastEndpoint, Reply
from ledger.api.fast.requests import BODY_BYTES_MAX
from ledger.api.patience import PatientProtocol

_PATH = b"/graphql"
_UNUSUAL = {b"expect", b"upgrade", b"transfer-encoding"}


class LedgerProtocol(PatientProtocol):
    """A connection of ours; streams end with the server."""

    endpoint: ClassVar[FastEndpoint | None] = None
    _held: bytes | None = None
    """The body, as far as it has arrived, of a request that is held back."""

    def data_received(self, data: bytes) -> None:
        """Read on; what did not arrive as a whole is not held back any longer."""
        super().data_received(data)
        if self._held is not None and not self.transport.is_closing():
            self._let_go()

    def on_headers_complete(self) -> None:
        """Hold a request back that may be answered at once."""
        if self._answers_at_once():
            self._in_head, self._in_body, self._held = False, True, b""
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take more of a body."""
        if self._held is None:
            super().on_body(body)
            return
        self._held += body
        if len(self._held) > BODY_BYTES_MAX:
            self._let_go()

    def on_message_complete(self) -> None:
        """Answer what is remembered."""
        reply = self._remembered()
        if reply is not None:
            self._in_body, self._held = False, None
            self._answer(reply)
            return
        if self._held is not None:
            self._let_go()
        super().on_message_complete()

    def _remembered(self) -> Reply | None:
        if self._held is None or self.endpoint is None or self.parser is None:
            return None
        query_string = self.url.partition(b"?")[2]
        return self.endpoint.at_once(self.parser.get_method(), query_string, self.headers, self._held)

    def shutdown(self) -> None:
        """Have what is in hand answered; a stream, which would go on for ever, ends here, and its client resumes it."""
        super().shutdown()
        cycle = cast(RequestResponseCycle | None, self.cycle)
        if cycle is not None and cycle.chunked_encoding and not cycle.response_complete:
            self.transport.close()

    def _answers_at_once(self) -> bool:
        """Whether nothing is before this request, and nothing about it is out of the ordinary."""
        cycle = cast(RequestResponseCycle | None, self.cycle)
        return (
            self.endpoint is not None
            and self.parser is not None
            and self.url.partition(b"?")[0] == _PATH
            and (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not any(name in _UNUSUAL for name, _ in self.headers)
        )

    def _let_go(self) -> None:
        """Have the application answer what was held back."""
        body, self._held = self._held, None
        super().on_headers_complete()
        if body:
            super().on_body(body)

    def _answer(self, reply: Reply) -> None:
        headers = [*self.server_state.default_headers, *reply.headers]
        head = b"".join([b"%s: %s\r\n" % header for header in headers])
        self.transport.write(b"%s%s\r\n%s" % (STATUS_LINE[reply.status], head, reply.body))
        # As when the application has answered: counted, and waiting for the next request.
        self.on_response_complete()


def protocol_of(application: ASGIApp) -> type[LedgerProtocol]:
    """The protocol for an application."""

    class Protocol(LedgerProtocol):
        endpoint = application if isinstance(application, FastEndpoint) else None

    return Protocol

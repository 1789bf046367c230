"""Connections: what the fast endpoint can answer is answered as it arrives, and everything else by the application.

Uvicorn (0.54) makes a task, a scope and several messages of every request, and reads its head line by
line, which takes longer than to find an answer that is there already. Here a small request that has arrived
as a whole is held back until the endpoint was asked; if it has no answer, the request goes the ordinary way.
Bytes that were read before are not read again.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, ClassVar, cast

from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from ledger.api.fast.endpoint import LEFT, FastEndpoint
from ledger.api.fast.replies import Reply
from ledger.api.fast.requests import BODY_BYTES_MAX, Request, request_of
from ledger.api.patience import PatientProtocol

AHEAD_BYTES_MAX = 64 * 1024
"""What may wait to be read while a request is answered; then the client has to wait."""

_PATH = b"/graphql"
_UNUSUAL = {b"expect", b"upgrade", b"transfer-encoding"}


class LedgerProtocol(PatientProtocol):
    """A connection of ours; streams end with the server."""

    endpoint: ClassVar[FastEndpoint | None] = None
    _held: bytes | None = None
    """The body, as far as it has arrived, of a request that is held back."""
    _whole = False
    """Whether that is all of it."""
    _unread: bytes | None = None
    """A request that is held back as it came."""
    _tried = False
    """Whether what is read now was held back before, in vain."""
    _answering = False
    """Whether the endpoint is at work on that request."""
    _ahead = b""
    """What arrived meanwhile."""
    _last = False
    """Whether the connection ends with the answer."""
    _said_of: list[tuple[bytes, bytes]] | None = None
    _said = b""
    """What the server says in the head of every reply."""

    def data_received(self, data: bytes) -> None:
        """Answer a request that is known; read any other, and what did not arrive as a whole is not held back."""
        if self._answering:
            self._ahead += data
            if len(self._ahead) > AHEAD_BYTES_MAX:
                self.flow.pause_reading()
            return
        between, before = self._between_requests(), self._messages
        if between and self._recognised(data):
            return
        super().data_received(data)
        if self._held is None or self.transport.is_closing():
            return
        if not self._whole:
            self._let_go()
        else:
            request, alone = self._read(), between and self._messages == before + 1
            if self.endpoint is not None and request is not None and alone:
                self.endpoint.learn_head(data, request)
            self._answer(request, data if alone else None)

    def on_message_begin(self) -> None:
        """Begin with another request, which the one before does not wait for."""
        if self._held is not None:
            self._let_go()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Hold a request back that the endpoint may answer."""
        if self._tried:
            self.scope.setdefault("state", {})[LEFT] = True
            super().on_headers_complete()
        elif self._may_be_held():
            self._in_head, self._in_body = False, True
            self._held, self._whole = b"", False
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
        """Have the request as a whole."""
        if self._held is None:
            super().on_message_complete()
        else:
            self._in_body, self._whole = False, True

    def shutdown(self) -> None:
        """Have what is in hand answered; a stream, which would go on for ever, ends here, and its client resumes it."""
        if self._answering:
            self._last = True
            return
        super().shutdown()
        cycle = cast(RequestResponseCycle | None, self.cycle)
        if cycle is not None and cycle.chunked_encoding and not cycle.response_complete:
            self.transport.close()

    def _recognised(self, data: bytes) -> bool:
        """Whether these bytes, or all of their head, were read before; then they are answered unread."""
        if self.endpoint is None:
            return False
        reply = self.endpoint.again(data)
        if reply is not None:
            self._wait(None)
            self._send(reply)
            return True
        request = self.endpoint.alike(data)
        if request is None:
            return False
        self._wait(None)
        self._unset_keepalive_if_required()
        self._unread = data
        self._answer(request, data)
        return True

    def _between_requests(self) -> bool:
        """Whether nothing was begun that is not answered."""
        cycle = cast(RequestResponseCycle | None, self.cycle)
        return (
            not (self._in_head or self._in_body or self._upgraded)
            and (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and not self.transport.is_closing()
        )

    def _may_be_held(self) -> bool:
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

    def _read(self) -> Request | None:
        """What is asked by what is held back."""
        assert self.parser is not None
        assert self._held is not None
        return request_of(self.parser.get_method(), self.url.partition(b"?")[2], self.headers, self._held)

    def _answer(self, request: Request | None, data: bytes | None) -> None:
        """Answer what is held back, at once or after a while; `data` are its bytes, if they are nothing else."""
        assert self.endpoint is not None
        reply = self.endpoint.at_once(request) if request is not None else None
        if request is not None and reply is not None:
            self._held = self._unread = None
            if data is not None:
                self.endpoint.learn(data, request)
            self._send(reply)
            return
        answering = self.endpoint.answering(request) if request is not None else None
        if answering is None:
            self._leave()
            return
        self._answering = True
        task = self.loop.create_task(self._find_out(answering))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    async def _find_out(self, answering: Coroutine[Any, Any, Reply | None]) -> None:
        reply = await answering
        self._answering, ahead, self._ahead = False, self._ahead, b""
        if self.transport.is_closing():
            return
        if reply is None:
            self._leave()
        else:
            self._held = self._unread = None
            self._send(reply)
        if self._last:
            self.shutdown()
        elif ahead:
            self.data_received(ahead)

    def _leave(self) -> None:
        """Have the application answer what the endpoint cannot, without asking the endpoint again."""
        unread, self._unread = self._unread, None
        if unread is None:
            self.scope.setdefault("state", {})[LEFT] = True
            self._let_go()
        else:
            self._tried = True
            super().data_received(unread)
            self._tried = False

    def _let_go(self) -> None:
        """Have the application answer what was held back."""
        body, whole, self._held = self._held, self._whole, None
        super().on_headers_complete()
        if body:
            super().on_body(body)
        if whole:
            super().on_message_complete()

    def _send(self, reply: Reply) -> None:
        headers = self.server_state.default_headers
        if headers is not self._said_of:
            # The server makes them anew every second.
            self._said_of, self._said = headers, b"".join([b"%s: %s\r\n" % header for header in headers])
        self.transport.write(b"".join((STATUS_LINE[reply.status], self._said, reply.head, reply.body)))
        # As when the application has answered: counted, and waiting for the next request.
        self.on_response_complete()


def protocol_of(application: ASGIApp) -> type[LedgerProtocol]:
    """The protocol for an application."""

    class Protocol(LedgerProtocol):
        endpoint = application if isinstance(application, FastEndpoint) else None

    return Protocol

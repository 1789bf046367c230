"""GraphQL over HTTP as its specification has it, on Strawberry's ASGI view.

What the view as shipped (0.341) answers otherwise, and is put right here: it knows one media
type, always says 200 and always sends `data`; a body that is JSON but no object is a 500;
405 comes without Allow; an unsupported content type is 400; a subscription by plain POST is
executed as if it were a query; any request that merely accepts server-sent events gets them.
Source: the GraphQL over HTTP specification (2025), and the 61 audits of the `graphql-http` package.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, cast

import anyio
import msgspec
from cross_web import HTTPException
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http import GraphQLHTTPResponse
from strawberry.http.streaming import AsyncTextStream, HTTPStreamTransport
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.unset import UNSET, UnsetType

from ledger.api.admission import (
    REQUESTS_MAX,
    STREAMS_MAX,
    TIMEOUT_S,
    Admission,
    Asked,
    Seats,
    TookTooLong,
    TurnedAway,
)
from ledger.api.context import Context, context_of
from ledger.api.negotiation import EVENT_STREAM, PLAIN_JSON, RESPONSE_JSON, negotiate, takes_events
from ledger.api.schema import LedgerSchema, documents
from ledger.api.service import Service
from ledger.api.shares import Shares
from ledger.api.sockets import CONNECTIONS_EACH_MAX, INIT_TIMEOUT_S, OPERATIONS_MAX, LedgerSocket, TextSocket
from ledger.api.sse import EventStream, EventTransport, framed

BODY_BYTES_MAX = 1024 * 1024
ANONYMOUS_BODY_BYTES_MAX = 64 * 1024
BODY_TIMEOUT_S = 20


class LedgerGraphQL(GraphQL[Context, None]):
    """The `/graphql` endpoint."""

    websocket_adapter_class = TextSocket  # pyright: ignore[reportAssignmentType]
    graphql_transport_ws_handler_class = LedgerSocket
    stream_transport_classes_by_protocol: Mapping[str, type[HTTPStreamTransport]] = MappingProxyType(
        {GRAPHQL_SSE_PROTOCOL: EventTransport}
    )

    def __init__(self, schema: LedgerSchema, service: Service):
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            connection_init_wait_timeout=timedelta(seconds=INIT_TIMEOUT_S),
            multipart_uploads_enabled=False,
            max_subscriptions_per_connection=OPERATIONS_MAX,
        )
        self.documents = documents
        self._service = service
        self.admission = Admission(service.settings)
        self.requests, self._streams = Seats(REQUESTS_MAX), Seats(STREAMS_MAX)
        self.connections = Shares(CONNECTIONS_EACH_MAX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, or hold one WebSocket connection."""
        if scope["type"] == "websocket":
            await self._hold(WebSocket(scope, receive, send))
            return
        media = negotiate(_header(scope, b"accept"))
        try:
            response = await self._answered(scope, receive)
        except HTTPException as error:
            response = request_error(error, media or PLAIN_JSON)
        except ClientDisconnect:
            return
        if isinstance(response, EventStream):
            try:
                with self._streams:
                    await response(scope, receive, send)
                return
            except TurnedAway as away:
                response = request_error(away, PLAIN_JSON)
        await response(scope, receive, send)

    async def _hold(self, socket: WebSocket) -> None:
        try:
            with self._streams:
                await self.run(socket)
        except TurnedAway:
            # Closed before it is accepted, the handshake is answered with 403.
            await socket.close()

    async def _answered(self, scope: Scope, receive: Receive) -> Response:
        accept = _header(scope, b"accept")
        if negotiate(accept) is None and not takes_events(accept):
            raise TurnedAway(406, f"Accept {RESPONSE_JSON} or {PLAIN_JSON}.")
        with self.requests:
            request = await _read(scope, receive)
            try:
                with anyio.fail_after(TIMEOUT_S):
                    return await self.run(request)
            except TimeoutError:
                raise TookTooLong from None

    # ---- what is asked, and by whom

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """Who asks, from the bearer token; and after which position a stream is read again."""
        last = request.headers.get("last-event-id", "")
        resume_after = int(last) if last.isascii() and last.isdigit() and len(last) < 17 else None
        context = context_of(self._service, request.headers.get("authorization"), resume_after=resume_after)
        request.state.context = context
        return context

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Take the token from what the client said, unless it came as a header. Raises ConnectionRejectionError."""
        said = {name.lower(): value for name, value in (context.connection_params or {}).items()}
        if context.authorization is None and isinstance(said.get("authorization"), str):
            context.authorization = cast(str, said["authorization"])
        if context_of(self._service, context.authorization).refused is not None:
            raise ConnectionRejectionError
        return UNSET

    def should_render_graphql_ide(self, request: Any) -> bool:
        """Never: the console is a page of its own."""
        return False

    async def parse_http_body(self, request: Any) -> Any:
        """Read the request, and choose how it is answered. Raises TurnedAway."""
        if request.method == "GET":
            asked = self.admission.asked(self.parse_query_params(request.query_params))
        else:
            content_type = (request.content_type or "").partition(";")[0].strip().lower()
            if content_type != PLAIN_JSON:
                raise TurnedAway(415, f"Send {PLAIN_JSON}.")
            asked = self.admission.asked(self.parse_json(await request.get_body()))
        kind = self.documents.prepared(asked.query or "").kind(asked.operation_name)
        if kind is OperationType.MUTATION and request.method == "GET":
            raise TurnedAway(405, "Mutations are sent by POST.", headers={"allow": "POST"})
        accept = request.headers.get("accept")
        if kind is OperationType.SUBSCRIPTION and not takes_events(accept):
            raise TurnedAway(406, f"A subscription is answered as {EVENT_STREAM}, or over WebSocket.")
        if kind is OperationType.SUBSCRIPTION or negotiate(accept) is None:
            asked.protocol = "sse"
        return asked

    def parse_json(self, data: str | bytes) -> Any:
        """Read a JSON object. Raises TurnedAway for anything else."""
        parsed = super().parse_json(data)
        if not isinstance(parsed, dict):
            raise TurnedAway(400, "A GraphQL request is a JSON object.")
        return cast(dict[str, Any], parsed)

    async def admitted(self, context: Context, given: Mapping[str, Any], host: str = "websocket") -> Asked:
        """An operation over WebSocket. Raises TurnedAway."""
        asked = self.admission.asked(given)
        await self.admission.admit(context, asked, self.documents.prepared(asked.query or ""), host)
        return asked

    async def execute_operation(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Carry the operation out, if it is admitted. Raises TurnedAway."""
        asked: Asked = kwargs["request_data"]
        host = request.client.host if request.client else ""
        await self.admission.admit(kwargs["context"], asked, self.documents.prepared(asked.query or ""), host)
        return await super().execute_operation(request, *args, **kwargs)

    # ---- how it is answered

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Carry the negotiated media type to where the response is made."""
        response = await super().get_sub_response(request)
        response.media_type = negotiate(request.headers.get("accept"))
        return response

    def decode_json(self, data: str | bytes) -> object:
        """Read JSON, with its error as the view expects it."""
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise json.JSONDecodeError(str(error), "", 0) from None

    def encode_json(self, data: object) -> bytes:
        """Write JSON."""
        return msgspec.json.encode(data)

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """A request that never reached execution has no `data` entry."""
        errors = result.errors or []
        answer: dict[str, Any] = {"errors": [error.formatted for error in errors]} if errors else {}
        before_execution = isinstance(result, PreExecutionError) or (
            result.data is None and bool(errors) and all(error.path is None for error in errors)
        )
        if not before_execution:
            answer["data"] = result.data
        if result.extensions:
            answer["extensions"] = result.extensions
        return cast(GraphQLHTTPResponse, answer)

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """200, or 400 for a request error where the client understands the newer media type."""
        media = sub_response.media_type or PLAIN_JSON
        status = 400 if media == RESPONSE_JSON and "data" not in cast(dict[str, Any], response_data) else 200
        return Response(self.encode_json(response_data), status_code=status, headers=_headers(media))

    def _stream_result(self, request: Request, result: Any, transport: Any) -> AsyncTextStream:
        context: Context = request.state.context

        async def answer(value: Any) -> str:
            return self.encode_json_string(await self.process_result(request, value))

        return framed(result, answer, lambda: context.streamed)

    async def create_streaming_response(
        self,
        request: Request | WebSocket,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,
        headers: Mapping[str, str],
    ) -> Response:
        """A stream of server-sent events."""
        return EventStream(cast(AsyncGenerator[str], stream()), dict(headers) | {"vary": "Accept, Authorization"})


async def _read(scope: Scope, receive: Receive) -> Request:
    """The request with its body, which is read no further than it may go. Raises TurnedAway."""
    bytes_max = BODY_BYTES_MAX if _header(scope, b"authorization") else ANONYMOUS_BODY_BYTES_MAX
    body = bytearray()
    try:
        with anyio.fail_after(BODY_TIMEOUT_S):
            async for chunk in Request(scope, receive).stream():
                body += chunk
                if len(body) > bytes_max:
                    raise TurnedAway(413, f"Send at most {bytes_max:,} bytes.")
    except TimeoutError:
        raise TurnedAway(408, f"The request did not arrive within {BODY_TIMEOUT_S} s.") from None

    async def replayed() -> Message:
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return Request(scope, replayed)


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def request_error(error: HTTPException, media: str) -> Response:
    """The answer to a request that is not carried out."""
    status, headers = error.status_code, _headers(media)
    away = error if isinstance(error, TurnedAway) else TurnedAway(status, error.reason or "This cannot be answered.")
    headers |= away.headers
    if status == 405:
        headers.setdefault("allow", "GET, POST")
    return Response(msgspec.json.encode({"errors": [away.error]}), status_code=status, headers=headers)


def _headers(media: str) -> dict[str, str]:
    return {"content-type": f"{media}; charset=utf-8", "vary": "Accept, Authorization", "cache-control": "no-store"}

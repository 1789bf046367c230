"""GraphQL over HTTP as its specification has it, on Strawberry's ASGI view.

What the view as shipped (0.341) answers otherwise, and is put right here: it knows one media
type, always says 200 and always sends `data`; a body that is JSON but no object is a 500;
405 comes without Allow; an unsupported content type is 400. Source: the GraphQL over HTTP
specification (2025), and the 61 audits of the `graphql-http` package.
"""

from __future__ import annotations

import json
from typing import Any, cast

import msgspec
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse
from strawberry.schema import BaseSchema
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from ledger.api.context import Context
from ledger.api.service import Service
from ledger.domain.refusals import Unauthenticated

RESPONSE_JSON = "application/graphql-response+json"
PLAIN_JSON = "application/json"
BODY_BYTES_MAX = 1024 * 1024
_UNDERSTOOD = {RESPONSE_JSON: RESPONSE_JSON, PLAIN_JSON: PLAIN_JSON, "application/*": PLAIN_JSON, "*/*": PLAIN_JSON}


def negotiate(accept: str | None) -> str | None:
    """The media type to answer in; None if the client accepts none of ours."""
    if not accept or not accept.strip():
        return PLAIN_JSON
    offers: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept.split(",")):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        answer = _UNDERSTOOD.get(media)
        quality = _quality(parameters)
        if answer is not None and quality > 0:
            # Among equals a named type goes before a wildcard, and the earlier before the later.
            offers.append((quality, -place - (1000 if "*" in media else 0), answer))
    return max(offers)[2] if offers else None


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


class LedgerGraphQL(GraphQL[Context, None]):
    """The `/graphql` endpoint."""

    def __init__(self, schema: BaseSchema, service: Service):
        super().__init__(schema, graphql_ide=None, subscription_protocols=(), multipart_uploads_enabled=False)
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(scope, receive)
        media = negotiate(request.headers.get("accept"))
        try:
            if media is None:
                raise HTTPException(406, f"Accept {RESPONSE_JSON} or {PLAIN_JSON}.")
            response = await self.run(request)
        except HTTPException as error:
            response = _request_error(error, media or PLAIN_JSON)
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """Who asks, from the bearer token."""
        header = request.headers.get("authorization")
        if header is None:
            return Context(self._service, None)
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            return Context(self._service, None, Unauthenticated(hint="Send Authorization: Bearer <token>."))
        try:
            return Context(self._service, self._service.key.person_of(token.strip()))
        except Unauthenticated as refused:
            return Context(self._service, None, refused)

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Carry the negotiated media type to where the response is made."""
        response = await super().get_sub_response(request)
        response.media_type = negotiate(request.headers.get("accept"))
        return response

    async def parse_http_body(self, request: Any) -> Any:
        """Read the request. Raises HTTPException: 413 for a large body, 415 for another content type."""
        if request.method == "POST":
            content_type = (request.content_type or "").partition(";")[0].strip().lower()
            if content_type != PLAIN_JSON:
                raise HTTPException(415, f"Send {PLAIN_JSON}.")
            if len(await request.get_body()) > BODY_BYTES_MAX:
                raise HTTPException(413, f"Send at most {BODY_BYTES_MAX} bytes.")
        return await super().parse_http_body(request)

    def parse_json(self, data: str | bytes) -> Any:
        """Read a JSON object. Raises HTTPException 400 for anything else."""
        parsed = super().parse_json(data)
        if not isinstance(parsed, dict):
            raise HTTPException(400, "A GraphQL request is a JSON object.")
        return cast(dict[str, Any], parsed)

    def decode_json(self, data: str | bytes) -> object:
        """Read JSON, with its error as the view expects it."""
        try:
            return msgspec.json.decode(data)
        except msgspec.DecodeError as error:
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


def _request_error(error: HTTPException, media: str) -> Response:
    status, headers = error.status_code, _headers(media)
    reason = error.reason or "The request cannot be answered."
    if status == 405:
        headers["allow"] = "GET, POST"
    elif "not allowed when using GET" in reason:
        status, headers["allow"] = 405, "POST"
    return Response(msgspec.json.encode({"errors": [{"message": reason}]}), status_code=status, headers=headers)


def _headers(media: str) -> dict[str, str]:
    return {"content-type": f"{media}; charset=utf-8", "vary": "Accept, Authorization", "cache-control": "no-store"}

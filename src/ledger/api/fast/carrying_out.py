"""The endpoint for orders: carries out a single mutation by its compiled document, and hands on everything else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from graphql import GraphQLSchema
from starlette.types import ASGIApp, Receive, Scope, Send

from ledger.api.admission import TIMEOUT_S, Admission
from ledger.api.context import Context
from ledger.api.documents import Documents
from ledger.api.fast.callers import Callers
from ledger.api.fast.memory import Memory
from ledger.api.fast.orders import Order, order_of
from ledger.api.fast.rendering import Unusual
from ledger.api.fast.requests import read_body
from ledger.api.mutations import answered
from ledger.api.negotiation import negotiate
from ledger.api.service import Service

DOCUMENTS_BYTES_MAX = 4 * 1024 * 1024
DOCUMENT_BYTES_ASSUMED = 16_384
_PLAIN_JSON = b"application/json"

logger = logging.getLogger("ledger.api")
_accepted = lru_cache(256)(negotiate)


class _Body(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    query: str
    variables: dict[str, Any]
    operation_name: str | None = None


_body = msgspec.json.Decoder(_Body)


class OrderEndpoint:
    """Carries out what it can of the mutations sent to `/graphql`, and hands the rest to the application behind it.

    Runs on one event loop, to which everything it remembers belongs. Where carrying out fails, the
    executor is asked the same once more: a command is recorded once, however often it is sent.
    """

    def __init__(
        self, application: ASGIApp, service: Service, schema: GraphQLSchema, documents: Documents, admission: Admission
    ):
        self._application = application
        self._service = service
        self._schema = schema
        self._documents = documents
        self._admission = admission
        self._callers = Callers(service.key)
        self._orders: Memory[Order | bool] = Memory(DOCUMENTS_BYTES_MAX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or have it answered."""
        if scope["type"] != "http" or scope["path"] != "/graphql" or scope["method"] != "POST":
            await self._application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        body, receive = await read_body(receive)
        media = _accepted(headers.get(b"accept", b"").decode("latin-1"))
        content_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        # Which of two headers of one name counts is not decided here.
        plain = content_type == _PLAIN_JSON and not scope["query_string"] and len(headers) == len(scope["headers"])
        answer = await self._answer(headers, body) if plain and body is not None and media is not None else None
        if answer is None:
            await self._application(scope, receive, send)
            return
        out = [
            (b"content-type", f"{media}; charset=utf-8".encode()),
            (b"vary", b"Accept, Authorization"),
            (b"cache-control", b"no-store"),
            (b"content-length", b"%d" % len(answer)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": out})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, headers: Mapping[bytes, bytes], body: bytes) -> bytes | None:
        person_id = self._callers.person(headers.get(b"authorization", b""))
        try:
            asked = _body.decode(body)
            order = self._order(asked) if person_id is not None else None
            if person_id is None or order is None:
                return None
            given = order.given(asked.variables)
            if not self._admission.admits_at_once(person_id, order.cost, registered=False):
                return None
            async with asyncio.timeout(TIMEOUT_S):
                return order.rendered(await answered(Context(self._service, person_id), order.kind, *given))
        except (msgspec.DecodeError, msgspec.ValidationError, Unusual):
            return None
        except Exception as error:
            # The executor meets the same and makes of it what clients see, and the log.
            logger.debug("left to the executor: %r", error)
            return None

    def _order(self, asked: _Body) -> Order | None:
        place = (asked.query, asked.operation_name)
        order = self._orders.get(place)
        if order is None:
            order = order_of(self._schema, self._documents.prepared(asked.query), asked.operation_name) or False
            self._orders.keep(place, order, DOCUMENT_BYTES_ASSUMED + len(asked.query))
        return order if isinstance(order, Order) else None

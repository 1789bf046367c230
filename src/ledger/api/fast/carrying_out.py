"""Carrying out: single mutations by their compiled documents, without the executor."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any

from graphql import GraphQLSchema

from ledger.api.admission import Admission, TookTooLong
from ledger.api.context import Context
from ledger.api.documents import Documents
from ledger.api.fast.callers import Callers
from ledger.api.fast.memory import Memory
from ledger.api.fast.orders import Order, order_of
from ledger.api.fast.rendering import Unusual
from ledger.api.fast.replies import Reply, carried_out, turned_away
from ledger.api.fast.requests import Asked, Request
from ledger.api.mutations import answered
from ledger.api.service import Service

DOCUMENTS_BYTES_MAX = 4 * 1024 * 1024
DOCUMENT_BYTES_ASSUMED = 16_384

logger = logging.getLogger("ledger.api")


class Orders:
    """Mutations that are carried out by what was compiled from their document.

    Belongs to one event loop. Where carrying out fails, the executor is asked the same once more:
    a command is recorded once, however often it is sent.
    """

    def __init__(
        self, service: Service, schema: GraphQLSchema, documents: Documents, admission: Admission, callers: Callers
    ):
        self._service = service
        self._schema = schema
        self._documents = documents
        self._admission = admission
        self._callers = callers
        self._orders: Memory[Order | bool] = Memory(DOCUMENTS_BYTES_MAX)

    def answering(self, request: Request, asked: Asked) -> Coroutine[Any, Any, Reply | None] | None:
        """What carries a request out and makes the reply, None if only the executor can. Raises GraphQLError."""
        order = self._order(asked.query, asked.operation_name) if asked.query and not request.key[0] else None
        person_id = self._callers.person(request.authorization) if order is not None else None
        if order is None or person_id is None:
            return None
        return self._carried_out(request, asked, order, person_id)

    async def _carried_out(self, request: Request, asked: Asked, order: Order, person_id: str) -> Reply | None:
        try:
            given = order.given(asked.variables)
            if not self._admission.admits_at_once(person_id, order.cost, registered=False):
                return None
            context = Context(self._service, person_id)
            answer = await answered(context, order.kind, *given, shows_events=order.shows_events)
            return carried_out(order.rendered(answer), request.media)
        except Unusual:
            return None
        except TimeoutError:
            # Whoever has waited so long is told, and does not wait once more.
            return turned_away(TookTooLong(), request.media)
        except Exception as error:
            # The executor meets the same and makes of it what clients see, and the log.
            logger.debug("left to the executor: %r", error)
            return None

    def _order(self, query: str, operation_name: str | None) -> Order | None:
        place = (query, operation_name)
        order = self._orders.get(place)
        if order is None:
            order = order_of(self._schema, self._documents.prepared(query), operation_name) or False
            self._orders.keep(place, order, DOCUMENT_BYTES_ASSUMED + len(query))
        return order if isinstance(order, Order) else None

"""WebSocket: `graphql-transport-ws`, in text frames, each operation asked as freshly as a request.

Strawberry's handler (0.341) sends what is encoded as bytes in binary frames, which JavaScript
clients refuse, takes one context for the whole connection, and fails on messages of another
shape than it expects.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import ExitStack, aclosing
from typing import TYPE_CHECKING, Any, cast

import msgspec
from graphql import GraphQLError, OperationType
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)

from ledger.api.admission import TIMEOUT_S, TurnedAway
from ledger.api.context import Context, context_of
from ledger.api.shares import TooMany
from ledger.api.sse import SLOW_S

if TYPE_CHECKING:
    from ledger.api.http import LedgerGraphQL

OPERATIONS_MAX = 20
"""Operations of one connection at once."""
CONNECTIONS_EACH_MAX = 100
"""Connections of one person at once; and of all together who have not said who they are."""
INIT_TIMEOUT_S = 10
MESSAGES_PER_S_MAX = 500
"""What a connection says beyond that is read later."""
NOBODY_YET = "nobody yet"
TRY_AGAIN_LATER = 1013
CROWDED = "There are too many connections like this one; come again later."
SLOW = "You read too slowly; subscribe again after the last position you have."


class TextSocket(ASGIWebSocketAdapter):
    """A connection that text is sent on, and that is closed if nobody reads it."""

    ws: WebSocket

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message. Raises WebSocketDisconnected."""
        text = msgspec.json.encode(message).decode()
        try:
            async with asyncio.timeout(SLOW_S):
                await self.ws.send_text(text)
        except TimeoutError:
            await self.ws.close(TRY_AGAIN_LATER, SLOW)
            raise WebSocketDisconnected from None
        except (WebSocketDisconnect, RuntimeError) as closed:
            raise WebSocketDisconnected from closed


class LedgerSocket(BaseGraphQLTransportWSHandler[Context, None]):
    """One connection with its operations."""

    view: LedgerGraphQL  # pyright: ignore[reportIncompatibleVariableOverride]
    _counted_from = 0.0
    _said = 0

    async def handle(self) -> None:
        """Hold the connection, if there is a place for it."""
        with ExitStack() as self._place:
            if await self._placed(NOBODY_YET):
                await super().handle()

    async def handle_connection_init(self, message: Any) -> None:
        """Acknowledge the connection, and count it as its person's from now on."""
        await super().handle_connection_init(message)
        person_id = self._renewed().credentials
        if self.connection_acknowledged and person_id is not None:
            with self._place.pop_all():
                await self._placed(f"person {person_id}")

    async def _placed(self, holder: str) -> bool:
        """Take a place for as long as the connection lasts, or close it."""
        try:
            self._place.enter_context(self.view.connections.taken(holder))
        except TooMany:
            await self.websocket.close(TRY_AGAIN_LATER, CROWDED)
            return False
        return True

    async def handle_message(self, message: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Handle a message, if it is one, in its time."""
        await self._paced()
        if not _well_formed(message):
            await self.handle_invalid_message("The message is malformed.")
            return
        await super().handle_message(cast(Any, message))

    async def _paced(self) -> None:
        self._said += 1
        now = time.monotonic()
        if now - self._counted_from > 1:
            self._counted_from, self._said = now, 1
        elif self._said > MESSAGES_PER_S_MAX:
            await asyncio.sleep(self._counted_from + 1 - now)

    async def handle_subscribe(self, message: Any) -> None:
        """Begin an operation, if it is admitted."""
        if not self.connection_acknowledged:
            await self.websocket.close(code=4401, reason="Unauthorized")
            return
        try:
            asked = await self.view.admitted(self._renewed(), message["payload"])
        except TurnedAway as away:
            await self.send_message({"id": message["id"], "type": "error", "payload": [cast(Any, away.error)]})
            return
        await super().handle_subscribe(message | {"payload": message["payload"] | {"query": asked.query}})

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        """Carry an operation out, and say how it ended."""
        prepared = self.view.documents.prepared(operation.query)
        endless = prepared.kind(operation.operation_name) is OperationType.SUBSCRIPTION
        try:
            async with asyncio.timeout(None if endless else TIMEOUT_S):
                results = await self.schema.stream(
                    operation.query,
                    variable_values=operation.variables,
                    context_value=self._renewed(),
                    operation_name=operation.operation_name,
                )
                async with aclosing(results):
                    await self._send_result_stream(operation, results)
            await operation.send_operation_message({"id": operation.id, "type": "complete"})
        except WebSocketDisconnected:
            return
        except TimeoutError:
            await operation.send_initial_errors([GraphQLError(f"It took longer than {TIMEOUT_S} s.")])

    def _renewed(self) -> Context:
        """Who asks now: the token may have expired meanwhile, and roles may have changed."""
        return context_of(self.context.service, self.context.authorization)

    @staticmethod
    def _get_pre_execution_close_reason(error: GraphQLError) -> str | None:
        # A wrong document ends its operation, not the connection with all the others.
        return None


def _well_formed(message: object) -> bool:
    if not isinstance(message, dict):
        return False
    given = cast(dict[str, Any], message)
    if not isinstance(given.get("type"), str):
        return False
    if given["type"] in ("subscribe", "complete") and not (isinstance(given.get("id"), str) and given["id"]):
        return False
    return given["type"] != "subscribe" or isinstance(given.get("payload"), dict)

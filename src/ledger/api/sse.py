"""Server-sent events: GraphQL over SSE in distinct connections mode, with positions as event ids.

The transport as shipped with strawberry (0.341) ends lines with CRLF, on which clients that split
at an empty line (urql) find nothing, and sends no ids, without which nothing can resume.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, ClassVar

import anyio
from starlette.responses import StreamingResponse
from starlette.types import Message, Send
from strawberry.http.streaming import AsyncTextStream, SSETransport, merge_stream_with_heartbeat

KEEP_ALIVE_S = 12.0
SLOW_S = 30.0
"""A client that takes nothing for so long is let go; it resumes after the last id it has."""


class EventTransport(SSETransport):
    """Strawberry's transport, with our lines."""

    headers: ClassVar[Mapping[str, str]] = {**SSETransport.headers, "Content-Type": "text/event-stream; charset=utf-8"}

    def encode_event(self, event: str, data: str | None = None) -> str:
        """One event, without an id."""
        return f"event: {event}\ndata: {data or ''}\n\n"

    def encode_comment(self, comment: str) -> str:
        """A line that clients pass over."""
        return f": {comment}\n\n"


def framed(
    results: AsyncGenerator[Any], answer: Callable[[Any], Awaitable[str]], position: Callable[[], int | None]
) -> AsyncTextStream:
    """The frames of a stream of results; each has the position of its result as its id, if it has one."""

    async def frames() -> AsyncGenerator[str]:
        async with aclosing(results):
            async for result in results:
                at = position()
                yield (f"id: {at}\n" if at is not None else "") + f"event: next\ndata: {await answer(result)}\n\n"
        yield "event: complete\ndata:\n\n"

    return merge_stream_with_heartbeat(frames, lambda: ":\n\n", KEEP_ALIVE_S, send_initial_heartbeat=True)


class EventStream(StreamingResponse):
    """A stream that ends when its client stops reading."""

    def __init__(self, content: AsyncGenerator[str], headers: dict[str, str]):
        super().__init__(content, headers=headers)
        self._content = content

    async def stream_response(self, send: Send) -> None:
        """Send all of it, or as much as the client takes in time."""

        async def in_time(message: Message) -> None:
            with anyio.fail_after(SLOW_S):
                await send(message)

        try:
            await super().stream_response(in_time)
        except TimeoutError:
            # The server ends the connection, as the body is not complete.
            return
        finally:
            # A client that went away while it was being sent to leaves the stream where it was.
            with anyio.CancelScope(shield=True):
                await self._content.aclose()

"""The fast endpoint: answers hot reads from memory or by plans, and hands on everything else."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import anyio.to_thread
from graphql import GraphQLError, GraphQLSchema
from starlette.types import ASGIApp, Receive, Scope, Send

from ledger.api.context import Context
from ledger.api.documents import Documents
from ledger.api.fast.callers import Callers
from ledger.api.fast.memory import Memory
from ledger.api.fast.plans import Bound, Plan, bind, carry_out, plan_of
from ledger.api.fast.requests import asked_of, key_of, read_body
from ledger.api.http import PLAIN_JSON, negotiate
from ledger.api.service import Service
from ledger.domain.periods import local_day
from ledger.domain.visibility import Visibility
from ledger.domain.world import CIVIL_TIMEZONE
from ledger.reading import Looked

HEAD_AGE_S_MAX = 0.05
"""An answer about the present may have missed what came in so lately; whoever must not asks `atLeast`."""
REQUESTS_BYTES_MAX = 16 * 1024 * 1024
BOUND_BYTES_ASSUMED = 4_096
DOCUMENTS_BYTES_MAX = 4 * 1024 * 1024
DOCUMENT_BYTES_ASSUMED = 16_384
IMMUTABLE = b"private, max-age=31536000, immutable"
REVALIDATED = b"private, no-cache"
UNSTORED = b"no-store"

Headers = list[tuple[bytes, bytes]]
Admits = Callable[[Context, Plan], bool]

logger = logging.getLogger("ledger.api")
_accepted = lru_cache(256)(negotiate)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is sent."""

    body: bytes
    etag: bytes


@dataclass(frozen=True, slots=True)
class _Viewer:
    person_id: str
    visibility: Visibility
    looked: Looked
    day: date


class FastEndpoint:
    """Answers what it can of `/graphql`, and hands the rest to the application behind it.

    Runs on one event loop, to which everything it remembers belongs.
    """

    def __init__(
        self,
        application: ASGIApp,
        service: Service,
        schema: GraphQLSchema,
        documents: Documents,
        admits: Admits = lambda context, plan: True,
    ):
        self._application = application
        self._service = service
        self._schema = schema
        self._documents = documents
        self._admits = admits
        self._callers = Callers(service.key)
        self._plans: Memory[Plan | bool] = Memory(DOCUMENTS_BYTES_MAX)
        self._bound: Memory[Bound] = Memory(REQUESTS_BYTES_MAX)
        self._answers: Memory[Answer] = Memory(service.settings.answers_bytes_max)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or have it answered."""
        if scope["type"] != "http" or scope["path"] != "/graphql":
            await self._application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        body, receive = await read_body(receive) if scope["method"] == "POST" else (b"", receive)
        answered = await self._answered(scope, headers, body) if body is not None else None
        if answered is None:
            await self._application(scope, receive, send)
            return
        answer, media, pinned = answered
        by_get = scope["method"] == "GET"
        etag = b'"%s%s"' % (b"" if media == PLAIN_JSON else b"r", answer.etag)
        known = by_get and etag in headers.get(b"if-none-match", b"").split(b", ")
        control = UNSTORED if not by_get else IMMUTABLE if pinned else REVALIDATED
        out: Headers = [(b"vary", b"Accept, Authorization"), (b"cache-control", control), (b"etag", etag)]
        if not known:
            out.append((b"content-type", b"%s; charset=utf-8" % media.encode()))
            out.append((b"content-length", b"%d" % len(answer.body)))
        await send({"type": "http.response.start", "status": 304 if known else 200, "headers": out})
        await send({"type": "http.response.body", "body": b"" if known else answer.body})

    async def _answered(
        self, scope: Scope, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[Answer, str, bool] | None:
        """The answer, its media type and whether it never changes; None for what the executor has to answer."""
        key = key_of(scope, headers, body)
        media = _accepted(headers.get(b"accept", b"").decode("latin-1"))
        person_id = self._callers.person(headers.get(b"authorization", b""))
        if key is None or media is None or person_id is None:
            return None
        bound = self._bound.get(key) or self._bind(key)
        if bound is None:
            return None
        viewer = await self._viewer(person_id)
        context = Context(self._service, person_id)
        if bound.at_least > viewer.looked.head.position or not self._admits(context, bound.plan):
            return None
        as_of = None if bound.pinned else viewer.looked.head.position
        place = (key, viewer.visibility, viewer.day, as_of)
        answer = self._answers.get(place)
        if answer is not None:
            context.note(*bound.looked)
        else:
            context.preset(viewer.visibility, viewer.looked.head)
            answer = await self._carried_out(bound, context)
            if answer is None:
                return None
            self._answers.keep(place, answer, len(answer.body) + 2 * len(key[1]) + 512)
        return answer, media, bound.pinned

    def _bind(self, key: tuple[bool, bytes]) -> Bound | None:
        asked = asked_of(key)
        if asked is None:
            return None
        place = (asked.query, asked.operation_name)
        plan = self._plans.get(place)
        if plan is None:
            plan = plan_of(self._schema, self._documents.prepared(asked.query), asked.operation_name) or False
            self._plans.keep(place, plan, DOCUMENT_BYTES_ASSUMED + len(asked.query))
        if not isinstance(plan, Plan):
            return None
        try:
            bound = bind(plan, asked.variables)
        except GraphQLError:
            return None
        if bound is not None:
            self._bound.keep(key, bound, BOUND_BYTES_ASSUMED + 2 * len(key[1]))
        return bound

    async def _viewer(self, person_id: str) -> _Viewer:
        """What a person may see today, and how far the ledger is."""
        answers = self._service.answers
        looked = answers.looked(HEAD_AGE_S_MAX) or await anyio.to_thread.run_sync(answers.look)
        day = local_day(self._service.store.clock(), CIVIL_TIMEZONE)
        visibility = self._callers.visibility(person_id, looked.recorded, day)
        if visibility is None:
            visibility = await anyio.to_thread.run_sync(Context(self._service, person_id).visibility)
            self._callers.keep(person_id, looked.recorded, day, visibility)
        return _Viewer(person_id, visibility, looked, day)

    async def _carried_out(self, bound: Bound, context: Context) -> Answer | None:
        """The answer by the plan, None if the executor has to say what comes of it."""
        try:
            body = await carry_out(bound, context, self._service.lines)
        except Exception as error:
            # The executor meets the same and makes of it what clients see, and the log.
            logger.debug("left to the executor: %r", error)
            return None
        return Answer(body, hashlib.sha256(body).hexdigest()[:32].encode())

"""The fast endpoint: answers hot reads from memory or by plans, and hands on everything else."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import anyio.to_thread
from graphql import GraphQLError, GraphQLSchema
from starlette.types import ASGIApp, Receive, Scope, Send

from ledger.api.admission import Admission
from ledger.api.context import Context
from ledger.api.documents import Documents
from ledger.api.fast.binding import Unbound
from ledger.api.fast.callers import Callers
from ledger.api.fast.memory import Memory
from ledger.api.fast.plans import Bound, Plan, Question, bind, carry_out, plan_of, question_of
from ledger.api.fast.pure import sight
from ledger.api.fast.requests import Asked, Key, asked_of, key_of, read_body
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
ANSWER_BYTES_BESIDES = 512
IMMUTABLE = b"private, max-age=31536000, immutable"
REVALIDATED = b"private, no-cache"
UNSTORED = b"no-store"

Headers = list[tuple[bytes, bytes]]

logger = logging.getLogger("ledger.api")
_accepted = lru_cache(256)(negotiate)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is sent."""

    body: bytes
    etag: bytes


class FastEndpoint:
    """Answers what it can of `/graphql`, and hands the rest to the application behind it.

    Runs on one event loop, to which everything it remembers belongs.
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
        self._questions: Memory[Question | bool] = Memory(DOCUMENTS_BYTES_MAX)
        self._plans: Memory[Plan | bool] = Memory(DOCUMENTS_BYTES_MAX)
        self._bound: Memory[tuple[Bound, bool]] = Memory(REQUESTS_BYTES_MAX)
        self._answers: Memory[Answer] = Memory(service.settings.answers_bytes_max)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or have it answered."""
        if scope["type"] != "http" or scope["path"] != "/graphql":
            await self._application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        body, receive = await read_body(receive) if scope["method"] == "POST" else (b"", receive)
        # Which of two headers of one name counts is not decided here.
        key = key_of(scope, headers, body) if body is not None and len(headers) == len(scope["headers"]) else None
        answered = await self._answered(key, headers) if key is not None else None
        if answered is None:
            await self._application(scope, receive, send)
            return
        answer, media, pinned = answered
        by_get = scope["method"] == "GET"
        etag = b'"%s%s"' % (b"" if media == PLAIN_JSON else b"r", answer.etag)
        known = by_get and etag in headers.get(b"if-none-match", b"")
        control = UNSTORED if not by_get else IMMUTABLE if pinned else REVALIDATED
        out: Headers = [(b"vary", b"Accept, Authorization"), (b"cache-control", control), (b"etag", etag)]
        if not known:
            out.append((b"content-type", b"%s; charset=utf-8" % media.encode()))
            out.append((b"content-length", b"%d" % len(answer.body)))
        await send({"type": "http.response.start", "status": 304 if known else 200, "headers": out})
        await send({"type": "http.response.body", "body": b"" if known else answer.body})

    async def _answered(self, key: Key, headers: Mapping[bytes, bytes]) -> tuple[Answer, str, bool] | None:
        """The answer, its media type and whether it never changes; None for what the executor has to answer."""
        media = _accepted(headers.get(b"accept", b"").decode("latin-1"))
        person_id = self._callers.person(headers.get(b"authorization", b""))
        found = self._bound.get(key) or self._bind(key)
        if media is None or person_id is None or found is None:
            return None
        bound, registered = found
        looked, day, visibility = await self._seen(person_id)
        position = looked.head.position
        if bound.at_least > position or not self._admission.admits_at_once(
            person_id, bound.plan.question.cost, registered=registered
        ):
            return None
        place = (key, sight(visibility, figures=bound.plan.figures), day, None if bound.pinned else position)
        answer = self._answers.get(place)
        if answer is not None:
            self._service.access_log.write(person_id, *bound.looked)
        else:
            context = Context(self._service, person_id)
            context.preset(visibility, looked.head)
            answer = await self._carried_out(bound, context)
            if answer is None:
                return None
            self._answers.keep(place, answer, len(answer.body) + 2 * len(key[1]) + ANSWER_BYTES_BESIDES)
        return answer, media, bound.pinned

    def _bind(self, key: Key) -> tuple[Bound, bool] | None:
        """The plan of a request with its variables, and whether its document is a registered one."""
        asked = asked_of(key)
        text = asked and (self._admission.registered(asked.document_id) if asked.document_id else asked.query)
        if not asked or not text:
            return None
        try:
            bound = self._planned(text, asked)
        except (Unbound, GraphQLError):
            return None
        if bound is None:
            return None
        found = bound, asked.document_id is not None
        self._bound.keep(key, found, BOUND_BYTES_ASSUMED + 2 * len(key[1]))
        return found

    def _planned(self, text: str, asked: Asked) -> Bound | None:
        place, size = (text, asked.operation_name), DOCUMENT_BYTES_ASSUMED + len(text)
        question = self._questions.get(place)
        if question is None:
            question = question_of(self._schema, self._documents.prepared(text), asked.operation_name) or False
            self._questions.keep(place, question, size)
        if not isinstance(question, Question):
            return None
        variables = question.declared.values(asked.variables)
        conditions = tuple(variables.coerced.get(name) for name in question.declared.conditions)
        plan = self._plans.get((place, conditions))
        if plan is None:
            plan = plan_of(question, variables) or False
            self._plans.keep((place, conditions), plan, size)
        return bind(plan, variables) if isinstance(plan, Plan) else None

    async def _seen(self, person_id: str) -> tuple[Looked, date, Visibility]:
        """How far the ledger is, and what a person may see on which day."""
        answers = self._service.answers
        looked = answers.looked(HEAD_AGE_S_MAX) or await anyio.to_thread.run_sync(answers.look)
        day = local_day(self._service.store.clock(), CIVIL_TIMEZONE)
        visibility = self._callers.visibility(person_id, looked.recorded, day)
        if visibility is None:
            visibility = await anyio.to_thread.run_sync(Context(self._service, person_id).visibility)
            self._callers.keep(person_id, looked.recorded, day, visibility)
        return looked, day, visibility

    async def _carried_out(self, bound: Bound, context: Context) -> Answer | None:
        """The answer by the plan, None if the executor has to say what comes of it."""
        try:
            body = await carry_out(bound, context, self._service.lines)
        except Exception as error:
            # The executor meets the same and makes of it what clients see, and the log.
            logger.debug("left to the executor: %r", error)
            return None
        return Answer(body, hashlib.sha256(body).hexdigest()[:32].encode())

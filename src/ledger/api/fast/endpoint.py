"""The fast endpoint: hot reads from memory or by plans, single mutations as compiled; all else is handed on."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Coroutine, Hashable
from datetime import date
from typing import Any, NamedTuple

import anyio.to_thread
from graphql import GraphQLError, GraphQLSchema
from starlette.types import ASGIApp, Receive, Scope, Send

from ledger.api.admission import TIMEOUT_S, Admission, Seats, TookTooLong, TurnedAway
from ledger.api.context import Context
from ledger.api.documents import Documents
from ledger.api.fast.binding import Unbound
from ledger.api.fast.callers import Callers
from ledger.api.fast.carrying_out import Orders
from ledger.api.fast.memory import Memory
from ledger.api.fast.plans import Bound, Plan, Question, bind, carry_out, plan_of, question_of
from ledger.api.fast.pure import sight
from ledger.api.fast.replies import Answer, Reply, turned_away
from ledger.api.fast.requests import Asked, Key, Request, asked_of, read_body, request_of
from ledger.api.service import Service
from ledger.domain.periods import local_day
from ledger.domain.visibility import Visibility
from ledger.domain.world import CIVIL_TIMEZONE
from ledger.reading import Looked

HEAD_AGE_S_MAX = 0.05
"""An answer about the present may have missed what came in so lately; whoever must not asks `atLeast`."""
REQUESTS_BYTES_MAX = 16 * 1024 * 1024
BOUND_BYTES_ASSUMED = 4_096
HEADS_BYTES_MAX = 4 * 1024 * 1024
DOCUMENTS_BYTES_MAX = 4 * 1024 * 1024
DOCUMENT_BYTES_ASSUMED = 16_384
ANSWER_BYTES_BESIDES = 1_024
KNOWN_BYTES_ASSUMED = 512
LEFT = "ledger.left"
"""Among the state of a request that was tried in vain before the application was asked."""

_TOO_LONG = "it took too long"

logger = logging.getLogger("ledger.api")


Binding = tuple[Bound, bool]
"""The plan of a request with its variables, and whether its document is a registered one."""


class _Viewer(NamedTuple):
    """Who asks, when, and what they may see."""

    person_id: str
    looked: Looked
    day: date
    visibility: Visibility


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
        admission: Admission,
        seats: Seats,
    ):
        self._application = application
        self._service = service
        self._schema = schema
        self._documents = documents
        self._admission = admission
        self._seats = seats
        self._callers = Callers(service.key)
        self._orders = Orders(service, schema, documents, admission, self._callers)
        self._questions: Memory[Question | bool] = Memory(DOCUMENTS_BYTES_MAX)
        self._plans: Memory[Plan | bool] = Memory(DOCUMENTS_BYTES_MAX)
        self._bound: Memory[Binding] = Memory(REQUESTS_BYTES_MAX)
        self._known: Memory[tuple[Request, Binding]] = Memory(REQUESTS_BYTES_MAX)
        self._heads: Memory[tuple[Request, int]] = Memory(HEADS_BYTES_MAX)
        self._answers: Memory[Answer] = Memory(service.settings.answers_bytes_max)
        self._looking: asyncio.Task[Looked] | None = None
        self._viewers: dict[bytes, _Viewer] = {}
        self._viewers_looked: Looked | None = None
        """The look at the ledger that the viewers are of."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or have it answered."""
        if scope["type"] != "http" or scope["path"] != "/graphql":
            await self._application(scope, receive, send)
            return
        method, query_string = scope["method"].encode(), scope["query_string"]
        body, receive = await read_body(receive) if method == b"POST" else (b"", receive)
        left = body is None or scope.get("state", {}).get(LEFT)
        request = None if left or body is None else request_of(method, query_string, scope["headers"], body)
        answering = self.answering(request) if request is not None else None
        reply = await answering if answering is not None else None
        if reply is None:
            await self._application(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
        await send({"type": "http.response.body", "body": reply.body})

    def again(self, text: bytes) -> Reply | None:
        """The reply to what was asked by the same bytes before, if both are remembered."""
        known = self._known.get(text)
        return self._remembered(*known) if known is not None else None

    def learn(self, text: bytes, request: Request) -> None:
        """Remember what is asked by these bytes, from the first of its head to the last of its body."""
        binding = self._bound.get(request.key)
        if binding is not None:
            self._known.keep(text, (request, binding), KNOWN_BYTES_ASSUMED + BOUND_BYTES_ASSUMED + 3 * len(text))

    def learn_head(self, text: bytes, request: Request) -> None:
        """Remember what the head of these bytes says, from the first of them to the last of the body."""
        by_get, body = request.key
        if not by_get:
            head = text[: len(text) - len(body)]
            self._heads.keep(head, (request.with_body(b""), len(body)), KNOWN_BYTES_ASSUMED + 3 * len(head))

    def alike(self, text: bytes) -> Request | None:
        """What is asked by bytes of which the head was read before, and the body is as long as it says."""
        head, ends, body = text.partition(b"\r\n\r\n")
        known = self._heads.get(head + ends)
        if known is None or len(body) != known[1]:
            return None
        return known[0].with_body(body)

    def at_once(self, request: Request) -> Reply | None:
        """The reply to a request, if it is remembered."""
        binding = self._bound.get(request.key)
        return self._remembered(request, binding) if binding is not None else None

    def _remembered(self, request: Request, binding: Binding) -> Reply | None:
        viewer = self._viewer(request.authorization)
        if viewer is None:
            return None
        answer = self._answers.get(_place(request.key, binding[0], viewer))
        if answer is None or not self._admits(binding, viewer):
            return None
        self._service.access_log.write(viewer.person_id, *binding[0].looked)
        return answer.reply(request)

    def answering(self, request: Request) -> Coroutine[Any, Any, Reply | None] | None:
        """What finds a reply out, None if only the executor can; its own is None for what the executor has to say."""
        binding = self._bound.get(request.key)
        if binding is not None:
            return self._found_out(request, binding)
        asked = asked_of(request)
        if asked is None:
            return None
        try:
            binding = self._bind(request, asked)
            return self._orders.answering(request, asked) if binding is None else self._found_out(request, binding)
        except (Unbound, GraphQLError):
            return None

    async def _found_out(self, request: Request, binding: Binding) -> Reply | None:
        """The reply, remembered or found out now; None for what the executor has to answer."""
        try:
            return await self._in_time(request, binding)
        except TurnedAway as away:
            return turned_away(away, request.media)
        except Exception as error:
            # The executor meets the same and makes of it what clients see, and the log.
            logger.debug("left to the executor: %r", error)
            return None

    async def _in_time(self, request: Request, binding: Binding) -> Reply | None:
        """The reply, None if the executor has to say what comes of it. Raises TurnedAway."""
        viewer = self._viewer(request.authorization) or await self._look(request.authorization)
        if viewer is None or not self._admits(binding, viewer):
            return None
        bound, place = binding[0], _place(request.key, binding[0], viewer)
        answer = self._answers.get(place)
        if answer is not None:
            self._service.access_log.write(viewer.person_id, *bound.looked)
        else:
            with self._seats:
                answer = await self._carried_out(bound, viewer)
            self._answers.keep(place, answer, len(answer.body) + 2 * len(request.key[1]) + ANSWER_BYTES_BESIDES)
        return answer.reply(request)

    def _admits(self, binding: Binding, viewer: _Viewer) -> bool:
        """Whether the viewer may be answered, and what is known is what they ask for."""
        bound, registered = binding
        return bound.at_least <= viewer.looked.head.position and self._admission.admits_at_once(
            viewer.person_id, bound.plan.question.cost, registered=registered
        )

    def _bind(self, request: Request, asked: Asked) -> Binding | None:
        """The plan of a request with its variables. Raises Unbound, GraphQLError."""
        text = self._admission.registered(asked.document_id) if asked.document_id else asked.query
        bound = self._planned(text, asked) if text else None
        if bound is None:
            return None
        binding = bound, asked.document_id is not None
        self._bound.keep(request.key, binding, BOUND_BYTES_ASSUMED + 2 * len(request.key[1]))
        return binding

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

    def _viewer(self, authorization: bytes) -> _Viewer | None:
        """Who asks, if that and what they may see is known; found once for each look at the ledger."""
        looked = self._service.answers.looked(HEAD_AGE_S_MAX)
        if looked is None:
            return None
        if looked is not self._viewers_looked:
            self._viewers_looked, self._viewers = looked, {}
        viewer = self._viewers.get(authorization)
        person_id = self._callers.person(authorization) if viewer is None else None
        if person_id is not None:
            day = local_day(self._service.store.clock(), CIVIL_TIMEZONE)
            visibility = self._callers.visibility(person_id, looked.recorded, day)
            if visibility is not None:
                viewer = self._viewers[authorization] = _Viewer(person_id, looked, day, visibility)
        return viewer

    async def _look(self, authorization: bytes) -> _Viewer | None:
        """Who asks, None for nobody; what they may see and how far the ledger is are found out."""
        person_id = self._callers.person(authorization)
        if person_id is None:
            return None
        looked = self._service.answers.looked(HEAD_AGE_S_MAX) or await self._looked_together()
        day = local_day(self._service.store.clock(), CIVIL_TIMEZONE)
        visibility = self._callers.visibility(person_id, looked.recorded, day)
        if visibility is None:
            visibility = await anyio.to_thread.run_sync(Context(self._service, person_id).visibility)
            self._callers.keep(person_id, looked.recorded, day, visibility)
        return _Viewer(person_id, looked, day, visibility)

    async def _looked_together(self) -> Looked:
        """How far the ledger is, asked once for all who want to know at this moment."""
        looking, loop = self._looking, asyncio.get_running_loop()
        if looking is None or looking.done() or looking.get_loop() is not loop:
            looking = self._looking = loop.create_task(anyio.to_thread.run_sync(self._service.answers.look))
        return await asyncio.shield(looking)

    async def _carried_out(self, bound: Bound, viewer: _Viewer) -> Answer:
        """The answer by the plan. Raises TookTooLong, and whatever the executor would make an error of."""
        context = Context(self._service, viewer.person_id)
        context.preset(viewer.visibility, viewer.looked.head)
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        # As asyncio.timeout does, which takes as long as to send a statement.
        timer = loop.call_later(TIMEOUT_S, task.cancel, _TOO_LONG)
        try:
            body = await carry_out(bound, context, self._service.lines)
        except asyncio.CancelledError as cancelled:
            if _TOO_LONG not in cancelled.args:
                raise
            task.uncancel()
            raise TookTooLong from None
        finally:
            timer.cancel()
        return Answer(body, hashlib.sha256(body).hexdigest()[:32].encode(), bound.pinned)


def _place(key: Key, bound: Bound, viewer: _Viewer) -> tuple[Hashable, ...]:
    """Where an answer is remembered."""
    position = None if bound.pinned else viewer.looked.head.position
    return key, sight(viewer.visibility, figures=bound.plan.figures), viewer.day, position

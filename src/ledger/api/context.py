"""The context of a request: who asks, what they may see, and where async meets sync."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, ParamSpec, TypeVar, cast

import anyio.to_thread
import psycopg
from graphql import GraphQLError
from strawberry.types import Info, nodes

from ledger.api.access_log import looked_at
from ledger.api.service import Service
from ledger.domain.appeal import Appeal
from ledger.domain.periods import local_day
from ledger.domain.persons import Person, person_stream
from ledger.domain.refusals import MalformedInput, Refused, Unauthenticated
from ledger.domain.visibility import Visibility, is_judge, visibility_of
from ledger.domain.world import CIVIL_TIMEZONE
from ledger.results import AsOf, NotReached

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Context:
    """What resolvers know of the request."""

    service: Service
    credentials: str | None
    """The person of a valid token; None if no token was sent."""
    refused: Unauthenticated | None = None
    """Why the token that was sent is not valid."""
    authorization: str | None = None
    """The header that they were found in."""
    resume_after: int | None = None
    """The last position that a client has of a stream it reads again."""
    streamed: int | None = field(default=None, init=False)
    """The position of what a stream said last."""
    connection_params: dict[str, object] | None = field(default=None, init=False)
    """What a WebSocket client said when it connected."""
    _visibility: Visibility | None = field(default=None, init=False)
    # Guarded by _lock: root fields are answered by several threads at once.
    _head: AsOf | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @property
    def person_id(self) -> str:
        """Who asks. Raises Unauthenticated."""
        if self.refused is not None:
            raise self.refused
        if self.credentials is None:
            raise Unauthenticated()
        return self.credentials

    def visibility(self) -> Visibility:
        """What the person may see today, from the roles in the ledger. Raises Unauthenticated; reads the store."""
        if self._visibility is None:
            person_id = self.person_id
            _, person = self.service.store.load(person_stream(person_id))
            today = local_day(self.service.store.clock(), CIVIL_TIMEZONE)
            self._visibility = visibility_of(person_id, person, today, self._judged(person, today))
        return self._visibility

    def _judged(self, person: Person, today: date) -> Iterable[Appeal]:
        """The appeals that a person may be on the panel of, none for most. Raises NotReached."""
        if not is_judge(person, today):
            return ()
        # What is remembered of the person is good until the ledger grows, so nothing may be missing from it.
        head, answers = self.service.store.head, self.service.answers
        answers.wait_for(head)
        return answers.panels(head)

    def head(self, at_least: int = 0) -> AsOf:
        """The position that the whole answer speaks of where no other is asked for; not below `at_least`."""
        with self._lock:
            if self._head is None or self._head.position < at_least:
                self._head = self.service.answers.resolve()
            return self._head

    def preset(self, visibility: Visibility, head: AsOf) -> None:
        """Answer with what is known already of the person and the ledger."""
        self._visibility, self._head = visibility, head

    async def ask(self, info: Info[Context, None], function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Answer a root field in a thread; a refusal becomes an error with its code, and the read is logged."""
        answer = await self.answer(function, *args, **kwargs)
        raw = cast(Any, info)._raw_info
        arguments: dict[str, Any] = cast(Any, nodes).convert_arguments(raw, raw.field_nodes[0].arguments)
        with refusals_told():
            self.note(looked_at(info.field_name, arguments))
        return answer

    def note(self, *looked: bytes) -> None:
        """Write into the access log what was looked at."""
        self.service.access_log.write(self.person_id, *looked)

    async def answer(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Answer a field within what was asked, in a thread; a refusal becomes an error with its code."""
        with refusals_told():
            return await self.in_thread(function, *args, **kwargs)

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what waits for the database in a thread, so that the event loop does not."""
        # Whoever gave up waiting is not kept; the statement timeout ends what nobody waits for.
        return await anyio.to_thread.run_sync(partial(function, *args, **kwargs), abandon_on_cancel=True)

    def renewed(self) -> Context:
        """The context as it would be made now: the token is checked again, and what the person may see."""
        return context_of(self.service, self.authorization)


@contextmanager
def refusals_told() -> Generator[None]:
    """Make a refusal within the block an error with its code."""
    try:
        yield
    except Refused as refused:
        extensions = {"code": refused.code(), "path": refused.path, "retryable": refused.retryable}
        raise GraphQLError(refused.message, extensions=extensions) from None
    except psycopg.DataError as error:
        if error.sqlstate is not None:
            raise
        # It was not even sent: a text with U+0000, which no column holds and nothing is called.
        refused = MalformedInput(hint=str(error))
        raise GraphQLError(refused.message, extensions={"code": refused.code(), "retryable": False}) from None
    except NotReached as error:
        extensions = {"code": "NOT_REACHED", "path": "atLeast", "retryable": True}
        raise GraphQLError(str(error), extensions=extensions) from None


def context_of(service: Service, authorization: str | None, *, resume_after: int | None = None) -> Context:
    """Who asks, from the Authorization header: a bearer token, or nothing."""
    person_id, refused = None, None
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise Unauthenticated(hint="Send Authorization: Bearer <token>.")
            person_id = service.key.person_of(token.strip())
        except Unauthenticated as why:
            refused = why
    return Context(service, person_id, refused, authorization=authorization, resume_after=resume_after)

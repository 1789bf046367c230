"""Mutations: one for every command, derived from its definition in the domain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.types import Info

from ledger.api.admission import TIMEOUT_S
from ledger.api.context import Context
from ledger.api.derived import input_of, plain
from ledger.api.glossary import summary
from ledger.api.scalars import Position
from ledger.api.types import AsOf, Event
from ledger.commands import Request
from ledger.domain import facts
from ledger.domain.commands import COMMANDS
from ledger.domain.facts import Audience, Channel
from ledger.domain.reading import read_command
from ledger.domain.refusals import MalformedInput, Refused
from ledger.domain.world import NOBODY, Command
from ledger.writer import TooManyWait


@strawberry.type(description="The command was recorded, now or when it was sent the first time.")
class Recorded:
    position: Position = strawberry.field(
        description="The last position that the command reached; 0 for a ballot, whose place in the ledger is not told."
    )
    as_of: AsOf = strawberry.field(description="That position, with its instant.")
    events: list[Event] = strawberry.field(
        description="The events the command left, in order, that one may see; none for a ballot."
    )


UNNAMED = Recorded(position=Position(0), as_of=AsOf(position=Position(0), recorded_at=None), events=[])
"""What is told of a ballot: a position would name it, in whatever its rater asks next and in the log of that."""


@strawberry.type(description="The command was refused; nothing of it is recorded.")
class Refusal:
    code: str = strawberry.field(description="The stable name of the reason, such as SEPARATION_OF_DUTIES.")
    message: str = strawberry.field(description="What stood in the way, with the values of this case.")
    path: str | None = strawberry.field(description="The field of the input it is about.")
    rule_ref: str | None = strawberry.field(description="The rule that was cited.")
    current_version: int | None = strawberry.field(description="The version the stream has now.")
    retryable: bool = strawberry.field(description="Whether the same command may succeed if it is sent again.")


def refusal(refused: Refused) -> Refusal:
    """A refusal as the client sees it."""
    path = ".".join(_camel(part) for part in refused.path.split(".")) if refused.path else None
    return Refusal(
        code=refused.code(),
        message=refused.message,
        path=path,
        rule_ref=refused.rule_ref,
        current_version=refused.current_version,
        retryable=refused.retryable,
    )


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest) if name.islower() else name


async def answered(
    context: Context,
    kind: type[Command],
    command_id: UUID,
    given: Mapping[str, Any],
    on_behalf_of: str | None,
    *,
    shows_events: bool = True,
) -> Recorded | Refusal:
    """Carry out the command that plain values spell, and say what became of it, with its events if they are shown.

    Raises GraphQLError if too many wait, TimeoutError, and whatever else keeps a command from being carried out.
    """
    try:
        person_id = NOBODY.person_id if kind.ANONYMOUS else context.person_id
        request = Request(
            command=read_command(kind, given),
            command_id=command_id,
            person_id=person_id,
            on_behalf_of=on_behalf_of,
            channel=Channel.API,
        )
        recorded = await context.service.writer.carry_out(request, TIMEOUT_S)
    except Refused as refused:
        return refusal(refused)
    except RecursionError:
        return refusal(MalformedInput(hint="The input is nested too deeply."))
    except TooManyWait as error:
        raise GraphQLError(str(error), extensions={"code": "BUSY", "retryable": True}) from None
    if isinstance(recorded, Refused):
        return refusal(recorded)
    if kind.ANONYMOUS:
        return UNNAMED
    shown = await _shown(context, recorded.events) if shows_events else ()
    events = [Event.of(event) for event in shown]
    as_of = AsOf(position=Position(recorded.position), recorded_at=recorded.events[-1].recorded_at)
    return Recorded(position=Position(recorded.position), as_of=as_of, events=events)


Resolver = Callable[..., Awaitable[Recorded | Refusal]]


def _resolver(kind: type[Command]) -> Resolver:
    async def resolve(
        info: Info[Context, None], command_id: UUID, input: Any, on_behalf_of: str | None = None
    ) -> Recorded | Refusal:
        return await answered(info.context, kind, command_id, plain(input), on_behalf_of)

    resolve.__annotations__ = {
        "info": Info[Context, None],
        "command_id": Annotated[
            UUID, strawberry.argument(description="The id the client gives the command; repeating it is harmless.")
        ],
        "input": Annotated[input_of(kind), strawberry.argument(description="What the command says.")],
        "on_behalf_of": Annotated[
            str | None, strawberry.argument(description="The person acted for, under a delegation in force.")
        ],
        "return": Annotated[
            Recorded | Refusal,
            strawberry.union(f"{kind.__name__}Result", description="The command was recorded, or it was refused."),
        ],
    }
    return resolve


async def _shown(context: Context, events: Sequence[facts.Event]) -> Sequence[facts.Event]:
    """The events of an answer, without those that only inspectors see where somebody else sent the command."""
    secret = any(event.fact.AUDIENCE is Audience.INSPECTION for event in events)
    if not secret or (await context.in_thread(context.visibility)).refusals:
        return events
    return [event for event in events if event.fact.AUDIENCE is not Audience.INSPECTION]


KINDS = {f"{kind.__name__[0].lower()}{kind.__name__[1:]}": kind for kind in COMMANDS}
"""The command of each mutation."""


def _mutation_type() -> type:
    namespace: dict[str, Any] = {"__module__": __name__, "__annotations__": {}}
    for kind in COMMANDS:
        name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind.__name__).lstrip("_")
        namespace[name] = strawberry.mutation(resolver=_resolver(kind), description=summary(kind))
    return strawberry.type(type("Mutation", (), namespace), description="Everything a person may ask to be recorded.")


Mutation = _mutation_type()

"""The schema: what can be asked and said, with its limits and its quiet errors."""

from __future__ import annotations

import logging
from typing import Any, cast

import strawberry
from graphql import GraphQLError
from strawberry.extensions import MaskErrors
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types import ExecutionContext

from ledger.api.documents import Documents, PreparedDocuments
from ledger.api.mutations import Mutation
from ledger.api.queries import Query
from ledger.api.scalars import SCALARS
from ledger.api.subscriptions import Subscription

logger = logging.getLogger("ledger.api")


class LedgerSchema(strawberry.Schema):
    """The schema, with client errors kept out of the error log."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log only what is a bug or an outage, once, with its traceback."""
        for error in errors:
            if is_internal(error):
                logger.error("internal error at %s", error.path, exc_info=error.original_error)


class Executor(StrawberryGraphQLCoreExecutionContext):
    """The executor, which forgets an event of a subscription once it is sent.

    Graphql-core (3.3.2) keeps what it found out about an event's selections for as long as the
    subscription lasts, and never asks for it again: some kilobytes for each event and subscriber.
    """

    def build_per_event_executor(self, payload: Any) -> Executor:
        """What carries out one event."""
        executor = cast(Executor, super().build_per_event_executor(payload))  # pyright: ignore[reportUnknownMemberType]
        executor._relevant_sub_fields = {}
        return executor


def is_internal(error: GraphQLError) -> bool:
    """Whether the error is ours rather than the client's."""
    return error.original_error is not None and not isinstance(error.original_error, GraphQLError)


schema = LedgerSchema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    execution_context_class=Executor,
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=False),
    extensions=[
        lambda: PreparedDocuments(documents),
        lambda: MaskErrors(
            should_mask_error=is_internal, error_message="Something went wrong here; it has been logged."
        ),
    ],
)
documents = Documents(schema._schema)

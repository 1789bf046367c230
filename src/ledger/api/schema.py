"""The schema: what can be asked and said, with its limits and its quiet errors."""

from __future__ import annotations

import logging

import strawberry
from graphql import GraphQLError
from strawberry.extensions import MaskErrors
from strawberry.schema.config import StrawberryConfig
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


def is_internal(error: GraphQLError) -> bool:
    """Whether the error is ours rather than the client's."""
    return error.original_error is not None and not isinstance(error.original_error, GraphQLError)


schema = LedgerSchema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=False),
    extensions=[
        lambda: PreparedDocuments(documents),
        lambda: MaskErrors(
            should_mask_error=is_internal, error_message="Something went wrong here; it has been logged."
        ),
    ],
)
documents = Documents(schema._schema)

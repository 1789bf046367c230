"""The schema: what can be asked and said, with its limits and its quiet errors."""

from __future__ import annotations

import logging

import strawberry
from graphql import GraphQLError
from strawberry.extensions import (
    AddValidationRules,
    MaskErrors,
    MaxTokensLimiter,
    ParserCache,
    ValidationCache,
)
from strawberry.extensions.query_depth_limiter import create_validator
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from ledger.api.mutations import Mutation
from ledger.api.queries import Query
from ledger.api.scalars import SCALARS

TOKENS_MAX = 2_000
DEPTH_MAX = 16
DOCUMENTS_CACHED_MAX = 256

logger = logging.getLogger("ledger.api")

# Built once: a rule class made anew for each request would never hit the validation cache
# (strawberry 0.341, issue 4635).
DEPTH_RULE = create_validator(DEPTH_MAX, None)


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
    config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=False),
    extensions=[
        lambda: MaxTokensLimiter(max_token_count=TOKENS_MAX),
        lambda: AddValidationRules([DEPTH_RULE]),
        lambda: ParserCache(maxsize=DOCUMENTS_CACHED_MAX),
        lambda: ValidationCache(maxsize=DOCUMENTS_CACHED_MAX),
        lambda: MaskErrors(
            should_mask_error=is_internal, error_message="Something went wrong here; it has been logged."
        ),
    ],
)

"""Documents: each parsed, measured and validated once, and those that are registered, by their ids."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_operation_ast,
    parse,
    specified_rules,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document

from ledger.api.bounds import TOKENS_MAX, about_schema, costs

DOCUMENT_CHARACTERS_MAX = 16_384
KEPT_CHARACTERS_MAX = 1_000_000
"""Of all documents that are kept prepared; what is made of a document takes some sixty times its text."""
INTROSPECTED_MAX = 8
DIGEST = "sha256:"


class UnknownDocument(Exception):
    """No document is registered under this id."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document with everything that can be known of it before the variables are."""

    text: str
    document: DocumentNode | None
    """None if it cannot be parsed, or is beyond a bound."""
    errors: tuple[GraphQLError, ...]
    """Why it cannot be executed; empty if it can."""
    costs: Mapping[str | None, int]

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation that a request means, None if that is not clear."""
        return get_operation_ast(self.document, name) if self.document else None

    def kind(self, name: str | None) -> OperationType | None:
        """Whether the operation asks, tells or subscribes; None if it is not clear which is meant."""
        operation = self.operation(name)
        return operation.operation if operation else None

    def cost(self, name: str | None) -> int:
        """How many values the operation may answer with."""
        return self.costs.get(name, max(self.costs.values(), default=0))

    def is_about_schema(self, name: str | None) -> bool:
        """Whether the operation asks about the schema only, and has no variables: it has one answer for ever."""
        operation = self.operation(name)
        return (
            operation is not None
            and operation.operation is OperationType.QUERY
            and not operation.variable_definitions
            and about_schema(operation)
        )


def prepared(schema: GraphQLSchema, text: str) -> Prepared:
    """Parse, measure and validate a document."""
    if len(text) > DOCUMENT_CHARACTERS_MAX:
        error = GraphQLError(
            f"A document may have {DOCUMENT_CHARACTERS_MAX:,} characters.", extensions={"code": "DOCUMENT_TOO_LARGE"}
        )
        return Prepared("", None, (error,), {})
    try:
        document = parse(text, max_tokens=TOKENS_MAX)
    except GraphQLError as error:
        return Prepared(text, None, (error,), {})
    except RecursionError:
        return Prepared(text, None, (GraphQLError("The document is nested too deeply."),), {})
    try:
        found = costs(schema, document)
    except GraphQLError as error:
        return Prepared(text, None, (error,), {})
    return Prepared(text, document, tuple(validate_document(schema, document, tuple(specified_rules))), found)


class Documents:
    """The documents that were asked lately, and the registered ones; safe to share between threads."""

    def __init__(self, schema: GraphQLSchema):
        self._prepare = partial(prepared, schema)
        # Guarded by _lock.
        self._lately: OrderedDict[str, Prepared] = OrderedDict()
        self._characters = 0
        self._answers: OrderedDict[tuple[str, str | None], ExecutionResult] = OrderedDict()
        self._lock = threading.Lock()

    def prepared(self, text: str) -> Prepared:
        """A document, prepared now or when it was asked before."""
        with self._lock:
            known = self._lately.get(text)
            if known is not None:
                self._lately.move_to_end(text)
                return known
        new = self._prepare(text)
        with self._lock:
            if new.text not in self._lately:
                self._lately[new.text] = new
                self._characters += len(new.text)
            while self._characters > KEPT_CHARACTERS_MAX:
                text, _ = self._lately.popitem(last=False)
                self._characters -= len(text)
        return new

    def answer(self, text: str, operation_name: str | None) -> ExecutionResult | None:
        """What was answered to a question about the schema."""
        with self._lock:
            return self._answers.get((text, operation_name))

    def remember(self, text: str, operation_name: str | None, answer: ExecutionResult) -> None:
        """Keep an answer about the schema."""
        with self._lock:
            self._answers[text, operation_name] = answer
            while len(self._answers) > INTROSPECTED_MAX:
                self._answers.popitem(last=False)


class PreparedDocuments(SchemaExtension):
    """Has the schema execute documents that are prepared."""

    def __init__(self, documents: Documents):
        self._documents = documents

    def on_parse(self) -> Iterator[None]:
        """Take the document as it was prepared, its errors included."""
        context = self.execution_context
        if context.query:
            found = self._documents.prepared(context.query)
            context.graphql_document = found.document or _nothing(context.operation_name)
            context.pre_execution_errors = list(found.errors)
        yield

    def on_execute(self) -> Iterator[None]:
        """Answer what is asked about the schema from memory: it takes a tenth of a second, and never changes."""
        context = self.execution_context
        text, name = context.query or "", context.operation_name
        about_schema = bool(text) and self._documents.prepared(text).is_about_schema(name)
        if about_schema:
            context.result = self._documents.answer(text, name)
        known = context.result
        yield
        if about_schema and known is None and isinstance(context.result, ExecutionResult) and not context.result.errors:
            self._documents.remember(text, name, context.result)


def _nothing(operation_name: str | None) -> DocumentNode:
    """A document in place of one that has none, to be answered with its errors."""
    name = NameNode(value=operation_name) if operation_name else None
    query = OperationDefinitionNode(
        operation=OperationType.QUERY, name=name, selection_set=SelectionSetNode(selections=())
    )
    return DocumentNode(definitions=(query,))


@dataclass(frozen=True, slots=True)
class Registry:
    """Documents that may be asked by id."""

    texts: Mapping[str, str]

    def text(self, document_id: str) -> str:
        """The document of an id. Raises UnknownDocument."""
        try:
            return self.texts[document_id.removeprefix(DIGEST)]
        except KeyError:
            raise UnknownDocument(document_id) from None


def open_registry(path: Path | None) -> Registry:
    """Read the registered documents.

    A directory holds `.graphql` files, each known by the SHA-256 of its bytes; a file is a
    JSON object of texts by id, as relay-compiler's `persistConfig` writes it. Raises
    ValueError if it is neither.
    """
    if path is None:
        return Registry({})
    if path.is_dir():
        contents = [each.read_bytes() for each in sorted(path.rglob("*.graphql"))]
        return Registry({hashlib.sha256(each).hexdigest(): each.decode() for each in contents})
    try:
        read: Any = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"LEDGER_DOCUMENTS: {path} cannot be read: {error}") from None
    texts = cast(dict[str, Any], read) if isinstance(read, dict) else {}
    if not all(isinstance(text, str) for text in texts.values()) or not isinstance(read, dict):
        raise ValueError(f"LEDGER_DOCUMENTS: {path} is not an object of texts by id.")
    return Registry({name.removeprefix(DIGEST): text for name, text in texts.items()})

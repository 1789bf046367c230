"""Plans: documents compiled once into what has to be read and how it is rendered."""

# graphql-core leaves some of its generics open, so what it hands out is partly unknown to pyright.
# pyright: reportUnknownParameterType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false, reportUnknownLambdaType=false

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, cast

import msgspec
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields
from graphql.execution.values import VariableValues
from graphql.pyutils import Path

from ledger.api.access_log import looked_at
from ledger.api.context import Context
from ledger.api.documents import Prepared
from ledger.api.fast.binding import Arguments, Call, Declared, call_of, declared
from ledger.api.fast.lines import Lines
from ledger.api.fast.pure import FIGURES, ROOTS, pinned
from ledger.api.fast.rendering import Compiler, NoPlan, Render
from ledger.api.fast.sources import Source, source_of

_DIRECTIVE = re.compile(r"@\s*(\w*)")
_UNDERSTOOD = {"skip", "include"}


@dataclass(frozen=True, slots=True)
class Question:
    """An operation of a document that may be answered without the executor."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDetails]
    declared: Declared
    cost: int


@dataclass(frozen=True, slots=True)
class Root:
    """One field of the query."""

    key: str
    """The name it is answered under."""
    nodes: Sequence[FieldNode]
    call: Call
    render: Render
    calls: Sequence[Call]
    """Fields below it that take arguments."""
    source: Source | None
    """Reads it; None if its resolver does."""

    @property
    def name(self) -> str:
        """The field's own name."""
        return self.nodes[0].name.value


@dataclass(frozen=True, slots=True)
class Plan:
    """A question where it is known what directives leave out."""

    question: Question
    roots: Sequence[Root]
    figures: bool
    """Whether the answer is the same for all who may see the same scores."""


class Bound(msgspec.Struct, frozen=True):
    """A plan with the variables of one request."""

    plan: Plan
    variables: VariableValues
    arguments: Sequence[Arguments]
    """Of each root."""
    called: Sequence[list[Arguments]]
    """Of the fields below each root that take some."""
    pinned: bool
    """Whether it asks for named positions only, so that its answer never changes."""
    at_least: int
    """The position that the answer has to include."""
    looked: Sequence[bytes]
    """What the access log says of it."""


def question_of(schema: GraphQLSchema, prepared: Prepared, operation_name: str | None) -> Question | None:
    """What an operation asks, None if it needs the executor."""
    operation = prepared.operation(operation_name)
    if prepared.document is None or prepared.errors or operation is None:
        return None
    if operation.operation is not OperationType.QUERY or not _UNDERSTOOD.issuperset(_DIRECTIVE.findall(prepared.text)):
        return None
    definitions = [each for each in prepared.document.definitions if isinstance(each, FragmentDefinitionNode)]
    fragments = {each.name.value: FragmentDetails(each, None) for each in definitions}
    return Question(schema, operation, fragments, declared(schema, operation), prepared.cost(operation_name))


def plan_of(question: Question, variables: VariableValues) -> Plan | None:
    """The plan of a question, None if it needs the executor; of the variables only conditions count."""
    query = question.schema.query_type
    assert query is not None
    roots: list[Root] = []
    found = collect_fields(question.schema, dict(question.fragments), variables, query, question.operation)
    try:
        for key, fields in found.grouped_field_set.items():
            nodes = [each.node for each in fields]
            name = nodes[0].name.value
            if name not in ROOTS:
                return None
            definition = query.fields[name]
            compiler = Compiler(question.schema, question.fragments, question.operation, variables)
            render = compiler.compile(definition.type, fields)
            call, source = call_of(definition, nodes[0]), source_of(name, compiler.selected)
            roots.append(Root(key, nodes, call, render, compiler.calls, source))
    except (NoPlan, GraphQLError):
        return None
    return Plan(question, roots, all(root.name in FIGURES for root in roots))


def bind(plan: Plan, variables: VariableValues) -> Bound:
    """A plan with its variables. Raises Unbound, GraphQLError."""
    arguments = [root.call.arguments(variables) for root in plan.roots]
    return Bound(
        plan=plan,
        variables=variables,
        arguments=arguments,
        called=[[call.arguments(variables) for call in root.calls] for root in plan.roots],
        pinned=all([pinned(root.name, given) for root, given in zip(plan.roots, arguments, strict=True)]),
        at_least=max([given.get("atLeast") or 0 for given in arguments], default=0),
        looked=[looked_at(root.name, root.call.worded(variables)) for root in plan.roots],
    )


async def carry_out(bound: Bound, context: Context, lines: Lines) -> bytes:
    """The answer. Raises whatever the executor would make an error of, and Unusual."""
    if len(bound.plan.roots) == 1:
        return _rendered(bound, [await _resolved(bound, 0, context, lines)])
    reads = (_resolved(bound, number, context, lines) for number in range(len(bound.plan.roots)))
    # All are waited for: one that goes on alone would still hold its connection.
    values = await asyncio.gather(*reads, return_exceptions=True)
    for value in values:
        if isinstance(value, BaseException):
            raise value
    return _rendered(bound, values)


async def _resolved(bound: Bound, number: int, context: Context, lines: Lines) -> Any:
    root, given = bound.plan.roots[number], bound.arguments[number]
    if root.source is not None:
        value = await root.source(context, lines, given)
        context.note(bound.looked[number])
        return value
    resolve = root.call.definition.resolve
    assert resolve is not None
    value = resolve(None, _info(bound, root, context), **given)
    return await value if isawaitable(value) else value


def _rendered(bound: Bound, values: Sequence[Any]) -> bytes:
    triples = zip(bound.plan.roots, values, bound.called, strict=True)
    return msgspec.json.encode({"data": {root.key: root.render(value, called) for root, value, called in triples}})


def _info(bound: Bound, root: Root, context: Context) -> GraphQLResolveInfo:
    """What a resolver is told of its place, as Strawberry's executor says it."""
    question = bound.plan.question
    query = question.schema.query_type
    assert query is not None
    return GraphQLResolveInfo(
        root.name,
        list(root.nodes),
        root.call.definition.type,
        query,
        Path(None, root.key, query.name),
        question.schema,
        {name: each.definition for name, each in question.fragments.items()},
        None,
        question.operation,
        cast(Any, bound.variables.coerced),
        context,
        cast(Any, isawaitable),
        None,
        cast(Any, None),
    )

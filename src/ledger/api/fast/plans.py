"""Plans: documents compiled once into what has to be read and how it is rendered."""

# graphql-core 3.2 leaves some of its generics open, so what it hands out is partly unknown to pyright.
# pyright: reportUnknownParameterType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false, reportUnknownLambdaType=false

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, cast

import msgspec
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from graphql.pyutils import Path
from strawberry.types.nodes import convert_arguments

from ledger.api.access_log import looked_at
from ledger.api.context import Context
from ledger.api.documents import Prepared
from ledger.api.fast.lines import Lines
from ledger.api.fast.pure import ROOTS, pinned
from ledger.api.fast.rendering import NO_VARIABLES, Arguments, Compiler, NoPlan, Render
from ledger.api.fast.sources import SOURCES


@dataclass(frozen=True, slots=True)
class Root:
    """One field of the query."""

    key: str
    """The name it is answered under."""
    definition: GraphQLField
    nodes: Sequence[FieldNode]
    render: Render
    calls: Sequence[tuple[GraphQLField, FieldNode]]

    @property
    def name(self) -> str:
        """The field's own name."""
        return self.nodes[0].name.value


@dataclass(frozen=True, slots=True)
class Plan:
    """An operation that can be answered without the executor."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    roots: Sequence[Root]
    cost: int


@dataclass(frozen=True, slots=True)
class Bound:
    """A plan with the variables of one request."""

    plan: Plan
    variables: VariableValues
    arguments: Sequence[dict[str, Any]]
    """Of each root."""
    called: Sequence[Arguments]
    """Of the fields below each root that take some."""
    pinned: bool
    """Whether it asks for named positions only, so that its answer never changes."""
    at_least: int
    """The position that the answer has to include."""
    looked: Sequence[bytes]
    """What the access log says of it."""


def plan_of(schema: GraphQLSchema, prepared: Prepared, operation_name: str | None) -> Plan | None:
    """The plan of an operation, None if it needs the executor."""
    operation = prepared.operation(operation_name)
    if prepared.document is None or prepared.errors or operation is None:
        return None
    # What directives leave out would have to be known before there are variables.
    if operation.operation is not OperationType.QUERY or "@" in prepared.text:
        return None
    definitions = [each for each in prepared.document.definitions if isinstance(each, FragmentDefinitionNode)]
    fragments = {each.name.value: each for each in definitions}
    try:
        roots = _roots(schema, operation, fragments)
    except NoPlan:
        return None
    return Plan(schema, operation, fragments, roots, prepared.cost(operation_name))


def _roots(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> list[Root]:
    query = schema.query_type
    assert query is not None
    details = {name: FragmentDetails(each, None) for name, each in fragments.items()}
    found: list[Root] = []
    for key, fields in collect_fields(schema, details, NO_VARIABLES, query, operation).grouped_field_set.items():
        nodes = [each.node for each in fields]
        if nodes[0].name.value not in ROOTS:
            raise NoPlan(nodes[0].name.value)
        compiler = Compiler(schema, details, operation)
        definition = query.fields[nodes[0].name.value]
        found.append(Root(key, definition, nodes, compiler.compile(definition.type, fields), compiler.calls))
    return found


def bind(plan: Plan, variables: Mapping[str, Any]) -> Bound | None:
    """A plan with its variables, None if they are not what it takes. Raises GraphQLError for a wrong argument."""
    values = get_variable_values(plan.schema, plan.operation.variable_definitions or (), dict(variables))
    if isinstance(values, list):
        return None
    arguments = [get_argument_values(root.definition, root.nodes[0], values) for root in plan.roots]
    return Bound(
        plan=plan,
        variables=values,
        arguments=arguments,
        called=[[get_argument_values(*call, values) for call in root.calls] for root in plan.roots],
        pinned=all(pinned(root.name, given) for root, given in zip(plan.roots, arguments, strict=True)),
        at_least=max((given.get("atLeast") or 0 for given in arguments), default=0),
        looked=[
            looked_at(root.name, convert_arguments(_info(plan, root, values, None), root.nodes[0].arguments))
            for root in plan.roots
        ],
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
    plan, root, given = bound.plan, bound.plan.roots[number], bound.arguments[number]
    source = SOURCES.get(root.name)
    if source is not None:
        value = await source(context, lines, given)
        context.note(bound.looked[number])
        return value
    assert root.definition.resolve is not None
    value = root.definition.resolve(None, _info(plan, root, bound.variables, context), **given)
    return await value if isawaitable(value) else value


def _rendered(bound: Bound, values: Sequence[Any]) -> bytes:
    triples = zip(bound.plan.roots, values, bound.called, strict=True)
    return msgspec.json.encode({"data": {root.key: root.render(value, called) for root, value, called in triples}})


def _info(plan: Plan, root: Root, variables: VariableValues, context: Context | None) -> GraphQLResolveInfo:
    """What a resolver is told of its place, as Strawberry's executor says it."""
    query = plan.schema.query_type
    assert query is not None
    return GraphQLResolveInfo(
        root.name,
        list(root.nodes),
        root.definition.type,
        query,
        Path(None, root.key, query.name),
        plan.schema,
        dict(plan.fragments),
        None,
        plan.operation,
        cast(Any, variables.coerced),
        context,
        cast(Any, isawaitable),
        None,
        cast(Any, None),
    )

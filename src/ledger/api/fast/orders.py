"""Orders: a document with one mutation, compiled once into what reads its variables and what renders its answer.

The command itself is read, decided and recorded as ever. Only what graphql-core does around it for every
request is done here once for every document: walking the input type, and the selections. A document or a
variable that is in any way out of the ordinary is left to the executor, which knows what to say of it.
"""

# graphql-core leaves some of its generics open, so what it hands out is partly unknown to pyright.
# pyright: reportUnknownParameterType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false, reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import msgspec
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationType,
    VariableNode,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from ledger.api.derived import plain
from ledger.api.documents import Prepared
from ledger.api.fast.binding import Arguments
from ledger.api.fast.rendering import Compiler, NoPlan, Render, Unusual
from ledger.api.mutations import KINDS
from ledger.domain.world import Command

_NONE = VariableValues({}, {})
_ARGUMENTS = {"commandId", "input", "onBehalfOf"}

Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Order:
    """A mutation that can be carried out without the executor."""

    key: str
    """The name it is answered under."""
    kind: type[Command]
    variables: Mapping[str, str]
    """The variable that each argument is given by."""
    read: Read
    """Turns the variable of the input into plain values for the domain's reader."""
    renders: Mapping[str, tuple[Render, list[Arguments]]]
    """By the name of the type that is answered with, each with the arguments of the fields that take some."""
    shows_events: bool
    """Whether it asks for the events that the command leaves."""
    cost: int

    def given(self, variables: Mapping[str, Any]) -> tuple[UUID, dict[str, Any], str | None]:
        """The command's id, its input as plain values and who is acted for. Raises Unusual."""
        if variables.keys() - self.variables.values():
            raise Unusual
        on_behalf_of = variables.get(self.variables.get("onBehalfOf", ""))
        if on_behalf_of is not None and on_behalf_of.__class__ is not str:
            raise Unusual
        try:
            command_id = UUID(variables[self.variables["commandId"]])
            return command_id, self.read(variables[self.variables["input"]]), on_behalf_of
        except Unusual:
            raise
        except Exception as error:
            # Whatever is wrong with a value, the executor finds it too and says so.
            raise Unusual from error

    def rendered(self, answer: Any) -> bytes:
        """The body of the answer."""
        render, arguments = self.renders[type(answer).__name__]
        return msgspec.json.encode({"data": {self.key: render(answer, arguments)}})


def order_of(schema: GraphQLSchema, prepared: Prepared, operation_name: str | None) -> Order | None:
    """The order that an operation is, None if it needs the executor."""
    operation = prepared.operation(operation_name)
    if prepared.document is None or prepared.errors or operation is None or schema.mutation_type is None:
        return None
    if operation.operation is not OperationType.MUTATION or "@" in prepared.text:
        return None
    if any(each.default_value is not None for each in operation.variable_definitions or ()):
        return None
    definitions = [each for each in prepared.document.definitions if isinstance(each, FragmentDefinitionNode)]
    details = {each.name.value: FragmentDetails(each, None) for each in definitions}
    found = collect_fields(schema, details, _NONE, schema.mutation_type, operation).grouped_field_set
    if len(found) != 1:
        return None
    [(key, fields)] = found.items()
    field = fields[0].node
    kind = KINDS.get(field.name.value)
    if kind is None or kind.ANONYMOUS:
        return None
    definition = schema.mutation_type.fields[field.name.value]
    try:
        renders: dict[str, tuple[Render, list[Arguments]]] = {}
        selected: set[tuple[str, str]] = set()
        for answered in _answers(definition.type):
            compiler = Compiler(schema, details, operation, _NONE)
            render = compiler.compile(GraphQLNonNull(answered), fields)
            if any(call.node.arguments for call in compiler.calls):
                return None
            renders[answered.name] = render, [call.arguments(_NONE) for call in compiler.calls]
            selected |= compiler.selected
        read = _reader(definition.args["input"].type)
        variables = _variables(field)
    except NoPlan:
        return None
    shows_events = ("Recorded", "events") in selected
    return Order(key, kind, variables, read, renders, shows_events, prepared.cost(operation_name))


def _answers(output: Any) -> list[GraphQLObjectType]:
    inner = output.of_type if isinstance(output, GraphQLNonNull) else output
    if not isinstance(inner, GraphQLUnionType):
        raise NoPlan(f"{inner} is one type")
    return list(inner.types)


def _variables(field: FieldNode) -> dict[str, str]:
    given = {each.name.value: each.value for each in field.arguments or ()}
    if not {"commandId", "input"} <= given.keys() <= _ARGUMENTS:
        raise NoPlan("an argument is missing")
    named = {name: value.name.value for name, value in given.items() if isinstance(value, VariableNode)}
    if len(set(named.values())) < len(given):
        raise NoPlan("an argument is no variable, or that of another")
    return named


# ---- variables


def _reader(kind: GraphQLInputType) -> Read:
    """What reads a value of a type. It raises for whatever is not plainly of the type. Raises NoPlan."""
    if isinstance(kind, GraphQLNonNull):
        return _present(kind.of_type)
    read = _present(kind)
    return lambda value: None if value is None else read(value)


def _present(kind: Any) -> Read:
    if isinstance(kind, GraphQLList):
        item = _reader(kind.of_type)
        return lambda value: [item(each) for each in _is(list, value)]
    if isinstance(kind, GraphQLInputObjectType):
        return _record(kind)
    if isinstance(kind, GraphQLEnumType):
        members = {name: plain(value.value) for name, value in kind.values.items()}
        return lambda value: members[value]
    if kind.name == "String":
        return lambda value: _is(str, value)
    coerce = cast(GraphQLScalarType, kind).coerce_input_value

    def read(value: Any) -> Any:
        if value is None:
            raise Unusual
        return plain(coerce(value))

    return read


def _is(kind: type, value: Any) -> Any:
    if value.__class__ is not kind:
        raise Unusual
    return value


def _record(kind: GraphQLInputObjectType) -> Read:
    if kind.is_one_of:
        raise NoPlan(f"{kind} takes one of its fields")
    readers: dict[str, tuple[str, Read]] = {}
    required: set[str] = set()
    for name, field in kind.fields.items():
        source = cast(StrawberryField, field.extensions["strawberry-definition"])
        readers[name] = source.python_name, _reader(field.type)
        if isinstance(field.type, GraphQLNonNull):
            required.add(name)

    def read(value: Any) -> dict[str, Any]:
        given: dict[str, Any] = _is(dict, value)
        if not required <= given.keys():
            raise Unusual
        found: dict[str, Any] = {}
        for name, each in given.items():
            python_name, reader = readers[name]
            found[python_name] = reader(each)
        return found

    return read

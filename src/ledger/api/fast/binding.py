"""Binding: variables and arguments coerced as graphql-core does, with what is constant done once."""

# graphql-core leaves some of its generics open, so what it hands out is partly unknown to pyright.
# pyright: reportUnknownParameterType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false, reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLLeafType,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_non_null_type,
    is_required_argument,
)
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, coerce_argument, get_argument_values, get_variable_values
from graphql.pyutils import Undefined
from strawberry.types.nodes import convert_arguments

Arguments = dict[str, Any]


class Unbound(Exception):
    """The variables are not what the operation takes."""


@dataclass(frozen=True, slots=True)
class Declared:
    """The variables of an operation."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    leaves: Sequence[tuple[str, GraphQLLeafType, bool]] | None
    """Name, type and whether it must not be null; None if one is an object or a list, or has a default."""
    conditions: Sequence[str]
    """Those that may decide what is selected."""

    def values(self, given: Mapping[str, Any]) -> VariableValues:
        """The coerced variables of one request. Raises Unbound."""
        if self.leaves is None:
            values = get_variable_values(self.schema, self.operation.variable_definitions or (), dict(given))
            if isinstance(values, list):
                raise Unbound
            return values
        coerced: dict[str, Any] = {}
        for name, kind, non_null in self.leaves:
            if name in given:
                coerced[name] = _coerced(given[name], kind, non_null=non_null)
            elif non_null:
                raise Unbound
        return VariableValues({}, coerced)


def _coerced(value: Any, kind: GraphQLLeafType, *, non_null: bool) -> Any:
    if value is None:
        if non_null:
            raise Unbound
        return None
    try:
        coerced = kind.coerce_input_value(value)
    except Exception:
        # A scalar may raise whatever it likes; what is wrong with the value is for the executor to say.
        raise Unbound from None
    if coerced is Undefined:
        raise Unbound
    return coerced


def declared(schema: GraphQLSchema, operation: OperationDefinitionNode) -> Declared:
    """The variables that a valid operation declares."""
    leaves: list[tuple[str, GraphQLLeafType, bool]] | None = []
    conditions: list[str] = []
    for each in operation.variable_definitions or ():
        signature = cast(Any, get_variable_signature(schema, each))
        if get_named_type(signature.type).name == "Boolean":
            conditions.append(signature.name)
        kind = get_nullable_type(signature.type)
        if signature.default is not None or not is_leaf_type(kind):
            leaves = None
        if leaves is not None:
            leaves.append((signature.name, kind, is_non_null_type(signature.type)))
    return Declared(schema, operation, leaves, conditions)


@dataclass(frozen=True, slots=True)
class Call:
    """A selected field with arguments."""

    definition: GraphQLField
    node: FieldNode
    constants: Arguments
    variables: Sequence[_Varying] | None
    """None if variables stand within lists or objects."""
    words: Sequence[tuple[str, str | None, Any]]
    """Each argument as it is written: its name, and its variable or its constant."""

    def arguments(self, values: VariableValues) -> Arguments:
        """The arguments as the resolver takes them. Raises Unbound, GraphQLError."""
        if self.variables is None:
            return get_argument_values(self.definition, self.node, values)
        if not self.variables:
            return self.constants
        given = self.constants.copy()
        for each in self.variables:
            value = values.coerced.get(each.variable, Undefined)
            if value is Undefined:
                value = each.default
            if value is None and each.non_null:
                raise Unbound
            if value is not Undefined:
                given[each.name] = value
            elif each.non_null:
                raise Unbound
        return given

    def worded(self, values: VariableValues) -> Arguments:
        """The arguments as the access log says them."""
        if self.variables is None:
            return convert_arguments(cast(Any, _Info(values)), self.node.arguments)
        coerced = values.coerced
        return {
            name: constant if variable is None else coerced.get(variable) for name, variable, constant in self.words
        }


@dataclass(frozen=True, slots=True)
class _Varying:
    name: str
    variable: str
    non_null: bool
    default: Any
    """What it is if the variable is not given."""


def call_of(definition: GraphQLField, node: FieldNode) -> Call:
    """A field of a valid document. Raises GraphQLError if its constants are wrong all the same."""
    written = {each.name.value: each for each in node.arguments or ()}
    constants: Arguments = {}
    variables: list[_Varying] = []
    for name, argument in definition.args.items():
        found = written.get(name)
        if found is not None and isinstance(found.value, VariableNode):
            variables.append(_varying(node, name, argument, found.value.name.value))
        elif found is not None and _has_variables(found.value):
            return Call(definition, node, {}, None, ())
        else:
            coerce_argument(constants, node, name, argument, found, None, None)
    as_written = convert_arguments(cast(Any, _Info(VariableValues({}, {}))), node.arguments)
    words = [(name, _variable(each.value), as_written[name]) for name, each in written.items()]
    return Call(definition, node, constants, variables, words)


def _variable(value: ValueNode) -> str | None:
    return value.name.value if isinstance(value, VariableNode) else None


def _varying(node: FieldNode, name: str, argument: GraphQLArgument, variable: str) -> _Varying:
    otherwise: Arguments = {}
    if not is_required_argument(argument):
        coerce_argument(otherwise, node, name, argument, None, None, None)
    out_name = argument.out_name or name
    return _Varying(out_name, variable, is_non_null_type(argument.type), otherwise.get(out_name, Undefined))


def _has_variables(value: ValueNode) -> bool:
    match value:
        case VariableNode():
            return True
        case ListValueNode():
            return any(map(_has_variables, value.values))
        case ObjectValueNode():
            return any(_has_variables(field.value) for field in value.fields)
        case _:
            return False


@dataclass(frozen=True, slots=True)
class _Info:
    variable_values: VariableValues

"""Rendering: Python functions compiled from selections, which turn resolved objects into plain JSON values.

The executor of graphql-core spends some seven microseconds on each value of an answer; a compiled
function spends a tenth of one. It reads the attributes that the schema's basic fields read and
converts leaves as their types do. On anything unusual it raises, and the executor answers.
"""

# graphql-core leaves some of its generics open, so what it hands out is partly unknown to pyright.
# pyright: reportUnknownParameterType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeArgument=false, reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

from graphql import (
    GraphQLEnumType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from ledger.api.fast import sources
from ledger.api.fast.binding import Arguments, Call, call_of
from ledger.api.fast.pure import CALLED

INT_MAX = 2**31

Render = Callable[[Any, list[Arguments]], Any]


class NoPlan(Exception):
    """A document asks for something that only the executor answers."""


class Unusual(Exception):
    """A value is not of its type, so the executor has to say what comes of it."""


@dataclass(slots=True)
class Compiler:
    """Compiles the selections of one operation."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDetails]
    operation: OperationDefinitionNode
    variables: VariableValues
    """Those that decide what is selected."""
    calls: list[Call] = field(default_factory=list[Call], init=False)
    """Fields that take arguments, in the order in which compiled functions expect these."""
    selected: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]], init=False)
    """Every type and field that is selected anywhere."""
    _lines: list[str] = field(default_factory=list[str], init=False)
    _names: dict[str, Any] = field(default_factory=dict[str, Any], init=False)

    def compile(self, output: GraphQLOutputType, details: FieldDetailsList) -> Render:
        """A function that renders a value of a type with the fields that are selected of it. Raises NoPlan."""
        body = self._value(output, details, "o")
        self._lines.append(f"def render(o, a):\n    return {body}")
        # Only response names, attribute names and numbers become text, the first two as literals.
        exec("\n".join(self._lines), self._names)
        return cast(Render, self._names["render"])

    def _value(self, output: GraphQLOutputType, details: FieldDetailsList, expression: str) -> str:
        if isinstance(output, GraphQLNonNull):
            return self._present(output.of_type, details, expression)
        if is_leaf_type(output):
            return f"(None if (x := {expression}) is None else {self._leaf(output, 'x')})"
        name = self._function(f"None if o is None else {self._present(output, details, 'o')}")
        return f"{name}({expression}, a)"

    def _present(self, output: GraphQLOutputType, details: FieldDetailsList, expression: str) -> str:
        if isinstance(output, GraphQLList):
            return f"[{self._value(output.of_type, details, 'i')} for i in {expression}]"
        if is_leaf_type(output):
            return self._leaf(output, f"(x := {expression})")
        if isinstance(output, GraphQLObjectType):
            return f"{self._object(output, details)}({expression}, a)"
        raise NoPlan(f"{output} is one of several types")

    def _leaf(self, kind: GraphQLLeafType, expression: str) -> str:
        """A leaf of a kind, `x` once the expression was looked at."""
        if isinstance(kind, GraphQLEnumType):
            members, names = map(self._named, _enum(kind))
            return f"({names}[x._name_] if {expression}.__class__ is {members} else {self._named(_unusual)}(x))"
        other = self._named(leaf(kind))
        match kind.name:
            case "String" | "ID" | "Decimal" | "Timestamp":
                return f"(x if {expression}.__class__ is str else {other}(x))"
            case "Int":
                return f"(x if {expression}.__class__ is int and {-INT_MAX} <= x < {INT_MAX} else {other}(x))"
            case "Position":
                return f"(str(x) if {expression}.__class__ is int else {other}(x))"
            case "Boolean":
                return f"(x if {expression}.__class__ is bool else {other}(x))"
            case _:
                return f"{other}({expression})"

    def _object(self, output: GraphQLObjectType, details: FieldDetailsList) -> str:
        found = collect_subfields(
            self.schema, dict(self.fragments), self.variables, self.operation, output, details
        ).grouped_field_set
        members = [f"{name!r}: {self._member(output, each)}" for name, each in found.items()]
        return self._function("{" + ", ".join(members) + "}")

    def _member(self, parent: GraphQLObjectType, details: FieldDetailsList) -> str:
        node = details[0].node
        if node.name.value == "__typename":
            return repr(parent.name)
        self.selected.add((parent.name, node.name.value))
        definition = parent.fields[node.name.value]
        source = cast(StrawberryField, definition.extensions["strawberry-definition"])
        if source.is_basic_field:
            return self._value(definition.type, details, f"o.{source.python_name}")
        if (parent.name, node.name.value) not in CALLED or source.base_resolver is None:
            raise NoPlan(f"{parent.name}.{node.name.value} has a resolver")
        resolver = sources.CALLED.get((parent.name, node.name.value)) or source.base_resolver.wrapped_func
        called = self._named(cast(Callable[..., Any], resolver))
        self.calls.append(call_of(definition, node))
        return self._value(definition.type, details, f"{called}(o, **a[{len(self.calls) - 1}])")

    def _function(self, body: str) -> str:
        name = f"f{len(self._lines)}"
        self._lines.append(f"def {name}(o, a):\n    return {body}")
        return name

    def _named(self, thing: object) -> str:
        name = f"v{len(self._names)}"
        self._names[name] = thing
        return name


def leaf(kind: GraphQLScalarType) -> Callable[[Any], Any]:
    """A function that converts a value as its type does. It raises for a value that is not of the type."""
    if kind.name in ("Int", "Position"):
        # What is a whole number of the right size was taken already.
        return _unusual
    coerce = kind.coerce_output_value

    def coerced(value: Any) -> Any:
        found = coerce(value) if value is not None else None
        if found is None:
            raise Unusual
        return found

    return coerced


def _unusual(value: Any) -> Any:
    raise Unusual


def _enum(kind: GraphQLEnumType) -> tuple[type[Enum], dict[str, Any]]:
    """The class of an enum's members, and what each is answered as, by its name: its hash takes longer."""
    cls = getattr(kind, "wrapped_cls", None)
    if not isinstance(cls, type) or not issubclass(cls, Enum):
        raise NoPlan(f"{kind} has values of its own")
    return cls, {member._name_: kind.coerce_output_value(member) for member in cls}

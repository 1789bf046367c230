"""Derived types: inputs, outputs and enums made from the domain's dataclasses, not written again."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

import strawberry

from ledger.api.glossary import describe, describe_value, summary
from ledger.api.scalars import Position


def enums(*kinds: type[Enum]) -> None:
    """Make domain enums usable in the schema as they are."""
    for kind in kinds:
        enum_of(kind)


@cache
def enum_of(kind: type[Enum]) -> Any:
    """The GraphQL enum of a domain enum, every value described."""
    enum = strawberry.enum(kind, description=summary(kind))
    for value in cast(Any, enum).__strawberry_definition__.values:
        value.description = describe_value(kind, value.name)
    return enum


@cache
def input_of(kind: type) -> Any:
    """The GraphQL input of a domain dataclass."""
    name = kind.__name__ if kind.__name__.endswith("Input") else f"{kind.__name__}Input"
    return strawberry.input(shape_of(kind, name, input_of, optional=True), name=name, description=summary(kind))


@cache
def output_of(kind: type) -> Any:
    """The GraphQL object type of a domain dataclass."""
    return strawberry.type(
        shape_of(kind, kind.__name__, output_of, optional=False), name=kind.__name__, description=summary(kind)
    )


def shape_of(kind: type, name: str, nested: Callable[[type], Any], *, optional: bool) -> type:
    """A class with a described field for each field of a domain dataclass."""
    hints = get_type_hints(kind)
    annotations: dict[str, Any] = {}
    namespace: dict[str, Any] = {"__module__": __name__}
    for field in fields(cast(Any, kind)):
        may_be_absent = optional and _has_default(field)
        hint = graphql_type(hints[field.name], field.name, nested)
        annotations[field.name] = hint | None if may_be_absent and not _is_optional(hints[field.name]) else hint
        default: dict[str, Any] = {"default": strawberry.UNSET} if may_be_absent else {}
        namespace[field.name] = strawberry.field(description=describe(kind, field.name), **default)
    namespace["__annotations__"] = annotations
    return type(name, (), namespace)


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _is_optional(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)


def graphql_type(hint: Any, name: str, nested: Callable[[type], Any]) -> Any:
    """The GraphQL type of a Python annotation; whole numbers named `…position` or `…positions` are Positions."""
    if _is_optional(hint):
        inner = next(argument for argument in get_args(hint) if argument is not type(None))
        return graphql_type(inner, name, nested) | None
    if get_origin(hint) is tuple:
        return list[graphql_type(get_args(hint)[0], name, nested)]
    if hint is int and name.endswith(("position", "positions")):
        return Position
    if isinstance(hint, type):
        hint = cast(type[Any], hint)
        if issubclass(hint, Enum):
            return enum_of(hint)
        if is_dataclass(hint):
            return nested(cast(type, hint))
    return hint


def plain(given: Any) -> Any:
    """An input as plain values for the domain's reader: dictionaries, lists, strings and numbers."""
    if isinstance(given, Enum):
        return given.value
    if isinstance(given, list):
        return [plain(item) for item in cast(list[Any], given)]
    if hasattr(given, "__strawberry_definition__"):
        found = {field.name: getattr(given, field.name) for field in fields(given)}
        return {name: plain(value) for name, value in found.items() if value is not strawberry.UNSET}
    return given.isoformat() if hasattr(given, "isoformat") else given

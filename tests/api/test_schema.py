"""The schema is a promise: it is committed, and every word of it is explained."""

from __future__ import annotations

from importlib.resources import files

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema

from ledger.api.schema import schema
from ledger.domain.commands import COMMANDS


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    """Write it anew with: make schema"""
    committed = (files("ledger.api") / "schema.graphql").read_text("utf-8")

    assert committed == schema.as_str().rstrip() + "\n"


def test_everything_in_the_schema_has_a_description() -> None:
    silent: list[str] = []
    for name, kind in build_schema(schema.as_str()).type_map.items():
        if name.startswith("__") or name in ("String", "Boolean", "Int", "ID", "Float"):
            continue
        if not kind.description and name not in ("Date", "UUID"):
            silent.append(name)
        if isinstance(kind, GraphQLEnumType):
            silent += [f"{name}.{value}" for value, given in kind.values.items() if not given.description]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field_name, field in kind.fields.items():
                if not field.description:
                    silent.append(f"{name}.{field_name}")
                for argument_name, argument in getattr(field, "args", {}).items():
                    if not argument.description:
                        silent.append(f"{name}.{field_name}({argument_name})")

    assert silent == []


def test_every_command_has_its_mutation_and_there_is_no_other() -> None:
    mutation = build_schema(schema.as_str()).mutation_type
    assert mutation is not None

    assert sorted(mutation.fields) == sorted(kind.__name__[0].lower() + kind.__name__[1:] for kind in COMMANDS)

"""The schema is a promise: it is committed, and every word of it is explained."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    build_schema,
    find_breaking_changes,
    specified_scalar_types,
)

from ledger.api.schema import schema
from ledger.domain.commands import COMMANDS

GOLDEN = Path(__file__).parents[1] / "golden"


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    """Write it anew with: make schema"""
    committed = (files("ledger.api") / "schema.graphql").read_text("utf-8")

    assert committed == schema.as_str().rstrip() + "\n"


def test_everything_in_the_schema_has_a_description() -> None:
    silent: list[str] = []
    for name, kind in build_schema(schema.as_str()).type_map.items():
        if name.startswith("__") or name in ("String", "Boolean", "Int", "ID", "Float"):
            continue
        if not kind.description:
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


def test_nothing_that_a_release_promised_is_broken() -> None:
    """Deprecate instead of removing. A release writes `tests/golden/schema.graphql` anew with: make release-schema"""
    promised = build_schema((GOLDEN / "schema.graphql").read_text("utf-8"))

    assert [change.description for change in find_breaking_changes(promised, build_schema(schema.as_str()))] == []


def test_every_scalar_of_ours_says_where_it_is_specified() -> None:
    scalars = [kind for kind in build_schema(schema.as_str()).type_map.values() if isinstance(kind, GraphQLScalarType)]

    assert [
        each.name for each in scalars if not each.specified_by_url and each.name not in specified_scalar_types
    ] == []


def test_every_list_that_is_paged_is_a_connection_of_nodes() -> None:
    kinds = build_schema(schema.as_str()).type_map
    edges = [kind for name, kind in kinds.items() if name.endswith("Edge") and isinstance(kind, GraphQLObjectType)]
    nodes = [kinds[str(edge.fields["node"].type).rstrip("!")] for edge in edges]

    assert edges
    assert [str(n) for n in nodes if not isinstance(n, GraphQLObjectType) or "Node" not in map(str, n.interfaces)] == []


def test_every_page_and_every_answer_about_results_says_what_it_is_as_of() -> None:
    kinds = schema._schema.type_map
    pages = [name for name in kinds if name.endswith("Connection")]
    settled = ("Ranking", "Impact", "Counterfactual", "IndicatorGap", "UnitExplanation")

    assert [name for name in (*pages, *settled) if "asOf" not in cast(Any, kinds[name]).fields] == []
    for name in (*settled, "RankingDiff"):
        assert {"planVersion", "engineVersion"} <= cast(Any, kinds[name]).fields.keys()


def test_descriptions_are_for_clients_not_for_builders() -> None:
    """Python's None is null to them, and our sources are none of theirs."""
    text = schema.as_str()

    assert re.findall(r"[;,(] ?None\b.*", text) == []
    assert re.findall(r".*domain\.md.*", text) == []
    assert re.findall(r'"""None\."""', text) == []

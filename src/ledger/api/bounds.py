"""Bounds: what a document may ask for, measured in one walk before anything expensive looks at it.

Validation compares fields of one name pair by pair and expands fragments again and again: 490 times
`head { position }`, 7 kB, keeps it busy for a second. The walk here is linear in what a
document expands to and stops at the first bound that is passed, so a hostile document costs
milliseconds. What it finds beyond the bounds is a request error; whatever else is wrong with a
document is left to validation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionNode,
    TypeMetaFieldDef,
    ValueNode,
    VariableNode,
    get_introspection_query,
    parse,
)

from ledger.api.paging import PAGE_MAX
from ledger.domain.explanation import FIGURES_MAX

TOKENS_MAX = 2_000
DEPTH_MAX = 16
FRAGMENTS_MAX = 50
OPERATIONS_MAX = 10
ALIASES_MAX = 50
ROOT_FIELDS_MAX = 20
REPEATS_MAX = 10
"""How often one field may be selected in one place, fragments included."""
FIELDS_MAX = 500
"""How many fields a document may hold once its fragments are expanded."""
LITERALS_MAX = 300
"""How many values may be written into a document; variables hold as many as a body does."""
VALUES_MAX = 100_000
"""How many values an answer may hold: the cost of a document."""
LIST_ASSUMED = 10
"""The length of a list that is not a page."""
_LENGTHS_ASSUMED = {("Explanation", "parts"): 4, ("UnitExplanation", "figures"): FIGURES_MAX // 10}
"""
Lists of which more is known. An explanation is six figures deep: at four parts each it has the
thousand and some of a large plan. How many it has in fact is checked where it is made.
"""

_NODES = frozenset({"edges", "nodes"})


@dataclass(slots=True)
class _Walk:
    """One walk over a document, with what it has counted so far."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    fields: int = 0
    aliases: int = 0
    literals: int = 0

    def cost(self, selections: Iterable[SelectionNode], parent: GraphQLNamedType | None, depth: int, page: int) -> int:
        """How many values the selections ask for of one `parent`; `page` is the size of the page they lie in."""
        if depth > DEPTH_MAX:
            raise _beyond(f"Fields may be nested {DEPTH_MAX} deep.")
        places: dict[str, _Place] = {}
        self._collect(selections, parent, places, depth)
        if depth == 1 and len(places) > ROOT_FIELDS_MAX:
            raise _beyond(f"An operation may have {ROOT_FIELDS_MAX} fields.")
        return sum(self._cost_of(place, depth, page) for place in places.values())

    def _collect(
        self,
        selections: Iterable[SelectionNode],
        parent: GraphQLNamedType | None,
        places: dict[str, _Place],
        depth: int,
    ) -> None:
        """Sort fields by the name they are answered under, as execution will."""
        if depth > DEPTH_MAX * 2:
            raise _beyond(f"Fragments may be nested {DEPTH_MAX} deep.")
        for selection in selections:
            self.fields += 1
            if self.fields > FIELDS_MAX:
                raise _beyond(f"A document may select {FIELDS_MAX} fields, fragments included.")
            match selection:
                case FieldNode():
                    self._count(selection)
                    name = selection.alias.value if selection.alias else selection.name.value
                    field = selection.name.value
                    length = _LENGTHS_ASSUMED.get((parent.name if parent else "", field), LIST_ASSUMED)
                    place = places.setdefault(name, _Place(_field_of(self.schema, parent, field), length))
                    place.nodes.append(selection)
                    if len(place.nodes) > REPEATS_MAX:
                        raise _beyond(f"A field may be selected {REPEATS_MAX} times in one place.")
                case InlineFragmentNode():
                    condition = selection.type_condition
                    inner = self.schema.get_type(condition.name.value) if condition else parent
                    self._collect(selection.selection_set.selections, inner, places, depth + 1)
                case FragmentSpreadNode():
                    fragment = self.fragments.get(selection.name.value)
                    if fragment is not None:
                        inner = self.schema.get_type(fragment.type_condition.name.value)
                        self._collect(fragment.selection_set.selections, inner, places, depth + 1)
                case _:
                    pass

    def _count(self, node: FieldNode) -> None:
        self.aliases += node.alias is not None
        if self.aliases > ALIASES_MAX:
            raise _beyond(f"A document may have {ALIASES_MAX} aliases, fragments included.")
        values: list[ValueNode] = [argument.value for argument in node.arguments or ()]
        while values:
            value = values.pop()
            self.literals += 1
            if self.literals > LITERALS_MAX:
                raise _beyond(f"A document may hold {LITERALS_MAX} values; send more as variables.")
            if isinstance(value, ListValueNode):
                values += value.values
            elif isinstance(value, ObjectValueNode):
                values += [each.value for each in value.fields]

    def _cost_of(self, place: _Place, depth: int, page: int) -> int:
        node, definition = place.nodes[0], place.definition
        paged = _page_size(node, definition)
        below = [selection for each in place.nodes if each.selection_set for selection in each.selection_set.selections]
        if not below:
            return 1
        # Spelled as in the schema: [Event!]! is a list of Event.
        spelled = str(cast(Any, definition).type) if definition else ""
        inner = self.cost(below, self.schema.get_type(spelled.strip("[]!")), depth + 1, paged or page)
        if not spelled.startswith("["):
            return 1 + inner
        if spelled.strip("[]!").startswith("__"):
            return 1 + inner * _introspected(self.schema).get(node.name.value, LIST_ASSUMED)
        return 1 + inner * (page if node.name.value in _NODES else place.length)


@dataclass(slots=True)
class _Place:
    """The fields that are answered under one name."""

    definition: GraphQLField | None
    length: int
    """How long it is assumed to be, if it is a list."""
    nodes: list[FieldNode] = field(default_factory=list[FieldNode])


def costs(schema: GraphQLSchema, document: DocumentNode) -> dict[str | None, int]:
    """The cost of each operation, by name. Raises GraphQLError for a document beyond a bound."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    if len(fragments) > FRAGMENTS_MAX or len(operations) > OPERATIONS_MAX:
        raise _beyond(f"A document may hold {OPERATIONS_MAX} operations and {FRAGMENTS_MAX} fragments.")
    walk = _Walk(schema, fragments)
    found: dict[str | None, int] = {}
    for operation in operations:
        root = schema.get_root_type(operation.operation)
        cost = walk.cost(operation.selection_set.selections, root, 1, 1)
        values_max = _introspection_cost(schema) if about_schema(operation) else VALUES_MAX
        if cost > values_max:
            raise _beyond(f"The answer may hold {cost:,} values; ask for {values_max:,} at most.")
        found[operation.name.value if operation.name else None] = cost
    # A fragment that no operation uses is validated all the same.
    for fragment in fragments.values():
        walk.cost(fragment.selection_set.selections, schema.get_type(fragment.type_condition.name.value), 1, 1)
    return found


def _beyond(bound: str) -> GraphQLError:
    return GraphQLError(bound, extensions={"code": "DOCUMENT_TOO_LARGE"})


def _field_of(schema: GraphQLSchema, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    if parent is schema.query_type and name in ("__schema", "__type"):
        return SchemaMetaFieldDef if name == "__schema" else TypeMetaFieldDef
    if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
        return parent.fields.get(name)
    return None


def _page_size(node: FieldNode, definition: GraphQLField | None) -> int | None:
    """The page that a field asks for; the largest if only the variables tell."""
    if definition is None or "first" not in definition.args:
        return None
    given = next((each.value for each in node.arguments or () if each.name.value == "first"), None)
    if isinstance(given, IntValueNode):
        return max(1, min(int(given.value), PAGE_MAX)) if len(given.value) < 10 else PAGE_MAX
    return PAGE_MAX if isinstance(given, VariableNode) else 1


def about_schema(operation: OperationDefinitionNode) -> bool:
    """Whether an operation asks about the schema and nothing else."""
    return all(
        isinstance(each, FieldNode) and each.name.value.startswith("__") for each in operation.selection_set.selections
    )


@cache
def _introspection_cost(schema: GraphQLSchema) -> int:
    """The cost of the question that tools ask about a schema, and the most that any may cost."""
    everything = get_introspection_query(True, True, True, True, True)
    (operation, *fragments) = parse(everything).definitions
    named = {each.name.value: each for each in cast(list[FragmentDefinitionNode], fragments)}
    asked = cast(OperationDefinitionNode, operation)
    return _Walk(schema, named).cost(asked.selection_set.selections, schema.query_type, 1, 1)


@cache
def _introspected(schema: GraphQLSchema) -> Mapping[str, int]:
    """How long the lists of introspection are: all types, and of the rest what a type has on average."""
    kinds = list(schema.type_map.values())
    objects = [each for each in kinds if isinstance(each, GraphQLObjectType | GraphQLInterfaceType)]
    fields = [each for kind in objects for each in kind.fields.values()]
    inputs = [len(each.fields) for each in kinds if isinstance(each, GraphQLInputObjectType)]
    values = [len(each.values) for each in kinds if isinstance(each, GraphQLEnumType)]
    members = [len(each.types) for each in kinds if isinstance(each, GraphQLUnionType)]
    average = {
        "types": len(kinds),
        "fields": len(fields) / len(kinds),
        "args": sum(len(each.args) for each in fields) / max(len(fields), 1),
        "inputFields": sum(inputs) / len(kinds),
        "enumValues": sum(values) / len(kinds),
        "possibleTypes": sum(members) / len(kinds),
        "interfaces": sum(len(each.interfaces) for each in objects) / len(kinds),
        "directives": len(schema.directives),
    }
    return {name: max(1, round(length)) for name, length in average.items()}

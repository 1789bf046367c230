"""Documents made at random from the schema: valid ones, with arguments that mean something in the mini-ledger."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)

from ledger.api.fast.pure import ROOTS
from ledger.api.paging import cursor_of

DEPTH_MAX = 7
VALUES: dict[str, tuple[Any, ...]] = {
    "cycle": ("MINI-2018", "MINI-2018", "MINI-2018", "NONE"),
    "group": ("G1", "G1", "G1", "G9"),
    "unit": ("U01", "U02", "U03", "U04", "U05", "U99"),
    "indicator": ("A", "B", "C", "A", "B", "Z"),
    "period": ("2018-Y",),
    "basis": ("OFFICIAL", "PROVISIONAL", "SELF"),
    "first": (1, 2, 3, 5, 20, 100, 100, 0),
    "after": (None, None, cursor_of(1), cursor_of(2), cursor_of(40), "nonsense"),
    "position": ("1", "30", "52", "60", "70", "90", "100000"),
    "atLeast": (None, "1", "60"),
    "order": ("OLDEST_FIRST", "NEWEST_FIRST"),
    "types": (["ScoreEntered"], ["ScoreVerified", "ScoreCorrected"], []),
    "cycleId": ("MINI-2018",),
    "unitId": ("U01", "U04"),
    "indicatorId": ("A", "B"),
    "personId": ("p-scorer",),
    "reasonCode": ("DATA_ENTRY_ERROR", "SOURCE_DATA_REVISED"),
    "outcome": ("OPEN", "APPROVED", "REJECTED"),
}


@dataclass
class Documents:
    """Documents one after the other; the same for the same seed."""

    schema: GraphQLSchema
    chance: random.Random
    variables: dict[str, Any] = field(default_factory=dict[str, Any])
    _declared: list[str] = field(default_factory=list[str])
    _fragments: list[str] = field(default_factory=list[str])

    def document(self) -> tuple[str, dict[str, Any]]:
        """A document and its variables."""
        self.variables, self._declared, self._fragments = {}, [], []
        query = self.schema.query_type
        assert query is not None
        names = self.chance.choices(sorted(ROOTS), k=self.chance.choice((1, 1, 1, 2, 3)))
        roots = [self._field(query.fields[name], name, f"r{number}: ", 1) for number, name in enumerate(names)]
        declared = f"query({', '.join(self._declared)}) " if self._declared else ""
        text = f"{declared}{{ {' '.join(roots)} }} {' '.join(self._fragments)}"
        return text, self.variables

    def _field(self, definition: GraphQLField, name: str, alias: str, depth: int) -> str:
        kind = get_named_type(definition.type)
        given = [self._argument(each, argument) for each, argument in definition.args.items()]
        arguments = ", ".join(each for each in given if each)
        selection = self._selection(kind, depth + 1) if isinstance(kind, GraphQLObjectType) else ""
        return f"{alias}{name}{f'({arguments})' if arguments else ''}{selection}"

    def _argument(self, name: str, argument: GraphQLArgument) -> str | None:
        if not is_required_argument(argument) and self.chance.random() < 0.5:
            return None
        value = self._value(name, argument)
        if value is None and is_required_argument(argument):
            return None
        if self.chance.random() < 0.4:
            variable = f"v{len(self._declared)}"
            self._declared.append(f"${variable}: {argument.type}")
            self.variables[variable] = value
            return f"{name}: ${variable}"
        return f"{name}: {self._literal(value)}"

    def _value(self, name: str, argument: Any) -> Any:
        kind: Any = get_nullable_type(argument.type)
        if not is_list_type(kind) and hasattr(get_named_type(kind), "fields"):
            fields: dict[str, Any] = get_named_type(kind).fields
            if name in ("asOf", "from", "to"):
                fields = {"position": fields["position"]}
            chosen = [each for each in fields if each in VALUES and (len(fields) == 1 or self.chance.random() < 0.4)]
            return {each: self._value(each, fields[each]) for each in chosen}
        return self.chance.choice(VALUES[name]) if name in VALUES else None

    def _literal(self, value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{name}: {self._literal(each)}" for name, each in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self._literal, value)) + "]"
        if value is None or isinstance(value, int):
            return "null" if value is None else str(value)
        enums = (*VALUES["basis"], *VALUES["order"], *VALUES["reasonCode"])
        return value if value in enums else f'"{value}"'

    def _selection(self, kind: GraphQLObjectType, depth: int) -> str:
        fields = {
            name: definition
            for name, definition in kind.fields.items()
            if is_leaf_type(get_named_type(definition.type)) or depth < DEPTH_MAX
        }
        chosen = self.chance.sample(sorted(fields), k=self.chance.randint(1, min(6, len(fields))))
        # What has a resolver is left to the executor as a whole, so it is rare here.
        rare = {"proof", "texts"}
        chosen = [name for name in chosen if name not in rare or self.chance.random() < 0.05] or ["__typename"]
        parts = [
            self._field(fields[name], name, self.chance.choice(("", "", f"a{number}: ")), depth)
            if name in fields
            else name
            for number, name in enumerate(chosen)
        ]
        if self.chance.random() < 0.15:
            parts.append("__typename")
        if self.chance.random() < 0.1:
            parts.append(f"... on {kind.name} {{ {parts[0]} }}")
        body = "{ " + " ".join(parts) + " }"
        if self.chance.random() < 0.1:
            fragment = f"f{len(self._fragments)}"
            self._fragments.append(f"fragment {fragment} on {kind.name} {body}")
            return f"{{ ...{fragment} }}"
        return f" {body}"

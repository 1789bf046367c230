"""Requests made at random from the schema: valid for the most part, with arguments that mean something in the story.

They differ in aliases, fragments, merged fields, variables (within objects too, left out, with defaults, wrong), skip
and include, operation names, nested pages, moments, and in what is refused.
"""

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
    is_non_null_type,
    is_required_argument,
)

from ledger.api.fast.pure import ROOTS
from ledger.api.fast.standings import FIELDS
from ledger.api.paging import cursor_of

DEPTH_MAX = 7
VALUES: dict[str, tuple[Any, ...]] = {
    "cycle": ("MINI-2018", "MINI-2018", "MINI-2018", "MINI-2018", "NONE"),
    "group": ("G1", "G1", "G1", "G9"),
    "unit": ("U01", "U02", "U03", "U04", "U05", "U99"),
    "indicator": ("A", "B", "C", "A", "B", "Z"),
    "period": ("2018-Y", "2018-Y", "2018-Q1"),
    "fromPeriod": (None, "2018-Y", "2018-Q1"),
    "toPeriod": (None, "2018-Y", "2018-Q1"),
    "kinds": (["VALUE", "PEER"], ["INDICATOR"], []),
    "basis": ("OFFICIAL", "OFFICIAL", "PROVISIONAL", "SELF"),
    "first": (1, 2, 3, 5, 20, 100, 100, 0),
    "after": (None, None, cursor_of(1), cursor_of(2), cursor_of(40), "nonsense"),
    "position": ("1", "30", "52", "60", "70", "90", "100000"),
    "recordedAt": ("2018-03-02T00:00:00Z", "2018-06-30T23:59:59+08:00", "2019-03-01T00:00:00Z", "2001-01-01T00:00:00Z"),
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
KINDS = {kind for kinds in VALUES["kinds"] for kind in kinds}
ENUMS = {*KINDS, *VALUES["basis"], *VALUES["order"], *VALUES["reasonCode"], *VALUES["outcome"]}
HEAVY = {"Ranking", "RankingRow"}
"""Types of which some fields are kept and others settled."""
WRONG = (None, 3.5, {"wrong": 1}, "wrong")


@dataclass
class Documents:
    """Requests one after the other; the same for the same seed."""

    schema: GraphQLSchema
    chance: random.Random
    _variables: dict[str, Any] = field(default_factory=dict[str, Any])
    _declared: list[str] = field(default_factory=list[str])
    _fragments: list[str] = field(default_factory=list[str])
    _kept: bool = False
    """Whether nothing is asked that would have to be settled."""

    def request(self) -> dict[str, Any]:
        """The body of a request."""
        self._variables, self._declared, self._fragments = {}, [], []
        self._kept = self._happens(0.5)
        query = self.schema.query_type
        assert query is not None
        names = self.chance.choices(sorted(ROOTS), k=self.chance.choice((1, 1, 1, 2, 3)))
        roots = [self._field(query.fields[name], name, f"r{number}: ", 1) for number, name in enumerate(names)]
        named = self._happens(0.1)
        declared = f"({', '.join(self._declared)})" if self._declared else ""
        text = f"query{' asked' if named else ''}{declared} {{ {' '.join(roots)} }} {' '.join(self._fragments)}"
        if not named:
            return {"query": text, "variables": self._variables}
        text += " query other { __typename }"
        return {"query": text, "variables": self._variables, "operationName": "asked"}

    def _happens(self, share: float) -> bool:
        return self.chance.random() < share

    # ---- fields

    def _field(self, definition: GraphQLField, name: str, alias: str, depth: int) -> str:
        kind = get_named_type(definition.type)
        given = [self._argument(each, argument) for each, argument in definition.args.items()]
        arguments = ", ".join(each for each in given if each)
        selection = self._selection(kind, depth + 1) if isinstance(kind, GraphQLObjectType) else ""
        return f"{alias}{name}{f'({arguments})' if arguments else ''}{self._directive()}{selection}"

    def _directive(self) -> str:
        """A condition, now and then."""
        if not self._happens(0.03):
            return ""
        condition: str = self.chance.choice(("true", "false", "$"))
        if condition == "$":
            condition = self._variable("Boolean!", self._happens(0.5))
        return f" @{self.chance.choice(('skip', 'include'))}(if: {condition})"

    def _selection(self, kind: GraphQLObjectType, depth: int) -> str:
        fields = {
            name: definition
            for name, definition in kind.fields.items()
            if (is_leaf_type(get_named_type(definition.type)) or depth < DEPTH_MAX)
            and not (self._kept and kind.name in HEAVY and (kind.name, name) not in FIELDS)
        }
        chosen = self.chance.sample(sorted(fields), k=self.chance.randint(1, min(6, len(fields))))
        # What has a resolver is left to the executor as a whole, so it is rare here.
        rare = {"proof", "texts"}
        chosen = [name for name in chosen if name not in rare or self._happens(0.05)] or ["__typename"]
        parts = [
            self._field(fields[name], name, self.chance.choice(("", "", f"a{number}: ")), depth)
            if name in fields
            else name
            for number, name in enumerate(chosen)
        ]
        if self._happens(0.15):
            parts.append("__typename")
        if self._happens(0.1):
            parts.append(f"... on {kind.name}{self._directive()} {{ {parts[0]} }}")
        composite = [name for name in chosen if name in fields and not is_leaf_type(get_named_type(fields[name].type))]
        if composite and self._happens(0.2):
            parts.append(self._merged(fields[composite[0]], composite[0]))
        body = "{ " + " ".join(parts) + " }"
        if self._happens(0.1):
            fragment = f"f{len(self._fragments)}"
            self._fragments.append(f"fragment {fragment} on {kind.name} {body}")
            return f"{{ ...{fragment}{self._directive()} }}"
        return f" {body}"

    def _merged(self, definition: GraphQLField, name: str) -> str:
        """A field that may be there already, with one thing more to be selected of it."""
        needed = any(is_required_argument(each) for each in definition.args.values())
        return "__typename" if needed else f"{name} {{ __typename }}"

    # ---- arguments

    def _argument(self, name: str, argument: GraphQLArgument) -> str | None:
        required = is_required_argument(argument)
        if not required and self._happens(0.5):
            return None
        value = self._value(name, argument)
        if value is None and required:
            return None
        if not self._happens(0.4):
            return f"{name}: {self._literal(value)}"
        if isinstance(value, dict) and value and self._happens(0.4):
            return f"{name}: {{{self._varying(get_named_type(argument.type), value)}}}"
        kind = str(argument.type)
        if self._happens(0.03):
            return f"{name}: {self._variable(kind, self.chance.choice(WRONG))}"
        if not is_non_null_type(argument.type) and self._happens(0.2):
            return f"{name}: {self._variable(kind)}"
        if self._happens(0.1):
            return f"{name}: {self._variable(f'{kind} = {self._literal(value)}' if value is not None else kind)}"
        return f"{name}: {self._variable(kind, value)}"

    def _varying(self, kind: Any, value: dict[str, Any]) -> str:
        """The fields of an object, each with a variable; those of a moment must not be null."""
        types = {name: str(kind.fields[name].type).rstrip("!") + ("!" if kind.is_one_of else "") for name in value}
        return ", ".join(f"{name}: {self._variable(types[name], each)}" for name, each in value.items())

    def _variable(self, kind: str, *value: Any) -> str:
        """A variable of a kind, which the request gives a value or none."""
        name = f"v{len(self._declared)}"
        self._declared.append(f"${name}: {kind}")
        if value:
            self._variables[name] = value[0]
        return f"${name}"

    def _value(self, name: str, argument: Any) -> Any:
        kind: Any = get_nullable_type(argument.type)
        if not is_list_type(kind) and hasattr(get_named_type(kind), "fields"):
            fields: dict[str, Any] = get_named_type(kind).fields
            if name in ("asOf", "from", "to"):
                moment = "recordedAt" if self._happens(0.2) else "position"
                return {moment: self._value(moment, fields[moment])}
            chosen = [each for each in fields if each in VALUES and self._happens(0.4)]
            return {each: self._value(each, fields[each]) for each in chosen}
        return self.chance.choice(VALUES[name]) if name in VALUES else None

    def _literal(self, value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{name}: {self._literal(each)}" for name, each in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self._literal, value)) + "]"
        if value is None or isinstance(value, int):
            return "null" if value is None else str(value)
        return value if value in ENUMS else f'"{value}"'

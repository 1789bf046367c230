"""Projections as they are written: one SQL file each, read into a value.

This is the only place that vouches for the text of those files as SQL, and for that of the
few statements of the read side's own in sql/projector_*.sql. What a section means is
described in projections/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import LiteralString, cast

from psycopg.sql import SQL, Composable, Composed

CONSUMES_EVERYTHING = "*"

_HEADER = re.compile(r"-- (projection|version|grain|consumes|follows): (.*)")
_CONTINUED = re.compile(r"--  +(.*)")
_SECTION = re.compile(r"-- :(\w+)(?: (\w+))?(?: (\w+))?")
_PARAMETER = re.compile(r"%\((\w+)\)s")
_SINGLE = ("table", "index", "fold", "touched", "clear", "write")
_FORWARD = """
  AND {key} > coalesce(%(after)s::bigint, 0)
  AND {key} < coalesce(%(before)s::bigint, 9223372036854775807)
ORDER BY {key}{direction}
LIMIT %(limit)s::bigint"""


class BadProjection(Exception):
    """A projection file does not have the form that projections/README.md describes."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One vouched-for SQL text and the names of its parameters."""

    sql: SQL
    parameters: frozenset[str]

    def given(self, **arguments: Composable) -> Composed:
        """The text with these in place of its parameters, to be sent without any: `%%` is `%` then.

        Raises KeyError for a parameter that is missing.
        """
        # Split by the names, so that every second part is one.
        parts = enumerate(_PARAMETER.split(self.sql.as_string(None)))
        return Composed(
            [
                arguments[part] if place % 2 else SQL(cast(LiteralString, part.replace("%%", "%")))
                for place, part in parts
            ]
        )


@dataclass(frozen=True, slots=True)
class Projection:
    """One projection: what it is, what it stores, how it folds, how it is read."""

    name: str
    version: int
    grain: str
    consumes: tuple[str, ...]
    """The fact types it is made from, or `*` for every type."""
    follows: tuple[str, ...]
    """Projections whose tables it reads while it folds; it is never ahead of them."""
    sections: Mapping[str, Statement]
    """`table`, `index`, `fold`, and what a projection that is folded in Python needs instead of `fold`."""
    reads: Mapping[str, Statement]

    @property
    def settled(self) -> bool:
        """Whether it is settled in Python; then it may be behind the others, and nobody waits for it."""
        return "fold" not in self.sections


def projections() -> dict[str, Projection]:
    """Every projection by name, each after those that it follows. Raises BadProjection."""
    return dict(_projections())


@cache
def _projections() -> dict[str, Projection]:
    found = {
        item.name.removesuffix(".sql"): parse_projection(item.read_text("utf-8"), name=item.name.removesuffix(".sql"))
        for item in sorted(projections_dir().iterdir(), key=lambda item: item.name)
        if item.name.endswith(".sql")
    }
    return dict(sorted(found.items(), key=lambda item: len(item[1].follows)))


def projections_dir() -> Traversable:
    """The wheel's copy when installed, the repository's folder in a checkout."""
    packaged = files("ledger") / "projections"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "projections"


def statement(name: str) -> Statement:
    """The read side's own statement in sql/`name`.sql."""
    return _statement((files("ledger") / "sql" / f"{name}.sql").read_text("utf-8").strip())


def parse_projection(text: str, *, name: str) -> Projection:
    """Return the projection that `text` describes. Raises BadProjection."""
    header, sections, reads = _header(text), dict[str, Statement](), dict[str, Statement]()
    missing = {"projection", "version", "grain", "consumes"} - header.keys()
    if missing:
        raise BadProjection(f"{name}: no {', '.join(sorted(missing))} in the header")
    if header["projection"] != name:
        raise BadProjection(f"{name}: the file names itself {header['projection']}")
    for kind, label, key, body in _sections(text):
        if kind in _SINGLE and label is None:
            sections[kind] = _statement(body)
        elif kind == "read" and label and key is None:
            reads[label] = _statement(body)
        elif kind == "page" and label and key:
            reads[label] = _statement(body + _FORWARD.format(key=key, direction=""))
            reads[f"{label}_newest_first"] = _statement(body + _FORWARD.format(key=key, direction=" DESC"))
        else:
            raise BadProjection(f"{name}: unknown section :{kind}")
    if "table" not in sections or ("fold" in sections) == ("touched" in sections):
        raise BadProjection(f"{name}: needs :table and either :fold or :touched")
    return Projection(
        name=name,
        version=int(header["version"]),
        grain=header["grain"],
        consumes=_names(header["consumes"]),
        follows=_names(header.get("follows", "")),
        sections=sections,
        reads=reads,
    )


def _header(text: str) -> dict[str, str]:
    header: dict[str, str] = {}
    last = None
    for line in text.splitlines():
        if match := _HEADER.fullmatch(line):
            last = match[1]
            header[last] = match[2].strip()
        elif last and (match := _CONTINUED.fullmatch(line)):
            header[last] += f" {match[1].strip()}"
        else:
            break
    return header


def _sections(text: str) -> list[tuple[str, str | None, str | None, str]]:
    found: list[tuple[str, str | None, str | None, str]] = []
    lines: list[str] = []
    for line in reversed(text.splitlines()):
        if match := _SECTION.fullmatch(line):
            found.append((match[1], match[2], match[3], "\n".join(reversed(lines)).strip().removesuffix(";")))
            lines = []
        else:
            lines.append(line)
    return found[::-1]


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _statement(text: str) -> Statement:
    return Statement(SQL(cast(LiteralString, text)), frozenset(_PARAMETER.findall(text)))

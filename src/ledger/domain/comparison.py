"""Comparison: something recorded beside what follows once more, member by member."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import cast

Rows = tuple[object, ...]

NAMING = ("unit_id", "subject_id", "field")
"""The members that tell one row of a table from the others; seats are told apart by their grade."""


@dataclass(frozen=True, slots=True)
class MemberDifference:
    """A member that does not follow."""

    path: str
    """Where it stands, such as `table[U01].total`."""
    recorded: str
    follows: str

    def __str__(self) -> str:
        return f"{self.path}: {self.recorded} -> {self.follows}"

    @property
    def member(self) -> str:
        """The member of the fact that it is in, such as `table`."""
        return self.path.split(".")[0].split("[")[0]


def compare(recorded: object, follows: object, path: str = "") -> Iterator[MemberDifference]:
    """Every member of `recorded` that is not, to the letter, what follows."""
    if type(recorded) is not type(follows):
        yield MemberDifference(path, _said(recorded), _said(follows))
    elif is_dataclass(recorded):
        for member in (field.name for field in fields(recorded)):
            place = f"{path}.{member}" if path else member
            yield from compare(getattr(recorded, member), getattr(follows, member), place)
    elif isinstance(recorded, tuple):
        yield from _compare_rows(cast("Rows", recorded), cast("Rows", follows), path)
    elif str(recorded) != str(follows):
        yield MemberDifference(path, _said(recorded), _said(follows))


def _compare_rows(recorded: Rows, follows: Rows, path: str) -> Iterator[MemberDifference]:
    said, found = _named(recorded), _named(follows)
    for name in dict.fromkeys((*said, *found)):
        if name not in found:
            yield MemberDifference(f"{path}[{name}]", _said(said[name]), "nothing")
        elif name not in said:
            yield MemberDifference(f"{path}[{name}]", "nothing", _said(found[name]))
        else:
            yield from compare(said[name], found[name], f"{path}[{name}]")
    if list(said) != list(found) and said.keys() == found.keys():
        yield MemberDifference(path, f"in the order {', '.join(said)}", f"in the order {', '.join(found)}")


def _named(rows: Rows) -> dict[str, object]:
    """The rows by their names, or by their places where those do not tell them apart."""
    names = [_name(row) for row in rows]
    if None in names or len(set(names)) < len(names):
        return {str(place): row for place, row in enumerate(rows)}
    return {str(name): row for name, row in zip(names, rows, strict=True)}


def _name(row: object) -> str | None:
    if not is_dataclass(row):
        return None
    of_row = {field.name for field in fields(row)}
    naming = [member for member in NAMING if member in of_row] or ["grade"]
    parts = [getattr(row, member, None) for member in naming]
    return " ".join(str(part) for part in parts if part is not None) or None


def _said(value: object) -> str:
    if is_dataclass(value):
        members = ((field.name, getattr(value, field.name)) for field in fields(value))
        return ", ".join(f"{name} {_said(member)}" for name, member in members if member is not None)
    if isinstance(value, tuple):
        return ", ".join(map(_said, cast("Rows", value))) or "nothing"
    return "nothing" if value is None else str(value)

"""What one version of a plan says otherwise than another: every place, with what stands there in each.

A place is spelled as in the plan itself, `indicators[GDP].weights[G1].weight`; what has an id is
found by it, so that a new indicator moves none of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple, TypeGuard

from ledger.domain.plan import Deadline, Plan

_NAMED_BY: Mapping[type, tuple[str, ...]] = {Deadline: ("name", "period")}
"""What tells the members of a list apart, where it is not their first field alone."""


class Difference(NamedTuple):
    """One place in which two versions of a plan differ."""

    path: str
    old: str | None
    """What stands there in the earlier version; None for what it does not have."""
    new: str | None
    """What stands there in the later version; None for what it does not have."""


def differences(old: Plan, new: Plan) -> list[Difference]:
    """Every place in which two versions of a plan differ, in the order of the plan."""
    return list(_between("", old, new))


def _between(path: str, old: Any, new: Any) -> Iterator[Difference]:
    if old == new:
        return
    if _is_list(old) and _is_list(new):
        yield from _in_lists(path, old, new)
    elif _fields_of(old) and _fields_of(new):
        for name in _fields_of(old):
            yield from _between(f"{path}.{name}" if path else name, getattr(old, name), getattr(new, name))
    else:
        yield from _replaced(path, old, new)


def _in_lists(path: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Difference]:
    """Members are found by what they are called, or by their place where that does not tell them apart."""
    names_old, names_new = _names(old), _names(new)
    if len({*names_old}) < len(old) or len({*names_new}) < len(new):
        names_old, names_new = ([str(place) for place in range(len(members))] for members in (old, new))
    before, after = dict(zip(names_old, old, strict=True)), dict(zip(names_new, new, strict=True))
    names = dict.fromkeys((*before, *after))
    found = [each for name in names for each in _between(f"{path}[{name}]", before.get(name), after.get(name))]
    # The same members in another order, which matters where they are tried one after the other.
    yield from found or [Difference(path, ", ".join(names_old), ", ".join(names_new))]


def _names(members: Iterable[Any]) -> list[str]:
    return [_name(member) for member in members]


def _name(member: Any) -> str:
    named_by = _NAMED_BY.get(member.__class__) or _fields_of(member)[:1]
    if not named_by:
        return _text(member)
    values = [getattr(member, name) for name in named_by]
    return " ".join(_text(value) for value in values if value is not None)


def _replaced(path: str, old: Any, new: Any) -> Iterator[Difference]:
    """What stands in only one of the versions, or is of another kind, place by place."""
    before, after = dict(_leaves(path, old)), dict(_leaves(path, new))
    for place in dict.fromkeys((*before, *after)):
        yield Difference(place, before.get(place), after.get(place))


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if _is_list(value):
        for name, member in zip(_names(value), value, strict=True):
            yield from _leaves(f"{path}[{name}]", member)
    elif _fields_of(value):
        for name in _fields_of(value):
            yield from _leaves(f"{path}.{name}", getattr(value, name))
    else:
        yield path, _text(value)


def _is_list(value: Any) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)


def _fields_of(value: Any) -> tuple[str, ...]:
    """The names of a record's fields; none of what is no record."""
    return tuple(field.name for field in fields(value)) if is_dataclass(value) else ()


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case _:
            return str(value)

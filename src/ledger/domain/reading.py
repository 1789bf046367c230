"""Reading: commands built from plain values, as JSON, a form or a spreadsheet row brings them.

What a field takes follows from its type in the command's dataclass, so a new command needs
no code here. Whatever cannot be read is refused with the `path` of the place, such as
`content.indicators.0.formula.cap`; nothing is converted, guessed or ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from types import UnionType
from typing import TypeVar, cast, get_args, get_origin, get_type_hints

from ledger.domain.identifiers import check_normal
from ledger.domain.numbers import parse_decimal
from ledger.domain.refusals import MalformedInput, ReasonCodeInvalid, ReasonRequired
from ledger.domain.score import ReasonCode
from ledger.domain.targets import TargetReason
from ledger.domain.world import Command

INTEGER_MAX = 2**53 - 1
"""Beyond this, JSON readers disagree about integers (RFC 8785)."""
_REASONS = frozenset({"reason", "late_reason"})
_SHOWN_MAX = 80

C = TypeVar("C", bound=Command)
Reader = Callable[[object, str], object]
"""Turns the plain value found at a path into the value of a field."""


def read_command(kind: type[C], given: Mapping[str, object]) -> C:
    """Return the command of this kind that `given` spells, field by field.

    Decimals and days are strings, enum members their names, tuples lists, dataclasses objects.
    A field may be left out if it has a default; None is a value only where the type says so.

    Raises InvalidDecimal, ReasonRequired for a reason that is missing or None,
    ReasonCodeInvalid, and MalformedInput for anything else that cannot be read.
    """
    return cast(C, _record(kind)(given, ""))


@cache
def _record(kind: type) -> Reader:
    """Reads an object into the dataclass `kind`."""
    hints = get_type_hints(kind)
    readers = {field.name: _field(field.name, hints[field.name]) for field in fields(kind)}
    required = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]

    def read(given: object, path: str) -> object:
        if not isinstance(given, Mapping):
            raise MalformedInput(path=path, given=_shown(given), hint="Send an object.")
        prefix = f"{path}." if path else ""
        values: dict[str, object] = {}
        for name, value in cast(Mapping[str, object], given).items():
            reader = readers.get(name)
            if reader is None:
                raise MalformedInput(path=f"{prefix}{str(name)[:_SHOWN_MAX]}", hint="There is no such field.")
            values[name] = reader(value, prefix + name)
        for name in required:
            if name not in values:
                missing = ReasonRequired if name in _REASONS else MalformedInput
                raise missing(path=prefix + name, hint="The field is missing.")
        return kind(**values)

    return read


def _field(name: str, hint: object) -> Reader:
    return _reason if name in _REASONS else _reader(hint)


def _reader(hint: object) -> Reader:
    """Reads a value of the type `hint`. Raises TypeError for a type that no command has had so far."""
    if get_origin(hint) is UnionType:
        return _optional(hint)
    if get_origin(hint) is tuple:
        return _items(_reader(get_args(hint)[0]))
    plain = _PLAIN.get(hint)
    if plain is not None:
        return plain
    kind = cast(type, hint)
    if is_dataclass(kind):
        return _record(kind)
    if issubclass(kind, Enum):
        return _member(kind)
    raise TypeError(f"Commands have no fields of type {hint}.")


def _optional(hint: object) -> Reader:
    present, *others = (arm for arm in get_args(hint) if arm is not type(None))
    if others:
        raise TypeError(f"A field takes one type, or None: {hint}.")
    inner = _reader(present)
    return lambda given, path: None if given is None else inner(given, path)


def _items(read: Reader) -> Reader:
    def read_all(given: object, path: str) -> object:
        if not isinstance(given, list | tuple):
            raise MalformedInput(path=path, given=_shown(given), hint="Send a list.")
        items = cast("list[object] | tuple[object, ...]", given)
        return tuple([read(item, f"{path}.{index}") for index, item in enumerate(items)])

    return read_all


def _member(kind: type[Enum]) -> Reader:
    refusal = ReasonCodeInvalid if kind in (ReasonCode, TargetReason) else MalformedInput
    members: dict[object, Enum] = {member.value: member for member in kind}
    hint = "Write one of " + ", ".join(str(member.value) for member in kind) + "."

    def read(given: object, path: str) -> object:
        member = members.get(given) if isinstance(given, str) else None
        if member is None:
            raise refusal(path=path, given=_shown(given), hint=hint)
        return member

    return read


def _text(given: object, path: str) -> str:
    if not isinstance(given, str):
        raise MalformedInput(path=path, given=_shown(given), hint="Send text.")
    # PostgreSQL has no text with NUL in it, so such an event could be stored but never projected.
    if "\0" in given:
        raise MalformedInput(path=path, hint="Text holds no NUL character.")
    check_normal(given, path=path)
    return given


def _reason(given: object, path: str) -> str:
    if given is None:
        raise ReasonRequired(path=path)
    return _text(given, path)


def _integer(given: object, path: str) -> int:
    # A bool is an int to Python, not to whoever wrote `true`.
    if not isinstance(given, int) or isinstance(given, bool) or abs(given) > INTEGER_MAX:
        raise MalformedInput(path=path, given=_shown(given), hint="Send a whole number.")
    return given


def _truth(given: object, path: str) -> bool:
    if not isinstance(given, bool):
        raise MalformedInput(path=path, given=_shown(given), hint="Send true or false.")
    return given


def _decimal(given: object, path: str) -> Decimal:
    return parse_decimal(given, path=path)


def _day(given: object, path: str) -> date:
    try:
        day = date.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        day = None
    # Python also reads 20180131 and 2018-W05-3; one day has one spelling here.
    if day is None or day.isoformat() != given:
        raise MalformedInput(path=path, given=_shown(given), hint="Write a day as 2018-01-31.")
    return day


def _shown(given: object) -> str:
    return repr(given)[:_SHOWN_MAX]


_PLAIN: dict[object, Reader] = {str: _text, int: _integer, bool: _truth, Decimal: _decimal, date: _day}

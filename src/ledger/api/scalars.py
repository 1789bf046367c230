"""Scalars: numbers that never become floats, instants with a zone, positions beyond 32 bits."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NewType
from uuid import UUID

import strawberry
from graphql import FloatValueNode, GraphQLError, IntValueNode, StringValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

from ledger.domain.refusals import MalformedInput
from ledger.entries import timestamp

Position = NewType("Position", int)
JSON = NewType("JSON", object)
POSITION_MAX = 2**53 - 1

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def _malformed(message: str) -> GraphQLError:
    """What is said of a text that a scalar cannot be read from; where it stands, the locations of the error say."""
    return GraphQLError(message, extensions={"code": MalformedInput.code(), "retryable": False})


def _read_position(given: object) -> int:
    text = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    if not isinstance(text, str) or not re.fullmatch(r"0|[1-9]\d{0,15}", text, re.ASCII) or int(text) > POSITION_MAX:
        raise _malformed(f"A Position is a whole number from 0 to {POSITION_MAX}, written as digits.")
    return int(text)


def _read_timestamp(given: object) -> datetime:
    if not isinstance(given, str) or not _INSTANT.fullmatch(given):
        raise _malformed("A Timestamp is RFC 3339 with a zone, such as 2019-02-26T01:00:00Z.")
    try:
        return datetime.fromisoformat(given).astimezone(UTC)
    except ValueError as error:
        raise _malformed(f"This is not an instant: {error}.") from None


def _read_uuid(given: object) -> UUID:
    try:
        return UUID(given if isinstance(given, str) else "")
    except ValueError:
        raise _malformed("A UUID is written as 32 hexadecimal digits.") from None


def _read_date(given: object) -> date:
    if not isinstance(given, str) or not _DAY.fullmatch(given):
        raise _malformed("A Date is written as 2019-02-26.")
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise _malformed(f"This is not a day: {error}.") from None


def _literal(node: ValueNode, variables: dict[str, Any] | None = None) -> object:
    """A Decimal as it is written: numbers without quotes stay what they are, to be refused by name."""
    match node:
        case StringValueNode():
            return node.value
        case IntValueNode() | FloatValueNode():
            return float(node.value)
        case _:
            raise _malformed("A Decimal is a string.")


def _as_given(value: Any) -> Any:
    # The command's reader refuses what is not a plain decimal, with a code and a path.
    return value


def _plain(value: Decimal | str) -> str:
    return format(value, "f") if isinstance(value, Decimal) else value


SCALARS: dict[object, ScalarDefinition] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number as a string, such as "84.50"; never a float.',
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8785",
        serialize=_plain,
        parse_value=_as_given,
        parse_literal=_literal,
    ),
    Position: strawberry.scalar(
        name="Position",
        description="A place in the ledger, from 1 without gaps, as a string of digits.",
        specified_by_url="https://c2sp.org/tlog-tiles",
        serialize=str,
        parse_value=_read_position,
    ),
    datetime: strawberry.scalar(
        name="Timestamp",
        description="An instant in RFC 3339; answers are in UTC with microseconds.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=timestamp,
        parse_value=_read_timestamp,
    ),
    UUID: strawberry.scalar(
        name="UUID",
        description="An id that nobody else makes, such as a client's name for a command.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc9562",
        serialize=str,
        parse_value=_read_uuid,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day of the calendar, as in 2019-02-26.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=date.isoformat,
        parse_value=_read_date,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Plain JSON, as it stands in the entry.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        serialize=_as_given,
        parse_value=_as_given,
    ),
}

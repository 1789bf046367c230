"""Commands sent as the mutations they are: whatever can be told to a ledger in memory can be told over HTTP."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from client import Client
from clock import Clock

from ledger.domain.world import Command


class Sender:
    """A ledger behind HTTP, whose clock says when a command is sent."""

    def __init__(self, client: Client, clock: Clock):
        self._client, self._clock = client, clock

    def given(self, command: Command, *, by: str, at: datetime) -> int:
        """Send a command that must be recorded; the last position it reached."""
        self._clock.now = at
        name = type(command).__name__
        return self._client.record(name[0].lower() + name[1:], as_input(command), by=by)


def as_input(value: Any, name: str = "") -> Any:
    """A command, or a value in it, as a client spells it; `name` is that of its field."""
    if is_dataclass(value):
        return {_camel(each.name): as_input(getattr(value, each.name), each.name) for each in fields(value)}
    if isinstance(value, tuple):
        return [as_input(item, name) for item in value]
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int) and name.endswith(("position", "positions")):
        return str(value)
    return value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)

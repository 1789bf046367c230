"""A clock that shows what it is told: the time of a ledger whose past is played, not lived."""

from __future__ import annotations

from datetime import UTC, datetime


class ScriptedClock:
    """Shows the moment that is being played."""

    def __init__(self) -> None:
        self.now = datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

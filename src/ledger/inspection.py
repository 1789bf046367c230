"""Inspection: is a range of events fit to be folded?

Folds read the typed columns and never the entries' bytes, so damage would pass them by
unseen. Once per range, before any projection folds it, the cheap signs are looked at: no
position is missing, every type is known, the bytes are JSON and end as the columns say.
Whether they are the bytes that were signed is the verifier's question, not this one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import psycopg
from psycopg.sql import SQL, Composable, Composed, Literal

from ledger.database import Connection
from ledger.domain.commands import COMMANDS
from ledger.domain.facts import FACTS
from ledger.projection import statement


@dataclass(frozen=True, slots=True)
class Damage:
    """The first position that is not fit to be folded, and why."""

    position: int
    reason: str


class Inspection:
    """Inspects each range once; remembers, for each ledger, the range that it found sound.

    Safe to call from several threads: who needs a range that another is inspecting waits for it.
    """

    def __init__(self) -> None:
        # Guarded by _lock.
        self._sound: dict[int, tuple[int, int]] = {}
        self._lock = threading.Lock()
        self._types = _fact_types()

    def first_damage(self, connection: Connection, ledger_id: int, *, after: int, through: int) -> Damage | None:
        """Return the first damage in (after, through], None if the range is sound."""
        with self._lock:
            low, high = self._sound.get(ledger_id, (after, after))
            if not low <= after <= high:
                low, high = after, after
            if high >= through:
                return None
            damage = self._narrowed(connection, ledger_id, high, through)
            high = through if damage is None else max(high, damage.position - 1)
            self._sound[ledger_id] = (low, high)
            return damage

    def sound(self, **arguments: Composable) -> Composed:
        """The condition, in SQL, that there is no damage in a range; bytes that are not JSON raise an error."""
        return _SOUND.format(_INSPECT.given(types=Literal(self._types), **arguments), **arguments)

    def _narrowed(self, connection: Connection, ledger_id: int, after: int, through: int) -> Damage | None:
        """Look at the range; if its bytes cannot even be read, look at smaller and smaller ones."""
        try:
            return self._look(connection, ledger_id, after, through)
        except psycopg.DataError as error:
            if through - after == 1:
                return Damage(through, f"the entry is not JSON: {error.diag.message_primary}")
        middle = (after + through) // 2
        return self._narrowed(connection, ledger_id, after, middle) or self._narrowed(
            connection, ledger_id, middle, through
        )

    def _look(self, connection: Connection, ledger_id: int, after: int, through: int) -> Damage | None:
        arguments = {"ledger_id": ledger_id, "after": after, "through": through}
        with connection.transaction():
            row = connection.execute(_INSPECT.sql, arguments | {"types": self._types}).fetchone()
        assert row is not None
        events, unknown, damaged = row
        found: list[Damage] = []
        if unknown is not None:
            found.append(Damage(unknown, "unknown fact type"))
        if damaged is not None:
            found.append(Damage(damaged, "the entry's bytes and its typed columns differ"))
        if events != through - after:
            missing = connection.execute(_MISSING, arguments).fetchone()
            if missing is not None and missing[0] is not None:
                found.append(Damage(missing[0], "the event is missing"))
        return min(found, key=lambda damage: damage.position, default=None)


def _fact_types() -> list[str]:
    # Every kind of fact is declared once the commands that leave them are.
    assert COMMANDS
    return sorted(name for name, kind in FACTS.items() if not kind.__subclasses__())


_INSPECT = statement("projector_inspect")
_MISSING = statement("projector_missing").sql
_SOUND = SQL(
    "(SELECT events = {through} - {after} AND unknown_position IS NULL AND damaged_position IS NULL"
    " FROM ({}) AS looked)"
)

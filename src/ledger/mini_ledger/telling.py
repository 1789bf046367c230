"""Telling: the golden mini-ledger told to a real ledger by the ordinary commands.

Every command has an id that follows from its place. Told once more, a ledger answers with what it
has already, so a telling that was cut short is simply told again.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from ledger.batches import Request
from ledger.commands import Commands
from ledger.domain.world import Command
from ledger.evidence import EvidenceDirectory
from ledger.mini_ledger.events import DOCUMENT
from ledger.mini_ledger.story import FOUNDED, OPENING, MiniLedger
from ledger.scripted import ScriptedClock
from ledger.store import Store

LAST = 83
"""The last event of the specification."""


class Script(ScriptedClock):
    """What a ledger that is told a story takes from outside: its instants, and the keys of its persons."""

    def __init__(self) -> None:
        super().__init__()
        self._command = self._keys = 0

    def turn(self, at: datetime) -> str:
        """Go on to the next command, at an instant; return what the command is called."""
        self.now, self._command, self._keys = at, self._command + 1, 0
        return f"ledger-mini:{self._command}"

    def new_key(self) -> bytes:
        """A key that follows from its place: every telling is the same, byte for byte. The persons are nobody."""
        self._keys += 1
        return hashlib.sha256(f"ledger-mini:{self._command}:key:{self._keys}".encode()).digest()


class Listener:
    """A ledger that a story is told to."""

    def __init__(self, store: Store, script: Script, documents: EvidenceDirectory):
        self._script = script
        self._commands = Commands(store, stored_bytes=documents.size)

    def given(self, command: Command, *, by: str, at: datetime) -> int:
        """Send a command as somebody, at an instant; return its last position. Raises Refused."""
        command_id = uuid5(NAMESPACE_URL, self._script.turn(at))
        return self._commands.execute(Request(command=command, command_id=command_id, person_id=by)).position


def tell(store: Store, script: Script, documents: EvidenceDirectory, *, through: int = LAST) -> dict[int, int]:
    """Tell a ledger what it does not have yet, up to an event of the specification.

    Returns its position for each of the specification's. Raises Refused if the ledger is not this
    story's alone.
    """
    documents.put([DOCUMENT])
    listener = Listener(store, script, documents)
    listener.given(OPENING, by="founder", at=FOUNDED)
    return MiniLedger(listener).tell(through).at

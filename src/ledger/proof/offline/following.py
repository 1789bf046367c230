"""Entries followed one after the other: their order, the versions of streams, the rules of procedure, and openings.

It takes twice as long as hashing them, and needs nothing of it; where there are many entries,
a process of its own does it in the meantime.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ledger.proof.offline.entries import entry_of
from ledger.proof.offline.notes import Bad
from ledger.proof.offline.openings import Opening
from ledger.proof.offline.procedure import Procedure, Stream
from ledger.proof.offline.tree import FULL, path_of, unbundled

FINDINGS_MAX = 100
MANY = 100_000


class Found(NamedTuple):
    """One thing that is wrong, or that leaves a doubt."""

    kind: str
    position: int | None
    sentence: str


Openings = dict[int, list[Opening]]
"""By position."""


@contextmanager
def following(directory: Path, size: int, openings: Openings) -> Generator[Callable[[], list[Found]]]:
    """Gives what tells the findings in a bundle's entries; many entries are followed while the block goes on."""
    if size < MANY or "fork" not in multiprocessing.get_all_start_methods():
        yield lambda: followed(directory, size, openings)
        return
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=lambda: there.send(followed(directory, size, openings)), daemon=True)
    process.start()
    there.close()

    def told() -> list[Found]:
        try:
            return here.recv()
        except EOFError:
            raise Bad("the process that follows the entries has died") from None

    try:
        yield told
    finally:
        process.terminate()
        process.join()


def followed(directory: Path, size: int, openings: Openings) -> list[Found]:
    """What is found in the entries of a bundle."""
    follower = Follower(openings)
    for index in range(-(-size // FULL)):
        width = min(FULL, size - index * FULL)
        entries = entries_in(directory, index, width)
        if len(entries) < width or not follower.follow(entries[:width]):
            return follower.findings
    follower.miss()
    return follower.findings


def entries_in(directory: Path, index: int, width: int) -> list[bytes]:
    """The entries behind a tile, also where there are more or fewer of them than there have to be."""
    path = directory / path_of("entries", index, width)
    if not path.exists():
        others = (directory / path_of("entries", index, 1)).parent.glob("*")
        path = max(others, key=lambda other: other.stat().st_size, default=path)
    return unbundled(path.read_bytes() if path.exists() else b"")


class Follower:
    """Follows the entries of a ledger from the first on."""

    def __init__(self, openings: Openings) -> None:
        self.findings: list[Found] = []
        self._openings = dict(openings)
        self._procedure = Procedure()
        self._streams: dict[bytes, Stream] = {}
        self._recorded_at = b""

    def follow(self, entries: Iterable[bytes]) -> bool:
        """Check that the next entries continue those before and keep to the rules; False if they go astray."""
        streams, broken, openings = self._streams, self._procedure.broken, self._openings
        for position, entry in enumerate(entries, len(self._procedure.types)):
            found = entry_of(entry)
            if found is None:
                return self._stray(position, "The bytes are not an entry.")
            actor, data, said, recorded_at, name, kind, version = found.groups()
            if int(said) != position:
                return self._stray(position, f"The entry calls itself position {int(said)}.")
            if recorded_at < self._recorded_at:
                return self._stray(position, "The entry was recorded before the one in front of it.")
            self._recorded_at = recorded_at
            stream = streams.get(name)
            if stream is None:
                stream = streams[name] = Stream()
            stream.version += 1
            if int(version) != stream.version:
                return self._stray(position, f"Version {stream.version} of {_shown(name)} is missing.")
            for sentence in broken(position, kind, stream, name, actor, data):
                self._found("PROCEDURE", position, sentence)
            if position in openings:
                self._open(position, entry)
        return True

    def miss(self) -> None:
        """There are no more entries that an opening could be of."""
        for position, openings in islice(self._openings.items(), FINDINGS_MAX):
            self._found("OPENING", position, f"There is no such entry to open the {openings[0].field} of.")

    def _open(self, position: int, entry: bytes) -> None:
        for opening in self._openings.pop(position):
            if not opening.opens(entry):
                self._found("OPENING", position, f"The entry does not commit to this {opening.field}.")

    def _stray(self, position: int, sentence: str) -> bool:
        self._found("ORDER", position, sentence)
        return False

    def _found(self, kind: str, position: int, sentence: str) -> None:
        # The one at which all ends is told even where there were many before.
        if len(self.findings) < FINDINGS_MAX or kind == "ORDER":
            self.findings.append(Found(kind, position, sentence))


def _shown(name: bytes) -> str:
    return name.decode(errors="replace")

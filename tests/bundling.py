"""Bundles for the tests of verification: of entries that only have to be signed, and altered afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from ledger.domain.facts import Event
from ledger.domain.merkle import Tile, entries_path, leaf_hash, tiles_of
from ledger.entries import Draft, EntryMapper
from ledger.proof.bundle import bundle
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.memory import Memory
from ledger.proof.offline.tree import unbundled
from ledger.proof.offline.verifying import Verdict, Verification

BEGAN = datetime(2018, 3, 1, tzinfo=UTC)

Said = dict[str, Any]


def entries_of(drafts: Iterable[Draft]) -> list[bytes]:
    """Drafts at positions 1, 2, 3 …, one a second."""
    mapper = EntryMapper()
    return [
        mapper.to_stored_event(draft).sealed(position, BEGAN + timedelta(seconds=position))
        for position, draft in enumerate(drafts, start=1)
    ]


def entries_of_events(events: Iterable[Event]) -> list[bytes]:
    """What was decided in a city's memory, as it would be stored."""
    mapper = EntryMapper()
    return [
        mapper.to_stored_event(Draft(e.stream, e.version, e.fact, e.actor, e.command_id)).sealed(
            e.position, e.recorded_at
        )
        for e in events
    ]


def altered(entry: bytes, change: Callable[[Said], object]) -> bytes:
    """An entry that says something else, in its canonical form."""
    said = json.loads(entry)
    change(said)
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def signed(directory: Path, entries: Sequence[bytes], *, sizes: Sequence[int] = ()) -> Path:
    """The signer's directory once it has signed these entries, believing whatever it was shown; at each size."""
    memory = Memory(directory, origin="city.example/scores/1")
    for size in (*sizes, len(entries)):
        leaves = [leaf_hash(entry) for entry in entries[memory.last.size : size]]
        tree = memory.tree.extended(leaves)
        memory.leaves.append(leaves, after=memory.tree.size)
        memory.remember(Checkpoint(memory.last.origin, tree.size, tree.root), tree)
    memory.close()
    return directory


def bundled(directory: Path, signer_dir: Path, entries: Sequence[bytes]) -> Path:
    """The bundle of these entries."""
    bundle(directory, signer_dir, lambda through: entries[:through])
    return directory


def verified(directory: Path, **asked: Path) -> Verdict:
    """What the verifier says."""
    return Verification(directory, **asked).run()


def first_bad(directory: Path, **asked: Path) -> tuple[str, int | None] | None:
    """The kind and the position of what the verifier finds first."""
    found = verified(directory, **asked).first_bad
    return None if found is None else (found.kind, found.position)


class Files(NamedTuple):
    """The files of a bundle, to be altered."""

    directory: Path
    size: int

    def tile(self, level: int, index: int) -> Path:
        """The file of a tile."""
        return self.directory / self._found(level, index).path

    def entries(self, index: int) -> Path:
        """The file of the entries behind a tile."""
        return self.directory / entries_path(index, self._found(0, index).width)

    def rewrite(self, index: int, change: Callable[[list[bytes]], object]) -> None:
        """Change the list of entries behind a tile."""
        path = self.entries(index)
        entries = unbundled(path.read_bytes())
        change(entries)
        path.write_bytes(b"".join(len(entry).to_bytes(2) + entry for entry in entries))

    def _found(self, level: int, index: int) -> Tile:
        return next(tile for tile in tiles_of(self.size) if (tile.level, tile.index) == (level, index))


def flip(path: Path, offset: int) -> None:
    """Flip one bit of a file."""
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)

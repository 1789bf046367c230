"""The leaf hashes of everything that was ever signed, in one file, oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ledger.domain.merkle import HASH_BYTES, TILE_HEIGHT, CompactRange, hashes_of, node_hash
from ledger.proof.durable import write_at

PAGE_LEAVES = 65_536


class Leaves:
    """A signer's own record of the tree; what lies behind the signed size is a killed signer's and means nothing."""

    def __init__(self, path: Path):
        self._path = path
        # Roots of complete subtrees of 256 leaves and more. They never change.
        self._nodes: dict[tuple[int, int], bytes] = {}

    @property
    def size(self) -> int:
        """How many whole leaf hashes are there, 0 without the file."""
        try:
            return self._path.stat().st_size // HASH_BYTES
        except FileNotFoundError:
            return 0

    def append(self, leaves: list[bytes], *, after: int) -> None:
        """Keep these leaf hashes behind the first `after`."""
        write_at(self._path, b"".join(leaves), offset=after * HASH_BYTES)

    def read(self, first: int, end: int) -> list[bytes]:
        """The leaf hashes with index in [first, end); fewer if the file ends before."""
        try:
            with self._path.open("rb") as file:
                file.seek(first * HASH_BYTES)
                found = file.read((end - first) * HASH_BYTES)
        except FileNotFoundError:
            return []
        return hashes_of(found[: len(found) // HASH_BYTES * HASH_BYTES])

    def pages(self, end: int) -> Iterator[list[bytes]]:
        """Yield the first `end` leaf hashes, some at a time."""
        for first in range(0, end, PAGE_LEAVES):
            yield self.read(first, min(end, first + PAGE_LEAVES))

    def tree(self, size: int) -> CompactRange:
        """The tree over the first `size` leaves, or over as many as there are."""
        tree = CompactRange()
        for page in self.pages(size):
            tree = tree.extended(page)
        return tree

    def node(self, level: int, index: int) -> bytes:
        """The root over leaves [index * 2**level, (index + 1) * 2**level), which must all be there."""
        if level < TILE_HEIGHT:
            return CompactRange().extended(self.read(index << level, (index + 1) << level)).root
        kept = self._nodes.get((level, index))
        if kept is None:
            if level == TILE_HEIGHT:
                kept = CompactRange().extended(self.read(index << level, (index + 1) << level)).root
            else:
                kept = node_hash(self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1))
            self._nodes[level, index] = kept
        return kept

    def forget(self) -> None:
        """Compute every node from the file again."""
        self._nodes.clear()

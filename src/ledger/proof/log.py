"""The log, read: proofs, tiles and bundles of entries, as they are stored.

What is read here is the database's word; it proves something to whoever holds it against a
checkpoint that was signed.
"""

from __future__ import annotations

import base64
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg import Cursor
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from ledger.database import Connection
from ledger.domain.merkle import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Tile,
    consistency_path,
    hashes_of,
    inclusion_path,
    leaf_hash,
    root_at,
    root_of,
)
from ledger.domain.refusals import UnknownId
from ledger.tiles import stored_hashes

ENTRY_LENGTH_BYTES = 2

_TLOG_PROOF = "c2sp.org/tlog-proof@v1"

_HEAD = "SELECT head FROM ledger.ledger WHERE ledger_id = %s"
_TILE = "SELECT data FROM ledger.tile WHERE ledger_id = %s AND level = %s AND tile_index = %s"
_ENTRIES = "SELECT entry FROM ledger.event WHERE ledger_id = %s AND position > %s AND position <= %s ORDER BY position"


@dataclass(frozen=True, slots=True)
class Inclusion:
    """An entry with what leads from it to the root of a tree."""

    position: int
    size: int
    entry: bytes
    path: tuple[bytes, ...]
    root: bytes

    @property
    def index(self) -> int:
        """The leaf's place in the tree, from 0."""
        return self.position - 1

    @property
    def leaf(self) -> bytes:
        """The entry's leaf hash."""
        return leaf_hash(self.entry)

    def tlog_proof(self, note: str) -> str:
        """All of it as one text, to be checked without us; `note` is a signed checkpoint of this size.

        Source: C2SP tlog-proof.
        """
        path = "".join(f"{base64.b64encode(each).decode()}\n" for each in self.path)
        return f"{_TLOG_PROOF}\nindex {self.index}\n{path}\n{note}"


class LogReader:
    """Reads the log of one ledger; safe to share between threads."""

    def __init__(self, readers: ConnectionPool[Connection], *, ledger_id: int = 1):
        self._readers = readers
        self._ledger_id = ledger_id

    @property
    def size(self) -> int:
        """How many entries the log has, which is the ledger's head."""
        with self._opened() as tree:
            return tree.size

    def root(self, size: int) -> bytes:
        """The root hash of the tree of the first `size` entries. Raises UnknownId if there are fewer."""
        with self._opened(size) as tree:
            return root_at(size, tree.node)

    def inclusion(self, position: int, size: int) -> Inclusion:
        """The entry at a position, and its path in the tree of `size`. Raises UnknownId if it is not in there."""
        with self._opened(size) as tree:
            if not 1 <= position <= size:
                raise UnknownId(path="position", position=position, size=size)
            [entry] = tree.entries(position - 1, position)
            path = inclusion_path(position - 1, size, tree.node)
            return Inclusion(position, size, entry, tuple(path), root_at(size, tree.node))

    def consistency(self, size1: int, size2: int) -> list[bytes]:
        """The path from the tree of `size1` to that of `size2`. Raises UnknownId if either is not there, or empty."""
        with self._opened(size2) as tree:
            if not 1 <= size1 <= size2:
                raise UnknownId(path="from", size=size1)
            return consistency_path(size1, size2, tree.node)

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a tile, full or partial. Raises UnknownId if the log has not come so far."""
        with self._opened((tile.index * TILE_WIDTH + tile.width) << TILE_HEIGHT * tile.level) as tree:
            return b"".join(tree.hashes(tile.level, tile.index)[: tile.width])

    def entries(self, index: int, width: int = TILE_WIDTH) -> bytes:
        """The entries behind a tile of level 0, each with its length before it.

        Raises UnknownId if the log has not come so far.
        """
        end = index * TILE_WIDTH + width
        with self._opened(end) as tree:
            found = tree.entries(index * TILE_WIDTH, end)
        return b"".join(part for entry in found for part in (len(entry).to_bytes(ENTRY_LENGTH_BYTES), entry))

    @contextmanager
    def _opened(self, size: int = 0) -> Generator[_StoredTree]:
        """The tree as it is stored now. Raises UnknownId if it is smaller than `size`."""
        with self._readers.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(_HEAD, (self._ledger_id,)).fetchone()
            tree = _StoredTree(cursor, self._ledger_id, row["head"] if row else 0)
            if not 0 <= size <= tree.size:
                raise UnknownId(path="size", size=size, head=tree.size)
            yield tree


@dataclass(frozen=True, slots=True)
class _StoredTree:
    """The stored tree at one size. A tile is read once, and a subtree is hashed once."""

    cursor: Cursor[DictRow]
    ledger_id: int
    size: int
    _read: dict[tuple[int, int], list[bytes]] = field(default_factory=dict[tuple[int, int], list[bytes]])
    _nodes: dict[tuple[int, int], bytes] = field(default_factory=dict[tuple[int, int], bytes])

    def node(self, level: int, index: int) -> bytes:
        """The root of a complete subtree."""
        key = (level, index)
        if key not in self._nodes:
            tile_level, height = divmod(level, TILE_HEIGHT)
            tile_index, place = divmod(index << height, TILE_WIDTH)
            self._nodes[key] = root_of(self.hashes(tile_level, tile_index)[place : place + (1 << height)])
        return self._nodes[key]

    def hashes(self, level: int, tile_index: int) -> list[bytes]:
        """The hashes of a tile, as many as there are."""
        key = (level, tile_index)
        if key not in self._read:
            start = tile_index * TILE_WIDTH
            end = min(start + TILE_WIDTH, self.size >> TILE_HEIGHT * level)
            self._read[key] = (
                self._full(level, tile_index)
                if end - start == TILE_WIDTH
                else stored_hashes(self.cursor, self.ledger_id, level, start, end)
            )
        return self._read[key]

    def entries(self, start: int, end: int) -> list[bytes]:
        """The entries with index in [start, end)."""
        rows = self.cursor.execute(_ENTRIES, (self.ledger_id, start, end), binary=True)
        return [row["entry"] for row in rows]

    def _full(self, level: int, tile_index: int) -> list[bytes]:
        row = self.cursor.execute(_TILE, (self.ledger_id, level, tile_index), binary=True).fetchone()
        if row is None:
            # Somebody has deleted it. The proof then shows whether what it was made of is still the same.
            start = tile_index * TILE_WIDTH
            return stored_hashes(self.cursor, self.ledger_id, level, start, start + TILE_WIDTH)
        return hashes_of(row["data"])

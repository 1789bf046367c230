"""The log beside the events: its full tiles and its peaks, as the append writes them.

Both are written in the append's own transaction, so that a crash leaves them as it leaves the
events, and computed here and not by triggers, which would take a second for what takes a
millisecond. A tile is stored when it is full; until then its hashes are in no table, and
are hashed again from the entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, LiteralString, cast

from psycopg import Connection, Cursor
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL

from ledger.domain.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, CompactRange, hashes_of, leaf_hash

BUILD_BATCH_EVENTS = 20_000

_ENTRIES = "SELECT entry FROM ledger.event WHERE ledger_id = %s AND position > %s AND position <= %s ORDER BY position"
_ROOTS = (
    "SELECT root FROM ledger.tile WHERE ledger_id = %s AND level = %s AND tile_index >= %s AND tile_index < %s"
    " ORDER BY tile_index"
)
_INSERT = SQL(cast(LiteralString, (files("ledger") / "sql" / "insert_tiles.sql").read_text("utf-8")))


class DamagedLog(Exception):
    """The stored log does not fit the stored events: it cannot be continued."""


@dataclass(frozen=True, slots=True)
class FullTile:
    """A tile as it is stored."""

    level: int
    tile_index: int
    root: bytes
    data: bytes


def tree_of(size: int, peaks: bytes) -> CompactRange:
    """The tree that a ledger's head and peaks stand for. Raises DamagedLog if they do not fit."""
    if len(peaks) != size.bit_count() * HASH_BYTES:
        raise DamagedLog(f"{len(peaks)} bytes of peaks do not fit a head of {size}")
    return CompactRange(size, tuple(hashes_of(peaks)))


def peaks_of(tree: CompactRange) -> bytes:
    """A tree's peaks, as they are stored."""
    return b"".join(tree.hashes)


def fills_tile(size: int, added: int) -> bool:
    """Whether some tile of a tree of `size` becomes full with so many leaves more."""
    return size % TILE_WIDTH + added >= TILE_WIDTH


class LogWriter:
    """Continues one ledger's log, and stores its tiles as they become full."""

    def __init__(self, ledger_id: int):
        self.ledger_id = ledger_id
        # The hashes that no full tile holds yet, with the tree that they end; of any other tree they are read.
        self._unfilled: tuple[CompactRange, list[bytes]] = (CompactRange(), [])

    def remember(self, tree: CompactRange, grown: CompactRange, leaves: Sequence[bytes]) -> None:
        """Keep in mind that leaves were appended to `tree`, which filled no tile."""
        known, unfilled = self._unfilled
        if known == tree:
            self._unfilled = grown, [*unfilled, *leaves]

    def append(self, cursor: Cursor[DictRow], tree: CompactRange, leaves: Sequence[bytes]) -> CompactRange:
        """Append leaf hashes to the log of `tree` and return the tree that it is then.

        The caller holds the ledger's append lock. Nothing is asked of the database if no tile
        becomes full. Raises DamagedLog if the earlier entries of a tile are not there.
        """
        grown, levels = tree.extension(leaves)
        tiles: list[FullTile] = []
        known, unfilled = self._unfilled
        level, before, nodes = 0, tree.size, levels[0]
        while (begun := before % TILE_WIDTH) + len(nodes) >= TILE_WIDTH:
            if level or known != tree:
                hashes = stored_hashes(cursor, self.ledger_id, level, before - begun, before) + nodes
            else:
                hashes = unfilled + nodes
            roots = levels[TILE_HEIGHT * (level + 1)]
            first = before // TILE_WIDTH
            tiles += [
                FullTile(level, first + place, root, b"".join(hashes[place * TILE_WIDTH : (place + 1) * TILE_WIDTH]))
                for place, root in enumerate(roots)
            ]
            if level == 0:
                known, unfilled, leaves = tree, hashes[len(roots) * TILE_WIDTH :], []
            level, before, nodes = level + 1, first, roots
        if tiles:
            columns = {name: [getattr(tile, name) for tile in tiles] for name in FullTile.__slots__}
            cursor.execute(_INSERT, columns | {"ledger_id": self.ledger_id}, binary=True)
        if known == tree:
            self._unfilled = grown, [*unfilled, *leaves]
        return grown


def build_missing(connection: Connection[Any]) -> list[int]:
    """Build the log of every ledger that has events but no log yet, and return their ids; for the migration.

    Runs in the caller's transaction, as the owner.
    """
    with connection.cursor(binary=True, row_factory=dict_row) as cursor:
        behind = cursor.execute("SELECT ledger_id, head FROM ledger.ledger WHERE head > 0 AND peaks = ''").fetchall()
        for row in behind:
            log, tree = LogWriter(row["ledger_id"]), CompactRange()
            while tree.size < row["head"]:
                through = min(tree.size + BUILD_BATCH_EVENTS, row["head"])
                leaves = stored_hashes(cursor, row["ledger_id"], 0, tree.size, through)
                tree = log.append(cursor, tree, leaves)
            cursor.execute(
                "UPDATE ledger.ledger SET peaks = %b WHERE ledger_id = %s", (peaks_of(tree), row["ledger_id"])
            )
    return [row["ledger_id"] for row in behind]


def stored_hashes(cursor: Cursor[DictRow], ledger_id: int, level: int, start: int, end: int) -> list[bytes]:
    """The hashes [start, end) of one level, from the entries or from the roots of the tiles below.

    Raises DamagedLog if they are not all there.
    """
    if start == end:
        return []
    if level == 0:
        rows = cursor.execute(_ENTRIES, (ledger_id, start, end), binary=True).fetchall()
        found = [leaf_hash(row["entry"]) for row in rows]
    else:
        rows = cursor.execute(_ROOTS, (ledger_id, level - 1, start, end), binary=True).fetchall()
        found = [row["root"] for row in rows]
    if len(found) != end - start:
        raise DamagedLog(f"of hashes {start} to {end - 1} of level {level} there are {len(found)}")
    return found

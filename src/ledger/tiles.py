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

from ledger.domain.merkle import HASH_BYTES, TILE_WIDTH, CompactRange, hashes_of, leaf_hash, root_of

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


def insert_tiles(cursor: Cursor[DictRow], ledger_id: int, before: int, leaves: Sequence[bytes]) -> None:
    """Store the tiles that become full when these leaf hashes are appended to a log of `before`.

    The caller holds the ledger's append lock. Nothing is asked of the database if no tile
    becomes full. Raises DamagedLog if the earlier entries of a tile are not there.
    """
    tiles: list[FullTile] = []
    level, hashes = 0, list(leaves)
    while (unfilled := before % TILE_WIDTH) + len(hashes) >= TILE_WIDTH:
        hashes = stored_hashes(cursor, ledger_id, level, before - unfilled, before) + hashes
        filled = _full_tiles(level, before // TILE_WIDTH, hashes)
        tiles += filled
        level, before, hashes = level + 1, before // TILE_WIDTH, [tile.root for tile in filled]
    if tiles:
        columns = {name: [getattr(tile, name) for tile in tiles] for name in FullTile.__slots__}
        cursor.execute(_INSERT, columns | {"ledger_id": ledger_id}, binary=True)


def build_missing(connection: Connection[Any]) -> list[int]:
    """Build the log of every ledger that has events but no log yet, and return their ids; for the migration.

    Runs in the caller's transaction, as the owner.
    """
    with connection.cursor(binary=True, row_factory=dict_row) as cursor:
        behind = cursor.execute("SELECT ledger_id, head FROM ledger.ledger WHERE head > 0 AND peaks = ''").fetchall()
        for row in behind:
            tree = CompactRange()
            while tree.size < row["head"]:
                through = min(tree.size + BUILD_BATCH_EVENTS, row["head"])
                leaves = stored_hashes(cursor, row["ledger_id"], 0, tree.size, through)
                insert_tiles(cursor, row["ledger_id"], tree.size, leaves)
                tree = tree.extended(leaves)
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


def _full_tiles(level: int, first: int, hashes: Sequence[bytes]) -> list[FullTile]:
    groups = (hashes[start : start + TILE_WIDTH] for start in range(0, len(hashes) - TILE_WIDTH + 1, TILE_WIDTH))
    return [
        FullTile(level, tile_index, root_of(group), b"".join(group)) for tile_index, group in enumerate(groups, first)
    ]

"""The log as it is stored, and as it follows from the stored entries."""

from __future__ import annotations

from psycopg.rows import class_row

from ledger.database import APP_ROLE, Database
from ledger.domain.merkle import TILE_WIDTH, leaf_hash, root_of
from ledger.tiles import FullTile, peaks_of, tree_of


def log_of(database: Database, ledger_id: int = 1) -> tuple[list[FullTile], bytes]:
    """The stored tiles, lowest level first, and the stored peaks."""
    with database.connect(APP_ROLE) as connection:
        tiles = connection.cursor(row_factory=class_row(FullTile)).execute(
            "SELECT level, tile_index, root, data FROM ledger.tile WHERE ledger_id = %s ORDER BY level, tile_index",
            (ledger_id,),
        )
        head = connection.execute("SELECT peaks FROM ledger.ledger WHERE ledger_id = %s", (ledger_id,)).fetchone()
        return tiles.fetchall(), head[0] if head else b""


def check_log(database: Database, ledger_id: int = 1) -> None:
    """Assert that the stored tiles and peaks are those of the stored entries."""
    with database.connect(APP_ROLE) as connection:
        rows = connection.execute(
            "SELECT entry FROM ledger.event WHERE ledger_id = %s ORDER BY position", (ledger_id,)
        ).fetchall()
    level, hashes, expected = 0, [leaf_hash(entry) for (entry,) in rows], list[FullTile]()
    tiles, peaks = log_of(database, ledger_id)
    assert tree_of(len(hashes), peaks).root == root_of(hashes)
    assert peaks_of(tree_of(len(hashes), peaks)) == peaks
    while hashes:
        groups = [hashes[start : start + TILE_WIDTH] for start in range(0, len(hashes), TILE_WIDTH)]
        full = [group for group in groups if len(group) == TILE_WIDTH]
        expected += [FullTile(level, index, root_of(group), b"".join(group)) for index, group in enumerate(full)]
        level, hashes = level + 1, [root_of(group) for group in full]
    assert tiles == expected

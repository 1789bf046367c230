"""Comparing: is what the database shows still what was signed, and where does it first differ?"""

from __future__ import annotations

from collections.abc import Iterator

from ledger.domain.merkle import TILE_HEIGHT, TILE_WIDTH, hashes_of, leaf_hash
from ledger.proof.columns import differing_column, read_entry
from ledger.proof.finding import Finding, FindingKind
from ledger.proof.leaves import PAGE_LEAVES, Leaves
from ledger.proof.snapshot import Snapshot, StoredTile


def first_difference(snapshot: Snapshot, leaves: Leaves, *, after: int, through: int) -> Finding | None:
    """Hash the entries in (after, through] again, and say where they first are not what was signed."""
    rows = snapshot.rows(after, through)
    for start in range(after, through, PAGE_LEAVES):
        end = min(through, start + PAGE_LEAVES)
        for expected, leaf in enumerate(leaves.read(start, end), start=start + 1):
            row = next(rows, None)
            if row is None and snapshot.last < expected:
                return cut_off(expected - 1, through)
            if row is None or row.position != expected:
                return rewrite(expected, "The entry is missing.")
            if leaf_hash(row.entry) != leaf:
                return rewrite(expected, "The entry is not the one that was signed.")
            said = read_entry(row.entry)
            column = differing_column(row, said) if said else "entry"
            if column is not None:
                return rewrite(expected, f"The column {column} does not say what the entry says.")
    return None


def first_wrong_tile(snapshot: Snapshot, leaves: Leaves, *, before: int, size: int) -> Finding | None:
    """Compare the full tiles that a log got on its way from `before` to `size` entries with the leaf hashes."""
    level, low, high = 0, before, size
    found: list[Finding] = []
    while high >= TILE_WIDTH:
        low, high = low // TILE_WIDTH, high // TILE_WIDTH
        wrong = _first_wrong(snapshot.tiles(level, low, high), leaves, level, low, high)
        if wrong is not None:
            found.append(wrong)
        level += 1
    return min(found, key=lambda finding: finding.first_bad or 0, default=None)


def _first_wrong(tiles: Iterator[StoredTile], leaves: Leaves, level: int, first: int, end: int) -> Finding | None:
    height = TILE_HEIGHT * level
    for index in range(first, end):
        tile = next(tiles, None)
        start = index * TILE_WIDTH
        if tile is None or tile.tile_index != index:
            return rewrite((start << height) + 1, f"The tile {index} of level {level} is missing.")
        own = _own_tile(leaves, height, start)
        stored = hashes_of(tile.data)
        if stored != own:
            place = next(place for place, pair in enumerate(zip(stored, own, strict=True)) if pair[0] != pair[1])
            return rewrite(((start + place) << height) + 1, f"The tile {index} of level {level} is not of the entries.")
        if tile.root != leaves.node(height + TILE_HEIGHT, index):
            return rewrite((start << height) + 1, f"The root of tile {index} of level {level} is not of the tile.")
    return None


def _own_tile(leaves: Leaves, height: int, start: int) -> list[bytes]:
    if height == 0:
        return leaves.read(start, start + TILE_WIDTH)
    return [leaves.node(height, start + place) for place in range(TILE_WIDTH)]


def rewrite(position: int, sentence: str) -> Finding:
    """A finding that something stored was changed."""
    return Finding(FindingKind.REWRITE, sentence, position, last_good=position - 1)


def cut_off(stored: int, signed: int) -> Finding:
    """A finding that the ledger ends before what was signed."""
    sentence = f"{signed} entries were signed, and only {stored} are there: the end was cut off, or a backup restored."
    return Finding(FindingKind.ROLLBACK, sentence, stored + 1, last_good=stored)

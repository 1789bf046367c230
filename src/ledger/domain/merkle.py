"""The Merkle tree over a ledger's entries, exactly as RFC 6962 and RFC 9162 (2.1) have it.

A leaf is an entry's hash, and its index is the entry's position less one. Whoever holds the
root of a tree can be shown, in some twenty hashes, that an entry is in it and that a later
tree only added to it. Nothing here is of our own making, so that other people's verifiers
agree with it; how hashes are grouped into tiles follows C2SP tlog-tiles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
"""So many hashes, or entries, are in one full tile."""
TILE_BYTES = TILE_WIDTH * HASH_BYTES

Nodes = Callable[[int, int], bytes]
"""`node(level, index)`: the root of the complete subtree over leaves [index * 2**level, (index + 1) * 2**level)."""

# The two prefixes keep an entry from passing for a node. Copying a hash that has its prefix saves a third of the time.
_leaf = hashlib.sha256(b"\x00")
_node = hashlib.sha256(b"\x01")


class ProofRefused(Exception):
    """A proof does not prove what it was said to."""


def leaf_hash(data: bytes) -> bytes:
    """The hash under which an entry stands in the tree."""
    hashed = _leaf.copy()
    hashed.update(data)
    return hashed.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two neighbouring subtrees."""
    hashed = _node.copy()
    hashed.update(left + right)
    return hashed.digest()


@dataclass(frozen=True, slots=True)
class CompactRange:
    """A tree by what it takes to go on appending to it: the roots of its complete subtrees."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()
    """The largest subtree, which is the leftmost, first; one for each bit set in `size`."""

    def extended(self, leaves: Iterable[bytes]) -> CompactRange:
        """The tree with these leaf hashes appended."""
        return self.extension(leaves)[0]

    def extension(self, leaves: Iterable[bytes]) -> tuple[CompactRange, list[list[bytes]]]:
        """The tree with these leaf hashes appended, and the subtrees that they complete.

        The subtrees are given by their roots, level by level: first the leaves, then those over two
        leaves, over four and so on, each level in the tree's order.
        """
        levels, peaks, left = [list(leaves)], list[bytes](), list(self.hashes)
        filled = self.size
        while filled or levels[-1]:
            nodes = [left.pop(), *levels[-1]] if filled & 1 else levels[-1]
            if len(nodes) % 2:
                peaks.append(nodes[-1])
            pairs = iter(nodes)
            levels.append([node_hash(first, second) for first, second in zip(pairs, pairs, strict=False)])
            filled >>= 1
        return CompactRange(self.size + len(levels[0]), tuple(reversed(peaks))), levels

    @property
    def root(self) -> bytes:
        """The root hash of the tree."""
        return _folded(self.hashes)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root of the tree over these leaf hashes."""
    level = list(leaves)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        # A subtree without a neighbour rises as it is; the tree then equals the recursive one of the RFC.
        alone = level[-1:] if len(level) % 2 else []
        pairs = iter(level)
        level = [node_hash(left, right) for left, right in zip(pairs, pairs, strict=False)] + alone
    return level[0]


def root_at(size: int, node: Nodes) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return _subtree_root(0, size, node)


def inclusion_path(index: int, size: int, node: Nodes) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root of the tree of `size`.

    Raises ValueError if that tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    return _proof((index, index + 1), (0, size), node, known=True)


def consistency_path(size1: int, size2: int, node: Nodes) -> list[bytes]:
    """The hashes that show the tree of `size1` to be the beginning of that of `size2`.

    Raises ValueError unless 1 <= size1 <= size2.
    """
    if not 1 <= size1 <= size2:
        raise ValueError(f"no proof leads from a tree of {size1} to one of {size2}")
    return _proof((0, size1), (0, size2), node, known=True)


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raise ProofRefused unless `path` leads from the leaf hash at `index` to the root of the tree of `size`.

    Source: RFC 9162, 2.1.3.2.
    """
    _require_hashes([leaf, *path, root])
    if not 0 <= index < size:
        raise ProofRefused(f"index {index} is not in a tree of {size}")
    place, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofRefused("the path is too long")
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            place, last = _risen(place, last)
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the path is too short")
    if found != root:
        raise ProofRefused("the path leads to another root")


def verify_consistency(size1: int, size2: int, path: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    """Raise ProofRefused unless `path` shows the tree of `size1` to be the beginning of that of `size2`.

    Nothing is proved about the empty tree, so `size1` is at least 1. Source: RFC 9162, 2.1.4.2.
    """
    _require_hashes([*path, root1, root2])
    if not 1 <= size1 <= size2:
        raise ProofRefused(f"a tree of {size2} cannot be proved to begin with one of {size1}")
    if size1 == size2:
        if path:
            raise ProofRefused("the path is too long")
        if root1 != root2:
            raise ProofRefused("two trees of one size have different roots")
        return
    if not path:
        raise ProofRefused("the path is too short")
    # A complete first tree is itself the node to start from, and is left out of the path.
    first, *rest = path if size1 & (size1 - 1) else [root1, *path]
    place, last = size1 - 1, size2 - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    found1 = found2 = first
    for sibling in rest:
        if last == 0:
            raise ProofRefused("the path is too long")
        if place & 1 or place == last:
            found1, found2 = node_hash(sibling, found1), node_hash(sibling, found2)
            place, last = _risen(place, last)
        else:
            found2 = node_hash(found2, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the path is too short")
    if found1 != root1 or found2 != root2:
        raise ProofRefused(f"the path leads to another root of {size1 if found1 != root1 else size2}")


@dataclass(frozen=True, slots=True)
class Tile:
    """Where `width` neighbouring hashes of a tree stand: each the root of 256**level leaves."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """The tile's name, below the log's."""
        return f"tile/{self.level}/{_numbered(self.index, self.width)}"


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """A tile's name, such as `tile/0/x001/x234/067` or `tile/1/004.p/12`."""
    return Tile(level, index, width).path


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """The name of the bundle of the entries that the leaves of a tile of level 0 stand for."""
    return f"tile/entries/{_numbered(index, width)}"


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree of `size`, lowest level first; the last of each level may be partial."""
    level, nodes = 0, size
    while nodes:
        full, width = divmod(nodes, TILE_WIDTH)
        yield from (Tile(level, index) for index in range(full))
        if width:
            yield Tile(level, full, width)
        level, nodes = level + 1, full


def hashes_of(tile: bytes) -> list[bytes]:
    """The hashes in a tile's bytes."""
    return [tile[start : start + HASH_BYTES] for start in range(0, len(tile), HASH_BYTES)]


def _numbered(index: int, width: int) -> str:
    name = f"{index % 1000:03}"
    while index := index // 1000:
        name = f"x{index % 1000:03}/{name}"
    return name if width == TILE_WIDTH else f"{name}.p/{width}"


def _proof(wanted: tuple[int, int], whole: tuple[int, int], node: Nodes, *, known: bool) -> list[bytes]:
    """What it takes to get from the leaves `wanted` to the root over `whole`, nearest first.

    `known` says that the reader has the root over `wanted` already. Source: RFC 9162, 2.1.3.1
    and 2.1.4.1, which are this one recursion with a leaf or a first tree as what is wanted.
    """
    if wanted == whole:
        return [] if known else [_subtree_root(*whole, node)]
    start, end = whole
    middle = start + _split(end - start)
    if wanted[1] <= middle:
        return [*_proof(wanted, (start, middle), node, known=known), _subtree_root(middle, end, node)]
    inner = (max(wanted[0], middle), wanted[1])
    known = known and wanted[0] >= middle
    return [*_proof(inner, (middle, end), node, known=known), _subtree_root(start, middle, node)]


def _subtree_root(start: int, end: int, node: Nodes) -> bytes:
    """The root over leaves [start, end), `start` being a multiple of the largest power of two in it."""
    hashes: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        hashes.append(node(level, start >> level))
        start += 1 << level
    return _folded(hashes)


def _folded(hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees, the largest first."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def _split(size: int) -> int:
    """The largest power of two smaller than `size`: so many leaves are left of the root."""
    return 1 << (size - 1).bit_length() - 1


def _risen(place: int, last: int) -> tuple[int, int]:
    """Past the levels at which the last subtree has no neighbour."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _require_hashes(given: Iterable[bytes]) -> None:
    if any(len(each) != HASH_BYTES for each in given):
        raise ProofRefused(f"a hash has {HASH_BYTES} bytes")

"""The tree of RFC 6962, against constants that others published, other people's programs, and every alteration."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore.errors import VerificationError

from ledger.domain import merkle
from ledger.domain.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    CompactRange,
    Nodes,
    ProofRefused,
    Tile,
    consistency_path,
    entries_path,
    hashes_of,
    inclusion_path,
    leaf_hash,
    root_at,
    root_of,
    tile_path,
    tiles_of,
    verify_consistency,
    verify_inclusion,
)

SIZE_MAX = 130
LEAVES = [leaf_hash(bytes([value])) for value in range(SIZE_MAX)]
OTHER = bytes(HASH_BYTES)


def nodes_of(leaves: list[bytes]) -> Nodes:
    """The complete subtrees over these leaves, each hashed when it is asked for first."""
    known = {(0, index): leaf for index, leaf in enumerate(leaves)}

    def node(level: int, index: int) -> bytes:
        if (level, index) not in known:
            known[level, index] = merkle.node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
        return known[level, index]

    return node


NODE = nodes_of(LEAVES)
ROOTS = [root_of(LEAVES[:size]) for size in range(SIZE_MAX + 1)]


def digest_of(lines: Iterator[str]) -> str:
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def line(place: str, hashes: list[bytes]) -> str:
    return " ".join([place, *(each.hex() for each in hashes)])


def subtrees(end: int) -> Iterator[int]:
    """The starts of all [start, end) that the Merkle tree certificates draft calls subtrees."""
    for start in range(end + 1):
        width = end - start
        if start == 0 or width == 0 or start % (1 << (width - 1).bit_length()) == 0:
            yield start


def subtree(start: int, end: int) -> bytes:
    return merkle._subtree_root(start, end, NODE)


# Vectors of draft-ietf-plants-merkle-tree-certs, as published in transparency-dev/merkle.


def test_subtree_hashes_are_those_of_the_certificates_draft():
    lines = (line(f"[{s}, {e})", [subtree(s, e)]) for e in range(SIZE_MAX + 1) for s in subtrees(e))
    assert digest_of(lines) == "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81"


def test_subtree_inclusion_proofs_are_those_of_the_certificates_draft():
    lines = (
        line(f"{i} [{s}, {e})", merkle._proof((i, i + 1), (s, e), NODE, known=True))
        for e in range(SIZE_MAX + 1)
        for s in subtrees(e)
        for i in range(s, e)
    )
    assert digest_of(lines) == "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f"


def test_subtree_consistency_proofs_are_those_of_the_certificates_draft():
    lines = (
        line(f"[{s}, {e}) {n}", merkle._proof((s, e), (0, n), NODE, known=True) if s < e else [])
        for n in range(SIZE_MAX + 1)
        for e in range(n + 1)
        for s in subtrees(e)
    )
    assert digest_of(lines) == "10fa99b37bf9bf9ffa26b412fbd98bd75363256d0b75d61bc4538b9c9c5a0a74"


# Vectors computed with Go's golang.org/x/mod/sumdb/tlog.


def test_roots_are_those_of_the_go_checksum_database():
    lines = (line(str(n), [root_at(n, NODE)]) for n in range(1, SIZE_MAX + 1))
    assert digest_of(lines) == "d35ccec0cee406fa63d1597891bb2d66df747b4e8817cd6e010a2d58fffb1fcb"


def test_inclusion_proofs_are_those_of_the_go_checksum_database():
    lines = (line(f"{i} {n}", inclusion_path(i, n, NODE)) for n in range(1, SIZE_MAX + 1) for i in range(n))
    assert digest_of(lines) == "893ce6eea61adc33c22c0e3a952498b76dfa3c282e78ac659f6fcc0ea44f9983"


def test_consistency_proofs_are_those_of_the_go_checksum_database():
    lines = (line(f"{k} {n}", consistency_path(k, n, NODE)) for n in range(1, SIZE_MAX + 1) for k in range(1, n))
    assert digest_of(lines) == "abbf0e456231d3ebad6a148d9e7cb3d296fdf903f484215f94382f2a15d39320"


KNOWN_LEAVES = [
    bytes.fromhex(data)
    for data in ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
]
KNOWN_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(9))
def test_the_certificate_transparency_tree_has_the_published_roots(size: int):
    leaves = [leaf_hash(data) for data in KNOWN_LEAVES[:size]]

    assert root_of(leaves).hex() == KNOWN_ROOTS[size]
    assert CompactRange().extended(leaves).root.hex() == KNOWN_ROOTS[size]


def test_a_million_leaves_have_the_root_that_others_computed():
    leaves = (leaf_hash(index.to_bytes(8)) for index in range(1_000_000))
    assert root_of(leaves).hex() == "8ed0805dba1b06ac61a0a2fd76302bbdff69af7305fe8dd16e1dd05ce3ea3295"


# Other people's programs.


def test_pymerkle_has_the_same_roots_and_inclusion_proofs():
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for size in range(1, SIZE_MAX + 1):
        tree.append_entry(bytes([size - 1]))
        assert tree.get_root(size) == ROOTS[size]
    for size in range(1, SIZE_MAX + 1, 7):
        for index in range(size):
            assert tree.prove_inclusion(index + 1, size).path[1:] == inclusion_path(index, size, NODE)


def test_sigstores_verifier_accepts_the_inclusion_proofs_and_refuses_altered_ones():
    def verify(index: int, size: int, path: list[bytes], root: bytes) -> None:
        proof = SimpleNamespace(log_index=index, tree_size=size, hashes=path, root_hash=root)
        inner = SimpleNamespace(inclusion_proof=proof, canonicalized_body=bytes([index]))
        verify_merkle_inclusion(SimpleNamespace(_inner=inner))  # pyright: ignore[reportArgumentType]

    for size in range(1, SIZE_MAX + 1, 7):
        for index in range(size):
            path = inclusion_path(index, size, NODE)
            verify(index, size, path, ROOTS[size])
            for altered in (*([*path[:n], OTHER, *path[n + 1 :]] for n in range(len(path))), [*path, OTHER]):
                with pytest.raises(VerificationError):
                    verify(index, size, altered, ROOTS[size])


# Proofs hold, and nothing but a proof does.


def alterations(path: list[bytes]) -> Iterator[list[bytes]]:
    """The path with one hash missing, added, flipped, cut or swapped with its neighbour, at every place."""
    for place in range(len(path) + 1):
        yield [*path[:place], OTHER, *path[place:]]
    for place, given_hash in enumerate(path):
        before, after = path[:place], path[place + 1 :]
        yield [*before, *after]
        yield [*before, bytes([given_hash[0] ^ 1]) + given_hash[1:], *after]
        yield [*before, given_hash[:-1] + bytes([given_hash[-1] ^ 0x80]), *after]
        yield [*before, given_hash[:-1], *after]
        yield [*before, given_hash + b"\0", *after]
        if after:
            yield [*before, after[0], given_hash, *after[1:]]


sizes = st.integers(1, SIZE_MAX)


@given(sizes, st.data())
def test_an_inclusion_proof_verifies_and_no_alteration_of_it_does(size: int, data: st.DataObject):
    index = data.draw(st.integers(0, size - 1))
    leaf, path, root = LEAVES[index], inclusion_path(index, size, NODE), ROOTS[size]

    verify_inclusion(leaf, index, size, path, root)

    for altered in alterations(path):
        with pytest.raises(ProofRefused):
            verify_inclusion(leaf, index, size, altered, root)
    for other_index in {*range(size)} - {index} | {-1, size, size + 1}:
        with pytest.raises(ProofRefused):
            verify_inclusion(leaf, other_index, size, path, root)
    for other in (OTHER, b"", leaf[:-1], root if size > 1 else OTHER):
        with pytest.raises(ProofRefused):
            verify_inclusion(other, index, size, path, root)
    for other in (OTHER, b"", root[:-1], ROOTS[size - 1]):
        with pytest.raises(ProofRefused):
            verify_inclusion(leaf, index, size, path, other)


@given(sizes, st.data())
def test_a_consistency_proof_verifies_and_no_alteration_of_it_does(size2: int, data: st.DataObject):
    size1 = data.draw(st.integers(1, size2))
    path, root1, root2 = consistency_path(size1, size2, NODE), ROOTS[size1], ROOTS[size2]

    verify_consistency(size1, size2, path, root1, root2)

    for altered in alterations(path):
        with pytest.raises(ProofRefused):
            verify_consistency(size1, size2, altered, root1, root2)
    for wrong1, wrong2 in ((OTHER, root2), (root1, OTHER), (root1[:-1], root2), (ROOTS[size1 - 1], root2)):
        with pytest.raises(ProofRefused):
            verify_consistency(size1, size2, path, wrong1, wrong2)
    if size1 < size2:
        with pytest.raises(ProofRefused):
            verify_consistency(size2, size1, path, root2, root1)


@pytest.mark.parametrize("path", [[], [OTHER], [ROOTS[5]]])
def test_nothing_is_consistent_with_the_empty_tree(path: list[bytes]):
    with pytest.raises(ProofRefused):
        verify_consistency(0, 5, path, EMPTY_ROOT, ROOTS[5])
    with pytest.raises(ProofRefused):
        verify_consistency(0, 0, path, EMPTY_ROOT, EMPTY_ROOT)


def test_an_empty_path_proves_a_tree_of_one_leaf_and_no_other():
    verify_inclusion(LEAVES[0], 0, 1, [], ROOTS[1])
    for size in (0, 2, 3):
        with pytest.raises(ProofRefused):
            verify_inclusion(LEAVES[0], 0, size, [], LEAVES[0])


def test_a_node_given_as_an_entry_is_no_leaf():
    """Two hashes side by side are what a node is made of; the prefixes keep them apart."""
    children = LEAVES[0] + LEAVES[1]
    with pytest.raises(ProofRefused):
        verify_inclusion(leaf_hash(children), 0, 3, [LEAVES[2]], ROOTS[3])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_a_leaf_outside_the_tree_has_no_path(index: int, size: int):
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion_path(index, size, NODE)


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_no_path_leads_from_an_empty_or_larger_tree(size1: int, size2: int):
    with pytest.raises(ValueError, match="no proof leads"):
        consistency_path(size1, size2, NODE)


@given(st.lists(st.integers(0, 40), max_size=6))
def test_a_tree_is_the_same_however_its_leaves_were_appended(batches: list[int]):
    grown = CompactRange()
    for count in batches:
        grown = grown.extended(LEAVES[index % SIZE_MAX] for index in range(grown.size, grown.size + count))
    leaves = [LEAVES[index % SIZE_MAX] for index in range(sum(batches))]

    assert grown == CompactRange().extended(leaves)
    assert (grown.size, grown.root) == (len(leaves), root_of(leaves))
    assert len(grown.hashes) == grown.size.bit_count()


@pytest.mark.parametrize(
    ("index", "width", "name"),
    [
        (0, 256, "000"),
        (999, 256, "999"),
        (1000, 256, "x001/000"),
        (1_234_067, 256, "x001/x234/067"),
        (273, 112, "273.p/112"),
        (1_234_067, 1, "x001/x234/067.p/1"),
    ],
)
def test_tiles_are_named_as_the_tlog_tiles_specification_has_it(index: int, width: int, name: str):
    assert tile_path(3, index, width) == f"tile/3/{name}"
    assert entries_path(index, width) == f"tile/entries/{name}"


@pytest.mark.parametrize(
    ("size", "tiles"),
    [
        (0, []),
        (255, [Tile(0, 0, 255)]),
        (256, [Tile(0, 0), Tile(1, 0, 1)]),
        (700, [Tile(0, 0), Tile(0, 1), Tile(0, 2, 188), Tile(1, 0, 2)]),
        (65536, [*(Tile(0, index) for index in range(256)), Tile(1, 0), Tile(2, 0, 1)]),
    ],
)
def test_a_tree_has_the_tiles_that_the_tlog_tiles_specification_lists(size: int, tiles: list[Tile]):
    assert list(tiles_of(size)) == tiles


def test_a_tile_is_its_hashes_side_by_side():
    assert hashes_of(b"".join(LEAVES)) == LEAVES
    assert hashes_of(b"") == cast(list[bytes], [])

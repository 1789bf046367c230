"""Evidence bytes: a document is kept whole, under the hash of what it is, or not at all."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger import evidence
from ledger.domain.refusals import EvidenceHashMismatch, MalformedInput
from ledger.evidence import EvidenceDirectory

BYTES = "依据文件".encode() * 1000
SHA256 = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def kept(tmp_path: Path) -> EvidenceDirectory:
    return EvidenceDirectory(tmp_path / "evidence")


def chunks(content: bytes = BYTES, size: int = 1000) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "evidence").iterdir())


def test_a_document_is_kept_under_its_hash(kept: EvidenceDirectory, tmp_path: Path):
    assert kept.put(chunks()) == SHA256

    assert kept.path(SHA256).read_bytes() == BYTES
    assert kept.size(SHA256) == len(BYTES)
    assert files(tmp_path) == [SHA256]


def test_an_empty_document_is_a_document(kept: EvidenceDirectory):
    nothing = hashlib.sha256(b"").hexdigest()

    assert (kept.put([]), kept.size(nothing)) == (nothing, 0)


def test_a_document_with_the_announced_hash_is_kept(kept: EvidenceDirectory):
    assert kept.put(chunks(), sha256=SHA256) == SHA256


def test_a_document_with_another_hash_than_announced_is_refused(kept: EvidenceDirectory, tmp_path: Path):
    with pytest.raises(EvidenceHashMismatch) as refused:
        kept.put(chunks(), sha256="0" * 64)

    assert refused.value.facts == {"announced": "0" * 64, "found": SHA256}
    assert (files(tmp_path), kept.size(SHA256)) == ([], None)


def test_a_document_of_the_largest_size_is_kept(
    kept: EvidenceDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(evidence, "EVIDENCE_BYTES_MAX", len(BYTES))

    assert kept.put(chunks()) == SHA256


def test_a_document_that_is_too_large_is_refused_before_it_is_read_to_its_end(
    kept: EvidenceDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(evidence, "EVIDENCE_BYTES_MAX", len(BYTES) - 1)
    endless = (b"x" * 1000 for _ in iter(int, 1))

    with pytest.raises(MalformedInput):
        kept.put(chunks())
    with pytest.raises(MalformedInput):
        kept.put(endless)

    assert files(tmp_path) == []


def test_an_upload_that_breaks_off_leaves_nothing(kept: EvidenceDirectory, tmp_path: Path):
    def broken() -> Iterator[bytes]:
        yield BYTES
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        kept.put(broken())

    assert files(tmp_path) == []


def test_a_document_is_not_there_before_it_is_whole(kept: EvidenceDirectory):
    def watched() -> Iterator[bytes]:
        for chunk in chunks():
            assert kept.size(SHA256) is None
            yield chunk

    assert kept.put(watched()) == SHA256


def test_one_document_put_by_many_at_once_is_kept_once(kept: EvidenceDirectory, tmp_path: Path):
    barrier = threading.Barrier(8)

    def put(number: int) -> str:
        def slowly() -> Iterator[bytes]:
            barrier.wait()
            yield from chunks(size=100 + number)

        return kept.put(slowly(), sha256=SHA256)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(put, range(8))) == {SHA256}

    assert files(tmp_path) == [SHA256]
    assert kept.path(SHA256).read_bytes() == BYTES


def test_a_document_put_again_stays_readable_meanwhile(kept: EvidenceDirectory):
    kept.put(chunks())
    with kept.path(SHA256).open("rb") as reader:
        kept.put(chunks())
        assert reader.read() == BYTES


@pytest.mark.parametrize("name", ["", "../secret", "a" * 63, "A" * 64, "g" * 64, f"{'a' * 64}\n", "/" + "a" * 63])
def test_what_is_not_a_hash_names_no_file(kept: EvidenceDirectory, name: str):
    assert kept.size(name) is None
    with pytest.raises(ValueError, match="not a SHA-256"):
        kept.path(name)


def test_documents_are_for_their_owner_only(kept: EvidenceDirectory, tmp_path: Path):
    kept.put(chunks())

    assert (tmp_path / "evidence").stat().st_mode & 0o777 == 0o700
    assert kept.path(SHA256).stat().st_mode & 0o777 == 0o600

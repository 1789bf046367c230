"""A bundle: the whole log in one directory, to be verified by others without us, with the verifier in it.

    checkpoint, tile/…, tile/entries/…    as C2SP tlog-tiles has them, so that other tools read them
    checkpoints.log                       every checkpoint signed, oldest first, an empty line after each
    policy, rotations                     whose signatures count, and how one key followed another
    tsa/…                                 time stamps of checkpoints by an outside authority
    finding.json                          what the signer refuses to sign, if it refuses
    openings.jsonl                        texts about persons, only where they were asked for
    verify.py, README                     the verifier, and what all this is

Hashes come from the signer's own memory and entries from the database, so what was changed in
the database does not agree with itself here. Nothing is judged while it is written: that is
left to whoever verifies it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from importlib.resources import files
from itertools import islice
from pathlib import Path

from ledger.domain.commitments import Opening
from ledger.domain.merkle import TILE_HEIGHT, TILE_WIDTH, Tile, entries_path, tiles_of
from ledger.proof.checkpoint import parse_checkpoint
from ledger.proof.leaves import Leaves
from ledger.proof.log import ENTRY_LENGTH_BYTES
from ledger.proof.note import MalformedNote, parse_note, split_notes
from ledger.proof.offline import stand_alone

COPIED = ("policy", "rotations", "finding.json")
PROGRESS_TILES = 64

Progress = Callable[[int, int], None]


class NotBundled(Exception):
    """There is nothing that could be bundled, or no place for it."""


def bundle(
    directory: Path,
    signer_dir: Path,
    entries: Callable[[int], Iterable[bytes]],
    *,
    openings: Iterable[Opening] | None = None,
    progress: Progress = lambda done, total: None,
) -> int:
    """Write the log of the last signed checkpoint and return its size; the directory is there whole or not at all.

    `entries(through)` gives what the database holds up to a position. Raises NotBundled.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise NotBundled(f"{directory} is there already; name a new directory.")
    checkpoint = _published(signer_dir)
    size = _size_of(checkpoint)
    if Leaves(signer_dir / "leaves").size < size:
        raise NotBundled("The signer's own memory is damaged: it has fewer hashes than it signed.")
    directory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}-"))
    try:
        unfinished.chmod(0o755)
        _write(unfinished / "checkpoint", checkpoint)
        _copy_signed(signer_dir, unfinished, size)
        _write_tiles(unfinished, Leaves(signer_dir / "leaves"), size)
        _write_entries(unfinished, entries(size), size, progress)
        if openings is not None:
            lines = (json.dumps(asdict(each), ensure_ascii=False, sort_keys=True) + "\n" for each in openings)
            _write(unfinished / "openings.jsonl", "".join(lines).encode())
        _write(unfinished / "verify.py", stand_alone().encode())
        _write(unfinished / "README", (files("ledger") / "data" / "bundle_readme.txt").read_bytes())
        os.replace(unfinished, directory)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return size


def _published(signer_dir: Path) -> bytes:
    data = _read(signer_dir / "checkpoint")
    try:
        parse_checkpoint(parse_note(data).text)
    except MalformedNote:
        raise NotBundled("Nothing is signed yet: run `ledger sign --once`.") from None
    return data


def _copy_signed(signer_dir: Path, directory: Path, size: int) -> None:
    """What the signer has published; a signer at work may be ahead of it by now."""
    notes = [note for note in split_notes(_read(signer_dir / "checkpoints.log")) if _size_of(note) <= size]
    _write(directory / "checkpoints.log", b"".join(note + b"\n" for note in notes))
    for name in COPIED:
        if (signer_dir / name).exists():
            _write(directory / name, (signer_dir / name).read_bytes())
    if (signer_dir / "tsa").is_dir():
        shutil.copytree(signer_dir / "tsa", directory / "tsa")


def _size_of(note: bytes) -> int:
    try:
        return parse_checkpoint(parse_note(note).text).size
    except MalformedNote:
        # Not ours to judge: the verifier has to see it.
        return 0


def _write_tiles(directory: Path, leaves: Leaves, size: int) -> None:
    for tile in tiles_of(size):
        _write(directory / tile.path, b"".join(_hashes(leaves, tile)))


def _hashes(leaves: Leaves, tile: Tile) -> list[bytes]:
    first = tile.index * TILE_WIDTH
    if tile.level == 0:
        return leaves.read(first, first + tile.width)
    return [leaves.node(TILE_HEIGHT * tile.level, first + place) for place in range(tile.width)]


def _write_entries(directory: Path, entries: Iterable[bytes], size: int, progress: Progress) -> None:
    """Write as many entries as there are; where some are missing, files are short or missing too."""
    rest: Iterator[bytes] = iter(entries)
    for tile in tiles_of(size):
        if tile.level > 0 or not (group := list(islice(rest, tile.width))):
            break
        parts = (part for entry in group for part in (len(entry).to_bytes(ENTRY_LENGTH_BYTES), entry))
        _write(directory / entries_path(tile.index, tile.width), b"".join(parts))
        if tile.index % PROGRESS_TILES == 0:
            progress(tile.index * TILE_WIDTH, size)
    progress(size, size)


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)

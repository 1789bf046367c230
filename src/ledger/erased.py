"""The list of who was erased: it outlives the ledger and the private texts, and an older backup of either.

Only hashes of ids stand in it, one a line, so that it may be copied to wherever backups are kept.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

_HASH = re.compile(r"^[0-9a-f]{64}$", re.MULTILINE)


def hash_of(subject_id: str) -> str:
    """What the list calls a person: SHA-256 of the id, in hex."""
    return hashlib.sha256(subject_id.encode()).hexdigest()


class ErasedList:
    """An append-only file of hashes, read again when another process added to it; in memory without a path."""

    def __init__(self, path: Path | None):
        self._path = path
        self._hashes: frozenset[str] = frozenset()
        self._size = 0

    def hashes(self) -> frozenset[str]:
        """Who was erased."""
        if self._path is not None:
            try:
                size = self._path.stat().st_size
            except FileNotFoundError:
                size = 0
            if size != self._size:
                # What was erased stays erased, also if somebody put an older file in its place.
                self._hashes |= frozenset(_HASH.findall(self._path.read_text("ascii", "replace"))) if size else set()
                self._size = size
        return self._hashes

    def add(self, subjects: Iterable[str]) -> None:
        """Put hashes on the list, for good even if power is lost right afterwards."""
        new = sorted(frozenset(subjects) - self.hashes())
        if new and self._path is not None:
            # A line that a loss of power cut short must not swallow the next one: each begins on its own.
            _append(self._path, "".join(f"\n{subject}" for subject in new).encode() + b"\n")
        self._hashes |= frozenset(new)


def _append(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)

"""Checkpoints: the head of a log's tree as a text that can be signed. Source: C2SP tlog-checkpoint."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ledger.domain.merkle import HASH_BYTES
from ledger.proof.note import MalformedNote, Note, SigningKey, VerifierKey, parse_note, verified

SIZE_MAX = (1 << 63) - 1
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class MalformedCheckpoint(MalformedNote):
    """The text of a note is not a checkpoint."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How many entries a log has, and the root hash of the tree over them."""

    origin: str
    """Which log it is."""
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self, keys: Iterable[SigningKey]) -> Note:
        """The note with a signature by each key."""
        return Note(self.text, tuple(key.sign(self.text) for key in keys))


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a note. Extension lines are passed over. Raises MalformedCheckpoint."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise MalformedCheckpoint("a checkpoint is at least three lines, none of them empty")
    origin, size, root = lines[:3]
    return Checkpoint(origin, parse_size(size), parse_hash(root))


def opened(data: bytes, keys: Iterable[VerifierKey]) -> tuple[Checkpoint, Note]:
    """Read a note and the checkpoint in it, which at least one of the keys has signed.

    Raises MalformedNote or Unverified.
    """
    note = parse_note(data)
    verified(note, keys)
    return parse_checkpoint(note.text), note


def parse_size(text: str) -> int:
    """Read a tree's size: decimal, without leading zeroes. Raises MalformedCheckpoint."""
    if not _DECIMAL.fullmatch(text) or int(text) > SIZE_MAX:
        raise MalformedCheckpoint("a size is a decimal number without leading zeroes")
    return int(text)


def parse_hash(text: str) -> bytes:
    """Read a hash in base64. Raises MalformedCheckpoint."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if len(decoded) != HASH_BYTES or base64.b64encode(decoded).decode() != text:
        raise MalformedCheckpoint(f"a hash is {HASH_BYTES} bytes in base64")
    return decoded

"""The change of a log's key: who may sign up to which size, vouched for by both keys.

A rotation is a note that the old and the new key have both signed. From its size on
checkpoints bear both signatures, so that those who know only the old key have time to learn
of the new one. A second such note ends the old key. Whoever trusts a log's first key can
follow the notes to every later one; a C2SP policy then lists the keys of today.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ledger.proof.checkpoint import parse_size
from ledger.proof.note import (
    MalformedNote,
    Note,
    SigningKey,
    Unverified,
    VerifierKey,
    parse_note,
    parse_verifier_key,
    verified,
)

_BEGINS = "score-ledger/key-rotation/v1"
_ENDS = "score-ledger/key-retirement/v1"


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """The sizes for which a key's signature on a checkpoint counts."""

    key: VerifierKey
    first: int = 0
    last: int | None = None
    """None while the key is in use."""

    def covers(self, size: int) -> bool:
        """Whether the key may sign a checkpoint of this size."""
        return self.first <= size and (self.last is None or size <= self.last)


def rotation(old: SigningKey, new: SigningKey, size: int) -> Note:
    """The note that lets `new` sign from `size` on."""
    return _statement(_BEGINS, old, new, size)


def retirement(old: SigningKey, new: SigningKey, size: int) -> Note:
    """The note that ends `old` at `size`."""
    return _statement(_ENDS, old, new, size)


def periods(first: VerifierKey, notes: Iterable[bytes]) -> list[KeyPeriod]:
    """Every key of a log with its sizes, beginning with the one that is trusted.

    Raises Unverified for a note that does not continue the ones before or that one of the two
    keys did not sign, MalformedNote.
    """
    found = [KeyPeriod(first)]
    for data in notes:
        note = parse_note(data)
        kind, old, new, size = _parse(note.text)
        if len(verified(note, [old, new])) != 2:
            raise Unverified("a change of keys is signed by both of them")
        newest = found[-1]
        if kind == _BEGINS and newest.key == old and newest.last is None and size >= newest.first:
            found.append(KeyPeriod(new, size))
        elif kind == _ENDS and len(found) > 1 and newest.key == new and found[-2].key == old and size >= newest.first:
            found[-2] = replace(found[-2], last=size)
        else:
            raise Unverified("a change of keys does not continue the one before")
    return found


def keys_for(size: int, of: Iterable[KeyPeriod]) -> list[VerifierKey]:
    """The keys whose signature counts on a checkpoint of this size."""
    return [period.key for period in of if period.covers(size)]


def _statement(kind: str, old: SigningKey, new: SigningKey, size: int) -> Note:
    text = f"{kind}\n{old.verifier}\n{new.verifier}\n{size}\n"
    return Note(text, (old.sign(text), new.sign(text)))


def _parse(text: str) -> tuple[str, VerifierKey, VerifierKey, int]:
    lines = text.removesuffix("\n").split("\n")
    if len(lines) != 4 or lines[0] not in (_BEGINS, _ENDS):
        raise MalformedNote("not a change of keys")
    old, new = parse_verifier_key(lines[1]), parse_verifier_key(lines[2])
    if old.name != new.name or old == new:
        raise MalformedNote("a change of keys is between two keys of one log")
    return lines[0], old, new, parse_size(lines[3])

"""Who signed what: keys, signed notes, checkpoints, policies and changes of keys. Source: C2SP."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LOG, WITNESS = 1, 4


class Bad(Exception):
    """Something that cannot be read or is not as it has to be."""


class Key(NamedTuple):
    """A public key under its name."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """What names it in a signature line."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """The key as a C2SP vkey."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"


class Note(NamedTuple):
    """A text with the signatures under it: name, key id and signature."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]

    def signers(self, keys: Iterable[Key]) -> set[Key]:
        """Those of the keys that signed. Raises Bad if one is said to have signed and did not."""
        found: set[Key] = set()
        for key in keys:
            for name, blob in self.signatures:
                if (name, blob[:4]) == (key.name, key.id):
                    message, signature = self.text.encode(), blob[4:]
                    if key.kind == WITNESS:
                        message = b"cosignature/v1\ntime %d\n" % int.from_bytes(signature[:8], "big") + message
                        signature = signature[8:]
                    try:
                        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
                    except (InvalidSignature, ValueError):
                        raise Bad(f"a signature in the name of {key.name} is not by its key") from None
                    found.add(key)
        return found


class Checkpoint(NamedTuple):
    """The head of the tree at one size."""

    origin: str
    size: int
    root: bytes


def key_of(vkey: str) -> Key:
    """Read a C2SP vkey."""
    try:
        name, key_id, material = vkey.split("+", 2)
        raw = base64.b64decode(material, validate=True)
        key = Key(name, raw[0], raw[1:])
    except (ValueError, IndexError):
        raise Bad(f"not a key: {vkey}") from None
    if key.id.hex() != key_id or key.kind not in (LOG, WITNESS) or len(key.public) != 32:
        raise Bad(f"not a key: {vkey}")
    return key


def note_of(data: bytes) -> Note:
    """Read a signed note."""
    try:
        text, blank, lines = data.decode().rpartition("\n\n")
        parts = [line.split(" ") for line in lines.removesuffix("\n").split("\n")]
        signatures = tuple((name, base64.b64decode(blob, validate=True)) for dash, name, blob in parts if dash == "—")
    except ValueError:
        raise Bad("not a signed note") from None
    if not blank or not lines.endswith("\n") or len(signatures) != len(parts):
        raise Bad("not a signed note")
    return Note(text + "\n", signatures)


def notes_of(data: bytes) -> Iterator[bytes]:
    """Take apart notes that stand one after the other, an empty line between them."""
    blocks = [block.strip(b"\n") for block in data.split(b"\n\n") if block.strip(b"\n")]
    for text, signatures in zip(blocks[::2], blocks[1::2], strict=False):
        yield text + b"\n\n" + signatures + b"\n"
    if len(blocks) % 2:
        yield blocks[-1]


def checkpoint_of(note: Note) -> Checkpoint:
    """The checkpoint in a note."""
    try:
        origin, size, root = note.text.split("\n")[:3]
        return Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    except ValueError:
        raise Bad("not a checkpoint") from None


@dataclass
class Policy:
    """Whose signatures count. Source: C2SP tlog-policy."""

    logs: list[Key] = field(default_factory=list[Key])
    parties: dict[str, Key | tuple[int, list[str]]] = field(default_factory=dict[str, "Key | tuple[int, list[str]]"])
    quorum: str = "none"

    @property
    def witnesses(self) -> list[Key]:
        """Every witness."""
        return [party for party in self.parties.values() if isinstance(party, Key)]

    def satisfied(self, signed: set[Key], name: str | None = None) -> bool:
        """Whether enough witnesses have signed."""
        name = name or self.quorum
        if name == "none":
            return True
        party = self.parties[name]
        if isinstance(party, Key):
            return party in signed
        return sum(self.satisfied(signed, member) for member in party[1]) >= party[0]


def policy_of(text: str) -> Policy:
    """Read a policy."""
    policy, quorum = Policy(), list[str]()
    for line in text.splitlines():
        match line.split():
            case []:
                pass
            case [word, *_] if word.startswith("#"):
                pass
            case ["log", vkey, *_]:
                policy.logs.append(key_of(vkey))
            case ["witness", name, vkey, *_] if name not in policy.parties:
                policy.parties[name] = key_of(vkey)
            case ["group", name, number, *members] if name not in policy.parties and {*members} <= {*policy.parties}:
                count = {"any": "1", "all": str(len(members))}.get(number, number)
                policy.parties[name] = int(count), members
            case ["quorum", name] if name == "none" or name in policy.parties:
                quorum.append(name)
            case _:
                raise Bad(f"not a line of a policy: {line}")
    if len(quorum) != 1 or not policy.logs:
        raise Bad("a policy names a log and one quorum")
    policy.quorum = quorum[0]
    return policy


@dataclass
class Period:
    """The sizes for which a key's signature counts."""

    key: Key
    first: int = 0
    last: int | None = None

    def covers(self, size: int) -> bool:
        """Whether the key may sign a checkpoint of this size."""
        return self.first <= size and (self.last is None or size <= self.last)


def periods_of(trusted: Sequence[Key], rotations: bytes) -> list[Period]:
    """The keys of the log with their sizes: each change of keys is signed by the old and by the new one.

    A key that is not trusted itself counts up to the change only: that it was retired may be kept back.
    """
    periods: list[Period] = []
    for data in notes_of(rotations):
        note = note_of(data)
        try:
            kind, old, new, size = note.text.split("\n")[:4]
            before, after, at = key_of(old), key_of(new), int(size)
        except ValueError:
            raise Bad("not a change of keys") from None
        periods = periods or [Period(before)]
        if note.signers([before, after]) != {before, after}:
            raise Bad("a change of keys is not signed by both of them")
        if kind == "score-ledger/key-rotation/v1" and periods[-1].key == before and at >= periods[-1].first:
            periods.append(Period(after, at))
        elif kind == "score-ledger/key-retirement/v1" and [each.key for each in periods[-2:]] == [before, after]:
            periods[-2].last = at
        else:
            raise Bad("a change of keys does not continue the one before")
    if not periods:
        return [Period(key) for key in trusted]
    if not {period.key for period in periods} & {*trusted}:
        raise Bad("the changes of keys do not lead to a key of the policy")
    for period, following in pairwise(periods):
        if period.key not in trusted:
            period.last = following.first
    return periods

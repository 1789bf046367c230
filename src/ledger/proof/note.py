"""Signed notes: a text and the signatures under it. Source: C2SP signed-note and tlog-cosignature.

Two kinds of Ed25519 signature are known: a log's over the text, and a witness's over the text
and the time at which it saw it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURES_MAX = 100
NOTE_BYTES_MAX = 1 << 20
KEY_ID_BYTES = 4
PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64
TIME_BYTES = 8
TIME_MAX = (1 << 63) - 1
_DASH = "\u2014 "
_SECRET = "PRIVATE+KEY+"


class MalformedNote(Exception):
    """The bytes are not a signed note, or the text is not a key."""


class Unverified(Exception):
    """A note does not bear the signature that it should."""


class SignatureKind(IntEnum):
    """What is signed; the number is part of the key's identity."""

    LOG = 0x01
    """Ed25519 over the text."""
    COSIGNATURE = 0x04
    """Ed25519 over the text and a time, by a witness."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line of a note."""

    name: str
    key_id: bytes
    blob: bytes
    """What follows the key id: the signature, after its time if it is a cosignature."""

    @property
    def line(self) -> str:
        """The line, with its end."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.blob).decode()}\n"

    @property
    def cosigned_at(self) -> int:
        """The time of a cosignature, in seconds since 1970."""
        return int.from_bytes(self.blob[:TIME_BYTES], "big")


@dataclass(frozen=True, slots=True)
class Note:
    """A text, which ends a line, and the signatures under it."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(signature.line for signature in self.signatures)}"

    def with_signatures(self, signatures: Iterable[Signature]) -> Note:
        """The same note with more signatures; one of a key that signed before replaces the earlier."""
        added = {(each.name, each.key_id): each for each in signatures}
        kept = [each for each in self.signatures if (each.name, each.key_id) not in added]
        return Note(self.text, (*kept, *added.values()))


@dataclass(frozen=True)
class VerifierKey:
    """A public key under the name that signs with it."""

    name: str
    kind: SignatureKind
    public: bytes

    def __post_init__(self) -> None:
        _require_name(self.name)
        if len(self.public) != PUBLIC_KEY_BYTES:
            raise MalformedNote(f"an Ed25519 key has {PUBLIC_KEY_BYTES} bytes")

    @cached_property
    def key_id(self) -> bytes:
        """What names the key in a signature line, beside its name."""
        material = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(material).digest()[:KEY_ID_BYTES]

    def __str__(self) -> str:
        """The key as text, a C2SP vkey."""
        return f"{self.name}+{self.key_id.hex()}+{_encoded(self.kind, self.public)}"

    def made(self, signature: Signature) -> bool:
        """Whether the line says that this key signed; not yet whether it did."""
        return (signature.name, signature.key_id) == (self.name, self.key_id)

    def check(self, text: str, signature: Signature) -> None:
        """Raise Unverified unless this key signed `text`."""
        message, blob = text.encode(), signature.blob
        if self.kind is SignatureKind.COSIGNATURE:
            if len(blob) != TIME_BYTES + SIGNATURE_BYTES or signature.cosigned_at > TIME_MAX:
                raise Unverified(f"{self.name}: not a timed signature")
            message, blob = _timed(text, signature.cosigned_at), blob[TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(blob, message)
        except (InvalidSignature, ValueError):
            raise Unverified(f"{self.name}: the signature is not of this text by this key") from None


@dataclass(frozen=True)
class SigningKey:
    """A secret key under its name."""

    name: str
    kind: SignatureKind
    seed: bytes

    @classmethod
    def generate(cls, name: str, kind: SignatureKind = SignatureKind.LOG) -> SigningKey:
        """A new key."""
        return cls(name, kind, Ed25519PrivateKey.generate().private_bytes_raw())

    @cached_property
    def verifier(self) -> VerifierKey:
        """The public key."""
        return VerifierKey(self.name, self.kind, self._private.public_key().public_bytes_raw())

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def secret(self) -> str:
        """The key as text, in the form that Go's tools read. To be kept secret."""
        return f"{_SECRET}{self.name}+{self.verifier.key_id.hex()}+{_encoded(self.kind, self.seed)}"

    def __repr__(self) -> str:
        return f"SigningKey({str(self.verifier)!r})"

    def sign(self, text: str, *, time: int = 0) -> Signature:
        """The signature of `text`, which ends a line; `time`, in seconds since 1970, is of a cosignature."""
        _require_text(text)
        if self.kind is SignatureKind.COSIGNATURE:
            blob = time.to_bytes(TIME_BYTES, "big") + self._private.sign(_timed(text, time))
        else:
            blob = self._private.sign(text.encode())
        return Signature(self.name, self.verifier.key_id, blob)


def parse_note(data: bytes) -> Note:
    """Read a signed note. Raises MalformedNote; says nothing of who signed."""
    if len(data) > NOTE_BYTES_MAX:
        raise MalformedNote(f"a note has at most {NOTE_BYTES_MAX} bytes")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedNote("a note is UTF-8") from None
    if any(character < " " and character != "\n" for character in whole):
        raise MalformedNote("a note holds no control characters")
    # The text may have empty lines; the last one of the note ends it.
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise MalformedNote("a note is a text, an empty line, and signature lines")
    signatures = tuple(_parse_line(line) for line in lines[:-1].split("\n"))
    if len(signatures) > SIGNATURES_MAX:
        raise MalformedNote(f"a note has at most {SIGNATURES_MAX} signatures")
    return Note(text + "\n", signatures)


def parse_signatures(data: bytes) -> list[Signature]:
    """Read signature lines that stand alone, as a witness answers them. Raises MalformedNote."""
    return list(parse_note(b"\n\n" + data).signatures)


def verified(note: Note, keys: Iterable[VerifierKey]) -> list[tuple[VerifierKey, Signature]]:
    """The signatures of the note by these keys, all of which are good.

    Signatures by other keys are passed over. Raises Unverified if one of these keys is said to
    have signed and did not, or if none of them signed.
    """
    known = list(keys)
    found = [(key, signature) for signature in note.signatures for key in known if key.made(signature)]
    for key, signature in found:
        key.check(note.text, signature)
    if not found:
        names = ", ".join(sorted({f"{each.name}+{each.key_id.hex()}" for each in note.signatures}))
        raise Unverified(f"signed by {names}, none of which is a known key")
    return found


def parse_verifier_key(text: str) -> VerifierKey:
    """Read a vkey. Raises MalformedNote."""
    name, kind, material = _parse_key(text)
    key = VerifierKey(name, kind, material)
    if str(key) != text:
        raise MalformedNote("the key's id is not that of the key")
    return key


def parse_signing_key(text: str) -> SigningKey:
    """Read a secret key. Raises MalformedNote, without quoting what was read."""
    if not text.startswith(_SECRET):
        raise MalformedNote("not a secret key")
    name, kind, seed = _parse_key(text.removeprefix(_SECRET))
    if len(seed) != PUBLIC_KEY_BYTES:
        raise MalformedNote("not a secret key")
    key = SigningKey(name, kind, seed)
    if key.secret != text:
        raise MalformedNote("the key's id is not that of the key")
    return key


def split_notes(data: bytes) -> list[bytes]:
    """Take apart notes that stand one after the other, an empty line between them."""
    dash = _DASH.encode()
    found: list[bytes] = []
    for block in data.split(b"\n\n"):
        # Up to its signatures, what follows an empty line is still the same note.
        if found and (block.startswith(dash) or not found[-1].rpartition(b"\n\n")[2].startswith(dash)):
            found[-1] += b"\n\n" + block
        elif block:
            found.append(block)
    return [block.rstrip(b"\n") + b"\n" for block in found]


def _parse_line(line: str) -> Signature:
    name, space, blob = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise MalformedNote("a signature line is a dash, a name and a signature")
    _require_name(name)
    decoded = _decoded(blob)
    if len(decoded) <= KEY_ID_BYTES:
        raise MalformedNote("a signature is longer than its key's id")
    return Signature(name, decoded[:KEY_ID_BYTES], decoded[KEY_ID_BYTES:])


def _parse_key(text: str) -> tuple[str, SignatureKind, bytes]:
    # A name holds no plus sign, but base64 does.
    name, _, rest = text.partition("+")
    _, _, material = rest.partition("+")
    decoded = _decoded(material)
    try:
        return name, SignatureKind(decoded[0]), decoded[1:]
    except (IndexError, ValueError):
        raise MalformedNote("the key is of an unknown kind") from None


def _require_name(name: str) -> None:
    if not name or "+" in name or any(character.isspace() for character in name):
        raise MalformedNote("a key's name has no spaces and no plus sign")


def _require_text(text: str) -> None:
    if not text.endswith("\n") or any(character < " " and character != "\n" for character in text):
        raise MalformedNote("a note's text ends a line and holds no control characters")


def _timed(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _encoded(kind: SignatureKind, material: bytes) -> str:
    return base64.b64encode(bytes([kind]) + material).decode()


def _decoded(text: str) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedNote("not base64") from None
    if base64.b64encode(decoded).decode() != text:
        raise MalformedNote("not base64 in its one form")
    return decoded

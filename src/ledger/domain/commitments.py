"""Commitments: names and texts about persons stand in the ledger as salted hashes only.

A commitment binds the ledger to a text without holding it. Its salt is derived from the keys
of the persons whom the text is about; where one of the keys is gone, nobody can open it or
test a guess any more, while the entry, its hash and every proof stay what they are. Whoever is
given an opening can check that one text against the entry, and learns nothing of another.
Source: tamper.md 4.8.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ledger.domain.facts import Event, Fact

PREFIX = "commit:v1:"
SALT_BYTES = 32


class PrivateText(NamedTuple):
    """A text of a fact that is about persons: the plain text before it is recorded, its commitment afterwards."""

    field: str
    text: str
    subject_ids: tuple[str, ...]
    """Whom it is about, each once."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What shows that a commitment stands for a text."""

    position: int
    field: str
    """The field of the fact, as it is spelled in the entry."""
    value: str
    """The text."""
    salt: str
    """The salt in Base64; it opens this one text."""
    commitment: str
    """What stands in the entry."""


class OpeningRefused(Exception):
    """The entry does not hold a commitment to this text."""


def private_texts(fact: Fact) -> Iterator[PrivateText]:
    """The texts of a fact that are about persons; what is about units only is not among them."""
    if not fact.PRIVATE:
        return
    subject_ids = tuple(dict.fromkeys(_ids(getattr(fact, name) for name in fact.PERSONS)))
    for field in fact.PRIVATE:
        text: str | None = getattr(fact, field)
        if text is not None and subject_ids:
            yield PrivateText(field, text, subject_ids)


def _ids(values: Iterable[str | tuple[str, ...] | None]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif value is not None:
            yield from value


def is_commitment(text: str) -> bool:
    """Whether a private text of an entry is a commitment; the entries of an older ledger hold plain text."""
    return text.startswith(PREFIX)


def keyed(keys: Sequence[bytes], message: bytes) -> bytes:
    """HMAC-SHA256 of a message under every key in turn: without one of them it cannot be computed."""
    for key in keys:
        message = hmac.digest(key, message, "sha256")
    return message


def salt_of(keys: Sequence[bytes], *, stream: str, version: int, field: str) -> bytes:
    """The salt of one field of one event, from the keys of the persons it is about."""
    return keyed(keys, f"salt/v1\n{stream}/{version}\n{field}".encode())


def commitment(salt: bytes, field: str, value: str) -> str:
    """What stands in an entry in place of a text."""
    text = json.dumps(value, ensure_ascii=False)
    bound = b"score-ledger/commit/v1\n" + salt + f"{field}\n{text}".encode()
    return PREFIX + b64encode(hashlib.sha256(bound).digest()).decode()


def verify_opening(entry: bytes, field: str, salt: str, value: str) -> None:
    """Check that the entry commits to `value` in `field`. Raises OpeningRefused."""
    try:
        found: object = json.loads(entry)["data"][field]
        salted = b64decode(salt, validate=True)
        committed = commitment(salted, field, value)
    except (ValueError, KeyError, TypeError):
        raise OpeningRefused(f"{field}: not an entry, a salt or a text") from None
    if len(salted) != SALT_BYTES:
        raise OpeningRefused(f"{field}: a salt has {SALT_BYTES} bytes")
    if not isinstance(found, str) or not hmac.compare_digest(found.encode(), committed.encode()):
        raise OpeningRefused(f"{field}: the entry does not commit to this text")


def private_text(event: Event, field: str) -> PrivateText | None:
    """The private text that an event bears in a field, None if it bears none there."""
    return next((found for found in private_texts(event.fact) if found.field == field), None)

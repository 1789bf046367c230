"""Entries: the canonical bytes of an event, and back.

An entry is JSON in the restricted RFC 8785 profile: keys sorted, no floats, decimals as
strings, text in normal form C, instants in UTC with microseconds. These bytes are what is
stored, hashed, exported and verified; they are never rendered again from parsed JSON.

Position and `recorded_at` are known only under the append lock. Both stand side by side in
the sorted keys, so an entry is encoded and cut in two before the lock, and joined under it.
"""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

import msgspec
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

# Every kind of fact is known once the module that defines it is loaded; the commands load them all.
import ledger.domain.commands.founding  # noqa: F401  # pyright: ignore[reportUnusedImport]
from ledger.domain.facts import FACTS, Actor, Channel, Event, Fact
from ledger.domain.refusals import MalformedInput
from ledger.domain.world import Command

ENTRY_BYTES_MAX = 65_535
"""A C2SP tlog-tiles entry has a 16-bit length; documents go in by hash."""
SEAL_BYTES_MAX = 100
"""What position and instant add to an entry, at most."""

_encoder = msgspec.json.Encoder(order="sorted")
# The escape of U+0000, after an even number of backslashes; an odd number spells a backslash and then "u0000".
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# No text of an entry can hold this: its quotes would be escaped.
_UNPLACED = b',"position":0,"recorded_at":"",'
# In an entry only its own position stands between these quotes: those of a text are escaped.
_POSITION = re.compile(rb',"position":(\d+),"recorded_at":"')


class DamagedEntry(Exception):
    """Stored bytes are not an entry that this program can read."""

    def __init__(self, reason: str, *, position: int | None = None):
        super().__init__(f"Position {position}: {reason}" if position is not None else reason)
        self.position = position
        self.reason = reason


class _Drafted(msgspec.Struct):
    """An entry's members in order; position and instant stand empty until its place is known."""

    actor: Actor
    batch_id: str | None
    causation_position: int | None
    channel: Channel
    command_id: UUID
    correlation_id: UUID | None
    cycle: str | None
    data: Fact
    position: int
    recorded_at: str
    schema: int
    stream: str
    type: str
    version: int


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    actor: Actor
    channel: Channel
    command_id: UUID
    data: msgspec.Raw
    position: int
    recorded_at: Annotated[datetime, msgspec.Meta(tz=True)]
    schema: int
    stream: str
    type: str
    version: int
    batch_id: str | None = None
    causation_position: int | None = None
    correlation_id: UUID | None = None
    cycle: str | None = None


class Draft(msgspec.Struct, frozen=True):
    """A decided fact with everything but its position and instant."""

    stream: str
    version: int
    fact: Fact
    actor: Actor
    command_id: UUID
    channel: Channel = Channel.API
    batch_id: str | None = None
    correlation_id: UUID | None = None
    causation_position: int | None = None
    command_digest: bytes | None = None
    """Set on the first fact of a command."""

    @property
    def originator_id(self) -> str:
        """The stream, in the eventsourcing library's word."""
        return self.stream

    @property
    def originator_version(self) -> int:
        """The version, in the eventsourcing library's word."""
        return self.version

    def recorded(self, position: int, recorded_at: datetime) -> Event:
        """The event that this draft became."""
        return Event(
            position,
            recorded_at,
            self.stream,
            self.version,
            self.fact,
            self.actor,
            self.command_id,
            self.channel,
            self.batch_id,
            self.correlation_id,
            self.causation_position,
        )


@dataclass(frozen=True)
class DraftedEntry(StoredEvent):
    """A stored event whose bytes are whole but for position and instant; `state` is the part before them."""

    closing: bytes
    draft: Draft

    def sealed(self, position: int, recorded_at: datetime) -> bytes:
        """The entry's bytes at its place in the ledger."""
        return b'%s,"position":%d,"recorded_at":"%s",%s' % (self.state, position, _stamp(recorded_at), self.closing)


@dataclass(frozen=True)
class RestoredEntry(DraftedEntry):
    """An entry that was recorded before, at the place and the instant that stand in it; `state` is all of it."""

    def sealed(self, position: int, recorded_at: datetime) -> bytes:
        """The entry's bytes as they were."""
        return self.state


class EntryMapper(Mapper[str]):
    """The eventsourcing library's mapper, between drafts or events and entries."""

    def __init__(self) -> None:
        super().__init__(JSONTranscoder())

    def to_stored_event(self, domain_event: Any) -> DraftedEntry:
        """Encode a draft. Raises MalformedInput for text that has no canonical form, or too much of it."""
        draft: Draft = domain_event
        fact = draft.fact
        fact_type = type(fact).__name__
        drafted = _Drafted(
            draft.actor,
            draft.batch_id,
            draft.causation_position,
            draft.channel,
            draft.command_id,
            draft.correlation_id,
            getattr(fact, "cycle_id", None),
            fact,
            0,
            "",
            fact.SCHEMA,
            draft.stream,
            fact_type,
            draft.version,
        )
        entry = canonical(drafted)
        size = len(entry) + SEAL_BYTES_MAX
        if size > ENTRY_BYTES_MAX:
            raise MalformedInput(bytes=size, bytes_max=ENTRY_BYTES_MAX, hint="Register long texts as evidence.")
        opening, _, closing = entry.rpartition(_UNPLACED)
        return DraftedEntry(draft.stream, draft.version, fact_type, opening, closing, draft)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """Decode an entry. Raises DamagedEntry."""
        return decode(stored_event.state)


_entry_decoder = msgspec.json.Decoder(_Entry)
_data_decoders: dict[tuple[str, int], msgspec.json.Decoder[Any]] = {}
# msgspec 0.22 lets other threads see what it knows of a dataclass before it knows all: with a decoder
# that one of them makes of that, the process ends in a segmentation fault.
_making_decoders = threading.Lock()


def decode(entry: bytes) -> Event:
    """Return the event that `entry` holds. Raises DamagedEntry."""
    try:
        raw = _entry_decoder.decode(entry)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        found = _POSITION.search(entry)
        raise DamagedEntry(str(error), position=int(found[1]) if found else None) from None
    decoder = _data_decoder(raw.type, raw.schema)
    if decoder is None:
        raise DamagedEntry(f"unknown fact type {raw.type} schema {raw.schema}", position=raw.position)
    try:
        fact = decoder.decode(raw.data)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise DamagedEntry(f"{raw.type}: {error}", position=raw.position) from None
    return Event(
        raw.position,
        raw.recorded_at,
        raw.stream,
        raw.version,
        fact,
        raw.actor,
        raw.command_id,
        raw.channel,
        raw.batch_id,
        raw.correlation_id,
        raw.causation_position,
    )


def restored_entries(entries: Iterable[bytes]) -> list[RestoredEntry]:
    """Entries of the ledger as they can be stored again, whole commands of them. Raises DamagedEntry.

    What a command asked for is not in its entries, so its digest becomes one that no command
    has: sent once more it is refused, and not recorded twice.
    """
    restored: list[RestoredEntry] = []
    before: UUID | None = None
    for entry in entries:
        event = decode(entry)
        digest_of_none = bytes(32) if event.command_id != before else None
        before = event.command_id
        draft = Draft(
            event.stream, event.version, event.fact, event.actor, event.command_id, command_digest=digest_of_none
        )
        restored.append(RestoredEntry(event.stream, event.version, event.type, entry, b"", draft))
    return restored


def _data_decoder(fact_type: str, schema: int) -> msgspec.json.Decoder[Any] | None:
    decoder = _data_decoders.get((fact_type, schema))
    if decoder is not None:
        return decoder
    kind = FACTS.get(fact_type)
    # A base that kinds share, such as ScoreFact, is never recorded itself.
    if kind is None or not 1 <= schema <= kind.SCHEMA or kind.__subclasses__():
        return None
    with _making_decoders:
        return _data_decoders.setdefault((fact_type, schema), msgspec.json.Decoder(kind))


def plain_data(fact: Fact) -> dict[str, object]:
    """A fact as the plain JSON values of its entry's `data`."""
    return msgspec.json.decode(_encoder.encode(fact))


def timestamp(instant: datetime) -> str:
    """RFC 3339 in UTC with microseconds and Z."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


@lru_cache(maxsize=1)
def _stamp(recorded_at: datetime) -> bytes:
    # The entries of one append all bear the same instant.
    return timestamp(recorded_at).encode()


def digest(command: Command, person_id: str, on_behalf_of: str | None) -> bytes:
    """SHA-256 over what a command asks and who asks it: what a repeated command id must match.

    Raises MalformedInput for text that has no canonical form.
    """
    return hashlib.sha256(canonical((type(command).__name__, person_id, on_behalf_of, command))).digest()


def canonical(value: object) -> bytes:
    """Encode a value that holds no floats.

    Raises MalformedInput for lone surrogates, for text that is not in normal form C, and for
    U+0000, which no text column of PostgreSQL can hold.
    """
    try:
        text = _encoder.encode(value)
    except UnicodeEncodeError:
        raise MalformedInput(hint="The text holds a lone surrogate.") from None
    if not text.isascii() and not unicodedata.is_normalized("NFC", text.decode()):
        raise MalformedInput(hint="Send text in Unicode normal form C.")
    # The search for one byte comes first: it is a hundred times faster, and there is nearly never anything to find.
    if b"\\" in text and _NUL.search(text):
        raise MalformedInput(hint="The text holds the character U+0000.")
    return text

"""Private texts: names and texts about persons, kept beside the ledger and erased there for good.

The database only ever sees commitments, so no write-ahead log, replica, dump or backup of it
holds a text. The texts lie in one SQLite file for each ledger, each encrypted under the keys of
all persons whom it is about; to erase a person is to delete one key. A text is kept before its
event is appended: one whose event was refused is never shown, and goes with its person.

Nothing here may wait for the database: the lock is held for the length of one small transaction.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from base64 import b64encode
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import structs

from ledger.domain.commitments import (
    Opening,
    PrivateText,
    commitment,
    is_commitment,
    keyed,
    private_text,
    private_texts,
    salt_of,
)
from ledger.domain.facts import Event, Fact
from ledger.domain.refusals import UnknownId
from ledger.entries import Draft, canonical
from ledger.erased import ErasedList, hash_of

ERASED = "(erased)"
"""What is shown in place of a text where something has to stand."""
KEY_BYTES = 32
LOCK_TIMEOUT_S = 30
# A key is derived from the commitment, which binds the text, so no key ever encrypts two texts.
_NONCE = bytes(12)
_DELETE_TEXTS = "DELETE FROM text WHERE commitment IN (SELECT commitment FROM about WHERE subject = ?)"

Keys = Sequence[bytes]


def random_key() -> bytes:
    """A new key that nobody can guess."""
    return secrets.token_bytes(KEY_BYTES)


class PrivateTexts:
    """The private texts of one ledger; safe to call from several threads, and beside other processes."""

    def __init__(self, data_dir: Path | None, ledger_id: int, *, new_key: Callable[[], bytes] = random_key):
        """Open or make the store below `data_dir`; without one, texts last as long as this object.

        Whoever can foresee `new_key` can guess at the texts: another than the random one is for
        a ledger about nobody real, which has to come out the same each time.
        """
        self._new_key = new_key
        directory = None if data_dir is None else data_dir / "private"
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The list lies outside the directory that is backed up and restored with the texts.
        self._erased = ErasedList(None if data_dir is None else data_dir / f"erased-{ledger_id}")
        self._lock = threading.RLock()
        # Guarded by _lock.
        self._connection = _connect(None if directory is None else directory / f"{ledger_id}.sqlite")
        self._delete(self._erased.hashes())

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def conceal(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Keep the private texts of drafts, durably, and return the drafts with commitments in their place.

        A text about somebody who was erased is committed to and not kept. Raises MalformedInput
        for text that has no canonical form.
        """
        commands: dict[UUID, list[Fact]] = {}
        for draft in drafts:
            if any(private_texts(draft.fact)):
                commands.setdefault(draft.command_id, []).append(draft.fact)
        if not commands:
            return list(drafts)
        with self._transaction():
            keys = {command_id: self._new_keys(_subjects(facts)) for command_id, facts in commands.items()}
            return [
                self._concealed(draft, keys[draft.command_id]) if draft.command_id in keys else draft
                for draft in drafts
            ]

    def _concealed(self, draft: Draft, of_command: Keys) -> Draft:
        commitments = {private.field: self._kept(draft, private) for private in private_texts(draft.fact)}
        fact = replace(draft.fact, **commitments) if commitments else draft.fact
        if draft.command_digest is None:
            return structs.replace(draft, fact=fact)
        sealed = _sealed(of_command, draft.command_id, draft.command_digest)
        return structs.replace(draft, fact=fact, command_digest=sealed)

    def _kept(self, draft: Draft, private: PrivateText) -> str:
        canonical(private.text)
        keys = self._new_keys(private.subject_ids)
        salt = salt_of(keys, stream=draft.stream, version=draft.version, field=private.field)
        committed = commitment(salt, private.field, private.text)
        subjects = [hash_of(subject_id) for subject_id in private.subject_ids]
        if self._erased.hashes().isdisjoint(subjects):
            ciphertext = _cipher(keys, committed).encrypt(_NONCE, private.text.encode(), None)
            self._connection.execute("INSERT OR IGNORE INTO text VALUES (?, ?)", (committed, ciphertext))
            self._connection.executemany(
                "INSERT OR IGNORE INTO about VALUES (?, ?)", [(subject, committed) for subject in subjects]
            )
        return committed

    def sealed_digest(self, digest: bytes, events: Iterable[Event]) -> bytes | None:
        """The digest that a command with these events was recorded with; None if it cannot be told any more.

        A plain digest of a short text could be guessed, so that of a command with private texts
        is keyed like their salts.
        """
        recorded = list(events)
        subject_ids = _subjects(event.fact for event in recorded)
        if not subject_ids:
            return digest
        keys = self._keys(subject_ids)
        return None if keys is None else _sealed(keys, recorded[0].command_id, digest)

    def text(self, recorded: str, *subject_ids: str | None) -> str | None:
        """The text that stands recorded about these persons; None once one of them is erased.

        What is about nobody, or was recorded before texts were kept apart, is returned as it stands.
        """
        about = [subject_id for subject_id in subject_ids if subject_id is not None]
        if not about:
            return recorded
        keys = self._keys(about)
        if keys is None:
            # An older entry's plain name is not shown after its person was erased either.
            erased = not self._erased.hashes().isdisjoint(map(hash_of, about))
            return None if is_commitment(recorded) or erased else recorded
        return self._decrypted(keys, recorded) if is_commitment(recorded) else recorded

    def texts(self, fact: Fact) -> list[tuple[str, str | None]]:
        """The private texts of a recorded fact by field, None for what was erased."""
        return [(each.field, self.text(each.text, *each.subject_ids)) for each in private_texts(fact)]

    def opening(self, event: Event, field: str) -> Opening:
        """What shows that one field of an event stands for its text. Raises UnknownId."""
        private = private_text(event, field)
        if private is None or not is_commitment(private.text):
            raise UnknownId(path="field", field=field, hint=f"{event.type} holds no commitment there.")
        keys = self._keys(private.subject_ids)
        value = None if keys is None else self._decrypted(keys, private.text)
        if keys is None or value is None:
            raise UnknownId(path="field", field=field, hint="The text was erased; its commitment stays.")
        salt = salt_of(keys, stream=event.stream, version=event.version, field=field)
        return Opening(event.position, field, value, b64encode(salt).decode(), private.text)

    def erase(self, subject_ids: Iterable[str]) -> int:
        """Delete the keys of these persons and every text about them, for good, and say how many keys there were.

        They are put on the list of the erased first, so that a key which comes back with an
        older copy of the file is deleted again when that is opened.
        """
        subjects = frozenset(map(hash_of, subject_ids))
        with self._lock:
            self._erased.add(subjects)
            return self._delete(subjects)

    @property
    def erased_count(self) -> int:
        """How many persons are on the list of the erased."""
        return len(self._erased.hashes())

    def _delete(self, subjects: Iterable[str]) -> int:
        with self._lock:
            found = [(subject,) for subject in subjects if self._key(subject) is not None]
            if not found:
                return 0
            with self._transaction() as connection:
                connection.executemany("DELETE FROM key WHERE subject = ?", found)
                connection.executemany(_DELETE_TEXTS, found)
                connection.execute("DELETE FROM about WHERE commitment NOT IN (SELECT commitment FROM text)")
            # Overwritten already; this also leaves no stale copy of a row in a page that was split.
            self._connection.execute("VACUUM")
            return len(found)

    def _new_keys(self, subject_ids: Iterable[str]) -> list[bytes]:
        """The keys of these persons, made where there are none; one that nobody keeps if somebody was erased."""
        subjects = [hash_of(subject_id) for subject_id in subject_ids]
        if not self._erased.hashes().isdisjoint(subjects):
            return [secrets.token_bytes(KEY_BYTES)]
        made = [(subject, self._new_key()) for subject in subjects]
        self._connection.executemany("INSERT OR IGNORE INTO key VALUES (?, ?)", made)
        return [key for subject in subjects if (key := self._key(subject)) is not None]

    def _keys(self, subject_ids: Iterable[str]) -> list[bytes] | None:
        """The keys of these persons, None if one is missing or somebody was erased."""
        subjects = [hash_of(subject_id) for subject_id in subject_ids]
        if not self._erased.hashes().isdisjoint(subjects):
            return None
        with self._lock:
            keys = [key for subject in subjects if (key := self._key(subject)) is not None]
        return keys if len(keys) == len(subjects) else None

    def _key(self, subject: str) -> bytes | None:
        row = self._connection.execute("SELECT key FROM key WHERE subject = ?", (subject,)).fetchone()
        return None if row is None else row[0]

    def _decrypted(self, keys: Keys, committed: str) -> str | None:
        with self._lock:
            row = self._connection.execute("SELECT ciphertext FROM text WHERE commitment = ?", (committed,)).fetchone()
        if row is None:
            return None
        try:
            return _cipher(keys, committed).decrypt(_NONCE, row[0], None).decode()
        except InvalidTag:
            # Kept under keys that are no longer theirs: an older copy of the file came back.
            return None

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        """One transaction alone on the file; whoever else writes waits."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _connect(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.touch(mode=0o600)
    connection = sqlite3.connect(
        path or ":memory:", timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    # A journal that is deleted after each transaction, pages that are overwritten when freed, and
    # no temporary file: nothing of a key stays behind beside the file or in it.
    for pragma in ("journal_mode = DELETE", "secure_delete = ON", "synchronous = EXTRA", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript((files("ledger") / "sql" / "private.sql").read_text("utf-8"))
    return connection


def _subjects(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Whom the private texts of some facts are about, each once, in order."""
    return tuple(dict.fromkeys(s for fact in facts for private in private_texts(fact) for s in private.subject_ids))


def _sealed(keys: Keys, command_id: UUID, digest: bytes) -> bytes:
    return keyed(keys, b"digest/v1\n" + command_id.bytes + digest)


def _cipher(keys: Keys, committed: str) -> AESGCM:
    return AESGCM(keyed(keys, f"text/v1\n{committed}".encode()))

"""The signer's memory: what it signed last, on disk outside the database.

    state             the last checkpoint signed, under a checksum: the memory itself
    leaves            the leaf hash of every entry signed, oldest first
    checkpoints.log   every checkpoint signed, oldest first, an empty line after each
    checkpoint        the last one, for everybody to read, with what witnesses added

Written in this order, each synced before the next, so a signer killed anywhere goes on where
it was. Damage to these files is the signer's own trouble and is never taken for a forged ledger.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from pathlib import Path

from ledger.domain.merkle import EMPTY_ROOT, CompactRange, root_at
from ledger.proof.checkpoint import Checkpoint, opened
from ledger.proof.durable import forget_unfinished, write_at, write_whole
from ledger.proof.finding import Finding, FindingKind, SigningRefused
from ledger.proof.keyring import Keyring
from ledger.proof.leaves import Leaves
from ledger.proof.note import MalformedNote, Note, SigningKey, Unverified

_STATE = "score-ledger/signer-state/v1"
_ORIGIN_BYTES = 6


class AnotherSigner(Exception):
    """Another signer works with this directory."""


class Memory:
    """What one signer remembers. One process at a time holds it."""

    def __init__(self, directory: Path, *, origin: str | None = None):
        """Open the memory, or begin one; `origin` names the log then, else it gets a name of its own.

        Raises AnotherSigner; SigningRefused if the files are damaged or another key's.
        """
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o755)
        self._lock: int | None = hold(directory / "lock")
        try:
            forget_unfinished(directory)
            self.leaves = Leaves(directory / "leaves")
            if not (directory / "key").exists():
                self._begin(origin or f"score-ledger/{secrets.token_hex(_ORIGIN_BYTES)}/1")
            self.keyring = Keyring(directory)
            self._load()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let another process have the memory; a second time nothing happens."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def check(self) -> None:
        """Raise SigningRefused unless the files still say what is remembered, and the published checkpoint agrees."""
        if _read(self.directory / "state") != self._state:
            raise self._damaged("its state file was changed by somebody else")
        if self.leaves.size < self.last.size:
            raise self._damaged("its file of leaf hashes is cut off")
        self._check_published()

    def check_leaves(self) -> None:
        """Raise SigningRefused unless the leaf hashes still have the root that was signed."""
        self.leaves.forget()
        tree = self.leaves.tree(self.last.size)
        if (tree.size, tree.root) != (self.last.size, self.last.root):
            raise self._damaged("its leaf hashes do not have the root that it signed")
        self.tree = tree

    def remember(self, checkpoint: Checkpoint, tree: CompactRange) -> None:
        """Sign a checkpoint whose leaves are already kept, and publish it. It is durable when this returns."""
        note = checkpoint.signed(self.keyring.keys)
        offset = self._log_offset + len(_logged(self.note))
        self._state = _state_of(note, offset)
        write_whole(self.directory / "state", self._state)
        self.last, self.note, self.tree, self._log_offset = checkpoint, note, tree, offset
        write_at(self.directory / "checkpoints.log", _logged(note), offset=offset)
        self.publish(note)

    def publish(self, note: Note) -> None:
        """Let everybody read the last checkpoint, with the cosignatures it has by now."""
        write_whole(self.directory / "checkpoint", str(note).encode())

    def rotate(self) -> None:
        """Let a new key sign beside the present one from now on."""
        self.keyring.rotate(self.last.size)
        self.remember(self.last, self.tree)

    def retire(self) -> None:
        """End the older of two keys."""
        self.keyring.retire(self.last.size)
        self.remember(self.last, self.tree)

    def _begin(self, origin: str) -> None:
        if self.leaves.size:
            raise self._damaged("its key is gone")
        for name in ("rotations", "state", "checkpoints.log"):
            (self.directory / name).unlink(missing_ok=True)
        key = SigningKey.generate(origin)
        self.leaves.append([], after=0)
        write_whole(self.directory / "state", _state_of(Checkpoint(origin, 0, EMPTY_ROOT).signed([key]), 0))
        # The key comes last: without one, what is there was begun and never used.
        Keyring.create(self.directory, key)

    def _load(self) -> None:
        self._state = _read(self.directory / "state")
        try:
            self._log_offset, data = _parse_state(self._state)
            self.last, self.note = opened(data, self.keyring.verifiers)
        except MalformedNote as error:
            raise self._damaged(f"its state file cannot be read: {error}") from None
        except Unverified as error:
            raise self._refused(FindingKind.KEY, f"Its last checkpoint is not by its own key: {error}") from None
        self.check_leaves()
        self._mend_log()
        self.keyring.mend(self.last.size)
        self._check_published()

    def _mend_log(self) -> None:
        """Finish the log of checkpoints if the signer was killed before it had."""
        path, expected = self.directory / "checkpoints.log", _logged(self.note)
        length = path.stat().st_size if path.exists() else 0
        if length < self._log_offset:
            raise self._damaged("its log of checkpoints is cut off")
        with path.open("a+b") as log:
            log.seek(self._log_offset)
            found = log.read(len(expected) + 1)
        if not expected.startswith(found):
            raise self._damaged("its log of checkpoints does not end with the checkpoint in its state file")
        if found != expected:
            write_at(path, expected, offset=self._log_offset)

    def _check_published(self) -> None:
        try:
            published, _ = opened(_read(self.directory / "checkpoint"), self.keyring.verifiers)
        except MalformedNote:
            # Nothing can be read there, so nobody is misled; a signer killed before it published left it so.
            return self.publish(self.note)
        except Unverified as error:
            raise self._refused(FindingKind.KEY, f"The published checkpoint is not by this signer: {error}") from None
        if published == self.last:
            return
        if published.size > self.last.size:
            raise self._damaged(f"it published a checkpoint of {published.size} and does not remember it")
        if published.origin != self.last.origin or published.root != root_at(published.size, self.leaves.node):
            raise self._refused(FindingKind.SPLIT, f"A second checkpoint of {published.size} is published.")
        self.publish(self.note)

    def _damaged(self, what: str) -> SigningRefused:
        return self._refused(FindingKind.OWN_STATE_DAMAGED, f"The signer's own memory is damaged: {what}.")

    def _refused(self, kind: FindingKind, sentence: str) -> SigningRefused:
        last = getattr(self, "last", None)
        return SigningRefused(Finding(kind, sentence, last_good=last.size if last else 0))


def hold(path: Path) -> int:
    """Take a directory's lock for this process and return its descriptor. Raises AnotherSigner."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AnotherSigner(f"Another signer works with {path.parent}.") from None
    return descriptor


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _logged(note: Note) -> bytes:
    return f"{note}\n".encode()


def _state_of(note: Note, log_offset: int) -> bytes:
    body = f"{log_offset}\n\n{note}".encode()
    return f"{_STATE}\n{hashlib.sha256(body).hexdigest()}\n".encode() + body


def _parse_state(data: bytes) -> tuple[int, bytes]:
    name, _, rest = data.partition(b"\n")
    digest, _, body = rest.partition(b"\n")
    if name.decode("utf-8", "replace") != _STATE or hashlib.sha256(body).hexdigest().encode() != digest:
        raise MalformedNote("its checksum is wrong")
    offset, _, note = body.partition(b"\n\n")
    return int(offset), note

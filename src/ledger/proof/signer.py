"""The signer: signs the tree's head as long as the tree only grows, and otherwise says what is wrong.

It believes nothing that the database says of itself. Before it signs, it hashes the new
entries, goes on from the tree that it remembers, and wants the database to have come to the
same tree. Entries signed earlier it hashes again where there is doubt, and a few each time
where there is none.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ledger.database import Connection
from ledger.domain.merkle import CompactRange, leaf_hash
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.columns import Row, differing_column, read_entry
from ledger.proof.comparing import cut_off, first_difference, first_wrong_tile, rewrite
from ledger.proof.finding import Finding, FindingKind, SigningRefused
from ledger.proof.memory import Memory
from ledger.proof.published import read_finding, write_finding
from ledger.proof.snapshot import Snapshot, taken
from ledger.proof.witnesses import Witnesses


class Signer:
    """Signs one ledger's checkpoints, with one memory."""

    def __init__(self, memory: Memory, ledger_id: int = 1, *, witnesses: Witnesses | None = None):
        self.memory = memory
        self._ledger_id = ledger_id
        self._witnesses = witnesses
        self._scrubbed = 0

    def step(self, connection: Connection) -> Checkpoint:
        """Sign what is new and return the last checkpoint, which may be the one before.

        Raises SigningRefused. Its finding stands until all that was signed is found sound again.
        """
        with self._noting_findings():
            self.memory.check()
            if read_finding(self.memory.directory) is not None:
                self._look_again(connection)
            with taken(connection, self._ledger_id) as snapshot:
                self._sign_new(snapshot)
            write_finding(self.memory.directory, None)
            self._show_witnesses()
        return self.memory.last

    def audit(self, connection: Connection) -> int:
        """Hash everything that was signed again, and return how many entries that are. Raises SigningRefused."""
        with self._noting_findings(), taken(connection, self._ledger_id) as snapshot:
            self.memory.check()
            self._check_all(snapshot)
        return self.memory.last.size

    def scrub(self, connection: Connection, entries: int) -> None:
        """Hash the next few signed entries again, beginning anew behind the last. Raises SigningRefused."""
        size = self.memory.last.size
        after = self._scrubbed if self._scrubbed < size else 0
        through = min(size, after + entries)
        with self._noting_findings(), taken(connection, self._ledger_id) as snapshot:
            found = first_difference(snapshot, self.memory.leaves, after=after, through=through)
            found = found or first_wrong_tile(snapshot, self.memory.leaves, before=after, size=through)
            if found is not None:
                # There is a difference; the first of them is wanted.
                self._check_all(snapshot)
                raise SigningRefused(found)
        self._scrubbed = through

    def _look_again(self, connection: Connection) -> None:
        with taken(connection, self._ledger_id) as snapshot:
            self._check_all(snapshot)
        self._show_witnesses()

    def _show_witnesses(self) -> None:
        if self._witnesses is not None:
            self._witnesses.show(self.memory)

    @contextmanager
    def _noting_findings(self) -> Generator[None]:
        try:
            yield
        except SigningRefused as refused:
            # Nodes over leaves that will not be signed must not stay.
            self.memory.leaves.forget()
            write_finding(self.memory.directory, refused.finding)
            raise

    def _check_all(self, snapshot: Snapshot) -> None:
        memory, size = self.memory, self.memory.last.size
        memory.check_leaves()
        _refuse(first_difference(snapshot, memory.leaves, after=0, through=size))
        _refuse(first_wrong_tile(snapshot, memory.leaves, before=0, size=size))

    def _sign_new(self, snapshot: Snapshot) -> None:
        memory, size = self.memory, self.memory.last.size
        stored = min(snapshot.head, snapshot.last)
        if stored < size:
            # What is still there may have been changed as well, and then that is the first wrong.
            _refuse(first_difference(snapshot, memory.leaves, after=0, through=stored))
            raise SigningRefused(cut_off(stored, size))
        if snapshot.last > snapshot.head:
            raise SigningRefused(rewrite(snapshot.head + 1, "There are entries behind the ledger's own head."))
        new = self._new_leaves(snapshot)
        tree = memory.tree.extended(new)
        if new:
            memory.leaves.append(new, after=size)
        if b"".join(tree.hashes) != snapshot.peaks:
            self._refuse_tree(snapshot, tree)
        _refuse(first_wrong_tile(snapshot, memory.leaves, before=size, size=tree.size))
        if new:
            memory.remember(Checkpoint(memory.last.origin, tree.size, tree.root), tree)

    def _new_leaves(self, snapshot: Snapshot) -> list[bytes]:
        """The leaf hashes of the entries that are not signed yet, which have to follow one another."""
        size = self.memory.last.size
        if snapshot.head == size:
            return []
        before = self._last_signed_at(snapshot) if size else None
        leaves: list[bytes] = []
        for row in snapshot.rows(size, snapshot.head):
            expected = size + len(leaves) + 1
            if row.position != expected:
                break
            before = _follow(row, before)
            leaves.append(leaf_hash(row.entry))
        if size + len(leaves) < snapshot.head:
            raise SigningRefused(rewrite(size + len(leaves) + 1, "The entry is missing."))
        return leaves

    def _last_signed_at(self, snapshot: Snapshot) -> datetime:
        """When the last entry that was signed was recorded, as its bytes say, which have to be the signed ones."""
        memory, size = self.memory, self.memory.last.size
        if first_difference(snapshot, memory.leaves, after=size - 1, through=size) is not None:
            # There is a difference; the first of them is wanted.
            _refuse(first_difference(snapshot, memory.leaves, after=0, through=size))
        (row,) = snapshot.rows(size - 1, size)
        return row.recorded_at

    def _refuse_tree(self, snapshot: Snapshot, tree: CompactRange) -> None:
        """The database came to another tree: find out where it leaves ours."""
        memory, size = self.memory, self.memory.last.size
        _refuse(first_difference(snapshot, memory.leaves, after=0, through=size))
        _refuse(first_wrong_tile(snapshot, memory.leaves, before=0, size=tree.size))
        sentence = f"The entries after position {size}, signed last, do not have the tree that was stored with them."
        raise SigningRefused(Finding(FindingKind.REWRITE, sentence, size + 1, last_good=size))


@contextmanager
def opened_signer(directory: Path, ledger_id: int = 1, *, origin: str | None = None) -> Generator[Signer]:
    """The signer whose key and memory are in a directory; both are begun if they are not there.

    Raises AnotherSigner; SigningRefused if they are damaged, and publishes that.
    """
    try:
        memory = Memory(directory, origin=origin)
    except SigningRefused as refused:
        write_finding(directory, refused.finding)
        raise
    try:
        yield Signer(memory, ledger_id, witnesses=Witnesses.of(directory))
    finally:
        memory.close()


def _follow(row: Row, before: datetime | None) -> datetime:
    """Return when an entry was recorded. Raises SigningRefused unless it belongs behind the one before."""
    said = read_entry(row.entry)
    if said is None:
        raise SigningRefused(rewrite(row.position, "The stored bytes are not an entry."))
    if said.position != row.position:
        raise _out_of_order(row, f"The entry calls itself position {said.position}.")
    if before is not None and said.recorded_at < before:
        raise _out_of_order(row, "The entry was recorded before the one in front of it.")
    column = differing_column(row, said)
    if column is not None:
        raise SigningRefused(rewrite(row.position, f"The column {column} does not say what the entry says."))
    return said.recorded_at


def _out_of_order(row: Row, sentence: str) -> SigningRefused:
    return SigningRefused(Finding(FindingKind.ORDER, sentence, row.position, last_good=row.position - 1))


def _refuse(finding: Finding | None) -> None:
    if finding is not None:
        raise SigningRefused(finding)

"""After an older backup was put back: fill in what it lacks, or give that up and say so.

What is there has to be what was signed, and what is filled in too, entry by entry, so that the
ledger is again what it was, byte for byte. Where nobody has the missing entries any more, the
log of this name is closed for ever: it has promised more than there is. The ledger goes on as
a log of another name, which begins with the entries that were saved, at their old positions,
followed by one that says what was lost and who approved it.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from uuid import uuid4

from ledger.commands import Commands, Request
from ledger.database import Connection, Database
from ledger.domain.commands.restoring import RecordReopened, RecordRestored, RestoreCommand
from ledger.domain.facts import Channel
from ledger.domain.merkle import TILE_WIDTH, entries_path, leaf_hash
from ledger.domain.opening import LedgerReopened
from ledger.domain.world import World
from ledger.entries import decode
from ledger.proof.comparing import first_difference, first_wrong_tile
from ledger.proof.durable import write_whole
from ledger.proof.finding import SigningRefused
from ledger.proof.log import ENTRY_LENGTH_BYTES
from ledger.proof.memory import Memory
from ledger.proof.signer import Signer, opened_signer
from ledger.proof.snapshot import connect_signer, taken
from ledger.recalled import RecalledCycles, WrittenHistory
from ledger.settings import Settings
from ledger.store import Store, Streams, open_store

_UNFINISHED = "restoring"
_INCARNATION = re.compile(r"(.*/)([1-9][0-9]*)")
_OF_A_LOG = ("log ", "# sizes ", "#  ")

Progress = Callable[[int, int], None]


class RestoreRefused(Exception):
    """The ledger cannot be restored like this."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Who restores, who approved it, and why."""

    by: Callable[[Store], str]
    approved_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Restored:
    """How the ledger came back."""

    restored_size: int
    signed_size: int
    """The size up to which the ledger was filled in again, or was lost."""
    origin: str
    """The name of the log from now on."""


def refill(
    database: Database,
    settings: Settings,
    source: Path,
    approval: Approval,
    *,
    progress: Progress = lambda done, total: None,
) -> Restored:
    """Fill in what the backup lacks from an export or a bundle, up to the last checkpoint, and sign that.

    Raises RestoreRefused; SigningRefused if what is there is not what was signed; Refused.
    Interrupted, it can be run again.
    """
    with _opened(database, settings) as (store, signer, connection):
        size = signer.memory.last.size
        note = settings.signer_dir / _UNFINISHED
        if not note.exists():
            _require_behind(store, size)
            write_whole(note, str(store.head).encode())
        restored_size = int(note.read_text())
        stored = min(store.head, size)
        _require_as_signed(signer, connection, settings.ledger_id, stored)
        missing = _as_signed(signer.memory, missing_entries(source, stored, size), stored, size)
        for recorded_at, group in groupby(missing, key=lambda entry: decode(entry).recorded_at):
            store.refill(list(group), recorded_at)
            progress(store.head - restored_size, size - restored_size)
        store.replay_erasures()
        command = RecordRestored(
            restored_size=restored_size,
            refilled_through=size,
            reason=approval.reason,
            approved_by=approval.approved_by,
        )
        _record(store, command, approval)
        signer.step(connection)
        note.unlink()
        return Restored(restored_size, size, signer.memory.last.origin)


def reopen(database: Database, settings: Settings, lost: int, approval: Approval) -> Restored:
    """Give up the `lost` entries that the backup lacks, and go on as a log of another name.

    Raises what `refill` does. The signer's directory of the closed log is kept beside the new one.
    """
    with _opened(database, settings) as (store, signer, connection):
        memory = signer.memory
        size, previous = memory.last.size, memory.last.origin
        restored_size, origin = _reopened(store, previous) or (store.head, _next_origin(previous))
        if store.head == restored_size:
            _require_behind(store, size)
        if size - restored_size != lost:
            raise RestoreRefused(f"{size - restored_size} entries are lost, not {lost}: say so with --lost.")
        _require_as_signed(signer, connection, settings.ledger_id, restored_size)
        if store.head == restored_size:
            command = RecordReopened(
                restored_size=restored_size,
                origin=origin,
                previous_origin=previous,
                lost_through=size,
                checkpoint=str(memory.note),
                reason=approval.reason,
                approved_by=approval.approved_by,
            )
            _record(store, command, approval)
        _begin_anew(settings.signer_dir, previous, origin)
    with opened_signer(settings.signer_dir, settings.ledger_id) as signer, connect_signer(database) as connection:
        signer.step(connection)
    return Restored(restored_size, size, origin)


def missing_entries(source: Path, after: int, through: int) -> Iterator[bytes]:
    """Yield the entries in (after, through] of an export or a bundle. Raises RestoreRefused if there are fewer."""
    found = _of_bundle(source, after) if source.is_dir() else _of_export(source, after)
    count = 0
    for entry in islice(found, through - after):
        count += 1
        yield entry
    if count < through - after:
        raise RestoreRefused(f"{source} ends at position {after + count}, and {through} entries were signed.")


def _of_export(source: Path, after: int) -> Iterator[bytes]:
    with source.open("rb") as lines:
        for line in islice(lines, after, None):
            yield line.removesuffix(b"\n")


def _of_bundle(source: Path, after: int) -> Iterator[bytes]:
    skipped = after % TILE_WIDTH
    for index in range(after // TILE_WIDTH, 1 << 60):
        full = source / entries_path(index)
        partial = sorted(full.with_name(f"{full.name}.p").glob("*"), key=lambda path: int(path.name))
        files = [full] if full.exists() else partial[-1:]
        if not files:
            return
        data, start = files[0].read_bytes(), 0
        while start < len(data):
            end = start + ENTRY_LENGTH_BYTES + int.from_bytes(data[start : start + ENTRY_LENGTH_BYTES])
            if skipped:
                skipped -= 1
            else:
                yield data[start + ENTRY_LENGTH_BYTES : end]
            start = end


def _as_signed(memory: Memory, entries: Iterator[bytes], after: int, through: int) -> Iterator[bytes]:
    """Yield the entries, each of which has to be the one that was signed at its position."""
    leaves = memory.leaves.read(after, through)
    for position, (entry, leaf) in enumerate(zip(entries, leaves, strict=False), start=after + 1):
        if leaf_hash(entry) != leaf:
            raise RestoreRefused(f"What is to be filled in at position {position} is not what was signed there.")
        yield entry


@contextmanager
def _opened(database: Database, settings: Settings) -> Generator[tuple[Store, Signer, Connection]]:
    with (
        opened_signer(settings.signer_dir, settings.ledger_id, origin=settings.origin) as signer,
        connect_signer(database) as connection,
        open_store(database, ledger_id=settings.ledger_id, data_dir=settings.data_dir) as store,
    ):
        yield store, signer, connection


def _require_behind(store: Store, size: int) -> None:
    if store.head >= size:
        raise RestoreRefused(f"Nothing is missing: {size} entries were signed, and {store.head} are there.")


def _require_as_signed(signer: Signer, connection: Connection, ledger_id: int, through: int) -> None:
    leaves = signer.memory.leaves
    with taken(connection, ledger_id) as snapshot:
        finding = first_difference(snapshot, leaves, after=0, through=through) or first_wrong_tile(
            snapshot, leaves, before=0, size=through
        )
    if finding is not None:
        raise SigningRefused(finding)


def _record(store: Store, command: RestoreCommand, approval: Approval) -> None:
    by = approval.by(store)
    # Decided once without recording: a refusal that is put on record would take the place of what was lost.
    history = WrittenHistory(Streams(store), RecalledCycles(store))
    command.decide(World(history, person_id=by, now=store.now()))
    Commands(store).execute(Request(command=command, command_id=uuid4(), person_id=by, channel=Channel.SYSTEM))


def _reopened(store: Store, previous: str) -> tuple[int, str] | None:
    """What is on record already, if it was interrupted behind that."""
    last = store.event(store.head)
    if last is not None and isinstance(last.fact, LedgerReopened) and last.fact.previous_origin == previous:
        return last.fact.restored_size, last.fact.origin
    return None


def _next_origin(origin: str) -> str:
    found = _INCARNATION.fullmatch(origin)
    return f"{found[1]}{int(found[2]) + 1}" if found else f"{origin}/2"


def _begin_anew(directory: Path, previous: str, origin: str) -> None:
    """Put a new signer's directory in the place of the closed log's, with the same witnesses."""
    fresh = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}-"))
    try:
        fresh.chmod(0o755)
        lines = (directory / "policy").read_text("utf-8").splitlines(keepends=True)
        write_whole(fresh / "policy", "".join(line for line in lines if not line.startswith(_OF_A_LOG)).encode())
        Memory(fresh, origin=origin).close()
        os.rename(directory, directory.with_name(f"{directory.name}-closed-{previous.rpartition('/')[2]}"))
        os.rename(fresh, directory)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise

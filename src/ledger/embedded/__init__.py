"""A private PostgreSQL that runs exactly as long as somebody uses it.

The server, its data and its socket live in one directory, the root, which only their owner may enter. Processes of
one user share the server: the first starts it, and a watcher process stops it when the last one is gone. What is
alive is told by locks, which the kernel drops however a process ends, and never by a process id, which a stranger
may bear by now:

    start.lock       one starter at a time; held through to the end of every step, even if the starter is killed
    lease            shared by all users; the watcher waits to have it alone
    watch.lock       held by the one watcher, as its standard input
    server.log       held by every process of the server, which inherit it as their standard error
    postmaster.lock  held by the postmaster; a record lock, so exec keeps it and the forked backends do not get it

Watcher and starter run this package by itself, so it imports nothing but the standard library.
POSIX only, and the root must be on a local disk: flock means little on NFS.
"""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ledger.embedded.binaries import Account, Binaries, find_binaries
from ledger.embedded.errors import (
    EmbeddedPostgresError,
    NoBinaries,
    NoServerUser,
    NotOurs,
    NotReachable,
    NotReadyInTime,
    OrphansRemain,
    ProgramFailed,
    ServerDidNotStart,
    StartedElsewhere,
)
from ledger.embedded.files import open_lock_file, quoted, take_lock
from ledger.embedded.root import prepare
from ledger.embedded.server import Server, ensure_watcher

PATIENCE_S = 3600.0  # Recovery after a crash may have gigabytes of log to read; it must never be cut short.

__all__ = [
    "Account",
    "Binaries",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "NoBinaries",
    "NoServerUser",
    "NotOurs",
    "NotReachable",
    "NotReadyInTime",
    "OrphansRemain",
    "ProgramFailed",
    "ServerDidNotStart",
    "StartedElsewhere",
    "find_binaries",
]


class EmbeddedPostgres:
    """One user's share in the server of `root`, from `start` to `release` or the end of the process.

    A forked child has the same share and keeps the server up until it ends. Not for use by two threads at once;
    give each its own.
    """

    def __init__(self, root: Path, *, patience_s: float = PATIENCE_S) -> None:
        self.root = root.resolve()
        self._patience_s = patience_s
        # Locked (shared) while it is open. Only ever closed, never unlocked: that would end a forked child's share.
        self._lease: BinaryIO | None = None

    def start(self) -> str:
        """Return the libpq connection string of a server that takes connections, started unless it is running.

        May be called again, and then revives a server that died. A start that fails leaves no share behind.

        Raises a subclass of EmbeddedPostgresError; NotReadyInTime after `patience_s`.
        """
        deadline = time.monotonic() + self._patience_s
        too_late = NotReadyInTime(self.root / "server.log", self._patience_s)
        account = prepare(self.root)
        with open_lock_file(self.root / "start.lock", account) as start_lock:
            take_lock(start_lock, fcntl.LOCK_EX, until=deadline, otherwise=too_late)
            lease = self._lease or open_lock_file(self.root / "lease", account)
            try:
                # Waits here while the watcher, who has the lease alone, brings the previous server down.
                take_lock(lease, fcntl.LOCK_SH, until=deadline, otherwise=too_late)
                ensure_watcher(self.root, account)
                server = Server(self.root, account, held=(start_lock.fileno(), lease.fileno()))
                server.ensure_ready(until=deadline, otherwise=too_late)
            except BaseException:
                self._lease = None
                lease.close()
                raise
            self._lease = lease
        return f"host={quoted(str(server.socket_directory))} port=5432 user=ledger dbname=ledger"

    def release(self) -> None:
        """Give up this share; the server stops soon after the last one is gone. Without a share, does nothing."""
        if self._lease:
            self._lease.close()
            self._lease = None

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.release()

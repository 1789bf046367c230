"""Files that are locks: opened safely as root, taken with patience, and the quoting of what is written to them."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import BinaryIO

from ledger.embedded.binaries import Account
from ledger.embedded.errors import EmbeddedPostgresError

POLL_S = 0.02


def open_lock_file(path: Path, account: Account | None) -> BinaryIO:
    """Open `path` for appending; a new file is given to `account`.

    Root does this in a directory of another user, who must not lead it elsewhere: no symbolic links, and only a file
    made here changes its owner.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.fdopen(os.open(path, flags), "ab")
    if account:
        os.fchown(descriptor, account.user, account.group)
    return os.fdopen(descriptor, "ab")


def quoted(value: str) -> str:
    """In the quotes that libpq's connection strings and PostgreSQL's settings both read."""
    escaped = value.replace("\\", r"\\").replace("'", r"\'")
    return f"'{escaped}'"


def take_lock(file: BinaryIO, kind: int, *, until: float, otherwise: EmbeddedPostgresError) -> None:
    while True:
        try:
            return fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise otherwise from None
            time.sleep(POLL_S)


def sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

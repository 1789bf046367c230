"""The access log: who looked at what, one JSON object a line, in the data directory and not in the ledger."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ledger.entries import timestamp
from ledger.settings import Settings

ACCESS_LOG = "access.jsonl"
REOPENED_AFTER_S = 1.0


def log_read(settings: Settings, *, person_id: str, field: str, arguments: Mapping[str, object]) -> None:
    """Add a line for one read, for those who log a few and then end."""
    log = AccessLog(settings.data_dir)
    log.write(person_id, looked_at(field, arguments))
    log.close()


def looked_at(field: str, arguments: Mapping[str, object]) -> bytes:
    """The part of a line that says what was asked; the same for everybody who asks it."""
    return msgspec.json.encode({"field": field, "arguments": arguments})[1:]


class AccessLog:
    """Writes lines as they come; safe to share between threads.

    A line is written, with one call, before its answer is sent: lines of several processes never
    mix, and none is lost with the process. The file is opened again every second, so that it
    may be rotated under a running service.
    """

    def __init__(self, data_dir: Path):
        self._path = data_dir / ACCESS_LOG
        # Guarded by _lock.
        self._descriptor: int | None = None
        self._opened_at = 0.0
        self._lock = threading.Lock()

    def write(self, person_id: str, *looked: bytes) -> None:
        """Add a line for each thing a person looked at, as `looked_at` says it."""
        who = msgspec.json.encode({"at": timestamp(datetime.now(UTC)), "person_id": person_id})[:-1]
        lines = b"".join(b"%s,%s\n" % (who, each) for each in looked)
        with self._lock:
            now = time.monotonic()
            if self._descriptor is None or now - self._opened_at > REOPENED_AFTER_S:
                self._close()
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                self._opened_at = now
            os.write(self._descriptor, lines)

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

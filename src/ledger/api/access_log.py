"""The access log: who looked at what, one JSON object a line, in the data directory and not in the ledger."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import msgspec

from ledger.settings import Settings

ACCESS_LOG = "access.jsonl"
SECOND = '{"at":"%Y-%m-%dT%H:%M:%S'
PERSONS_NAMED_MAX = 1_024
AT_LEAST = "atLeast"


def log_read(settings: Settings, *, person_id: str, field: str, arguments: Mapping[str, object]) -> None:
    """Add a line for one read, for those who log a few and then end."""
    log = AccessLog(settings.data_dir)
    log.write(person_id, looked_at(field, arguments))
    log.close()


def looked_at(field: str, arguments: Mapping[str, object]) -> bytes:
    """The part of a line that says what was asked; the same for everybody who asks it."""
    # How new an answer has to be says nothing of what was looked at, but of what its reader had just recorded.
    named = {name: value for name, value in arguments.items() if name != AT_LEAST}
    return msgspec.json.encode({"field": field, "arguments": named})[1:]


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
        self._second = 0
        self._begins = b""
        self._lock = threading.Lock()

    def write(self, person_id: str, *looked: bytes) -> None:
        """Add a line for each thing a person looked at, as `looked_at` says it."""
        who = _who(person_id)
        with self._lock:
            second, micro = divmod(time.time_ns() // 1_000, 1_000_000)
            if self._descriptor is None or second != self._second:
                self._close()
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                self._second, self._begins = second, datetime.fromtimestamp(second, UTC).strftime(SECOND).encode()
            begins = b"%s.%06d%s" % (self._begins, micro, who)
            os.write(self._descriptor, b"".join([b"%s%s\n" % (begins, each) for each in looked]))

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@lru_cache(maxsize=PERSONS_NAMED_MAX)
def _who(person_id: str) -> bytes:
    """What stands in a line between the second's fraction and what was looked at."""
    return b'Z","person_id":%s,' % msgspec.json.encode(person_id)

"""The access log: who looked at what, one JSON object a line, in the data directory and not in the ledger."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from ledger.entries import timestamp
from ledger.settings import Settings

ACCESS_LOG = "access.jsonl"


def log_read(settings: Settings, *, person_id: str, field: str, arguments: Mapping[str, object]) -> None:
    """Add a line for one root field that was answered.

    Opened for each line and written at once, so that lines of several processes never mix
    and the file may be rotated under a running service.
    """
    line = {"at": timestamp(datetime.now(UTC)), "person_id": person_id, "field": field, "arguments": arguments}
    descriptor = os.open(settings.data_dir / ACCESS_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, msgspec.json.encode(line) + b"\n")
    finally:
        os.close(descriptor)

"""Fingerprints: what binds a table, a report or a plan to its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def fingerprint(content: DataclassInstance | Iterable[DataclassInstance]) -> str:
    """SHA-256 in hex over the canonical JSON: keys sorted, no spaces, decimals and days as text."""
    plain = [asdict(each) for each in content] if isinstance(content, Iterable) else asdict(content)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()

"""Fingerprints: what binds a table, a report or a plan to its content."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass


def fingerprint(content: object) -> str:
    """SHA-256 in hex over the canonical JSON: keys sorted, no spaces, decimals and days as text."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return str(value)

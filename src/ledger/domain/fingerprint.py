"""Fingerprints: what binds a table, a report or a plan to its content.

A fingerprint that was recorded has to come out for ever. A member that is added to a row or to
a plan says so, and counts only where it has another value than its default:

    note: str | None = field(default=None, metadata=ADDED)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from typing import Any

ADDED: Mapping[str, bool] = {"added": True}
"""Of a member that its class did not have when the first fingerprints of it were recorded; it has a plain default."""


def fingerprint(content: object) -> str:
    """SHA-256 in hex over the canonical JSON: keys sorted, no spaces, decimals and days as text."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value) if _counts(field, value)}
    return str(value)


def _counts(field: Field[Any], value: object) -> bool:
    return "added" not in field.metadata or getattr(value, field.name) != field.default

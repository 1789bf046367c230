"""Openings: single texts about persons, shown with the salts that the entries commit to them with."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict
from typing import NamedTuple

from ledger.proof.offline.notes import Bad


class Opening(NamedTuple):
    """What shows one text behind one commitment."""

    field: str
    salt: str
    value: str

    def opens(self, entry: bytes) -> bool:
        """Whether the entry commits to this text in this field."""
        text = f"{self.field}\n{json.dumps(self.value, ensure_ascii=False)}".encode()
        try:
            salt = base64.b64decode(self.salt, validate=True)
            committed = json.loads(entry)["data"][self.field]
        except (ValueError, KeyError, TypeError):
            return False
        digest = hashlib.sha256(b"score-ledger/commit/v1\n" + salt + text).digest()
        return len(salt) == 32 and committed == f"commit:v1:{base64.b64encode(digest).decode()}"


def openings_of(data: bytes) -> dict[int, list[Opening]]:
    """Read openings, one JSON object a line, by position."""
    found: dict[int, list[Opening]] = defaultdict(list)
    for line in data.splitlines():
        try:
            said = json.loads(line)
            found[int(said["position"])].append(Opening(str(said["field"]), str(said["salt"]), str(said["value"])))
        except (ValueError, KeyError, TypeError):
            raise Bad("a line of openings.jsonl cannot be read") from None
    return dict(found)

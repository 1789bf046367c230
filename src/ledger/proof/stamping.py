"""Time stamps: an outside authority's word that a checkpoint was there at a time. Source: RFC 3161."""

from __future__ import annotations

import hashlib
import urllib.request
from pathlib import Path

from ledger.proof.durable import write_whole
from ledger.proof.note import split_notes

ANSWER_TIMEOUT_S = 30
ANSWER_BYTES_MAX = 64 * 1024
# A TimeStampReq in DER up to the hash: version 1, SHA-256, 32 bytes. Behind the hash: send your certificate, too.
_BEFORE_HASH = bytes.fromhex("30390201013031300d060960864801650304020105000420")
_AFTER_HASH = bytes.fromhex("0101ff")
_STATUSES = (b"\x30\x03\x02\x01\x00", b"\x30\x03\x02\x01\x01")
"""PKIStatusInfo: granted, and granted with modifications, each without further words."""


class NotStamped(Exception):
    """There is nothing to stamp, or the authority did not stamp it."""


def stamp_last(signer_dir: Path, url: str) -> Path:
    """Have the last checkpoint stamped and return the file that holds the authority's answer. Raises NotStamped.

    Only the checkpoint's hash is sent. That the answer is the authority's is checked by those who verify a bundle.
    """
    try:
        note = split_notes((signer_dir / "checkpoints.log").read_bytes())[-1]
    except (FileNotFoundError, IndexError):
        raise NotStamped("Nothing is signed yet.") from None
    digest = hashlib.sha256(note)
    place = signer_dir / "tsa" / f"{digest.hexdigest()}.tsr"
    if not place.exists():
        answer = _ask(url, _BEFORE_HASH + digest.digest() + _AFTER_HASH)
        if not any(status in answer[:16] for status in _STATUSES) or digest.digest() not in answer:
            raise NotStamped(f"{url} did not stamp the checkpoint.")
        place.parent.mkdir(exist_ok=True)
        write_whole(place, answer)
    return place


def _ask(url: str, query: bytes) -> bytes:
    request = urllib.request.Request(url, data=query, headers={"Content-Type": "application/timestamp-query"})
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as response:
            return response.read(ANSWER_BYTES_MAX)
    except (OSError, ValueError) as error:
        raise NotStamped(f"{url} cannot be reached: {error}") from None

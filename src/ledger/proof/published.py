"""What the signer lets everybody know: its last checkpoint, and what it refuses to sign, if anything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from ledger.proof.checkpoint import parse_checkpoint
from ledger.proof.durable import write_whole
from ledger.proof.finding import Finding
from ledger.proof.note import MalformedNote, VerifierKey, parse_note
from ledger.proof.policy import MalformedPolicy, parse_policy

_FINDING = "finding.json"
_UNWITNESSED = "unwitnessed-since"
# Made once, not by several threads at a time, which msgspec 0.22 does not survive.
_decoder = msgspec.json.Decoder(Finding)


class SigningState(StrEnum):
    """How far the ledger is vouched for by its signer."""

    SIGNED = "SIGNED"
    """Everything recorded is signed."""
    BEHIND = "BEHIND"
    """The last events are not signed yet; if it lasts, no signer is at work."""
    REFUSED = "REFUSED"
    """The signer found history changed, or its own memory damaged, and signs nothing more."""


@dataclass(frozen=True, slots=True)
class Published:
    """What can be known of a ledger's signature at one moment."""

    state: SigningState
    size: int
    """How many events the last checkpoint covers, 0 while there is none."""
    note: str | None
    """The last checkpoint as a C2SP signed note."""
    finding: Finding | None
    """Why nothing more is signed."""
    unwitnessed_since: int | None
    """Since when, in seconds since 1970, too few witnesses have seen what was signed; none if enough have."""


def published(directory: Path, head: int) -> Published:
    """What the signer of this directory has published, of a ledger that is at `head`."""
    finding = read_finding(directory)
    note, size = _checkpoint(directory)
    if finding is not None:
        state = SigningState.REFUSED
    else:
        state = SigningState.SIGNED if note is not None and size >= head else SigningState.BEHIND
    return Published(state, size, note, finding, read_unwitnessed(directory))


def published_keys(directory: Path) -> list[VerifierKey]:
    """The keys that sign this ledger now, the oldest first; none before a signer has begun."""
    try:
        policy = parse_policy((directory / "policy").read_bytes())
    except (FileNotFoundError, MalformedPolicy):
        return []
    return [log.key for log in policy.logs]


def read_finding(directory: Path) -> Finding | None:
    """The finding that stands, if one does."""
    try:
        return _decoder.decode((directory / _FINDING).read_bytes())
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write_finding(directory: Path, finding: Finding | None) -> None:
    """Let a finding stand, or none."""
    if finding is None:
        (directory / _FINDING).unlink(missing_ok=True)
    elif finding != read_finding(directory):
        write_whole(directory / _FINDING, msgspec.json.encode(finding))


def read_unwitnessed(directory: Path) -> int | None:
    """Since when too few witnesses have seen what was signed."""
    try:
        return int((directory / _UNWITNESSED).read_text())
    except (FileNotFoundError, ValueError):
        return None


def write_unwitnessed(directory: Path, since: int | None) -> None:
    """Note since when too few witnesses have seen what was signed."""
    if since is None:
        (directory / _UNWITNESSED).unlink(missing_ok=True)
    else:
        write_whole(directory / _UNWITNESSED, str(since).encode())


def _checkpoint(directory: Path) -> tuple[str | None, int]:
    try:
        note = parse_note((directory / "checkpoint").read_bytes())
        return str(note), parse_checkpoint(note.text).size
    except (FileNotFoundError, MalformedNote):
        return None, 0

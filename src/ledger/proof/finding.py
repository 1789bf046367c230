"""Findings: what a signer refuses to sign, by kind and first bad position."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """What is wrong with the history that a signer was shown, or with the signer itself."""

    REWRITE = "REWRITE"
    """Something that was recorded, or the tree over it, is no longer what it was."""
    ROLLBACK = "ROLLBACK"
    """There is less history than was signed: its end was cut off, or an older backup restored."""
    SPLIT = "SPLIT"
    """There are two signed histories of one ledger, and neither continues the other."""
    ORDER = "ORDER"
    """New entries do not follow: positions are missing or repeated, or time runs back."""
    KEY = "KEY"
    """A checkpoint is signed by another key than this signer's."""
    OWN_STATE_DAMAGED = "OWN_STATE_DAMAGED"
    """The signer's own files are damaged. This says nothing about the ledger."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Why nothing more is signed."""

    kind: FindingKind
    sentence: str
    """What was found, for people."""
    first_bad: int | None = None
    """The first position that is not as it was; none where no position is at fault."""
    last_good: int = 0
    """The size of the last history that is known to be sound: everything up to this position."""

    def __str__(self) -> str:
        where = f" at position {self.first_bad}" if self.first_bad is not None else ""
        return f"{self.kind}{where}: {self.sentence}"


class SigningRefused(Exception):
    """The signer will not sign what it was shown."""

    def __init__(self, finding: Finding):
        super().__init__(str(finding))
        self.finding = finding

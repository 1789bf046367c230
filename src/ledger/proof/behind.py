"""Is the ledger behind what was signed? Then an older backup was put back, and nothing more may be recorded on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ledger.domain.opening import LedgerReadOnly
from ledger.proof.finding import FindingKind
from ledger.proof.published import published, read_finding

_HINT = "Run `ledger restore`."


class Behind:
    """Why a ledger is read-only, as far as its signer's directory tells; None while it is not.

    What is published is compared once, before the first command, so that none gets in before a
    signer has looked. After that the signer's finding counts.
    """

    def __init__(self, directory: Path, head: Callable[[], int]):
        self._directory = directory
        self._head = head
        self._signed = published(directory, 0).size

    def __call__(self) -> LedgerReadOnly | None:
        if self._signed:
            head = self._head()
            if head < self._signed:
                return LedgerReadOnly(hint=_HINT, signed=self._signed, stored=head)
            self._signed = 0
        finding = read_finding(self._directory)
        if finding is not None and finding.kind is FindingKind.ROLLBACK:
            return LedgerReadOnly(hint=_HINT, first_lost=finding.first_bad)
        return None

"""Evidence bytes: kept outside the ledger, under the hash of their content."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ledger.domain.refusals import EvidenceHashMismatch, MalformedInput

EVIDENCE_BYTES_MAX = 20 * 1024 * 1024


class EvidenceDirectory:
    """A directory of documents by SHA-256; a document is there whole or not at all."""

    def __init__(self, directory: Path):
        self._directory = directory

    def put(self, chunks: Iterable[bytes], *, sha256: str | None = None) -> str:
        """Keep a document and return its hash.

        Raises EvidenceHashMismatch if `sha256` is announced and the bytes have another hash,
        MalformedInput past 20 MiB. Nothing is kept then.
        """
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        digest, size = hashlib.sha256(), 0
        descriptor, name = tempfile.mkstemp(dir=self._directory, prefix="upload-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in chunks:
                    size += len(chunk)
                    if size > EVIDENCE_BYTES_MAX:
                        raise MalformedInput(
                            path="evidence", bytes_max=EVIDENCE_BYTES_MAX, hint="The document is too large."
                        )
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            found = digest.hexdigest()
            if sha256 is not None and found != sha256:
                raise EvidenceHashMismatch(path="sha256", announced=sha256, found=found)
            os.replace(name, self.path(found))
            self._keep_name()
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return found

    def _keep_name(self) -> None:
        # The ledger will say that the document is kept, so its name has to outlast a loss of power too.
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def size(self, sha256: str) -> int | None:
        """How many bytes the document has, None if it is not kept."""
        try:
            return self.path(sha256).stat().st_size
        except (FileNotFoundError, ValueError):
            return None

    def path(self, sha256: str) -> Path:
        """Where the document is. Raises ValueError for what is not a hash."""
        if len(sha256) != 64 or not all(digit in "0123456789abcdef" for digit in sha256):
            raise ValueError(f"not a SHA-256 in lower-case hexadecimal: {sha256[:80]!r}")
        return self._directory / sha256

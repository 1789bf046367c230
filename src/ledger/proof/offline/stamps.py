"""Time stamps: an outside authority's word for when a checkpoint was there. Source: RFC 3161.

    tsa/<SHA-256 of the note, in hex>.tsr     the authority's answer
    tsa/ca.pem                                whom the authority's certificate is by
    tsa/chain.pem                             certificates in between, if there are any

OpenSSL checks them; where it is not installed, they stay in doubt.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

OPENSSL_TIMEOUT_S = 30


class Stamped(NamedTuple):
    """One time stamp: of what, and when; or why it cannot be believed."""

    name: str
    digest: str
    time: str
    problem: str | None

    @staticmethod
    def digest_of(note: bytes) -> str:
        """What a time stamp calls a note."""
        return hashlib.sha256(note).hexdigest()


def stamped(directory: Path, authority: Path | None) -> Iterator[Stamped]:
    """Check every time stamp of a directory; `authority` is whose certificate to trust, else the directory's own."""
    trusted = authority or directory / "ca.pem"
    for path in sorted(directory.glob("*.tsr")):
        digest = path.stem
        arguments = ["-verify", "-digest", digest, "-in", str(path), "-CAfile", str(trusted)]
        if (directory / "chain.pem").exists():
            arguments += ["-untrusted", str(directory / "chain.pem")]
        said, problem = _openssl(arguments)
        if problem is None and not trusted.exists():
            problem = "there is no certificate of the authority"
        if problem is None and "Verification: OK" not in said:
            reason = re.findall(r"error:\w+:[^:]*:[^:]*:([^:\n]+)", said)
            problem = reason[-1] if reason else "OpenSSL rejects it"
        shown, _ = _openssl(["-reply", "-in", str(path), "-text"])
        time = re.search(r"Time stamp: (.+)", shown)
        yield Stamped(path.name, digest, time[1] if time else "", problem)


def _openssl(arguments: list[str]) -> tuple[str, str | None]:
    try:
        done = subprocess.run(
            ["openssl", "ts", *arguments], capture_output=True, text=True, timeout=OPENSSL_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "", "OpenSSL is needed to check it, and cannot be run"
    return done.stdout + done.stderr, None

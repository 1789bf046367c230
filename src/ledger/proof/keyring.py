"""The signer's keys: where the secrets are kept, how one follows another, and what others are told of them.

Two files: `key`, readable to the signer alone, holds the key, and during an overlap the one
before it below; `rotations` holds the notes that let a new key follow. A third, `policy`, is
what inspectors are given: its log lines are kept up to date here, its witnesses by hand.
"""

from __future__ import annotations

from pathlib import Path

from ledger.proof.durable import write_whole
from ledger.proof.finding import Finding, FindingKind, SigningRefused
from ledger.proof.note import (
    MalformedNote,
    SigningKey,
    Unverified,
    VerifierKey,
    parse_signing_key,
    parse_verifier_key,
    split_notes,
)
from ledger.proof.policy import log_lines
from ledger.proof.rotation import KeyPeriod, periods, retirement, rotation

_POLICY = "# Who vouches for this ledger (C2SP tlog-policy). Add witness, group and quorum lines below.\nquorum none\n"


class Keyring:
    """The keys of one signer, the newest first."""

    def __init__(self, directory: Path):
        self._key = directory / "key"
        self._rotations = directory / "rotations"
        self._policy = directory / "policy"
        try:
            self.keys = [parse_signing_key(line) for line in self._key.read_text("utf-8").splitlines()]
            self.periods = self._read_periods()
        except (OSError, UnicodeDecodeError, MalformedNote, Unverified) as error:
            raise _damaged(error) from None

    @classmethod
    def create(cls, directory: Path, key: SigningKey) -> Keyring:
        """A keyring of this key, kept in the directory."""
        _write(directory / "key", [key])
        return cls(directory)

    @property
    def verifiers(self) -> list[VerifierKey]:
        """The public keys that sign now."""
        return [key.verifier for key in self.keys]

    def rotate(self, size: int) -> None:
        """Let a new key sign beside the present one from `size` on. Raises ValueError while two keys sign."""
        if len(self.keys) > 1:
            raise ValueError("Two keys sign already; end the older one first.")
        new, old = SigningKey.generate(self.keys[0].name), self.keys[0]
        # The key first: a rotation to a key that was never kept could not be undone.
        self._keep([new, old])
        self._note(str(rotation(old, new, size)))

    def retire(self, size: int) -> None:
        """End the older key at `size`. Raises ValueError if there is one key only."""
        if len(self.keys) == 1:
            raise ValueError("There is one key only; let another follow it first.")
        new, old = self.keys
        self._note(str(retirement(old, new, size)))
        self._keep([new])

    def mend(self, size: int) -> None:
        """Finish a change of keys that was interrupted."""
        newest = self.periods[-1]
        if newest.key != self.keys[0].verifier:
            self._note(str(rotation(self.keys[1], self.keys[0], size)))
        elif len(self.keys) > 1 and self.periods[-2].last is not None:
            self._keep(self.keys[:1])
        self.write_policy()

    def write_policy(self) -> None:
        """Bring the log lines of the policy up to date."""
        kept = self._policy.read_text("utf-8") if self._policy.exists() else _POLICY
        ours = f"{self.keys[0].name}+"
        lines = [line for line in kept.splitlines() if not line.startswith(("# sizes ", f"log {ours}", f"#  {ours}"))]
        text = "\n".join([*log_lines(self.periods), *lines]) + "\n"
        if not self._policy.exists() or text != kept:
            write_whole(self._policy, text.encode())

    def _keep(self, keys: list[SigningKey]) -> None:
        _write(self._key, keys)
        self.keys = keys

    def _note(self, note: str) -> None:
        known = self._rotations.read_bytes() if self._rotations.exists() else b""
        before = known + b"\n" if known else b""
        write_whole(self._rotations, before + note.encode())
        self.periods = self._read_periods()
        self.write_policy()

    def _read_periods(self) -> list[KeyPeriod]:
        notes = split_notes(self._rotations.read_bytes()) if self._rotations.exists() else []
        if not self.keys:
            raise MalformedNote("there is no key")
        if not notes:
            # Interrupted before the first rotation was noted, the older key is still the first.
            return [KeyPeriod(self.keys[-1].verifier)]
        found = periods(_first_key(notes[0]), notes)
        if not {key.verifier for key in self.keys} & {period.key for period in found}:
            raise MalformedNote("the key is not one of the rotations")
        return found


def _write(path: Path, keys: list[SigningKey]) -> None:
    write_whole(path, "".join(f"{key.secret}\n" for key in keys).encode(), mode=0o600)


def _first_key(note: bytes) -> VerifierKey:
    return parse_verifier_key(note.decode().split("\n")[1])


def _damaged(error: Exception) -> SigningRefused:
    return SigningRefused(Finding(FindingKind.OWN_STATE_DAMAGED, f"The signer's keys cannot be read: {error}"))

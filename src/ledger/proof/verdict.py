"""A verdict on the log as a running service can give it: on whose word it rests, and what it leaves out.

It is the service's own answer, so it proves nothing to those who do not believe the service;
they take a bundle with them and verify that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from ledger.domain.merkle import ProofRefused, verify_consistency
from ledger.domain.refusals import MalformedInput
from ledger.proof.checkpoint import Checkpoint, opened, parse_checkpoint
from ledger.proof.finding import Finding, FindingKind
from ledger.proof.log import LogReader
from ledger.proof.note import MalformedNote, Unverified, VerifierKey, parse_note, parse_verifier_key, split_notes
from ledger.proof.policy import NONE, MalformedPolicy, parse_policy
from ledger.proof.published import published, published_keys

SIGNED_CHECKED = "the signature of the last checkpoint, and that the stored tree has the root that was signed"
SIGNER_CHECKED = "what the signer says, which has hashed every entry itself"
TRUSTED_CHECKED = "that the last checkpoint continues the one that you kept"
WITNESSED_CHECKED = "that enough witnesses have seen the last checkpoint"
NOT_CHECKED = (
    "every single entry: take a bundle and verify it offline",
    "whose the key is: compare it with one that you were given another way",
    "whether what was recorded is true, and was recorded by whom it names",
)
NOT_REMEMBERED = "whether the log was the same at your last visit: send the checkpoint that you kept then"
NOT_WITNESSED = "whether others were shown another history: too few witnesses have seen this one"


class VerdictMode(StrEnum):
    """On whose word a verdict rests."""

    OPERATOR = "OPERATOR"
    """The operator's signature alone."""
    WITNESSED = "WITNESSED"
    """Also that of enough witnesses, as the policy counts them."""
    REMEMBERED = "REMEMBERED"
    """Also the checkpoint that whoever asks has kept from an earlier time."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was checked, what was not, and what is wrong."""

    mode: VerdictMode
    size: int
    """How many entries the last checkpoint covers, 0 if nothing is signed."""
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = NOT_CHECKED
    finding: Finding | None = None

    @property
    def last_good(self) -> int:
        """Up to here the log is what was signed."""
        return self.size if self.finding is None else self.finding.last_good

    def without(self, missing: str) -> Verdict:
        """The same, and something more that was not checked."""
        return replace(self, not_checked=(*self.not_checked, missing))

    def having(self, checked: str, finding: Finding | None) -> Verdict:
        """The same with one more check, and what it found unless something was found before."""
        return replace(self, checked=(*self.checked, checked), finding=self.finding or finding)


def verdict_on(signer_dir: Path, log: LogReader, trusted: str | None = None) -> Verdict:
    """The verdict on a log as it stands, held against a checkpoint that the caller kept, if any.

    Raises MalformedInput if that is no signed checkpoint.
    """
    kept = None if trusted is None else _read(trusted)
    stored = log.size
    said = published(signer_dir, stored)
    verdict = Verdict(VerdictMode.OPERATOR, said.size).having(SIGNER_CHECKED, said.finding)
    if said.note is None:
        return verdict.without("anything: nothing is signed yet")
    try:
        last, _ = opened(said.note.encode(), published_keys(signer_dir))
    except (Unverified, MalformedNote) as error:
        return verdict.having(SIGNED_CHECKED, Finding(FindingKind.KEY, f"The last checkpoint: {error}."))
    verdict = verdict.having(SIGNED_CHECKED, _stored_as_signed(log, stored, last))
    if _is_witnessed(signer_dir, said.note):
        verdict = replace(verdict.having(WITNESSED_CHECKED, None), mode=VerdictMode.WITNESSED)
    else:
        verdict = verdict.without(NOT_WITNESSED)
    if trusted is None or kept is None:
        return verdict.without(NOT_REMEMBERED)
    return replace(
        verdict.having(TRUSTED_CHECKED, _continues(signer_dir, log, stored, trusted, last)),
        mode=VerdictMode.REMEMBERED,
    )


def _read(trusted: str) -> Checkpoint:
    try:
        return parse_checkpoint(parse_note(trusted.encode()).text)
    except (MalformedNote, UnicodeEncodeError) as error:
        raise MalformedInput(path="trusted", hint=f"Send a checkpoint with its signatures: {error}.") from None


def _stored_as_signed(log: LogReader, stored: int, last: Checkpoint) -> Finding | None:
    if stored < last.size:
        sentence = f"{last.size} entries were signed, and only {stored} are there."
        return Finding(FindingKind.ROLLBACK, sentence, stored + 1, last_good=stored)
    if log.root(last.size) != last.root:
        return Finding(FindingKind.REWRITE, "The stored tree does not have the root that was signed.")
    return None


def _continues(signer_dir: Path, log: LogReader, stored: int, trusted: str, last: Checkpoint) -> Finding | None:
    """What is wrong between a checkpoint that was kept and the last one."""
    try:
        kept, _ = opened(trusted.encode(), _every_key(signer_dir))
    except (Unverified, MalformedNote) as error:
        return Finding(FindingKind.KEY, f"The checkpoint that you kept: {error}.", last_good=last.size)
    if kept.origin != last.origin:
        sentence = f"You kept a checkpoint of {kept.origin}, and this log is {last.origin}."
        return Finding(FindingKind.SPLIT, sentence)
    if kept.size > last.size:
        sentence = f"You kept a checkpoint of {kept.size} entries, and {last.size} are signed."
        return Finding(FindingKind.ROLLBACK, sentence, last.size + 1, last_good=last.size)
    if kept.size == 0 or stored < last.size:
        return None
    try:
        verify_consistency(kept.size, last.size, log.consistency(kept.size, last.size), kept.root, last.root)
    except ProofRefused as refused:
        sentence = f"The log of {last.size} entries does not continue the one of {kept.size} that you kept: {refused}."
        return Finding(FindingKind.SPLIT, sentence)
    return None


def _every_key(signer_dir: Path) -> list[VerifierKey]:
    """The keys of today and those that they followed."""
    keys = published_keys(signer_dir)
    try:
        notes = split_notes((signer_dir / "rotations").read_bytes())
    except FileNotFoundError:
        notes = []
    for note in notes:
        keys += [parse_verifier_key(line) for line in parse_note(note).text.split("\n")[1:3]]
    return list(dict.fromkeys(keys))


def _is_witnessed(signer_dir: Path, note: str) -> bool:
    try:
        policy = parse_policy((signer_dir / "policy").read_bytes())
        policy.open(note.encode())
    except (FileNotFoundError, MalformedPolicy, Unverified, MalformedNote):
        return False
    return policy.quorum != NONE

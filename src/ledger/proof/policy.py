"""Trust policies: which logs and witnesses count, and how many witnesses it takes. Source: C2SP tlog-policy."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from ledger.proof.checkpoint import Checkpoint, parse_checkpoint
from ledger.proof.note import (
    MalformedNote,
    SignatureKind,
    Unverified,
    VerifierKey,
    parse_note,
    parse_verifier_key,
    verified,
)
from ledger.proof.rotation import KeyPeriod

NONE = "none"
_FORBIDDEN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_NUMBER = re.compile(r"[1-9][0-9]*", re.ASCII)
_SPACES = re.compile(r"[ \t]+")


class MalformedPolicy(MalformedNote):
    """The text is not a policy."""


@dataclass(frozen=True, slots=True)
class Party:
    """A log or a witness."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses and groups, of which so many have to have seen a checkpoint."""

    threshold: int
    members: tuple[str, ...]


@dataclass(slots=True)
class Policy:
    """What makes a checkpoint one to go by."""

    logs: list[Party] = field(default_factory=list[Party])
    witnesses: dict[str, Party] = field(default_factory=dict[str, Party])
    """By the names they have in the policy, which are not those of their keys."""
    groups: dict[str, Group] = field(default_factory=dict[str, Group])
    quorum: str = NONE

    def open(self, data: bytes) -> Checkpoint:
        """Read the checkpoint in a note that a log has signed and enough witnesses have seen.

        Raises Unverified or MalformedNote.
        """
        logs = [log.key for log in self.logs]
        witnesses = [witness.key for witness in self.witnesses.values()]
        note = parse_note(data)
        checkpoint = parse_checkpoint(note.text)
        signed = {key for key, _ in verified(note, [*logs, *witnesses])}
        # A listed log's signature under another log's origin proves nothing.
        if not any(key in signed and key.name == checkpoint.origin for key in logs):
            raise Unverified("no log of the policy has signed the checkpoint under its own name")
        if not self.satisfied_by(signed):
            seen = len(signed.intersection(witnesses))
            raise Unverified(f"{seen} of {len(witnesses)} witnesses have seen the checkpoint, which is no quorum")
        return checkpoint

    def satisfied_by(self, seen: Collection[VerifierKey]) -> bool:
        """Whether cosignatures by these keys make the quorum."""
        return self.quorum == NONE or self._witnessed(self.quorum, seen)

    def _witnessed(self, name: str, seen: Collection[VerifierKey]) -> bool:
        if name in self.witnesses:
            return self.witnesses[name].key in seen
        group = self.groups[name]
        return sum(self._witnessed(member, seen) for member in group.members) >= group.threshold


def parse_policy(data: bytes) -> Policy:
    """Read a policy. Raises MalformedPolicy."""
    if _FORBIDDEN.search(data) or not data.endswith(b"\n"):
        raise MalformedPolicy("a policy is lines without control characters, each of them ended")
    # Names are compared octet by octet, so what is not UTF-8 is carried through.
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    reader = _Reader()
    for number, line in enumerate(lines, start=1):
        words = _SPACES.split(line.strip(" \t"))
        if words != [""] and not words[0].startswith("#"):
            try:
                reader.read(words)
            except MalformedNote as error:
                raise MalformedPolicy(f"line {number}: {error}") from None
    if not reader.has_quorum:
        raise MalformedPolicy("a policy has one quorum line")
    return reader.policy


def log_lines(periods: Iterable[KeyPeriod]) -> list[str]:
    """The lines of a log's keys: those of today, and as comments those that were, each with its sizes."""
    lines: list[str] = []
    for period in periods:
        lines.append(f"# sizes {period.first} to {'now' if period.last is None else period.last}:")
        lines.append(f"log {period.key}" if period.last is None else f"#  {period.key}")
    return lines


class _Reader:
    """A policy as far as it has been read."""

    def __init__(self) -> None:
        self.policy = Policy()
        self.has_quorum = False
        self._members: set[str] = set()

    def read(self, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                self._log(Party(parse_verifier_key(vkey), *url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._witness(name, Party(parse_verifier_key(vkey), *url))
            case ["group", name, threshold, *members] if members:
                self._group(name, threshold, tuple(members))
            case ["quorum", name] if not self.has_quorum:
                if name != NONE:
                    self._require_known(name)
                self.policy.quorum, self.has_quorum = name, True
            case _:
                raise MalformedPolicy("not a line of a policy, or not here")

    def _log(self, log: Party) -> None:
        if log.key.public in {each.key.public for each in self.policy.logs}:
            raise MalformedPolicy("the same key twice")
        self.policy.logs.append(log)

    def _witness(self, name: str, witness: Party) -> None:
        self._require_new(name)
        if witness.key.kind is not SignatureKind.COSIGNATURE:
            raise MalformedPolicy("a witness's key makes cosignatures")
        if witness.key.public in {each.key.public for each in self.policy.witnesses.values()}:
            raise MalformedPolicy("the same key twice")
        self.policy.witnesses[name] = witness

    def _group(self, name: str, threshold: str, members: tuple[str, ...]) -> None:
        self._require_new(name)
        for member in members:
            self._require_known(member)
            # Else one witness could count twice.
            if member in self._members:
                raise MalformedPolicy(f"{member} is a member twice")
            self._members.add(member)
        number = {"any": 1, "all": len(members)}.get(threshold)
        if number is None:
            number = int(threshold) if _NUMBER.fullmatch(threshold) else 0
        if not 1 <= number <= len(members):
            raise MalformedPolicy(f"{threshold} of {len(members)} cannot be reached")
        self.policy.groups[name] = Group(number, members)

    def _require_new(self, name: str) -> None:
        if name == NONE or name in self.policy.witnesses or name in self.policy.groups:
            raise MalformedPolicy(f"{name} is defined before")

    def _require_known(self, name: str) -> None:
        if name not in self.policy.witnesses and name not in self.policy.groups:
            raise MalformedPolicy(f"{name} is not defined before")

"""Showing checkpoints to witnesses, and what their answers mean. Source: C2SP tlog-witness, the log's side.

A witness remembers the largest checkpoint it has seen. One that has seen more than this
signer remembers says that the signer was rolled back; one that refuses a good proof has been
shown another history. Both stop the signer. A witness that does not answer stops nothing:
it is asked again later, and everybody can see since when the quorum is missing.
"""

from __future__ import annotations

import base64
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.domain.merkle import consistency_path
from ledger.proof.checkpoint import MalformedCheckpoint, parse_size
from ledger.proof.finding import Finding, FindingKind, SigningRefused
from ledger.proof.memory import Memory
from ledger.proof.note import MalformedNote, Note, Signature, Unverified, parse_signatures
from ledger.proof.policy import MalformedPolicy, Party, Policy, parse_policy
from ledger.proof.published import read_unwitnessed, write_unwitnessed

ANSWER_TIMEOUT_S = 5
RETRY_S = 30
ANSWER_BYTES_MAX = 64 * 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A witness's answer over HTTP."""

    status: int
    body: bytes


class NoAnswer(Exception):
    """The witness cannot be reached, or its answer is none."""


def submission(old: int, path: Sequence[bytes], note: Note) -> bytes:
    """The body of an add-checkpoint request."""
    proof = "".join(f"{base64.b64encode(each).decode()}\n" for each in path)
    return f"old {old}\n{proof}\n{note}".encode()


def post(url: str, body: bytes) -> Answer:
    """Ask a witness. Raises NoAnswer."""
    request = urllib.request.Request(f"{url.rstrip('/')}/add-checkpoint", data=body, method="POST")
    request.add_header("Content-Type", "text/plain; charset=utf-8")
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as response:
            return Answer(response.status, response.read(ANSWER_BYTES_MAX))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read(ANSWER_BYTES_MAX))
    except (OSError, ValueError) as error:
        raise NoAnswer(str(error)) from None


class Witnesses:
    """The witnesses of a signer's policy, each with what it is known to have seen."""

    def __init__(self, policy: Policy, *, ask: Callable[[str, bytes], Answer] = post):
        self._policy = policy
        self._ask = ask
        self._seen: dict[str, int] = {}
        self._cosigned: dict[str, tuple[str, Signature]] = {}
        self._again_at: dict[str, float] = {}

    @classmethod
    def of(cls, directory: Path) -> Witnesses:
        """The witnesses that a signer's own policy names; none if it cannot be read."""
        try:
            return cls(parse_policy((directory / "policy").read_bytes()))
        except (OSError, MalformedPolicy) as error:
            _log.error("the policy names no witnesses: %s", error)
            return cls(Policy())

    def show(self, memory: Memory) -> None:
        """Show the last checkpoint to those who have not seen it, and publish it with their cosignatures.

        Raises SigningRefused if a witness has seen what this signer does not remember.
        """
        if memory.last.size == 0 or not self._policy.witnesses:
            return
        text, added = memory.note.text, False
        for name, witness in self._policy.witnesses.items():
            if self._cosigned.get(name, ("",))[0] == text or time.monotonic() < self._again_at.get(name, 0):
                continue
            try:
                if witness.url is not None:
                    self._cosigned[name] = text, self._cosignature(name, witness, witness.url, memory)
                    added = True
            except NoAnswer as error:
                _log.warning("witness %s: %s", name, error)
                self._again_at[name] = time.monotonic() + RETRY_S
        cosigned = [name for name, (seen, _) in self._cosigned.items() if seen == text]
        if added:
            memory.publish(memory.note.with_signatures(self._cosigned[name][1] for name in cosigned))
        enough = self._policy.satisfied_by({self._policy.witnesses[name].key for name in cosigned})
        since = None if enough else read_unwitnessed(memory.directory) or int(time.time())
        write_unwitnessed(memory.directory, since)

    def _cosignature(self, name: str, witness: Party, url: str, memory: Memory) -> Signature:
        answer = self._submit(name, url, memory)
        if answer.status == 409:
            self._seen[name] = _seen_size(answer)
            if self._seen[name] > memory.last.size:
                raise _refused(
                    FindingKind.ROLLBACK,
                    f"Witness {name} has seen {self._seen[name]} entries, and this signer remembers fewer.",
                    memory,
                )
            answer = self._submit(name, url, memory)
        if answer.status == 422:
            sentence = f"Witness {name} has seen another history of {self._seen.get(name, 0)} entries."
            raise _refused(FindingKind.SPLIT, sentence, memory)
        if answer.status != 200:
            raise NoAnswer(f"status {answer.status}")
        signature = _cosigned_by(witness, answer, memory.note.text)
        self._seen[name] = memory.last.size
        return signature

    def _submit(self, name: str, url: str, memory: Memory) -> Answer:
        old = self._seen.get(name, 0)
        path = consistency_path(old, memory.last.size, memory.leaves.node) if old else []
        return self._ask(url, submission(old, path, memory.note))


def _seen_size(answer: Answer) -> int:
    try:
        return parse_size(answer.body.decode("ascii").removesuffix("\n"))
    except (UnicodeDecodeError, MalformedCheckpoint):
        raise NoAnswer("status 409 without a size") from None


def _cosigned_by(witness: Party, answer: Answer, text: str) -> Signature:
    """The witness's own cosignature, which is good; only this is success."""
    try:
        for signature in parse_signatures(answer.body):
            if witness.key.made(signature):
                witness.key.check(text, signature)
                return signature
    except (MalformedNote, Unverified) as error:
        raise NoAnswer(str(error)) from None
    raise NoAnswer("the answer has no signature by the witness")


def _refused(kind: FindingKind, sentence: str, memory: Memory) -> SigningRefused:
    # Nothing says that what this signer remembers is bad, nor that it is good.
    return SigningRefused(Finding(kind, sentence, last_good=memory.last.size))

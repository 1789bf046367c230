"""A witness: remembers the largest checkpoint of each log and vouches only for what continues it.

Source: C2SP tlog-witness, add-checkpoint. A second party runs it, with its own key and its own
disk, so that a ledger whose operator controls everything else still cannot go back.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ledger.domain.merkle import EMPTY_ROOT, ProofRefused, verify_consistency
from ledger.proof.checkpoint import Checkpoint, MalformedCheckpoint, parse_checkpoint, parse_hash, parse_size
from ledger.proof.durable import write_whole
from ledger.proof.memory import hold
from ledger.proof.note import (
    MalformedNote,
    Note,
    SignatureKind,
    SigningKey,
    Unverified,
    VerifierKey,
    parse_note,
    parse_signing_key,
    verified,
)

PROOF_LINES_MAX = 63
REQUEST_BYTES_MAX = 64 * 1024
SIZE_TYPE = "text/x.tlog.size"


class DamagedWitness(Exception):
    """What a witness remembers of a log cannot be read. It must not vouch for that log as if it were new."""


class Refusal(Exception):
    """A checkpoint that the witness does not vouch for."""

    def __init__(self, status: int, body: str, *, media_type: str = "text/plain"):
        super().__init__(body)
        self.status = status
        self.body = body
        self.media_type = media_type


class Witness:
    """One witness of some logs; one process at a time holds its directory."""

    def __init__(
        self, directory: Path, name: str, logs: Iterable[VerifierKey], *, clock: Callable[[], float] = time.time
    ):
        """Open the witness's memory, or begin one with a new key. Raises AnotherSigner, MalformedNote."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o755)
        self._lock_file = hold(directory / "lock")
        self._directory = directory
        self._clock = clock
        self._logs: dict[str, list[VerifierKey]] = {}
        for log in logs:
            self._logs.setdefault(log.name, []).append(log)
        path = directory / "key"
        if not path.exists():
            write_whole(path, f"{SigningKey.generate(name, SignatureKind.COSIGNATURE).secret}\n".encode(), mode=0o600)
        self.key = parse_signing_key(path.read_text("utf-8").strip())
        # Held from looking at what is remembered until it is replaced, so that it never goes back.
        self._remembering = threading.Lock()

    def close(self) -> None:
        """Let another process have the witness's memory."""
        os.close(self._lock_file)

    def add_checkpoint(self, body: bytes) -> str:
        """Vouch for a checkpoint and return the cosignature's line. It is remembered when this returns.

        Raises Refusal with the status that the specification has for it.
        """
        old, path, note = _parse_submission(body)
        checkpoint = self._opened(note)
        if old > checkpoint.size:
            raise Refusal(400, "the old size is larger than the checkpoint's")
        with self._remembering:
            self._require_continues(checkpoint, old, path)
            write_whole(self._place(checkpoint.origin), _sealed(checkpoint))
            # Signed under the lock too: the time of a larger checkpoint is never before a smaller one's.
            return self.key.sign(note.text, time=int(self._clock())).line

    def remembered(self, origin: str) -> Checkpoint | None:
        """The largest checkpoint of a log that this witness has vouched for."""
        path = self._place(origin)
        if not path.exists():
            return None
        digest, _, text = path.read_bytes().partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() != digest:
            raise DamagedWitness(f"{path} is damaged.")
        return parse_checkpoint(text.decode())

    def _opened(self, note: Note) -> Checkpoint:
        try:
            checkpoint = parse_checkpoint(note.text)
        except MalformedCheckpoint as error:
            raise Refusal(400, str(error)) from None
        keys = self._logs.get(checkpoint.origin)
        if keys is None:
            raise Refusal(404, "this witness does not know the log")
        try:
            verified(note, keys)
        except Unverified as error:
            raise Refusal(403, str(error)) from None
        return checkpoint

    def _require_continues(self, checkpoint: Checkpoint, old: int, path: list[bytes]) -> None:
        last = self.remembered(checkpoint.origin)
        size = last.size if last else 0
        if old != size:
            raise Refusal(409, f"{size}\n", media_type=SIZE_TYPE)
        if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
            raise Refusal(422, "an empty tree has another root")
        if last is None or size == 0:
            if path:
                raise Refusal(422, "nothing is proved about the empty tree")
            return
        try:
            verify_consistency(size, checkpoint.size, path, last.root, checkpoint.root)
        except ProofRefused as error:
            raise Refusal(422, str(error)) from None

    def _place(self, origin: str) -> Path:
        return self._directory / f"log-{hashlib.sha256(origin.encode()).hexdigest()}"


def create_app(witness: Witness) -> Starlette:
    """The witness over HTTP."""

    async def add_checkpoint(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > REQUEST_BYTES_MAX:
                return Response("the request is too large", 413, media_type="text/plain")
        try:
            line = await anyio.to_thread.run_sync(witness.add_checkpoint, body)
        except Refusal as refusal:
            return Response(refusal.body, refusal.status, headers={"content-type": refusal.media_type})
        return Response(line, media_type="text/plain")

    return Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])])


def _parse_submission(body: bytes) -> tuple[int, list[bytes], Note]:
    head, blank, rest = body.partition(b"\n\n")
    try:
        first, *proof = head.decode("ascii").split("\n")
        if not blank or not first.startswith("old ") or len(proof) > PROOF_LINES_MAX:
            raise MalformedNote("a request is the old size, at most 63 hashes, an empty line and a checkpoint")
        return parse_size(first.removeprefix("old ")), [parse_hash(line) for line in proof], parse_note(rest)
    except (UnicodeDecodeError, MalformedNote) as error:
        raise Refusal(400, str(error)) from None


def _sealed(checkpoint: Checkpoint) -> bytes:
    return f"{hashlib.sha256(checkpoint.text.encode()).hexdigest()}\n{checkpoint.text}".encode()

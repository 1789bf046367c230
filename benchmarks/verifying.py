"""How long it takes to verify a bundle offline, by the one file that lies in it. Prints the bound beside the figure.

The ledger is made without a database: scores entered and verified, one in ten corrected, signed
after each thousand entries. The verifier hashes in one process and follows the entries in another.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from ledger.domain.facts import Actor
from ledger.domain.merkle import leaf_hash
from ledger.domain.plan import EntryKind
from ledger.domain.score import (
    CorrectionClass,
    CorrectionRequested,
    EntrySource,
    ReasonCode,
    RequestedFor,
    ScoreCorrected,
    ScoreEntered,
    ScoreVerified,
    VerificationMethod,
)
from ledger.entries import Draft, EntryMapper
from ledger.proof.bundle import bundle
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.memory import Memory

ENTRIES = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
SIGNED_EVERY = 1_000
BEGAN = datetime(2018, 3, 1, tzinfo=UTC)
SCORER, VERIFIER, DIRECTOR = Actor("scorer", "SCORER"), Actor("verifier", "VERIFIER"), Actor("director", "DIRECTOR")
VALUE, BETTER = Decimal("12.34"), Decimal("12.43")


def drafts() -> Iterator[Draft]:
    """What becomes of one score after another."""
    position = 1
    for number in range(ENTRIES):
        score: dict[str, Any] = {"cycle_id": "2018", "unit_id": f"U{number}", "indicator_id": "GDP", "period": "2018-Y"}
        entered = ScoreEntered(
            **score, value=VALUE, uom="亿元", entry_kind=EntryKind.ACTUAL, source=EntrySource.SCORING_DEPT
        )
        verified = ScoreVerified(**score, value=VALUE, verified_position=position, method=VerificationMethod.DOCUMENT)
        steps = [(entered, SCORER), (verified, VERIFIER)]
        if number % 10 == 0:
            asked = CorrectionRequested(
                **score,
                corrects_position=position,
                proposed_value=BETTER,
                reason_code=ReasonCode.DATA_ENTRY_ERROR,
                reason="Two digits were exchanged.",
                evidence=("0" * 64,),
                requested_for=RequestedFor.DEPARTMENT,
            )
            corrected = ScoreCorrected(
                **score,
                request_position=position + 2,
                corrects_position=position,
                old_value=VALUE,
                new_value=BETTER,
                reason_code=ReasonCode.DATA_ENTRY_ERROR,
                correction_class=CorrectionClass.ERROR,
                requested_by=SCORER.person_id,
                approved_by=DIRECTOR.person_id,
                evidence=("0" * 64,),
            )
            steps += [(asked, SCORER), (corrected, DIRECTOR)]
        for version, (fact, actor) in enumerate(steps, start=1):
            yield Draft(fact.stream, version, fact, actor, UUID(int=position))
            position += 1


def entries() -> Iterator[bytes]:
    """The entries of the ledger."""
    mapper = EntryMapper()
    for position, draft in zip(range(1, ENTRIES + 1), drafts(), strict=False):
        yield mapper.to_stored_event(draft).sealed(position, BEGAN + timedelta(milliseconds=position))


def sign(directory: Path) -> None:
    """Let a signer remember them."""
    memory, leaves = Memory(directory), list[bytes]()
    for position, entry in enumerate(entries(), start=1):
        leaves.append(leaf_hash(entry))
        if position % SIGNED_EVERY == 0 or position == ENTRIES:
            tree = memory.tree.extended(leaves)
            memory.leaves.append(leaves, after=memory.tree.size)
            memory.remember(Checkpoint(memory.last.origin, tree.size, tree.root), tree)
            leaves = []
    memory.close()


def main() -> None:
    """Make a bundle, verify it, and print how long it took."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        sign(directory / "signer")
        bundle(directory / "bundle", directory / "signer", lambda through: entries())
        times = list[float]()
        for _ in range(3):
            began = time.perf_counter()
            command = [sys.executable, "-I", str(directory / "bundle" / "verify.py"), str(directory / "bundle")]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - began)
        print(f"offline verification of {ENTRIES:,} entries: {min(times):.1f} s, best of 3  at most 10 s")


if __name__ == "__main__":
    main()

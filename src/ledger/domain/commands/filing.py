"""Commands about evidence and imports.

Source: domain.md 2.4 "Score".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from ledger.domain.cycle import cycle_stream
from ledger.domain.evidence import EvidenceRegistered, evidence_stream
from ledger.domain.facts import Fact
from ledger.domain.identifiers import check_id, check_text
from ledger.domain.imports import RejectedRow, ScoreImportFinished, ScoreImportStarted, import_stream
from ledger.domain.refusals import DuplicateId, EvidenceUnknown, MalformedInput, UnknownId
from ledger.domain.roles import Role
from ledger.domain.world import Command, World

REJECTED_ROWS_MAX = 500
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEvidence(Command):
    """Register an uploaded document by the hash of its bytes."""

    sha256: str
    media_type: str
    title: str
    document_no: str | None = None
    issuer: str | None = None
    issued_on: date | None = None

    def decide(self, world: World) -> list[Fact]:
        world.act(*(role for role in Role if role not in (Role.PUBLIC, Role.SYSADMIN)))
        check_text(self.title, path="title")
        if not _SHA256.fullmatch(self.sha256):
            raise MalformedInput(path="sha256", hint="Write the 64 lower-case hexadecimal digits of SHA-256.")
        size = world.stored_bytes(self.sha256)
        if size is None:
            raise EvidenceUnknown(path="sha256", sha256=self.sha256)
        if world.read(evidence_stream(self.sha256)).registered:
            raise DuplicateId(path="sha256", sha256=self.sha256)
        return [
            EvidenceRegistered(
                sha256=self.sha256,
                media_type=self.media_type,
                size=size,
                title=self.title,
                document_no=self.document_no,
                issuer=self.issuer,
                issued_on=self.issued_on,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartScoreImport(Command):
    """Announce the import of a file whose bytes are registered as evidence."""

    import_id: str
    cycle_id: str
    indicator_id: str
    sha256: str
    rows: int

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.SCORER, indicator_id=self.indicator_id)
        check_id(self.import_id, path="import_id")
        world.exists(cycle_stream(self.cycle_id), path="cycle_id", cycle_id=self.cycle_id)
        if world.read(import_stream(self.import_id)).started is not None:
            raise DuplicateId(path="import_id", import_id=self.import_id)
        world.evidence((self.sha256,), count_min=1)
        return [
            ScoreImportStarted(
                import_id=self.import_id,
                cycle_id=self.cycle_id,
                indicator_id=self.indicator_id,
                sha256=self.sha256,
                rows=self.rows,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishScoreImport(Command):
    """Record how an import ended."""

    import_id: str
    accepted: int
    rejected_rows: tuple[RejectedRow, ...] = ()

    def decide(self, world: World) -> list[Fact]:
        batch = world.read(import_stream(self.import_id))
        if batch.started is None or batch.finished:
            raise UnknownId(path="import_id", import_id=self.import_id, hint="No such import is under way.")
        world.act(Role.SCORER, indicator_id=batch.started.indicator_id)
        return [
            ScoreImportFinished(
                import_id=self.import_id,
                cycle_id=batch.started.cycle_id,
                indicator_id=batch.started.indicator_id,
                accepted=self.accepted,
                rejected=len(self.rejected_rows),
                rejected_rows=self.rejected_rows[:REJECTED_ROWS_MAX],
            )
        ]

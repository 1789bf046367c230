"""Evidence is registered by the hash of stored bytes; an import is announced and brought to an end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from city import CYCLE, EVIDENCE, City, Refusal, grant

from ledger.domain.commands import FinishScoreImport, RegisterEvidence, StartScoreImport
from ledger.domain.commands.filing import REJECTED_ROWS_MAX
from ledger.domain.evidence import EvidenceRegistered
from ledger.domain.imports import RejectedRow, ScoreImportFinished, ScoreImportStarted
from ledger.domain.roles import Role, Scope

REPORT = "a" * 64


def register(sha256: str = REPORT) -> RegisterEvidence:
    return RegisterEvidence(
        sha256=sha256,
        media_type="application/pdf",
        title="统计公报",
        document_no="滨统发〔2019〕3号",
        issuer="Statistics office",
        issued_on=date(2019, 1, 3),
    )


def start(import_id: str = "IMPORT-1") -> StartScoreImport:
    return StartScoreImport(import_id=import_id, cycle_id=CYCLE, indicator_id="A", sha256=EVIDENCE[0], rows=3)


def test_evidence_is_registered_once_with_the_size_of_its_bytes(city: City) -> None:
    city.stored[REPORT] = 2048

    assert city.when(register(), by="scorer") == (
        EvidenceRegistered(
            sha256=REPORT,
            media_type="application/pdf",
            size=2048,
            title="统计公报",
            document_no="滨统发〔2019〕3号",
            issuer="Statistics office",
            issued_on=date(2019, 1, 3),
        ),
    )
    assert city.when(register(), by="scorer") == Refusal("DUPLICATE_ID", "sha256")


def test_evidence_without_bytes_is_not_registered(city: City) -> None:
    assert city.when(register(), by="scorer") == Refusal("EVIDENCE_UNKNOWN", "sha256")


@pytest.mark.parametrize("sha256", ["", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "../" + "a" * 61])
def test_a_hash_has_one_spelling(city: City, sha256: str) -> None:
    assert city.when(register(sha256), by="scorer") == Refusal("MALFORMED_INPUT", "sha256")


@pytest.mark.parametrize("person", ["admin", "deputy"])
def test_who_sees_no_content_registers_none(city: City, person: str) -> None:
    city.stored[REPORT] = 2048

    assert city.when(register(), by=person) == Refusal("FORBIDDEN_ROLE")


def test_an_import_is_announced_once_for_a_registered_file(city: City) -> None:
    assert city.when(replace(start(), sha256=REPORT), by="scorer") == Refusal("EVIDENCE_UNKNOWN", "evidence")
    assert city.when(start(), by="scorer") == (
        ScoreImportStarted(import_id="IMPORT-1", cycle_id=CYCLE, indicator_id="A", sha256=EVIDENCE[0], rows=3),
    )
    assert city.when(start(), by="scorer") == Refusal("DUPLICATE_ID", "import_id")
    assert city.when(replace(start("IMPORT-2"), cycle_id="NONE"), by="scorer") == Refusal("UNKNOWN_ID", "cycle_id")


def test_an_import_is_for_scorers_of_the_indicator(city: City) -> None:
    city.given(grant("deputy", Role.SCORER, Scope(indicator_ids=("B",))), by="admin")

    assert city.when(start(), by="office") == Refusal("FORBIDDEN_ROLE")
    assert city.when(start(), by="deputy") == Refusal("OUT_OF_SCOPE_UNIT")


def test_an_import_ends_once_and_names_the_first_rejected_rows(city: City) -> None:
    rows = tuple(RejectedRow(row=number, code="UNKNOWN_ID") for number in range(1, REJECTED_ROWS_MAX + 2))
    finish = FinishScoreImport(import_id="IMPORT-1", accepted=2, rejected_rows=rows)
    assert city.when(finish, by="scorer") == Refusal("UNKNOWN_ID", "import_id")
    city.given(start(), by="scorer")

    assert city.when(finish, by="scorer") == (
        ScoreImportFinished(
            import_id="IMPORT-1",
            cycle_id=CYCLE,
            indicator_id="A",
            accepted=2,
            rejected=REJECTED_ROWS_MAX + 1,
            rejected_rows=rows[:REJECTED_ROWS_MAX],
        ),
    )
    assert city.when(finish, by="scorer") == Refusal("UNKNOWN_ID", "import_id")

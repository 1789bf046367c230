"""Erasures: who may decide and execute them."""

from __future__ import annotations

from dataclasses import replace

from city import City, Refusal

from ledger.domain.commands import EraseSubject
from ledger.domain.persons import SubjectErased

ERASE = EraseSubject(subject_id="deputy", legal_basis="PIPL article 47", approved_by="director")


def test_an_erasure_is_decided_by_the_director_and_executed_once_by_the_administrator(city: City) -> None:
    assert city.when(ERASE, by="director") == Refusal("FORBIDDEN_ROLE")
    assert city.when(replace(ERASE, approved_by="office"), by="admin") == Refusal("FORBIDDEN_ROLE", "approved_by")
    assert city.when(replace(ERASE, subject_id="nobody"), by="admin") == Refusal("UNKNOWN_ID", "subject_id")
    assert city.when(replace(ERASE, legal_basis=" "), by="admin") == Refusal("REASON_REQUIRED", "legal_basis")
    assert city.when(ERASE, by="admin") == (
        SubjectErased(subject_id="deputy", legal_basis="PIPL article 47", approved_by="director"),
    )
    assert city.when(ERASE, by="admin") == Refusal("NO_CHANGE", "subject_id")


def test_nobody_executes_or_decides_their_own_erasure(city: City) -> None:
    assert city.when(replace(ERASE, subject_id="admin"), by="admin") == Refusal("SEPARATION_OF_DUTIES")
    assert city.when(replace(ERASE, subject_id="director"), by="admin") == Refusal(
        "SEPARATION_OF_DUTIES", "approved_by"
    )

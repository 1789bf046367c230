"""What was bound to its content by a hash stays bound to it: the hashes of the golden mini-ledger, as they stand."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from city import City

from ledger.domain.fingerprint import ADDED, fingerprint
from ledger.domain.grading import ResultsComputed
from ledger.domain.publication import ReportPublished, ReportRestated
from ledger.domain.settlement import ENGINE_VERSION
from ledger.mini_ledger.events import DOCUMENT, MINUTES
from ledger.mini_ledger.plan import PLAN as MINI_PLAN
from ledger.mini_ledger.story import FOUNDED, OPENING, MiniLedger

PLAN_HASH = "e3a72e8e24c1b440e10be74b574e65b8b965dd866761d0990c9a35908c95a4de"
HASHES: dict[str, dict[str, str]] = {
    "1": {
        "table 1": "c400d7da338edcaa4c548c941fcce422ba1da8ff091a71781df3c8069d9340af",
        "table 2": "4bddc597f1a82a97631c95184dd3d5e92a6d02851d85f9254607ae1d4f9dbaa7",
        "table 3": "4bddc597f1a82a97631c95184dd3d5e92a6d02851d85f9254607ae1d4f9dbaa7",
        "table 4": "84629e4a5d8b830db804100742d4bf90bbe173f621f52cc36c7ca7c5f5744974",
        "table 5": "ea3515f4024c7837bcc86af6dd8f4ffe51645c0c7f2c92065ad41d0099d35b9e",
        "2018-A": "43b4422332fe42fc74543a12501c19e4ba397aeaebc7a04b9d3aa50f9919a4e5",
        "2018-A(R1)": "0bc241f44720376cd31cd95904c75169d1a4de5a7506d163a8fcbf2a925c2b4c",
        "2018-A(R2)": "f15a94d9d2a125b4981280bdac99b8e58c682d3d42390bfba019115410e3e729",
    },
    "2": {
        "table 1": "c400d7da338edcaa4c548c941fcce422ba1da8ff091a71781df3c8069d9340af",
        "table 2": "4bddc597f1a82a97631c95184dd3d5e92a6d02851d85f9254607ae1d4f9dbaa7",
        "table 3": "4bddc597f1a82a97631c95184dd3d5e92a6d02851d85f9254607ae1d4f9dbaa7",
        "table 4": "84629e4a5d8b830db804100742d4bf90bbe173f621f52cc36c7ca7c5f5744974",
        "table 5": "ea3515f4024c7837bcc86af6dd8f4ffe51645c0c7f2c92065ad41d0099d35b9e",
        "2018-A": "43b4422332fe42fc74543a12501c19e4ba397aeaebc7a04b9d3aa50f9919a4e5",
        "2018-A(R1)": "0bc241f44720376cd31cd95904c75169d1a4de5a7506d163a8fcbf2a925c2b4c",
        "2018-A(R2)": "f15a94d9d2a125b4981280bdac99b8e58c682d3d42390bfba019115410e3e729",
    },
}
"""By the version of the engine: of each table by the order in which it was computed, of each report by its number."""

WHAT_TO_DO = """
A hash that ledgers have recorded no longer comes out. If a row or the plan has a new member, give it
a default and the metadata ADDED (ledger.domain.fingerprint). If figures are meant to be others, raise
ENGINE_VERSION and add what comes out to HASHES under the new version; never change what stands there.
What comes out:
"""


@pytest.fixture(scope="module")
def stated() -> dict[str, str]:
    """The hashes of what the mini-ledger's tables and reports say."""
    city = City()
    city.stored[MINUTES] = len(DOCUMENT)
    city.given(OPENING, by="founder", at=FOUNDED)
    MiniLedger(city).tell(83)
    facts = [event.fact for event in city.memory.events]
    tables = [fact.table_hash for fact in facts if isinstance(fact, ResultsComputed)]
    reports = [fact for fact in facts if isinstance(fact, ReportPublished | ReportRestated)]
    named = {f"table {number}": table_hash for number, table_hash in enumerate(tables, start=1)}
    return named | {report.number: report.content_hash for report in reports}


def test_the_tables_and_reports_of_the_mini_ledger_have_the_hashes_of_this_engine(stated: dict[str, str]) -> None:
    assert HASHES.get(ENGINE_VERSION) == stated, f"{WHAT_TO_DO}{ENGINE_VERSION}: {stated}"


def test_the_plan_of_the_mini_ledger_has_its_hash() -> None:
    assert MINI_PLAN.content_hash() == PLAN_HASH, f"{WHAT_TO_DO}{MINI_PLAN.content_hash()}"


@dataclass(frozen=True)
class Row:
    """A row as it was first recorded."""

    unit_id: str
    rank: int | None = None


@dataclass(frozen=True)
class LaterRow(Row):
    """The same row of a later program."""

    note: str | None = field(default=None, metadata=ADDED)


def test_a_member_that_is_added_with_its_default_leaves_old_hashes_as_they_are() -> None:
    assert fingerprint((LaterRow("U01"),)) == fingerprint((Row("U01"),))
    assert fingerprint((LaterRow("U01", note="held"),)) != fingerprint((Row("U01"),))

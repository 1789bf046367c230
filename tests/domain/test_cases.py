"""Inspection cases: flags, sealed queries and findings, for inspectors' eyes only; and revisions that are noted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from belonging import Tie, insider
from city import CYCLE, EVIDENCE, GROUP, NOW, PLAN, YEAR, City, Refusal, found_city, instant

from ledger.domain.commands import (
    CloseCase,
    DispositionFlag,
    NoteSourceRevision,
    OpenInspectionCase,
    RaiseFlag,
    RecordFinding,
    SealQuery,
)
from ledger.domain.facts import Actor, Audience
from ledger.domain.grading import GradesOpened
from ledger.domain.inspection_case import (
    CaseClosed,
    CaseFact,
    Disposition,
    FindingKind,
    FindingRecorded,
    FlagDispositioned,
    FlagRaised,
    InspectionCaseOpened,
    QuerySealed,
    Severity,
)
from ledger.domain.persons import person_stream
from ledger.domain.plan_rules import RevisionPolicy
from ledger.domain.roles import Role
from ledger.domain.score import Basis
from ledger.domain.source_revision import SourceRevisionNoted
from ledger.domain.visibility import visibility_of
from ledger.domain.world import Command

WHY = "A correction three hours before grades were opened."
QUERY = '{ impact(position: "44") { rows { unitId } } }'
OPEN = OpenInspectionCase(case_id="C-1", cycle_id=CYCLE, title="U04.A of 2018", reason=WHY, positions=(3,))
FLAG = RaiseFlag(
    case_id="C-1",
    cycle_id=CYCLE,
    rule_id="A03",
    ruleset_version="1",
    severity=Severity.HIGH,
    positions=(3, 4),
    as_of_position=5,
)
SEAL = SealQuery(case_id="C-1", query=QUERY, as_of_position=5, result_hash="a" * 64)
FINDING = RecordFinding(
    case_id="C-1",
    kind=FindingKind.FRAUD,
    unit_ids=("U04",),
    person_ids=("reporter",),
    positions=(3,),
    standard="Statistics law, article 6",
    findings="The yearbook was altered before it was scanned.",
    evidence=EVIDENCE,
)
CLOSE = CloseCase(case_id="C-1", reason="The leading group was informed.")


def disposition(position: int, value: Disposition = Disposition.ESCALATED) -> DispositionFlag:
    return DispositionFlag(case_id="C-1", flag_position=position, disposition=value, note="It is looked into.")


def test_a_case_runs_from_a_flag_to_a_finding(city: City) -> None:
    by = "inspector"
    assert city.when(FLAG, by=by) == (
        FlagRaised(
            case_id="C-1",
            cycle_id=CYCLE,
            rule_id="A03",
            ruleset_version="1",
            severity=Severity.HIGH,
            positions=(3, 4),
            as_of_position=5,
        ),
    )
    flag = city.head
    assert city.when(disposition(flag), by=by) == (
        FlagDispositioned(
            case_id="C-1",
            cycle_id=CYCLE,
            flag_position=flag,
            disposition=Disposition.ESCALATED,
            note="It is looked into.",
        ),
    )
    assert city.when(replace(OPEN, cycle_id=None), by=by) == (
        InspectionCaseOpened(case_id="C-1", cycle_id=CYCLE, title="U04.A of 2018", reason=WHY, positions=(3,)),
    )
    assert city.when(SEAL, by=by) == (
        QuerySealed(case_id="C-1", cycle_id=CYCLE, query=QUERY, as_of_position=5, result_hash="a" * 64),
    )
    assert city.when(FINDING, by=by) == (
        FindingRecorded(
            case_id="C-1",
            cycle_id=CYCLE,
            kind=FindingKind.FRAUD,
            unit_ids=("U04",),
            person_ids=("reporter",),
            positions=(3,),
            standard="Statistics law, article 6",
            findings="The yearbook was altered before it was scanned.",
            evidence=EVIDENCE,
        ),
    )
    assert city.when(CLOSE, by=by) == (
        CaseClosed(case_id="C-1", cycle_id=CYCLE, reason="The leading group was informed."),
    )


COMMANDS: tuple[Command, ...] = (FLAG, disposition(1), OPEN, SEAL, FINDING, CLOSE)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
@pytest.mark.parametrize("by", ["office", "director", "leading", "reporter"])
def test_nobody_else_is_told_whether_a_case_exists(city: City, command: Command, by: str) -> None:
    without = city.when(command, by=by)
    city.given(OPEN, by="inspector")

    assert city.when(command, by=by) == without == Refusal("FORBIDDEN_ROLE")


def test_only_inspectors_see_what_is_in_a_case(city: City) -> None:
    city.given(OPEN, by="inspector")
    city.given(FINDING, by="inspector")

    def seen_by(person: str) -> int:
        visibility = visibility_of(person, city.memory.load(person_stream(person))[1], NOW.date())
        return sum(visibility.sees(event) for event in city.memory.events[-2:])

    people = ("inspector", "office", "director", "leading", "reporter", "panel")
    assert {person: seen_by(person) for person in people} == dict.fromkeys(people, 0) | {"inspector": 2}
    assert all(kind.AUDIENCE is Audience.INSPECTION for kind in CaseFact.__subclasses__())


def test_a_finding_needs_an_open_case(city: City) -> None:
    assert city.when(FINDING, by="inspector") == Refusal("UNKNOWN_ID", "case_id")
    city.given(FLAG, by="inspector")
    assert city.when(FINDING, by="inspector") == Refusal("CASE_NOT_OPEN", "case_id")
    city.given(OPEN, by="inspector")
    assert city.when(OPEN, by="inspector") == Refusal("DUPLICATE_ID", "case_id")
    city.given(CLOSE, by="inspector")
    for command in (FLAG, SEAL, FINDING, CLOSE):
        assert city.when(command, by="inspector") == Refusal("CASE_NOT_OPEN", "case_id")


def test_a_flag_is_dispositioned_once(city: City) -> None:
    flag = city.given(FLAG, by="inspector")
    city.given(disposition(flag, Disposition.FALSE_POSITIVE), by="inspector")

    assert city.when(disposition(flag), by="inspector") == Refusal("REQUEST_NOT_OPEN", "flag_position")
    assert city.when(disposition(1), by="inspector") == Refusal("UNKNOWN_ID", "flag_position")
    city.given(CLOSE, by="inspector")


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (replace(FLAG, positions=()), Refusal("MALFORMED_INPUT", "positions")),
        (replace(FLAG, positions=(6,)), Refusal("MALFORMED_INPUT", "positions")),
        (replace(FLAG, positions=(0,)), Refusal("UNKNOWN_ID", "positions")),
        (replace(FLAG, as_of_position=10_000), Refusal("UNKNOWN_ID", "as_of_position")),
        (replace(FLAG, cycle_id="1999"), Refusal("UNKNOWN_ID", "cycle_id")),
        (replace(FLAG, case_id="C-2", rule_id="A 03"), Refusal("MALFORMED_INPUT", "rule_id")),
        (replace(OPEN, case_id="C 2"), Refusal("MALFORMED_INPUT", "case_id")),
        (replace(OPEN, case_id="C-2", positions=(10_000,)), Refusal("UNKNOWN_ID", "positions")),
        (replace(SEAL, query=" "), Refusal("MALFORMED_INPUT", "query")),
        (replace(SEAL, result_hash="A" * 64), Refusal("MALFORMED_INPUT", "result_hash")),
        (replace(SEAL, as_of_position=10_000), Refusal("UNKNOWN_ID", "as_of_position")),
        (replace(FINDING, unit_ids=(), person_ids=()), Refusal("MALFORMED_INPUT", "unit_ids")),
        (replace(FINDING, unit_ids=("U99",)), Refusal("UNKNOWN_ID", "unit_ids")),
        (replace(FINDING, person_ids=("nobody",)), Refusal("UNKNOWN_ID", "person_ids")),
        (replace(FINDING, person_ids=("inspector",)), Refusal("CONFLICT_OF_INTEREST")),
        (replace(FINDING, positions=()), Refusal("MALFORMED_INPUT", "positions")),
        (replace(FINDING, positions=(10_000,)), Refusal("UNKNOWN_ID", "positions")),
        (replace(FINDING, findings="Fraud."), Refusal("REASON_TOO_SHORT", "findings")),
        (replace(FINDING, evidence=()), Refusal("EVIDENCE_REQUIRED", "evidence")),
    ],
)
def test_an_entry_that_nobody_could_check_is_refused(city: City, command: Command, refusal: Refusal) -> None:
    city.given(OPEN, by="inspector")

    assert city.when(command, by="inspector") == refusal


@pytest.mark.parametrize("tie", Tie)
def test_an_inspector_finds_nothing_about_their_own_unit(city: City, tie: Tie) -> None:
    city.given(OPEN, by="inspector")

    assert city.when(FINDING, by=insider(city, Role.INSPECTOR, tie)) == Refusal("CONFLICT_OF_INTEREST")


# ---- source revisions

NOTED = NoteSourceRevision(
    cycle_id=CYCLE,
    unit_id="U04",
    indicator_id="A",
    period=YEAR,
    revised_value=Decimal("7.6"),
    uom="%",
    revised_on=date(2019, 6, 1),
    source_ref="Yearbook 2019, page 12",
    evidence=EVIDENCE,
)
JUNE = instant("2019-06-03 09:00")


def graded(policy: RevisionPolicy) -> City:
    """A city whose grades are opened on a verified value of U04.A."""
    city = found_city(replace(PLAN, revisions_after_publication=policy))
    city.verified()
    opened = GradesOpened(cycle_id=CYCLE, group_id=GROUP, results_position=city.head)
    city.memory.record(opened, actor=Actor("leading", "LEADING"), at=NOW)
    return city


def test_a_late_revision_is_noted_without_effect_where_the_plan_lets_the_value_stand() -> None:
    city = graded(RevisionPolicy.NOTE)
    official = city.score().official
    assert official is not None

    assert city.when(NOTED, by="scorer", at=JUNE) == (
        SourceRevisionNoted(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            period=YEAR,
            official_position=official.position,
            revised_value=Decimal("7.6"),
            uom="%",
            revised_on=date(2019, 6, 1),
            source_ref="Yearbook 2019, page 12",
            evidence=EVIDENCE,
        ),
    )
    assert (city.value(Basis.OFFICIAL), city.score().official) == ("7.4", official)


def test_where_the_plan_restates_a_revision_is_a_correction() -> None:
    assert graded(RevisionPolicy.RESTATE).when(NOTED, by="scorer", at=JUNE) == Refusal("RESTATEMENT_REQUIRED")


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"revised_value": Decimal("7.40")}, Refusal("NO_CHANGE", "revised_value")),
        ({"uom": "km"}, Refusal("UNIT_OF_MEASURE_MISMATCH", "uom")),
        ({"revised_on": date(2019, 6, 4)}, Refusal("OUT_OF_RANGE", "revised_on")),
        ({"source_ref": " "}, Refusal("MALFORMED_INPUT", "source_ref")),
        ({"evidence": ()}, Refusal("EVIDENCE_REQUIRED", "evidence")),
        ({"unit_id": "U05"}, Refusal("NOT_VERIFIED")),
    ],
)
def test_a_revision_that_says_nothing_is_refused(changed: dict[str, Any], refusal: Refusal) -> None:
    city = graded(RevisionPolicy.NOTE)

    assert city.when(replace(NOTED, **changed), by="scorer", at=JUNE) == refusal


def test_before_grades_are_opened_a_revision_is_a_correction() -> None:
    city = found_city(replace(PLAN, revisions_after_publication=RevisionPolicy.NOTE))
    city.verified()

    assert city.when(NOTED, by="scorer", at=JUNE) == Refusal("PHASE_VIOLATION")
    assert city.when(NOTED, by="reporter", at=JUNE) == Refusal("FORBIDDEN_ROLE")

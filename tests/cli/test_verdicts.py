"""What `ledger show` prints of grades and reports, and that the exit code tells when one does not come out again."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from decimal import Decimal

import pytest
from city import City
from clock import Clock
from served import record, told
from tabled import Run

from ledger.cli.opening import opened_store, settings_here
from ledger.domain.facts import Event
from ledger.domain.publication import ReportPublished, ReportRestated

CYCLE = ("--cycle", "MINI-2018")


def at(position: int) -> int:
    """Our position of one of the specification's."""
    return told()[1][position]


@pytest.fixture
def show(run: Run, clock: Clock) -> Run:
    """Shows a register of the whole mini-ledger."""
    with opened_store(settings_here(), clock=clock) as store:
        record(store, clock, told()[0])
    return lambda *arguments: run("show", *arguments)


def test_each_grading_says_what_it_changed_and_whether_it_comes_out_again(show: Run):
    assert show("grading", *CYCLE, "--as-of", at(62), "-o", "csv").out.splitlines() == [
        "position,group,standing,results,restatement,policy,superseded_by,changes,verdict,warnings",
        f"{at(50)},G1,SUPERSEDED,{at(50) - 1},,,{at(62)},,same,",
        f"{at(62)},G1,IN_FORCE,{at(62) - 1},R1,RECOMPUTE_ALL,,U02 QUALIFIED -> GOOD; U03 GOOD -> QUALIFIED,same,",
    ]


def test_the_grades_of_a_unit_are_printed_with_their_reasons(show: Run):
    grades = show("grades", *CYCLE, "--unit", "U04", "-o", "json").json

    assert [(each["position"], each["standing"], each["grade"]) for each in grades] == [
        (at(50), "SUPERSEDED", "EXCELLENT"),
        (at(62), "SUPERSEDED", "EXCELLENT"),
        (at(76), "IN_FORCE", "UNQUALIFIED"),
    ]
    assert grades[-1]["reasons"] == (f"forced to UNQUALIFIED by veto (FORCE_GRADE UNQUALIFIED at position {at(74)})")


def test_before_grades_are_opened_they_are_printed_as_they_would_be(show: Run):
    grades = show("grades", *CYCLE, "--as-of", at(40), "-o", "json").json

    assert [(each["position"], each["standing"], each["unit"], each["grade"]) for each in grades][:2] == [
        (None, "IF_OPENED", "U01", "EXCELLENT"),
        (None, "IF_OPENED", "U03", "GOOD"),
    ]


def test_seats_say_what_became_of_them(show: Run):
    assert show("seats", *CYCLE, "--as-of", at(50), "-o", "csv").out.splitlines() == [
        "position,group,standing,grade,seats,unused,over,carried",
        f"{at(50)},G1,IN_FORCE,EXCELLENT,1,0,0,0.000000",
        f"{at(50)},G1,IN_FORCE,GOOD,2,0,0,0.000000",
    ]
    assert show("ties", *CYCLE, "-o", "json").json == []


def test_each_report_is_settled_again_and_its_hash_compared(show: Run):
    ran = show("publications", *CYCLE, "-o", "json")

    assert ran.code == 0
    assert [(each["number"], each["status"], each["restatement"], each["verdict"]) for each in ran.json] == [
        ("2018-A", "SUPERSEDED", None, "same"),
        ("2018-A(R1)", "SUPERSEDED", "R1", "same"),
        ("2018-A(R2)", "STANDING", "R2", "same"),
    ]
    assert all(each["hash"] == each["actual_hash"] for each in ran.json)
    assert show("due", *CYCLE, "-o", "json").json == []


def test_a_report_that_does_not_come_out_again_is_named_and_is_code_4(run: Run, clock: Clock):
    with opened_store(settings_here(), clock=clock) as store:
        record(store, clock, misstated(told()[0], at(51)))

    ran = run("show", "publications", *CYCLE, "-o", "json")

    assert [each["verdict"] for each in ran.json] == ["differs: rows, U01", "same", "same"]
    assert (ran.code, ran.err) == (4, f"ledger: Damaged: 1 of 3 do not come out again, at {at(51)} first\n")


def misstated(city: City, position: int) -> City:
    """The same city, in whose report at a position the first unit has a point more than follows."""

    def altered(event: Event) -> Event:
        fact = event.fact
        if event.position != position:
            return event
        assert isinstance(fact, ReportPublished | ReportRestated)
        first, *others = fact.rows
        better = replace(first, total=first.total + Decimal(1))
        return event._replace(fact=replace(fact, rows=(better, *others)))

    other = copy(city)
    other.memory = copy(city.memory)
    other.memory.events = [altered(event) for event in city.memory.events]
    return other


def test_a_register_is_chosen_from_by_what_it_says_only(show: Run):
    assert show("publications", *CYCLE, "--unit", "U01").code == 2
    assert show("grading", *CYCLE, "--group", "G9").code == 1

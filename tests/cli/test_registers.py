"""What `ledger show` prints of what was decided besides scores, now or then."""

from __future__ import annotations

import pytest
from clock import Clock
from served import record, told, undertaken
from tabled import Run

from ledger.cli.opening import opened_store, settings_here

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


def test_decisions_are_printed_with_what_they_stand_on(show: Run):
    decisions = show("decisions", *CYCLE, "--unit", "U04", "-o", "json").json

    assert decisions[0] == {
        "position": at(52),
        "unit": "U04",
        "person": None,
        "kind": "BONUS_PAY",
        "grade": "EXCELLENT",
        "amount": "50000.00",
        "article": "R1",
        "status": "REVOKED",
        "basis": "SUPERSEDED",
        "basis_position": at(62),
        "superseded_by": at(76),
    }
    assert [each["position"] for each in decisions] == [at(52), at(79)]


def test_a_register_is_printed_as_it_was_known_at_a_position_and_due_on_its_day(show: Run):
    known = show("obligations", *CYCLE, "--as-of", at(50), "-o", "csv")

    assert known.out.splitlines() == [
        "kind,status,unit,person,article,grade,amount,since,due,positions",
        f"DUE_UNDECIDED,OPEN,U01,,R2,GOOD,30000.00,2019-02-11,2019-03-13,{at(50)}",
        f"DUE_UNDECIDED,OPEN,U03,,R2,GOOD,30000.00,2019-02-11,2019-03-13,{at(50)}",
        f"DUE_UNDECIDED,OPEN,U04,,R1,EXCELLENT,50000.00,2019-02-11,2019-03-13,{at(50)}",
    ]


def test_adjustments_say_what_counts_and_why(show: Run):
    assert show("adjustments", *CYCLE, "-o", "csv").out.splitlines() == [
        "position,unit,kind,matter,article,status,claimed,granted,counted,why",
        f"{at(40) - 1},U03,BONUS,AWARD-1,B1,APPROVED,1.5,1.5,1.5,counted",
    ]


def test_appeals_say_how_they_ended(show: Run):
    assert show("appeals", *CYCLE, "-o", "csv").out.splitlines() == [
        "position,unit,person,kind,about,level,status,due,overdue,outcome",
        f"{at(55)},U02,,SCORE,{at(14)},1,DECIDED,2019-02-28,no,UPHELD",
    ]
    assert show("appeals", *CYCLE, "--unit", "U01", "-o", "json").json == []


def test_a_cycle_or_a_register_that_is_not_there_is_named(show: Run):
    assert (show("appeals", "--cycle", "MINI-2019").code, show("gossip", *CYCLE).code) == (1, 2)


def test_vetoes_say_what_they_do_to_whose_grade_and_who_established_the_facts(show: Run):
    vetoes = show("vetoes", *CYCLE, "-o", "json").json

    assert [(each["position"], each["unit"], each["effect"], each["grade"], each["lifted"]) for each in vetoes] == [
        (at(47), "U01", "MAX_GRADE", "GOOD", None),
        (at(74), "U04", "FORCE_GRADE", "UNQUALIFIED", None),
    ]
    assert all(each["determined_by"] and each["occurred"] for each in vetoes)


def test_evaluations_say_what_each_class_says_of_each_unit(run: Run, clock: Clock):
    with opened_store(settings_here(), clock=clock) as store:
        record(store, clock, undertaken())

    lines = run("show", "evaluations", *CYCLE, "--unit", "U01", "-o", "csv").out.splitlines()

    assert lines[0] == "position,unit,class,campaign,n,valid,mean,counts,trimmed,survey"
    assert [line.split(",", 1)[1] for line in lines[1:]] == ["U01,PEER,,4,3,85,yes,no,no"]

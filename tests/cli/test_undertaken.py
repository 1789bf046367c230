"""What `ledger show` prints of progress, key tasks, spot checks and discrepancies."""

from __future__ import annotations

import pytest
from clock import Clock
from served import record, undertaken
from tabled import Run

from ledger.cli.opening import opened_store, settings_here

CYCLE = ("--cycle", "MINI-2018")


@pytest.fixture
def show(run: Run, clock: Clock) -> Run:
    """Shows a register of a year of undertakings, as known at its last position and on its day."""
    city = undertaken()
    with opened_store(settings_here(), clock=clock) as store:
        record(store, clock, city)
    return lambda *arguments: run("show", *arguments, *CYCLE, "--as-of", city.head)


def test_progress_is_printed_with_the_light_of_its_rate(show: Run):
    assert show("progress", "--period", "2018-Y", "--unit", "U04", "-o", "csv").out.splitlines() == [
        "unit,indicator,name,period,target,target_position,share_due,due,ytd,value_position,rate,gap,completed,light",
        "U04,A,Indicator A,2018-Y,8.0,48,1.0000,8.00,7.4,58,0.9250,-7.50,no,YELLOW",
        "U04,B,Indicator B,2018-Y,0.50,,,0.50,,,,,,",
    ]


def test_progress_is_asked_by_the_end_of_a_period_of_the_plan(show: Run):
    without, another = show("progress"), show("progress", "--period", "2017-Y")

    assert (without.code, without.err) == (2, "ledger: Progress needs --period: by the end of which period?\n")
    assert (another.code, another.err.split(":")[1].strip()) == (1, "INVALID_PERIOD")


def test_tasks_are_printed_step_by_step(show: Run):
    assert show("tasks", "--unit", "U04", "-o", "csv").out.splitlines() == [
        "position,task,unit,title,status,progress,step,due,percent,reported,overdue",
        "41,T-1-U04,U04,Port of U04,OPEN,0.4000,START,2018-06-30,80,,yes",
        "41,T-1-U04,U04,Port of U04,OPEN,0.4000,FINISH,2019-06-30,0,,no",
    ]


def test_the_lots_of_a_spot_check_are_drawn_again(show: Run):
    ran = show("checks", "-o", "csv")

    assert ran.out.splitlines() == [
        "position,check,group,as_of,seed,tolerance,scores,drawn,checked,discrepancies,error_rate,verdict",
        "71,S-1,G1,70,lottery 2019012,0.05,5,2,2,1,0.5000,same",
    ]
    assert ran.code == 0


def test_a_discrepancy_says_what_was_claimed_and_what_is_official(show: Run):
    assert show("discrepancies", "--unit", "U04", "-o", "csv").out.splitlines() == [
        "position,unit,indicator,period,claimed,claimed_position,official,gap",
        "58,U04,A,2018-Y,8.9,61,7.4,1.5",
    ]
    assert show("discrepancies", "--unit", "U05", "-o", "json").json == []

"""Key tasks: assigned, reported and verified milestone by milestone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from city import CYCLE, EVIDENCE, FOUNDED, MIDSUMMER, NOW, City, Refusal

from ledger.domain.commands import (
    AssignKeyTask,
    CancelKeyTask,
    CompleteKeyTask,
    ExtendKeyTask,
    ReportMilestone,
    ReturnMilestone,
    VerifyMilestone,
)
from ledger.domain.key_tasks import (
    KeyTask,
    KeyTaskAssigned,
    KeyTaskCancelled,
    KeyTaskCompleted,
    KeyTaskExtended,
    Milestone,
    MilestoneReported,
    MilestoneReturned,
    MilestoneVerified,
    overdue,
    task_stream,
)
from ledger.domain.roles import Role

TASK = "T-01"


def milestone(milestone_id: str, share: str, due_on: date) -> Milestone:
    return Milestone(milestone_id=milestone_id, title=f"Step {milestone_id}", due_on=due_on, share=Decimal(share))


START, FINISH = milestone("START", "0.4", date(2018, 6, 30)), milestone("FINISH", "0.6", date(2018, 12, 31))
ASSIGN = AssignKeyTask(
    cycle_id=CYCLE,
    task_id=TASK,
    unit_id="U04",
    title="Open the new port terminal",
    responsible_person_id="reporter",
    milestones=(START, FINISH),
    tags=("SIX_KEY_TASKS",),
    indicator_id="A",
    weight=Decimal(10),
)
EXTEND = ExtendKeyTask(
    cycle_id=CYCLE,
    task_id=TASK,
    milestone_id="START",
    new_due_on=date(2018, 9, 30),
    reason="The permit came late.",
    approved_by="director",
)
CANCEL = CancelKeyTask(cycle_id=CYCLE, task_id=TASK, reason="The project was given up.", approved_by="leading")
COMPLETE = CompleteKeyTask(cycle_id=CYCLE, task_id=TASK)


def report(percent: str, milestone_id: str = "START") -> ReportMilestone:
    return ReportMilestone(
        cycle_id=CYCLE, task_id=TASK, milestone_id=milestone_id, percent=Decimal(percent), evidence=EVIDENCE
    )


def verify(position: int, milestone_id: str = "START") -> VerifyMilestone:
    return VerifyMilestone(cycle_id=CYCLE, task_id=TASK, milestone_id=milestone_id, reported_position=position)


def send_back(position: int) -> ReturnMilestone:
    return ReturnMilestone(
        cycle_id=CYCLE, task_id=TASK, milestone_id="START", reported_position=position, reason="No photograph."
    )


@pytest.fixture
def tasked(city: City) -> City:
    """The city with a task of two steps for U04."""
    city.given(ASSIGN, by="office", at=FOUNDED)
    return city


def done(city: City, milestone_id: str, percent: str = "100") -> None:
    city.given(verify(city.given(report(percent, milestone_id), by="reporter"), milestone_id), by="verifier")


def task(city: City) -> KeyTask:
    return city.memory.load(task_stream(CYCLE, TASK))[1]


def test_the_office_assigns_a_task_with_its_steps(city: City) -> None:
    assert city.when(ASSIGN, by="scorer") == Refusal("FORBIDDEN_ROLE")
    assert city.when(ASSIGN, by="office") == (
        KeyTaskAssigned(
            cycle_id=CYCLE,
            task_id=TASK,
            unit_id="U04",
            title="Open the new port terminal",
            responsible_person_id="reporter",
            milestones=(START, FINISH),
            tags=("SIX_KEY_TASKS",),
            indicator_id="A",
            weight=Decimal(10),
        ),
    )
    assert city.when(ASSIGN, by="office") == Refusal("DUPLICATE_ID", "task_id")


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (replace(ASSIGN, milestones=(START,)), Refusal("MALFORMED_INPUT", "milestones")),
        (replace(ASSIGN, milestones=()), Refusal("MALFORMED_INPUT", "milestones")),
        (
            replace(ASSIGN, milestones=(replace(START, share=Decimal(0)), replace(FINISH, share=Decimal(1)))),
            Refusal("MALFORMED_INPUT", "milestones"),
        ),
        (replace(ASSIGN, milestones=(START, START)), Refusal("DUPLICATE_ID", "milestones")),
        (replace(ASSIGN, unit_id="U99"), Refusal("UNKNOWN_ID", "unit_id")),
        (replace(ASSIGN, indicator_id="Z"), Refusal("UNKNOWN_ID", "indicator_id")),
        (replace(ASSIGN, responsible_person_id="nobody"), Refusal("UNKNOWN_ID", "responsible_person_id")),
        (replace(ASSIGN, weight=Decimal(0)), Refusal("OUT_OF_RANGE", "weight")),
        (replace(ASSIGN, cycle_id="MINI-2017"), Refusal("UNKNOWN_ID", "cycle_id")),
    ],
)
def test_a_task_that_contradicts_itself_is_refused(city: City, command: AssignKeyTask, refusal: Refusal) -> None:
    assert city.when(command, by="office") == refusal


def test_the_unit_reports_and_another_person_verifies(tasked: City) -> None:
    assert tasked.when(report("60"), by="scorer") == Refusal("FORBIDDEN_ROLE")
    assert tasked.when(report("60"), by="reporter") == (
        MilestoneReported(
            cycle_id=CYCLE,
            task_id=TASK,
            unit_id="U04",
            milestone_id="START",
            percent=Decimal(60),
            evidence=EVIDENCE,
        ),
    )
    reported = tasked.head

    assert task(tasked).progress == 0
    assert tasked.when(verify(reported), by="verifier") == (
        MilestoneVerified(
            cycle_id=CYCLE,
            task_id=TASK,
            unit_id="U04",
            milestone_id="START",
            reported_position=reported,
            percent=Decimal(60),
        ),
    )
    assert task(tasked).progress == Fraction("0.24")


def test_nobody_verifies_their_own_report(tasked: City) -> None:
    tasked.give_role("reporter", Role.VERIFIER)
    reported = tasked.given(report("60"), by="reporter")

    assert tasked.when(verify(reported), by="reporter") == Refusal("SEPARATION_OF_DUTIES")


def test_the_report_that_is_verified_is_the_one_that_was_read(tasked: City) -> None:
    first = tasked.given(report("60"), by="reporter")
    second = tasked.given(report("70"), by="reporter")

    assert tasked.when(verify(first), by="verifier") == Refusal("STALE_EXPECTED_VERSION", "reported_position")
    tasked.given(verify(second), by="verifier")
    assert tasked.when(verify(second), by="verifier") == Refusal("NOT_ENTERED", "reported_position")


def test_a_report_is_sent_back_with_a_reason(tasked: City) -> None:
    reported = tasked.given(report("60"), by="reporter")

    assert tasked.when(send_back(reported), by="verifier") == (
        MilestoneReturned(
            cycle_id=CYCLE,
            task_id=TASK,
            unit_id="U04",
            milestone_id="START",
            reported_position=reported,
            reason="No photograph.",
        ),
    )
    assert tasked.when(verify(reported), by="verifier") == Refusal("NOT_ENTERED", "reported_position")


def test_a_report_says_more_than_what_is_verified(tasked: City) -> None:
    done(tasked, "START", "60")

    assert tasked.when(report("60"), by="reporter") == Refusal("OUT_OF_RANGE", "percent")
    assert tasked.when(report("100.01"), by="reporter") == Refusal("OUT_OF_RANGE", "percent")
    assert tasked.when(report("70", "NOWHERE"), by="reporter") == Refusal("UNKNOWN_ID", "milestone_id")
    done(tasked, "START")
    assert tasked.when(report("100"), by="reporter") == Refusal("ALREADY_VERIFIED", "milestone_id")


def test_a_step_gets_more_time_and_that_it_was_overdue_is_recorded(tasked: City) -> None:
    extended = KeyTaskExtended(
        cycle_id=CYCLE,
        task_id=TASK,
        unit_id="U04",
        milestone_id="START",
        old_due_on=date(2018, 6, 30),
        new_due_on=date(2018, 9, 30),
        after_due=False,
        reason="The permit came late.",
        approved_by="director",
    )
    again = replace(EXTEND, new_due_on=date(2019, 2, 1))

    assert tasked.when(EXTEND, by="office", at=MIDSUMMER) == (extended,)
    assert tasked.when(again, by="office", at=NOW) == (
        replace(extended, old_due_on=date(2018, 9, 30), new_due_on=date(2019, 2, 1), after_due=True),
    )


@pytest.mark.parametrize(
    ("command", "by", "refusal"),
    [
        (replace(EXTEND, new_due_on=date(2018, 6, 30)), "office", Refusal("MALFORMED_INPUT", "new_due_on")),
        (replace(EXTEND, milestone_id="NOWHERE"), "office", Refusal("UNKNOWN_ID", "milestone_id")),
        (replace(EXTEND, approved_by="scorer"), "office", Refusal("FORBIDDEN_ROLE", "approved_by")),
        (EXTEND, "director", Refusal("SEPARATION_OF_DUTIES", "approved_by")),
        (replace(EXTEND, reason=""), "office", Refusal("REASON_REQUIRED", "reason")),
        (replace(EXTEND, task_id="T-99"), "office", Refusal("UNKNOWN_ID", "task_id")),
    ],
)
def test_an_extension_is_refused(tasked: City, command: ExtendKeyTask, by: str, refusal: Refusal) -> None:
    assert tasked.when(command, by=by) == refusal


def test_a_task_is_completed_when_every_step_is_verified(tasked: City) -> None:
    done(tasked, "START")
    assert tasked.when(COMPLETE, by="office") == Refusal("NOT_VERIFIED", "task_id")
    done(tasked, "FINISH")

    assert tasked.when(COMPLETE, by="office") == (KeyTaskCompleted(cycle_id=CYCLE, task_id=TASK, unit_id="U04"),)
    assert task(tasked).progress == 1
    assert tasked.when(CANCEL, by="office") == Refusal("TASK_CLOSED", "task_id")


def test_a_task_is_dropped_with_approval_and_then_stands_still(tasked: City) -> None:
    assert tasked.when(CANCEL, by="office") == (
        KeyTaskCancelled(
            cycle_id=CYCLE,
            task_id=TASK,
            unit_id="U04",
            reason="The project was given up.",
            approved_by="leading",
        ),
    )
    assert tasked.when(report("60"), by="reporter") == Refusal("TASK_CLOSED", "task_id")


def test_steps_are_overdue_from_the_day_after_until_they_are_verified(tasked: City) -> None:
    assert overdue(task(tasked), date(2018, 6, 30)) == ()
    assert overdue(task(tasked), date(2018, 7, 1)) == (START,)
    assert overdue(task(tasked), date(2019, 1, 1)) == (START, FINISH)

    done(tasked, "START")
    assert overdue(task(tasked), date(2019, 1, 1)) == (FINISH,)

    tasked.given(CANCEL, by="office")
    assert overdue(task(tasked), date(2019, 1, 1)) == ()

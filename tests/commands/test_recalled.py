"""Decisions that rest on a whole cycle: made on all that is recorded of it, or made again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from clock import Clock
from slow import slow_computation
from year import CYCLE, GROUP, VERIFIER, Year, entry, facts, plan, recorded, verification

from ledger.commands import Outcome, Recorded
from ledger.domain.commands import (
    CloseEntry,
    ComputeResults,
    EndPublicNotice,
    IssuePlanVersion,
    OpenGrades,
    PlanCycle,
    StartPublicNotice,
)
from ledger.domain.facts import Event
from ledger.domain.grading import GradesOpened, ResultsComputed
from ledger.domain.quota import GradeQuota, GradingRules
from ledger.domain.refusals import GradesAlreadyOpened, StaleExpectedVersion
from ledger.domain.score import Basis
from ledger.recalled import CYCLES_KEPT_MAX, RecalledCycles
from ledger.store import Store

COMPUTE = ComputeResults(cycle_id=CYCLE, group_id=GROUP)
UNITS = ("U000", "U001", "U002")
RULES = GradingRules(grades=(GradeQuota(grade="EXCELLENT", share=Decimal("0.4")),))


def other_cycle(cycle_id: str = "2019") -> PlanCycle:
    return PlanCycle(
        cycle_id=cycle_id,
        title=f"Year {cycle_id}",
        starts_on=date(2019, 1, 1),
        ends_on=date(2019, 12, 31),
        measures_id="M",
        measures_version=1,
    )


def computed(outcome: Outcome) -> ResultsComputed:
    """The one fact of a computation."""
    [fact] = facts(outcome)
    assert isinstance(fact, ResultsComputed)
    return fact


def totals(fact: ResultsComputed) -> dict[str, str]:
    return {row.unit_id: str(row.total) for row in fact.table}


def verify(year: Year, unit_id: str, value: str) -> int:
    """Given a verified value; the position of the verification."""
    position = year.execute(entry(unit_id, value)).position
    return year.execute(verification(position, unit_id), VERIFIER).position


def test_results_are_computed_and_grades_opened_on_a_real_ledger(year: Year, clock: Clock):
    graded = replace(plan(UNITS), grading=RULES)
    second = IssuePlanVersion(
        cycle_id=CYCLE, content=graded, based_on=1, summary="Grades by proportion", approved_by="leading"
    )
    year.execute(second, "office")
    for unit_id, value in zip(UNITS, ("10", "8", "5"), strict=True):
        verify(year, unit_id, value)
    closed = year.execute(CloseEntry(cycle_id=CYCLE), "office").position
    results = year.execute(COMPUTE, "office")
    assert (computed(results).as_of_position, totals(computed(results))) == (
        closed,
        {"U000": "100.00", "U001": "80.00", "U002": "50.00"},
    )
    notice = StartPublicNotice(cycle_id=CYCLE, group_id=GROUP, results_position=results.position)
    year.execute(notice, "office")
    clock.advance(days=8)
    year.execute(EndPublicNotice(cycle_id=CYCLE, group_id=GROUP), "office")
    open_grades = OpenGrades(cycle_id=CYCLE, group_id=GROUP, results_position=results.position)

    [opened] = facts(year.execute(open_grades, "leading"))

    assert isinstance(opened, GradesOpened)
    assert {unit.unit_id: unit.grade for unit in opened.allocation} == {
        "U000": "EXCELLENT",
        "U001": "QUALIFIED",
        "U002": "UNQUALIFIED",
    }
    with pytest.raises(GradesAlreadyOpened):
        year.execute(open_grades, "leading")


def test_a_value_verified_between_decision_and_append_is_in_the_results(
    year: Year, other: Year, store: Store, meanwhile: list[Callable[[], object]]
):
    verify(year, "U000", "10")
    entered = year.execute(entry("U001", "8")).position
    meanwhile.append(lambda: other.execute(verification(entered, "U001"), VERIFIER))

    fact = computed(year.execute(slow_computation(), "office"))

    assert (fact.as_of_position, totals(fact)) == (
        entered + 1,
        {"U000": "100.00", "U001": "80.00", "U002": "0.00"},
    )
    assert [event.type for event in recorded(store, after=entered)] == ["ScoreVerified", "ResultsComputed"]


def test_what_is_recorded_of_another_cycle_disturbs_nobody(
    year: Year, other: Year, meanwhile: list[Callable[[], object]]
):
    known = verify(year, "U000", "10")
    decided_again: list[bool] = []
    meanwhile.append(lambda: other.execute(other_cycle(), "office"))
    meanwhile.append(lambda: decided_again.append(True))

    fact = computed(year.execute(slow_computation(), "office"))

    assert (fact.as_of_position, decided_again) == (known, [])


def test_a_computation_that_others_overtake_every_time_is_answered_as_stale(
    year: Year, other: Year, store: Store, meanwhile: list[Callable[[], object]]
):
    meanwhile.extend([lambda: other.execute(entry())] * 10)

    with pytest.raises(StaleExpectedVersion) as refused:
        year.execute(slow_computation(), "office")

    assert refused.value.retryable
    assert "ResultsComputed" not in {event.type for event in recorded(store, after=0)}


def test_in_a_batch_a_computation_sees_what_comes_before_it_and_not_what_comes_after(year: Year):
    first = year.execute(entry("U000", "10")).position
    second = year.execute(entry("U001", "8")).position

    _, between, _, after = year.execute_many(
        year.request(verification(first), VERIFIER),
        year.request(COMPUTE, "office"),
        year.request(verification(second, "U001"), VERIFIER),
        year.request(COMPUTE, "office"),
    )

    assert totals(computed(between)) == {"U000": "100.00", "U001": "0.00", "U002": "0.00"}
    assert totals(computed(after)) == {"U000": "100.00", "U001": "80.00", "U002": "0.00"}
    assert [computed(outcome).as_of_position for outcome in (between, after)] == [second + 1, second + 3]


def test_a_computation_that_lost_a_race_does_not_spoil_its_batch(
    year: Year, other: Year, meanwhile: list[Callable[[], object]]
):
    first = verify(year, "U000", "10")
    meanwhile.append(lambda: verify(other, "U001", "8"))

    results, entered = year.execute_many(year.request(slow_computation(), "office"), year.request(entry("U002", "5")))

    assert computed(results).as_of_position == first + 2
    assert isinstance(entered, Recorded)


def test_results_cover_all_that_was_recorded_of_the_cycle_before_them(year: Year, other: Year, store: Store):
    """While one process enters values, another computes; no result passes over anything."""
    head = store.head

    def enter() -> None:
        done = 0
        while done < 24:
            with suppress(StaleExpectedVersion):
                year.execute(entry(f"U{done % 3:03}", f"{done + 1}.0"))
                done += 1

    def compute() -> None:
        done = 0
        while done < 8:
            with suppress(StaleExpectedVersion):
                other.execute(replace(COMPUTE, basis=Basis.PROVISIONAL), "office")
                done += 1

    with ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(enter), pool.submit(compute)]
    for tried in tries:
        tried.result()

    of_cycle = [event.position for event in recorded(store, after=0) if getattr(event.fact, "cycle_id", "") == CYCLE]
    found = [event for event in recorded(store, after=head) if isinstance(event.fact, ResultsComputed)]
    assert len(found) == 8
    assert [_as_of(event) for event in found] == [
        max(position for position in of_cycle if position < event.position) for event in found
    ]


def _as_of(event: Event) -> int:
    assert isinstance(event.fact, ResultsComputed)
    return event.fact.as_of_position


def test_a_cycle_recalled_grows_with_the_ledger_and_what_was_given_out_stays(year: Year, store: Store):
    cycles = RecalledCycles(store)
    first = verify(year, "U000", "10")
    before = cycles.recall(CYCLE)

    second = verify(year, "U001", "8")
    after = cycles.recall(CYCLE)

    assert [(recall.as_of, len(recall.values(CYCLE, Basis.OFFICIAL))) for recall in (before, after)] == [
        (first, 1),
        (second, 2),
    ]
    assert cycles.recall(CYCLE, first).values(CYCLE, Basis.OFFICIAL) == before.values(CYCLE, Basis.OFFICIAL)


def test_what_was_known_then_is_the_same_however_it_is_come_by(year: Year, store: Store):
    moments = [verify(year, "U000", "10"), verify(year, "U001", "8")]
    afresh = [RecalledCycles(store).recall(CYCLE, at).values(CYCLE, Basis.OFFICIAL) for at in moments]
    cycles = RecalledCycles(store)

    # The later is carried on from the earlier, which stays as it was.
    for at, known in [*zip(moments, afresh, strict=True), *zip(moments, afresh, strict=True)]:
        assert cycles.recall(CYCLE, at).values(CYCLE, Basis.OFFICIAL) == known
    assert [len(known) for known in afresh] == [1, 2]


def test_cycles_that_are_no_longer_kept_are_read_again(year: Year, store: Store):
    cycles = RecalledCycles(store)
    known = cycles.recall(CYCLE).as_of
    for number in range(CYCLES_KEPT_MAX + 1):
        year.execute(other_cycle(f"C{number}"), "office")
        assert cycles.recall(f"C{number}").as_of == store.head

    assert cycles.recall(CYCLE).as_of == known

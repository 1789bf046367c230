"""Answers at a position: what they include, how they page, what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from city import CYCLE
from histories import Year, eventful, record
from moves import NORTH, Move

from ledger.domain.facts import Event
from ledger.domain.refusals import InvalidPeriod, MalformedInput, UnknownId
from ledger.domain.score import Basis
from ledger.projector import Projector
from ledger.results import Answers, AsOf, EventFilter, NotReached
from ledger.store import Store


@pytest.fixture
def year(store: Store, projector: Projector) -> Year:
    """A year in which everything happened, folded."""
    happened = eventful()
    record(store, happened)
    projector.catch_up()
    return happened


def recorded_at(store: Store, position: int) -> datetime:
    [event] = store.events_of("ledger")[:1]
    assert event.position <= position
    return event.recorded_at


def test_an_empty_ledger_is_at_position_0(answers: Answers):
    assert answers.head() == AsOf(0, None)


def test_the_head_is_what_every_projection_has_reached(store: Store, projector: Projector, answers: Answers):
    record(store, Year())
    projector.catch_up(through=20)

    assert answers.head().position == 20


def test_an_instant_means_the_last_position_recorded_by_then(store: Store, year: Year, answers: Answers):
    # The whole year was recorded in one transaction, at one instant.
    instant = recorded_at(store, 1)

    assert answers.resolve(recorded_at=instant) == AsOf(store.head, instant)
    assert answers.resolve(recorded_at=instant + timedelta(days=1)) == AsOf(store.head, instant)
    assert answers.resolve(position=7) == AsOf(7, instant)
    assert answers.resolve() == answers.head()
    with pytest.raises(UnknownId):
        answers.resolve(recorded_at=instant - timedelta(microseconds=1))


@pytest.mark.parametrize("beside", [-1, 0])
def test_a_position_outside_the_ledger_is_refused(year: Year, answers: Answers, beside: int):
    with pytest.raises(UnknownId):
        answers.resolve(position=beside)
    with pytest.raises(UnknownId):
        answers.resolve(position=year.city.head + 1)
    with pytest.raises(MalformedInput):
        answers.resolve(position=1, recorded_at=answers.head().recorded_at)


def test_a_question_at_a_position_that_is_not_folded_says_how_far_they_are(
    store: Store, projector: Projector, answers: Answers
):
    record(store, Year())
    projector.catch_up(through=20)

    with pytest.raises(NotReached) as late:
        answers.wait_for(30, timeout_s=0.01)

    assert (late.value.position, late.value.reached) == (30, 20)
    with pytest.raises(NotReached):
        answers.results(CYCLE, NORTH, at=30)
    with pytest.raises(NotReached):
        answers.read("unit_registry", "by_id", unit_ids=["U01"], as_of=30)


def test_results_of_what_is_not_there_are_refused(year: Year, answers: Answers):
    head = year.city.head
    with pytest.raises(UnknownId):
        answers.results("1999", NORTH, at=head)
    with pytest.raises(UnknownId):
        answers.results(CYCLE, "EAST", at=head)
    with pytest.raises(UnknownId):
        answers.results(CYCLE, NORTH, at=1)
    with pytest.raises(InvalidPeriod):
        answers.results(CYCLE, NORTH, period="2017-Q1", at=head)


def test_results_are_remembered_by_the_last_event_that_touched_the_group(
    store: Store, projector: Projector, answers: Answers
):
    year = Year().given(Move("enter", 0, 7), Move("verify", 0))
    touched = year.city.head
    year.given(Move("rename", 1))
    record(store, year)
    projector.catch_up()

    assert answers.touched(CYCLE, NORTH, year.city.head) == touched
    earlier, later = (answers.results(CYCLE, NORTH, at=at) for at in (touched, year.city.head))
    assert earlier.rows is later.rows
    assert (earlier.slice.as_of, later.slice.as_of) == (touched, year.city.head)


FILTERS: dict[str, tuple[EventFilter, Callable[[Event], bool]]] = {
    "everything": (EventFilter(), lambda e: True),
    "types": (
        EventFilter(types=("ScoreEntered", "UnitRenamed")),
        lambda e: e.type in ("ScoreEntered", "UnitRenamed"),
    ),
    "a unit": (EventFilter(unit_id="U02"), lambda e: about(e, "unit_id") == "U02"),
    "a cycle": (EventFilter(cycle_id=CYCLE), lambda e: about(e, "cycle_id") == CYCLE),
    "a person": (EventFilter(person_id="colleague"), lambda e: "colleague" in persons(e)),
    "a unit, a person and a type": (
        EventFilter(unit_id="U01", person_id="colleague", types=("ScoreCorrected",)),
        lambda e: e.type == "ScoreCorrected" and about(e, "unit_id") == "U01" and "colleague" in persons(e),
    ),
    "a person in a cycle": (
        EventFilter(cycle_id=CYCLE, person_id="leading"),
        lambda e: about(e, "cycle_id") == CYCLE and "leading" in persons(e),
    ),
    "a type in a cycle": (
        EventFilter(cycle_id=CYCLE, types=("TargetSet",)),
        lambda e: e.type == "TargetSet",
    ),
}


def about(event: Event, name: str) -> object:
    return getattr(event.fact, name, None)


def persons(event: Event) -> set[object]:
    return {event.actor.person_id, event.actor.on_behalf_of} | {
        about(event, name) for name in ("requested_by", "approved_by", "subject_id")
    }


@pytest.mark.parametrize("asked", FILTERS)
@pytest.mark.parametrize("newest_first", [False, True])
def test_events_are_paged_by_position_in_both_directions(
    store: Store, projector: Projector, answers: Answers, asked: str, newest_first: bool
):
    # So many of one score that a list of them has several rows.
    year = eventful(*(Move("enter", place, number) for number in range(1, 71) for place in (0, 1)))
    record(store, year)
    projector.catch_up()
    wanted, fits = FILTERS[asked]
    at = year.city.head - 3
    expected = [event.position for event in year.events if fits(event) and event.position <= at]
    assert expected

    found: list[int] = []
    edge: int | None = None
    while True:
        page = answers.events(
            wanted,
            at=at,
            after=None if newest_first else edge,
            before=edge if newest_first else None,
            limit=7,
            newest_first=newest_first,
        )
        if not page:
            break
        found += [event.position for event in page]
        edge = found[-1]

    assert found == (expected[::-1] if newest_first else expected)


def test_lists_of_several_rows_are_read_on_from_any_position(store: Store, projector: Projector, answers: Answers):
    year = Year().given(*(Move("enter", 0, number) for number in range(1, 141)))
    record(store, year)
    projector.catch_up()
    at = year.city.head - 2
    entered = [event.position for event in year.events if event.type == "ScoreEntered" and event.position <= at]
    [scorer] = {event.actor.person_id for event in year.events if event.type == "ScoreEntered"}
    acted = [event.position for event in year.events if scorer in persons(event) and event.position <= at]

    for after in (0, *entered[60:70], *entered[124:132], at):
        page = answers.read("person_activity", "by_person", person_id=scorer, after=after, limit=9, as_of=at)
        rest = answers.read("timeline", "of_cycle", cycle_id=CYCLE, types=["ScoreEntered"], after=after, as_of=at)

        assert [row["position"] for row in page] == [position for position in acted if position > after][:9]
        assert [row["position"] for row in rest] == [position for position in entered if position > after]


def test_an_event_is_given_by_its_position(year: Year, answers: Answers):
    assert answers.event(3).fact == year.events[2].fact
    with pytest.raises(UnknownId):
        answers.event(year.city.head + 1)


def test_a_unit_is_called_what_it_was_called_then(year: Year, answers: Answers):
    renamed = [event.position for event in year.events if event.type == "UnitRenamed"]

    names = [answers.units(["U02", "U99"], at)["U02"].unit.name_zh for at in (renamed[0] - 1, *renamed)]

    assert names == ["District U02", "新区1", "新区2"]
    assert answers.unit("U99", renamed[-1]) is None


def test_units_are_paged_in_the_order_of_registration(year: Year, answers: Answers):
    head = year.city.head

    first = answers.unit_page(at=head, limit=3)
    rest = answers.unit_page(at=head, after=first[-1].registered_position, limit=3)

    assert [unit.unit_id for unit in (*first, *rest)] == ["U01", "U02", "U03", "U04", "U05"]
    assert answers.unit_page(at=1, limit=3) == []


def test_values_come_by_unit_and_then_period(store: Store, projector: Projector, answers: Answers):
    year = Year().given(*(Move("enter", cell, cell) for cell in (10, 5, 6)))
    record(store, year)
    projector.catch_up()

    rows = answers.values(CYCLE, "Q", basis=Basis.PROVISIONAL, at=year.city.head)

    assert [(row.unit_id, row.period, row.value) for row in rows] == [
        ("U01", "2018-Q3", Decimal(5)),
        ("U01", "2018-Q4", Decimal(6)),
        ("U03", "2018-Q4", Decimal(10)),
    ]
    assert answers.values(CYCLE, "Q", at=year.city.head) == []


def test_a_person_is_found_in_every_capacity(year: Year, answers: Answers):
    head = year.city.head
    [approval] = [e for e in year.events if e.type == "ScoreWithdrawn" and about(e, "approved_by")]

    rows = answers.read(
        "person_activity",
        "by_person",
        person_id="approver",
        after=approval.position - 1,
        limit=1,
        as_of=head,
    )
    counts = answers.read("person_activity", "counts", person_id="approver", as_of=head)

    assert rows == [{"position": approval.position, "capacities": ["APPROVED"]}]
    # Whoever approves a correction both acts and approves.
    assert {(c["capacity"], c["type"]): c["count"] for c in counts} == {
        ("ACTED", "CorrectionRejected"): 1,
        ("ACTED", "ScoreCorrected"): 3,
        ("APPROVED", "ScoreCorrected"): 3,
        ("APPROVED", "ScoreWithdrawn"): 1,
        ("CONCERNED", "PersonRegistered"): 1,
        ("CONCERNED", "RoleGranted"): 1,
    }


def test_a_read_takes_exactly_its_own_parameters(year: Year, answers: Answers):
    with pytest.raises(TypeError):
        answers.read("unit_registry", "by_id", as_of=1)
    with pytest.raises(TypeError):
        answers.read("unit_registry", "by_id", as_of=1, unit_ids=[], unit_id="U01")
    with pytest.raises(KeyError):
        answers.read("unit_registry", "by_nothing", as_of=1)

"""Damaged and hostile events: the projector stops before them, says where, and loses nothing."""

from __future__ import annotations

from itertools import chain
from typing import LiteralString

import pytest
from contents import listed, tables
from forging import forge
from histories import Year, record
from moves import Move

from ledger.database import Database
from ledger.domain.facts import Event
from ledger.projection import projections
from ledger.projector import ProjectionStopped, Projector
from ledger.results import Answers
from ledger.store import Store


def last(year: Year, type_: str) -> Event:
    return [event for event in year.events if event.type == type_][-1]


UNFIT: dict[str, dict[str, LiteralString]] = {
    "unknown fact type": {"type": "'ScoreInvented'"},
    "the entry is not JSON": {"entry": "substr(entry, 1, 100)"},
    "the entry is not JSON: invalid byte sequence": {"entry": "overlay(entry placing '\\xff'::bytea from 20)"},
    "the entry's bytes and its typed columns differ": {"type": "'ScoreWithdrawn'", "entry": "entry"},
}


@pytest.mark.parametrize("reason", UNFIT)
def test_an_unfit_event_stops_every_projection_right_before_it(
    database: Database, store: Store, projector: Projector, answers: Answers, reason: str
):
    year = Year().given(Move("enter", 0, 7))
    record(store, year)
    projector.catch_up()
    sound = tables(database)
    position = forge(database, last(year, "ScoreEntered").position, UNFIT[reason])
    forge(database, last(year, "ScoreEntered").position)

    with pytest.raises(ProjectionStopped) as stopped:
        Projector(database).catch_up()

    assert stopped.value.position == position
    assert stopped.value.reason.startswith(reason)
    assert tables(database) == sound
    assert answers.head().position == position - 1


def test_what_stands_before_an_unfit_event_in_the_same_batch_is_folded(
    database: Database, store: Store, projector: Projector
):
    year = Year().given(Move("enter", 0, 7))
    record(store, year)
    position = forge(database, last(year, "ScoreEntered").position, {"type": "'ScoreInvented'"})

    with pytest.raises(ProjectionStopped):
        projector.catch_up()

    behind = tables(database)
    assert behind["timeline.checkpoint"] == [f"(1,{position - 1},{projections()['timeline'].version})"]
    assert sorted(chain(*listed(database, "TYPE"))) == list(range(1, position))


def test_a_missing_event_stops_every_projection_right_before_the_gap(
    database: Database, store: Store, projector: Projector
):
    year = Year().given(Move("enter", 0, 7))
    record(store, year)
    forge(database, last(year, "ScoreEntered").position, skip=1)

    with pytest.raises(ProjectionStopped) as stopped:
        projector.catch_up()

    assert (stopped.value.position, stopped.value.reason) == (year.city.head + 1, "the event is missing")


def test_an_event_that_one_fold_cannot_take_stops_that_projection_alone(
    database: Database, store: Store, projector: Projector
):
    year = Year().given(Move("enter", 0, 7))
    record(store, year)
    position = forge(database, last(year, "ScoreEntered").position, {"unit_id": "NULL"})
    after = forge(database, last(year, "UnitRegistered").position, {"type": "'UnitRenamed'"})

    with pytest.raises(ProjectionStopped) as stopped:
        projector.catch_up()

    assert (stopped.value.projection, stopped.value.position) == ("score_value", position)
    assert projector.stopped is stopped.value
    reached = {name: tables(database)[f"{name}.checkpoint"] for name in projections()}
    behind = ("score_value", "standing")
    assert reached == {
        name: [f"(1,{position - 1 if name in behind else after},{projection.version})"]
        for name, projection in projections().items()
    }


def test_a_decision_about_no_request_stops_the_corrections(database: Database, store: Store, projector: Projector):
    year = Year().given(Move("enter", 0, 7), Move("verify", 0), Move("request", 0, 8), Move("reject", 0))
    record(store, year)
    position = forge(database, last(year, "CorrectionRejected").position, {"request_position": "1"})

    with pytest.raises(ProjectionStopped) as stopped:
        projector.catch_up()

    assert (stopped.value.projection, stopped.value.position) == ("correction", position)


def test_a_plan_that_cannot_be_read_stops_the_standings_alone(database: Database, store: Store, projector: Projector):
    year = Year()
    record(store, year)
    position = forge(
        database,
        last(year, "PlanVersionIssued").position,
        {
            "entry": """convert_to('{"data":{},"stream":"plan:MINI-2018","type":"PlanVersionIssued","version":'
            || 1 + (SELECT max(version) FROM ledger.event AS o WHERE o.stream = e.stream) || '}', 'UTF8')"""
        },
    )

    with pytest.raises(ProjectionStopped) as stopped:
        projector.catch_up()

    assert (stopped.value.projection, stopped.value.position) == ("standing", position)
    assert "DamagedEntry" in stopped.value.reason


def test_a_stopped_projector_keeps_naming_the_same_place(database: Database, store: Store, projector: Projector):
    year = Year().given(Move("enter", 0, 7))
    record(store, year)
    forge(database, last(year, "ScoreEntered").position, {"unit_id": "NULL"})

    places: list[int] = []
    for _ in range(3):
        with pytest.raises(ProjectionStopped) as stopped:
            projector.catch_up()
        places.append(stopped.value.position)

    assert places == [store.head] * 3

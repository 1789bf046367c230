"""Causes: an event is named for just the units that it moved by itself, whatever happened between two moments."""

from __future__ import annotations

from typing import Any

import pytest
from city import CYCLE
from histories import Year, eventful, record
from hypothesis import given
from hypothesis import strategies as st
from moves import GROUPS, NORTH, Move
from test_recall_agrees import PLANS, _ledger_ids, few_runs, ledger_of, played_moves

from ledger import causes
from ledger.database import Database
from ledger.domain.movement import Placing, moved, placings
from ledger.domain.recall import Recall
from ledger.domain.score import Basis
from ledger.domain.settlement import settle
from ledger.movements import difference
from ledger.results import Answers

PERIODS = (None, "2018-Q4")


def truth(year: Year, group_id: str, period: str | None, basis: Basis, earlier: int, later: int) -> dict[str, set[int]]:
    """What each event moved: everything is settled anew after every position."""
    found: dict[str, set[int]] = {}
    recall = Recall().fold(year.events, through=earlier)
    before = _placings(recall, group_id, period, basis)
    for event in year.events[earlier:later]:
        recall.take(event)
        after = _placings(recall, group_id, period, basis)
        for each in moved(before, after):
            found.setdefault(each.unit_id, set()).add(event.position)
        before = after
    return found


def _placings(recall: Recall, group_id: str, period: str | None, basis: Basis) -> dict[str, Placing]:
    return placings(settle(recall.slice(CYCLE, group_id, period=period, basis=basis)))


def told(answers: Answers, group_id: str, **asked: Any) -> dict[str, set[int]]:
    found = difference(answers, CYCLE, group_id, period_before=asked["period"], **asked)
    assert (found.examined, found.truncated) == (asked["later"], False)
    assert {event for events in found.causes.values() for event in events} <= set(found.events)
    return {unit_id: {event.position for event in events} for unit_id, events in found.causes.items()}


def named_alike(answers: Answers, year: Year, earlier: int, later: int) -> None:
    for group_id in GROUPS:
        for period in PERIODS:
            for basis in Basis:
                found = told(answers, group_id, period=period, basis=basis, earlier=earlier, later=later)
                assert found == truth(year, group_id, period, basis, earlier, later)


@few_runs
@given(year=PLANS, played=played_moves(), cut=st.floats(0, 1))
def test_in_a_random_year_the_causes_are_what_settling_after_every_event_shows(
    database: Database, year: Year, played: list[Move], cut: float
) -> None:
    year.tried(*played)
    with ledger_of(database, next(_ledger_ids)) as (store, projector), database.readers() as pool:
        record(store, year)
        projector.catch_up()
        earlier = year.founded + round(cut * (year.city.head - year.founded))
        named_alike(Answers(pool, ledger_id=store.ledger_id), year, earlier, year.city.head)


def test_in_an_eventful_year_every_cause_is_named(store: Any, projector: Any, answers: Answers) -> None:
    year = eventful()
    record(store, year)
    projector.catch_up()
    for earlier in (year.founded, (year.founded + year.city.head) // 2):
        named_alike(answers, year, earlier, year.city.head)


def test_of_too_many_events_the_first_are_examined_and_the_rest_is_said_to_be_left(
    store: Any, projector: Any, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    year = eventful()
    record(store, year)
    projector.catch_up()
    asked: dict[str, Any] = {"basis": Basis.OFFICIAL, "earlier": year.founded, "later": year.city.head}
    whole = difference(answers, CYCLE, NORTH, **asked)
    monkeypatch.setattr(causes, "LINES_SETTLED_MAX", 3 * sum(len(row.lines) for row in whole.after.rows))
    first = difference(answers, CYCLE, NORTH, **asked)

    assert (first.truncated, first.events) == (True, whole.events[:3])
    assert whole.events[2].position <= first.examined < whole.events[3].position
    asked["earlier"] = first.examined
    rest = difference(answers, CYCLE, NORTH, **asked)
    assert (rest.before.rows, rest.after.rows) != (whole.before.rows, whole.after.rows)
    assert rest.events == whole.events[3:6]

"""Impact: what an event moved is the difference of two settles, before it and with it, in every group there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from city import CYCLE
from histories import Year, ended, eventful, record
from hypothesis import given
from moves import GROUPS, NORTH, SOUTH, Move
from test_recall_agrees import PLANS, _ledger_ids, few_runs, ledger_of, played_moves

from ledger.database import Database
from ledger.domain.facts import Event
from ledger.domain.movement import Moved, Placing, moved, placings
from ledger.domain.recall import Recall
from ledger.domain.score import Basis
from ledger.domain.settlement import settle
from ledger.movements import impact_of
from ledger.projector import Projector
from ledger.results import Answers
from ledger.store import Store

PERIODS = (None, "2018-Q4", "2018-Y")
THREE_OF_THE_NORTH = (
    *(Move("enter", cell, number) for cell, number in ((0, 9), (1, 6), (2, 4), (3, 8))),
    *(Move("verify", cell) for cell in (0, 1, 2, 3)),
)


def of_all_groups(recall: Recall, period: str | None) -> dict[str, Placing]:
    found: dict[str, Placing] = {}
    for group_id in GROUPS:
        found |= placings(settle(recall.slice(CYCLE, group_id, period=period, basis=Basis.OFFICIAL)))
    return found


def impacts(answers: Answers, event: Event, period: str | None) -> Sequence[Moved]:
    if not hasattr(event.fact, "cycle_id"):
        # It is about no cycle, and asking for its impact is refused.
        return ()
    return impact_of(answers, event, period=period).rows


def differences_alike(answers: Answers, year: Year) -> None:
    """After every position the impact of its event is what settling everything before and after it shows."""
    recall = Recall().fold(year.events, through=year.founded)
    before = {period: of_all_groups(recall, period) for period in PERIODS}
    for event in year.events[year.founded :]:
        recall.take(event)
        after = {period: of_all_groups(recall, period) for period in PERIODS}
        for period in PERIODS:
            told, shown = impacts(answers, event, period), moved(before[period], after[period])
            assert list(told) == shown, (event.position, event.type, period)
        before = after


@few_runs
@given(year=PLANS, played=played_moves())
def test_of_any_event_of_a_random_year_is_the_difference_of_two_settles(
    database: Database, year: Year, played: list[Move]
) -> None:
    year.tried(*played)
    with ledger_of(database, next(_ledger_ids)) as (store, projector), database.readers() as pool:
        record(store, year)
        projector.catch_up()
        differences_alike(Answers(pool, ledger_id=store.ledger_id), year)


def played(store: Store, projector: Projector, year: Year) -> Year:
    record(store, year)
    projector.catch_up()
    return year


@pytest.mark.parametrize("whole_year", [eventful, ended])
def test_of_every_event_of_a_whole_year_is_the_difference_of_two_settles(
    store: Store, projector: Projector, answers: Answers, whole_year: Callable[[], Year]
) -> None:
    differences_alike(answers, played(store, projector, whole_year()))


def test_of_a_corrected_value_is_said_of_the_group_where_the_successor_is(
    store: Store, projector: Projector, answers: Answers
) -> None:
    year = Year().given(*THREE_OF_THE_NORTH, Move("merge"), Move("assign", 2, 1))
    year.given(Move("request", 0, 3), Move("approve", 0))
    differences_alike(answers, played(store, projector, year))

    found = impact_of(answers, year.events[-1], period="2018-Y")
    assert found.group_ids == (NORTH, SOUTH)
    assert {"U01", "U03"} <= {row.unit_id for row in found.rows}


def test_of_a_value_is_said_of_the_group_that_shares_the_quota(
    store: Store, projector: Projector, answers: Answers
) -> None:
    year = Year().given(*THREE_OF_THE_NORTH, Move("request", 3, 1), Move("approve", 3))
    differences_alike(answers, played(store, projector, year))

    found = impact_of(answers, year.events[-1])
    assert set(found.group_ids) == {NORTH, SOUTH}
    assert {row.unit_id for row in found.rows} > {"U04"}


def test_of_a_unit_that_moves_is_said_of_the_group_it_leaves_and_the_one_it_joins(
    store: Store, projector: Projector, answers: Answers
) -> None:
    year = Year().given(*THREE_OF_THE_NORTH, Move("assign", 0, 1))
    differences_alike(answers, played(store, projector, year))

    assert impact_of(answers, year.events[-1]).group_ids == (NORTH, SOUTH)


def test_of_a_plan_version_is_said_of_every_group(store: Store, projector: Projector, answers: Answers) -> None:
    year = Year().given(*THREE_OF_THE_NORTH, Move("replan", 0, 3))
    differences_alike(answers, played(store, projector, year))

    found = impact_of(answers, year.events[-1])
    assert found.group_ids == (NORTH, SOUTH)
    assert {"U03", "U04"} <= {row.unit_id for row in found.rows}

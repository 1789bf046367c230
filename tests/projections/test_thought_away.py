"""Counterfactual: an event thought away right after it happened leaves the results as they were before it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

from city import CYCLE, NOW
from histories import APART, Year, eventful, record
from hypothesis import given
from moves import GROUPS, NORTH, SOUTH, Move
from test_impacts import THREE_OF_THE_NORTH
from test_recall_agrees import PLANS, _ledger_ids, few_runs, ledger_of, played_moves

from ledger.database import Database
from ledger.domain.commands import IssuePlanVersion
from ledger.domain.movement import Placing, placings
from ledger.domain.plan import GroupWeight
from ledger.domain.refusals import MalformedInput
from ledger.movements import counterfactual
from ledger.projector import Projector
from ledger.results import Answers
from ledger.store import Store


def without_the_last(answers: Answers, store: Store, group_id: str, position: int) -> dict[str, Placing]:
    """How a group would stand at a position had its event not happened; as it stands if that moves nothing."""
    excluded = answers.events_at([position])
    with suppress(MalformedInput):
        found = counterfactual(answers, store.events_of, CYCLE, group_id, excluded, at=position)
        return placings(found.thought)
    return placings(answers.results(CYCLE, group_id, at=position))


def undone_alike(answers: Answers, store: Store, year: Year) -> None:
    for position in range(year.founded + 1, year.city.head + 1):
        for group_id in GROUPS:
            before = placings(answers.results(CYCLE, group_id, at=position - 1))
            assert without_the_last(answers, store, group_id, position) == before, year.events[position - 1]


@few_runs
@given(year=PLANS, played=played_moves())
def test_in_a_random_year_every_event_can_be_undone(database: Database, year: Year, played: list[Move]) -> None:
    year.tried(*played)
    with ledger_of(database, next(_ledger_ids)) as (store, projector), database.readers() as pool:
        record(store, year)
        projector.catch_up()
        undone_alike(Answers(pool, ledger_id=store.ledger_id), store, year)


def test_in_an_eventful_year_every_event_can_be_undone(store: Store, projector: Projector, answers: Answers) -> None:
    year = eventful()
    record(store, year)
    projector.catch_up()
    undone_alike(answers, store, year)


def test_without_a_plan_version_the_indicators_of_the_one_before_count_with_their_values(
    store: Store, projector: Projector, answers: Answers
) -> None:
    """The second version takes the indicator Q from the north: its values are none of the results' then."""
    year = Year(APART).given(*THREE_OF_THE_NORTH, Move("enter", 6, 5), Move("verify", 6))
    yearly, quarterly = APART.indicators

    def weights(**of_groups: int) -> tuple[GroupWeight, ...]:
        return tuple(GroupWeight(group_id=group_id, weight=Decimal(each)) for group_id, each in of_groups.items())

    indicators = (
        replace(yearly, weights=weights(NORTH=100, SOUTH=50)),
        replace(quarterly, weights=weights(SOUTH=50)),
    )
    content = replace(APART, indicators=indicators)
    issued = IssuePlanVersion(cycle_id=CYCLE, content=content, based_on=1, summary="Other", approved_by="leading")
    position = year.city.given(issued, by="office", at=NOW)
    record(store, year)
    projector.catch_up()

    for group_id in (NORTH, SOUTH):
        before, after = (placings(answers.results(CYCLE, group_id, at=at)) for at in (position - 1, position))
        assert before != after
        assert without_the_last(answers, store, group_id, position) == before

"""Folded live, rebuilt, and recalled in memory: three ways to the same answer."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import cast

import pytest
from city import CYCLE
from contents import empty, tables
from histories import (
    ACTIONS,
    ALL_VERIFIED,
    APART,
    BALLOTS,
    CELLS,
    ENDING,
    PERIODS,
    TWO_GROUPS,
    Year,
    ended,
    eventful,
    record,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from moves import GROUPS, Move

from ledger.database import Database
from ledger.domain.explanation import explain
from ledger.domain.facts import Event
from ledger.domain.numbers import exact_text
from ledger.domain.recall import Recall
from ledger.domain.score import Basis, ScoreFact, score_stream
from ledger.domain.settlement import settle, settle_each
from ledger.entries import decode
from ledger.history import Worth
from ledger.projector import Projector
from ledger.results import Answers
from ledger.store import Store, open_store

CHAINS = (
    ("enter", "verify"),
    ("enter", "verify", "request", "approve"),
    ("request", "approve"),
    ("request", "reject"),
    ("withdraw", "enter_late", "verify"),
    ("return", "enter"),
    ("claim_bonus", "approve_bonus"),
    ("campaign", "survey"),
    ("claim", "enter", "verify"),
    ("deduct", "revoke_adjustment"),
    ("veto", "lift_veto"),
    ("exempt", "end_exemption"),
    ("enter", "return"),
    ("enter", "verify", "request", "take_back"),
    ("merge",),
    ("split",),
)
"""Moves that lead somewhere together."""
LATER = ((), (), BALLOTS, (*ALL_VERIFIED, *ENDING), (*ALL_VERIFIED, *BALLOTS, *ENDING))
"""How a year goes on, as far as what was played before allows it."""
STRONGER = {Basis.SELF: (Basis.PROVISIONAL, Basis.OFFICIAL), Basis.PROVISIONAL: (Basis.OFFICIAL,), Basis.OFFICIAL: ()}
ALONE = tuple((action,) for action in ACTIONS)


@st.composite
def played_moves(draw: st.DrawFn) -> list[Move]:
    """Moves on few scores, so that most of them find something to move, and perhaps the end of the year."""
    moves: list[Move] = []
    for _ in range(draw(st.integers(3, 25))):
        cell = draw(st.sampled_from((0, 1, 3, 5, 6)))
        chain = draw(st.one_of(st.sampled_from(CHAINS), st.sampled_from(ALONE)))
        moves += [Move(action, cell, draw(st.integers(0, 5))) for action in chain]
    return [*moves, *draw(st.sampled_from(LATER))]


PLANS = st.sampled_from((TWO_GROUPS, APART)).map(Year)
"""A year just founded, whose groups share a quota or have their own."""


few_runs = settings(
    deadline=None,
    max_examples=25,
    # A history found wanting is shown as it was drawn: to shrink it takes minutes, for each try is a ledger.
    phases=(Phase.explicit, Phase.generate),
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@contextmanager
def ledger_of(database: Database, ledger_id: int) -> Generator[tuple[Store, Projector]]:
    """A ledger of its own for one run of a property."""
    with open_store(database, ledger_id=ledger_id) as store:
        projector = Projector(database, ledger_id)
        projector.prepare()
        yield store, projector


@few_runs
@given(year=PLANS, played=played_moves(), as_of=st.floats(0, 1))
def test_a_random_year_is_known_alike_at_any_position(database: Database, year: Year, played: list[Move], as_of: float):
    year.tried(*played)
    ledger_id = next(_ledger_ids)
    with ledger_of(database, ledger_id) as (store, projector), database.readers() as pool:
        record(store, year)
        half = year.city.head // 2
        projector.catch_up(half)
        projector.catch_up()
        answers = Answers(pool, ledger_id=ledger_id)

        at = year.founded + round(as_of * (year.city.head - year.founded))
        for position in {at, year.city.head}:
            known_alike(answers, year, position)
        projector.rebuild()
        known_alike(Answers(pool, ledger_id=ledger_id), year, at)


def known_alike(answers: Answers, year: Year, at: int) -> None:
    """Every value and every result at a position is what recall makes of the events up to it."""
    recall = Recall().fold(year.events, through=at)
    for basis in Basis:
        rows = answers.read("score_value", "by_cycle", cycle_id=CYCLE, basis=basis.value, unit_ids=None, as_of=at)
        found = {(r["unit_id"], r["indicator_id"], r["period"]): (r["value"], r["from_position"]) for r in rows}
        assert found == {cell: (known.value, known.position) for cell, known in recall.values(CYCLE, basis).items()}
        for group_id in GROUPS:
            together = settle_each(recall.slice(CYCLE, group_id, period=None, basis=basis), (None, *PERIODS))
            for period in (None, *PERIODS):
                expected = settle(recall.slice(CYCLE, group_id, period=period, basis=basis))
                assert together[period] == expected
                results = answers.results(CYCLE, group_id, period=period, basis=basis, at=at)
                assert results.rows == expected.rows
                assert results.opening == expected.opening
                assert (results.plan_version, results.slice.as_of) == (expected.plan_version, at)
                for row in results.rows:
                    tree = explain(results, row)
                    assert sum((part.exact for part in tree.parts), Fraction(0)) == row.exact


def test_an_eventful_year_is_known_alike_at_every_position(store: Store, projector: Projector, answers: Answers):
    year = eventful()
    record(store, year)
    projector.catch_up()

    for position in range(year.founded, year.city.head + 1):
        known_alike(answers, year, position)


def test_a_year_that_ends_with_a_restated_report_is_known_alike_live_and_rebuilt(
    store: Store, projector: Projector, answers: Answers, database: Database
):
    year = ended()
    record(store, year)
    for through in range(0, year.city.head + 1, 5):
        projector.catch_up(through)
    projector.catch_up()
    live = tables(database)
    for position in range(year.city.head - len(ENDING), year.city.head + 1):
        known_alike(answers, year, position)

    projector.rebuild()

    assert tables(database) == live
    known_alike(answers, year, year.city.head)


_ledger_ids = iter(range(2, 1_000_000))


def test_rebuilt_tables_are_those_that_grew_live(database: Database, store: Store, projector: Projector):
    record(store, eventful())
    for through in range(0, store.head + 1, 7):
        projector.catch_up(through)
    projector.catch_up()
    live = tables(database)

    projector.rebuild()

    assert tables(database) == live


def test_standings_are_the_settled_results_at_the_head(store: Store, projector: Projector, answers: Answers):
    year = eventful()
    record(store, year)
    projector.catch_up()
    head = year.city.head

    for group_id in GROUPS:
        for period in ("", *PERIODS):
            results = answers.results(CYCLE, group_id, period=period or None, at=head)
            rows = answers.read("standing", "kept", cycle_id=CYCLE, group_id=group_id, period=period, as_of=head)
            if not any(row.lines for row in results.rows):
                assert rows == []
                continue
            assert [(r["unit_id"], r["rank"], r["total"], r["exact"], r["complete"], r["missing"]) for r in rows] == [
                (row.unit_id, row.rank, str(row.total), exact_text(row.exact), row.complete, row.missing)
                for row in results.rows
            ]


def test_a_history_tells_each_value_before_and_after(store: Store, projector: Projector, answers: Answers):
    year = Year().given(
        Move("enter", 0, 7), Move("verify", 0), Move("request", 0, 8), Move("approve", 0), Move("withdraw", 0)
    )
    record(store, year)
    projector.catch_up()

    assert [(event.type, *rest) for event, *rest in told(answers, CELLS[0], as_of=year.city.head)] == [
        ("ScoreEntered", Basis.PROVISIONAL, None, 7),
        ("ScoreVerified", Basis.OFFICIAL, None, 7),
        ("CorrectionRequested", None, None, None),
        ("ScoreCorrected", Basis.OFFICIAL, 7, 8),
        ("ScoreWithdrawn", Basis.OFFICIAL, 8, None),
    ]
    assert len(told(answers, CELLS[0], as_of=year.city.head - 1)) == 4
    # What the score is worth `now` is that of the answer's position.
    assert held(answers, CELLS[0], year.city.head - 1)[Basis.OFFICIAL] == 8
    assert held(answers, CELLS[0], year.city.head) == {}


def test_what_a_history_tells_is_what_was_held_before_and_after_each_event(
    store: Store, projector: Projector, answers: Answers
):
    year = eventful()
    record(store, year)
    projector.catch_up()

    for cell in CELLS:
        for event, basis, before, after in told(answers, cell, as_of=year.city.head):
            earlier, later = (held(answers, cell, event.position - 1), held(answers, cell, event.position))
            if basis is None:
                assert earlier == later
            else:
                assert (before, after) == (earlier.get(basis), later.get(basis))
                # Nothing stronger changed.
                assert all(earlier.get(each) == later.get(each) for each in STRONGER[basis])


def told(
    answers: Answers, cell: tuple[str, str, str], *, as_of: int
) -> list[tuple[Event, Basis | None, Decimal | None, Decimal | None]]:
    """The events of a score, each with its basis and the value of that before and after it."""
    stream = score_stream(CYCLE, *cell).name
    rows = answers.read("score_value", "history", stream=stream, after=None, limit=1_000, as_of=as_of)
    worth: Worth[Decimal] = Worth({})
    found: list[tuple[Event, Basis | None, Decimal | None, Decimal | None]] = []
    for row in rows:
        event = decode(row["entry"])
        fact = cast(ScoreFact, event.fact)
        found.append((event, *worth.told(type(fact), getattr(fact, fact.VALUE) if fact.VALUE else None)))
    assert worth.held == held(answers, cell, as_of)
    return found


def held(answers: Answers, cell: tuple[str, str, str], as_of: int) -> dict[Basis, Decimal]:
    """What the projection holds of a score at a position: unit, indicator and period."""
    named = dict(zip(("unit_id", "indicator_id", "period"), cell, strict=True))
    rows = answers.read("score_value", "by_score", cycle_id=CYCLE, as_of=as_of, **named)
    return {Basis(row["basis"]): row["value"] for row in rows}


@pytest.mark.parametrize("seen", ["OPEN", "APPROVED"])
def test_a_request_is_open_until_the_position_that_decides_it(
    store: Store, projector: Projector, answers: Answers, seen: str
):
    year = Year().given(Move("enter", 0, 7), Move("verify", 0), Move("request", 0, 8), Move("approve", 0))
    record(store, year)
    projector.catch_up()
    request, decision = year.city.head - 1, year.city.head

    [row] = answers.read(
        "correction",
        "page",
        cycle_id=CYCLE,
        unit_id="U01",
        indicator_id=None,
        outcome=seen,
        after=None,
        before=None,
        limit=5,
        as_of=request if seen == "OPEN" else decision,
    )

    assert (row["request_position"], row["requested_by"], row["outcome"]) == (request, "colleague", seen)
    assert row["decided_by"] == (None if seen == "OPEN" else "approver")
    assert row["decided_position"] == (None if seen == "OPEN" else decision)


def test_emptied_tables_fold_again_to_the_same(database: Database, store: Store, projector: Projector):
    record(store, Year())
    projector.catch_up()
    grown = tables(database)
    empty(database)

    Projector(database).catch_up()

    assert tables(database) == grown

"""The law of folding: wherever a range is cut, whoever folds it, the tables are the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import chain

import pytest
from contents import Tables, empty, listed, tables
from histories import Year, eventful, record
from moves import Move
from psycopg import Connection

from ledger.database import Database
from ledger.folding import connect
from ledger.projector import Projector
from ledger.store import Store

Folded = Callable[[Year], Tables]


def test_wherever_a_range_is_cut_the_tables_are_the_same(database: Database, folded: Folded):
    year = eventful()

    whole = folded(year)

    assert whole["score_value.score_value"]
    assert sorted(chain(*listed(database, "TYPE"))) == [event.position for event in year.events]
    assert whole["standing.standing"]


def test_wherever_a_range_is_cut_a_list_fills_its_last_row_and_begins_the_next(database: Database, folded: Folded):
    year = Year().given(*(Move("enter", 0, number) for number in range(1, 141)))
    entered = [event.position for event in year.events if event.type == "ScoreEntered"]

    folded(year)

    assert listed(database, "TYPE", "ScoreEntered") == [entered[:64], entered[64:128], entered[128:]]


def test_a_value_changed_many_times_in_one_batch_is_closed_each_time(folded: Folded):
    year = Year().given(*(Move("enter", 0, number) for number in range(1, 6)))
    entries = [event.position for event in year.events if event.type == "ScoreEntered"]

    rows = folded(year)["score_value.score_value"]

    assert rows == [
        f"(1,MINI-2018,PROVISIONAL,A,U01,2018-Y,{position},{following},{value})"
        for value, (position, following) in enumerate(zip(entries, [*entries[1:], ""], strict=True), start=1)
    ]


def test_a_few_events_are_folded_into_all_in_one_statement(
    store: Store, projector: Projector, monkeypatch: pytest.MonkeyPatch
):
    record(store, eventful())
    with connect(projector._database) as connection:
        folder = projector._folder(connection)
        projector._catch_up(folder, 3)
        with monkeypatch.context() as patch:
            patch.setattr(Connection, "transaction", None)
            assert folder.fold_together(projector._folded, store.head)
        assert {folder.checkpoint(each.name) for each in projector._folded} == {store.head}


def test_projectors_beside_each_other_fold_every_range_exactly_once(
    database: Database, store: Store, projector: Projector
):
    record(store, eventful())
    projector.catch_up()
    whole = tables(database)
    empty(database)

    workers = [threading.Thread(target=Projector(database, batch_positions_max=n).catch_up) for n in (1, 2, 3, 5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert tables(database) == whole


def test_catching_up_says_which_position_all_have_reached(store: Store, projector: Projector):
    assert projector.catch_up() == 0

    record(store, Year())

    assert projector.catch_up(through=7) == 7
    assert projector.catch_up(through=3) == 7
    assert projector.catch_up() == store.head

"""Building beside the tables in use, and the switch."""

from __future__ import annotations

import threading

import pytest
from city import CYCLE
from contents import tables
from histories import Year, eventful, record
from psycopg.sql import SQL, Identifier

from ledger.database import PROJECTOR_ROLE, Database
from ledger.domain.results import Results
from ledger.projection import projections
from ledger.projector import NotPrepared, ProjectionStopped, Projector
from ledger.results import Answers
from ledger.store import Store


def schemas(database: Database) -> dict[str, int]:
    """The schemas of the projector's role, with their identity."""
    with database.connect(PROJECTOR_ROLE) as connection:
        found = connection.execute("SELECT nspname, oid::int FROM pg_namespace WHERE nspowner = %s::regrole", (ROLE,))
        return {name: oid for name, oid in found}


ROLE = PROJECTOR_ROLE


def test_preparing_makes_one_schema_for_each_projection_and_leaves_no_other(database: Database, projector: Projector):
    assert schemas(database).keys() == projections().keys()


def test_preparing_drops_projections_that_are_no_more(database: Database, projector: Projector):
    with database.connect(PROJECTOR_ROLE) as connection:
        connection.execute("CREATE SCHEMA once; CREATE TABLE once.row (ledger_id integer); CREATE SCHEMA once__next")

    projector.prepare()

    assert schemas(database).keys() == projections().keys()


def test_preparing_again_touches_nothing(database: Database, projector: Projector):
    before = schemas(database)

    Projector(database).prepare()

    assert schemas(database) == before


def test_another_version_is_built_anew_and_the_rest_stays(database: Database, store: Store, projector: Projector):
    record(store, eventful())
    projector.catch_up()
    before, grown = schemas(database), tables(database)
    with database.connect(PROJECTOR_ROLE) as connection:
        connection.execute("UPDATE score_value.checkpoint SET version = 0")

    Projector(database).prepare()

    after = schemas(database)
    assert {name for name in after if after[name] != before[name]} == {"score_value"}
    assert tables(database) == grown


def test_a_worker_of_another_version_folds_nothing(database: Database, store: Store, projector: Projector):
    record(store, Year())
    with database.connect(PROJECTOR_ROLE) as connection:
        connection.execute("UPDATE score_value.checkpoint SET version = 2")
    untouched = tables(database)["score_value.checkpoint"]

    with pytest.raises(NotPrepared):
        projector.catch_up()

    assert tables(database)["score_value.checkpoint"] == untouched


def test_readers_go_on_while_every_projection_is_built_anew(
    database: Database, store: Store, projector: Projector, answers: Answers
):
    year = eventful()
    record(store, year)
    projector.catch_up()
    head = year.city.head
    expected = answers.results(CYCLE, "NORTH", at=head)
    stop, seen = threading.Event(), list[Results]()

    def read() -> None:
        # One connection throughout, so that its prepared statements outlive the switch.
        with database.readers() as pool:
            while not stop.is_set():
                seen.append(Answers(pool).results(CYCLE, "NORTH", at=head))

    reader = threading.Thread(target=read)
    reader.start()
    before = schemas(database)
    projector.rebuild()
    stop.set()
    reader.join()

    after = schemas(database)
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())
    assert seen
    assert all(results.rows == expected.rows for results in seen)


def test_writers_and_folders_go_on_while_a_projection_is_built_anew(
    database: Database, store: Store, projector: Projector
):
    record(store, eventful())
    folding = threading.Event()

    def fold() -> None:
        one_by_one = Projector(database, batch_positions_max=1)
        for through in range(0, store.head + 1, 4):
            one_by_one.catch_up(through)
            folding.set()

    worker = threading.Thread(target=fold)
    worker.start()
    folding.wait()
    for _ in range(3):
        Projector(database).rebuild("score_value")
    worker.join()
    projector.catch_up()
    grown = tables(database)
    projector.rebuild("score_value")

    assert tables(database) == grown


def test_a_rebuild_names_each_projection_once(projector: Projector):
    built: list[str] = []

    projector.rebuild(on_built=built.append)

    assert sorted(built) == sorted(projections())


def test_a_building_that_cannot_come_as_far_is_given_up(database: Database, store: Store, projector: Projector):
    record(store, eventful())
    projector.catch_up()
    grown, before = tables(database), schemas(database)
    with database.connect() as connection:
        connection.execute("ALTER TABLE ledger.event DISABLE TRIGGER event_rows_are_immutable")
        connection.execute("UPDATE ledger.event SET entry = 'broken' WHERE position = 20")

    with pytest.raises(ProjectionStopped) as stopped:
        Projector(database).rebuild("score_value")

    assert (stopped.value.projection, stopped.value.position) == ("score_value", 20)
    assert tables(database) == grown
    assert {name: oid for name, oid in schemas(database).items() if not name.endswith("__next")} == before


def test_processes_that_start_together_build_once(database: Database):
    with database.connect(PROJECTOR_ROLE) as connection:
        for name in schemas(database):
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(name)))

    starting = [threading.Thread(target=Projector(database).prepare) for _ in range(3)]
    for each in starting:
        each.start()
    for each in starting:
        each.join()

    assert schemas(database).keys() == projections().keys()


def test_a_ledger_that_comes_later_starts_at_position_0(database: Database, projector: Projector):
    Projector(database, ledger_id=2).prepare()

    assert tables(database)["score_value.checkpoint"] == ["(1,0,1)", "(2,0,1)"]

"""What the database's catalog says of our tables: ledgers apart, reads by index, nobody else may write."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from histories import eventful, record
from psycopg.sql import SQL, Identifier

from ledger.database import APP_ROLE, Database
from ledger.projection import projections
from ledger.projector import Projector
from ledger.store import Store

SCHEMAS = ["ledger", *projections()]
NEW_LEDGER = 2
"""Of which statistics know nothing."""
ARGUMENTS: dict[str, object] = {
    "ledger_id": 1,
    "cycle_id": "MINI-2018",
    "group_id": "NORTH",
    "unit_id": "U01",
    "unit_ids": ["U01", "U02"],
    "indicator_id": "A",
    "indicator_ids": ["A"],
    "period": "2018-Y",
    "periods": ["2018-Y"],
    "basis": "OFFICIAL",
    "stream": "score:MINI-2018:U01:A:2018-Y",
    "person_id": "scorer",
    "type": "ScoreEntered",
    "types": ["ScoreEntered"],
    "outcome": "OPEN",
    "after": 10,
    "after_unit_id": "U01",
    "after_period": "2018-Y",
    "before": 90,
    "limit": 10,
    "as_of": 80,
    "gap_min": "0",
}


@pytest.mark.usefixtures("projector")
def test_every_table_and_every_unique_key_leads_with_the_ledger(database: Database):
    with database.connect() as connection:
        columns = connection.execute(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = ANY(%s) AND ordinal_position = 1",
            (SCHEMAS,),
        ).fetchall()
        keys = connection.execute(
            "SELECT i.indexrelid::regclass::text, a.attname FROM pg_index AS i"
            " JOIN pg_class AS c ON c.oid = i.indrelid"
            " JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
            " WHERE c.relnamespace::regnamespace::text = ANY(%s)",
            (SCHEMAS,),
        ).fetchall()

    assert len(columns) >= 2 * len(projections())
    assert {first for _, _, first in columns} == {"ledger_id"}
    assert len(keys) >= len(columns)
    assert {first for _, first in keys} == {"ledger_id"}


def test_where_there_is_more_than_one_index_statistics_tell_no_ledger_from_another(
    database: Database, store: Store, projector: Projector
):
    record(store, eventful())
    projector.catch_up()
    with database.connect() as owner:
        owner.execute("ANALYZE")
        told_apart = owner.execute(
            "SELECT tablename FROM pg_stats WHERE schemaname = ANY(%s) AND attname = 'ledger_id'", (SCHEMAS,)
        ).fetchall()

    # These have one index each.
    assert {name for (name,) in told_apart} <= {"ledger", "tile"}


@pytest.mark.parametrize("ledger_id", [1, NEW_LEDGER])
def test_every_read_finds_its_rows_by_an_index(database: Database, store: Store, projector: Projector, ledger_id: int):
    record(store, eventful())
    projector.catch_up()
    arguments = ARGUMENTS | {"ledger_id": ledger_id}
    with database.connect() as owner:
        owner.execute("ANALYZE")
        # The tables of a test are too small for one index to be better than another.
        owner.execute(
            "UPDATE pg_class SET reltuples = 1000000"
            " WHERE relkind = 'r' AND relnamespace::regnamespace::text = ANY(%s)",
            (SCHEMAS,),
        )
    with database.connect(APP_ROLE) as connection, connection.transaction():
        connection.execute("SELECT set_config('search_path', %s, true)", (", ".join(projections()),))
        connection.execute("SET LOCAL enable_seqscan = off")
        for name, projection in projections().items():
            for read, statement in projection.reads.items():
                row = connection.execute(SQL("EXPLAIN (FORMAT JSON) ") + statement.sql, arguments).fetchone()
                assert row is not None
                scans = list(leaves(row[0][0]["Plan"]))
                assert scans
                assert [scan for scan in scans if not narrowed(scan)] == [], f"{name}.{read}"


def narrowed(scan: dict[str, Any]) -> bool:
    """Whether an index is used by the ledger and by at least one more of its columns, where there are more."""
    if scan.get("Relation Name") == "checkpoint":
        return scan["Node Type"] == "Index Scan"
    used = set(re.findall(r"\(?\"?(\w+)\"? (?:=|<=|>=|<|>) ", scan.get("Index Cond", "")))
    return "ledger_id" in used and len(used) > 1


def leaves(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes that read tables by themselves; functions and values are not tables."""
    inner = [leaf for below in plan.get("Plans", []) for leaf in leaves(below)]
    if plan["Node Type"] in ("Bitmap Heap Scan", "Function Scan", "Values Scan", "Result"):
        return inner
    return [plan, *inner] if "Scan" in plan["Node Type"] and "Subquery" not in plan["Node Type"] else inner


@pytest.mark.usefixtures("projector")
def test_readers_read_projections_and_change_nothing(database: Database):
    with database.connect(APP_ROLE) as connection:
        for name in projections():
            checkpoint = Identifier(name, "checkpoint")
            counted = connection.execute(SQL("SELECT count(*) FROM {}").format(checkpoint)).fetchone()
            assert counted == (1,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(SQL("UPDATE {} SET position = 0").format(checkpoint))

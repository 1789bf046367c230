"""The demo's parts that are quick to check; benchmarks/reproduce_revisions.py runs the real table whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.resources import files
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate
from tabled import Run

from ledger.cli import Exit
from ledger.cli.city_showing import CITY_QUERIES
from ledger.cli.showing import QUERIES
from ledger.database import Database
from ledger.demo import demo_settings, revisions
from ledger.evidence import EvidenceDirectory
from ledger.mini_ledger.expected import TABLES
from ledger.mini_ledger.telling import LAST, Script, tell
from ledger.settings import Settings
from ledger.store import open_store


@pytest.mark.parametrize("printed", [QUERIES, CITY_QUERIES])
def test_the_queries_it_prints_fit_the_schema(printed: str):
    schema = build_schema((files("ledger") / "api" / "schema.graphql").read_text("utf-8"))
    names = dict.fromkeys(re.findall(r"\{(\w+)\}", printed), "1")
    queries = re.findall(r"^  query \{.*?^  \}", printed.format(**names), re.MULTILINE | re.DOTALL)

    assert len(queries) == 3
    assert [validate(schema, parse(query)) for query in queries] == [[], [], []]


def test_it_keeps_to_a_directory_of_its_own():
    configured = Settings(Path("/somewhere"), database_url="host=production", ledger_id=7)

    assert demo_settings(configured) == Settings(Path("/somewhere/demo/world"))
    assert demo_settings(configured, "XS") == Settings(Path("/somewhere/demo/xs"))


def test_the_smallest_city_is_played_once_and_then_there(run: Run, server_dir: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEDGER_DATA_DIR", str(server_dir / "smallest"))

    first, second = (run("demo", "--preset", "XS", "--seed", "7", "--no-serve") for _ in range(2))

    assert (first.code, second.code) == (0, 0)
    assert "preset XS, seed 7" in first.out
    assert second.out.startswith("The year is there already")
    for told in (first.out, second.out):
        assert "GraphQL: http://127.0.0.1:8000/graphql" in told
        assert "Authorization: Bearer " in told
    assert (server_dir / "smallest" / "demo" / "xs" / "ground_truth.jsonl").exists()


def test_the_mini_ledger_is_told_once_and_is_the_same_in_every_telling(
    run: Run, server_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    def told(name: str) -> tuple[str, bytes]:
        monkeypatch.setenv("LEDGER_DATA_DIR", str(server_dir / name))
        ran = run("demo", "--preset", "mini", "--no-serve")
        assert ran.code == 0
        return ran.out, (server_dir / name / "demo" / "mini" / "export.jsonl").read_bytes()

    (first, export), (again, same) = told("mini"), told("mini")

    assert " events recorded\n" in first
    assert "It is all here." in again
    assert "At 50, without the correction at 44: U01 100.05 GOOD · U03 97.00 EXCELLENT" in first
    assert "All 8 tables are those of the specification, exactly" in first
    assert (same, told("elsewhere")[1]) == (export, export)


def test_a_mini_ledger_that_was_cut_short_is_told_to_its_end(
    new_database: Callable[[], AbstractContextManager[Database]], tmp_path: Path
):
    def told(data_dir: Path, *parts: int) -> list[bytes]:
        entries: list[bytes] = []
        with new_database() as database:
            for through in parts:
                script = Script()
                with open_store(database, clock=script, data_dir=data_dir, new_key=script.new_key) as store:
                    tell(store, script, EvidenceDirectory(data_dir / "evidence"), through=through)
                    entries = [*store.entries()]
        return entries

    assert told(tmp_path / "cut", 2, 50, LAST) == told(tmp_path / "whole", LAST)


def test_a_table_that_is_not_the_specifications_ends_the_demo(
    run: Run, server_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LEDGER_DATA_DIR", str(server_dir / "mini"))
    first, *others = TABLES[62]
    monkeypatch.setitem(TABLES, 62, [first._replace(total="100.06"), *others])

    ran = run("demo", "--preset", "mini", "--no-serve")

    assert ran.code == Exit.DAMAGED
    assert ran.err.startswith("ledger: Damaged: the table at 62 is U01 100.05 GOOD")


def test_there_is_no_such_preset(run: Run):
    assert run("demo", "--preset", "huge").code == 2


def test_the_seven_revisions_are_bundled_in_order():
    days = [f"{revision.published_at:%Y-%m-%d}" for revision in revisions()]

    assert days == [
        *("2012-09-20", "2013-06-28", "2015-08-16", "2017-07-12", "2018-01-14", "2024-10-20", "2024-10-21"),
    ]

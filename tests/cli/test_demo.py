"""The demo's parts that are quick to check; benchmarks/reproduce_revisions.py runs the real table whole."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate
from tabled import Run

from ledger.cli.city_showing import CITY_QUERIES
from ledger.cli.showing import QUERIES
from ledger.demo import demo_settings, revisions
from ledger.settings import Settings


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

    first, second = (run("demo", "--preset", "mini", "--seed", "7", "--no-serve") for _ in range(2))

    assert (first.code, second.code) == (0, 0)
    assert "preset mini, seed 7" in first.out
    assert second.out.startswith("The year is there already")
    for told in (first.out, second.out):
        assert "GraphQL: http://127.0.0.1:8000/graphql" in told
        assert "Authorization: Bearer " in told
    assert (server_dir / "smallest" / "demo" / "mini" / "ground_truth.jsonl").exists()


def test_there_is_no_such_preset(run: Run):
    assert run("demo", "--preset", "huge").code == 2


def test_the_seven_revisions_are_bundled_in_order():
    days = [f"{revision.published_at:%Y-%m-%d}" for revision in revisions()]

    assert days == [
        *("2012-09-20", "2013-06-28", "2015-08-16", "2017-07-12", "2018-01-14", "2024-10-20", "2024-10-21"),
    ]

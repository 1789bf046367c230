"""The demo's parts that are quick to check; benchmarks/reproduce_revisions.py runs it whole."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from graphql import build_schema, parse, validate

from ledger.cli.showing import QUERIES
from ledger.demo import demo_settings, revisions
from ledger.settings import Settings


def test_the_queries_it_prints_fit_the_schema():
    schema = build_schema((files("ledger") / "api" / "schema.graphql").read_text("utf-8"))
    names = dict.fromkeys(("cycle", "group", "indicator", "unit", "year", "ranking_year", "then"), "1")
    queries = re.findall(r"^  query \{.*?^  \}", QUERIES.format(**names), re.MULTILINE | re.DOTALL)

    assert len(queries) == 3
    assert [validate(schema, parse(query)) for query in queries] == [[], [], []]


def test_it_keeps_to_a_directory_of_its_own():
    configured = Settings(Path("/somewhere"), database_url="host=production", ledger_id=7)

    assert demo_settings(configured) == Settings(Path("/somewhere/demo"))


def test_the_seven_revisions_are_bundled_in_order():
    days = [f"{revision.published_at:%Y-%m-%d}" for revision in revisions()]

    assert days == [
        *("2012-09-20", "2013-06-28", "2015-08-16", "2017-07-12", "2018-01-14", "2024-10-20", "2024-10-21"),
    ]

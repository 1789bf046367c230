"""The form of the projection files."""

from __future__ import annotations

import re

import pytest
from psycopg.sql import SQL

from ledger.domain.commands import COMMANDS
from ledger.domain.facts import FACTS
from ledger.projection import CONSUMES_EVERYTHING, BadProjection, Projection, Statement, parse_projection, projections

TYPES = {name for name, kind in FACTS.items() if not kind.__subclasses__()}
PROJECTIONS = list(projections().values())
WHOLE_FILE = """-- projection: sample
-- version: 3
-- grain: one row per event
-- consumes: ScoreEntered,
--           ScoreVerified
--
-- What it is for.

-- :table
CREATE TABLE sample (ledger_id integer PRIMARY KEY);

-- :fold
INSERT INTO sample (ledger_id) VALUES (%(ledger_id)s);

-- :page by_unit position
SELECT position FROM sample WHERE ledger_id = %(ledger_id)s AND position <= %(as_of)s
"""


def each(projection: Projection) -> str:
    return projection.name


@pytest.mark.parametrize("projection", PROJECTIONS, ids=each)
def test_the_header_names_known_facts_and_the_projections_it_follows(projection: Projection):
    assert COMMANDS, "every fact is declared"
    assert projection.version >= 1
    assert projection.grain
    assert projection.consumes == (CONSUMES_EVERYTHING,) or set(projection.consumes) <= TYPES
    assert set(projection.follows) <= projections().keys()


@pytest.mark.parametrize("projection", PROJECTIONS, ids=each)
def test_the_types_named_in_the_fold_are_those_consumed(projection: Projection):
    fold = projection.sections.get("fold") or projection.sections["touched"]
    named = {word for word in re.findall(r"'(\w+)'", fold.sql.as_string(None)) if word in TYPES}
    if projection.consumes != (CONSUMES_EVERYTHING,):
        assert named == set(projection.consumes)


@pytest.mark.parametrize("projection", PROJECTIONS, ids=each)
def test_a_fold_is_one_statement_over_a_range_and_never_reads_the_entries(projection: Projection):
    fold = projection.sections.get("fold") or projection.sections["touched"]
    assert fold.parameters == {"ledger_id", "after", "through"}
    assert ";" not in re.sub(r"--.*", "", fold.sql.as_string(None))
    assert "entry" not in fold.sql.as_string(None)


@pytest.mark.parametrize("projection", PROJECTIONS, ids=each)
def test_every_read_names_one_ledger_and_one_position(projection: Projection):
    for name, read in projection.reads.items():
        assert {"ledger_id", "as_of"} <= read.parameters, name


def test_a_statement_is_given_its_arguments_and_says_percent_once():
    statement = Statement(SQL("SELECT %(a)s, %(b)s, %(a)s LIKE 'x%%'"), frozenset("ab"))

    assert statement.given(a=SQL("$1"), b=SQL("$2")).as_string(None) == "SELECT $1, $2, $1 LIKE 'x%'"
    with pytest.raises(KeyError):
        statement.given(a=SQL("$1"))


def test_a_projection_follows_only_those_before_it():
    seen: set[str] = set()
    for projection in PROJECTIONS:
        assert set(projection.follows) <= seen
        seen.add(projection.name)


def test_a_page_is_read_in_both_directions():
    parsed = parse_projection(WHOLE_FILE, name="sample")

    assert (parsed.version, parsed.consumes) == (3, ("ScoreEntered", "ScoreVerified"))
    assert list(parsed.reads) == ["by_unit", "by_unit_newest_first"]
    assert parsed.reads["by_unit"].parameters == {"ledger_id", "as_of", "after", "before", "limit"}
    assert "ORDER BY position DESC" in parsed.reads["by_unit_newest_first"].sql.as_string(None)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("-- version: 3\n", ""),
        ("-- projection: sample", "-- projection: other"),
        ("-- :table", "-- :tables"),
        ("-- :fold", "-- :index"),
        ("-- :page by_unit position", "-- :page by_unit"),
    ],
)
def test_a_file_of_another_form_is_not_taken(was: str, becomes: str):
    with pytest.raises(BadProjection):
        parse_projection(WHOLE_FILE.replace(was, becomes), name="sample")


def test_the_timeline_moves_results_with_exactly_the_facts_that_do():
    fold = projections()["timeline"].sections["fold"].sql.as_string(None)

    moving = fold[fold.index("CASE") : fold.index("END")]
    assert set(re.findall(r"'(\w+)'", moving)) == {name for name in TYPES if FACTS[name].MOVES}


def test_official_standings_consume_every_fact_that_moves_results_but_entries():
    moving = {name for name in TYPES if FACTS[name].MOVES}

    assert set(projections()["standing"].consumes) == moving - {"ScoreEntered", "ScoreLateEntered"}

"""`ledger replay recount`: the verdict on each statement, how far was read, and the exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from bundling import altered, entries_of_events
from opening import graded_city
from tabled import Run

from ledger.domain.settlement import ENGINE_VERSION


@pytest.fixture
def entries() -> list[bytes]:
    """The entries of a city whose grades are open."""
    city, _ = graded_city()
    return entries_of_events(city.memory.events)


def written(path: Path, entries: list[bytes]) -> Path:
    path.write_bytes(b"".join(entry + b"\n" for entry in entries))
    return path


def test_each_statement_is_listed_with_its_engines_and_how_far_was_read(
    run: Run, entries: list[bytes], tmp_path: Path
) -> None:
    ran = run("replay", written(tmp_path / "export.jsonl", entries), "recount", "-o", "json")

    told = [(each["statement"], each["engine"], each["used_engine"], each["verdict"]) for each in ran.json]
    assert told == [
        ("ResultsComputed", ENGINE_VERSION, ENGINE_VERSION, "same"),
        ("GradesOpened", ENGINE_VERSION, ENGINE_VERSION, "same"),
    ]
    assert ran.code == 0
    assert ran.err == (
        f"Positions read: 1 to {len(entries)}, the last recorded at 2019-02-11T01:00:00.000000Z."
        " Verified and corrected values compared: 5.\n"
    )


def test_what_does_not_follow_is_named_and_is_code_4(run: Run, entries: list[bytes], tmp_path: Path) -> None:
    entries[-1] = altered(entries[-1], lambda said: said["data"]["allocation"][0].update(grade="GOOD"))

    ran = run("replay", written(tmp_path / "export.jsonl", entries), "recount", "-o", "csv")

    assert ran.code == 4
    assert ran.out.splitlines()[-1].endswith("differs: allocation[U01].grade: GOOD -> EXCELLENT")
    assert ran.err.splitlines()[-1] == (
        f"ledger: Damaged: 1 of 2 statements do not come out again, the first at {len(entries)}"
    )


def test_in_a_table_for_people_the_differences_of_a_statement_are_cut_short(
    run: Run, entries: list[bytes], tmp_path: Path
) -> None:
    def unranked(said: dict[str, dict[str, list[dict[str, object]]]]) -> None:
        for unit in said["data"]["allocation"]:
            unit.update(rank=9, grade="NONE")

    entries[-1] = altered(entries[-1], unranked)

    ran = run("replay", written(tmp_path / "export.jsonl", entries), "recount")

    assert ran.out.splitlines()[-1].endswith("; and 5 more")


def test_where_values_are_verified_and_nothing_is_stated_yet_they_are_what_is_compared(
    run: Run, entries: list[bytes], tmp_path: Path
) -> None:
    computed = next(place for place, entry in enumerate(entries) if b'"ResultsComputed"' in entry)

    ran = run("replay", written(tmp_path / "export.jsonl", entries), "recount", "--as-of", computed, "-o", "json")

    assert (ran.code, ran.json) == (0, [])
    assert ran.err.endswith("Verified and corrected values compared: 5.\n")


def test_where_there_is_nothing_to_compare_it_says_so_and_is_code_1(
    run: Run, entries: list[bytes], tmp_path: Path
) -> None:
    whole, empty = written(tmp_path / "whole.jsonl", entries), written(tmp_path / "empty.jsonl", [])

    for asked in ((empty, "recount"), (whole, "recount", "--cycle", "NONE"), (whole, "recount", "--as-of", 5)):
        ran = run("replay", *asked)

        assert ran.code == 1
        assert ran.err.splitlines()[-1].startswith("ledger: No table, grade, tally, report or verified value")


def test_what_was_read_before_the_damage_is_told(run: Run, entries: list[bytes], tmp_path: Path) -> None:
    ran = run("replay", written(tmp_path / "export.jsonl", [*entries, b"noise", b"noise"]), "recount", "-o", "json")

    assert ran.code == 4
    assert [each["verdict"] for each in ran.json] == ["same"]
    assert f"ledger: Damaged: line {len(entries) + 1}" in ran.err

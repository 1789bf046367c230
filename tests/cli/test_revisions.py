"""Every revision of a real table can be had back: from the projection, and from an export alone."""

from __future__ import annotations

from pathlib import Path

from tabled import REVISIONS, SUBJECT, Run, printed_values, revision, write_csv

from ledger.database import Database


def test_values_as_of_the_end_of_each_import_are_the_file(import_: Run, run: Run, tmp_path: Path):
    ends: list[int] = []
    for number in range(1, len(REVISIONS) + 1):
        report = import_(write_csv(tmp_path / f"{number}.csv", revision(number)), "--reconcile")
        assert report.code == 0, report.err
        ends.append(report.json["last_position"])
    export = tmp_path / "export.jsonl"
    assert run("export", export).code == 0

    for number, end in enumerate(ends, start=1):
        expected = printed_values(revision(number))
        question = ("values", *SUBJECT, "--as-of", end, "-o", "csv")
        assert run(*question).out == expected
        assert run("replay", export, *question).out == expected
    assert run("values", *SUBJECT, "-o", "csv").out == printed_values(revision(7))


def test_importing_the_same_table_again_records_nothing(import_: Run, tmp_path: Path):
    file = write_csv(tmp_path / "1.csv", revision(1))
    first = import_(file, "--reconcile").json

    again = import_(file, "--reconcile")

    rows = len(revision(1)) - 1
    assert again.code == 0
    assert again.json == {
        "entered": 0,
        "corrected": 0,
        "withdrawn": 0,
        "unchanged": rows,
        "refused": 0,
        "first_position": None,
        "last_position": first["last_position"],
        "import_id": None,
        "dry_run": False,
        "refusals": [],
    }


def test_a_dry_run_decides_alike_and_records_nothing(import_: Run, run: Run, tmp_path: Path, database: Database):
    first, second = (write_csv(tmp_path / f"{number}.csv", revision(number)) for number in (5, 6))
    for file in (first, second):
        before = _head(database)

        dry = import_(file, "--reconcile", "--dry-run").json

        assert _head(database) == before
        wet = import_(file, "--reconcile").json
        counted = ("entered", "corrected", "withdrawn", "unchanged", "refused")
        assert [dry[name] for name in counted] == [wet[name] for name in counted]
        assert len(dry["verdicts"]) == sum(dry[name] for name in counted)
    assert _head(database) == wet["last_position"]


def _head(database: Database) -> int:
    with database.connect() as connection:
        row = connection.execute("SELECT coalesce(max(head), 0) FROM ledger.ledger").fetchone()
    assert row is not None
    return row[0]

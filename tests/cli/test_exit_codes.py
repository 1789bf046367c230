"""The exit code tells a script what happened, and standard error says it in one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tabled import SUBJECT, Run, table

Damage = Callable[[list[str]], list[str]]
QUESTION = ("values", *SUBJECT, "-o", "csv")


@pytest.fixture
def export(import_: Run, run: Run, tmp_path: Path) -> Path:
    """The export of a ledger with two scores."""
    import_(table(tmp_path / "t.csv", "A,Alpha,2018,1.50", "B,Beta,2018,2.50"), "--reconcile")
    run("export", tmp_path / "export.jsonl")
    return tmp_path / "export.jsonl"


def test_export_writes_the_stored_bytes_one_entry_a_line(export: Path, run: Run):
    lines = export.read_text("utf-8").splitlines()

    assert [json.loads(line)["position"] for line in lines] == list(range(1, len(lines) + 1))
    part = run("export", "--after", 3, "--through", 5).out
    assert part.splitlines() == lines[3:5]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("values", "--cycle", "none", "--indicator", "gdp"), 1),
        (("values", *SUBJECT, "--as-of", "999"), 1),
        (("log", *SUBJECT, "--unit", "Z", "--period", "2018"), 1),
        (("bogus",), 2),
        (("values",), 2),
        (("values", *SUBJECT, "-o", "yaml"), 2),
        (("rebuild", "bogus"), 2),
        (("export", "--after", "5", "--through", "2"), 2),
        (("import", "no-such-file.csv", *SUBJECT, "--by", "chen"), 2),
        (("token", "--person", "chen", "--hours", "0"), 2),
    ],
)
def test_of_what_cannot_be_done(export: Path, run: Run, arguments: tuple[str, ...], code: int):
    ran = run(*arguments)

    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("ledger: ")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (lambda lines: [*lines[:4], *lines[5:]], 5),
        (lambda lines: [lines[0], *lines], 2),
        (lambda lines: lines[3:], 1),
        (lambda lines: [*lines[:6], lines[6][:-9], *lines[7:]], 7),
        (lambda lines: [*lines[:2], "", *lines[2:]], 3),
        (lambda lines: [*lines[:2], "not JSON", *lines[2:]], 3),
        (lambda lines: [*lines[:-1], lines[-1].replace('"version":2', '"version":3')], None),
        (lambda lines: [*lines[:-1], lines[-1].replace('"recorded_at":"2', '"recorded_at":"1')], None),
        (lambda lines: [lines[0].replace('Z","schema"', '","schema"'), *lines[1:]], 1),
    ],
    ids=["gap", "twice", "beginning gone", "cut line", "empty line", "noise", "version", "instant", "no zone"],
)
def test_a_damaged_export_is_code_4_and_names_the_line(export: Path, run: Run, damage: Damage, line: int | None):
    lines = export.read_text("utf-8").splitlines()
    export.write_text("".join(f"{text}\n" for text in damage(lines)), encoding="utf-8")

    ran = run("replay", export, *QUESTION)

    assert (ran.code, ran.out) == (4, "")
    expected = len(lines) if line is None else line
    assert ran.err.startswith(f"ledger: Damaged: line {expected} (position {expected}): ")


def test_no_database_is_code_3(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEDGER_DATABASE_URL", "host=/nonexistent port=5432 dbname=none")

    for command in (("values", *SUBJECT), ("doctor",)):
        assert run(*command).code == 3


def test_doctor_finds_a_sound_ledger_sound(export: Path, run: Run):
    ran = run("doctor", "-o", "json")

    assert (ran.code, ran.json["ok"]) == (0, True)
    assert all(finding["ok"] is True for finding in ran.json["checks"])


def test_rebuild_names_what_it_built_and_answers_stay_the_same(export: Path, run: Run):
    before = run(*QUESTION).out

    rebuilt = run("rebuild", "score_value")

    assert (rebuilt.code, rebuilt.out) == (0, "score_value\n")
    assert run(*QUESTION).out == before


def test_a_reader_who_has_seen_enough_is_no_error(export: Path):
    command = [sys.executable, "-m", "ledger", "replay", str(export), *QUESTION]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        code = process.wait()

    assert (code, said) == (0, b"")

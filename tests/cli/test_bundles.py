"""Bundles from the command line: written, verified, with openings for whoever may have them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tabled import PERSONS, SUBJECT, Run

from ledger.cli import Exit


@pytest.fixture
def ledger(run: Run, tmp_path: Path) -> Path:
    """A ledger with a table's scores, signed; the directory for what is written."""
    table = tmp_path / "scores.csv"
    table.write_text("unit,unit_name,period,value\neast,East District,2018,91.50\nwest,West District,2018,88.00\n")
    assert run("import", table, *SUBJECT, *PERSONS).code == 0
    assert run("sign", "--once").code == 0
    return tmp_path


def test_a_bundle_is_written_once_and_verified(run: Run, ledger: Path):
    bundle = ledger / "inspection"

    ran = run("export", "--bundle", bundle)

    assert (ran.code, ran.err) == (0, "")
    size = int(ran.out.split()[0])
    verified = run("verify", bundle, "-o", "json")
    assert (verified.code, verified.json["sound"], verified.json["size"]) == (0, True, size)
    shown = run("verify", bundle).out
    assert "SOUND, as far as it was checked." in shown
    assert "NOT CHECKED" in shown
    assert run("export", "--bundle", bundle).code == Exit.ENVIRONMENT


def test_a_changed_bundle_ends_with_its_own_exit_code(run: Run, ledger: Path):
    bundle = ledger / "inspection"
    assert run("export", "--bundle", bundle).code == 0
    path = next(path for path in (bundle / "tile" / "entries").rglob("*") if path.is_file())
    path.write_bytes(path.read_bytes().replace(b"91.50", b"99.50"))

    ran = run("verify", bundle, "-o", "json")

    assert (ran.code, ran.json["sound"], ran.json["first_bad"]["kind"]) == (Exit.DAMAGED, False, "REWRITE")
    assert "NOT SOUND" in run("verify", bundle).out


def test_nothing_is_bundled_before_it_is_signed(run: Run, tmp_path: Path):
    ran = run("export", "--bundle", tmp_path / "inspection")

    assert (ran.code, "Nothing is signed yet" in ran.err) == (Exit.ENVIRONMENT, True)
    assert not (tmp_path / "inspection").exists()


def test_openings_are_for_those_who_may_see_the_registry(run: Run, ledger: Path):
    assert run("export", "--bundle", ledger / "no", "--openings", "--by", "chen").code == Exit.REFUSED
    assert not (ledger / "no").exists()

    bundle = ledger / "inspection"
    assert run("export", "--bundle", bundle, "--openings", "--by", "director").code == 0

    opened = [json.loads(line) for line in (bundle / "openings.jsonl").read_text("utf-8").splitlines()]
    assert {"chen", "li"} <= {each["value"] for each in opened if each["field"] == "display_name"}
    assert run("verify", bundle).code == 0
    read = (ledger / "data" / "access.jsonl").read_text("utf-8").splitlines()[-1]
    assert (json.loads(read)["person_id"], json.loads(read)["field"]) == ("director", "openings")


@pytest.mark.parametrize(
    "options",
    [
        ("--bundle", "x", "--openings"),
        ("--bundle", "x", "--by", "director"),
        ("--bundle", "x", "--after", "3"),
        ("--openings", "--by", "director"),
        ("file", "--bundle", "x"),
    ],
)
def test_a_bundle_is_the_whole_ledger(run: Run, options: tuple[str, ...]):
    assert run("export", *options).code == Exit.USAGE


def test_stamping_needs_an_authority(run: Run, ledger: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("LEDGER_TSA_URL", raising=False)
    assert run("stamp").code == Exit.USAGE
    assert run("stamp", "--tsa", "http://127.0.0.1:9/").code == Exit.ENVIRONMENT


def test_restoring_says_what_it_needs(run: Run, ledger: Path):
    why = ("--reason", "The disk of the server broke.", "--approved-by", "director")

    assert run("restore", *why).code == Exit.USAGE
    assert run("restore", "--from", ledger / "x", "--new-incarnation", *why).code == Exit.USAGE
    assert run("restore", "--new-incarnation", *why).code == Exit.USAGE
    assert run("restore", "--new-incarnation", "--lost", 0, *why).code == Exit.REFUSED

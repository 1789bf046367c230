"""What `ledger import` does with rows: by hand's rules, with a verdict for each."""

from __future__ import annotations

from pathlib import Path

from tabled import PERSONS, SUBJECT, Run, table

ENTERED = {"entered": 2, "corrected": 0, "withdrawn": 0, "unchanged": 0, "refused": 0}


def counts(report: dict[str, object]) -> dict[str, object]:
    return {name: report[name] for name in ENTERED}


def test_a_new_cycle_is_planned_from_the_table(import_: Run, run: Run, tmp_path: Path):
    report = import_(table(tmp_path / "t.csv", "A,Alpha,2018,1.5", "B,Beta,2018-Q1,2"), "--reconcile")

    # The first row decides the frequency; the plan has no quarters.
    assert report.code == 1
    assert counts(report.json) == ENTERED | {"entered": 1, "refused": 1}
    assert report.json["refusals"] == [
        {
            "row": 2,
            "unit": "B",
            "period": "2018-Q1",
            "verdict": "REFUSED",
            "column": "period",
            "code": "INVALID_PERIOD",
            "message": report.json["refusals"][0]["message"],
        }
    ]
    assert run("values", *SUBJECT, "-o", "csv").out == "unit,period,value\nA,2018,1.5\n"


def test_new_units_periods_and_places_extend_the_plan(import_: Run, run: Run, tmp_path: Path):
    import_(table(tmp_path / "1.csv", "A,Alpha,2018,1.50"), "--reconcile")

    report = import_(table(tmp_path / "2.csv", "A,Alpha,2018,1.5001", "B,Beta,2019,2"), "--reconcile")

    assert counts(report.json) == ENTERED | {"entered": 1, "corrected": 1}
    assert run("values", *SUBJECT, "-o", "csv").out == "unit,period,value\nA,2018,1.5001\nB,2019,2\n"


def test_a_value_that_was_withdrawn_comes_back_as_a_late_entry(import_: Run, run: Run, tmp_path: Path):
    both, one = ("A,Alpha,2018,1.50", "B,Beta,2018,2.50"), ("A,Alpha,2018,1.50",)
    import_(table(tmp_path / "1.csv", *both), "--reconcile")
    gone = import_(table(tmp_path / "2.csv", *one), "--reconcile")
    assert counts(gone.json) == ENTERED | {"entered": 0, "withdrawn": 1, "unchanged": 1}

    back = import_(table(tmp_path / "3.csv", *both, ""), "--reconcile")

    assert counts(back.json) == ENTERED | {"entered": 1, "unchanged": 1}
    log = run("log", "--cycle", "gdp", "--unit", "B", "--indicator", "gdp", "--period", "2018", "-o", "json").json
    assert [edit["event"] for edit in log] == [
        *("ScoreEntered", "ScoreVerified", "ScoreWithdrawn", "ScoreLateEntered", "ScoreVerified")
    ]
    assert [edit["official_after"] for edit in log] == [None, "2.50", None, None, "2.50"]


def test_a_unit_called_otherwise_is_renamed_and_keeps_its_history(import_: Run, run: Run, tmp_path: Path):
    import_(table(tmp_path / "1.csv", "A,Cape Verde,2018,1.50"), "--reconcile")
    import_(table(tmp_path / "2.csv", "A,Cabo Verde,2018,1.50"), "--reconcile")
    export = tmp_path / "export.jsonl"
    run("export", export)

    ranking = run("replay", export, "ranking", "--cycle", "gdp", "--group", "all", "--period", "2018", "-o", "csv")

    assert ranking.out == "rank,unit,name,total,complete\n1,A,Cabo Verde,100.00,yes\n"


def test_without_reconcile_what_changed_is_refused_and_nothing_withdrawn(import_: Run, run: Run, tmp_path: Path):
    import_(table(tmp_path / "1.csv", "A,Alpha,2018,1.50", "B,Beta,2018,2.50", "C,Gamma,2018,3"))

    report = import_(table(tmp_path / "2.csv", "A,Alpha,2018,9.99", "B,Beta,2018,2.50"))

    assert report.code == 1
    assert counts(report.json) == ENTERED | {"entered": 0, "unchanged": 1, "refused": 1}
    assert [refusal["code"] for refusal in report.json["refusals"]] == ["ALREADY_ENTERED"]
    assert run("values", *SUBJECT, "-o", "csv").out == "unit,period,value\nA,2018,1.50\nB,2018,2.50\nC,2018,3\n"


def test_without_an_approver_values_are_entered_but_not_official(run: Run, tmp_path: Path):
    file = table(tmp_path / "1.csv", "A,Alpha,2018,1.50", "B,Beta,2018,2.50")

    report = run("import", file, *SUBJECT, "--by", "chen", "-o", "json")

    assert counts(report.json) == ENTERED
    assert run("values", *SUBJECT, "-o", "csv").out == "unit,period,value\n"


def test_a_row_that_cannot_be_read_is_refused_at_its_cell_and_its_score_is_not_withdrawn(
    import_: Run, run: Run, tmp_path: Path
):
    import_(table(tmp_path / "1.csv", "A,Alpha,2018,1.50", "B,Beta,2018,2.50"), "--reconcile")

    report = import_(
        table(tmp_path / "2.csv", 'A,Alpha,2018,"1,50"', "B,Beta,2018,2.50", "B,Beta,2018,3"), "--reconcile"
    )

    assert report.code == 1
    assert counts(report.json) == ENTERED | {"entered": 0, "unchanged": 1, "refused": 2}
    assert [(r["row"], r["column"], r["code"]) for r in report.json["refusals"]] == [
        (1, "value", "INVALID_DECIMAL"),
        (3, "unit", "DUPLICATE_ID"),
    ]
    assert run("values", *SUBJECT, "-o", "csv").out == "unit,period,value\nA,2018,1.50\nB,2018,2.50\n"


def test_nothing_is_withdrawn_while_a_row_does_not_say_which_score_it_is(import_: Run, run: Run, tmp_path: Path):
    import_(table(tmp_path / "1.csv", "A,Alpha,2018,1.50", "B,Beta,2018,2.50"), "--reconcile")

    report = import_(table(tmp_path / "2.csv", "A,Alpha,2018,1.50", "B?,Beta,2018,2.50"), "--reconcile")

    assert counts(report.json) == ENTERED | {"entered": 0, "unchanged": 1, "refused": 1}
    assert "Nothing was withdrawn" in report.err
    assert run("values", *SUBJECT, "-o", "csv").out == "unit,period,value\nA,2018,1.50\nB,2018,2.50\n"


def test_one_person_cannot_be_both(run: Run, tmp_path: Path):
    file = table(tmp_path / "t.csv", "A,Alpha,2018,1.50")

    report = run("import", file, *SUBJECT, "--by", "chen", "--approved-by", "chen", "--reconcile")

    assert report.code == 1
    assert "SEPARATION_OF_DUTIES" in report.err
    assert run("export").out == ""


def test_persons_without_the_roles_are_refused_in_a_cycle_that_exists(import_: Run, run: Run, tmp_path: Path):
    import_(table(tmp_path / "1.csv", "A,Alpha,2018,1.50"), "--reconcile")
    before = run("export").out

    strangers = ("--by", "chen", "--approved-by", "director")
    report = run("import", table(tmp_path / "2.csv", "A,Alpha,2018,2"), *SUBJECT, *strangers, "--reconcile")

    assert report.code == 1
    assert "FORBIDDEN_ROLE" in report.err
    assert run("export").out == before


def test_refused_rows_are_shown_in_every_format(run: Run, tmp_path: Path):
    file = table(tmp_path / "t.csv", "A,Alpha,2018,1.50", "B,Beta,2018,much")
    command = ("import", file, *SUBJECT, *PERSONS, "--dry-run")

    shown, lines = run(*command), run(*command, "-o", "csv").out.splitlines()

    assert lines[0] == "row,column,unit,period,verdict,code,message"
    assert lines[1].startswith("2,value,B,2018,REFUSED,INVALID_DECIMAL,")
    assert lines[2] == "1,,A,2018,ENTERED,,"
    assert "INVALID_DECIMAL" in shown.out
    assert "1 entered, 0 corrected, 0 withdrawn, 0 unchanged, 1 refused, nothing recorded." in shown.out

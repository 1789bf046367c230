"""`ledger explain`, `gaps`, `impact`, `counterfactual` and `diff`, on the mini-ledger of the specification."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from city import CYCLE, PLAN, found_city, plan_with
from clock import Clock
from served import record, told
from tabled import Run

from ledger.cli.opening import opened_store, settings_here
from ledger.domain.commands import IssuePlanVersion
from ledger.mini_ledger.expected import TABLES, WITHOUT_THE_CORRECTION, Row

GROUP = ("MINI-2018", "G1")


def at(position: int) -> int:
    """Our position of one of the specification's."""
    return told()[1][position]


def standing(rows: list[Row]) -> list[tuple[int | None, str, str, str | None]]:
    """How a table of the specification says that the units stand."""
    return [(row.rank, row.unit_id, row.total, row.grade) for row in rows]


@pytest.fixture
def asked(run: Run, clock: Clock) -> Run:
    """Asks the whole mini-ledger."""
    with opened_store(settings_here(), clock=clock) as store:
        record(store, clock, told()[0])
    return run


def test_an_explanation_leads_from_the_total_to_the_events(asked: Run):
    ran = asked("explain", "MINI-2018", "U04", "--as-of", at(50), "-o", "json")

    figures = ran.json
    assert [each["kind"] for each in figures[:5]] == ["TOTAL", "DIMENSION", "INDICATOR", "VALUE", "TARGET"]
    assert figures[2] == {
        "place": 2,
        "parent": 1,
        "figure": "Indicator A 2018-Y",
        "kind": "INDICATOR",
        "shown": "50.00",
        "exact": "50",
        "rounding_difference": None,
        "weight": "50",
        "points": "100",
        "formula": "LINEAR_RATIO: 100 points of 100",
        "method": "LINEAR_RATIO: floor 0; cap 105",
        "positions": f"{at(3)} {at(44)}",
    }
    assert ran.err.startswith(f"U04 in group G1: rank 2, total 98.20, as of position {at(50)}; plan version 1,")


def test_the_parts_of_a_total_add_up_to_it_and_the_rounding_difference_is_said(asked: Run):
    total, *parts = asked("explain", *GROUP[:1], "U02", "-o", "json").json

    own = [each for each in parts if each["parent"] == 0]
    assert sum(Fraction(each["exact"]) for each in own) == Fraction(total["exact"])
    shown = sum(Decimal(each["shown"]) for each in own)
    assert Decimal(total["rounding_difference"]) == Decimal(total["shown"]) - shown


def test_in_a_table_for_people_the_parts_are_indented_below_their_figure(asked: Run):
    lines = asked("explain", "MINI-2018", "U04", "--indicator", "A", "--as-of", at(50)).out.splitlines()

    assert [line[:19].rstrip() for line in lines[1:]] == ["Indicator A 2018-Y", "  value in %", "  target in %"]


def test_gaps_say_what_the_distance_to_the_best_costs(asked: Run):
    assert asked("gaps", "MINI-2018", "U02", "--as-of", at(50), "-o", "csv").out.splitlines() == [
        "kind,indicator,name,weight,own,best,average,points_lost",
        "INDICATOR,A,Indicator A,50,98.75,102.50,94.25,1.88",
        "INDICATOR,B,Indicator B,30,96.00,102.00,95.20,1.80",
        "BONUS,,bonus,100,0.00,1.50,0.30,1.50",
        "INDICATOR,C,Indicator C,20,93.00,94.00,90.60,0.20",
    ]


def test_an_event_moves_its_unit_and_the_grades_of_others(asked: Run):
    ran = asked("impact", at(44), "-o", "csv")

    assert ran.out.splitlines() == [
        "unit,rank_before,rank_after,rank_delta,total_before,total_after,total_delta,grade_before,grade_after",
        "U04,4,2,2,94.45,98.20,3.75,QUALIFIED,GOOD",
        "U02,3,4,-1,96.78,96.78,0.00,GOOD,QUALIFIED",
        "U03,2,3,-1,97.00,97.00,0.00,GOOD,GOOD",
    ]
    assert ran.err == "ScoreCorrected by p-lead; groups compared: G1.\n"


def test_without_a_correction_the_units_stand_as_the_specification_says(asked: Run):
    excluded = ("--exclude", at(43), "--exclude", at(44))
    rows = asked("counterfactual", *GROUP, *excluded, "--as-of", at(50), "-o", "json").json

    def told_of(when: str) -> list[tuple[int | None, str, str, str | None]]:
        found = [(row[f"rank_{when}"], row["unit"], row[f"total_{when}"], row[f"grade_{when}"]) for row in rows]
        return sorted(found, key=lambda row: row[0] or 0)

    assert told_of("after") == standing(WITHOUT_THE_CORRECTION)
    assert told_of("before") == standing(TABLES[50])


def test_a_difference_names_the_events_that_moved_each_unit(asked: Run):
    rows = asked("diff", *GROUP, "--from", at(42), "--to", at(50), "-o", "json").json

    assert {row["unit"]: (row["rank_delta"], row["causes"], row["events"]) for row in rows} == {
        "U01": (0, f"{at(47)}", "VetoImposed"),
        "U02": (-1, f"{at(44)}", "ScoreCorrected"),
        "U03": (-1, f"{at(44)}", "ScoreCorrected"),
        "U04": (2, f"{at(44)} {at(47)}", "ScoreCorrected VetoImposed"),
    }


def test_versions_of_a_plan_are_compared_place_by_place(run: Run, clock: Clock):
    city = found_city()
    first, *others = PLAN.indicators
    renamed = plan_with(replace(first, name="Growth"), *others)
    issued = IssuePlanVersion(cycle_id=CYCLE, content=renamed, based_on=1, summary="A name.", approved_by="leading")
    position = city.given(issued, by="office")
    with opened_store(settings_here(), clock=clock) as store:
        record(store, clock, city)

    ran = run("plan-diff", CYCLE, "--from", 1, "-o", "json")

    assert ran.json == [{"path": "indicators[A].name", "old": "Indicator A", "new": "Growth"}]
    assert ran.err == f"Version 2 was issued at {position}; `ledger impact` says whom it moved.\n"
    assert run("plan-diff", CYCLE, "--from", 1, "--to", 3).err.startswith("ledger: UNKNOWN_ID")


def test_what_cannot_be_answered_is_refused_with_a_code(asked: Run):
    for code, question in (
        ("MALFORMED_INPUT", ("diff", *GROUP, "--from", at(50), "--to", at(42))),
        ("MALFORMED_INPUT", ("counterfactual", *GROUP, "--exclude", 1)),
        ("UNKNOWN_ID", ("impact", 9_999)),
        ("UNKNOWN_ID", ("explain", "MINI-2018", "U99")),
        ("UNKNOWN_ID", ("gaps", "MINI-2019", "U01")),
        ("INVALID_PERIOD", ("explain", "MINI-2018", "U01", "--period", "2017-Y")),
    ):
        ran = asked(*question)

        assert (ran.code, ran.out, ran.err.split(":")[1].strip()) == (1, "", code)


def test_a_question_without_what_it_is_about_is_wrong_usage(asked: Run):
    assert [asked(*each).code for each in (("counterfactual", *GROUP), ("diff", *GROUP), ("impact",))] == [2, 2, 2]

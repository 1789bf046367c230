"""The golden mini-ledger of the specification, sent as mutations: live, rebuilt and replayed it says the same."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from client import Client

from ledger.domain.decision import DecisionFact, DecisionStatus
from ledger.domain.grading import GradingFact
from ledger.domain.obligations import BasisStatus, Duties
from ledger.domain.score import Basis
from ledger.domain.veto import VetoFact
from ledger.mini_ledger.events import HAPPENINGS
from ledger.mini_ledger.expected import GRADED, TABLES, WITHOUT_THE_CORRECTION, Row, table
from ledger.mini_ledger.story import MiniLedger
from ledger.projection import projections
from ledger.replay import replay
from ledger.results import Answers

CYCLE, GROUP = "MINI-2018", "G1"
LAST = 83


RANKING = """
query($at: Position!, $basis: Basis!) {
  ranking(cycle: "MINI-2018", group: "G1", basis: $basis, asOf: {position: $at}, atLeast: $at) {
    complete asOf { position }
    rows(first: 10) { nodes { rank unitId total exact grade gradeIfOpened } }
  }
}
"""


def as_row(node: dict[str, Any]) -> Row:
    """A row of a ranking as the specification writes it."""
    return Row(node["rank"], node["unitId"], node["total"], Fraction(node["exact"]), node["gradeIfOpened"])


def ranked(client: Client, at: int, basis: str = "OFFICIAL") -> list[Row]:
    """The ranking over HTTP."""
    ranking = client.ask(RANKING, at=str(at), basis=basis)
    assert ranking["asOf"]["position"] == str(at)
    return [as_row(node) for node in ranking["rows"]["nodes"]]


def test_it_gives_its_tables_live_rebuilt_and_replayed(client: Client, mini: MiniLedger, tmp_path: Path) -> None:
    service = client.service
    before = service.store.head
    at = mini.tell(LAST).at
    types = [event["type"] for event in client.events_after(before)]
    beyond = ("BonusClaimed", "DiscrepancyFound")
    assert [name for name in types if name not in beyond] == [each["type"] for each in HAPPENINGS]

    assert {theirs: ranked(client, at[theirs]) for theirs in TABLES} == TABLES
    assert ranked(client, at[24], "PROVISIONAL") == TABLES[39]
    assert {row.rank for row in ranked(client, at[24])} == {None}

    for name in projections():
        service.projector.rebuild(name)
    service.projector.catch_up()
    with service.database.readers() as readers:
        # Other answers than the service's, which remember what they gave before.
        rebuilt = Answers(readers)
        assert {theirs: table(rebuilt.results(CYCLE, GROUP, at=at[theirs])) for theirs in TABLES} == TABLES

    export = tmp_path / "export.jsonl"
    export.write_bytes(b"".join(entry + b"\n" for entry in service.store.entries()))
    for theirs, wanted in TABLES.items():
        replayed = replay(export, through=at[theirs])
        assert table(replayed.results(CYCLE, GROUP, period=None, basis=Basis.OFFICIAL)) == wanted


def test_grades_in_force_are_those_of_the_last_grading(client: Client, mini: MiniLedger) -> None:
    at = mini.tell(LAST).at

    def in_force(position: int) -> dict[str, str | None]:
        nodes = client.ask(RANKING, at=str(position), basis="OFFICIAL")["rows"]["nodes"]
        return {node["unitId"]: node["grade"] for node in nodes}

    assert set(in_force(at[49]).values()) == {None}
    for first, last in ((50, 61), (62, 75), (76, 83)):
        wanted = {row.unit_id: row.grade for row in TABLES[first]}
        assert in_force(at[first]) == in_force(at[last]) == wanted


def test_recorded_grades_and_reports_come_out_again_after_everything_that_followed(
    client: Client, mini: MiniLedger
) -> None:
    at = mini.tell(LAST).at

    gradings = client.ask(
        """
        { grading(cycle: "MINI-2018", group: "G1") { history {
            position reproduces members allocation { unitId grade }
        } } }
        """
    )["history"]
    reports = client.ask(
        """
        { publications(cycle: "MINI-2018", first: 10) { nodes {
            number asOfPosition rows { rank unitId total grade } reproduce { matches members expectedHash actualHash }
        } } }
        """
    )["nodes"]

    assert [(each["position"], each["reproduces"]) for each in gradings] == [(str(at[p]), True) for p in GRADED]
    assert [(each["number"], each["asOfPosition"], each["reproduce"]["matches"]) for each in reports] == [
        ("2018-A", str(at[50]), True),
        ("2018-A(R1)", str(at[62]), True),
        ("2018-A(R2)", str(at[76]), True),
    ]
    assert [each["members"] for each in (*gradings, *(report["reproduce"] for report in reports))] == [[]] * 6
    for theirs, grading, report in zip(GRADED, gradings, reports, strict=True):
        said = [(row["rank"], row["unitId"], row["total"], row["grade"]) for row in report["rows"]]
        assert said == [(row.rank, row.unit_id, row.total, row.grade) for row in TABLES[theirs]]
        assert [(unit["unitId"], unit["grade"]) for unit in grading["allocation"]] == [(s[1], s[3]) for s in said]


def test_without_the_correction_three_units_had_other_grades(client: Client, mini: MiniLedger) -> None:
    at = mini.tell(LAST).at
    document = """
    query($exclude: [Position!]!, $at: Position!) {
      counterfactual(cycle: "MINI-2018", group: "G1", exclude: $exclude, asOf: {position: $at}) {
        ranking { rows(first: 10) { nodes { rank unitId total exact gradeIfOpened } } }
        changes { unitId gradeBefore gradeAfter }
      }
    }
    """

    thought = client.ask(document, exclude=[str(at[43]), str(at[44])], at=str(at[50]))

    assert [as_row(node) for node in thought["ranking"]["rows"]["nodes"]] == WITHOUT_THE_CORRECTION
    assert {each["unitId"]: (each["gradeBefore"], each["gradeAfter"]) for each in thought["changes"]} == {
        "U03": ("GOOD", "EXCELLENT"),
        "U04": ("EXCELLENT", "QUALIFIED"),
        "U02": ("QUALIFIED", "GOOD"),
    }


def test_decisions_stand_where_the_specification_leaves_them(client: Client, mini: MiniLedger) -> None:
    at = mini.tell(LAST).at
    answers = client.service.answers
    answers.wait_for(at[LAST])
    theirs = {ours: position for position, ours in at.items()}

    def standing(position: int) -> dict[int, tuple[DecisionStatus, int, BasisStatus]]:
        duties = Duties()
        for event in answers.proceedings(CYCLE, (DecisionFact, GradingFact, VetoFact), at=at[position]):
            duties = duties.evolve(event)
        return {
            theirs[each.position]: (each.status, theirs[each.basis_position], duties.status(each))
            for each in duties.decisions
        }

    decided, confirmed, revoked = DecisionStatus.DECIDED, DecisionStatus.CONFIRMED, DecisionStatus.REVOKED
    current, superseded = BasisStatus.CURRENT, BasisStatus.SUPERSEDED
    assert [standing(position)[52] for position in (52, 62, 66, 76, 78)] == [
        (decided, 50, current),
        (decided, 50, superseded),
        (confirmed, 62, current),
        (confirmed, 62, superseded),
        (revoked, 62, superseded),
    ]
    assert standing(LAST) == {
        52: (revoked, 62, superseded),
        53: (confirmed, 76, current),
        54: (revoked, 50, superseded),
        65: (revoked, 62, superseded),
        79: (decided, 76, current),
        81: (decided, 76, current),
        82: (decided, 76, current),
    }


def test_a_correction_request_changes_nothing_and_its_approval_moves_three_units(
    client: Client, mini: MiniLedger
) -> None:
    at = mini.tell(44).at
    document = """
    query($earlier: Position!, $later: Position!) {
      rankingDiff(cycle: "MINI-2018", group: "G1", from: {position: $earlier}, to: {position: $later}) {
        rows { unitId rankBefore rankAfter totalDelta gradeBefore gradeAfter }
        events { type }
      }
    }
    """

    requested = client.ask(document, earlier=str(at[42]), later=str(at[43]))
    approved = client.ask(document, earlier=str(at[43]), later=str(at[44]))

    assert requested["rows"] == []
    assert [tuple(row.values()) for row in approved["rows"]] == [
        ("U04", 4, 2, "3.75", "QUALIFIED", "GOOD"),
        ("U02", 3, 4, "0.00", "GOOD", "QUALIFIED"),
        ("U03", 2, 3, "0.00", "GOOD", "GOOD"),
    ]
    assert [event["type"] for event in approved["events"]] == ["ScoreCorrected"]

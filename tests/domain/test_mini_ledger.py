"""The golden mini-ledger in memory: every table of the specification, and what became of grades and decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import cast

import pytest
from city import CYCLE, GROUP, City

from ledger.domain.commands import ReviseGrades
from ledger.domain.decision import DecisionStatus
from ledger.domain.explained import Explained, FigureKind
from ledger.domain.explanation import explain
from ledger.domain.facts import Event
from ledger.domain.grading import GradesOpened, GradesRevised, Grading, RestatementPolicy
from ledger.domain.obligations import BasisStatus, Duties, ObligationKind, ObligationStatus
from ledger.domain.publication import ReportChange, ReportPublished, ReportRestated
from ledger.domain.recall import Recall
from ledger.domain.regrading import Regrading, regrade
from ledger.domain.reporting import recalled, reproduce
from ledger.domain.results import Results
from ledger.domain.score import Basis, ReasonCode
from ledger.domain.settlement import settle
from ledger.domain.what_if import without
from ledger.mini_ledger.events import DOCUMENT, HAPPENINGS, MINUTES
from ledger.mini_ledger.expected import GRADED, TABLES, WITHOUT_THE_CORRECTION, table
from ledger.mini_ledger.plan import PLAN as MINI_PLAN
from ledger.mini_ledger.story import FOUNDED, OPENING, MiniLedger

LAST = 83


class Told:
    """The story in a city's memory, with the questions asked of it by the specification's positions."""

    def __init__(self, through: int):
        self.city = City()
        self.city.stored[MINUTES] = len(DOCUMENT)
        self.city.given(OPENING, by="founder", at=FOUNDED)
        self.story = MiniLedger(self.city).tell(through)

    @property
    def at(self) -> dict[int, int]:
        return self.story.at

    def event(self, position: int) -> Event:
        return self.city.memory.events[self.at[position] - 1]

    def recall(self, position: int) -> Recall:
        return Recall().fold(self.city.memory.events, through=self.at[position])

    def results(self, position: int, basis: Basis = Basis.OFFICIAL) -> Results:
        return self.city.results(basis, as_of=self.at[position])

    def duties(self, position: int) -> Duties:
        duties = Duties()
        for event in self.city.memory.events[: self.at[position]]:
            duties = duties.evolve(event)
        return duties

    def theirs(self, position: int) -> int:
        """The specification's position of one of ours."""
        return next(theirs for theirs, ours in self.at.items() if ours == position)


@pytest.fixture(scope="module")
def told() -> Told:
    """The whole story; the tests only ask."""
    return Told(LAST)


def test_every_event_of_the_specification_is_recorded_in_its_order(told: Told) -> None:
    types = [event.type for event in told.city.memory.events]

    spans = zip((told.at[1] - 1, *told.at.values()), told.at.values(), strict=False)
    recorded = [types[before:last] for before, last in spans]

    extra = {40: ["BonusClaimed", "BonusApproved"], 68: ["SpotCheckRecorded", "DiscrepancyFound"]}
    assert recorded == [extra.get(each["position"], [each["type"]]) for each in HAPPENINGS]


@pytest.mark.parametrize("position", TABLES)
def test_the_table_is_that_of_the_specification(told: Told, position: int) -> None:
    assert table(told.results(position)) == TABLES[position]


def test_without_a_verification_nobody_is_ranked_officially(told: Told) -> None:
    official, provisional = told.results(24), told.results(24, Basis.PROVISIONAL)

    assert [(row.rank, str(row.total)) for row in official.rows] == [(None, "0.00")] * 5
    assert (official.complete, provisional.complete) == (False, True)
    assert table(provisional) == TABLES[39]


def test_one_question_has_four_answers(told: Told) -> None:
    known = {p: told.recall(p).values(CYCLE, Basis.OFFICIAL)["U04", "A", "2018-Y"] for p in (42, 50, 76, LAST)}

    assert {p: str(each.value) for p, each in known.items()} == {42: "7.4", 50: "8.0", 76: "7.4", LAST: "7.4"}


def test_an_explanation_leads_from_the_total_down_to_the_events(told: Told) -> None:
    results = told.results(44)
    row = results.row("U04")
    assert row is not None

    economy, *_ = explain(results, row).parts
    growth = economy.parts[0]

    plan_position = next(event.position for event in told.city.memory.events if event.type == "PlanVersionIssued")
    assert growth == Explained(
        label="Indicator A 2018-Y",
        kind=FigureKind.INDICATOR,
        exact=Fraction(50),
        shown=Decimal("50.00"),
        weight=Fraction(50),
        formula="LINEAR_RATIO: 100 points of 100",
        method="LINEAR_RATIO: floor 0; cap 105",
        points=Fraction(100),
        positions=(plan_position, told.at[44]),
        parts=(
            Explained(
                label="value in %",
                kind=FigureKind.VALUE,
                exact=Fraction(8),
                shown=Decimal("8.0"),
                positions=(told.at[44],),
            ),
            Explained(
                label="target in %",
                kind=FigureKind.TARGET,
                exact=Fraction(8),
                shown=Decimal("8.0"),
                positions=(plan_position,),
            ),
        ),
    )


def test_without_the_correction_three_units_had_other_grades(told: Told) -> None:
    real = told.recall(50).slice(CYCLE, GROUP, period=None, basis=Basis.OFFICIAL)
    stream = [event for event in told.city.memory.events if event.stream == told.event(44).stream]

    thought = settle(without(real, [stream], frozenset((told.at[43], told.at[44]))))

    assert table(thought) == WITHOUT_THE_CORRECTION
    grades = {row.unit_id: row.grade for row in TABLES[50]}
    assert [row.unit_id for row in WITHOUT_THE_CORRECTION if row.grade != grades[row.unit_id]] == ["U03", "U02", "U04"]


def test_who_is_held_harmless_keeps_a_grade_over_the_quota() -> None:
    told = Told(61)
    command, by = told.story.next()

    told.story.give(replace(cast(ReviseGrades, command), policy=RestatementPolicy.HOLD_HARMLESS), by)

    revised = told.event(62).fact
    assert isinstance(revised, GradesRevised)
    grades = {unit.unit_id: unit.grade for unit in revised.allocation}
    assert grades == {row.unit_id: row.grade for row in TABLES[62]} | {"U03": "GOOD"}
    assert {seats.grade: seats.over for seats in revised.seats if seats.over} == {"GOOD": 1}
    assert regraded(told, 62).matches


def regraded(told: Told, position: int) -> Regrading:
    """Recorded grades opened again, from what was known right before."""
    fact, before = told.event(position).fact, told.at[position] - 1
    assert isinstance(fact, GradesOpened | GradesRevised)
    recall = Recall().fold(told.city.memory.events, through=before)
    results = settle(recall.slice(CYCLE, GROUP, period=None, basis=Basis.OFFICIAL))
    return regrade(results, recall.rulings(CYCLE).grading(GROUP), before + 1, fact)


@pytest.mark.parametrize("position", GRADED)
def test_recorded_grades_are_those_of_the_table_and_follow_again(told: Told, position: int) -> None:
    grading: Grading = told.recall(position).rulings(CYCLE).grading(GROUP)

    assert grading.current is not None
    assert grading.current.grades == {row.unit_id: row.grade for row in TABLES[position]}
    assert regraded(told, position).matches


def test_a_report_still_says_what_it_said_after_everything_that_followed(told: Told) -> None:
    for position, graded, number in ((51, 50, "2018-A"), (63, 62, "2018-A(R1)"), (77, 76, "2018-A(R2)")):
        report = told.event(position).fact
        assert isinstance(report, ReportPublished | ReportRestated)
        recall = Recall().fold(told.city.memory.events, through=report.as_of_position)

        again = reproduce(recalled(recall, CYCLE, report.group_ids), report)

        assert (report.number, told.theirs(report.as_of_position)) == (number, graded)
        assert (again.matches, again.differences) == (True, ())
        said = [(row.rank, row.unit_id, str(row.total), row.grade) for row in report.rows]
        assert said == [(row.rank, row.unit_id, row.total, row.grade) for row in TABLES[graded]]


def test_a_restated_report_lists_every_figure_that_is_another_and_why(told: Told) -> None:
    report = told.event(63).fact
    assert isinstance(report, ReportRestated)

    def change(unit_id: str, field: str, old: str, new: str) -> ReportChange:
        return ReportChange(
            unit_id=unit_id,
            field=field,
            old=old,
            new=new,
            reason_codes=(ReasonCode.APPEAL_UPHELD,),
            moved_by=("ScoreCorrected",),
        )

    assert report.changes == (
        change("U02", "total", "96.78", "97.98"),
        change("U02", "rank", "4", "3"),
        change("U02", "grade", "QUALIFIED", "GOOD"),
        change("U03", "rank", "3", "4"),
        change("U03", "grade", "GOOD", "QUALIFIED"),
    )


DECIDED, CONFIRMED, REVOKED = DecisionStatus.DECIDED, DecisionStatus.CONFIRMED, DecisionStatus.REVOKED
CURRENT, SUPERSEDED = BasisStatus.CURRENT, BasisStatus.SUPERSEDED


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (54, {52: (DECIDED, 50, CURRENT), 53: (DECIDED, 50, CURRENT), 54: (DECIDED, 50, CURRENT)}),
        (62, {52: (DECIDED, 50, SUPERSEDED), 53: (DECIDED, 50, SUPERSEDED), 54: (DECIDED, 50, SUPERSEDED)}),
        (67, {52: (CONFIRMED, 62, CURRENT), 53: (CONFIRMED, 62, CURRENT), 65: (DECIDED, 62, CURRENT)}),
        (76, {52: (CONFIRMED, 62, SUPERSEDED), 53: (CONFIRMED, 62, SUPERSEDED), 65: (DECIDED, 62, SUPERSEDED)}),
        (
            LAST,
            {
                53: (CONFIRMED, 76, CURRENT),
                79: (DECIDED, 76, CURRENT),
                81: (DECIDED, 76, CURRENT),
                82: (DECIDED, 76, CURRENT),
            },
        ),
    ],
)
def test_a_decision_stands_on_the_grades_it_was_taken_or_confirmed_on(
    told: Told, position: int, expected: dict[int, tuple[DecisionStatus, int, BasisStatus]]
) -> None:
    duties = told.duties(position)

    standing = {
        told.theirs(each.position): (each.status, told.theirs(each.basis_position), duties.status(each))
        for each in duties.decisions
        if each.status is not REVOKED
    }
    assert standing == expected


def test_a_revoked_decision_stays_in_the_record_beside_the_one_that_replaced_it(told: Told) -> None:
    decisions = [(each.fact.unit_id, told.theirs(each.position), each) for each in told.duties(LAST).decisions]

    ended = {p: told.theirs(each.revoked.position) for _, p, each in decisions if each.revoked is not None}
    assert ended == {52: 78, 54: 64, 65: 80}
    assert [(unit_id, p, each.grade) for unit_id, p, each in decisions if unit_id in ("U02", "U03")] == [
        ("U03", 54, "GOOD"),
        ("U02", 65, "GOOD"),
        ("U02", 81, "EXCELLENT"),
        ("U03", 82, "GOOD"),
    ]


def due(told: Told, position: int, today: date) -> list[tuple[ObligationKind, str | None, str, ObligationStatus]]:
    return sorted((o.kind, o.unit_id, o.article, o.status) for o in told.duties(position).due(MINI_PLAN, today))


def test_revised_grades_ask_for_every_decision_that_they_unsettle(told: Told) -> None:
    still_open = ObligationStatus.OPEN

    assert due(told, 76, date(2019, 5, 10)) == [
        (ObligationKind.BASIS_SUPERSEDED, "U01", "R2", still_open),
        (ObligationKind.BASIS_SUPERSEDED, "U02", "R2", still_open),
        (ObligationKind.BASIS_SUPERSEDED, "U04", "R1", still_open),
        (ObligationKind.DECIDED_WITHOUT_RULE, "U02", "R2", still_open),
        (ObligationKind.DECIDED_WITHOUT_RULE, "U04", "R1", still_open),
        (ObligationKind.DUE_UNDECIDED, "U02", "R1", still_open),
        (ObligationKind.DUE_UNDECIDED, "U03", "R2", still_open),
        (ObligationKind.DUE_UNDECIDED, "U04", "P1", still_open),
    ]


def test_in_the_end_only_carrying_out_is_left_to_do(told: Told) -> None:
    assert due(told, LAST, date(2019, 5, 15)) == [
        # It was decided in February, and sixty days are over.
        (ObligationKind.DECIDED_NOT_EXECUTED, "U01", "R2", ObligationStatus.OVERDUE),
        (ObligationKind.DECIDED_NOT_EXECUTED, "U02", "R1", ObligationStatus.OPEN),
        (ObligationKind.DECIDED_NOT_EXECUTED, "U03", "R2", ObligationStatus.OPEN),
        (ObligationKind.DECIDED_NOT_EXECUTED, "U04", "P1", ObligationStatus.OPEN),
    ]

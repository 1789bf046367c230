"""What an export states is settled again from the export alone, and whatever does not follow is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bundling import Said, altered, entries_of_events
from city import CYCLE, EVIDENCE, GROUP, UNITS, City, found_city, grant
from opening import (
    BY_POINTS,
    OPENED,
    RESTATED,
    correct,
    graded_city,
    publish,
    published_city,
    reopen,
    restate,
    revised,
)

from ledger.domain.commands import (
    CastBallot,
    CloseEvaluation,
    ComputeCadreResult,
    DecideCadreGrade,
    HoldPost,
    IssueBallotTokens,
    OpenEvaluation,
    RegisterPerson,
    TallyEvaluation,
)
from ledger.domain.evaluation import token_hash
from ledger.domain.facts import Event
from ledger.domain.plan_rules import CadreQuota, CadreRules, ClassWeight, EvaluationRules, OptionPoints, RaterClass
from ledger.domain.publication import ReportKind
from ledger.domain.roles import Role
from ledger.domain.settlement import ENGINE_VERSION
from ledger.domain.tallying import BallotAnswer, BallotRule
from ledger.recount import Recount, Recounted

Change = Callable[[Said], object]


class Export:
    """The export of a city, of which entries can be falsified."""

    def __init__(self, city: City, path: Path):
        self.events: Sequence[Event] = city.memory.events
        self._entries = entries_of_events(self.events)
        self._path = path

    def last(self, type: str) -> int:
        """The last position of a type of event."""
        return max(event.position for event in self.events if event.type == type)

    def falsify(self, position: int, change: Change) -> None:
        """Let the entry at a position say something else."""
        self._entries[position - 1] = altered(self._entries[position - 1], lambda said: change(said["data"]))

    def recount(self, **asked: Any) -> Recount:
        self._path.write_bytes(b"".join(entry + b"\n" for entry in self._entries))
        return Recount(self._path, **asked)

    @property
    def differing(self) -> list[Recounted]:
        return [each for each in self.recount() if not each.matches]


def put(value: Any, *path: str | int) -> Change:
    """Put a value at a place of an entry's data."""

    def change(data: Any) -> None:
        *outer, last = path
        for member in outer:
            data = data[member]
        data[last] = value

    return change


@pytest.fixture
def restated(tmp_path: Path) -> Export:
    """A year that was published, corrected and published anew."""
    city, opened, published = published_city()
    city.given(reopen(), by="office", at=RESTATED)
    correct(city, "U04", "95", at=RESTATED)
    revised(city, opened)
    city.given(restate(published), by="office", at=RESTATED)
    return Export(city, tmp_path / "export.jsonl")


def test_every_statement_of_an_untouched_export_comes_out_again(restated: Export) -> None:
    recount = restated.recount()

    assert [(each.statement, each.subject, each.matches) for each in recount] == [
        ("ResultsComputed", GROUP, True),
        ("GradesOpened", GROUP, True),
        ("ReportPublished", "2018-A", True),
        ("ResultsComputed", GROUP, True),
        ("GradesRevised", GROUP, True),
        ("ReportRestated", "2018-A(R1)", True),
    ]
    assert (recount.read, recount.last_recorded_at) == (len(restated.events), RESTATED)


def test_what_was_asked_for_is_read_no_further(restated: Export) -> None:
    opened = restated.last("GradesOpened")

    recount = restated.recount(through=opened)

    assert [each.position for each in recount][-1] == opened == recount.read
    assert list(restated.recount(cycle_id="NONE")) == []


@pytest.mark.parametrize(
    ("statement", "change", "difference"),
    [
        ("ResultsComputed", put("1.00", "table", 0, "total"), "table[U04].total: 1.00 -> 95.00"),
        ("ResultsComputed", put(["U05"], "missing"), "missing[0]: U05 -> nothing"),
        ("ResultsComputed", put(9, "plan_version"), "plan_version: 9 -> 1"),
        ("ResultsComputed", put("77", "engine_version"), f"engine_version: 77 -> {ENGINE_VERSION}"),
        ("GradesOpened", put(5, "seats", 0, "over"), "seats[EXCELLENT].over: 5 -> 0"),
        ("GradesOpened", put("0.5", "seats", 1, "carried"), "seats[GOOD].carried: 0.5 -> 0"),
        ("GradesOpened", put("CEIL", "rounding"), "rounding: CEIL -> FLOOR"),
        ("GradesOpened", put(9, "allocation", 0, "rank"), "allocation[U01].rank: 9 -> 1"),
        ("GradesOpened", put(["because"], "allocation", 4, "reasons"), "allocation[U05].reasons[0]: because -> "),
        (
            "GradesOpened",
            put([{"grade": "GOOD", "rank": 2, "reasons": [], "unit_id": "U02"}], "exceptions"),
            "exceptions[U02]: unit_id U02, grade GOOD, rank 2, reasons nothing -> nothing",
        ),
        ("GradesRevised", put("GOOD", "changes", 0, "old_grade"), "changes[U04].old_grade: GOOD -> QUALIFIED"),
        ("GradesRevised", put("HOLD_HARMLESS", "policy"), "seats[EXCELLENT].over: 0 -> 1"),
        ("GradesRevised", put("R7", "restatement"), "restatement: R7 -> R1"),
        ("ReportPublished", put("99.00", "rows", 0, "total"), "rows[U01].total: 99.00 -> 94.00"),
        ("ReportPublished", put("0" * 64, "content_hash"), f"content_hash: {'0' * 64} -> "),
        ("ReportPublished", put(2, "plan_version"), "plan_version: 2 -> 1"),
        ("ReportRestated", put("1.00", "changes", 0, "new"), "changes[U04 total].new: 1.00 -> 95.00"),
        ("ReportRestated", put([], "changes", 0, "reason_codes"), "changes[U04 total].reason_codes[0]: nothing -> "),
        ("ReportRestated", put("2018-B(R1)", "number"), "number: 2018-B(R1) -> 2018-A(R1)"),
        ("ReportRestated", put("INTERNAL", "audience"), "audience: INTERNAL -> PUBLIC"),
    ],
)
def test_a_member_that_does_not_follow_is_named(
    restated: Export, statement: str, change: Change, difference: str
) -> None:
    position = restated.last(statement)
    restated.falsify(position, change)

    [first, *_] = restated.differing

    assert (first.position, first.statement) == (position, statement)
    assert first.differences[0].startswith(difference)


@pytest.mark.parametrize(
    ("statement", "change", "reason"),
    [
        ("ReportPublished", put(0, "as_of_position"), "UNKNOWN_ID"),
        ("ReportPublished", put(-5, "as_of_position"), "UNKNOWN_ID"),
        ("ReportPublished", put(10_000, "as_of_position"), "UNKNOWN_ID"),
        ("ReportPublished", put(["NONE"], "group_ids"), "UNKNOWN_ID"),
        ("ReportPublished", put("2018-Q9", "period"), "INVALID_PERIOD"),
        ("ReportRestated", put(1, "supersedes_position"), "UNKNOWN_ID"),
        ("GradesOpened", put(1, "results_position"), "UNKNOWN_ID"),
    ],
)
def test_where_nothing_can_follow_the_reason_is_told_and_the_rest_is_read(
    restated: Export, statement: str, change: Change, reason: str
) -> None:
    position = restated.last(statement)
    restated.falsify(position, change)

    recount = restated.recount()
    [first] = [each for each in recount if each.position == position]

    assert not first.matches
    assert first.differences[0].startswith(reason)
    assert recount.read == len(restated.events)


def test_a_value_that_is_not_what_was_verified_or_corrected_is_named(restated: Export) -> None:
    corrected, entered = restated.last("ScoreCorrected"), restated.last("ScoreEntered")
    restated.falsify(corrected, put("81", "old_value"))
    restated.falsify(entered, put("75", "value"))

    assert [(each.position, each.subject, each.differences) for each in restated.differing] == [
        (restated.last("ScoreVerified"), "U05 C 2018-Y", ("value: 70 -> 75",)),
        (corrected, "U04 C 2018-Y", ("old_value: 81 -> 80",)),
    ]


def test_what_an_older_engine_stated_is_settled_by_this_one_and_both_are_named(restated: Export) -> None:
    published = restated.last("ReportPublished")
    restated.falsify(published, put("0", "engine_version"))

    [report] = [each for each in restated.recount() if each.position == published]

    assert (report.recorded_engine, report.used_engine, report.matches) == ("0", ENGINE_VERSION, True)


def test_a_report_as_of_an_earlier_position_follows_from_what_was_known_there(tmp_path: Path) -> None:
    city, _ = graded_city()
    before = city.head
    city.given(reopen(), by="office", at=RESTATED)
    correct(city, "U04", "95", at=RESTATED)
    notice = publish("N-1", kind=ReportKind.NOTICE, period="2018-Y", as_of_position=before)
    city.given(notice, by="office", at=RESTATED)
    export = Export(city, tmp_path / "export.jsonl")

    assert export.differing == []


# ---- appraisals


CAMPAIGN = {"cycle_id": CYCLE, "campaign_id": "PEERS"}
TOKENS = ("one", "two")


@pytest.fixture
def tallied(tmp_path: Path) -> Export:
    """A campaign with a valid ballot and one whose answers are all the same."""
    options = tuple(OptionPoints(option=name, points=Decimal(points)) for name, points in (("A", "100"), ("B", "80")))
    classes = (ClassWeight(rater_class=RaterClass.PEER, weight=Decimal(100)),)
    city = found_city(
        replace(BY_POINTS, evaluation=EvaluationRules(share=Decimal("0.2"), classes=classes, options=options))
    )
    opening = OpenEvaluation(
        cycle_id=CYCLE,
        campaign_id="PEERS",
        rater_class=RaterClass.PEER,
        group_id=GROUP,
        unit_ids=UNITS,
        eligible_count=2,
        eligible_hash="1" * 64,
        opens_on=date(2019, 1, 5),
        closes_on=date(2019, 1, 10),
        invalidated_by=(BallotRule.ALL_SAME,),
    )
    city.given(opening, by="office")
    city.given(IssueBallotTokens(**CAMPAIGN, token_hashes=tuple(map(token_hash, TOKENS))), by="office")
    for token, said in zip(TOKENS, ("AABBA", "AAAAA"), strict=True):
        answers = tuple(
            BallotAnswer(unit_id=unit_id, option=option) for unit_id, option in zip(UNITS, said, strict=True)
        )
        city.given(CastBallot(**CAMPAIGN, token=token, answers=answers), by="anybody")
    city.given(CloseEvaluation(**CAMPAIGN), by="office")
    city.given(TallyEvaluation(**CAMPAIGN), by="office")
    return Export(city, tmp_path / "export.jsonl")


def test_a_tally_comes_out_of_its_ballots_again(tallied: Export) -> None:
    assert [(each.statement, each.subject, each.matches) for each in tallied.recount()] == [
        ("EvaluationTallied", "PEERS", True)
    ]


@pytest.mark.parametrize(
    ("falsified", "change", "difference"),
    [
        ("EvaluationTallied", put(7, "units", 0, "n"), "units[U01].n: 7 -> 2"),
        ("EvaluationTallied", put("PUBLIC", "rater_class"), "rater_class: PUBLIC -> PEER"),
        ("BallotInvalidated", put("INCOMPLETE", "rule"), "invalidated[0].rule: INCOMPLETE -> ALL_SAME"),
        ("BallotCast", put("Z", "answers", 0, "option"), "UNKNOWN_ID: There is nothing with this id. (option: Z)"),
        ("BallotCast", put("B", "answers", 0, "option"), "units[U01].n_valid: 1 -> 2"),
    ],
)
def test_a_tally_that_its_ballots_do_not_give_is_named(
    tallied: Export, falsified: str, change: Change, difference: str
) -> None:
    tallied.falsify(tallied.last(falsified), change)

    [tally] = tallied.differing

    assert tally.statement == "EvaluationTallied"
    assert tally.differences[0].startswith(difference)


# ---- cadres


@pytest.fixture
def graded(tmp_path: Path) -> Export:
    """A cadre with a result and a grade."""
    rules = CadreRules(
        unit_share=Decimal("0.6"),
        personal_share=Decimal("0.4"),
        quotas=(CadreQuota(unit_grade="EXCELLENT", share=Decimal(1)),),
    )
    city, _ = graded_city(replace(BY_POINTS, cadres=rules))
    for person in ("orgdept", "chen"):
        city.given(RegisterPerson(subject_id=person, display_name=person), by="admin", at=OPENED)
    city.given(grant("orgdept", Role.ORGDEPT), by="admin", at=OPENED)
    post = HoldPost(subject_id="chen", unit_id="U01", post="Head", from_on=date(2017, 3, 1))
    city.given(post, by="orgdept", at=OPENED)
    computing = ComputeCadreResult(cycle_id=CYCLE, subject_id="chen", personal_part=Decimal("90.00"), evidence=EVIDENCE)
    computed = city.given(computing, by="orgdept", at=OPENED)
    deciding = DecideCadreGrade(
        cycle_id=CYCLE,
        unit_id="U01",
        subject_id="chen",
        result_position=computed,
        grade=rules.grades[0],
        evidence=EVIDENCE,
    )
    city.given(deciding, by="leading", at=OPENED)
    return Export(city, tmp_path / "export.jsonl")


@pytest.mark.parametrize(
    ("statement", "change", "difference"),
    [
        ("CadreResultComputed", put("1.00", "total"), "total: 1.00 -> 92.40"),
        ("CadreResultComputed", put(3, "months"), "months: 3 -> 12"),
        ("CadreResultComputed", put("99.00", "posts", 0, "total"), "posts[U01].total: 99.00 -> 94.00"),
        ("CadreGradeDecided", put("SUPREME", "grade"), "MALFORMED_INPUT"),
        ("CadreGradeDecided", put(9, "seats"), "seats: 9 -> 1"),
    ],
)
def test_what_is_stated_of_a_cadre_follows_from_the_posts_held(
    graded: Export, statement: str, change: Change, difference: str
) -> None:
    assert graded.differing == []
    graded.falsify(graded.last(statement), change)

    [first, *_] = graded.differing

    assert (first.statement, first.subject) == (statement, "chen")
    assert first.differences[0].startswith(difference)


def test_a_fact_that_nothing_before_it_allows_for_is_named_and_the_rest_is_read(graded: Export) -> None:
    graded.falsify(graded.last("CadreResultComputed"), put("li", "subject_id"))

    recount = graded.recount()
    reasons = [(each.statement, each.differences[0]) for each in recount if not each.matches]

    assert [(statement, reason.split(":")[0]) for statement, reason in reasons] == [
        ("CadreResultComputed", "NOT_APPLICABLE"),
        ("CadreGradeDecided", "UNKNOWN_ID"),
        ("CadreGradeDecided", "nothing follows"),
    ]
    assert recount.read == len(graded.events)

"""Bad input about results, decisions, reports and ballots: rows 32 to 36 and 44 of domain.md 2.6."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from city import CYCLE, GROUP, NOW, PLAN, UNITS, Refusal, found_city, instant
from opening import (
    COMMITTEE,
    GRADES,
    OPENED,
    POINTS,
    PUBLISHED,
    TIED,
    ask,
    correct,
    graded_by,
    open_grades,
    publish,
    put_up,
    scored_city,
)
from opening import graded_city as opened_city
from rewarding import DECIDED, PRAISE, graded_city, revise_grades, reward, rewarded_city

from ledger.domain.commands import CastBallot, IssueBallotTokens, OpenEvaluation
from ledger.domain.commands.grade_giving import GradeGiven
from ledger.domain.evaluation import token_hash
from ledger.domain.facts import Fact
from ledger.domain.grading import ReportAudience
from ledger.domain.plan_rules import ClassWeight, EvaluationRules, OptionPoints, RaterClass
from ledger.domain.publication import ReportKind
from ledger.domain.tallying import BallotAnswer

Outcome = tuple[Fact, ...] | Refusal
ENDED = instant("2019-01-11 00:00")


def opened_with_a_value_missing() -> Outcome:
    city = scored_city(points={unit: points for unit, points in POINTS.items() if unit != "U05"})
    [results] = put_up(city, GROUP)
    return city.when(open_grades(results), by="leading", at=OPENED)


def opened_with_a_request_open() -> Outcome:
    city = scored_city()
    [results] = put_up(city, GROUP)
    ask(city, "U05", "75", at=OPENED)
    return city.when(open_grades(results), by="leading", at=OPENED)


def opened_on_stale_results() -> Outcome:
    city = scored_city()
    [results] = put_up(city, GROUP)
    correct(city, "U05", "75", at=OPENED)
    return city.when(open_grades(results), by="leading", at=OPENED)


def opened_with_an_open_tie() -> Outcome:
    city = scored_city(graded_by(COMMITTEE), TIED)
    [results] = put_up(city, GROUP)
    return city.when(open_grades(results), by="leading", at=OPENED)


def opened_as_the_minutes_say() -> Outcome:
    city = scored_city()
    [results] = put_up(city, GROUP)
    said = GRADES | {"U04": "GOOD"}
    minutes = tuple(GradeGiven(unit_id=unit_id, grade=grade) for unit_id, grade in said.items())
    return city.when(open_grades(results, allocation=minutes), by="leading", at=OPENED)


def opened_twice() -> Outcome:
    city, opened = opened_city()
    return city.when(open_grades(opened - 3), by="leading", at=OPENED)


def rewarded_on_a_superseded_grading() -> Outcome:
    city, basis = graded_city()
    revise_grades(city, basis, at=DECIDED)
    return city.when(reward("U04", "EXCELLENT", basis), by="leading", at=DECIDED)


def rewarded(grade: str, *, unit_id: str = "U04") -> Outcome:
    city, basis = graded_city()
    return city.when(reward(unit_id, grade, basis), by="leading", at=DECIDED)


def rewarded_without_an_article() -> Outcome:
    city, basis = graded_city()
    return city.when(reward("U01", "GOOD", basis, PRAISE), by="leading", at=DECIDED)


def rewarded_twice() -> Outcome:
    city, basis, _ = rewarded_city()
    return city.when(reward("U04", "EXCELLENT", basis), by="leading", at=DECIDED)


def published_unlike_the_ledger() -> Outcome:
    city, _ = opened_city()
    return city.when(publish(content_hash="0" * 64), by="office", at=PUBLISHED)


def published_for_everybody() -> Outcome:
    city, _ = opened_city()
    of_persons = publish(kind=ReportKind.CADRE, audience=ReportAudience.PUBLIC)
    return city.when(of_persons, by="leading", at=PUBLISHED)


def cast(*, late: bool) -> Outcome:
    """A ballot cast a second time with one token, or the first one after the campaign ended."""
    options = (OptionPoints(option="GOOD", points=Decimal(85)),)
    classes = (ClassWeight(rater_class=RaterClass.PEER, weight=Decimal(100)),)
    city = found_city(replace(PLAN, evaluation=EvaluationRules(classes=classes, options=options)))
    campaign = OpenEvaluation(
        cycle_id=CYCLE,
        campaign_id="PEERS",
        rater_class=RaterClass.PEER,
        group_id=GROUP,
        unit_ids=UNITS,
        eligible_count=3,
        eligible_hash="1" * 64,
        opens_on=date(2019, 1, 5),
        closes_on=date(2019, 1, 10),
    )
    city.given(campaign, by="office")
    hashes = tuple(token_hash(f"token-{number}") for number in range(3))
    city.given(IssueBallotTokens(cycle_id=CYCLE, campaign_id="PEERS", token_hashes=hashes), by="office")
    answers = tuple(BallotAnswer(unit_id=unit_id, option="GOOD") for unit_id in UNITS)
    ballot = CastBallot(cycle_id=CYCLE, campaign_id="PEERS", token="token-1", answers=answers)
    if not late:
        city.given(ballot, by="anybody")
    return city.when(ballot, by="anybody", at=ENDED if late else NOW)


ROWS: list[tuple[str, Callable[[], Outcome], str, str | None]] = [
    ("32 missing value", opened_with_a_value_missing, "RESULTS_INCOMPLETE", "results_position"),
    ("32 open request", opened_with_a_request_open, "RESULTS_INCOMPLETE", None),
    ("32 stale results", opened_on_stale_results, "RESULTS_STALE", "results_position"),
    ("32 open tie", opened_with_an_open_tie, "GRADE_TIE_UNRESOLVED", None),
    ("32 other grades", opened_as_the_minutes_say, "QUOTA_EXCEEDED", "allocation"),
    ("33", opened_twice, "GRADES_ALREADY_OPENED", None),
    ("34 superseded grading", rewarded_on_a_superseded_grading, "BASIS_SUPERSEDED", "basis_position"),
    ("34 not the unit's grade", lambda: rewarded("GOOD"), "MALFORMED_INPUT", "grade"),
    ("34 no article for the grade", rewarded_without_an_article, "NO_RULE_FOR_GRADE", "rule"),
    ("34 second reward", rewarded_twice, "DUPLICATE_DECISION", "rule"),
    ("35", published_unlike_the_ledger, "PUBLICATION_NOT_REPRODUCIBLE", "content_hash"),
    ("36", published_for_everybody, "AUDIENCE_VIOLATION", "audience"),
    ("44 twice with one token", lambda: cast(late=False), "DUPLICATE_ID", "token"),
    ("44 after the end", lambda: cast(late=True), "DEADLINE_PASSED", None),
]


@pytest.mark.parametrize(("attempt", "code", "path"), [pytest.param(*case, id=name) for name, *case in ROWS])
def test_bad_input_is_refused_with_its_code_and_nothing_is_recorded(
    attempt: Callable[[], Outcome], code: str, path: str | None
) -> None:
    assert attempt() == Refusal(code, path)


def test_every_row_of_the_table_about_results_is_here() -> None:
    assert {int(name.split()[0]) for name, *_ in ROWS} == {*range(32, 37), 44}

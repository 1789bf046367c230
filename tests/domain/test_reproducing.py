"""What was published or graded, settled again from the ledger, and whether it comes out the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from city import CYCLE, GROUP, City
from opening import (
    OPENED,
    RESTATED,
    correct,
    graded_at,
    grading_of,
    publications_of,
    publish,
    published_city,
    reopen,
    restate,
    restating_city,
    revised,
    scored_city,
)

from ledger.domain.grading import GradesRevised, RestatementPolicy
from ledger.domain.publication import ReportKind, ReportPublished, ReportRestated
from ledger.domain.quota import SeatRounding
from ledger.domain.recall import Recall
from ledger.domain.regrading import GradeDifference, Regrading, regrade
from ledger.domain.reporting import Difference, Reproduction, recalled, reproduce
from ledger.domain.results import Results
from ledger.domain.score import Basis
from ledger.domain.settlement import ENGINE_VERSION, settle


def report_at(city: City, position: int) -> ReportPublished | ReportRestated:
    report = publications_of(city).report(position)
    assert report is not None
    return report.fact


def again(city: City, report: ReportPublished | ReportRestated) -> Reproduction:
    known = Recall().fold(city.memory.events, through=report.as_of_position)
    return reproduce(recalled(known, CYCLE, report.group_ids, period=report.period), report)


def settled_before(city: City, position: int) -> Results:
    known = Recall().fold(city.memory.events, through=position - 1)
    return settle(known.slice(CYCLE, GROUP, period=None, basis=Basis.OFFICIAL))


# ---- reports


def test_a_published_report_comes_out_the_same_after_all_that_followed() -> None:
    city, opened, published = published_city()
    city.given(reopen(), by="office", at=RESTATED)
    correct(city, "U04", "95", at=RESTATED)
    revised(city, opened)
    restated = city.given(restate(published), by="office", at=RESTATED)

    for position in (published, restated):
        report = report_at(city, position)
        assert again(city, report) == Reproduction(
            number=report.number,
            as_of_position=report.as_of_position,
            expected_hash=report.content_hash,
            actual_hash=report.content_hash,
            recorded_engine=ENGINE_VERSION,
            used_engine=ENGINE_VERSION,
            differences=(),
        )
        assert again(city, report).matches


def test_a_partial_report_and_one_on_a_period_come_out_the_same() -> None:
    city = scored_city()
    partial = publish("N-1", kind=ReportKind.NOTICE, unit_ids=("U02",))
    of_a_period = publish("N-2", kind=ReportKind.NOTICE, period="2018-Y")
    positions = [city.given(command, by="office", at=OPENED) for command in (partial, of_a_period)]
    correct(city, "U02", "95", at=OPENED)

    assert [again(city, report_at(city, position)).matches for position in positions] == [True, True]


def test_a_reproduction_says_which_engine_settled_it_and_which_does_now() -> None:
    city, _, published = published_city()
    older = replace(report_at(city, published), engine_version="0")

    reproduced = again(city, older)

    assert (reproduced.recorded_engine, reproduced.used_engine, reproduced.matches) == ("0", ENGINE_VERSION, True)


def test_a_report_that_says_otherwise_is_named_row_by_row() -> None:
    city, _, published = published_city()
    report = report_at(city, published)
    first, *others = report.rows
    forged = replace(first, total=Decimal("99.00"))

    reproduced = again(city, replace(report, rows=(forged, *others), content_hash="0" * 64))

    assert reproduced.differences == (Difference("U01", forged, first),)
    assert not reproduced.matches


@pytest.mark.parametrize(
    ("member", "forge"),
    [
        ("rows", lambda report: replace(report, rows=(replace(report.rows[0], total=Decimal(1)), *report.rows[1:]))),
        ("plan_version", lambda report: replace(report, plan_version=2)),
        ("engine_version", lambda report: replace(report, engine_version="77")),
        ("changes", lambda report: replace(report, changes=(replace(report.changes[0], new="1.00"),))),
    ],
)
def test_a_report_comes_out_again_only_if_all_of_it_does_whatever_its_hash_says(
    member: str, forge: Callable[[ReportRestated], ReportRestated]
) -> None:
    city, opened, published = restating_city()
    correct(city, "U04", "95", at=RESTATED)
    revised(city, opened)
    report = report_at(city, city.given(restate(published), by="office", at=RESTATED))
    assert isinstance(report, ReportRestated)

    reproduced = again(city, forge(report))

    assert reproduced.expected_hash == reproduced.actual_hash
    assert (reproduced.matches, reproduced.members) == (False, (member,))


# ---- grades


@pytest.mark.parametrize("policy", RestatementPolicy)
def test_recorded_grades_follow_from_the_results_they_cite(policy: RestatementPolicy) -> None:
    city, opened, _ = restating_city()
    correct(city, "U04", "95", at=RESTATED)
    later = revised(city, opened, policy=policy, at_fault=("U03",))

    for position in (opened, later):
        results = settled_before(city, position)
        grading = results.slice.rulings.grading(GROUP)
        assert regrade(results, grading, position, graded_at(city, position)).matches


def test_a_recorded_grade_that_does_not_follow_is_named() -> None:
    city, opened, _ = published_city()
    fact = graded_at(city, opened)
    forged = replace(fact, allocation=tuple(replace(unit, grade="GOOD") for unit in fact.allocation))
    results = settled_before(city, opened)
    computed = grading_of(city).computed[-1]

    regraded = regrade(results, results.slice.rulings.grading(GROUP), opened, forged)

    assert regraded == Regrading(
        position=opened,
        results_position=computed.position,
        expected_hash=computed.fact.table_hash,
        actual_hash=computed.fact.table_hash,
        differences=(
            GradeDifference("U01", "GOOD", "EXCELLENT"),
            GradeDifference("U04", "GOOD", "QUALIFIED"),
            GradeDifference("U05", "GOOD", "QUALIFIED"),
        ),
        members=("allocation",),
    )
    assert not regraded.matches


FORGERIES: dict[str, Callable[[GradesRevised], GradesRevised]] = {
    "seats": lambda fact: replace(fact, seats=(replace(fact.seats[0], over=5), *fact.seats[1:])),
    "allocation": lambda fact: replace(fact, allocation=(replace(fact.allocation[0], rank=9), *fact.allocation[1:])),
    "exceptions": lambda fact: replace(fact, exceptions=fact.allocation[-1:]),
    "rounding": lambda fact: replace(fact, rounding=SeatRounding.CEIL),
    "changes": lambda fact: replace(fact, changes=()),
    "supersedes_position": lambda fact: replace(fact, supersedes_position=1),
}


@pytest.mark.parametrize("member", FORGERIES)
def test_grades_follow_only_if_everything_recorded_with_them_does(member: str) -> None:
    city, opened, _ = restating_city()
    correct(city, "U04", "95", at=RESTATED)
    later = revised(city, opened)
    results, fact = settled_before(city, later), graded_at(city, later)
    assert isinstance(fact, GradesRevised)

    regraded = regrade(results, results.slice.rulings.grading(GROUP), later, FORGERIES[member](fact))

    assert (regraded.matches, regraded.members, regraded.differences) == (False, (member,), ())

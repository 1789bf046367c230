"""Reports that were announced for a day: which of them are still to come, and which are overdue."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from city import CYCLE, Refusal
from opening import NOTICED, OPENED, PUBLISHED, publications_of, publish, published_city, scored_city

from ledger.domain.commands import RetractReport, SetReportDue
from ledger.domain.publication import DueReport, ReportDueSet, ReportKind

DUE = SetReportDue(cycle_id=CYCLE, kind=ReportKind.QUARTERLY, period="2018-Q4", due_on=date(2019, 2, 15))
QUARTERLY = publish("2018-Q4", kind=ReportKind.QUARTERLY, period="2018-Q4")


def test_a_report_is_announced_for_a_day() -> None:
    city = scored_city()

    assert city.when(DUE, by="scorer", at=OPENED) == Refusal("FORBIDDEN_ROLE")
    assert city.when(DUE, by="office", at=OPENED) == (
        ReportDueSet(cycle_id=CYCLE, kind=ReportKind.QUARTERLY, period="2018-Q4", due_on=date(2019, 2, 15)),
    )


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"period": "2019-Q1"}, Refusal("UNKNOWN_ID", "period")),
        ({"period": None}, Refusal("INVALID_PERIOD", "period")),
        ({"kind": ReportKind.ANNUAL}, Refusal("MALFORMED_INPUT", "period")),
        ({"kind": ReportKind.MONTHLY}, Refusal("INVALID_PERIOD", "period")),
        ({"due_on": date(2019, 2, 10)}, Refusal("OUT_OF_RANGE", "due_on")),
    ],
)
def test_no_report_is_announced_that_cannot_come(changed: dict[str, object], refusal: Refusal) -> None:
    city = scored_city()

    assert city.when(replace(DUE, **changed), by="office", at=OPENED) == refusal  # pyright: ignore[reportArgumentType]


def test_a_report_is_announced_for_another_day_but_not_twice_for_one() -> None:
    city = scored_city()
    city.given(replace(DUE, due_on=date(2019, 1, 31)), by="office", at=NOTICED)
    moved = city.given(DUE, by="director", at=OPENED)

    assert city.when(DUE, by="office", at=OPENED) == Refusal("NO_CHANGE", "due_on")
    due = DueReport(position=moved, kind=ReportKind.QUARTERLY, period="2018-Q4", due_on=date(2019, 2, 15))
    assert publications_of(city).due(date(2019, 2, 15)) == (due,)
    assert publications_of(city).due(date(2019, 2, 16)) == (replace(due, overdue=True),)


def test_a_report_is_due_until_one_of_its_kind_and_period_stands() -> None:
    city, _, published = published_city()
    quarterly = city.given(DUE, by="office", at=PUBLISHED)
    city.given(replace(DUE, kind=ReportKind.ANNUAL, period=None), by="office", at=PUBLISHED)

    assert [each.position for each in publications_of(city).due(date(2019, 2, 12))] == [quarterly]
    city.given(QUARTERLY, by="office", at=PUBLISHED)
    assert publications_of(city).due(date(2019, 2, 12)) == ()

    taken_back = RetractReport(cycle_id=CYCLE, published_position=published, reason="It names the wrong year.")
    city.given(taken_back, by="leading", at=PUBLISHED)
    assert [each.kind for each in publications_of(city).due(date(2019, 2, 12))] == [ReportKind.ANNUAL]

"""The closing: entry closed, results computed and shown, grades opened in February, reports published."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, timedelta

from ledger.binhai.calendar import at, workday
from ledger.binhai.city import City
from ledger.binhai.stage import Act, Script, Stage
from ledger.binhai.ties import chosen
from ledger.domain.commands import (
    CloseCycle,
    CloseEntry,
    ComputeResults,
    EndPublicNotice,
    OpenGrades,
    PublishReport,
    SetReportDue,
    StartPublicNotice,
)
from ledger.domain.grading import ReportAudience
from ledger.domain.periods import parse_period
from ledger.domain.publication import ReportKind

CLOSED_AT = at("2019-01-24 10:00")
PREVIEWED_AT = at("2019-01-25 09:00")
NOTICE_AT = at("2019-01-28 10:00")
MEETING_AT = at("2019-02-26 15:00")
"""When the leading group opens the grades."""
ANNUAL_REPORT = "2018-A"
CYCLE_CLOSED_AT = at("2019-03-29 16:00")


class Closing:
    """Writes the scripts that end a city's year."""

    def __init__(self, city: City, stage: Stage):
        self.city = city
        self.stage = stage

    def scripts(self) -> Generator[Script]:
        """Entry closed, every group graded, reports published, the cycle closed."""
        city, director = self.city, self.city.staff.director
        yield self._once(Act(at=CLOSED_AT, by=city.staff.offices[0], command=CloseEntry(cycle_id=city.cycle_id)))
        yield from (self._group(group_id) for group_id in city.group_ids)
        for period in ("2018-Q1", "2018-Q2", "2018-Q3"):
            if any(row.frequency.value == "QUARTER" for row in city.shape.rows):
                yield self._quarter(period)
        yield self._annual()
        yield self._once(Act(at=CYCLE_CLOSED_AT, by=director, command=CloseCycle(cycle_id=city.cycle_id)))

    def _once(self, act: Act) -> Script:
        yield act

    def _group(self, group_id: str) -> Script:
        """From a preview over the public notice to the grades of one group."""
        city, office, leading = self.city, self.city.staff.offices[0], self.city.staff.leading[0]
        compute = ComputeResults(cycle_id=city.cycle_id, group_id=group_id)
        yield Act(at=PREVIEWED_AT, by=office, command=compute)
        shown = yield Act(at=NOTICE_AT, by=office, command=compute)
        notice = StartPublicNotice(cycle_id=city.cycle_id, group_id=group_id, results_position=shown.position)
        yield Act(at=NOTICE_AT + timedelta(hours=2), by=office, command=notice)
        ended = EndPublicNotice(cycle_id=city.cycle_id, group_id=group_id)
        yield Act(at=at("2019-02-11 10:00"), by=office, command=ended)
        yield from chosen(city, self.stage, group_id, MEETING_AT - timedelta(minutes=90))
        final = yield Act(at=MEETING_AT - timedelta(minutes=40), by=office, command=compute)
        opened = OpenGrades(cycle_id=city.cycle_id, group_id=group_id, results_position=final.position)
        done = yield Act(at=MEETING_AT, by=leading, command=opened)
        city.books.grades[group_id] = done.position

    def _quarter(self, period: str) -> Script:
        """A report announced in time and published once the quarter's figures are verified."""
        due = workday(parse_period(period).ends_on + timedelta(days=25))
        announced = SetReportDue(cycle_id=self.city.cycle_id, kind=ReportKind.QUARTERLY, period=period, due_on=due)
        yield Act(at=at("2018-02-27 15:00"), by=self.city.staff.director, command=announced)
        done = yield Act(at=at(f"{due} 16:00"), by=self.city.staff.director, command=self._report(period))
        self.city.books.reports[period] = done.position

    def _annual(self) -> Script:
        director = self.city.staff.director
        announced = SetReportDue(cycle_id=self.city.cycle_id, kind=ReportKind.ANNUAL, due_on=date(2019, 2, 28))
        yield Act(at=at("2018-02-27 15:00"), by=director, command=announced)
        done = yield Act(at=at("2019-02-27 09:30"), by=director, command=self._report(None))
        self.city.books.reports[ANNUAL_REPORT] = self.city.books.first_report = done.position

    def _report(self, period: str | None) -> PublishReport:
        return PublishReport(
            cycle_id=self.city.cycle_id,
            number=period or ANNUAL_REPORT,
            kind=ReportKind.QUARTERLY if period else ReportKind.ANNUAL,
            audience=ReportAudience.INTERNAL if period else ReportAudience.PUBLIC,
            group_ids=self.city.group_ids,
            period=period,
            approved_by=None if period else self.city.staff.leading[0],
        )

"""Working days: weekdays that are no holiday, and weekend days that are worked to make up for one."""

from __future__ import annotations

from datetime import date, timedelta

from ledger.domain.plan import Calendar

SATURDAY = 5


def is_working_day(day: date, calendar: Calendar) -> bool:
    """Whether the day is worked under the plan's calendar."""
    return day in calendar.makeup_workdays or (day.weekday() < SATURDAY and day not in calendar.holidays)


def after_working_days(start: date, count: int, calendar: Calendar) -> date:
    """The last of `count` working days, counted from the day after `start`. Source: domain.md 5, T2."""
    day = start
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day, calendar)
    return day

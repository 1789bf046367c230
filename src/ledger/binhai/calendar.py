"""The city's working days and hours, and moments on them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from ledger.domain.plan import Calendar
from ledger.domain.working_days import is_working_day

ZONE = ZoneInfo("Asia/Shanghai")
SLOT = timedelta(minutes=30)
"""Acts within it are recorded together, at its end, unless they are timed exactly."""
SITTINGS, EVENING = ("09:00", "11:30", "14:00", "16:30"), "19:00"
"""When offices record what has come together since the last time."""
SITTING = timedelta(minutes=150)
"""From one sitting to the next, over noon and into the evening too."""


def _days(*spans: tuple[str, int]) -> tuple[date, ...]:
    """Days in a row, each run given by its first day and its length."""
    return tuple(date.fromisoformat(first) + timedelta(days=n) for first, length in spans for n in range(length))


HOLIDAYS = _days(
    ("2018-02-15", 7),
    ("2018-04-05", 3),
    ("2018-04-29", 3),
    ("2018-06-16", 3),
    ("2018-09-22", 3),
    ("2018-10-01", 7),
    ("2018-12-30", 3),
    ("2019-02-04", 7),
)
MAKEUP_WORKDAYS = _days(
    ("2018-02-11", 1),
    ("2018-02-24", 1),
    ("2018-04-08", 1),
    ("2018-04-28", 1),
    ("2018-09-29", 2),
    ("2018-12-29", 1),
    ("2019-02-02", 2),
)
_CALENDAR = Calendar(holidays=HOLIDAYS, makeup_workdays=MAKEUP_WORKDAYS)


def at(text: str) -> datetime:
    """The instant written as local time, such as `2018-10-24 09:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def works(day: date) -> bool:
    """Whether the city works on the day."""
    return is_working_day(day, _CALENDAR)


def workday(day: date) -> date:
    """The day itself, or the next one that is worked."""
    while not works(day):
        day += timedelta(days=1)
    return day


def workdays_after(day: date, count: int) -> date:
    """The worked day that is `count` such days later."""
    for _ in range(count):
        day = workday(day + timedelta(days=1))
    return day


def last_workday(day: date) -> date:
    """The day itself, or the last one before it that is worked."""
    while not works(day):
        day -= timedelta(days=1)
    return day


def moment(rng: Random, day: date) -> datetime:
    """When something is handed in on a day: at one of a few hours, now and then in the evening."""
    time = EVENING if rng.random() < 0.01 else rng.choice(SITTINGS)
    return at(f"{day} {time}")

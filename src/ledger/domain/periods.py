"""Periods and deadlines: which days a score speaks of, and until when it may be touched.

A period is spelled as the plan spells it: `2018-Y` or plain `2018`, `2018-H1`, `2018-Q3`,
`2018-M07`. Days are local to the plan's time zone; a deadline day D ends at 00:00 of D+1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from ledger.domain.refusals import InvalidPeriod

_SPELLING = re.compile(
    r"(?P<year>[1-9]\d{3})(?:-(?:Y|H(?P<half>[12])|Q(?P<quarter>[1-4])|M(?P<month>0[1-9]|1[0-2])))?", re.ASCII
)


class Frequency(StrEnum):
    """How often an indicator is scored."""

    YEAR = "YEAR"
    HALF = "HALF"
    QUARTER = "QUARTER"
    MONTH = "MONTH"


_MONTHS = {Frequency.YEAR: 12, Frequency.HALF: 6, Frequency.QUARTER: 3, Frequency.MONTH: 1}


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open range of local days [starts_on, ends_on)."""

    period: str
    frequency: Frequency
    starts_on: date
    ends_on: date


@lru_cache(maxsize=4096)
def parse_period(text: str) -> Period:
    """Return the period spelled by `text`. Raises InvalidPeriod."""
    match = _SPELLING.fullmatch(text)
    # The year 9999 has no next one to end in.
    if match is None or int(match["year"]) == MAXYEAR:
        raise InvalidPeriod(given=text, hint="Write 2018-Y (or 2018), 2018-H1, 2018-Q3 or 2018-M07.")
    year = int(match["year"])
    frequency, number = _frequency(match)
    months = _MONTHS[frequency]
    first, after = (number - 1) * months, number * months
    ends_on = date(year + 1, 1, 1) if after == 12 else date(year, after + 1, 1)
    return Period(text, frequency, date(year, first + 1, 1), ends_on)


def _frequency(match: re.Match[str]) -> tuple[Frequency, int]:
    if match["half"]:
        return Frequency.HALF, int(match["half"])
    if match["quarter"]:
        return Frequency.QUARTER, int(match["quarter"])
    if match["month"]:
        return Frequency.MONTH, int(match["month"])
    return Frequency.YEAR, 1


@lru_cache(maxsize=4096)
def start_of(day: date, timezone: str) -> datetime:
    """The instant at which the local `day` begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def end_of(day: date, timezone: str) -> datetime:
    """The first instant after the local `day`, in UTC: 00:00 of the next day. The last day of all never ends."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return start_of(day + timedelta(days=1), timezone)


def local_day(instant: datetime, timezone: str) -> date:
    """The local day that `instant` falls on."""
    return instant.astimezone(ZoneInfo(timezone)).date()

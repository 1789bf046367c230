"""Working days under a plan's calendar."""

from __future__ import annotations

from datetime import date, timedelta

from examples import time_vector

from ledger.domain.plan import Calendar
from ledger.domain.working_days import after_working_days, is_working_day

SPRING_FESTIVAL = tuple(date(2019, 2, 4) + timedelta(days=number) for number in range(7))
CALENDAR = Calendar(holidays=SPRING_FESTIVAL, makeup_workdays=(date(2019, 2, 2), date(2019, 2, 3)))


def test_t2_a_notice_counts_makeup_workdays_and_skips_holidays() -> None:
    given = time_vector("T2")
    first, last = map(date.fromisoformat, given["holidays"].split(".."))
    calendar = Calendar(
        holidays=tuple(first + timedelta(days=number) for number in range((last - first).days + 1)),
        makeup_workdays=tuple(map(date.fromisoformat, given["makeup_workdays"])),
    )

    ends_on = after_working_days(date.fromisoformat(given["notice_from"]), given["working_days"], calendar)

    assert ends_on == date.fromisoformat(given["ends_on"])


def test_without_the_makeup_days_the_notice_would_end_after_the_festival() -> None:
    assert after_working_days(date(2019, 1, 28), 5, Calendar(holidays=SPRING_FESTIVAL)) == date(2019, 2, 11)


def test_a_weekend_is_not_worked_unless_it_makes_up_for_a_holiday() -> None:
    assert not is_working_day(date(2019, 1, 26), CALENDAR)
    assert is_working_day(date(2019, 2, 2), CALENDAR)
    assert not is_working_day(date(2019, 2, 5), CALENDAR)

"""Schedules: which share of a year's target is due by when.

A schedule speaks of the days on which its periods end, so that a second quarter is a first
half. A unit's own schedule goes before the plan's. Source: domain.md 3.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from ledger.domain.periods import parse_period
from ledger.domain.refusals import FormulaInvalid, InvalidPeriod

Schedule = tuple[tuple[str, Decimal], ...]
"""Periods, each with the share of the target that is due by its end, from 0 to 1."""


def due_share(schedule: Schedule, period: str) -> Fraction | None:
    """The share of the target that is due by the end of `period`, None if the schedule does not speak of that day."""
    ends_on = parse_period(period).ends_on
    return next((Fraction(share) for step, share in schedule if parse_period(step).ends_on == ends_on), None)


def check_schedule(schedule: Schedule, *, periods: Iterable[str], counted: Iterable[str], path: str) -> None:
    """Refuse a schedule that is not one share a day, never falling, and 1 at the end.

    `periods` are the plan's, `counted` those whose scores count: each needs its share. Raises
    FormulaInvalid, InvalidPeriod.
    """
    if not schedule:
        return
    known = frozenset(periods)
    for period, _ in schedule:
        if period not in known:
            raise InvalidPeriod(path=path, given=period, hint="Use a period of the plan.")
    ordered = sorted((parse_period(period).ends_on, share) for period, share in schedule)
    if any(day == following for (day, _), (following, _) in pairwise(ordered)):
        raise FormulaInvalid(path=path, hint="Two shares for the same day; a second quarter ends with the first half.")
    if ordered[0][1] < 0 or any(then < share for (_, share), (_, then) in pairwise(ordered)):
        raise FormulaInvalid(path=path, hint="Cumulated shares never fall, and none is negative.")
    if ordered[-1][1] != 1:
        raise FormulaInvalid(path=path, last=ordered[-1][1], hint="The last cumulated share is exactly 1.")
    for period in counted:
        if not due_share(schedule, period):
            raise FormulaInvalid(path=path, period=period, hint="The period counts: say which share is due by its end.")

"""What a later version of a plan may not take back once scores may have been entered under the earlier one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from ledger.domain.cycle import Cycle
from ledger.domain.plan import Deadline, Plan
from ledger.domain.refusals import DeadlinePassed, ReferencedEntityInUse
from ledger.domain.veto import Vetoes


def check_change(old: Plan, new: Plan, *, in_force_from_period: str | None, today: date) -> None:
    """Refuse a version that leaves recorded scores without a plan, or moves a passed deadline back.

    Units never disappear; they are set to NOT_ASSESSED. Indicators and periods disappear only
    from a period on, so that the earlier periods keep the version that has them. Raises
    ReferencedEntityInUse or DeadlinePassed.
    """
    _require_kept("content.unit_ids", old.unit_ids, new.unit_ids, hint="Let it take part as NOT_ASSESSED.")
    if in_force_from_period is None:
        hint = "Say from which period on the plan does without it."
        _require_kept("content.periods", old.periods, new.periods, hint=hint)
        indicators = ([indicator.indicator_id for indicator in plan.indicators] for plan in (old, new))
        _require_kept("content.indicators", *indicators, hint=hint)
    check_deadlines_kept(old, new.calendar.deadlines, today=today, path="content.calendar.deadlines")


def fixes_calendar(cycle: Cycle, new: Plan, *, in_force_from_period: str | None) -> bool:
    """Whether a version changes the calendar and nothing else: each unit stays in the group that it has by now."""
    latest = cycle.latest
    old = latest.plan
    alike = replace(new, calendar=old.calendar, groups=old.groups) == old
    named = [[(group.group_id, group.name) for group in plan.groups] for plan in (old, new)]
    moved = new.membership != cycle.membership or named[0] != named[1]
    from_another_period = in_force_from_period != latest.in_force_from_period
    return alike and not moved and not from_another_period and new.calendar != old.calendar


def check_deadlines_kept(plan: Plan, deadlines: tuple[Deadline, ...], *, today: date, path: str) -> None:
    """Raise DeadlinePassed if one of `deadlines` is earlier than the plan's own that has passed."""
    for deadline in deadlines:
        periods = (deadline.period,) if deadline.period else plan.periods
        for old in (plan.calendar.deadline(deadline.name, period) for period in periods):
            if old is not None and old < today and deadline.ends_on < old:
                raise DeadlinePassed(path=path, deadline=deadline.name, ended=old)


class GivenUp(NamedTuple):
    """The grades of a plan that a later version no longer has."""

    of_units: frozenset[str]
    of_cadres: frozenset[str]


def grades_given_up(old: Plan, new: Plan) -> GivenUp:
    """Which grades a later version of a plan no longer has."""
    units = [frozenset(plan.grading.names if plan.grading is not None else ()) for plan in (old, new)]
    cadres = [frozenset(plan.cadres.grades if plan.cadres is not None else ()) for plan in (old, new)]
    return GivenUp(units[0] - units[1], cadres[0] - cadres[1])


def check_vetoes_kept(given_up: GivenUp, vetoes: Vetoes) -> None:
    """Raise ReferencedEntityInUse if an active veto names one of these grades: it would bind nobody any more."""
    for veto in vetoes.items.values():
        of_unit = veto.subject_id is None
        if veto.active and veto.grade in (given_up.of_units if of_unit else given_up.of_cadres):
            path = "content.grading" if of_unit else "content.cadres"
            hint = "Keep the grade under its name, or lift the veto first."
            raise ReferencedEntityInUse(path=path, grade=veto.grade, veto_position=veto.position, hint=hint)


def _require_kept(path: str, old: Iterable[str], new: Iterable[str], *, hint: str) -> None:
    missing = set(old) - set(new)
    if missing:
        raise ReferencedEntityInUse(path=path, id=min(missing), hint=hint)

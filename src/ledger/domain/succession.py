"""Succession: what a unit's score owes to the units it succeeded within the year.

Source: domain.md 3.10.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from ledger.domain.cycle import Cycle
from ledger.domain.formula import Against
from ledger.domain.periods import parse_period
from ledger.domain.plan import Indicator, Plan
from ledger.domain.reorganisation import CarryPolicy, Reorganisations, months_around, sum_actuals, time_weighted
from ledger.domain.results import ONE, ZERO, Inherited, Known, Scored


@dataclass(frozen=True, slots=True)
class Heritage:
    """From whom a unit came, and when."""

    effective_on: date
    shares: Mapping[str, Fraction]
    """By predecessor, summing to 1."""
    policies: Mapping[str, CarryPolicy]
    """By indicator, where it is another than `policy`."""
    policy: CarryPolicy
    position: int

    def policy_of(self, indicator_id: str) -> CarryPolicy:
        """What the unit takes over for an indicator."""
        return self.policies.get(indicator_id, self.policy)

    def covers(self, period: str) -> bool:
        """Whether the period was over when the unit began, so that all of it is its predecessors'."""
        return parse_period(period).ends_on <= self.effective_on


def heritage_of(reorganisations: Reorganisations, unit_id: str) -> Heritage | None:
    """What the unit takes over, None if it came from no other; a part of a split unit takes over its score whole."""
    merger = reorganisations.merger_into(unit_id)
    if merger is not None:
        return Heritage(merger.effective_on, merger.shares, merger.by_indicator, merger.policy, merger.position)
    split = reorganisations.split_into(unit_id)
    if split is not None:
        whole = {split.predecessor_id: Fraction(1)}
        return Heritage(split.effective_on, whole, {}, CarryPolicy.TIME_WEIGHTED, split.position)
    return None


def period_left(plan: Plan, indicator: Indicator, heritage: Heritage, period: str) -> str:
    """The period under which predecessors left what they bring into a successor's `period`.

    The last one that had ended when they did. Where none had, as with a yearly indicator, what
    they left of `period` itself.
    """
    ends_on = min(heritage.effective_on, parse_period(period).ends_on)
    ended = [p for p in plan.periods_of(indicator) if parse_period(p).ends_on <= ends_on]
    return ended[-1] if ended else period


def periods_left(plan: Plan, counted: Iterable[tuple[Indicator, str]], heritages: Iterable[Heritage]) -> Iterable[str]:
    """Every period under which something may have been left for the periods that count."""
    pairs = list(counted)
    return {period_left(plan, indicator, heritage, period) for heritage in heritages for indicator, period in pairs}


def months_of(heritage: Heritage, cycle: Cycle, indicator: Indicator, period: str, *, whole: bool) -> tuple[int, int]:
    """The months before and after the reorganisation of what a score stands for.

    A score stands for its period; the only one that counts in the cycle as a `whole` stands
    for all of it.
    """
    found = parse_period(period)
    starts_on, ends_on = found.starts_on, found.ends_on - timedelta(days=1)
    if whole and not indicator.composition and cycle.starts_on is not None and cycle.ends_on is not None:
        starts_on, ends_on = cycle.starts_on, cycle.ends_on
    return months_around(heritage.effective_on, starts_on=starts_on, ends_on=ends_on)


class Brought(NamedTuple):
    """A figure that a unit brings to a formula, what it is measured against, and the facts behind both."""

    unit_id: str
    actual: Fraction
    against: Against
    value: Known | None
    """Its own; None where all it brings is its predecessors'."""
    target: Known | None = None
    inherited: tuple[Inherited, ...] = ()


def added_up(unit_id: str, own: Brought | None, added: list[Brought], period: str, position: int) -> Brought:
    """A successor's figures and those it takes over in one, each with what was due by its own period."""
    brought = [each for each in (own, *added) if each is not None]

    def together(figures: Iterable[Fraction | None]) -> Fraction | None:
        known = [figure for figure in figures if figure is not None]
        return sum_actuals(known[1:], known[0]) if known else None

    return Brought(
        unit_id,
        sum_actuals((each.actual for each in brought), ZERO),
        Against(together(each.against.target for each in brought), together(each.against.baseline for each in brought)),
        own.value if own is not None else None,
        own.target if own is not None else None,
        tuple(
            Inherited(each.unit_id, period, ONE, None, each.value, position, each.target)
            for each in added
            if each.value is not None
        ),
    )


def weighted(own: Scored, heritage: Heritage, left: Mapping[str, Scored], *, before: int, after: int) -> Scored:
    """A successor's score: its predecessors' for the months before, its own for those after."""
    part = Fraction(before, before + after)
    inherited: list[Inherited] = []
    for unit_id, share in heritage.shares.items():
        scored, due = left[unit_id], share * part
        if scored.value is None:
            inherited.extend(scored.inherited)
            continue
        inherited.append(
            Inherited(unit_id, scored.period, due, scored.score, scored.value, heritage.position, scored.target)
        )
    score = time_weighted(
        [(left[unit_id].score, share) for unit_id, share in heritage.shares.items()],
        months_before=before,
        successor=own.score,
        months_after=after,
    )
    return own._replace(points=score.as_integer_ratio(), inherited=tuple(inherited))

"""Succession: what a unit's score owes to the units it succeeded within the year.

Source: domain.md 3.10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from ledger.domain.periods import parse_period
from ledger.domain.plan import Indicator, Plan
from ledger.domain.reorganisation import CarryPolicy, Reorganisations, months_around


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


def last_period_before(plan: Plan, indicator: Indicator, heritage: Heritage) -> str | None:
    """The last period of the indicator that had ended when the predecessors did, None if none had."""
    ended = [p for p in plan.periods_of(indicator) if parse_period(p).ends_on <= heritage.effective_on]
    return ended[-1] if ended else None


def months_of(heritage: Heritage, period: str) -> tuple[int, int]:
    """How many months of a period lie before and after the reorganisation."""
    found = parse_period(period)
    return months_around(heritage.effective_on, starts_on=found.starts_on, ends_on=found.ends_on - timedelta(days=1))

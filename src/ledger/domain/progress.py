"""Progress: how far a unit is towards its target, against what is due by then, and the light that shows it.

Every figure is exact and rounded only when it is shown. Progress warns during the year; it
never becomes points. Source: domain.md 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from ledger.domain.formulas import lower_better
from ledger.domain.plan import Indicator, Plan
from ledger.domain.plan_rules import LightRules
from ledger.domain.schedule import Schedule, due_share

HUNDRED = Fraction(100)


class Light(StrEnum):
    """How a unit stands against what is due, at a glance; the plan says from which rate on."""

    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"


@dataclass(frozen=True, slots=True)
class Progress:
    """One unit's progress on one indicator by the end of a period."""

    target: Fraction
    """The target of the year."""
    share_due: Fraction | None
    """The share of it that is due by then, from 0 to 1; None for rates and stocks, which are due whole at any time."""
    done: Fraction | None
    """The figure since the beginning of the year, None if none is known."""
    lower_better: bool
    """Whether the target is a limit that is not to be used up."""
    lights: LightRules
    """From which rate on the plan shows which light."""

    @property
    def period_target(self) -> Fraction:
        """The part of the target that is due."""
        return self.target if self.share_due is None else self.target * self.share_due

    @property
    def rate(self) -> Fraction | None:
        """Done / due, or due / done where lower is better: at least 1 is on time. None where there is no divisor."""
        if self.done is None:
            return None
        part, whole = (self.period_target, self.done) if self.lower_better else (self.done, self.period_target)
        return part / whole if whole > 0 else None

    @property
    def share_done(self) -> Fraction | None:
        """Done / the year's target; None without a value, or with a target of zero."""
        return self.done / self.target if self.done is not None and self.target else None

    @property
    def completed(self) -> bool | None:
        """Whether the year's target is met, on the exact figures; None while no value is known."""
        if self.done is None:
            return None
        return self.done <= self.target if self.lower_better else self.done >= self.target

    @property
    def gap(self) -> Fraction | None:
        """Share done minus share due, in percentage points; None without either.

        Negative is behind; where lower is better, it is what is left of the limit.
        """
        if self.share_done is None or self.share_due is None:
            return None
        return HUNDRED * (self.share_done - self.share_due)

    @property
    def light(self) -> Light | None:
        """The light by the plan's rules; None while no value is known."""
        if self.done is None:
            return None
        # Without a divisor nothing is due, or nothing of a limit is used up.
        if self.rate is None or self.rate >= self.lights.green_min:
            return Light.GREEN
        return Light.YELLOW if self.rate >= self.lights.yellow_min else Light.RED


def progress(
    plan: Plan,
    indicator: Indicator,
    *,
    target: Decimal | None,
    schedule: Schedule = (),
    value: Decimal | None,
    period: str,
) -> Progress | None:
    """Return the progress by the end of `period`, or None where nothing says what is due by then.

    `target` and `schedule` are the unit's own; without them the indicator's hold. `value` is
    what was reached since the beginning of the year. Raises InvalidPeriod.
    """
    reachable = indicator.target if target is None else target
    if reachable is None:
        return None
    less = lower_better(indicator.formula, Fraction(reachable))
    shares = schedule or indicator.shares_due
    due = due_share(shares, period)
    # Of a band or a day it cannot be said that more, or less, is further.
    if less is None or (shares and due is None):
        return None
    return Progress(
        target=Fraction(reachable),
        share_due=due,
        done=None if value is None else Fraction(value),
        lower_better=less,
        lights=plan.lights,
    )

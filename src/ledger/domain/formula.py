"""A formula as the plan writes it: a kind with its parameters, and what an actual is measured against.

How each kind turns actuals into points stands in `formulas`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from ledger.domain.numbers import Ratio


class FormulaKind(StrEnum):
    """The method by which an indicator's value becomes points."""

    LINEAR_RATIO = "LINEAR_RATIO"
    """100 x actual / target; higher is better."""
    INVERSE_DIFF = "INVERSE_DIFF"
    """100 x (2 - actual / target); lower is better."""
    INVERSE_RATIO = "INVERSE_RATIO"
    """100 x target / actual; lower is better."""
    BEST_RATIO = "BEST_RATIO"
    """full x actual / the best actual of the group."""
    DIRECT_POINTS = "DIRECT_POINTS"
    """Points awarded by the scoring department, 0 to 100."""
    PIECEWISE = "PIECEWISE"
    """Linear between breakpoints, and constant outside them unless below or above say otherwise."""
    STEP = "STEP"
    """The points of the interval that the actual falls into."""
    BAND = "BAND"
    """100 inside [low, high], minus step per unit of distance outside."""
    GROUP_RANK = "GROUP_RANK"
    """The table's points for the unit's rank in its group; tied units get those of the rank they share."""
    EFFICACY = "EFFICACY"
    """base + span x (actual - worst) / (best - worst), between bounds of the plan or of the group."""
    CHECKLIST = "CHECKLIST"
    """full (100) minus step for each finding, not below the floor."""
    DEADLINE = "DEADLINE"
    """100 if done by due_on, minus step per calendar day late, 0 after until; the actual is the day, as YYYYMMDD."""
    LINKAGE = "LINKAGE"
    """base plus the table's points for the city's place in the superior assessment; the actual is the place."""
    GROWTH_MIX = "GROWTH_MIX"
    """share x level + (1 - share) x growth: 100 x actual / target, and 100 x the increment / the planned increment."""
    EVALUATION = "EVALUATION"
    """The points that evaluation campaigns give the unit; no value is ever entered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakpoint:
    """A corner of a piecewise linear formula."""

    actual: Decimal
    """The measured figure."""
    points: Decimal
    """The points at that figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A half-open interval [low, high) with its points; the outermost ends are open."""

    low: Decimal | None = None
    high: Decimal | None = None
    points: Decimal
    """The points of every figure in the interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A method with its parameters; a kind refuses parameters that it does not use."""

    kind: FormulaKind
    floor: Decimal | None = None
    cap: Decimal | None = None
    full: Decimal | None = None
    zero_below: Decimal | None = None
    zero_target_step: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    step: Decimal | None = None
    """Points lost per unit of distance, per finding, or per day late."""
    base: Decimal | None = None
    """The points to which the others are added."""
    span: Decimal | None = None
    """The points between the worst and the best."""
    worst: Decimal | None = None
    """The figure that earns the base; the worst of the group if left out."""
    best: Decimal | None = None
    """The figure that earns base and span; the best of the group if left out."""
    share: Decimal | None = None
    """How much the level counts, from 0 to 1; growth counts the rest."""
    lower_better: bool | None = None
    """Whether the lowest figure of the group is the best."""
    below: Decimal | None = None
    """Points below the first breakpoint."""
    above: Decimal | None = None
    """Points above the last breakpoint."""
    breakpoints: tuple[Breakpoint, ...] = ()
    """Corners with strictly increasing figures."""
    intervals: tuple[Interval, ...] = ()
    """Intervals that follow each other without gap or overlap and cover every figure."""
    table: tuple[Decimal, ...] = ()
    """Points by rank or place, from the first."""
    due_on: date | None = None
    """The last day that is on time."""
    until: date | None = None
    """The last day that earns anything."""


class Against(NamedTuple):
    """What an actual is measured against, exact."""

    target: Fraction | None = None
    baseline: Fraction | None = None
    """The figure that growth is measured from."""
    peers: Sequence[Ratio] = ()
    """The actuals of all units of the group, the unit's own among them."""


ALONE = Against()
"""Nothing but the formula's own parameters."""

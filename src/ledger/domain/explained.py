"""Explained figures: the tree that an explanation is, from a total down to the positions of events."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from ledger.domain.numbers import rational, rounded
from ledger.domain.plan import Plan
from ledger.domain.results import Known


class FigureKind(StrEnum):
    """What a figure of an explanation is."""

    TOTAL = "TOTAL"
    """The unit's total."""
    GOAL = "GOAL"
    """The goal appraisal: what all indicators contribute, with the share that they have beside the raters."""
    DIMENSION = "DIMENSION"
    """What the indicators of one dimension contribute."""
    INDICATOR = "INDICATOR"
    """What one indicator contributes."""
    PERIOD = "PERIOD"
    """The points of 100 of one period of an indicator of which several count."""
    VALUE = "VALUE"
    """The figure that was entered and verified, in the indicator's measure."""
    TARGET = "TARGET"
    """What the figure is measured against."""
    BASELINE = "BASELINE"
    """The figure that growth is measured from."""
    DUE = "DUE"
    """The part of the target, from 0 to 1, that was due by the end of the period."""
    PEER = "PEER"
    """The figure of another unit of the group by which the points are measured; only what you may see."""
    INHERITED = "INHERITED"
    """What a predecessor left: its points of 100, or its figure where figures are summed."""
    EVALUATION = "EVALUATION"
    """What the appraisal by raters contributes."""
    RATERS = "RATERS"
    """What one class of raters contributes."""
    BONUS = "BONUS"
    """Points added."""
    DEDUCTION = "DEDUCTION"
    """Points removed, as a negative figure."""
    ADJUSTMENT = "ADJUSTMENT"
    """What one bonus or deduction counts for."""
    OVERSTATEMENT = "OVERSTATEMENT"
    """Points removed because a report was better than what was verified."""
    FLOOR = "FLOOR"
    """What keeps a total from falling below 0."""
    ROUNDING = "ROUNDING"
    """What rounding at this level adds or takes, where the plan rounds each level."""


SUMMED = frozenset(
    {
        *(FigureKind.TOTAL, FigureKind.GOAL, FigureKind.DIMENSION, FigureKind.EVALUATION),
        *(FigureKind.BONUS, FigureKind.DEDUCTION),
    }
)
"""The figures whose parts add up to them."""


class Explained(NamedTuple):
    """One figure with what it is made of.

    Down to the indicators, the raters and the adjustments a figure is what it contributes to the
    total, so that the parts of each add up to it exactly. The parts of an indicator are the
    periods, values and targets that its formula took, in their own measures.
    """

    label: str
    kind: FigureKind
    exact: Fraction
    shown: Decimal
    weight: Fraction | None = None
    formula: str | None = None
    positions: tuple[int, ...] = ()
    parts: tuple[Explained, ...] = ()
    method: str | None = None
    """Of an indicator or a period: the formula with its parameters."""
    points: Fraction | None = None
    """Of an indicator or a period: the points of 100 that the formula gave."""


def size_of(tree: Explained) -> int:
    """How many figures a tree has."""
    return 1 + sum(size_of(part) for part in tree.parts)


def rounding_difference(tree: Explained) -> Decimal:
    """The shown figure minus the sum of the shown figures of its parts."""
    return tree.shown - sum((part.shown for part in tree.parts), Decimal(0))


def as_known(kind: FigureKind, known: Known, label: str) -> Explained:
    """A figure that is told as it was recorded."""
    return Explained(label, kind, rational(known.value), known.value, positions=(known.position,))


def figure(
    plan: Plan,
    label: str,
    kind: FigureKind,
    exact: Fraction,
    *,
    weight: Fraction | None = None,
    formula: str | None = None,
    positions: tuple[int, ...] = (),
    parts: tuple[Explained, ...] = (),
) -> Explained:
    """A figure as the plan rounds it; without positions of its own it has those of its parts."""
    return Explained(
        label=label,
        kind=kind,
        exact=exact,
        shown=rounded(exact, plan.score_scale, plan.rounding),
        weight=weight,
        formula=formula,
        positions=positions or positions_of(parts),
        parts=parts,
    )


def positions_of(parts: Iterable[Explained]) -> tuple[int, ...]:
    """The positions of the events behind some figures, in order."""
    return tuple(sorted({position for part in parts for position in part.positions}))

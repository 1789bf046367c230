"""Explain: why a total is what it is, down to the positions of the events behind it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ledger.domain.numbers import exact_text, rounded
from ledger.domain.settlement import ZERO, Line, LineStatus, Results, UnitResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One figure with what it is made of.

    The parts of a total are dimensions, of a dimension indicators, and their exact figures add
    up; the parts of an indicator are the value and the target its formula took.
    """

    label: str
    kind: str
    """TOTAL, DIMENSION, INDICATOR, VALUE or TARGET."""
    exact: Fraction
    shown: Decimal
    weight: Fraction | None = None
    formula: str | None = None
    positions: tuple[int, ...] = ()
    parts: tuple[Explained, ...] = ()


def explain(results: Results, row: UnitResult) -> Explained:
    """Return the tree under a unit's total: dimensions, indicators, values and targets.

    The shown figures of the parts may not add up to the shown total, because only shown
    figures are rounded; `rounding_difference` says by how much.
    """
    plan = results.plan
    dimensions: list[Explained] = []
    for dimension in plan.dimensions:
        lines = [line for line in row.lines if line.indicator.dimension_id == dimension.dimension_id]
        if lines:
            exact = sum((line.points for line in lines), ZERO)
            dimensions.append(
                Explained(
                    label=dimension.name,
                    kind="DIMENSION",
                    exact=exact,
                    shown=rounded(exact, plan.score_scale, plan.rounding),
                    weight=sum((line.weight for line in lines), ZERO),
                    positions=_positions(lines),
                    parts=tuple(_indicator(results, line) for line in lines),
                )
            )
    return Explained(
        label=row.unit_id,
        kind="TOTAL",
        exact=row.exact,
        shown=row.total,
        positions=_positions(row.lines),
        parts=tuple(dimensions),
    )


def rounding_difference(tree: Explained) -> Decimal:
    """The shown figure minus the sum of the shown figures of its parts."""
    return tree.shown - sum((part.shown for part in tree.parts), Decimal(0))


def _indicator(results: Results, line: Line) -> Explained:
    plan = results.plan
    parts: list[Explained] = []
    for kind, known in (("VALUE", line.value), ("TARGET", line.target)):
        if known is not None:
            parts.append(
                Explained(
                    label=f"{kind.lower()} in {line.indicator.uom}",
                    kind=kind,
                    exact=Fraction(known.value),
                    shown=known.value,
                    positions=(known.position,),
                )
            )
    return Explained(
        label=f"{line.indicator.name} {line.period}",
        kind="INDICATOR",
        exact=line.points,
        shown=rounded(line.points, plan.score_scale, plan.rounding),
        weight=line.weight,
        formula=_formula(line),
        positions=_positions([line]),
        parts=tuple(parts),
    )


def _formula(line: Line) -> str:
    if line.status is not LineStatus.SCORED:
        return line.status.value
    return f"{line.indicator.formula.kind}: {exact_text(line.score)} points of 100"


def _positions(lines: tuple[Line, ...] | list[Line]) -> tuple[int, ...]:
    known = (known for line in lines for known in (line.value, line.target) if known is not None)
    return tuple(sorted({each.position for each in known}))

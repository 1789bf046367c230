"""Explain: why a total is what it is, down to the positions of the events behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from ledger.domain.adjusting import CountedItem
from ledger.domain.numbers import RoundingPolicy, exact_text, rounded
from ledger.domain.plan import Plan
from ledger.domain.plan_rules import AdjustmentKind
from ledger.domain.results import ONE, ZERO, Known, Line, LineStatus, Results, Scored, UnitResult
from ledger.domain.tallying import Evaluated


class FigureKind(StrEnum):
    """What a figure of an explanation is."""

    TOTAL = "TOTAL"
    GOAL = "GOAL"
    DIMENSION = "DIMENSION"
    INDICATOR = "INDICATOR"
    PERIOD = "PERIOD"
    VALUE = "VALUE"
    TARGET = "TARGET"
    INHERITED = "INHERITED"
    EVALUATION = "EVALUATION"
    RATERS = "RATERS"
    BONUS = "BONUS"
    DEDUCTION = "DEDUCTION"
    ADJUSTMENT = "ADJUSTMENT"
    OVERSTATEMENT = "OVERSTATEMENT"
    FLOOR = "FLOOR"


SUMMED = frozenset({FigureKind.TOTAL, FigureKind.GOAL, FigureKind.DIMENSION, FigureKind.BONUS, FigureKind.DEDUCTION})
"""The figures whose parts add up to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One figure with what it is made of.

    The parts of a total, of the goals and of a dimension add up exactly; the parts of an
    indicator are the periods, values and targets its formula took.
    """

    label: str
    kind: FigureKind
    exact: Fraction
    shown: Decimal
    weight: Fraction | None = None
    formula: str | None = None
    positions: tuple[int, ...] = ()
    parts: tuple[Explained, ...] = ()


def explain(results: Results, row: UnitResult) -> Explained:
    """Return the tree under a unit's total: goals, dimensions, indicators, appraisal, bonus and deduction.

    The shown figures of the parts may not add up to the shown total, because only shown
    figures are rounded; `rounding_difference` says by how much.
    """
    dimensions = tuple(_dimensions(results.plan, row))
    if row.counted is None and row.evaluation is None:
        parts = dimensions
    else:
        parts = tuple(_components(results.plan, row, dimensions))
        below = row.exact - sum((part.exact for part in parts), ZERO)
        if below:
            parts = (*parts, _figure(results.plan, "a total is not below 0", FigureKind.FLOOR, below))
    return Explained(
        label=row.unit_id,
        kind=FigureKind.TOTAL,
        exact=row.exact,
        shown=row.total,
        positions=_positions_of(parts),
        parts=parts,
    )


def rounding_difference(tree: Explained) -> Decimal:
    """The shown figure minus the sum of the shown figures of its parts."""
    return tree.shown - sum((part.shown for part in tree.parts), Decimal(0))


def _components(plan: Plan, row: UnitResult, dimensions: tuple[Explained, ...]) -> Iterable[Explained]:
    """The parts of a whole cycle's total, with the share that each has in it."""
    share = Fraction(plan.evaluation.share) if plan.evaluation is not None else ZERO
    goal = _level(plan, row.goal * (ONE - share))
    if share == 0:
        # Without an appraisal the goals are the whole, and their dimensions stand by themselves.
        yield from dimensions
    else:
        yield _figure(plan, "goal appraisal", FigureKind.GOAL, goal, weight=(ONE - share) * 100, parts=dimensions)
    if row.evaluation is not None:
        yield _evaluation(plan, row.evaluation, share)
    items = row.counted.items if row.counted is not None else ()
    bonuses = [_adjustment(plan, item, ONE) for item in items if item.item.kind is AdjustmentKind.BONUS]
    if bonuses:
        yield _figure(plan, "bonus", FigureKind.BONUS, _level(plan, row.bonus), parts=tuple(bonuses))
    removed = [_adjustment(plan, item, -ONE) for item in items if item.item.kind is AdjustmentKind.DEDUCTION]
    removed += [
        _figure(
            plan,
            f"{found.indicator.name}: reported {exact_text(found.gap * 100)} % better than verified",
            FigureKind.OVERSTATEMENT,
            -found.points,
            positions=(found.claim.position,),
        )
        for found in row.overstatements
    ]
    if removed:
        yield _figure(plan, "deduction", FigureKind.DEDUCTION, _level(plan, -row.deduction), parts=tuple(removed))


def _level(plan: Plan, exact: Fraction) -> Fraction:
    """A component as it goes into the total: rounded already, where the plan rounds each level."""
    if plan.rounding_policy is RoundingPolicy.ROUND_EACH_LEVEL:
        return Fraction(rounded(exact, plan.score_scale, plan.rounding))
    return exact


def _dimensions(plan: Plan, row: UnitResult) -> Iterable[Explained]:
    for dimension in plan.dimensions:
        lines = [line for line in row.lines if line.indicator.dimension_id == dimension.dimension_id]
        if lines:
            yield _figure(
                plan,
                dimension.name,
                FigureKind.DIMENSION,
                sum((line.points for line in lines), ZERO),
                weight=sum((line.weight for line in lines), ZERO),
                parts=tuple(_indicator(plan, line) for line in lines),
            )


def _indicator(plan: Plan, line: Line) -> Explained:
    single = len(line.periods) == 1
    parts = _facts(plan, line, line.periods[0]) if single else tuple(_period(plan, line, each) for each in line.periods)
    return _figure(
        plan,
        f"{line.indicator.name} {line.period}",
        FigureKind.INDICATOR,
        line.points,
        weight=line.weight,
        formula=_formula(line),
        parts=parts,
    )


def _period(plan: Plan, line: Line, scored: Scored) -> Explained:
    return _figure(
        plan,
        scored.period,
        FigureKind.PERIOD,
        scored.score,
        weight=scored.share * 100,
        parts=_facts(plan, line, scored),
    )


def _facts(plan: Plan, line: Line, scored: Scored) -> tuple[Explained, ...]:
    """The value and the target that a score was made of, and what it owes to predecessors."""
    uom = line.indicator.uom
    found = [
        _known(kind, known, uom)
        for kind, known in ((FigureKind.VALUE, scored.value), (FigureKind.TARGET, scored.target))
        if known is not None
    ]
    for each in scored.inherited:
        score = each.score if each.score is not None else Fraction(each.value.value)
        found.append(
            _figure(
                plan,
                f"{each.unit_id} {each.period}",
                FigureKind.INHERITED,
                score,
                weight=each.share * 100,
                positions=(each.value.position, each.position),
            )
        )
    return tuple(found)


def _known(kind: FigureKind, known: Known, uom: str) -> Explained:
    return Explained(
        label=f"{kind.lower()} in {uom}",
        kind=kind,
        exact=Fraction(known.value),
        shown=known.value,
        positions=(known.position,),
    )


def _evaluation(plan: Plan, appraised: Evaluated, share: Fraction) -> Explained:
    classes = tuple(
        _figure(
            plan,
            of_class.rater_class.lower(),
            FigureKind.RATERS,
            of_class.tally.mean if of_class.tally.mean is not None else ZERO,
            weight=of_class.weight,
            formula=f"{of_class.tally.n_valid} of {of_class.tally.n} valid{', trimmed' * of_class.tally.trimmed}",
            positions=(of_class.tally.position,),
        )
        for of_class in appraised.classes
    )
    points = appraised.points if appraised.points is not None else ZERO
    return _figure(
        plan, "evaluation", FigureKind.EVALUATION, _level(plan, points * share), weight=share * 100, parts=classes
    )


def _adjustment(plan: Plan, counted: CountedItem, sign: Fraction) -> Explained:
    item = counted.item
    return _figure(
        plan,
        f"{item.matter_id}: {counted.standing}",
        FigureKind.ADJUSTMENT,
        sign * counted.points,
        formula=str(item.rule),
        positions=(item.position,),
    )


def _formula(line: Line) -> str:
    if line.status in (LineStatus.EXEMPT, LineStatus.MISSING, LineStatus.ASSUMED):
        return line.status.value
    return f"{line.indicator.formula.kind}: {exact_text(line.score)} points of 100"


def _figure(
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
    return Explained(
        label=label,
        kind=kind,
        exact=exact,
        shown=rounded(exact, plan.score_scale, plan.rounding),
        weight=weight,
        formula=formula,
        positions=positions or _positions_of(parts),
        parts=parts,
    )


def _positions_of(parts: Iterable[Explained]) -> tuple[int, ...]:
    return tuple(sorted({position for part in parts for position in part.positions}))

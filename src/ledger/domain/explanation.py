"""Explain: why a total is what it is, down to the positions of the events behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from ledger.domain.adjusting import CountedItem
from ledger.domain.columns import share_due
from ledger.domain.explained import Explained, FigureKind, as_known, figure, positions_of
from ledger.domain.formula import FormulaKind
from ledger.domain.formula_text import described, scale_of
from ledger.domain.formulas import KINDS
from ledger.domain.numbers import SHARE_SCALE, Rounding, RoundingPolicy, exact_text, rounded
from ledger.domain.plan import Plan
from ledger.domain.plan_rules import AdjustmentKind
from ledger.domain.refusals import UnknownId
from ledger.domain.results import (
    HUNDRED,
    ONE,
    ZERO,
    Inherited,
    Known,
    Line,
    LineStatus,
    Overstatement,
    Results,
    Scored,
    UnitResult,
)
from ledger.domain.tallying import ClassShare, Evaluated, evaluated

FIGURES_MAX = 8_000
"""How many figures an explanation may have: many times those of a large plan."""
Sees = Callable[[str, str], bool]
"""Whether whoever is told may see the scores of a unit on an indicator."""


def everything(unit_id: str, indicator_id: str) -> bool:
    """Let all be seen."""
    return True


def nobody(unit_id: str, indicator_id: str) -> bool:
    """Let nothing be seen."""
    return False


def explain(results: Results, row: UnitResult, sees: Sees = everything) -> Explained:
    """Return the tree under a unit's total: goals, dimensions, indicators, appraisal, bonus and deduction.

    Of the peers by whom it is measured it names those whose scores may be seen; of an indicator
    made of several periods only `explain_indicator` does.

    The shown figures of the parts may not add up to the shown total, because only shown
    figures are rounded; `rounding_difference` says by how much.
    """
    parts = tuple(_components(results, row, sees))
    below = row.exact - sum((part.exact for part in parts), ZERO)
    if below:
        parts = (*parts, figure(results.plan, "a total is not below 0", FigureKind.FLOOR, below))
    return Explained(
        label=row.unit_id,
        kind=FigureKind.TOTAL,
        exact=row.exact,
        shown=row.total,
        positions=positions_of(parts),
        parts=parts,
    )


def explain_indicator(results: Results, row: UnitResult, indicator_id: str, sees: Sees = everything) -> Explained:
    """Return the tree under what one indicator contributes to a unit's total. Raises UnknownId."""
    for line in row.lines:
        if line.indicator.indicator_id == indicator_id:
            return _indicator(results, row, line, results.goal_share, sees)
    raise UnknownId(path="indicator_id", indicator_id=indicator_id, hint="It does not count for the unit.")


def _components(results: Results, row: UnitResult, sees: Sees) -> Iterable[Explained]:
    """The parts of a total, with the share that each has in it."""
    plan, share = results.plan, results.goal_share
    dimensions = tuple(_dimensions(results, row, share, sees))
    if row.evaluation is None:
        # Without an appraisal the goals are the whole, and their dimensions stand by themselves.
        yield from dimensions
    else:
        yield _sum(plan, "goal appraisal", FigureKind.GOAL, row.goal * share, dimensions, weight=share * HUNDRED)
        points, rest = row.evaluation.points or ZERO, ONE - share
        raters = tuple(_raters(plan, row.evaluation, rest))
        yield _sum(plan, "evaluation", FigureKind.EVALUATION, points * rest, raters, weight=rest * HUNDRED)
    items = row.counted.items if row.counted is not None else ()
    bonuses = [_adjustment(plan, item, ONE) for item in items if item.item.kind is AdjustmentKind.BONUS]
    if bonuses:
        yield _sum(plan, "bonus", FigureKind.BONUS, row.bonus, tuple(bonuses))
    removed = [_adjustment(plan, item, -ONE) for item in items if item.item.kind is AdjustmentKind.DEDUCTION]
    removed += [_overstatement(plan, found) for found in row.overstatements]
    if removed:
        yield _sum(plan, "deduction", FigureKind.DEDUCTION, -row.deduction, tuple(removed))


def _sum(
    plan: Plan,
    label: str,
    kind: FigureKind,
    exact: Fraction,
    parts: tuple[Explained, ...],
    *,
    weight: Fraction | None = None,
) -> Explained:
    """A component as it goes into the total: rounded already, where the plan rounds each level."""
    if plan.rounding_policy is RoundingPolicy.ROUND_EACH_LEVEL:
        exact = Fraction(rounded(exact, plan.score_scale, plan.rounding))
        rest = exact - sum((part.exact for part in parts), ZERO)
        if rest:
            parts = (*parts, figure(plan, "rounded at this level", FigureKind.ROUNDING, rest))
    return figure(plan, label, kind, exact, weight=weight, parts=parts)


def _dimensions(results: Results, row: UnitResult, share: Fraction, sees: Sees) -> Iterable[Explained]:
    for dimension in results.plan.dimensions:
        lines = [line for line in row.lines if line.indicator.dimension_id == dimension.dimension_id]
        if lines:
            yield figure(
                results.plan,
                dimension.name,
                FigureKind.DIMENSION,
                sum((line.points for line in lines), ZERO) * share,
                weight=sum((line.weight for line in lines), ZERO) * share,
                parts=tuple(
                    _indicator(results, row, line, share, sees if len(line.parts) == 1 else nobody) for line in lines
                ),
            )


def _indicator(results: Results, row: UnitResult, line: Line, share: Fraction, sees: Sees) -> Explained:
    plan, weight, method = results.plan, line.weight * share, described(line.indicator.formula)
    if line.indicator.formula.kind is FormulaKind.EVALUATION and plan.evaluation is not None:
        appraised = evaluated(plan.evaluation, results.slice.rulings.tallies.of(row.unit_id))
        parts = tuple(_raters(plan, appraised, weight / HUNDRED)) if line.status is LineStatus.SCORED else ()
    elif len(line.parts) == 1:
        parts = _Facts(plan, line, sees).of(0, line.periods[0])
    else:
        parts = tuple(_periods(plan, line, method, sees))
    exempted = _exempted_by(results, row, line)
    return figure(
        plan,
        f"{line.indicator.name} {line.period}",
        FigureKind.INDICATOR,
        line.points * share,
        weight=weight,
        formula=_formula(line),
        positions=tuple(sorted({*exempted, *positions_of(parts)})),
        parts=parts,
    )._replace(method=method, points=line.score)


def _exempted_by(results: Results, row: UnitResult, line: Line) -> Iterable[int]:
    """The exemptions by which the indicator, or a period of it, does not apply to the unit."""
    counted = {part.period for part in line.parts}
    if results.slice.period is None:
        counted.update(share.period for share in line.indicator.composition)
    for period in counted:
        exemption = results.slice.cycle.exemption(row.unit_id, line.indicator.indicator_id, period)
        if exemption is not None:
            yield exemption.position


def _periods(plan: Plan, line: Line, method: str, sees: Sees) -> Iterable[Explained]:
    """The score of each of several periods that count, with what it was made of."""
    facts = _Facts(plan, line, sees)
    for place, scored in enumerate(line.periods):
        score, parts = scored.score, facts.of(place, scored)
        shown = rounded(score, plan.score_scale, plan.rounding)
        weight, positions = Fraction(100 * scored.share.numerator, scored.share.denominator), positions_of(parts)
        yield Explained(scored.period, FigureKind.PERIOD, score, shown, weight, None, positions, parts, method, score)


class _Facts:
    """What the scores of a line were made of: values, targets, peers, and what predecessors left."""

    def __init__(self, plan: Plan, line: Line, sees: Sees):
        self._plan = plan
        self._line = line
        self._sees = sees
        self._value_label = f"value in {line.indicator.uom}"
        self._aim: tuple[Known, tuple[Explained, ...]] | None = None

    def of(self, place: int, scored: Scored) -> tuple[Explained, ...]:
        """What the score of one of the periods was made of."""
        found: list[Explained] = []
        if scored.value is not None:
            found.append(as_known(FigureKind.VALUE, scored.value, self._value_label))
        if scored.target is not None:
            found += self._measure(scored.period, scored.target)
        if self._sees is not nobody and (scored.value is not None or scored.inherited):
            found += self._peers(place)
        for each in scored.inherited:
            found.append(self._inherited(each))
        return tuple(found)

    def _measure(self, period: str, target: Known) -> Iterable[Explained]:
        """What the value is measured against: the target, the baseline, and how much of both was due."""
        # Most targets hold for all periods: what is said of one that was said before is not made again.
        if self._aim is None or self._aim[0] is not target:
            self._aim = target, tuple(self._aimed_at(target))
        indicator, measured = self._line.indicator, self._aim[1]
        if not (target.schedule or indicator.schedule):
            return measured
        share = share_due(indicator, target, period)
        label = f"share of the target due by the end of {period}"
        shown = rounded(share, SHARE_SCALE, Rounding.HALF_UP)
        return (*measured, Explained(label, FigureKind.DUE, share, shown, positions=(target.position,)))

    def _aimed_at(self, target: Known) -> Iterable[Explained]:
        indicator = self._line.indicator
        yield as_known(FigureKind.TARGET, target, f"target in {indicator.uom}")
        if target.baseline is not None and KINDS[indicator.formula.kind].needs_baseline:
            baseline = target._replace(value=target.baseline)
            yield as_known(FigureKind.BASELINE, baseline, f"baseline in {indicator.uom}")

    def _peers(self, place: int) -> Iterable[Explained]:
        """The figures of other units by which the formula measures, where it compares them."""
        line = self._line
        indicator, values = line.indicator, line.parts[place].column.values
        for unit_id in scale_of(indicator.formula, values, line.unit_id):
            if unit_id != line.unit_id and self._sees(unit_id, indicator.indicator_id):
                yield as_known(FigureKind.PEER, values[unit_id], unit_id)

    def _inherited(self, each: Inherited) -> Explained:
        score = each.score if each.score is not None else Fraction(each.value.value)
        return figure(
            self._plan,
            f"{each.unit_id} {each.period}",
            FigureKind.INHERITED,
            score,
            weight=each.share * HUNDRED,
            positions=(*(known.position for known in (each.value, each.target) if known), each.position),
        )


def _raters(plan: Plan, appraised: Evaluated, share: Fraction) -> Iterable[Explained]:
    """What each class of raters contributes to a part of the whole."""
    for of_class in appraised.classes:
        tally = of_class.tally
        mean = tally.mean if tally.mean is not None else ZERO
        counted = f"{tally.n_valid} of {tally.n} valid{', trimmed' * tally.trimmed}"
        yield figure(
            plan,
            of_class.rater_class.lower(),
            FigureKind.RATERS,
            of_class.weight * mean / HUNDRED * share,
            weight=of_class.weight * share,
            formula=f"{_said(of_class)}, {counted}",
            positions=(tally.position,),
        )


def _said(of_class: ClassShare) -> str:
    """What a class says; the mean of a few ballots is not told, because it would tell the ballots."""
    if not of_class.weight:
        return "too small a sample" if of_class.tally.survey else "too few valid ballots"
    return f"{exact_text(of_class.tally.mean or ZERO)} points of 100"


def _overstatement(plan: Plan, found: Overstatement) -> Explained:
    better = rounded(found.gap * HUNDRED, plan.score_scale, plan.rounding)
    return figure(
        plan,
        f"{found.indicator.name}: reported {better} % better than verified",
        FigureKind.OVERSTATEMENT,
        -found.points,
        formula=None if plan.dishonesty is None else f"factor {plan.dishonesty.factor}",
        positions=tuple(sorted({found.claim.position, found.verified.position})),
    )


def _adjustment(plan: Plan, counted: CountedItem, sign: Fraction) -> Explained:
    item = counted.item
    return figure(
        plan,
        f"{item.matter_id}: {counted.standing}",
        FigureKind.ADJUSTMENT,
        sign * counted.points,
        formula=str(item.rule),
        positions=item.positions,
    )


def _formula(line: Line) -> str:
    if line.status in (LineStatus.EXEMPT, LineStatus.MISSING, LineStatus.ASSUMED):
        return line.status.value
    return f"{line.indicator.formula.kind}: {exact_text(line.score)} points of 100"

"""Where the groups stand: results as anybody could settle them from the events so far."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal

from ledger.binhai.city import Cell, City
from ledger.binhai.stage import Stage
from ledger.domain.results import Results, UnitResult
from ledger.domain.score import Basis
from ledger.domain.settlement import settle

GOAL_SHARE = Decimal("0.8")
"""What the indicators count in the total; the appraisal counts the rest."""


def results_of(city: City, stage: Stage, group_id: str) -> Results:
    """The group's results for the whole year as of now."""
    recall = stage.recall(city.cycle_id)
    return settle(recall.slice(city.cycle_id, group_id, period=None, basis=Basis.OFFICIAL))


def grades_of(results: Results) -> Mapping[str, str]:
    """The grades if they were opened now; none while a tie is undecided."""
    allocation = results.opening.allocation if results.opening is not None else None
    return {} if allocation is None else allocation.grades


def either_side(results: Results, grade: str) -> tuple[UnitResult, UnitResult] | None:
    """The last unit that has a grade and the next in the ranking, where nothing but the order parts them."""
    grades = grades_of(results)
    ranked = [row for row in results.rows if row.rank is not None]
    inside = [place for place, row in enumerate(ranked) if grades.get(row.unit_id) == grade]
    if not inside or inside != list(range(inside[0], inside[-1] + 1)) or inside[-1] + 1 >= len(ranked):
        return None
    return ranked[inside[-1]], ranked[inside[-1] + 1]


def points_needed(city: City, row: UnitResult, gap: Decimal) -> tuple[Cell, Decimal] | None:
    """A yearly award of the unit, and the points it has to become for the total to grow by `gap`; None if none can."""
    for line in sorted(row.lines, key=lambda line: line.score):
        if line.indicator.formula.kind.value != "DIRECT_POINTS" or len(line.periods) != 1:
            continue
        cell = (row.unit_id, line.indicator.indicator_id, line.period)
        if cell not in city.books.figures:
            continue
        gained = gap * 100 / (GOAL_SHARE * Decimal(line.weight.numerator) / Decimal(line.weight.denominator))
        wanted = (city.books.figures[cell] + gained).quantize(Decimal("0.1"), ROUND_CEILING)
        if wanted <= 100:
            return cell, wanted
    return None

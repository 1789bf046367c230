"""Where the groups stand: results as anybody could settle them from the events so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

from ledger.binhai.city import Cell, City
from ledger.binhai.stage import Stage
from ledger.domain.formula import FormulaKind
from ledger.domain.results import Results, UnitResult
from ledger.domain.score import Basis
from ledger.domain.settlement import settle

GOAL_SHARE = Fraction(4, 5)
"""What the indicators count in the total; the appraisal counts the rest."""
FULL_MARKS = Decimal(100)


def results_of(city: City, stage: Stage, group_id: str) -> Results:
    """The group's results for the whole year as of now."""
    return settle(stage.known.slice(city.cycle_id, group_id, period=None, basis=Basis.OFFICIAL))


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


def regraded(results: Results, others: Results) -> list[str]:
    """The units that have another grade in the other results."""
    grades = grades_of(results)
    return sorted(unit_id for unit_id, grade in grades_of(others).items() if grades.get(unit_id) != grade)


def swaps(results: Results, *, lighter: str, heavier: str, by: Decimal) -> bool:
    """Whether moving weight from one indicator to another lets a unit pass one of a better grade.

    A guess on the scores as they are, so that not every change of weights has to be settled.
    """
    grades, moved = grades_of(results), list[tuple[Fraction, str]]()
    for row in results.rows:
        scores = {line.indicator.indicator_id: line.score for line in row.lines}
        gain = GOAL_SHARE * Fraction(by) * (scores[heavier] - scores[lighter]) / 100
        moved.append((row.exact + gain, row.unit_id))
    order = [grades[unit_id] for _, unit_id in sorted(moved, reverse=True) if unit_id in grades]
    return order != [grades[row.unit_id] for row in results.rows if row.unit_id in grades]


def gap_at(results: Results, grade: str) -> Decimal | None:
    """How far the totals lie apart where a grade ends; None where something else parts the units."""
    sides = either_side(results, grade)
    return None if sides is None else sides[0].total - sides[1].total


def raised(city: City, row: UnitResult, gap: Decimal) -> list[tuple[Cell, Decimal]]:
    """Awards of the unit with the points they have to become for the total to grow by `gap`, the weightiest first.

    The last of them decides. Where all of them together do not suffice, each becomes full marks.
    """
    found: list[tuple[Cell, Decimal]] = []
    for worth, cell in sorted(_awards(city, row), key=lambda award: (-award[0], award[1])):
        points = city.books.figures[cell]
        wanted = min((points + gap / worth).quantize(Decimal("0.1"), ROUND_CEILING), FULL_MARKS)
        if wanted > points:
            found.append((cell, wanted))
            gap -= (wanted - points) * worth
        if gap <= 0:
            break
    return found


def reaches(city: City, row: UnitResult, gap: Decimal) -> bool:
    """Whether one award alone can make the total grow by `gap`."""
    return any((FULL_MARKS - city.books.figures[cell]) * worth >= gap for worth, cell in _awards(city, row))


def one_raised(city: City, row: UnitResult, gap: Decimal) -> tuple[Cell, Decimal]:
    """One award of the unit, and the points it has to become for the total to grow by `gap`, or full marks."""
    awards = sorted(_awards(city, row), key=lambda award: (award[0] * (city.books.figures[award[1]] - 100), award[1]))
    worth, cell = awards[0]
    wanted = (city.books.figures[cell] + gap / worth).quantize(Decimal("0.1"), ROUND_CEILING)
    return cell, min(wanted, FULL_MARKS)


def _awards(city: City, row: UnitResult) -> Iterator[tuple[Decimal, Cell]]:
    """The awarded scores that count for a unit, each with what one of its points adds to the total."""
    for line in row.lines:
        if line.indicator.formula.kind is not FormulaKind.DIRECT_POINTS:
            continue
        for scored in line.periods:
            cell = (row.unit_id, line.indicator.indicator_id, scored.period)
            worth = line.weight * scored.share * GOAL_SHARE / 100
            if cell in city.books.figures:
                yield Decimal(worth.numerator) / Decimal(worth.denominator), cell

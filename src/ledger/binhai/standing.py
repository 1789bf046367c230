"""Where the groups stand: results as anybody could settle them from the events so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

from ledger.binhai.city import Cell, City
from ledger.binhai.stage import Stage
from ledger.domain.formula import FormulaKind
from ledger.domain.results import Known, Results, UnitResult
from ledger.domain.score import Basis
from ledger.domain.settlement import settle

GOAL_SHARE = Fraction(4, 5)
"""What the indicators count in the total; the appraisal counts the rest."""
FULL_MARKS = Decimal(100)
MARGIN = Decimal("0.06")
"""By how much a unit passes another, so that rounding does not level them."""
Changes = list[tuple[Cell, Decimal]]
"""Scores with the values that they are to have."""
Raising = Callable[[City, UnitResult, Decimal], Changes]
"""Finds the points that awards of a unit have to become for its total to grow by so much, as far as they reach."""


def results_of(city: City, stage: Stage, group_id: str) -> Results:
    """The group's results for the whole year as of now."""
    return settle(stage.known.slice(city.cycle_id, group_id, period=None, basis=Basis.OFFICIAL))


def grades_of(results: Results) -> Mapping[str, str]:
    """The grades if they were opened now; none while a tie is undecided."""
    allocation = results.opening.allocation if results.opening is not None else None
    return {} if allocation is None else allocation.grades


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a grade ends: the last unit that has it, and the next one, which nothing but the order keeps from it."""

    results: Results
    grade: str
    inside: UnitResult
    outside: UnitResult

    @property
    def group_id(self) -> str:
        """The group."""
        return self.results.slice.group_id

    @property
    def gap(self) -> Decimal:
        """How far the totals lie apart."""
        return self.inside.total - self.outside.total


def cuts(city: City, stage: Stage, group_ids: Iterable[str], *grades: str) -> list[Cut]:
    """Every cut of the groups where one of the grades ends, the closest first."""
    settled = [results_of(city, stage, group_id) for group_id in group_ids]
    found = (_cut(results, grade) for results in settled for grade in grades)
    return sorted((cut for cut in found if cut is not None), key=lambda cut: (cut.gap, cut.group_id, cut.grade))


def _cut(results: Results, grade: str) -> Cut | None:
    grades = grades_of(results)
    ranked = [row for row in results.rows if row.rank is not None]
    inside = [place for place, row in enumerate(ranked) if grades.get(row.unit_id) == grade]
    if not inside or inside != list(range(inside[0], inside[-1] + 1)) or inside[-1] + 1 >= len(ranked):
        return None
    return Cut(results, grade, ranked[inside[-1]], ranked[inside[-1] + 1])


def crossings(
    city: City, stage: Stage, group_ids: Iterable[str], *grades: str, raised_by: Raising
) -> Iterator[tuple[Cut, Changes]]:
    """The cuts that the unit below can cross with other points for its awards, the closest first, and those points.

    The last change decides: without it, the others leave every grade as it is.
    """
    for cut in cuts(city, stage, group_ids, *grades):
        changes = raised_by(city, cut.outside, cut.gap + MARGIN)
        if _decided_by_last(cut, changes):
            yield cut, changes


def _decided_by_last(cut: Cut, changes: Changes) -> bool:
    """Whether the last change brings the unit over the cut after others that regrade nobody."""
    lifted = grades_of(with_values(cut.results, changes)).get(cut.outside.unit_id) == cut.grade
    return lifted and grades_of(with_values(cut.results, changes[:-1])) == grades_of(cut.results)


def with_values(results: Results, changes: Changes) -> Results:
    """The results as they would be if some official values were others."""
    now = results.slice
    changed = {cell: Known(value, now.as_of) for cell, value in changes}
    return settle(replace(now, values={**now.values, **changed}))


def regraded(results: Results, others: Results) -> list[str]:
    """The units that have another grade in the other results."""
    grades = grades_of(results)
    return sorted(unit_id for unit_id, grade in grades_of(others).items() if grades.get(unit_id) != grade)


class Swapping:
    """Guesses, on the scores as they are, which changes of weights let a unit pass one of another grade.

    So that not every change has to be settled.
    """

    def __init__(self, results: Results):
        grades = grades_of(results)
        self._rows = [
            (
                float(row.exact),
                grades[row.unit_id],
                {line.indicator.indicator_id: float(line.score) for line in row.lines},
            )
            for row in results.rows
            if row.unit_id in grades
        ]
        self._order = [grade for _, grade, _ in self._rows]

    def passes(self, *, lighter: str, heavier: str, by: Decimal) -> bool:
        """Whether so much weight moved from one indicator to another seems to regrade anybody."""
        part = float(GOAL_SHARE) * float(by) / 100
        moved = [total + part * (scores[heavier] - scores[lighter]) for total, _, scores in self._rows]
        return [
            self._order[place] for place in sorted(range(len(moved)), key=lambda place: -moved[place])
        ] != self._order


def raised(city: City, row: UnitResult, gap: Decimal) -> Changes:
    """Awards of the unit with the points they have to become for the total to grow by `gap`, in as few as suffice.

    What adds most comes last, so that it decides. Where all of them together do not suffice, each becomes full marks.
    """
    found: list[tuple[Decimal, Cell, Decimal]] = []
    for worth, cell in sorted(_awards(city, row), key=lambda award: (-award[0], award[1])):
        points = city.books.figures[cell]
        wanted = min((points + gap / worth).quantize(Decimal("0.1"), ROUND_CEILING), FULL_MARKS)
        if wanted > points:
            added = (wanted - points) * worth
            found.append((added, cell, wanted))
            gap -= added
        if gap <= 0:
            break
    return [(cell, wanted) for _, cell, wanted in sorted(found)]


def one_raised(city: City, row: UnitResult, gap: Decimal) -> Changes:
    """The one award of the unit with most points left, and what it has to become for the total to grow by `gap`."""
    awards = sorted(_awards(city, row), key=lambda award: (award[0] * (city.books.figures[award[1]] - 100), award[1]))
    worth, cell = awards[0]
    wanted = (city.books.figures[cell] + gap / worth).quantize(Decimal("0.1"), ROUND_CEILING)
    return [(cell, min(wanted, FULL_MARKS))]


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

"""`ledger explain` and `ledger gaps`: why a unit's total is what it is, and where it loses points."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from fractions import Fraction
from typing import Annotated

from cyclopts import Parameter

from ledger.cli.opening import opened_answers, opened_store, settings_here
from ledger.cli.output import Output, Record, print_records, say
from ledger.cli.reading import AsOf
from ledger.domain.explained import SUMMED, Explained, rounding_difference
from ledger.domain.explanation import explain as explained
from ledger.domain.explanation import explain_indicator as explained_indicator
from ledger.domain.gaps import gaps as gaps_of
from ledger.domain.numbers import exact_text, rounded
from ledger.domain.refusals import UnknownId
from ledger.domain.results import Results, UnitResult
from ledger.domain.score import Basis
from ledger.domain.settlement import ENGINE_VERSION

FIGURE_COLUMNS = (
    *("place", "parent", "figure", "kind", "shown", "exact", "rounding_difference"),
    *("weight", "points", "formula", "method", "positions"),
)
FIGURE_COLUMNS_SHOWN = ("figure", "kind", "shown", "exact", "rounding_difference", "weight", "formula", "positions")
GAP_COLUMNS = ("kind", "indicator", "name", "weight", "own", "best", "average", "points_lost")
INDENT = "  "

Period = Annotated[str | None, Parameter(help="The period; the cycle as a whole, if not given.")]
OfBasis = Annotated[Basis, Parameter(help="Whose values count.")]


def explain(
    cycle: str,
    unit: str,
    *,
    indicator: str | None = None,
    period: Period = None,
    basis: OfBasis = Basis.OFFICIAL,
    as_of: AsOf = None,
    output: Output = "table",
) -> None:
    """Print why a unit's total is what it is: every figure with its weight, formula and the events behind it.

    Each figure stands right before those that it is made of; down to the indicators their exact figures add
    up to it, and `rounding_difference` says by how much the shown ones do not. JSON and CSV name the place of
    the figure that each is a part of. Why a unit has its grade is told by `ledger show grades`.

    Parameters
    ----------
    cycle
        The assessment cycle.
    unit
        The unit.
    indicator
        Only what this indicator contributes.
    """
    with _settled(cycle, unit, period, basis, as_of) as (results, row):
        tree = explained(results, row) if indicator is None else explained_indicator(results, row, indicator)
        plan = results.plan
    rank = f"rank {row.rank}" if row.rank is not None else "without a rank"
    say(
        f"{unit} in group {results.slice.group_id}: {rank}, total {row.total}, as of position {results.slice.as_of}; "
        f"plan version {results.plan_version}, {plan.rounding_policy}, {plan.rounding}, engine {ENGINE_VERSION}."
    )
    columns = FIGURE_COLUMNS_SHOWN if output == "table" else FIGURE_COLUMNS
    print_records(_figures(tree, indent=INDENT if output == "table" else ""), columns, output)


def gaps(
    cycle: str,
    unit: str,
    *,
    period: Period = None,
    basis: OfBasis = Basis.OFFICIAL,
    as_of: AsOf = None,
    output: Output = "table",
) -> None:
    """Print where a unit loses points of its total against the best of its group, the costliest first.

    Parameters
    ----------
    cycle
        The assessment cycle.
    unit
        The unit.
    """
    with _settled(cycle, unit, period, basis, as_of) as (results, row):
        found = gaps_of(results, row)

    def figure(exact: Fraction) -> object:
        return rounded(exact, results.plan.score_scale, results.plan.rounding)

    records = (
        {
            "kind": gap.kind,
            "indicator": gap.indicator_id,
            "name": gap.name,
            "weight": exact_text(gap.weight),
            "own": figure(gap.own),
            "best": figure(gap.best),
            "average": figure(gap.average),
            "points_lost": figure(gap.points_lost),
        }
        for gap in found
    )
    print_records(records, GAP_COLUMNS, output)


@contextmanager
def _settled(
    cycle_id: str, unit_id: str, period: str | None, basis: Basis, as_of: int | None
) -> Generator[tuple[Results, UnitResult]]:
    """The results of a unit's group and its own. Raises UnknownId for a unit that is not assessed."""
    settings = settings_here()
    with opened_store(settings) as store, opened_answers(store.database, settings.ledger_id) as answers:
        at = answers.resolve(position=as_of).position
        results, row = answers.unit_results(cycle_id, unit_id, period=period, basis=basis, at=at)
        if row is None:
            raise UnknownId(path="unit", unit_id=unit_id, hint="It is not assessed.")
        yield results, row


def _figures(tree: Explained, *, indent: str) -> list[Record]:
    """The figures one after the other, each right before its parts."""
    records: list[Record] = []

    def add(figure: Explained, parent: int | None, depth: int) -> None:
        place = len(records)
        records.append(
            {
                "place": place,
                "parent": parent,
                "figure": indent * depth + figure.label,
                "kind": figure.kind,
                "shown": figure.shown,
                "exact": exact_text(figure.exact),
                "rounding_difference": rounding_difference(figure) if figure.kind in SUMMED else None,
                "weight": exact_text(figure.weight) if figure.weight is not None else None,
                "points": exact_text(figure.points) if figure.points is not None else None,
                "formula": figure.formula,
                "method": figure.method,
                "positions": " ".join(map(str, figure.positions)),
            }
        )
        for part in figure.parts:
            add(part, place, depth + 1)

    add(tree, None, 0)
    return records

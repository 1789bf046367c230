"""`ledger replay`: the same answers from an export alone."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.types import ExistingFile

from ledger.cli.errors import Differing, NothingStated, Usage
from ledger.cli.output import Format, Output, Record, print_records, say
from ledger.cli.reading import VALUE_COLUMNS, AsOf, print_edits
from ledger.domain.refusals import UnknownId
from ledger.domain.results import Results
from ledger.domain.score import Basis
from ledger.entries import timestamp
from ledger.recount import Recount, Recounted
from ledger.replay import replay as replayed
from ledger.replay import replay_edits

RECOUNT_COLUMNS = ("position", "statement", "subject", "as_of", "hash", "engine", "used_engine", "verdict")
DIFFERENCES_SHOWN_MAX = 5
"""In a table for people; JSON and CSV have all."""
RANKING_COLUMNS = ("rank", "unit", "name", "total", "complete")


def replay(  # noqa: PLR0913 - one parameter for each option
    file: ExistingFile,
    question: Literal["values", "ranking", "log", "recount"],
    /,
    *,
    cycle: Annotated[str | None, Parameter(help="The assessment cycle (recount: all of them if not given).")] = None,
    indicator: Annotated[str | None, Parameter(help="The indicator (values, log).")] = None,
    unit: Annotated[str | None, Parameter(help="The unit (log).")] = None,
    group: Annotated[str | None, Parameter(help="The group (ranking).")] = None,
    period: Annotated[str | None, Parameter(help="The period (log; ranking: else the cycle as a whole).")] = None,
    basis: Annotated[Basis, Parameter(help="Whose values count (ranking).")] = Basis.OFFICIAL,
    as_of: AsOf = None,
    output: Output = "table",
) -> None:
    """Answer from an export alone, without any database, checking its order line by line.

    Parameters
    ----------
    file
        What `ledger export` wrote, from position 1 on.
    question
        values, ranking or log; or recount, which settles every table, grade, tally, report and cadre's result again.
    """
    if as_of is not None and as_of < 1:
        raise UnknownId(path="as_of", position=as_of, hint="Positions begin at 1.")
    if question == "recount":
        print_recount(file, cycle, as_of, output)
        return
    cycle = _needed(cycle, "--cycle")
    if question == "log":
        found = replay_edits(
            file,
            cycle_id=cycle,
            unit_id=_needed(unit, "--unit"),
            indicator_id=_needed(indicator, "--indicator"),
            period=_needed(period, "--period"),
            through=as_of,
        )
        print_edits(found, output)
    elif question == "values":
        rows = replayed(file, through=as_of).values(cycle, _needed(indicator, "--indicator"))
        print_records((dict(zip(VALUE_COLUMNS, row, strict=True)) for row in rows), VALUE_COLUMNS, output)
    else:
        group_id = _needed(group, "--group")
        known = replayed(file, through=as_of)
        print_ranking(known.results(cycle, group_id, period=period, basis=basis), known.names, output)


def print_recount(export: Path, cycle_id: str | None, through: int | None, output: Format) -> None:
    """Print each statement with its hash and verdict, and how far the export was read.

    Raises Differing if one does not come out again, NothingStated if there is neither one nor a
    verified value, and what the reading raises, once that which was read before is printed.
    """
    under_way, found = Recount(export, cycle_id=cycle_id, through=through), list[Recounted]()
    try:
        found.extend(under_way)
    finally:
        print_records(map(partial(_verdict, output=output), found), RECOUNT_COLUMNS, output)
        recorded_at = under_way.last_recorded_at
        reach = f"1 to {under_way.read}, the last recorded at {timestamp(recorded_at)}" if recorded_at else "none"
        say(f"Positions read: {reach}. Verified and corrected values compared: {under_way.values_compared}.")
    if not found and not under_way.values_compared:
        about = "" if cycle_id is None else f" of cycle {cycle_id}"
        raise NothingStated(f"No table, grade, tally, report or verified value{about} was found.")
    differing = [each for each in found if not each.matches]
    if differing:
        first = differing[0]
        raise Differing(
            f"{len(differing)} of {len(found)} statements do not come out again, the first at {first.position}"
        )


def _verdict(each: Recounted, *, output: Format) -> Record:
    shown = each.differences if output != "table" else each.differences[:DIFFERENCES_SHOWN_MAX]
    more = len(each.differences) - len(shown)
    told = "; ".join((*shown, *([f"and {more} more"] if more else [])))
    return {
        "position": each.position,
        "statement": each.statement,
        "subject": each.subject,
        "as_of": each.as_of_position,
        "hash": each.expected_hash,
        "engine": each.recorded_engine,
        "used_engine": each.used_engine,
        "verdict": "same" if each.matches else f"differs: {told}",
    }


def print_ranking(results: Results, names: dict[str, str], output: Format) -> None:
    """Print a ranking, the units without a rank last."""
    records = (
        {
            "rank": row.rank,
            "unit": row.unit_id,
            "name": names.get(row.unit_id, row.unit_id),
            "total": row.total,
            "complete": row.complete,
        }
        for row in results.rows
    )
    print_records(records, RANKING_COLUMNS, output)


def _needed(given: str | None, option: str) -> str:
    if given is None:
        raise Usage(f"This question needs {option}.")
    return given

"""Checking: what the scores of a spot check were drawn from, and how much of each group was checked.

Read from the projections, whoever may see it: what a viewer is shown of it is for the caller to decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ledger.domain.numbers import SHARE_SCALE, Rounding, rounded
from ledger.domain.score import Basis
from ledger.domain.spot_check import Cell, SpotCheck, SpotCheckPlanned, draw, framed
from ledger.results import Answers

GAPS_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCoverage:
    """How much of a group was checked, and how much of that was wrong."""

    group_id: str
    scores: int | None
    """How many scores could be drawn; None where none was drawn."""
    drawn: int | None
    checked: int
    discrepancies: int
    share_checked: Decimal | None
    error_rate: Decimal | None


def frame(answers: Answers, planned: SpotCheckPlanned) -> dict[str, Cell]:
    """The scores that could be drawn, by name, looked up anew at the position that the draw names."""
    as_of = planned.as_of_position
    rows = answers.read(
        "score_value",
        "by_cycle",
        cycle_id=planned.cycle_id,
        basis=Basis.OFFICIAL.value,
        unit_ids=None,
        as_of=as_of,
    )
    cells = ((row["unit_id"], row["indicator_id"], row["period"]) for row in rows)
    return framed(planned, cells, answers.cycle(planned.cycle_id, as_of).membership)


def coverage(
    answers: Answers, cycle_id: str, state: SpotCheck, frame: Mapping[str, Cell], *, at: int
) -> list[GroupCoverage]:
    """How much of each group was checked, of those that anything was drawn from or checked in."""
    membership = answers.cycle(cycle_id, at).membership
    planned = state.planned

    def by_group(cells: Iterable[Cell]) -> Counter[str]:
        return Counter(membership[unit_id][0] for unit_id, _, _ in cells if unit_id in membership)

    scores = by_group(frame.values())
    names = draw(frame, planned.seed, planned.n) if planned else ()
    drawn = by_group(frame[name] for name in names)
    checked = by_group(state.checked)
    found = (each.fact for each in state.discrepancies.values())
    wrong = by_group((fact.unit_id, fact.indicator_id, fact.period) for fact in found)
    return [
        GroupCoverage(
            group_id=group_id,
            scores=scores[group_id] if planned else None,
            drawn=drawn[group_id] if planned else None,
            checked=checked[group_id],
            discrepancies=wrong[group_id],
            share_checked=_share(checked[group_id], scores[group_id]),
            error_rate=_share(wrong[group_id], checked[group_id]),
        )
        for group_id in sorted(scores.keys() | checked.keys())
    ]


def _share(part: int, whole: int) -> Decimal | None:
    return rounded(Fraction(part, whole), SHARE_SCALE, Rounding.HALF_UP) if whole else None


def claims_apart(answers: Answers, cycle_id: str, *, at: int) -> Iterator[dict[str, Any]]:
    """The scores whose unit claimed another value than the official one, in the order they became official."""
    after: int | None = None
    while True:
        rows = answers.read(
            "score_value",
            "by_gap",
            cycle_id=cycle_id,
            gap_min=Decimal(0),
            as_of=at,
            after=after,
            before=None,
            limit=GAPS_PAGE,
        )
        yield from rows
        if len(rows) < GAPS_PAGE:
            return
        after = rows[-1]["from_position"]

"""Movement: how the units of a group stand at two moments, and which events can have moved them.

Source: domain.md 0.7, 4.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from ledger.domain.cycle import Cycle, CycleFact
from ledger.domain.facts import Fact
from ledger.domain.grade_opening import pool_of
from ledger.domain.results import Results
from ledger.domain.rulings import Rulings


class Placing(NamedTuple):
    """How a unit stands in its group."""

    rank: int | None
    total: Decimal
    grade: str | None
    """The grade if grades were opened then."""


Placings = Mapping[str, Placing]
"""By unit."""


class Moved(NamedTuple):
    """A unit that stands otherwise at a second moment than at a first."""

    unit_id: str
    before: Placing | None
    """None if it was not in the group then."""
    after: Placing | None

    @property
    def rank_delta(self) -> int | None:
        """Places gained (positive) or lost; None without a rank at either moment."""
        before, after = self.before and self.before.rank, self.after and self.after.rank
        return None if before is None or after is None else before - after

    @property
    def total_delta(self) -> Decimal | None:
        """The total's change; None if the unit was in the group at one moment only."""
        return None if self.before is None or self.after is None else self.after.total - self.before.total


def placings(results: Results) -> dict[str, Placing]:
    """How the units of a group stand, by unit."""
    return {row.unit_id: Placing(row.rank, row.total, results.grade_if_opened(row.unit_id)) for row in results.rows}


def moved(before: Placings, after: Placings) -> list[Moved]:
    """The units whose rank, total or grade differs, those that moved most places first."""
    pairs = (Moved(unit_id, before.get(unit_id), after.get(unit_id)) for unit_id in before.keys() | after.keys())
    return sorted(
        (each for each in pairs if each.before != each.after),
        key=lambda each: (-abs(each.rank_delta or 0), each.unit_id),
    )


def groups_moved(fact: Fact, cycle: Cycle, rulings: Rulings, *, whole: bool) -> list[str]:
    """The groups whose results the fact can move: its own, its unit's and its successors', else all.

    In the cycle as a `whole`, where grades are opened, also those that share a quota with them.
    """
    if not cycle.versions:
        return []
    group_id, unit_id = getattr(fact, "group_id", None), getattr(fact, "unit_id", None)
    if isinstance(fact, CycleFact) or (group_id is None and unit_id is None):
        return [group.group_id for group in cycle.latest.plan.groups]
    own = list(_own_groups(group_id, unit_id, cycle, rulings))
    return list(dict.fromkeys(each for of in own for each in (of, *(pool_of(cycle, of) if whole else ()))))


def _own_groups(group_id: str | None, unit_id: str | None, cycle: Cycle, rulings: Rulings) -> Iterable[str]:
    if group_id is not None:
        return (group_id,)
    heirs = rulings.reorganisations.heirs(unit_id) if unit_id is not None else ()
    return dict.fromkeys(cycle.membership[heir][0] for heir in heirs if heir in cycle.membership)

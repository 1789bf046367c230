"""When what moves results may be recorded: in its phases, and once grades are opened, inside a restatement only.

The one place of C11. Source: domain.md 2.3, 2.5.
"""

from __future__ import annotations

from collections.abc import Iterable

from ledger.domain.cycle import Cycle, cycle_stream
from ledger.domain.grading import grading_stream
from ledger.domain.phases import Phase
from ledger.domain.publication import publication_stream
from ledger.domain.refusals import PhaseViolation, RestatementRequired
from ledger.domain.world import World


def require_phase(cycle: Cycle, phases: tuple[Phase, ...], *, path: str | None = None, hint: str | None = None) -> None:
    """Refuse unless the cycle is in one of `phases`. Raises PhaseViolation."""
    _require(cycle.phase, cycle, phases, path=path, hint=hint)


def require_movable(
    world: World, cycle_id: str, group_ids: Iterable[str], phases: tuple[Phase, ...], *, hint: str | None = None
) -> None:
    """Refuse what moves the results of these groups, but in `phases`, and of graded ones inside a restatement.

    Inside one what may be done after entry may be done, and no more. Raises PhaseViolation, RestatementRequired.
    """
    cycle = world.read(cycle_stream(cycle_id))
    graded = graded_among(world, cycle_id, group_ids)
    for group_id in graded:
        require_restatement(world, cycle_id, group_id)
    _require(Phase.ENTRY_CLOSED if graded else cycle.phase, cycle, phases, hint=hint)


def require_restatement(world: World, cycle_id: str, group_id: str) -> str:
    """Return the number of the restatement that covers the group. Raises RestatementRequired."""
    number = world.read(publication_stream(cycle_id)).restates(group_id)
    if number is None:
        raise RestatementRequired(cycle_id=cycle_id, group_id=group_id)
    return number


def graded_among(world: World, cycle_id: str, group_ids: Iterable[str]) -> tuple[str, ...]:
    """Those of the groups whose grades are opened."""
    return tuple(each for each in group_ids if world.read(grading_stream(cycle_id, each)).graded)


def _require(
    phase: Phase, cycle: Cycle, phases: tuple[Phase, ...], *, path: str | None = None, hint: str | None = None
) -> None:
    if phase not in phases:
        raise PhaseViolation(path=path, phase=cycle.phase, allowed=" or ".join(phases), hint=hint)

"""Commands during whose decision something else happens, once: what another thread or process does meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from year import CYCLE, GROUP, entry, verification

from ledger.domain.commands import ComputeResults, EnterScore, VerifyScore
from ledger.domain.facts import Fact
from ledger.domain.world import World

MEANWHILE: list[Callable[[], object]] = []
"""What happens, one thing at each decision; the `meanwhile` fixture empties it."""


def _happen() -> None:
    if MEANWHILE:
        MEANWHILE.pop(0)()


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterScoreSlowly(EnterScore):
    """An entry after whose decision, but before whose append, something happens."""

    def decide(self, world: World) -> list[Fact]:
        decided = EnterScore.decide(self, world)
        _happen()
        return decided


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyScoreLate(VerifyScore):
    """A verification before whose decision, but after whose id was looked up, something happens."""

    def decide(self, world: World) -> list[Fact]:
        _happen()
        return VerifyScore.decide(self, world)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeResultsSlowly(ComputeResults):
    """A computation after whose decision, but before whose append, something happens."""

    def decide(self, world: World) -> list[Fact]:
        decided = ComputeResults.decide(self, world)
        _happen()
        return decided


def slow_computation() -> ComputeResultsSlowly:
    """The computation of the group's results, slowly."""
    return ComputeResultsSlowly(cycle_id=CYCLE, group_id=GROUP)


def slow_entry(unit_id: str = "U000", value: str = "12.34") -> EnterScoreSlowly:
    """The entry of one unit's score, slowly."""
    same = entry(unit_id, value)
    return EnterScoreSlowly(
        cycle_id=same.cycle_id,
        unit_id=same.unit_id,
        indicator_id=same.indicator_id,
        period=same.period,
        value=same.value,
        uom=same.uom,
    )


def late_verification(position: int) -> VerifyScoreLate:
    """The verification of the value entered at `position`, late."""
    same = verification(position)
    return VerifyScoreLate(
        cycle_id=same.cycle_id,
        unit_id=same.unit_id,
        indicator_id=same.indicator_id,
        period=same.period,
        verified_position=position,
    )

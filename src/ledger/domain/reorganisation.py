"""Reorganisation: units merged or split within a year, duties handed over, and what a successor takes over.

Every score stays where it was recorded, under the unit that earned it; a successor's figures
are arithmetic over its own and its predecessors', so a late correction to a predecessor flows
into the successor. Source: domain.md 2.4 "Registry", 3.10.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from ledger.domain.facts import STREAMS_NAMED_MAX, Audience, Event, Fact, Stream


class CarryPolicy(StrEnum):
    """What a successor takes over from its predecessors."""

    SUM_ACTUALS = "SUM_ACTUALS"
    """Their actuals and targets are added to its own: for flows."""
    TIME_WEIGHTED = "TIME_WEIGHTED"
    """Their scores count for the months before, its own for the months after."""
    SUCCESSOR_ONLY = "SUCCESSOR_ONLY"
    """Nothing: only its own figures count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitShare:
    """The part of a whole that falls to a unit; the parts sum to exactly 1."""

    unit_id: str
    share: Decimal
    """Above 0, at most 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorCarry:
    """An indicator that is carried over otherwise than the rest."""

    indicator_id: str
    carry: CarryPolicy
    """What the successor takes over for this indicator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocatedTarget:
    """What one successor of a split unit is to reach on an indicator."""

    indicator_id: str
    unit_id: str
    target: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReorganisationFact(Fact):
    """A fact about the reorganisation of a cycle's units."""

    AUDIENCE = Audience.EVERYBODY

    cycle_id: str
    effective_on: date
    reason: str
    evidence: tuple[str, ...]

    @property
    def stream(self) -> str:
        return reorganisation_stream(self.cycle_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsMerged(ReorganisationFact):
    """Several units became one."""

    MOVES = True

    predecessors: tuple[UnitShare, ...]
    successor_id: str
    carry: CarryPolicy
    carry_otherwise: tuple[IndicatorCarry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSplit(ReorganisationFact):
    """One unit became several."""

    MOVES = True

    predecessor_id: str
    successors: tuple[UnitShare, ...]
    targets: tuple[AllocatedTarget, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyTransferred(ReorganisationFact):
    """Another unit answers for some indicators from a day on; what was recorded stays."""

    indicator_ids: tuple[str, ...]
    from_unit_id: str
    to_unit_id: str


@dataclass(frozen=True, slots=True)
class Merger:
    """Several units that became one, with the position that made it so."""

    position: int
    effective_on: date
    successor_id: str
    shares: Mapping[str, Fraction]
    """By predecessor, summing to exactly 1."""
    policy: CarryPolicy
    by_indicator: Mapping[str, CarryPolicy]
    """Where an indicator is carried over otherwise."""

    def policy_of(self, indicator_id: str) -> CarryPolicy:
        """What the successor takes over for an indicator."""
        return self.by_indicator.get(indicator_id, self.policy)


@dataclass(frozen=True, slots=True)
class Split:
    """A unit that became several, with the position that made it so."""

    position: int
    effective_on: date
    predecessor_id: str
    shares: Mapping[str, Fraction]
    """By successor, summing to exactly 1."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Duties that went from one unit to another."""

    position: int
    fact: DutyTransferred


@dataclass(frozen=True, slots=True)
class Reorganisations:
    """Who became whom; folded over the events of one cycle, or of several."""

    mergers: tuple[Merger, ...] = ()
    splits: tuple[Split, ...] = ()
    transfers: tuple[Transfer, ...] = ()

    def merger_into(self, unit_id: str) -> Merger | None:
        """The merger that the unit came from, None if it came from none."""
        return next((merger for merger in self.mergers if merger.successor_id == unit_id), None)

    def split_into(self, unit_id: str) -> Split | None:
        """The split that the unit came from, None if it came from none."""
        return next((split for split in self.splits if unit_id in split.shares), None)

    def predecessors_of(self, unit_id: str) -> tuple[str, ...]:
        """The units that the unit came from directly."""
        merged = (unit for merger in self.mergers if merger.successor_id == unit_id for unit in merger.shares)
        return (*merged, *(split.predecessor_id for split in self.splits if unit_id in split.shares))

    def successors_of(self, unit_id: str) -> tuple[str, ...]:
        """The units that the unit became directly: one after a merger, several after a split."""
        merged = (merger.successor_id for merger in self.mergers if unit_id in merger.shares)
        return (*merged, *(unit for split in self.splits if split.predecessor_id == unit_id for unit in split.shares))

    def ended_on(self, unit_id: str) -> date | None:
        """The first day on which the unit is another, or several; None if it goes on."""
        if not self.mergers and not self.splits:
            return None
        merged = (merger.effective_on for merger in self.mergers if unit_id in merger.shares)
        split = (split.effective_on for split in self.splits if split.predecessor_id == unit_id)
        return min((*merged, *split), default=None)

    def lineage(self, unit_id: str) -> tuple[str, ...]:
        """The unit and every unit it came from, the nearest first."""
        found = [unit_id]
        for each in found:
            found.extend(unit for unit in self.predecessors_of(each) if unit not in found)
        return tuple(found)

    def heirs(self, unit_id: str) -> tuple[str, ...]:
        """The unit and every unit it became, the nearest first."""
        if not self.mergers and not self.splits:
            return (unit_id,)
        found = [unit_id]
        for each in found:
            found.extend(unit for unit in self.successors_of(each) if unit not in found)
        return tuple(found)

    def heir_of(self, unit_id: str) -> str:
        """The one unit that the unit became in the end: itself where it goes on, or was split."""
        successors = self.successors_of(unit_id)
        return self.heir_of(successors[0]) if len(successors) == 1 else unit_id

    def transferred(self, unit_id: str, indicator_id: str, *, since: int, on: date) -> tuple[str, int]:
        """Who answers on the day `on` for an indicator that is the unit's duty since a position, and since when."""
        for transfer in self.transfers:
            duty = transfer.fact
            moves = duty.from_unit_id == unit_id and indicator_id in duty.indicator_ids
            if moves and transfer.position > since and duty.effective_on <= on:
                unit_id, since = duty.to_unit_id, transfer.position
        return unit_id, since

    def evolve(self, event: Event, /) -> Reorganisations:
        """Return the state after `event`."""
        match event.fact:
            case UnitsMerged() as fact:
                by_indicator = {each.indicator_id: each.carry for each in fact.carry_otherwise}
                shares = _fractions(fact.predecessors)
                merger = Merger(event.position, fact.effective_on, fact.successor_id, shares, fact.carry, by_indicator)
                return replace(self, mergers=(*self.mergers, merger))
            case UnitSplit() as fact:
                split = Split(event.position, fact.effective_on, fact.predecessor_id, _fractions(fact.successors))
                return replace(self, splits=(*self.splits, split))
            case DutyTransferred() as fact:
                return replace(self, transfers=(*self.transfers, Transfer(event.position, fact)))
            case _:
                return self


@lru_cache(maxsize=STREAMS_NAMED_MAX)
def reorganisation_stream(cycle_id: str) -> Stream[Reorganisations]:
    """The stream of a cycle's mergers, splits and transfers."""
    return Stream(f"reorganisation:{cycle_id}", Reorganisations())


def months_around(effective_on: date, *, starts_on: date, ends_on: date) -> tuple[int, int]:
    """The months of a cycle before and after a day, which together are all of them.

    A month counts whole; the one that the day lies in counts after.
    """
    count = _month(ends_on) - _month(starts_on) + 1
    before = min(max(_month(effective_on) - _month(starts_on), 0), count)
    return before, count - before


def time_weighted(
    predecessors: Sequence[tuple[Fraction, Fraction]], *, months_before: int, successor: Fraction, months_after: int
) -> Fraction:
    """The score of a successor, exact: its predecessors' for the months before, its own for those after.

    Each predecessor is a score with its share; the months are not both 0.
    """
    before = sum((score * share for score, share in predecessors), Fraction(0))
    return (months_before * before + months_after * successor) / (months_before + months_after)


def sum_actuals(predecessors: Iterable[Fraction], own: Fraction) -> Fraction:
    """The actual (or the target) of a successor, exact: its predecessors' and its own together."""
    return sum(predecessors, own)


def _fractions(shares: Iterable[UnitShare]) -> dict[str, Fraction]:
    return {share.unit_id: Fraction(share.share) for share in shares}


def _month(day: date) -> int:
    return day.year * 12 + day.month

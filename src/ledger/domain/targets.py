"""Targets: what a unit is to reach on an indicator, and how the target was moved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from ledger.domain.facts import STREAMS_NAMED_MAX, Audience, Event, Fact, Stream
from ledger.domain.schedule import Schedule


class TargetReason(StrEnum):
    """Why a target may be moved."""

    POLICY_CHANGE = "POLICY_CHANGE"
    FORCE_MAJEURE = "FORCE_MAJEURE"
    DEFINITION_CHANGE = "DEFINITION_CHANGE"
    REORGANISATION = "REORGANISATION"
    SUPERIOR_ADJUSTMENT = "SUPERIOR_ADJUSTMENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleStep:
    """How much of the annual target is due by the end of a period, cumulated, from 0 to 1."""

    period: str
    cumulative_share: Decimal


def schedule_of(steps: Iterable[ScheduleStep]) -> Schedule:
    """The schedule that these steps spell."""
    return tuple((step.period, step.cumulative_share) for step in steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFact(Fact):
    """A fact about the target of one unit on one indicator."""

    AUDIENCE = Audience.EVERYBODY

    cycle_id: str
    unit_id: str
    indicator_id: str

    @property
    def stream(self) -> str:
        return target_stream(self.cycle_id, self.unit_id, self.indicator_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSet(TargetFact):
    """A target was set."""

    MOVES = True
    VALUE = "target"

    target: Decimal
    uom: str
    baseline: Decimal | None = None
    stretch: Decimal | None = None
    difficulty: Decimal | None = None
    progress_schedule: tuple[ScheduleStep, ...] = ()
    replaces_position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetAdjusted(TargetFact):
    """A target was moved, with the leading group's approval."""

    MOVES = True
    VALUE = "new_target"
    CITES = "adjusts_position"

    adjusts_position: int
    old_target: Decimal
    new_target: Decimal
    reason_code: TargetReason
    reason: str
    evidence: tuple[str, ...]
    requested_by: str
    approved_by: str
    late_authority: str | None = None
    requester_benefits: bool
    baseline: Decimal | None = None
    """The baseline of the target that was moved; it does not move with it."""


@dataclass(frozen=True, slots=True)
class Target:
    """What decisions need to know of a target."""

    target: Decimal | None = None
    position: int | None = None
    baseline: Decimal | None = None
    """The figure it grows from."""
    schedule: tuple[ScheduleStep, ...] = ()
    """How much of it is due by when; shares, so that they outlast an adjustment."""

    def evolve(self, event: Event, /) -> Target:
        """Return the target after `event`."""
        match event.fact:
            case TargetSet() as fact:
                return Target(fact.target, event.position, fact.baseline, fact.progress_schedule)
            case TargetAdjusted() as fact:
                return replace(self, target=fact.new_target, position=event.position, baseline=fact.baseline)
            case _:
                return self


@lru_cache(maxsize=STREAMS_NAMED_MAX)
def target_stream(cycle_id: str, unit_id: str, indicator_id: str) -> Stream[Target]:
    """The stream of one target."""
    return Stream(f"target:{cycle_id}:{unit_id}:{indicator_id}", Target())

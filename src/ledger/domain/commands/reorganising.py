"""Commands about units that merge, split, dissolve or hand over duties: the leading group decides.

Source: domain.md 2.4 "Registry", 3.10.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ledger.domain.appeal import appeal_stream
from ledger.domain.commands.moving import require_movable, require_phase
from ledger.domain.commands.subjects import subject_of
from ledger.domain.cycle import Cycle, cycle_stream
from ledger.domain.facts import Fact, Stream
from ledger.domain.phases import REORGANISING, SETTING_TARGETS
from ledger.domain.plan import EntryKind, Indicator
from ledger.domain.plan_check import check_target
from ledger.domain.refusals import (
    DuplicateId,
    MalformedInput,
    NoChange,
    ResultsIncomplete,
    UnknownId,
)
from ledger.domain.reorganisation import (
    AllocatedTarget,
    CarryPolicy,
    DutyTransferred,
    IndicatorCarry,
    Reorganisations,
    UnitShare,
    UnitsMerged,
    UnitSplit,
    reorganisation_stream,
)
from ledger.domain.roles import Role
from ledger.domain.targets import TargetSet, target_stream
from ledger.domain.units import Unit, UnitDissolved, unit_stream
from ledger.domain.world import Command, World


@dataclass(frozen=True, slots=True, kw_only=True)
class ReorganisationCommand(Command):
    """A decision about units of a cycle, on evidence, from a day on."""

    cycle_id: str
    effective_on: date
    reason: str
    evidence: tuple[str, ...]

    def stream(self) -> Stream[Reorganisations]:
        return reorganisation_stream(self.cycle_id)

    def act(self, world: World) -> Cycle:
        """Act for the leading group, and return the cycle. Raises UnknownId, MalformedInput."""
        world.act(Role.LEADING)
        cycle = world.exists(cycle_stream(self.cycle_id), path="cycle_id", cycle_id=self.cycle_id)
        if cycle.ends_on is not None and self.effective_on > cycle.ends_on:
            raise MalformedInput(path="effective_on", ends_on=cycle.ends_on, hint="The cycle is over by then.")
        return cycle

    def active(self, world: World, unit_id: str, *, path: str) -> Unit:
        """A unit that exists on the day and that no decision has ended. Raises UnknownId, MalformedInput."""
        unit = world.exists(unit_stream(unit_id), path=path, unit_id=unit_id)
        if unit.dissolved_on is not None:
            raise MalformedInput(path=path, unit_id=unit_id, dissolved_on=unit.dissolved_on)
        if not unit.active_on(self.effective_on):
            raise MalformedInput(path=path, unit_id=unit_id, exists_from=unit.effective_on)
        return unit

    def without_origin(self, world: World, unit_id: str, *, path: str) -> None:
        """Refuse a unit that came from others in this cycle already: it has one origin. Raises DuplicateId."""
        if world.read(self.stream()).predecessors_of(unit_id):
            raise DuplicateId(path=path, unit_id=unit_id, hint="The unit came from others in this cycle already.")

    def dissolved(self, world: World, unit_id: str, duties_to: tuple[str, ...]) -> UnitDissolved:
        """The end of a unit whose duties go to others. Raises ResultsIncomplete while an appeal of it is open."""
        appeals = world.read(appeal_stream(self.cycle_id, unit_id)).open_in({unit_id})
        if appeals:
            raise ResultsIncomplete(path="unit_id", unit_id=unit_id, open_appeals=[each.position for each in appeals])
        return UnitDissolved(
            unit_id=unit_id,
            cycle_id=self.cycle_id,
            effective_on=self.effective_on,
            duties_to=duties_to,
            reason=world.reason(self.reason, length_min=5),
            evidence=world.evidence(self.evidence, count_min=1),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeUnits(ReorganisationCommand):
    """Let several units become one, which takes over what the policy says; the several end with it."""

    predecessors: tuple[UnitShare, ...]
    """The units that become one, with the share of each in their common score; the shares sum to exactly 1."""
    successor_id: str
    """The registered unit that they become, none of themselves."""
    carry: CarryPolicy
    """What the successor takes over."""
    carry_otherwise: tuple[IndicatorCarry, ...] = ()
    """The indicators that are carried over otherwise."""

    def decide(self, world: World) -> list[Fact]:
        cycle = self.act(world)
        units = _check_shares(self.predecessors, path="predecessors")
        if self.successor_id in units:
            raise MalformedInput(path="successor_id", unit_id=self.successor_id, hint="It is one of the predecessors.")
        for unit_id in units:
            self.active(world, unit_id, path="predecessors")
        self.active(world, self.successor_id, path="successor_id")
        self.without_origin(world, self.successor_id, path="successor_id")
        self._check_carry(cycle)
        _require_open(world, cycle, self.cycle_id, (*units, self.successor_id))
        merged = UnitsMerged(
            cycle_id=self.cycle_id,
            predecessors=self.predecessors,
            successor_id=self.successor_id,
            carry=self.carry,
            carry_otherwise=self.carry_otherwise,
            effective_on=self.effective_on,
            reason=world.reason(self.reason, length_min=5),
            evidence=world.evidence(self.evidence, count_min=1),
        )
        return [merged, *(self.dissolved(world, unit_id, (self.successor_id,)) for unit_id in units)]

    def _check_carry(self, cycle: Cycle) -> None:
        otherwise = {each.indicator_id: each.carry for each in self.carry_otherwise}
        if len(otherwise) != len(self.carry_otherwise):
            raise DuplicateId(path="carry_otherwise", hint="One policy for each indicator.")
        for indicator_id in otherwise:
            _indicator(cycle, indicator_id, path="carry_otherwise")
        for indicator in cycle.latest.plan.indicators:
            carry = otherwise.get(indicator.indicator_id, self.carry)
            if carry is CarryPolicy.SUM_ACTUALS and indicator.entry_kind is EntryKind.POINTS:
                hint = "Awarded points are no flow and do not add up; weight them by time."
                raise MalformedInput(path="carry_otherwise", indicator_id=indicator.indicator_id, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitUnit(ReorganisationCommand):
    """Let one unit become several, which inherit its scores for the months before; it ends with it."""

    predecessor_id: str
    """The unit that becomes several."""
    successors: tuple[UnitShare, ...]
    """The registered units that it becomes, with the share of each; the shares sum to exactly 1."""
    targets: tuple[AllocatedTarget, ...] = ()
    """What each successor is to reach; for an indicator with a schedule they add up to the predecessor's target."""

    def decide(self, world: World) -> list[Fact]:
        cycle = self.act(world)
        units = _check_shares(self.successors, path="successors")
        if self.predecessor_id in units:
            raise MalformedInput(path="successors", unit_id=self.predecessor_id, hint="It is the predecessor.")
        self.active(world, self.predecessor_id, path="predecessor_id")
        for unit_id in units:
            self.active(world, unit_id, path="successors")
            self.without_origin(world, unit_id, path="successors")
        _require_open(world, cycle, self.cycle_id, (self.predecessor_id, *units))
        split = UnitSplit(
            cycle_id=self.cycle_id,
            predecessor_id=self.predecessor_id,
            successors=self.successors,
            targets=self.targets,
            effective_on=self.effective_on,
            reason=world.reason(self.reason, length_min=5),
            evidence=world.evidence(self.evidence, count_min=1),
        )
        targets = self._targets(world, cycle, units)
        return [split, *targets, self.dissolved(world, self.predecessor_id, units)]

    def _targets(self, world: World, cycle: Cycle, units: tuple[str, ...]) -> list[TargetSet]:
        """The successors' targets, as the allocation sets them."""
        if self.targets:
            require_phase(cycle, SETTING_TARGETS, path="targets")
        if len({(each.indicator_id, each.unit_id) for each in self.targets}) != len(self.targets):
            raise DuplicateId(path="targets", hint="One target for each successor and indicator.")
        for indicator_id in {each.indicator_id: None for each in self.targets}:
            self._check_sum(world, _indicator(cycle, indicator_id, path="targets"))
        return [self._target(world, each, units) for each in self.targets]

    def _check_sum(self, world: World, indicator: Indicator) -> None:
        if not indicator.schedule:
            return  # Only of a flow, which is due step by step, do the parts add up to the whole.
        parent = world.read(target_stream(self.cycle_id, self.predecessor_id, indicator.indicator_id))
        whole = parent.target if parent.target is not None else indicator.target
        parts = sum((t.target for t in self.targets if t.indicator_id == indicator.indicator_id), Decimal(0))
        if whole is not None and parts != whole:
            raise MalformedInput(path="targets", indicator_id=indicator.indicator_id, sum=parts, whole=whole)

    def _target(self, world: World, allocated: AllocatedTarget, units: tuple[str, ...]) -> TargetSet:
        if allocated.unit_id not in units:
            raise UnknownId(path="targets", unit_id=allocated.unit_id, hint="It is none of the successors.")
        subject = subject_of(world, self.cycle_id, allocated.unit_id, allocated.indicator_id)
        check_target(subject.indicator, allocated.target, path="targets")
        old = world.read(target_stream(self.cycle_id, allocated.unit_id, allocated.indicator_id))
        return TargetSet(
            cycle_id=self.cycle_id,
            unit_id=allocated.unit_id,
            indicator_id=allocated.indicator_id,
            target=allocated.target,
            uom=subject.indicator.uom,
            replaces_position=old.position,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DissolveUnit(ReorganisationCommand):
    """End a unit without an open appeal; corrections asked for go to whoever takes over its duties."""

    unit_id: str
    duties_to: tuple[str, ...] = ()
    """The units that take over its duties."""

    def decide(self, world: World) -> list[Fact]:
        self.act(world)
        self.active(world, self.unit_id, path="unit_id")
        for unit_id in self.duties_to:
            self.active(world, unit_id, path="duties_to")
        if self.unit_id in self.duties_to:
            raise MalformedInput(path="duties_to", unit_id=self.unit_id, hint="It is the unit that ends.")
        requests = world.recall(self.cycle_id).requests(self.cycle_id, (self.unit_id,))
        if requests and not self.duties_to:
            raise ResultsIncomplete(path="duties_to", unit_id=self.unit_id, open_requests=requests)
        return [self.dissolved(world, self.unit_id, self.duties_to)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferDuty(ReorganisationCommand):
    """Let another unit answer for some indicators from a day on; what was recorded stays."""

    indicator_ids: tuple[str, ...]
    """The indicators whose duty moves."""
    from_unit_id: str
    """The unit that answered for them."""
    to_unit_id: str
    """The unit that answers for them from then on."""

    def decide(self, world: World) -> list[Fact]:
        cycle = self.act(world)
        if self.from_unit_id == self.to_unit_id:
            raise NoChange(path="to_unit_id", unit_id=self.to_unit_id)
        if not self.indicator_ids:
            raise MalformedInput(path="indicator_ids", hint="Name at least one indicator.")
        for indicator_id in self.indicator_ids:
            _indicator(cycle, indicator_id, path="indicator_ids")
        world.exists(unit_stream(self.from_unit_id), path="from_unit_id", unit_id=self.from_unit_id)
        self.active(world, self.to_unit_id, path="to_unit_id")
        return [
            DutyTransferred(
                cycle_id=self.cycle_id,
                indicator_ids=self.indicator_ids,
                from_unit_id=self.from_unit_id,
                to_unit_id=self.to_unit_id,
                effective_on=self.effective_on,
                reason=world.reason(self.reason, length_min=5),
                evidence=world.evidence(self.evidence, count_min=1),
            )
        ]


def _check_shares(shares: tuple[UnitShare, ...], *, path: str) -> tuple[str, ...]:
    """The units of the shares, which are at least two and sum to exactly 1. Raises MalformedInput, DuplicateId."""
    units = tuple(share.unit_id for share in shares)
    if len(units) < 2:
        raise MalformedInput(path=path, given=len(units), hint="Name at least two units.")
    if len(set(units)) != len(units):
        raise DuplicateId(path=path, hint="Name each unit once.")
    total = sum((share.share for share in shares), Decimal(0))
    if total != 1 or any(share.share <= 0 for share in shares):
        raise MalformedInput(path=path, sum=total, hint="The shares are above 0 and sum to exactly 1.")
    return units


def _indicator(cycle: Cycle, indicator_id: str, *, path: str) -> Indicator:
    indicator = cycle.latest.plan.indicator(indicator_id)
    if indicator is None:
        raise UnknownId(path=path, indicator_id=indicator_id)
    return indicator


def _require_open(world: World, cycle: Cycle, cycle_id: str, units: Iterable[str]) -> None:
    """Refuse once grades of the units' groups are opened, unless a restatement covers them."""
    groups = {cycle.membership[unit_id][0] for unit_id in units if unit_id in cycle.membership}
    require_movable(world, cycle_id, sorted(groups), REORGANISING)

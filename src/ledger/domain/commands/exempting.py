"""Commands that exempt a unit from an indicator, and the rule that something is left to it.

Source: domain.md 2.4 "Measures and plan", 3.4, C2 of 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ledger.domain.commands.moving import require_phase
from ledger.domain.cycle import (
    Cycle,
    Exemption,
    IndicatorExempted,
    IndicatorExemptionEnded,
    NotApplicablePolicy,
    cycle_stream,
)
from ledger.domain.facts import Fact
from ledger.domain.persons import person_stream
from ledger.domain.phases import EXEMPTING
from ledger.domain.plan import Participation
from ledger.domain.refusals import InvalidPeriod, NoChange, UnknownId, WeightsNot100
from ledger.domain.roles import Role
from ledger.domain.settlement import due
from ledger.domain.world import Command, World


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptIndicator(Command):
    """Let an indicator not apply to a unit, for some periods or for all; decided by another than who asked."""

    cycle_id: str
    unit_id: str
    indicator_id: str
    periods: tuple[str, ...] = ()
    policy: NotApplicablePolicy = NotApplicablePolicy.REDISTRIBUTE
    reason: str
    evidence: tuple[str, ...]
    requested_by: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.DIRECTOR, Role.LEADING)
        cycle = world.exists(cycle_stream(self.cycle_id), path="cycle_id", cycle_id=self.cycle_id)
        require_phase(cycle, EXEMPTING)
        plan = cycle.latest.plan
        indicator = plan.indicator(self.indicator_id)
        if self.unit_id not in cycle.membership or indicator is None:
            raise UnknownId(path="unit_id" if indicator else "indicator_id")
        group_id, _ = cycle.membership[self.unit_id]
        if indicator.weight_in(group_id) is None:
            raise NoChange(path="indicator_id", hint="The indicator does not apply to this unit anyway.")
        for period in self.periods:
            if period not in plan.periods_of(indicator):
                raise InvalidPeriod(path="periods", given=period)
        if all(cycle.exempted(self.unit_id, self.indicator_id, p) for p in self.periods or plan.periods_of(indicator)):
            raise NoChange(path="indicator_id", hint="It is exempted already.")
        siblings = [i for i in plan.indicators if i.dimension_id == indicator.dimension_id and i is not indicator]
        if not any(i.weight_in(group_id) and not _exempted(cycle, self.unit_id, i.indicator_id) for i in siblings):
            # The whole dimension falls away and its weight spreads over the others.
            world.act(Role.LEADING)
        exemption = Exemption(
            unit_id=self.unit_id,
            indicator_id=self.indicator_id,
            periods=self.periods,
            position=0,
            policy=self.policy,
        )
        require_weights(replace(cycle, exemptions=(*cycle.exemptions, exemption)), path="indicator_id")
        world.exists(person_stream(self.requested_by), path="requested_by", person_id=self.requested_by)
        world.differ({self.requested_by}, because="who asks for an exemption does not grant it")
        return [
            IndicatorExempted(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                periods=self.periods,
                policy=self.policy,
                reason=world.reason(self.reason, length_min=10),
                evidence=world.evidence(self.evidence, count_min=1),
                requested_by=self.requested_by,
                approved_by=world.person_id,
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndIndicatorExemption(Command):
    """Let an exempted indicator apply to the unit again."""

    cycle_id: str
    exempted_position: int
    reason: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.DIRECTOR, Role.LEADING)
        cycle = world.exists(cycle_stream(self.cycle_id), path="cycle_id", cycle_id=self.cycle_id)
        require_phase(cycle, EXEMPTING)
        found = next((e for e in cycle.exemptions if e.position == self.exempted_position), None)
        if found is None:
            raise UnknownId(path="exempted_position", position=self.exempted_position)
        return [
            IndicatorExemptionEnded(
                cycle_id=self.cycle_id,
                unit_id=found.unit_id,
                indicator_id=found.indicator_id,
                exempted_position=found.position,
                reason=world.reason(self.reason, length_min=5),
            )
        ]


def require_weights(cycle: Cycle, *, path: str) -> None:
    """Refuse a state of the cycle in which exemptions leave an assessed unit no weight. Source: domain.md 2.5, C2.

    As long as one indicator counts, it has the weight of all.
    """
    for unit_id in sorted({exemption.unit_id for exemption in cycle.exemptions} & cycle.membership.keys()):
        group_id, participation = cycle.membership[unit_id]
        if participation is Participation.NOT_ASSESSED:
            continue
        counted = due(cycle, group_id, None)
        if all(cycle.redistributes(unit_id, indicator.indicator_id, period) for indicator, period in counted):
            hint = "No indicator would be left to the unit; let it not be assessed, or end an exemption."
            raise WeightsNot100(path=path, unit_id=unit_id, sum=0, hint=hint)


def _exempted(cycle: Cycle, unit_id: str, indicator_id: str) -> bool:
    return any(e.unit_id == unit_id and e.indicator_id == indicator_id for e in cycle.exemptions)

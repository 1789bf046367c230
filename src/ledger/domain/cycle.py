"""The cycle: one assessment year, its phase, its plan versions, its groups and exemptions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from ledger.domain.facts import STREAMS_NAMED_MAX, Audience, Event, Fact, Stream
from ledger.domain.periods import parse_period
from ledger.domain.phases import Phase
from ledger.domain.plan import Deadline, Participation, Plan
from ledger.domain.refusals import PlanNotInForce, UnknownId

if TYPE_CHECKING:
    from collections.abc import Mapping


class NotApplicablePolicy(StrEnum):
    """What happens to the weight of an indicator that does not apply to a unit."""

    REDISTRIBUTE = "REDISTRIBUTE"
    """The other indicators of the dimension share it in proportion."""
    GROUP_AVERAGE = "GROUP_AVERAGE"
    """The unit gets the average score of the group's other units."""
    FULL_MARK = "FULL_MARK"
    """The unit gets full marks; discouraged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleFact(Fact):
    """A fact about one cycle."""

    AUDIENCE = Audience.EVERYBODY
    MOVES = True

    cycle_id: str

    @property
    def stream(self) -> str:
        return cycle_stream(self.cycle_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class CyclePlanned(CycleFact):
    """An assessment year was laid out."""

    title: str
    starts_on: date
    ends_on: date
    measures_id: str
    measures_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanVersionIssued(CycleFact):
    """A version of the plan was issued, whole."""

    plan_version: int
    based_on: int | None
    content: Plan
    content_hash: str
    in_force_from_period: str | None = None
    summary: str
    approved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarAmended(CycleFact):
    """Deadlines were moved, or days off and make-up workdays were named anew."""

    deadlines: tuple[Deadline, ...]
    holidays: tuple[date, ...] | None = None
    """Every day off from then on; null leaves them as they were."""
    makeup_workdays: tuple[date, ...] | None = None
    """Every weekend day that is worked from then on; null leaves them as they were."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitAssignedToGroup(CycleFact):
    """A unit takes part in another group, or in another way, than the plan says."""

    unit_id: str
    group_id: str
    participation: Participation
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorExempted(CycleFact):
    """An indicator does not apply to a unit, for some periods or for all."""

    unit_id: str
    indicator_id: str
    periods: tuple[str, ...] = ()
    policy: NotApplicablePolicy
    reason: str
    evidence: tuple[str, ...]
    requested_by: str
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorExemptionEnded(CycleFact):
    """An indicator applies to the unit again."""

    CITES = "exempted_position"

    unit_id: str
    indicator_id: str
    exempted_position: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleOpened(CycleFact):
    """Entry of scores began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryClosed(CycleFact):
    """Entry of scores ended; verification and corrections go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleClosed(CycleFact):
    """The cycle ended; only a restatement touches it from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanVersion:
    """A plan version with the position that issued it."""

    plan_version: int
    position: int
    plan: Plan
    in_force_from_period: str | None

    def covers(self, period: str | None) -> bool:
        """Whether the version speaks of `period`; None asks for the cycle as a whole.

        A version in force from the third quarter leaves the first two, and the half-year they
        make, under the older one; the year, which ends later, is settled under the new one.
        """
        if period is None or self.in_force_from_period is None:
            return True
        return parse_period(period).ends_on > parse_period(self.in_force_from_period).starts_on

    def amended(self, fact: CalendarAmended) -> PlanVersion:
        """The same version with the calendar as it was amended."""
        calendar = self.plan.calendar.amended(
            fact.deadlines, holidays=fact.holidays, makeup_workdays=fact.makeup_workdays
        )
        return replace(self, plan=replace(self.plan, calendar=calendar))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """An indicator that does not apply to a unit."""

    unit_id: str
    indicator_id: str
    periods: tuple[str, ...]
    position: int
    policy: NotApplicablePolicy = NotApplicablePolicy.REDISTRIBUTE

    def covers(self, period: str) -> bool:
        """Whether the exemption holds for `period`; no periods means all."""
        return not self.periods or period in self.periods


@dataclass(frozen=True)
class Cycle:
    """What decisions need to know of a cycle."""

    phase: Phase = Phase.DRAFT
    """The phase that is recorded; how far results have come within it: `phase_shown`."""
    title: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    measures_id: str = ""
    versions: tuple[PlanVersion, ...] = ()
    entry_closed_position: int | None = None
    assigned: tuple[tuple[str, str, Participation], ...] = ()
    exemptions: tuple[Exemption, ...] = ()

    def evolve(self, event: Event, /) -> Cycle:
        """Return the cycle after `event`."""
        match event.fact:
            case CyclePlanned() as fact:
                return replace(
                    self,
                    phase=Phase.PLANNED,
                    title=fact.title,
                    starts_on=fact.starts_on,
                    ends_on=fact.ends_on,
                    measures_id=fact.measures_id,
                )
            case PlanVersionIssued() as fact:
                version = PlanVersion(
                    plan_version=fact.plan_version,
                    position=event.position,
                    plan=fact.content,
                    in_force_from_period=fact.in_force_from_period,
                )
                return replace(self, versions=(*self.versions, version), assigned=())
            case CalendarAmended() as fact:
                return replace(self, versions=tuple(version.amended(fact) for version in self.versions))
            case UnitAssignedToGroup() as fact:
                others = tuple(a for a in self.assigned if a[0] != fact.unit_id)
                return replace(self, assigned=(*others, (fact.unit_id, fact.group_id, fact.participation)))
            case IndicatorExempted() as fact:
                exemption = Exemption(
                    unit_id=fact.unit_id,
                    indicator_id=fact.indicator_id,
                    periods=fact.periods,
                    position=event.position,
                    policy=fact.policy,
                )
                return replace(self, exemptions=(*self.exemptions, exemption))
            case IndicatorExemptionEnded() as fact:
                kept = tuple(e for e in self.exemptions if e.position != fact.exempted_position)
                return replace(self, exemptions=kept)
            case CycleOpened():
                return replace(self, phase=Phase.OPEN)
            case EntryClosed():
                return replace(self, phase=Phase.ENTRY_CLOSED, entry_closed_position=event.position)
            case CycleClosed():
                return replace(self, phase=Phase.CLOSED)
            case _:
                return self

    @property
    def latest(self) -> PlanVersion:
        """The plan version issued last. Raises PlanNotInForce."""
        if not self.versions:
            raise PlanNotInForce()
        return self.versions[-1]

    def in_force(self, period: str | None = None) -> PlanVersion:
        """The plan version that holds for `period`, the latest that covers it. Raises PlanNotInForce."""
        for version in reversed(self.versions):
            if version.covers(period):
                return version
        raise PlanNotInForce(period=period)

    def version(self, plan_version: int | None, *, path: str) -> PlanVersion:
        """A version by its number, the latest for None. Raises PlanNotInForce, UnknownId."""
        latest = self.latest
        found = (each for each in self.versions if each.plan_version == plan_version)
        version = latest if plan_version is None else next(found, None)
        if version is None:
            raise UnknownId(path=path, plan_version=plan_version, latest=latest.plan_version)
        return version

    def versions_after(self, earlier: PlanVersion, later: PlanVersion) -> list[PlanVersion]:
        """The versions that were issued after one, up to another."""
        return [each for each in self.versions if earlier.plan_version < each.plan_version <= later.plan_version]

    @cached_property
    def membership(self) -> Mapping[str, tuple[str, Participation]]:
        """Each unit's group and participation, by unit id: the plan's, but for units assigned otherwise since."""
        assigned = {unit_id: (group_id, participation) for unit_id, group_id, participation in self.assigned}
        return self.latest.plan.membership | assigned

    def exempted(self, unit_id: str, indicator_id: str, period: str) -> bool:
        """Whether the indicator does not apply to the unit in that period."""
        return self.exemption(unit_id, indicator_id, period) is not None

    def exemption(self, unit_id: str, indicator_id: str, period: str) -> Exemption | None:
        """The exemption that holds for the score, None if the indicator applies."""
        if not self.exemptions:
            return None
        return next((e for e in self._exemptions.get((unit_id, indicator_id), ()) if e.covers(period)), None)

    def redistributes(self, unit_id: str, indicator_id: str, period: str) -> bool:
        """Whether an exemption gives the score's weight to others; otherwise something stands in for the score."""
        exemption = self.exemption(unit_id, indicator_id, period)
        return exemption is not None and exemption.policy is NotApplicablePolicy.REDISTRIBUTE

    @cached_property
    def _exemptions(self) -> Mapping[tuple[str, str], list[Exemption]]:
        found: dict[tuple[str, str], list[Exemption]] = {}
        for exemption in self.exemptions:
            found.setdefault((exemption.unit_id, exemption.indicator_id), []).append(exemption)
        return found


@lru_cache(maxsize=STREAMS_NAMED_MAX)
def cycle_stream(cycle_id: str) -> Stream[Cycle]:
    """The stream of one cycle and its plan."""
    return Stream(f"plan:{cycle_id}", Cycle())

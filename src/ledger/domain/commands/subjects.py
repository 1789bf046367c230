"""What a command about a score speaks of: its unit, indicator and period, resolved and checked.

Source: domain.md 2.5, S1 and S8.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from ledger.domain.commands.moving import graded_among, require_movable
from ledger.domain.cycle import Cycle, cycle_stream
from ledger.domain.facts import Stream
from ledger.domain.formulas import check_actual
from ledger.domain.numbers import check_scale
from ledger.domain.periods import parse_period, start_of
from ledger.domain.phases import Phase
from ledger.domain.plan import POINTS_MAX, DeadlineName, EntryKind, Indicator, Participation, Plan
from ledger.domain.publication import publication_stream
from ledger.domain.refusals import (
    InvalidPeriod,
    NotApplicable,
    OutOfRange,
    PeriodNotEnded,
    PeriodNotStarted,
    SeparationOfDuties,
    UnitOfMeasureMismatch,
    UnknownId,
)
from ledger.domain.reorganisation import reorganisation_stream
from ledger.domain.roles import Role
from ledger.domain.score import Score, score_stream
from ledger.domain.world import Command, World


@dataclass(frozen=True, slots=True)
class Subject:
    """What a score is about, once its names are known to be right."""

    cycle: Cycle
    plan: Plan
    indicator: Indicator
    groups: tuple[str, ...]
    """The groups whose results the score moves: the unit's own, and those of the units that it became."""


def subject_of(world: World, cycle_id: str, unit_id: str, indicator_id: str, period: str | None = None) -> Subject:
    """Resolve the names of a score. Raises UnknownId, PlanNotInForce, InvalidPeriod, NotApplicable."""
    world.once(_planned, cycle_id, indicator_id, period)
    group_id, groups = world.once(_assessed, cycle_id, unit_id)
    subject = world.once(_subject, cycle_id, indicator_id, period, group_id, groups)
    if subject is None or (period is not None and subject.cycle.exempted(unit_id, indicator_id, period)):
        raise NotApplicable(path="indicator_id", unit_id=unit_id, indicator_id=indicator_id)
    return subject


def _subject(
    world: World, cycle_id: str, indicator_id: str, period: str | None, group_id: str, groups: tuple[str, ...]
) -> Subject | None:
    """What the scores of one group's units are about, None where the indicator does not apply to them."""
    cycle, plan, indicator = world.once(_planned, cycle_id, indicator_id, period)
    if period is not None and not plan.has_period(indicator, period):
        raise InvalidPeriod(path="period", given=period, frequency=indicator.frequency)
    applies = groups and indicator.weight_in(group_id) is not None
    return Subject(cycle, plan, indicator, groups) if applies else None


def _planned(world: World, cycle_id: str, indicator_id: str, period: str | None) -> tuple[Cycle, Plan, Indicator]:
    """The indicator in the plan that holds for the period."""
    cycle = world.exists(cycle_stream(cycle_id), path="cycle_id", cycle_id=cycle_id)
    plan = cycle.in_force(parse_period(period).period if period is not None else None).plan
    indicator = plan.indicator(indicator_id)
    if indicator is None:
        raise UnknownId(path="indicator_id", indicator_id=indicator_id)
    return cycle, plan, indicator


def _assessed(world: World, cycle_id: str, unit_id: str) -> tuple[str, tuple[str, ...]]:
    """The unit's own group, and those in which it, or a unit that it became, is assessed."""
    membership = world.read(cycle_stream(cycle_id)).membership
    if unit_id not in membership:
        raise UnknownId(path="unit_id", unit_id=unit_id)
    # What a unit earned before it ended counts for its successors, so it may still be put right.
    heirs = world.read(reorganisation_stream(cycle_id)).heirs(unit_id)
    found = [membership[each] for each in heirs if each in membership]
    groups = {group for group, taking_part in found if taking_part is not Participation.NOT_ASSESSED}
    return membership[unit_id][0], tuple(sorted(groups))


def check_uom(indicator: Indicator, uom: str) -> None:
    """Raise UnitOfMeasureMismatch unless `uom` is the indicator's."""
    if uom != indicator.uom:
        raise UnitOfMeasureMismatch(path="uom", given=uom, expected=indicator.uom)


def check_value(indicator: Indicator, value: Decimal, *, path: str = "value") -> None:
    """Raise ScaleExceeded or OutOfRange unless `value` is one the indicator allows."""
    check_scale(value, indicator.scale, path=path)
    low, high = indicator.value_min, indicator.value_max
    if indicator.entry_kind is EntryKind.POINTS:
        low, high = low or Decimal(0), POINTS_MAX if high is None else high
    if (low is not None and value < low) or (high is not None and value > high):
        raise OutOfRange(path=path, given=value, minimum=low, maximum=high)
    check_actual(indicator.formula, value, path=path)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCommand(Command):
    """A command about one score."""

    cycle_id: str
    unit_id: str
    indicator_id: str
    period: str
    expected_version: int | None = None

    def stream(self) -> Stream[Score]:
        return score_stream(self.cycle_id, self.unit_id, self.indicator_id, self.period)

    def act(self, world: World, *roles: Role) -> Role:
        """Act in one of `roles` for this unit and indicator."""
        return world.act(*roles, unit_id=self.unit_id, indicator_id=self.indicator_id)

    def subject(self, world: World) -> Subject:
        """Resolve what the score is about."""
        return subject_of(world, self.cycle_id, self.unit_id, self.indicator_id, self.period)

    def score(self, world: World) -> Score:
        """The score as it stands, at the version the sender expects."""
        stream = self.stream()
        score = world.read(stream)
        world.expect(stream, self.expected_version)
        return score

    def require_impartial(
        self, world: World, subject: Subject, *, persons: Iterable[str] | None = None, path: str = "unit_id"
    ) -> None:
        """Refuse those who belong to the unit, unless the plan lets units be scored by their own."""
        if not subject.plan.may_score_own_unit:
            world.require_impartial(self.unit_id, persons=persons, path=path, refusal=SeparationOfDuties)

    def require_phase(self, world: World, subject: Subject, phases: tuple[Phase, ...]) -> None:
        """Refuse unless the cycle is in one of `phases`, and a restatement covers any grades that rest on the score."""
        world.once(require_movable, self.cycle_id, subject.groups, phases)

    def graded(self, world: World, subject: Subject) -> tuple[str, ...]:
        """The groups whose grades are opened and rest on the score."""
        return world.once(graded_among, self.cycle_id, subject.groups)

    def restatement(self, world: World, subject: Subject) -> str | None:
        """The number of the open restatement under which the score changes, None if it changes under none."""
        publications = world.read(publication_stream(self.cycle_id))
        numbers = (publications.restates(group_id) for group_id in subject.groups)
        return next((number for number in numbers if number is not None), None)

    def require_period(self, world: World, subject: Subject, *, interim: bool) -> None:
        """Refuse a value for a period that has not begun, or not ended unless it is meant as interim.

        And for one that begins when the unit is no more: its successors have the figures from then on.
        """
        world.once(_require_period, self.period, subject.plan.timezone, interim)
        ended_on = world.read(reorganisation_stream(self.cycle_id)).ended_on(self.unit_id)
        if ended_on is not None and parse_period(self.period).starts_on >= ended_on:
            raise NotApplicable(path="period", unit_id=self.unit_id, ended_on=ended_on)

    def require_in_time(self, world: World, name: DeadlineName) -> None:
        """Refuse what comes after the deadline of its period."""
        world.once(_require_in_time, self.cycle_id, self.period, name)


def _require_period(world: World, text: str, timezone: str, interim: bool) -> None:
    period = parse_period(text)
    if world.now < start_of(period.starts_on, timezone):
        raise PeriodNotStarted(path="period", starts_on=period.starts_on)
    if not interim and world.now < start_of(period.ends_on, timezone):
        raise PeriodNotEnded(path="period", ends_before=period.ends_on)


def _require_in_time(world: World, cycle_id: str, period: str, name: DeadlineName) -> None:
    plan = world.read(cycle_stream(cycle_id)).in_force(period).plan
    world.before_end_of(plan.calendar.deadline(name, period), plan.timezone, name=name)

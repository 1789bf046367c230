"""The annual plan: what is assessed, with which weights and formulas, in which groups, until when.

A plan is data. Its versions are recorded whole, and every figure is settled under the
version that was in force, never under today's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.formulas import KINDS
from ledger.domain.numbers import SCALE_MAX, Rounding, RoundingPolicy, check_scale
from ledger.domain.periods import Frequency, Period, parse_period
from ledger.domain.refusals import (
    DuplicateId,
    FormulaInvalid,
    GroupOverlap,
    MalformedInput,
    OutOfRange,
    Refused,
    UnitWithoutGroup,
    UnknownId,
    WeightsNot100,
)


class EntryKind(StrEnum):
    """What is entered for an indicator."""

    ACTUAL = "ACTUAL"
    """A measured figure, in the indicator's unit of measure."""
    POINTS = "POINTS"
    """Points awarded by the scoring department."""


class Participation(StrEnum):
    """How a unit takes part."""

    RANKED = "RANKED"
    """Scored, ranked, counted in quotas."""
    LISTED_SEPARATELY = "LISTED_SEPARATELY"
    """Scored, but neither ranked nor counted in quotas."""
    NOT_ASSESSED = "NOT_ASSESSED"
    """Not scored in this cycle."""


class DeadlineName(StrEnum):
    """What has to be done by a deadline."""

    SELF_REPORT = "SELF_REPORT"
    ENTRY = "ENTRY"
    VERIFICATION = "VERIFICATION"


class ApproverIndependence(StrEnum):
    """From whom the approver of a correction has to differ."""

    FULL = "FULL"
    """From who requested it and from who entered and verified the corrected value."""
    REQUESTER = "REQUESTER"
    """From who requested it and from who entered the corrected value: an office of two persons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """A part of the index system that keeps its weight together."""

    dimension_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupWeight:
    """The weight of an indicator for the units of one group, in percentage points."""

    group_id: str
    weight: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A leaf of the index system."""

    indicator_id: str
    name: str
    dimension_id: str
    weights: tuple[GroupWeight, ...]
    formula: Formula
    entry_kind: EntryKind
    uom: str
    scale: int
    frequency: Frequency
    value_min: Decimal | None = None
    value_max: Decimal | None = None
    target: Decimal | None = None
    """The target of every unit that has none of its own."""
    scoring_unit_id: str | None = None
    evidence_count_min: int = 0

    def weight_in(self, group_id: str) -> Decimal | None:
        """The weight for units of the group, None where the indicator does not apply."""
        return next((weight.weight for weight in self.weights if weight.group_id == group_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A unit in a group."""

    unit_id: str
    participation: Participation = Participation.RANKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Units that are ranked among each other."""

    group_id: str
    name: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """The last local day on which something may be done, for one period or for all."""

    name: DeadlineName
    ends_on: date
    period: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The plan's days, local to its time zone."""

    target_freeze_on: date | None = None
    """After this day targets move only with superior authority."""
    deadlines: tuple[Deadline, ...] = ()
    holidays: tuple[date, ...] = ()
    makeup_workdays: tuple[date, ...] = ()

    def deadline(self, name: DeadlineName, period: str) -> date | None:
        """The last day for `period`: its own deadline, else the one for all periods, else None."""
        own = (d.ends_on for d in self.deadlines if d.name is name and d.period == period)
        general = (d.ends_on for d in self.deadlines if d.name is name and d.period is None)
        return next(own, next(general, None))

    def amended(self, deadlines: tuple[Deadline, ...]) -> Calendar:
        """The calendar with these deadlines in place of those of the same name and period."""
        changed = {(d.name, d.period) for d in deadlines}
        kept = tuple(d for d in self.deadlines if (d.name, d.period) not in changed)
        return replace(self, deadlines=(*kept, *deadlines))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One version of the annual plan, whole."""

    title: str
    unit_ids: tuple[str, ...]
    """The assessed units; the groups partition them."""
    periods: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    indicators: tuple[Indicator, ...]
    groups: tuple[Group, ...]
    calendar: Calendar = Calendar()
    timezone: str = "Asia/Shanghai"
    score_scale: int = 2
    rounding: Rounding = Rounding.HALF_UP
    rounding_policy: RoundingPolicy = RoundingPolicy.EXACT_THEN_ROUND
    approver_independence: ApproverIndependence = ApproverIndependence.FULL
    may_score_own_unit: bool = False

    def indicator(self, indicator_id: str) -> Indicator | None:
        """Return one indicator, None if the plan has none of this id."""
        return self._indicators.get(indicator_id)

    def group(self, group_id: str) -> Group | None:
        """Return one group, None if the plan has none of this id."""
        return next((group for group in self.groups if group.group_id == group_id), None)

    def periods_of(self, indicator: Indicator) -> tuple[str, ...]:
        """The periods for which the indicator is scored, in the order of their ends."""
        return self._periods_by_frequency.get(indicator.frequency, ())

    @cached_property
    def _indicators(self) -> dict[str, Indicator]:
        return {indicator.indicator_id: indicator for indicator in self.indicators}

    @cached_property
    def _periods_by_frequency(self) -> dict[Frequency, tuple[str, ...]]:
        found: dict[Frequency, list[Period]] = {}
        for text in self.periods:
            period = parse_period(text)
            found.setdefault(period.frequency, []).append(period)
        return {f: tuple(p.period for p in sorted(of, key=lambda p: p.ends_on)) for f, of in found.items()}

    def content_hash(self) -> str:
        """SHA-256 over the canonical JSON of the plan, in hex."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def check_plan(plan: Plan) -> None:
    """Refuse a plan that contradicts itself; `path` names the place.

    Raises DuplicateId, UnknownId, MalformedInput, InvalidPeriod, GroupOverlap,
    UnitWithoutGroup, ScaleExceeded, OutOfRange, FormulaInvalid or WeightsNot100.
    """
    _check_names(plan)
    spelled: dict[tuple[date, date], str] = {}
    for position, text in enumerate(plan.periods):
        with _at(f"periods.{position}"):
            period = parse_period(text)
            other = spelled.setdefault((period.starts_on, period.ends_on), text)
            if other != text:
                raise DuplicateId(period=text, other=other, hint="One period has one spelling in a plan.")
    _check_groups(plan)
    for indicator in plan.indicators:
        with _at(f"indicators.{indicator.indicator_id}"):
            _check_indicator(plan, indicator)
    _check_weights(plan)
    check_calendar(plan)


class _at:
    """Prefix the path of a refusal raised inside."""

    def __init__(self, path: str):
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, refused: BaseException | None, traceback: object) -> None:
        if isinstance(refused, Refused):
            refused.path = f"{self.path}.{refused.path}" if refused.path else self.path


def _check_names(plan: Plan) -> None:
    for path, ids in _ids(plan):
        seen: set[str] = set()
        for name in ids:
            if name in seen:
                raise DuplicateId(path=path, id=name)
            seen.add(name)
    if not plan.indicators or not plan.groups or not plan.periods:
        raise MalformedInput(path="plan", hint="A plan has at least one period, one group and one indicator.")
    if not 0 <= plan.score_scale <= SCALE_MAX:
        raise MalformedInput(path="score_scale", given=plan.score_scale, scale_max=SCALE_MAX)
    try:
        ZoneInfo(plan.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MalformedInput(path="timezone", given=plan.timezone) from None


def _ids(plan: Plan) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "periods", plan.periods
    yield "unit_ids", plan.unit_ids
    yield "dimensions", tuple(dimension.dimension_id for dimension in plan.dimensions)
    yield "indicators", tuple(indicator.indicator_id for indicator in plan.indicators)
    yield "groups", tuple(group.group_id for group in plan.groups)


def _check_groups(plan: Plan) -> None:
    assessed = set(plan.unit_ids)
    group_of: dict[str, str] = {}
    for group in plan.groups:
        for member in group.members:
            if member.unit_id not in assessed:
                raise UnknownId(path=f"groups.{group.group_id}", unit_id=member.unit_id, hint="List it in unit_ids.")
            if member.unit_id in group_of:
                both = f"{group_of[member.unit_id]} and {group.group_id}"
                raise GroupOverlap(path=f"groups.{group.group_id}", unit_id=member.unit_id, groups=both)
            group_of[member.unit_id] = group.group_id
    for unit_id in plan.unit_ids:
        if unit_id not in group_of:
            raise UnitWithoutGroup(path="groups", unit_id=unit_id)


def _check_indicator(plan: Plan, indicator: Indicator) -> None:
    if indicator.dimension_id not in {dimension.dimension_id for dimension in plan.dimensions}:
        raise UnknownId(path="dimension_id", dimension_id=indicator.dimension_id)
    if not 0 <= indicator.scale <= SCALE_MAX:
        raise MalformedInput(path="scale", given=indicator.scale, scale_max=SCALE_MAX)
    if not plan.periods_of(indicator):
        raise MalformedInput(
            path="frequency", given=indicator.frequency, hint="The plan has no period of this frequency."
        )
    groups = {group.group_id for group in plan.groups}
    for weight in indicator.weights:
        if weight.group_id not in groups:
            raise UnknownId(path="weights", group_id=weight.group_id)
        if weight.weight <= 0:
            raise FormulaInvalid(
                path="weights", group_id=weight.group_id, weight=weight.weight, hint="Weights are positive."
            )
    if len({weight.group_id for weight in indicator.weights}) != len(indicator.weights):
        raise DuplicateId(path="weights", hint="One weight for each group.")
    if (
        indicator.value_min is not None
        and indicator.value_max is not None
        and indicator.value_max < indicator.value_min
    ):
        raise MalformedInput(path="value_max", value_min=indicator.value_min, value_max=indicator.value_max)
    with _at("formula"):
        KINDS[indicator.formula.kind].check(indicator.formula)
    if indicator.target is not None:
        check_target(indicator, indicator.target, path="target")
    awarded = indicator.formula.kind is FormulaKind.DIRECT_POINTS
    if awarded != (indicator.entry_kind is EntryKind.POINTS):
        raise FormulaInvalid(path="entry_kind", given=indicator.entry_kind, kind=indicator.formula.kind)


def check_target(indicator: Indicator, target: Decimal, *, path: str) -> None:
    """Raise ScaleExceeded or OutOfRange unless the indicator's formula can score against `target`."""
    check_scale(target, indicator.scale, path=path)
    if target < 0 or (target == 0 and indicator.formula.zero_target_step is None):
        raise OutOfRange(path=path, given=target, hint="A zero target needs a formula with zero_target_step.")


def _check_weights(plan: Plan) -> None:
    # Every unit of a group has the group's weights, so each group is summed once; the path
    # still names a unit, because that is what the rule speaks of.
    for group in plan.groups:
        total = sum((i.weight_in(group.group_id) or Decimal(0) for i in plan.indicators), Decimal(0))
        assessed = [m.unit_id for m in group.members if m.participation is not Participation.NOT_ASSESSED]
        if assessed and total != 100:
            raise WeightsNot100(path=f"groups.{group.group_id}.{assessed[0]}", unit_id=assessed[0], sum=total)


def check_calendar(plan: Plan) -> None:
    """Refuse a calendar whose deadlines run out of order. Raises MalformedInput, InvalidPeriod."""
    calendar = plan.calendar
    for deadline in calendar.deadlines:
        if deadline.period is not None and deadline.period not in plan.periods:
            raise UnknownId(path="calendar.deadlines", period=deadline.period)
    keys = [(deadline.name, deadline.period) for deadline in calendar.deadlines]
    if len(set(keys)) != len(keys):
        raise DuplicateId(path="calendar.deadlines", hint="One deadline of a name for each period.")
    for period in plan.periods:
        days = [(name, calendar.deadline(name, period)) for name in DeadlineName]
        given = [(name, day) for name, day in days if day is not None]
        for (earlier, first), (later, second) in pairwise(given):
            if second < first:
                order = f"{later} {second} is before {earlier} {first}"
                raise MalformedInput(path="calendar.deadlines", period=period, order=order)

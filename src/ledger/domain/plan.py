"""The annual plan: what is assessed, with which weights and formulas, in which groups, until when.

A plan is data. Its versions are recorded whole, and every figure is settled under the
version that was in force, never under today's.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from ledger.domain.fingerprint import fingerprint
from ledger.domain.formula import Formula
from ledger.domain.numbers import Rounding, RoundingPolicy
from ledger.domain.periods import Frequency, Period, parse_period
from ledger.domain.plan_rules import (
    AdjustmentRules,
    CadreRules,
    DecisionRule,
    DishonestyRule,
    EvaluationRules,
    LightRules,
    RevisionPolicy,
    TimeLimits,
)
from ledger.domain.quota import GradingRules
from ledger.domain.schedule import Schedule


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


POINTS_MAX = Decimal(100)
"""The most points that may be awarded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodShare:
    """The part of a whole that falls to a period, from 0 to 1."""

    period: str
    share: Decimal


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
    composition: tuple[PeriodShare, ...] = ()
    """How much each period's score counts in the year (PERIOD_WEIGHTED); empty if only the last one does (YEAR_END)."""
    schedule: tuple[PeriodShare, ...] = ()
    """Cumulated share of the year's target due by the end of each period; empty for rates and stocks."""
    tags: tuple[str, ...] = ()
    """Campaigns and attributes to report by, such as LATENT or LONG_TERM."""

    @property
    def shares_due(self) -> Schedule:
        """The plan's schedule for the target."""
        return tuple((step.period, step.share) for step in self.schedule)

    def weight_in(self, group_id: str) -> Decimal | None:
        """The weight for units of the group, None where the indicator does not apply."""
        for weight in self.weights:
            if weight.group_id == group_id:
                return weight.weight
        return None


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

    def amended(
        self,
        deadlines: tuple[Deadline, ...],
        *,
        holidays: tuple[date, ...] | None = None,
        makeup_workdays: tuple[date, ...] | None = None,
    ) -> Calendar:
        """The calendar with these deadlines in place of those of the same name and period; days stay where None."""
        changed = {(d.name, d.period) for d in deadlines}
        kept = tuple(d for d in self.deadlines if (d.name, d.period) not in changed)
        return replace(
            self,
            deadlines=(*kept, *deadlines),
            holidays=self.holidays if holidays is None else holidays,
            makeup_workdays=self.makeup_workdays if makeup_workdays is None else makeup_workdays,
        )

    def says_as(self, other: Calendar) -> bool:
        """Whether both name the same days, in whatever order."""
        lists = ("deadlines", "holidays", "makeup_workdays")
        same = all(set(getattr(self, name)) == set(getattr(other, name)) for name in lists)
        return same and self.target_freeze_on == other.target_freeze_on


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
    evaluation: EvaluationRules | None = None
    adjustments: AdjustmentRules = field(default_factory=AdjustmentRules)
    dishonesty: DishonestyRule | None = None
    grading: GradingRules | None = None
    decisions: tuple[DecisionRule, ...] = ()
    cadres: CadreRules | None = None
    lights: LightRules = field(default_factory=LightRules)
    limits: TimeLimits = field(default_factory=TimeLimits)
    veto_articles: tuple[str, ...] = ()
    """The articles under which a veto may be imposed."""
    graded_subject_to_appeal: bool = False
    """Whether grades may be opened while an appeal is open."""
    appeal_may_lower: bool = True
    """Whether an appeal may end with a lower score (reformatio in peius)."""
    revisions_after_publication: RevisionPolicy = RevisionPolicy.RESTATE

    @cached_property
    def articles(self) -> frozenset[str]:
        """Every article of the plan that a decision may cite."""
        of_decisions = (rule.article for rule in self.decisions)
        return frozenset((*(rule.article for rule in self.adjustments.rules), *of_decisions, *self.veto_articles))

    @cached_property
    def membership(self) -> dict[str, tuple[str, Participation]]:
        """Each unit's group and participation, by unit id."""
        return {m.unit_id: (group.group_id, m.participation) for group in self.groups for m in group.members}

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

    def has_period(self, indicator: Indicator, period: str) -> bool:
        """Whether the indicator is scored for the period."""
        return parse_period(period).frequency is indicator.frequency and period in self._period_set

    @cached_property
    def _period_set(self) -> frozenset[str]:
        return frozenset(self.periods)

    def content_hash(self) -> str:
        """SHA-256 over the canonical JSON of the plan, in hex."""
        return fingerprint(self)

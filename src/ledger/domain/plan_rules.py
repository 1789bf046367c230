"""What a plan rules beyond its index system: evaluation, adjustments, decisions, lights and time limits.

Every figure here is data of one plan version. Source: domain.md 2.4, 3.3, 3.5, 3.6, 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from ledger.domain.quota import SeatRounding


class RaterClass(StrEnum):
    """From where a unit is appraised: from above, from beside, from below, or by the public."""

    SUPERIOR = "SUPERIOR"
    PEER = "PEER"
    SUBORDINATE = "SUBORDINATE"
    PUBLIC = "PUBLIC"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassWeight:
    """How much one class of raters counts in the evaluation."""

    rater_class: RaterClass
    weight: Decimal
    """In percentage points; the classes sum to 100."""
    valid_min: int = 3
    """With fewer valid ballots the class gives its weight to the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionPoints:
    """What one answer on a ballot is worth."""

    option: str
    points: Decimal
    """Points of 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRules:
    """Upper and lower appraisal."""

    share: Decimal = Decimal(0)
    """The part of the total that evaluation makes up, from 0 to 1; the goals make up the rest."""
    classes: tuple[ClassWeight, ...]
    options: tuple[OptionPoints, ...] = ()
    """The answers a ballot offers, best first."""
    trim_above: int = 5
    """With more valid ballots than this, one highest and one lowest are dropped."""
    survey_sample_min: int = 400
    """The least sample of an imported public survey."""


class AdjustmentKind(StrEnum):
    """Whether points are added or removed."""

    BONUS = "BONUS"
    DEDUCTION = "DEDUCTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentCategory:
    """Bonuses that share a cap."""

    category_id: str
    name: str
    points_max: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentRule:
    """One article under which points are added or removed."""

    article: str
    kind: AdjustmentKind
    points_max: Decimal
    """The most that one matter earns or costs under the article."""
    category_id: str | None = None
    """The cap that a bonus under the article falls under."""
    cumulative: bool = False
    """Whether several deductions for one matter add up; otherwise the highest holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentRules:
    """Bonus and deduction."""

    rules: tuple[AdjustmentRule, ...] = ()
    categories: tuple[AdjustmentCategory, ...] = ()
    bonus_max: Decimal | None = None
    """The most that all bonuses of a unit add together."""

    def rule(self, article: str) -> AdjustmentRule | None:
        """Return the rule of an article, None if the plan has none."""
        return next((rule for rule in self.rules if rule.article == article), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DishonestyRule:
    """What a unit loses whose own report was better than what was verified."""

    tolerance: Decimal = Decimal("0.05")
    """By how much of the verified figure a report may exceed it in the favourable direction."""
    factor: Decimal = Decimal(1)
    """How many times the points gained by the report are deducted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LightRules:
    """From which progress rate on a light is green or yellow; below it is red."""

    green_min: Decimal = Decimal(1)
    yellow_min: Decimal = Decimal("0.90")


class SubjectKind(StrEnum):
    """Whom a veto or a decision is about."""

    UNIT = "UNIT"
    PERSON = "PERSON"


class DecisionKind(StrEnum):
    """What is awarded or imposed."""

    BONUS_PAY = "BONUS_PAY"
    """Money, in CNY."""
    COMMENDATION = "COMMENDATION"
    PROMOTION_PRIORITY = "PROMOTION_PRIORITY"
    INTERVIEW = "INTERVIEW"
    ADMONITION = "ADMONITION"
    CRITICISM_NOTICE = "CRITICISM_NOTICE"
    DISQUALIFICATION = "DISQUALIFICATION"
    """No honours for a time."""

    @property
    def reward(self) -> bool:
        """Whether it is a reward; otherwise it is a punishment."""
        return self in (DecisionKind.BONUS_PAY, DecisionKind.COMMENDATION, DecisionKind.PROMOTION_PRIORITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRule:
    """An article that says which grades are rewarded or punished, and how."""

    article: str
    kind: DecisionKind
    grades: tuple[str, ...]
    subject: SubjectKind = SubjectKind.UNIT
    amount: Decimal | None = None
    """In CNY, where the kind is money."""
    required: bool = True
    """Whether every unit with such a grade has to be decided on; of persons none is, so that it says false there."""
    decide_within_days: int = 30
    """Calendar days after the grades were opened or revised."""
    honour_within_days: int = 60
    """Calendar days after the decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CadreQuota:
    """How many cadres of a unit with this grade may have the best grade themselves."""

    unit_grade: str
    """The grade of the unit."""
    share: Decimal
    """The share of the unit's cadres, from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CadreRules:
    """How cadres are assessed: by the unit they serve in, and by themselves."""

    unit_share: Decimal
    """The part of a cadre's total that the units make up, from 0 to 1."""
    personal_share: Decimal
    """The part that the cadre's own appraisal makes up; both sum to exactly 1."""
    months_min: int = 6
    """Who served fewer months of the cycle is not graded."""
    grades: tuple[str, ...] = ("EXCELLENT", "COMPETENT", "BASICALLY_COMPETENT", "INCOMPETENT")
    """The grades of cadres, best first; the best one is given within the quota."""
    quotas: tuple[CadreQuota, ...]
    """By grade of the unit; under a grade that is not listed nobody has the best one."""
    rounding: SeatRounding = SeatRounding.FLOOR
    """How many cadres a share is."""

    def share_under(self, unit_grade: str | None) -> Decimal:
        """The share of a unit's cadres that may have the best grade, by the grade of the unit."""
        return next((quota.share for quota in self.quotas if quota.unit_grade == unit_grade), Decimal(0))


class RevisionPolicy(StrEnum):
    """What becomes of a source figure that is revised after publication."""

    RESTATE = "RESTATE"
    """It is corrected inside a restatement."""
    NOTE = "NOTE"
    """It is noted, without effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How long things take, in days of the plan's calendar."""

    notice_working_days: int = 5
    """The least length of a public notice."""
    appeal_working_days: int = 5
    """Within which a notice, or a score in it, is appealed against."""
    appeal_decision_days: int = 10
    """Calendar days within which a decided grade or decision is appealed against."""
    appeal_answer_days: int = 10
    """Calendar days within which an appeal is to be decided."""
    basis_review_working_days: int = 10
    """Within which a decision whose basis was superseded is confirmed or revoked."""

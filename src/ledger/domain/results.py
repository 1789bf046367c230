"""Results: the slice of facts that settle takes, and the figures it gives with the reason for each.

Exact figures are rationals; a figure is rounded once, when it is shown or compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from ledger.domain.adjusting import Counted
from ledger.domain.allocation import Allocation
from ledger.domain.cycle import Cycle
from ledger.domain.numbers import Ratio
from ledger.domain.plan import Indicator, Participation, Plan
from ledger.domain.refusals import UnknownId
from ledger.domain.rulings import Rulings
from ledger.domain.schedule import Schedule
from ledger.domain.score import Basis
from ledger.domain.tallying import Evaluated
from ledger.domain.tie import Tie

ZERO = Fraction(0)
ONE = Fraction(1)
HUNDRED = Fraction(100)
NOTHING: Ratio = (0, 1)


class Known(NamedTuple):
    """A value with the position from which it was effective; a slice holds tens of thousands."""

    value: Decimal
    position: int
    baseline: Decimal | None = None
    """Of a target: the figure it grows from."""
    schedule: Schedule = ()
    """Of a target: how much of it is due by when, where the unit has a schedule of its own."""


Cell = tuple[str, str, str]
"""Unit, indicator and period."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The facts about one group of one cycle, on one basis, known at one position."""

    as_of: int
    cycle_id: str
    cycle: Cycle
    group_id: str
    basis: Basis
    period: str | None
    """The period asked for; None is the cycle as a whole."""
    values: Mapping[Cell, Known]
    targets: Mapping[tuple[str, str], Known]
    """Targets of a unit's own, by unit and indicator."""
    claims: Mapping[Cell, Known] = field(default_factory=dict[Cell, Known])
    """What the units themselves reported, where the plan has a rule on dishonest reports."""
    rulings: Rulings = field(default_factory=Rulings)
    """What was decided about the units besides their scores."""


class LineStatus(StrEnum):
    """Whether an indicator counts for a unit, and with what."""

    SCORED = "SCORED"
    """A value is known and scored."""
    PARTLY = "PARTLY"
    """Some of the periods that count have no value; they earn 0 points."""
    MISSING = "MISSING"
    """No value is known: 0 points, never dropped from the denominator."""
    EXEMPT = "EXEMPT"
    """The indicator does not apply; its weight went to the others."""
    ASSUMED = "ASSUMED"
    """The indicator does not apply; the unit gets the group's average, or full marks, as the exemption says."""


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a unit's score owes to one that it succeeded."""

    unit_id: str
    period: str
    """The predecessor's last period that had ended."""
    share: Fraction
    """Its part of the successor's score, from 0 to 1; of its value, where values are summed."""
    score: Fraction | None
    """Points of 100; None where the values are summed and scored together."""
    value: Known
    position: int
    """The merger or split that says so."""
    target: Known | None = None


class Scored(NamedTuple):
    """The score of one period that counts, with the facts it comes from."""

    period: str
    share: Fraction
    """Its part of the indicator's score, from 0 to 1."""
    points: Ratio
    """Points of 100, exact."""
    value: Known | None = None
    target: Known | None = None
    inherited: tuple[Inherited, ...] = ()

    @property
    def score(self) -> Fraction:
        """Points of 100."""
        return Fraction(*self.points)


class Column(NamedTuple):
    """The scores of all units for one indicator and period, by unit, with the facts they come from."""

    points: dict[str, Ratio]
    """Points of 100, exact, of the units that have a score."""
    values: dict[str, Known]
    targets: dict[str, Known]
    inherited: dict[str, tuple[Inherited, ...]]

    def of(self, unit_id: str, period: str, share: Fraction = ONE) -> Scored | None:
        """One unit's score, None if it has none."""
        points = self.points.get(unit_id)
        if points is None:
            return None
        value, target = self.values.get(unit_id), self.targets.get(unit_id)
        return Scored(period, share, points, value, target, self.inherited.get(unit_id, ()))

    def put(self, unit_id: str, scored: Scored) -> None:
        """Let this be the score of a unit that had none."""
        self.points[unit_id] = scored.points
        self.inherited[unit_id] = scored.inherited
        if scored.value is not None:
            self.values[unit_id] = scored.value
        if scored.target is not None:
            self.targets[unit_id] = scored.target


class Part(NamedTuple):
    """A period that counts for an indicator."""

    period: str
    share: Fraction
    """Its part of the indicator's score, from 0 to 1."""
    column: Column


class Line(NamedTuple):
    """What one indicator contributes to a unit's goal appraisal, exact."""

    unit_id: str
    indicator: Indicator
    status: LineStatus
    weight: Fraction
    """Effective weight in percentage points, after exemptions."""
    score: Fraction
    """Points of 100."""
    points: Fraction
    """Contribution to the goal appraisal: score x weight / 100, or its rounded form if the plan rounds each level."""
    parts: Sequence[Part]
    """The periods that count, in order."""
    earned: Sequence[Ratio]
    """The points of 100 of each."""

    @property
    def periods(self) -> tuple[Scored, ...]:
        """The periods whose scores make up the score, in order, with the facts behind them."""
        return tuple(
            part.column.of(self.unit_id, part.period, part.share) or Scored(part.period, part.share, points)
            for part, points in zip(self.parts, self.earned, strict=True)
        )

    @property
    def period(self) -> str:
        """The last period that counts."""
        return self.parts[-1].period

    @property
    def value(self) -> Known | None:
        """The value of the last period that counts."""
        return self.periods[-1].value

    @property
    def target(self) -> Known | None:
        """The target of the last period that counts."""
        return self.periods[-1].target


@dataclass(frozen=True, slots=True)
class Overstatement:
    """Points deducted because a unit's own report of a figure was better than what was verified."""

    indicator: Indicator
    gap: Fraction
    """By how much of the verified figure the report exceeded it."""
    points: Fraction
    claim: Known
    verified: Known


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitResult:
    """One unit's total and rank, and everything they come from."""

    unit_id: str
    participation: Participation
    rank: int | None = None
    exact: Fraction
    total: Decimal
    """The published figure: `exact`, rounded once."""
    goal: Fraction
    """Points for the indicators, of 100, before the plan's share."""
    lines: tuple[Line, ...]
    evaluation: Evaluated | None = None
    """The appraisal by raters, where it is part of the total."""
    awaited: tuple[str, ...] = ()
    """The campaigns about the unit that are not tallied yet, where raters count for the cycle as a whole."""
    counted: Counted | None = None
    """Bonus and deduction, where the cycle as a whole is settled."""
    overstatements: tuple[Overstatement, ...] = ()

    @property
    def bonus(self) -> Fraction:
        """Points added."""
        return self.counted.bonus if self.counted is not None else ZERO

    @property
    def deduction(self) -> Fraction:
        """Points removed, those for dishonest reports included."""
        imposed = self.counted.deduction if self.counted is not None else ZERO
        return imposed + sum((found.points for found in self.overstatements), ZERO)

    @property
    def missing(self) -> int:
        """How many indicators lack a value, and one if the appraisal is missing or not counted yet."""
        lines = sum(line.status in (LineStatus.MISSING, LineStatus.PARTLY) for line in self.lines)
        return lines + bool(self.awaited or (self.evaluation is not None and self.evaluation.points is None))

    @property
    def complete(self) -> bool:
        """Whether everything that applies has a value."""
        return self.missing == 0

    @property
    def has_value(self) -> bool:
        """Whether anything is known of the unit at all."""
        return any(line.status in (LineStatus.SCORED, LineStatus.PARTLY) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Opening:
    """The grades, if they were opened on these results."""

    allocation: Allocation | None
    """None while a tie at a cut is for the leading group to decide, or a veto cannot be read."""
    tie: Tie | None = None
    unknown_veto: UnknownId | None = None
    """A veto that names a grade which the plan in force lacks; totals and ranks do not depend on it."""


@dataclass(frozen=True, slots=True)
class Results:
    """The results of one group: units by rank, those without a rank last."""

    slice: Slice
    plan_version: int
    plan: Plan
    rows: tuple[UnitResult, ...]
    opening: Opening | None = None
    """None for a single period, and where the plan opens no grades."""

    @property
    def complete(self) -> bool:
        """Whether every ranked unit has every value."""
        return all(row.complete for row in self.rows if row.participation is Participation.RANKED)

    @property
    def goal_share(self) -> Fraction:
        """The part of the total that the indicators make: all of it, unless an appraisal by raters has a share.

        A single period has no appraisal.
        """
        rules = self.plan.evaluation
        return ONE if rules is None or self.slice.period is not None else ONE - Fraction(rules.share)

    def row(self, unit_id: str) -> UnitResult | None:
        """The result of one unit, None if it is not in the group."""
        return next((row for row in self.rows if row.unit_id == unit_id), None)

    def grade_if_opened(self, unit_id: str) -> str | None:
        """The grade the unit would have now; None where none can be said."""
        if self.opening is None or self.opening.allocation is None:
            return None
        return self.opening.allocation.grades.get(unit_id)

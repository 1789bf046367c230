"""Slices without the events behind them: what is known of the city's group, to be settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import count

from city import CYCLE, GROUP, YEAR

from ledger.domain.adjustment import Adjustment, Adjustments, AdjustmentStatus
from ledger.domain.cycle import Cycle, Exemption, NotApplicablePolicy, PlanVersion
from ledger.domain.evaluation import Tallies
from ledger.domain.plan import Plan
from ledger.domain.plan_rules import AdjustmentKind, RaterClass
from ledger.domain.results import Cell, Known, Line, Results, Slice, UnitResult
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.rulings import Rulings
from ledger.domain.score import Basis
from ledger.domain.settlement import settle
from ledger.domain.tallying import Tally

Figures = Mapping[str, str]
"""By `U01 A` for the year, or `U01 A 2018-Q1`."""
PLAN_POSITION = 1
FIRST_POSITION = 100
"""Values, claims and targets are numbered from here, in the order they are given."""


def cell_of(name: str) -> Cell:
    """Unit, indicator and period of a name."""
    unit_id, indicator_id, *period = name.split()
    return unit_id, indicator_id, *(period or [YEAR])  # pyright: ignore[reportReturnType]


def slice_of(
    plan: Plan,
    values: Figures,
    *,
    period: str | None = None,
    claims: Figures | None = None,
    targets: Figures | None = None,
    exemptions: tuple[Exemption, ...] = (),
    rulings: Rulings | None = None,
) -> Slice:
    """The facts of the city's group."""
    positions = count(FIRST_POSITION)
    version = PlanVersion(plan_version=1, position=PLAN_POSITION, plan=plan, in_force_from_period=None)
    cycle = Cycle(starts_on=date(2018, 1, 1), ends_on=date(2018, 12, 31), versions=(version,), exemptions=exemptions)
    return Slice(
        as_of=10_000,
        cycle_id=CYCLE,
        cycle=cycle,
        group_id=GROUP,
        basis=Basis.OFFICIAL,
        period=period,
        values={cell_of(name): Known(Decimal(value), next(positions)) for name, value in values.items()},
        claims={cell_of(name): Known(Decimal(value), next(positions)) for name, value in (claims or {}).items()},
        targets={cell_of(name)[:2]: Known(Decimal(value), next(positions)) for name, value in (targets or {}).items()},
        rulings=rulings or Rulings(),
    )


def row_of(results: Results, unit_id: str = "U01") -> UnitResult:
    """The result of a unit that must be in the group."""
    row = results.row(unit_id)
    assert row is not None
    return row


def settled(slice: Slice, unit_id: str = "U01") -> UnitResult:
    """The result of one unit."""
    return row_of(settle(slice), unit_id)


def line(row: UnitResult, indicator_id: str) -> Line:
    """One line of a result that must have it."""
    found = next((line for line in row.lines if line.indicator.indicator_id == indicator_id), None)
    assert found is not None
    return found


def exempted(
    unit_id: str,
    indicator_id: str,
    *periods: str,
    policy: NotApplicablePolicy = NotApplicablePolicy.REDISTRIBUTE,
    position: int = 2,
) -> Exemption:
    """An exemption, for all periods unless some are named."""
    return Exemption(unit_id=unit_id, indicator_id=indicator_id, periods=periods, position=position, policy=policy)


def bonus(points: str, *, unit_id: str = "U01", article: str = "B1", position: int = 50) -> Adjustment:
    """Points that were granted."""
    return Adjustment(
        positions=(position,),
        kind=AdjustmentKind.BONUS,
        unit_id=unit_id,
        rule=RuleRef(source=RuleSource.PLAN, version=1, article=article),
        matter_id=f"m{position}",
        level=None,
        points_claimed=Decimal(points),
        points=Decimal(points),
        issued_on=None,
        status=AdjustmentStatus.APPROVED,
        persons=frozenset({"office"}),
    )


def deduction(points: str, *, unit_id: str = "U01", article: str = "D1", position: int = 60) -> Adjustment:
    """Points that were taken off."""
    same = bonus(points, unit_id=unit_id, article=article, position=position)
    return replace(same, kind=AdjustmentKind.DEDUCTION, status=AdjustmentStatus.IMPOSED)


def adjusted(*items: Adjustment) -> Rulings:
    """Rulings with these bonuses and deductions."""
    return Rulings(adjustments=Adjustments({item.position: item for item in items}))


def appraised(points: str, *, unit_id: str = "U01", position: int = 70, valid: int = 3) -> Tallies:
    """What the peers say of a unit."""
    tally = Tally(position, valid, valid, Fraction(points), False)
    return Tallies({unit_id: {RaterClass.PEER: tally}})

"""The plan of a cycle that is known from a table only: one group, one indicator, the best value gets 100."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.periods import Frequency, parse_period
from ledger.domain.plan import (
    ApproverIndependence,
    Dimension,
    EntryKind,
    Group,
    GroupWeight,
    Indicator,
    Member,
    Plan,
)
from ledger.importing.tables import Table

GROUP_ID = "all"
DIMENSION_ID = "all"
SCALE_MIN = 2
UNIT_OF_MEASURE = "as tabled"
"""A table does not say what its figures are measured in."""


def first_plan(table: Table, *, cycle_id: str, indicator_id: str) -> Plan:
    """The plan with the units, periods and decimal places of the table.

    An indicator has one frequency; rows of another one than the first row's find no period.
    """
    frequency = parse_period(table.rows[0].period).frequency
    unit_ids = tuple(sorted(table.rows.unit_names))
    indicator = Indicator(
        indicator_id=indicator_id,
        name=indicator_id,
        dimension_id=DIMENSION_ID,
        weights=(GroupWeight(group_id=GROUP_ID, weight=Decimal(100)),),
        formula=Formula(kind=FormulaKind.BEST_RATIO),
        entry_kind=EntryKind.ACTUAL,
        uom=UNIT_OF_MEASURE,
        scale=max(SCALE_MIN, table.rows.decimal_places),
        frequency=frequency,
    )
    return Plan(
        title=cycle_id,
        unit_ids=unit_ids,
        periods=_periods(table, frequency),
        dimensions=(Dimension(dimension_id=DIMENSION_ID, name=indicator_id),),
        indicators=(indicator,),
        groups=(_group(unit_ids),),
        # Two persons only: one enters and requests, the other verifies and approves.
        approver_independence=ApproverIndependence.REQUESTER,
    )


def extended_plan(plan: Plan, indicator: Indicator, table: Table) -> Plan | None:
    """`plan` with what the table has and it lacks, None if it lacks nothing.

    What a table no longer has stays in the plan: its scores are withdrawn, not forgotten.
    """
    periods = _periods(table, indicator.frequency, plan.periods)
    unit_ids = tuple(sorted({*table.rows.unit_names, *plan.unit_ids}))
    scale = max(indicator.scale, table.rows.decimal_places)
    if (len(unit_ids), len(periods), scale) == (len(plan.unit_ids), len(plan.periods), indicator.scale):
        return None
    indicators = (replace(indicator, scale=scale),)
    return replace(plan, unit_ids=unit_ids, periods=periods, indicators=indicators, groups=(_group(unit_ids),))


def _periods(table: Table, frequency: Frequency, planned: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Planned and tabled periods of one frequency, earliest first."""
    found = {period for period in table.rows.periods if parse_period(period).frequency is frequency}
    return tuple(sorted(found.union(planned), key=lambda period: (parse_period(period).ends_on, period)))


def _group(unit_ids: tuple[str, ...]) -> Group:
    return Group(group_id=GROUP_ID, name=GROUP_ID, members=tuple(Member(unit_id=unit_id) for unit_id in unit_ids))

"""Progress: every unit's figures against what is due of its targets by the end of a period.

Read from the projections, whoever may see it: what a viewer is shown of it is for the caller to decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ledger.domain import progress as domain
from ledger.domain.cycle import Cycle
from ledger.domain.explanation import Sees, everything
from ledger.domain.numbers import SHARE_SCALE, Rounding, rounded
from ledger.domain.periods import parse_period
from ledger.domain.plan import Indicator, Participation, Plan
from ledger.domain.progress import Light
from ledger.domain.refusals import InvalidPeriod, UnknownId
from ledger.domain.results import Known
from ledger.domain.score import Basis
from ledger.results import Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitProgress:
    """How far one unit is on one indicator, each figure rounded once."""

    unit_id: str
    indicator_id: str
    name: str
    target: Decimal
    target_position: int | None
    """What set or moved the unit's own target; None where the plan's holds."""
    share_due: Decimal | None
    due: Decimal
    ytd: Decimal | None
    value_position: int | None
    rate: Decimal | None
    gap: Decimal | None
    completed: bool | None
    light: Light | None


class _Value(NamedTuple):
    """An official figure, and the event that made it so."""

    value: Decimal
    position: int


def progress_of(
    answers: Answers, cycle_id: str, period: str, *, unit_id: str | None = None, sees: Sees = everything, at: int
) -> list[UnitProgress]:
    """The progress of one unit or of all of them, by unit and in the plan's order of indicators.

    What nothing says is due is left out. Raises UnknownId, PlanNotInForce, InvalidPeriod.
    """
    cycle = answers.cycle(cycle_id, at)
    plan = cycle.in_force(period).plan
    if period not in plan.periods:
        raise InvalidPeriod(path="period", given=period)
    if unit_id is not None and unit_id not in cycle.membership:
        raise UnknownId(path="unit_id", unit_id=unit_id)
    asked = [
        (unit, indicator)
        for unit, indicator in _assessed(cycle, plan, period)
        if unit_id in (None, unit) and sees(unit, indicator.indicator_id)
    ]
    unit_ids = sorted({unit for unit, _ in asked})
    targets = answers.targets(cycle_id, unit_ids, at)
    values = _values(answers, cycle_id, unit_ids, plan, period, at)
    rows = (
        _row(plan, indicator, unit, period, targets.get((unit, indicator.indicator_id)), values)
        for unit, indicator in asked
    )
    return [row for row in rows if row is not None]


def _assessed(cycle: Cycle, plan: Plan, period: str) -> Iterator[tuple[str, Indicator]]:
    for unit_id, (group_id, participation) in sorted(cycle.membership.items()):
        if participation is not Participation.NOT_ASSESSED:
            for indicator in plan.indicators:
                exempted = cycle.exempted(unit_id, indicator.indicator_id, period)
                if indicator.weight_in(group_id) is not None and not exempted:
                    yield unit_id, indicator


def _values(
    answers: Answers, cycle_id: str, unit_ids: list[str], plan: Plan, period: str, at: int
) -> dict[tuple[str, str], _Value]:
    """The official figures of the periods that end with this one, such as a quarter with its last month."""
    ends_on = parse_period(period).ends_on
    rows = answers.read(
        "score_value",
        "by_group",
        cycle_id=cycle_id,
        basis=Basis.OFFICIAL.value,
        unit_ids=unit_ids,
        indicator_ids=[indicator.indicator_id for indicator in plan.indicators],
        periods=[each for each in plan.periods if parse_period(each).ends_on == ends_on],
        as_of=at,
    )
    return {(row["unit_id"], row["indicator_id"]): _Value(row["value"], row["from_position"]) for row in rows}


def _row(
    plan: Plan,
    indicator: Indicator,
    unit_id: str,
    period: str,
    target: Known | None,
    values: Mapping[tuple[str, str], _Value],
) -> UnitProgress | None:
    """One unit's progress on one indicator, None where nothing says what is due by then."""
    value = values.get((unit_id, indicator.indicator_id))
    state = domain.progress(
        plan,
        indicator,
        target=target.value if target else None,
        schedule=target.schedule if target else (),
        value=value.value if value else None,
        period=period,
    )
    if state is None:
        return None
    reached = target.value if target else indicator.target
    assert reached is not None
    return UnitProgress(
        unit_id=unit_id,
        indicator_id=indicator.indicator_id,
        name=indicator.name,
        target=reached,
        target_position=target.position if target else None,
        share_due=_shown(state.share_due, SHARE_SCALE),
        due=rounded(state.period_target, indicator.scale, Rounding.HALF_UP),
        ytd=value.value if value else None,
        value_position=value.position if value else None,
        rate=_shown(state.rate, SHARE_SCALE),
        gap=_shown(state.gap, plan.score_scale),
        completed=state.completed,
        light=state.light,
    )


def _shown(exact: Fraction | None, scale: int) -> Decimal | None:
    return None if exact is None else rounded(exact, scale, Rounding.HALF_UP)

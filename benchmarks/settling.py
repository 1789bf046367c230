"""How long settle takes: a group of 18 units with 40 indicators and monthly periods, and a whole city.

CPU time on one core, from slices in memory; medians of many rounds in one run. Prints the
bounds beside the figures, and how much of the time goes into exact arithmetic.
"""

from __future__ import annotations

import cProfile
import random
import statistics
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import cycle as endlessly

from ledger.domain.cycle import Cycle, PlanVersion
from ledger.domain.explanation import explain
from ledger.domain.formula import Breakpoint, Formula, FormulaKind
from ledger.domain.periods import Frequency
from ledger.domain.plan import Dimension, EntryKind, Group, GroupWeight, Indicator, Member, PeriodShare, Plan
from ledger.domain.quota import GradeQuota, GradingRules
from ledger.domain.results import Known, Results, Slice
from ledger.domain.score import Basis
from ledger.domain.settlement import due, participants, settle

MONTHS = tuple(f"2018-M{month:02}" for month in range(1, 13))
GROUP_SIZES = (10, 4, 12, 18, 16, 8, 8, 14)
"""The groups of the demo city."""
INDICATORS = 40
ROUNDS = 15

FORMULAS = (
    Formula(kind=FormulaKind.LINEAR_RATIO, cap=Decimal(110)),
    Formula(kind=FormulaKind.INVERSE_DIFF, cap=Decimal(105)),
    Formula(kind=FormulaKind.BEST_RATIO),
    Formula(kind=FormulaKind.EFFICACY, base=Decimal(60), span=Decimal(40)),
    Formula(kind=FormulaKind.GROUP_RANK, table=tuple(Decimal(100 - 2 * place) for place in range(20))),
    Formula(
        kind=FormulaKind.PIECEWISE,
        breakpoints=tuple(Breakpoint(actual=Decimal(x), points=Decimal(x)) for x in (50, 70, 85, 100)),
    ),
    Formula(kind=FormulaKind.BAND, low=Decimal(95), high=Decimal(105), step=Decimal(2)),
    Formula(kind=FormulaKind.DIRECT_POINTS),
)


def city(sizes: tuple[int, ...], *, weighted: bool) -> Plan:
    """A plan with the given groups, 40 monthly indicators, scored by the last month or by all twelve."""
    groups = tuple(
        Group(
            group_id=f"G{number}",
            name=f"Group {number}",
            members=tuple(Member(unit_id=f"G{number}-U{unit:02}") for unit in range(size)),
        )
        for number, size in enumerate(sizes, start=1)
    )
    shares = tuple(PeriodShare(period=month, share=Decimal(1) / 16) for month in MONTHS[:-1])
    composition = (*shares, PeriodShare(period=MONTHS[-1], share=Decimal(5) / 16)) if weighted else ()
    indicators = tuple(
        Indicator(
            indicator_id=f"I{number:02}",
            name=f"Indicator {number}",
            dimension_id=f"D{number % 5}",
            weights=tuple(GroupWeight(group_id=group.group_id, weight=Decimal("2.5")) for group in groups),
            formula=formula,
            entry_kind=EntryKind.POINTS if formula.kind is FormulaKind.DIRECT_POINTS else EntryKind.ACTUAL,
            uom="%",
            scale=2,
            frequency=Frequency.MONTH,
            target=Decimal(100),
            composition=composition,
        )
        for number, formula in zip(range(INDICATORS), endlessly(FORMULAS), strict=False)
    )
    return Plan(
        title="A plan to measure",
        unit_ids=tuple(member.unit_id for group in groups for member in group.members),
        periods=MONTHS,
        dimensions=tuple(Dimension(dimension_id=f"D{number}", name=f"Dimension {number}") for number in range(5)),
        indicators=indicators,
        groups=groups,
        grading=GradingRules(
            grades=(
                GradeQuota(grade="EXCELLENT", share=Decimal("0.2"), total_min=Decimal(90)),
                GradeQuota(grade="GOOD", share=Decimal("0.4"), total_min=Decimal(80)),
            )
        ),
    )


def slices(plan: Plan) -> list[Slice]:
    """A slice of every group, each value known."""
    chance = random.Random(7)
    version = PlanVersion(plan_version=1, position=1, plan=plan, in_force_from_period=None)
    cycle = Cycle(versions=(version,), starts_on=date(2018, 1, 1), ends_on=date(2018, 12, 31))
    found: list[Slice] = []
    for group in plan.groups:
        values = {
            (unit_id, indicator.indicator_id, period): Known(Decimal(chance.randrange(6000, 11000)) / 100, 2)
            for unit_id, _ in participants(cycle, group.group_id)
            for indicator, period in due(cycle, group.group_id, None)
        }
        found.append(
            Slice(
                as_of=2,
                cycle_id="BENCH",
                cycle=cycle,
                group_id=group.group_id,
                basis=Basis.OFFICIAL,
                period=None,
                values=values,
                targets={},
            )
        )
    return found


def settled(groups: list[Slice]) -> list[Results]:
    """The results of several groups."""
    return [settle(each) for each in groups]


def cpu_ms(work: Callable[[], object]) -> float:
    """The median CPU time of one round, in milliseconds."""
    work()
    times: list[float] = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times)


def exact_share(work: Callable[[], object]) -> float:
    """The part of the time that goes into rationals, by a profile."""
    profile = cProfile.Profile()
    profile.runcall(work)
    own = [(entry.code, entry.inlinetime) for entry in profile.getstats()]
    exact = sum(t for code, t in own if getattr(code, "co_filename", "").endswith("fractions.py"))
    return exact / sum(t for _, t in own)


def main() -> None:
    """Measure and print."""
    for label, weighted in (("the last month counts", False), ("all twelve months count", True)):
        group = slices(city((18,), weighted=weighted))[0]
        whole = slices(city(GROUP_SIZES, weighted=weighted))
        results = settle(group)
        took = cpu_ms(partial(settle, group))
        took_city = cpu_ms(partial(settled, whole))
        took_explain = cpu_ms(partial(explain, results, results.rows[0]))
        print(f"{label}: 18 units x {INDICATORS} indicators x 12 months")
        print(f"  settle a group  {took:8.1f} ms   at most  30 ms  {took / 30:5.2f}x")
        print(f"  settle the city {took_city:8.1f} ms   at most 250 ms  {took_city / 250:5.2f}x")
        print(f"  explain a total {took_explain:8.1f} ms   at most   5 ms  {took_explain / 5:5.2f}x")
        print(f"  in exact arithmetic: {exact_share(partial(settle, group)):.0%} of a profiled settle\n")


if __name__ == "__main__":
    main()

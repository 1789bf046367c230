"""The index system: the annual plan of a city in its versions, from the indicator library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from ledger.binhai.calendar import HOLIDAYS, MAKEUP_WORKDAYS
from ledger.binhai.shape import GroupShape, IndicatorRow, Shape
from ledger.domain.formula import Breakpoint, Formula, FormulaKind, Interval
from ledger.domain.formulas import KINDS
from ledger.domain.periods import Frequency, parse_period
from ledger.domain.plan import (
    Calendar,
    Deadline,
    DeadlineName,
    Dimension,
    EntryKind,
    Group,
    GroupWeight,
    Indicator,
    Member,
    Participation,
    PeriodShare,
    Plan,
)
from ledger.domain.plan_rules import (
    AdjustmentCategory,
    AdjustmentKind,
    AdjustmentRule,
    AdjustmentRules,
    CadreQuota,
    CadreRules,
    ClassWeight,
    DecisionKind,
    DecisionRule,
    DishonestyRule,
    EvaluationRules,
    OptionPoints,
    RaterClass,
    SubjectKind,
)
from ledger.domain.quota import (
    DimensionMinimum,
    GradeQuota,
    GradingRules,
    QuotaBase,
    SmallGroupRule,
    TiePolicy,
)

TARGET_FREEZE = date(2018, 8, 31)
VETO_ARTICLE = "V1"
BONUS, RANKING_BONUS, DEDUCTION = "B1", "B2", "D1"
DEDUCTION_MAX = Decimal(3)
"""For one matter."""
REWARD, COMMENDATION, CRITICISM, INTERVIEW = "R1", "R2", "R3", "R4"
OPTIONS = ("优秀", "良好", "一般", "较差")
BEST = "EXCELLENT"

_DIMENSIONS = {
    "ECO": "经济发展",
    "KEY": "重点任务",
    "GAP": "补齐短板",
    "ENV": "营商环境和改革",
    "RISK": "风险防范",
    "LIV": "民生",
    "PARTY_BUILDING": "党的建设",
    "LAW": "依法治理",
}
_YEARLY_RATES = ("0.10", "0.20", "0.30", "0.40")
"""What the quarters count where an indicator is judged all year."""
JUDGED_ALL_YEAR = ("E12", "K02", "P04")
_CUMULATED = ("0.05", "0.11", "0.20", "0.28", "0.36", "0.46", "0.54", "0.62", "0.72", "0.81", "0.90", "1")
"""What is due of a year by the end of each month."""
_SCHEDULED = ("E01", "E02", "E04", "E06", "E13", "K03", "L01", "L04")
"""Flows that are scored against what is due by then, before the year is over too."""

_BY_FREQUENCY = {
    Frequency.MONTH: tuple(f"2018-M{number:02}" for number in range(1, 13)),
    Frequency.QUARTER: tuple(f"2018-Q{number}" for number in range(1, 5)),
    Frequency.HALF: ("2018-H1", "2018-H2"),
    Frequency.YEAR: ("2018-Y",),
}


def _decimals(*texts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, texts))


def _formula(row: IndicatorRow) -> Formula:
    """The formula of an indicator, its parameters around the library's target."""
    kind, target = FormulaKind(row.kind), Decimal(row.target)
    match kind:
        case FormulaKind.LINEAR_RATIO | FormulaKind.INVERSE_RATIO:
            return Formula(kind=kind, cap=Decimal(110))
        case FormulaKind.INVERSE_DIFF:
            step = Decimal(10) if target == 0 else None
            return Formula(kind=kind, cap=Decimal(105), zero_target_step=step)
        case FormulaKind.GROWTH_MIX:
            return Formula(kind=kind, share=Decimal("0.5"), cap=Decimal(110))
        case FormulaKind.PIECEWISE:
            corners = ((-20, "60"), (-8, "75"), (0, "95"), (6, "105"))
            points = tuple(Breakpoint(actual=target + offset, points=Decimal(given)) for offset, given in corners)
            return Formula(kind=kind, breakpoints=points, below=Decimal(40))
        case FormulaKind.STEP:
            low, high = target - 10, target
            steps = (Interval(high=low, points=Decimal(60)), Interval(low=low, high=high, points=Decimal(80)))
            return Formula(kind=kind, intervals=(*steps, Interval(low=high, points=Decimal(100))))
        case FormulaKind.BAND:
            return Formula(kind=kind, low=target - 5, high=target + 5, step=Decimal(2))
        case FormulaKind.GROUP_RANK:
            return Formula(kind=kind, table=tuple(Decimal(100 - 2 * place) for place in range(20)))
        case FormulaKind.EFFICACY:
            return Formula(kind=kind, base=Decimal(70), span=Decimal(30))
        case FormulaKind.CHECKLIST:
            return Formula(kind=kind, step=Decimal(3))
        case FormulaKind.DEADLINE:
            due = date(int(row.target[:4]), int(row.target[4:6]), int(row.target[6:]))
            return Formula(kind=kind, due_on=due, until=date(2018, 12, 31), step=Decimal("0.5"))
        case FormulaKind.LINKAGE:
            bonus = _decimals("20", "18", "16", "14", "12", "10", "8", "6", "4", "2", "1", "0")
            return Formula(kind=kind, base=Decimal(78), table=bonus)
        case FormulaKind.BEST_RATIO | FormulaKind.DIRECT_POINTS | FormulaKind.EVALUATION:
            return Formula(kind=kind)


def _indicator(row: IndicatorRow, weights: Mapping[str, Mapping[str, Decimal]], scoring: str) -> Indicator:
    formula = _formula(row)
    quarters = periods_in(Frequency.QUARTER)
    kind = KINDS[formula.kind]
    common = kind.needs_target and not row.flow
    return Indicator(
        indicator_id=row.indicator_id,
        name=row.name,
        dimension_id=row.dimension_id,
        weights=tuple(
            GroupWeight(group_id=group_id, weight=of_group[row.indicator_id])
            for group_id, of_group in weights.items()
            if row.indicator_id in of_group
        ),
        formula=formula,
        entry_kind=EntryKind.POINTS if kind.awarded else EntryKind.ACTUAL,
        uom=row.uom,
        scale=row.scale,
        frequency=row.frequency,
        value_min=Decimal(0),
        target=Decimal(row.target) if common else None,
        scoring_unit_id=scoring,
        composition=tuple(
            PeriodShare(period=period, share=share)
            for period, share in zip(quarters, _decimals(*_YEARLY_RATES), strict=True)
        )
        if row.indicator_id in JUDGED_ALL_YEAR
        else (),
        schedule=tuple(
            PeriodShare(period=period, share=cumulated_share(period)) for period in periods_in(row.frequency)
        )
        if row.indicator_id in _SCHEDULED
        else (),
        tags=row.tags,
    )


def cumulated_share(period: str) -> Decimal:
    """The part of a year's flow that is due by the end of a period."""
    last_month = (parse_period(period).ends_on - timedelta(days=1)).month
    return Decimal(_CUMULATED[last_month - 1])


def weights_of(shape: Shape) -> dict[str, dict[str, Decimal]]:
    """The weight of each indicator by group; in every group they sum to exactly 100."""
    return {group.group_id: _shared_out(shape, group) for group in shape.groups}


def _shared_out(shape: Shape, group: GroupShape) -> dict[str, Decimal]:
    rows = shape.rows_of(group)
    whole, left = divmod(100, len(rows))
    # What does not go out evenly goes to lasting and hidden achievements first.
    first = sorted(rows, key=lambda row: (not row.tags, row.indicator_id))[:left]
    return {row.indicator_id: Decimal(whole + (row in first)) for row in rows}


def shifted(weights: dict[str, Decimal], *, lighter: str, heavier: str, by: Decimal) -> dict[str, Decimal]:
    """The weights of a group with some moved from one indicator to another."""
    return weights | {lighter: weights[lighter] - by, heavier: weights[heavier] + by}


def periods_of(shape: Shape) -> tuple[str, ...]:
    """The periods that the shape's indicators are scored in."""
    used = {row.frequency for row in shape.rows}
    return tuple(period for frequency in _BY_FREQUENCY if frequency in used for period in periods_in(frequency))


def periods_in(frequency: Frequency) -> tuple[str, ...]:
    """The periods of 2018 of one frequency, in order."""
    return _BY_FREQUENCY[frequency]


def deadline(name: DeadlineName, period: str) -> date:
    """The last day for something about a period; January is reported with February, once entry is open."""
    period = "2018-M02" if period == "2018-M01" else period
    days = {DeadlineName.SELF_REPORT: 10, DeadlineName.ENTRY: 20, DeadlineName.VERIFICATION: 31}
    return parse_period(period).ends_on + timedelta(days=days[name] - 1)


def plan_of(
    shape: Shape,
    *,
    groups: tuple[Group, ...],
    scoring: Mapping[str, str],
    weights: Mapping[str, Mapping[str, Decimal]],
    title: str,
) -> Plan:
    """The plan of a city; `scoring` names the department that scores each indicator."""
    periods = periods_of(shape)
    return Plan(
        title=title,
        unit_ids=tuple(member.unit_id for group in groups for member in group.members),
        periods=periods,
        dimensions=tuple(Dimension(dimension_id=key, name=name) for key, name in _DIMENSIONS.items()),
        indicators=tuple(_indicator(row, weights, scoring[row.indicator_id]) for row in shape.rows),
        groups=groups,
        calendar=Calendar(
            target_freeze_on=TARGET_FREEZE,
            deadlines=tuple(
                Deadline(name=name, period=period, ends_on=deadline(name, period))
                for period in periods
                for name in DeadlineName
            ),
            holidays=HOLIDAYS,
            makeup_workdays=MAKEUP_WORKDAYS,
        ),
        evaluation=_EVALUATION,
        adjustments=_ADJUSTMENTS,
        dishonesty=DishonestyRule(),
        grading=_grading(shape),
        decisions=_DECISIONS,
        cadres=_CADRES,
        veto_articles=(VETO_ARTICLE,),
    )


def weights_in(plan: Plan, group_id: str) -> dict[str, Decimal]:
    """The weights of one group by indicator."""
    found = ((indicator.indicator_id, indicator.weight_in(group_id)) for indicator in plan.indicators)
    return {indicator_id: weight for indicator_id, weight in found if weight is not None}


def with_weights(plan: Plan, group_id: str, weights: Mapping[str, Decimal]) -> Plan:
    """The plan with other weights for one group."""

    def reweighed(indicator: Indicator) -> Indicator:
        others = tuple(weight for weight in indicator.weights if weight.group_id != group_id)
        own = weights.get(indicator.indicator_id)
        added = () if own is None else (GroupWeight(group_id=group_id, weight=own),)
        return replace(indicator, weights=tuple(sorted((*others, *added), key=lambda weight: weight.group_id)))

    return replace(plan, indicators=tuple(map(reweighed, plan.indicators)))


def regrouped(plan: Plan, membership: Mapping[str, tuple[str, Participation]]) -> Plan:
    """The plan with every unit where it takes part by now."""
    groups = tuple(
        replace(
            group,
            members=tuple(
                Member(unit_id=unit_id, participation=membership[unit_id][1])
                for unit_id in plan.unit_ids
                if membership[unit_id][0] == group.group_id
            ),
        )
        for group in plan.groups
    )
    return replace(plan, groups=groups)


def _grading(shape: Shape) -> GradingRules:
    minimum = ()
    if shape.stories:
        minimum = (DimensionMinimum(dimension_id="PARTY_BUILDING", share=Decimal("0.80")),)
    return GradingRules(
        grades=(
            GradeQuota(grade=BEST, share=Decimal("0.20"), total_min=Decimal(80), dimension_minimums=minimum),
            GradeQuota(grade="GOOD", share=Decimal("0.40"), total_min=Decimal(75)),
        ),
        tie_policy=TiePolicy.COMMITTEE,
        base=QuotaBase.RANKED,
        small_groups=SmallGroupRule.ACCUMULATE,
        exceptions_max=1,
    )


_EVALUATION = EvaluationRules(
    share=Decimal("0.2"),
    classes=(
        ClassWeight(rater_class=RaterClass.SUPERIOR, weight=Decimal(40)),
        ClassWeight(rater_class=RaterClass.PEER, weight=Decimal(30)),
        ClassWeight(rater_class=RaterClass.SUBORDINATE, weight=Decimal(20)),
        ClassWeight(rater_class=RaterClass.PUBLIC, weight=Decimal(10)),
    ),
    options=tuple(
        OptionPoints(option=option, points=points)
        for option, points in zip(OPTIONS, _decimals("100", "85", "70", "50"), strict=True)
    ),
)
_ADJUSTMENTS = AdjustmentRules(
    rules=(
        AdjustmentRule(article=BONUS, kind=AdjustmentKind.BONUS, points_max=Decimal(3), category_id="AWARDS"),
        AdjustmentRule(article=RANKING_BONUS, kind=AdjustmentKind.BONUS, points_max=Decimal(2), category_id="RANKS"),
        AdjustmentRule(article=DEDUCTION, kind=AdjustmentKind.DEDUCTION, points_max=DEDUCTION_MAX),
    ),
    categories=(
        AdjustmentCategory(category_id="AWARDS", name="表彰奖励", points_max=Decimal(4)),
        AdjustmentCategory(category_id="RANKS", name="位次进位", points_max=Decimal(3)),
    ),
    bonus_max=Decimal(5),
)
_DECISIONS = (
    DecisionRule(article=REWARD, kind=DecisionKind.BONUS_PAY, grades=(BEST,), amount=Decimal("200000.00")),
    DecisionRule(article=COMMENDATION, kind=DecisionKind.COMMENDATION, grades=(BEST, "GOOD")),
    DecisionRule(article=CRITICISM, kind=DecisionKind.CRITICISM_NOTICE, grades=("UNQUALIFIED",)),
    DecisionRule(
        article=INTERVIEW,
        kind=DecisionKind.INTERVIEW,
        grades=("UNQUALIFIED",),
        subject=SubjectKind.PERSON,
        required=False,
    ),
)
_CADRES = CadreRules(
    unit_share=Decimal("0.6"),
    personal_share=Decimal("0.4"),
    quotas=tuple(
        CadreQuota(unit_grade=grade, share=Decimal(share))
        for grade, share in ((BEST, "0.34"), ("GOOD", "0.34"), ("QUALIFIED", "0.15"), ("UNQUALIFIED", "0"))
    ),
)

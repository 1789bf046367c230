"""What a plan has to fulfil before it is issued: it contradicts itself nowhere, and every weight adds up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.domain.formulas import KINDS
from ledger.domain.numbers import SCALE_MAX, check_scale
from ledger.domain.periods import parse_period
from ledger.domain.plan import POINTS_MAX, DeadlineName, EntryKind, Indicator, Participation, Plan
from ledger.domain.plan_rules import CadreRules, EvaluationRules, SubjectKind
from ledger.domain.quota import check_rules
from ledger.domain.refusals import (
    DuplicateId,
    FormulaInvalid,
    GroupOverlap,
    MalformedInput,
    OutOfRange,
    QuotaInvalid,
    Refused,
    UnitWithoutGroup,
    UnknownId,
    WeightsNot100,
)
from ledger.domain.schedule import Schedule, check_schedule


def check_plan(plan: Plan) -> None:
    """Refuse a plan that contradicts itself; `path` names the place.

    Raises DuplicateId, UnknownId, MalformedInput, InvalidPeriod, GroupOverlap, UnitWithoutGroup,
    ScaleExceeded, OutOfRange, FormulaInvalid, QuotaInvalid or WeightsNot100.
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
    _check_rules(plan)
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
    low, high = indicator.value_min or Decimal(0), indicator.value_max or POINTS_MAX
    if indicator.entry_kind is EntryKind.POINTS and not 0 <= low <= high <= POINTS_MAX:
        raise MalformedInput(path="value_max", value_min=low, value_max=high, hint="Points are awarded from 0 to 100.")
    _check_composition(plan, indicator)
    check_due(plan, indicator, indicator.shares_due, path="schedule")
    _check_formula(plan, indicator)


def _check_formula(plan: Plan, indicator: Indicator) -> None:
    kind = KINDS[indicator.formula.kind]
    with _at("formula"):
        kind.check(indicator.formula)
    if indicator.target is not None:
        check_target(indicator, indicator.target, path="target")
        if kind.needs_baseline:
            raise FormulaInvalid(path="target", hint="Each unit needs its own target and baseline.")
    if kind.awarded != (indicator.entry_kind is EntryKind.POINTS):
        raise FormulaInvalid(path="entry_kind", given=indicator.entry_kind, kind=indicator.formula.kind)
    if not kind.entered and plan.evaluation is None:
        raise FormulaInvalid(path="formula", kind=indicator.formula.kind, hint="The plan has no evaluation.")


def _check_composition(plan: Plan, indicator: Indicator) -> None:
    if not indicator.composition:
        return
    periods = [share.period for share in indicator.composition]
    for period in periods:
        if period not in plan.periods_of(indicator):
            raise UnknownId(path="composition", period=period, hint="The indicator is not scored for this period.")
    total = sum((share.share for share in indicator.composition), Decimal(0))
    if total != 1 or len(set(periods)) != len(periods) or any(share.share < 0 for share in indicator.composition):
        raise FormulaInvalid(path="composition", sum=total, hint="The shares of the periods sum to exactly 1.")


def check_due(plan: Plan, indicator: Indicator, schedule: Schedule, *, path: str) -> None:
    """Refuse a schedule of an indicator's target that is none. Raises FormulaInvalid, InvalidPeriod."""
    counted = [share.period for share in indicator.composition]
    check_schedule(schedule, periods=plan.periods, counted=counted, path=path)


def check_target(indicator: Indicator, target: Decimal, *, path: str) -> None:
    """Raise ScaleExceeded or OutOfRange unless the indicator's formula can score against `target`."""
    check_scale(target, indicator.scale, path=path)
    if target < 0:
        raise OutOfRange(path=path, given=target, hint="A target is not negative.")
    divides = KINDS[indicator.formula.kind].needs_target and indicator.formula.zero_target_step is None
    if target == 0 and divides:
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
    """Refuse a calendar whose deadlines run out of order. Raises MalformedInput, UnknownId, DuplicateId."""
    calendar = plan.calendar
    both = set(calendar.holidays) & set(calendar.makeup_workdays)
    if both:
        raise MalformedInput(path="calendar.makeup_workdays", day=min(both), hint="A day off is not worked.")
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


def _check_rules(plan: Plan) -> None:
    if plan.grading is not None:
        with _at("grading"):
            check_rules(plan.grading)
            _check_grading_names(plan)
    if plan.evaluation is not None:
        with _at("evaluation"):
            _check_evaluation(plan.evaluation)
    _check_adjustments(plan)
    if plan.dishonesty is not None and (plan.dishonesty.tolerance < 0 or plan.dishonesty.factor < 0):
        raise FormulaInvalid(path="dishonesty", hint="Tolerance and factor are not negative.")
    if not 0 <= plan.lights.yellow_min <= plan.lights.green_min:
        raise FormulaInvalid(path="lights", hint="Yellow begins at a rate from 0, and green no lower than yellow.")
    for name, days in asdict(plan.limits).items():
        if days < 0:
            raise OutOfRange(path=f"limits.{name}", given=days, hint="A time limit is not negative.")
    _check_decisions(plan)
    if plan.cadres is not None:
        with _at("cadres"):
            _check_cadres(plan.cadres, plan.grading.names if plan.grading is not None else ())


def _check_grading_names(plan: Plan) -> None:
    assert plan.grading is not None
    for indicator_id in plan.grading.tie_keys:
        if plan.indicator(indicator_id) is None:
            raise UnknownId(path="tie_keys", indicator_id=indicator_id)
    dimensions = {dimension.dimension_id for dimension in plan.dimensions}
    for quota in plan.grading.grades:
        for minimum in quota.dimension_minimums:
            if minimum.dimension_id not in dimensions:
                raise UnknownId(path=f"grades.{quota.grade}", dimension_id=minimum.dimension_id)
    for carried in plan.grading.brought_forward:
        if plan.group(carried.group_id) is None:
            raise UnknownId(path="brought_forward", group_id=carried.group_id)


def _check_evaluation(rules: EvaluationRules) -> None:
    total = sum((of_class.weight for of_class in rules.classes), Decimal(0))
    classes = [of_class.rater_class for of_class in rules.classes]
    if total != 100 or any(of_class.weight <= 0 for of_class in rules.classes):
        raise FormulaInvalid(path="classes", sum=total, hint="The weights of the classes sum to exactly 100.")
    if len(set(classes)) != len(classes):
        raise DuplicateId(path="classes", hint="One weight for each class.")
    if not 0 <= rules.share <= 1:
        raise FormulaInvalid(path="share", given=rules.share, hint="A share lies between 0 and 1.")
    options = [option.option for option in rules.options]
    if len(set(options)) != len(options):
        raise DuplicateId(path="options", hint="Each answer has one name.")
    if any(later.points > earlier.points for earlier, later in pairwise(rules.options)):
        raise FormulaInvalid(path="options", hint="The best answer comes first.")
    if any(not 0 <= option.points <= 100 for option in rules.options):
        raise FormulaInvalid(path="options", hint="An answer is worth 0 to 100 points.")


def _check_adjustments(plan: Plan) -> None:
    rules = plan.adjustments
    categories = {category.category_id for category in rules.categories}
    for rule in rules.rules:
        if rule.category_id is not None and rule.category_id not in categories:
            raise UnknownId(path=f"adjustments.{rule.article}", category_id=rule.category_id)
        if rule.points_max <= 0:
            raise FormulaInvalid(path=f"adjustments.{rule.article}", points_max=rule.points_max)
    caps = [category.points_max for category in rules.categories]
    if any(cap < 0 for cap in (*caps, rules.bonus_max or Decimal(0))):
        raise FormulaInvalid(path="adjustments", hint="A cap is not negative.")
    articles = [rule.article for rule in (*rules.rules, *plan.decisions)] + list(plan.veto_articles)
    for article in articles:
        if articles.count(article) > 1:
            raise DuplicateId(path="articles", article=article, hint="One article holds one rule.")


def _check_decisions(plan: Plan) -> None:
    known = plan.grading.names if plan.grading is not None else ()
    for rule in plan.decisions:
        for grade in rule.grades:
            if grade not in known:
                raise QuotaInvalid(path=f"decisions.{rule.article}", grade=grade, hint="The plan has no such grade.")
        if rule.required and rule.subject is SubjectKind.PERSON:
            # A unit's grade names no person, so that nobody could be said to be undecided.
            hint = "Which persons of a unit are decided on is chosen case by case: let it be required: false."
            raise MalformedInput(path=f"decisions.{rule.article}.required", hint=hint)


def _check_cadres(rules: CadreRules, unit_grades: tuple[str, ...]) -> None:
    shares = (rules.unit_share, rules.personal_share)
    if sum(shares) != 1 or min(shares) < 0:
        raise FormulaInvalid(path="personal_share", sum=sum(shares), hint="Both parts sum to exactly 1.")
    if not 0 <= rules.months_min <= 12:
        raise FormulaInvalid(path="months_min", given=rules.months_min)
    if not rules.grades or len(set(rules.grades)) != len(rules.grades):
        raise QuotaInvalid(path="grades", hint="Each grade has one name, the best one first.")
    for quota in rules.quotas:
        if quota.unit_grade not in unit_grades:
            raise QuotaInvalid(path="quotas", grade=quota.unit_grade, hint="The plan has no such grade for units.")
        if not 0 <= quota.share <= 1:
            raise QuotaInvalid(path="quotas", grade=quota.unit_grade, share=quota.share)
    if len({quota.unit_grade for quota in rules.quotas}) != len(rules.quotas):
        raise DuplicateId(path="quotas", hint="One share for each grade of the unit.")

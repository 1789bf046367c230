"""A formula in words: the kind with every parameter that decides, for whoever asks why a figure earns its points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from functools import cache

from ledger.domain.formula import Breakpoint, Formula, FormulaKind, Interval
from ledger.domain.formulas import KINDS
from ledger.domain.results import Known

_LEFT_OUT = {"floor": Decimal(0), "full": Decimal(100)}
"""What a kind that has the parameter takes where the plan leaves it out."""


def described(formula: Formula) -> str:
    """The kind and its parameters in one line, such as `LINEAR_RATIO: floor 0; cap 105`."""
    told: list[str] = []
    for name, words, left_out in _parameters(formula.kind):
        value = getattr(formula, name)
        if value is None:
            value = left_out
        if value not in (None, ()):
            told.append(_told(words, value))
    return f"{formula.kind.value}: {'; '.join(told)}" if told else formula.kind.value


@cache
def _parameters(kind: FormulaKind) -> Sequence[tuple[str, str, Decimal | None]]:
    """The parameters that a kind takes: the name, the same in words, and what it takes where the plan leaves it out."""
    taken, floored = KINDS[kind].parameters, KINDS[kind].floored
    named = [field.name for field in fields(Formula) if field.name in taken]
    left_out = {name: _LEFT_OUT.get(name) for name in named if floored or name != "floor"}
    return [(name, name.replace("_", " "), left_out.get(name)) for name in named]


def scale_of(formula: Formula, values: Mapping[str, Known], unit_id: str) -> list[str]:
    """The units of a group by whose figures one of them is measured; none, where nobody is compared.

    Those ahead of it where ranks earn points, else those with the best figure, or the best and the worst.
    """
    if not values or not KINDS[formula.kind].group_relative(formula):
        return []
    figures = {each: known.value for each, known in values.items()}
    if formula.kind is FormulaKind.GROUP_RANK:
        own, sign = figures.get(unit_id), 1 if formula.lower_better else -1
        ahead = [each for each, figure in figures.items() if own is None or sign * figure < sign * own]
        return sorted(ahead, key=lambda each: (sign * figures[each], each))
    ends = {max(figures.values())}
    if formula.kind is FormulaKind.EFFICACY:
        ends.add(min(figures.values()))
    return sorted(each for each, figure in figures.items() if figure in ends)


def _told(name: str, value: object) -> str:
    match value:
        case bool():
            return "lower is better" if value else "higher is better"
        case tuple():
            return f"{name} {', '.join(_corners(value))}"  # pyright: ignore[reportUnknownArgumentType]
        case _:
            return f"{name} {_plain(value)}"


def _corners(corners: Iterable[object]) -> Iterable[str]:
    for corner in corners:
        match corner:
            case Breakpoint():
                yield f"{_plain(corner.actual)}: {_plain(corner.points)}"
            case Interval(low=None):
                yield f"below {_plain(corner.high)}: {_plain(corner.points)}"
            case Interval():
                yield f"from {_plain(corner.low)}: {_plain(corner.points)}"
            case _:
                yield _plain(corner)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)

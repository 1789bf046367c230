"""Reason path: the sentences that say, step by step, why a unit has its grade.

Each names what was asked and what was reached, and the events that decided. They are for
people: nothing reads them again. Source: domain.md 3.7, 3.9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ledger.domain.veto import Veto


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A dimension in which a unit does not reach what a grade asks for."""

    grade: str
    dimension_id: str
    asked: Decimal
    """The least part of the dimension's weight, from 0 to 1."""
    reached: Fraction

    @property
    def reason(self) -> str:
        """What was asked, and what was reached, cut off so that it never shows as enough."""
        reached, asked = Decimal(int(self.reached * 10_000)).scaleb(-2), format((self.asked * 100).normalize(), "f")
        return f"{self.dimension_id} at {reached} % of its weight, below {asked} % for {self.grade}"


def too_low(total: Decimal, total_min: Decimal, grade: str) -> str:
    """The total is below the least one of a grade."""
    return f"total {total} below {total_min} for {grade}"


def forced(grade: str, vetoes: Sequence[Veto]) -> str:
    """A veto forces the grade."""
    return f"forced to {grade} by veto{_named(vetoes)}"


def capped(grade: str, best: str, vetoes: Sequence[Veto]) -> str:
    """The vetoes leave no better grade than `best`."""
    return f"{grade}: not above {best} by veto{_named(vetoes)}"


def _named(vetoes: Sequence[Veto]) -> str:
    named = (f"{veto.effect} {veto.grade} at position {veto.position}" for veto in vetoes)
    return f" ({', '.join(named)})" if vetoes else ""


def in_band(total: Decimal, total_min: Decimal, grade: str) -> str:
    """No seats limit the grade; the total is enough for it."""
    return f"{grade}: total {total} of at least {total_min}"


def seated(grade: str, seats: int) -> str:
    """One of the grade's seats."""
    return f"{grade} within {counted(seats, 'seat')}"


def tied(grade: str, others: int) -> str:
    """More are tied than seats are left."""
    return f"tied at the cut of {grade} with {counted(others, 'other')}"


def all_included(grade: str, others: int, *, seats: int, over: int) -> str:
    """All that are tied at the cut get the grade."""
    beyond = f", {over} over the {counted(seats, 'seat')}" if over else ""
    return f"{tied(grade, others)}, all of them included{beyond}"


def chosen(grade: str, others: int, position: int, *, admitted: bool) -> str:
    """The leading group chose among those that are tied."""
    return f"{tied(grade, others)}, {'admitted' if admitted else 'not admitted'} by the decision at position {position}"


def spared(others: int) -> str:
    """More are tied at the bottom than seats are left there."""
    return f"spared at the bottom, tied with {counted(others, 'other')}"


def among_last(grade: str, seats: int) -> str:
    """One of those that fail whatever their totals."""
    return f"{grade}: among the last {seats}"


def the_rest(grade: str, total: Decimal) -> str:
    """Passed, without a seat of a better grade."""
    return f"{grade}: the rest, total {total}"


def excepted(grade: str) -> str:
    """The grade was granted outside the quota."""
    return f"{grade} outside the quota by exception"


def exception_capped(grade: str, best: str, vetoes: Sequence[Veto]) -> str:
    """The grade was granted outside the quota, and the vetoes leave no better one than `best`."""
    return f"{grade} was granted outside the quota, but not above {best} by veto{_named(vetoes)}"


def held(grade: str) -> str:
    """The grade that the unit had before a restatement."""
    return f"{grade}: held harmless"


def counted(number: int, thing: str) -> str:
    """So many things."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"

"""Curves: the points of any actual that is measured against the same things.

A curve is drawn once, in rationals, and read for many actuals; so it is read in plain
integers, and what comes out is reduced only when it is added up or shown. Source: domain.md 3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from ledger.domain.numbers import Ratio

Curve = Callable[[Ratio], Ratio]
"""From an actual to its points, both exact."""


class Piece(NamedTuple):
    """A straight piece of a curve: slope x actual + offset, from `begins` on (None: from the left)."""

    begins: Fraction | None
    slope: Fraction
    offset: Fraction


def straight(slope: Fraction, offset: Fraction, *, floor: Fraction | None = None, cap: Fraction | None = None) -> Curve:
    """The line slope x actual + offset, kept between the floor and the cap."""
    bounds = [bound.denominator for bound in (floor, cap) if bound is not None]
    common = lcm(slope.denominator, offset.denominator, *bounds)
    rise, start = _times(slope, common), _times(offset, common)
    low, high = (None if bound is None else _times(bound, common) for bound in (floor, cap))

    def read(actual: Ratio) -> Ratio:
        numerator, denominator = actual
        points = rise * numerator + start * denominator
        if low is not None and points < low * denominator:
            points = low * denominator
        elif high is not None and points > high * denominator:
            points = high * denominator
        return points, common * denominator

    return read


def pieced(pieces: Sequence[Piece], *, floor: Fraction | None = None, cap: Fraction | None = None) -> Curve:
    """Straight pieces from left to right, the first of which begins nowhere, kept between the floor and the cap."""
    lines = [(piece.begins, straight(piece.slope, piece.offset, floor=floor, cap=cap)) for piece in pieces]
    first, later = lines[0][1], [(begins.as_integer_ratio(), line) for begins, line in lines if begins is not None]

    def read(actual: Ratio) -> Ratio:
        numerator, denominator = actual
        line = first
        for (begins, parts), following in later:
            if numerator * parts < begins * denominator:
                break
            line = following
        return line(actual)

    return read


def _times(number: Fraction, common: int) -> int:
    return number.numerator * (common // number.denominator)

"""Numbers: decimals as people write them, exact rationals inside, one rounding at the end.

No binary floats anywhere. Chinese rounding standard GB/T 8170 forbids rounding a figure
twice, so intermediate values stay `Fraction` until a figure is shown or compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from math import lcm

from ledger.domain.refusals import InvalidDecimal, ScaleExceeded

SCALE_MAX = 6
SHARE_SCALE = 4
"""How many decimal places of a share or a rate are shown: hundredths of a percent."""
Ratio = tuple[int, int]
"""A rational as numerator and positive denominator, not reduced: reducing takes longer than scoring."""
_PLAIN = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,6})?", re.ASCII)
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．－", "0123456789.-")


class Rounding(StrEnum):
    """How a figure that lies exactly between two is rounded; negative figures by their absolute value."""

    HALF_UP = "HALF_UP"
    """Away from zero: 89.985 is shown as 89.99."""
    HALF_EVEN = "HALF_EVEN"
    """To the even neighbour, as GB/T 8170 has it: 89.985 is shown as 89.98."""


class RoundingPolicy(StrEnum):
    """Whether only the total is rounded, or each level of the sum as many spreadsheets do."""

    EXACT_THEN_ROUND = "EXACT_THEN_ROUND"
    """Every figure is exact until it is shown or compared, and rounded once then."""
    ROUND_EACH_LEVEL = "ROUND_EACH_LEVEL"
    """Scores, contributions and parts of the total are rounded before they are added up."""


def parse_decimal(text: object, *, path: str | None = None) -> Decimal:
    """Return the number written in `text`, keeping its decimal places.

    Accepts `-?(0|[1-9]\\d{0,14})(\\.\\d{1,6})?` only. Raises InvalidDecimal for anything else
    (floats, exponents, separators, %, 万, full-width digits); it hints, it never guesses.
    """
    if not isinstance(text, str):
        raise InvalidDecimal(path=path, given=repr(text), hint="Send numbers as strings.")
    if not _PLAIN.fullmatch(text):
        plain = text.translate(_FULL_WIDTH).strip().replace(",", "")
        hint = f"Did you mean {plain}?" if plain != text and _PLAIN.fullmatch(plain) else None
        raise InvalidDecimal(path=path, given=repr(text[:40]), hint=hint)
    return Decimal(text)


def check_scale(value: Decimal, scale: int, *, path: str | None = None) -> None:
    """Raise ScaleExceeded if `value` is written with more than `scale` decimal places."""
    places = decimal_places(value)
    if places > scale:
        raise ScaleExceeded(path=path, given=value, decimal_places_max=scale)


def decimal_places(value: Decimal) -> int:
    """How many decimal places `value` is written with."""
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@lru_cache(maxsize=1 << 16)
def rational(value: Decimal) -> Fraction:
    """The rational that a decimal is; figures recur, so the conversion is remembered."""
    return Fraction(value)


def over_one(ratios: Iterable[Ratio]) -> tuple[list[int], int]:
    """The numerators of ratios over one denominator, and that denominator."""
    terms = list(ratios)
    common = lcm(*[denominator for _, denominator in terms])
    return [numerator * (common // denominator) for numerator, denominator in terms], common


def exact_sum(parts: Iterable[Ratio]) -> Fraction:
    """The sum of many ratios, reduced once: many times as fast as adding one by one."""
    numerators, common = over_one(parts)
    return Fraction(sum(numerators), common)


def rounded(exact: Fraction, scale: int, mode: Rounding) -> Decimal:
    """Round `exact` once, to `scale` decimal places.

    A tie goes away from zero (HALF_UP) or to the even neighbour (HALF_EVEN, GB/T 8170).
    """
    numerator, denominator = exact.as_integer_ratio()
    whole, remainder = divmod(abs(numerator) * 10**scale, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and (mode is Rounding.HALF_UP or whole % 2)):
        whole += 1
    digits = -whole if numerator < 0 else whole
    return Decimal(digits).scaleb(-scale)


def exact_text(exact: Fraction) -> str:
    """Write `exact` without loss: as a decimal where it ends within 12 places, else as a fraction."""
    for places in range(13):
        digits, rest = divmod(exact.numerator * 10**places, exact.denominator)
        if not rest:
            return str(Decimal(digits).scaleb(-places)) if places else str(digits)
    return f"{exact.numerator}/{exact.denominator}"

from decimal import Decimal
from fractions import Fraction

import pytest

from ledger.domain.numbers import Rounding, check_scale, exact_text, parse_decimal, rounded
from ledger.domain.refusals import InvalidDecimal, ScaleExceeded


@pytest.mark.parametrize("text", ["0", "-0.5", "84.50", "872067021.91", "999999999999999.123456"])
def test_a_plain_decimal_is_read_with_its_decimal_places(text: str) -> None:
    assert str(parse_decimal(text)) == text


@pytest.mark.parametrize(
    "given",
    [
        "",
        "1e3",
        "NaN",
        "Infinity",
        "+1",
        " 1",
        "1 ",
        "12,5",
        "85%",
        "１２.５",
        "3万",
        "01",
        "1.",
        ".5",
        "1.2345678",
        85.1,
        None,
    ],
)
def test_anything_else_is_refused_and_never_guessed(given: object) -> None:
    with pytest.raises(InvalidDecimal):
        parse_decimal(given)


def test_a_refused_full_width_number_comes_with_a_hint() -> None:
    with pytest.raises(InvalidDecimal, match=r"Did you mean 12\.5\?"):
        parse_decimal("１２.５")


def test_more_places_than_the_indicator_declares_are_refused_not_rounded() -> None:
    with pytest.raises(ScaleExceeded):
        check_scale(Decimal("85.12345"), 2)


@pytest.mark.parametrize(
    ("exact", "half_up", "half_even"),
    [
        ("89.995", "90.00", "90.00"),
        ("89.985", "89.99", "89.98"),
        ("92.125", "92.13", "92.12"),
        ("92.135", "92.14", "92.14"),
        ("-1.005", "-1.01", "-1.00"),
    ],
)
def test_a_tie_rounds_as_the_plan_says(exact: str, half_up: str, half_even: str) -> None:
    assert str(rounded(Fraction(exact), 2, Rounding.HALF_UP)) == half_up
    assert str(rounded(Fraction(exact), 2, Rounding.HALF_EVEN)) == half_even


def test_an_exact_figure_is_written_without_loss() -> None:
    assert [exact_text(Fraction(text)) for text in ("96.775", "100", "1077/13")] == ["96.775", "100", "1077/13"]

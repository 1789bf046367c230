"""What counts of the points that were granted and imposed: what is in force, once for each matter, up to the caps."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from articles import BONUS, DEDUCTION, RULES, article
from examples import vector
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.adjusting import Standing, counted
from ledger.domain.adjustment import (
    Adjustment,
    AdjustmentStatus,
)
from ledger.domain.numbers import Rounding, rounded
from ledger.domain.plan_rules import AdjustmentRules


def adjustment(
    position: int,
    points: str,
    *,
    matter_id: str = "m1",
    number: str = "21",
    status: AdjustmentStatus | None = None,
) -> Adjustment:
    kind = DEDUCTION if number.startswith("3") else BONUS
    in_force = AdjustmentStatus.IMPOSED if kind is DEDUCTION else AdjustmentStatus.APPROVED
    return Adjustment(
        positions=(position,),
        kind=kind,
        unit_id="U04",
        rule=article(number),
        matter_id=matter_id,
        level=None,
        points_claimed=Decimal(points),
        points=Decimal(points),
        issued_on=None,
        status=status or in_force,
        persons=frozenset({"reporter"}),
    )


def explained(rules: AdjustmentRules, *items: Adjustment) -> list[tuple[str, str]]:
    return [(str(line.points), str(line.standing)) for line in counted(rules, items).items]


def test_claims_count_as_the_specification_counts_them() -> None:
    example: dict[str, Any] = vector("E24")
    articles = {"COMMENDATION": "21", "RANKING": "22"}
    items = [
        adjustment(position, points, matter_id=matter_id, number=articles[category])
        for position, (matter_id, category, points) in enumerate(example["input"]["claims"], start=1)
    ]
    result = counted(RULES, items)

    assert str(rounded(result.bonus, 2, Rounding.HALF_UP)) == example["expect"]
    assert explained(RULES, *items) == [
        ("3", "counted"),
        ("0", "same matter, a higher one counts"),
        ("2", "counted"),
        ("0", "capped by category"),
        ("3", "capped overall"),
    ]


def test_only_what_is_in_force_counts() -> None:
    statuses = (
        AdjustmentStatus.CLAIMED,
        AdjustmentStatus.REJECTED,
        AdjustmentStatus.REVOKED,
        AdjustmentStatus.CARRIED_OVER,
    )
    items = [adjustment(n, "5", matter_id="m1", status=status) for n, status in enumerate(statuses, start=1)]

    assert explained(RULES, *items, adjustment(9, "1")) == [
        ("0", "not approved"),
        ("0", "not approved"),
        ("0", "revoked"),
        ("0", "carried over"),
        ("1", "counted"),
    ]


def test_of_equal_points_for_one_matter_the_earlier_count() -> None:
    assert explained(RULES, adjustment(2, "2", number="22"), adjustment(1, "2")) == [
        ("2", "counted"),
        ("0", "same matter, a higher one counts"),
    ]


def test_deductions_have_no_overall_cap_and_add_up_for_one_matter_only_where_the_article_says_so() -> None:
    highest = (adjustment(1, "1", number="31"), adjustment(2, "2.5", number="31"))
    other_matters = tuple(adjustment(n, "3", number="31", matter_id=f"n{n}") for n in (3, 4, 5))
    cumulative = tuple(adjustment(n, "2", number="32") for n in (6, 7, 8))

    assert explained(RULES, *highest, *other_matters, *cumulative) == [
        ("0", "same matter, a higher one counts"),
        ("5/2", "counted"),
        ("3", "counted"),
        ("3", "counted"),
        ("3", "counted"),
        ("2", "counted"),
        ("1", "capped by the rule"),
        ("0", "capped by the rule"),
    ]
    assert counted(RULES, highest + other_matters + cumulative).deduction == Fraction("14.5")


def test_without_caps_everything_granted_counts() -> None:
    items = [adjustment(n, "4", matter_id=f"m{n}") for n in range(1, 6)]

    assert counted(AdjustmentRules(), items).bonus == 20


ITEMS = st.lists(
    st.tuples(
        st.sampled_from(("21", "22", "31", "32")),
        st.sampled_from(("m1", "m2", "m3")),
        st.decimals(min_value=Decimal("0.01"), max_value=3, places=2),
        st.sampled_from((None, *AdjustmentStatus)),
    ),
    max_size=12,
).map(
    lambda drawn: [
        adjustment(
            position,
            str(points),
            matter_id=matter_id,
            number=number,
            status=None if status in (AdjustmentStatus.APPROVED, AdjustmentStatus.IMPOSED) else status,
        )
        for position, (number, matter_id, points, status) in enumerate(drawn, start=1)
    ]
)


@given(ITEMS)
def test_no_cap_is_ever_passed(items: Sequence[Adjustment]) -> None:
    result = counted(RULES, items)

    assert 0 <= result.bonus <= 8
    for number, cap in (("21", 5), ("22", 15)):
        assert sum(line.points for line in result.items if line.item.rule.article == number) <= cap
    for line in result.items:
        assert 0 <= line.points <= Fraction(line.item.points)
        assert (line.points == Fraction(line.item.points)) is (line.standing is Standing.COUNTED)


@given(ITEMS, st.randoms())
def test_the_order_in_which_adjustments_are_listed_changes_nothing(items: list[Adjustment], random: Any) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)

    assert counted(RULES, shuffled) == counted(RULES, items)


@given(ITEMS, st.sampled_from(("21", "22")), st.integers(min_value=-20, max_value=0))
def test_a_claim_that_nobody_granted_changes_nothing(items: list[Adjustment], number: str, position: int) -> None:
    claim = adjustment(position, "3", number=number, status=AdjustmentStatus.CLAIMED)
    before, after = counted(RULES, items), counted(RULES, [*items, claim])

    assert (after.bonus, after.deduction) == (before.bonus, before.deduction)
    assert [line for line in after.items if line.item is not claim] == list(before.items)


@given(ITEMS)
def test_what_counts_of_each_adds_up_to_the_whole(items: Sequence[Adjustment]) -> None:
    result = counted(RULES, items)

    assert [line.item for line in result.items] == list(items)
    for kind, whole in ((BONUS, result.bonus), (DEDUCTION, result.deduction)):
        assert sum(line.points for line in result.items if line.item.kind is kind) == whole

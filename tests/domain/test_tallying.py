"""From the answers on ballots to the points of an evaluation."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from examples import vector

from ledger.domain.numbers import Rounding, rounded
from ledger.domain.plan_rules import ClassWeight, EvaluationRules, RaterClass
from ledger.domain.tallying import (
    BallotAnswer,
    BallotRule,
    ClassShare,
    Evaluated,
    Tally,
    broken_rule,
    evaluated,
    marks_on,
    mean_mark,
)

EXAMPLE: dict[str, Any] = vector("E12")
RULES = EvaluationRules(
    classes=tuple(
        ClassWeight(rater_class=RaterClass(name), weight=Decimal(given[0]) * 100)
        for name, given in EXAMPLE["input"].items()
        if name != "trim"
    )
)
SUPERIOR, PEER, SUBORDINATE, PUBLIC = (of_class.rater_class for of_class in RULES.classes)
UNITS = ("U01", "U02", "U03", "U04", "U05")


def marks_of(rater_class: RaterClass) -> list[Fraction]:
    return [Fraction(mark) for mark in EXAMPLE["input"][rater_class][1]]


def counted(rater_class: RaterClass) -> Tally:
    """The example's tally of one class; the public is surveyed."""
    marks = marks_of(rater_class)
    if rater_class is PUBLIC:
        return survey(marks[0])
    mean, trimmed = mean_mark(RULES, marks)
    return Tally(1, len(marks), len(marks), mean, trimmed)


def survey(mean: Fraction, sample: int = 400) -> Tally:
    return Tally(1, sample, sample, mean, False, survey=True)


TALLIES = {rater_class: counted(rater_class) for rater_class in RaterClass}


def answers(*options: str, units: tuple[str, ...] = UNITS, question: int = 1) -> list[BallotAnswer]:
    return [
        BallotAnswer(unit_id=unit_id, option=option, question=question)
        for unit_id, option in zip(units, options, strict=True)
    ]


def broken(
    given: list[BallotAnswer], rules: tuple[BallotRule, ...] = tuple(BallotRule), *, asked: int = 5, top: int = 2
) -> BallotRule | None:
    return broken_rule(given, rules, asked=asked, best="A", top_marks_max=top)


def test_the_worked_example_comes_out_to_the_last_digit() -> None:
    result = evaluated(RULES, TALLIES)

    assert result.points is not None
    assert result.points == Fraction(EXAMPLE["expect"]["exact"])
    assert str(rounded(result.points, 2, Rounding.HALF_UP)) == EXAMPLE["expect"]["display"]
    assert [(share.weight, share.tally.mean, share.tally.trimmed) for share in result.classes] == [
        (40, 93, False),
        (30, 85, True),
        (20, 85, True),
        (10, Fraction("81.35"), False),
    ]


def test_one_highest_and_one_lowest_mark_are_dropped_from_more_than_five() -> None:
    five = [Fraction(mark) for mark in (0, 100, 100, 100, 100)]

    assert mean_mark(RULES, five) == (80, False)
    assert mean_mark(RULES, [*five, Fraction(100)]) == (100, True)
    assert mean_mark(RULES, []) == (None, False)


def test_a_mark_is_left_however_few_the_plan_trims_from() -> None:
    always = replace(RULES, trim_above=0)

    assert mean_mark(always, [Fraction(70), Fraction(90)]) == (80, False)
    assert mean_mark(always, [Fraction(60), Fraction(70), Fraction(95)]) == (70, True)


def test_a_mean_is_not_rounded() -> None:
    assert mean_mark(RULES, [Fraction(85), Fraction(85), Fraction(92)]) == (Fraction(262, 3), False)


def test_a_class_with_too_few_valid_ballots_gives_its_weight_to_the_others() -> None:
    few = Tally(2, 8, 2, Fraction(100), False)

    result = evaluated(RULES, TALLIES | {PEER: few})

    weights = [Fraction(400, 7), Fraction(0), Fraction(200, 7), Fraction(100, 7)]
    assert result == Evaluated(
        Fraction(93 * 40 + 85 * 20, 70) + Fraction("81.35") / 7,
        tuple(ClassShare(c, w, few if c is PEER else TALLIES[c]) for c, w in zip(RaterClass, weights, strict=True)),
    )


def test_a_class_that_was_never_tallied_gives_its_weight_to_the_others() -> None:
    result = evaluated(RULES, {SUPERIOR: TALLIES[SUPERIOR], SUBORDINATE: TALLIES[SUBORDINATE]})

    assert result.points == Fraction(93 * 2 + 85, 3)
    assert [share.weight for share in result.classes] == [Fraction(200, 3), Fraction(100, 3)]


def test_a_survey_counts_by_its_sample_and_not_by_the_least_number_of_ballots() -> None:
    one = survey(Fraction(90), sample=400)
    small = survey(Fraction(90), sample=399)

    assert evaluated(RULES, {PUBLIC: one}).points == 90
    assert evaluated(RULES, {PUBLIC: small}) == Evaluated(None, (ClassShare(PUBLIC, Fraction(0), small),))


def test_without_any_class_that_counts_there_are_no_points() -> None:
    assert evaluated(RULES, {}) == Evaluated(None, ())


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (answers("A", "A", "B", "B", "C"), None),
        (answers("B", "B", "B", "B", "B"), BallotRule.ALL_SAME),
        (answers("A", "A", "A", "B", "B"), BallotRule.OVER_TOP_LIMIT),
        (answers("A", "A", "B", "B", units=UNITS[:4]), BallotRule.INCOMPLETE),
        ([], BallotRule.INCOMPLETE),
    ],
)
def test_a_ballot_counts_unless_it_breaks_a_rule(given: list[BallotAnswer], rule: BallotRule | None) -> None:
    assert broken(given) == rule
    assert broken(given, ()) is None


def test_the_same_answer_about_fewer_than_five_units_is_an_opinion() -> None:
    four = answers("B", "B", "B", "B", units=UNITS[:4])

    assert broken(four, asked=4) is None


def test_top_marks_are_counted_for_each_question_by_itself() -> None:
    both = [*answers("A", "A", "B", "B", "B"), *answers("B", "B", "A", "A", "C", question=2)]

    assert broken(both, asked=10) is None
    assert broken(both, asked=10, top=1) is BallotRule.OVER_TOP_LIMIT


def test_a_units_mark_is_the_mean_of_the_answers_to_all_questions() -> None:
    points = {"A": Fraction(100), "B": Fraction(85), "C": Fraction(70)}
    ballot = [
        *answers("A", "C", units=UNITS[:2]),
        *answers("B", "C", units=UNITS[:2], question=2),
        *answers("B", units=UNITS[:1], question=3),
    ]

    assert marks_on(ballot, points) == {"U01": 90, "U02": 70}

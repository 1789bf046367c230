"""Tallying: from the answers on ballots to an appraisal's points, exact to the end.

Pure arithmetic over the plan's rules; what was opened, cast and recorded is in `evaluation`.
Source: domain.md 3.5.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from ledger.domain.plan_rules import ClassWeight, EvaluationRules, RaterClass
from ledger.domain.refusals import UnknownId

ALL_SAME_UNITS_MIN = 5
"""Identical answers say nothing once they are about this many units."""
_TRIMMED_OFF = 2
_ZERO, _HUNDRED = Fraction(0), Fraction(100)


class BallotRule(StrEnum):
    """Why a ballot does not count.

    A second ballot with one token is none of these: it is refused, and never recorded.
    """

    ALL_SAME = "ALL_SAME"
    """Every answer is the same, about five units or more."""
    OVER_TOP_LIMIT = "OVER_TOP_LIMIT"
    """More units have the best answer to one question than allowed."""
    INCOMPLETE = "INCOMPLETE"
    """An answer is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotAnswer:
    """What a ballot says of one unit."""

    unit_id: str
    option: str
    question: int = 1
    """The number of the question, from 1; 1 too where the ballot asks for one overall mark."""


def broken_rule(
    answers: Sequence[BallotAnswer],
    rules: Collection[BallotRule],
    *,
    asked: int,
    best: str | None,
    top_marks_max: int | None,
) -> BallotRule | None:
    """Return the first of `rules` that a ballot breaks, None if it is valid.

    `asked` is how many answers a complete ballot has, `best` the option of the top mark.
    """
    units = {answer.unit_id for answer in answers}
    broken = {
        BallotRule.ALL_SAME: len({answer.option for answer in answers}) == 1 and len(units) >= ALL_SAME_UNITS_MIN,
        BallotRule.OVER_TOP_LIMIT: top_marks_max is not None and _top_marks(answers, best) > top_marks_max,
        BallotRule.INCOMPLETE: len(answers) < asked,
    }
    return next((rule for rule in BallotRule if rule in rules and broken[rule]), None)


def _top_marks(answers: Sequence[BallotAnswer], best: str | None) -> int:
    """The most units that have the best answer to one question."""
    asked_of = [answer.question for answer in answers if answer.option == best]
    return max((asked_of.count(question) for question in set(asked_of)), default=0)


def marks_on(answers: Sequence[BallotAnswer], points: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """The mark that a ballot gives each unit: the mean of its answers over the questions. Raises UnknownId."""
    given: dict[str, list[Fraction]] = {}
    for answer in answers:
        if answer.option not in points:
            raise UnknownId(path="option", option=answer.option, hint="The campaign offers no such answer.")
        given.setdefault(answer.unit_id, []).append(points[answer.option])
    return {unit_id: sum(marks, _ZERO) / len(marks) for unit_id, marks in given.items()}


def mean_mark(rules: EvaluationRules, marks: Sequence[Fraction]) -> tuple[Fraction | None, bool]:
    """The mean of a unit's valid marks, and whether one highest and one lowest were dropped from it."""
    if not marks:
        return None, False
    # However few marks the plan trims from: at least one is left.
    trimmed = len(marks) > max(rules.trim_above, _TRIMMED_OFF)
    counted = sorted(marks)[1:-1] if trimmed else marks
    return sum(counted, _ZERO) / len(counted), trimmed


@dataclass(frozen=True, slots=True)
class Tally:
    """What one class of raters says of a unit, with the position that recorded it."""

    position: int
    n: int
    """Ballots cast, or the sample of a survey."""
    n_valid: int
    mean: Fraction | None
    """Points of 100; None if no valid ballot marks the unit."""
    trimmed: bool
    survey: bool = False
    """Whether it is the one figure of an imported survey."""


class ClassShare(NamedTuple):
    """What one class counts in a unit's evaluation."""

    rater_class: RaterClass
    weight: Fraction
    """Effective weight in percentage points; 0 if the class gave its weight to the others."""
    tally: Tally


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A unit's evaluation with the classes it comes from, in the plan's order."""

    points: Fraction | None
    """Points of 100; None if no class counts."""
    classes: tuple[ClassShare, ...]


def evaluated(rules: EvaluationRules, tallies: Mapping[RaterClass, Tally]) -> Evaluated:
    """Return a unit's evaluation: the mean of each class that counts, by weight.

    A class with too few valid ballots, or a survey of too small a sample, gives its weight to
    the others in proportion to theirs; so does a class that was never asked. A class whose
    ballots are not counted yet does too, for the time being; its units are incomplete.
    """
    known = [(of_class, tallies[of_class.rater_class]) for of_class in rules.classes if of_class.rater_class in tallies]
    counts = {of_class.rater_class for of_class, tally in known if counts_in(rules, tally, of_class)}
    whole = sum((Fraction(of_class.weight) for of_class, _ in known if of_class.rater_class in counts), _ZERO)
    classes = tuple(
        ClassShare(
            of_class.rater_class,
            Fraction(of_class.weight) * _HUNDRED / whole if of_class.rater_class in counts else _ZERO,
            tally,
        )
        for of_class, tally in known
    )
    if not counts:
        return Evaluated(None, classes)
    points = sum((share.weight * (share.tally.mean or _ZERO) for share in classes), _ZERO) / _HUNDRED
    return Evaluated(points, classes)


def counts_in(rules: EvaluationRules, tally: Tally, of_class: ClassWeight) -> bool:
    """Whether enough valid ballots, or a large enough sample, stand behind what a class says of a unit."""
    least = rules.survey_sample_min if tally.survey else of_class.valid_min
    return tally.mean is not None and tally.n_valid >= least


def rounded_at_each_level(appraised: Evaluated, rounding: Callable[[Fraction], Fraction]) -> Evaluated:
    """The evaluation as a spreadsheet has it that rounds each class's mean, and what that contributes. Source: 3.1."""
    if appraised.points is None:
        return appraised
    means = [rounding(share.tally.mean or _ZERO) for share in appraised.classes]
    points = sum(
        (rounding(share.weight * mean / _HUNDRED) for share, mean in zip(appraised.classes, means, strict=True)), _ZERO
    )
    return replace(appraised, points=points)

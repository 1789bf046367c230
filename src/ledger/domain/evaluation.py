"""Evaluation: campaigns in which raters appraise units on ballots that name nobody.

A ballot bears the hash of a token. Who was given which token is held outside the ledger,
which knows the list of eligible raters by its hash only: votes stay anonymous while their
count can be audited. Source: domain.md 2.4 "Evaluation".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ledger.domain.facts import Audience, Event, Fact, Stream
from ledger.domain.numbers import exact_text
from ledger.domain.plan_rules import EvaluationRules, OptionPoints, RaterClass
from ledger.domain.refusals import UnknownId
from ledger.domain.tallying import BallotAnswer, BallotRule, Tally, broken_rule, marks_on, mean_mark


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationFact(Fact):
    """A fact about one campaign."""

    AUDIENCE = Audience.EVERYBODY

    cycle_id: str
    campaign_id: str

    @property
    def stream(self) -> str:
        return evaluation_stream(self.cycle_id, self.campaign_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOpened(EvaluationFact):
    """A class of raters was asked to appraise units of one group."""

    # Until it is tallied the units lack something, whatever their other raters say.
    MOVES = True

    rater_class: RaterClass
    group_id: str
    unit_ids: tuple[str, ...]
    questions: tuple[str, ...]
    options: tuple[OptionPoints, ...]
    """What a ballot offers, best first: the plan's options on the day of opening, so that no plan revalues a ballot."""
    eligible_count: int
    eligible_hash: str
    opens_on: date
    closes_on: date
    invalidated_by: tuple[BallotRule, ...]
    top_marks_max: int | None = None

    @property
    def questions_asked(self) -> int:
        """How many answers a ballot has for each unit: without questions one overall mark."""
        return max(len(self.questions), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotTokensIssued(EvaluationFact):
    """Random tokens were issued; each is good for one ballot."""

    AUDIENCE = Audience.RESULT

    count: int
    token_hashes: tuple[str, ...]
    """Of a hash nobody makes the token, so that whoever reads the ledger cannot cast the ballot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotCast(EvaluationFact):
    """A ballot was cast with a token."""

    # The office may know whom it gave a token; it does not see what the token's ballot says.
    AUDIENCE = Audience.INSPECTION

    token_hash: str
    answers: tuple[BallotAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotInvalidated(EvaluationFact):
    """A ballot does not count, because it breaks a rule of the campaign."""

    AUDIENCE = Audience.INSPECTION
    CITES = "cast_position"

    token_hash: str
    cast_position: int
    rule: BallotRule


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyResultImported(EvaluationFact):
    """A third party's survey brought a figure for one unit."""

    AUDIENCE = Audience.RESULT
    CITES = "replaces_position"
    MOVES = True

    rater_class: RaterClass
    unit_id: str
    value: Decimal
    """Points of 100."""
    sample: int
    method: str
    evidence: tuple[str, ...]
    replaces_position: int | None = None
    """The figure that this one takes the place of; null for the first."""
    reason: str | None = None
    """Why it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationClosed(EvaluationFact):
    """No more ballots are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTally:
    """What the ballots of a campaign say of one unit."""

    unit_id: str
    n: int
    """Ballots cast in the campaign."""
    n_valid: int
    """Valid ballots that mark the unit."""
    mean: str | None
    """Exact, a decimal or a fraction such as 262/3; None if no valid ballot marks the unit."""
    trimmed: bool
    """Whether one highest and one lowest mark were dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationTallied(EvaluationFact):
    """The ballots of a closed campaign were counted."""

    AUDIENCE = Audience.RESULT
    MOVES = True

    rater_class: RaterClass
    group_id: str
    plan_version: int
    units: tuple[UnitTally, ...]


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a ballot says, with the position that recorded it."""

    position: int
    answers: tuple[BallotAnswer, ...]


class Survey(NamedTuple):
    """A figure that a survey brought, with its position."""

    position: int
    fact: SurveyResultImported


@dataclass(frozen=True, slots=True)
class Campaign:
    """What decisions need to know of one campaign."""

    opened: EvaluationOpened | None = None
    tokens: frozenset[str] = frozenset()
    """The hashes of the tokens issued."""
    ballots: Mapping[str, Ballot] = field(default_factory=dict[str, Ballot])
    """By the hash of the token, in the order they were cast."""
    invalidated: frozenset[str] = frozenset()
    surveys: Mapping[str, Survey] = field(default_factory=dict[str, Survey])
    """The latest figure that a survey brought, by unit."""
    closed_position: int | None = None
    tallied: EvaluationTallied | None = None

    def evolve(self, event: Event, /) -> Campaign:
        """Return the state after `event`."""
        match event.fact:
            case EvaluationOpened() as fact:
                return replace(self, opened=fact)
            case BallotTokensIssued() as fact:
                return replace(self, tokens=self.tokens.union(fact.token_hashes))
            case BallotCast() as fact:
                # Copying what was cast before costs some 20 microseconds at 2,000 ballots.
                return replace(self, ballots={**self.ballots, fact.token_hash: Ballot(event.position, fact.answers)})
            case BallotInvalidated() as fact:
                return replace(self, invalidated=self.invalidated | {fact.token_hash})
            case SurveyResultImported() as fact:
                return replace(self, surveys={**self.surveys, fact.unit_id: Survey(event.position, fact)})
            case EvaluationClosed():
                return replace(self, closed_position=event.position)
            case EvaluationTallied() as fact:
                return replace(self, tallied=fact)
            case _:
                return self


@dataclass(frozen=True, slots=True)
class Count:
    """What follows from the ballots of a campaign."""

    invalid: Mapping[str, BallotRule]
    """The rule that a ballot breaks, by the hash of its token."""
    units: tuple[UnitTally, ...]


def retally(campaign: Campaign, rules: EvaluationRules) -> Count:
    """Count a campaign that was opened, from its ballots alone: the same ballots give the same tallies for ever.

    Where nobody cast a ballot, what a survey found of a unit is not counted away. Raises UnknownId
    for a ballot that answers what was not asked.
    """
    opened = campaign.opened
    assert opened is not None
    points = {option.option: Fraction(option.points) for option in opened.options}
    voted_on = [unit_id for unit_id in opened.unit_ids if campaign.ballots or unit_id not in campaign.surveys]
    marks: dict[str, list[Fraction]] = {unit_id: [] for unit_id in voted_on}
    invalid: dict[str, BallotRule] = {}
    for token_hash, ballot in campaign.ballots.items():
        rule = broken_rule(
            ballot.answers,
            opened.invalidated_by,
            asked=len(opened.unit_ids) * opened.questions_asked,
            best=next(iter(points), None),
            top_marks_max=opened.top_marks_max,
        )
        if rule is not None:
            invalid[token_hash] = rule
            continue
        for unit_id, mark in marks_on(ballot.answers, points).items():
            if unit_id not in marks:
                raise UnknownId(path="unit_id", unit_id=unit_id, hint="The campaign does not ask about it.")
            marks[unit_id].append(mark)
    units = (_unit_tally(unit_id, len(campaign.ballots), of_unit, rules) for unit_id, of_unit in marks.items())
    return Count(invalid, tuple(units))


def _unit_tally(unit_id: str, cast: int, marks: list[Fraction], rules: EvaluationRules) -> UnitTally:
    mean, trimmed = mean_mark(rules, marks)
    text = None if mean is None else exact_text(mean)
    return UnitTally(unit_id=unit_id, n=cast, n_valid=len(marks), mean=text, trimmed=trimmed)


@dataclass(frozen=True, slots=True)
class Tallies:
    """The latest tally of each unit by each class, folded from the events of a cycle in order."""

    by_unit: Mapping[str, Mapping[RaterClass, Tally]] = field(default_factory=dict[str, Mapping[RaterClass, Tally]])
    awaited_of: Mapping[str, Mapping[RaterClass, str]] = field(default_factory=dict[str, Mapping[RaterClass, str]])
    """The campaign of each unit and class that was opened and has not been tallied yet."""

    def of(self, unit_id: str) -> Mapping[RaterClass, Tally]:
        """What each class says of a unit."""
        return self.by_unit.get(unit_id, {})

    def awaited(self, unit_id: str) -> Mapping[RaterClass, str]:
        """The campaigns in which a unit's ballots are not counted yet, by class."""
        return self.awaited_of.get(unit_id, {})

    def asked(self, unit_id: str, rater_class: RaterClass) -> bool:
        """Whether a campaign of the class is about the unit; one that ended without a valid ballot is void."""
        tally = self.of(unit_id).get(rater_class)
        return rater_class in self.awaited(unit_id) or (tally is not None and tally.mean is not None)

    def evolve(self, event: Event, /) -> Tallies:
        """Return the tallies after `event`; a later one of the same class and unit replaces the earlier."""
        match event.fact:
            case EvaluationOpened() as fact:
                opened = {
                    unit_id: {**self.awaited(unit_id), fact.rater_class: fact.campaign_id} for unit_id in fact.unit_ids
                }
                return replace(self, awaited_of={**self.awaited_of, **opened})
            case EvaluationTallied() as fact:
                counted = {unit.unit_id: _tally_of(unit, event.position) for unit in fact.units}
                return self._with(fact, counted)
            case SurveyResultImported() as fact:
                tally = Tally(event.position, fact.sample, fact.sample, Fraction(fact.value), False, survey=True)
                return self._with(fact, {fact.unit_id: tally})
            case _:
                return self

    def _with(self, fact: EvaluationTallied | SurveyResultImported, counted: Mapping[str, Tally]) -> Tallies:
        changed = {unit_id: {**self.of(unit_id), fact.rater_class: tally} for unit_id, tally in counted.items()}
        awaited = {
            unit_id: {of: campaign for of, campaign in self.awaited(unit_id).items() if campaign != fact.campaign_id}
            for unit_id in counted
        }
        return Tallies({**self.by_unit, **changed}, {**self.awaited_of, **awaited})


def _tally_of(unit: UnitTally, position: int) -> Tally:
    mean = None if unit.mean is None else Fraction(unit.mean)
    return Tally(position, unit.n, unit.n_valid, mean, unit.trimmed)


def token_hash(token: str) -> str:
    """The SHA-256 of a token in hex: all that the ledger knows of it."""
    return hashlib.sha256(token.encode()).hexdigest()


def evaluation_stream(cycle_id: str, campaign_id: str) -> Stream[Campaign]:
    """The stream of one campaign in one cycle."""
    return Stream(f"evaluation:{cycle_id}:{campaign_id}", Campaign())

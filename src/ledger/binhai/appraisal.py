"""The appraisal in December: campaigns of three classes of raters in every group, and a survey of the public."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from ledger.binhai.calendar import at, workdays_after
from ledger.binhai.city import City
from ledger.binhai.index import OPTIONS
from ledger.binhai.stage import Act, Script, Stage
from ledger.domain.commands import (
    CastBallot,
    CloseEvaluation,
    ImportSurveyResult,
    IssueBallotTokens,
    OpenEvaluation,
    TallyEvaluation,
)
from ledger.domain.evaluation import token_hash
from ledger.domain.plan_rules import RaterClass
from ledger.domain.tallying import BallotAnswer

OPENS_ON, CLOSES_ON = date(2018, 12, 7), date(2018, 12, 21)
BALLOT_CLASSES = (RaterClass.SUPERIOR, RaterClass.PEER, RaterClass.SUBORDINATE)
_FIRST_BALLOT = at("2018-12-10 09:00")
_BALLOTS_A_DAY = 24
_CARELESS = 0.01
Answers = tuple[BallotAnswer, ...]


class Appraisal:
    """Writes the scripts of a city's appraisal."""

    def __init__(self, city: City, stage: Stage):
        self.city = city
        self.stage = stage
        self.planted: dict[tuple[str, RaterClass], list[Answers]] = {}
        """Ballots that a story has cast before all others."""
        self.cast_at: dict[tuple[str, RaterClass], list[int]] = {}
        """Positions of the ballots, in the order they were cast."""

    def scripts(self) -> Generator[Script]:
        """One script for each campaign; the units are those that take part by now."""
        for group_id in self.city.group_ids:
            for rater_class in BALLOT_CLASSES:
                yield self._campaign(group_id, rater_class)
            yield self._survey(group_id)

    def _units(self, group_id: str) -> tuple[str, ...]:
        return tuple(self.city.members(group_id))

    def _campaign(self, group_id: str, rater_class: RaterClass) -> Script:
        office, campaign_id = self.city.staff.offices[1], f"{self.city.prefix}{group_id}-{rater_class}"
        units, count = self._units(group_id), self.city.shape.ballots_per_campaign
        tokens = [self._token(campaign_id, number) for number in range(count)]
        yield Act(
            at=at("2018-12-07 09:00"), by=office, command=self._opened(group_id, rater_class, campaign_id, units, count)
        )
        hashes = tuple(map(token_hash, tokens))
        issued = IssueBallotTokens(cycle_id=self.city.cycle_id, campaign_id=campaign_id, token_hashes=hashes)
        yield Act(at=at("2018-12-07 15:00"), by=office, command=issued)
        rng = self.city.rng("ballots", campaign_id)
        planted = self.planted.get((group_id, rater_class), [])
        positions = self.cast_at.setdefault((group_id, rater_class), [])
        for number, token in enumerate(tokens):
            answers = planted[number] if number < len(planted) else self._answers(rng, units)
            cast = CastBallot(cycle_id=self.city.cycle_id, campaign_id=campaign_id, token=token, answers=answers)
            done = yield Act(at=_ballot_time(number), by="nobody", command=cast)
            positions.append(done.position)
        closed = CloseEvaluation(cycle_id=self.city.cycle_id, campaign_id=campaign_id)
        yield Act(at=at("2018-12-21 17:00"), by=office, command=closed)
        tallied = TallyEvaluation(cycle_id=self.city.cycle_id, campaign_id=campaign_id)
        yield Act(at=at("2018-12-24 10:00"), by=office, command=tallied)

    def _survey(self, group_id: str) -> Script:
        """A third party asks the public; no ballot is cast."""
        office, campaign_id = self.city.staff.offices[2], f"{self.city.prefix}{group_id}-PUBLIC"
        units = self._units(group_id)
        opened = self._opened(group_id, RaterClass.PUBLIC, campaign_id, units, 0)
        yield Act(at=at("2018-12-07 09:30"), by=office, command=opened)
        rng = self.city.rng("survey", group_id)
        for unit_id in units:
            mark = 82 + 4 * self.city.units[unit_id].ability + rng.gauss(0, 2)
            found = ImportSurveyResult(
                cycle_id=self.city.cycle_id,
                campaign_id=campaign_id,
                unit_id=unit_id,
                value=Decimal(f"{min(99.0, max(50.0, mark)):.2f}"),
                sample=400 + rng.randrange(300),
                method="电话调查和街头拦访",
                evidence=(self.city.books.evidence["现场核查记录"],),
            )
            yield Act(at=at("2018-12-20 10:00"), by=office, command=found)

    def _opened(
        self, group_id: str, rater_class: RaterClass, campaign_id: str, units: tuple[str, ...], count: int
    ) -> OpenEvaluation:
        eligible = hashlib.sha256(f"{self.city.seed}:{campaign_id}:eligible".encode()).hexdigest()
        return OpenEvaluation(
            cycle_id=self.city.cycle_id,
            campaign_id=campaign_id,
            rater_class=rater_class,
            group_id=group_id,
            unit_ids=units,
            eligible_count=count,
            eligible_hash=eligible,
            opens_on=OPENS_ON,
            closes_on=CLOSES_ON,
        )

    def _token(self, campaign_id: str, number: int) -> str:
        return hashlib.sha256(f"{self.city.seed}:{campaign_id}:token:{number}".encode()).hexdigest()

    def _answers(self, rng: Random, units: tuple[str, ...]) -> Answers:
        if rng.random() < _CARELESS:
            return tuple(BallotAnswer(unit_id=unit_id, option=OPTIONS[0]) for unit_id in units)
        mood = rng.gauss(0, 0.4)
        return tuple(BallotAnswer(unit_id=unit_id, option=self._option(rng, unit_id, mood)) for unit_id in units)

    def _option(self, rng: Random, unit_id: str, mood: float) -> str:
        impression = 0.5 * self.city.units[unit_id].ability + mood + rng.gauss(0, 0.7)
        place = 0 if impression > 0.2 else 1 if impression > -0.9 else 2 if impression > -1.9 else 3
        return OPTIONS[place]


def _ballot_time(number: int) -> datetime:
    day, slot = divmod(number, _BALLOTS_A_DAY)
    local = workdays_after(date(2018, 12, 10), day) if day else date(2018, 12, 10)
    return _FIRST_BALLOT + timedelta(days=(local - date(2018, 12, 10)).days, minutes=20 * slot)

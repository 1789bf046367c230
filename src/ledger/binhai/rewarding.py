"""What grades lead to: rewards, punishments and the grades of cadres, decided, carried out and reviewed."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypedDict

from ledger.binhai.calendar import ZONE, at
from ledger.binhai.city import City
from ledger.binhai.index import BEST, COMMENDATION, CRITICISM, REWARD
from ledger.binhai.stage import Act, Done, Script, Stage
from ledger.domain.cadres import NOT_GRADED, CadreResultComputed
from ledger.domain.commands import (
    ComputeCadreResult,
    ConfirmDecision,
    DecideCadreGrade,
    DecidePunishment,
    DecideReward,
    HonourDecision,
    RevokeDecision,
)
from ledger.domain.decision import RevocationReason
from ledger.domain.grading import GradesInForce, grading_stream
from ledger.domain.plan_rules import CadreRules
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.seats import seats_of

CADRES_GRADED = 3
"""How many leading cadres of each unit are graded; the others are their own unit's business."""
_AMOUNTS = {REWARD: Decimal("200000.00")}
_GRADED_UNDER = {REWARD: (BEST,), COMMENDATION: (BEST, "GOOD"), CRITICISM: ("UNQUALIFIED",)}


class _DecisionKey(TypedDict):
    cycle_id: str
    unit_id: str
    decision_position: int


@dataclass(slots=True)
class Decision:
    """A reward or a punishment of a unit that stands."""

    unit_id: str
    article: str
    position: int
    honoured: int = 0
    """The position at which it was carried out."""
    reviewed: bool = False
    """Whether somebody looked at it again after the grades were revised."""


class Rewarding:
    """Writes the scripts of a city's decisions; what stands is kept by group."""

    def __init__(self, city: City, stage: Stage):
        self.city = city
        self.stage = stage
        self.standing: dict[str, list[Decision]] = {}
        self.left_alone: set[str] = set()
        """Units whose decisions a story leaves unreviewed."""
        self._cadres: dict[str, list[CadreResultComputed]] = {}
        self._positions: dict[str, int] = {}

    def grades(self, group_id: str) -> GradesInForce:
        """The grades in force of a group."""
        current = self.stage.state(grading_stream(self.city.cycle_id, group_id)).current
        assert current is not None, "the grades of the group are opened"
        return current

    def first(self) -> Iterable[Script]:
        """What is decided on the grades of the meeting; called once they are opened."""
        for group_id in self.city.group_ids:
            for unit_id, grade in self.grades(group_id).grades.items():
                yield from self._due(group_id, unit_id, grade, at("2019-03-04 09:00"))

    def _due(self, group_id: str, unit_id: str, grade: str, when: datetime) -> Iterable[Script]:
        for article, grades in _GRADED_UNDER.items():
            if grade in grades:
                yield self.decide(group_id, unit_id, article, grade, when)

    def decide(self, group_id: str, unit_id: str, article: str, grade: str, when: datetime) -> Script:
        """Decide on what an article provides for the unit's grade, and carry it out."""
        city, number = self.city, len(self.standing)
        kind = DecidePunishment if article == CRITICISM else DecideReward
        decided = yield Act(
            at=when + timedelta(minutes=20 * (sum(map(ord, unit_id)) % 18)),
            by=city.staff.leading[number % 9],
            command=lambda: kind(
                cycle_id=city.cycle_id,
                unit_id=unit_id,
                grade=grade,
                basis_position=self.grades(group_id).position,
                rule=self._rule(article),
                amount=_AMOUNTS.get(article),
                evidence=(city.books.evidence["会议纪要"],),
                proposed_by=city.staff.offices[0],
            ),
        )
        decision = Decision(unit_id, article, decided.position)
        self.standing.setdefault(group_id, []).append(decision)
        honoured = HonourDecision(
            cycle_id=city.cycle_id,
            unit_id=unit_id,
            decision_position=decided.position,
            executed_on=(when + timedelta(days=2)).astimezone(ZONE).date(),
            amount=_AMOUNTS.get(article),
            evidence=(city.books.evidence["拨付凭证"],),
        )
        done = yield Act(at=when + timedelta(days=2), by=city.staff.orgdept, command=honoured)
        decision.honoured = done.position

    def _rule(self, article: str) -> RuleRef:
        return RuleRef(source=RuleSource.PLAN, version=self.city.books.plan_version, article=article)

    def review(self, group_id: str, when: datetime) -> Iterable[Script]:
        """Look at every decision of a group again after its grades were revised, and decide what is new."""
        grades = self.grades(group_id)
        decided = {(decision.unit_id, decision.article) for decision in self.standing.get(group_id, [])}
        for decision in self.standing.get(group_id, []):
            if decision.unit_id not in self.left_alone:
                yield self._reviewed(group_id, decision, grades.grades[decision.unit_id], when)
        for unit_id, grade in grades.grades.items():
            for article, of_article in _GRADED_UNDER.items():
                if grade in of_article and (unit_id, article) not in decided:
                    yield self.decide(group_id, unit_id, article, grade, when + timedelta(days=1))

    def _reviewed(self, group_id: str, decision: Decision, grade: str, when: datetime) -> Script:
        key = _DecisionKey(cycle_id=self.city.cycle_id, unit_id=decision.unit_id, decision_position=decision.position)
        by = self.city.staff.leading[2]
        if grade in _GRADED_UNDER[decision.article]:
            confirmed = ConfirmDecision(**key, basis_position=self.grades(group_id).position)
            yield Act(at=when, by=by, command=confirmed)
            decision.reviewed = True
            return
        revoked = RevokeDecision(
            **key,
            reason_code=RevocationReason.BASIS_SUPERSEDED,
            reason="等次经重述已变更，原决定依据不再成立",
            approved_by=self.city.staff.director,
        )
        yield Act(at=when, by=by, command=revoked)
        self.standing[group_id].remove(decision)

    def cadres(self) -> Generator[Script]:
        """Compute what the leading cadres' year comes to."""
        for unit_id, cadres in self.city.staff.cadres.items():
            if unit_id in self.city.members(self.city.membership()[unit_id][0]):
                yield from (self._computed(person_id) for person_id in cadres[:CADRES_GRADED])

    def _computed(self, person_id: str) -> Script:
        rng = self.city.rng("cadre", person_id)
        computed = ComputeCadreResult(
            cycle_id=self.city.cycle_id,
            subject_id=person_id,
            personal_part=Decimal(f"{rng.uniform(78, 97):.2f}"),
            evidence=(self.city.books.evidence["会议纪要"],),
        )
        when = at("2019-03-20 09:00") + timedelta(minutes=20 * rng.randrange(24))
        done = yield Act(at=when, by=self.city.staff.orgdept, command=computed)
        fact = _computed(done)
        self._cadres.setdefault(fact.unit_id, []).append(fact)
        self._positions[person_id] = done.position

    def cadre_grades(self) -> Generator[Script]:
        """Give every cadre a grade, the best one within the quota of the unit."""
        plan = self.city.books.plan
        assert plan is not None
        assert plan.cadres is not None
        for unit_id, results in self._cadres.items():
            best = self._best(results, plan.cadres)
            for fact in results:
                grade = BEST if fact.subject_id in best else "COMPETENT"
                yield self._cadre_grade(unit_id, fact, grade if fact.gradable else NOT_GRADED)

    def _best(self, results: list[CadreResultComputed], rules: CadreRules) -> set[str]:
        gradable = sorted((fact for fact in results if fact.gradable), key=lambda fact: (-fact.total, fact.subject_id))
        seats = seats_of(len(gradable), rules.share_under(results[0].unit_grade), rules.rounding)
        return {fact.subject_id for fact in gradable[:seats]}

    def _cadre_grade(self, unit_id: str, fact: CadreResultComputed, grade: str) -> Script:
        decided = DecideCadreGrade(
            cycle_id=self.city.cycle_id,
            unit_id=unit_id,
            subject_id=fact.subject_id,
            result_position=self._positions[fact.subject_id],
            grade=grade,
            evidence=(self.city.books.evidence["会议纪要"],),
        )
        minutes = 20 * (sum(map(ord, unit_id)) % 18)
        yield Act(
            at=at("2019-03-22 09:00") + timedelta(minutes=minutes), by=self.city.staff.leading[3], command=decided
        )


def _computed(done: Done) -> CadreResultComputed:
    fact = done.events[0].fact
    assert isinstance(fact, CadreResultComputed)
    return fact

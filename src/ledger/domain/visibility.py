"""Visibility: whose eyes may see what. History is never visible where the value is not.

The same predicate answers for a value, for its history and for the events about it, so that
a history report cannot show what the score page hides. Source: domain.md 7.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from ledger.domain.appeal import Appeal, AppealFact, AppealStep
from ledger.domain.facts import Audience, Event, Fact
from ledger.domain.grading import ReportAudience
from ledger.domain.imports import ImportFact
from ledger.domain.persons import Person, PersonFact
from ledger.domain.publication import ReportKind
from ledger.domain.roles import Grant, Role, Scope
from ledger.domain.score import ScoreFact
from ledger.domain.spot_check import CheckedScoreFact

SEES_ALL = frozenset({Role.OFFICE, Role.DIRECTOR, Role.LEADING, Role.INSPECTOR})
SEES_SCOPE = frozenset({Role.SCORER, Role.VERIFIER, Role.APPROVER})
SEES_OWN_UNIT = frozenset({Role.REPORTER, Role.ASSESSED})
SEES_REGISTRY = SEES_ALL | {Role.SYSADMIN}
SEES_CADRES = frozenset({Role.LEADING, Role.ORGDEPT, Role.INSPECTOR})


@dataclass(frozen=True, slots=True)
class Visibility:
    """What one person may see today."""

    person_id: str
    all_scores: bool = False
    registry: bool = False
    refusals: bool = False
    cadres: bool = False
    scopes: tuple[Scope, ...] = ()
    """Within which a person without sight of everything sees scores."""
    audiences: frozenset[ReportAudience] = frozenset({ReportAudience.PUBLIC})
    """The audiences of reports that the person belongs to, besides those who see everything."""
    appeals: frozenset[int] = frozenset()
    """The positions of the appeals that the person sits on the panel of."""
    appellants: frozenset[str] = frozenset()
    """The cadres who filed one of them."""

    def sees_score(self, unit_id: str | None, indicator_id: str | None) -> bool:
        """Whether the person may see a score, its history and its evidence."""
        return self.all_scores or any(scope.covers(unit_id=unit_id, indicator_id=indicator_id) for scope in self.scopes)

    def sees_total(self, unit_id: str) -> bool:
        """Whether the person may see a unit's total, which speaks of all of its scores."""
        return self.all_scores or any(
            not scope.indicator_ids and scope.covers(unit_id=unit_id) for scope in self.scopes
        )

    def sees_result(self, unit_id: str | None, subject_id: str | None) -> bool:
        """Whether the person may see what was decided about a unit, or about a person."""
        if unit_id is not None:
            return self.sees_total(unit_id)
        return self.all_scores or subject_id == self.person_id or subject_id in self.appellants

    def sees_person(self, person_id: str) -> bool:
        """Whether the person may see somebody's roles and acts."""
        return self.registry or person_id == self.person_id

    def hides(self, kind: type[Fact], person_id: str) -> bool:
        """Whether the person must not even learn how many such facts somebody has to do with."""
        match kind.AUDIENCE:
            case Audience.CADRE:
                return not self.cadres and person_id != self.person_id
            case Audience.INSPECTION:
                return not self.refusals
            case _:
                return False

    def sees(self, event: Event) -> bool:
        """Whether the person may see an event."""
        fact = event.fact
        match fact.AUDIENCE:
            case Audience.EVERYBODY:
                return True
            case Audience.CADRE:
                return self.cadres or getattr(fact, "subject_id", None) in {self.person_id, *self.appellants}
            case Audience.INSPECTION:
                return self.refusals
            case Audience.REGISTRY:
                return self.sees_person(fact.subject_id if isinstance(fact, PersonFact) else event.actor.person_id)
            case Audience.RESULT if isinstance(fact, AppealFact) and _filed_at(event, fact) in self.appeals:
                return True
            case Audience.RESULT:
                return self.sees_result(getattr(fact, "unit_id", None), getattr(fact, "subject_id", None))
            case Audience.PUBLICATION:
                if getattr(fact, "kind", None) is ReportKind.CADRE:
                    return self.cadres
                return self.all_scores or getattr(fact, "audience", None) in self.audiences
            case Audience.SCORE:
                if isinstance(fact, ScoreFact | CheckedScoreFact):
                    return self.sees_score(fact.unit_id, fact.indicator_id)
                if isinstance(fact, ImportFact):
                    return self.all_scores or event.actor.person_id == self.person_id
                return self.all_scores


NOTHING = Visibility("")
"""What somebody without any role sees: what everybody may see."""


def visibility_of(person_id: str, person: Person, day: date, appeals: Iterable[Appeal] = ()) -> Visibility:
    """What the person may see on the civil `day`, from the roles in force.

    Of `appeals` those count that the person is on the panel of: who judges sees the appeal with
    what it contests, a score or else whatever was decided about the unit or the cadre.
    """
    grants = [grant for grant in person.grants if grant.in_force(day)]
    roles = {grant.role for grant in grants}
    judged = [appeal for appeal in appeals if person_id in appeal.panel] if Role.PANEL in roles else []
    return Visibility(
        person_id=person_id,
        all_scores=bool(roles & SEES_ALL),
        registry=bool(roles & SEES_REGISTRY),
        refusals=Role.INSPECTOR in roles,
        cadres=bool(roles & SEES_CADRES),
        scopes=(*_scopes(grants, person.home_unit_id), *_contested(judged)),
        audiences=frozenset(_audiences(roles)),
        appeals=frozenset(appeal.position for appeal in judged),
        appellants=frozenset(appeal.fact.subject_id for appeal in judged if appeal.fact.subject_id is not None),
    )


def is_judge(person: Person, day: date) -> bool:
    """Whether the person may sit on panels, so that what they may see depends on appeals."""
    return any(grant.role is Role.PANEL and grant.in_force(day) for grant in person.grants)


def _filed_at(event: Event, fact: AppealFact) -> int:
    return fact.appeal_position if isinstance(fact, AppealStep) else event.position


def _contested(judged: Iterable[Appeal]) -> Iterable[Scope]:
    for fact in (appeal.fact for appeal in judged):
        if fact.unit_id is not None:
            yield Scope(unit_ids=(fact.unit_id,), indicator_ids=(fact.indicator_id,) if fact.indicator_id else ())


def _audiences(roles: Iterable[Role]) -> Iterable[ReportAudience]:
    yield ReportAudience.PUBLIC
    if set(roles) - {Role.PUBLIC, Role.SYSADMIN}:
        yield ReportAudience.INTERNAL
    if Role.ORGDEPT in roles:
        yield ReportAudience.LEADERSHIP


def _scopes(grants: Iterable[Grant], home_unit_id: str | None) -> Iterable[Scope]:
    for grant in grants:
        if grant.role in SEES_SCOPE:
            yield grant.scope
        elif grant.role in SEES_OWN_UNIT:
            # Own unit only: a grant that names no unit means the person's home unit.
            units = grant.scope.unit_ids or ((home_unit_id,) if home_unit_id else ())
            if units:
                yield Scope(unit_ids=units)

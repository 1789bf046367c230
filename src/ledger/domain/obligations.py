"""Obligations: what the rules ask for and nobody did yet, and what was done that no rule carries any more.

A pure function of a cycle's events, of a plan and of a day. Grades create them: whoever has a
grade that a rule names is to be decided on, a decision is to be carried out, and one whose
grades were revised is to be confirmed or revoked; a cadre whose unit's grades were revised is
to be graded again. Source: domain.md 0.8, 0.9, 2.4, 4.2 (22 to 24).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import chain

from ledger.domain.cadres import CadreFact, CadreResultComputed, Cadres
from ledger.domain.decision import Decision, DecisionFact, Decisions, rule_naming
from ledger.domain.facts import Event
from ledger.domain.grading import GradesInForce, GradesOpened, GradesRevised, Grading, GradingFact
from ledger.domain.periods import local_day
from ledger.domain.plan import Plan
from ledger.domain.plan_rules import DecisionRule, SubjectKind
from ledger.domain.veto import Vetoes, VetoFact, VetoImposed, VetoLifted
from ledger.domain.working_days import after_working_days


class BasisStatus(StrEnum):
    """What a decision stands on now."""

    CURRENT = "CURRENT"
    """The latest grading, a veto in force, or a finding."""
    SUPERSEDED = "SUPERSEDED"
    """Grades that were revised since, or a veto that was lifted."""
    MISSING = "MISSING"
    """No grading and no veto at all."""


class ObligationKind(StrEnum):
    """What there is to do."""

    DUE_UNDECIDED = "DUE_UNDECIDED"
    """A rule asks for a decision on a unit with this grade, and none was taken."""
    DECIDED_NOT_EXECUTED = "DECIDED_NOT_EXECUTED"
    """A decision was taken and not carried out."""
    DECIDED_WITHOUT_RULE = "DECIDED_WITHOUT_RULE"
    """No rule names the grade that the subject has now, or the amount is not the rule's."""
    BASIS_SUPERSEDED = "BASIS_SUPERSEDED"
    """A decision is to be confirmed on revised grades or revoked; the grade of a cadre is to be given anew."""
    RECOVERY = "RECOVERY"
    """Money that was paid under a revoked decision is to come back."""


class ObligationStatus(StrEnum):
    """Whether there is still time."""

    OPEN = "OPEN"
    OVERDUE = "OVERDUE"


CADRES = "cadres"
"""What stands for the article where the grade of a cadre is to be given anew: the plan's rules for cadres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """One thing that there is to do."""

    kind: ObligationKind
    """What there is to do."""
    status: ObligationStatus = ObligationStatus.OPEN
    """Whether there is still time."""
    unit_id: str | None = None
    """The unit it is about; null where it is about a person."""
    subject_id: str | None = None
    """The person it is about; null where it is about a unit."""
    article: str
    """The article of the plan that asks for it, or that the decision stands on; `cadres` for the grade of a cadre."""
    grade: str | None
    """The grade in force of the subject, of a person that of the unit they answer for."""
    amount: Decimal | None = None
    """The money that is to be decided on, paid or paid back, in CNY."""
    positions: tuple[int, ...]
    """The events that it follows from."""
    since_on: date
    """The day on which it arose."""
    due_on: date | None
    """The last day for it; null where no rule sets one."""

    @property
    def of_cadre(self) -> bool:
        """Whether it is about the grade of a cadre, which few may see."""
        return self.article == CADRES


def basis_status(decision: Decision, *, gradings: Mapping[str, Grading], vetoes: Vetoes) -> BasisStatus:
    """What a decision stands on, given the gradings by group and the vetoes of its cycle."""
    if superseding_position(decision, gradings=gradings, vetoes=vetoes) is not None:
        return BasisStatus.SUPERSEDED
    graded = {grades.position for grading in gradings.values() for grades in grading.history}
    # Without a grade it stands on a veto or on a finding; findings are never withdrawn, and for inspectors only.
    known = decision.grade is None or decision.basis_position in graded or decision.basis_position in vetoes.items
    return BasisStatus.CURRENT if known else BasisStatus.MISSING


def superseding_position(decision: Decision, *, gradings: Mapping[str, Grading], vetoes: Vetoes) -> int | None:
    """The position that revised the grades, or lifted the veto, that a decision stands on; None if nothing did."""
    for grading in gradings.values():
        revised = grading.superseding(decision.basis_position)
        if revised is not None:
            return revised
    veto = vetoes.items.get(decision.basis_position)
    return veto.lifted_position if veto is not None else None


@dataclass(frozen=True, slots=True)
class Duties:
    """All that the obligations of one cycle follow from, folded from its events in order."""

    gradings: Mapping[str, Grading] = field(default_factory=dict[str, Grading])
    """By group."""
    vetoes: Vetoes = field(default_factory=Vetoes)
    decisions: Decisions = field(default_factory=Decisions)
    cadres: Cadres = field(default_factory=Cadres)
    """Of all units; without those whose results the reader may not see."""
    recorded_at: Mapping[int, datetime] = field(default_factory=dict[int, datetime])
    """When grades were opened or revised, vetoes imposed or lifted, and results of cadres computed, by position."""

    def evolve(self, event: Event, /) -> Duties:
        """Return the duties after `event`; events of other kinds change nothing."""
        fact = event.fact
        duties = self
        if isinstance(fact, GradesOpened | GradesRevised | VetoImposed | VetoLifted | CadreResultComputed):
            duties = replace(self, recorded_at={**self.recorded_at, event.position: event.recorded_at})
        if isinstance(fact, GradingFact):
            grading = self.gradings.get(fact.group_id, Grading()).evolve(event)
            return replace(duties, gradings={**self.gradings, fact.group_id: grading})
        if isinstance(fact, VetoFact):
            return replace(duties, vetoes=self.vetoes.evolve(event))
        if isinstance(fact, DecisionFact):
            return replace(duties, decisions=self.decisions.evolve(event))
        if isinstance(fact, CadreFact):
            return replace(duties, cadres=self.cadres.evolve(event))
        return self

    def due(self, plan: Plan, today: date) -> tuple[Obligation, ...]:
        """What there is to do on the local day `today` under `plan`, the most urgent first."""
        of_decisions = (_of_decision(self, plan, decision) for decision in self.decisions)
        found = chain(_undecided(self, plan), chain.from_iterable(of_decisions), _of_cadres(self, plan))
        dated = (
            replace(obligation, status=ObligationStatus.OVERDUE)
            if obligation.due_on is not None and obligation.due_on < today
            else obligation
            for obligation in found
        )
        return tuple(sorted(dated, key=lambda o: (o.due_on or date.max, o.positions, o.unit_id or "", o.article)))

    def status(self, decision: Decision) -> BasisStatus:
        """What a decision stands on."""
        return basis_status(decision, gradings=self.gradings, vetoes=self.vetoes)

    def grade(self, decision: Decision) -> str | None:
        """The grade in force of whom a decision is about; of a person, that of the unit they answer for."""
        unit_id = decision.graded_unit_id
        if decision.grade is None or unit_id is None:
            return decision.grade
        for grading in self.gradings.values():
            if grading.current is not None and unit_id in grading.current.grades:
                return grading.current.grades[unit_id]
        return decision.grade

    def day(self, position: int, plan: Plan) -> date:
        """The local day of a grading, of the imposing or lifting of a veto, or of a cadre's result."""
        return local_day(self.recorded_at[position], plan.timezone)


def _undecided(duties: Duties, plan: Plan) -> Iterator[Obligation]:
    decided = {(d.article, d.fact.unit_id) for d in duties.decisions if d.revoked is None}
    rules = [rule for rule in plan.decisions if rule.required and rule.subject is SubjectKind.UNIT]
    for history in (grading.history for grading in duties.gradings.values() if grading.history):
        for unit_id, grade in history[-1].grades.items():
            for rule in rules:
                if grade in rule.grades and (rule.article, unit_id) not in decided:
                    position = _graded_since(history, unit_id, rule)
                    since = duties.day(position, plan)
                    yield Obligation(
                        kind=ObligationKind.DUE_UNDECIDED,
                        unit_id=unit_id,
                        article=rule.article,
                        grade=grade,
                        amount=rule.amount,
                        positions=(position,),
                        since_on=since,
                        due_on=since + timedelta(days=rule.decide_within_days),
                    )


def _graded_since(history: Sequence[GradesInForce], unit_id: str, rule: DecisionRule) -> int:
    """The grading since which the unit has a grade that the rule names; a revision that keeps it gives no new time."""
    position = history[-1].position
    for grades in reversed(history):
        if grades.grades.get(unit_id) not in rule.grades:
            break
        position = grades.position
    return position


def _of_decision(duties: Duties, plan: Plan, decision: Decision) -> Iterator[Obligation]:
    rule = next((rule for rule in plan.decisions if rule.article == decision.article), None)
    grade = duties.grade(decision)
    decided_on = local_day(decision.decided_at, plan.timezone)
    if decision.revoked is not None:
        if decision.outstanding > 0:
            # Paying back has as much time as paying had.
            revoked_on = local_day(decision.revoked.at, plan.timezone)
            due_on, position = _honour_by(rule, revoked_on), decision.revoked.position
            owed = _about(ObligationKind.RECOVERY, decision, grade, position, since_on=revoked_on, due_on=due_on)
            yield replace(owed, amount=decision.outstanding)
        return
    if decision.fact.deviation_reason is not None or rule_naming(plan, decision.article, grade) is None:
        yield _about(ObligationKind.DECIDED_WITHOUT_RULE, decision, grade, since_on=decided_on)
    superseding = superseding_position(decision, gradings=duties.gradings, vetoes=duties.vetoes)
    if superseding is not None:
        since = duties.day(superseding, plan)
        due_on = after_working_days(since, plan.limits.basis_review_working_days, plan.calendar)
        yield _about(ObligationKind.BASIS_SUPERSEDED, decision, grade, superseding, since_on=since, due_on=due_on)
    # What is suspended, or has to be reviewed first, is not to be carried out now.
    elif decision.honoured is None and decision.suspended_position is None:
        due_on = _honour_by(rule, decided_on)
        yield _about(ObligationKind.DECIDED_NOT_EXECUTED, decision, grade, since_on=decided_on, due_on=due_on)


def _of_cadres(duties: Duties, plan: Plan) -> Iterator[Obligation]:
    for subject_id, result in duties.cadres.results.items():
        graded = result.replaces or result
        superseding = graded.superseding_position(gradings=duties.gradings.values(), vetoes=duties.vetoes)
        if superseding is None and result is not graded:
            # An appeal was upheld: to compute the result anew was the first step.
            superseding = result.position
        if superseding is not None and graded.decided_position is not None:
            since = duties.day(superseding, plan)
            yield Obligation(
                kind=ObligationKind.BASIS_SUPERSEDED,
                subject_id=subject_id,
                article=CADRES,
                grade=graded.grade,
                positions=(graded.decided_position, superseding),
                since_on=since,
                due_on=after_working_days(since, plan.limits.basis_review_working_days, plan.calendar),
            )


def _about(
    kind: ObligationKind,
    decision: Decision,
    grade: str | None,
    *positions: int,
    since_on: date,
    due_on: date | None = None,
) -> Obligation:
    return Obligation(
        kind=kind,
        unit_id=decision.fact.unit_id,
        subject_id=decision.fact.subject_id,
        article=decision.article,
        grade=grade,
        amount=decision.fact.amount,
        positions=(decision.position, *positions),
        since_on=since_on,
        due_on=due_on,
    )


def _honour_by(rule: DecisionRule | None, start: date) -> date | None:
    return start + timedelta(days=rule.honour_within_days) if rule is not None else None

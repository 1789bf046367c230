"""`ledger show`: what was decided about a cycle's units besides their scores, now or at any position."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from ledger.cli.opening import opened_answers, opened_store, settings_here
from ledger.cli.output import Output, Record, print_records
from ledger.cli.reading import AsOf
from ledger.domain.adjusting import counted
from ledger.domain.cadres import CadreFact
from ledger.domain.decision import DecisionFact
from ledger.domain.grading import GradingFact
from ledger.domain.numbers import exact_text
from ledger.domain.obligations import Duties, superseding_position
from ledger.domain.periods import local_day
from ledger.domain.plan import Plan
from ledger.domain.tallying import counts_in
from ledger.domain.veto import VetoFact
from ledger.results import Answers

Register = Literal["decisions", "obligations", "adjustments", "appeals", "vetoes", "evaluations"]

COLUMNS: dict[Register, tuple[str, ...]] = {
    "decisions": (
        *("position", "unit", "person", "kind", "grade", "amount", "article"),
        *("status", "basis", "basis_position", "superseded_by"),
    ),
    "obligations": ("kind", "status", "unit", "person", "article", "grade", "amount", "since", "due", "positions"),
    "adjustments": ("position", "unit", "kind", "matter", "article", "status", "claimed", "granted", "counted", "why"),
    "appeals": ("position", "unit", "person", "kind", "about", "level", "status", "due", "overdue", "outcome"),
    "vetoes": (*("position", "unit", "person", "article", "effect", "grade", "occurred", "determined_by", "lifted"),),
    "evaluations": ("position", "unit", "class", "campaign", "n", "valid", "mean", "counts", "trimmed", "survey"),
}


class _Asked(NamedTuple):
    """What a register is asked for."""

    answers: Answers
    cycle_id: str
    at: int
    plan: Plan
    today: date
    """The local day of the moment asked for, or today."""

    def duties(self) -> Duties:
        """The cycle's decisions, with what they rest on."""
        duties = Duties()
        kinds = (GradingFact, VetoFact, DecisionFact, CadreFact)
        for event in self.answers.proceedings(self.cycle_id, kinds, at=self.at):
            duties = duties.evolve(event)
        return duties


def show(
    register: Register,
    /,
    *,
    cycle: str,
    unit: str | None = None,
    as_of: AsOf = None,
    output: Output = "table",
) -> None:
    """Print the decisions, obligations, adjustments, appeals, vetoes or evaluations of a cycle.

    Parameters
    ----------
    register
        Which of them.
    cycle
        The assessment cycle.
    unit
        Only those of this unit.
    """
    settings = settings_here()
    with opened_store(settings) as store, opened_answers(store.database, settings.ledger_id) as answers:
        at = answers.resolve(position=as_of)
        plan = answers.cycle(cycle, at.position).latest.plan
        instant = at.recorded_at if as_of is not None else None
        asked = _Asked(answers, cycle, at.position, plan, local_day(instant or store.clock(), plan.timezone))
        records = [each for each in _REGISTERS[register](asked) if unit in (None, each["unit"])]
    print_records(records, COLUMNS[register], output)


def _decisions(asked: _Asked) -> Iterator[Record]:
    duties = asked.duties()
    for decision in duties.decisions:
        yield {
            "position": decision.position,
            "unit": decision.fact.unit_id,
            "person": decision.fact.subject_id,
            "kind": decision.fact.kind,
            "grade": decision.grade,
            "amount": decision.fact.amount,
            "article": decision.article,
            "status": decision.status,
            "basis": duties.status(decision),
            "basis_position": decision.basis_position,
            "superseded_by": superseding_position(decision, gradings=duties.gradings, vetoes=duties.vetoes),
        }


def _obligations(asked: _Asked) -> Iterator[Record]:
    for obligation in asked.duties().due(asked.plan, asked.today):
        yield {
            "kind": obligation.kind,
            "status": obligation.status,
            "unit": obligation.unit_id,
            "person": obligation.subject_id,
            "article": obligation.article,
            "grade": obligation.grade,
            "amount": obligation.amount,
            "since": obligation.since_on,
            "due": obligation.due_on,
            "positions": " ".join(map(str, obligation.positions)),
        }


def _adjustments(asked: _Asked) -> Iterator[Record]:
    adjustments = asked.answers.rulings(asked.cycle_id, asked.at).adjustments
    units = sorted({item.unit_id for item in adjustments.items.values()})
    for line in (line for unit_id in units for line in counted(asked.plan.adjustments, adjustments.of(unit_id)).items):
        yield {
            "position": line.item.position,
            "unit": line.item.unit_id,
            "kind": line.item.kind,
            "matter": line.item.matter_id,
            "article": line.item.rule.article,
            "status": line.item.status,
            "claimed": line.item.points_claimed,
            "granted": line.item.points_granted,
            "counted": Decimal(exact_text(line.points)),
            "why": line.standing,
        }


def _appeals(asked: _Asked) -> Iterator[Record]:
    for appeal in asked.answers.rulings(asked.cycle_id, asked.at).appeals:
        due_on = appeal.answer_due_on(asked.plan)
        yield {
            "position": appeal.position,
            "unit": appeal.fact.unit_id,
            "person": appeal.fact.subject_id,
            "kind": appeal.fact.kind,
            "about": appeal.fact.about_position,
            "level": appeal.level,
            "status": appeal.status,
            "due": due_on,
            "overdue": appeal.open and asked.today > due_on,
            "outcome": appeal.verdict.outcome if appeal.verdict else None,
        }


def _vetoes(asked: _Asked) -> Iterator[Record]:
    for veto in asked.answers.rulings(asked.cycle_id, asked.at).vetoes.items.values():
        yield {
            "position": veto.position,
            "unit": veto.unit_id,
            "person": veto.subject_id,
            "article": veto.rule.article,
            "effect": veto.effect,
            "grade": veto.grade,
            "occurred": veto.occurred_on,
            "determined_by": veto.determined_by,
            "lifted": veto.lifted_position,
        }


def _evaluations(asked: _Asked) -> Iterator[Record]:
    """What each class says of each unit, and the campaigns that are not tallied yet; no mean of a few ballots."""
    tallies, rules = asked.answers.rulings(asked.cycle_id, asked.at).tallies, asked.plan.evaluation
    for unit_id in sorted(tallies.by_unit.keys() | tallies.awaited_of.keys()):
        for of_class in rules.classes if rules is not None else ():
            tally, awaited = tallies.of(unit_id).get(of_class.rater_class), tallies.awaited(unit_id)
            if tally is None and of_class.rater_class not in awaited:
                continue
            counts = rules is not None and tally is not None and counts_in(rules, tally, of_class)
            yield {
                "position": tally.position if tally else None,
                "unit": unit_id,
                "class": of_class.rater_class,
                "campaign": awaited.get(of_class.rater_class),
                "n": tally.n if tally else None,
                "valid": tally.n_valid if tally else None,
                "mean": exact_text(tally.mean) if tally and counts and tally.mean is not None else None,
                "counts": counts,
                "trimmed": tally.trimmed if tally else None,
                "survey": tally.survey if tally else None,
            }


_REGISTERS: dict[Register, Callable[[_Asked], Iterator[Record]]] = {
    "decisions": _decisions,
    "obligations": _obligations,
    "adjustments": _adjustments,
    "appeals": _appeals,
    "vetoes": _vetoes,
    "evaluations": _evaluations,
}

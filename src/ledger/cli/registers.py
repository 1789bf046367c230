"""`ledger show`: what became of a cycle's units besides their scores, now or at any position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal

from ledger.cli.asked import SAME, Asked, Register
from ledger.cli.errors import Differing, Usage
from ledger.cli.gradings import GRADES, GRADING, SEATS, TIES
from ledger.cli.opening import opened_answers, opened_store, settings_here
from ledger.cli.output import Output, Record, print_records
from ledger.cli.published import DUE, PUBLICATIONS
from ledger.cli.reading import AsOf
from ledger.cli.undertaken import CHECKS, DISCREPANCIES, PROGRESS, TASKS
from ledger.domain.adjusting import counted
from ledger.domain.cadres import CadreFact
from ledger.domain.decision import DecisionFact
from ledger.domain.grading import GradingFact
from ledger.domain.numbers import exact_text
from ledger.domain.obligations import Duties, superseding_position
from ledger.domain.periods import local_day
from ledger.domain.tallying import counts_in
from ledger.domain.veto import VetoFact

Name = Literal[
    "decisions",
    "obligations",
    "adjustments",
    "appeals",
    "vetoes",
    "evaluations",
    "grading",
    "grades",
    "seats",
    "ties",
    "publications",
    "due",
    "progress",
    "tasks",
    "checks",
    "discrepancies",
]


def show(
    register: Name,
    /,
    *,
    cycle: str,
    unit: str | None = None,
    group: str | None = None,
    period: str | None = None,
    as_of: AsOf = None,
    output: Output = "table",
) -> None:
    """Print one register of a cycle.

    Parameters
    ----------
    register
        Which of them. Of the grades: grading (when they were opened and revised), grades (of each unit, and
        why), seats, ties. Of the reports: publications, each settled again; due, those announced and missing.
        Of the year: progress against targets by the end of --period, with its light; tasks, step by step; checks,
        whose lots are drawn again; discrepancies between what units claimed and what is official.
    cycle
        The assessment cycle.
    unit
        Only those of this unit.
    group
        Only those of this group.
    period
        Only those of this period.
    """
    found = _REGISTERS[register]
    wanted = {"unit": unit, "group": group, "period": period}
    for name in (name for name, given in wanted.items() if given is not None):
        if not {name, f"{name}s"} & set(found.columns):
            raise Usage(f"The {register} cannot be chosen by --{name}.")
    settings = settings_here()
    with opened_store(settings) as store, opened_answers(store.database, settings.ledger_id) as answers:
        at = answers.resolve(position=as_of)
        plan = answers.cycle(cycle, at.position).latest.plan
        instant = at.recorded_at if as_of is not None else None
        today = local_day(instant or store.clock(), plan.timezone)
        asked = Asked(
            answers=answers,
            cycle_id=cycle,
            at=at.position,
            plan=plan,
            today=today,
            group_id=group,
            period=period,
        )
        records = [each for each in found.records(asked) if _fits(each, wanted)]
    print_records(records, found.columns, output)
    _demand_same(records)


def _fits(record: Record, wanted: dict[str, str | None]) -> bool:
    return all(given is None or name not in record or record[name] == given for name, given in wanted.items())


def _demand_same(records: Sequence[Record]) -> None:
    """Raise Differing if something recorded does not come out again."""
    differing = [each for each in records if each.get("verdict") not in (None, SAME)]
    if differing:
        raise Differing(
            f"{len(differing)} of {len(records)} do not come out again, at {differing[0]['position']} first"
        )


def _duties(asked: Asked) -> Duties:
    """The cycle's decisions, with what they rest on."""
    duties = Duties()
    kinds = (GradingFact, VetoFact, DecisionFact, CadreFact)
    for event in asked.answers.proceedings(asked.cycle_id, kinds, at=asked.at):
        duties = duties.evolve(event)
    return duties


def _decisions(asked: Asked) -> Iterator[Record]:
    duties = _duties(asked)
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


def _obligations(asked: Asked) -> Iterator[Record]:
    for obligation in _duties(asked).due(asked.plan, asked.today):
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


def _adjustments(asked: Asked) -> Iterator[Record]:
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


def _appeals(asked: Asked) -> Iterator[Record]:
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


def _vetoes(asked: Asked) -> Iterator[Record]:
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


def _evaluations(asked: Asked) -> Iterator[Record]:
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


_REGISTERS: dict[Name, Register] = {
    "decisions": Register(
        (
            *("position", "unit", "person", "kind", "grade", "amount", "article"),
            *("status", "basis", "basis_position", "superseded_by"),
        ),
        _decisions,
    ),
    "obligations": Register(
        ("kind", "status", "unit", "person", "article", "grade", "amount", "since", "due", "positions"), _obligations
    ),
    "adjustments": Register(
        ("position", "unit", "kind", "matter", "article", "status", "claimed", "granted", "counted", "why"),
        _adjustments,
    ),
    "appeals": Register(
        ("position", "unit", "person", "kind", "about", "level", "status", "due", "overdue", "outcome"), _appeals
    ),
    "vetoes": Register(
        ("position", "unit", "person", "article", "effect", "grade", "occurred", "determined_by", "lifted"), _vetoes
    ),
    "evaluations": Register(
        ("position", "unit", "class", "campaign", "n", "valid", "mean", "counts", "trimmed", "survey"), _evaluations
    ),
    "grading": GRADING,
    "grades": GRADES,
    "seats": SEATS,
    "ties": TIES,
    "publications": PUBLICATIONS,
    "due": DUE,
    "progress": PROGRESS,
    "tasks": TASKS,
    "checks": CHECKS,
    "discrepancies": DISCREPANCIES,
}

"""Rulings: what was decided about the units of a cycle besides their scores, as far as results depend on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from ledger.domain.adjustment import AdjustmentFact, Adjustments
from ledger.domain.appeal import AppealFact, Appeals
from ledger.domain.cadres import CadreFact, Cadres
from ledger.domain.evaluation import EvaluationFact, Tallies
from ledger.domain.facts import FACTS, Event
from ledger.domain.grading import Grading, GradingFact
from ledger.domain.reorganisation import ReorganisationFact, Reorganisations
from ledger.domain.veto import Vetoes, VetoFact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Rulings:
    """The rulings of one cycle, folded from its events in order."""

    gradings: Mapping[str, Grading] = field(default_factory=dict[str, Grading])
    """By group."""
    adjustments: Adjustments = field(default_factory=Adjustments)
    """Of all units."""
    vetoes: Vetoes = field(default_factory=Vetoes)
    """Of all units and persons."""
    tallies: Tallies = field(default_factory=Tallies)
    """Of all units, by class of raters."""
    reorganisations: Reorganisations = field(default_factory=Reorganisations)
    """Who became whom."""
    appeals: Appeals = field(default_factory=Appeals)
    """Of all units and persons."""
    cadres: Cadres = field(default_factory=Cadres)
    """Of all units, each person with the latest result."""

    def evolve(self, event: Event, /) -> Rulings:
        """Return the rulings after `event`; events of other kinds change nothing."""
        fact = event.fact
        if isinstance(fact, GradingFact):
            grading = self.grading(fact.group_id).evolve(event)
            return replace(self, gradings={**self.gradings, fact.group_id: grading})
        if isinstance(fact, AdjustmentFact):
            return replace(self, adjustments=self.adjustments.evolve(event))
        if isinstance(fact, VetoFact):
            return replace(self, vetoes=self.vetoes.evolve(event))
        if isinstance(fact, EvaluationFact):
            return replace(self, tallies=self.tallies.evolve(event))
        if isinstance(fact, CadreFact):
            return replace(self, cadres=self.cadres.evolve(event))
        if isinstance(fact, ReorganisationFact):
            return replace(self, reorganisations=self.reorganisations.evolve(event))
        if isinstance(fact, AppealFact):
            return replace(self, appeals=self.appeals.evolve(event))
        return self

    def with_predecessors(self, unit_ids: Iterable[str]) -> set[str]:
        """The units and every unit they came from."""
        return {each for unit_id in unit_ids for each in self.reorganisations.lineage(unit_id)}

    def grading(self, group_id: str) -> Grading:
        """Where a group's grading stands."""
        return self.gradings.get(group_id, Grading())


RULING_FACTS = (GradingFact, AdjustmentFact, VetoFact, EvaluationFact, ReorganisationFact, AppealFact, CadreFact)


@cache
def ruling_types() -> tuple[str, ...]:
    """The types of the facts that rulings are folded from; every module of facts has to be loaded."""
    return tuple(name for name, kind in sorted(FACTS.items()) if issubclass(kind, RULING_FACTS))

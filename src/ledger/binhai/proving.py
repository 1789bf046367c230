"""Proof: what the truth says about figures, settled again shortly before the grades are opened.

A story is told while it happens, and others happen after it; a rule looks at how it all came out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from ledger.binhai.index import BEST, weights_in, with_weights
from ledger.binhai.standing import grades_of, regraded, with_values
from ledger.binhai.truth import Plant
from ledger.domain.cycle import Cycle, UnitAssignedToGroup
from ledger.domain.facts import Event, Fact
from ledger.domain.plan import Participation
from ledger.domain.recall import Recall
from ledger.domain.results import Results
from ledger.domain.score import Basis, ScoreCorrected
from ledger.domain.settlement import settle
from ledger.domain.targets import TargetAdjusted

F = TypeVar("F", bound=Fact)

FLIPPED = 2
"""How many grades a plan bent late decides on."""


class Moved:
    """A unit in the group it moved to, and as it would be in the one where it was, as of what is known."""

    def __init__(self, known: Recall, cycle_id: str, unit_id: str, *, was: str):
        cycle, self._unit_id = known.cycle(cycle_id), unit_id
        back = replace(cycle, assigned=(*cycle.assigned, (unit_id, was, Participation.RANKED)))
        self.here = _settled(known, cycle_id, cycle, cycle.membership[unit_id][0])
        self._there = _settled(known, cycle_id, back, was)

    @property
    def eased(self) -> bool:
        """Whether fewer of all who are ranked stand before it."""
        return self._part(self.here) < self._part(self._there)

    def _part(self, results: Results) -> Fraction:
        return Fraction(_rank(results, self._unit_id), sum(row.rank is not None for row in results.rows))


@dataclass(frozen=True, slots=True)
class Proof:
    """Settles one city's stories as of what is known, given every event so far by its position."""

    known: Recall
    cycle_id: str
    event_at: Callable[[int], Event | None]

    def false(self, plants: Iterable[Plant]) -> list[str]:
        """The stories that did not come out as the truth says, with the first event of each; those of figures only."""
        return [
            f"{plant.plant}{' look-alike' if plant.look_alike else ''} at {plant.positions[0][0]}: {plant.note}"
            for plant in plants
            if (holds := _PREDICATES.get((plant.plant, plant.look_alike))) is not None and not holds(self, plant)
        ]

    def lifts_over_the_cut(self, plant: Plant) -> bool:
        """P1: the last correction alone gives its unit the best grade."""
        now, without = self._without_correction(plant)
        unit_id = plant.subject["unit"]
        return grades_of(now).get(unit_id) == BEST and unit_id in regraded(without, now)

    def lifts_by_a_rank_only(self, plant: Plant) -> bool:
        """Its twin: the correction of an upheld appeal improves a rank and changes nobody's grade."""
        now, without = self._without_correction(plant)
        unit_id = plant.subject["unit"]
        return _rank(now, unit_id) < _rank(without, unit_id) and not regraded(without, now)

    def turns_missed_into_met(self, plant: Plant) -> bool:
        """P9: what was reached lies between the old target and the new one."""
        fact = self._fact(plant, TargetAdjusted)
        return fact.new_target <= self._reached(fact) < fact.old_target

    def missed_all_the_same(self, plant: Plant) -> bool:
        """Its look-alike: what was reached is less than the new target too."""
        fact = self._fact(plant, TargetAdjusted)
        return self._reached(fact) < fact.new_target

    def bends_two_grades(self, plant: Plant) -> bool:
        """P10: with the weights of the version before, two units have other grades."""
        return len(self._regraded_by_version(plant)) == FLIPPED

    def bends_no_grade(self, plant: Plant) -> bool:
        """Its look-alike: with the weights of the version before, everybody has the same grade."""
        return not self._regraded_by_version(plant)

    def eases_the_group(self, plant: Plant) -> bool:
        """P11: more units stand behind it, as a part of all, than would in the group it came from."""
        fact, cycle = self._fact(plant, UnitAssignedToGroup), self.known.cycle(self.cycle_id)
        before = next(version for version in reversed(cycle.versions) if version.position < plant.positions[0][0])
        was = before.plan.membership[fact.unit_id][0]
        return Moved(self.known, self.cycle_id, fact.unit_id, was=was).eased

    def _fact(self, plant: Plant, kind: type[F]) -> F:
        """The first fact of a kind that the story names."""
        events = (self.event_at(position) for position, name in plant.positions if name == kind.__name__)
        fact = next(event.fact for event in events if event is not None)
        assert isinstance(fact, kind)
        return fact

    def _settled(self, cycle: Cycle, group_id: str) -> Results:
        return _settled(self.known, self.cycle_id, cycle, group_id)

    def _without_correction(self, plant: Plant) -> tuple[Results, Results]:
        fact, cycle = self._fact(plant, ScoreCorrected), self.known.cycle(self.cycle_id)
        now = self._settled(cycle, cycle.membership[fact.unit_id][0])
        return now, with_values(now, [((fact.unit_id, fact.indicator_id, fact.period), fact.old_value)])

    def _reached(self, fact: TargetAdjusted) -> Decimal:
        values = self.known.values(self.cycle_id, Basis.OFFICIAL)
        return values[fact.unit_id, fact.indicator_id, "2018-Y"].value

    def _regraded_by_version(self, plant: Plant) -> list[str]:
        """Who would have another grade, had a version of the plan left every weight as it was."""
        now = self.known.cycle(self.cycle_id)
        place = next(n for n, version in enumerate(now.versions) if version.position == plant.positions[0][0])
        before, after = now.versions[place - 1].plan, now.versions[place].plan
        latest, found = now.versions[-1], list[str]()
        for group in after.groups:
            weights = weights_in(before, group.group_id)
            if weights == weights_in(after, group.group_id):
                continue
            version = replace(latest, plan=with_weights(latest.plan, group.group_id, weights))
            other = replace(now, versions=(*now.versions[:-1], version))
            found += regraded(self._settled(other, group.group_id), self._settled(now, group.group_id))
        return found


def _settled(known: Recall, cycle_id: str, cycle: Cycle, group_id: str) -> Results:
    """A group's results if the cycle were another one than it is."""
    now = known.slice(cycle_id, group_id, period=None, basis=Basis.OFFICIAL)
    return settle(replace(now, cycle=cycle))


def _rank(results: Results, unit_id: str) -> int:
    row = results.row(unit_id)
    assert row is not None
    assert row.rank is not None
    return row.rank


_PREDICATES: dict[tuple[str, bool], Callable[[Proof, Plant], bool]] = {
    ("P1", False): Proof.lifts_over_the_cut,
    ("P1", True): Proof.lifts_by_a_rank_only,
    ("P9", False): Proof.turns_missed_into_met,
    ("P9", True): Proof.missed_all_the_same,
    ("P10", False): Proof.bends_two_grades,
    ("P10", True): Proof.bends_no_grade,
    ("P11", False): Proof.eases_the_group,
}

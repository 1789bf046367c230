"""Cadres: what a person's year comes to, from the units served in and the person's own appraisal.

The result of a cadre is apart from the result of the unit and is seen by few. One stream holds
the cadres of one unit, because they share its quota of the best grade. Source: domain.md 2.4
"Results and grades", 3.9 "Cadres".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from itertools import chain

from ledger.domain.facts import Actor, Audience, Event, Fact, Stream
from ledger.domain.grading import Grading
from ledger.domain.veto import Vetoes

NOT_GRADED = "NOT_GRADED"
"""The grade of who served too few months of the cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPart:
    """The months served in a unit, and the total and grade it reached."""

    unit_id: str
    months: int
    """How many months of the cycle."""
    total: Decimal
    grade: str | None
    graded_position: int
    """The position of the unit's grades that the total belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CadreFact(Fact):
    """A fact about the year of one cadre."""

    AUDIENCE = Audience.CADRE

    cycle_id: str
    unit_id: str
    """The unit served in longest, whose quota the cadre falls under."""
    subject_id: str

    @property
    def stream(self) -> str:
        return cadre_stream(self.cycle_id, self.unit_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class CadreResultComputed(CadreFact):
    """The total of a cadre was computed."""

    CITES = "graded_position"

    graded_position: int
    """The position of the grades of the unit served in longest."""
    plan_version: int
    posts: tuple[PostPart, ...]
    """The units served in."""
    months: int
    """How many months of the cycle the cadre served in assessed units."""
    gradable: bool
    """Whether those are enough for a grade."""
    unit_grade: str | None
    """The grade of the unit served in longest."""
    unit_part: Decimal
    """What the units reached, each for the months served there."""
    personal_part: Decimal
    """What the cadre's own appraisal reached."""
    total: Decimal
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CadreGradeDecided(CadreFact):
    """The leading group gave a cadre a grade."""

    CITES = "result_position"

    result_position: int
    grade: str
    unit_grade: str | None
    share: Decimal
    """The part of the unit's cadres that may have the best grade."""
    seats: int
    """How many of them that is."""
    requested_by: str
    approved_by: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CadreResult:
    """A computed result, with its position, who computed it and the grade decided on it."""

    position: int
    fact: CadreResultComputed
    computed_by: Actor
    grade: str | None = None
    decided_position: int | None = None
    """What gave the grade; None while nobody decided."""
    replaces: CadreResult | None = None
    """The graded result that it takes the place of, until it is graded itself."""

    def superseding_position(self, *, gradings: Iterable[Grading], vetoes: Vetoes) -> int | None:
        """The last position that changed what the decided grade stands on; None if nothing did, or none is decided.

        It stands on the grades of the units served in, and on the vetoes there were on the
        cadre. Those of others may be among the ones given.
        """
        if self.decided_position is None:
            return None
        bases = {part.graded_position for part in self.fact.posts}
        revised = (grading.superseding(position) for grading in gradings for position in bases)
        imposed = (veto for veto in vetoes.items.values() if veto.subject_id == self.fact.subject_id)
        moved = (position for veto in imposed for position in (veto.position, veto.lifted_position))
        later = [p for p in chain(revised, moved) if p is not None and p > self.decided_position]
        return max(later, default=None)


@dataclass(frozen=True, slots=True)
class Cadres:
    """The cadres of one unit in one cycle, each with the latest result."""

    results: Mapping[str, CadreResult] = field(default_factory=dict[str, CadreResult])
    """By person."""

    def only(self, persons: Iterable[str]) -> Cadres:
        """Some of the cadres."""
        return Cadres({person: self.results[person] for person in persons})

    @property
    def gradable(self) -> int:
        """How many cadres may be graded, of whom the quota is a share."""
        return sum(result.fact.gradable for result in self.results.values())

    def with_grade(self, grade: str) -> frozenset[str]:
        """Who has a grade."""
        return frozenset(person for person, result in self.results.items() if result.grade == grade)

    def evolve(self, event: Event, /) -> Cadres:
        """Return the state after `event`; a new result takes the place of an old one and its grade."""
        match event.fact:
            case CadreResultComputed() as fact:
                earlier = self.results.get(fact.subject_id)
                graded = earlier if earlier is None or earlier.grade is not None else earlier.replaces
                result = CadreResult(event.position, fact, event.actor, replaces=graded)
            case CadreGradeDecided() as fact:
                computed = self.results[fact.subject_id]
                result = replace(computed, grade=fact.grade, decided_position=event.position, replaces=None)
            case _:
                return self
        return Cadres({**self.results, fact.subject_id: result})


def cadre_stream(cycle_id: str, unit_id: str) -> Stream[Cadres]:
    """The stream of the cadres who served longest in one unit."""
    return Stream(f"cadre:{cycle_id}:{unit_id}", Cadres())


def cadre_total(
    *, unit_part: Fraction, unit_share: Fraction, personal_part: Fraction, personal_share: Fraction
) -> Fraction:
    """The total of a cadre, exact."""
    return unit_part * unit_share + personal_part * personal_share


def tenure_weighted(posts: Sequence[tuple[Fraction, int]]) -> Fraction:
    """The unit part of a cadre, exact: the units' totals, each weighted by the months served there, at least one."""
    months = sum(served for _, served in posts)
    return sum((total * served for total, served in posts), Fraction(0)) / months

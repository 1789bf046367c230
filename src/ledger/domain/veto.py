"""Vetoes: events that cap or force a grade, whatever the score (一票否决).

A veto touches neither total nor rank; it binds whoever opens the grades. Source: domain.md
2.4 "Veto", 3.7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from ledger.domain.facts import Audience, Event, Fact, Stream
from ledger.domain.refusals import UnknownId
from ledger.domain.rule_reference import RuleRef


class VetoEffect(StrEnum):
    """What a veto does to the grade."""

    MAX_GRADE = "MAX_GRADE"
    """The grade is not better than this one."""
    FORCE_GRADE = "FORCE_GRADE"
    """The grade is this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VetoFact(Fact):
    """A fact about the vetoes on one unit or one person."""

    AUDIENCE = Audience.RESULT
    MOVES = True

    cycle_id: str
    unit_id: str | None = None
    """The unit under veto; null if a person is."""
    subject_id: str | None = None
    """The person under veto; null if a unit is."""

    @property
    def stream(self) -> str:
        return veto_stream(self.cycle_id, self.unit_id or self.subject_id or "").name


@dataclass(frozen=True, slots=True, kw_only=True)
class VetoImposed(VetoFact):
    """A veto was imposed."""

    PRIVATE = ("matter",)

    rule: RuleRef
    matter: str
    occurred_on: date
    effect: VetoEffect
    grade: str
    evidence: tuple[str, ...]
    determined_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VetoLifted(VetoFact):
    """A veto no longer holds."""

    CITES = "veto_position"
    PRIVATE = ("reason",)

    veto_position: int
    reason: str
    evidence: tuple[str, ...]
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Veto:
    """One veto, as it stands."""

    position: int
    unit_id: str | None
    subject_id: str | None
    rule: RuleRef
    matter: str
    effect: VetoEffect
    grade: str
    occurred_on: date
    determined_by: str
    """The competent authority that established the facts."""
    evidence: tuple[str, ...]
    lifted_position: int | None = None
    """What lifted it; null while it binds."""
    lifted_because: str | None = None
    """The reason that was given for lifting it; null while it binds."""

    @property
    def active(self) -> bool:
        """Whether it still binds."""
        return self.lifted_position is None


class Bounds(NamedTuple):
    """What the vetoes on a unit or a person leave of the grade."""

    forced_grade: str | None
    """The grade it has to be."""
    grade_max: str | None
    """The best grade it may be."""
    positions: tuple[int, ...]
    """The vetoes that say so."""

    def allow(self, ladder: Sequence[str], grade: str) -> bool:
        """Whether a grade of the ladder, best first, keeps within them."""
        if self.forced_grade is not None:
            return grade == self.forced_grade
        return self.grade_max is None or ladder.index(grade) >= ladder.index(self.grade_max)


@dataclass(frozen=True, slots=True)
class Vetoes:
    """The vetoes on one subject, or on all of a cycle: whatever was folded."""

    items: Mapping[int, Veto] = field(default_factory=dict[int, Veto])
    """By the position that imposed them, in its order; lifted ones too."""

    def of(self, unit_id: str | None = None, *, subject_id: str | None = None) -> tuple[Veto, ...]:
        """The active vetoes on one unit, or on one person, in order of position."""
        subject = (unit_id, subject_id)
        return tuple(veto for veto in self.items.values() if (veto.unit_id, veto.subject_id) == subject and veto.active)

    def bounds(self, ladder: Sequence[str], unit_id: str | None = None, *, subject_id: str | None = None) -> Bounds:
        """What the grade of a unit, or of a person, may be on a ladder of grades, best first.

        Of several vetoes the most severe holds; a forced grade better than another veto allows
        gives way to that one. Raises UnknownId if a veto names a grade that the ladder lacks: no
        veto is ever passed over.
        """
        active = self.of(unit_id, subject_id=subject_id)
        forced = _worst(ladder, [veto for veto in active if veto.effect is VetoEffect.FORCE_GRADE])
        best = _worst(ladder, [veto for veto in active if veto.effect is VetoEffect.MAX_GRADE])
        if forced is not None and best is not None:
            forced = max(forced, best)
        return Bounds(
            forced_grade=None if forced is None else ladder[forced],
            grade_max=None if best is None else ladder[best],
            positions=tuple(veto.position for veto in active),
        )

    def evolve(self, event: Event, /) -> Vetoes:
        """Return the vetoes after `event`."""
        match event.fact:
            case VetoImposed() as fact:
                return Vetoes({**self.items, event.position: _imposed(fact, event.position)})
            case VetoLifted() as fact if fact.veto_position in self.items:
                lifted = replace(
                    self.items[fact.veto_position], lifted_position=event.position, lifted_because=fact.reason
                )
                return Vetoes({**self.items, fact.veto_position: lifted})
            case _:
                return self


def _worst(ladder: Sequence[str], vetoes: Sequence[Veto]) -> int | None:
    """The lowest place on the ladder that one of the vetoes names."""
    for veto in vetoes:
        if veto.grade not in ladder:
            raise UnknownId(
                path="grade", grade=veto.grade, veto_position=veto.position, hint="The plan has no such grade now."
            )
    return max((ladder.index(veto.grade) for veto in vetoes), default=None)


def _imposed(fact: VetoImposed, position: int) -> Veto:
    return Veto(
        position=position,
        unit_id=fact.unit_id,
        subject_id=fact.subject_id,
        rule=fact.rule,
        matter=fact.matter,
        effect=fact.effect,
        grade=fact.grade,
        occurred_on=fact.occurred_on,
        determined_by=fact.determined_by,
        evidence=fact.evidence,
    )


def veto_stream(cycle_id: str, subject: str) -> Stream[Vetoes]:
    """The stream of the vetoes on one unit or one person in one cycle."""
    return Stream(f"veto:{cycle_id}:{subject}", Vetoes())

"""Appeals: a unit, or a cadre, contests what was decided about it, and others look at it again.

An appeal is named by the position that filed it, and all appeals of one subject in a cycle are
one stream. A panel decides at level 1, the leading group at level 2. Deciding changes no figure:
what the decision directs is carried out by corrections, and noted here as implemented.
Source: domain.md 2.4 "Appeals".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from ledger.domain.facts import Audience, Event, Fact, Stream
from ledger.domain.periods import local_day
from ledger.domain.plan import Plan

PANEL_LEVEL = 1
LEADING_LEVEL = 2


class AppealKind(StrEnum):
    """What an appeal is against."""

    SCORE = "SCORE"
    ADJUSTMENT = "ADJUSTMENT"
    VETO = "VETO"
    GRADE = "GRADE"
    DECISION = "DECISION"
    """A reward or a punishment."""


class AppealOutcome(StrEnum):
    """How an appeal was decided."""

    UPHELD = "UPHELD"
    PARTLY_UPHELD = "PARTLY_UPHELD"
    DISMISSED = "DISMISSED"


class AppealStatus(StrEnum):
    """Where an appeal stands."""

    FILED = "FILED"
    """Nobody has said yet whether it is looked into."""
    ACCEPTED = "ACCEPTED"
    HEARD = "HEARD"
    DECIDED = "DECIDED"
    INADMISSIBLE = "INADMISSIBLE"
    WITHDRAWN = "WITHDRAWN"


OPEN = frozenset({AppealStatus.FILED, AppealStatus.ACCEPTED, AppealStatus.HEARD})
"""An appeal that stands here awaits its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelMember:
    """Somebody who is to decide an appeal, and their word that nothing ties them to it."""

    person_id: str
    declaration: str
    """The content hash (SHA-256) of the registered declaration of no conflict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealFact(Fact):
    """A fact about the appeals of one unit, or of one person, in a cycle."""

    AUDIENCE = Audience.RESULT

    cycle_id: str
    unit_id: str | None = None
    """The unit that appeals; null where a cadre does."""
    subject_id: str | None = None
    """The cadre who appeals; null where a unit does."""

    @property
    def stream(self) -> str:
        return appeal_stream(self.cycle_id, self.unit_id or self.subject_id or "").name


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealFiled(AppealFact):
    """An appeal was filed against what stands at a position."""

    CITES = "about_position"
    PRIVATE = ("grounds", "remedy")

    kind: AppealKind
    about_position: int
    """The value, adjustment, veto, grading or decision that is contested."""
    indicator_id: str | None = None
    """Of a score."""
    period: str | None = None
    """Of a score."""
    level: int
    grounds: str
    remedy: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealStep(AppealFact):
    """Something that happened to an appeal after it was filed."""

    CITES = "appeal_position"

    appeal_position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealAccepted(AppealStep):
    """The appeal is looked into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealInadmissible(AppealStep):
    """The appeal is not looked into."""

    PRIVATE = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealAssigned(AppealStep):
    """A panel was named to decide the appeal; a later one takes its place."""

    panel: tuple[PanelMember, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealHeard(AppealStep):
    """Whoever appeals was heard."""

    heard_on: date
    evidence: tuple[str, ...]
    """The minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealDecided(AppealStep):
    """The appeal was decided."""

    PRIVATE = ("findings", "directs")

    level: int
    outcome: AppealOutcome
    findings: str
    directs: str | None = None
    """What has to be done; null where nothing has."""
    late: bool
    """Whether the plan's time for an answer was over."""
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealWithdrawn(AppealStep):
    """Whoever appealed took the appeal back."""

    PRIVATE = ("reason",)

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealEscalated(AppealStep):
    """The panel's decision was contested in turn: the leading group decides."""

    PRIVATE = ("grounds",)

    grounds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealImplemented(AppealStep):
    """What the decision directed was carried out."""

    correction_positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision on an appeal, with its place."""

    position: int
    decided_at: datetime
    outcome: AppealOutcome

    @property
    def grants(self) -> bool:
        """Whether something has to be done."""
        return self.outcome is not AppealOutcome.DISMISSED


@dataclass(frozen=True, slots=True)
class Appeal:
    """One appeal, as it stands."""

    position: int
    fact: AppealFiled
    level: int
    asked_at: datetime
    """When it was filed, or escalated: from then on the time for an answer runs."""
    status: AppealStatus = AppealStatus.FILED
    panel: frozenset[str] = frozenset()
    """Who decides it; empty while no panel is named."""
    verdict: Verdict | None = None
    """The last decision on it, also while level 2 is asked."""
    correction_positions: tuple[int, ...] = ()
    """How the decision was carried out."""

    @property
    def open(self) -> bool:
        """Whether it awaits its end."""
        return self.status in OPEN

    def answer_due_on(self, plan: Plan) -> date:
        """The last local day for an answer to what was asked last."""
        return local_day(self.asked_at, plan.timezone) + timedelta(days=plan.limits.appeal_answer_days)

    def was_at(self, level: int) -> bool:
        """Whether it was put to this level, by filing or by escalation."""
        return self.fact.level <= level <= self.level

    def after(self, event: Event) -> Appeal:
        """Return the appeal after an event about it."""
        match event.fact:
            case AppealAccepted():
                return replace(self, status=AppealStatus.ACCEPTED)
            case AppealInadmissible():
                return replace(self, status=AppealStatus.INADMISSIBLE)
            case AppealAssigned() as fact:
                return replace(self, panel=frozenset(member.person_id for member in fact.panel))
            case AppealHeard():
                return replace(self, status=AppealStatus.HEARD)
            case AppealDecided() as fact:
                verdict = Verdict(event.position, event.recorded_at, fact.outcome)
                return replace(self, status=AppealStatus.DECIDED, verdict=verdict)
            case AppealWithdrawn():
                # Without the second appeal the panel's decision stands.
                status = AppealStatus.WITHDRAWN if self.verdict is None else AppealStatus.DECIDED
                return replace(self, status=status)
            case AppealEscalated():
                # It was found admissible at level 1.
                status = AppealStatus.ACCEPTED
                return replace(self, status=status, level=LEADING_LEVEL, asked_at=event.recorded_at, panel=frozenset())
            case AppealImplemented() as fact:
                return replace(self, correction_positions=fact.correction_positions)
            case _:
                return self


@dataclass(frozen=True, slots=True)
class Appeals:
    """The appeals of one subject, or of every subject of a cycle: whatever was folded."""

    by_position: Mapping[int, Appeal] = field(default_factory=dict[int, Appeal])

    def __iter__(self) -> Iterator[Appeal]:
        return iter(self.by_position.values())

    def at(self, position: int) -> Appeal | None:
        """The appeal filed at a position, None if none was."""
        return self.by_position.get(position)

    def about(self, position: int, level: int) -> Appeal | None:
        """The appeal that put what stands at `position` to this level, None if none did."""
        return next((a for a in self if a.fact.about_position == position and a.was_at(level)), None)

    def to_carry_out(self, position: int) -> Appeal | None:
        """The upheld appeal against what stands at `position`, until it is carried out; None if there is none."""
        decided = (a for a in self if a.fact.about_position == position and a.status is AppealStatus.DECIDED)
        granted = (a for a in decided if a.verdict is not None and a.verdict.grants)
        return next((a for a in granted if not a.correction_positions), None)

    def open_in(self, unit_ids: frozenset[str] | set[str]) -> tuple[Appeal, ...]:
        """The appeals of these units that await their end, in order."""
        return tuple(appeal for appeal in self if appeal.open and appeal.fact.unit_id in unit_ids)

    def evolve(self, event: Event, /) -> Appeals:
        """Return the appeals after `event`; events of other kinds change nothing."""
        match event.fact:
            case AppealFiled() as fact:
                filed = Appeal(event.position, fact, fact.level, event.recorded_at)
                return Appeals({**self.by_position, event.position: filed})
            case AppealStep() as fact:
                appeal = self.by_position[fact.appeal_position]
                return Appeals({**self.by_position, appeal.position: appeal.after(event)})
            case _:
                return self


def appeal_stream(cycle_id: str, subject: str) -> Stream[Appeals]:
    """The stream of every appeal of one unit or one person in one cycle."""
    return Stream(f"appeal:{cycle_id}:{subject}", Appeals())

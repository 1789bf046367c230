"""Grading: from computed results over public notice to opened grades, one group at a time.

Once a group's grades are opened its values change only inside a restatement, which ends in
revised grades. Source: domain.md 2.4 "Results and grades", 3.9, 3.11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

from ledger.domain.facts import STREAMS_NAMED_MAX, Audience, Event, Fact, Stream
from ledger.domain.plan import Participation
from ledger.domain.quota import SeatRounding
from ledger.domain.rule_reference import RuleRef
from ledger.domain.score import Basis


class ReportAudience(StrEnum):
    """For whose eyes a notice or a report is."""

    PUBLIC = "PUBLIC"
    INTERNAL = "INTERNAL"
    """Everybody who takes part in the assessment."""
    LEADERSHIP = "LEADERSHIP"
    """Leading group, office, organisation department and inspectors; of persons' results only who may see cadres."""


class RestatementPolicy(StrEnum):
    """How grades are revised after a restatement."""

    RECOMPUTE_ALL = "RECOMPUTE_ALL"
    """The allocation is opened again for the whole group."""
    HOLD_HARMLESS = "HOLD_HARMLESS"
    """Units not at fault keep at least the grade they had when the restatement opened; what goes over is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """One unit in a table of results, each figure rounded once."""

    unit_id: str
    participation: Participation
    rank: int | None
    total: Decimal
    goal: Decimal
    """Points for the indicators, of 100, before the plan's share."""
    evaluation: Decimal | None
    """Points of the appraisal, of 100; null where there is none."""
    bonus: Decimal
    deduction: Decimal
    missing: int
    """How many indicators lack a value for some period that counts, and one more if the appraisal is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeSeats:
    """What became of the seats of one grade."""

    grade: str
    seats: int
    unused: int = 0
    over: int = 0
    carried: Decimal = Decimal(0)
    """The part of a seat that a small group carries to the next cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedUnit:
    """The grade of one unit, and why."""

    unit_id: str
    grade: str
    rank: int | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeChange:
    """A unit whose grade is another after a restatement."""

    unit_id: str
    old_grade: str
    new_grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GradingFact(Fact):
    """A fact about the results and grades of one group."""

    AUDIENCE = Audience.RESULT

    cycle_id: str
    group_id: str

    @property
    def stream(self) -> str:
        return grading_stream(self.cycle_id, self.group_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsComputed(GradingFact):
    """The results of the group were computed and bound by hash to the position they follow from."""

    as_of_position: int
    plan_version: int
    engine_version: str
    basis: Basis
    table: tuple[ResultRow, ...]
    table_hash: str
    """SHA-256 over the canonical JSON of the table, in hex."""
    missing: tuple[str, ...] = ()
    """Ranked units that lack a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicNoticeStarted(GradingFact):
    """Computed results were put up for objections."""

    CITES = "results_position"

    results_position: int
    from_on: date
    until_on: date
    """The last day of the notice."""
    audience: ReportAudience


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicNoticeEnded(GradingFact):
    """The time for objections was over."""

    CITES = "started_position"

    started_position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TieResolved(GradingFact):
    """The leading group decided who of the units tied at a cut gets the grade."""

    MOVES = True

    grade: str
    tied: tuple[str, ...]
    admitted: tuple[str, ...]
    criterion: str
    rule: RuleRef
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeExceptionGranted(GradingFact):
    """A unit gets a grade outside the quota, under a rule."""

    MOVES = True

    unit_id: str
    grade: str
    rule: RuleRef
    reason: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradesOpened(GradingFact):
    """The grades of the group were opened on computed results."""

    CITES = "results_position"

    results_position: int
    rounding: SeatRounding = SeatRounding.FLOOR
    seats: tuple[GradeSeats, ...] = ()
    allocation: tuple[GradedUnit, ...] = ()
    exceptions: tuple[GradedUnit, ...] = ()
    """Units graded outside the quota; they stand in the allocation too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradesRevised(GradingFact):
    """The grades of the group were opened again inside a restatement."""

    CITES = "supersedes_position"

    results_position: int
    supersedes_position: int
    restatement: str
    policy: RestatementPolicy
    at_fault: tuple[str, ...] = ()
    """Units whose own fault led to the restatement; nothing holds them harmless."""
    rounding: SeatRounding
    seats: tuple[GradeSeats, ...]
    allocation: tuple[GradedUnit, ...]
    exceptions: tuple[GradedUnit, ...] = ()
    changes: tuple[GradeChange, ...] = ()


@dataclass(frozen=True, slots=True)
class GradesInForce:
    """Opened or revised grades, with the position that made them so."""

    position: int
    results_position: int
    grades: Mapping[str, str]
    """By unit."""
    supersedes: int | None = None
    restatement: str | None = None
    """The restatement they were revised in."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A public notice, with the position that started it."""

    position: int
    results_position: int
    from_on: date
    until_on: date
    audience: ReportAudience
    ended_position: int | None = None


@dataclass(frozen=True, slots=True)
class Computed:
    """Computed results, with their position."""

    position: int
    fact: ResultsComputed


@dataclass(frozen=True, slots=True)
class Grading:
    """Where one group stands between its results and its grades."""

    computed: tuple[Computed, ...] = ()
    notice: Notice | None = None
    current: GradesInForce | None = None
    history: tuple[GradesInForce, ...] = ()
    """Every grading there was, the current one last."""
    ties: tuple[tuple[int, TieResolved], ...] = field(default=())
    """Tie decisions with their positions."""
    exceptions: tuple[tuple[int, GradeExceptionGranted], ...] = ()

    @property
    def graded(self) -> bool:
        """Whether the group's grades are open."""
        return self.current is not None

    def in_force(self, position: int) -> GradesInForce | None:
        """The grades in force at a position, None if none were."""
        return next((grades for grades in reversed(self.history) if grades.position <= position), None)

    def results(self, position: int) -> ResultsComputed | None:
        """The results computed at a position, None if none were."""
        return next((computed.fact for computed in self.computed if computed.position == position), None)

    def in_force_before(self, restatement: str) -> GradesInForce | None:
        """The grades that were in force when a restatement opened, None if none were."""
        return next((grades for grades in reversed(self.history) if grades.restatement != restatement), None)

    def superseding(self, position: int) -> int | None:
        """The grading that took the place of the one at a position, None if none did."""
        pairs = pairwise(grades.position for grades in self.history)
        return next((later for earlier, later in pairs if earlier == position), None)

    def evolve(self, event: Event, /) -> Grading:
        """Return the state after `event`."""
        match event.fact:
            case ResultsComputed() as fact:
                return replace(self, computed=(*self.computed, Computed(event.position, fact)))
            case PublicNoticeStarted() as fact:
                notice = Notice(event.position, fact.results_position, fact.from_on, fact.until_on, fact.audience)
                return replace(self, notice=notice)
            case PublicNoticeEnded() if self.notice is not None:
                return replace(self, notice=replace(self.notice, ended_position=event.position))
            case TieResolved() as fact:
                return replace(self, ties=(*self.ties, (event.position, fact)))
            case GradeExceptionGranted() as fact:
                return replace(self, exceptions=(*self.exceptions, (event.position, fact)))
            case GradesOpened() | GradesRevised() as fact:
                grades = {graded.unit_id: graded.grade for graded in fact.allocation}
                current = GradesInForce(event.position, fact.results_position, grades)
                if isinstance(fact, GradesRevised):
                    current = replace(current, supersedes=fact.supersedes_position, restatement=fact.restatement)
                return replace(self, current=current, history=(*self.history, current))
            case _:
                return self


@lru_cache(maxsize=STREAMS_NAMED_MAX)
def grading_stream(cycle_id: str, group_id: str) -> Stream[Grading]:
    """The stream of one group's grading in one cycle."""
    return Stream(f"grading:{cycle_id}:{group_id}", Grading())

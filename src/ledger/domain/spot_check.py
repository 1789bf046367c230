"""Spot checks: scores drawn by lot are measured once more, and what differs is followed up.

A draw gives every score of the frame a ticket, the hash of the seed with the score's name, and
takes the lowest: whoever has the frame and the seed draws the same scores. The ledger binds
the frame, the seed and the list before anything is measured; the list itself stays with those
who run the check. Source: domain.md 2.4 "Spot checks".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from ledger.domain.facts import Audience, Event, Fact, Stream
from ledger.domain.plan import Participation
from ledger.domain.recall import Recall
from ledger.domain.score import Basis, VerificationMethod, score_stream

Cell = tuple[str, str, str]
"""Unit, indicator and period."""


def frame_of(
    recall: Recall, cycle_id: str, *, group_ids: Sequence[str] = (), indicator_ids: Sequence[str] = ()
) -> tuple[str, ...]:
    """The names of the scores that may be drawn: those with an official value, in these groups and indicators.

    Empty limits mean all. Raises UnknownId.
    """
    official = recall.values(cycle_id, Basis.OFFICIAL)
    cells = _in_frame(official, recall.cycle(cycle_id).membership, group_ids, indicator_ids)
    return tuple(sorted(score_stream(cycle_id, *cell).name for cell in cells))


def framed(
    planned: SpotCheckPlanned, cells: Iterable[Cell], membership: Mapping[str, tuple[str, Participation]]
) -> dict[str, Cell]:
    """The scores that a check drew from, by name, of all that had an official value at the position it names."""
    found = _in_frame(cells, membership, planned.group_ids, planned.indicator_ids)
    return {score_stream(planned.cycle_id, *cell).name: cell for cell in found}


def _in_frame(
    cells: Iterable[Cell],
    membership: Mapping[str, tuple[str, Participation]],
    group_ids: Sequence[str],
    indicator_ids: Sequence[str],
) -> list[Cell]:
    units = {unit_id for unit_id, (group_id, _) in membership.items() if not group_ids or group_id in group_ids}
    return [cell for cell in cells if cell[0] in units and (not indicator_ids or cell[1] in indicator_ids)]


def draw(frame: Iterable[str], seed: str, n: int) -> tuple[str, ...]:
    """The `n` names of the frame with the lowest tickets, in the order of their tickets.

    A name's ticket is the SHA-256 over the seed and the name, on two lines.
    """
    return tuple(sorted(frame, key=lambda name: hashlib.sha256(f"{seed}\n{name}".encode()).digest())[:n])


def list_hash(names: Iterable[str]) -> str:
    """What binds a list of names to its content: SHA-256, in hex, over the sorted names, each on its line."""
    return hashlib.sha256("".join(f"{name}\n" for name in sorted(names)).encode()).hexdigest()


class DiscrepancyOutcome(StrEnum):
    """How a discrepancy was settled."""

    WITHIN_TOLERANCE = "WITHIN_TOLERANCE"
    """A closer look found no difference that matters."""
    CORRECTED = "CORRECTED"
    """The official value was corrected, or withdrawn."""
    EXPLAINED = "EXPLAINED"
    """Both figures are right, and the difference has a reason."""
    REFERRED = "REFERRED"
    """Discipline inspection was told; whether there is a case is for its eyes only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotCheckFact(Fact):
    """A fact about one spot check."""

    cycle_id: str
    check_id: str

    @property
    def stream(self) -> str:
        return spot_check_stream(self.cycle_id, self.check_id).name


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotCheckPlanned(SpotCheckFact):
    """Scores were drawn to be measured once more; which ones is told when they were."""

    AUDIENCE = Audience.RESULT

    group_ids: tuple[str, ...] = ()
    """The groups that were drawn from; none means all."""
    indicator_ids: tuple[str, ...] = ()
    """The indicators that were drawn from; none means all."""
    as_of_position: int
    """The frame is every score that had an official value then."""
    frame_size: int
    frame_hash: str
    seed: str
    n: int
    drawn_hash: str
    tolerance: Decimal
    """The share of the official value that may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedScoreFact(SpotCheckFact):
    """A fact about one score that was measured once more."""

    AUDIENCE = Audience.SCORE

    unit_id: str
    indicator_id: str
    period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotCheckRecorded(CheckedScoreFact):
    """A score was measured once more."""

    CITES = "official_position"

    official_position: int
    """The value that was official then."""
    observed: Decimal
    uom: str
    method: VerificationMethod
    inspectors: tuple[str, ...]
    drawn: bool
    """Whether the score was drawn by lot; otherwise somebody chose it."""
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscrepancyFound(CheckedScoreFact):
    """The official value differs from what was observed by more than is tolerated."""

    CITES = "official_position"

    official_position: int
    official: Decimal
    observed: Decimal
    gap: Decimal
    """Observed less official."""
    tolerance: Decimal
    """The share of the official value that may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscrepancyResolved(CheckedScoreFact):
    """What became of a discrepancy."""

    CITES = "found_position"

    found_position: int
    outcome: DiscrepancyOutcome
    correction_position: int | None = None
    """The correction or the withdrawal, where there was one."""
    reason: str


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A discrepancy, and whether it is settled."""

    position: int
    fact: DiscrepancyFound
    outcome: DiscrepancyOutcome | None = None


@dataclass(frozen=True, slots=True)
class SpotCheck:
    """What decisions need to know of a spot check."""

    planned: SpotCheckPlanned | None = None
    """None where scores were chosen, not drawn."""
    checked: frozenset[Cell] = frozenset()
    discrepancies: Mapping[int, Discrepancy] = field(default_factory=dict[int, Discrepancy])
    """By the position that found them."""

    def evolve(self, event: Event, /) -> SpotCheck:
        """Return the check after `event`."""
        match event.fact:
            case SpotCheckPlanned() as fact:
                return replace(self, planned=fact)
            case SpotCheckRecorded() as fact:
                return replace(self, checked=self.checked | {(fact.unit_id, fact.indicator_id, fact.period)})
            case DiscrepancyFound() as fact:
                return self._with(Discrepancy(event.position, fact))
            case DiscrepancyResolved() as fact:
                return self._with(replace(self.discrepancies[fact.found_position], outcome=fact.outcome))
            case _:
                return self

    def _with(self, discrepancy: Discrepancy) -> SpotCheck:
        return replace(self, discrepancies={**self.discrepancies, discrepancy.position: discrepancy})


def drawn_by(planned: SpotCheckPlanned, recall: Recall) -> tuple[str, ...]:
    """The names that a check drew; `recall` is what was known at the position it names."""
    frame = frame_of(recall, planned.cycle_id, group_ids=planned.group_ids, indicator_ids=planned.indicator_ids)
    return draw(frame, planned.seed, planned.n)


def reproduces(planned: SpotCheckPlanned, frame: Iterable[str]) -> bool:
    """Whether a frame, which is looked up anew, and the seed give the very draw that was recorded."""
    names = tuple(frame)
    return (len(names), list_hash(names), list_hash(draw(names, planned.seed, planned.n))) == (
        planned.frame_size,
        planned.frame_hash,
        planned.drawn_hash,
    )


def exceeds(official: Decimal, observed: Decimal, tolerance: Decimal) -> bool:
    """Whether the two differ by more than this share of the official value."""
    return abs(Fraction(observed) - Fraction(official)) > abs(Fraction(official)) * Fraction(tolerance)


def spot_check_stream(cycle_id: str, check_id: str) -> Stream[SpotCheck]:
    """The stream of one spot check."""
    return Stream(f"check:{cycle_id}:{check_id}", SpotCheck())

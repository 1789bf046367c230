"""Commands about spot checks: drawn, measured by two persons, followed up.

Source: domain.md 2.4 "Spot checks".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from ledger.domain.commands.subjects import check_uom, check_value, subject_of
from ledger.domain.cycle import Cycle, cycle_stream
from ledger.domain.facts import Fact, Stream
from ledger.domain.identifiers import check_id, check_text
from ledger.domain.persons import person_stream
from ledger.domain.recall import Recall
from ledger.domain.refusals import (
    CorrectionTargetInvalid,
    DuplicateId,
    MalformedInput,
    NotVerified,
    OutOfRange,
    RequestNotOpen,
    SeparationOfDuties,
    UnknownId,
)
from ledger.domain.roles import Role
from ledger.domain.score import Score, VerificationMethod, score_stream
from ledger.domain.spot_check import (
    DiscrepancyFound,
    DiscrepancyOutcome,
    DiscrepancyResolved,
    SpotCheck,
    SpotCheckPlanned,
    SpotCheckRecorded,
    draw,
    drawn_by,
    exceeds,
    frame_of,
    list_hash,
    spot_check_stream,
)
from ledger.domain.world import Command, World

INSPECTORS_MIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotCheckCommand(Command):
    """A command about one spot check."""

    cycle_id: str
    check_id: str

    def stream(self) -> Stream[SpotCheck]:
        return spot_check_stream(self.cycle_id, self.check_id)

    def cycle(self, world: World) -> Cycle:
        """The cycle that is checked. Raises UnknownId."""
        return world.exists(cycle_stream(self.cycle_id), path="cycle_id", cycle_id=self.cycle_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSpotCheck(SpotCheckCommand):
    """Draw scores to be measured once more, from all that have an official value now."""

    group_ids: tuple[str, ...] = ()
    indicator_ids: tuple[str, ...] = ()
    seed: str
    n: int
    tolerance: Decimal = Decimal(0)

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, Role.INSPECTOR)
        check_id(self.check_id, path="check_id")
        check_text(self.seed, path="seed")
        _check_tolerance(self.tolerance)
        cycle = self.cycle(world)
        world.read(self.stream())
        if world.relied_on[self.stream().name] > 0:
            raise DuplicateId(path="check_id", check_id=self.check_id)
        for group_id in self.group_ids:
            if cycle.latest.plan.group(group_id) is None:
                raise UnknownId(path="group_ids", group_id=group_id)
        for indicator_id in self.indicator_ids:
            if cycle.latest.plan.indicator(indicator_id) is None:
                raise UnknownId(path="indicator_ids", indicator_id=indicator_id)
        recall = world.recall(self.cycle_id)
        frame = frame_of(recall, self.cycle_id, group_ids=self.group_ids, indicator_ids=self.indicator_ids)
        if not 1 <= self.n <= len(frame):
            raise OutOfRange(path="n", given=self.n, minimum=1, maximum=len(frame))
        return [
            SpotCheckPlanned(
                cycle_id=self.cycle_id,
                check_id=self.check_id,
                group_ids=self.group_ids,
                indicator_ids=self.indicator_ids,
                as_of_position=recall.as_of,
                frame_size=len(frame),
                frame_hash=list_hash(frame),
                seed=self.seed,
                n=self.n,
                drawn_hash=list_hash(draw(frame, self.seed, self.n)),
                tolerance=self.tolerance,
            )
        ]


def _check_tolerance(tolerance: Decimal) -> None:
    if not 0 <= tolerance <= 1:
        raise OutOfRange(path="tolerance", given=tolerance, minimum=0, maximum=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSpotCheck(SpotCheckCommand):
    """Record what was observed where a score was measured once more, by persons who had no part in the score."""

    unit_id: str
    indicator_id: str
    period: str
    observed: Decimal
    uom: str
    method: VerificationMethod
    """How the figure was observed."""
    inspectors: tuple[str, ...]
    tolerance: Decimal | None = None
    """Where no draw says what is tolerated; null is that of the draw, or none."""
    evidence: tuple[str, ...]

    def decide(self, world: World) -> list[Fact]:
        roles = (Role.OFFICE, Role.DIRECTOR, Role.VERIFIER, Role.INSPECTOR)
        world.act(*roles, unit_id=self.unit_id, indicator_id=self.indicator_id)
        check_id(self.check_id, path="check_id")
        subject = subject_of(world, self.cycle_id, self.unit_id, self.indicator_id, self.period)
        check_uom(subject.indicator, self.uom)
        check_value(subject.indicator, self.observed, path="observed")
        check, score = world.read(self.stream()), world.read(self._score())
        if (self.unit_id, self.indicator_id, self.period) in check.checked:
            raise DuplicateId(path="unit_id", check_id=self.check_id, hint="This score was recorded in this check.")
        if score.official is None:
            raise NotVerified(unit_id=self.unit_id, indicator_id=self.indicator_id)
        self._require_independent(world, score)
        tolerance = self._tolerance(check)
        recorded = SpotCheckRecorded(
            cycle_id=self.cycle_id,
            check_id=self.check_id,
            unit_id=self.unit_id,
            indicator_id=self.indicator_id,
            period=self.period,
            official_position=score.official.position,
            observed=self.observed,
            uom=self.uom,
            method=self.method,
            inspectors=self.inspectors,
            drawn=self._drawn(world, check),
            evidence=world.evidence(self.evidence, count_min=1),
        )
        if not exceeds(score.official.value, self.observed, tolerance):
            return [recorded]
        return [recorded, _discrepancy(recorded, score.official.value, tolerance)]

    def _score(self) -> Stream[Score]:
        return score_stream(self.cycle_id, self.unit_id, self.indicator_id, self.period)

    def _drawn(self, world: World, check: SpotCheck) -> bool:
        if check.planned is None:
            return False
        known = world.recall_at(self.cycle_id, check.planned.as_of_position)
        return self._score().name in _names_drawn(check.planned, known)

    def _require_independent(self, world: World, score: Score) -> None:
        world.differ(score.stood_for, because="who stood for the score does not check it")
        if len(set(self.inspectors)) < INSPECTORS_MIN:
            raise SeparationOfDuties(path="inspectors", because="at least two persons observe")
        for person_id in self.inspectors:
            world.exists(person_stream(person_id), path="inspectors", person_id=person_id)
            if person_id in score.stood_for:
                raise SeparationOfDuties(path="inspectors", person_id=person_id, because="stood for the score")
        world.require_impartial(self.unit_id, persons=self.inspectors, path="inspectors")

    def _tolerance(self, check: SpotCheck) -> Decimal:
        if check.planned is None:
            _check_tolerance(self.tolerance or Decimal(0))
            return self.tolerance or Decimal(0)
        if self.tolerance is not None:
            raise MalformedInput(path="tolerance", hint="The draw said what is tolerated.")
        return check.planned.tolerance


@lru_cache(maxsize=4)
def _names_drawn(planned: SpotCheckPlanned, known: Recall) -> frozenset[str]:
    """The draw of a check, kept because every record of it asks; what was known at a position never changes."""
    return frozenset(drawn_by(planned, known))


def _discrepancy(recorded: SpotCheckRecorded, official: Decimal, tolerance: Decimal) -> DiscrepancyFound:
    return DiscrepancyFound(
        cycle_id=recorded.cycle_id,
        check_id=recorded.check_id,
        unit_id=recorded.unit_id,
        indicator_id=recorded.indicator_id,
        period=recorded.period,
        official_position=recorded.official_position,
        official=official,
        observed=recorded.observed,
        gap=recorded.observed - official,
        tolerance=tolerance,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveDiscrepancy(SpotCheckCommand):
    """Say what became of a discrepancy."""

    found_position: int
    outcome: DiscrepancyOutcome
    """How the discrepancy was settled."""
    correction_position: int | None = None
    reason: str

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, Role.INSPECTOR)
        self.cycle(world)
        discrepancy = world.read(self.stream()).discrepancies.get(self.found_position)
        if discrepancy is None:
            raise UnknownId(path="found_position", position=self.found_position)
        if discrepancy.outcome is not None:
            raise RequestNotOpen(path="found_position", outcome=discrepancy.outcome)
        found = discrepancy.fact
        score = world.read(score_stream(found.cycle_id, found.unit_id, found.indicator_id, found.period))
        self._check_correction(score)
        return [
            DiscrepancyResolved(
                cycle_id=self.cycle_id,
                check_id=self.check_id,
                unit_id=found.unit_id,
                indicator_id=found.indicator_id,
                period=found.period,
                found_position=self.found_position,
                outcome=self.outcome,
                correction_position=self.correction_position,
                reason=world.reason(self.reason, length_min=10),
            )
        ]

    def _check_correction(self, score: Score) -> None:
        """Require the correction where there was one, and none elsewhere."""
        position, corrected = self.correction_position, self.outcome is DiscrepancyOutcome.CORRECTED
        if (position is None) == corrected:
            raise MalformedInput(path="correction_position", hint="Cite a correction if, and only if, there was one.")
        if position is not None and (position < self.found_position or position not in score.value_positions):
            raise CorrectionTargetInvalid(path="correction_position", position=position)

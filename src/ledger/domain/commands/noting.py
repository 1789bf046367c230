"""Commands that note something about a score and change nothing.

Source: domain.md 5 "Late facts".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ledger.domain.commands.subjects import ScoreCommand, check_uom
from ledger.domain.facts import Fact
from ledger.domain.identifiers import check_text
from ledger.domain.numbers import SCALE_MAX, check_scale
from ledger.domain.plan_rules import RevisionPolicy
from ledger.domain.refusals import NoChange, NotVerified, OutOfRange, PhaseViolation, RestatementRequired
from ledger.domain.roles import Role
from ledger.domain.source_revision import SourceRevisionNoted
from ledger.domain.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSourceRevision(ScoreCommand):
    """Note that a source revised a figure after grades were opened, where the plan lets the old one stand."""

    revised_value: Decimal
    uom: str
    revised_on: date
    source_ref: str
    evidence: tuple[str, ...]

    def decide(self, world: World) -> list[Fact]:
        self.act(world, Role.SCORER, Role.OFFICE, Role.DIRECTOR)
        subject = self.subject(world)
        score = self.score(world)
        graded = self.graded(world, subject)
        if not graded:
            raise PhaseViolation(phase=subject.cycle.phase, hint="Ask for a correction; grades are not opened yet.")
        if subject.plan.revisions_after_publication is not RevisionPolicy.NOTE:
            raise RestatementRequired(cycle_id=self.cycle_id, group_id=graded[0])
        if score.official is None:
            raise NotVerified(unit_id=self.unit_id, indicator_id=self.indicator_id)
        check_uom(subject.indicator, self.uom)
        # A source may publish with more decimal places than the plan takes.
        check_scale(self.revised_value, SCALE_MAX, path="revised_value")
        if self.revised_value == score.official.value:
            raise NoChange(path="revised_value", value=self.revised_value)
        if self.revised_on > world.day(subject.plan):
            raise OutOfRange(path="revised_on", given=self.revised_on)
        check_text(self.source_ref, path="source_ref")
        return [
            SourceRevisionNoted(
                cycle_id=self.cycle_id,
                unit_id=self.unit_id,
                indicator_id=self.indicator_id,
                period=self.period,
                official_position=score.official.position,
                revised_value=self.revised_value,
                uom=self.uom,
                revised_on=self.revised_on,
                source_ref=self.source_ref,
                evidence=world.evidence(self.evidence, count_min=1),
            )
        ]

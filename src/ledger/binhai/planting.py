"""Planting: what all stories share, their units by short names, the truth, and ways to have a score otherwise."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count

from ledger.binhai.calendar import at
from ledger.binhai.cells import CellPlan, Scores
from ledger.binhai.city import Cell, City
from ledger.binhai.figures import decimal
from ledger.binhai.index import DEDUCTION, DEDUCTION_MAX, periods_in
from ledger.binhai.stage import Act, Done, OutOfScript, Script, Stage
from ledger.binhai.standing import Changes, Cut, Raising, crossings, cuts
from ledger.binhai.truth import Truth
from ledger.domain.commands import GrantRole, ImposeDeduction, RegisterPerson
from ledger.domain.facts import Event
from ledger.domain.periods import Frequency
from ledger.domain.roles import EVERYTHING, Role, Scope
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.score import ReasonCode

MONTHS, QUARTERS = periods_in(Frequency.MONTH), periods_in(Frequency.QUARTER)
YEAR_END = at("2019-03-30 10:00")
PROMOTED = "G7"
"""The group of which one unit gets the best grade outside the quota; another only gains a rank."""
HAIR = Decimal("0.02")
"""How far units lie apart that a story has brought close to each other."""


def plain(plan: CellPlan) -> None:
    """Without return or correction."""
    if plan.corrected_to is not None:
        plan.entered, plan.corrected_to = plan.corrected_to, None
    plan.returned_at = None


class Plants:
    """What the stories of a city share: its units by their short names, and the truth."""

    def __init__(self, city: City, stage: Stage, scores: Scores, truth: Truth):
        self.city = city
        self.stage = stage
        self.scores = scores
        self.truth = truth

    def cell(self, unit: str, indicator_id: str, period: str) -> Cell:
        """A score, its unit named without the city's prefix."""
        return (f"{self.city.prefix}{unit}", indicator_id, period)

    def person(self, called: str) -> str:
        """A person, named without the city's prefix."""
        return f"{self.city.prefix}{called}"

    def admitted(
        self, called: str, *, name: str, home: str, role: Role, at: datetime, scope: Scope = EVERYTHING
    ) -> Generator[Act, object, str]:
        """Register somebody with a role."""
        person_id, staff = self.person(called), self.city.staff
        registered = RegisterPerson(subject_id=person_id, display_name=name, home_unit_id=home)
        yield Act(at=at, by=staff.sysadmin, command=registered)
        granted = GrantRole(
            subject_id=person_id, role=role, scope=scope, valid_from=at.date(), approved_by=staff.director
        )
        yield Act(at=at + timedelta(hours=1), by=staff.sysadmin, command=granted)
        return person_id

    def official_by(self, cell: Cell, day: str) -> None:
        """Have a score official by the end of a day."""

        def order(plan: CellPlan) -> None:
            plain(plan)
            plan.verified_at = min(plan.verified_at, at(f"{day} 17:00"))
            plan.entered_at = min(plan.entered_at, plan.verified_at - timedelta(hours=24))
            plan.reported_at = min(plan.reported_at, plan.entered_at - timedelta(hours=3))

        self.scores.order(cell, order)

    def leave_out(self, cell: Cell) -> None:
        self.scores.order(cell, lambda plan: setattr(plan, "left_out", True))

    def rule(self, source: RuleSource, article: str) -> RuleRef:
        """An article that is in force by now."""
        version = self.city.books.plan_version if source is RuleSource.PLAN else 1
        return RuleRef(source=source, version=version, article=article)

    def lowered(self, unit_id: str, points: Decimal, *, at: datetime, matter: str) -> Script:
        """Have a unit lose points, for as many matters as that takes."""
        for number in count(1):
            if points <= 0:
                return
            imposed = ImposeDeduction(
                cycle_id=self.city.cycle_id,
                unit_id=unit_id,
                rule=self.rule(RuleSource.PLAN, DEDUCTION),
                matter_id=f"{matter}-{number}",
                points=min(points, DEDUCTION_MAX),
                occurred_on=date(2018, 12, 20),
                evidence=(self.city.books.evidence["检查通报"],),
            )
            yield Act(at=at, by=self.city.staff.leading[6], command=imposed)
            points -= DEDUCTION_MAX

    def crossing(
        self, group_ids: list[str], *grades: str, raised_by: Raising, at: datetime, matter: str
    ) -> Generator[Act | datetime, Done, tuple[Cut, Changes]]:
        """The closest cut that awards bring a unit over, with their points. Raises OutOfScript if no group has a cut.

        Where all cuts are too wide, the unit above one of them loses what makes it so.
        """
        found = next(crossings(self.city, self.stage, group_ids, *grades, raised_by=raised_by), None)
        for cut in cuts(self.city, self.stage, group_ids, *grades) if found is None else ():
            named = f"{matter}-{cut.group_id}-{cut.grade}"
            yield from self.lowered(cut.inside.unit_id, cut.gap - HAIR, at=at, matter=named)
            found = next(crossings(self.city, self.stage, [cut.group_id], cut.grade, raised_by=raised_by), None)
            if found is not None:
                break
        if found is None:
            raise OutOfScript(f"no unit of {', '.join(group_ids)} can be brought over a cut")
        return found

    def verified(self, cell: Cell, value: Decimal, position: int, scorer: str, when: datetime) -> Script:
        verifier = self.city.staff.verifiers[11]
        yield Act(at=when, by=verifier, command=self.scores.verify(cell, position))
        self.scores.note(cell, value, position, scorer, verifier)

    def granted(self, person: str, role: Role, scope: Scope, first: date, last: date | None) -> GrantRole:
        return GrantRole(
            subject_id=person,
            role=role,
            scope=scope,
            valid_from=first,
            valid_to=last,
            approved_by=self.city.staff.director,
        )

    def moved(
        self,
        cell: Cell,
        part: str,
        when: datetime,
        code: ReasonCode,
        reason: str,
        *,
        evidence: str | None = None,
        approver: str | None = None,
        requester: str | None = None,
    ) -> Generator[Act, Done, tuple[Event, Event]]:
        """Have a value moved by a part of itself; wait for the moment first, so that it is known."""
        return (
            yield from self.scores.correct(
                cell,
                self.by_part(cell, part),
                at=when,
                code=code,
                reason=reason,
                evidence=evidence,
                approver=approver,
                requester=requester,
            )
        )

    def by_part(self, cell: Cell, part: str) -> Decimal:
        return decimal(float(self.city.books.figures[cell]) * (1 + float(part)), self.city.row(cell[1]).scale)

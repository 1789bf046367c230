"""Planted anomalies in how values are changed, each beside its innocent look-alike.

Corrections, refused attempts and roles that come and go; the scores themselves are in `plants`.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime, timedelta
from decimal import Decimal

from ledger.binhai.calendar import at
from ledger.binhai.cells import CellPlan
from ledger.binhai.city import Cell
from ledger.binhai.figures import decimal
from ledger.binhai.papers import paper
from ledger.binhai.plants import MONTHS, Plants, plain
from ledger.binhai.stage import Act, Done, Script, later
from ledger.domain.commands import (
    EnterScore,
    EnterScoreLate,
    GrantRole,
    IssueDataRequest,
    RegisterPerson,
    RevokeRole,
)
from ledger.domain.facts import Channel, Event
from ledger.domain.roles import EVERYTHING, Role, Scope
from ledger.domain.score import EntrySource, ReasonCode

SAME_REASON = "数据更正，数据更正，数据更正"
"""As short as the ledger takes it."""
_OTHER_CELLS = ("G1-01", "G2-02")
"""Units of which only planted corrections are made."""


class ChangePlants(Plants):
    """Anomalies in corrections, attempts and roles."""

    def scripts(self) -> Generator[Script]:
        """Order what has to be otherwise, and give the scripts of the rest."""
        for cell in self.city.cells():
            if cell[0] in {self.cell(unit, "", "")[0] for unit in _OTHER_CELLS}:
                self.scores.order(cell, plain)
        yield self._raised_and_reverted()
        yield self._typing_error()
        yield self._one_person_twice()
        yield self._two_of_one_name()
        yield self._paper_from_the_future()
        yield self._late_copy()
        yield self._one_way()
        yield self._both_ways()
        yield self._role_for_a_day()
        yield self._rotation()
        yield self._refused_thrice()
        yield self._mistaken_click()
        yield self._reason_reused()
        yield self._annexed()
        yield self._private_request()

    def _verified_by(self, cell: Cell, day: str) -> None:
        """Have a score official by the end of a day."""

        def order(plan: CellPlan) -> None:
            plain(plan)
            plan.verified_at = min(plan.verified_at, at(f"{day} 17:00"))
            plan.entered_at = min(plan.entered_at, plan.verified_at - timedelta(hours=24))
            plan.reported_at = min(plan.reported_at, plan.entered_at - timedelta(hours=3))

        self.scores.order(cell, order)

    def _up(self, cell: Cell, part: str, **correction: object) -> Generator[Act, Done, tuple[Event, Event]]:
        """Have a value moved by a part of itself."""
        value = decimal(float(self.city.books.figures[cell]) * (1 + float(part)), self.city.row(cell[1]).scale)
        return (yield from self.scores.correct(cell, value, **correction))  # type: ignore[arg-type]

    def _raised_and_reverted(self) -> Script:
        """P2: a value is raised before the quarter's report is published, and taken back after."""
        cell = self.cell("G1-02", "E13", "2018-Q3")
        self._verified_by(cell, "2018-10-17")
        yield self._wait("2018-10-24 09:00")
        value = self.city.books.figures[cell]
        code, reason = ReasonCode.DATA_ENTRY_ERROR, "录入数值偏低，按部门台账调高"
        raised = yield from self._up(cell, "0.03", at=at("2018-10-24 10:00"), code=code, reason=reason)
        reason = "台账有误，恢复原先录入的数值"
        taken_back = yield from self.scores.correct(cell, value, at=at("2018-10-30 10:00"), code=code, reason=reason)
        report = (self.city.books.reports["2018-Q3"], "ReportPublished")
        self.truth.plant(
            "P2",
            (*raised, report, *taken_back),
            expected=("A07",),
            note="raised two days before the report, as it was four days after",
            unit=cell[0],
            indicator=cell[1],
            period=cell[2],
        )

    def _typing_error(self) -> Script:
        cell = self.cell("G1-03", "E13", "2018-Q3")
        self._left_out(cell)
        staff, row = self.city.staff, self.city.row(cell[1])
        value = self.scores.figures.of(cell[0], row, cell[2])
        scorer, events = staff.scorer(cell[1], cell[0]), list[Event]()
        for minutes, typed in ((0, value), (4, value * 10), (8, value)):
            act_at = later(at("2018-10-16 10:00"), minutes)
            done = yield Act(at=act_at, by=scorer, command=self.scores.enter(cell, typed), exact=True)
            events.extend(done.events)
        yield from self._verified(cell, value, events[-1].position, scorer, at("2018-10-18 10:00"))
        self.truth.look_alike("P2", events, note="mistyped and mended before verification", unit=cell[0], indicator=cell[1])

    def _left_out(self, cell: Cell) -> None:
        self.scores.order(cell, lambda plan: setattr(plan, "left_out", True))

    def _verified(self, cell: Cell, value: Decimal, position: int, scorer: str, when: datetime) -> Script:
        verifier = self.city.staff.verifiers[11]
        yield Act(at=when, by=verifier, command=self.scores.verify(cell, position))
        self.scores.note(cell, value, position, scorer, verifier)

    def _one_person_twice(self) -> Script:
        """P3: who entered a value by import would verify it after a change of duty; the ledger refuses."""
        cell, clerk = self.cell("G3-03", "E10", "2018-M04"), self.person("clerk-rotated")
        staff, audit = self.city.staff, self.city.other_units["AUDIT"][0]

        def order(plan: CellPlan) -> None:
            plain(plan)
            plan.scorer, plan.channel, plan.entry_batch = clerk, Channel.IMPORT, "IMPORT-2018-M04"
            plan.entered_at, plan.verified_at = at("2018-05-15 10:00"), at("2018-05-28 10:00")
            plan.reported_at = at("2018-05-08 10:00")

        self.scores.order(cell, order)
        registered = RegisterPerson(subject_id=clerk, display_name="海戊戌", home_unit_id=audit)
        yield Act(at=at("2018-03-05 09:00"), by=staff.sysadmin, command=registered)
        scope = Scope(indicator_ids=(cell[1],))
        first = self._granted(clerk, Role.SCORER, scope, date(2018, 3, 5), date(2018, 5, 20))
        yield Act(at=at("2018-03-05 10:00"), by=staff.sysadmin, command=first)
        second = self._granted(clerk, Role.VERIFIER, EVERYTHING, date(2018, 5, 21), None)
        yield Act(at=at("2018-05-21 09:00"), by=staff.sysadmin, command=second)
        entered = self.city.books.entered[cell]
        attempt = self.scores.verify(cell, entered)
        refused = yield Act(
            at=at("2018-05-23 10:00:13"), by=clerk, command=attempt, exact=True, refused_with="SEPARATION_OF_DUTIES"
        )
        self.truth.plant(
            "P3",
            ((entered, "ScoreEntered"), *refused.events),
            refused_with="SEPARATION_OF_DUTIES",
            note="not possible: nobody verifies what they entered, whichever role they hold by then",
            person=clerk,
        )

    def _granted(self, person: str, role: Role, scope: Scope, first: date, last: date | None) -> GrantRole:
        return GrantRole(
            subject_id=person,
            role=role,
            scope=scope,
            valid_from=first,
            valid_to=last,
            approved_by=self.city.staff.director,
        )

    def _two_of_one_name(self) -> Script:
        cell = self.cell("G3-04", "E10", "2018-M04")
        scorer, verifier = self.person("namesake-1"), self.person("namesake-2")

        def order(plan: CellPlan) -> None:
            plain(plan)
            plan.scorer, plan.verifier = scorer, verifier

        self.scores.order(cell, order)
        audit = self.city.other_units["AUDIT"][0]
        scope = Scope(indicator_ids=(cell[1],))
        when = at("2018-03-05 09:20")
        yield from self.admitted("namesake-1", name="海己亥", home=audit, role=Role.SCORER, at=when, scope=scope)
        yield from self.admitted("namesake-2", name="海己亥", home=audit, role=Role.VERIFIER, at=when)
        yield self._wait("2018-06-29 10:00")
        events = ((self.city.books.entered[cell], "ScoreEntered"), (self.city.books.verified[cell], "ScoreVerified"))
        self.truth.look_alike("P3", events, note="two persons of one name", unit=cell[0], indicator=cell[1])

    def _wait(self, text: str) -> Act:
        """Something of no account that happens at that moment, so that a script goes on after it."""
        title = f"值班记录 {text}"
        return Act(at=at(text), by=self.city.staff.offices[7], command=lambda: self._filed(title))

    def _filed(self, title: str):  # noqa: ANN202
        raise NotImplementedError(title)

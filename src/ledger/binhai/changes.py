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

    def _raised_and_reverted(self) -> Script:
        """P2: a value is raised before the quarter's report is published, and taken back after."""
        cell = self.cell("G1-02", "E13", "2018-Q3")
        self._verified_by(cell, "2018-10-17")
        yield at("2018-10-24 09:00")
        value = self.city.books.figures[cell]
        code, reason = ReasonCode.DATA_ENTRY_ERROR, "录入数值偏低，按部门台账调高"
        raised = yield from self._moved(cell, "0.03", at("2018-10-24 10:00"), code, reason)
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
        yield at("2018-06-29 10:00")
        events = ((self.city.books.entered[cell], "ScoreEntered"), (self.city.books.verified[cell], "ScoreVerified"))
        self.truth.look_alike("P3", events, note="two persons of one name", unit=cell[0], indicator=cell[1])

    def _paper_from_the_future(self) -> Script:
        """P8: a correction is approved on a paper that is dated a week later."""
        cell = self.cell("G1-05", "E12", "2018-Q1")
        self._verified_by(cell, "2018-05-10")
        shown = yield from paper(
            self.stage,
            self.city,
            "数据更正说明（落款五月二十八日）",
            by=self.city.staff.offices[5],
            at=at("2018-05-18 10:00"),
            issued_on=date(2018, 5, 28),
        )
        yield at("2018-05-21 09:00")
        events = yield from self._moved(
            cell, "0.02", at("2018-05-21 10:00"), ReasonCode.SOURCE_DATA_REVISED, "按更正说明调整本季数值", evidence=shown
        )
        note = "approved on 21 May on a paper of 28 May"
        self.truth.plant("P8", events, expected=("A11",), note=note, unit=cell[0], indicator=cell[1], period=cell[2])

    def _late_copy(self) -> Script:
        cell = self.cell("G1-06", "E12", "2018-Q1")
        self._verified_by(cell, "2018-05-10")
        shown = yield from paper(
            self.stage,
            self.city,
            "统计修订通知（原件复印件）",
            by=self.city.staff.offices[5],
            at=at("2018-05-25 10:00"),
            issued_on=date(2018, 4, 10),
        )
        yield at("2018-05-28 09:00")
        events = yield from self._moved(
            cell, "0.01", at("2018-05-28 10:00"), ReasonCode.SOURCE_DATA_REVISED, "按统计修订通知调整本季数值", evidence=shown
        )
        note = "a certified copy came late; the original is older"
        self.truth.look_alike("P8", events, note=note, unit=cell[0], indicator=cell[1], period=cell[2])

    def _moved(  # noqa: PLR0913 - a correction has this many sides
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
                self._by_part(cell, part),
                at=when,
                code=code,
                reason=reason,
                evidence=evidence,
                approver=approver,
                requester=requester,
            )
        )

    def _by_part(self, cell: Cell, part: str) -> Decimal:
        return decimal(float(self.city.books.figures[cell]) * (1 + float(part)), self.city.row(cell[1]).scale)

    def _one_way(self) -> Script:
        """P13: eight of eight corrections by one approver favour one unit."""
        yield from self._months("G1-01", "E04", ("0.02",) * 8, suspicious=True)

    def _both_ways(self) -> Script:
        yield from self._months("G2-02", "E01", ("0.02", "-0.02") * 4, suspicious=False)

    def _months(self, unit: str, indicator_id: str, parts: tuple[str, ...], *, suspicious: bool) -> Script:
        events, unit_id = list[Event](), self.cell(unit, "", "")[0]
        code = ReasonCode.DEFINITION_APPLIED_WRONGLY
        for month, part in enumerate(parts, start=2):
            cell = self.cell(unit, indicator_id, MONTHS[month - 1])
            when = at(f"2018-{month + 2:02}-08 15:00")
            yield when
            reason = f"{month}月口径调整，按修订口径重新计算"
            events.extend((yield from self._moved(cell, part, when, code, reason)))
        subject = {"unit": unit_id, "person": self.city.staff.approver(indicator_id, unit_id)}
        if suspicious:
            self.truth.plant("P13", events, expected=("A09",), note="8 of 8 favour the unit", **subject)
        else:
            self.truth.look_alike("P13", events, note="4 up and 4 down", **subject)

    def _role_for_a_day(self) -> Script:
        """P16: a role is granted two days before it is used, and revoked the day after."""
        days = ("2018-09-10", "2018-09-12", "2018-09-13")
        events = yield from self._approved_by("approver-passing", "海庚子", self.cell("G1-10", "E01", "2018-M07"), days)
        note = "granted two days before and revoked the day after"
        self.truth.plant("P16", events, expected=("A30",), note=note, person=self.person("approver-passing"))

    def _rotation(self) -> Script:
        days = ("2018-03-01", "2018-09-12", "2018-12-03")
        events = yield from self._approved_by("approver-rotating", "海辛丑", self.cell("G1-10", "E02", "2018-M07"), days)
        self.truth.look_alike("P16", events, note="a rotation", person=self.person("approver-rotating"))

    def _approved_by(
        self, called: str, name: str, cell: Cell, days: tuple[str, str, str]
    ) -> Generator[Act | datetime, Done, list[Event]]:
        """Have somebody granted a role, approve a correction, and lose the role; return the events."""
        self._verified_by(cell, "2018-09-07")
        staff, (granted_on, approved_on, revoked_on) = self.city.staff, days
        person, audit = self.person(called), self.city.other_units["AUDIT"][0]
        registered = RegisterPerson(subject_id=person, display_name=name, home_unit_id=audit)
        yield Act(at=at(f"{granted_on} 09:00"), by=staff.sysadmin, command=registered)
        grant = self._granted(person, Role.APPROVER, EVERYTHING, date.fromisoformat(granted_on), None)
        granted = yield Act(at=at(f"{granted_on} 10:00"), by=staff.sysadmin, command=grant)
        yield at(f"{approved_on} 08:00")
        corrected = yield from self._moved(
            cell,
            "0.02",
            at(f"{approved_on} 10:00"),
            ReasonCode.TRANSCRIPTION_ERROR,
            "誊录时漏抄一位，按原表更正",
            approver=person,
        )
        revoked = RevokeRole(
            subject_id=person,
            granted_position=granted.position,
            revoked_from=date.fromisoformat(revoked_on),
            reason="岗位调整，收回权限",
            approved_by=staff.director,
        )
        ended = yield Act(at=at(f"{revoked_on} 09:00"), by=staff.sysadmin, command=revoked)
        return [*granted.events, *corrected, *ended.events]

    def _refused_thrice(self) -> Script:
        """P17: refused three times after the deadline, then a colleague succeeds."""
        cell = self.cell("G6-02", "R04", "2018-Q3")
        self._left_out(cell)
        staff, row = self.city.staff, self.city.row(cell[1])
        value = self.scores.figures.of(cell[0], row, cell[2])
        first, second = staff.scorer(cell[1], cell[0], 0), staff.scorer(cell[1], cell[0], 1)
        events = list[Event]()
        for clock in ("10:00:07", "10:03:31", "10:08:54"):
            attempt = self.scores.enter(cell, value)
            done = yield Act(
                at=at(f"2018-10-23 {clock}"), by=first, command=attempt, exact=True, refused_with="DEADLINE_PASSED"
            )
            events.extend(done.events)
        late = self._late(self.scores.enter(cell, value), "分管同志出差，材料迟到三天，补录")
        done = yield Act(at=at("2018-10-23 15:20"), by=second, command=late)
        events.extend(done.events)
        yield from self._verified(cell, value, done.position, second, at("2018-10-25 10:00"))
        note = "three refused attempts, then success through a colleague"
        self.truth.plant("P17", events, expected=("A31",), note=note, person=first, unit=cell[0])

    def _late(self, entry: EnterScore, reason: str) -> EnterScoreLate:
        return EnterScoreLate(
            cycle_id=entry.cycle_id,
            unit_id=entry.unit_id,
            indicator_id=entry.indicator_id,
            period=entry.period,
            value=entry.value,
            uom=entry.uom,
            entry_kind=entry.entry_kind,
            source=EntrySource.SCORING_DEPT,
            late_reason=reason,
            approved_by=self.city.staff.director,
        )

    def _mistaken_click(self) -> Script:
        cell = self.cell("G6-03", "B04", "2018-Q3")
        self._verified_by(cell, "2018-10-19")
        scorer = self.city.staff.scorer(cell[1], cell[0])
        attempt = self.scores.enter(cell, self.scores.figures.of(cell[0], self.city.row(cell[1]), cell[2]))
        when = at("2018-10-23 11:11:11")
        done = yield Act(at=when, by=scorer, command=attempt, exact=True, refused_with="DEADLINE_PASSED")
        self.truth.look_alike("P17", done.events, note="one mistaken click", person=scorer, unit=cell[0])

    def _reason_reused(self) -> Script:
        """P19: twelve corrections for one and the same reason."""
        cells = self._second_quarter()[:12]
        events = yield from self._by_one(cells, [SAME_REASON] * 12, at("2018-08-14 09:00"))
        note = "the same words twelve times"
        self.truth.plant("P19", events, expected=("A13",), note=note, reason=SAME_REASON, person=events[0].actor.person_id)

    def _annexed(self) -> Script:
        cells = self._second_quarter()[12:15]
        reason = "见附件：逐项核对说明和原始凭证"
        events = yield from self._by_one(cells, [reason] * 3, at("2018-08-15 09:00"))
        note = "each with detailed evidence of its own"
        self.truth.look_alike("P19", events, note=note, person=events[0].actor.person_id)

    def _second_quarter(self) -> list[Cell]:
        """Scores that one department gives to others than itself."""
        department = self.city.staff.scoring["B02"]
        units = (unit_id for group in ("G3", "G6") for unit_id in self.city.ranked(group) if unit_id != department)
        return [(unit_id, "B02", "2018-Q2") for unit_id in units]

    def _by_one(
        self, cells: list[Cell], reasons: list[str], when: datetime
    ) -> Generator[Act | datetime, Done, list[Event]]:
        """Corrections that one person asks for, who judges no unit of their own."""
        for cell in cells:
            self._verified_by(cell, "2018-07-27")
        yield when - timedelta(hours=1)
        events, department = list[Event](), self.city.staff.scoring[cells[0][1]]
        requester = self.city.staff.scorers[department][0]
        for number, (cell, reason) in enumerate(zip(cells, reasons, strict=True)):
            moment = when + timedelta(minutes=20 * number)
            code = ReasonCode.DATA_ENTRY_ERROR
            changed = yield from self._moved(cell, "-0.01", moment, code, reason, requester=requester)
            events.append(changed[0])
        return events

    def _private_request(self) -> Script:
        """P22: a department asks for data that no list and no approval covers; the ledger refuses."""
        scorer = self.city.staff.scorer("B04", self.cell("G5-01", "", "")[0])
        unit_id, demands = self.cell("G5-01", "", "")[0], ("内部通讯录和周报",)
        office, evidence = self.city.staff.offices[5], self.city.books.evidence
        private = IssueDataRequest(year=2018, unit_ids=(unit_id,), demands=demands, due_on=date(2018, 9, 30))
        yield Act(
            at=at("2018-09-17 15:07:09"), by=scorer, command=private, exact=True, refused_with="ITEM_NOT_APPROVED"
        )
        note = "not possible: what no list covers and nobody approved is refused, and leaves no event"
        self.truth.plant("P22", (), refused_with="ITEM_NOT_APPROVED", note=note, person=scorer)
        approved = IssueDataRequest(
            year=2018,
            approved_by=self.city.staff.leading[1],
            evidence=(evidence["会议纪要"],),
            unit_ids=(unit_id,),
            demands=("防汛物资储备情况",),
            due_on=date(2018, 9, 30),
        )
        done = yield Act(at=at("2018-09-18 10:00"), by=office, command=approved)
        self.truth.look_alike("P22", done.events, note="a request with an approval of its own", unit=unit_id)

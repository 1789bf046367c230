"""Planted anomalies of roles and refused attempts, each beside its innocent look-alike."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime

from ledger.binhai.calendar import at
from ledger.binhai.cells import CellPlan
from ledger.binhai.city import Cell
from ledger.binhai.planting import Plants, plain
from ledger.binhai.stage import Act, Done, Script
from ledger.domain.commands import EnterScore, EnterScoreLate, IssueDataRequest, RegisterPerson, RevokeRole
from ledger.domain.facts import Channel, Event
from ledger.domain.roles import EVERYTHING, Role, Scope
from ledger.domain.score import EntrySource, ReasonCode


class AttemptPlants(Plants):
    """Anomalies in roles that come and go, and in what is tried until it succeeds."""

    def scripts(self) -> Generator[Script]:
        """The scripts of each."""
        yield self._one_person_twice()
        yield self._two_of_one_name()
        yield self._role_for_a_day()
        yield self._rotation()
        yield self._refused_thrice()
        yield self._mistaken_click()
        yield self._private_request()

    def _one_person_twice(self) -> Script:
        """P3: who entered a value by import would verify it after a change of duty; the ledger refuses."""
        cell, clerk = self.cell("G3-03", "E10", "2018-M04"), self.person("clerk-rotated")
        staff = self.city.staff
        department = staff.department(cell[1], cell[0])

        def order(plan: CellPlan) -> None:
            plain(plan)
            plan.scorer, plan.channel, plan.entry_batch = clerk, Channel.IMPORT, "IMPORT-2018-M04"
            plan.entered_at, plan.verified_at = at("2018-05-15 10:00"), at("2018-05-28 10:00")
            plan.reported_at = at("2018-05-08 10:00")

        self.scores.order(cell, order)
        registered = RegisterPerson(subject_id=clerk, display_name="海戊戌", home_unit_id=department)
        yield Act(at=at("2018-03-05 09:00"), by=staff.sysadmin, command=registered)
        scope = Scope(indicator_ids=(cell[1],))
        first = self.granted(clerk, Role.SCORER, scope, date(2018, 3, 5), date(2018, 5, 20))
        yield Act(at=at("2018-03-05 10:00"), by=staff.sysadmin, command=first)
        second = self.granted(clerk, Role.VERIFIER, EVERYTHING, date(2018, 5, 21), None)
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

    def _two_of_one_name(self) -> Script:
        cell = self.cell("G3-04", "E10", "2018-M04")
        scorer, verifier = self.person("namesake-1"), self.person("namesake-2")

        def order(plan: CellPlan) -> None:
            plain(plan)
            plan.scorer, plan.verifier = scorer, verifier

        self.scores.order(cell, order)
        department, audit = self.city.staff.department(cell[1], cell[0]), self.city.other_units["AUDIT"][0]
        scope = Scope(indicator_ids=(cell[1],))
        when = at("2018-03-05 09:20")
        yield from self.admitted("namesake-1", name="海己亥", home=department, role=Role.SCORER, at=when, scope=scope)
        yield from self.admitted("namesake-2", name="海己亥", home=audit, role=Role.VERIFIER, at=when)
        yield at("2018-06-29 10:00")
        events = ((self.city.books.entered[cell], "ScoreEntered"), (self.city.books.verified[cell], "ScoreVerified"))
        self.truth.look_alike("P3", events, note="two persons of one name", unit=cell[0], indicator=cell[1])

    def _role_for_a_day(self) -> Script:
        """P16: a role is granted two days before it is used, and revoked the day after."""
        days = ("2018-09-10", "2018-09-12", "2018-09-13")
        events = yield from self._approved_by("approver-passing", "海庚子", self.cell("G1-10", "E01", "2018-M07"), days)
        note = "granted two days before and revoked the day after"
        self.truth.plant("P16", events, expected=("A30",), note=note, person=self.person("approver-passing"))

    def _rotation(self) -> Script:
        days = ("2018-03-01", "2018-09-12", "2018-12-03")
        events = yield from self._approved_by(
            "approver-rotating", "海辛丑", self.cell("G1-10", "E02", "2018-M07"), days
        )
        self.truth.look_alike("P16", events, note="a rotation", person=self.person("approver-rotating"))

    def _approved_by(
        self, called: str, name: str, cell: Cell, days: tuple[str, str, str]
    ) -> Generator[Act | datetime, Done, list[Event]]:
        """Have somebody granted a role, approve a correction, and lose the role; return the events."""
        self.official_by(cell, "2018-09-07")
        staff, (granted_on, approved_on, revoked_on) = self.city.staff, days
        person, audit = self.person(called), self.city.other_units["AUDIT"][0]
        registered = RegisterPerson(subject_id=person, display_name=name, home_unit_id=audit)
        yield Act(at=at(f"{granted_on} 09:00"), by=staff.sysadmin, command=registered)
        grant = self.granted(person, Role.APPROVER, EVERYTHING, date.fromisoformat(granted_on), None)
        granted = yield Act(at=at(f"{granted_on} 10:00"), by=staff.sysadmin, command=grant)
        yield at(f"{approved_on} 08:00")
        corrected = yield from self.moved(
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
        self.leave_out(cell)
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
        yield from self.verified(cell, value, done.position, second, at("2018-10-25 10:00"))
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
        self.official_by(cell, "2018-10-19")
        scorer = self.city.staff.scorer(cell[1], cell[0])
        attempt = self.scores.enter(cell, self.scores.figures.of(cell[0], self.city.row(cell[1]), cell[2]))
        when = at("2018-10-23 11:11:11")
        done = yield Act(at=when, by=scorer, command=attempt, exact=True, refused_with="DEADLINE_PASSED")
        self.truth.look_alike("P17", done.events, note="one mistaken click", person=scorer, unit=cell[0])

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

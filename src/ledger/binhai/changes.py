"""Planted anomalies in how values are changed, each beside its innocent look-alike.

Corrections and who stands behind them; the scores themselves are in `plants`.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime, timedelta

from ledger.binhai.calendar import at
from ledger.binhai.city import Cell
from ledger.binhai.papers import paper
from ledger.binhai.planting import MONTHS, Plants, plain
from ledger.binhai.stage import Act, Done, Script, later
from ledger.domain.facts import Event
from ledger.domain.score import ReasonCode

SAME_REASON = "数据更正，数据更正，数据更正"
"""As short as the ledger takes it."""
_OTHER_CELLS = ("G1-01", "G2-02")
"""Units of which only planted corrections are made."""


class ChangePlants(Plants):
    """Anomalies in corrections."""

    def scripts(self) -> Generator[Script]:
        """Order what has to be otherwise, and give the scripts of the rest."""
        for cell in self.city.cells():
            if cell[0] in {self.cell(unit, "", "")[0] for unit in _OTHER_CELLS}:
                self.scores.order(cell, plain)
        yield self._raised_and_reverted()
        yield self._typing_error()
        yield self._paper_from_the_future()
        yield self._late_copy()
        yield self._one_way()
        yield self._both_ways()
        yield self._reason_reused()
        yield self._annexed()

    def _raised_and_reverted(self) -> Script:
        """P2: a value is raised before the quarter's report is published, and taken back after."""
        cell = self.cell("G1-02", "E13", "2018-Q3")
        self.official_by(cell, "2018-10-17")
        yield at("2018-10-24 09:00")
        value = self.city.books.figures[cell]
        code, reason = ReasonCode.DATA_ENTRY_ERROR, "录入数值偏低，按部门台账调高"
        raised = yield from self.moved(cell, "0.03", at("2018-10-24 10:00"), code, reason)
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
        self.leave_out(cell)
        staff, row = self.city.staff, self.city.row(cell[1])
        value = self.scores.figures.of(cell[0], row, cell[2])
        scorer, events = staff.scorer(cell[1], cell[0]), list[Event]()
        for minutes, typed in ((0, value), (4, value * 10), (8, value)):
            act_at = later(at("2018-10-16 10:00"), minutes)
            done = yield Act(at=act_at, by=scorer, command=self.scores.enter(cell, typed), exact=True)
            events.extend(done.events)
        yield from self.verified(cell, value, events[-1].position, scorer, at("2018-10-18 10:00"))
        self.truth.look_alike(
            "P2", events, note="mistyped and mended before verification", unit=cell[0], indicator=cell[1]
        )

    def _paper_from_the_future(self) -> Script:
        """P8: a correction is approved on a paper that is dated a week later."""
        cell = self.cell("G1-05", "E12", "2018-Q1")
        self.official_by(cell, "2018-05-10")
        shown = yield from paper(
            self.stage,
            self.city,
            "数据更正说明（落款五月二十八日）",
            by=self.city.staff.offices[5],
            at=at("2018-05-18 10:00"),
            issued_on=date(2018, 5, 28),
        )
        yield at("2018-05-21 09:00")
        events = yield from self.moved(
            cell,
            "0.02",
            at("2018-05-21 10:00"),
            ReasonCode.SOURCE_DATA_REVISED,
            "按更正说明调整本季数值",
            evidence=shown,
        )
        note = "approved on 21 May on a paper of 28 May"
        self.truth.plant("P8", events, expected=("A11",), note=note, unit=cell[0], indicator=cell[1], period=cell[2])

    def _late_copy(self) -> Script:
        cell = self.cell("G1-06", "E12", "2018-Q1")
        self.official_by(cell, "2018-05-10")
        shown = yield from paper(
            self.stage,
            self.city,
            "统计修订通知（原件复印件）",
            by=self.city.staff.offices[5],
            at=at("2018-05-25 10:00"),
            issued_on=date(2018, 4, 10),
        )
        yield at("2018-05-28 09:00")
        events = yield from self.moved(
            cell,
            "0.01",
            at("2018-05-28 10:00"),
            ReasonCode.SOURCE_DATA_REVISED,
            "按统计修订通知调整本季数值",
            evidence=shown,
        )
        note = "a certified copy came late; the original is older"
        self.truth.look_alike("P8", events, note=note, unit=cell[0], indicator=cell[1], period=cell[2])

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
            events.extend((yield from self.moved(cell, part, when, code, reason)))
        subject = {"unit": unit_id, "person": self.city.staff.approver(indicator_id, unit_id)}
        if suspicious:
            self.truth.plant("P13", events, expected=("A09",), note="8 of 8 favour the unit", **subject)
        else:
            self.truth.look_alike("P13", events, note="4 up and 4 down", **subject)

    def _reason_reused(self) -> Script:
        """P19: twelve corrections for one and the same reason."""
        cells = self._second_quarter()[:12]
        events = yield from self._by_one(cells, [SAME_REASON] * 12, at("2018-08-14 09:00"))
        note = "the same words twelve times"
        self.truth.plant(
            "P19", events, expected=("A13",), note=note, reason=SAME_REASON, person=events[0].actor.person_id
        )

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
            self.official_by(cell, "2018-07-27")
        yield when - timedelta(hours=1)
        events, department = list[Event](), self.city.staff.scoring[cells[0][1]]
        requester = self.city.staff.scorers[department][0]
        for number, (cell, reason) in enumerate(zip(cells, reasons, strict=True)):
            moment = when + timedelta(minutes=20 * number)
            code = ReasonCode.DATA_ENTRY_ERROR
            changed = yield from self.moved(cell, "-0.01", moment, code, reason, requester=requester)
            events.append(changed[0])
        return events

"""Planted anomalies of the running year, each beside its innocent look-alike: single scores and who stood for them.

A story orders scores to come about otherwise, or acts itself; where it cites what others
record, it waits until they have. Source: domain.md 6.2.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from ledger.binhai.calendar import at
from ledger.binhai.cells import CellPlan, Order
from ledger.binhai.city import Cell
from ledger.binhai.figures import decimal
from ledger.binhai.index import cumulated_share, periods_in
from ledger.binhai.papers import paper
from ledger.binhai.planting import MONTHS, QUARTERS, YEAR_END, Plants, plain
from ledger.binhai.stage import Act, Script
from ledger.domain.commands import (
    AdjustTarget,
    HoldPost,
    LeavePost,
)
from ledger.domain.periods import Frequency
from ledger.domain.roles import Role
from ledger.domain.targets import TargetReason


class ScorePlants(Plants):
    """Anomalies in the figures themselves, and in who stood for them."""

    def scripts(self) -> Generator[Script]:
        """Order what has to be otherwise, and give the scripts of the rest."""
        yield self._seconded_verifier()
        yield self._former_colleague()
        self._rubber_stamp()
        self._round_figures()
        yield self._one_paper_for_all()
        yield self._bulletin()
        self._fallen_flow()
        self._slipped_unit()
        self._collapse()
        self._exact_hits()
        yield self._lowered_target()
        yield self._reassigned_target()
        self.stage.enter_at(YEAR_END, self._at_the_end)

    def _seconded_verifier(self) -> Script:
        """P4: somebody who was with the assessed unit until the other day verifies its scores."""
        cells = self._of_quarters("G2-01")
        yield from self._verifier_from(
            cells, "verifier-seconded", name="海丙申", until_on=date(2018, 2, 23), when=at("2018-02-26 09:00")
        )

    def _former_colleague(self) -> Script:
        cells = self._of_quarters("G2-02")
        yield from self._verifier_from(
            cells, "verifier-former", name="海丁酉", until_on=date(2016, 1, 31), when=at("2018-02-26 09:20")
        )

    def _verifier_from(self, cells: list[Cell], called: str, *, name: str, until_on: date, when: datetime) -> Script:
        """Have a unit's scores verified by somebody who held a post there, and no longer does."""
        for cell in cells:
            self.scores.order(cell, plain, self._verified_by(called))
        audit, _ = self.city.other_units["AUDIT"]
        person_id = yield from self.admitted(called, name=name, home=audit, role=Role.VERIFIER, at=when)
        held = HoldPost(subject_id=person_id, unit_id=cells[0][0], post="科级干部", from_on=date(2012, 3, 1))
        done = yield Act(at=when + timedelta(days=1), by=self.city.staff.orgdept, command=held)
        left = LeavePost(subject_id=person_id, held_position=done.position, until_on=until_on)
        yield Act(at=when + timedelta(days=1, hours=1), by=self.city.staff.orgdept, command=left)

    def _verified_by(self, called: str) -> Order:
        def order(plan: CellPlan) -> None:
            plan.verifier = self.person(called)

        return order

    def _stamped(self) -> list[Cell]:
        units = [f"G4-{number:02}" for number in range(1, 7)]
        return [self.cell(unit, row, "2018-Q2") for unit in units for row in self._quarterly()]

    def _batched(self) -> list[Cell]:
        units = [f"G4-{number:02}" for number in range(9, 15)]
        return [self.cell(unit, row, "2018-Q3") for unit in units for row in self._quarterly()]

    def _quarterly(self) -> list[str]:
        rows = self.city.rows(self.cell("G4-01", "", "")[0])
        return [row.indicator_id for row in rows if row.frequency is Frequency.QUARTER]

    def _rubber_stamp(self) -> None:
        """P5: sixty verifications in 45 seconds; the look-alike is one batch with a checklist."""
        verifier = self.city.staff.verifiers[6]
        for number, cell in enumerate(self._stamped()):

            def stamped(plan: CellPlan, number: int = number) -> None:
                plan.verifier, plan.exact = verifier, True
                plan.entered_at = min(plan.entered_at, at("2018-07-18 15:00"))
                plan.verified_at = at("2018-07-19 15:00") + timedelta(milliseconds=750 * number)

            self.scores.order(cell, plain, stamped)

        def batched(plan: CellPlan) -> None:
            plan.verifier, plan.verification_batch = verifier, "CHECK-2018-Q3"
            plan.checklist = "批量核验：逐项对照清单第一至第六十项"
            plan.entered_at = min(plan.entered_at, at("2018-10-17 15:00"))
            plan.verified_at = at("2018-10-18 15:00")

        for cell in self._batched():
            self.scores.order(cell, plain, batched)

    def _heaped(self) -> list[Cell]:
        flows = [row.indicator_id for row in self.city.rows(self.cell("G1-04", "", "")[0]) if row.flow]
        periods = {row: periods_in(self.city.row(row).frequency) for row in flows}
        return [self.cell("G1-04", row, period) for row in flows for period in periods[row]][:120]

    def _round_figures(self) -> None:
        """P6: 41 of 120 reported figures end in 0 or 5."""
        first, second = self.city.staff.reporters[self.cell("G1-04", "", "")[0]]
        heaped = self._heaped()
        for number, cell in enumerate(heaped):

            def ends(plan: CellPlan, number: int = number) -> None:
                plain(plan)
                plan.reporter = first
                scale = self.city.row(plan.cell[1]).scale
                plan.claimed = _ending(plan.entered, scale, (0, 5) if number < 41 else (1, 2, 3, 4, 6, 7, 8, 9), number)

            self.scores.order(cell, ends)
        for cell in self.city.cells():
            if cell[0] == heaped[0][0] and cell not in heaped:
                self.scores.order(cell, lambda plan: setattr(plan, "reporter", second))

    def _one_paper_for_all(self) -> Script:
        """P7: the same paper proves five scores of two units."""
        cells = self._one_paper_cells()
        office = self.city.staff.offices[5]
        shown = yield from paper(
            self.stage,
            self.city,
            "三季度佐证材料汇编",
            by=office,
            at=at("2018-09-28 09:00"),
            issued_on=date(2018, 9, 28),
        )
        for cell in cells:
            self.scores.order(cell, plain, lambda plan: setattr(plan, "evidence", (shown,)))

    def _one_paper_cells(self) -> list[Cell]:
        of_third = [self.cell("G2-03", row, "2018-Q3") for row in ("E13", "K03", "L01")]
        return [*of_third, *(self.cell("G2-04", row, "2018-Q3") for row in ("E13", "K03"))]

    def _bulletin(self) -> Script:
        shown = yield from paper(
            self.stage,
            self.city,
            "PUBLIC_SOURCE 二〇一八年统计公报",
            by=self.city.staff.offices[5],
            at=at("2018-12-28 09:00"),
        )
        for cell in self._bulletin_cells():
            self.scores.order(cell, plain, lambda plan: setattr(plan, "evidence", (shown,)))

    def _bulletin_cells(self) -> list[Cell]:
        units = [unit for group in ("G1", "G2") for unit in self.city.ranked(group)]
        return [(unit_id, "E12", "2018-Q4") for unit_id in units]

    def _fallen_flow(self) -> None:
        """P12: what adds up over the year falls, and nobody says why."""
        cell = self.cell("G1-09", "E02", "2018-M08")
        before = self.scores.figures.of(cell[0], self.city.row("E02"), "2018-M07")
        self._valued(cell, decimal(float(before) * 0.93, 2))

    def _slipped_unit(self) -> None:
        cell = self.cell("G1-09", "E06", "2018-M05")
        self._valued(cell, self.scores.figures.of(cell[0], self.city.row("E06"), "2018-M05") * 10_000)

    def _collapse(self) -> None:
        unit_id, row = self.cell("G2-02", "", "")[0], self.city.row("E04")
        before = float(self.scores.figures.of(unit_id, row, "2018-M09"))
        for number, period in enumerate(MONTHS[9:]):
            note = "主要企业停产，经统计部门核减前期虚列产值，附停产公告"
            self._valued((unit_id, "E04", period), decimal(before * (0.72 + 0.01 * number), 2), note=note)

    def _valued(self, cell: Cell, value: Decimal, *, note: str | None = None) -> None:
        def order(plan: CellPlan) -> None:
            plain(plan)
            plan.entered = plan.claimed = value
            plan.note = note

        self.scores.order(cell, order)

    def _hits(self) -> list[Cell]:
        """The 63 scores of P21, of 139 that are measured against a target."""
        rates = [(row, QUARTERS) for row in ("K02", "S01", "S02", "B01", "B02", "R02", "L03")]
        found = [self.cell("G1-06", row, period) for row, periods in (*rates, ("E11", MONTHS)) for period in periods]
        flows = [self.cell("G1-06", "E01", period) for period in MONTHS]
        more = [self.cell("G1-06", "E02", period) for period in MONTHS[1:11]]
        return [*found, self.cell("G1-06", "E14", "2018-Y"), *flows, *more]

    def _no_accidents(self) -> list[Cell]:
        """Of a department with few others measured against a target: most have the target of none, and reach it."""
        row = self.city.row("R01")

        def of(unit_id: str) -> Decimal:
            return sum((self.scores.figures.of(unit_id, row, period) for period in MONTHS), Decimal(0))

        unit_id = min(self.city.ranked("G3"), key=of)
        return [(unit_id, row.indicator_id, period) for period in MONTHS]

    def _exact_hits(self) -> None:
        """P21: a unit that hits its targets to the dot."""
        for cell in self._hits():
            row = self.city.row(cell[1])
            target = self.scores.figures.target(cell[0], row)
            due = target * cumulated_share(cell[2]) if row.flow else target
            self._valued(cell, decimal(float(due), row.scale))

    def _lowered_target(self) -> Script:
        """P9: a target is lowered in November, below what will be reached."""
        yield from self._adjusted(
            "G1-07", at("2018-11-20 15:00"), TargetReason.POLICY_CHANGE, "结合实际适当下调年度目标", "本级专题会议纪要"
        )

    def _reassigned_target(self) -> Script:
        yield from self._adjusted(
            "G1-08",
            at("2018-11-22 15:00"),
            TargetReason.SUPERIOR_ADJUSTMENT,
            "上级重新分解任务，按文件调整",
            "上级调整任务文件",
        )

    def _adjusted(self, unit: str, when: datetime, code: TargetReason, reason: str, title: str) -> Script:
        unit_id, row = self.cell(unit, "", "")[0], self.city.row("E14")
        target = self.scores.figures.target(unit_id, row)
        suspicious = code is TargetReason.POLICY_CHANGE
        reached, lowered = decimal(float(target) * 0.96, 2), decimal(float(target) * 0.95, 2)
        self._valued((unit_id, "E14", "2018-Y"), reached if suspicious else decimal(float(target) * 0.90, 2))
        shown = yield from paper(
            self.stage, self.city, title, by=self.city.staff.offices[0], at=when - timedelta(days=1)
        )
        adjusted = AdjustTarget(
            cycle_id=self.city.cycle_id,
            unit_id=unit_id,
            indicator_id="E14",
            new_target=lowered,
            reason_code=code,
            reason=reason,
            evidence=(shown,),
            requested_by=self.city.staff.reporters[unit_id][0],
            late_authority=shown,
        )
        done = yield Act(at=when, by=self.city.staff.leading[4], command=adjusted)
        subject = {"unit": unit_id, "indicator": "E14"}
        if suspicious:
            note = f"target lowered to {lowered} after the freeze; {reached} was reached of {target}"
            self.truth.plant("P9", done.events, expected=("A22",), note=note, **subject)
        else:
            self.truth.look_alike(
                "P9", done.events, note="moved on a superior's document; missed all the same", **subject
            )

    def _at_the_end(self) -> Iterable[Script]:
        """Note the positions of what was only ordered."""
        self._note_verifications()
        self._note_papers()
        self._note_figures()
        return ()

    def _note_verifications(self) -> None:
        truth, stamper = self.truth, self.city.staff.verifiers[6]
        lent, left = self._of_quarters("G2-01"), self._of_quarters("G2-02")
        note = "came from the unit days before"
        truth.plant("P4", self._verified(lent), expected=("A02",), note=note, unit=lent[0][0])
        truth.look_alike("P4", self._verified(left), note="left the unit two years before", unit=left[0][0])
        note = "60 single ones in 45 s"
        truth.plant("P5", self._verified(self._stamped()), expected=("A20",), note=note, person=stamper)
        note = "one batch with a checklist"
        truth.look_alike("P5", self._verified(self._batched()), note=note, person=stamper)

    def _note_papers(self) -> None:
        note = "one paper for five scores of two units"
        self.truth.plant("P7", self._entered(self._one_paper_cells()), expected=("A12",), note=note)
        self.truth.look_alike("P7", self._entered(self._bulletin_cells()), note="a public bulletin", indicator="E12")

    def _note_figures(self) -> None:
        truth, books, heaped = self.truth, self.city.books, self._heaped()
        unit, reported = heaped[0][0], [(self.city.books.reported[cell], "ScoreSelfReported") for cell in heaped]
        reporter = self.city.staff.reporters[unit][0]
        note = "41 of 120 end in 0 or 5"
        truth.plant("P6", reported, expected=("A14",), note=note, unit=unit, person=reporter)
        steps = [cell for cell in self.city.cells() if cell[1] == "E11" and cell in books.entered]
        truth.look_alike("P6", self._entered(steps), note="the legal step is 0.5", indicator="E11")
        fallen, slipped = self.cell("G1-09", "E02", "2018-M08"), self.cell("G1-09", "E06", "2018-M05")
        collapse = [self.cell("G2-02", "E04", period) for period in MONTHS[9:]]
        for cell, rule, note in ((fallen, "A17", "the year to date falls"), (slipped, "A18", "10 000 times")):
            truth.plant("P12", self._entered([cell]), expected=(rule,), note=note, unit=cell[0], indicator=cell[1])
        note = "a plant closed, and it is said"
        truth.look_alike("P12", self._entered(collapse), note=note, unit=collapse[0][0], indicator="E04")
        hits, none = self._hits(), self._no_accidents()
        note = "63 of 139 hit the target to the dot"
        truth.plant("P21", self._entered(hits), expected=("A16",), note=note, unit=hits[0][0])
        note = "none is the target of accidents"
        truth.look_alike("P21", self._entered(none), note=note, unit=none[0][0], indicator="R01")

    def _of_quarters(self, unit: str) -> list[Cell]:
        return [self.cell(unit, "B01", period) for period in QUARTERS[:3]]

    def _verified(self, cells: Iterable[Cell]) -> list[tuple[int, str]]:
        return [(self.city.books.verified[cell], "ScoreVerified") for cell in cells]

    def _entered(self, cells: Iterable[Cell]) -> list[tuple[int, str]]:
        return [(self.city.books.entered[cell], "ScoreEntered") for cell in cells]


def _ending(value: Decimal, scale: int, digits: tuple[int, ...], number: int) -> Decimal:
    """The figure with one of the digits in its last place."""
    step = Decimal(1).scaleb(-scale)
    units = int(value / step)
    return (units - units % 10 + digits[number % len(digits)]) * step

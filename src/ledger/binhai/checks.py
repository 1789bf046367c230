"""Spot checks through the year, the correction that dodges one, and an import of which two rows fail."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from datetime import timedelta
from decimal import Decimal

from ledger.binhai.calendar import SITTING, SITTINGS, at
from ledger.binhai.city import Cell
from ledger.binhai.figures import decimal
from ledger.binhai.papers import paper
from ledger.binhai.planting import Plants, plain
from ledger.binhai.stage import Act, Done, Script
from ledger.domain.commands import (
    FinishScoreImport,
    PlanSpotCheck,
    RecordSpotCheck,
    ResolveDiscrepancy,
    StartScoreImport,
)
from ledger.domain.facts import Channel, Event
from ledger.domain.imports import RejectedRow
from ledger.domain.score import EntrySource, ReasonCode, VerificationMethod
from ledger.domain.spot_check import DiscrepancyOutcome, SpotCheckPlanned, drawn_by

DRAWS = (
    ("CHECK-1", "2018-05-14 09:00", ("G1", "G2"), 60),
    ("CHECK-2", "2018-08-06 09:00", ("G3", "G4"), 90),
    ("CHECK-3", "2018-11-12 09:00", ("G5", "G6", "G7"), 90),
    ("CHECK-4", "2018-12-03 09:00", ("G8",), 50),
)
TOLERANCE = Decimal("0.02")
_DIFFERS = 0.04


class CheckPlants(Plants):
    """Writes the scripts of a city's spot checks, and of one import."""

    def scripts(self) -> Generator[Script]:
        """Every check, drawn and recorded, and the import."""
        for check_id, when, groups, count in DRAWS:
            yield self._check(check_id, when, groups, count)
        yield self._dodged()
        yield self._put_right_before()
        yield self._import()

    def _check(self, check_id: str, when: str, groups: tuple[str, ...], count: int) -> Script:
        drawn = yield from self._drawn(check_id, when, groups, (), count)
        self.stage.enter(*(self._recorded(check_id, cell, number) for number, cell in enumerate(drawn[1])))

    def _drawn(
        self, check_id: str, when: str, groups: tuple[str, ...], indicators: tuple[str, ...], count: int
    ) -> Generator[Act, Done, tuple[Event, list[Cell]]]:
        """Draw a sample; return the event and the scores, as whoever has seed and frame can draw them again."""
        planned = PlanSpotCheck(
            cycle_id=self.city.cycle_id,
            check_id=check_id,
            group_ids=groups,
            indicator_ids=indicators,
            seed=f"{self.city.seed}-{check_id}",
            n=count,
            tolerance=TOLERANCE,
        )
        done = yield Act(at=at(when), by=self.city.staff.offices[7], command=planned)
        fact = done.events[0].fact
        assert isinstance(fact, SpotCheckPlanned)
        # Nothing of the cycle is recorded between what the draw went by and the draw itself.
        names = drawn_by(fact, self.stage.known)
        return done.events[0], [(unit, row, period) for _, _, unit, row, period in (name.split(":") for name in names)]

    def _recorded(self, check_id: str, cell: Cell, number: int) -> Script:
        """Measure one drawn score again; where it differs, say why."""
        rng = self.city.rng("check", check_id, *cell)
        when = self.stage.now + timedelta(days=2 + number % 5) + number // 5 % len(SITTINGS) * SITTING
        row = self.city.row(cell[1])
        yield when
        differs = rng.random() < _DIFFERS and row.kind not in ("DEADLINE", "LINKAGE")
        done = yield from self._measured(check_id, cell, 0.95 if differs else 1.0)
        if len(done.events) > 1:
            resolved = ResolveDiscrepancy(
                cycle_id=self.city.cycle_id,
                check_id=check_id,
                found_position=done.last,
                outcome=DiscrepancyOutcome.EXPLAINED,
                reason="抽查时点与报表时点不同，差异合理",
            )
            yield Act(at=when + timedelta(days=4), by=self.city.staff.offices[7], command=resolved)

    def _measured(self, check_id: str, cell: Cell, part: float) -> Generator[Act, Done, Done]:
        row, stood = self.city.row(cell[1]), self.city.books.stood_for[cell]
        first, second = [person for person in self.city.staff.verifiers if person not in stood][:2]
        observed = self.city.books.figures[cell]
        recorded = RecordSpotCheck(
            **self.scores.key(cell),
            check_id=check_id,
            observed=observed if part == 1.0 else decimal(float(observed) * part, row.scale),
            uom=row.uom,
            method=VerificationMethod.SITE_VISIT,
            inspectors=(first, second),
            evidence=(self.city.books.evidence["现场核查记录"],),
        )
        return (yield Act(at=self.stage.now, by=self.city.staff.offices[7], command=recorded))

    def _dodged(self) -> Script:
        """P14: a drawn score is corrected downwards before it is measured."""
        drawn = yield from self._drawn("CHECK-P14", "2018-08-20 09:00", ("G2",), ("B02", "K02", "R02"), 6)
        event, cells = drawn
        cell = cells[0]
        value = decimal(float(self.city.books.figures[cell]) * 0.96, self.city.row(cell[1]).scale)
        corrected = yield from self.scores.correct(
            cell,
            value,
            at=at("2018-08-22 10:00"),
            code=ReasonCode.DATA_ENTRY_ERROR,
            reason="自查发现多计，主动调低数值",
        )
        yield at("2018-08-24 10:00")
        measured = yield from self._measured("CHECK-P14", cell, 1.0)
        events = (event, *corrected, *measured.events)
        note = "lowered between the draw and the measurement"
        self.truth.plant("P14", events, expected=("A27",), note=note, unit=cell[0], indicator=cell[1], period=cell[2])

    def _put_right_before(self) -> Script:
        cell = self.cell("G1-02", "R02", "2018-Q2")
        self.scores.order(cell, plain)
        yield at("2018-08-16 09:00")
        value = decimal(float(self.city.books.figures[cell]) * 0.97, 1)
        corrected = yield from self.scores.correct(
            cell,
            value,
            at=at("2018-08-16 10:00"),
            code=ReasonCode.TRANSCRIPTION_ERROR,
            reason="誊录串行，按原表调低数值",
        )
        # All of the frame is drawn, so this score is among them.
        count = self._frame_size("G1", "R02")
        event, _ = yield from self._drawn("CHECK-ALL", "2018-08-21 09:00", ("G1",), ("R02",), count)
        yield at("2018-08-24 11:00")
        measured = yield from self._measured("CHECK-ALL", cell, 1.0)
        events = (*corrected, event, *measured.events)
        self.truth.look_alike("P14", events, note="lowered before the draw", unit=cell[0], indicator=cell[1])

    def _frame_size(self, group_id: str, indicator_id: str) -> int:
        official = self.city.books.verified
        return sum(cell[1] == indicator_id and self.city.units[cell[0]].group_id == group_id for cell in official)

    def _import(self) -> Script:
        """A table of ten rows is imported; two are refused, and entered by hand later."""
        cells = [(unit_id, "K01", "2018-Q2") for unit_id in self.city.ranked("G1")]
        for cell in cells:
            self.scores.order(cell, lambda plan: setattr(plan, "left_out", True))
        yield at("2018-07-11 08:00")
        scorer, import_id = self.city.staff.scorer("K01", cells[0][0]), f"{self.city.prefix}IMPORT-K01-Q2"
        table = yield from paper(
            self.stage, self.city, "二季度重点项目开工率.csv", by=scorer, at=at("2018-07-11 09:00")
        )
        started = StartScoreImport(
            import_id=import_id, cycle_id=self.city.cycle_id, indicator_id="K01", sha256=table, rows=len(cells)
        )
        yield Act(at=at("2018-07-11 10:00"), by=scorer, command=started, channel=Channel.IMPORT, batch_id=import_id)
        failing = {3: "SCALE_EXCEEDED", 7: "OUT_OF_RANGE"}
        self.stage.enter(*(self._row(cell, number, failing.get(number), import_id) for number, cell in _rows(cells)))
        rejected = tuple(RejectedRow(row=number, code=code) for number, code in failing.items())
        finished = FinishScoreImport(import_id=import_id, accepted=len(cells) - len(failing), rejected_rows=rejected)
        yield Act(at=at("2018-07-11 11:00"), by=scorer, command=finished, channel=Channel.IMPORT, batch_id=import_id)

    def _row(self, cell: Cell, number: int, refused_with: str | None, import_id: str) -> Script:
        value = self.scores.figures.of(cell[0], self.city.row(cell[1]), cell[2])
        scorer, verifier = self.city.staff.scorer(cell[1], cell[0]), self.city.staff.verifiers[number]
        wrong = {"SCALE_EXCEEDED": value + Decimal("0.001"), "OUT_OF_RANGE": -value}.get(refused_with or "", value)
        entered = yield Act(
            at=at("2018-07-11 10:20"),
            by=scorer,
            command=self.scores.enter(cell, wrong, source=EntrySource.IMPORT),
            channel=Channel.IMPORT,
            batch_id=import_id,
            refused_with=refused_with,
        )
        if refused_with is not None:
            entered = yield Act(at=at("2018-07-12 15:00"), by=scorer, command=self.scores.enter(cell, value))
        self.city.books.entered[cell] = entered.position
        command = self.scores.verify(cell, entered.position)
        done = yield Act(at=at("2018-07-16 10:00") + timedelta(minutes=20 * number), by=verifier, command=command)
        self.city.books.verified[cell] = done.position
        self.scores.note(cell, value, entered.position, scorer, verifier)


def _rows(cells: list[Cell]) -> Iterable[tuple[int, Cell]]:
    return enumerate(cells, start=1)

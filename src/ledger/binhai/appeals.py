"""Appeals: how a unit contests a score, from the filing to what the panel decides."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TypedDict

from ledger.binhai.calendar import ZONE, at
from ledger.binhai.city import Cell
from ledger.binhai.planting import HAIR, PROMOTED, Plants
from ledger.binhai.stage import Act, Done, OutOfScript, Script
from ledger.binhai.standing import one_raised, regraded, results_of, with_values
from ledger.domain.appeal import AppealOutcome, PanelMember
from ledger.domain.commands import (
    AcceptAppeal,
    AssignAppeal,
    DecideAppeal,
    DeclareAppealInadmissible,
    FileAppeal,
    HearAppeal,
    ImplementAppeal,
    WithdrawAppeal,
)
from ledger.domain.facts import Event
from ledger.domain.results import UnitResult
from ledger.domain.score import ReasonCode, RequestedFor

_STEPS = (timedelta(), timedelta(hours=3), timedelta(days=1), timedelta(days=2), timedelta(days=3))
"""Filed, accepted, assigned, heard, decided."""


class _AppealKey(TypedDict):
    cycle_id: str
    unit_id: str
    appeal_position: int


class Appeals(Plants):
    """Writes the scripts of a city's appeals."""

    def scripts(self) -> Generator[Script]:
        """The appeals of the notice period; one of them changes a rank."""
        yield self._upheld_in_time()
        for number, group_id in enumerate(("G2", "G8", "G3")):
            unit_id = self.city.ranked(group_id)[-1]
            yield self._in_vain(unit_id, at("2019-01-30 10:00") + timedelta(hours=number))
        yield self._turned_away(self.city.ranked("G1")[-1])
        yield self._taken_back(self.city.ranked("G3")[-2])

    def upheld(
        self, cell: Cell, when: datetime, *, directs: str
    ) -> Generator[Act | datetime, Done, tuple[int, list[Event]]]:
        """An appeal that is upheld; return the position that filed it, and all its events."""
        return (yield from self._decided(cell, when, AppealOutcome.UPHELD, directs))

    def implemented(self, unit_id: str, appeal: int, correction: Event, when: datetime) -> Act:
        """Note by which correction an appeal was carried out."""
        done = ImplementAppeal(
            cycle_id=self.city.cycle_id,
            unit_id=unit_id,
            appeal_position=appeal,
            correction_positions=(correction.position,),
        )
        return Act(at=when, by=self.city.staff.offices[6], command=done)

    def award_of(self, unit_id: str) -> Cell:
        """A yearly award of the unit."""
        return next(
            (unit_id, row.indicator_id, "2018-Y")
            for row in self.city.rows(unit_id)
            if row.kind == "DIRECT_POINTS" and row.frequency.value == "YEAR"
        )

    def _filed(self, cell: Cell) -> FileAppeal:
        return FileAppeal(
            cycle_id=self.city.cycle_id,
            unit_id=cell[0],
            about_position=self.city.books.positions[cell],
            grounds="评分未计入已提交的佐证材料",
            remedy="请求复核并重新评分",
        )

    def _decided(
        self, cell: Cell, when: datetime, outcome: AppealOutcome, directs: str | None
    ) -> Generator[Act | datetime, Done, tuple[int, list[Event]]]:
        yield when
        staff, evidence = self.city.staff, self.city.books.evidence
        filed = yield Act(at=when, by=staff.reporters[cell[0]][0], command=self._filed(cell))
        key = _AppealKey(cycle_id=self.city.cycle_id, unit_id=cell[0], appeal_position=filed.position)
        panel = tuple(
            PanelMember(person_id=person_id, declaration=evidence["回避声明"]) for person_id in staff.panel[:3]
        )
        steps = (
            (staff.offices[6], AcceptAppeal(**key)),
            (staff.offices[6], AssignAppeal(**key, panel=panel)),
            (
                staff.panel[0],
                HearAppeal(
                    **key, heard_on=(when + _STEPS[3]).astimezone(ZONE).date(), evidence=(evidence["会议纪要"],)
                ),
            ),
            (
                staff.panel[0],
                DecideAppeal(
                    **key,
                    outcome=outcome,
                    findings="经复核原始材料，对照评分标准逐项认定",
                    directs=directs,
                    evidence=(evidence["会议纪要"],),
                ),
            ),
        )
        events = list(filed.events)
        for (by, command), offset in zip(steps, _STEPS[1:], strict=True):
            done = yield Act(at=when + offset, by=by, command=command)
            events.extend(done.events)
        return filed.position, events

    def _upheld_in_time(self) -> Script:
        """An appeal upheld before the grades are opened changes a rank: the innocent twin of P1."""
        yield at("2019-01-29 09:00")
        cell, value = yield from self._rank_to_gain()
        appeal, events = yield from self.upheld(cell, at("2019-01-29 10:00"), directs="补计漏计材料得分")
        corrected = yield from self.scores.correct(
            cell,
            value,
            at=at("2019-02-14 10:00"),
            code=ReasonCode.APPEAL_UPHELD,
            reason="申诉成立，补计漏计材料得分",
            requester=self.city.staff.panel[0],
            approver=self.city.staff.director,
            requested_for=RequestedFor.APPEAL,
            case_ref=str(appeal),
        )
        done = yield self.implemented(cell[0], appeal, corrected[1], at("2019-02-15 10:00"))
        note = "an upheld appeal lifts a unit by a rank before the grades are opened"
        self.truth.look_alike("P1", (*events, *corrected, *done.events), note=note, unit=cell[0], indicator=cell[1])

    def _rank_to_gain(self) -> Generator[Act | datetime, Done, tuple[Cell, Decimal]]:
        """A score that brings a unit past the next one and changes nobody's grade, brought closer if need be."""
        when = at("2019-01-29 09:30")
        for above, below in self._last_pairs():
            found = self._past(above.unit_id, below.unit_id)
            if found is None:
                matter = f"D-RANK-{below.unit_id}"
                yield from self.lowered(above.unit_id, above.total - below.total - HAIR, at=when, matter=matter)
                found = self._past(above.unit_id, below.unit_id)
            if found is not None:
                return found
        raise OutOfScript(f"no unit of {PROMOTED} can gain a rank without regrading anybody")

    def _last_pairs(self) -> list[tuple[UnitResult, UnitResult]]:
        """Neighbours in the order, the closest first, below the unit to be promoted and who may get its seat."""
        ranked = [row for row in results_of(self.city, self.stage, PROMOTED).rows if row.rank is not None]
        pairs = [
            (above, below) for above, below in pairwise(ranked[len(ranked) // 2 + 2 :]) if above.total > below.total
        ]
        # Who moved here stands better for it, and is passed by nobody if that can be helped.
        moved = self.city.books.moved
        return sorted(pairs, key=lambda pair: (pair[0].unit_id in moved, pair[0].total - pair[1].total))

    def _past(self, above: str, below: str) -> tuple[Cell, Decimal] | None:
        """A score with what brings a unit past another and nothing else; None if none reaches so far."""
        now = results_of(self.city, self.stage, PROMOTED)
        upper, lower = now.row(above), now.row(below)
        assert upper is not None
        assert lower is not None
        [change] = one_raised(self.city, lower, upper.total - lower.total + HAIR)
        then = with_values(now, [change])
        order = [row.unit_id for row in then.rows]
        return change if order.index(below) < order.index(above) and not regraded(now, then) else None

    def _in_vain(self, unit_id: str, when: datetime) -> Script:
        yield when - timedelta(hours=1)
        yield from self._decided(self.award_of(unit_id), when, AppealOutcome.DISMISSED, None)

    def _turned_away(self, unit_id: str) -> Script:
        yield at("2019-01-31 09:00")
        filed = yield Act(
            at=at("2019-01-31 10:00"),
            by=self.city.staff.reporters[unit_id][0],
            command=self._filed(self.award_of(unit_id)),
        )
        command = DeclareAppealInadmissible(
            cycle_id=self.city.cycle_id,
            unit_id=unit_id,
            appeal_position=filed.position,
            reason="申诉事项不属于考核评分范围",
        )
        yield Act(at=at("2019-02-01 10:00"), by=self.city.staff.offices[6], command=command)

    def _taken_back(self, unit_id: str) -> Script:
        yield at("2019-01-31 09:30")
        reporter = self.city.staff.reporters[unit_id][0]
        filed = yield Act(at=at("2019-01-31 11:00"), by=reporter, command=self._filed(self.award_of(unit_id)))
        command = WithdrawAppeal(
            cycle_id=self.city.cycle_id,
            unit_id=unit_id,
            appeal_position=filed.position,
            reason="已与评分部门沟通一致",
        )
        yield Act(at=at("2019-02-02 10:00"), by=reporter, command=command)

"""The aftermath: two restatements, one after an appeal and one after a fraud, and what became of the decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from datetime import date, datetime, timedelta
from decimal import Decimal

from ledger.binhai.appeals import Appeals
from ledger.binhai.calendar import at
from ledger.binhai.city import Cell
from ledger.binhai.closing import ANNUAL_REPORT
from ledger.binhai.finale import Finale, Lifted
from ledger.binhai.index import BEST, VETO_ARTICLE
from ledger.binhai.papers import paper
from ledger.binhai.planting import YEAR_END, Plants
from ledger.binhai.rewarding import Decision, Rewarding
from ledger.binhai.stage import Act, Done, Script
from ledger.binhai.standing import either_side, one_raised, reaches, results_of
from ledger.domain.commands import (
    CloseCase,
    ComputeResults,
    DispositionFlag,
    ImposeVeto,
    OpenInspectionCase,
    OpenRestatement,
    RaiseFlag,
    RecordFinding,
    RecordSpotCheck,
    RestateReports,
    ReviseGrades,
    SealQuery,
)
from ledger.domain.facts import Event
from ledger.domain.inspection_case import Disposition, FindingKind, Severity
from ledger.domain.results import UnitResult
from ledger.domain.rule_reference import RuleSource
from ledger.domain.score import ReasonCode, VerificationMethod
from ledger.domain.veto import VetoEffect

CASE_ID = "CASE-2019-1"


class Aftermath(Plants):
    """Writes the scripts of what comes after the meeting."""

    def scripts(self, finale: Finale, appeals: Appeals, rewarding: Rewarding) -> Generator[Script]:
        """The first restatement, the second, and the review of decisions."""
        yield self._first(finale, appeals, rewarding)
        yield self._second(finale, rewarding)

    def _first(self, finale: Finale, appeals: Appeals, rewarding: Rewarding) -> Script:
        """R1: an appeal is upheld after publication, and a unit passes another at a cut."""
        yield at("2019-03-01 09:00")
        group_id, cell, value = self._worth_appealing(finale.free())
        appeal, _ = yield from appeals.upheld(cell, at("2019-03-01 10:00"), directs="补计漏计材料得分")
        shown = yield from self._opened("2019-03-07 09:00", "申诉成立，需重述该组结果", group_id, "申诉决定书")
        _, correction = yield from self.scores.correct(
            cell,
            value,
            at=at("2019-03-07 14:00"),
            code=ReasonCode.APPEAL_UPHELD,
            reason="申诉成立，补计漏计材料得分",
            requester=self.city.staff.panel[0],
            approver=self.city.staff.director,
            evidence=shown,
        )
        yield from self._restated(group_id, at("2019-03-08 10:00"), at_fault=())
        yield appeals.implemented(cell[0], appeal, correction, at("2019-03-08 16:00"))
        yield at("2019-03-11 08:00")
        self.stage.enter(*rewarding.review(group_id, at("2019-03-11 10:00")))

    def _worth_appealing(self, group_ids: list[str]) -> tuple[str, Cell, Decimal]:
        """The group in which one score can bring a unit over a cut most easily, the score, and its points."""
        cuts: list[tuple[bool, Decimal, str, UnitResult]] = []
        for group_id in group_ids:
            results = results_of(self.city, self.stage, group_id)
            for grade in ("GOOD", BEST):
                sides = either_side(results, grade)
                if sides is not None:
                    gap = sides[0].total - sides[1].total + Decimal("0.10")
                    cuts.append((not reaches(self.city, sides[1], gap), gap, group_id, sides[1]))
        _, gap, group_id, row = min(cuts, key=lambda cut: cut[:3])
        return group_id, *one_raised(self.city, row, gap)

    def _second(self, finale: Finale, rewarding: Rewarding) -> Script:
        """R2: inspection finds that the score lifted before the meeting was made up."""
        yield at("2019-03-04 16:00")
        assert finale.lifted is not None
        lifted, staff = finale.lifted, self.city.staff
        cell = lifted.cell
        yield from self._inspected(lifted)
        shown = yield from self._opened(
            "2019-03-12 09:00", "查实弄虚作假，需重述该组结果", lifted.group_id, "纪检查处通报"
        )
        yield from self.scores.correct(
            cell,
            lifted.before,
            at=at("2019-03-12 10:00"),
            code=ReasonCode.FRAUD_FINDING,
            reason="补计材料系伪造，恢复原核定得分",
            requester=staff.inspectors[0],
            approver=staff.director,
            evidence=shown,
        )
        forced = ImposeVeto(
            cycle_id=self.city.cycle_id,
            unit_id=cell[0],
            rule=finale.rule(RuleSource.PLAN, VETO_ARTICLE),
            matter="考核数据弄虚作假，一票否决",
            occurred_on=date(2019, 2, 26),
            effect=VetoEffect.FORCE_GRADE,
            grade="UNQUALIFIED",
            evidence=(shown,),
            determined_by="市纪检组（虚构）",
        )
        yield Act(at=at("2019-03-12 15:00"), by=staff.leading[0], command=forced)
        rewarded = self._left_unreviewed(rewarding, lifted)
        revised = yield from self._restated(lifted.group_id, at("2019-03-13 10:00"), at_fault=(cell[0],))
        yield at("2019-03-14 08:00")
        self.stage.enter(*rewarding.review(lifted.group_id, at("2019-03-14 10:00")))
        yield YEAR_END
        self._note_decisions(rewarding.standing[lifted.group_id], rewarded, revised)

    def _inspected(self, lifted: Lifted) -> Script:
        """Flag, case, measurement and finding."""
        staff, cell, position = self.city.staff, lifted.cell, lifted.correction.position
        case, inspector = f"{self.city.prefix}{CASE_ID}", staff.inspectors[0]
        yield from self._case_opened(case, position)
        query = "scoreHistory(cycle: {}, unit: {}, indicator: {}, period: {})".format(self.city.cycle_id, *cell)
        result_hash = hashlib.sha256(f"{query}\n{position}".encode()).hexdigest()
        sealed = SealQuery(case_id=case, query=query, as_of_position=position, result_hash=result_hash)
        seal = yield Act(at=at("2019-03-06 10:00"), by=inspector, command=sealed)
        measure = self._measured(cell, lifted.before)
        measured = yield Act(at=at("2019-03-08 15:00"), by=staff.offices[7], command=measure)
        found = RecordFinding(
            case_id=case,
            kind=FindingKind.FRAUD,
            unit_ids=(cell[0],),
            positions=(position, seal.position, measured.position),
            standard="实施办法A3",
            findings="补计得分所依据的材料系事后伪造",
            evidence=(self.city.books.evidence["现场核查记录"],),
        )
        yield Act(at=at("2019-03-11 15:00"), by=inspector, command=found)
        self.stage.enter(self._case_closed(case))

    def _case_opened(self, case: str, position: int) -> Script:
        """A rule points at the correction, and a case is opened on it."""
        inspector = self.city.staff.inspectors[0]
        flag = yield Act(
            at=at("2019-03-05 09:00"),
            by=inspector,
            command=RaiseFlag(
                case_id=case,
                cycle_id=self.city.cycle_id,
                rule_id="A04",
                ruleset_version="1",
                severity=Severity.CRITICAL,
                positions=(position,),
                as_of_position=self.city.books.reports[ANNUAL_REPORT],
            ),
        )
        opened = OpenInspectionCase(
            case_id=case,
            cycle_id=self.city.cycle_id,
            title="会前更正核查",
            reason="会前三小时更正一项得分，单位因此进入优秀",
            positions=(position,),
        )
        yield Act(at=at("2019-03-05 11:00"), by=inspector, command=opened)
        escalated = DispositionFlag(
            case_id=case,
            flag_position=flag.position,
            disposition=Disposition.ESCALATED,
            note="线索属实可能性大，立案核查",
        )
        yield Act(at=at("2019-03-05 15:00"), by=inspector, command=escalated)

    def _measured(self, cell: tuple[str, str, str], observed: Decimal) -> RecordSpotCheck:
        others = [person for person in self.city.staff.verifiers if person not in self.city.books.stood_for[cell]]
        return RecordSpotCheck(
            **self.scores.key(cell),
            check_id="CHECK-CASE",
            observed=observed,
            uom=self.city.row(cell[1]).uom,
            method=VerificationMethod.DOCUMENT,
            inspectors=(others[0], others[1]),
            evidence=(self.city.books.evidence["现场核查记录"],),
        )

    def _case_closed(self, case: str) -> Script:
        closed = CloseCase(case_id=case, reason="已移送并完成结果重述，结案")
        yield Act(at=at("2019-03-28 10:00"), by=self.city.staff.inspectors[0], command=closed)

    def _opened(self, when: str, cause: str, group_id: str, title: str) -> Generator[Act | datetime, Done, str]:
        """Open a restatement of one group; return the paper it rests on."""
        staff, moment = self.city.staff, at(when)
        shown = yield from paper(self.stage, self.city, title, by=staff.offices[0], at=moment - timedelta(hours=1))
        opened = OpenRestatement(
            cycle_id=self.city.cycle_id,
            cause=cause,
            group_ids=(group_id,),
            evidence=(shown,),
            approved_by=staff.leading[0],
        )
        yield Act(at=moment, by=staff.director, command=opened)
        return shown

    def _restated(
        self, group_id: str, when: datetime, *, at_fault: tuple[str, ...]
    ) -> Generator[Act | datetime, Done, Event]:
        """Compute, grade and publish again; return the revised grades."""
        city, books = self.city, self.city.books
        compute = ComputeResults(cycle_id=city.cycle_id, group_id=group_id)
        computed = yield Act(at=when, by=city.staff.offices[0], command=compute)
        revise = ReviseGrades(
            cycle_id=city.cycle_id,
            group_id=group_id,
            results_position=computed.position,
            supersedes_position=books.grades[group_id],
            at_fault=at_fault,
        )
        revised = yield Act(at=when + timedelta(hours=2), by=city.staff.leading[0], command=revise)
        books.grades[group_id] = revised.position
        restate = RestateReports(cycle_id=city.cycle_id, supersedes_positions=(books.reports[ANNUAL_REPORT],))
        restated = yield Act(at=when + timedelta(hours=4), by=city.staff.director, command=restate)
        books.reports[ANNUAL_REPORT] = restated.position
        return revised.events[0]

    def _left_unreviewed(self, rewarding: Rewarding, lifted: Lifted) -> str:
        """P15: the unit whose reward nobody looks at again."""
        grades = rewarding.grades(lifted.group_id).grades
        well = [unit for unit, grade in sorted(grades.items()) if grade in (BEST, "GOOD") and unit != lifted.cell[0]]
        unit_id = min(well, key=lambda unit: (grades[unit] != BEST, unit))
        rewarding.left_alone.add(unit_id)
        return unit_id

    def _note_decisions(self, standing: list[Decision], unit_id: str, revised: Event) -> None:
        alone = [(d.position, "RewardDecided") for d in standing if d.unit_id == unit_id]
        note = "paid on grades that were revised, and not reviewed within ten working days"
        self.truth.plant("P15", (*alone, revised), expected=("A28",), note=note, unit=unit_id)
        reviewed = next(decision for decision in standing if decision.reviewed)
        events = ((reviewed.position, "RewardDecided"), revised)
        self.truth.look_alike("P15", events, note="confirmed on the revised grades the next day", unit=reviewed.unit_id)

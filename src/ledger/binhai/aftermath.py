"""The aftermath: two restatements, one after an appeal and one after a fraud, and what became of the decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from datetime import date, datetime, timedelta
from decimal import Decimal

from ledger.binhai.appeals import Appeals
from ledger.binhai.calendar import at
from ledger.binhai.closing import ANNUAL_REPORT
from ledger.binhai.finale import Finale, Lifted
from ledger.binhai.index import BEST, CRITICISM, REWARD, VETO_ARTICLE
from ledger.binhai.papers import paper
from ledger.binhai.planting import YEAR_END, Plants
from ledger.binhai.rewarding import Rewarding
from ledger.binhai.stage import Act, Done, Script
from ledger.binhai.standing import crossings, one_raised
from ledger.binhai.ties import chosen
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
from ledger.domain.grading import GradesRevised
from ledger.domain.inspection_case import Disposition, FindingKind, Severity
from ledger.domain.rule_reference import RuleSource
from ledger.domain.score import ReasonCode, RequestedFor, VerificationMethod
from ledger.domain.veto import VetoEffect

CASE_ID = "CASE-2019-1"
REVISED = GradesRevised.__name__


class Aftermath(Plants):
    """Writes the scripts of what comes after the meeting."""

    def scripts(self, finale: Finale, appeals: Appeals, rewarding: Rewarding) -> Generator[Script]:
        """The first restatement, the second, and the review of decisions."""
        yield self._first(finale, appeals, rewarding)
        yield self._second(finale, rewarding)

    def _first(self, finale: Finale, appeals: Appeals, rewarding: Rewarding) -> Script:
        """R1: an appeal is upheld after publication, and a unit passes another at a cut."""
        yield at("2019-03-01 09:00")
        closest = crossings(self.city, self.stage, finale.free(), "GOOD", BEST, raised_by=one_raised)
        cut, [(cell, value)] = next(closest)
        group_id = cut.group_id
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
            requested_for=RequestedFor.APPEAL,
            case_ref=str(appeal),
        )
        yield from self._restated(group_id, at("2019-03-08 10:00"), at_fault=())
        yield appeals.implemented(cell[0], appeal, correction, at("2019-03-08 16:00"))
        yield at("2019-03-11 08:00")
        self.stage.enter(*rewarding.review(group_id, at("2019-03-11 10:00")))

    def _second(self, finale: Finale, rewarding: Rewarding) -> Script:
        """R2: inspection finds that what lifted a unit before the meeting was made up."""
        yield at("2019-03-04 16:00")
        assert finale.lifted is not None
        lifted, staff = finale.lifted, self.city.staff
        yield from self._inspected(lifted)
        shown = yield from self._opened(
            "2019-03-12 09:00", "查实弄虚作假，需重述该组结果", lifted.group_id, "纪检查处通报"
        )
        for award in lifted.awards:
            yield from self.scores.correct(
                award.cell,
                award.before,
                at=at("2019-03-12 10:00"),
                code=ReasonCode.FRAUD_FINDING,
                reason="补计材料系伪造，恢复原核定得分",
                requester=staff.inspectors[0],
                approver=staff.director,
                evidence=shown,
                requested_for=RequestedFor.INSPECTION,
                case_ref=f"{self.city.prefix}{CASE_ID}",
            )
        forced = ImposeVeto(
            cycle_id=self.city.cycle_id,
            unit_id=lifted.unit_id,
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
        yield from self._restated(lifted.group_id, at("2019-03-13 10:00"), at_fault=(lifted.unit_id,))
        yield at("2019-03-14 08:00")
        self.stage.enter(*rewarding.review(lifted.group_id, at("2019-03-14 10:00")))
        yield YEAR_END
        self._note_decisions(rewarding, lifted.group_id, rewarded)

    def _inspected(self, lifted: Lifted) -> Script:
        """Flag, case, measurement and finding."""
        staff, cell, position = self.city.staff, lifted.decisive.cell, lifted.decisive.correction.position
        corrections = (award.correction.position for award in lifted.awards)
        case, inspector = f"{self.city.prefix}{CASE_ID}", staff.inspectors[0]
        yield from self._case_opened(case, position)
        query = "scoreHistory(cycle: {}, unit: {}, indicator: {}, period: {})".format(self.city.cycle_id, *cell)
        result_hash = hashlib.sha256(f"{query}\n{position}".encode()).hexdigest()
        sealed = SealQuery(case_id=case, query=query, as_of_position=position, result_hash=result_hash)
        seal = yield Act(at=at("2019-03-06 10:00"), by=inspector, command=sealed)
        measure = self._measured(cell, lifted.decisive.before)
        measured = yield Act(at=at("2019-03-08 15:00"), by=staff.offices[7], command=measure)
        found = RecordFinding(
            case_id=case,
            kind=FindingKind.FRAUD,
            unit_ids=(lifted.unit_id,),
            positions=(*corrections, seal.position, measured.position),
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

    def _restated(self, group_id: str, when: datetime, *, at_fault: tuple[str, ...]) -> Script:
        """Compute, grade and publish again."""
        city, books = self.city, self.city.books
        compute = ComputeResults(cycle_id=city.cycle_id, group_id=group_id)
        computed = yield Act(at=when, by=city.staff.offices[0], command=compute)
        yield from chosen(city, self.stage, group_id, when + timedelta(hours=1))
        revise = ReviseGrades(
            cycle_id=city.cycle_id,
            group_id=group_id,
            results_position=computed.position,
            supersedes_position=books.grades[group_id],
            at_fault=at_fault,
        )
        revised = yield Act(at=when + timedelta(hours=2), by=city.staff.leading[0], command=revise)
        books.grades[group_id] = revised.position
        restate = RestateReports(
            cycle_id=city.cycle_id,
            supersedes_positions=(books.reports[ANNUAL_REPORT],),
            approved_by=city.staff.leading[0],
        )
        restated = yield Act(at=when + timedelta(hours=4), by=city.staff.director, command=restate)
        books.reports[ANNUAL_REPORT] = restated.position

    def _left_unreviewed(self, rewarding: Rewarding, lifted: Lifted) -> str:
        """P15: the unit whose reward nobody looks at again; the lifted one if nobody else was paid any."""
        grades = rewarding.grades(lifted.group_id).grades
        paid = [unit for unit, grade in grades.items() if grade == BEST]
        unit_id = min(paid, key=lambda unit: (unit == lifted.unit_id, unit))
        rewarding.left_alone.add(unit_id)
        return unit_id

    def _note_decisions(self, rewarding: Rewarding, group_id: str, unit_id: str) -> None:
        """P15 beside a decision that was reviewed, of the same group unless that is too small for both."""
        standing, grades = rewarding.standing, self.city.books.grades
        of_unit = [decision for decision in standing[group_id] if decision.unit_id == unit_id]
        alone = [(decision.position, "RewardDecided") for decision in of_unit if decision.article != CRITICISM]
        paid = [(decision.honoured, "DecisionHonoured") for decision in of_unit if decision.article == REWARD]
        note = "paid on grades that were revised, and not reviewed within ten working days"
        self.truth.plant(
            "P15", (*alone, *paid, (grades[group_id], REVISED)), expected=("A28",), note=note, unit=unit_id
        )
        groups = sorted(standing, key=lambda each: (each != group_id, each))
        reviewed, revised = next((d, grades[each]) for each in groups for d in standing[each] if d.reviewed)
        events = ((reviewed.position, "RewardDecided"), (revised, REVISED))
        self.truth.look_alike("P15", events, note="confirmed on the revised grades the next day", unit=reviewed.unit_id)

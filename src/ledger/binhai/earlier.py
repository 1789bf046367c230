"""The year before: one group, few indicators, and a restatement that holds the others harmless."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime, timedelta
from decimal import Decimal

from ledger.binhai.calendar import at
from ledger.binhai.city import City, ScoreKey, score_key
from ledger.binhai.papers import paper
from ledger.binhai.stage import Act, Done, Script, Stage
from ledger.domain.commands import (
    ApproveCorrection,
    CloseCycle,
    CloseEntry,
    ComputeResults,
    EndPublicNotice,
    EnterScore,
    IssuePlanVersion,
    OpenCycle,
    OpenGrades,
    OpenRestatement,
    PlanCycle,
    PublishReport,
    RequestCorrection,
    RestateReports,
    ReviseGrades,
    StartPublicNotice,
    VerifyScore,
)
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.grading import ReportAudience, RestatementPolicy
from ledger.domain.periods import Frequency
from ledger.domain.plan import Dimension, EntryKind, Group, GroupWeight, Indicator, Member, Plan
from ledger.domain.publication import ReportKind
from ledger.domain.quota import GradeQuota, GradingRules
from ledger.domain.score import ReasonCode

GROUP_ID, PERIOD = "G6", "2017-Y"
_INDICATORS = (("P07", "宣传思想工作", "50"), ("P08", "群团工作", "30"), ("P09", "人才工作", "20"))


class YearBefore:
    """Writes the scripts of the lighter cycle of 2017."""

    def __init__(self, city: City, stage: Stage):
        self.city = city
        self.stage = stage
        self.units = city.ranked(GROUP_ID)
        self.entered: dict[tuple[str, str], tuple[int, Decimal]] = {}

    def scripts(self) -> Generator[Script]:
        """The cycle from its plan to its restatement."""
        yield self._cycle()
        for number, unit_id in enumerate(self.units):
            for indicator_id, _, _ in _INDICATORS:
                yield self._score(unit_id, indicator_id, number)
        yield self._graded()

    def _cycle(self) -> Script:
        city, office = self.city, self.city.staff.offices[1]
        yield at("2018-01-25 09:00")
        planned = PlanCycle(
            cycle_id=city.cycle_before,
            title="二〇一七年度综合考核（试点）",
            starts_on=date(2017, 1, 1),
            ends_on=date(2017, 12, 31),
            measures_id=city.measures_id,
            measures_version=1,
        )
        yield Act(at=at("2018-01-25 14:00"), by=office, command=planned)
        issued = IssuePlanVersion(cycle_id=city.cycle_before, content=self._plan(), summary="试点计划")
        yield Act(at=at("2018-01-26 10:00"), by=office, command=issued)
        yield Act(at=at("2018-01-26 15:00"), by=office, command=OpenCycle(cycle_id=city.cycle_before))

    def _plan(self) -> Plan:
        return Plan(
            title="二〇一七年度试点计划",
            unit_ids=tuple(self.units),
            periods=(PERIOD,),
            dimensions=(Dimension(dimension_id="PARTY_BUILDING", name="党的建设"),),
            indicators=tuple(
                Indicator(
                    indicator_id=indicator_id,
                    name=name,
                    dimension_id="PARTY_BUILDING",
                    weights=(GroupWeight(group_id=GROUP_ID, weight=Decimal(weight)),),
                    formula=Formula(kind=FormulaKind.DIRECT_POINTS),
                    entry_kind=EntryKind.POINTS,
                    uom="points",
                    scale=1,
                    frequency=Frequency.YEAR,
                )
                for indicator_id, name, weight in _INDICATORS
            ),
            groups=(
                Group(
                    group_id=GROUP_ID,
                    name="政法部门",
                    members=tuple(Member(unit_id=unit_id) for unit_id in self.units),
                ),
            ),
            grading=GradingRules(
                grades=(
                    GradeQuota(grade="EXCELLENT", share=Decimal("0.25")),
                    GradeQuota(grade="GOOD", share=Decimal("0.40")),
                )
            ),
        )

    def _score(self, unit_id: str, indicator_id: str, number: int) -> Script:
        """Marks fall from unit to unit, so the ranking is the order of the units."""
        staff = self.city.staff
        key = self._key(unit_id, indicator_id)
        value = Decimal("93.0") - number
        command = EnterScore(**key, value=value, uom="points", entry_kind=EntryKind.POINTS)
        scorer = staff.scorer(indicator_id, unit_id)
        entered = yield Act(at=at("2018-01-29 10:00") + timedelta(hours=number), by=scorer, command=command)
        self.entered[unit_id, indicator_id] = (entered.position, value)
        verified = VerifyScore(**key, verified_position=entered.position)
        when = at("2018-01-30 10:00") + timedelta(hours=number)
        yield Act(at=when, by=staff.verifiers[number], command=verified)

    def _key(self, unit_id: str, indicator_id: str) -> ScoreKey:
        return score_key(self.city.cycle_before, (unit_id, indicator_id, PERIOD))

    def _graded(self) -> Script:
        """Graded in February, restated in March: the third unit passes the second, which keeps its grade."""
        city, staff = self.city, self.city.staff
        yield Act(at=at("2018-01-31 09:00"), by=staff.offices[1], command=CloseEntry(cycle_id=city.cycle_before))
        results = yield from self._computed(at("2018-01-31 10:00"))
        notice = StartPublicNotice(cycle_id=city.cycle_before, group_id=GROUP_ID, results_position=results)
        yield Act(at=at("2018-01-31 11:00"), by=staff.offices[1], command=notice)
        ended = EndPublicNotice(cycle_id=city.cycle_before, group_id=GROUP_ID)
        yield Act(at=at("2018-02-09 09:00"), by=staff.offices[1], command=ended)
        opened = OpenGrades(cycle_id=city.cycle_before, group_id=GROUP_ID, results_position=results)
        grades = yield Act(at=at("2018-02-09 15:00"), by=staff.leading[0], command=opened)
        report = PublishReport(
            cycle_id=city.cycle_before,
            number="2017-A",
            kind=ReportKind.ANNUAL,
            audience=ReportAudience.PUBLIC,
            group_ids=(GROUP_ID,),
            approved_by=staff.leading[0],
        )
        published = yield Act(at=at("2018-02-12 09:00"), by=staff.director, command=report)
        yield from self._restated(grades.position, published.position)
        yield Act(at=at("2018-03-30 16:00"), by=staff.director, command=CloseCycle(cycle_id=city.cycle_before))

    def _computed(self, when: datetime) -> Generator[Act | datetime, Done, int]:
        command = ComputeResults(cycle_id=self.city.cycle_before, group_id=GROUP_ID)
        done = yield Act(at=when, by=self.city.staff.offices[1], command=command)
        return done.position

    def _restated(self, graded: int, published: int) -> Script:
        city, staff = self.city, self.city.staff
        shown = yield from paper(
            self.stage, city, "二〇一七年度复核意见", by=staff.offices[1], at=at("2018-03-12 09:00")
        )
        restatement = OpenRestatement(
            cycle_id=city.cycle_before,
            cause="复核发现一个单位漏计得分",
            group_ids=(GROUP_ID,),
            evidence=(shown,),
            approved_by=staff.leading[0],
        )
        yield Act(at=at("2018-03-12 14:00"), by=staff.director, command=restatement)
        unit_id = self.units[2]
        position, value = self.entered[unit_id, "P07"]
        key = self._key(unit_id, "P07")
        request = RequestCorrection(
            **key,
            corrects_position=position,
            proposed_value=value + 6,
            reason_code=ReasonCode.ADDITION_ERROR,
            reason="漏计一项，经复核补计六分",
            evidence=(shown,),
        )
        scorer = staff.scorer("P07", unit_id)
        requested = yield Act(at=at("2018-03-13 10:00"), by=scorer, command=request)
        approve = ApproveCorrection(**key, request_position=requested.position)
        yield Act(at=at("2018-03-13 15:00"), by=staff.director, command=approve)
        results = yield from self._computed(at("2018-03-14 10:00"))
        revise = ReviseGrades(
            cycle_id=city.cycle_before,
            group_id=GROUP_ID,
            results_position=results,
            supersedes_position=graded,
            policy=RestatementPolicy.HOLD_HARMLESS,
        )
        yield Act(at=at("2018-03-14 15:00"), by=staff.leading[0], command=revise)
        restate = RestateReports(
            cycle_id=city.cycle_before, supersedes_positions=(published,), approved_by=staff.leading[0]
        )
        yield Act(at=at("2018-03-15 10:00"), by=staff.director, command=restate)

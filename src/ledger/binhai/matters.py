"""What runs beside the scores: bonuses and deductions, key tasks, spot checks, and what may be asked of units."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypedDict

from ledger.binhai.calendar import at, last_workday, moment, workday, workdays_after
from ledger.binhai.city import City
from ledger.binhai.index import BONUS, DEDUCTION, RANKING_BONUS
from ledger.binhai.stage import Act, Script, Stage
from ledger.domain.adjustment import AwardLevel
from ledger.domain.commands import (
    ApproveAssessmentItem,
    ApproveBonus,
    AssignKeyTask,
    ClaimBonus,
    CompleteKeyTask,
    ExtendKeyTask,
    ImposeDeduction,
    IssueDataRequest,
    ProposeAssessmentItem,
    RejectAssessmentItem,
    RejectBonus,
    ReportMilestone,
    ReturnMilestone,
    SetBurdenCap,
    VerifyMilestone,
)
from ledger.domain.key_tasks import Milestone
from ledger.domain.periods import Frequency
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.units import UnitCategory

LAST_DAY = date(2019, 1, 21)
ITEMS, ITEMS_OF_FEW = 24, 8
"""How many items the list of a whole city has, and that of a part of one."""
REORGANISED = ("G4-07", "G4-08", "G5-05")
"""Units that end within the year; nothing long is begun with them."""


class _StepKey(TypedDict):
    cycle_id: str
    task_id: str
    milestone_id: str


class Matters:
    """Writes the scripts of what runs beside the scores."""

    def __init__(self, city: City, stage: Stage, *, host: City):
        self.city = city
        self.host = host
        self.stage = stage
        self.lasting = [unit_id for unit_id in city.ranked() if unit_id.removeprefix(city.prefix) not in REORGANISED]

    def scripts(self) -> Generator[Script]:
        """Every matter of the year, each in its time."""
        count = len(self.lasting)
        yield from (self._bonus(number) for number in range(round(1.25 * count)))
        yield from (self._deduction(number) for number in range(round(0.45 * count)))
        yield from (self._task(number) for number in range(self.city.shape.key_tasks))
        if self.city is self.host:
            # The list is one for the whole ledger.
            yield self._burden()

    def rule(self, article: str) -> RuleRef:
        """An article of the plan that is in force by now."""
        return RuleRef(source=RuleSource.PLAN, version=self.city.books.plan_version, article=article)

    def _bonus(self, number: int) -> Script:
        city, rng = self.city, self.city.rng("bonus", number)
        unit_id = rng.choice(self.lasting)
        occurred = date(2018, 2, 20) + timedelta(days=rng.randrange(290))
        claimed_at = moment(rng, workday(occurred + timedelta(days=rng.randrange(3, 20))))
        article, points = (
            (RANKING_BONUS, "1.00") if rng.random() < 0.3 else (BONUS, rng.choice(("0.50", "1.00", "2.00")))
        )
        claim = yield Act(
            at=claimed_at,
            by=city.staff.reporters[unit_id][0],
            command=lambda: ClaimBonus(
                cycle_id=city.cycle_id,
                unit_id=unit_id,
                rule=self.rule(article),
                matter_id=f"M-{number:03}",
                level=AwardLevel.PROVINCIAL if points == "2.00" else AwardLevel.MUNICIPAL,
                points=Decimal(points),
                occurred_on=occurred,
                evidence=(city.books.evidence["表彰决定"],),
                document_no=f"虚表〔2018〕{number + 1}号",
                issued_on=occurred,
            ),
        )
        decided = last_workday(min(workdays_after(claimed_at.date(), rng.randrange(2, 12)), LAST_DAY))
        granted = ApproveBonus(
            cycle_id=city.cycle_id, unit_id=unit_id, claim_position=claim.position, points_granted=Decimal(points)
        )
        refused = RejectBonus(
            cycle_id=city.cycle_id,
            unit_id=unit_id,
            claim_position=claim.position,
            reason="表彰事项与考核内容无关，不予加分",
        )
        command = refused if rng.random() < 0.1 else granted
        yield Act(at=moment(rng, decided), by=city.staff.leading[number % 9], command=command)

    def _deduction(self, number: int) -> Script:
        city, rng = self.city, self.city.rng("deduction", number)
        unit_id = rng.choice(self.lasting)
        occurred = date(2018, 2, 20) + timedelta(days=rng.randrange(290))
        imposed_at = moment(rng, workday(occurred + timedelta(days=rng.randrange(5, 25))))
        yield Act(
            at=imposed_at,
            by=city.staff.leading[number % 9],
            command=lambda: ImposeDeduction(
                cycle_id=city.cycle_id,
                unit_id=unit_id,
                rule=self.rule(DEDUCTION),
                matter_id=f"D-{number:03}",
                points=Decimal(rng.choice(("0.20", "0.30", "0.50"))),
                occurred_on=occurred,
                evidence=(city.books.evidence["检查通报"],),
            ),
        )

    def _task(self, number: int) -> Script:
        """A key task in two steps, reported and verified one after the other."""
        city, rng = self.city, self.city.rng("task", number)
        unit_id, task_id = rng.choice(self.lasting), f"T-{number + 1:03}"
        office, verifier = city.staff.offices[4], city.staff.verifiers[number % len(city.staff.verifiers)]
        due = (date(2018, rng.randrange(4, 8), 28), date(2018, rng.randrange(9, 13), 15))
        steps = tuple(
            Milestone(milestone_id=f"S{step}", title=f"第{step}步", due_on=day, share=Decimal("0.5"))
            for step, day in enumerate(due, start=1)
        )
        assigned = AssignKeyTask(
            cycle_id=city.cycle_id,
            task_id=task_id,
            unit_id=unit_id,
            title=f"重点任务第{number + 1}号",
            responsible_person_id=city.staff.heads[unit_id],
            milestones=steps,
            tags=("三年行动",) if number % 3 == 0 else (),
        )
        yield Act(at=moment(rng, workday(date(2018, 2, 26 + number % 3))), by=office, command=assigned)
        for step, day in zip(steps, due, strict=True):
            yield from self._step(task_id, unit_id, step.milestone_id, day, verifier, number)
        completed = CompleteKeyTask(cycle_id=city.cycle_id, task_id=task_id)
        yield Act(at=moment(rng, workday(date(2019, 1, 7 + number % 4))), by=office, command=completed)

    def _step(self, task_id: str, unit_id: str, step: str, due: date, verifier: str, number: int) -> Script:
        city, rng = self.city, self.city.rng("step", task_id, step)
        key = _StepKey(cycle_id=city.cycle_id, task_id=task_id, milestone_id=step)
        reporter = city.staff.reporters[unit_id][number % 2]
        if rng.random() < 0.12:
            extended = ExtendKeyTask(
                **key,
                new_due_on=due + timedelta(days=15),
                reason="雨季影响施工，顺延半个月",
                approved_by=city.staff.director,
            )
            yield Act(at=moment(rng, last_workday(due)), by=city.staff.offices[4], command=extended)
        reported_at = moment(rng, workday(due + timedelta(days=rng.randrange(-6, 3))))
        report = ReportMilestone(**key, percent=Decimal(100))
        done = yield Act(at=reported_at, by=reporter, command=report)
        if rng.random() < 0.1:
            back = ReturnMilestone(**key, reported_position=done.position, reason="现场未见成果，请补充")
            yield Act(at=reported_at + timedelta(days=1), by=verifier, command=back)
            done = yield Act(at=reported_at + timedelta(days=3), by=reporter, command=report)
        verified = VerifyMilestone(**key, reported_position=done.position)
        yield Act(at=moment(rng, workdays_after(reported_at.date(), 4)), by=verifier, command=verified)

    def _burden(self) -> Script:
        """The list of what may be asked of units this year, and the requests under it."""
        staff, started = self.city.staff, at("2018-01-29 09:00")
        items = ITEMS if self.city.shape.stories else ITEMS_OF_FEW
        cap = SetBurdenCap(year=2018, items_max=items, requests_per_unit_month_max=4)
        yield Act(at=started, by=staff.leading[1], command=cap)
        for number in range(1, items + 3):
            item_id = f"ITEM-{number:02}"
            proposed = ProposeAssessmentItem(
                year=2018,
                item_id=item_id,
                name=f"考核事项第{number}项",
                legal_basis=f"虚府发〔2017〕{number}号",
                categories=(UnitCategory.DISTRICT, UnitCategory.DEPARTMENT),
                frequency=Frequency.QUARTER,
                demands=(f"报表{number}",),
            )
            yield Act(at=started + timedelta(hours=number % 6), by=staff.offices[5], command=proposed)
            decided = (
                ApproveAssessmentItem(year=2018, item_id=item_id)
                if number <= items
                else RejectAssessmentItem(year=2018, item_id=item_id, reason="已达总量上限，不再新增")
            )
            yield Act(at=started + timedelta(days=1, hours=number % 6), by=staff.leading[1], command=decided)
        for number in range(1, 9):
            yield Act(at=_request_time(number), by=staff.offices[5], command=self._request(number))

    def _request(self, number: int) -> IssueDataRequest:
        departments = [unit for unit in self.lasting if self.city.units[unit].category is UnitCategory.DEPARTMENT]
        return IssueDataRequest(
            year=2018,
            item_id=f"ITEM-{number:02}",
            unit_ids=tuple(departments[:4]),
            demands=(f"报表{number}",),
            due_on=_request_time(number).date() + timedelta(days=12),
        )


def _request_time(number: int) -> datetime:
    return at(f"2018-{number + 2:02}-12 10:20")

"""The year's changes of organisation and plan: a merger, a split, a new name, a duty handed over, plan versions."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from ledger.binhai.calendar import at
from ledger.binhai.city import Cell, City
from ledger.binhai.index import periods_in, regrouped, shifted, weights_of, with_weights
from ledger.binhai.papers import paper
from ledger.binhai.stage import Act, Done, Script, Stage
from ledger.binhai.truth import Truth
from ledger.domain.commands import (
    AmendCalendar,
    AssignUnitToGroup,
    ExemptIndicator,
    GrantDelegation,
    IssuePlanVersion,
    MergeUnits,
    RenameUnit,
    SplitUnit,
    TransferDuty,
)
from ledger.domain.periods import parse_period
from ledger.domain.plan import Deadline, DeadlineName, Participation, Plan
from ledger.domain.reorganisation import CarryPolicy, UnitShare
from ledger.domain.roles import Role

REWEIGHED = "G1"
"""The group whose weights change in June."""
EFFECTIVE_ON = date(2018, 10, 1)
_GONE, _TAKING_PART = Participation.NOT_ASSESSED, Participation.RANKED


class Reorganising:
    """Writes the scripts of a city's changes of organisation and plan."""

    def __init__(self, city: City, stage: Stage, truth: Truth):
        self.city = city
        self.stage = stage
        self.truth = truth
        self.merged = (self.unit("G4-07"), self.unit("G4-08"))
        self.merged_into = self.unit("G4-N1")
        self.split = self.unit("G5-05")
        self.split_into = (self.unit("G5-N2"), self.unit("G5-N3"))

    def unit(self, name: str) -> str:
        """The city's unit of this name in the plan."""
        return f"{self.city.prefix}{name}"

    def scripts(self) -> Generator[Script]:
        """Every change of the year."""
        yield self._exemption()
        yield self._renaming()
        yield self._duty()
        yield self._second_version()
        yield self._delegation()
        yield self._merger()
        yield self._split()
        yield self._third_version()

    def cells_left(self) -> Generator[Cell]:
        """The scores that units leave to those they become: of every period that ends after the change."""
        for unit_id in (*self.merged, self.split):
            yield from self._after_change(unit_id)

    def cells_taken_over(self) -> Generator[Cell]:
        """The scores that the new units have instead."""
        for unit_id in (self.merged_into, *self.split_into):
            yield from self._after_change(unit_id)

    def cells_exempted(self) -> Generator[Cell]:
        """The scores that do not apply, because an inland county has no port."""
        row = self.city.row("E07")
        yield from ((self.unit("G1-10"), row.indicator_id, period) for period in periods_in(row.frequency))

    def _after_change(self, unit_id: str) -> Generator[Cell]:
        for row in self.city.rows(unit_id):
            for period in periods_in(row.frequency):
                if parse_period(period).ends_on > EFFECTIVE_ON:
                    yield (unit_id, row.indicator_id, period)

    def _exemption(self) -> Script:
        county, staff = self.unit("G1-10"), self.city.staff
        reporter = staff.reporters[county][0]
        shown = yield from paper(
            self.stage, self.city, "内陆县无港口说明", by=staff.offices[0], at=at("2018-02-08 10:00")
        )
        exempted = ExemptIndicator(
            cycle_id=self.city.cycle_id,
            unit_id=county,
            indicator_id="E07",
            reason="该县不临海，没有港口，本指标不适用",
            evidence=(shown,),
            requested_by=reporter,
        )
        yield Act(at=at("2018-02-09 16:00"), by=staff.director, command=exempted)

    def _renaming(self) -> Script:
        staff = self.city.staff
        shown = yield from paper(self.stage, self.city, "更名批复", by=staff.offices[0], at=at("2018-05-10 09:00"))
        renamed = RenameUnit(
            unit_id=self.unit("G7-08"), new_name_zh="市慈善总会", evidence=(shown,), effective_on=date(2018, 5, 10)
        )
        yield Act(at=at("2018-05-10 14:00"), by=staff.offices[0], command=renamed)

    def _duty(self) -> Script:
        staff = self.city.staff
        from_unit = staff.scoring["B05"]
        shown = yield from paper(self.stage, self.city, "职责划转通知", by=staff.offices[0], at=at("2018-07-13 09:00"))
        transferred = TransferDuty(
            cycle_id=self.city.cycle_id,
            indicator_ids=("B05",),
            from_unit_id=from_unit,
            to_unit_id=staff.substitutes[from_unit],
            effective_on=date(2018, 7, 16),
            reason="政务公开职责划转",
            evidence=(shown,),
        )
        yield Act(at=at("2018-07-16 09:00"), by=staff.leading[0], command=transferred)

    def _second_version(self) -> Script:
        """Weights change in June, for what lies ahead: legal, approved, and without effect on any grade."""

        def more_employment(plan: Plan) -> Plan:
            weights = weights_of(self.city.shape)[REWEIGHED]
            changed = shifted(weights, lighter="E08", heavier="L01", by=Decimal("0.2"))
            return regrouped(with_weights(plan, REWEIGHED, changed), self.city.membership())

        position = yield from new_version(
            self.city, at("2018-06-20 10:00"), more_employment, summary="下半年加大就业指标权重", period="2018-Q3"
        )
        note = "a fifth of a point in one group, half a year before anything is graded"
        self.truth.look_alike("P10", [(position, "PlanVersionIssued")], note=note)

    def _third_version(self) -> Script:
        """A version with another calendar and nothing else; the groups are written as they are by then."""

        def later_calendar(plan: Plan) -> Plan:
            later = Deadline(name=DeadlineName.SELF_REPORT, period="2018-Y", ends_on=date(2019, 1, 12))
            plan = regrouped(plan, self.city.membership())
            return replace(plan, calendar=plan.calendar.amended((later,)))

        yield from new_version(self.city, at("2018-10-22 09:40"), later_calendar, summary="仅调整年终自评截止日期")

    def _delegation(self) -> Script:
        """While the director is away a deputy moves a deadline, in the director's name."""
        staff, deputy = self.city.staff, self.city.staff.offices[6]
        lent = GrantDelegation(
            subject_id=deputy,
            role=Role.DIRECTOR,
            valid_from=date(2018, 7, 9),
            valid_to=date(2018, 7, 20),
            reason="外出学习两周，委托代行",
        )
        yield Act(at=at("2018-07-06 16:00"), by=staff.director, command=lent)
        later = (Deadline(name=DeadlineName.ENTRY, period="2018-Q2", ends_on=date(2018, 7, 25)),)
        moved = AmendCalendar(
            cycle_id=self.city.cycle_id,
            deadlines=later,
            reason="二季度统计数据推迟发布，录入顺延五天",
        )
        yield Act(at=at("2018-07-12 10:00"), by=deputy, on_behalf_of=staff.director, command=moved)
        plan = self.city.books.plan
        assert plan is not None
        # A later version that forgot this would move a passed deadline back, which is refused.
        self.city.books.plan = replace(plan, calendar=plan.calendar.amended(later))

    def _merger(self) -> Script:
        staff = self.city.staff
        shown = yield from paper(self.stage, self.city, "机构改革方案", by=staff.offices[0], at=at("2018-09-27 09:00"))
        shares = (Decimal("0.6"), Decimal("0.4"))
        merged = MergeUnits(
            cycle_id=self.city.cycle_id,
            effective_on=EFFECTIVE_ON,
            reason="内贸外贸职能合并",
            evidence=(shown,),
            predecessors=tuple(
                UnitShare(unit_id=unit_id, share=share) for unit_id, share in zip(self.merged, shares, strict=True)
            ),
            successor_id=self.merged_into,
            carry=CarryPolicy.TIME_WEIGHTED,
        )
        yield Act(at=at("2018-09-28 10:00"), by=staff.leading[0], command=merged)
        yield from self._exchange(self.merged, (self.merged_into,), "G4")

    def _split(self) -> Script:
        staff = self.city.staff
        shown = yield from paper(self.stage, self.city, "机构拆分方案", by=staff.offices[0], at=at("2018-09-27 11:00"))
        split = SplitUnit(
            cycle_id=self.city.cycle_id,
            effective_on=EFFECTIVE_ON,
            reason="城建和生态职能分设",
            evidence=(shown,),
            predecessor_id=self.split,
            successors=tuple(UnitShare(unit_id=unit_id, share=Decimal("0.5")) for unit_id in self.split_into),
        )
        yield Act(at=at("2018-09-28 11:00"), by=staff.leading[0], command=split)
        yield from self._exchange((self.split,), self.split_into, "G5")

    def _exchange(self, gone: tuple[str, ...], come: tuple[str, ...], group_id: str) -> Script:
        """Let the new units take part in place of the old ones, whose scores always have somebody to count for."""
        for unit_ids, participation in ((come, _TAKING_PART), (gone, _GONE)):
            for unit_id in unit_ids:
                assigned = AssignUnitToGroup(
                    cycle_id=self.city.cycle_id,
                    unit_id=unit_id,
                    group_id=group_id,
                    participation=participation,
                    reason="机构改革后参评单位变更",
                )
                yield Act(at=at("2018-10-08 08:30"), by=self.city.staff.leading[0], command=assigned)
                self.city.books.moved[unit_id] = (group_id, participation)


def new_version(
    city: City,
    moment: datetime,
    change: Callable[[Plan], Plan],
    *,
    summary: str,
    period: str | None = None,
) -> Generator[Act, Done, int]:
    """Issue another version of the plan with the leading group's approval; return its position."""
    books = city.books

    def issued() -> IssuePlanVersion:
        assert books.plan is not None
        books.plan = change(books.plan)
        return IssuePlanVersion(
            cycle_id=city.cycle_id,
            content=books.plan,
            based_on=books.plan_version,
            in_force_from_period=period,
            summary=summary,
            approved_by=city.staff.leading[0],
        )

    done = yield Act(at=moment, by=city.staff.offices[0], command=issued)
    books.plan_version += 1
    return done.position

"""The last weeks' stories: a plan bent late, ties, a veto, a promotion, and a score lifted before the meeting."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

from ledger.binhai.appraisal import Answers, Appraisal
from ledger.binhai.calendar import at
from ledger.binhai.closing import MEETING_AT
from ledger.binhai.city import Cell
from ledger.binhai.index import BEST, DEDUCTION, OPTIONS, VETO_ARTICLE, regrouped, shifted, with_weights
from ledger.binhai.plants import YEAR_END, Plants
from ledger.binhai.reorganising import new_version
from ledger.binhai.stage import Act, Script
from ledger.binhai.standing import either_side, grades_of, points_needed, results_of
from ledger.domain.commands import (
    AssignUnitToGroup,
    GrantGradeException,
    ImposeDeduction,
    ImposeVeto,
    ResolveTie,
)
from ledger.domain.cycle import PlanVersion
from ledger.domain.facts import Event
from ledger.domain.plan import Participation, Plan
from ledger.domain.plan_rules import RaterClass
from ledger.domain.results import Results
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.score import Basis, ReasonCode
from ledger.domain.settlement import settle
from ledger.domain.tallying import BallotAnswer
from ledger.domain.veto import VetoEffect

TIED, VETOED, PROMOTED, LIFTED, BENT = ("G3", "G8"), "G1", "G7", "G4", "G5"
"""In which groups what happens; none is disturbed by another's story."""
ACCOMPLICES = 9
"""Corrections of little account that go with the one that counts."""


@dataclass(slots=True)
class Lifted:
    """What inspection finds out later: the score that was lifted, and from what."""

    cell: Cell
    before: Decimal
    correction: Event


class Finale(Plants):
    """Writes the scripts of a city's last weeks before the meeting."""

    lifted: Lifted | None = None

    def scripts(self, appraisal: Appraisal) -> Generator[Script]:
        """Every story up to the opening of the grades."""
        yield self._easier_group()
        yield self._grouped_at_first()
        yield self._bent_plan()
        yield self._vetoed()
        yield self._promoted()
        for group_id in TIED:
            yield self._tied(group_id)
        yield self._lifted_score()
        yield self._ring(appraisal)

    def rule(self, source: RuleSource, article: str) -> RuleRef:
        """An article that is in force by now."""
        version = self.city.books.plan_version if source is RuleSource.PLAN else 1
        return RuleRef(source=source, version=version, article=article)

    def _easier_group(self) -> Script:
        """P11: a unit of the middle moves to a weaker group in October."""
        able = sorted(self.city.ranked("G4")[8:], key=lambda unit_id: self.city.units[unit_id].ability)
        unit_id = able[len(able) // 2]
        assigned = self._assigned(unit_id, "G7", "该局职能调整，转入群团组参评")
        done = yield Act(at=at("2018-10-15 16:00"), by=self.city.staff.leading[5], command=assigned)
        self.city.books.moved[unit_id] = ("G7", Participation.RANKED)
        self.truth.plant("P11", done.events, expected=("A24",), note="from the middle of G4 to the weaker G7", unit=unit_id)

    def _grouped_at_first(self) -> Script:
        unit_id = self.city.ranked("G5")[-1]
        assigned = self._assigned(unit_id, "G7", "年初核定参评分组")
        done = yield Act(at=at("2018-02-07 16:00"), by=self.city.staff.offices[0], command=assigned)
        self.city.books.moved[unit_id] = ("G7", Participation.RANKED)
        self.truth.look_alike("P11", done.events, note="grouped so before the year began", unit=unit_id)

    def _assigned(self, unit_id: str, group_id: str, reason: str) -> AssignUnitToGroup:
        return AssignUnitToGroup(cycle_id=self.city.cycle_id, unit_id=unit_id, group_id=group_id, reason=reason)

    def _bent_plan(self) -> Script:
        """P10: weights move the day before entry closes, and two grades with them."""
        yield at("2019-01-23 17:00")
        lighter, heavier, by, flipped = self._bend()

        def bent(plan: Plan) -> Plan:
            changed = shifted(_weights(plan, BENT), lighter=lighter, heavier=heavier, by=by)
            return with_weights(regrouped(plan, self.city.membership()), BENT, changed)

        position = yield from new_version(self.city, at("2019-01-23 17:20"), bent, summary="微调社会部门指标权重")
        event = (position, "PlanVersionIssued")
        note = f"{by} points from {lighter} to {heavier}: other grades for {', '.join(flipped)}"
        self.truth.plant("P10", [event], expected=("A23",), note=note, group=BENT)

    def _bend(self) -> tuple[str, str, Decimal, list[str]]:
        """Which weights to move so that two grades become others."""
        recall = self.stage.recall(self.city.cycle_id)
        now = recall.slice(self.city.cycle_id, BENT, period=None, basis=Basis.OFFICIAL)
        honest, latest = grades_of(settle(now)), now.cycle.latest
        membership = self.city.membership()
        plan = regrouped(latest.plan, membership)
        weights = _weights(plan, BENT)
        for by in (Decimal(1), Decimal(2), Decimal(3)):
            for lighter, heavier in permutations(sorted(weights), 2):
                changed = with_weights(plan, BENT, shifted(weights, lighter=lighter, heavier=heavier, by=by))
                version = PlanVersion(
                    plan_version=latest.plan_version + 1,
                    position=recall.as_of,
                    plan=changed,
                    in_force_from_period=None,
                )
                cycle = replace(now.cycle, versions=(*now.cycle.versions, version), assigned=())
                bent = grades_of(settle(replace(now, cycle=cycle)))
                flipped = sorted(unit_id for unit_id, grade in bent.items() if honest.get(unit_id) != grade)
                if len(flipped) == 2:
                    return lighter, heavier, by, flipped
        raise AssertionError("some weights turn two grades")

    def _vetoed(self) -> Script:
        """The best unit of a group is barred from the best grade; the next one takes the seat."""
        yield at("2019-02-20 09:00")
        best = results_of(self.city, self.stage, VETOED).rows[0].unit_id
        imposed = ImposeVeto(
            cycle_id=self.city.cycle_id,
            unit_id=best,
            rule=self.rule(RuleSource.PLAN, VETO_ARTICLE),
            matter="辖区发生较大生产安全事故，负有责任",
            occurred_on=date(2018, 11, 17),
            effect=VetoEffect.MAX_GRADE,
            grade="GOOD",
            evidence=(self.city.books.evidence["检查通报"],),
            determined_by="市应急局（虚构）",
        )
        yield Act(at=at("2019-02-20 10:00"), by=self.city.staff.leading[0], command=imposed)

    def _promoted(self) -> Script:
        """One unit gets the best grade outside the quota, under the measures."""
        yield at("2019-02-26 13:00")
        sides = either_side(results_of(self.city, self.stage, PROMOTED), BEST)
        assert sides is not None, "the group has a unit next to the cut"
        granted = GrantGradeException(
            cycle_id=self.city.cycle_id,
            group_id=PROMOTED,
            unit_id=sides[1].unit_id,
            grade=BEST,
            rule=self.rule(RuleSource.MEASURES, "A4"),
            reason="承担全国性试点任务成绩突出，特别晋档",
            evidence=(self.city.books.evidence["会议纪要"],),
        )
        yield Act(at=at("2019-02-26 13:20"), by=self.city.staff.leading[0], command=granted)

    def _tied(self, group_id: str) -> Script:
        """A deduction leaves two units with one total at a cut, and the leading group has to choose."""
        yield at("2019-01-25 14:00")
        results = results_of(self.city, self.stage, group_id)
        grade, sides = next((g, s) for g in (BEST, "GOOD") if (s := either_side(results, g)) is not None)
        inside, outside = sides
        imposed = ImposeDeduction(
            cycle_id=self.city.cycle_id,
            unit_id=inside.unit_id,
            rule=self.rule(RuleSource.PLAN, DEDUCTION),
            matter_id=f"D-TIE-{group_id}",
            points=inside.total - outside.total,
            occurred_on=date(2018, 12, 20),
            evidence=(self.city.books.evidence["检查通报"],),
        )
        if inside.total > outside.total:
            yield Act(at=at("2019-01-25 15:00"), by=self.city.staff.leading[6], command=imposed)
        yield at("2019-02-26 13:30")
        tie = self._tie(results_of(self.city, self.stage, group_id))
        resolved = ResolveTie(
            cycle_id=self.city.cycle_id,
            group_id=group_id,
            grade=grade,
            admitted=(inside.unit_id,),
            criterion="党的建设得分较高者优先",
            rule=self.rule(RuleSource.MEASURES, "A4"),
            evidence=(self.city.books.evidence["会议纪要"],),
        )
        assert tie == grade, f"{group_id} is tied at {tie}, not at {grade}"
        yield Act(at=at("2019-02-26 13:40"), by=self.city.staff.leading[0], command=resolved)

    def _tie(self, results: Results) -> object:
        tie = results.opening.tie if results.opening is not None else None
        return tie.facts.get("grade") if tie is not None else None

    def _lifted_score(self) -> Script:
        """P1: three hours before the meeting a correction lifts a unit over the cut, among nine of no account."""
        yield MEETING_AT - timedelta(hours=4)
        director, events = self.city.staff.director, list[Event]()
        sides = either_side(results_of(self.city, self.stage, LIFTED), BEST)
        assert sides is not None, "the group has a unit next to the cut"
        unit_id = sides[1].unit_id
        for number, cell in enumerate(self._of_little_account(unit_id)):
            value = self.city.books.figures[cell] + Decimal("0.1")
            reason = f"复核评分表，第{number + 1}项调整零点一分"
            when = MEETING_AT - timedelta(hours=3, minutes=50 - 5 * number, seconds=17)
            code = ReasonCode.ADDITION_ERROR
            pair = yield from self.scores.correct(
                cell, value, at=when, code=code, reason=reason, approver=director, hours=1 / 60, exact=True
            )
            events.extend(pair)
        results = results_of(self.city, self.stage, LIFTED)
        row, cut = results.row(unit_id), either_side(results, BEST)
        assert row is not None
        assert cut is not None
        needed = points_needed(self.city, row, max(cut[0].total - row.total, Decimal(0)) + Decimal("0.06"))
        assert needed is not None, "an award of the unit can be raised so far"
        before = self.city.books.figures[needed[0]]
        pair = yield from self.scores.correct(
            *needed,
            at=MEETING_AT - timedelta(hours=3, minutes=2),
            code=ReasonCode.DATA_ENTRY_ERROR,
            reason="录入时少计一项加分材料，予以补计",
            approver=director,
            hours=1 / 30,
            exact=True,
        )
        self.lifted = Lifted(needed[0], before, pair[1])
        self.truth.plant(
            "P1",
            (*pair, *events),
            expected=("A03", "A04", "A05", "A06"),
            note=f"from {before} to {needed[1]} three hours before the grades; the other nine hide it",
            unit=unit_id,
            indicator=needed[0][1],
        )

    def _of_little_account(self, unit_id: str) -> list[Cell]:
        quarterly = [row for row in ("P05", "G05") for _ in range(4)]
        periods = [f"2018-Q{number}" for number in range(1, 5)] * 2
        cells = [(unit_id, row, period) for row, period in zip(quarterly, periods, strict=True)]
        half = (unit_id, "P06", "2018-H1")
        return [cell for cell in (*cells, half) if cell in self.city.books.figures][:ACCOMPLICES]

    def _ring(self, appraisal: Appraisal) -> Script:
        """P18: three units' friends cast six like ballots; the look-alike rates everybody well."""
        units = self.city.ranked("G6")
        ring = units[:3]
        ballot: Answers = tuple(
            BallotAnswer(unit_id=unit_id, option=OPTIONS[0] if unit_id in ring else OPTIONS[2 + number % 2])
            for number, unit_id in enumerate(units)
        )
        appraisal.planted["G6", RaterClass.PEER] = [ballot] * 6
        yield at("2018-12-07 07:00")
        members = self.city.members("G5")
        generous = tuple(
            BallotAnswer(unit_id=unit_id, option=OPTIONS[1] if number == 0 else OPTIONS[0])
            for number, unit_id in enumerate(members)
        )
        appraisal.planted["G5", RaterClass.PEER] = [generous]
        yield YEAR_END
        cast = [(position, "BallotCast") for position in appraisal.cast_at["G6", RaterClass.PEER][:6]]
        note = f"six like ballots raise {', '.join(ring)} and lower all others"
        self.truth.plant("P18", cast, expected=("A25",), note=note, group="G6")
        kind = [(appraisal.cast_at["G5", RaterClass.PEER][0], "BallotCast")]
        self.truth.look_alike("P18", kind, note="generous to everybody", group="G5")


def _weights(plan: Plan, group_id: str) -> dict[str, Decimal]:
    found = ((indicator.indicator_id, indicator.weight_in(group_id)) for indicator in plan.indicators)
    return {indicator_id: weight for indicator_id, weight in found if weight is not None}


"""The last weeks' stories: a plan bent late, ties, a veto, a promotion, and a score lifted before the meeting."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, permutations, product
from typing import NamedTuple

from ledger.binhai.appraisal import Answers, Appraisal
from ledger.binhai.calendar import at
from ledger.binhai.cells import Scores
from ledger.binhai.city import Cell, City
from ledger.binhai.closing import MEETING_AT
from ledger.binhai.index import (
    BEST,
    JUDGED_ALL_YEAR,
    OPTIONS,
    VETO_ARTICLE,
    regrouped,
    shifted,
    weights_in,
    with_weights,
)
from ledger.binhai.planting import HAIR, PROMOTED, YEAR_END, Plants
from ledger.binhai.proving import Moved
from ledger.binhai.reorganising import REWEIGHED, new_version
from ledger.binhai.stage import Act, Done, OutOfScript, Script, Stage
from ledger.binhai.standing import Changes, Cut, Swapping, cuts, grades_of, one_raised, raised, regraded, results_of
from ledger.binhai.truth import Truth
from ledger.domain.commands import AssignUnitToGroup, GrantGradeException, ImposeVeto
from ledger.domain.facts import Event
from ledger.domain.plan import Participation, Plan
from ledger.domain.plan_rules import RaterClass
from ledger.domain.rule_reference import RuleSource
from ledger.domain.score import Basis, ReasonCode
from ledger.domain.settlement import settle
from ledger.domain.tallying import BallotAnswer
from ledger.domain.veto import VetoEffect

VETOED = REWEIGHED
BENDABLE = ("G5", "G4", "G3", "G8", "G6")
TIES = 2
WELL_GRADED_MIN = 3
"""The unit that is lifted, one whose reward nobody reviews, and one whose reward is confirmed."""
BEST_MIN = 2
"""The unit that is lifted, and one that is paid a reward nobody looks at again."""
_PLACES = {BEST: 0, "GOOD": 1}
CLEAR = Decimal("0.20")
"""How far apart units are that the little that June's plan moves cannot bring past each other."""
CORRECTIONS = 10
"""How many the unit that is lifted gets in an hour, where it has so many scores; most hide the one that counts."""


Bend = tuple[str, str, str, Decimal, list[str]]
"""A group, the indicator that becomes lighter and the one that becomes heavier, by how much, and who is regraded."""


class LiftedAward(NamedTuple):
    """An award that was raised so that its unit passes the cut."""

    cell: Cell
    before: Decimal
    correction: Event


@dataclass(frozen=True, slots=True)
class Lifted:
    """What inspection finds out later: the awards by which a unit was lifted."""

    group_id: str
    awards: tuple[LiftedAward, ...]

    @property
    def decisive(self) -> LiftedAward:
        """The one that brought the unit over the cut, after all others."""
        return self.awards[-1]

    @property
    def unit_id(self) -> str:
        """The unit."""
        return self.decisive.cell[0]


class Finale(Plants):
    """Writes the scripts of a city's last weeks before the meeting."""

    def __init__(self, city: City, stage: Stage, scores: Scores, truth: Truth):
        super().__init__(city, stage, scores, truth)
        self.lifted: Lifted | None = None
        self.taken = {VETOED, PROMOTED} if city.shape.stories else set[str]()
        """Groups in which a story happens; none is disturbed by another's."""

    def scripts(self, appraisal: Appraisal) -> Generator[Script]:
        """Every story up to the opening of the grades, but for the score that is lifted."""
        yield self._easier_group()
        yield self._grouped_at_first()
        yield self._bent_plan()
        yield self._vetoed()
        yield self._promoted()
        yield self._ties()
        yield self._ring(appraisal)

    def free(self) -> list[str]:
        """The groups in which no story happens yet."""
        return [group_id for group_id in self.city.group_ids if group_id not in self.taken]

    def _easier_group(self) -> Script:
        """P11: a unit of the middle moves in October to a group where fewer are abler."""
        middle = sorted(self.city.ranked("G4")[8:], key=lambda unit_id: self.city.units[unit_id].ability)[2:-2]
        unit_id = max(middle, key=lambda unit_id: self._abler("G4", unit_id) - self._abler("G7", unit_id))
        assigned = self._assigned(unit_id, "G7", "该局职能调整，转入群团组参评")
        done = yield Act(at=at("2018-10-15 16:00"), by=self.city.staff.leading[5], command=assigned)
        self.city.books.moved[unit_id] = ("G7", Participation.RANKED)
        self.truth.plant(
            "P11", done.events, expected=("A24",), note="from the middle of G4 to the weaker G7", unit=unit_id
        )
        yield at("2019-01-25 16:00")
        yield from self._eased(unit_id, was="G4")

    def _eased(self, unit_id: str, *, was: str) -> Script:
        """See to it that the unit stands better than it would where it was: whoever is just above it loses points."""
        moved = Moved(self.stage.known, self.city.cycle_id, unit_id, was=was)
        while not moved.eased:
            ranked = [row for row in moved.here.rows if row.rank is not None]
            place = next(place for place, row in enumerate(ranked) if row.unit_id == unit_id)
            if place == 0:
                raise OutOfScript(f"{unit_id} cannot stand better in its new group")
            above, below = ranked[place - 1], ranked[place]
            matter = f"D-EASED-{above.unit_id}"
            yield from self.lowered(above.unit_id, above.total - below.total + HAIR, at=self.stage.now, matter=matter)
            moved = Moved(self.stage.known, self.city.cycle_id, unit_id, was=was)

    def _abler(self, group_id: str, unit_id: str) -> float:
        """Which part of a group is abler than the unit."""
        units, others = self.city.units, self.city.ranked(group_id)
        return sum(units[other].ability > units[unit_id].ability for other in others) / len(others)

    def _grouped_at_first(self) -> Script:
        unit_id = self.city.ranked("G5")[-1]
        assigned = self._assigned(unit_id, "G7", "年初核定参评分组")
        done = yield Act(at=at("2018-02-07 16:00"), by=self.city.staff.offices[0], command=assigned)
        self.city.books.moved[unit_id] = ("G7", Participation.RANKED)
        self.truth.look_alike("P11", done.events, note="grouped so before entry was opened", unit=unit_id)

    def _assigned(self, unit_id: str, group_id: str, reason: str) -> AssignUnitToGroup:
        return AssignUnitToGroup(cycle_id=self.city.cycle_id, unit_id=unit_id, group_id=group_id, reason=reason)

    def _bent_plan(self) -> Script:
        """P10: weights move the day before entry closes, and two grades with them."""
        moment = at("2019-01-23 17:00")
        yield moment
        group_id, lighter, heavier, by, flipped = yield from self._bend(moment)
        self.taken.add(group_id)

        def bent(plan: Plan) -> Plan:
            changed = shifted(weights_in(plan, group_id), lighter=lighter, heavier=heavier, by=by)
            return with_weights(regrouped(plan, self.city.membership()), group_id, changed)

        position = yield from new_version(self.city, at("2019-01-23 17:20"), bent, summary="微调部门指标权重")
        event = (position, "PlanVersionIssued")
        note = f"{by} points from {lighter} to {heavier}: other grades for {', '.join(flipped)}"
        self.truth.plant("P10", [event], expected=("A23",), note=note, group=group_id)

    def _bend(self, when: datetime) -> Generator[Act | datetime, Done, Bend]:
        """The weights to move; where no group is close enough for that, a deduction brings one closer."""
        found = next(self._bends(BENDABLE), None)
        for cut in cuts(self.city, self.stage, BENDABLE, BEST, "GOOD") if found is None else ():
            matter = f"D-BEND-{cut.group_id}-{cut.grade}"
            yield from self.lowered(cut.inside.unit_id, cut.gap - HAIR, at=when, matter=matter)
            found = next(self._bends([cut.group_id]), None)
            if found is not None:
                break
        if found is None:
            raise OutOfScript("no weights of any group decide on two grades")
        return found

    def _bends(self, group_ids: Iterable[str]) -> Iterator[Bend]:
        """Which weights of which group to move so that two grades become others."""
        known = self.stage.known
        for group_id in group_ids:
            now = known.slice(self.city.cycle_id, group_id, period=None, basis=Basis.OFFICIAL)
            honest, latest = settle(now), now.cycle.latest
            plan = regrouped(latest.plan, self.city.membership())
            weights, swapping = weights_in(plan, group_id), Swapping(honest)
            for by, (lighter, heavier) in product((Decimal(2), Decimal(3)), permutations(sorted(weights), 2)):
                if not swapping.passes(lighter=lighter, heavier=heavier, by=by):
                    continue
                changed = with_weights(plan, group_id, shifted(weights, lighter=lighter, heavier=heavier, by=by))
                version = replace(latest, plan_version=latest.plan_version + 1, position=known.as_of, plan=changed)
                cycle = replace(now.cycle, versions=(*now.cycle.versions, version), assigned=())
                flipped = regraded(honest, settle(replace(now, cycle=cycle)))
                if len(flipped) == 2:
                    yield group_id, lighter, heavier, by, flipped

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
        yield from self._undecided_by_plan()

    def _undecided_by_plan(self) -> Script:
        """Whoever is so close below a cut that June's plan decided on the grade falls back a little more."""
        when = at("2019-02-20 14:00")
        yield when
        results = results_of(self.city, self.stage, REWEIGHED)
        grades = grades_of(results)
        # The one that was barred is in the way of a cut, so each is looked for between neighbours.
        for above, below in pairwise(row for row in results.rows if row.rank is not None):
            gap, places = (
                above.total - below.total,
                [_PLACES.get(grades.get(row.unit_id, ""), 2) for row in (above, below)],
            )
            if places[0] < places[1] and gap < CLEAR:
                yield from self.lowered(below.unit_id, CLEAR - gap, at=when, matter=f"D-CLEAR-{below.unit_id}")

    def _promoted(self) -> Script:
        """One unit gets the best grade outside the quota, under the measures, once ties are decided."""
        yield at("2019-02-26 13:35")
        ranked = [row for row in results_of(self.city, self.stage, PROMOTED).rows if row.rank is not None]
        unit_id = ranked[len(ranked) // 2].unit_id
        granted = GrantGradeException(
            cycle_id=self.city.cycle_id,
            group_id=PROMOTED,
            unit_id=unit_id,
            grade=BEST,
            rule=self.rule(RuleSource.MEASURES, "A4"),
            reason="承担全国性试点任务成绩突出，特别晋档",
            evidence=(self.city.books.evidence["会议纪要"],),
        )
        yield Act(at=at("2019-02-26 13:40"), by=self.city.staff.leading[0], command=granted)

    def _ties(self) -> Script:
        """In two groups a deduction makes the totals at a cut one; the leading group will have to choose."""
        yield at("2019-01-25 14:00")
        closest = {cut.group_id: cut for cut in reversed(cuts(self.city, self.stage, self.free(), BEST, "GOOD"))}
        for cut in sorted(closest.values(), key=lambda cut: cut.gap)[:TIES]:
            self.taken.add(cut.group_id)
            matter = f"D-TIE-{cut.group_id}"
            self.stage.enter(self.lowered(cut.inside.unit_id, cut.gap, at=at("2019-01-25 15:00"), matter=matter))

    def lifting(self) -> Script:
        """P1: three hours before the meeting a unit is lifted over the cut, among corrections of no account."""
        start = MEETING_AT - timedelta(hours=4)
        yield start
        cut, needed = yield from self._over_the_best_cut(start)
        group_id, unit_id = cut.group_id, cut.outside.unit_id
        self.taken.add(group_id)
        hiding = self._of_no_account(unit_id, CORRECTIONS - len(needed))
        events, awards = list[Event](), list[LiftedAward]()
        for number, (cell, value) in enumerate((*hiding, *needed)):
            before = self.city.books.figures[cell]
            pair = yield from self.scores.correct(
                cell,
                value,
                at=MEETING_AT - timedelta(hours=3, minutes=5 * (CORRECTIONS - number), seconds=17),
                code=ReasonCode.DATA_ENTRY_ERROR,
                reason=f"复核评分表第{number + 1}项，补计漏计材料得分",
                approver=self.city.staff.director,
                hours=1 / 30,
                exact=True,
            )
            events.extend(pair)
            awards.append(LiftedAward(cell, before, pair[1]))
        self.lifted = Lifted(group_id, tuple(awards[len(hiding) :]))
        self.truth.plant(
            "P1",
            (*events[-2:], *events[:-2]),
            expected=("A03", "A04", "A05", *(["A06"] if len(events) >= 2 * CORRECTIONS else [])),
            note=f"the last of {len(events) // 2}, three hours before the grades, lifts the unit over the cut",
            group=group_id,
            unit=unit_id,
            indicator=needed[-1][0][1],
        )

    def _over_the_best_cut(self, start: datetime) -> Generator[Act | datetime, Done, tuple[Cut, Changes]]:
        """A cut to lift a unit over, of a group in which others will have more to lose, if there is one."""
        by_loss: dict[int, list[str]] = {}
        for group_id in self.free():
            by_loss.setdefault(self._to_lose(group_id), []).append(group_id)
        for _, group_ids in sorted(by_loss.items(), reverse=True):
            try:
                return (yield from self.crossing(group_ids, BEST, raised_by=raised, at=start, matter="D-LIFT"))
            except OutOfScript:
                continue
        raise OutOfScript("no unit of any group can be lifted over the cut")

    def _to_lose(self, group_id: str) -> int:
        """Whether others than the lifted unit have commendations to lose (1), or a reward that was paid too (2)."""
        given = [*grades_of(results_of(self.city, self.stage, group_id)).values()]
        if given.count(BEST) + given.count("GOOD") < WELL_GRADED_MIN:
            return 0
        return 2 if given.count(BEST) >= BEST_MIN else 1

    def leaving_room(self) -> Script:
        """Make sure, once ties are decided, that an appeal can bring a unit over some cut after publication."""
        start = MEETING_AT - timedelta(minutes=75)
        yield start
        yield from self.crossing(self.free(), "GOOD", BEST, raised_by=one_raised, at=start, matter="D-ROOM")

    def _of_no_account(self, unit_id: str, count: int) -> list[tuple[Cell, Decimal]]:
        """Scores for periods that do not count in the year, each with a tenth more."""
        rows = [
            row for row in self.city.rows(unit_id) if row.kind in ("DIRECT_POINTS", "LINEAR_RATIO") and not row.flow
        ]
        spare = [row.indicator_id for row in rows if row.indicator_id not in JUDGED_ALL_YEAR]
        periods = ("2018-Q1", "2018-Q2", "2018-Q3", "2018-H1")
        figures = self.city.books.figures
        cells = [cell for row in spare for period in periods if (cell := (unit_id, row, period)) in figures]
        return [(cell, figures[cell] + Decimal("0.1")) for cell in cells[: max(count, 0)]]

    def _ring(self, appraisal: Appraisal) -> Script:
        """P18: friends of the three weakest units cast six like ballots; the look-alike rates everybody well."""
        units = self.city.ranked("G6")
        ring = sorted(units, key=lambda unit_id: self.city.units[unit_id].ability)[:3]
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

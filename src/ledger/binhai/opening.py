"""The opening: units, persons, roles, posts, measures, the plan, targets, and who answers for them."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date, datetime, timedelta
from decimal import Decimal

from ledger.binhai.calendar import SITTING, SITTINGS, at, workday
from ledger.binhai.city import City
from ledger.binhai.figures import Figures
from ledger.binhai.index import plan_of, weights_of
from ledger.binhai.papers import paper
from ledger.binhai.people import Person
from ledger.binhai.stage import Act, Script, Stage
from ledger.domain.commands import (
    AssignResponsibility,
    GrantRole,
    HoldPost,
    IssueMeasures,
    IssuePlanVersion,
    LeavePost,
    OpenCycle,
    PlanCycle,
    RegisterPerson,
    RegisterUnit,
    SetTarget,
)
from ledger.domain.commands.founding import OpenLedger
from ledger.domain.measures import Article
from ledger.domain.responsibility import ResponsibilityRole
from ledger.domain.units import UnitCategory

FIRST_DAY = date(2018, 1, 2)
POSTS_CHANGED = 0.06
SHARED_PAPERS = (
    "考核实施办法",
    "年度计划审议纪要",
    "会议纪要",
    "表彰决定",
    "检查通报",
    "现场核查记录",
    "拨付凭证",
    "回避声明",
)
"""Documents that many acts of the year rest on."""
_POSTS = ("主要负责人", "副职", "副职", "副职", "科级干部", "科级干部")
_ARTICLES = (("A1", "考核对象"), ("A2", "指标和权重"), ("A3", "数据报送和核验"), ("A4", "等次评定"), ("A5", "结果运用"))


class Opening:
    """Writes the scripts of a city's first weeks; `host` is the city whose persons opened the ledger."""

    def __init__(self, city: City, stage: Stage, figures: Figures, *, host: City):
        self.city = city
        self.stage = stage
        self.figures = figures
        self.host = host

    def scripts(self) -> Generator[Script]:
        """Everything until entry is open."""
        if self.host is self.city:
            yield self._open_ledger()
        yield from (self._unit(unit.unit_id, unit.name, unit.category) for unit in self.city.units.values())
        yield from (self._unit(unit_id, name, UnitCategory.OTHER) for unit_id, name in self.city.other_units.values())
        yield from (self._person(person) for person in self.city.staff.by_id.values())
        yield from (self._papers(title) for title in SHARED_PAPERS)
        yield self._plan()
        for unit_id, cadres in self.city.staff.cadres.items():
            for number, person_id in enumerate(cadres):
                yield self._post(unit_id, person_id, _POSTS[number])
        yield from (self._target(*pair) for pair in self._due())

    def _open_ledger(self) -> Script:
        staff = self.city.staff
        yield Act(
            at=at("2018-01-02 08:40"),
            by=staff.sysadmin,
            command=OpenLedger(
                title=self.city.title,
                administrator_id=staff.sysadmin,
                director_id=staff.director,
                office_id=staff.offices[0],
                leading_id=staff.leading[0],
            ),
        )

    def _unit(self, unit_id: str, name: str, category: UnitCategory) -> Script:
        command = RegisterUnit(unit_id=unit_id, name_zh=name, category=category, effective_on=date(2018, 1, 1))
        yield Act(at=self._some_day("unit", unit_id, day=FIRST_DAY, days=2), by=self._office, command=command)

    def _person(self, person: Person) -> Script:
        founders = (self.host.staff.sysadmin, self.host.staff.director, self._office, self.host.staff.leading[0])
        arrival = self._some_day("person", person.person_id, day=date(2018, 1, 5), days=8)
        if person.person_id not in founders:
            registered = RegisterPerson(
                subject_id=person.person_id, display_name=person.name, home_unit_id=person.home_unit_id
            )
            yield Act(at=arrival, by=self.host.staff.sysadmin, command=registered)
        for role, scope in person.roles:
            if person.person_id in founders:
                continue
            granted = GrantRole(
                subject_id=person.person_id,
                role=role,
                scope=scope,
                valid_from=arrival.date(),
                approved_by=self.host.staff.director,
            )
            yield Act(at=arrival + SITTING, by=self.host.staff.sysadmin, command=granted)

    def _papers(self, title: str) -> Script:
        yield from paper(
            self.stage,
            self.city,
            title,
            by=self._office,
            at=at("2018-01-22 09:00"),
            issued_on=date(2018, 1, 19),
            document_no=f"虚考〔2018〕{len(title)}号",
        )

    def _post(self, unit_id: str, person_id: str, post: str) -> Script:
        rng = self.city.rng("post", person_id)
        held = HoldPost(subject_id=person_id, unit_id=unit_id, post=post, from_on=date(2014 + rng.randrange(4), 3, 1))
        done = yield Act(
            at=self._some_day("post", person_id, day=date(2018, 1, 24), days=8), by=self._orgdept, command=held
        )
        if rng.random() >= POSTS_CHANGED:
            return
        last = date(2018, rng.randrange(4, 10), 28)
        other = rng.choice([other for other in self.city.ranked() if other != unit_id])
        gone = at(f"{workday(last)} 15:00")
        yield Act(
            at=gone,
            by=self._orgdept,
            command=LeavePost(subject_id=person_id, held_position=done.position, until_on=last),
        )
        moved = HoldPost(subject_id=person_id, unit_id=other, post=post, from_on=last + timedelta(days=1))
        yield Act(at=gone + timedelta(hours=1), by=self._orgdept, command=moved)

    def _plan(self) -> Script:
        """Measures, cycle, the first plan, and entry opened."""
        city, office = self.city, self._office_of_city
        minutes = yield from paper(self.stage, city, "实施办法（二〇一八年版）", by=office, at=at("2018-01-23 09:30"))
        articles = tuple(Article(article=article, title=title) for article, title in _ARTICLES)
        measures = IssueMeasures(
            measures_id=city.measures_id,
            title=f"{city.title}综合考核实施办法",
            articles=articles,
            in_force_from=date(2018, 1, 1),
            evidence=(minutes,),
        )
        yield Act(at=at("2018-01-24 10:00"), by=city.staff.leading[0], command=measures)
        planned = PlanCycle(
            cycle_id=city.cycle_id,
            title="二〇一八年度综合考核",
            starts_on=date(2018, 1, 1),
            ends_on=date(2018, 12, 31),
            measures_id=city.measures_id,
            measures_version=1,
        )
        yield Act(at=at("2018-01-25 10:00"), by=office, command=planned)
        city.books.plan = plan_of(
            city.shape,
            groups=city.groups(),
            scoring=city.staff.scoring,
            weights=weights_of(city.shape),
            title="二〇一八年度考核计划",
        )
        issued = IssuePlanVersion(cycle_id=city.cycle_id, content=city.books.plan, summary="年度计划第一版")
        yield Act(at=at("2018-02-01 09:30"), by=office, command=issued)
        city.books.plan_version = 1
        yield Act(at=at("2018-02-12 17:00"), by=office, command=OpenCycle(cycle_id=city.cycle_id))

    def _due(self) -> Generator[tuple[str, str]]:
        for unit_id in self.city.ranked():
            yield from ((unit_id, row.indicator_id) for row in self.city.rows(unit_id))

    def _target(self, unit_id: str, indicator_id: str) -> Script:
        """A target of a unit's own, and the person who answers for it."""
        city, row = self.city, self.city.row(indicator_id)
        target = self.figures.target(unit_id, row)
        city.books.targets[unit_id, indicator_id] = target
        set_target = SetTarget(
            cycle_id=city.cycle_id,
            unit_id=unit_id,
            indicator_id=indicator_id,
            target=target if target or row.kind == "INVERSE_DIFF" else Decimal(1),
            uom=row.uom,
            baseline=self.figures.baseline(unit_id, row),
        )
        day = self._some_day("target", unit_id, indicator_id, day=date(2018, 2, 2), days=6)
        yield Act(at=day, by=self._office_of_city, command=set_target)
        answers = AssignResponsibility(
            cycle_id=city.cycle_id,
            unit_id=unit_id,
            indicator_id=indicator_id,
            role=ResponsibilityRole.LEAD,
            responsible_unit_id=unit_id,
            responsible_person_id=city.staff.heads[unit_id],
            due_on=date(2018, 12, 31),
        )
        yield Act(at=day + timedelta(days=4), by=self._office_of_city, command=answers)

    def _some_day(self, *purpose: object, day: date, days: int) -> datetime:
        """Some sitting of some day: what an office does with a pile of forms it does at once."""
        rng = self.city.rng(*purpose)
        return at(f"{workday(day + timedelta(days=rng.randrange(days)))} {rng.choice(SITTINGS)}")

    @property
    def _office(self) -> str:
        return self.host.staff.offices[0]

    @property
    def _office_of_city(self) -> str:
        return self.city.staff.offices[0]

    @property
    def _orgdept(self) -> str:
        return self.city.staff.orgdept

"""Commands about the year of a cadre: the organisation department computes, the leading group decides.

Source: domain.md 2.4 "Results and grades", 3.9 "Cadres".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from ledger.domain.appeal import appeal_stream
from ledger.domain.cadres import (
    NOT_GRADED,
    CadreGradeDecided,
    CadreResult,
    CadreResultComputed,
    Cadres,
    PostPart,
    cadre_stream,
    cadre_total,
    tenure_weighted,
)
from ledger.domain.cycle import Cycle, cycle_stream
from ledger.domain.facts import Fact, Stream
from ledger.domain.grading import Grading, grading_stream
from ledger.domain.numbers import check_scale, rounded
from ledger.domain.plan import POINTS_MAX, Participation
from ledger.domain.plan_rules import CadreRules
from ledger.domain.posts import Posts, post_stream
from ledger.domain.refusals import (
    BasisSuperseded,
    DuplicateDecision,
    MalformedInput,
    NotApplicable,
    OutOfRange,
    QuotaExceeded,
    ResultsIncomplete,
    RuleNotFound,
    UnknownId,
)
from ledger.domain.reorganisation import Reorganisations, reorganisation_stream
from ledger.domain.roles import Role
from ledger.domain.seats import seats_of
from ledger.domain.veto import veto_stream
from ledger.domain.world import Command, World

Gradings = Callable[[str], Grading]
"""Where a group's grading stands, by its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeCadreResult(Command):
    """Compute what a cadre's year comes to, once the units served in are graded."""

    cycle_id: str
    subject_id: str
    personal_part: Decimal
    """Points of 100 from the cadre's own appraisal."""
    evidence: tuple[str, ...]

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.ORGDEPT)
        world.differ({self.subject_id}, because="nobody computes their own result")
        cycle = _cycle(world, self.cycle_id)
        plan = cycle.latest.plan
        _cadre_rules(cycle, self.cycle_id)
        check_scale(self.personal_part, plan.score_scale, path="personal_part")
        if not 0 <= self.personal_part <= POINTS_MAX:
            raise OutOfRange(path="personal_part", given=self.personal_part, minimum=0, maximum=POINTS_MAX)
        posts = world.exists(post_stream(self.subject_id), path="subject_id", person_id=self.subject_id)
        reorganisations = world.read(reorganisation_stream(self.cycle_id))
        computed = self.computed(cycle, posts, reorganisations, _gradings(world, self.cycle_id))
        self._require_open(world, cycle)
        world.evidence(self.evidence, count_min=1)
        return [computed]

    def computed(
        self, cycle: Cycle, posts: Posts, reorganisations: Reorganisations, gradings: Gradings
    ) -> CadreResultComputed:
        """The result that follows from the posts held and the grades in force.

        Raises RuleNotFound, NotApplicable, ResultsIncomplete.
        """
        plan, rules = cycle.latest.plan, _cadre_rules(cycle, self.cycle_id)
        service = _service(cycle, posts, reorganisations)
        served = _months(service)
        if not served:
            raise NotApplicable(path="subject_id", hint="The cadre served in no assessed unit of the cycle.")
        parts = tuple(_part(gradings, cycle, unit_id, months) for unit_id, months in served.items())
        # Of two units served in equally long, the later one.
        main = max(reversed(parts), key=lambda part: part.months)
        months = sum(bool(units) for units in service)
        unit_part = tenure_weighted([(Fraction(part.total), part.months) for part in parts])
        total = cadre_total(
            unit_part=unit_part,
            unit_share=Fraction(rules.unit_share),
            personal_part=Fraction(self.personal_part),
            personal_share=Fraction(rules.personal_share),
        )
        return CadreResultComputed(
            cycle_id=self.cycle_id,
            unit_id=main.unit_id,
            subject_id=self.subject_id,
            graded_position=main.graded_position,
            plan_version=cycle.latest.plan_version,
            posts=parts,
            months=months,
            gradable=months >= rules.months_min,
            unit_grade=main.grade,
            unit_part=rounded(unit_part, plan.score_scale, plan.rounding),
            personal_part=self.personal_part,
            total=rounded(total, plan.score_scale, plan.rounding),
            evidence=self.evidence,
        )

    def _require_open(self, world: World, cycle: Cycle) -> None:
        """Refuse to take a grade away that was decided, unless what it stands on has changed."""
        latest = _latest(world, self.cycle_id, self.subject_id)
        if latest is None or latest.decided_position is None:
            return
        groups = {cycle.membership[part.unit_id][0] for part in latest.fact.posts}
        gradings = [world.read(grading_stream(self.cycle_id, group_id)) for group_id in sorted(groups)]
        vetoes = world.read(veto_stream(self.cycle_id, self.subject_id))
        appeals = world.read(appeal_stream(self.cycle_id, self.subject_id))
        if (
            latest.superseding_position(gradings=gradings, vetoes=vetoes) is None
            and appeals.to_carry_out(latest.decided_position) is None
        ):
            hint = "The grade stands until a unit's grades are revised, a veto changes, or an appeal is upheld."
            decided = latest.decided_position
            raise DuplicateDecision(path="subject_id", grade=latest.grade, decided_position=decided, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideCadreGrade(Command):
    """Give a cadre a grade on the latest result, the best one within the quota of the unit."""

    cycle_id: str
    unit_id: str
    """The unit served in longest."""
    subject_id: str
    result_position: int
    """The position of the computed result, which must be the latest."""
    grade: str
    """One of the plan's grades for cadres; NOT_GRADED for who served too short."""
    evidence: tuple[str, ...]

    def stream(self) -> Stream[Cadres]:
        return cadre_stream(self.cycle_id, self.unit_id)

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.LEADING)
        cycle = _cycle(world, self.cycle_id)
        rules = _cadre_rules(cycle, self.cycle_id)
        result = self._result(world, cycle)
        cadres = self._cadres(world)
        world.differ(result.computed_by.persons, because="who computes a result does not decide on it")
        world.differ({self.subject_id}, because="nobody decides their own grade")
        world.require_impartial(self.unit_id)
        decided = self.decided(cycle, cadres, result, approved_by=world.person_id)
        if result.fact.gradable:
            self._obey_vetoes(world, rules)
        world.evidence(self.evidence, count_min=1)
        return [decided]

    def decided(self, cycle: Cycle, cadres: Cadres, result: CadreResult, *, approved_by: str) -> CadreGradeDecided:
        """The grade given on a result of these cadres. Raises RuleNotFound, MalformedInput, QuotaExceeded."""
        rules = _cadre_rules(cycle, self.cycle_id)
        if self.grade not in (rules.grades if result.fact.gradable else (NOT_GRADED,)):
            raise MalformedInput(path="grade", given=self.grade, months=result.fact.months)
        share = rules.share_under(result.fact.unit_grade)
        seats = seats_of(cadres.gradable, share, rules.rounding)
        best = rules.grades[0]
        if self.grade == best and len(cadres.with_grade(best)) >= seats:
            raise QuotaExceeded(path="grade", unit_grade=result.fact.unit_grade, seats=seats)
        return CadreGradeDecided(
            cycle_id=self.cycle_id,
            unit_id=self.unit_id,
            subject_id=self.subject_id,
            result_position=result.position,
            grade=self.grade,
            unit_grade=result.fact.unit_grade,
            share=share,
            seats=seats,
            requested_by=result.computed_by.person_id,
            approved_by=approved_by,
            evidence=self.evidence,
        )

    def _obey_vetoes(self, world: World, rules: CadreRules) -> None:
        """Refuse a grade that the vetoes on the cadre exclude."""
        vetoes = world.read(veto_stream(self.cycle_id, self.subject_id))
        bounds = vetoes.bounds(rules.grades, subject_id=self.subject_id)
        if not bounds.allow(rules.grades, self.grade):
            hint = "A veto binds the grade: give one that it leaves, or lift the veto first."
            allowed = bounds.forced_grade or f"{bounds.grade_max} or worse"
            raise OutOfRange(path="grade", given=self.grade, allowed=allowed, hint=hint, vetoes=bounds.positions)

    def _cadres(self, world: World) -> Cadres:
        """The cadres of the unit, without those whose latest result is another unit's."""
        cadres = world.read(self.stream())
        latest = {person: _latest(world, self.cycle_id, person) for person in cadres.results}
        return cadres.only(person for person, result in cadres.results.items() if latest[person] == result)

    def _result(self, world: World, cycle: Cycle) -> CadreResult:
        """The result to be decided on: the latest, on the posts and the grades as they are now, without a grade yet."""
        result = world.read(self.stream()).results.get(self.subject_id)
        if result is None:
            raise UnknownId(path="subject_id", person_id=self.subject_id, hint="Compute the result first.")
        latest = _latest(world, self.cycle_id, self.subject_id) or result
        if not result.position == latest.position == self.result_position:
            raise BasisSuperseded(path="result_position", latest=latest.position, unit_id=latest.fact.unit_id)
        if result.grade is not None:
            raise DuplicateDecision(path="subject_id", grade=result.grade)
        posts = world.exists(post_stream(self.subject_id), path="subject_id", person_id=self.subject_id)
        served = _months(_service(cycle, posts, world.read(reorganisation_stream(self.cycle_id))))
        if served != {part.unit_id: part.months for part in result.fact.posts}:
            hint = "Other posts are recorded now: compute the result again."
            raise BasisSuperseded(path="result_position", served=dict(served), hint=hint)
        gradings = _gradings(world, self.cycle_id)
        for part in result.fact.posts:
            now = _part(gradings, cycle, part.unit_id, part.months)
            if now.graded_position != part.graded_position:
                raise BasisSuperseded(path="result_position", unit_id=part.unit_id, latest=now.graded_position)
        return result


def _cycle(world: World, cycle_id: str) -> Cycle:
    return world.exists(cycle_stream(cycle_id), path="cycle_id", cycle_id=cycle_id)


def _gradings(world: World, cycle_id: str) -> Gradings:
    return lambda group_id: world.read(grading_stream(cycle_id, group_id))


def _cadre_rules(cycle: Cycle, cycle_id: str) -> CadreRules:
    rules = cycle.latest.plan.cadres
    if rules is None:
        raise RuleNotFound(path="cycle_id", cycle_id=cycle_id, hint="The plan has no rules for cadres.")
    return rules


def _service(cycle: Cycle, posts: Posts, reorganisations: Reorganisations) -> list[list[str]]:
    """The assessed units served in, month by month; a unit that was merged away counts as what it became."""
    first, last = cycle.starts_on or date.min, cycle.ends_on or date.max
    months = [{reorganisations.heir_of(unit_id): None for unit_id in units} for units in posts.service(first, last)]
    return [[unit_id for unit_id in units if _assessed(cycle, unit_id)] for units in months]


def _latest(world: World, cycle_id: str, subject_id: str) -> CadreResult | None:
    """The last result of a cadre in the cycle, under whichever unit it was computed; None if there is none.

    A result is the unit's that was served in longest by what was known then: one of those of
    the posts, or one that such a unit became.
    """
    reorganisations = world.read(reorganisation_stream(cycle_id))
    tenures = world.read(post_stream(subject_id)).tenures
    units = {heir for tenure in tenures for heir in reorganisations.heirs(tenure.unit_id)}
    of_units = (world.read(cadre_stream(cycle_id, unit_id)).results.get(subject_id) for unit_id in sorted(units))
    return max((result for result in of_units if result is not None), key=lambda r: r.position, default=None)


def _months(service: list[list[str]]) -> Counter[str]:
    """How many months were served in each unit."""
    return Counter(unit_id for units in service for unit_id in units)


def _assessed(cycle: Cycle, unit_id: str) -> bool:
    _, participation = cycle.membership.get(unit_id, ("", Participation.NOT_ASSESSED))
    return participation is not Participation.NOT_ASSESSED


def _part(gradings: Gradings, cycle: Cycle, unit_id: str, months: int) -> PostPart:
    """What a unit contributes: its published total and its grade in force. Raises ResultsIncomplete."""
    grading = gradings(cycle.membership[unit_id][0])
    results = grading.results(grading.current.results_position) if grading.current is not None else None
    row = next((row for row in results.table if row.unit_id == unit_id), None) if results is not None else None
    if grading.current is None or row is None:
        raise ResultsIncomplete(path="subject_id", unit_id=unit_id, hint="Open the unit's grade first.")
    return PostPart(
        unit_id=unit_id,
        months=months,
        total=row.total,
        grade=grading.current.grades.get(unit_id),
        graded_position=grading.current.position,
    )

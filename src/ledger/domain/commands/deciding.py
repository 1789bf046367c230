"""Commands that decide on rewards and punishments: on a grade, under a rule, proposed by one and approved by another.

A person answers for the unit they belong to: its grade is the basis of what is decided about them.

Source: domain.md 2.4 "Rewards and punishments", C8 and C9 of 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ledger.domain.commands.moving import require_phase
from ledger.domain.commands.rules import require_rule
from ledger.domain.cycle import Cycle, cycle_stream
from ledger.domain.decision import Decided, Decisions, PunishmentDecided, RewardDecided, decision_stream, rule_naming
from ledger.domain.facts import Fact, Stream
from ledger.domain.grading import Grading, grading_stream
from ledger.domain.inspection_case import FindingKind, FindingRecorded
from ledger.domain.numbers import check_scale
from ledger.domain.persons import person_stream
from ledger.domain.phases import PUNISHING_AHEAD
from ledger.domain.plan import Plan
from ledger.domain.plan_rules import DecisionKind, DecisionRule, SubjectKind
from ledger.domain.refusals import (
    BasisSuperseded,
    ConflictOfInterest,
    DuplicateDecision,
    MalformedInput,
    NoRuleForGrade,
    OutOfRange,
    PhaseViolation,
    SeparationOfDuties,
    UnknownId,
)
from ledger.domain.roles import Role
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.veto import VetoEffect, veto_stream
from ledger.domain.world import Command, World

MONEY_SCALE = 2


@dataclass(frozen=True, slots=True)
class Matter:
    """Whom a decision is about, once the names are known to be right."""

    cycle: Cycle
    unit_id: str
    """The unit whose grade counts: the subject, or the unit the person belongs to."""
    group_id: str
    """The group of that unit."""
    grading: Grading

    @property
    def plan(self) -> Plan:
        """The plan that holds for the cycle as a whole."""
        return self.cycle.latest.plan


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionCommand(Command):
    """A command about a reward or a punishment of one unit, or of one person."""

    cycle_id: str
    unit_id: str | None = None
    """The unit it is about; leave out where it is about a person."""
    subject_id: str | None = None
    """The person it is about; leave out where it is about a unit."""

    @property
    def subject(self) -> str:
        """The id of the unit or the person it is about."""
        return self.unit_id or self.subject_id or ""

    def stream(self) -> Stream[Decisions]:
        return decision_stream(self.cycle_id, self.subject)

    def matter(self, world: World) -> Matter:
        """Resolve whom it is about. Raises MalformedInput, UnknownId."""
        if (self.unit_id is None) == (self.subject_id is None):
            raise MalformedInput(path="unit_id", hint="Name a unit or a person.")
        cycle = world.exists(cycle_stream(self.cycle_id), path="cycle_id", cycle_id=self.cycle_id)
        unit_id, path = self.unit_id, "unit_id"
        if self.subject_id is not None:
            person = world.exists(person_stream(self.subject_id), path="subject_id", subject_id=self.subject_id)
            unit_id, path = person.home_unit_id, "subject_id"
        if unit_id is None or unit_id not in cycle.membership:
            raise UnknownId(path=path, unit_id=unit_id, cycle_id=self.cycle_id)
        group_id, _ = cycle.membership[unit_id]
        return Matter(cycle, unit_id, group_id, world.read(grading_stream(self.cycle_id, group_id)))

    def act(self, world: World, *roles: Role) -> Matter:
        """Act in one of `roles` in the matter of the unit whose grade counts, and return it."""
        world.act(*roles)
        matter = self.matter(world)
        world.act(*roles, unit_id=matter.unit_id, group_id=matter.group_id)
        return matter

    def lead(self, world: World) -> Matter:
        """Act for the leading group in a matter of another unit than one's own, and return it."""
        matter = self.act(world, Role.LEADING)
        world.require_impartial(matter.unit_id)
        return matter


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidingCommand(DecisionCommand):
    """What deciding on a reward and on a punishment have in common."""

    basis_position: int
    rule: RuleRef
    amount: Decimal | None = None
    """Money, where the rule provides for any."""
    deviation_reason: str | None = None
    """Why the amount is another than the rule's."""
    evidence: tuple[str, ...]
    """The minutes."""
    proposed_by: str

    def decided(self, world: World, kind: type[Decided], grade: str | None) -> Decided:
        """The decision, once everything that it has to stand on is there."""
        matter = self.lead(world)
        interim = self._interim_grades(world, matter) if kind is PunishmentDecided else ()
        given = interim or (latest_grade(matter, self.basis_position),)
        if grade not in given or (grade is None and not interim):
            raise MalformedInput(path="grade", given=grade, of_basis=given[-1])
        rule = self._rule(world, matter, grade, reward=kind is RewardDecided)
        deviation = self._deviation(world, rule)
        earlier = world.read(self.stream()).standing(rule.article, unit_id=self.unit_id, subject_id=self.subject_id)
        if earlier is not None:
            raise DuplicateDecision(path="rule", rule_ref=str(self.rule), decision_position=earlier.position)
        self._require_two(world, matter)
        return kind(
            cycle_id=self.cycle_id,
            unit_id=self.unit_id,
            subject_id=self.subject_id,
            answering_unit_id=matter.unit_id if self.subject_id is not None else None,
            kind=rule.kind,
            amount=self.amount,
            grade=grade,
            basis_position=self.basis_position,
            rule=self.rule,
            plan_version=matter.cycle.latest.plan_version,
            trace=_trace(self.rule, rule, grade),
            deviation_reason=deviation,
            evidence=world.evidence(self.evidence, count_min=1),
            proposed_by=self.proposed_by,
            approved_by=world.person_id,
        )

    def _interim_grades(self, world: World, matter: Matter) -> tuple[str | None, ...]:
        """What may be decided on where a veto or a finding is cited, which wait for no grades; () if neither is."""
        veto = world.read(veto_stream(self.cycle_id, self.subject)).items.get(self.basis_position)
        if veto is None and not self._is_found(world.event(self.basis_position, path="basis_position").fact):
            return ()
        if veto is not None and not veto.active:
            raise BasisSuperseded(path="basis_position", cited=veto.position, lifted=veto.lifted_position)
        require_phase(matter.cycle, PUNISHING_AHEAD)
        if veto is not None and veto.effect is VetoEffect.FORCE_GRADE:
            return (None, veto.grade)
        return (None,)

    def _is_found(self, fact: Fact) -> bool:
        """Whether the fact is an inspection's finding against whom it is decided on."""
        if not isinstance(fact, FindingRecorded) or fact.kind is FindingKind.NO_BREACH:
            return False
        subjects = fact.unit_ids if self.subject_id is None else fact.person_ids
        return self.subject in subjects and fact.cycle_id in (None, self.cycle_id)

    def _rule(self, world: World, matter: Matter, grade: str | None, *, reward: bool) -> DecisionRule:
        rule = rule_naming(matter.plan, self.rule.article, grade) if self.rule.source is RuleSource.PLAN else None
        if rule is None:
            raise NoRuleForGrade(path="rule", rule_ref=str(self.rule), grade=grade)
        require_rule(world, matter.cycle, self.rule)
        if rule.kind.reward is not reward:
            raise MalformedInput(path="rule", rule_ref=str(self.rule), kind=rule.kind)
        subject = SubjectKind.UNIT if self.subject_id is None else SubjectKind.PERSON
        if rule.subject is not subject:
            raise MalformedInput(path="rule", rule_ref=str(self.rule), subject=rule.subject)
        return rule

    def _deviation(self, world: World, rule: DecisionRule) -> str | None:
        """Why the amount is another than the rule's, None if it is the rule's."""
        if self.amount is not None:
            check_scale(self.amount, MONEY_SCALE, path="amount")
            if self.amount <= 0:
                raise OutOfRange(path="amount", given=self.amount)
        elif rule.kind is DecisionKind.BONUS_PAY:
            raise OutOfRange(path="amount", rule_ref=str(self.rule), of_rule=rule.amount, hint="Say how much is paid.")
        if self.amount == rule.amount:
            return None
        if self.deviation_reason is None:
            raise OutOfRange(path="amount", rule_ref=str(self.rule), given=self.amount, of_rule=rule.amount)
        return world.reason(self.deviation_reason, length_min=10, path="deviation_reason")

    def _require_two(self, world: World, matter: Matter) -> None:
        world.require_holder(
            self.proposed_by,
            *(Role.OFFICE, Role.DIRECTOR),
            path="proposed_by",
            unit_id=matter.unit_id,
            group_id=matter.group_id,
        )
        if self.proposed_by in world.persons:
            raise SeparationOfDuties(path="proposed_by", because="who proposes does not decide")
        if self.proposed_by == self.subject_id:
            raise ConflictOfInterest(path="subject_id", person_id=self.subject_id)


def latest_grade(matter: Matter, basis_position: int) -> str | None:
    """The grade that the latest grading gave, None if it gave none; it has to be the one that is cited.

    Raises PhaseViolation before grades are opened, BasisSuperseded if the position is another.
    """
    current = matter.grading.current
    if current is None:
        raise PhaseViolation(phase=matter.cycle.phase, hint="The grades are not opened.")
    if current.position != basis_position:
        raise BasisSuperseded(path="basis_position", cited=basis_position, latest=current.position)
    return current.grades.get(matter.unit_id)


def _trace(cited: RuleRef, rule: DecisionRule, grade: str | None) -> str:
    money = "no amount" if rule.amount is None else f"{rule.amount} CNY"
    return f"{cited}: {rule.kind} for {grade or 'the cited position'}, {money}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideReward(DecidingCommand):
    """Decide on a reward that a rule provides for the subject's grade."""

    grade: str

    def decide(self, world: World) -> list[Fact]:
        return [self.decided(world, RewardDecided, self.grade)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidePunishment(DecidingCommand):
    """Decide on a punishment that a rule provides for the subject's grade, or at once on a veto or a finding."""

    grade: str | None = None

    def decide(self, world: World) -> list[Fact]:
        return [self.decided(world, PunishmentDecided, self.grade)]

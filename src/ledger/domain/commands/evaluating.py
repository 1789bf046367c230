"""Commands about the appraisal by raters: open, hand out tokens, cast, close, tally.

Source: domain.md 2.4 "Evaluation", 3.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from ledger.domain.commands.moving import require_movable, require_phase
from ledger.domain.cycle import Cycle, PlanVersion, cycle_stream
from ledger.domain.evaluation import (
    BallotCast,
    BallotInvalidated,
    BallotTokensIssued,
    Campaign,
    Count,
    EvaluationClosed,
    EvaluationOpened,
    EvaluationTallied,
    Survey,
    SurveyResultImported,
    evaluation_stream,
    retally,
    token_hash,
)
from ledger.domain.facts import Fact, Stream
from ledger.domain.identifiers import check_id, check_text
from ledger.domain.numbers import check_scale
from ledger.domain.periods import start_of
from ledger.domain.phases import EXCHANGING
from ledger.domain.plan import POINTS_MAX, Participation
from ledger.domain.plan_rules import EvaluationRules, RaterClass
from ledger.domain.refusals import (
    DeadlinePassed,
    DuplicateId,
    MalformedInput,
    NoChange,
    NotApplicable,
    OutOfRange,
    PeriodNotStarted,
    PhaseViolation,
    UnknownId,
)
from ledger.domain.roles import Role
from ledger.domain.tallying import BallotAnswer, BallotRule
from ledger.domain.world import Command, World

TOKENS_ISSUED_MAX = 900
"""The hashes of more would not fit into one entry; tokens may be issued several times."""
ANSWERS_MAX = 600
"""A whole ballot has to fit into one entry."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationCommand(Command):
    """A command about one campaign."""

    cycle_id: str
    campaign_id: str

    def stream(self) -> Stream[Campaign]:
        return evaluation_stream(self.cycle_id, self.campaign_id)

    def cycle(self, world: World) -> Cycle:
        """The campaign's cycle. Raises UnknownId."""
        return world.exists(cycle_stream(self.cycle_id), path="cycle_id", cycle_id=self.cycle_id)

    def campaign(self, world: World) -> tuple[Campaign, EvaluationOpened]:
        """The campaign as it stands and as it was opened. Raises UnknownId."""
        campaign = world.exists(self.stream(), path="campaign_id", campaign_id=self.campaign_id)
        assert campaign.opened is not None
        return campaign, campaign.opened

    def taking_ballots(self, world: World) -> tuple[Campaign, EvaluationOpened]:
        """The campaign, which must not have ended. Raises UnknownId, DeadlinePassed."""
        campaign, opened = self.campaign(world)
        if campaign.closed_position is not None:
            raise DeadlinePassed(deadline="BALLOT", closed_position=campaign.closed_position)
        world.before_end_of(opened.closes_on, self.cycle(world).latest.plan.timezone, name="BALLOT")
        return campaign, opened


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEvaluation(EvaluationCommand):
    """Ask a class of raters to appraise units of one group."""

    rater_class: RaterClass
    group_id: str
    unit_ids: tuple[str, ...]
    """The units to be evaluated."""
    questions: tuple[str, ...] = ()
    eligible_count: int
    eligible_hash: str
    opens_on: date
    closes_on: date
    invalidated_by: tuple[BallotRule, ...] = (BallotRule.ALL_SAME, BallotRule.INCOMPLETE)
    top_marks_max: int | None = None

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR, group_id=self.group_id)
        check_id(self.campaign_id, path="campaign_id")
        cycle = self.cycle(world)
        require_phase(cycle, EXCHANGING)
        if world.read(self.stream()).opened is not None:
            raise DuplicateId(path="campaign_id", campaign_id=self.campaign_id)
        rules = _rules(cycle.latest)
        if all(of_class.rater_class is not self.rater_class for of_class in rules.classes):
            raise UnknownId(path="rater_class", hint="The plan gives this class no weight.")
        self._check_units(cycle)
        self._check_form()
        self._check_first(world)
        return [
            EvaluationOpened(
                cycle_id=self.cycle_id,
                campaign_id=self.campaign_id,
                rater_class=self.rater_class,
                group_id=self.group_id,
                unit_ids=self.unit_ids,
                questions=self.questions,
                options=rules.options,
                eligible_count=self.eligible_count,
                eligible_hash=self.eligible_hash,
                opens_on=self.opens_on,
                closes_on=self.closes_on,
                invalidated_by=self.invalidated_by,
                top_marks_max=self.top_marks_max,
            )
        ]

    def _check_units(self, cycle: Cycle) -> None:
        if not self.unit_ids:
            raise MalformedInput(path="unit_ids", hint="Name the units to be evaluated.")
        if len(set(self.unit_ids)) != len(self.unit_ids):
            raise DuplicateId(path="unit_ids", hint="Name each unit once.")
        for unit_id in self.unit_ids:
            group_id, participation = cycle.membership.get(unit_id, (None, Participation.NOT_ASSESSED))
            if group_id != self.group_id:
                raise UnknownId(path="unit_ids", unit_id=unit_id, group_id=self.group_id)
            if participation is Participation.NOT_ASSESSED:
                raise NotApplicable(path="unit_ids", unit_id=unit_id)

    def _check_first(self, world: World) -> None:
        """A class says one thing of a unit: a second campaign would replace what the first one says."""
        tallies = world.recall(self.cycle_id).rulings(self.cycle_id).tallies
        for unit_id in self.unit_ids:
            if tallies.asked(unit_id, self.rater_class):
                hint = "Its class has a campaign about the unit; tally that."
                raise DuplicateId(path="unit_ids", unit_id=unit_id, rater_class=self.rater_class, hint=hint)

    def _check_form(self) -> None:
        for index, question in enumerate(self.questions):
            check_text(question, path=f"questions.{index}")
        answers = len(self.unit_ids) * max(len(self.questions), 1)
        if answers > ANSWERS_MAX:
            raise MalformedInput(path="questions", answers=answers, answers_max=ANSWERS_MAX)
        if self.eligible_count < 0:
            raise OutOfRange(path="eligible_count", given=self.eligible_count, minimum=0)
        _check_hash(self.eligible_hash, path="eligible_hash")
        if self.closes_on < self.opens_on:
            raise MalformedInput(path="closes_on", hint="The campaign closes before it opens.")
        limited = BallotRule.OVER_TOP_LIMIT in self.invalidated_by
        if limited != (self.top_marks_max is not None):
            raise MalformedInput(path="top_marks_max", hint="A limit on top marks goes with the rule OVER_TOP_LIMIT.")
        if self.top_marks_max is not None and self.top_marks_max < 0:
            raise OutOfRange(path="top_marks_max", given=self.top_marks_max, minimum=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueBallotTokens(EvaluationCommand):
    """Record the hashes of random tokens that were handed out, each good for one ballot.

    They are recorded in order of the hashes: in the order sent they would tell whose is whose
    to anybody who has the list of raters.
    """

    token_hashes: tuple[str, ...]

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR)
        campaign, opened = self.taking_ballots(world)
        if not 0 < len(self.token_hashes) <= TOKENS_ISSUED_MAX:
            raise MalformedInput(path="token_hashes", count=len(self.token_hashes), count_max=TOKENS_ISSUED_MAX)
        issued = set(campaign.tokens)
        for index, given in enumerate(self.token_hashes):
            _check_hash(given, path=f"token_hashes.{index}")
            if given in issued:
                raise DuplicateId(path=f"token_hashes.{index}")
            issued.add(given)
        if len(issued) > opened.eligible_count:
            raise OutOfRange(path="token_hashes", issued=len(issued), eligible_count=opened.eligible_count)
        return [
            BallotTokensIssued(
                cycle_id=self.cycle_id,
                campaign_id=self.campaign_id,
                count=len(self.token_hashes),
                token_hashes=tuple(sorted(self.token_hashes)),
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CastBallot(EvaluationCommand):
    """Appraise the units of a campaign with a token, on a ballot that names nobody."""

    ANONYMOUS: ClassVar[bool] = True

    token: str
    answers: tuple[BallotAnswer, ...]

    def decide(self, world: World) -> list[Fact]:
        world.act_unnamed()
        campaign, opened = self.taking_ballots(world)
        if world.now < start_of(opened.opens_on, self.cycle(world).latest.plan.timezone):
            raise PeriodNotStarted(opens_on=opened.opens_on)
        # The refusals never quote the token: they may be recorded, and it may still be good.
        hashed = token_hash(self.token)
        if hashed not in campaign.tokens:
            raise UnknownId(path="token")
        if hashed in campaign.ballots:
            raise DuplicateId(path="token", hint="The token is used.")
        self._check_answers(opened)
        return [
            BallotCast(cycle_id=self.cycle_id, campaign_id=self.campaign_id, token_hash=hashed, answers=self.answers)
        ]

    def _check_answers(self, opened: EvaluationOpened) -> None:
        options = {option.option for option in opened.options}
        answered: set[tuple[str, int]] = set()
        for index, answer in enumerate(self.answers):
            path = f"answers.{index}"
            if answer.unit_id not in opened.unit_ids:
                raise UnknownId(path=f"{path}.unit_id", unit_id=answer.unit_id)
            if not 1 <= answer.question <= opened.questions_asked:
                raise UnknownId(path=f"{path}.question", question=answer.question)
            if answer.option not in options:
                raise UnknownId(path=f"{path}.option", option=answer.option)
            if (answer.unit_id, answer.question) in answered:
                raise DuplicateId(path=path, hint="One answer to a question about a unit.")
            answered.add((answer.unit_id, answer.question))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSurveyResult(EvaluationCommand):
    """Record what a third party's survey of the public found about one unit.

    Too small a sample is recorded too; it does not count, as too few ballots do not.
    """

    unit_id: str
    value: Decimal
    """Points of 100."""
    sample: int
    method: str
    """How the public was asked."""
    evidence: tuple[str, ...]
    replaces_position: int | None = None
    """The unit's figure that this one takes the place of; leave it out for the first."""
    reason: str | None = None
    """Why it does."""

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, unit_id=self.unit_id)
        campaign, opened = self.campaign(world)
        cycle = self.cycle(world)
        require_movable(world, self.cycle_id, (opened.group_id,), EXCHANGING)
        if opened.rater_class is not RaterClass.PUBLIC:
            raise MalformedInput(path="campaign_id", hint="Only the public is surveyed; the others cast ballots.")
        if self.unit_id not in opened.unit_ids:
            raise UnknownId(path="unit_id", unit_id=self.unit_id)
        if not 0 <= self.value <= POINTS_MAX:
            raise OutOfRange(path="value", given=self.value, minimum=0, maximum=POINTS_MAX)
        check_scale(self.value, cycle.latest.plan.score_scale, path="value")
        if self.sample < 1:
            raise OutOfRange(path="sample", given=self.sample, minimum=1)
        check_text(self.method, path="method")
        self._check_replaced(campaign.surveys.get(self.unit_id))
        return [
            SurveyResultImported(
                cycle_id=self.cycle_id,
                campaign_id=self.campaign_id,
                rater_class=opened.rater_class,
                unit_id=self.unit_id,
                value=self.value,
                sample=self.sample,
                method=self.method,
                evidence=world.evidence(self.evidence, count_min=1),
                replaces_position=self.replaces_position,
                reason=None if self.replaces_position is None else world.reason(self.reason, length_min=10),
            )
        ]

    def _check_replaced(self, known: Survey | None) -> None:
        """Refuse a second figure that does not name the first, or says the same."""
        position = known.position if known is not None else None
        if known is not None and (known.fact.value, known.fact.sample) == (self.value, self.sample):
            raise NoChange(path="value", survey_position=position)
        if known is not None and self.replaces_position is None:
            hint = "The unit has a figure; cite it in replaces_position and give the reason."
            raise DuplicateId(path="unit_id", survey_position=position, hint=hint)
        if self.replaces_position != position:
            raise UnknownId(path="replaces_position", given=self.replaces_position, survey_position=position)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseEvaluation(EvaluationCommand):
    """Take no more ballots, on the last day or before."""

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR)
        campaign, _ = self.campaign(world)
        if campaign.closed_position is not None:
            raise NoChange(path="campaign_id", closed_position=campaign.closed_position)
        return [EvaluationClosed(cycle_id=self.cycle_id, campaign_id=self.campaign_id)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TallyEvaluation(EvaluationCommand):
    """Count the ballots of a closed campaign, or find none; those that break its rules are invalidated."""

    def decide(self, world: World) -> list[Fact]:
        world.act(Role.OFFICE, Role.DIRECTOR)
        campaign, opened = self.campaign(world)
        cycle = self.cycle(world)
        require_movable(world, self.cycle_id, (opened.group_id,), EXCHANGING)
        if campaign.closed_position is None:
            raise PhaseViolation(campaign_id=self.campaign_id, hint="Close the evaluation first.")
        found = self.counted(campaign, cycle.latest)
        tallied = found[-1]
        assert isinstance(tallied, EvaluationTallied)
        if not tallied.units:
            raise NoChange(path="campaign_id", hint="Every unit was surveyed, and no ballot was cast.")
        if campaign.tallied is not None and campaign.tallied.units == tallied.units:
            raise NoChange(path="campaign_id", hint="The tally stands.")
        return [*found]

    def counted(self, campaign: Campaign, version: PlanVersion) -> list[BallotInvalidated | EvaluationTallied]:
        """What counting a campaign under a plan leaves, the tally last. Raises UnknownId."""
        opened, count = campaign.opened, retally(campaign, _rules(version))
        assert opened is not None
        tallied = EvaluationTallied(
            cycle_id=self.cycle_id,
            campaign_id=self.campaign_id,
            rater_class=opened.rater_class,
            group_id=opened.group_id,
            plan_version=version.plan_version,
            units=count.units,
        )
        return [*self._invalidated(campaign, count), tallied]

    def _invalidated(self, campaign: Campaign, count: Count) -> Iterator[BallotInvalidated]:
        for hashed, rule in count.invalid.items():
            if hashed not in campaign.invalidated:
                yield BallotInvalidated(
                    cycle_id=self.cycle_id,
                    campaign_id=self.campaign_id,
                    token_hash=hashed,
                    cast_position=campaign.ballots[hashed].position,
                    rule=rule,
                )


def _rules(version: PlanVersion) -> EvaluationRules:
    if version.plan.evaluation is None:
        raise UnknownId(path="cycle_id", plan_version=version.plan_version, hint="The plan has no evaluation.")
    return version.plan.evaluation


def _check_hash(text: str, *, path: str) -> None:
    if not _SHA256.fullmatch(text):
        raise MalformedInput(path=path, hint="Write the 64 lower-case hexadecimal digits of SHA-256.")

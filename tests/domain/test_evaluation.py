"""Appraisal campaigns: opened, voted in by nobody in particular, closed and counted."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from city import BECAUSE, CYCLE, EVIDENCE, GROUP, LATE, NOW, PLAN, UNITS, City, Refusal, found_city, instant

from ledger.domain.commands import (
    CastBallot,
    CloseEvaluation,
    ImportSurveyResult,
    IssueBallotTokens,
    IssuePlanVersion,
    OpenEvaluation,
    RegisterPerson,
    TallyEvaluation,
)
from ledger.domain.commands.evaluating import ANSWERS_MAX, TOKENS_ISSUED_MAX
from ledger.domain.evaluation import (
    BallotCast,
    BallotInvalidated,
    BallotTokensIssued,
    Campaign,
    EvaluationClosed,
    EvaluationOpened,
    EvaluationTallied,
    SurveyResultImported,
    Tallies,
    UnitTally,
    evaluation_stream,
    retally,
    token_hash,
)
from ledger.domain.facts import Actor, Audience, Event, Fact
from ledger.domain.grading import GradedUnit, GradesOpened
from ledger.domain.plan import Member, Participation
from ledger.domain.plan_rules import ClassWeight, EvaluationRules, OptionPoints, RaterClass
from ledger.domain.publication import RestatementOpened
from ledger.domain.tallying import BallotAnswer, BallotRule, Tally, evaluated

OPTIONS = tuple(
    OptionPoints(option=option, points=Decimal(points))
    for option, points in (("优秀", "100"), ("良好", "85"), ("一般", "70"), ("较差", "50"))
)
RULES = EvaluationRules(
    share=Decimal("0.2"),
    classes=(
        ClassWeight(rater_class=RaterClass.PEER, weight=Decimal(90)),
        ClassWeight(rater_class=RaterClass.PUBLIC, weight=Decimal(10)),
    ),
    options=OPTIONS,
)
APPRAISING = replace(PLAN, evaluation=RULES)
LIST = "1" * 64
TOKENS = tuple(f"token-{number}" for number in range(8))

OPEN = OpenEvaluation(
    cycle_id=CYCLE,
    campaign_id="PEERS",
    rater_class=RaterClass.PEER,
    group_id=GROUP,
    unit_ids=UNITS,
    eligible_count=8,
    eligible_hash=LIST,
    opens_on=date(2019, 1, 5),
    closes_on=date(2019, 1, 10),
    invalidated_by=tuple(BallotRule),
    top_marks_max=3,
)
ISSUE = IssueBallotTokens(cycle_id=CYCLE, campaign_id="PEERS", token_hashes=tuple(map(token_hash, TOKENS)))
CLOSE = CloseEvaluation(cycle_id=CYCLE, campaign_id="PEERS")
TALLY = TallyEvaluation(cycle_id=CYCLE, campaign_id="PEERS")
SURVEY = ImportSurveyResult(
    cycle_id=CYCLE,
    campaign_id="PUBLIC",
    unit_id="U04",
    value=Decimal("81.35"),
    sample=400,
    method="Telephone, drawn at random",
    evidence=EVIDENCE,
)
ENDED = instant("2019-01-11 00:00")


def ballot(*options: str, token: str = TOKENS[0]) -> CastBallot:
    """A ballot with one option for each unit in turn."""
    answers = tuple(
        BallotAnswer(unit_id=unit_id, option=option) for unit_id, option in zip(UNITS, options, strict=False)
    )
    return CastBallot(cycle_id=CYCLE, campaign_id="PEERS", token=token, answers=answers)


BALLOT = ballot("优秀", "良好", "良好", "一般", "较差")


@pytest.fixture
def appraising() -> City:
    """A city whose plan has raters."""
    return found_city(APPRAISING)


@pytest.fixture
def voting(appraising: City) -> City:
    """A campaign among peers that takes ballots, and one with the public."""
    appraising.given(OPEN, by="office")
    appraising.given(replace(OPEN, campaign_id="PUBLIC", rater_class=RaterClass.PUBLIC), by="office")
    appraising.given(ISSUE, by="office")
    return appraising


def campaign_of(city: City) -> Campaign:
    return city.memory.load(evaluation_stream(CYCLE, "PEERS"))[1]


def tallies_of(city: City) -> Tallies:
    tallies = Tallies()
    for event in city.memory.events:
        tallies = tallies.evolve(event)
    return tallies


def unit(unit_id: str, n_valid: int, mean: str | None, *, n: int, trimmed: bool = False) -> UnitTally:
    return UnitTally(unit_id=unit_id, n=n, n_valid=n_valid, mean=mean, trimmed=trimmed)


def graded(city: City) -> None:
    """Given opened grades of the group."""
    opened = GradesOpened(
        cycle_id=CYCLE,
        group_id=GROUP,
        results_position=city.head,
        allocation=tuple(GradedUnit(unit_id=unit_id, grade="GOOD", rank=1) for unit_id in UNITS),
    )
    city.memory.record(opened, actor=Actor("leading", "LEADING"), at=LATE)


# ---- opening


def test_a_campaign_opens_with_the_options_of_the_plan(appraising: City) -> None:
    assert appraising.when(OPEN, by="scorer") == Refusal("FORBIDDEN_ROLE")
    assert appraising.when(OPEN, by="office") == (
        EvaluationOpened(
            cycle_id=CYCLE,
            campaign_id="PEERS",
            rater_class=RaterClass.PEER,
            group_id=GROUP,
            unit_ids=UNITS,
            questions=(),
            options=OPTIONS,
            eligible_count=8,
            eligible_hash=LIST,
            opens_on=date(2019, 1, 5),
            closes_on=date(2019, 1, 10),
            invalidated_by=tuple(BallotRule),
            top_marks_max=3,
        ),
    )
    assert appraising.when(OPEN, by="office") == Refusal("DUPLICATE_ID", "campaign_id")


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (replace(OPEN, cycle_id="NONE"), Refusal("UNKNOWN_ID", "cycle_id")),
        (replace(OPEN, campaign_id="a b"), Refusal("MALFORMED_INPUT", "campaign_id")),
        (replace(OPEN, rater_class=RaterClass.SUPERIOR), Refusal("UNKNOWN_ID", "rater_class")),
        (replace(OPEN, group_id="G9"), Refusal("UNKNOWN_ID", "unit_ids")),
        (replace(OPEN, unit_ids=("U01", "U99")), Refusal("UNKNOWN_ID", "unit_ids")),
        (replace(OPEN, unit_ids=("U01", "U01")), Refusal("DUPLICATE_ID", "unit_ids")),
        (replace(OPEN, unit_ids=()), Refusal("MALFORMED_INPUT", "unit_ids")),
        (replace(OPEN, questions=("Diligence", " ")), Refusal("MALFORMED_INPUT", "questions.1")),
        (replace(OPEN, questions=("?",) * (ANSWERS_MAX // 5 + 1)), Refusal("MALFORMED_INPUT", "questions")),
        (replace(OPEN, eligible_count=-1), Refusal("OUT_OF_RANGE", "eligible_count")),
        (replace(OPEN, eligible_hash="list"), Refusal("MALFORMED_INPUT", "eligible_hash")),
        (replace(OPEN, closes_on=date(2019, 1, 4)), Refusal("MALFORMED_INPUT", "closes_on")),
        (replace(OPEN, top_marks_max=None), Refusal("MALFORMED_INPUT", "top_marks_max")),
        (replace(OPEN, invalidated_by=()), Refusal("MALFORMED_INPUT", "top_marks_max")),
        (replace(OPEN, top_marks_max=-1), Refusal("OUT_OF_RANGE", "top_marks_max")),
    ],
)
def test_a_campaign_that_means_nothing_is_refused(appraising: City, command: OpenEvaluation, refusal: Refusal) -> None:
    assert appraising.when(command, by="office") == refusal


def test_a_unit_that_is_not_assessed_is_not_appraised() -> None:
    members = (Member(unit_id="U01", participation=Participation.NOT_ASSESSED), *PLAN.groups[0].members[1:])
    city = found_city(replace(APPRAISING, groups=(replace(PLAN.groups[0], members=members),)))

    assert city.when(OPEN, by="office") == Refusal("NOT_APPLICABLE", "unit_ids")


def test_a_plan_without_raters_has_no_campaigns(city: City) -> None:
    assert city.when(OPEN, by="office") == Refusal("UNKNOWN_ID", "cycle_id")


def test_before_the_cycle_opens_nobody_is_appraised() -> None:
    city = found_city(APPRAISING, opened=False)

    assert city.when(OPEN, by="office") == Refusal("PHASE_VIOLATION")


# ---- tokens


def test_tokens_are_known_by_their_hashes(appraising: City) -> None:
    appraising.given(OPEN, by="office")

    assert appraising.when(ISSUE, by="scorer") == Refusal("FORBIDDEN_ROLE")
    assert appraising.when(ISSUE, by="office") == (
        BallotTokensIssued(
            cycle_id=CYCLE, campaign_id="PEERS", count=8, token_hashes=tuple(sorted(ISSUE.token_hashes))
        ),
    )


def test_tokens_are_issued_in_several_parts_up_to_the_number_of_eligible_raters(appraising: City) -> None:
    appraising.given(OPEN, by="office")
    appraising.given(replace(ISSUE, token_hashes=ISSUE.token_hashes[:5]), by="office")

    more = (*ISSUE.token_hashes[5:], token_hash("one too many"))
    assert appraising.when(replace(ISSUE, token_hashes=more), by="office") == Refusal("OUT_OF_RANGE", "token_hashes")
    appraising.given(replace(ISSUE, token_hashes=ISSUE.token_hashes[5:]), by="office")
    assert campaign_of(appraising).tokens == set(ISSUE.token_hashes)


@pytest.mark.parametrize(
    ("hashes", "refusal"),
    [
        ((), Refusal("MALFORMED_INPUT", "token_hashes")),
        ((LIST,) * (TOKENS_ISSUED_MAX + 1), Refusal("MALFORMED_INPUT", "token_hashes")),
        ((LIST, "token-1"), Refusal("MALFORMED_INPUT", "token_hashes.1")),
        ((LIST, LIST), Refusal("DUPLICATE_ID", "token_hashes.1")),
        ((ISSUE.token_hashes[3],), Refusal("DUPLICATE_ID", "token_hashes.0")),
    ],
)
def test_tokens_that_are_no_tokens_are_refused(voting: City, hashes: tuple[str, ...], refusal: Refusal) -> None:
    assert voting.when(replace(ISSUE, token_hashes=hashes), by="office") == refusal


def test_a_whole_lot_of_tokens_and_a_whole_ballot_fit_into_entries() -> None:
    """An entry holds 65,535 bytes; the bounds leave room for the envelope."""
    assert TOKENS_ISSUED_MAX * len(f'"{LIST}",') < 62_000
    assert ANSWERS_MAX * len('{"option":"满意","question":10,"unit_id":"U-330100-01"},'.encode()) < 62_000


# ---- ballots


def test_a_ballot_names_nobody_whoever_sends_it(voting: City) -> None:
    facts = voting.when(BALLOT, by="scorer", on_behalf_of="colleague")

    assert facts == (
        BallotCast(cycle_id=CYCLE, campaign_id="PEERS", token_hash=token_hash(TOKENS[0]), answers=BALLOT.answers),
    )
    assert voting.memory.events[-1].actor == Actor("anonymous", "RATER")


def test_nobody_registers_under_the_name_that_ballots_bear(city: City) -> None:
    person = RegisterPerson(subject_id="anonymous", display_name="A person")

    assert city.when(person, by="admin") == Refusal("DUPLICATE_ID", "subject_id")


def test_a_ballot_is_for_the_eyes_of_inspectors_and_a_tally_for_those_who_see_the_result() -> None:
    assert {BallotCast.AUDIENCE, BallotInvalidated.AUDIENCE} == {Audience.INSPECTION}
    assert {EvaluationTallied.AUDIENCE, SurveyResultImported.AUDIENCE} == {Audience.RESULT}


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (replace(BALLOT, campaign_id="NONE"), Refusal("UNKNOWN_ID", "campaign_id")),
        (replace(BALLOT, token="forged"), Refusal("UNKNOWN_ID", "token")),
        (replace(BALLOT, token=token_hash(TOKENS[0])), Refusal("UNKNOWN_ID", "token")),
        (replace(BALLOT, campaign_id="PUBLIC"), Refusal("UNKNOWN_ID", "token")),
        (ballot("优秀", "Excellent"), Refusal("UNKNOWN_ID", "answers.1.option")),
        (
            replace(BALLOT, answers=(BallotAnswer(unit_id="U99", option="优秀"),)),
            Refusal("UNKNOWN_ID", "answers.0.unit_id"),
        ),
        (
            replace(BALLOT, answers=(BallotAnswer(unit_id="U01", option="优秀", question=2),)),
            Refusal("UNKNOWN_ID", "answers.0.question"),
        ),
        (replace(BALLOT, answers=BALLOT.answers[:1] * 2), Refusal("DUPLICATE_ID", "answers.1")),
    ],
)
def test_a_ballot_that_cannot_be_counted_is_refused(voting: City, command: CastBallot, refusal: Refusal) -> None:
    assert voting.when(command, by="scorer") == refusal


def test_a_token_is_good_for_one_ballot(voting: City) -> None:
    voting.given(BALLOT, by="scorer")

    assert voting.when(BALLOT, by="scorer") == Refusal("DUPLICATE_ID", "token")
    assert voting.when(ballot("良好", "良好", "优秀", "良好", "良好"), by="verifier") == Refusal(
        "DUPLICATE_ID", "token"
    )


def test_ballots_are_cast_from_the_first_day_through_the_last(voting: City) -> None:
    assert voting.when(BALLOT, by="scorer", at=ENDED) == Refusal("DEADLINE_PASSED")
    voting.given(BALLOT, by="scorer", at=ENDED - timedelta(microseconds=1))


def test_before_the_first_day_no_ballot_is_cast(appraising: City) -> None:
    appraising.given(replace(OPEN, opens_on=date(2019, 1, 6)), by="office")
    appraising.given(ISSUE, by="office")

    assert appraising.when(BALLOT, by="scorer") == Refusal("PERIOD_NOT_STARTED")
    appraising.given(BALLOT, by="scorer", at=instant("2019-01-06 00:00"))


def test_a_ballot_decided_on_the_last_day_is_recorded_on_it_or_not_at_all(voting: City) -> None:
    world = voting.world("scorer")
    BALLOT.decide(world)

    assert world.expires_at == ENDED


def test_after_closing_nothing_more_is_taken(voting: City) -> None:
    voting.given(BALLOT, by="scorer")

    assert voting.when(CLOSE, by="scorer") == Refusal("FORBIDDEN_ROLE")
    assert voting.when(CLOSE, by="office") == (EvaluationClosed(cycle_id=CYCLE, campaign_id="PEERS"),)
    assert voting.when(ballot(token=TOKENS[1]), by="scorer") == Refusal("DEADLINE_PASSED")
    assert voting.when(ISSUE, by="office") == Refusal("DEADLINE_PASSED")
    assert voting.when(CLOSE, by="office") == Refusal("NO_CHANGE", "campaign_id")


# ---- tallies


def test_a_closed_campaign_is_tallied_and_ballots_that_break_its_rules_do_not_count(voting: City) -> None:
    voting.given(BALLOT, by="scorer")
    voting.given(ballot("良好", "良好", "一般", "一般", "较差", token=TOKENS[1]), by="scorer")
    voting.given(ballot("良好", "优秀", "良好", "一般", "一般", token=TOKENS[2]), by="scorer")
    same = voting.given(ballot(*["良好"] * 5, token=TOKENS[3]), by="scorer")
    top = voting.given(ballot("优秀", "优秀", "优秀", "优秀", "较差", token=TOKENS[4]), by="scorer")
    part = voting.given(ballot("优秀", token=TOKENS[5]), by="scorer")
    assert voting.when(TALLY, by="office") == Refusal("PHASE_VIOLATION")
    voting.given(CLOSE, by="office")

    assert voting.when(TALLY, by="scorer") == Refusal("FORBIDDEN_ROLE")
    assert voting.when(TALLY, by="office") == (
        *(
            BallotInvalidated(
                cycle_id=CYCLE,
                campaign_id="PEERS",
                token_hash=token_hash(token),
                cast_position=position,
                rule=rule,
            )
            for token, position, rule in (
                (TOKENS[3], same, BallotRule.ALL_SAME),
                (TOKENS[4], top, BallotRule.OVER_TOP_LIMIT),
                (TOKENS[5], part, BallotRule.INCOMPLETE),
            )
        ),
        EvaluationTallied(
            cycle_id=CYCLE,
            campaign_id="PEERS",
            rater_class=RaterClass.PEER,
            group_id=GROUP,
            plan_version=1,
            units=(
                unit("U01", 3, "90", n=6),
                unit("U02", 3, "90", n=6),
                unit("U03", 3, "80", n=6),
                unit("U04", 3, "70", n=6),
                unit("U05", 3, "170/3", n=6),
            ),
        ),
    )


def test_a_recorded_tally_follows_from_its_ballots_and_is_not_recorded_twice(voting: City) -> None:
    for token, option in zip(TOKENS[:6], ("优秀", "良好", "良好", "良好", "一般", "较差"), strict=True):
        voting.given(ballot(option, "优秀", "良好", "良好", "良好", token=token), by="scorer")
    voting.given(CLOSE, by="office")
    voting.given(TALLY, by="office")

    campaign = campaign_of(voting)
    assert campaign.tallied is not None
    assert retally(campaign, RULES).units == campaign.tallied.units
    assert campaign.tallied.units[0] == unit("U01", 6, "81.25", n=6, trimmed=True)
    assert voting.when(TALLY, by="office") == Refusal("NO_CHANGE", "campaign_id")


def test_under_a_plan_that_counts_otherwise_a_campaign_is_tallied_again(voting: City) -> None:
    for token, option in zip(TOKENS[:6], ("优秀", "良好", "良好", "良好", "一般", "较差"), strict=True):
        voting.given(ballot(option, "优秀", "良好", "良好", "良好", token=token), by="scorer")
    voting.given(ballot(token=TOKENS[6]), by="scorer")
    voting.given(CLOSE, by="office")
    voting.given(TALLY, by="office")
    dearer = tuple(replace(option, points=Decimal(100)) for option in OPTIONS)
    otherwise = replace(APPRAISING, evaluation=replace(RULES, trim_above=6, options=dearer))
    issued = IssuePlanVersion(
        cycle_id=CYCLE, content=otherwise, based_on=1, summary="Nothing is trimmed", approved_by="leading"
    )
    voting.given(issued, by="office")

    voting.given(TALLY, by="office")

    tallied = voting.memory.events[-1].fact
    assert isinstance(tallied, EvaluationTallied)
    assert (tallied.plan_version, tallied.units[0]) == (2, unit("U01", 6, "475/6", n=7))


def test_a_survey_is_imported_for_the_public_with_evidence_and_a_large_sample(voting: City) -> None:
    assert voting.when(SURVEY, by="director") == Refusal("FORBIDDEN_ROLE")
    assert voting.when(SURVEY, by="office") == (
        SurveyResultImported(
            cycle_id=CYCLE,
            campaign_id="PUBLIC",
            rater_class=RaterClass.PUBLIC,
            unit_id="U04",
            value=Decimal("81.35"),
            sample=400,
            method="Telephone, drawn at random",
            evidence=EVIDENCE,
        ),
    )


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (replace(SURVEY, campaign_id="NONE"), Refusal("UNKNOWN_ID", "campaign_id")),
        (replace(SURVEY, campaign_id="PEERS"), Refusal("MALFORMED_INPUT", "campaign_id")),
        (replace(SURVEY, unit_id="U99"), Refusal("UNKNOWN_ID", "unit_id")),
        (replace(SURVEY, value=Decimal("100.01")), Refusal("OUT_OF_RANGE", "value")),
        (replace(SURVEY, value=Decimal("-1")), Refusal("OUT_OF_RANGE", "value")),
        (replace(SURVEY, value=Decimal("81.355")), Refusal("SCALE_EXCEEDED", "value")),
        (replace(SURVEY, sample=0), Refusal("OUT_OF_RANGE", "sample")),
        (replace(SURVEY, replaces_position=3, reason=BECAUSE), Refusal("UNKNOWN_ID", "replaces_position")),
        (replace(SURVEY, method=""), Refusal("MALFORMED_INPUT", "method")),
        (replace(SURVEY, evidence=()), Refusal("EVIDENCE_REQUIRED", "evidence")),
    ],
)
def test_a_survey_that_proves_nothing_is_refused(voting: City, command: ImportSurveyResult, refusal: Refusal) -> None:
    assert voting.when(command, by="office") == refusal


def test_a_survey_of_too_small_a_sample_is_recorded_and_does_not_count(voting: City) -> None:
    """3.5: such a class gives its weight to the others."""
    small = voting.given(replace(SURVEY, sample=399), by="office")

    said = evaluated(RULES, tallies_of(voting).of("U04"))
    assert said.points is None
    assert [(share.weight, share.tally.position, share.tally.n) for share in said.classes] == [(0, small, 399)]


def test_a_second_figure_cites_the_first_and_says_why_it_takes_its_place(voting: City) -> None:
    first = voting.given(SURVEY, by="office")
    second = replace(SURVEY, value=Decimal("90.00"))
    explained = replace(second, replaces_position=first, reason=BECAUSE)

    assert voting.when(SURVEY, by="office") == Refusal("NO_CHANGE", "value")
    assert voting.when(second, by="office") == Refusal("DUPLICATE_ID", "unit_id")
    assert voting.when(replace(explained, replaces_position=first - 1), by="office") == Refusal(
        "UNKNOWN_ID", "replaces_position"
    )
    assert voting.when(replace(explained, reason=None), by="office") == Refusal("REASON_REQUIRED", "reason")
    voting.given(explained, by="office")
    recorded = voting.memory.events[-1].fact
    assert isinstance(recorded, SurveyResultImported)
    assert (recorded.value, recorded.replaces_position, recorded.reason) == (Decimal("90.00"), first, BECAUSE)


def test_after_grades_are_opened_a_tally_or_a_survey_needs_a_restatement(voting: City) -> None:
    voting.given(BALLOT, by="scorer")
    voting.given(CLOSE, by="office")
    graded(voting)

    assert voting.when(TALLY, by="office", at=LATE) == Refusal("RESTATEMENT_REQUIRED")
    assert voting.when(SURVEY, by="office", at=LATE) == Refusal("RESTATEMENT_REQUIRED")
    restating = RestatementOpened(
        cycle_id=CYCLE, number="R1", cause="Lost ballots", group_ids=(GROUP,), evidence=EVIDENCE, approved_by="leading"
    )
    voting.memory.record(restating, actor=Actor("director", "DIRECTOR"), at=LATE)
    voting.given(TALLY, by="office", at=LATE)
    voting.given(SURVEY, by="office", at=LATE)


def test_the_latest_tally_of_a_unit_by_a_class_stands(voting: City) -> None:
    first = voting.given(SURVEY, by="office")
    again = replace(SURVEY, value=Decimal(90), sample=1_000, replaces_position=first, reason=BECAUSE)
    second = voting.given(again, by="office")
    other = voting.given(replace(SURVEY, unit_id="U05"), by="office")
    voting.given(BALLOT, by="scorer")
    voting.given(CLOSE, by="office")
    tallied = voting.given(TALLY, by="office")

    assert first < second
    assert tallies_of(voting).of("U04") == {
        RaterClass.PUBLIC: Tally(second, 1_000, 1_000, Fraction(90), False, survey=True),
        RaterClass.PEER: Tally(tallied, 1, 1, Fraction(70), False),
    }
    assert tallies_of(voting).of("U05")[RaterClass.PUBLIC].position == other
    assert tallies_of(voting).of("U99") == {}


def test_two_thousand_ballots_are_taken_in_less_than_a_second() -> None:
    opened = EvaluationOpened(
        cycle_id=CYCLE,
        campaign_id="PEERS",
        rater_class=RaterClass.PEER,
        group_id=GROUP,
        unit_ids=UNITS,
        questions=(),
        options=OPTIONS,
        eligible_count=2_000,
        eligible_hash=LIST,
        opens_on=date(2019, 1, 5),
        closes_on=date(2019, 1, 10),
        invalidated_by=(),
    )
    cast: list[Fact] = [
        BallotCast(cycle_id=CYCLE, campaign_id="PEERS", token_hash=token_hash(str(number)), answers=BALLOT.answers)
        for number in range(2_000)
    ]
    campaign = Campaign(opened=opened)
    started = time.perf_counter()
    for position, fact in enumerate(cast, start=1):
        event = Event(position, NOW, fact.stream, position, fact, Actor("anonymous", "RATER"), UUID(int=position))
        campaign = campaign.evolve(event)
    taken = time.perf_counter() - started

    assert len(campaign.ballots) == 2_000
    assert taken < 1

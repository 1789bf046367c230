"""Appeals: who may contest what, until when, and who decides it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from belonging import Tie, insider
from city import CYCLE, EVIDENCE, GROUP, NOW, PLAN, YEAR, City, Refusal, found_city, grant, instant

from ledger.domain.appeal import (
    AppealAccepted,
    AppealAssigned,
    AppealDecided,
    AppealFiled,
    AppealHeard,
    AppealImplemented,
    AppealKind,
    AppealOutcome,
    Appeals,
    AppealStatus,
    PanelMember,
    appeal_stream,
)
from ledger.domain.commands import (
    AcceptAppeal,
    AssignAppeal,
    CloseEntry,
    DecideAppeal,
    DeclareAppealInadmissible,
    EscalateAppeal,
    FileAppeal,
    HearAppeal,
    ImplementAppeal,
    RegisterPerson,
    WithdrawAppeal,
)
from ledger.domain.decision import PunishmentDecided
from ledger.domain.facts import Actor, Fact
from ledger.domain.grading import GradedUnit, GradesOpened, PublicNoticeStarted, ReportAudience
from ledger.domain.periods import end_of
from ledger.domain.persons import person_stream
from ledger.domain.plan import Calendar
from ledger.domain.plan_rules import DecisionKind
from ledger.domain.roles import Role, Scope
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.rulings import Rulings
from ledger.domain.score import CorrectionClass, ReasonCode, ScoreCorrected
from ledger.domain.visibility import visibility_of
from ledger.domain.working_days import after_working_days

GROUNDS = "The statistics office has published another figure."
REMEDY = "Enter 7.9 instead."
NOTICE_ON = date(2019, 1, 28)
NOTICED = instant("2019-01-28 09:00")
"""A Monday; with the festival of 2019 the fifth working day after it is a Saturday, 2 February."""
LAST_DAY = date(2019, 2, 2)
FESTIVAL = replace(
    PLAN,
    calendar=Calendar(
        holidays=tuple(date(2019, 2, day) for day in range(4, 11)),
        makeup_workdays=(date(2019, 2, 2), date(2019, 2, 3)),
    ),
)


def file(position: int, unit_id: str | None = "U04", **changed: Any) -> FileAppeal:
    command = FileAppeal(
        cycle_id=CYCLE, unit_id=unit_id, about_position=position, grounds=GROUNDS, remedy=REMEDY, evidence=EVIDENCE
    )
    return replace(command, **changed)


def accept(position: int) -> AcceptAppeal:
    return AcceptAppeal(cycle_id=CYCLE, unit_id="U04", appeal_position=position)


def assign(position: int, *persons: str) -> AssignAppeal:
    panel = tuple(PanelMember(person_id=person, declaration=EVIDENCE[0]) for person in persons)
    return AssignAppeal(cycle_id=CYCLE, unit_id="U04", appeal_position=position, panel=panel)


def hear(position: int, heard_on: date) -> HearAppeal:
    return HearAppeal(cycle_id=CYCLE, unit_id="U04", appeal_position=position, heard_on=heard_on, evidence=EVIDENCE)


def judge(position: int, outcome: AppealOutcome = AppealOutcome.UPHELD, directs: str | None = None) -> DecideAppeal:
    granted = None if outcome is AppealOutcome.DISMISSED else "Correct the value to 7.9."
    return DecideAppeal(
        cycle_id=CYCLE,
        unit_id="U04",
        appeal_position=position,
        outcome=outcome,
        findings="The yearbook says 7.9, page 12.",
        directs=directs or granted,
        evidence=EVIDENCE,
    )


def escalate(position: int) -> EscalateAppeal:
    return EscalateAppeal(cycle_id=CYCLE, unit_id="U04", appeal_position=position, grounds=GROUNDS)


def implement(position: int, *corrections: int) -> ImplementAppeal:
    return ImplementAppeal(cycle_id=CYCLE, unit_id="U04", appeal_position=position, correction_positions=corrections)


def recorded(city: City, fact: Fact, by: str = "leading", role: str = "LEADING") -> int:
    """Given a fact of another part of the domain, as its own commands record it; its position."""
    return city.memory.record(fact, actor=Actor(by, role), at=city.memory.events[-1].recorded_at).position


def noticed(city: City) -> int:
    """Given a value of U04.A, verified and put up in the notice; its position."""
    position = city.verified()
    city.given(CloseEntry(cycle_id=CYCLE), by="office", at=NOTICED)
    notice = PublicNoticeStarted(
        cycle_id=CYCLE,
        group_id=GROUP,
        results_position=position,
        from_on=NOTICE_ON,
        until_on=LAST_DAY,
        audience=ReportAudience.INTERNAL,
    )
    recorded(city, notice, "office", "OFFICE")
    return position


def graded(city: City, *unit_ids: str) -> int:
    """Given opened grades, every unit GOOD; their position."""
    allocation = tuple(GradedUnit(unit_id=unit, grade="GOOD", rank=None) for unit in unit_ids or ("U04", "U05"))
    return recorded(city, GradesOpened(cycle_id=CYCLE, group_id=GROUP, results_position=1, allocation=allocation))


@pytest.fixture
def city() -> City:
    """A city with the festival of 2019 in its calendar, and a reporter of U05."""
    city = found_city(FESTIVAL)
    city.given(RegisterPerson(subject_id="other", display_name="other", home_unit_id="U05"), by="admin")
    city.given(grant("other", Role.REPORTER), by="admin")
    return city


@pytest.fixture
def filed(city: City) -> int:
    """The position of an appeal of U04 against its value for A."""
    return city.given(file(noticed(city)), by="reporter", at=NOTICED)


def appeals(city: City) -> Appeals:
    return city.memory.load(appeal_stream(CYCLE, "U04"))[1]


def status(city: City, position: int) -> AppealStatus:
    appeal = appeals(city).at(position)
    assert appeal is not None
    return appeal.status


def test_a_unit_appeals_against_a_score_that_was_put_up(city: City) -> None:
    position = noticed(city)

    assert city.when(file(position), by="reporter", at=NOTICED) == (
        AppealFiled(
            cycle_id=CYCLE,
            unit_id="U04",
            kind=AppealKind.SCORE,
            about_position=position,
            indicator_id="A",
            period=YEAR,
            level=1,
            grounds=GROUNDS,
            remedy=REMEDY,
            evidence=EVIDENCE,
        ),
    )


def test_the_window_ends_with_the_fifth_working_day_after_the_notice_began(city: City) -> None:
    position = noticed(city)
    day_six = end_of(LAST_DAY, PLAN.timezone)

    assert after_working_days(NOTICE_ON, PLAN.limits.appeal_working_days, FESTIVAL.calendar) == LAST_DAY
    assert city.when(file(position), by="reporter", at=day_six) == Refusal("APPEAL_WINDOW_CLOSED")
    world = city.world("reporter", at=day_six - timedelta(microseconds=1))
    file(position).decide(world)
    assert world.expires_at == day_six, "an appeal decided in time is recorded in time, or not at all"


def test_only_the_unit_itself_appeals(city: City) -> None:
    position = noticed(city)

    assert city.when(file(position), by="other", at=NOTICED) == Refusal("APPEAL_NOT_STANDING")
    assert city.when(file(position), by="office", at=NOTICED) == Refusal("FORBIDDEN_ROLE")
    assert city.when(file(position, unit_id="U05"), by="other", at=NOTICED) == Refusal("UNKNOWN_ID", "about_position")


def test_one_matter_is_appealed_against_once(city: City, filed: int) -> None:
    about = appeals(city).by_position[filed].fact.about_position

    assert city.when(file(about), by="reporter", at=NOTICED) == Refusal("DUPLICATE_APPEAL", "about_position")
    withdraw = WithdrawAppeal(cycle_id=CYCLE, unit_id="U04", appeal_position=filed, reason="We found our own error.")
    assert city.when(withdraw, by="other", at=NOTICED) == Refusal("APPEAL_NOT_STANDING")
    city.given(withdraw, by="reporter", at=NOTICED)
    assert status(city, filed) is AppealStatus.WITHDRAWN
    assert city.when(file(about), by="reporter", at=NOTICED) == Refusal("DUPLICATE_APPEAL", "about_position")


def test_before_anything_is_put_up_there_is_nothing_to_appeal_against(city: City) -> None:
    assert city.when(file(city.verified()), by="reporter") == Refusal("PHASE_VIOLATION")


def test_opened_grades_are_appealed_against_for_ten_days_and_the_scores_in_them_too(city: City) -> None:
    position = noticed(city)
    opened = graded(city)
    tenth = instant("2019-02-07 23:59")

    assert city.when(file(opened), by="reporter", at=tenth + timedelta(minutes=1)) == Refusal("APPEAL_WINDOW_CLOSED")
    assert city.when(file(position), by="reporter", at=tenth + timedelta(minutes=1)) == Refusal("APPEAL_WINDOW_CLOSED")
    filed = city.when(file(opened), by="reporter", at=tenth)
    assert isinstance(filed, tuple)
    assert isinstance(filed[0], AppealFiled)
    assert filed[0].kind is AppealKind.GRADE
    city.given(file(position), by="reporter", at=tenth)


def test_only_grades_in_force_that_name_the_unit_are_contested(city: City) -> None:
    noticed(city)
    without = graded(city, "U05")

    assert city.when(file(without), by="reporter", at=NOTICED) == Refusal("UNKNOWN_ID", "about_position")
    first = graded(city)
    graded(city)
    assert city.when(file(first), by="reporter", at=NOTICED) == Refusal("BASIS_SUPERSEDED", "about_position")


def test_the_effective_value_is_contested_not_one_it_replaced(city: City) -> None:
    corrected = city.corrected()
    fact = city.memory.events[corrected - 1].fact
    assert isinstance(fact, ScoreCorrected)
    graded(city)

    refusal = Refusal("STALE_CORRECTION", "about_position")
    assert city.when(file(fact.corrects_position), by="reporter") == refusal
    city.given(file(corrected), by="reporter")


def test_a_cadre_appeals_alone_against_what_is_about_them(city: City) -> None:
    city.given(RegisterPerson(subject_id="cadre", display_name="cadre", home_unit_id="U04"), by="admin")
    city.given(grant("cadre", Role.ASSESSED, Scope(unit_ids=("U04",))), by="admin")
    city.given(grant("colleague", Role.ASSESSED), by="admin")
    decision = PunishmentDecided(
        cycle_id=CYCLE,
        subject_id="cadre",
        kind=DecisionKind.ADMONITION,
        basis_position=1,
        rule=RuleRef(source=RuleSource.PLAN, version=1, article="1"),
        plan_version=1,
        trace="",
        evidence=EVIDENCE,
        proposed_by="office",
        approved_by="leading",
    )
    decided = recorded(city, decision)
    appeal = file(decided, unit_id=None, subject_id="cadre")

    assert city.when(appeal, by="colleague") == Refusal("APPEAL_NOT_STANDING")
    assert city.when(file(decided), by="reporter") == Refusal("UNKNOWN_ID", "about_position")
    filed = city.given(appeal, by="cadre")
    event = city.memory.events[filed - 1]
    assert isinstance(event.fact, AppealFiled)
    assert event.fact.kind is AppealKind.DECISION
    seen_by = {
        person: visibility_of(person, city.memory.load(person_stream(person))[1], NOW.date()).sees(event)
        for person in ("cadre", "office", "reporter")
    }
    assert seen_by == {"cadre": True, "office": True, "reporter": False}


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"about_position": 10_000}, Refusal("UNKNOWN_ID", "about_position")),
        ({"about_position": 1}, Refusal("UNKNOWN_ID", "about_position")),
        ({"level": 2}, Refusal("MALFORMED_INPUT", "level")),
        ({"level": 3}, Refusal("OUT_OF_RANGE", "level")),
        ({"subject_id": "reporter"}, Refusal("MALFORMED_INPUT", "unit_id")),
        ({"grounds": "Unfair."}, Refusal("REASON_TOO_SHORT", "grounds")),
        ({"remedy": " "}, Refusal("REASON_REQUIRED", "remedy")),
        ({"evidence": ("f" * 64,)}, Refusal("EVIDENCE_UNKNOWN", "evidence")),
    ],
)
def test_an_appeal_that_says_too_little_is_refused(city: City, changed: dict[str, Any], refusal: Refusal) -> None:
    position = noticed(city)

    assert city.when(replace(file(position), **changed), by="reporter", at=NOTICED) == refusal


def test_an_accepted_appeal_is_assigned_heard_decided_and_carried_out(city: City, filed: int) -> None:
    at = NOTICED
    assert city.when(accept(filed), by="reporter", at=at) == Refusal("FORBIDDEN_ROLE")
    assert city.when(accept(filed), by="office", at=at) == (
        AppealAccepted(cycle_id=CYCLE, unit_id="U04", appeal_position=filed),
    )
    panel = (PanelMember(person_id="panel", declaration=EVIDENCE[0]),)
    assert city.when(assign(filed, "panel"), by="office", at=at) == (
        AppealAssigned(cycle_id=CYCLE, unit_id="U04", appeal_position=filed, panel=panel),
    )
    assert city.when(hear(filed, NOTICE_ON), by="panel", at=at) == (
        AppealHeard(cycle_id=CYCLE, unit_id="U04", appeal_position=filed, heard_on=NOTICE_ON, evidence=EVIDENCE),
    )
    assert city.when(judge(filed), by="panel", at=at) == (
        AppealDecided(
            cycle_id=CYCLE,
            unit_id="U04",
            appeal_position=filed,
            level=1,
            outcome=AppealOutcome.UPHELD,
            findings="The yearbook says 7.9, page 12.",
            directs="Correct the value to 7.9.",
            late=False,
            evidence=EVIDENCE,
        ),
    )

    entry = appeals(city).by_position[filed].fact.about_position
    assert city.when(implement(filed, entry), by="office", at=at) == Refusal("UNKNOWN_ID", "correction_positions")
    correction = corrected(city, entry)
    assert city.when(implement(filed, correction), by="office", at=at) == (
        AppealImplemented(cycle_id=CYCLE, unit_id="U04", appeal_position=filed, correction_positions=(correction,)),
    )
    assert city.when(implement(filed, correction), by="office", at=at) == Refusal("APPEAL_NOT_OPEN", "appeal_position")


def corrected(city: City, entry: int) -> int:
    correction = ScoreCorrected(
        cycle_id=CYCLE,
        unit_id="U04",
        indicator_id="A",
        period=YEAR,
        request_position=entry,
        corrects_position=entry,
        old_value=Decimal("7.4"),
        new_value=Decimal("7.9"),
        reason_code=ReasonCode.APPEAL_UPHELD,
        correction_class=CorrectionClass.ADJUDICATION,
        requested_by="panel",
        approved_by="director",
        evidence=EVIDENCE,
    )
    return recorded(city, correction, "director", "DIRECTOR")


@pytest.mark.parametrize("tie", Tie)
def test_whoever_had_a_hand_in_the_score_or_belongs_to_the_unit_is_no_judge_of_it(city: City, tie: Tie) -> None:
    for person in ("scorer", "verifier"):
        city.give_role(person, Role.PANEL)
    neighbour = insider(city, Role.PANEL, tie)
    filed = city.given(file(noticed(city)), by="reporter", at=NOTICED)
    city.given(accept(filed), by="office", at=NOTICED)

    for person in ("scorer", "verifier", neighbour):
        refusal = Refusal("CONFLICT_OF_INTEREST", "panel")
        assert city.when(assign(filed, "panel", person), by="office", at=NOTICED) == refusal
        assert city.when(judge(filed), by=person, at=NOTICED) == Refusal("CONFLICT_OF_INTEREST")
    assert city.when(assign(filed, "office"), by="office", at=NOTICED) == Refusal("FORBIDDEN_ROLE", "panel")
    assert city.when(assign(filed), by="office", at=NOTICED) == Refusal("MALFORMED_INPUT", "panel")


def test_a_named_panel_alone_decides(city: City, filed: int) -> None:
    city.given(RegisterPerson(subject_id="second", display_name="second"), by="admin", at=NOTICED)
    city.given(grant("second", Role.PANEL), by="admin", at=NOTICED)
    city.given(accept(filed), by="office", at=NOTICED)
    city.given(assign(filed, "second"), by="office", at=NOTICED)

    assert city.when(judge(filed), by="panel", at=NOTICED) == Refusal("FORBIDDEN_ROLE")
    assert city.when(judge(filed), by="leading", at=NOTICED) == Refusal("FORBIDDEN_ROLE")
    city.given(judge(filed), by="second", at=NOTICED)


def test_an_appeal_is_decided_once_it_is_accepted_and_only_once(city: City, filed: int) -> None:
    not_open = Refusal("APPEAL_NOT_OPEN", "appeal_position")

    assert city.when(judge(filed), by="panel", at=NOTICED) == not_open
    city.given(accept(filed), by="office", at=NOTICED)
    assert city.when(accept(filed), by="office", at=NOTICED) == not_open
    assert city.when(replace(judge(filed), directs=None), by="panel", at=NOTICED) == Refusal(
        "REASON_REQUIRED", "directs"
    )
    contradiction = judge(filed, AppealOutcome.DISMISSED, directs="Correct it all the same.")
    assert city.when(contradiction, by="panel", at=NOTICED) == Refusal("MALFORMED_INPUT", "directs")
    city.given(judge(filed), by="panel", at=NOTICED)
    assert city.when(judge(filed), by="panel", at=NOTICED) == not_open


def test_an_answer_after_ten_days_is_late_and_says_so(city: City, filed: int) -> None:
    city.given(accept(filed), by="office", at=NOTICED)

    def late(at_text: str) -> bool:
        fact = judge(filed).decide(city.world("panel", at=instant(at_text)))[0]
        assert isinstance(fact, AppealDecided)
        return fact.late

    assert (late("2019-02-07 23:59"), late("2019-02-08 00:00")) == (False, True)


def test_an_inadmissible_appeal_ends_there(city: City, filed: int) -> None:
    turn_away = DeclareAppealInadmissible(
        cycle_id=CYCLE, unit_id="U04", appeal_position=filed, reason="It contests no figure of this cycle."
    )
    city.given(turn_away, by="office", at=NOTICED)

    assert city.when(accept(filed), by="office", at=NOTICED) == Refusal("APPEAL_NOT_OPEN", "appeal_position")


def test_what_the_panel_dismissed_goes_to_the_leading_group_once(city: City, filed: int) -> None:
    city.given(accept(filed), by="office", at=NOTICED)
    city.given(judge(filed, AppealOutcome.DISMISSED), by="panel", at=NOTICED)
    too_late = instant("2019-02-08 00:00")

    assert city.when(escalate(filed), by="reporter", at=too_late) == Refusal("APPEAL_WINDOW_CLOSED")
    city.given(escalate(filed), by="reporter", at=NOTICED)
    assert [appeal.level for appeal in appeals(city).open_in({"U04"})] == [2]
    assert city.when(judge(filed), by="panel", at=NOTICED) == Refusal("FORBIDDEN_ROLE")
    city.given(judge(filed, AppealOutcome.DISMISSED), by="leading", at=NOTICED)
    assert city.when(escalate(filed), by="reporter", at=NOTICED) == Refusal("DUPLICATE_APPEAL", "appeal_position")
    assert city.when(implement(filed, 1), by="office", at=NOTICED) == Refusal("APPEAL_NOT_OPEN", "appeal_position")


def test_an_upheld_appeal_has_nowhere_to_go(city: City, filed: int) -> None:
    city.given(accept(filed), by="office", at=NOTICED)
    city.given(judge(filed), by="panel", at=NOTICED)

    assert city.when(escalate(filed), by="reporter", at=NOTICED) == Refusal("APPEAL_NOT_OPEN", "appeal_position")


def test_a_second_appeal_that_is_withdrawn_leaves_the_panels_decision(city: City, filed: int) -> None:
    city.given(accept(filed), by="office", at=NOTICED)
    city.given(judge(filed, AppealOutcome.PARTLY_UPHELD), by="panel", at=NOTICED)
    city.given(escalate(filed), by="reporter", at=NOTICED)
    withdraw = WithdrawAppeal(cycle_id=CYCLE, unit_id="U04", appeal_position=filed, reason="We accept it.")
    city.given(withdraw, by="reporter", at=NOTICED)

    assert status(city, filed) is AppealStatus.DECIDED


def test_open_appeals_of_a_group_are_known_of_the_whole_cycle(city: City, filed: int) -> None:
    def open_positions() -> list[int]:
        rulings = Rulings()
        for event in city.memory.events:
            rulings = rulings.evolve(event)
        return [appeal.position for appeal in rulings.appeals.open_in({"U04", "U05"})]

    assert open_positions() == [filed]
    city.given(accept(filed), by="office", at=NOTICED)
    assert open_positions() == [filed]
    city.given(judge(filed), by="panel", at=NOTICED)
    assert open_positions() == []

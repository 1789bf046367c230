"""Histories for the tests of projections: real commands decided in memory, then put into a ledger.

Random histories are drawn as a list of moves. A move that the rules refuse records nothing,
so whatever is drawn is a history that could have happened.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from city import NOW, PLAN, found_city
from closing_moves import CLOSING_ACTIONS, NOT_BEFORE
from moves import ACTIONS as SCORE_ACTIONS
from moves import NORTH, SOUTH, Move
from ruling_moves import RULING_ACTIONS

from ledger.domain.facts import Event
from ledger.domain.formulas import Formula, FormulaKind
from ledger.domain.periods import Frequency
from ledger.domain.plan import (
    Calendar,
    EntryKind,
    Group,
    GroupWeight,
    Indicator,
    Member,
    Participation,
    Plan,
)
from ledger.domain.plan_rules import (
    AdjustmentKind,
    AdjustmentRule,
    AdjustmentRules,
    ClassWeight,
    DecisionKind,
    DecisionRule,
    DishonestyRule,
    EvaluationRules,
    OptionPoints,
    RaterClass,
)
from ledger.domain.quota import GradeQuota, GradingRules, SmallGroupRule, TiePolicy
from ledger.entries import Draft
from ledger.store import Store

ACTIONS = SCORE_ACTIONS | RULING_ACTIONS
PERIODS = ("2018-Q3", "2018-Q4", "2018-Y")
CELLS = (
    *((unit, "A", "2018-Y") for unit in ("U01", "U02", "U03", "U04", "U05")),
    *((unit, "Q", period) for unit in ("U01", "U02", "U03") for period in ("2018-Q3", "2018-Q4")),
)


def _indicator(indicator_id: str, kind: FormulaKind, frequency: Frequency, **weights: int) -> Indicator:
    return Indicator(
        indicator_id=indicator_id,
        name=indicator_id,
        dimension_id="ECONOMY",
        weights=tuple(GroupWeight(group_id=group, weight=Decimal(weight)) for group, weight in weights.items()),
        formula=Formula(kind=kind),
        entry_kind=EntryKind.ACTUAL,
        uom="%",
        scale=2,
        frequency=frequency,
        value_min=Decimal(0),
    )


TWO_GROUPS = replace(
    PLAN,
    unit_ids=("U01", "U02", "U03", "U04", "U05"),
    periods=PERIODS,
    indicators=(
        _indicator("A", FormulaKind.LINEAR_RATIO, Frequency.YEAR, NORTH=40, SOUTH=100),
        _indicator("Q", FormulaKind.BEST_RATIO, Frequency.QUARTER, NORTH=60),
    ),
    groups=(
        Group(group_id=NORTH, name="North", members=tuple(Member(unit_id=unit) for unit in ("U01", "U02", "U03"))),
        Group(
            group_id=SOUTH,
            name="South",
            members=(Member(unit_id="U04"), Member(unit_id="U05", participation=Participation.LISTED_SEPARATELY)),
        ),
    ),
    calendar=Calendar(deadlines=()),
    evaluation=EvaluationRules(
        share=Decimal("0.2"), classes=(ClassWeight(rater_class=RaterClass.PUBLIC, weight=Decimal(100)),)
    ),
    adjustments=AdjustmentRules(
        rules=(
            AdjustmentRule(article="21", kind=AdjustmentKind.BONUS, points_max=Decimal(3)),
            AdjustmentRule(article="31", kind=AdjustmentKind.DEDUCTION, points_max=Decimal(3)),
        ),
        bonus_max=Decimal(2),
    ),
    veto_articles=("41",),
    dishonesty=DishonestyRule(),
    grading=GradingRules(
        grades=(GradeQuota(grade="EXCELLENT", share=Decimal("0.4")), GradeQuota(grade="GOOD", share=Decimal("0.4"))),
        tie_keys=("A",),
        small_groups=SmallGroupRule.POOL,
    ),
)
"""One group compares its units, the other has a unit out of the contest; targets are each unit's own."""
APART = replace(
    TWO_GROUPS,
    calendar=Calendar(
        deadlines=(),
        holidays=tuple(date(2019, 2, day) for day in range(4, 11)),
        makeup_workdays=(date(2019, 2, 2), date(2019, 2, 3)),
    ),
    evaluation=EvaluationRules(
        share=Decimal("0.2"),
        classes=(
            ClassWeight(rater_class=RaterClass.PUBLIC, weight=Decimal(60)),
            ClassWeight(rater_class=RaterClass.PEER, weight=Decimal(40)),
        ),
        options=(
            OptionPoints(option="good", points=Decimal(100)),
            OptionPoints(option="bad", points=Decimal(50)),
        ),
    ),
    grading=GradingRules(
        grades=TWO_GROUPS.grading.grades if TWO_GROUPS.grading else (),
        tie_policy=TiePolicy.COMMITTEE,
        exceptions_max=1,
    ),
    decisions=(DecisionRule(article="R1", kind=DecisionKind.COMMENDATION, grades=("EXCELLENT",), required=False),),
)
"""Each group has a quota of its own, ties are the committee's, and peers cast ballots."""


class Year:
    """A year in memory on which moves are tried; every unit has a target, so that every score can be entered."""

    def __init__(self, plan: Plan = TWO_GROUPS) -> None:
        self.city = found_city(plan)
        self.now = NOW
        self.given(*(Move("set_target", cell) for cell in range(5)))
        self.founded = self.city.head
        """The last position before anything else happens."""
        self.plan = plan

    def __repr__(self) -> str:
        return "Year(APART)" if self.plan is APART else "Year()"

    @property
    def events(self) -> list[Event]:
        """What was recorded."""
        return self.city.memory.events

    def given(self, *moves: Move) -> Year:
        """Make moves that the rules allow; return self."""
        for move in moves:
            before = self.city.head
            self.tried(move)
            assert self.city.head > before, move
        return self

    def tried(self, *moves: Move) -> Year:
        """Try moves that the rules may refuse; return self."""
        for move in moves:
            attempt = (ACTIONS | CLOSING_ACTIONS)[move.action](
                self.city, CELLS[move.cell % len(CELLS)], Decimal(move.number)
            )
            if attempt is not None:
                command, by = attempt
                self.now = max(self.now, NOT_BEFORE.get(move.action, NOW))
                self.city.when(command, by=by, at=self.now)
        return self


EVERYTHING_ONCE = (
    *(Move("enter", cell, cell + 2) for cell in range(8)),
    Move("claim", 3, 9),
    Move("return", 0),
    Move("enter", 0, 7),
    *(Move("verify", cell) for cell in range(8)),
    Move("request", 0, 8),
    Move("approve", 0),
    Move("request", 0, 9),
    Move("reject", 0),
    Move("request", 1, 9),
    Move("take_back", 1),
    Move("withdraw", 0),
    Move("enter_late", 0, 4),
    Move("verify", 0),
    Move("enter", 9, 3),
    Move("withdraw", 9),
    Move("adjust_target", 1, 9),
    Move("exempt", 5),
    Move("end_exemption"),
    Move("rename", 1),
    Move("rename", 1, 2),
    Move("replan", 0, 3),
    Move("assign", 3, 0),
    Move("request", 2, 5),
    Move("approve", 2),
    Move("claim_bonus", 0),
    Move("approve_bonus", 0),
    Move("deduct", 1),
    Move("revoke_adjustment", 1),
    Move("deduct", 3, 2),
    Move("veto", 0),
    Move("veto", 3, 2),
    Move("lift_veto", 3),
    Move("campaign"),
    Move("survey", 0, 5),
    Move("survey", 2, 7),
    Move("compute", 0),
    Move("merge"),
    Move("compute", 3),
    Move("request", 2, 6),
    Move("approve", 2),
)
"""Every kind of move, each of which succeeds."""


NORTH_AND_SOUTH = (0, 3)
"""A cell of each group."""
ALL_VERIFIED = tuple(
    Move(action, cell, number)
    for cell, number in ((0, 7), (1, 7), (2, 4), (3, 5), *((cell, 6) for cell in range(5, 11)))
    for action in ("enter", "verify")
)
"""Every score that grades wait for; the first two units have the same."""
BALLOTS = (
    *(Move(action) for action in ("peers", "tokens")),
    *(Move("ballot", 0, number) for number in range(4)),
    *(Move(action) for action in ("close_ballots", "tally")),
)
ENDING = (
    Move("close_entry"),
    *(
        Move(action, cell)
        for action in ("compute", "notice", "end_notice", "resolve", "except", "open")
        for cell in NORTH_AND_SOUTH
    ),
    Move("publish"),
    Move("reopen"),
    Move("ask_again", 2, 9),
    Move("correct_again", 2),
    *(Move(action, cell) for action in ("resolve", "compute", "revise") for cell in NORTH_AND_SOUTH),
    Move("restate"),
)
"""From the end of entry to a restated report."""


def ended() -> Year:
    """A year in which ballots were counted, a tie was resolved, and reports were published and restated."""
    year = Year(APART).tried(*ALL_VERIFIED, *BALLOTS, *ENDING)
    happened = {event.type for event in year.events}
    missing = {
        "BallotCast",
        "EvaluationTallied",
        "TieResolved",
        "GradeExceptionGranted",
        "GradesOpened",
        "ReportPublished",
        "RestatementOpened",
        "GradesRevised",
        "ReportRestated",
    } - happened
    assert not missing, missing
    return year


def eventful(*before: Move) -> Year:
    """A year in which everything happens at least once, after what else is to happen."""
    assert {move.action for move in EVERYTHING_ONCE} | {"set_target"} == ACTIONS.keys()
    return Year().given(*before, *EVERYTHING_ONCE)


def record(store: Store, year: Year) -> None:
    """Put a year that was decided in memory into an empty ledger, at the same positions."""
    events = year.events
    drafts = [Draft(e.stream, e.version, e.fact, e.actor, e.command_id) for e in events]
    recorded = store.append(drafts)
    assert [e.position for e in recorded] == [e.position for e in events]

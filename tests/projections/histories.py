"""Histories for the tests of projections: real commands decided in memory, then put into a ledger.

Random histories are drawn as a list of moves. A move that the rules refuse records nothing,
so whatever is drawn is a history that could have happened.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from city import NOW, PLAN, found_city
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
)
from ledger.domain.plan_rules import (
    AdjustmentKind,
    AdjustmentRule,
    AdjustmentRules,
    ClassWeight,
    DishonestyRule,
    EvaluationRules,
    RaterClass,
)
from ledger.domain.quota import GradeQuota, GradingRules, SmallGroupRule
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


class Year:
    """A year in memory on which moves are tried; every unit has a target, so that every score can be entered."""

    def __init__(self) -> None:
        self.city = found_city(TWO_GROUPS)
        self.given(*(Move("set_target", cell) for cell in range(5)))
        self.founded = self.city.head
        """The last position before anything else happens."""

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
            attempt = ACTIONS[move.action](self.city, CELLS[move.cell % len(CELLS)], Decimal(move.number))
            if attempt is not None:
                command, by = attempt
                self.city.when(command, by=by, at=NOW)
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

"""What was asked of raters is waited for: no grades before every campaign is tallied, and none stale without cause."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from city import CYCLE, GROUP, LATE, UNITS, City, Refusal, enter, found_city, indicator, verify
from opening import (
    BY_POINTS,
    ENDED,
    NORTH,
    NOTICED,
    OPENED,
    POINTS,
    RULES,
    SOUTH,
    compute,
    end_notice,
    notice,
    open_grades,
    two_groups,
)
from test_evaluation import CLOSE, ISSUE, OPEN, SURVEY, TALLY, ballot
from test_evaluation import ENDED as BALLOTS_ENDED
from test_evaluation import RULES as RATERS
from test_vetoes import CADRE_RULES as CADRES
from test_vetoes import IMPOSE, PERSONAL

from ledger.domain.commands import CloseEntry
from ledger.domain.commands.evaluating import OpenEvaluation
from ledger.domain.evaluation import EvaluationTallied, UnitTally
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.grading import GradesOpened
from ledger.domain.plan import EntryKind, GroupWeight, Plan
from ledger.domain.plan_rules import RaterClass
from ledger.domain.refusals import ResultsIncomplete
from ledger.domain.world import Command

PUBLIC = replace(OPEN, campaign_id="PUBLIC", rater_class=RaterClass.PUBLIC, closes_on=date(2019, 3, 1))
PEERS = replace(OPEN, closes_on=date(2019, 3, 1))
"""Both may run on for weeks."""


def scored(plan: Plan) -> City:
    """A city whose units have verified points."""
    city = found_city(plan)
    for unit_id, awarded in POINTS.items():
        entered = city.given(enter(awarded, unit_id, "C"), by="scorer")
        city.given(verify(entered, unit_id, "C"), by="verifier")
    return city


def surveyed(city: City, campaign_id: str = "PUBLIC", unit_ids: tuple[str, ...] = UNITS) -> None:
    for unit_id in unit_ids:
        city.given(replace(SURVEY, campaign_id=campaign_id, unit_id=unit_id), by="office")


def noticed(city: City, group_id: str = GROUP) -> int:
    """Given results that stood out their notice; their position."""
    city.given(CloseEntry(cycle_id=CYCLE), by="office", at=LATE)
    computed = city.given(compute(group_id), by="office", at=LATE)
    city.given(notice(computed, group_id), by="office", at=NOTICED)
    city.given(end_notice(group_id), by="office", at=ENDED)
    return computed


@pytest.fixture
def appraised() -> City:
    """Points for all, a survey of the public for all, and a campaign among peers that takes ballots."""
    city = scored(replace(BY_POINTS, evaluation=RATERS))
    city.given(PUBLIC, by="office")
    surveyed(city)
    city.given(PEERS, by="office")
    city.given(ISSUE, by="office")
    return city


def test_grades_are_not_opened_while_a_classs_ballots_are_not_counted(appraised: City) -> None:
    appraised.given(ballot("优秀", "良好", "良好", "一般", "较差"), by="scorer")
    computed = noticed(appraised)

    assert [row.missing for row in appraised.results().rows] == [1] * 5
    assert appraised.when(open_grades(computed), by="leading", at=OPENED) == Refusal(
        "RESULTS_INCOMPLETE", "results_position"
    )
    with pytest.raises(ResultsIncomplete, match="campaigns: PEERS"):
        appraised.given(open_grades(computed), by="leading", at=OPENED)


def test_raters_who_count_as_an_indicator_are_waited_for_too() -> None:
    formula = Formula(kind=FormulaKind.EVALUATION)
    said = replace(indicator("E", "20", formula), entry_kind=EntryKind.POINTS, uom="points")
    awarded = replace(BY_POINTS.indicators[0], weights=(GroupWeight(group_id=GROUP, weight=Decimal(80)),))
    rules = replace(RATERS, share=Decimal(0))
    city = scored(replace(BY_POINTS, indicators=(awarded, said), evaluation=rules))
    city.given(PUBLIC, by="office")
    surveyed(city)
    assert city.results().complete

    city.given(PEERS, by="office")

    assert [row.awaited for row in city.results().rows] == [("PEERS",)] * 5
    assert not city.results().complete


def test_a_campaign_without_a_ballot_is_tallied_too_and_its_class_gives_its_weight_to_the_others(
    appraised: City,
) -> None:
    appraised.given(CLOSE, by="office")
    assert appraised.when(TALLY, by="office") == (
        EvaluationTallied(
            cycle_id=CYCLE,
            campaign_id="PEERS",
            rater_class=RaterClass.PEER,
            group_id=GROUP,
            plan_version=1,
            units=tuple(UnitTally(unit_id=unit_id, n=0, n_valid=0, mean=None, trimmed=False) for unit_id in UNITS),
        ),
    )
    assert appraised.when(TALLY, by="office") == Refusal("NO_CHANGE", "campaign_id")

    computed = noticed(appraised)

    assert appraised.results().complete
    assert isinstance(appraised.when(open_grades(computed), by="leading", at=OPENED), tuple)


def test_a_unit_that_no_survey_reached_is_waited_for_until_its_campaign_is_tallied() -> None:
    """Tallying a campaign in which nobody voted leaves what the survey found of the others."""
    city = scored(replace(BY_POINTS, evaluation=RATERS))
    city.given(PUBLIC, by="office")
    surveyed(city, unit_ids=UNITS[:4])
    assert [row.unit_id for row in city.results().rows if not row.complete] == ["U05"]
    public = {"campaign_id": "PUBLIC"}
    city.given(replace(CLOSE, **public), by="office")

    tallied = city.when(replace(TALLY, **public), by="office")

    assert isinstance(tallied, tuple)
    assert isinstance(tallied[0], EvaluationTallied)
    assert [unit.unit_id for unit in tallied[0].units] == ["U05"]
    assert {row.evaluation.points for row in city.results().rows if row.evaluation} == {Decimal("81.35"), None}


def test_where_every_unit_was_surveyed_and_nobody_voted_there_is_nothing_to_tally() -> None:
    city = scored(replace(BY_POINTS, evaluation=RATERS))
    city.given(PUBLIC, by="office")
    surveyed(city)
    city.given(replace(CLOSE, campaign_id="PUBLIC"), by="office")

    assert city.when(replace(TALLY, campaign_id="PUBLIC"), by="office") == Refusal("NO_CHANGE", "campaign_id")


def test_a_class_is_not_asked_about_a_unit_twice(appraised: City) -> None:
    again = replace(PEERS, campaign_id="PEERS-2", unit_ids=("U05",))

    assert appraised.when(again, by="office") == Refusal("DUPLICATE_ID", "unit_ids")
    assert appraised.when(replace(PUBLIC, campaign_id="PUBLIC-2"), by="office") == Refusal("DUPLICATE_ID", "unit_ids")
    appraised.given(ballot("优秀", "良好", "良好", "一般", "较差"), by="scorer")
    appraised.given(CLOSE, by="office")
    appraised.given(TALLY, by="office")
    assert appraised.when(again, by="office") == Refusal("DUPLICATE_ID", "unit_ids")


def test_a_class_is_asked_again_if_its_campaign_ended_without_a_valid_ballot(appraised: City) -> None:
    appraised.given(CLOSE, by="office")
    appraised.given(TALLY, by="office")

    appraised.given(replace(PEERS, campaign_id="PEERS-2"), by="office")

    assert [row.missing for row in appraised.results().rows] == [1] * 5


# ---- what makes another group's results stale


@pytest.fixture
def halves() -> City:
    """Two groups, each with a survey; that of the south is incomplete and its peers are not counted."""
    city = scored(replace(two_groups(RULES), evaluation=RATERS, veto_articles=("41",), cadres=CADRES))
    for group_id, unit_ids in ((NORTH, UNITS[:3]), (SOUTH, UNITS[3:])):
        public = replace(PUBLIC, campaign_id=f"PUBLIC-{group_id}", group_id=group_id, unit_ids=unit_ids)
        city.given(public, by="office")
        surveyed(city, f"PUBLIC-{group_id}", unit_ids[:3])
    south = replace(PEERS, group_id=SOUTH, unit_ids=UNITS[3:])
    city.given(south, by="office")
    city.given(CLOSE, by="office", at=BALLOTS_ENDED)
    return city


ASKED: OpenEvaluation = replace(
    PEERS, campaign_id="LEADERS", rater_class=RaterClass.PEER, group_id=NORTH, unit_ids=UNITS[:3]
)


@pytest.mark.parametrize(
    ("command", "by", "stale"),
    [
        (TALLY, "office", False),
        (PERSONAL, "leading", False),
        (replace(IMPOSE, unit_id="U05"), "leading", False),
        (ASKED, "office", True),
        (IMPOSE, "leading", True),
    ],
)
def test_results_are_stale_only_after_what_moves_their_own_units(
    halves: City, command: Command, by: str, stale: bool
) -> None:
    computed = noticed(halves, NORTH)
    halves.given(command, by=by, at=ENDED)

    opened = halves.when(open_grades(computed, NORTH), by="leading", at=OPENED)

    if stale:
        assert opened == Refusal("RESULTS_STALE", "results_position")
    else:
        assert isinstance(opened, tuple)
        assert isinstance(opened[0], GradesOpened)

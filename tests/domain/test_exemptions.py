"""Exempting a unit from an indicator: who decides, what is refused, and what is left to the unit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from city import CYCLE, EVIDENCE, GROUP, PLAN, City, Refusal, enter, exempt, found_city, indicator, plan_with

from ledger.domain.commands import AssignUnitToGroup, CloseEntry, EndIndicatorExemption, IssuePlanVersion
from ledger.domain.cycle import IndicatorExempted, IndicatorExemptionEnded, NotApplicablePolicy
from ledger.domain.formula import Formula, FormulaKind
from ledger.domain.plan import Participation


def test_an_indicator_is_exempted_once(city: City) -> None:
    city.given(exempt("U04", "A"), by="director")

    assert city.when(exempt("U04", "A"), by="director") == Refusal("NO_CHANGE", "indicator_id")


def test_the_director_exempts_a_unit_from_an_indicator_that_somebody_else_asked_for(city: City) -> None:
    assert city.when(exempt("U04", "A"), by="director") == (
        IndicatorExempted(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            policy=NotApplicablePolicy.REDISTRIBUTE,
            reason="The district has no such industry.",
            evidence=EVIDENCE,
            requested_by="reporter",
            approved_by="director",
        ),
    )


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"requested_by": "director"}, Refusal("SEPARATION_OF_DUTIES")),
        ({"requested_by": "nobody"}, Refusal("UNKNOWN_ID", "requested_by")),
        ({"evidence": ()}, Refusal("EVIDENCE_REQUIRED", "evidence")),
        ({"reason": "No."}, Refusal("REASON_TOO_SHORT", "reason")),
        ({"periods": ("2018-Q1",)}, Refusal("INVALID_PERIOD", "periods")),
        ({"unit_id": "U99"}, Refusal("UNKNOWN_ID", "unit_id")),
        ({"indicator_id": "Z"}, Refusal("UNKNOWN_ID", "indicator_id")),
    ],
)
def test_an_exemption_is_refused(city: City, change: dict[str, object], refusal: Refusal) -> None:
    assert city.when(replace(exempt("U04", "A"), **change), by="director") == refusal


def test_exempting_a_whole_dimension_takes_the_leading_group(city: City) -> None:
    assert city.when(exempt("U04", "C"), by="director") == Refusal("FORBIDDEN_ROLE")
    city.given(exempt("U04", "C"), by="leading")

    city.given(exempt("U04", "A"), by="director")
    assert city.when(exempt("U04", "B"), by="director") == Refusal("FORBIDDEN_ROLE")


def test_an_exemption_ends_and_the_indicator_applies_again(city: City) -> None:
    exempted = city.given(exempt("U04", "A"), by="director")
    end = EndIndicatorExemption(cycle_id=CYCLE, exempted_position=exempted, reason="The plant reopened.")

    assert city.when(end, by="director") == (
        IndicatorExemptionEnded(
            cycle_id=CYCLE,
            unit_id="U04",
            indicator_id="A",
            exempted_position=exempted,
            reason="The plant reopened.",
        ),
    )
    assert city.when(end, by="director") == Refusal("UNKNOWN_ID", "exempted_position")
    city.given(enter("7.4"), by="scorer")


def test_after_entry_closed_nothing_is_exempted(city: City) -> None:
    exempted = city.given(exempt("U04", "A"), by="director")
    city.given(CloseEntry(cycle_id=CYCLE), by="office")

    assert city.when(exempt("U05", "A"), by="director") == Refusal("PHASE_VIOLATION")
    end = EndIndicatorExemption(cycle_id=CYCLE, exempted_position=exempted, reason="The plant reopened.")
    assert city.when(end, by="director") == Refusal("PHASE_VIOLATION")


@pytest.fixture
def city_with_one_left(city: City) -> City:
    """A city in which one indicator of three is left to U04."""
    for indicator_id in ("C", "A"):
        city.given(exempt("U04", indicator_id), by="leading")
    return city


def test_the_last_indicator_of_a_unit_stays(city_with_one_left: City) -> None:
    last = exempt("U04", "B")

    assert city_with_one_left.when(last, by="leading") == Refusal("WEIGHTS_NOT_100", "indicator_id")
    # With full marks the indicator keeps its weight.
    city_with_one_left.given(replace(last, policy=NotApplicablePolicy.FULL_MARK), by="leading")


def test_no_plan_version_takes_the_last_indicator_from_a_unit() -> None:
    points = Formula(kind=FormulaKind.DIRECT_POINTS)
    without = plan_with(PLAN.indicators[0], indicator("C", "50", points, dimension_id="LIVELIHOOD"))
    issued = IssuePlanVersion(
        cycle_id=CYCLE, content=without, based_on=1, summary="B falls away.", approved_by="leading"
    )

    city = found_city(opened=False)
    for indicator_id in ("C", "A"):
        city.given(exempt("U04", indicator_id), by="leading")

    assert city.when(issued, by="office") == Refusal("WEIGHTS_NOT_100", "content.indicators")
    city.given(replace(issued, content=plan_with(*PLAN.indicators)), by="office")


def test_a_unit_to_which_no_indicator_is_left_comes_back_when_one_is(city_with_one_left: City) -> None:
    def assigned(participation: Participation) -> AssignUnitToGroup:
        return AssignUnitToGroup(
            cycle_id=CYCLE, unit_id="U04", group_id=GROUP, participation=participation, reason="It was closed."
        )

    city = city_with_one_left
    city.given(assigned(Participation.NOT_ASSESSED), by="leading")
    last = city.given(exempt("U04", "B"), by="leading")

    assert city.when(assigned(Participation.RANKED), by="leading") == Refusal("WEIGHTS_NOT_100", "group_id")
    city.given(EndIndicatorExemption(cycle_id=CYCLE, exempted_position=last, reason="It reopened."), by="director")
    city.given(assigned(Participation.RANKED), by="leading")

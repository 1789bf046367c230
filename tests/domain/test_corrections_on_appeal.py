"""Whether an appeal may end worse for the unit is for the plan to say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from city import PLAN, Refusal, found_city, request

from ledger.domain.score import CorrectionRequested, RequestedFor


@pytest.mark.parametrize(
    ("value", "may_lower", "recorded"), [("7.0", True, True), ("7.0", False, False), ("8.0", False, True)]
)
def test_an_appeal_lowers_a_score_only_where_the_plan_allows_it(value: str, may_lower: bool, recorded: bool):
    city = found_city(replace(PLAN, appeal_may_lower=may_lower))
    asked = replace(request(city.verified("7.4"), value), requested_for=RequestedFor.APPEAL)

    outcome = city.when(asked, by="panel")

    if recorded:
        assert isinstance(outcome, tuple)
        assert isinstance(outcome[0], CorrectionRequested)
    else:
        assert outcome == Refusal("OUT_OF_RANGE", "proposed_value")

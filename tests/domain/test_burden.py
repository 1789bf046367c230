"""What may be asked of the units in a year, and what is asked of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from city import EVIDENCE, City, Refusal

from ledger.domain.burden import (
    AssessmentItemApproved,
    AssessmentItemProposed,
    AssessmentItemRejected,
    AssessmentItemRetired,
    BurdenCapSet,
    DataRequestIssued,
)
from ledger.domain.commands import (
    ApproveAssessmentItem,
    IssueDataRequest,
    ProposeAssessmentItem,
    RejectAssessmentItem,
    RetireAssessmentItem,
    SetBurdenCap,
)
from ledger.domain.periods import Frequency
from ledger.domain.roles import Role
from ledger.domain.units import UnitCategory

YEAR = 2019
CAP = SetBurdenCap(year=YEAR, items_max=2, demands_per_category_max=3, requests_per_unit_month_max=1)


def propose(item_id: str, *demands: str) -> ProposeAssessmentItem:
    return ProposeAssessmentItem(
        year=YEAR,
        item_id=item_id,
        name=f"Item {item_id}",
        legal_basis="Regulation 7",
        categories=(UnitCategory.DISTRICT,),
        frequency=Frequency.QUARTER,
        demands=demands or ("Area planted",),
    )


def approve(item_id: str) -> ApproveAssessmentItem:
    return ApproveAssessmentItem(year=YEAR, item_id=item_id)


def retire(item_id: str) -> RetireAssessmentItem:
    return RetireAssessmentItem(year=YEAR, item_id=item_id, reason="It is asked elsewhere.")


REQUEST = IssueDataRequest(
    year=YEAR, item_id="I-1", unit_ids=("U01", "U02"), demands=("Area planted",), due_on=date(2019, 3, 10)
)
ONE_OFF = replace(REQUEST, item_id=None, approved_by="director", evidence=EVIDENCE)


@pytest.fixture
def listed(city: City) -> City:
    """The city with one item on its list."""
    city.given(propose("I-1"), by="scorer")
    city.given(approve("I-1"), by="leading")
    return city


def test_the_leading_group_caps_what_may_be_asked(city: City) -> None:
    assert city.when(CAP, by="director") == Refusal("FORBIDDEN_ROLE")
    assert city.when(CAP, by="leading") == (
        BurdenCapSet(year=YEAR, items_max=2, demands_per_category_max=3, requests_per_unit_month_max=1),
    )


def test_a_cap_leaves_room_for_what_is_on_the_list(listed: City) -> None:
    assert listed.when(replace(CAP, items_max=0), by="leading") == Refusal("BURDEN_CAP_EXCEEDED", "items_max")
    assert listed.when(replace(CAP, items_max=-1), by="leading") == Refusal("OUT_OF_RANGE", "items_max")
    listed.given(replace(CAP, items_max=1), by="leading")


def test_an_item_is_proposed_by_one_and_approved_by_another(city: City) -> None:
    assert city.when(propose("I-1"), by="scorer") == (
        AssessmentItemProposed(
            year=YEAR,
            item_id="I-1",
            name="Item I-1",
            legal_basis="Regulation 7",
            categories=(UnitCategory.DISTRICT,),
            frequency=Frequency.QUARTER,
            demands=("Area planted",),
        ),
    )
    proposed = city.head
    city.give_role("scorer", Role.DIRECTOR)

    assert city.when(approve("I-1"), by="scorer") == Refusal("SEPARATION_OF_DUTIES")
    assert city.when(approve("I-1"), by="director") == (
        AssessmentItemApproved(year=YEAR, item_id="I-1", proposed_position=proposed),
    )
    assert city.when(approve("I-1"), by="director") == Refusal("REQUEST_NOT_OPEN", "item_id")
    assert city.when(propose("I-1"), by="scorer") == Refusal("DUPLICATE_ID", "item_id")


def test_an_item_is_rejected_or_retired_and_may_be_proposed_again(city: City) -> None:
    proposed = city.given(propose("I-1"), by="scorer")
    reject = RejectAssessmentItem(year=YEAR, item_id="I-1", reason="The yearbook has it.")

    assert city.when(reject, by="director") == (
        AssessmentItemRejected(year=YEAR, item_id="I-1", proposed_position=proposed, reason="The yearbook has it."),
    )
    assert city.when(retire("I-1"), by="director") == Refusal("ITEM_NOT_APPROVED", "item_id")
    city.given(propose("I-1"), by="scorer")
    city.given(approve("I-1"), by="director")
    assert city.when(retire("I-1"), by="director") == (
        AssessmentItemRetired(year=YEAR, item_id="I-1", reason="It is asked elsewhere."),
    )


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (replace(propose("I-1"), demands=()), Refusal("MALFORMED_INPUT", "demands")),
        (replace(propose("I-1"), categories=()), Refusal("MALFORMED_INPUT", "categories")),
        (replace(propose("I-1"), legal_basis=" "), Refusal("MALFORMED_INPUT", "legal_basis")),
        (replace(propose("I-1"), year=0), Refusal("MALFORMED_INPUT", "year")),
    ],
)
def test_an_item_that_says_nothing_is_refused(city: City, command: ProposeAssessmentItem, refusal: Refusal) -> None:
    assert city.when(command, by="scorer") == refusal


def test_nothing_is_approved_that_nobody_proposed(city: City) -> None:
    assert city.when(approve("I-1"), by="director") == Refusal("UNKNOWN_ID", "item_id")


def test_the_list_holds_no_more_items_than_its_cap(city: City) -> None:
    city.given(replace(CAP, items_max=42, demands_per_category_max=None), by="leading")
    for number in range(43):
        city.given(propose(f"I-{number}"), by="scorer")
    for number in range(42):
        city.given(approve(f"I-{number}"), by="leading")

    assert city.when(approve("I-42"), by="leading") == Refusal("BURDEN_CAP_EXCEEDED", "item_id")
    city.given(retire("I-0"), by="leading")
    city.given(approve("I-42"), by="leading")


def test_the_list_asks_no_more_of_a_kind_of_unit_than_its_cap(listed: City) -> None:
    listed.given(CAP, by="leading")
    listed.given(propose("I-2", "Cattle", "Sheep", "Goats"), by="scorer")

    assert listed.when(approve("I-2"), by="leading") == Refusal("BURDEN_CAP_EXCEEDED", "item_id")
    listed.given(retire("I-1"), by="leading")
    listed.given(approve("I-2"), by="leading")


def test_data_are_asked_for_under_an_item_of_the_list(listed: City) -> None:
    assert listed.when(REQUEST, by="reporter") == Refusal("FORBIDDEN_ROLE")
    assert listed.when(REQUEST, by="scorer") == (
        DataRequestIssued(
            year=YEAR,
            item_id="I-1",
            unit_ids=("U01", "U02"),
            demands=("Area planted",),
            due_on=date(2019, 3, 10),
        ),
    )


def test_a_single_request_outside_the_list_needs_an_approval_of_its_own(listed: City) -> None:
    assert listed.when(ONE_OFF, by="scorer") == (
        DataRequestIssued(
            year=YEAR,
            approved_by="director",
            evidence=EVIDENCE,
            unit_ids=("U01", "U02"),
            demands=("Area planted",),
            due_on=date(2019, 3, 10),
        ),
    )


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (replace(REQUEST, item_id=None), Refusal("ITEM_NOT_APPROVED", "item_id")),
        (replace(REQUEST, item_id="I-9"), Refusal("ITEM_NOT_APPROVED", "item_id")),
        (replace(REQUEST, demands=("Cattle",)), Refusal("ITEM_NOT_APPROVED", "demands")),
        (replace(REQUEST, approved_by="director"), Refusal("MALFORMED_INPUT", "approved_by")),
        (replace(REQUEST, unit_ids=("U99",)), Refusal("UNKNOWN_ID", "unit_ids")),
        (replace(REQUEST, unit_ids=()), Refusal("MALFORMED_INPUT", "unit_ids")),
        (replace(REQUEST, due_on=date(2020, 1, 1)), Refusal("MALFORMED_INPUT", "due_on")),
        (replace(ONE_OFF, approved_by="verifier"), Refusal("FORBIDDEN_ROLE", "approved_by")),
        (replace(ONE_OFF, evidence=()), Refusal("EVIDENCE_REQUIRED", "evidence")),
    ],
)
def test_a_request_outside_the_list_is_refused(listed: City, command: IssueDataRequest, refusal: Refusal) -> None:
    assert listed.when(command, by="scorer") == refusal


def test_nobody_approves_their_own_request(listed: City) -> None:
    assert listed.when(ONE_OFF, by="director") == Refusal("SEPARATION_OF_DUTIES", "approved_by")


def test_an_item_for_other_units_covers_nothing(city: City) -> None:
    city.given(replace(propose("I-1"), categories=(UnitCategory.DEPARTMENT,)), by="scorer")
    city.given(approve("I-1"), by="leading")

    assert city.when(REQUEST, by="scorer") == Refusal("ITEM_NOT_APPROVED", "unit_ids")


def test_no_more_is_due_from_a_unit_in_a_month_than_the_cap(listed: City) -> None:
    listed.given(CAP, by="leading")
    listed.given(REQUEST, by="scorer")
    late = replace(REQUEST, due_on=date(2019, 3, 31))

    assert listed.when(late, by="scorer") == Refusal("BURDEN_CAP_EXCEEDED", "unit_ids")
    assert listed.when(replace(ONE_OFF, due_on=late.due_on), by="scorer") == Refusal("BURDEN_CAP_EXCEEDED", "unit_ids")
    listed.given(replace(late, due_on=date(2019, 4, 1)), by="scorer")
    listed.given(replace(late, unit_ids=("U03",)), by="scorer")

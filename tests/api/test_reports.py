"""What is asked about reports: who approved them, why they were restated, and which are still to come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from city import CYCLE, City
from client import Client
from opening import PUBLISHED, publish, scored_city

from ledger.domain.commands import SetReportDue
from ledger.domain.publication import ReportKind

Serve = Callable[[City], Client]


def test_a_restated_report_says_what_it_was_restated_for_and_who_approved_it(story: Client) -> None:
    document = """
    { publications(cycle: "MINI-2018", first: 10) { nodes {
        number approvedBy restatement restatementCause restatementApprovedBy
        changes { unitId field reasonCodes movedBy }
    } } }
    """

    first, second, third = story.ask(document, by="p-reporter")["nodes"]

    assert first == {
        "number": "2018-A",
        "approvedBy": "leading",
        "restatement": None,
        "restatementCause": None,
        "restatementApprovedBy": None,
        "changes": [],
    }
    assert (second["restatement"], third["restatement"]) == ("R1", "R2")
    for restated in (second, third):
        assert restated["approvedBy"] == restated["restatementApprovedBy"] == "leading"
        assert restated["restatementCause"] == "A published figure proved wrong."
    moved = {"reasonCodes": ["APPEAL_UPHELD"], "movedBy": ["ScoreCorrected"]}
    assert second["changes"][0] == {"unitId": "U02", "field": "total"} | moved


def test_announced_reports_are_due_until_they_are_published(serve: Serve) -> None:
    city = scored_city()
    quarterly = SetReportDue(cycle_id=CYCLE, kind=ReportKind.QUARTERLY, period="2018-Q4", due_on=date(2019, 2, 15))
    annual = replace(quarterly, kind=ReportKind.ANNUAL, period=None, due_on=date(2019, 2, 28))
    announced = [city.given(each, by="office", at=PUBLISHED) for each in (annual, quarterly)]
    published = city.given(publish("N", kind=ReportKind.QUARTERLY, period="2018-Q4"), by="office", at=PUBLISHED)
    client = serve(city)

    def due(arguments: str) -> list[dict[str, Any]]:
        nodes = "position kind period dueOn overdue"
        document = f'{{ reportsDue(cycle: "{CYCLE}", first: 5{arguments}) {{ nodes {{ {nodes} }} }} }}'
        return client.ask(document, by="reporter")["nodes"]

    still = {"position": str(announced[0]), "kind": "ANNUAL", "period": None, "dueOn": "2019-02-28"}
    assert due(', on: "2019-02-28"') == [still | {"overdue": False}]
    assert due(', on: "2019-03-01"') == [still | {"overdue": True}]
    before = due(f', on: "2019-02-16", asOf: {{position: "{published - 1}"}}')
    assert [(each["kind"], each["overdue"]) for each in before] == [("QUARTERLY", True), ("ANNUAL", False)]

"""Names and texts about persons over GraphQL: read by whoever may see the event, proved to few, gone once erased."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from city import CYCLE, NOW, City, found_city
from client import Client

from ledger.domain.appeal import AppealDecided, AppealFiled, AppealKind, AppealOutcome
from ledger.domain.commitments import is_commitment, verify_opening
from ledger.domain.facts import Actor
from ledger.domain.rule_reference import RuleRef, RuleSource
from ledger.domain.veto import VetoEffect, VetoImposed

NAME = "欧阳静文"
PERSON = '{ person(id: "p-7") { displayName } }'
EVENT = "query($at: Position!) { event(position: $at) { data texts { field text } } }"
OPENING = """query($at: Position!) { opening(position: $at, field: "display_name") {
    position field value salt commitment } }"""
ERASE = {"subjectId": "p-7", "legalBasis": "PIPL article 47", "approvedBy": "director"}


@pytest.fixture
def registered(client: Client) -> int:
    """The position at which a person was registered."""
    return client.record("registerPerson", {"subjectId": "p-7", "displayName": NAME}, by="administrator")


def test_a_name_is_read_by_those_who_may_see_the_person(client: Client, registered: int) -> None:
    assert client.ask(PERSON, by="inspector") == {"displayName": NAME}
    assert client.ask(PERSON, by="p-7") == {"displayName": NAME}
    assert client.ask(PERSON, by="stranger") is None


def test_an_event_shows_what_the_entry_holds_and_the_text_beside_it(client: Client, registered: int) -> None:
    event = client.ask(EVENT, by="inspector", at=str(registered))

    assert is_commitment(event["data"]["display_name"])
    assert event["texts"] == [{"field": "display_name", "text": NAME}]


def test_an_opening_is_checked_without_us(client: Client, registered: int) -> None:
    opening = client.ask(OPENING, by="inspector", at=str(registered))

    entry = next(client.service.store.entries(after=registered - 1))
    verify_opening(entry, opening["field"], opening["salt"], opening["value"])
    assert (opening["position"], opening["value"]) == (str(registered), NAME)


def test_an_opening_is_for_those_who_may_see_the_registry(client: Client, registered: int) -> None:
    assert code(client, OPENING, by="p-7", at=str(registered)) == "FORBIDDEN_ROLE"


def test_an_erased_person_has_no_name(client: Client, registered: int) -> None:
    client.record("eraseSubject", ERASE, by="administrator")

    assert client.ask(PERSON, by="inspector") == {"displayName": None}
    event = client.ask(EVENT, by="inspector", at=str(registered))
    assert event["texts"] == [{"field": "display_name", "text": None}]
    assert code(client, OPENING, by="inspector", at=str(registered)) == "UNKNOWN_ID"


def test_what_is_decided_about_a_person_is_read_where_the_unit_s_would_be(serve: Callable[[City], Client]) -> None:
    city = found_city()
    leading = Actor("leading", "LEADING")
    veto = VetoImposed(
        cycle_id=CYCLE,
        subject_id="deputy",
        rule=RuleRef(source=RuleSource.PLAN, version=1, article="41"),
        matter="Falsified the yearbook.",
        occurred_on=date(2018, 9, 1),
        effect=VetoEffect.MAX_GRADE,
        grade="GOOD",
        evidence=(),
        determined_by="Commission",
    )
    imposed = city.memory.record(veto, actor=leading, at=NOW).position
    filed = AppealFiled(
        cycle_id=CYCLE,
        subject_id="deputy",
        kind=AppealKind.VETO,
        about_position=imposed,
        level=1,
        grounds="Not me.",
        remedy="Lift",
        evidence=(),
    )
    position = city.memory.record(filed, actor=Actor("deputy", "ASSESSED"), at=NOW).position
    decided = AppealDecided(
        cycle_id=CYCLE,
        subject_id="deputy",
        appeal_position=position,
        level=1,
        outcome=AppealOutcome.UPHELD,
        findings="It was somebody else.",
        directs="Lift the veto.",
        late=False,
        evidence=(),
    )
    city.memory.record(decided, actor=leading, at=NOW)
    client = serve(city)
    vetoes = f'{{ vetoes(cycle: "{CYCLE}", first: 9) {{ nodes {{ matter }} }} }}'
    appeals = f'{{ appeals(cycle: "{CYCLE}", first: 9) {{ nodes {{ directs timeline {{ texts {{ text }} }} }} }} }}'

    assert nodes(client, vetoes) == [{"matter": "Falsified the yearbook."}]
    assert nodes(client, appeals) == [
        {
            "directs": "Lift the veto.",
            "timeline": [
                {"texts": [{"text": "Not me."}, {"text": "Lift"}]},
                {"texts": [{"text": "It was somebody else."}, {"text": "Lift the veto."}]},
            ],
        }
    ]
    client.record("eraseSubject", ERASE | {"subjectId": "deputy"}, by="admin")
    client.service.projector.catch_up()
    assert nodes(client, vetoes) == [{"matter": "(erased)"}]
    assert nodes(client, appeals)[0]["directs"] == "(erased)"


def nodes(client: Client, document: str) -> list[dict[str, Any]]:
    return client.ask(document, by="inspector")["nodes"]


def test_a_refused_command_leaves_nothing_of_its_texts(client: Client, registered: int) -> None:
    refused = client.refuse("registerPerson", {"subjectId": "p-8", "displayName": NAME}, by="inspector")

    assert refused["recorded"] == ["CommandRefused"]
    assert NAME.encode() not in b"".join(client.service.store.entries())
    log = client.service.settings.data_dir / "access.jsonl"
    assert not log.exists() or NAME.encode() not in log.read_bytes()


def code(client: Client, document: str, *, by: str, **variables: Any) -> str:
    return client.raw(document, by=by, **variables)["errors"][0]["extensions"]["code"]

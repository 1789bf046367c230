"""Commands over HTTP: what is recorded, refused with a code and a path, or answered again."""

from __future__ import annotations

from uuid import UUID

import pytest
from client import Client

KEY = {"cycleId": "MINI-2018", "unitId": "U01", "indicatorId": "A", "period": "2018-Y"}


@pytest.mark.parametrize("value", ["1e3", "１２.５", "12,5", "85%", "", 85.1, 85])
def test_a_value_that_is_no_plain_decimal_is_refused_by_name(client: Client, value: object) -> None:
    refusal = client.refuse("enterScore", KEY | {"value": value, "uom": "unit"}, by="inspector")

    assert (refusal["code"], refusal["path"], refusal["recorded"]) == ("INVALID_DECIMAL", "value", [])


def test_a_number_without_quotes_in_the_document_is_refused_too(client: Client) -> None:
    answer = client.ask(
        'mutation { enterScore(commandId: "00000000-0000-0000-0000-0000000000fe", input: {cycleId: "MINI-2018",'
        ' unitId: "U01", indicatorId: "A", period: "2018-Y", value: 85.1, uom: "unit"}) { ... on Refusal { code } } }'
    )

    assert answer == {"code": "INVALID_DECIMAL"}


def test_a_repeated_command_id_is_answered_with_the_first_outcome(client: Client) -> None:
    given = {"unitId": "U99", "nameZh": "九十九区", "category": "DISTRICT", "effectiveOn": "2018-01-01"}
    command_id = UUID(int=77)

    first = client.tell("registerUnit", given, by="office", command_id=command_id)
    again = client.tell("registerUnit", given, by="office", command_id=command_id)
    other = client.tell("registerUnit", given | {"nameZh": "别区"}, by="office", command_id=command_id)

    assert first["__typename"] == "Recorded"
    assert again == first
    assert (other["__typename"], other["code"]) == ("Refusal", "IDEMPOTENCY_CONFLICT")


def test_a_refusal_says_where_in_the_input_it_arose(client: Client) -> None:
    given = {"unitId": "U 1", "nameZh": "x", "category": "DISTRICT", "effectiveOn": "2018-01-01"}

    refusal = client.refuse("registerUnit", given, by="office")

    assert (refusal["code"], refusal["path"], refusal["retryable"]) == ("MALFORMED_INPUT", "unitId", False)


def test_a_client_reads_its_own_write_at_the_position_it_was_given(client: Client) -> None:
    given = {"unitId": "U98", "nameZh": "九十八区", "category": "DISTRICT", "effectiveOn": "2018-01-01"}

    position = client.record("registerUnit", given, by="office")

    document = "query($at: Position!) { events(first: 1, order: NEWEST_FIRST, atLeast: $at) { nodes { position } } }"
    assert client.ask(document, at=str(position))["nodes"] == [{"position": str(position)}]


def test_a_position_that_is_never_reached_is_waited_for_only_so_long(client: Client) -> None:
    answer = client.raw('{ events(first: 1, atLeast: "999999") { nodes { position } } }')

    assert answer["errors"][0]["extensions"]["retryable"] is True


@pytest.mark.parametrize(
    ("arguments", "path"),
    [("first: 0", "first"), ("first: 101", "first"), ('first: 1, after: "nonsense"', "after")],
)
def test_a_page_that_cannot_be_given_is_refused(client: Client, arguments: str, path: str) -> None:
    answer = client.raw(f"{{ events({arguments}) {{ nodes {{ position }} }} }}")

    assert answer["errors"][0]["extensions"] == {"code": "MALFORMED_INPUT", "path": path, "retryable": False}


def test_pages_follow_each_other_without_gap_or_repetition(client: Client) -> None:
    document = """
    query($after: String) {
      events(first: 3, after: $after) { edges { cursor node { position } } pageInfo { hasNextPage endCursor } }
    }
    """
    seen: list[int] = []
    after, more = None, True
    while more:
        page = client.ask(document, after=after)
        seen += [int(edge["node"]["position"]) for edge in page["edges"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert seen == list(range(1, client.service.store.head + 1))


def test_an_object_is_found_again_by_its_global_id(client: Client) -> None:
    event = client.ask('{ event(position: "1") { id type } }')

    found = client.ask(
        "query($id: ID!) { node(id: $id) { __typename ... on Event { type position } } }", id=event["id"]
    )

    assert found == {"__typename": "Event", "type": "LedgerOpened", "position": "1"}
    assert client.ask("query($id: ID!) { node(id: $id) { id } }", id="nonsense") is None

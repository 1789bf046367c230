"""Orders: mutations by compiled documents are answered with the bytes of the executor, and recorded as by it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from client import RECORDED, Client

from ledger.api.fast.orders import order_of
from ledger.api.schema import documents, schema
from ledger.commands import Request
from ledger.writer import Writer

REGISTER = f"""mutation($id: UUID!, $input: RegisterUnitInput!, $behalf: String) {{
  told: registerUnit(commandId: $id, input: $input, onBehalfOf: $behalf) {{ __typename {RECORDED} }}
}}"""
TIMES = """mutation($id: UUID!, $input: RegisterUnitInput!) {
  registerUnit(commandId: $id, input: $input) {
    ... on Recorded { asOf { position recordedAt } events { id stream version channel actor { personId role } } }
    ... on Refusal { code message path ruleRef currentVersion retryable }
  }
}"""
UNIT: dict[str, Any] = {"unitId": "U50", "nameZh": "五十区", "category": "DISTRICT", "effectiveOn": "2018-01-01"}
NO_ORDER = {
    "a literal": """mutation($input: RegisterUnitInput!) {
        registerUnit(commandId: "00000000-0000-0000-0000-0000000000fe", input: $input) { __typename } }""",
    "two mutations": """mutation($id: UUID!, $other: UUID!, $input: RegisterUnitInput!) {
        a: registerUnit(commandId: $id, input: $input) { __typename }
        b: registerUnit(commandId: $other, input: $input) { __typename } }""",
    "a directive": """mutation($id: UUID!, $input: RegisterUnitInput!, $on: Boolean!) {
        registerUnit(commandId: $id, input: $input) { __typename ... on Recorded @include(if: $on) { position } } }""",
    "a proof": """mutation($id: UUID!, $input: RegisterUnitInput!) {
        registerUnit(commandId: $id, input: $input) { ... on Recorded { events { proof { root } } } } }""",
    "an anonymous command": """mutation($id: UUID!, $input: CastBallotInput!) {
        castBallot(commandId: $id, input: $input) { __typename } }""",
    "a query": "{ __typename }",
}


@pytest.fixture
def plain(client: Client) -> Client:
    """The same ledger, told by the executor alone."""
    return Client(replace(client.service, settings=replace(client.service.settings, fast=False)))


def sent(client: Client, body: object, by: str | None = "office") -> httpx.Response:
    return client.http("POST", "/graphql", json=body, headers=client.headers(by))


def register(number: int, given: object, document: str = REGISTER, **variables: Any) -> dict[str, Any]:
    return {"query": document, "variables": {"id": str(UUID(int=number)), "input": given} | variables}


@pytest.mark.parametrize("document", [REGISTER, TIMES])
def test_a_command_sent_again_is_answered_with_the_bytes_of_the_executor(
    client: Client, plain: Client, document: str
) -> None:
    request = register(7_000, UNIT, document)
    assert order_of(schema._schema, documents.prepared(document), None) is not None

    told, again = sent(client, request), sent(plain, request)

    assert b'"code"' not in told.content
    assert (told.status_code, told.headers["content-type"], told.content) == (
        again.status_code,
        again.headers["content-type"],
        again.content,
    )


def test_whoever_has_waited_long_enough_is_told_at_once_and_may_send_it_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[Request] = []
    carry_out = Writer.carry_out

    def counted(writer: Writer, request: Request, timeout_s: float) -> Any:
        waited.append(request)
        return carry_out(writer, request, timeout_s)

    monkeypatch.setattr(Writer, "carry_out", counted)
    with monkeypatch.context() as patch:
        patch.setattr("ledger.api.mutations.TIMEOUT_S", 0)
        late = sent(client, register(7_002, UNIT))
    again = sent(client, register(7_002, UNIT))

    assert (late.status_code, late.json()["errors"][0]["extensions"]) == (504, {"code": "TIMEOUT"})
    assert len(waited) == 2
    assert again.json()["data"]["told"]["__typename"] == "Recorded"


@pytest.mark.parametrize(
    ("body", "by"),
    [
        (register(7_001, UNIT | {"unitId": "U 1"}), "office"),
        (register(7_001, UNIT | {"unitId": None}), "office"),
        (register(7_001, UNIT | {"unitId": 7}), "office"),
        (register(7_001, UNIT | {"category": "NONSENSE"}), "office"),
        (register(7_001, UNIT | {"category": ["DISTRICT"]}), "office"),
        (register(7_001, UNIT | {"effectiveOn": "2018-02-30"}), "office"),
        (register(7_001, UNIT | {"unknown": 1}), "office"),
        (register(7_001, {"unitId": "U50"}), "office"),
        (register(7_001, [UNIT]), "office"),
        (register(7_001, UNIT, id="no id"), "office"),
        (register(7_001, UNIT, id=None), "office"),
        (register(7_001, UNIT, behalf=3), "office"),
        (register(7_001, UNIT, behalf="director"), "office"),
        (register(7_001, UNIT, unused=3), "citizen"),
        (register(7_001, UNIT), None),
        ({"query": REGISTER}, "office"),
        ({"query": REGISTER, "variables": None}, "office"),
        ({"query": REGISTER, "variables": [], "operationName": 3}, "office"),
    ],
)
def test_what_cannot_be_recorded_is_answered_as_by_the_executor(
    client: Client, plain: Client, body: object, by: str | None
) -> None:
    told, by_executor = sent(client, body, by), sent(plain, body, by)

    assert b"Recorded" not in told.content
    assert (told.status_code, told.content) == (by_executor.status_code, by_executor.content)


@pytest.mark.parametrize("what", NO_ORDER)
def test_what_needs_the_executor_is_no_order(what: str) -> None:
    prepared = documents.prepared(NO_ORDER[what])

    assert prepared.errors == ()
    assert order_of(schema._schema, prepared, None) is None

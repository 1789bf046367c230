"""A client of the whole service over HTTP."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from ledger.api.app import create_app
from ledger.api.service import Service
from ledger.api.tokens import make_token
from ledger.entries import decode

RECORDED = """
... on Recorded { position events { position type data } }
... on Refusal { code message path retryable currentVersion }
"""


@dataclass
class Client:
    """A client that names its commands 1, 2, 3 … and asks as whoever it is told to."""

    service: Service
    url: str = "http://ledger.test/graphql"
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1_000))

    def __post_init__(self) -> None:
        self._app = create_app(self.service)

    def http(self, method: str, url: str, **kwargs: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://ledger.test") as client:
                return await client.request(method, url, **kwargs)

        return asyncio.run(send())

    def headers(self, by: str | None) -> dict[str, str]:
        return {"authorization": f"Bearer {make_token(self.service.settings, by)}"} if by else {}

    def raw(self, document: str, *, by: str | None = "inspector", **variables: Any) -> dict[str, Any]:
        """Send a document; a query waits until the projections have come to the ledger's head."""
        if not document.startswith("mutation"):
            self.service.answers.wait_for(self.service.store.head)
        body = {"query": document, "variables": variables}
        return self.http("POST", "/graphql", json=body, headers=self.headers(by)).json()

    def ask(self, document: str, *, by: str | None = "inspector", **variables: Any) -> Any:
        """Answer a query that must succeed; the single root field's value."""
        answer = self.raw(document, by=by, **variables)
        assert "errors" not in answer, answer["errors"]
        (value,) = answer["data"].values()
        return value

    def tell(
        self,
        mutation: str,
        given: dict[str, Any],
        *,
        by: str | None,
        command_id: UUID | None = None,
        behalf: str | None = None,
    ) -> dict[str, Any]:
        """Send a mutation and return what became of it."""
        name = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation($id: UUID!, $input: {name}Input!, $behalf: String)"
            f" {{ {mutation}(commandId: $id, input: $input, onBehalfOf: $behalf) {{ __typename {RECORDED} }} }}"
        )
        number = command_id or UUID(int=next(self.numbers))
        return self.ask(document, by=by, id=str(number), input=given, behalf=behalf)

    def record(self, mutation: str, given: dict[str, Any], *, by: str, behalf: str | None = None) -> int:
        """Send a mutation that must be recorded; its position."""
        outcome = self.tell(mutation, given, by=by, behalf=behalf)
        assert outcome["__typename"] == "Recorded", outcome
        return int(outcome["position"])

    def refuse(
        self, mutation: str, given: dict[str, Any], *, by: str | None, behalf: str | None = None
    ) -> dict[str, Any]:
        """Send a mutation that must be refused, recording nothing but the attempt; the refusal."""
        head = self.service.store.head
        outcome = self.tell(mutation, given, by=by, behalf=behalf)
        assert outcome["__typename"] == "Refusal", outcome
        types = [event["type"] for event in self.events_after(head)]
        assert types in ([], ["CommandRefused"]), types
        return outcome | {"recorded": types}

    def events_after(self, position: int) -> list[dict[str, Any]]:
        return [{"type": decode(entry).type} for entry in self.service.store.entries(after=position)]

    def grant(self, person_id: str, role: str, **scope: Any) -> None:
        """Register a person if need be, and give them a role through the founding persons."""
        registered = self.tell("registerPerson", {"subjectId": person_id, "displayName": person_id}, by="administrator")
        assert registered["__typename"] == "Recorded" or registered["code"] == "DUPLICATE_ID", registered
        given = {
            "subjectId": person_id,
            "role": role,
            "scope": {"unitIds": [], "indicatorIds": [], "groupIds": []} | scope,
            "validFrom": "2018-01-01",
            "approvedBy": "director",
        }
        self.record("grantRole", given, by="administrator")

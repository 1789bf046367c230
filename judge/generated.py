"""Requests that schemathesis generates from our schema: none may end in an error of ours.

    python judge/generated.py URL TOKEN [requests]

Run by `judge/api.py` in an environment of its own. Half of them are asked by somebody who
is signed in. A refusal carries a code; an error without one is a bug that was masked, which is what is
looked for, besides any status from 500 on and any answer that is no GraphQL answer.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC
from math import ceil
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes

NAMES = st.sampled_from(["2018", "U-1", "G1", "GDP", "office", "2018-Y", "甲"])


def describe_scalars() -> None:
    """Tell schemathesis how our scalars are written."""
    # Not beyond the first events of the ledger, or the service waits for what was not recorded yet.
    positions = st.integers(0, 9).map(str)
    decimals = st.decimals(-1_000, 1_000, places=2).map(lambda value: format(value, "f"))
    instants = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.isoformat().replace("+00:00", "Z"))
    schemathesis.graphql.scalar("Position", positions.map(nodes.String))
    schemathesis.graphql.scalar("Decimal", decimals.map(nodes.String))
    schemathesis.graphql.scalar("Timestamp", instants.map(nodes.String))
    schemathesis.graphql.scalar("UUID", st.uuids().map(str).map(nodes.String))
    schemathesis.graphql.scalar("Date", st.dates().map(str).map(nodes.String))
    schemathesis.graphql.scalar("JSON", NAMES.map(nodes.String))


def fault(response: schemathesis.Response) -> str | None:
    """What is wrong with an answer, None if nothing is."""
    if response.status_code >= 500:
        return f"status {response.status_code}"
    try:
        answer = response.json()
    except ValueError:
        return "no JSON"
    if not isinstance(answer, dict) or not answer.keys() & {"data", "errors"}:
        return "no GraphQL answer"
    for error in answer.get("errors", ()):
        if "path" in error and "code" not in error.get("extensions", {}):
            return error["message"]
    return None


@dataclass
class Asked:
    """What was asked, and what came of it."""

    token: str
    statuses: Counter[int] = field(default_factory=Counter[int])
    faults: dict[str, str] = field(default_factory=dict[str, str])

    def ask(self, operation: Any, requests: int) -> None:
        """Send generated requests for one field of the schema's roots."""

        @seed(20_260_101)
        @settings(max_examples=requests, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def each(case: schemathesis.Case) -> None:
            signed_in = self.statuses.total() % 2 == 0
            response = case.call(headers={"authorization": f"Bearer {self.token}"} if signed_in else {})
            self.statuses[response.status_code] += 1
            found = fault(response)
            if found is not None:
                self.faults.setdefault(f"{operation.label}: {found}", str(case.body))

        each()


def main(url: str, token: str, requests: int) -> int:
    """Send them; the exit code."""
    describe_scalars()
    schema = schemathesis.graphql.from_url(url, headers={"authorization": f"Bearer {token}"})
    operations = [found.ok() for found in schema.get_all_operations()]
    asked = Asked(token)
    # Of what takes no arguments there is one request only, so that others are given more.
    wanted = ceil(requests / len(operations)) + 2
    for operation in operations:
        asked.ask(operation, wanted)
    for what, body in asked.faults.items():
        print(f"{what}\n    {body}")
    sent = asked.statuses.total()
    by_status = ", ".join(f"{count:,} with {status}" for status, count in sorted(asked.statuses.items()))
    print(f"schemathesis: {sent:,} requests to {len(operations)} operations: {by_status}")
    return 1 if asked.faults or sent < requests else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 2_000))

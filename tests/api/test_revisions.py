"""Every revision of a real table can be had back through GraphQL, as it stood."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from client import Client
from clock import Clock
from tabled import REVISIONS, revision, write_csv

from ledger.importing import Order, import_table, read_table

VALUES = """
query($at: Position!, $after: String) {
  values(cycle: "gdp", indicator: "gdp", first: 100, after: $after, asOf: {position: $at}, atLeast: $at) {
    nodes { unitId period value } pageInfo { hasNextPage endCursor }
  }
}
"""


def values(client: Client, at: int) -> list[list[str]]:
    found: list[list[str]] = []
    after, more = None, True
    while more:
        page = client.ask(VALUES, at=str(at), after=after)
        found += [[node["unitId"], node["period"], node["value"]] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return found


def test_values_as_of_the_end_of_each_import_are_the_file(client: Client, clock: Clock, tmp_path: Path) -> None:
    clock.now = datetime(2024, 10, 21, tzinfo=UTC)
    order = Order(
        cycle_id="gdp", indicator_id="gdp", by="chen", approved_by="li", reconcile=True, reason="Published revision"
    )
    ends: list[int] = []
    for number in range(1, len(REVISIONS) + 1):
        table = read_table(write_csv(tmp_path / f"{number}.csv", revision(number)))
        report = import_table(client.service.store, client.service.evidence, table, order)
        assert report.last_position is not None
        ends.append(report.last_position)

    for number, end in enumerate(ends, start=1):
        assert values(client, end) == sorted([unit, period, value] for unit, _, period, value in revision(number)[1:])

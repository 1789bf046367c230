"""Our mutation beside PostGraphile's plain insert into one table, at 32 connections, in interleaved rounds of one run.

    python benchmarks/mutating.py [rounds] [seconds]

Ours enters a score: who may, which plan is in force, phase, period, deadlines, unit of measure, decimal places, the
version of everything that was relied on, the command's id, the log, fsync. PostGraphile's inserts a row with
the same figures, with fsync and no check but its types. One process of each on one PostgreSQL, as it is run in
production. Every request is another command about one of some thousand scores.

Needs npm, like `side_by_side/run.py`, whose servers and load these are.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent / "side_by_side"))

import run

from ledger.api.service import open_service
from ledger.api.tokens import make_token
from ledger.commands import Request
from ledger.database import Database
from ledger.embedded import EmbeddedPostgres
from ledger.importing.founding import Founding
from ledger.importing.table_plan import UNIT_OF_MEASURE
from ledger.importing.tables import read_table
from ledger.settings import Settings

CONNECTIONS = 32
CYCLE, INDICATOR, SCORER = "2017", "GDP", "scorer"
UNITS = tuple(f"U{number:03}" for number in range(250))
MONTHS = tuple(f"{year}-M{month:02}" for year in range(2014, 2018) for month in range(1, 13))

ENTRY = """mutation($commandId: UUID!, $input: EnterScoreInput!) {
  enterScore(commandId: $commandId, input: $input) {
    __typename
    ... on Recorded { position }
    ... on Refusal { code message }
  }
}"""
PEER_ENTRY = """mutation($entry: ScoreEntryInput!) {
  createScoreEntry(input: {scoreEntry: $entry}) { __typename scoreEntry { position } }
}"""
PEER_TABLE = """
CREATE SCHEMA peer;
CREATE TABLE peer.score_entry (
    position     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    command_id   uuid        NOT NULL UNIQUE,
    cycle_id     text        NOT NULL,
    unit_id      text        NOT NULL,
    indicator_id text        NOT NULL,
    period       text        NOT NULL,
    value        numeric     NOT NULL,
    uom          text        NOT NULL,
    recorded_at  timestamptz NOT NULL DEFAULT now()
)
"""


def plan_cycle(settings: Settings, directory: Path) -> None:
    """A cycle that is open for entry of every unit and month, and somebody who may enter."""
    table = directory / "table.csv"
    rows = (f"{unit},Unit {unit},{month},1.00\n" for unit, month in product(UNITS, MONTHS))
    table.write_text("unit,unit_name,period,value\n" + "".join(rows))
    with open_service(settings) as service:
        founding = Founding(service.store, read_table(table), cycle_id=CYCLE, indicator_id=INDICATOR)
        for errand in founding.errands(by=SCORER, approved_by="verifier"):
            request = Request(command=errand.command, command_id=uuid4(), person_id=errand.person_id)
            service.commands.execute(request)


def entries(server: run.Server, document: str, *, ours: bool) -> list[dict[str, Any]]:
    """A request for each score; the stamp makes each its own command."""
    requests: list[dict[str, Any]] = []
    for month, unit in product(MONTHS, UNITS):
        command_id = f"00000000-0000-4000-8000-000000{run.STAMP}"
        given = {"cycleId": CYCLE, "unitId": unit, "indicatorId": INDICATOR, "period": month}
        given |= {"value": f"{len(requests) % 9_000 / 100 + 10:.2f}", "uom": UNIT_OF_MEASURE}
        variables = {"commandId": command_id, "input": given} if ours else {"entry": {"commandId": command_id} | given}
        requests.append(run.posted(server, document, variables))
    return requests


def main(rounds: int, seconds: int) -> None:
    """Set everything up, measure, print."""
    with tempfile.TemporaryDirectory(prefix="ledger-mutating-", ignore_cleanup_errors=True) as temporary:
        directory = Path(temporary)
        # The embedded server runs as another user when we are root, and has to pass through.
        directory.chmod(0o755)
        peers = run.install_peers(directory)
        with EmbeddedPostgres(directory / "postgres") as conninfo, ExitStack() as stack:
            settings = Settings(directory / "data", database_url=conninfo)
            plan_cycle(settings, directory)
            with Database(conninfo).connect() as connection:
                connection.execute(PEER_TABLE)
            asked = measure(peers, servers(stack, peers, settings, conninfo), rounds, seconds)
            check_recorded(Database(conninfo), asked)


def check_recorded(database: Database, asked: list[int]) -> None:
    """Raise SystemExit unless both recorded every command they answered."""
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT (SELECT count(*) FROM peer.score_entry),"
            " (SELECT count(*) FROM ledger.event WHERE type = 'ScoreEntered')"
        ).fetchone()
    # Those whose answer the load did not wait for at the end of a round may be recorded too.
    if rows is None or any(not 0 <= found - known <= known // 10 for found, known in zip(rows, asked, strict=True)):
        raise SystemExit(f"recorded {rows} of {asked} that were answered")


def servers(stack: ExitStack, peers: Path, settings: Settings, conninfo: str) -> list[run.Case]:
    """Both servers, started, with what they are asked."""
    node = str(peers / "node_modules" / ".bin" / "node")
    theirs = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    ours = {
        "LEDGER_DATA_DIR": str(settings.data_dir),
        "LEDGER_DATABASE_URL": conninfo,
        "LEDGER_REQUESTS_PER_S": "0",
    }
    serve = (sys.executable, "-m", "ledger", "serve", "--port", "5813")
    token = {"authorization": f"Bearer {make_token(settings, SCORER)}"}
    plain = run.start(stack, peers, theirs, node, "postgraphile.mjs", run.uri(conninfo), "5811")
    peer = run.Server("PostGraphile", 5811, plain)
    ledger = run.Server("ledger", 5813, run.start(stack, peers, ours, *serve), token)
    for each in (peer, ledger):
        each.wait_until_ready()
    return [
        run.Case("PostGraphile", peer, entries(peer, PEER_ENTRY, ours=False)),
        run.Case("ledger", ledger, entries(ledger, ENTRY, ours=True)),
    ]


def measure(peers: Path, found: list[run.Case], rounds: int, seconds: int) -> list[int]:
    """Interleaved rounds, of which the first only warms up; how many commands each server answered."""
    asked = [0] * len(found)
    for number in range(rounds + 1):
        for place, case in enumerate(found):
            before = case.server.cpu_s()
            busy = run.load(peers, case, connections=CONNECTIONS, seconds=seconds)
            asked[place] += busy["requests"]
            if number:
                case.per_second.append(busy["requests"] / busy["seconds"])
                case.cpu_ms.append((case.server.cpu_s() - before) / busy["requests"] * 1000)
                case.p50_ms.append(busy["p50"])
    peer = found[0]
    print(f"{'':16} {'mutations/s':>12} {'ratio':>7} {'cpu ms':>8} {'p50 ms':>8}")
    for case in found:
        ratio = statistics.median(a / b for a, b in zip(case.per_second, peer.per_second, strict=True))
        print(
            f"{case.name:16} {statistics.median(case.per_second):12,.0f} {ratio:7.2f}"
            f" {statistics.median(case.cpu_ms):8.3f} {statistics.median(case.p50_ms):8.1f}"
        )
    print("at least 1x")
    return asked


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:]]
    main(*numbers, *(5, 4)[len(numbers) :])

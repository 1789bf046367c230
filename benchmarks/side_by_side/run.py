"""Our reads beside PostGraphile's over the same rows, on one PostgreSQL, in interleaved rounds of one run.

    python benchmarks/side_by_side/run.py [events] [rounds] [seconds]

Needs npm: PostGraphile and a Node that is new enough for it are installed below the temporary directory.
One process of each, as it is run in production. On misses no request is ever the same as another:
each asks for an answer that includes a position nobody named before, so it is bound, read and rendered anew.
Hits ask the same questions again, and 304 is what a client gets that names the answer it has. The executor
is ours with LEDGER_FAST=off.

Prints medians of the rounds, ratios as medians of each round's ratio, and the CPU time of the server
process (user and system) for each request, of which the ratio says how many of ours the peer's time is
worth; PostgreSQL's own time, which both need, is in none of them. The last line of a question is
what PostgreSQL does alone: the peer's rows by a prepared statement, asked by pgbench on as many connections.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import synthetic  # noqa: E402
from psycopg.conninfo import conninfo_to_dict  # noqa: E402

from ledger.api.service import open_service  # noqa: E402
from ledger.api.tokens import make_token  # noqa: E402
from ledger.database import Database  # noqa: E402
from ledger.embedded import EmbeddedPostgres, find_binaries  # noqa: E402
from ledger.settings import Settings  # noqa: E402

HOST = "127.0.0.1"
ASKED_AT_ONCE = 400
"""Different questions that a round goes through, again and again."""
EVENTS_MIN = 2 * synthetic.EVENTS_PER_CYCLE
STAMP = "@@@@@@"
"""Stands in a request for a position of six digits that no request before it named."""
STAMP_FIRST, STAMP_LAST = 100_000, EVENTS_MIN - 1
"""So many that an answer is long forgotten when its turn comes again."""
TICKS = os.sysconf("SC_CLK_TCK")
JSON = {"content-type": "application/json"}
BOUNDS = {"misses": ">= 2", "hits": ">= 8", "304": ">= 15"}
"""What the ratio of requests per second has to be; of the waiting time alone it has to be 0.75 at most."""

RANKING = """query($cycle: String!, $group: String!, $atLeast: Position) {
  ranking(cycle: $cycle, group: $group, atLeast: $atLeast) { rows(first: 50) { nodes {
    rank unitId unitName participation total exact complete missing
  } } }
}"""
HISTORY = """query($cycle: String!, $unit: String!, $indicator: String!, $atLeast: Position) {
  scoreHistory(cycle: $cycle, unit: $unit, indicator: $indicator, period: "2018-Y", atLeast: $atLeast, first: 20) {
    nodes { position recordedAt type oldValue newValue reasonCode actor { personId role unitId } }
  }
}"""
PEER_RANKING = """query($cycle: String!, $group: String!) {
  allRankingRows(condition: {cycleId: $cycle, groupId: $group}, orderBy: PLACE_ASC, first: 50) { nodes {
    rank unitId unitName participation total exact complete missing
  } }
}"""
PEER_HISTORY = """query($key: String!) {
  allScoreEdits(condition: {scoreKey: $key}, orderBy: POSITION_ASC, first: 20) { nodes {
    position recordedAt type oldValue newValue reasonCode personByPersonId { personId role unitId }
  } }
}"""

LIMIT_RANKING = """\\set number random(1, 10)
SELECT rank, unit_id, unit_name, participation, total, exact, complete, missing FROM peer.ranking_row
WHERE cycle_id = 'C001' AND group_id = 'G' || lpad(:number::text, 2, '0') ORDER BY place LIMIT 50;
"""
LIMIT_HISTORY = """\\set number random(1, 50)
SELECT e.position, e.recorded_at, e.type, e.old_value, e.new_value, e.reason_code, p.person_id, p.role, p.unit_id
FROM peer.score_edit AS e LEFT JOIN peer.person AS p USING (person_id)
WHERE e.score_key = concat_ws(chr(58), 'score', 'C001', 'C001-G01-U' || lpad(:number::text, 2, '0'), 'I01', '2018-Y')
ORDER BY e.position LIMIT 20;
"""


@dataclass
class Server:
    """A server under load."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def wait_until_ready(self) -> None:
        """Return once the server answers. Raises SystemExit if it ended."""
        request = Request(f"http://{HOST}:{self.port}/graphql", b'{"query": "{ __typename }"}', self.headers | JSON)
        while True:
            with suppress(OSError), urlopen(request):
                return
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} did not start")
            time.sleep(0.1)

    def cpu_s(self) -> float:
        """The CPU time that the process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@dataclass
class Case:
    """One kind of request to one server, and what its rounds gave."""

    name: str
    server: Server
    requests: list[dict[str, Any]]
    status: str = "200"
    stamp: int = STAMP_FIRST
    per_second: list[float] = field(default_factory=list[float])
    cpu_ms: list[float] = field(default_factory=list[float])
    p50_ms: list[float] = field(default_factory=list[float])


def main(events: int, rounds: int, seconds: int) -> None:
    """Set everything up, measure, print."""
    with tempfile.TemporaryDirectory(prefix="ledger-side-by-side-", ignore_cleanup_errors=True) as temporary:
        directory = Path(temporary)
        # The embedded server runs as another user when we are root, and has to pass through.
        directory.chmod(0o755)
        peers = install_peers(directory)
        with EmbeddedPostgres(directory / "postgres") as conninfo:
            settings = Settings(directory / "data", database_url=conninfo)
            cycles = fill(settings, Database(conninfo), max(events, EVENTS_MIN))
            compare(peers, settings, conninfo, cycles, rounds, seconds)


def install_peers(directory: Path) -> Path:
    """Install the pinned packages of package.json from npm, unless LEDGER_PEERS names a place where they are."""
    if kept := os.environ.get("LEDGER_PEERS"):
        peers = Path(kept)
    else:
        peers = directory / "peers"
        peers.mkdir()
    for name in ("package.json", "postgraphile.mjs", "load.mjs"):
        shutil.copy(HERE / name, peers)
    if not (peers / "node_modules" / "postgraphile").is_dir():
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=peers, check=True)
    return peers


def fill(settings: Settings, database: Database, events: int) -> int:
    """Write the ledger, fold it, copy its rows for the peer; the number of cycles."""
    with open_service(settings) as service:
        synthetic.write(service.store, events=events)
        service.projector.catch_up()
    with database.connect() as connection:
        connection.execute("VACUUM ANALYZE")
        # SQL of a file of ours, with several statements.
        connection.execute((HERE / "peer.sql").read_bytes())
    return -(-events // synthetic.EVENTS_PER_CYCLE)


# ---- servers


def compare(peers: Path, settings: Settings, conninfo: str, cycles: int, rounds: int, seconds: int) -> None:
    """Start the servers over a filled database and measure every question."""
    token = {"authorization": f"Bearer {make_token(settings, 'leading-group')}"}
    theirs = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    # What one person may ask a second would be reached at once.
    ours = {
        "LEDGER_DATA_DIR": str(settings.data_dir),
        "LEDGER_DATABASE_URL": conninfo,
        "LEDGER_REQUESTS_PER_S": "0",
    }
    node = str(peers / "node_modules" / ".bin" / "node")
    serve = [sys.executable, "-m", "ledger", "serve", "--port"]
    with ExitStack() as stack:
        starting = [
            Server("PostGraphile", 5801, start(stack, peers, theirs, node, "postgraphile.mjs", uri(conninfo), "5801")),
            Server("executor", 5802, start(stack, peers, ours | {"LEDGER_FAST": "off"}, *serve, "5802"), token),
            Server("ledger", 5803, start(stack, peers, ours, *serve, "5803"), token),
        ]
        for each in starting:
            each.wait_until_ready()
        for what, our_questions, their_questions, limit in questions(cycles):
            measure(peers, what, cases(*starting, our_questions, their_questions), rounds, seconds)
            print_limit(conninfo, limit, rounds * seconds)


def start(stack: ExitStack, where: Path, surroundings: dict[str, str], *command: str) -> subprocess.Popen[bytes]:
    """A server process, which is stopped with the stack."""
    process = subprocess.Popen(command, cwd=where, env=os.environ | surroundings, stdout=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def uri(conninfo: str) -> str:
    """A connection string as Node's driver reads it."""
    given = conninfo_to_dict(conninfo)
    return f"postgresql://{given['user']}@/{given['dbname']}?host={given['host']}&port={given['port']}"


# ---- questions


def questions(cycles: int) -> Iterator[tuple[str, list[tuple[str, Any]], list[tuple[str, Any]], str]]:
    """Each question with different variables, to us and to the peer, and as a script of pgbench."""
    chance = random.Random(7)
    rankings: list[tuple[str, str]] = []
    scores: list[tuple[str, str, str]] = []
    for _ in range(ASKED_AT_ONCE):
        cycle, group = chance.randint(1, cycles), chance.randint(1, synthetic.GROUPS)
        rankings.append((synthetic.cycle_id(cycle), synthetic.group_id(group)))
        unit_id = chance.choice(synthetic.unit_ids(cycle, group))
        scores.append((synthetic.cycle_id(cycle), unit_id, chance.choice(synthetic.indicator_ids())))
    yield (
        "ranking, 50 rows of 8 fields",
        [(RANKING, {"cycle": cycle, "group": group}) for cycle, group in rankings],
        [(PEER_RANKING, {"cycle": cycle, "group": group}) for cycle, group in rankings],
        LIMIT_RANKING,
    )
    yield (
        "score history, 20 entries with actor",
        [(HISTORY, {"cycle": c, "unit": unit, "indicator": indicator}) for c, unit, indicator in scores],
        [(PEER_HISTORY, {"key": f"score:{c}:{u}:{i}:{synthetic.PERIOD}"}) for c, u, i in scores],
        LIMIT_HISTORY,
    )


def cases(
    peer: Server, plain: Server, fast: Server, ours: list[tuple[str, Any]], theirs: list[tuple[str, Any]]
) -> list[Case]:
    """What is asked of whom."""
    known = [(document, variables | {"atLeast": "1"}) for document, variables in ours]
    fresh = [(document, variables | {"atLeast": STAMP}) for document, variables in ours]
    return [
        Case("PostGraphile", peer, [posted(peer, *each) for each in theirs]),
        Case("executor", plain, [posted(plain, *each) for each in fresh]),
        Case("misses", fast, [posted(fast, *each) for each in fresh]),
        Case("hits", fast, [posted(fast, *each) for each in known]),
        Case("304", fast, [conditional(fast, *each) for each in known], status="304"),
    ]


def posted(server: Server, document: str, variables: dict[str, str]) -> dict[str, Any]:
    """A request as a client sends it."""
    body = json.dumps({"query": document, "variables": variables})
    return {"method": "POST", "path": "/graphql", "body": body, "headers": server.headers | JSON}


def conditional(server: Server, document: str, variables: dict[str, str]) -> dict[str, Any]:
    """A request of a client that has the answer already."""
    path = "/graphql?" + urlencode({"query": document, "variables": json.dumps(variables)})
    with urlopen(Request(f"http://{HOST}:{server.port}{path}", headers=server.headers)) as answer:
        return {"method": "GET", "path": path, "headers": server.headers | {"if-none-match": answer.headers["etag"]}}


# ---- rounds


def measure(peers: Path, what: str, found: list[Case], rounds: int, seconds: int) -> None:
    """Interleaved rounds, every case once in each, at eight connections and then at one; the first only warms up."""
    if len({len(answered_rows(case)) for case in found if case.status == "200"}) != 1:
        raise SystemExit(f"{what}: not everybody answers with as many rows")
    for number in range(rounds + 1):
        for case in found:
            one_round(peers, case, seconds, counts=number > 0)
    print(f"\n{what}")
    print(f"{'':14} {'req/s':>8} {'ratio':>7} {'bound':>6} {'cpu ms':>8} {'ratio':>7} {'p50 ms, c=1':>12} {'ratio':>7}")
    peer = found[0]
    for case in found:
        faster = median_ratio(case.per_second, peer.per_second)
        cheaper = median_ratio(peer.cpu_ms, case.cpu_ms)
        waits = median_ratio(case.p50_ms, peer.p50_ms)
        print(
            f"{case.name:14} {statistics.median(case.per_second):8,.0f} {faster:7.2f} {BOUNDS.get(case.name, ''):>6}"
            f" {statistics.median(case.cpu_ms):8.3f} {cheaper:7.2f}"
            f" {statistics.median(case.p50_ms):12.2f} {waits:7.2f}",
            flush=True,
        )


def answered_rows(case: Case) -> list[Any]:
    """The rows of the answer to the first request."""
    asked = case.requests[0]
    body = asked["body"].replace(STAMP, str(STAMP_FIRST)).encode()
    with urlopen(Request(f"http://{HOST}:{case.server.port}{asked['path']}", body, asked["headers"])) as answer:
        value = json.load(answer)["data"]
    while isinstance(value, dict):
        value = value.get("nodes") or next(iter(value.values()))
    return value


def median_ratio(some: list[float], others: list[float]) -> float:
    """The median of each round's ratio."""
    return statistics.median(a / b for a, b in zip(some, others, strict=True))


def print_limit(conninfo: str, script: str, seconds: int) -> None:
    """What PostgreSQL does alone, where there is a pgbench."""
    pgbench = find_binaries().directory / "pgbench"
    if not pgbench.exists():
        return
    options = ["-n", "-M", "prepared", "-c", "8", "-T", str(seconds), "-f", "-"]
    command = [str(pgbench), *options, conninfo]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=True)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    print(f"{'PostgreSQL':14} {float(found[1]) if found else 0:8,.0f}")


def one_round(peers: Path, case: Case, seconds: int, *, counts: bool) -> None:
    """Load one case and keep what came of it, if it counts."""
    before = case.server.cpu_s()
    busy = load(peers, case, connections=8, seconds=seconds)
    cpu_ms = (case.server.cpu_s() - before) / busy["requests"] * 1000
    alone = load(peers, case, connections=1, seconds=max(1, seconds // 2))
    if counts:
        case.per_second.append(busy["requests"] / busy["seconds"])
        case.cpu_ms.append(cpu_ms)
        case.p50_ms.append(alone["p50"])


def load(peers: Path, case: Case, *, connections: int, seconds: int) -> dict[str, Any]:
    """One round of load. Raises SystemExit if anything was answered otherwise than it should be."""
    given = {
        "host": HOST,
        "port": case.server.port,
        "connections": connections,
        "seconds": seconds,
        "requests": case.requests,
        "stamp": {"mark": STAMP, "first": STAMP_FIRST, "next": case.stamp, "last": STAMP_LAST},
    }
    node = str(peers / "node_modules" / ".bin" / "node")
    done = subprocess.run(
        [node, "load.mjs"], cwd=peers, input=json.dumps(given), capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    case.stamp = found["stamp"]
    if set(found["statuses"]) != {case.status}:
        raise SystemExit(f"{case.name}: {found}")
    return found


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:]]
    main(*numbers, *(EVENTS_MIN, 5, 4)[len(numbers) :])

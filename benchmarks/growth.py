"""How cost grows with the ledger: folds, past positions, histories and replay, at 10^5 and 10^6 events.

    python benchmarks/growth.py [events ...]

Each size has a database of its own. A read with nothing remembered is the first of a fresh reader:
the cycle's plan, its rulings and the group's values are all read and settled. The sizes are read in
turn, one read of each, so that what the machine does meanwhile slows all of them alike. The
library's runner folds 2,000 events of its own beside ours.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import synthetic
from projection_runner import events_per_second
from psycopg.sql import SQL, Identifier
from psycopg_pool import ConnectionPool

from ledger.api.service import open_service, service_on
from ledger.database import Connection, Database
from ledger.domain.score import score_stream
from ledger.embedded import EmbeddedPostgres
from ledger.folding import connect
from ledger.projection import projections
from ledger.replay import replay
from ledger.results import Answers
from ledger.settings import Settings

READS = 200
RUNNER_EVENTS = 2_000
Row = tuple[str, float, str]


@dataclass(frozen=True)
class Grown:
    """A ledger of some size, with all that is asked of it by itself."""

    pool: ConnectionPool[Connection]
    head: int
    size: int
    rows: list[Row]


def main(sizes: list[int]) -> None:
    """Measure each size, and print them beside each other."""
    with (
        tempfile.TemporaryDirectory(prefix="ledger-growth-", ignore_cleanup_errors=True) as temporary,
        ExitStack() as stack,
    ):
        Path(temporary).chmod(0o755)
        grown = [grow(stack, Path(temporary), size) for size in sizes]
        told = reads(grown)
    columns = [[*each.rows, *rows] for each, rows in zip(grown, told, strict=True)]
    print(f"{'':58}" + "".join(f"{size:>14,}" for size in sizes) + "   last to first")
    for number, (name, _, unit) in enumerate(columns[0]):
        found = [column[number][1] for column in columns]
        figures = "".join(f"{each:14,.2f}" for each in found)
        print(f"{name + ', ' + unit:58}{figures}{found[-1] / found[0]:16.2f}")


def grow(stack: ExitStack, directory: Path, size: int) -> Grown:
    """A ledger of one size, kept until `stack` ends."""
    home = directory / str(size)
    home.mkdir(mode=0o755)
    conninfo = stack.enter_context(EmbeddedPostgres(home / "postgres"))
    database = Database(conninfo)
    settings = Settings(home / "data", database_url=conninfo)
    began = time.perf_counter()
    with open_service(settings) as service:
        synthetic.write(service.store, events=size)
        head = service.store.head
        written = head / (time.perf_counter() - began)
        export = home / "export.jsonl"
        with export.open("wb") as file:
            file.writelines(entry + b"\n" for entry in service.store.entries())
    rows = [("append past the commands", written, "events/s"), *folds(database, settings, conninfo, head)]
    rows.append(replayed(export, head))
    with database.connect() as connection:
        connection.execute("VACUUM ANALYZE")
    return Grown(stack.enter_context(database.readers()), head, size, rows)


def folds(database: Database, settings: Settings, conninfo: str, head: int) -> list[Row]:
    """Every projection anew, by the projector, by bare statements, and by the library's runner."""
    with service_on(database, settings) as service:
        service.projector.catch_up()
        began = time.perf_counter()
        service.projector.rebuild()
        ours = head / (time.perf_counter() - began)
    with connect(database) as connection:
        bare = head / bare_folds(connection, head)
    theirs = events_per_second(conninfo, RUNNER_EVENTS)
    return [
        ("rebuild of all projections", ours, "events/s"),
        ("  of bare statements into the same tables", ours / bare, "x"),
        ("  of the library's ProjectionRunner", ours / theirs, "x"),
    ]


def bare_folds(connection: Connection, head: int) -> float:
    """Seconds for one statement for each projection that is folded in SQL, its indexes after it."""
    seconds = 0.0
    for projection in projections().values():
        if "fold" not in projection.sections:
            continue
        with connection.transaction(force_rollback=True):
            connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(f"bare_{projection.name}")))
            connection.execute(SQL("SET LOCAL search_path TO {}").format(Identifier(f"bare_{projection.name}")))
            began = time.perf_counter()
            connection.execute(projection.sections["table"].sql)
            connection.execute(projection.sections["fold"].sql, {"ledger_id": 1, "after": 0, "through": head})
            if "index" in projection.sections:
                connection.execute(projection.sections["index"].sql)
            seconds += time.perf_counter() - began
    return seconds


def reads(ledgers: Sequence[Grown]) -> list[list[Row]]:
    """Rankings and histories of each ledger, each by a reader that knows nothing yet."""
    # As `ledger serve` does before it answers.
    gc.collect()
    gc.freeze()
    current = timed([ranking_now(each, random.Random(11)) for each in ledgers])
    earlier = timed([ranking_then(each, random.Random(12)) for each in ledgers])
    told = timed([history(each, random.Random(13)) for each in ledgers])
    return [
        [
            ("current ranking, nothing remembered, p95", p95(now), "ms"),
            ("ranking at a random past position, nothing remembered, p95", p95(then), "ms"),
            ("  of the current one", p95(then) / p95(now), "x"),
            ("edit history of one score, median", statistics.median(one), "ms"),
            ("edit history of one score, p95", p95(one), "ms"),
        ]
        for now, then, one in zip(current, earlier, told, strict=True)
    ]


Read = Callable[[], object]


def ranking_now(ledger: Grown, chance: random.Random) -> Callable[[], Read]:
    """Makes reads of a group's ranking."""
    return lambda: ranking(ledger, chance, chance.randint(1, cycles_of(ledger)), ledger.head)


def ranking_then(ledger: Grown, chance: random.Random) -> Callable[[], Read]:
    """Makes reads of a group's ranking within its cycle's own year, once every value is official."""

    def make() -> Read:
        cycle, span = chance.randint(1, cycles_of(ledger)), synthetic.EVENTS_PER_CYCLE
        return ranking(
            ledger, chance, cycle, chance.randint((cycle - 1) * span + span // 5, min(ledger.head, cycle * span))
        )

    return make


def ranking(ledger: Grown, chance: random.Random, cycle: int, position: int) -> Read:
    """A read of the ranking of one of a cycle's groups."""
    group_id, answers = synthetic.group_id(chance.randint(1, synthetic.GROUPS)), Answers(ledger.pool)
    return lambda: answers.results(synthetic.cycle_id(cycle), group_id, at=position)


def history(ledger: Grown, chance: random.Random) -> Callable[[], Read]:
    """Makes reads of what became of one score."""

    def make() -> Read:
        cycle, group = chance.randint(1, cycles_of(ledger)), chance.randint(1, synthetic.GROUPS)
        unit_id, indicator_id = synthetic.unit_ids(cycle, group)[0], chance.choice(synthetic.indicator_ids())
        stream = score_stream(synthetic.cycle_id(cycle), unit_id, indicator_id, synthetic.PERIOD).name
        answers = Answers(ledger.pool)
        return lambda: answers.read("score_value", "history", stream=stream, after=None, limit=21, as_of=ledger.head)

    return make


def cycles_of(ledger: Grown) -> int:
    """How many cycles a ledger holds."""
    return -(-ledger.size // synthetic.EVENTS_PER_CYCLE)


def timed(makers: Sequence[Callable[[], Read]]) -> list[list[float]]:
    """Milliseconds of each of many reads of each ledger, in turn; the first ones warm up the connections."""
    found: list[list[float]] = [[] for _ in makers]
    # Always in one order, what collects garbage once in so many reads would fall on the same ledger each time.
    order = random.Random(14)
    for _ in range(READS + 5):
        for make, times in order.sample([*zip(makers, found, strict=True)], len(makers)):
            read = make()
            began = time.perf_counter()
            read()
            times.append((time.perf_counter() - began) * 1000)
    return [times[5:] for times in found]


def p95(times: list[float]) -> float:
    """The time that one in twenty exceeds."""
    return sorted(times)[int(len(times) * 0.95)]


def replayed(export: Path, head: int) -> Row:
    """Replay of the export, on one core."""
    began = time.process_time()
    replay(export)
    return ("replay of an export", head / (time.process_time() - began), "events/s")


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or [100_000, 1_000_000])

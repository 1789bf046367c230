"""How cost grows with the ledger: folds, past positions, histories and replay, at 10^5 and 10^6 events.

    python benchmarks/growth.py [events ...]

Each size has a database of its own. A read with nothing remembered is the first of a fresh reader:
the cycle's plan, its rulings and the group's values are all read and settled. The library's runner
folds 2,000 events of its own beside ours.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import synthetic
from projection_runner import events_per_second
from psycopg.sql import SQL, Identifier

from ledger.api.service import open_service, service_on
from ledger.database import Connection, Database
from ledger.domain.score import score_stream
from ledger.embedded import EmbeddedPostgres
from ledger.folding import connect
from ledger.projection import projections
from ledger.replay import replay
from ledger.results import Answers
from ledger.settings import Settings

READS = 60
RUNNER_EVENTS = 2_000
Row = tuple[str, float, str]


def main(sizes: list[int]) -> None:
    """Measure each size, and print it beside the one before."""
    with tempfile.TemporaryDirectory(prefix="ledger-growth-", ignore_cleanup_errors=True) as temporary:
        Path(temporary).chmod(0o755)
        columns = [measure(Path(temporary), size) for size in sizes]
    print(f"{'':58}" + "".join(f"{size:>14,}" for size in sizes))
    for number, (name, _, unit) in enumerate(columns[0]):
        print(f"{name + ', ' + unit:58}" + "".join(f"{column[number][1]:14,.2f}" for column in columns))


def measure(directory: Path, size: int) -> list[Row]:
    """Everything about a ledger of one size."""
    home = directory / str(size)
    home.mkdir(mode=0o755)
    with EmbeddedPostgres(home / "postgres") as conninfo:
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
        rows += reads(database, head, size)
    return [*rows, replayed(export, head)]


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


def reads(database: Database, head: int, size: int) -> list[Row]:
    """Rankings and histories, each by a reader that knows nothing yet."""
    chance = random.Random(11)
    cycles = -(-size // synthetic.EVENTS_PER_CYCLE)
    with database.connect() as connection:
        connection.execute("VACUUM ANALYZE")
    with database.readers() as pool:

        def ranking(at: Callable[[int], int]) -> Callable[[], object]:
            cycle, group = chance.randint(1, cycles), chance.randint(1, synthetic.GROUPS)
            position = at(cycle)
            answers = Answers(pool)
            return lambda: answers.results(synthetic.cycle_id(cycle), synthetic.group_id(group), at=position)

        def history() -> Callable[[], object]:
            cycle, group = chance.randint(1, cycles), chance.randint(1, synthetic.GROUPS)
            unit_id, indicator_id = synthetic.unit_ids(cycle, group)[0], chance.choice(synthetic.indicator_ids())
            stream = score_stream(synthetic.cycle_id(cycle), unit_id, indicator_id, synthetic.PERIOD).name
            answers = Answers(pool)
            return lambda: answers.read("score_value", "history", stream=stream, after=None, limit=21, as_of=head)

        def past(cycle: int) -> int:
            # Within the cycle's own year, once every value is official.
            span = synthetic.EVENTS_PER_CYCLE
            return chance.randint((cycle - 1) * span + span // 5, min(head, cycle * span))

        current = timed(lambda: ranking(lambda cycle: head))
        earlier = timed(lambda: ranking(past))
        told = timed(history)
    return [
        ("current ranking, nothing remembered, p95", p95(current), "ms"),
        ("ranking at a random past position, nothing remembered, p95", p95(earlier), "ms"),
        ("  of the current one", p95(earlier) / p95(current), "x"),
        ("edit history of one score, median", statistics.median(told), "ms"),
    ]


def timed(make: Callable[[], Callable[[], object]]) -> list[float]:
    """Milliseconds of each of many reads; the first ones warm up the connection."""
    found: list[float] = []
    for _ in range(READS + 5):
        read = make()
        began = time.perf_counter()
        read()
        found.append((time.perf_counter() - began) * 1000)
    return found[5:]


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

"""Rebuilding every projection, beside the eventsourcing library's runner and beside folds written by hand.

    python benchmarks/folding.py [events ...]

Interleaved rounds in one run: the library's ProjectionRunner folds 2,000 events of its own into one table of
current scores, `by_hand.sql` fills our four great tables on one connection, and `Projector.rebuild` builds all
seven with inspection, standings and the planner's statistics. That both fill the same tables with the same
rows is checked in each round.
"""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import LiteralString, cast

import synthetic
from projection_runner import events_per_second
from psycopg.sql import SQL, Identifier

from ledger.database import Database
from ledger.embedded import EmbeddedPostgres
from ledger.folding import connect
from ledger.migrate import migrate
from ledger.projector import Projector
from ledger.store import open_store

ROUNDS = 3
RUNNER_EVENTS = 2_000
BY_HAND = SQL(cast(LiteralString, (Path(__file__).parent / "by_hand.sql").read_text("utf-8")))
FILLED = ("timeline", "person_activity", "score_value", "correction")
MEMORY = {"work_mem": "256MB", "maintenance_work_mem": "8MB"}


def main(sizes: list[int]) -> None:
    """Measure each size."""
    with tempfile.TemporaryDirectory(prefix="ledger-folding-", ignore_cleanup_errors=True) as temporary:
        Path(temporary).chmod(0o755)
        for size in sizes:
            with EmbeddedPostgres(Path(temporary) / f"postgres-{size}") as conninfo:
                database = Database(conninfo)
                migrate(database)
                with open_store(database) as store:
                    synthetic.write(store, events=size)
                    head = store.head
                Projector(database).prepare()
                # Autovacuum would have done so before anybody folded a million events by hand.
                with database.connect() as connection:
                    connection.execute("VACUUM (ANALYZE) ledger.event")
                report(head, [measure(database, head) for _ in range(ROUNDS)])


def report(head: int, rounds: list[tuple[float, float, float]]) -> None:
    """Print the medians of events per second and of each round's ratios."""
    print(f"{head:,} events, medians of {len(rounds)} rounds")
    for number, name in enumerate(("the library's ProjectionRunner", "folds written by hand", "rebuild of everything")):
        print(f"  {name:44}{statistics.median(each[number] for each in rounds):12,.0f} events/s")
    print(f"  of the library's ProjectionRunner           {statistics.median(c / a for a, _, c in rounds):12.1f} x")
    print(f"  of the folds written by hand                {statistics.median(c / b for _, b, c in rounds):12.2f} x")


def measure(database: Database, head: int) -> tuple[float, float, float]:
    """Events per second of the library's runner, of the folds by hand, and of our rebuild."""
    theirs = events_per_second(database.conninfo, RUNNER_EVENTS)
    by_hand = head / seconds_by_hand(database)
    projector = Projector(database)
    # As `ledger rebuild` does.
    gc.freeze()
    began = time.perf_counter()
    projector.rebuild()
    return theirs, by_hand, head / (time.perf_counter() - began)


def seconds_by_hand(database: Database) -> float:
    """How long the folds by hand take; what they made is compared with ours and thrown away."""
    with connect(database, **MEMORY) as connection, connection.transaction(force_rollback=True):
        began = time.perf_counter()
        connection.execute(BY_HAND)
        seconds = time.perf_counter() - began
        for name in FILLED:
            differing = connection.execute(
                SQL("SELECT count(*) FROM (TABLE {} EXCEPT ALL TABLE {}) AS differing").format(
                    Identifier("by_hand", name), Identifier(name, name)
                )
            ).fetchone()
            if differing != (0,):
                raise RuntimeError(f"{name} differs: {differing}")
    return seconds


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or [1_000_000])

"""How long after its commit an event is in every answer, while 500 of them arrive each second.

    python benchmarks/catching_up.py [seconds [events already there]]

One process appends what is due every few milliseconds, a second one folds, a third looks at the head that
answers go by. Each event's delay is from the return of its append to the first look that finds it.
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path

import synthetic

from ledger.database import Database
from ledger.embedded import EmbeddedPostgres
from ledger.migrate import migrate
from ledger.projector import Projector
from ledger.results import Answers
from ledger.store import open_store

EVENTS_PER_SECOND = 500
TICK_S = 0.005
LOOK_S = 0.001
CYCLE = 999
"""The cycle that is being told; no other is called so."""
TOLD_BEFORE = 3 * synthetic.EVENTS_PER_CYCLE // synthetic.TELLING
"""Its scores are verified when the measuring begins; what arrives then are corrections."""
Times = list[tuple[int, float]]
"""Positions, and when each was reached by the clock that all processes share."""


def main(seconds: float, events: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="ledger-catching-up-", ignore_cleanup_errors=True) as temporary:
        Path(temporary).chmod(0o755)
        with EmbeddedPostgres(Path(temporary) / "postgres") as conninfo:
            database = Database(conninfo)
            migrate(database)
            with open_store(database) as store:
                synthetic.write(store, events=events)
            Projector(database).prepare()
            committed, seen, busy_s = measure(database, seconds)
    delays = sorted(delays_ms(committed, seen))
    print(f"events that arrived: {len(delays):,} in {seconds:.0f} s, after {committed[0][0] - 1:,}")
    for name, value in (
        ("median", statistics.median(delays)),
        ("p95", delays[int(len(delays) * 0.95)]),
        ("p99", delays[int(len(delays) * 0.99)]),
        ("longest", delays[-1]),
    ):
        print(f"from commit until answers include it, {name}: {value:.1f} ms")
    print(f"CPU of the process that folds: {busy_s / seconds:.0%} of a core")


def measure(database: Database, seconds: float) -> tuple[Times, Times, float]:
    """When positions were committed and when the head was seen to have reached them; seconds of CPU of the folder."""
    spawn = multiprocessing.get_context("spawn")
    stop, ready = spawn.Event(), spawn.Event()
    writers, writer = spawn.Pipe()
    folders, folder = spawn.Pipe()
    folding = spawn.Process(target=fold, args=(database.conninfo, ready, stop, folder))
    writing = spawn.Process(target=write, args=(database.conninfo, seconds, ready, writer))
    folding.start()
    writing.start()
    seen: Times = []
    with database.readers() as pool:
        answers = Answers(pool)
        ready.wait()
        while not writers.poll():
            seen.append((answers.head().position, time.monotonic()))
            time.sleep(LOOK_S)
        committed: Times = writers.recv()
        answers.wait_for(committed[-1][0], timeout_s=60)
        seen.append((answers.head().position, time.monotonic()))
    stop.set()
    busy_s: float = folders.recv()
    for process in (writing, folding):
        process.join()
    return committed, seen, busy_s


def fold(conninfo: str, ready: threading.Event, stop: threading.Event, told: Connection) -> None:
    """Keep the projections at the head, as a server does in a thread of its own."""
    projector, ended = Projector(Database(conninfo)), threading.Event()
    thread = threading.Thread(target=projector.run, args=(ended,))
    thread.start()
    ready.wait()
    began = time.process_time()
    stop.wait()
    told.send(time.process_time() - began)
    ended.set()
    thread.join()


def write(conninfo: str, seconds: float, ready: threading.Event, told: Connection) -> None:
    """Append at the pace, one append for all that is due."""
    with open_store(Database(conninfo)) as store:
        facts = synthetic.cycle_facts(CYCLE, store.head)
        synthetic.append(store, islice(facts, TOLD_BEFORE + synthetic.GROUPS * synthetic.UNITS + 3))
        # What was told at once is folded by then.
        time.sleep(10)
        ready.set()
        committed: Times = []
        began = time.monotonic()
        while (now := time.monotonic()) < began + seconds:
            due = int((now - began) * EVENTS_PER_SECOND) - len(committed)
            events = synthetic.append(store, islice(facts, due))
            done = time.monotonic()
            committed += ((event.position, done) for event in events)
            time.sleep(TICK_S)
    told.send(committed)


def delays_ms(committed: Times, seen: Times) -> list[float]:
    """How long after its commit each position was first seen."""
    delays: list[float] = []
    looks = iter(seen)
    head, at = next(looks)
    for position, committed_at in committed:
        while head < position:
            head, at = next(looks)
        delays.append(max(at - committed_at, 0.0) * 1000)
    return delays


if __name__ == "__main__":
    given = [float(each) for each in sys.argv[1:]]
    main(given[0] if given else 30.0, int(given[1]) if len(given) > 1 else synthetic.EVENTS_PER_CYCLE)

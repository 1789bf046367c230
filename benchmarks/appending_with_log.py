"""What the log costs: appends with it and without it, proofs out of a million entries, and tiles on disk.

Appends go through the whole path, from drafts to the commit, with fsync on; both kinds take turns
in one run, on one server, so that their ratio means something on a busy machine. So does what PostgreSQL
needs alone to store the very same rows in a table of the same shape, one binary COPY and one commit for each
append: it says how fast the machine was. Prints the bounds beside the figures.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

from psycopg.conninfo import make_conninfo

from ledger.cli.writing import GARBAGE_LOOKED_AFTER
from ledger.database import Connection, Database
from ledger.domain.facts import Actor
from ledger.domain.merkle import CompactRange, verify_inclusion
from ledger.domain.plan import EntryKind
from ledger.domain.score import EntrySource, ScoreEntered
from ledger.embedded import EmbeddedPostgres
from ledger.entries import Draft
from ledger.migrate import migrate
from ledger.proof.log import LogReader
from ledger.store import Store, open_store
from ledger.tiles import LogWriter, build_missing

BATCHES = {1: 300, 10: 200, 100: 100, 1000: 20}
"""How many appends of each size make a round."""
ROUNDS = 5
ENTRIES = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
PROOFS = 1_000
_ROWS = (
    "COPY (SELECT * FROM ledger.event WHERE ledger_id = 1 AND position > %s AND position <= %s)"
    " TO STDOUT (FORMAT BINARY)"
)
ACTOR = Actor("scorer", "SCORER", "U-HOME")


def draft(number: int) -> Draft:
    """A score, each in a stream of its own."""
    fact = ScoreEntered(
        cycle_id="2018",
        unit_id=f"U{number}",
        indicator_id="GDP",
        period="2018-Y",
        value=Decimal("12.34"),
        uom="亿元",
        entry_kind=EntryKind.ACTUAL,
        source=EntrySource.SCORING_DEPT,
    )
    return Draft(fact.stream, 1, fact, ACTOR, UUID(int=number), command_digest=bytes(32))


@contextmanager
def without_log() -> Generator[None]:
    """Appends leave out everything that is done for the log."""
    in_recorder = {"leaf_hash": _no_bytes, "peaks_of": _no_bytes, "tree_of": _tree_of, "fills_tile": _no_tile}
    with (
        patch.multiple("ledger.recorder", **in_recorder),
        patch.object(CompactRange, "extended", _grown),
        patch.multiple(LogWriter, append=_appended, remember=_no_bytes),
    ):
        yield


def _no_bytes(*_: object) -> bytes:
    return b""


def _no_tile(size: int, added: int) -> bool:
    return False


def _tree_of(size: int, peaks: bytes) -> CompactRange:
    return CompactRange(size)


def _grown(tree: CompactRange, leaves: list[bytes]) -> CompactRange:
    return CompactRange(tree.size + len(leaves))


def _appended(log: LogWriter, cursor: object, tree: CompactRange, leaves: list[bytes]) -> CompactRange:
    return _grown(tree, leaves)


def per_second(store: Store, drafts: list[list[Draft]]) -> float:
    """Entries a second."""
    began = time.perf_counter()
    for batch in drafts:
        store.append(batch)
    return sum(map(len, drafts)) / (time.perf_counter() - began)


def copied_per_second(connection: Connection, batches: int, size: int) -> float:
    """Entries a second by nothing but COPY: the last rows of the first ledger once more."""
    rows: list[bytes] = []
    head = connection.execute("SELECT head FROM ledger.ledger WHERE ledger_id = 1").fetchone()
    assert head is not None
    for first in range(head[0] - batches * size, head[0], size):
        with connection.cursor().copy(_ROWS, (first, first + size)) as copied:
            rows.append(b"".join(copied))
    connection.execute("CREATE TABLE IF NOT EXISTS public.limit_of_append (LIKE ledger.event INCLUDING ALL)")
    connection.execute("TRUNCATE public.limit_of_append")
    began = time.perf_counter()
    for batch in rows:
        with connection.cursor().copy("COPY public.limit_of_append FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(batch)
    return batches * size / (time.perf_counter() - began)


def measure_appends(database: Database) -> None:
    """All kinds in turn; with the log and without, each has a ledger of its own."""
    print(
        f"{'batch':>6} {'with log':>12} {'without':>12} {'ratio':>6} {'COPY alone':>12}   entries/s, median of {ROUNDS}"
    )
    numbers = iter(range(1, 10_000_000))
    with (
        open_store(database, ledger_id=1) as logged,
        open_store(database, ledger_id=2) as bare,
        database.connect() as connection,
    ):
        for size, appends in BATCHES.items():
            found: tuple[list[float], list[float], list[float]] = ([], [], [])
            for _ in range(ROUNDS + 1):
                drafts = [[draft(next(numbers)) for _ in range(size)] for _ in range(appends)]
                found[0].append(per_second(logged, drafts))
                with without_log():
                    found[1].append(per_second(bare, drafts))
                found[2].append(copied_per_second(connection, appends, size))
            # The first round warms up.
            with_log, without, alone = (statistics.median(each[1:]) for each in found)
            bound = "  at least 20,000 and within 1.5x" if size == 100 else ""
            print(f"{size:6} {with_log:12,.0f} {without:12,.0f} {without / with_log:6.2f} {alone:12,.0f}{bound}")


def build(database: Database) -> float:
    """A ledger of many entries made by the server, and its log by the migration's way; how long the log took."""
    with database.connect() as connection, connection.transaction():
        connection.execute(
            "INSERT INTO ledger.event"
            " (ledger_id, position, stream, version, type, recorded_at, command_id, person_id, entry)"
            " SELECT 3, place, place::text, 1, 'Made', now(), gen_random_uuid(), 'nobody',"
            " convert_to(repeat(md5(place::text), 12), 'UTF8')"
            " FROM generate_series(1, %s::bigint) AS place",
            (ENTRIES,),
        )
        connection.execute("INSERT INTO ledger.ledger (ledger_id, head) VALUES (3, %s)", (ENTRIES,))
        began = time.perf_counter()
        # Ledger 2 was written without its log and stays so.
        connection.execute("UPDATE ledger.ledger SET head = 0 WHERE ledger_id = 2")
        build_missing(connection)
        return time.perf_counter() - began


def measure_proofs(database: Database) -> None:
    """Proofs of random entries in trees of random sizes, each verified outside the clock."""
    chance, times = random.Random(1), list[float]()
    with database.readers() as readers:
        log = LogReader(readers, ledger_id=3)
        for _ in range(PROOFS):
            size = chance.randint(ENTRIES // 2, ENTRIES)
            position = chance.randint(1, size)
            began = time.perf_counter()
            found = log.inclusion(position, size)
            times.append((time.perf_counter() - began) * 1000)
            verify_inclusion(found.leaf, found.index, size, found.path, found.root)
    times.sort()
    median, p95 = statistics.median(times), times[int(PROOFS * 0.95)]
    print(f"inclusion proof: median {median:.1f} ms, p95 {p95:.1f} ms  at most 10 ms")


def measure_disk(database: Database) -> None:
    """The tiles of the large ledger, with their indexes."""
    with database.connect() as connection:
        connection.execute("VACUUM ANALYZE ledger.tile")
        row = connection.execute("SELECT pg_total_relation_size('ledger.tile'), count(*) FROM ledger.tile").fetchone()
    assert row is not None
    per_million = row[0] / row[1] * (ENTRIES // 256) / ENTRIES
    print(f"tiles: {per_million:.1f} MB per 1,000,000 entries  at most 40 MB")


def main() -> None:
    """Measure and print."""
    # As `ledger import` sets the collector, which appends whole tables.
    gc.freeze()
    gc.set_threshold(GARBAGE_LOOKED_AFTER)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o755)
        with EmbeddedPostgres(Path(directory) / "postgres") as conninfo:
            database = Database(make_conninfo(conninfo))
            migrate(database)
            measure_appends(database)
            print(f"the log of {ENTRIES:,} entries built anew: {build(database):.1f} s")
            measure_proofs(database)
            measure_disk(database)


if __name__ == "__main__":
    main()

"""What an import costs beside a binary COPY of the rows that it leaves, in turn in one run on one server.

    python benchmarks/importing.py [rows] [rounds]

`ledger import` runs as anybody would run it: a process of its own that reads a table, opens a ledger, plans
the cycle, enters each value and has it verified by a second person, with every check of the domain, the log
and fsync. The limit is what PostgreSQL takes to store the very same event rows in an empty table with the
same indexes and checks, by one binary COPY. Prints the medians, the ratio round by round, and the most
memory that the import ever had. A million rows are one table as large as may be.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

from psycopg import sql

from ledger.database import Connection, Database
from ledger.embedded import EmbeddedPostgres
from ledger.migrate import migrate

UNITS = 900
"""A plan is one entry, which holds so many units and the periods of a million rows."""
FIRST_YEAR = 1920
PIECE_BYTES = 1 << 20


def write_table(path: Path, rows: int) -> None:
    """A table of so many scores: months of many years, one row for each unit and month."""
    months = -(-rows // UNITS)
    periods = [f"{FIRST_YEAR + month // 12}-M{month % 12 + 1:02}" for month in range(months)]
    cells = product(periods, range(UNITS))
    with path.open("w", encoding="ascii") as file:
        file.write("unit,unit_name,period,value\n")
        for number, (period, unit) in zip(range(rows), cells, strict=False):
            file.write(f"{unit:03},A,{period},{number * 7919 % 900 / 10 + 10:.1f}\n")


def import_into(ledger_id: int, table: Path, directory: Path, conninfo: str) -> tuple[float, int]:
    """Import the table into an empty ledger; the seconds it took and the largest resident size in kilobytes."""
    surroundings = os.environ | {
        "LEDGER_DATA_DIR": str(directory / f"data-{ledger_id}"),
        "LEDGER_DATABASE_URL": conninfo,
        "LEDGER_ID": str(ledger_id),
    }
    subject = ["--cycle", "tables", "--indicator", "figure", "--by", "chen", "--approved-by", "li"]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "ledger", "import", str(table), *subject],
        env=surroundings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the import ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, usage.ru_maxrss


def copy_of(ledger_id: int, connection: Connection, file: Path) -> tuple[float, int]:
    """Store the ledger's event rows again in a table of the same shape; the seconds it took, and how many."""
    rows = sql.SQL("COPY (SELECT * FROM ledger.event WHERE ledger_id = {} ORDER BY position) TO STDOUT (FORMAT BINARY)")
    with file.open("wb") as target, connection.cursor().copy(rows.format(ledger_id)) as copied:
        for piece in copied:
            target.write(piece)
    connection.execute("CREATE TABLE public.limit_of_import (LIKE ledger.event INCLUDING ALL)")
    connection.execute("CHECKPOINT")
    began = time.perf_counter()
    with (
        file.open("rb") as source,
        connection.cursor().copy("COPY public.limit_of_import FROM STDIN (FORMAT BINARY)") as copy,
    ):
        while piece := source.read(PIECE_BYTES):
            copy.write(piece)
    seconds = time.perf_counter() - began
    counted = connection.execute("SELECT count(*) FROM public.limit_of_import").fetchone()
    connection.execute("DROP TABLE public.limit_of_import")
    assert counted is not None
    return seconds, counted[0]


def main(rows: int, rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="ledger-importing-", ignore_cleanup_errors=True) as temporary:
        directory = Path(temporary)
        # The embedded server runs as another user when we are root, and has to pass through.
        directory.chmod(0o755)
        table = directory / "table.csv"
        write_table(table, rows)
        found: list[tuple[float, float, float]] = []
        with EmbeddedPostgres(directory / "postgres") as conninfo, Database(conninfo).connect() as connection:
            migrate(Database(conninfo))
            for ledger_id in range(1, rounds + 1):
                connection.execute("CHECKPOINT")
                importing_s, kilobytes = import_into(ledger_id, table, directory, conninfo)
                copying_s, events = copy_of(ledger_id, connection, directory / "rows")
                found.append((events / importing_s, events / copying_s, kilobytes / 1024))
                print(
                    f"import {found[-1][0]:9,.0f} events/s  COPY {found[-1][1]:9,.0f}"
                    f"  ratio {found[-1][0] / found[-1][1]:.3f}  {found[-1][2]:.0f} MB",
                    flush=True,
                )
        imported, copied, memory = zip(*found, strict=True)
        ratio = statistics.median(one / other for one, other in zip(imported, copied, strict=True))
        print(
            f"{rows:,} rows: import {statistics.median(imported):,.0f} events/s,"
            f" COPY {statistics.median(copied):,.0f}, ratio {ratio:.3f}  at least 0.2"
        )
        print(f"memory: {max(memory):.0f} MB  at most 300 MB")


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:]]
    main(*numbers, *(1_000_000, 1)[len(numbers) :])

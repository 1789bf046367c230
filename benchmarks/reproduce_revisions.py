"""Every row of every bundled revision, had back from the projection, from an export alone and through GraphQL.

    python benchmarks/reproduce_revisions.py [directory]

Imports the seven revisions into a ledger of its own in `directory` (a temporary one if not
given), exports it, and compares the values as of the end of each import with the file, value
by value as written. Prints the times; exits with 4 at the first difference.
"""

from __future__ import annotations

import asyncio
import csv
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from ledger.api.context import Context
from ledger.api.schema import schema
from ledger.api.service import service_on
from ledger.cli.opening import opened_answers, opened_store
from ledger.demo import CYCLE_ID, INDICATOR_ID, INSPECTOR, Revision, import_revisions
from ledger.evidence import EvidenceDirectory
from ledger.replay import replay
from ledger.scripted import ScriptedClock
from ledger.settings import Settings
from ledger.store import Store

Values = list[tuple[str, str, str]]
VALUES = """
query($at: Position!, $cycle: String!, $indicator: String!, $after: String) {
  values(cycle: $cycle, indicator: $indicator, first: 100, after: $after, asOf: {position: $at}) {
    nodes { unitId period value } pageInfo { hasNextPage endCursor }
  }
}
"""


def main(directory: Path) -> int:
    """Import, export, compare; return the exit code."""
    settings = Settings(directory)
    clock = ScriptedClock()
    export = directory / "export.jsonl"
    with opened_store(settings, clock=clock) as store:
        began = time.monotonic()
        evidence = EvidenceDirectory(settings.evidence_dir)
        imported = list(import_revisions(store, clock, evidence, progress=lambda revision: nullcontext(unseen)))
        seconds = time.monotonic() - began
        print(f"import: {store.head:,} events in {seconds:.1f} s, {store.head / seconds:,.0f} events/s")
        with timed("export"), export.open("wb") as file:
            file.writelines(entry + b"\n" for entry in store.entries())
        with timed("projections"), opened_answers(store.database, settings.ledger_id) as answers:
            answers.head()
        with opened_answers(store.database, settings.ledger_id) as answers:
            for each in imported:
                expected = written(each.revision)
                with timed(f"revision {each.revision.number}: {len(expected):,} values from the projection"):
                    rows = answers.values(CYCLE_ID, INDICATOR_ID, at=each.position)
                    shown = [(row.unit_id, row.period, format(row.value, "f")) for row in rows]
                with timed(f"revision {each.revision.number}: {len(expected):,} values from the export"):
                    known = replay(export, through=each.position).values(CYCLE_ID, INDICATOR_ID)
                    replayed = [(unit, period, format(value, "f")) for unit, period, value in known]
                with timed(f"revision {each.revision.number}: {len(expected):,} values through GraphQL"):
                    answered = ask_values(settings, store, each.position)
                if not expected == shown == replayed == answered:
                    print(f"revision {each.revision.number} differs", file=sys.stderr)
                    return 4
    print("every revision is reproduced exactly")
    return 0


def ask_values(settings: Settings, store: Store, position: int) -> Values:
    """Every value as of a position, page by page, as a client of the API gets them."""
    with service_on(store.database, settings) as service:
        return asyncio.run(_ask_pages(Context(service, INSPECTOR), position))


async def _ask_pages(context: Context, position: int) -> Values:
    found: Values = []
    after: str | None = None
    while True:
        variables = {"at": str(position), "cycle": CYCLE_ID, "indicator": INDICATOR_ID, "after": after}
        answer = await schema.execute(VALUES, variable_values=variables, context_value=context)
        if answer.errors or answer.data is None:
            raise RuntimeError(str(answer.errors))
        page = answer.data["values"]
        found += [(node["unitId"], node["period"], node["value"]) for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def unseen(done: int, total: int) -> None:
    """A progress bar that nobody watches."""


def written(revision: Revision) -> Values:
    """The values of a revision as its file writes them, by unit and period."""
    rows = csv.DictReader(revision.file.read_text("utf-8").splitlines())
    return sorted((row["unit"], row["period"], row["value"]) for row in rows)


@contextmanager
def timed(what: str) -> Generator[None]:
    """Print how long the block took."""
    began = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - began:.2f} s", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(Path(sys.argv[1])))
    with tempfile.TemporaryDirectory(prefix="ledger-benchmark-") as temporary:
        # The embedded server runs as another user when we are root, and has to pass through.
        Path(temporary).chmod(0o755)
        sys.exit(main(Path(temporary)))

"""What `ledger demo --preset world` prints: one ranking as known at three moments, and who changed a score."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from psycopg.errors import ObjectInUse

from ledger import demo
from ledger.api.tokens import make_token
from ledger.cli.errors import Differing, Unfit
from ledger.cli.opening import opened_answers, opened_store
from ledger.cli.output import Bar, print_table, progress_bar, record_of
from ledger.cli.reading import EDIT_COLUMNS_SHOWN
from ledger.database import open_database
from ledger.demo import CYCLE_ID, GROUP_ID, INDICATOR_ID, INSPECTOR, RANKING_YEAR, UNIT_ID, YEAR, Imported
from ledger.domain.results import Results
from ledger.domain.score import Basis, score_stream
from ledger.evidence import EvidenceDirectory
from ledger.history import edits
from ledger.replay import replay
from ledger.results import Answers
from ledger.scripted import ScriptedClock
from ledger.settings import Settings
from ledger.store import Store

TOP = 10
SHOWN = (5, 6, 7)
"""The revisions shown side by side: before the mistake, with it, after it."""

QUERIES = """\
Three queries to try. The ranking then (revision 6) and now:

  query {{
    then: ranking(cycle: "{cycle}", group: "{group}", period: "{ranking_year}", asOf: {{position: "{then}"}}) {{
      rows(first: 10) {{ nodes {{ rank unitName total }} }} }}
    now: ranking(cycle: "{cycle}", group: "{group}", period: "{ranking_year}") {{
      rows(first: 10) {{ nodes {{ rank unitName total }} }} }}
  }}

Who changed this score:

  query {{
    scoreHistory(cycle: "{cycle}", unit: "{unit}", indicator: "{indicator}", period: "{year}", first: 50) {{
      nodes {{ position recordedAt type oldValue newValue reason actor {{ personId role }} }} }}
  }}

Why the total is what it is:

  query {{
    explain(cycle: "{cycle}", unit: "{unit}", period: "{year}") {{
      rank total tree {{ label shown parts {{ label parts {{ label shown weight formula positions }} }} }} }}
  }}
"""


def show_world(settings: Settings, *, fresh: bool, url: str) -> None:
    """Import what is missing, print what the ledger can tell, and what to ask it. Raises Differing."""
    imported = show(settings, fresh=fresh)
    show_queries(settings, imported, url, make_token(settings, INSPECTOR))


def show(settings: Settings, *, fresh: bool) -> list[Imported]:
    """Import what is missing, print what the ledger can tell, and return the revisions. Raises Differing."""
    if fresh:
        begin_again(settings)
    clock = ScriptedClock()
    with opened_store(settings, clock=clock) as store:
        imported = list(_import(store, clock, settings))
        with opened_answers(store.database, settings.ledger_id) as answers:
            _show_rankings(answers, imported)
            _show_history(store)
            _show_replay(store, answers, settings.data_dir / "export.jsonl")
    return imported


def show_queries(settings: Settings, imported: list[Imported], url: str, token: str) -> None:
    """Print where GraphQL is, a token for the inspector, and three queries."""
    print(f"GraphQL: {url}\n\nA token for the inspector {INSPECTOR}, for twelve hours:\n")
    print(f"  Authorization: Bearer {token}\n")
    then = next(i.position for i in imported if i.revision.number == SHOWN[1])
    print(
        QUERIES.format(
            cycle=CYCLE_ID,
            group=GROUP_ID,
            indicator=INDICATOR_ID,
            unit=UNIT_ID,
            year=YEAR,
            ranking_year=RANKING_YEAR,
            then=then,
        )
    )
    print(f"The same ledger in another shell: export LEDGER_DATA_DIR={settings.data_dir}")
    print(f"  ledger log --cycle {CYCLE_ID} --unit {UNIT_ID} --indicator {INDICATOR_ID} --period {YEAR}\n", flush=True)


def begin_again(settings: Settings) -> None:
    """Leave the demo with an empty database. Raises Unfit while another program uses it."""
    with open_database(settings) as database:
        try:
            demo.begin_again(database)
        except ObjectInUse:
            raise Unfit("The demo ledger is in use; end the program that serves it first.") from None


def _import(store: Store, clock: ScriptedClock, settings: Settings) -> Iterator[Imported]:
    def bar(revision: demo.Revision) -> AbstractContextManager[Bar]:
        return progress_bar(revision.name, "scores")

    print(f"World GDP in seven published revisions, in {settings.data_dir}\n")
    began, before = time.monotonic(), store.head
    for imported in demo.import_revisions(store, clock, EvidenceDirectory(settings.evidence_dir), progress=bar):
        print(f"  {imported.revision.name} ends at position {imported.position:>7,}", flush=True)
        yield imported
    events, seconds = store.head - before, time.monotonic() - began
    print(f"\n{events:,} events recorded in {seconds:.1f} s\n" if events else "\nNothing to import: it is all here.\n")


def _show_rankings(answers: Answers, imported: list[Imported]) -> None:
    """The top units of one year by official total, as known at the end of three revisions."""
    positions = {i.revision.number: i.position for i in imported}
    columns = {
        f"as of revision {number} (position {positions[number]})": _top(answers, positions[number]) for number in SHOWN
    }
    records = [
        {"rank": place + 1} | {heading: names[place] for heading, names in columns.items()} for place in range(TOP)
    ]
    print_table(
        records, ("rank", *columns), title=f"The largest economies of {RANKING_YEAR}, as known after three revisions"
    )
    print()


def _top(answers: Answers, position: int) -> list[str]:
    results = answers.results(CYCLE_ID, GROUP_ID, period=RANKING_YEAR, basis=Basis.OFFICIAL, at=position)
    units = answers.units([row.unit_id for row in results.rows[:TOP]], position)
    return [units[row.unit_id].unit.name_zh for row in results.rows[:TOP]]


def _show_history(store: Store) -> None:
    events = store.events_of(score_stream(CYCLE_ID, UNIT_ID, INDICATOR_ID, YEAR).name)
    title = f"Who changed {UNIT_ID} {YEAR}: revision 6 put another year's value here, revision 7 mended it"
    print_table(map(record_of, edits(events)), EDIT_COLUMNS_SHOWN, title=title)
    print()


def _show_replay(store: Store, answers: Answers, export: Path) -> None:
    """Write the export and settle the ranking from it alone. Raises Differing."""
    with export.open("wb") as file:
        file.writelines(entry + b"\n" for entry in store.entries())
    known = replay(export).results(CYCLE_ID, GROUP_ID, period=RANKING_YEAR, basis=Basis.OFFICIAL)
    live = answers.results(CYCLE_ID, GROUP_ID, period=RANKING_YEAR, basis=Basis.OFFICIAL, at=answers.head().position)
    if _figures(known) != _figures(live):
        raise Differing("the ranking from the export is not the one of the ledger")
    ranked = sum(row.rank is not None for row in known.rows)
    print(f"Replayed from {export} alone, without the database: the same {ranked} ranks and totals.\n")


def _figures(results: Results) -> list[tuple[int | None, str, Decimal, Fraction]]:
    return [(row.rank, row.unit_id, row.total, row.exact) for row in results.rows]

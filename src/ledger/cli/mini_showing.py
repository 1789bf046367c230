"""What `ledger demo --preset mini` prints: the golden mini-ledger's tables, live and replayed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ledger.cli.city_showing import show_access, show_questions
from ledger.cli.errors import Differing
from ledger.cli.opening import opened_answers, opened_store
from ledger.cli.output import print_table
from ledger.cli.showing import begin_again
from ledger.domain.results import Results
from ledger.domain.score import Basis
from ledger.evidence import EvidenceDirectory
from ledger.mini_ledger.expected import TABLES, WITHOUT_THE_CORRECTION, Row, table
from ledger.mini_ledger.plan import CYCLE, GROUP, YEAR
from ledger.mini_ledger.telling import Script, tell
from ledger.movements import counterfactual, excluded_events
from ledger.replay import replay
from ledger.results import Answers
from ledger.settings import Settings
from ledger.store import Store

INSPECTOR = "p-inspector"
CORRECTION, GRADES, REPORT = 44, 50, 51
"""Where the specification has the correction that fraud was found in, the grades, and the report on them."""
HAPPENED = {
    39: "all are verified",
    42: "a bonus for U03",
    43: "a correction of U04 is asked for",
    44: "and approved",
    50: "a veto on U01; grades",
    62: "the appeal of U02 is upheld; grades are revised",
    76: "fraud is found: corrected again, a veto on U04",
    83: "decisions are revoked and taken anew",
}
"""What had happened by the positions whose tables are given."""


def show_mini(settings: Settings, *, fresh: bool, url: str) -> None:
    """Tell what is missing, print the tables and what to ask. Raises Differing, and Refused for another ledger."""
    if fresh:
        begin_again(settings)
    script = Script()
    with opened_store(settings, clock=script, new_key=script.new_key) as store:
        print(f"The golden mini-ledger: 83 events of one year, and what they stand on, in {settings.data_dir}\n")
        before = store.head
        at = tell(store, script, EvidenceDirectory(settings.evidence_dir))
        print(f"{store.head - before} events recorded\n" if store.head > before else "It is all here.\n")
        with opened_answers(store.database, settings.ledger_id) as answers:
            _show_tables(answers, at)
            _show_without_the_correction(answers, store, at)
        _show_replay(store, at, settings.data_dir / "export.jsonl")
        show_access(settings, INSPECTOR, url)
    show_questions(
        cycle=CYCLE, unit="U04", indicator="A", period=YEAR, group=GROUP, correction=at[CORRECTION], report=at[REPORT]
    )


def _show_tables(answers: Answers, at: dict[int, int]) -> None:
    """Print the table of every position that one is given for. Raises Differing if one is another."""

    def settled(position: int) -> Results:
        return answers.results(CYCLE, GROUP, period=None, basis=Basis.OFFICIAL, at=at[position])

    found = _compared(settled)
    records = [
        {"position": f"{position} ({at[position]})", "what had happened": HAPPENED[position], "ranking": _line(rows)}
        for position, rows in found.items()
    ]
    title = f"{CYCLE} {GROUP} as known at positions of the specification (and of this ledger), grades as if opened then"
    print_table(records, ("position", "what had happened", "ranking"), title=title)
    print()


def _show_without_the_correction(answers: Answers, store: Store, at: dict[int, int]) -> None:
    excluded = excluded_events(answers, [at[CORRECTION]])
    thought = counterfactual(answers, store.events_of, CYCLE, GROUP, excluded, at=at[GRADES])
    rows = table(thought.thought)
    _require(rows, WITHOUT_THE_CORRECTION, "the table without the correction")
    print(f"At {GRADES}, without the correction at {CORRECTION}: {_line(rows)}\n")


def _show_replay(store: Store, at: dict[int, int], export: Path) -> None:
    """Write the export and settle every table from it alone. Raises Differing."""
    with export.open("wb") as file:
        file.writelines(entry + b"\n" for entry in store.entries())

    def replayed(position: int) -> Results:
        known = replay(export, through=at[position])
        return known.results(CYCLE, GROUP, period=None, basis=Basis.OFFICIAL)

    tables = len(_compared(replayed))
    print(f"All {tables} tables are those of the specification, exactly; replayed from {export} alone as well.\n")


def _compared(settled: Callable[[int], Results]) -> dict[int, list[Row]]:
    """Every table by its position. Raises Differing if one is not the specification's."""
    found = {position: table(settled(position)) for position in TABLES}
    for position, rows in found.items():
        _require(rows, TABLES[position], f"the table at {position}")
    return found


def _require(rows: list[Row], expected: list[Row], what: str) -> None:
    if rows != expected:
        raise Differing(f"{what} is {_line(rows)}, and has to be {_line(expected)}")


def _line(rows: list[Row]) -> str:
    return " · ".join(f"{row.unit_id} {row.total} {row.grade or ''}".rstrip() for row in rows)

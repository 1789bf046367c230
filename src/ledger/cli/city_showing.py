"""What `ledger demo` prints of the fictional city: what was recorded, a ranking then and now, and what to ask."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from ledger.api.tokens import make_token
from ledger.binhai.building import BUILT, GROUND_TRUTH, Built, build, built
from ledger.binhai.copies import EXPORT
from ledger.binhai.shape import presets
from ledger.binhai.standing import grades_of
from ledger.cli.errors import Unfit
from ledger.cli.opening import opened_answers, opened_store
from ledger.cli.output import print_table, progress_bar, say
from ledger.cli.showing import begin_again
from ledger.database import open_database
from ledger.domain.score import Basis, ScoreCorrected
from ledger.migrate import migrate
from ledger.results import Answers
from ledger.settings import Settings
from ledger.store import Store

SECONDS_A_CITY, MEGABYTES_A_CITY = 20, 160
"""What a city takes, as measured with preset M: of the processor, and in the database."""
KINDS_SHOWN = 12
LIFTED = "P1"
"""The planted anomaly that the questions are about: a score lifted three hours before the grades."""

CITY_QUERIES = """\
Three questions to try. Who changed this score, from what to what, on whose approval:

  query {{
    scoreHistory(cycle: "{cycle}", unit: "{unit}", indicator: "{indicator}", period: "{period}", first: 20) {{
      nodes {{ position recordedAt type oldValue newValue reason approvedBy actor {{ personId role }} }} }}
  }}

What would have been published without that correction:

  query {{
    counterfactual(cycle: "{cycle}", group: "{group}", exclude: ["{correction}"], asOf: {{position: "{report}"}}) {{
      ranking {{ rows(first: 5) {{ nodes {{ rank unitName total }} }} }} }}
  }}

Does the report, as it was published, still follow from the events:

  query {{
    publication(cycle: "{cycle}", number: "2018-A") {{
      position restatement reproduce {{ matches expectedHash actualHash }} }}
  }}
"""


def show_city(settings: Settings, *, preset: str, seed: int, fresh: bool, url: str) -> None:
    """Play the year unless it is there, and print what is in it. Raises Unfit, OutOfScript."""
    # Held throughout: the embedded server would end and start again between the steps.
    with open_database(settings):
        found = None if fresh else _complete(settings, preset=preset, seed=seed)
        if found is None:
            found = _built(settings, preset=preset, seed=seed)
        else:
            print(f"The year is there already, in {settings.data_dir}; --fresh plays it again.\n")
        _show_counts(found)
        _show_files(settings.data_dir)
        with opened_store(settings) as store:
            lifted = _lifted(store, settings.data_dir / GROUND_TRUTH, found.cycle_id)
            with opened_answers(store.database, settings.ledger_id) as answers:
                _show_ranking(answers, found, lifted)
            show_access(settings, found.inspector, url)
            show_questions(cycle=found.cycle_id, report=found.report_position, **lifted)


def _complete(settings: Settings, *, preset: str, seed: int) -> Built | None:
    """What is there, if it is this preset's year with this seed, played to its end."""
    found = built(settings)
    return found if found is not None and (found.preset, found.seed) == (preset, seed) else None


def _built(settings: Settings, *, preset: str, seed: int) -> Built:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    (settings.data_dir / BUILT).unlink(missing_ok=True)
    begin_again(settings)
    print(f"A year in the fictional city of Binhai, preset {preset}, seed {seed}, in {settings.data_dir}\n")
    _warn(presets()[preset].cities)
    began = time.monotonic()
    with open_database(settings) as database:
        migrate(database)
        with progress_bar("2018", "events") as bar:
            found = build(database, settings, preset=preset, seed=seed, progress=bar)
    seconds = time.monotonic() - began
    say(f"{found.head:,} events in {seconds:.1f} s, {found.head / seconds:,.0f} a second.")
    return found


def _warn(cities: int) -> None:
    """Say beforehand what several cities take."""
    if cities > 1:
        minutes, gigabytes = cities * SECONDS_A_CITY / 60, cities * MEGABYTES_A_CITY / 1000
        print(f"{cities} cities: about {minutes:.0f} minutes of work and {gigabytes:.1f} GB of database.\n", flush=True)


def _show_counts(found: Built) -> None:
    kinds = list(found.kinds.items())
    rows = [{"events": f"{number:,}", "of": kind} for kind, number in kinds[:KINDS_SHOWN]]
    others = sum(number for _, number in kinds[KINDS_SHOWN:])
    rows.append({"events": f"{others:,}", "of": f"{len(kinds) - KINDS_SHOWN} other kinds"})
    print_table(rows, ("events", "of"), title=f"{found.head:,} events")
    print()


def _show_files(directory: Path) -> None:
    print(f"Ground truth (what was planted where, and what looks like it): {directory / GROUND_TRUTH}")
    if (directory / EXPORT).exists():
        print(f"The export: {directory / EXPORT}; beside it a damaged copy and one that says the same otherwise.")
        print(f"  ledger replay {directory / EXPORT} recount   settles every table, grade, tally and report again")
    print()


def _lifted(store: Store, truth: Path, cycle_id: str) -> dict[str, Any]:
    """The score of the cycle's story, from the ground truth and the ledger. Raises Unfit if it is not there."""
    with truth.open(encoding="utf-8") as lines:
        plants = [plant for line in lines if (plant := json.loads(line))["plant"] == LIFTED]
    for planted in plants:
        position = next(p["position"] for p in planted["positions"] if p["type"] == ScoreCorrected.__name__)
        event = store.event(position)
        assert event is not None
        assert isinstance(event.fact, ScoreCorrected)
        if event.fact.cycle_id == cycle_id and not planted["look_alike"]:
            return {**planted["subject"], "correction": position, "period": event.fact.period}
    raise Unfit(f"{truth} names no lifted score of {cycle_id}; --fresh plays the year again.")


def _show_ranking(answers: Answers, found: Built, lifted: dict[str, Any]) -> None:
    """The ranking of the story's group before the correction, as published, and today."""
    moments = {
        "before the correction": lifted["correction"] - 1,
        "as published": found.report_position,
        "after two restatements": answers.head().position,
    }
    columns = {
        f"{name} (position {position})": _ranked(answers, found.cycle_id, lifted["group"], position)
        for name, position in moments.items()
    }
    places = range(min(5, *map(len, columns.values())))
    rows = [{"rank": place + 1} | {name: ranked[place] for name, ranked in columns.items()} for place in places]
    title = f"Group {lifted['group']}: {lifted['unit']} was lifted before the meeting, and inspection found out"
    print_table(rows, ("rank", *columns), title=title)
    print()


def _ranked(answers: Answers, cycle_id: str, group_id: str, position: int) -> list[str]:
    results = answers.results(cycle_id, group_id, period=None, basis=Basis.OFFICIAL, at=position)
    grades = grades_of(results)
    return [f"{row.unit_id} {row.total} {grades.get(row.unit_id, '')}" for row in results.rows]


def show_access(settings: Settings, inspector: str, url: str) -> None:
    """Say where GraphQL will be, who may ask, and how the commands find the ledger."""
    print(f"GraphQL: {url}\n\nA token for the inspector {inspector}, for twelve hours:\n")
    print(f"  Authorization: Bearer {make_token(settings, inspector)}\n")
    print(f"The same ledger in another shell: export LEDGER_DATA_DIR={settings.data_dir}\n", flush=True)


def show_questions(**about: object) -> None:
    """Print what to ask of a lifted score, its group and the report it went into."""
    print(CITY_QUERIES.format(**about))
    log = "In that shell: ledger log --cycle {cycle} --unit {unit} --indicator {indicator} --period {period}"
    print(f"{log.format(**about)}\n", flush=True)

"""Every benchmark one after the other, and what they printed written into RESULTS.md.

    python benchmarks/everything.py [name ...]

Takes about an hour, and installs from npm what some are measured against; what is named (`growth.py`) is run alone,
and its section written anew. A part that fails, for want of npm or of a peer, is named as such and the others go on.
What takes longer is run by name only: `mixed_load.py`, and `growth.py 10000000` by itself.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"


class Part(NamedTuple):
    """A script with what it is given."""

    title: str
    command: Sequence[str]
    by_name_only: bool = False


PARTS = (
    Part("Reads beside PostGraphile 5.1.5, eight connections and one", ["side_by_side/run.py"]),
    Part("Mutations beside PostGraphile 5.1.5, 32 connections", ["mutating.py"]),
    Part("Imports beside COPY", ["importing.py"]),
    Part("Rebuilding beside the eventsourcing library and folds by hand", ["folding.py"]),
    Part("Growth from 100,000 to 1,000,000 events", ["growth.py"]),
    Part("Catching up while 500 events a second arrive", ["catching_up.py"]),
    Part("The demo's revisions, had back three ways", ["reproduce_revisions.py"]),
    Part("What the log costs", ["appending_with_log.py"]),
    Part("Verifying", ["verifying.py"]),
    Part("Settling", ["settling.py"]),
    Part("Mixed load for half an hour, with crashes", ["mixed_load.py"], by_name_only=True),
)


def main(names: list[str]) -> int:
    """Run the parts whose scripts are named, all but the longest if none is; return 1 if one of them failed."""
    unknown = {*names} - {part.command[0] for part in PARTS}
    if unknown:
        raise SystemExit(f"There is no {', '.join(sorted(unknown))}; name {', '.join(p.command[0] for p in PARTS)}.")
    chosen = [part for part in PARTS if part.command[0] in names or not (names or part.by_name_only)]
    sections = written() if names else {}
    failed = False
    with tempfile.TemporaryDirectory(prefix="ledger-peers-", ignore_cleanup_errors=True) as peers:
        for part in chosen:
            print(f"== {part.title}", flush=True)
            sections[part.title], succeeded = section(
                part, os.environ | {"LEDGER_PEERS": os.environ.get("LEDGER_PEERS", peers)}
            )
            failed |= not succeeded
            in_order = [sections[each.title] for each in PARTS if each.title in sections]
            RESULTS.write_text("\n".join([header(), *in_order]), "utf-8")
    return 1 if failed else 0


def section(part: Part, surroundings: dict[str, str]) -> tuple[str, bool]:
    """Run a part; its section, and whether it succeeded."""
    load, began = os.getloadavg()[0], time.monotonic()
    done = subprocess.run(
        [sys.executable, *part.command], cwd=HERE, env=surroundings, capture_output=True, text=True, check=False
    )
    took = (time.monotonic() - began) / 60
    said = done.stdout.strip("\n") or "(nothing)"
    print(said, done.stderr[-2_000:] if done.returncode else "", flush=True)
    problem = f" Failed with exit code {done.returncode}." if done.returncode else ""
    when = f"{datetime.now(UTC):%Y-%m-%d}, {took:.0f} minutes, load before it {load:.1f}."
    return (
        f"## {part.title}\n\n`benchmarks/{' '.join(part.command)}`: {when}{problem}\n\n```\n{said}\n```\n",
        not done.returncode,
    )


def written() -> dict[str, str]:
    """The sections that were written before, by title."""
    if not RESULTS.exists():
        return {}
    found = re.split(r"^(?=## )", RESULTS.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return {each.partition("\n")[0].removeprefix("## "): each.rstrip("\n") + "\n" for each in found}


def header() -> str:
    """On what class of machine, and what the figures are."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        "# Benchmark results\n\n"
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()}, Python {platform.python_version()}.\n\n"
        "Figures are medians of interleaved rounds of one run; ratios are medians of each round's ratio. What a\n"
        "figure stands for is in the docstring of its script.\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

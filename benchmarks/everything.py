"""Every benchmark one after the other, and what they printed written into RESULTS.md.

    python benchmarks/everything.py [name ...]

Takes about half an hour; a part that fails, for want of npm or of a peer, is named as such and the others go on.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
PARTS = {
    "Reads beside PostGraphile 5.1.5, eight connections and one": ["side_by_side/run.py"],
    "Growth from 100,000 to 1,000,000 events": ["growth.py"],
    "The demo's revisions, had back three ways": ["reproduce_revisions.py"],
    "What the log costs": ["appending_with_log.py"],
    "Verifying": ["verifying.py"],
    "Settling": ["settling.py"],
}


def main(names: list[str]) -> int:
    """Run the parts whose scripts are named, all if none is; return 1 if one of them failed."""
    chosen = {title: script for title, script in PARTS.items() if not names or script[0] in names}
    sections = [header()]
    failed = False
    for title, script in chosen.items():
        print(f"== {title}", flush=True)
        done = subprocess.run([sys.executable, *script], cwd=HERE, capture_output=True, text=True)
        failed |= done.returncode != 0
        said = done.stdout.strip() or "(nothing)"
        print(said, done.stderr[-2_000:] if done.returncode else "", flush=True)
        problem = f"\nFailed with exit code {done.returncode}.\n" if done.returncode else ""
        sections.append(f"## {title}\n\n`benchmarks/{script[0]}`\n{problem}\n```\n{said}\n```\n")
    (HERE / "RESULTS.md").write_text("\n".join(sections), "utf-8")
    return 1 if failed else 0


def header() -> str:
    """When, and on what class of machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        "# Benchmark results\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()},"
        f" Python {platform.python_version()}; load at the start {load:.1f}.\n\n"
        "Figures are medians of interleaved rounds of one run; ratios are medians of each round's ratio. What a\n"
        "figure stands for is in the docstring of its script.\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

